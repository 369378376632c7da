//! The engine for a command that runs beside the app or without it: it dials, asks and trusts as the app does, and reads
//! the saved hosts without owning them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::config_notes::ConfigNote;
use super::configured::ConfigPlaces;
use super::ways::{Carry, Made, Maker, Who};
use super::{PROMPT_NEWS, target};
use crate::auth::Authenticator;
use crate::auth::secrets::Secrets;
use crate::connection::dial::consent::Consents;
use crate::connection::progress::Progress;
use crate::connection::{Connection, Dialer, Target};
use crate::error::{Error, Result};
use crate::host::ssh_config::resolve::{ConfigChoice, Query, Resolved};
use crate::host::store;
use crate::host::{Host, HostList};
use crate::prompt::{PromptNews, Prompts};
use crate::trust::TrustStore;

/// Where a command finds the person's things.
#[derive(Debug, Clone)]
pub struct HeadlessConfig {
    /// The app's: it holds the saved hosts. Never written to.
    pub data_dir: PathBuf,
    /// `~/.ssh`; its parent is the home folder.
    pub ssh_dir: PathBuf,
    /// The system's ssh_config, if it is to be read.
    pub system_config: Option<PathBuf>,
    /// The agent's socket (Unix); `SSH_AUTH_SOCK` if none.
    pub agent_socket: Option<PathBuf>,
}

/// The engine without a store and a window. Clones share it.
#[derive(Debug, Clone)]
pub struct Headless {
    dialer: Dialer,
    data_dir: PathBuf,
    places: ConfigPlaces,
}

/// Whom to connect to, as it was asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// What stands on the command line counts before the form of a saved host and before every file. For a saved host the
    /// destination is that of its form.
    pub query: Query,
    /// The saved host that is meant.
    pub saved: Option<Host>,
}

/// To whom a wish leads.
#[derive(Debug)]
pub struct Found {
    pub target: Target,
    /// All that the config says, for what is not the engine's.
    pub resolved: Resolved,
    /// What the config says and Bowline does not do, the jump hosts' included.
    pub notes: Vec<ConfigNote>,
}

impl Headless {
    /// The questions come out of the receiver, and their answers go to [`Headless::prompts`].
    pub fn start(config: HeadlessConfig) -> (Self, mpsc::Receiver<PromptNews>) {
        let HeadlessConfig { data_dir, ssh_dir, system_config, agent_socket } = config;
        let places = ConfigPlaces { ssh_dir: ssh_dir.clone(), system: system_config };
        let consents = Consents::at(data_dir.join("commands.json"));
        let (news, told) = mpsc::channel(PROMPT_NEWS);
        let dialer = Dialer {
            trust: Arc::new(TrustStore::openssh_defaults(&ssh_dir)),
            prompts: Prompts::new(news),
            authenticator: Authenticator { secrets: Secrets::open(), ssh_dir, agent_socket },
            consents,
        };
        (Self { dialer, data_dir, places }, told)
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

    /// The target of a wish, by the way that its form or its config asks for. Each jump host gets a connection of its own,
    /// which lasts as long as what it carries. `BatchMode` is for whoever answers the questions.
    ///
    /// # Errors
    /// Those of [`store::read`], [`crate::error::ErrorCode::ConfigUnusable`], and the codes about jump hosts.
    pub async fn find(&self, wish: Wish) -> Result<Found> {
        let Wish { mut query, saved } = wish;
        // The usual config is that of the home folder that everything else is in.
        if query.config == ConfigChoice::Usual {
            query.config = self.places.choice();
        }
        let dialer = self.dialer.clone();
        let carry: Carry = Arc::new(move |_, carrier| {
            let dialer = dialer.clone();
            Arc::new(move || {
                let (dialer, carrier) = (dialer.clone(), carrier.clone());
                Box::pin(async move {
                    let connection = Connection::open(&dialer, carrier, &|_| ()).await?;
                    connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))
                })
            })
        });
        let maker = Maker {
            places: self.places.clone(),
            choice: query.config.clone(),
            prompts: self.dialer.prompts.clone(),
            consents: self.dialer.consents.clone(),
            carry,
            obeys_batch_mode: false,
        };
        let Made { target, resolved, notes } = match saved {
            Some(host) => {
                // A kept password goes nowhere but where it was kept for.
                let moved = query.user.as_ref().is_some_and(|user| *user != host.draft.user)
                    || query.port.is_some_and(|port| port != host.draft.port)
                    || query.overrides.iter().any(|option| {
                        option.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("HostName"))
                    });
                let id = Some(host.id.clone()).filter(|_| !moved);
                let hosts = self.hosts().await?.hosts;
                maker.by_form(query, &host.draft, Who::of(id.clone(), &host.draft, None, id), &hosts).await?
            }
            None => {
                let name = query.destination.clone();
                maker.by_config(query, Who::named(None, &name, None)).await?
            }
        };
        Ok(Found { target, resolved, notes })
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
