//! Tunnels, as a person sees them: those that are saved with hosts, and those of this run.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;
use ts_rs::TS;
use uuid::Uuid;

use super::config_notes::{ConfigNote, ConfigNoteKind};
use super::tunnel_lanes::{OwnLanes, PoolCarrier};
use super::view::EngineEvent;
use super::ways::alias;
use super::{Engine, Inner};
use crate::connection::state::{ConnectionState, ConnectionView};
use crate::error::{Error, ErrorCode, Result};
use crate::host::ssh_config::algorithms::Algorithms;
use crate::host::ssh_config::canonical::{Found, NameLookup};
use crate::host::ssh_config::files::Files;
use crate::host::ssh_config::resolve::{ExecAnswer, ExecRequest, Outside, Query, resolve};
use crate::host::ssh_config::values::AddressFamily;
use crate::host::tunnels::{self, SavedTunnel, TUNNELS_MAX, TunnelDraft, TunnelProblem, TunnelStart};
use crate::host::{HostDraft, HostId, HostList};
use crate::transfer::queue::rate::Rate;
use crate::tunnel::Tunnel;
use crate::tunnel::live::{Counts, Snapshot, Tell, TunnelState, TunnelTrouble};

/// Tunnels of this run that stand with no host's record.
const UNSAVED_MAX: usize = 256;
/// Bytes are news so often while a tunnel runs; everything else ten times a second at most.
const BYTES_PAUSE: Duration = Duration::from_millis(500);
const NEWS_PAUSE: Duration = Duration::from_millis(100);

/// Names a tunnel while the app runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct TunnelId(pub String);

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TunnelView {
    pub id: TunnelId,
    pub host_id: HostId,
    #[serde(flatten)]
    pub draft: TunnelDraft,
    /// It stands in the record of its host.
    pub saved: bool,
    pub state: TunnelState,
    /// Where it listens, each address with the port that it really has.
    pub bound: Vec<String>,
    /// What went wrong last.
    pub trouble: Option<TunnelTrouble>,
    /// Connections now, and since it was started.
    pub live: u32,
    pub total: f64,
    /// Connections that wait for the host.
    pub waiting: u32,
    /// Connections that ended with a failure.
    pub failed: f64,
    /// To the side that is connected to, and from there.
    pub sent_bytes: f64,
    pub received_bytes: f64,
    pub sent_per_second: f64,
    pub received_per_second: f64,
    /// What waits for programs that do not take it.
    pub held_bytes: f64,
}

/// All tunnels, those of a host beside each other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, TS)]
pub struct TunnelsView {
    pub tunnels: Vec<TunnelView>,
}

/// The list. Clones share it.
#[derive(Clone)]
pub(super) struct Tunnels {
    shared: Arc<Shared>,
}

struct Shared {
    table: Mutex<Vec<Entry>>,
    /// One change of a host's record at a time.
    saving: tokio::sync::Mutex<()>,
    /// The hosts that are up.
    up: Mutex<HashSet<HostId>>,
    changed: Arc<Notify>,
    lanes: OwnLanes,
}

struct Entry {
    id: TunnelId,
    host: HostId,
    draft: TunnelDraft,
    saved: bool,
    running: Option<Tunnel>,
    /// A person stopped it, so it does not start with its host again while that is in use.
    stopped_by_hand: bool,
    sent: Rate,
    received: Rate,
}

impl Entry {
    fn new(id: TunnelId, host: HostId, draft: TunnelDraft, saved: bool) -> Self {
        let (sent, received) = (Rate::default(), Rate::default());
        Self { id, host, draft, saved, running: None, stopped_by_hand: false, sent, received }
    }

    fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(Tunnel::is_running)
    }

    fn view(&mut self, now: Instant) -> TunnelView {
        let none = Snapshot {
            state: TunnelState::Stopped,
            bound: Vec::new(),
            trouble: None,
            counts: Counts::default(),
        };
        let Snapshot { state, bound, trouble, counts } = self.running.as_ref().map_or(none, Tunnel::snapshot);
        TunnelView {
            id: self.id.clone(),
            host_id: self.host.clone(),
            draft: self.draft.clone(),
            saved: self.saved,
            state,
            bound,
            trouble,
            live: counts.live,
            total: counts.total as f64,
            waiting: counts.waiting,
            failed: counts.failed as f64,
            sent_bytes: counts.sent_bytes as f64,
            received_bytes: counts.received_bytes as f64,
            sent_per_second: self.sent.at(now, counts.sent_bytes).round(),
            received_per_second: self.received.at(now, counts.received_bytes).round(),
            held_bytes: counts.held_bytes as f64,
        }
    }
}

