//! The composition root: one method for each thing that a person can ask for.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use ts_rs::TS;

use crate::auth::Authenticator;
use crate::auth::secrets::{SecretKind, Secrets};
use crate::connection::dial::consent::Consents;
use crate::connection::progress::{Progress, TestProgress, TestStep, step};
use crate::connection::times::ConnectionTimes;
use crate::connection::{Connection, Dialer};
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::files::edit::drafts::Drafts;
use crate::files::edit::open::OpenEdits;
use crate::host::import::{self, ImportPreview};
use crate::host::linked::LinkedHosts;
use crate::host::store::HostStore;
use crate::host::{FieldProblem, Host, HostDraft, HostId, HostList, StoreNotice, check};
use crate::network;
use crate::pool::{IdleExpiry, Pool};
use crate::prompt::{Answer, Prompts, Secret};
use crate::terminal::shell;
use crate::terminal::state::TerminalSize;
use crate::timeline::Timeline;
use crate::transfer::queue::Queue;
use crate::trust::TrustStore;

mod builtin;
pub mod config_notes;
mod configured;
mod connections;
mod copy_out;
mod detached;
pub mod directory;
mod drafts;
pub mod drag_out;
mod edit;
mod elevated;
mod exec;
mod external;
mod files;
mod form;
pub mod headless;
mod jobs;
mod jumps;
pub mod keys;
#[cfg(unix)]
mod lend;
mod linked;
pub mod links;
pub mod pipes;
pub mod runs;
mod seal;
mod shells;
mod snippets;
mod sources;
mod store_changes;
mod syncs;
mod target;
mod terminals;
mod transfers;
mod trust;
mod tunnel_lanes;
pub mod tunnels;
pub mod view;
mod ways;
mod windows;
mod workspace;

pub use builtin::{BUILTIN_ID, Builtin, StartBuiltin};

use config_notes::ConfigNotes;
use configured::ConfigPlaces;
use copy_out::Outbox;
use drag_out::DragOut;
use external::Externals;
use files::Panels;
use linked::Linked;
use links::Links;
use pipes::Pipes;
use runs::Runs;
use seal::Seal;
use sources::Sources;
use syncs::Syncs;
use target::local_user;
use terminals::Terminals;
use tunnels::Tunnels;
use view::{EngineEvent, KeyringState, Overview};
use workspace::{Keeper, Workspaces};

/// News that wait for a window. One that falls further behind asks for an overview again: every piece is a snapshot.
const EVENTS: usize = 1024;
/// Questions that came or went and wait for the task that passes them on, which never waits itself.
const PROMPT_NEWS: usize = 256;
/// Notes on configs that are remembered as told; whoever has more problems than this need not hear of the next one.
const NOTES_TOLD_MAX: usize = 10_000;

/// Where the engine keeps its things, and what the shell lends it.
pub struct EngineConfig {
    /// Holds the saved hosts; created if missing.
    pub data_dir: PathBuf,
    /// `~/.ssh`; its `config` is the person's ssh_config, and its parent their home folder.
    pub ssh_dir: PathBuf,
    /// The system's ssh_config, usually `/etc/ssh/ssh_config`; none is read without it.
    pub system_config: Option<PathBuf>,
    /// The agent's socket (Unix); `SSH_AUTH_SOCK` if none.
    pub agent_socket: Option<PathBuf>,
    pub builtin: Arc<dyn StartBuiltin>,
    /// How long connections outlive their last session.
    pub idle_expiry: IdleExpiry,
}

impl std::fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineConfig").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// What becomes of a host's kept password when the form is saved.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PasswordChange {
    Keep,
    Forget,
    Set {
        #[ts(type = "string")]
        secret: Secret,
    },
}

/// The engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

