//! The engine for a command that runs beside the app or without it: it dials, asks and trusts as the app does, and reads
//! the saved hosts without owning them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{PROMPT_NEWS, target};
use crate::auth::Authenticator;
use crate::auth::secrets::Secrets;
use crate::connection::dial::consent::Consents;
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
        let consents = Consents::at(data_dir.join("commands.json"));
        let (news, told) = mpsc::channel(PROMPT_NEWS);
        let dialer = Dialer {
            trust: Arc::new(TrustStore::openssh_defaults(&ssh_dir)),
            prompts: Prompts::new(news),
            authenticator: Authenticator { secrets: Secrets::open(), ssh_dir, agent_socket },
            consents,
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

    /// The target of a saved host, by the way that it asks for. Each jump host gets a connection of its own, which lasts as
    /// long as what it carries.
    ///
    /// # Errors
    /// Those of [`store::read`], and the codes about jump hosts.
    pub async fn target(&self, host: &Host) -> Result<Target> {
        let hosts = self.hosts().await?.hosts;
        target::route(target::saved(host), &host.draft, &hosts, &|_, carrier| {
            let dialer = self.dialer.clone();
            Arc::new(move || {
                let (dialer, carrier) = (dialer.clone(), carrier.clone());
                Box::pin(async move {
                    let connection = Connection::open(&dialer, carrier, &|_| ()).await?;
                    connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))
                })
            })
        })
    }

    /// One connection, dialled once: a command that fails says so, and whoever called it decides about another try.
    ///
    /// # Errors
    /// Those of [`Connection::open`].
    pub async fn connect(&self, target: Target, progress: Progress<'_>) -> Result<Arc<Connection>> {
        Connection::open(&self.dialer, target, progress).await
    }
}

/// Who the person is on this machine.
pub fn local_user() -> String {
    target::local_user()
}
