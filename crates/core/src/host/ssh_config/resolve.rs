//! What OpenSSH would do with a name: command line, the person's config, the system's config, the name completed, both
//! configs once more, defaults, tokens. In the order of `main` in `ssh.c`, whose oracle is `ssh -G`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::algorithms::{self, Algorithms, Names};
use super::canonical::{self, NameLookup, Rules};
use super::files::{FileFault, Files};
use super::forward::{End, Forward};
use super::jump::{self, HostSpec};
use super::local::Local;
pub use super::options::Place;
use super::options::{AddKeysToAgent, EscapeChar, ForwardAgent, Jump, Options, RekeyLimit};
pub use super::reading::{Exec, ExecAnswer, ExecRequest};
use super::reading::{Origin, Reading, expand_host_name, short};
use super::resolved::conn_hash;
pub use super::resolved::{AgentSocket, KeyFile, Problem, Proxy, Resolved, Stage, Unsupported};
use super::tokens::Tokens;
use super::values::{
    self, AddKeys, AddressFamily, CanonicalizeHostname, Flag, LogLevel, PubkeyAuthentication, RequestTty,
    SessionType, StrictHostKeyChecking, YesNoAsk,
};

/// RFC 4253, section 4.
const SSH_PORT: u16 = 22;
/// The default of `CanonicalizeMaxDots`.
const CANONICALIZE_MAX_DOTS: u32 = 1;
/// The person's usual key files. OpenSSH has had more (`id_dsa`, `id_xmss`), which no server takes any more.
const USUAL_KEYS: [&str; 5] =
    ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk"];
const USUAL_KNOWN_HOSTS: [&str; 2] = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];

/// Which configs are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ConfigChoice {
    /// `~/.ssh/config`, then `/etc/ssh/ssh_config`.
    #[default]
    Usual,
    /// These instead. Either may be missing.
    Paths { user: Option<PathBuf>, system: Option<PathBuf> },
    /// `-F`: only this one, and it has to be there.
    Given(PathBuf),
    /// `-F none`.
    None,
}

/// What the person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// `[user@]host` or `ssh://[user@]host[:port]`, as typed.
    pub destination: String,
    /// `-l`.
    pub user: Option<String>,
    /// `-p`.
    pub port: Option<u16>,
    /// `-o`, each `Keyword=value`.
    pub overrides: Vec<String>,
    pub config: ConfigChoice,
    /// The command to run there; empty for a shell. `Match command` and `Match sessiontype` ask for it.
    pub command: String,
}

impl Query {
    pub fn to(destination: &str) -> Self {
        Self { destination: destination.to_owned(), ..Self::default() }
    }
}

/// What the resolver may do outside the files. Both block.
pub struct Outside<'a> {
    /// Runs a command of `Match exec`, if somebody agrees. Never run one without: a config may come from anywhere.
    pub exec: &'a mut Exec<'a>,
    pub names: &'a mut dyn NameLookup,
}

impl std::fmt::Debug for Outside<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outside")
    }
}

/// What the person typed cannot be used. Problems in files are in [`Resolved::problems`] instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("{0:?} is no address to connect to; write [user@]host")]
    Destination(String),
    #[error("the user name {0:?} holds characters that are not allowed")]
    User(String),
    #[error("the option {option:?} cannot be used: {cause}")]
    Override { option: String, cause: String },
    #[error("the config {} cannot be read: {cause}", path.display())]
    Config { path: PathBuf, cause: FileFault },
}