struct Inner {
    store: HostStore,
    notices: Vec<StoreNotice>,
    dialer: Dialer,
    pool: Pool,
    builtin: Arc<dyn StartBuiltin>,
    terminals: Terminals,
    workspace: Workspaces,
    sources: Sources,
    jobs: Queue,
    timeline: Timeline,
    panels: Panels,
    syncs: Syncs,
    edits: OpenEdits,
    drafts: Drafts,
    seal: Seal,
    externals: Externals,
    tunnels: Tunnels,
    links: Links,
    outbox: Outbox,
    drag_out: DragOut,
    pipes: Pipes,
    runs: Runs,
    /// The socket of the command, once it is asked for.
    #[cfg(unix)]
    lending: std::sync::OnceLock<crate::lend::serve::Lending>,
    ssh_dir: PathBuf,
    places: ConfigPlaces,
    linked: Linked,
    times: Mutex<ConnectionTimes>,
    /// What was said about configs in this run.
    notes_told: Mutex<HashSet<ConfigNotes>>,
    events: broadcast::Sender<EngineEvent>,
    /// The test of the host form that runs.
    test: Mutex<CancellationToken>,
    /// Ends the engine's own tasks with it.
    _tasks: DropGuard,
}

impl Engine {
    /// Opens the saved hosts and starts the engine's tasks on the current tokio runtime.
    ///
    /// # Errors
    /// [`ErrorCode::StoreBusy`] when another Bowline runs on the same files, and the other codes about the store.
    pub async fn start(config: EngineConfig) -> Result<Self> {
        let EngineConfig { data_dir, ssh_dir, system_config, agent_socket, builtin, idle_expiry } = config;
        let places = ConfigPlaces { ssh_dir: ssh_dir.clone(), system: system_config };
        let consents = Consents::at(data_dir.join("commands.json"));
        let (workspace_folder, captures_folder, jobs_folder) =
            (data_dir.clone(), data_dir.clone(), data_dir.clone());
        let (panels, syncs) = (Panels::new(&data_dir), Syncs::new(&data_dir));
        let pipes = Pipes::new(&data_dir);
        let copies_folder = data_dir.join("edits");
        let drafts = Drafts::at(data_dir.join("drafts"));
        let outbox_folder = data_dir.clone();
        let opening = tokio::task::spawn_blocking(move || HostStore::open(&data_dir));
        let (store, mut notices) = opening.await.map_err(Error::internal)??;
        let (news, told) = mpsc::channel(PROMPT_NEWS);
        let secrets = Secrets::open();
        let dialer = Dialer {
            trust: Arc::new(TrustStore::openssh_defaults(&ssh_dir)),
            prompts: Prompts::new(news),
            authenticator: Authenticator { secrets, ssh_dir: ssh_dir.clone(), agent_socket },
            consents,
        };
        // The lock of the host store says that what lies there is nobody else's.
        let outbox = tokio::task::spawn_blocking(move || Outbox::open(&outbox_folder))
            .await
            .map_err(Error::internal)?;
        let (events, _) = broadcast::channel(EVENTS);
        let timeline = {
            let events = events.clone();
            Timeline::new(Arc::new(move |entry| drop(events.send(EngineEvent::Timeline(entry)))))
        };
        let pool = {
            let events = events.clone();
            let on_change = Arc::new(move |view| drop(events.send(EngineEvent::Connection(view))));
            Pool::new(dialer.clone(), idle_expiry, timeline.clone(), on_change)
        };
        let ended = CancellationToken::new();
        tokio::spawn(ended.clone().run_until_cancelled_owned(network::watch(pool.clone())));
        let terminals = Terminals::new(events.clone());
        // Only now: the lock of the host store says that nobody else has these files.
        let (workspace, orders) = Workspaces::open(workspace_folder).await?;
        let secrets = dialer.authenticator.secrets.clone();
        let seal = Seal::new(secrets);
        let keeper =
            Keeper { workspaces: workspace.clone(), terminals: terminals.clone(), seal: seal.clone() };
        tokio::spawn(ended.clone().run_until_cancelled_owned(keeper.run(orders)));
        let (jobs, reach, of_jobs) = jobs::open(&jobs_folder, ended.clone(), events.clone());
        notices.extend(of_jobs);
        let events_of_jobs = events.subscribe();
        let sources = Sources::new(events.clone(), captures_folder);
        let (externals, of_edits) = Externals::open(events.clone(), copies_folder).await;
        notices.extend(of_edits);
        let linked = start_linked(&places).await?;
        let list = linked.list.clone();
        let tunnels = Tunnels::new();
        let test = Mutex::default();
        let inner = Inner {
            store,
            notices,
            dialer,
            pool,
            builtin,
            terminals,
            workspace,
            sources,
            jobs,
            timeline,
            panels,
            syncs,
            edits: OpenEdits::default(),
            drafts,
            seal,
            externals,
            tunnels: tunnels.clone(),
            links: Links::default(),
            outbox,
            drag_out: DragOut::default(),
            pipes,
            runs: Runs::default(),
            #[cfg(unix)]
            lending: std::sync::OnceLock::new(),
            ssh_dir,
            places,
            linked,
            times: Mutex::default(),
            notes_told: Mutex::default(),
            events,
            test,
            _tasks: ended.clone().drop_guard(),
        };
        let engine = Self { inner: Arc::new(inner) };
        reach.set(&engine.inner);
        tokio::spawn(ended.clone().run_until_cancelled_owned(jobs::follow(reach, events_of_jobs)));
        engine.inner.jobs.start();
        let following = tunnels::follow(Arc::downgrade(&engine.inner), tunnels, engine.events());
        tokio::spawn(ended.clone().run_until_cancelled_owned(following));
        let changes = store_changes::follow(Arc::downgrade(&engine.inner));
        tokio::spawn(ended.clone().run_until_cancelled_owned(changes));
        let following = pipes::follow(Arc::downgrade(&engine.inner));
        tokio::spawn(ended.clone().run_until_cancelled_owned(following));
        let telling = runs::tell(Arc::downgrade(&engine.inner), engine.inner.runs.clone());
        tokio::spawn(ended.clone().run_until_cancelled_owned(telling));
        tokio::spawn(ended.run_until_cancelled_owned(linked::follow(Arc::downgrade(&engine.inner), list)));
        // A keyring that waits to be unlocked must not hold the window up.
        tokio::spawn(engine.clone().forget_old_hosts());
        tokio::spawn(engine.pass_on_questions(told));
        Ok(engine)
    }

