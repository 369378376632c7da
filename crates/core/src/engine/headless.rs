//! The engine for a command that runs beside the app or without it: it dials, asks and trusts as the app does, and reads
//! the saved hosts without owning them. It changes hosts beside the app or without it: see [`beside`](crate::host::store::beside).

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::config_notes::ConfigNote;
use super::configured::ConfigPlaces;
use super::ways::{Carry, Made, Maker, Who};
use super::{PROMPT_NEWS, target, tunnels};
use crate::auth::Authenticator;
use crate::auth::secrets::Secrets;
use crate::connection::dial::consent::Consents;
use crate::connection::progress::{Progress, TestProgress};
use crate::connection::{Connection, Dialer, SessionPlace, Target};
use crate::error::{Error, Result};
use crate::host::import::{self, ImportPreview};
use crate::host::linked::{self, LinkedList};
use crate::host::ssh_config::resolve::{ConfigChoice, Query, Resolved};
use crate::host::store;
use crate::host::store::beside::{self, Added, KeyFiles};
use crate::host::{Host, HostDraft, HostId, HostList};
use crate::pool::bulk;
use crate::prompt::{Asker, PromptNews, Prompts};
use crate::trust::TrustStore;

/// Where a command finds the person's things.
#[derive(Debug, Clone)]
pub struct HeadlessConfig {
    /// The app's: it holds the saved hosts.
    pub data_dir: PathBuf,
    /// `~/.ssh`; its parent is the home folder.
    pub ssh_dir: PathBuf,
    /// The system's ssh_config, if it is to be read.
    pub system_config: Option<PathBuf>,
    /// The agent's socket (Unix); `SSH_AUTH_SOCK` if none.
    pub agent_socket: Option<PathBuf>,
}

type Told = dyn Fn(&Asker, TestProgress) + Send + Sync;

/// Is told how far the connection to a jump host has come.
#[derive(Clone)]
pub struct JumpWatch(Arc<Told>);

impl JumpWatch {
    pub fn new(told: impl Fn(&Asker, TestProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }
}

impl std::fmt::Debug for JumpWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JumpWatch")
    }
}

/// The engine without a store and a window. Clones share it.
#[derive(Debug, Clone)]
pub struct Headless {
    jump_watch: Option<JumpWatch>,
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
        (Self { jump_watch: None, dialer, data_dir, places }, told)
    }

    /// For targets that are found from now on.
    pub fn watch_jumps(&mut self, watch: JumpWatch) {
        self.jump_watch = Some(watch);
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

    /// The hosts of the person's ssh_config, as they are now.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`].
    pub async fn linked(&self) -> Result<LinkedList> {
        let places = self.places.clone();
        let looking = move || linked::list(&places.linked(), &places.local());
        tokio::task::spawn_blocking(looking).await.map_err(Error::internal)
    }

    /// The hosts that an ssh_config names, as copies; without a path that of the person.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::ImportFailed`].
    pub async fn importable(&self, config: Option<PathBuf>) -> Result<ImportPreview> {
        let config = config.unwrap_or_else(|| self.places.ssh_dir.join("config"));
        let existing = self.hosts().await?.hosts;
        let looking = move || import::preview(&config, &existing);
        tokio::task::spawn_blocking(looking).await.map_err(Error::internal)?
    }

    /// Saves hosts whose names are free.
    ///
    /// # Errors
    /// Those of [`beside::add`], and about their tunnels.
    pub async fn add_hosts(&self, drafts: Vec<HostDraft>, key_files: KeyFiles) -> Result<Added> {
        let drafts = drafts.into_iter().map(tunnels::named).collect::<Result<Vec<_>>>()?;
        let dir = self.data_dir.clone();
        let adding = move || beside::add(&dir, &drafts, key_files);
        tokio::task::spawn_blocking(adding).await.map_err(Error::internal)?
    }

    /// Whether an app has the hosts open at this moment.
    pub async fn app_runs(&self) -> bool {
        let dir = self.data_dir.clone();
        tokio::task::spawn_blocking(move || store::is_open(&dir)).await.unwrap_or(false)
    }

    /// Whether a key of the target's host is trusted already.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::KnownHostsUnreadable`].
    pub async fn knows_key(&self, target: &Target) -> Result<bool> {
        let trust = self.dialer.trust.host(&target.trust, &target.address, target.port);
        let known =
            tokio::task::spawn_blocking(move || trust.known_types()).await.map_err(Error::internal)??;
        Ok(target.pinned_key.is_some() || known.has_authority || !known.plain.is_empty())
    }

    /// Takes hosts off the list.
    ///
    /// # Errors
    /// Those of [`beside::remove`].
    pub async fn remove_hosts(&self, ids: Vec<HostId>) -> Result<Vec<HostId>> {
        let dir = self.data_dir.clone();
        tokio::task::spawn_blocking(move || beside::remove(&dir, &ids)).await.map_err(Error::internal)?
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
        let (dialer, watch) = (self.dialer.clone(), self.jump_watch.clone());
        let carry: Carry = Arc::new(move |_, carrier| {
            let (dialer, watch) = (dialer.clone(), watch.clone());
            Arc::new(move || {
                let (dialer, carrier, watch) = (dialer.clone(), carrier.clone(), watch.clone());
                Box::pin(async move {
                    let asker = carrier.asker.clone();
                    let progress = |step: TestProgress| {
                        if let Some(JumpWatch(told)) = &watch {
                            told(&asker, step);
                        }
                    };
                    let connection = Connection::open(&dialer, carrier, &progress).await?;
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

    /// A place on a further connection for a large file, which asks nobody anything and ends with the place.
    ///
    /// # Errors
    /// See [`Headless::connect`]; a login that needs a person fails.
    pub async fn connect_bulk(&self, target: Target) -> Result<SessionPlace> {
        bulk::dial(&self.dialer, target).await
    }
}

/// Who the person is on this machine.
pub fn local_user() -> String {
    target::local_user()
}
