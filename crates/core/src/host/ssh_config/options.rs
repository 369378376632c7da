//! What the lines of a config set, before defaults: the first value of most keywords counts, some collect.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::algorithms::Algorithms;
use super::forward::Forward;
use super::jump::HostSpec;
use super::keywords::Keyword;
use super::matching;
use super::permit::PermitRemoteOpen;
use super::values::{
    AddKeys, AddressFamily, CanonicalizeHostname, Flag, LogLevel, PubkeyAuthentication, RequestTty,
    SessionType, StrictHostKeyChecking, YesNoAsk,
};

mod own_syntax;
mod take;
mod words;

use take::Taking;
use words::Words;

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
    pub permit_remote_open: Option<PermitRemoteOpen>,
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

/// Whether `IgnoreUnknown` covers a keyword, in lower case.
pub fn is_ignored(options: &Options, name: &str) -> bool {
    let list = options.ignore_unknown.as_deref();
    list.is_some_and(|list| matching::pattern_list_matches(name, list, true) == Some(true))
}