    /// News from now on. Read [`Engine::overview`] after subscribing.
    pub fn events(&self) -> broadcast::Receiver<EngineEvent> {
        self.inner.events.subscribe()
    }

    /// Everything that a window needs at its start.
    ///
    /// # Errors
    /// The codes about the store.
    pub async fn overview(&self) -> Result<Overview> {
        let hosts = self.hosts().await?;
        let keyring = match self.secrets().state().await {
            Ok(()) => KeyringState::Ready,
            Err(error) => KeyringState::Unusable { problem: Problem::from(&error) },
        };
        let importable = self.importable(&hosts).await;
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: std::env::consts::OS.to_owned(),
            local_user: target::local_user(),
            connections: self.inner.pool.views(),
            terminals: self.inner.terminals.views(),
            captures: self.inner.sources.captures(),
            playbacks: self.inner.sources.playbacks(),
            shells: self.inner.terminals.shells(),
            transfers: self.transfers(),
            jobs: self.inner.jobs.view(),
            external_edits: self.inner.externals.views(),
            tunnels: self.inner.tunnels.view(),
            links: self.inner.links.view(),
            pipes: self.inner.pipes.view(),
            runs: self.inner.runs.views(),
            timeline: self.inner.timeline.entries(),
            windows: self.inner.workspace.state().windows.view(),
            prompts: self.inner.dialer.prompts.list(),
            store_notices: self.inner.notices.clone(),
            keyring,
            importable,
            hosts,
        })
    }

    /// The built-in host, all saved ones, and then those of ssh_config.
    ///
    /// # Errors
    /// The codes about the store.
    pub async fn hosts(&self) -> Result<HostList> {
        let mut list = self.inner.store.list().await?;
        list.hosts.insert(0, builtin::host());
        list.hosts.extend(self.linked_hosts());
        Ok(list)
    }

    /// What is wrong with a draft, field by field.
    pub async fn host_check(&self, draft: HostDraft) -> Result<Vec<FieldProblem>> {
        tokio::task::spawn_blocking(move || check(&draft)).await.map_err(Error::internal)
    }

    /// # Errors
    /// [`ErrorCode::HostInvalid`] and the codes about the store, as for the others that change hosts.
    pub async fn host_create(&self, draft: HostDraft, password: PasswordChange) -> Result<Host> {
        let host = self.inner.store.create(tunnels::named(draft)?).await?;
        let changed = self.change_password(&host.id, password).await;
        self.publish_hosts().await?;
        changed?;
        self.inner.store.get(&host.id).await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_update(&self, id: HostId, draft: HostDraft, password: PasswordChange) -> Result<Host> {
        self.must_be_saved(&id)?;
        self.inner.store.update(&id, tunnels::named(draft)?).await?;
        let changed = self.change_password(&id, password).await;
        self.inner.pool.forget_failures(&id);
        self.publish_hosts().await?;
        changed?;
        self.inner.store.get(&id).await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_duplicate(&self, id: HostId) -> Result<Host> {
        self.must_be_saved(&id)?;
        let host = self.inner.store.duplicate(&id).await?;
        self.publish_hosts().await?;
        Ok(host)
    }

    /// Takes a host off the list. [`Engine::host_restore`] brings it back, also after a restart for a while.
    ///
    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_delete(&self, id: HostId) -> Result<()> {
        self.must_be_saved(&id)?;
        self.inner.store.delete(&id).await?;
        self.publish_hosts().await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_restore(&self, id: HostId) -> Result<Host> {
        self.must_be_saved(&id)?;
        let host = self.inner.store.restore(&id).await?;
        self.publish_hosts().await?;
        Ok(host)
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn group_rename(&self, from: String, to: String) -> Result<()> {
        self.inner.store.rename_group(&from, &to).await?;
        self.publish_hosts().await
    }

    /// # Errors
    /// See [`Engine::host_create`].
    pub async fn host_move(&self, id: HostId, group: String) -> Result<Host> {
        self.must_be_saved(&id)?;
        let host = self.inner.store.move_to_group(&id, &group).await?;
        self.publish_hosts().await?;
        Ok(host)
    }

    /// The hosts of the person's ssh_config.
    ///
    /// # Errors
    /// [`ErrorCode::ImportFailed`].
    pub async fn import_preview(&self) -> Result<ImportPreview> {
        let existing = self.inner.store.list().await?.hosts;
        let path = self.inner.ssh_dir.join("config");
        tokio::task::spawn_blocking(move || import::preview(&path, &existing))
            .await
            .map_err(Error::internal)?
    }

    /// Saves some of them; those that are saved already are passed over.
    ///
    /// # Errors
    /// [`ErrorCode::ImportFailed`] and those of [`Engine::host_create`]; what was saved before stays.
    pub async fn import_apply(&self, aliases: Vec<String>) -> Result<Vec<Host>> {
        let preview = self.import_preview().await?;
        let mut saved = Vec::new();
        for candidate in preview.candidates {
            if !candidate.saved && aliases.contains(&candidate.alias) {
                saved.push(self.inner.store.create(candidate.draft).await?);
            }
        }
        self.publish_hosts().await?;
        Ok(saved)
    }

    /// Answers a question. One that is gone meanwhile needs no answer.
    pub async fn prompt_answer(&self, id: u32, answer: Answer) -> Result<()> {
        self.inner.dialer.prompts.answer(id, answer);
        Ok(())
    }

    /// Tries a draft out, step by step, up to a shell that is closed at once. Every failure is told as progress.
    pub async fn host_test(
        &self,
        id: Option<HostId>,
        draft: HostDraft,
        password: PasswordChange,
        progress: Progress<'_>,
    ) {
        let cancelled = CancellationToken::new();
        std::mem::replace(&mut *self.test(), cancelled.clone()).cancel();
        let testing = async {
            let checked = self.test_target(id, draft, password);
            let target = match checked.await {
                Ok(target) => target,
                Err(error) => return progress(TestProgress::failed(TestStep::Resolve, &error)),
            };
            let Ok(connection) = Connection::open(&self.inner.dialer, target, progress).await else { return };
            let opening = async {
                let place =
                    connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))?;
                shell::open(place, TerminalSize { cols: 80, rows: 24 }).await
            };
            if let Some(id) = &connection.target().asker.host_id {
                self.record_remembered(&connection, id).await;
            }
            if let Ok(source) = step(progress, TestStep::Shell, opening, |_| String::new()).await {
                source.control.close().await;
            }
            connection.close().await;
        };
        tokio::select! {
            () = testing => {}
            () = cancelled.cancelled() => {}
        }
    }

    /// Stops a test that runs.
    pub async fn host_test_cancel(&self) -> Result<()> {
        self.test().cancel();
        Ok(())
    }

    /// Ends everything: terminals, connections and the built-in host.
    pub async fn shut_down(&self) {
        self.test().cancel();
        #[cfg(unix)]
        self.lend_no_more();
        self.keep_workspace().await;
        self.inner.externals.end().await;
        self.inner.runs.stop_all().await;
        self.inner.jobs.end().await;
        self.inner.tunnels.stop_all().await;
        self.inner.pipes.end().await;
        self.inner.terminals.close_all().await;
        self.inner.sources.end_all().await;
        self.inner.pool.shut_down().await;
        #[cfg(unix)]
        self.end_lent().await;
        self.inner.builtin.stop().await;
    }

    async fn change_password(&self, id: &HostId, change: PasswordChange) -> Result<()> {
        let kept = match change {
            PasswordChange::Keep => return Ok(()),
            PasswordChange::Forget => {
                self.secrets().delete(SecretKind::Password, &id.0).await?;
                false
            }
            PasswordChange::Set { secret } => {
                self.secrets().set(SecretKind::Password, &id.0, secret).await?;
                // Without a keyring it is kept for this run only, and the next one must not look for it.
                self.secrets().state().await.is_ok()
            }
        };
        self.inner.store.set_has_password(id, kept).await
    }

    /// Notes at the host that its password is in the keyring. The login has worked: a store that fails must not undo it.
    async fn record_remembered(&self, connection: &Connection, id: &HostId) {
        // A linked host has no row: its password is looked for in the keyring by its id.
        if !connection.take_remembered_password() || ways::alias(id).is_some() {
            return;
        }
        let recorded = async {
            self.inner.store.set_has_password(id, true).await?;
            self.publish_hosts().await
        };
        if let Err(error) = recorded.await {
            tracing::warn!(%error, "a kept password is not noted at its host");
        }
    }

    /// Passwords and drafts of hosts that were deleted long ago and can no longer be restored.
    async fn forget_old_hosts(self) {
        let Ok(old) = self.inner.store.forgettable().await else { return };
        self.forget_old_drafts(old.clone()).await;
        // Asking for the state never opens a dialog; deleting from a locked keyring does.
        if self.secrets().state().await.is_err() {
            return;
        }
        for id in &old {
            for kind in [SecretKind::Password, SecretKind::Sudo] {
                if let Err(error) = self.secrets().delete(kind, &id.0).await {
                    tracing::warn!(%error, "the password of a deleted host stays in the keyring until the next start");
                    return;
                }
            }
        }
        if let Err(error) = self.inner.store.forget(old).await {
            tracing::warn!(%error, "deleted hosts stay in the file until the next start");
        }
    }

    async fn publish_hosts(&self) -> Result<()> {
        let hosts = self.hosts().await?;
        self.inner.tunnels.follow_hosts(&hosts, self);
        let _ = self.inner.events.send(EngineEvent::Hosts(hosts));
        Ok(())
    }

    async fn importable(&self, hosts: &HostList) -> u32 {
        let saved = hosts.hosts.iter().filter(|host| host.linked.is_none()).cloned().collect::<Vec<_>>();
        let (path, existing) = (self.inner.ssh_dir.join("config"), saved);
        let counted = tokio::task::spawn_blocking(move || import::count(&path, &existing)).await;
        counted.ok().and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
    }

    fn secrets(&self) -> &Secrets {
        &self.inner.dialer.authenticator.secrets
    }

    fn test(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        self.inner.test.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows ssh_config. Without a thread for it there are no linked hosts in this run, and everything else works.
async fn start_linked(places: &ConfigPlaces) -> Result<Linked> {
    let places = places.clone();
    let started =
        tokio::task::spawn_blocking(move || LinkedHosts::start(places.linked(), places.local())).await;
    Ok(match started.map_err(Error::internal)? {
        Ok((watcher, list)) => Linked { list, _watcher: Some(watcher) },
        Err(error) => {
            tracing::warn!(%error, "the hosts of ssh_config cannot be followed");
            let (_, list) = watch::channel(Arc::default());
            Linked { list, _watcher: None }
        }
    })
}

/// The host is not there any more.
fn not_found(id: &HostId) -> Error {
    Error::new(ErrorCode::HostNotFound, "This host has been deleted.").with("host", id)
}