/// Says everything that OpenSSH would do. Reads files and may wait for the DNS and for [`Outside::exec`], so it blocks: call
/// it on a thread where that is fine.
///
/// # Errors
/// When what was typed is at fault. Problems of the files are in the result, and their lines are left out.
pub fn resolve(
    query: &Query,
    local: &Local,
    algorithms: &Algorithms,
    files: &mut Files,
    outside: Outside<'_>,
) -> Result<Resolved, ResolveError> {
    let typed = destination(&query.destination)?;
    let Outside { exec, names } = outside;
    let mut reading = Reading::new(local, algorithms, files, exec, &typed.host, &query.command);
    reading.options.user = query.user.clone();
    reading.options.port = query.port;
    for option in &query.overrides {
        let cause = reading.take_override(option);
        cause.map_err(|cause| ResolveError::Override { option: option.clone(), cause })?;
    }
    let options = &mut reading.options;
    options.user = options.user.take().or(typed.user);
    options.port = options.port.or(typed.port);
    let user_typed = options.user.is_some();
    if let Some(user) = options.user.as_ref().filter(|user| !values::is_user_name(user)) {
        return Err(ResolveError::User(user.clone()));
    }

    read_configs(&mut reading, &query.config)?;
    let host_name = host_name(&mut reading, names);
    if reading.wants_final || is_on(reading.options.canonicalize_hostname) {
        reading.options.host_name = Some(host_name.clone());
        // What decided about the name is decided (`fill_default_options_for_canonicalization`).
        let options = &mut reading.options;
        options.canonicalize_max_dots.get_or_insert(CANONICALIZE_MAX_DOTS);
        options.canonicalize_fallback_local.get_or_insert(Flag::Yes);
        options.canonicalize_hostname.get_or_insert(CanonicalizeHostname::No);
        reading.host = host_name.clone();
        reading.final_pass = true;
        read_configs(&mut reading, &query.config)?;
    }
    let Reading { options, mut problems, declined, .. } = reading;
    let mut finish = Finish { local, options: &options, problems: &mut problems, tokens: Vec::new() };
    let mut resolved = finish.resolved(&typed.host, host_name, user_typed, algorithms, names);
    resolved.problems = problems;
    resolved.declined = declined;
    Ok(resolved)
}

fn is_on(mode: Option<CanonicalizeHostname>) -> bool {
    mode.is_some_and(|mode| mode != CanonicalizeHostname::No)
}

/// What was typed as the destination.
fn destination(typed: &str) -> Result<HostSpec, ResolveError> {
    let bad = || ResolveError::Destination(typed.to_owned());
    let spec = match typed.strip_prefix("ssh://") {
        Some(uri) => jump::parse_uri(uri).ok_or_else(bad)?,
        None => match typed.rsplit_once('@') {
            Some(("", _)) => return Err(bad()),
            Some((user, host)) => HostSpec { user: Some(user.to_owned()), host: host.to_owned(), port: None },
            None => HostSpec { user: None, host: typed.to_owned(), port: None },
        },
    };
    if spec.host.is_empty() || !values::is_host_name(&spec.host) { Err(bad()) } else { Ok(spec) }
}

/// `process_config_files`.
fn read_configs(reading: &mut Reading<'_>, choice: &ConfigChoice) -> Result<(), ResolveError> {
    let usual = (reading.local.user_config(), reading.local.system_config());
    let (user, system) = match choice {
        ConfigChoice::None => return Ok(()),
        ConfigChoice::Given(path) => {
            let origin = Origin { of_user: true, checked: false };
            let read = reading.read(path, origin);
            return read.map_err(|cause| ResolveError::Config { path: path.clone(), cause });
        }
        ConfigChoice::Usual => (Some(usual.0), Some(usual.1)),
        ConfigChoice::Paths { user, system } => (user.clone(), system.clone()),
    };
    if let Some(path) = user {
        read_optional(reading, &path, Origin { of_user: true, checked: true });
    }
    if let Some(path) = system {
        read_optional(reading, &path, Origin { of_user: false, checked: false });
    }
    Ok(())
}

