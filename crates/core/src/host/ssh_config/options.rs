//! What the lines of a config set, before defaults: the first value of most keywords counts, some collect.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::algorithms::{self, AlgorithmKind, Algorithms};
use super::forward::{self, Forward, Kind};
use super::jump::{self, HostSpec};
use super::keywords::{Keyword, Shape};
use super::tokens::Tokens;
use super::values::{
    self, AddKeys, AddressFamily, CanonicalizeHostname, Flag, LogLevel, PubkeyAuthentication, RequestTty,
    SessionType, StrictHostKeyChecking, YesNoAsk,
};
use super::{canonical, matching};

/// SSH_MAX_IDENTITY_FILES and SSH_MAX_CERTIFICATE_FILES.
const KEY_FILES_MAX: usize = 100;
/// SSH_MAX_HOSTS_FILES and MAX_CANON_DOMAINS.
const LIST_MAX: usize = 32;
/// Forwardings, and names of environment variables: more is no config that somebody wrote.
const COLLECTED_MAX: usize = 1024;

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// None: it was given with the connection (`-o`).
    pub path: Option<Arc<PathBuf>>,
    /// Counted from 1; 0 if it is about a whole file.
    pub line: usize,
}

impl Place {
    /// `path:line`, which needs no language; empty if it was given with the connection.
    pub fn location(&self) -> String {
        match &self.path {
            Some(path) if self.line == 0 => path.display().to_string(),
            Some(path) => format!("{}:{}", path.display(), self.line),
            None => String::new(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.path {
            Some(path) if self.line == 0 => write!(f, "{}", path.display()),
            Some(path) => write!(f, "{}, line {}", path.display(), self.line),
            None => f.write_str("the options given"),
        }
    }
}

/// `RekeyLimit`: None is what the protocol's implementation thinks best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RekeyLimit {
    pub bytes: Option<i64>,
    pub seconds: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardAgent {
    No,
    Yes,
    /// A socket, or `$NAME` of a variable that names one.
    Path(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscapeChar {
    None,
    Byte(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddKeysToAgent {
    pub mode: AddKeys,
    /// Seconds that the agent keeps them; 0 is for ever.
    pub lifetime: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jump {
    /// `ProxyJump none`.
    None,
    Chain(Vec<HostSpec>),
}

/// Every field is None or empty until a line sets it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub add_keys_to_agent: Option<AddKeysToAgent>,
    pub address_family: Option<AddressFamily>,
    pub batch_mode: Option<Flag>,
    pub bind_address: Option<String>,
    pub bind_interface: Option<String>,
    pub canonical_domains: Vec<String>,
    pub canonicalize_fallback_local: Option<Flag>,
    pub canonicalize_hostname: Option<CanonicalizeHostname>,
    pub canonicalize_max_dots: Option<u32>,
    /// Pairs of pattern lists; `("none", "")` is `none`.
    pub canonicalize_permitted_cnames: Vec<(String, String)>,
    pub ca_signature_algorithms: Option<String>,
    pub certificate_files: Vec<(String, bool)>,
    pub check_host_ip: Option<Flag>,
    pub ciphers: Option<String>,
    pub clear_all_forwardings: Option<Flag>,
    pub compression: Option<Flag>,
    pub connection_attempts: Option<u32>,
    pub connect_timeout: Option<u32>,
    pub escape_char: Option<EscapeChar>,
    pub exit_on_forward_failure: Option<Flag>,
    pub forward_agent: Option<Flag>,
    pub forward_agent_path: Option<String>,
    pub forwards: Vec<Forward>,
    pub gateway_ports: Option<Flag>,
    pub global_known_hosts_files: Vec<String>,
    pub hash_known_hosts: Option<Flag>,
    pub host_key_algorithms: Option<String>,
    pub host_key_alias: Option<String>,
    pub host_name: Option<String>,
    pub identities_only: Option<Flag>,
    pub identity_agent: Option<String>,
    /// With whether the line stands in the person's own config.
    pub identity_files: Vec<(String, bool)>,
    pub ignore_unknown: Option<String>,
    pub kbd_interactive_authentication: Option<Flag>,
    pub kex_algorithms: Option<String>,
    pub log_level: Option<LogLevel>,
    pub macs: Option<String>,
    pub number_of_password_prompts: Option<u32>,
    pub password_authentication: Option<Flag>,
    pub port: Option<u16>,
    pub preferred_authentications: Option<String>,
    pub proxy_command: Option<String>,
    pub proxy_jump: Option<Jump>,
    /// The chain as `ssh -G` prints it.
    pub proxy_jump_written: String,
    pub pubkey_accepted_algorithms: Option<String>,
    pub pubkey_authentication: Option<PubkeyAuthentication>,
    pub rekey_bytes: Option<i64>,
    pub rekey_seconds: Option<u32>,
    pub remote_command: Option<String>,
    pub request_tty: Option<RequestTty>,
    pub required_rsa_size: Option<u32>,
    pub send_env: Vec<String>,
    pub server_alive_count_max: Option<u32>,
    pub server_alive_interval: Option<u32>,
    pub session_type: Option<SessionType>,
    /// `NAME=value`.
    pub set_env: Vec<String>,
    pub strict_host_key_checking: Option<StrictHostKeyChecking>,
    pub tag: Option<String>,
    pub tcp_keep_alive: Option<Flag>,
    pub update_host_keys: Option<YesNoAsk>,
    pub user: Option<String>,
    pub user_known_hosts_files: Vec<String>,
    pub visual_host_key: Option<Flag>,
    /// First values of keywords that are not acted on, by their names in lower case.
    pub foreign: HashMap<String, String>,
    /// Where the first value of a keyword comes from, by its name in lower case.
    pub places: HashMap<String, Place>,
}

/// One line on its way into the options.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// In lower case.
    pub name: &'a str,
    pub keyword: Keyword,
    pub arguments: &'a [String],
    pub rest: &'a str,
    pub place: &'a Place,
    /// The block that it stands in applies. A line that does not is checked all the same.
    pub active: bool,
    /// It is in the person's config, not in the system's.
    pub of_user: bool,
}

/// The words of a line, one by one.
struct Words<'a>(std::slice::Iter<'a, String>);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.0.next().map(String::as_str)
    }

    fn needed(&mut self) -> Result<&'a str, String> {
        self.next().filter(|word| !word.is_empty()).ok_or_else(|| "missing argument".to_owned())
    }

    fn all(&mut self) -> Vec<&'a str> {
        self.0.by_ref().map(String::as_str).collect()
    }

