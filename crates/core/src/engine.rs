//! The composition root: one method for each thing that a person can ask for.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::auth::Authenticator;
use crate::auth::secrets::Secrets;
use crate::connection::Dialer;
use crate::connection::dial::consent::Consents;
use crate::connection::times::ConnectionTimes;
use crate::error::{Error, Problem, Result};
use crate::files::edit::drafts::Drafts;
use crate::files::edit::open::OpenEdits;
use crate::host::StoreNotice;
use crate::host::store::HostStore;
use crate::network;
use crate::pool::{IdleExpiry, Pool};
use crate::prompt::{Answer, Prompts};
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
mod host_test;
mod hosts;
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
pub use hosts::PasswordChange;

use config_notes::ConfigNotes;
use configured::ConfigPlaces;
use copy_out::Outbox;
use drag_out::DragOut;
use external::Externals;
use files::Panels;
use hosts::not_found;
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
    /// [`ErrorCode::StoreBusy`](crate::error::ErrorCode::StoreBusy) when another Bowline runs on the same files, and the other
    /// codes about the store.
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
        let linked = linked::start(&places).await?;
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

    /// Answers a question. One that is gone meanwhile needs no answer.
    pub async fn prompt_answer(&self, id: u32, answer: Answer) -> Result<()> {
        self.inner.dialer.prompts.answer(id, answer);
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

    fn secrets(&self) -> &Secrets {
        &self.inner.dialer.authenticator.secrets
    }
}
