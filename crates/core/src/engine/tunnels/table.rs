//! The tunnels of this run: which ones there are, which of them run, and who is told.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

use super::super::tunnel_lanes::{OwnLanes, PoolCarrier};
use super::super::view::EngineEvent;
use super::super::{Engine, Inner};
use super::{TunnelId, TunnelView, TunnelsView, gone, saved_id};
use crate::connection::state::{ConnectionState, ConnectionView};
use crate::error::Result;
use crate::host::tunnels::{SavedTunnel, TunnelDraft, TunnelStart};
use crate::host::{HostId, HostList};
use crate::transfer::queue::rate::Rate;
use crate::tunnel::Tunnel;
use crate::tunnel::live::{Counts, Snapshot, Tell, TunnelState};

/// Bytes are news so often while a tunnel runs; everything else ten times a second at most.
const BYTES_PAUSE: Duration = Duration::from_millis(500);
const NEWS_PAUSE: Duration = Duration::from_millis(100);

/// The list. Clones share it.
#[derive(Clone)]
pub(in crate::engine) struct Tunnels {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) table: Mutex<Vec<Entry>>,
    /// One change of a host's record at a time.
    pub(super) saving: tokio::sync::Mutex<()>,
    /// The hosts that are up.
    pub(super) up: Mutex<HashSet<HostId>>,
    pub(super) changed: Arc<Notify>,
    pub(super) lanes: OwnLanes,
}

pub(super) struct Entry {
    pub(super) id: TunnelId,
    pub(super) host: HostId,
    pub(super) draft: TunnelDraft,
    pub(super) saved: bool,
    pub(super) running: Option<Tunnel>,
    /// A person stopped it, so it does not start with its host again while that is in use.
    pub(super) stopped_by_hand: bool,
    pub(super) sent: Rate,
    pub(super) received: Rate,
}

impl Entry {
    pub(super) fn new(id: TunnelId, host: HostId, draft: TunnelDraft, saved: bool) -> Self {
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

    pub(super) fn start(&self, id: &TunnelId, engine: &Engine, patient: bool) -> Result<()> {
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

    pub(super) async fn stop(&self, which: impl Fn(&Entry) -> bool) {
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

    pub(super) fn table(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.shared.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the window, and starts what starts with a host, for as long as the engine lives.
pub(in crate::engine) async fn follow(
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