    fn consume(&mut self) {
        self.0.by_ref().for_each(drop);
    }

    fn end(&mut self) -> Result<(), String> {
        if self.next().is_some() { Err("extra arguments at end of line".to_owned()) } else { Ok(()) }
    }
}

impl Options {
    /// Takes a line into account, as `process_config_line_depth` does. What is wrong with the line is said whether it
    /// applies or not; then it has no effect.
    pub fn take(
        &mut self,
        line: &Line<'_>,
        algorithms: &Algorithms,
        environment: &HashMap<String, String>,
    ) -> Result<(), String> {
        let mut words = Words(line.arguments.iter());
        let mut next = Taking { options: self, line, algorithms, environment };
        next.take(&mut words)?;
        words.end()?;
        if line.active {
            self.places.entry(line.name.to_owned()).or_insert_with(|| line.place.clone());
        }
        Ok(())
    }
}

struct Taking<'a> {
    options: &'a mut Options,
    line: &'a Line<'a>,
    algorithms: &'a Algorithms,
    environment: &'a HashMap<String, String>,
}

/// Sets a field that nothing has set yet, if the line applies.
macro_rules! first {
    ($taking:expr, $field:ident, $value:expr) => {{
        let value = $value;
        if $taking.line.active && $taking.options.$field.is_none() {
            $taking.options.$field = Some(value);
        }
        Ok::<(), String>(())
    }};
}

macro_rules! word {
    ($taking:expr, $field:ident, $words:expr, $kind:ident) => {{
        let word = $words.needed()?;
        let value = $kind::parse(word).ok_or_else(|| format!("{word} is no value for it"))?;
        first!($taking, $field, value)
    }};
}

macro_rules! text {
    ($taking:expr, $field:ident, $words:expr) => {{
        let text = $words.needed()?;
        first!($taking, $field, text.to_owned())
    }};
}

macro_rules! integer {
    ($taking:expr, $field:ident, $words:expr) => {{
        let word = $words.needed()?;
        let value = values::integer(word).ok_or_else(|| format!("{word} is no number for it"))?;
        first!($taking, $field, value)
    }};
}