impl Tunnels {
    pub fn new() -> Self {
        let shared = Shared {
            table: Mutex::default(),
            saving: tokio::sync::Mutex::default(),
            up: Mutex::default(),
            changed: Arc::default(),
            lanes: OwnLanes::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub fn view(&self) -> TunnelsView {
        let now = Instant::now();
        TunnelsView { tunnels: self.table().iter_mut().map(|entry| entry.view(now)).collect() }
    }

    /// Follows the records of the hosts.
    pub fn follow_hosts(&self, list: &HostList, engine: &Engine) {
        let mut restart = Vec::new();
        {
            let mut table = self.table();
            let mut before = std::mem::take(&mut *table);
            for host in &list.hosts {
                for SavedTunnel { id, draft } in &host.draft.options.tunnels {
                    let id = saved_id(&host.id, id);
                    let mut entry = match before.iter().position(|entry| entry.id == id) {
                        Some(place) => before.remove(place),
                        None => Entry::new(id, host.id.clone(), draft.clone(), true),
                    };
                    let ends = |draft: &TunnelDraft| (draft.kind, draft.listen.clone(), draft.target.clone());
                    if ends(&entry.draft) != ends(draft) && entry.is_running() {
                        restart.push((entry.id.clone(), entry.running.take()));
                    }
                    entry.draft = draft.clone();
                    table.push(entry);
                }
                let (of_this, others) =
                    before.into_iter().partition(|entry| entry.host == host.id && !entry.saved);
                table.extend::<Vec<Entry>>(of_this);
                before = others;
            }
            // What is left has no host any more, and ends here.
        }
        self.shared.changed.notify_one();
        for (id, tunnel) in restart {
            let (tunnels, engine) = (self.clone(), engine.clone());
            tokio::spawn(async move {
                if let Some(tunnel) = tunnel {
                    tunnel.stop().await;
                }
                let _ = tunnels.start(&id, &engine, false);
            });
        }
    }

    fn start(&self, id: &TunnelId, engine: &Engine, patient: bool) -> Result<()> {
        let mut table = self.table();
        let entry = table.iter_mut().find(|entry| entry.id == *id).ok_or_else(gone)?;
        if entry.is_running() {
            return Ok(());
        }
        let forward = entry.draft.forward()?;
        let carrier = Arc::new(PoolCarrier {
            engine: Arc::downgrade(&engine.inner),
            host: entry.host.clone(),
            lanes: Arc::clone(&self.shared.lanes),
        });
        let changed = Arc::clone(&self.shared.changed);
        let tell: Tell = Arc::new(move || changed.notify_one());
        (entry.sent, entry.received) = (Rate::default(), Rate::default());
        entry.stopped_by_hand = false;
        entry.running = Some(Tunnel::start(forward, carrier, patient, tell));
        drop(table);
        self.shared.changed.notify_one();
        Ok(())
    }

    async fn stop(&self, which: impl Fn(&Entry) -> bool) {
        let running: Vec<Tunnel> = self
            .table()
            .iter_mut()
            .filter(|entry| which(entry))
            .filter_map(|entry| {
                entry.stopped_by_hand = true;
                entry.running.take()
            })
            .collect();
        for tunnel in running {
            tunnel.stop().await;
        }
        self.shared.changed.notify_one();
    }

    pub async fn stop_of(&self, host: &HostId) {
        self.stop(|entry| entry.host == *host).await;
    }

    pub async fn stop_all(&self) {
        self.stop(|_| true).await;
    }

    /// Starts what starts by itself.
    fn start_those(&self, engine: &Engine, patient: bool, which: impl Fn(&Entry) -> bool) {
        let due: Vec<TunnelId> = self
            .table()
            .iter()
            .filter(|entry| which(entry) && !entry.is_running() && !entry.stopped_by_hand)
            .map(|entry| entry.id.clone())
            .collect();
        for id in due {
            if let Err(error) = self.start(&id, engine, patient) {
                tracing::warn!(%error, "a tunnel does not start by itself");
            }
        }
    }

    fn follow_connection(&self, view: &ConnectionView, engine: &Engine) {
        let host = &view.host_id;
        match view.state {
            ConnectionState::Up | ConnectionState::Suspect { .. } => {
                let news = self.shared.up.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone());
                if news {
                    self.start_those(engine, false, |entry| {
                        entry.host == *host && entry.draft.starts == TunnelStart::WithHost
                    });
                }
            }
            ConnectionState::Idle => {
                self.shared.up.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
                self.table()
                    .iter_mut()
                    .filter(|entry| entry.host == *host)
                    .for_each(|entry| entry.stopped_by_hand = false);
            }
            _ => {
                self.shared.up.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
            }
        }
    }

    fn has_running(&self) -> bool {
        self.table().iter().any(Entry::is_running)
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.shared.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host as its form has it: each of its tunnels is sound, and gets an id if it is new.
///
/// # Errors
/// [`ErrorCode::TunnelInvalid`].
pub(super) fn named(mut draft: HostDraft) -> Result<HostDraft> {
    draft.options.tunnels.truncate(TUNNELS_MAX);
    for tunnel in &mut draft.options.tunnels {
        tunnel.draft.forward()?;
        if tunnel.id.is_empty() {
            tunnel.id = Uuid::new_v4().to_string();
        }
    }
    Ok(draft)
}

fn saved_id(host: &HostId, id: &str) -> TunnelId {
    TunnelId(format!("{host}/{id}"))
}

fn gone() -> Error {
    Error::new(ErrorCode::TunnelNotFound, "This tunnel has been removed.")
}

/// Tells the window, and starts what starts with a host, for as long as the engine lives.
pub(super) async fn follow(
    engine: Weak<Inner>,
    tunnels: Tunnels,
    mut news: broadcast::Receiver<EngineEvent>,
) {
    {
        let Some(inner) = engine.upgrade() else { return };
        let engine = Engine { inner };
        match engine.hosts().await {
            Ok(list) => tunnels.follow_hosts(&list, &engine),
            Err(error) => tracing::warn!(%error, "the saved tunnels are not known"),
        }
        tunnels.start_those(&engine, true, |entry| entry.draft.starts == TunnelStart::WithApp);
    }
    let telling = tell(engine.clone(), tunnels.clone());
    let following = async {
        loop {
            let views = match news.recv().await {
                Ok(EngineEvent::Connection(view)) => vec![view],
                Ok(_) => continue,
                Err(broadcast::error::RecvError::Lagged(_)) => match engine.upgrade() {
                    Some(inner) => inner.pool.views(),
                    None => return,
                },
                Err(broadcast::error::RecvError::Closed) => return,
            };
            let Some(inner) = engine.upgrade() else { return };
            let engine = Engine { inner };
            views.iter().for_each(|view| tunnels.follow_connection(view, &engine));
        }
    };
    tokio::join!(telling, following);
}

async fn tell(engine: Weak<Inner>, tunnels: Tunnels) {
    let mut last = TunnelsView::default();
    loop {
        let changed = tunnels.shared.changed.notified();
        if tunnels.has_running() {
            let _ = tokio::time::timeout(BYTES_PAUSE, changed).await;
        } else {
            changed.await;
        }
        let Some(inner) = engine.upgrade() else { return };
        let view = tunnels.view();
        if view != last {
            let _ = inner.events.send(EngineEvent::Tunnels(view.clone()));
            last = view;
        }
        drop(inner);
        tokio::time::sleep(NEWS_PAUSE).await;
    }
}

impl Engine {
    pub async fn tunnels(&self) -> Result<TunnelsView> {
        Ok(self.inner.tunnels.view())
    }

    /// What is wrong with a draft, field by field.
    pub async fn tunnel_check(&self, draft: TunnelDraft) -> Result<Vec<TunnelProblem>> {
        Ok(tunnels::check(&draft))
    }

    /// Adds a tunnel to a host: to its record with `keep`, for this run without. Hosts of ssh_config and the built-in one have
    /// no record.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelInvalid`], and those of [`Engine::host_update`].
    pub async fn tunnel_add(&self, host: HostId, draft: TunnelDraft, keep: bool) -> Result<TunnelId> {
        draft.forward()?;
        let id = Uuid::new_v4().to_string();
        if keep && self.keeps_tunnels(&host) {
            let saved = SavedTunnel { id: id.clone(), draft };
            self.save_tunnels(&host, move |tunnels| {
                tunnels.push(saved);
                Ok(())
            })
            .await?;
            return Ok(saved_id(&host, &id));
        }
        let id = TunnelId(id);
        {
            let mut table = self.inner.tunnels.table();
            if table.iter().filter(|entry| !entry.saved).count() >= UNSAVED_MAX {
                return Err(Error::internal("there are too many tunnels"));
            }
            table.push(Entry::new(id.clone(), host, draft, false));
        }
        self.inner.tunnels.shared.changed.notify_one();
        Ok(id)
    }

    /// Changes a tunnel; one that runs is started anew.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelNotFound`], and those of [`Engine::tunnel_add`].
    pub async fn tunnel_change(&self, id: TunnelId, draft: TunnelDraft) -> Result<()> {
        draft.forward()?;
        let (host, saved) = self.tunnel_place(&id)?;
        if saved {
            return self
                .save_tunnels(&host, |tunnels| {
                    let found = tunnels.iter_mut().find(|one| saved_id(&host, &one.id) == id);
                    found.ok_or_else(gone)?.draft = draft;
                    Ok(())
                })
                .await;
        }
        let running = {
            let mut table = self.inner.tunnels.table();
            let entry = table.iter_mut().find(|entry| entry.id == id).ok_or_else(gone)?;
            entry.draft = draft;
            entry.running.take()
        };
        if let Some(running) = running {
            let was = running.is_running();
            running.stop().await;
            if was {
                return self.tunnel_start(id).await;
            }
        }
        self.inner.tunnels.shared.changed.notify_one();
        Ok(())
    }

    /// # Errors
    /// [`ErrorCode::TunnelNotFound`]. What becomes of it is told with its state.
    pub async fn tunnel_start(&self, id: TunnelId) -> Result<()> {
        self.inner.tunnels.start(&id, self, false)
    }

    /// Ends it with all its connections. When this returns its port is free.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelNotFound`].
    pub async fn tunnel_stop(&self, id: TunnelId) -> Result<()> {
        self.tunnel_place(&id)?;
        self.inner.tunnels.stop(|entry| entry.id == id).await;
        Ok(())
    }

    /// Ends it, and takes it off the list and out of the record of its host.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelNotFound`], and those of [`Engine::host_update`].
    pub async fn tunnel_remove(&self, id: TunnelId) -> Result<()> {
        let (host, saved) = self.tunnel_place(&id)?;
        self.inner.tunnels.stop(|entry| entry.id == id).await;
        if saved {
            return self
                .save_tunnels(&host, |tunnels| {
                    tunnels.retain(|one| saved_id(&host, &one.id) != id);
                    Ok(())
                })
                .await;
        }
        self.inner.tunnels.table().retain(|entry| entry.id != id);
        self.inner.tunnels.shared.changed.notify_one();
        Ok(())
    }

    /// The forwardings that ssh_config has for a host. Nothing is run and nobody is asked for that.
    ///
    /// # Errors
    /// [`ErrorCode::HostNotFound`].
    pub async fn tunnel_offers(&self, host: HostId) -> Result<Vec<TunnelDraft>> {
        let places = self.inner.places.clone();
        let mut query = Query { config: places.choice(), ..Query::default() };
        if host.0 == super::BUILTIN_ID {
            return Ok(Vec::new());
        }
        match alias(&host) {
            Some(alias) => query.destination = alias.to_owned(),
            None => query = super::form::form_query(query, &self.inner.store.get(&host).await?.draft),
        }
        let reading = tokio::task::spawn_blocking(move || {
            let mut exec = |_: &ExecRequest<'_>| ExecAnswer::Declined;
            let outside = Outside { exec: &mut exec, names: &mut NobodyAsked };
            let (local, algorithms) = (places.local(), Algorithms::default());
            let Ok(resolved) = resolve(&query, &local, &algorithms, &mut Files::default(), outside) else {
                return Vec::new();
            };
            let gateway_ports = resolved.gateway_ports;
            let drafts = resolved.forwards.iter().map(|forward| TunnelDraft::of(forward, gateway_ports));
            drafts.filter(|draft| tunnels::check(draft).is_empty()).take(TUNNELS_MAX).collect()
        });
        reading.await.map_err(Error::internal)
    }

    fn keeps_tunnels(&self, host: &HostId) -> bool {
        host.0 != super::BUILTIN_ID && alias(host).is_none()
    }

    fn tunnel_place(&self, id: &TunnelId) -> Result<(HostId, bool)> {
        let table = self.inner.tunnels.table();
        table
            .iter()
            .find(|entry| entry.id == *id)
            .map(|entry| (entry.host.clone(), entry.saved))
            .ok_or_else(gone)
    }

    async fn save_tunnels(
        &self,
        host: &HostId,
        change: impl FnOnce(&mut Vec<SavedTunnel>) -> Result<()>,
    ) -> Result<()> {
        let _one_at_a_time = self.inner.tunnels.shared.saving.lock().await;
        let mut draft = self.inner.store.get(host).await?.draft;
        change(&mut draft.options.tunnels)?;
        if draft.options.tunnels.len() > TUNNELS_MAX {
            return Err(Error::internal("there are too many tunnels"));
        }
        self.inner.store.update(host, draft).await?;
        self.publish_hosts().await
    }
}

/// Whether a note says of a forwarding that it is not used: the page of tunnels offers it.
pub(super) fn is_offered(note: &ConfigNote) -> bool {
    let keyword = note.keyword.as_deref().unwrap_or_default().to_ascii_lowercase();
    note.kind == ConfigNoteKind::Unsupported
        && ["localforward", "remoteforward", "dynamicforward"].contains(&keyword.as_str())
}

/// To show what a config says, no name is looked up.
struct NobodyAsked;

impl NameLookup for NobodyAsked {
    fn look_up(&mut self, _: &str, _: AddressFamily) -> Option<Found> {
        None
    }
}
