//! The listening socket of the demo host, its limits and its end.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::Config;
use russh::{MethodKind, MethodSet, SshId};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection;
use crate::folder::Folder;
use crate::login::Login;

/// Connections served at once; one more is closed as soon as it is accepted. A window full of tabs needs a dozen.
const MAX_CONNECTIONS: usize = 64;
/// Session channels served at once over all connections; one more is refused with "resource shortage". Each may
/// keep a mebibyte of input in memory (see `input.rs`) and usually keeps none.
const MAX_CHANNELS: usize = 256;
/// How long a refused attempt takes. The only key is random and never leaves this process, so guessing needs no brake;
/// a short wait keeps a confused client from spinning.
const REFUSAL_TIME: Duration = Duration::from_millis(100);
/// The window each channel gives the client, for input to a program and for uploads. Plenty on loopback, and what a
/// connection has to hold when a client floods it (see `wire.rs`) stays small.
pub(crate) const CHANNEL_WINDOW_BYTES: u32 = 1024 * 1024;
/// Pause after a failed accept (out of file descriptors, usually), so that the loop does not spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What a demo host is made from.
#[derive(Debug, Clone)]
pub struct DemoConfig {
    /// The folder that SFTP shows as `/`; it must exist.
    pub files: PathBuf,
    /// Where in it SFTP begins, with slashes. Shells begin in the person's home.
    pub start: String,
    /// The program to run as the shell; by default `$SHELL`, then the one in the password file, then `/bin/sh`
    /// (on Windows `%COMSPEC%`).
    pub shell: Option<PathBuf>,
}

/// Why a demo host could not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No port on 127.0.0.1 could be opened. Trying again may help.
    #[error("cannot listen on 127.0.0.1 for the demo host: {0}")]
    Listen(#[source] io::Error),
    /// The folder for SFTP does not exist or cannot be opened. The caller has to name another one.
    #[error("cannot open the demo host's folder {folder}: {cause}")]
    Files {
        /// The folder that was asked for.
        folder: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The random number generator or the key format failed: a bug in this program or a broken system.
    #[error("cannot make a key for the demo host: {0}")]
    Key(#[source] russh::keys::ssh_key::Error),
}

/// A running demo host. Dropping it closes the port and ends every child process, without waiting for that;
/// [`DemoHost::shutdown`] waits.
pub struct DemoHost {
    address: SocketAddr,
    host_key: PublicKey,
    client_key: Arc<PrivateKey>,
    shared: Arc<Shared>,
}

/// What every connection of one host needs.
pub(crate) struct Shared {
    pub(crate) ssh: Arc<Config>,
    /// The one key that may log in.
    pub(crate) accepted: PublicKey,
    pub(crate) login: Login,
    pub(crate) files: Folder,
    pub(crate) channel_slots: Arc<Semaphore>,
    /// Cancelled at the end of the host; connections and channels hold children of it.
    pub(crate) ending: CancellationToken,
    /// Every task of the host, so that shutdown can wait for all of them.
    pub(crate) tasks: TaskTracker,
}

impl DemoHost {
    /// Opens the port, makes the keys and serves until [`DemoHost::shutdown`] or drop. Needs a Tokio runtime.
    pub async fn start(config: DemoConfig) -> Result<DemoHost, DemoError> {
        let files = Folder::open(&config.files, &config.start)
            .map_err(|cause| DemoError::Files { folder: config.files.clone(), cause })?;
        let host_key = new_key()?;
        let client_key = new_key()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(DemoError::Listen)?;
        let address = listener.local_addr().map_err(DemoError::Listen)?;
        let shared = Arc::new(Shared {
            accepted: client_key.public_key().clone(),
            login: Login::of_this_person(config.shell),
            files,
            channel_slots: Arc::new(Semaphore::new(MAX_CHANNELS)),
            ending: CancellationToken::new(),
            tasks: TaskTracker::new(),
            ssh: Arc::new(ssh_config(host_key.clone())),
        });
        shared.tasks.spawn(accept(listener, Arc::clone(&shared)));
        tracing::debug!(%address, "demo host started");
        Ok(DemoHost {
            address,
            host_key: host_key.public_key().clone(),
            client_key: Arc::new(client_key),
            shared,
        })
    }

    /// Where the host listens: 127.0.0.1 and a port that was free.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that the host proves itself with, so that the client can pin it instead of asking.
    pub fn host_key(&self) -> PublicKey {
        self.host_key.clone()
    }

    /// The only key that may log in. It exists in memory only.
    pub fn client_key(&self) -> Arc<PrivateKey> {
        Arc::clone(&self.client_key)
    }

    /// The only user that may log in: the person's own user name.
    pub fn user(&self) -> &str {
        &self.shared.login.user
    }

    /// Ends the host: when this returns the port is closed, every child process is gone and every task has ended.
    pub async fn shutdown(self) {
        self.shared.ending.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for DemoHost {
    fn drop(&mut self) {
        self.shared.ending.cancel();
    }
}

impl fmt::Debug for DemoHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoHost")
            .field("address", &self.address)
            .field("user", &self.shared.login.user)
            .finish_non_exhaustive()
    }
}

fn new_key() -> Result<PrivateKey, DemoError> {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(DemoError::Key)
}

fn ssh_config(host_key: PrivateKey) -> Config {
    Config {
        server_id: SshId::Standard(concat!("SSH-2.0-BowlineDemo_", env!("CARGO_PKG_VERSION")).into()),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: REFUSAL_TIME,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![host_key],
        window_size: CHANNEL_WINDOW_BYTES,
        // A client on the same machine cannot vanish without its socket closing, and an idle shell must stay open.
        inactivity_timeout: None,
        keepalive_interval: None,
        ..Config::default()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = shared.ending.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => match Arc::clone(&slots).try_acquire_owned() {
                Ok(slot) => {
                    let serving = connection::serve(socket, peer, Arc::clone(&shared));
                    shared.tasks.spawn(async move {
                        serving.await;
                        drop(slot);
                    });
                }
                Err(_) => tracing::warn!(%peer, "demo host: too many connections, closing one more"),
            },
            Err(cause) => {
                tracing::warn!(%cause, "demo host: cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}
