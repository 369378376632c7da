//! What a config says about a connection, defaults included.

use sha1::{Digest, Sha1};

use super::forward::Forward;
use super::jump::HostSpec;
use super::options::{AddKeysToAgent, EscapeChar, ForwardAgent, Place, RekeyLimit};
use super::permit::PermitRemoteOpen;
use super::values::{
    AddressFamily, CanonicalizeHostname, LogLevel, PubkeyAuthentication, RequestTty, SessionType,
    StrictHostKeyChecking, YesNoAsk,
};

/// When OpenSSH would notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// While it reads: it would not connect at all.
    Reading,
    /// While it puts the values together: neither.
    Resolving,
    /// Later, or it would only mention it.
    Connecting,
}

/// Something in a config that could not be understood. The line is left out, so that a person can still connect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    pub place: Place,
    /// As written; None if it is about no keyword.
    pub keyword: Option<String>,
    pub message: String,
    pub stage: Stage,
}

impl Problem {
    /// OpenSSH would refuse to connect because of it.
    pub fn stops_openssh(&self) -> bool {
        self.stage != Stage::Connecting
    }

    /// Without this line one may be connected to another machine, or on another way, than the config means: ask before
    /// connecting.
    pub fn leads_elsewhere(&self) -> bool {
        const DESTINATION: [&str; 13] = [
            "HostName",
            "Port",
            "User",
            "ProxyJump",
            "ProxyCommand",
            "Host",
            "Match",
            "Include",
            "BindAddress",
            "BindInterface",
            "AddressFamily",
            "CanonicalizeHostname",
            "RefuseConnection",
        ];
        let named = |keyword: &String| DESTINATION.iter().any(|one| keyword.eq_ignore_ascii_case(one));
        // A line or a file that could not be read at all may have said anything.
        self.stops_openssh() && self.keyword.as_ref().is_none_or(named)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.keyword {
            Some(keyword) => write!(f, "{}: {keyword}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// A keyword that applies and that Bowline does not act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// In lower case.
    pub keyword: String,
    pub value: String,
    pub place: Place,
}

/// A key or certificate file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// As it stands in the config.
    pub written: String,
    /// With `~`, tokens and variables replaced.
    pub path: String,
    /// The config names it; otherwise it is one of the usual files, which need not exist.
    pub named: bool,
}

/// How to get to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    Direct,
    /// In the order in which one goes through them, tokens replaced. Each is itself resolved by the config.
    Jump(Vec<HostSpec>),
    /// A command for a shell, tokens replaced.
    Command(String),
}

/// Where keys of an agent come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentSocket {
    /// `SSH_AUTH_SOCK`, or what the system has instead.
    Usual,
    /// `IdentityAgent none`.
    None,
    Path(String),
}

/// Everything about one connection. Names are those of ssh_config(5); what is not said there has OpenSSH's default.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The name as typed.
    pub original_host: String,
    /// Where to connect to.
    pub host_name: String,
    pub port: u16,
    pub user: String,
    /// A line or the person says who to log in as; otherwise it is the local user's name.
    pub user_given: bool,
    pub tag: Option<String>,

    pub address_family: AddressFamily,
    pub bind_address: Option<String>,
    pub bind_interface: Option<String>,
    /// Seconds; None is what the system does.
    pub connect_timeout: Option<u32>,
    pub connection_attempts: u32,
    pub tcp_keep_alive: bool,
    /// Seconds; 0 is never.
    pub server_alive_interval: u32,
    /// Whether a line says so. OpenSSH's default is never; ours need not be.
    pub server_alive_given: bool,
    pub server_alive_count_max: u32,
    pub compression: bool,
    pub rekey_limit: RekeyLimit,
    pub proxy: Proxy,
    /// `ProxyJump` or `ProxyCommand` as `ssh -G` prints it.
    pub proxy_written: Option<String>,
    pub proxy_place: Option<Place>,

    pub ciphers: Vec<String>,
    pub macs: Vec<String>,
    pub kex_algorithms: Vec<String>,
    pub host_key_algorithms: Vec<String>,
    /// A line says so; otherwise those of the host's known keys come first.
    pub host_key_algorithms_given: bool,
    pub pubkey_accepted_algorithms: Vec<String>,
    pub ca_signature_algorithms: Vec<String>,
    pub required_rsa_size: u32,

    pub host_key_alias: Option<String>,
    pub user_known_hosts_files: Vec<String>,
    pub global_known_hosts_files: Vec<String>,
    pub revoked_host_keys: Option<String>,
    pub strict_host_key_checking: StrictHostKeyChecking,
    pub check_host_ip: bool,
    pub hash_known_hosts: bool,
    pub update_host_keys: YesNoAsk,
    pub visual_host_key: bool,

    pub identity_files: Vec<KeyFile>,
    pub certificate_files: Vec<KeyFile>,
    pub identities_only: bool,
    pub identity_agent: AgentSocket,
    /// As `ssh -G` prints it.
    pub identity_agent_written: Option<String>,
    pub add_keys_to_agent: AddKeysToAgent,
    pub forward_agent: ForwardAgent,
    /// Empty is what we think best.
    pub preferred_authentications: Vec<String>,
    pub pubkey_authentication: PubkeyAuthentication,
    pub password_authentication: bool,
    pub kbd_interactive_authentication: bool,
    pub number_of_password_prompts: u32,
    /// Ask the person nothing.
    pub batch_mode: bool,

    /// Patterns of names.
    pub send_env: Vec<String>,
    pub set_env: Vec<(String, String)>,
    pub remote_command: Option<String>,
    /// For a shell on this computer; none unless `PermitLocalCommand` says yes. Only `bowline ssh` acts on it.
    pub local_command: Option<String>,
    pub request_tty: RequestTty,
    pub session_type: SessionType,
    pub escape_char: EscapeChar,
    pub log_level: LogLevel,
    pub forwards: Vec<Forward>,
    pub exit_on_forward_failure: bool,
    pub gateway_ports: bool,
    pub permit_remote_open: PermitRemoteOpen,
    pub clear_all_forwardings: bool,

    pub canonicalize_hostname: CanonicalizeHostname,
    pub canonicalize_fallback_local: bool,
    pub canonicalize_max_dots: u32,
    pub canonical_domains: Vec<String>,
    pub canonicalize_permitted_cnames: Vec<(String, String)>,
    pub ignore_unknown: Option<String>,

    /// Lines that apply and that Bowline does not act on, by keyword. To be named to the person once.
    pub unsupported: Vec<Unsupported>,
    pub problems: Vec<Problem>,
    /// Commands of `Match exec` that were not run, so that their blocks do not apply.
    pub declined: Vec<(String, Place)>,
}

/// `ssh_connection_hash`: `%C`.
pub fn conn_hash(local_host: &str, host: &str, port: &str, user: &str, jump: &str) -> String {
    let mut hash = Sha1::new();
    for part in [local_host, host, port, user, jump] {
        hash.update(part.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}