fn read_optional(reading: &mut Reading<'_>, path: &Path, origin: Origin) {
    let stage = match reading.read(path, origin) {
        Ok(()) | Err(FileFault::Missing) => return,
        Err(fault @ FileFault::Permissions) => (fault, Stage::Reading),
        // OpenSSH passes over it in silence.
        Err(fault @ FileFault::Unreadable(_)) => (fault, Stage::Connecting),
    };
    let place = Place { path: Some(Arc::new(path.to_owned())), line: 0 };
    reading.note(place, None, stage.0.to_string(), stage.1);
}

/// The name to connect to after the first pass.
fn host_name(reading: &mut Reading<'_>, names: &mut dyn NameLookup) -> String {
    let mut host = reading.original_host.to_owned();
    if let Some(written) = reading.options.host_name.clone() {
        match expand_host_name(&written, &host) {
            Ok(expanded) => host = expanded,
            Err(message) => {
                let place = place_of(&reading.options, "hostname");
                reading.note(place, Some("HostName"), message, Stage::Resolving);
            }
        }
    }
    let options = &reading.options;
    let family = options.address_family.unwrap_or(AddressFamily::Any);
    if !canonical::is_address(&host, family) {
        host.make_ascii_lowercase();
    }
    let command = options.proxy_command.as_deref().filter(|command| !command.eq_ignore_ascii_case("none"));
    let cnames = &options.canonicalize_permitted_cnames;
    let rules = Rules {
        mode: options.canonicalize_hostname.unwrap_or(CanonicalizeHostname::No),
        domains: &options.canonical_domains,
        max_dots: options.canonicalize_max_dots.unwrap_or(CANONICALIZE_MAX_DOTS),
        fallback_local: on(options.canonicalize_fallback_local, true),
        permitted_cnames: if is_none_rule(cnames) { &[] } else { cnames },
        family,
        direct: command.is_none() && !matches!(options.proxy_jump, Some(Jump::Chain(_))),
    };
    match rules.apply(&host, names) {
        Ok(host) => host,
        Err(canonical::Unresolvable(host)) => {
            let place = place_of(&reading.options, "canonicalizehostname");
            let message = format!("there is no {host} in any of the domains");
            reading.note(place, Some("CanonicalizeHostname"), message, Stage::Resolving);
            host
        }
    }
}

fn is_none_rule(cnames: &[(String, String)]) -> bool {
    matches!(cnames, [(from, to)] if from.eq_ignore_ascii_case("none") && to.is_empty())
}

fn on(flag: Option<Flag>, default: bool) -> bool {
    flag.map_or(default, |flag| flag == Flag::Yes)
}

fn place_of(options: &Options, keyword: &str) -> Place {
    options.places.get(keyword).cloned().unwrap_or(Place { path: None, line: 0 })
}

/// From the options to what they mean.
struct Finish<'a> {
    local: &'a Local,
    options: &'a Options,
    problems: &'a mut Vec<Problem>,
    tokens: Vec<(char, String)>,
}

