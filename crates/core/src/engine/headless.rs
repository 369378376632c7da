//! The engine for a command that runs beside the app or without it: it dials, asks and trusts as the app does, and reads
//! the saved hosts without owning them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{PROMPT_NEWS, target};
use crate::auth::Authenticator;
use crate::auth::secrets::Secrets;
use crate::connection::progress::Progress;
use crate::connection::{Connection, Dialer, Target};
use crate::error::{Error, Result};
use crate::host::store;
use crate::host::{Host, HostList};
use crate::prompt::{PromptNews, Prompts};
use crate::trust::TrustStore;

/// Where a command finds the person's things.
#[derive(Debug, Clone)]
pub struct HeadlessConfig {
    /// The app's: it holds the saved hosts. Never written to.
    pub data_dir: PathBuf,
    /// `~/.ssh`.
    pub ssh_dir: PathBuf,
    /// The agent's socket (Unix); `SSH_AUTH_SOCK` if none.
    pub agent_socket: Option<PathBuf>,
}

/// The engine without a store and a window. Clones share it.
#[derive(Debug, Clone)]
pub struct Headless {
    dialer: Dialer,
    data_dir: PathBuf,
}

impl Headless {
    /// The questions come out of the receiver, and their answers go to [`Headless::prompts`].
    pub fn start(config: HeadlessConfig) -> (Self, mpsc::Receiver<PromptNews>) {
        let HeadlessConfig { data_dir, ssh_dir, agent_socket } = config;
        let (news, told) = mpsc::channel(PROMPT_NEWS);
        let dialer = Dialer {
            trust: Arc::new(TrustStore::openssh_defaults(&ssh_dir)),
            prompts: Prompts::new(news),
            authenticator: Authenticator { secrets: Secrets::open(), ssh_dir, agent_socket },
        };
        (Self { dialer, data_dir }, told)
    }

    pub fn prompts(&self) -> &Prompts {
        &self.dialer.prompts
    }

    /// The saved hosts, as they are now.
    ///
    /// # Errors
    /// Those of [`store::read`].
    pub async fn hosts(&self) -> Result<HostList> {
        let dir = self.data_dir.clone();
        tokio::task::spawn_blocking(move || store::read(&dir)).await.map_err(Error::internal)?
    }

    /// One connection, dialled once: a command that fails says so, and whoever called it decides about another try.
    ///
    /// # Errors
    /// Those of [`Connection::open`].
    pub async fn connect(&self, target: Target, progress: Progress<'_>) -> Result<Arc<Connection>> {
        Connection::open(&self.dialer, target, progress).await
    }
}

/// The target of a saved host, as the app dials it.
pub fn saved_target(host: &Host) -> Target {
    target::saved(host)
}

/// Who the person is on this machine.
pub fn local_user() -> String {
    target::local_user()
}
