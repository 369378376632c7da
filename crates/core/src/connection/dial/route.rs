//! Which way a connection takes to its server, and the settings of the dial.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::SessionPlace;
use crate::error::Result;
use crate::host::HostId;
pub use crate::host::options::AddressFamily;
use crate::prompt::Secret;
use futures::future::BoxFuture;

/// Time for an address to answer (design.md, section 4).
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// How addresses are dialled: the server's, or its proxy's. A jump host has settings of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialSettings {
    pub address_family: AddressFamily,
    /// The address of this machine to dial from (BindAddress of ssh_config(5)).
    pub bind_address: Option<IpAddr>,
    /// The network interface of this machine to dial through (BindInterface).
    pub bind_interface: Option<String>,
    /// For each address, where something says it; else [`CONNECT_TIMEOUT`].
    pub connect_timeout: Option<Duration>,
    /// Rounds through the addresses, a second apart (ConnectionAttempts of ssh_config(5)).
    pub attempts: u32,
}

impl Default for DialSettings {
    fn default() -> Self {
        Self {
            address_family: AddressFamily::Any,
            bind_address: None,
            bind_interface: None,
            connect_timeout: None,
            attempts: 1,
        }
    }
}

impl DialSettings {
    /// Time for each address.
    pub fn timeout(&self) -> Duration {
        self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}

/// The way to the server.
#[derive(Debug, Clone, Default)]
pub enum Route {
    #[default]
    Direct,
    Proxy(Proxy),
    Command(ProxyCommand),
    Jump(Jump),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// RFC 1928 and 1929; the proxy resolves the name of the server.
    Socks5,
    /// The CONNECT method of RFC 9110, section 9.3.6, over plain TCP.
    HttpConnect,
}

/// A proxy that is asked to connect us to the server.
#[derive(Debug, Clone)]
pub struct Proxy {
    pub kind: ProxyKind,
    pub host: String,
    pub port: u16,
    /// None if it takes everyone.
    pub user: Option<String>,
    /// A password that is known already. Without one, the keyring and then the person are asked once the proxy wants it.
    pub password: Option<Secret>,
}

impl Proxy {
    /// `host:port`, or `[host]:port` for an IPv6 address.
    pub fn address(&self) -> String {
        authority(&self.host, self.port)
    }

    /// Under which name the keyring has its password.
    pub fn account(&self) -> String {
        format!("{}@{}", self.user.as_deref().unwrap_or_default(), self.address())
    }
}

/// `host:port` as a URI has it (RFC 3986, section 3.2).
pub(super) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// A command whose standard input and output are the stream (ProxyCommand of ssh_config(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyCommand {
    /// With every token expanded. It runs only after the person has agreed to exactly this text for this host.
    pub command: String,
    /// Where it was written down, for the question: a file and line, or empty for the host's own form.
    pub source: String,
}

/// Gives a place on the connection to a jump host, dialling it if there is none.
pub type TakePlace = Arc<dyn Fn() -> BoxFuture<'static, Result<SessionPlace>> + Send + Sync>;

/// Another connection that carries this one (ProxyJump of ssh_config(5)).
#[derive(Clone)]
pub struct Jump {
    /// Whose connection carries this one, in the pool.
    pub through: HostId,
    /// The jump host as a person knows it.
    pub name: String,
    /// The pool's way to it; a function, so that a connection need not know the pool.
    pub place: TakePlace,
}

impl std::fmt::Debug for Jump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jump({})", self.through)
    }
}