impl Finish<'_> {
    fn resolved(
        &mut self,
        original_host: &str,
        host_name: String,
        user_typed: bool,
        algorithms: &Algorithms,
        names: &dyn NameLookup,
    ) -> Resolved {
        let options = self.options;
        let port = options.port.unwrap_or(SSH_PORT);
        let host_key_alias = options.host_key_alias.as_ref().map(|alias| alias.to_ascii_lowercase());
        let alias = host_key_alias.clone().unwrap_or_else(|| original_host.to_owned());
        self.tokens_without_user(original_host, &host_name, port, alias);
        let user = self.user(user_typed);
        self.tokens_with_user(&host_name, port, &user);
        let remote_command = self.remote_command();
        let local_command = self.local_command();
        let clear_all_forwardings = on(options.clear_all_forwardings, false);
        let log_level = options.log_level.unwrap_or(LogLevel::Info);
        let request_tty = options.request_tty.unwrap_or(RequestTty::Auto);
        let (identity_agent, identity_agent_written) = self.identity_agent();
        let (proxy, proxy_written, proxy_place) = self.proxy(&host_name, port, &user);
        let mut unsupported = unsupported(options);
        if !options.canonicalize_permitted_cnames.is_empty()
            && !is_none_rule(&options.canonicalize_permitted_cnames)
            && !names.tells_canonical_names()
        {
            unsupported.push(named(options, "canonicalizepermittedcnames", String::new()));
        }
        self.missing_algorithms(algorithms, &mut unsupported);
        unsupported.sort_by(|one, other| one.keyword.cmp(&other.keyword));
        Resolved {
            original_host: original_host.to_owned(),
            port,
            user_given: options.user.is_some(),
            tag: options.tag.clone(),
            address_family: options.address_family.unwrap_or(AddressFamily::Any),
            bind_address: options.bind_address.clone(),
            bind_interface: options.bind_interface.clone(),
            connect_timeout: options.connect_timeout,
            connection_attempts: self.connection_attempts(),
            tcp_keep_alive: on(options.tcp_keep_alive, true),
            server_alive_interval: options.server_alive_interval.unwrap_or(0),
            server_alive_given: options.server_alive_interval.is_some(),
            server_alive_count_max: options.server_alive_count_max.unwrap_or(3),
            compression: on(options.compression, false),
            rekey_limit: RekeyLimit {
                bytes: options.rekey_bytes.filter(|bytes| *bytes != 0),
                seconds: options.rekey_seconds.filter(|seconds| *seconds != 0),
            },
            proxy,
            proxy_written,
            proxy_place,
            ciphers: self.names("Ciphers", options.ciphers.as_deref(), &algorithms.ciphers),
            macs: self.names("MACs", options.macs.as_deref(), &algorithms.macs),
            kex_algorithms: self.names("KexAlgorithms", options.kex_algorithms.as_deref(), &algorithms.kex),
            host_key_algorithms: self.names(
                "HostKeyAlgorithms",
                options.host_key_algorithms.as_deref(),
                &algorithms.keys,
            ),
            host_key_algorithms_given: options.host_key_algorithms.is_some(),
            pubkey_accepted_algorithms: self.names(
                "PubkeyAcceptedAlgorithms",
                options.pubkey_accepted_algorithms.as_deref(),
                &algorithms.keys,
            ),
            ca_signature_algorithms: self.names(
                "CASignatureAlgorithms",
                options.ca_signature_algorithms.as_deref(),
                &algorithms.ca_signatures,
            ),
            required_rsa_size: options.required_rsa_size.unwrap_or(1024),
            host_key_alias,
            user_known_hosts_files: self.user_known_hosts_files(),
            global_known_hosts_files: self.global_known_hosts_files(),
            strict_host_key_checking: options.strict_host_key_checking.unwrap_or(StrictHostKeyChecking::Ask),
            check_host_ip: on(options.check_host_ip, false),
            hash_known_hosts: on(options.hash_known_hosts, false),
            update_host_keys: self.update_host_keys(remote_command.is_some(), request_tty, log_level),
            visual_host_key: on(options.visual_host_key, false),
            identity_files: self.identity_files(),
            certificate_files: self.key_files("CertificateFile", &options.certificate_files),
            identities_only: on(options.identities_only, false),
            identity_agent,
            identity_agent_written,
            add_keys_to_agent: options
                .add_keys_to_agent
                .unwrap_or(AddKeysToAgent { mode: AddKeys::No, lifetime: 0 }),
            forward_agent: self.forward_agent(),
            preferred_authentications: options
                .preferred_authentications
                .as_deref()
                .map(|list| list.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            pubkey_authentication: options.pubkey_authentication.unwrap_or(PubkeyAuthentication::Yes),
            password_authentication: on(options.password_authentication, true),
            kbd_interactive_authentication: on(options.kbd_interactive_authentication, true),
            number_of_password_prompts: options.number_of_password_prompts.unwrap_or(3),
            batch_mode: on(options.batch_mode, false),
            send_env: options.send_env.clone(),
            set_env: self.set_env(),
            remote_command,
            local_command,
            request_tty,
            session_type: options.session_type.unwrap_or(SessionType::Default),
            escape_char: options.escape_char.unwrap_or(EscapeChar::Byte(b'~')),
            log_level,
            forwards: if clear_all_forwardings { Vec::new() } else { self.forwards() },
            exit_on_forward_failure: on(options.exit_on_forward_failure, false),
            gateway_ports: on(options.gateway_ports, false),
            clear_all_forwardings,
            canonicalize_hostname: options.canonicalize_hostname.unwrap_or(CanonicalizeHostname::No),
            canonicalize_fallback_local: on(options.canonicalize_fallback_local, true),
            canonicalize_max_dots: options.canonicalize_max_dots.unwrap_or(CANONICALIZE_MAX_DOTS),
            canonical_domains: options.canonical_domains.clone(),
            canonicalize_permitted_cnames: if is_none_rule(&options.canonicalize_permitted_cnames) {
                Vec::new()
            } else {
                options.canonicalize_permitted_cnames.clone()
            },
            ignore_unknown: options.ignore_unknown.clone(),
            unsupported,
            // The caller has them, with those of the reading.
            problems: Vec::new(),
            declined: Vec::new(),
            host_name,
            user,
        }
    }

    fn note(&mut self, keyword: &str, message: String, stage: Stage) {
        let place = place_of(self.options, &keyword.to_ascii_lowercase());
        self.problems.push(Problem { place, keyword: Some(keyword.to_owned()), message, stage });
    }

    fn tokens_without_user(&mut self, original_host: &str, host_name: &str, port: u16, alias: String) {
        let local = self.local;
        self.tokens = vec![
            ('L', short(&local.host_name).to_owned()),
            ('i', local.uid.to_string()),
            ('k', alias),
            ('l', local.host_name.clone()),
            ('n', original_host.to_owned()),
            ('p', port.to_string()),
            ('d', local.account_home.to_string_lossy().into_owned()),
            ('h', host_name.to_owned()),
            ('u', local.user.clone()),
            ('j', self.jump_host()),
        ];
    }

    fn tokens_with_user(&mut self, host_name: &str, port: u16, user: &str) {
        let hash = conn_hash(&self.local.host_name, host_name, &port.to_string(), user, &self.jump_host());
        self.tokens.push(('C', hash));
        self.tokens.push(('r', user.to_owned()));
    }

    fn jump_host(&self) -> String {
        match &self.options.proxy_jump {
            Some(Jump::Chain(chain)) => chain.last().map(|last| last.host.clone()).unwrap_or_default(),
            Some(Jump::None) | None => String::new(),
        }
    }

    /// A user of a config may have tokens, and is looked at again if it has.
    fn user(&mut self, typed: bool) -> String {
        let Some(written) = self.options.user.clone() else { return self.local.user.clone() };
        if typed {
            return written;
        }
        match self.expand(&written, true) {
            Ok(expanded) if expanded == written || values::is_user_name(&expanded) => expanded,
            Ok(expanded) => {
                self.note(
                    "User",
                    format!("{expanded} holds characters that are not allowed"),
                    Stage::Resolving,
                );
                self.local.user.clone()
            }
            Err(message) => {
                self.note("User", message, Stage::Resolving);
                self.local.user.clone()
            }
        }
    }

    fn expand(&self, text: &str, environment: bool) -> Result<String, String> {
        let environment: Option<&HashMap<String, String>> = environment.then_some(&self.local.environment);
        let expanded = Tokens { percent: Some(&self.tokens), environment }.expand(text);
        expanded.map_err(|fault| format!("{text}: {fault}"))
    }

    /// `~`, then tokens and variables.
    fn expand_path(&self, text: &str) -> Result<String, String> {
        let path = self.local.expand_tilde(text).ok_or_else(|| format!("{text}: there is no such person"))?;
        self.expand(&path, true)
    }

    fn remote_command(&mut self) -> Option<String> {
        let written =
            self.options.remote_command.as_ref().filter(|text| !text.eq_ignore_ascii_case("none"))?;
        match self.expand(written, false) {
            Ok(command) => Some(command),
            Err(message) => {
                self.note("RemoteCommand", message, Stage::Resolving);
                None
            }
        }
    }

    /// `LocalCommand`. It has one token more: the network device that is forwarded, of which there is none.
    fn local_command(&mut self) -> Option<String> {
        let written = |keyword: &str| self.options.foreign.get(keyword).filter(|value| asks(value));
        written("permitlocalcommand")?;
        let command = written("localcommand").filter(|command| !command.is_empty())?;
        let mut tokens = self.tokens.clone();
        tokens.push(('T', "NONE".to_owned()));
        match (Tokens { percent: Some(&tokens), environment: None }).expand(command) {
            Ok(command) => Some(command),
            Err(fault) => {
                let message = format!("{command}: {fault}");
                self.note("LocalCommand", message, Stage::Connecting);
                None
            }
        }
    }

    fn connection_attempts(&mut self) -> u32 {
        match self.options.connection_attempts {
            Some(0) => {
                self.note("ConnectionAttempts", "it has to be at least 1".to_owned(), Stage::Resolving);
                1
            }
            attempts => attempts.unwrap_or(1),
        }
    }

    fn names(&mut self, keyword: &str, list: Option<&str>, names: &Names) -> Vec<String> {
        algorithms::assemble(list, names).unwrap_or_else(|message| {
            self.note(keyword, message, Stage::Resolving);
            names.default.clone()
        })
    }

    fn missing_algorithms(&self, algorithms: &Algorithms, unsupported: &mut Vec<Unsupported>) {
        let options = self.options;
        for (keyword, list, names) in [
            ("ciphers", &options.ciphers, &algorithms.ciphers),
            ("macs", &options.macs, &algorithms.macs),
            ("kexalgorithms", &options.kex_algorithms, &algorithms.kex),
            ("hostkeyalgorithms", &options.host_key_algorithms, &algorithms.keys),
            ("pubkeyacceptedalgorithms", &options.pubkey_accepted_algorithms, &algorithms.keys),
            ("casignaturealgorithms", &options.ca_signature_algorithms, &algorithms.ca_signatures),
        ] {
            let missing = list.as_deref().map(|list| algorithms::missing(list, names)).unwrap_or_default();
            if !missing.is_empty() {
                unsupported.push(named(options, keyword, missing.join(",")));
            }
        }
    }

    fn proxy(&mut self, host_name: &str, port: u16, user: &str) -> (Proxy, Option<String>, Option<Place>) {
        let options = self.options;
        if let Some(Jump::Chain(chain)) = &options.proxy_jump {
            if let Some(last) = chain.last()
                && last.host == host_name
                && last.port.unwrap_or(SSH_PORT) == port
                && last.user.as_deref().unwrap_or(user) == user
            {
                let message = format!("{} would be reached through itself", last.host);
                self.note("ProxyJump", message, Stage::Resolving);
            }
            let expanded: Result<Vec<HostSpec>, String> = chain
                .iter()
                .map(|jump| {
                    let user = jump.user.as_deref().map(|user| self.expand_for_proxy(user)).transpose()?;
                    Ok(HostSpec { user, host: self.expand_for_proxy(&jump.host)?, port: jump.port })
                })
                .collect();
            let chain = expanded.unwrap_or_else(|message| {
                self.note("ProxyJump", message, Stage::Connecting);
                chain.clone()
            });
            let written = Some(options.proxy_jump_written.clone());
            return (Proxy::Jump(chain), written, Some(place_of(options, "proxyjump")));
        }
        let command = options.proxy_command.as_ref().filter(|text| !text.eq_ignore_ascii_case("none"));
        let Some(command) = command else { return (Proxy::Direct, None, None) };
        let expanded = self.expand_for_proxy(command).unwrap_or_else(|message| {
            self.note("ProxyCommand", message, Stage::Connecting);
            command.clone()
        });
        let place = place_of(options, "proxycommand");
        (Proxy::Command(expanded), Some(command.clone()), Some(place))
    }

    /// `expand_proxy_command`.
    fn expand_for_proxy(&self, text: &str) -> Result<String, String> {
        let known: Vec<(char, String)> =
            self.tokens.iter().filter(|(token, _)| "hknpr".contains(*token)).cloned().collect();
        let expanded = Tokens { percent: Some(&known), environment: None }.expand(text);
        expanded.map_err(|fault| format!("{text}: {fault}"))
    }

    fn user_known_hosts_files(&mut self) -> Vec<String> {
        let named = &self.options.user_known_hosts_files;
        let files: Vec<String> = match &named[..] {
            [] => USUAL_KNOWN_HOSTS.map(str::to_owned).to_vec(),
            [first, ..] if first.eq_ignore_ascii_case("none") => Vec::new(),
            files => files.to_vec(),
        };
        let mut expanded = Vec::new();
        for file in files {
            match self.expand_path(&file) {
                Ok(path) => expanded.push(path),
                Err(message) => self.note("UserKnownHostsFile", message, Stage::Resolving),
            }
        }
        expanded
    }

    /// These know `~` only.
    fn global_known_hosts_files(&mut self) -> Vec<String> {
        let folder = self.local.system_folder.to_string_lossy().into_owned();
        let files = match &self.options.global_known_hosts_files[..] {
            [] => return vec![format!("{folder}/ssh_known_hosts"), format!("{folder}/ssh_known_hosts2")],
            [first, ..] if first.eq_ignore_ascii_case("none") => Vec::new(),
            files => files.to_vec(),
        };
        files.into_iter().filter_map(|file| self.local.expand_tilde(&file)).collect()
    }

    fn update_host_keys(&self, has_command: bool, request_tty: RequestTty, log_level: LogLevel) -> YesNoAsk {
        let options = self.options;
        let by_dns = options.foreign.get("verifyhostkeydns").is_some_and(|value| asks(value));
        let usual_file = match &options.user_known_hosts_files[..] {
            [] => true,
            [only] => only == USUAL_KNOWN_HOSTS[0],
            [..] => false,
        };
        let default = if !by_dns && usual_file { YesNoAsk::Yes } else { YesNoAsk::No };
        let quiet = matches!(log_level, LogLevel::Quiet | LogLevel::Fatal | LogLevel::Error);
        match options.update_host_keys.unwrap_or(default) {
            // Nobody would be there to answer.
            YesNoAsk::Ask if has_command || request_tty == RequestTty::No || quiet => YesNoAsk::No,
            mode => mode,
        }
    }

    fn identity_files(&mut self) -> Vec<KeyFile> {
        if !self.options.identity_files.is_empty() {
            return self.key_files("IdentityFile", &self.options.identity_files);
        }
        let usual = USUAL_KEYS.into_iter().filter_map(|written| {
            let path = self.local.expand_tilde(written)?;
            Some(KeyFile { written: written.to_owned(), path, named: false })
        });
        usual.collect()
    }

    fn key_files(&mut self, keyword: &str, files: &[(String, bool)]) -> Vec<KeyFile> {
        let mut expanded = Vec::new();
        for (written, _) in files {
            // `none` only says that the usual files are not to be tried.
            let path = if written.eq_ignore_ascii_case("none") {
                Ok(String::new())
            } else {
                self.expand_path(written)
            };
            match path {
                Ok(path) => expanded.push(KeyFile { written: written.clone(), path, named: true }),
                Err(message) => self.note(keyword, message, Stage::Connecting),
            }
        }
        expanded
    }

    fn identity_agent(&mut self) -> (AgentSocket, Option<String>) {
        let Some(written) = self.options.identity_agent.clone() else { return (AgentSocket::Usual, None) };
        let expanded = match self.expand_path(&written) {
            Ok(expanded) => expanded,
            Err(message) => {
                self.note("IdentityAgent", message, Stage::Resolving);
                return (AgentSocket::None, None);
            }
        };
        let socket = match (expanded.as_str(), expanded.strip_prefix('$')) {
            ("none", _) => AgentSocket::None,
            ("SSH_AUTH_SOCK", _) => AgentSocket::Usual,
            (_, Some(name)) => match self.local.environment.get(name) {
                Some(path) => AgentSocket::Path(path.clone()),
                None => AgentSocket::None,
            },
            (path, None) => AgentSocket::Path(path.to_owned()),
        };
        (socket, Some(expanded))
    }

    fn forward_agent(&mut self) -> ForwardAgent {
        if let Some(written) = &self.options.forward_agent_path {
            return match self.expand_path(written) {
                Ok(path) => ForwardAgent::Path(path),
                Err(message) => {
                    self.note("ForwardAgent", message, Stage::Resolving);
                    ForwardAgent::No
                }
            };
        }
        if on(self.options.forward_agent, false) { ForwardAgent::Yes } else { ForwardAgent::No }
    }

    fn set_env(&mut self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for setting in &self.options.set_env {
            let Some((name, value)) = setting.split_once('=') else { continue };
            match self.expand(value, true) {
                Ok(value) => settings.push((name.to_owned(), value)),
                Err(message) => self.note("SetEnv", message, Stage::Resolving),
            }
        }
        settings
    }

    /// Paths of sockets have tokens; their variables were replaced when the line was read.
    fn forwards(&mut self) -> Vec<Forward> {
        let mut forwards = Vec::new();
        for forward in &self.options.forwards {
            let end = |end: &End| match end {
                End::Socket(path) => self.expand(path, false).map(End::Socket),
                End::Tcp { .. } => Ok(end.clone()),
            };
            let listen = end(&forward.listen);
            let connect = forward.connect.as_ref().map(end).transpose();
            match (listen, connect) {
                (Ok(listen), Ok(connect)) => forwards.push(Forward { kind: forward.kind, listen, connect }),
                (Err(message), _) | (_, Err(message)) => {
                    self.note("LocalForward", message, Stage::Resolving);
                }
            }
        }
        forwards
    }
}

