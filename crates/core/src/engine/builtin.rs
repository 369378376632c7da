//! The host that Bowline brings along, so that everything can be tried without a server.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use russh::keys::{PrivateKey, PublicKey};

use crate::host::{Host, HostDraft, HostId};

/// The built-in host's id; every other one is a UUID.
pub const BUILTIN_ID: &str = "builtin";

/// How to reach the built-in host while it runs.
#[derive(Clone)]
pub struct Builtin {
    pub address: SocketAddr,
    pub user: String,
    /// The only host key that is trusted at this address.
    pub host_key: PublicKey,
    /// The only key that it lets in, made for this run.
    pub client_key: Arc<PrivateKey>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Builtin({})", self.address)
    }
}

/// Starts the built-in host when it is first opened, and ends it with the app.
pub trait StartBuiltin: Send + Sync {
    /// The running host; starts it if need be. The error says why it could not.
    fn start(&self) -> BoxFuture<'_, Result<Builtin, String>>;
    fn stop(&self) -> BoxFuture<'_, ()>;
}

/// How it stands on the list.
pub(super) fn host() -> Host {
    Host {
        id: HostId(BUILTIN_ID.to_owned()),
        draft: HostDraft {
            label: "Built-in host".to_owned(),
            address: "localhost".to_owned(),
            port: 22,
            ..HostDraft::default()
        },
        builtin: true,
        has_password: false,
        linked: None,
    }
}