/// `none` is no value: a later line still counts, as in OpenSSH.
macro_rules! seconds {
    ($taking:expr, $field:ident, $words:expr) => {{
        match $words.needed()? {
            "none" => Ok(()),
            word => {
                let value = values::seconds(word).ok_or_else(|| format!("{word} is no time"))?;
                first!($taking, $field, value)
            }
        }
    }};
}

macro_rules! command {
    ($taking:expr, $field:ident, $words:expr) => {{
        $words.consume();
        let command = command($taking.line.rest);
        first!($taking, $field, command.to_owned())
    }};
}

macro_rules! algorithms {
    ($taking:expr, $field:ident, $words:expr, $kind:expr, $names:ident) => {{
        let list = $words.needed()?;
        algorithms::check(list, $kind, &$taking.algorithms.$names)?;
        first!($taking, $field, list.to_owned())
    }};
}

impl Taking<'_> {
    fn take(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        match self.line.keyword {
            // These are for who reads the file.
            Keyword::Host | Keyword::Match | Keyword::Include => Err("it cannot stand here".to_owned()),
            Keyword::Void => {
                words.consume();
                Ok(())
            }
            Keyword::Foreign(shape) => self.foreign(shape, words),
            Keyword::AddKeysToAgent => self.add_keys_to_agent(words),
            Keyword::AddressFamily => word!(self, address_family, words, AddressFamily),
            Keyword::BatchMode => word!(self, batch_mode, words, Flag),
            Keyword::BindAddress => text!(self, bind_address, words),
            Keyword::BindInterface => text!(self, bind_interface, words),
            Keyword::CanonicalDomains => self.canonical_domains(words),
            Keyword::CanonicalizeFallbackLocal => word!(self, canonicalize_fallback_local, words, Flag),
            Keyword::CanonicalizeHostname => word!(self, canonicalize_hostname, words, CanonicalizeHostname),
            Keyword::CanonicalizeMaxDots => integer!(self, canonicalize_max_dots, words),
            Keyword::CanonicalizePermittedCnames => self.permitted_cnames(words),
            Keyword::CaSignatureAlgorithms => {
                algorithms!(self, ca_signature_algorithms, words, AlgorithmKind::Key, ca_signatures)
            }
            Keyword::CertificateFile => {
                let file = words.needed()?.to_owned();
                self.collect_file(file, |options| &mut options.certificate_files)
            }
            Keyword::CheckHostIp => word!(self, check_host_ip, words, Flag),
            Keyword::Ciphers => algorithms!(self, ciphers, words, AlgorithmKind::Cipher, ciphers),
            Keyword::ClearAllForwardings => word!(self, clear_all_forwardings, words, Flag),
            Keyword::Compression => word!(self, compression, words, Flag),
            Keyword::ConnectionAttempts => integer!(self, connection_attempts, words),
            Keyword::ConnectTimeout => seconds!(self, connect_timeout, words),
            Keyword::DynamicForward => self.forward(Kind::Dynamic, words),
            Keyword::EscapeChar => first!(self, escape_char, escape_char(words.needed()?)?),
            Keyword::ExitOnForwardFailure => word!(self, exit_on_forward_failure, words, Flag),
            Keyword::ForwardAgent => self.forward_agent(words),
            Keyword::GatewayPorts => word!(self, gateway_ports, words, Flag),
            Keyword::GlobalKnownHostsFile => {
                self.files(words, |options| &mut options.global_known_hosts_files)
            }
            Keyword::HashKnownHosts => word!(self, hash_known_hosts, words, Flag),
            Keyword::HostKeyAlgorithms => {
                algorithms!(self, host_key_algorithms, words, AlgorithmKind::Key, keys)
            }
            Keyword::HostKeyAlias => text!(self, host_key_alias, words),
            Keyword::HostName => text!(self, host_name, words),
            Keyword::IdentitiesOnly => word!(self, identities_only, words, Flag),
            Keyword::IdentityAgent => {
                let path = words.needed()?;
                self.check_agent_path(path)?;
                first!(self, identity_agent, path.to_owned())
            }
            Keyword::IdentityFile => {
                let file = words.needed()?.to_owned();
                self.collect_file(file, |options| &mut options.identity_files)
            }
            Keyword::IgnoreUnknown => text!(self, ignore_unknown, words),
            Keyword::KbdInteractiveAuthentication => word!(self, kbd_interactive_authentication, words, Flag),
            Keyword::KexAlgorithms => algorithms!(self, kex_algorithms, words, AlgorithmKind::Kex, kex),
            Keyword::LocalForward => self.forward(Kind::Local, words),
            Keyword::LogLevel => word!(self, log_level, words, LogLevel),
            Keyword::Macs => algorithms!(self, macs, words, AlgorithmKind::Mac, macs),
            Keyword::NumberOfPasswordPrompts => integer!(self, number_of_password_prompts, words),
            Keyword::PasswordAuthentication => word!(self, password_authentication, words, Flag),
            Keyword::Port => {
                let word = words.needed()?;
                let port = values::port(word).filter(|port| *port != 0);
                first!(self, port, port.ok_or_else(|| format!("{word} is no port"))?)
            }
            Keyword::PreferredAuthentications => text!(self, preferred_authentications, words),
            Keyword::ProxyCommand => command!(self, proxy_command, words),
            Keyword::ProxyJump => self.proxy_jump(words),
            Keyword::PubkeyAcceptedAlgorithms => {
                algorithms!(self, pubkey_accepted_algorithms, words, AlgorithmKind::Key, keys)
            }
            Keyword::PubkeyAuthentication => word!(self, pubkey_authentication, words, PubkeyAuthentication),
            Keyword::RefuseConnection => {
                let reason = words.needed()?;
                if self.line.active {
                    Err(format!("the config refuses this connection: {reason}"))
                } else {
                    Ok(())
                }
            }
            Keyword::RekeyLimit => self.rekey_limit(words),
            Keyword::RemoteCommand => command!(self, remote_command, words),
            Keyword::RemoteForward => self.forward(Kind::Remote, words),
            Keyword::RequestTty => word!(self, request_tty, words, RequestTty),
            Keyword::RequiredRsaSize => integer!(self, required_rsa_size, words),
            Keyword::SendEnv => self.send_env(words),
            Keyword::ServerAliveCountMax => integer!(self, server_alive_count_max, words),
            Keyword::ServerAliveInterval => seconds!(self, server_alive_interval, words),
            Keyword::SessionType => word!(self, session_type, words, SessionType),
            Keyword::SetEnv => self.set_env(words),
            Keyword::StrictHostKeyChecking => {
                word!(self, strict_host_key_checking, words, StrictHostKeyChecking)
            }
            Keyword::Tag => text!(self, tag, words),
            Keyword::TcpKeepAlive => word!(self, tcp_keep_alive, words, Flag),
            Keyword::UpdateHostKeys => word!(self, update_host_keys, words, YesNoAsk),
            Keyword::User => text!(self, user, words),
            Keyword::UserKnownHostsFile => self.files(words, |options| &mut options.user_known_hosts_files),
            Keyword::VisualHostKey => word!(self, visual_host_key, words, Flag),
        }
    }

    fn foreign(&mut self, shape: Shape, words: &mut Words<'_>) -> Result<(), String> {
        let value = match shape {
            Shape::Command | Shape::Anything => {
                words.consume();
                command(self.line.rest).to_owned()
            }
            Shape::Flag
            | Shape::Integer
            | Shape::Time
            | Shape::Text
            | Shape::OneOf(_)
            | Shape::KeyAlgorithms => words.needed()?.to_owned(),
        };
        let fits = match shape {
            Shape::Flag => Flag::parse(&value).is_some(),
            Shape::Integer => values::integer(&value).is_some(),
            Shape::Time => value == "none" || values::seconds(&value).is_some(),
            Shape::OneOf(known) => known.iter().any(|one| value.eq_ignore_ascii_case(one)),
            Shape::KeyAlgorithms => {
                algorithms::check(&value, AlgorithmKind::Key, &self.algorithms.keys).is_ok()
            }
            Shape::Text | Shape::Command | Shape::Anything => true,
        };
        if !fits {
            return Err(format!("{value} is no value for it"));
        }
        if self.line.active {
            self.options.foreign.entry(self.line.name.to_owned()).or_insert(value);
        }
        Ok(())
    }

    fn add_keys_to_agent(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (first, second) = (words.needed()?, words.next());
        let bad = || format!("{} is no value for it", self.line.rest);
        let value = match (AddKeys::parse(first), second) {
            (Some(mode @ AddKeys::Confirm), Some(time)) => {
                AddKeysToAgent { mode, lifetime: values::seconds(time).ok_or_else(bad)? }
            }
            (Some(mode), None) => AddKeysToAgent { mode, lifetime: 0 },
            (None, None) => {
                AddKeysToAgent { mode: AddKeys::Yes, lifetime: values::seconds(first).ok_or_else(bad)? }
            }
            (Some(_) | None, Some(_)) => return Err(bad()),
        };
        first!(self, add_keys_to_agent, value)
    }

    fn canonical_domains(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let domains = list(words.all(), true)?;
        for domain in &domains {
            canonical::valid_domain(domain).ok_or_else(|| format!("{domain} is no domain"))?;
        }
        let lower = |domain: String| domain.trim_end_matches('.').to_ascii_lowercase();
        if self.line.active && self.options.canonical_domains.is_empty() {
            self.options.canonical_domains = domains.into_iter().map(lower).collect();
        }
        Ok(())
    }

    fn permitted_cnames(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let rules = list(words.all(), true)?;
        let mut pairs = Vec::new();
        for rule in rules {
            pairs.push(match rule.as_str() {
                "*" => (rule.clone(), rule.clone()),
                none if none.eq_ignore_ascii_case("none") => (rule.clone(), String::new()),
                _ => {
                    let lower = rule.to_ascii_lowercase();
                    let (from, to) = lower
                        .split_once(':')
                        .filter(|(_, to)| !to.is_empty())
                        .ok_or_else(|| format!("{rule} is no pair of patterns"))?;
                    (from.to_owned(), to.to_owned())
                }
            });
        }
        if self.line.active && self.options.canonicalize_permitted_cnames.is_empty() {
            self.options.canonicalize_permitted_cnames = pairs;
        }
        Ok(())
    }

    fn collect_file(
        &mut self,
        file: String,
        field: impl Fn(&mut Options) -> &mut Vec<(String, bool)>,
    ) -> Result<(), String> {
        if !self.line.active {
            return Ok(());
        }
        let files = field(self.options);
        if files.len() >= KEY_FILES_MAX {
            return Err(format!("there are more than {KEY_FILES_MAX} files"));
        }
        let entry = (file, self.line.of_user);
        if !files.contains(&entry) {
            files.push(entry);
        }
        Ok(())
    }

    fn files(
        &mut self,
        words: &mut Words<'_>,
        field: impl Fn(&mut Options) -> &mut Vec<String>,
    ) -> Result<(), String> {
        let files = list(words.all(), false)?;
        let known = field(self.options);
        if self.line.active && known.is_empty() {
            *known = files;
        }
        Ok(())
    }

    fn forward_agent(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let word = words.needed()?;
        if let Some(flag) = Flag::parse(word) {
            return first!(self, forward_agent, flag);
        }
        // OpenSSH sets the two apart, so `ForwardAgent no` with a later path ends as that path.
        first!(self, forward_agent, Flag::Yes)?;
        self.check_agent_path(word)?;
        first!(self, forward_agent_path, word.to_owned())
    }

    /// A path may name variables by `${NAME}`, which have to be there; or be `$NAME`, which need not.
    fn check_agent_path(&self, path: &str) -> Result<(), String> {
        let tokens = Tokens { percent: None, environment: Some(self.environment) };
        tokens.expand(path).map_err(|fault| format!("{path}: {fault}"))?;
        match path.strip_prefix('$') {
            Some(name) if !name.starts_with('{') && !values::is_env_name(name) => {
                Err(format!("{path} is no environment variable"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn forward(&mut self, kind: Kind, words: &mut Words<'_>) -> Result<(), String> {
        let listen = words.needed()?;
        let connect = match kind {
            Kind::Dynamic => None,
            Kind::Remote => words.next().filter(|target| !target.is_empty()),
            Kind::Local => Some(words.next().filter(|to| !to.is_empty()).ok_or("missing target argument")?),
        };
        let tokens = Tokens { percent: None, environment: Some(self.environment) };
        let expand = |text: &str| tokens.expand(text).map_err(|fault| format!("{text}: {fault}"));
        let connect = connect.map(expand).transpose()?;
        let forward = forward::parse(kind, &expand(listen)?, connect.as_deref())
            .ok_or_else(|| format!("{} is no forwarding", self.line.rest))?;
        if self.line.active && !self.options.forwards.contains(&forward) {
            if self.options.forwards.len() >= COLLECTED_MAX {
                return Err(format!("there are more than {COLLECTED_MAX} forwardings"));
            }
            self.options.forwards.push(forward);
        }
        Ok(())
    }

    fn proxy_jump(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        words.consume();
        let text = command(self.line.rest);
        if text.eq_ignore_ascii_case("none") {
            return first!(self, proxy_jump, Jump::None);
        }
        let chain = jump::parse_chain(text).ok_or_else(|| format!("{text} is no chain of hosts"))?;
        let free = self.options.proxy_command.is_none() && self.options.proxy_jump.is_none();
        if self.line.active && free {
            let bare = text.split('#').next().unwrap_or_default().trim_end();
            let last = chain.last().map(ToString::to_string).unwrap_or_default();
            self.options.proxy_jump_written = match bare.rsplit_once(',') {
                Some((before, _)) => format!("{before},{last}"),
                None => last,
            };
            self.options.proxy_jump = Some(Jump::Chain(chain));
            // So that no ProxyCommand counts any more.
            self.options.proxy_command = Some("none".to_owned());
        }
        Ok(())
    }

    fn rekey_limit(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let bytes = match words.needed()? {
            "default" => 0,
            text => values::scaled(text)
                .filter(|bytes| *bytes == 0 || *bytes >= 16)
                .ok_or_else(|| format!("{text} is no number of bytes for it"))?,
        };
        first!(self, rekey_bytes, bytes)?;
        match words.next() {
            None | Some("none") => Ok(()),
            Some(text) => {
                let seconds = values::seconds(text).ok_or_else(|| format!("{text} is no time"))?;
                first!(self, rekey_seconds, seconds)
            }
        }
    }

    fn send_env(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let names = words.all();
        if names.is_empty() {
            return Err("missing argument".to_owned());
        }
        for name in names {
            if name.is_empty() || name.contains('=') {
                return Err(format!("{name} is no name of an environment variable"));
            }
            if !self.line.active {
                continue;
            }
            match name.strip_prefix('-') {
                Some(pattern) => {
                    let kept = |known: &String| !crate::host::pattern::matches(pattern, known);
                    self.options.send_env.retain(kept);
                }
                None if self.options.send_env.len() >= COLLECTED_MAX => {
                    return Err(format!("there are more than {COLLECTED_MAX} variables"));
                }
                None => self.options.send_env.push(name.to_owned()),
            }
        }
        Ok(())
    }

    fn set_env(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let mut settings: Vec<String> = Vec::new();
        for setting in words.all() {
            let Some((name, _)) = setting.split_once('=') else {
                return Err(format!("{setting} is no NAME=value"));
            };
            let same = |known: &String| known.split_once('=').is_some_and(|(other, _)| other == name);
            if !settings.iter().any(same) {
                settings.push(setting.to_owned());
            }
        }
        if settings.is_empty() || settings.len() > COLLECTED_MAX {
            return Err("missing argument".to_owned());
        }
        if self.line.active && self.options.set_env.is_empty() {
            self.options.set_env = settings;
        }
        Ok(())
    }
}

/// A value that is the rest of the line.
fn command(rest: &str) -> &str {
    rest.trim_start_matches([' ', '\t', '\r', '\n', '='])
}

/// A list of which `none` may be the only word.
fn list(words: Vec<&str>, needed: bool) -> Result<Vec<String>, String> {
    if needed && words.is_empty() {
        return Err("missing argument".to_owned());
    }
    if words.len() > LIST_MAX {
        return Err(format!("there are more than {LIST_MAX} of them"));
    }
    if words.iter().any(|word| word.is_empty()) {
        return Err("empty argument".to_owned());
    }
    if words.len() > 1 && words.iter().any(|word| word.eq_ignore_ascii_case("none")) {
        return Err("none must stand alone".to_owned());
    }
    Ok(words.into_iter().map(str::to_owned).collect())
}

fn escape_char(text: &str) -> Result<EscapeChar, String> {
    match text.as_bytes() {
        b"none" => Ok(EscapeChar::None),
        [byte] => Ok(EscapeChar::Byte(*byte)),
        [b'^', byte @ 64..=127] => Ok(EscapeChar::Byte(byte & 31)),
        _ => Err(format!("{text} is no escape character")),
    }
}

/// Whether `IgnoreUnknown` covers a keyword, in lower case.
pub fn is_ignored(options: &Options, name: &str) -> bool {
    let list = options.ignore_unknown.as_deref();
    list.is_some_and(|list| matching::pattern_list_matches(name, list, true) == Some(true))
}