/// Keywords that apply, ask for something, and are not acted on.
fn unsupported(options: &Options) -> Vec<Unsupported> {
    let asking = options.foreign.iter().filter(|(keyword, value)| match keyword.as_str() {
        // Everything but its default forbids something.
        "permitremoteopen" => !value.eq_ignore_ascii_case("any"),
        _ => asks(value),
    });
    let mut unsupported: Vec<Unsupported> =
        asking.map(|(keyword, value)| named(options, keyword, value.clone())).collect();
    if on(options.compression, false) {
        unsupported.push(named(options, "compression", "yes".to_owned()));
    }
    if on(options.check_host_ip, false) {
        unsupported.push(named(options, "checkhostip", "yes".to_owned()));
    }
    if let Some(kind) = options.session_type.filter(|kind| *kind != SessionType::Default) {
        unsupported.push(named(options, "sessiontype", kind.word().to_owned()));
    }
    if !on(options.clear_all_forwardings, false) {
        for keyword in ["localforward", "remoteforward", "dynamicforward"] {
            if options.places.contains_key(keyword) {
                unsupported.push(named(options, keyword, String::new()));
            }
        }
    }
    unsupported
}

fn named(options: &Options, keyword: &str, value: String) -> Unsupported {
    Unsupported { keyword: keyword.to_owned(), value, place: place_of(options, keyword) }
}

/// `no` and the like ask for what happens anyway.
fn asks(value: &str) -> bool {
    !["no", "none", "false"].iter().any(|nothing| value.eq_ignore_ascii_case(nothing))
}

#[cfg(test)]
mod tests;
