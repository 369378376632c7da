//! Hosts and their connections: who needs a session on a host gets a place on a connection that is up, or waits for the
//! one dial that serves all who wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::connection::health::LaneHealth;
use crate::connection::progress::{TestOutcome, TestProgress, TestStep};
use crate::connection::state::{ConnectionState, ConnectionView};
use crate::connection::{Connection, Dialer, SessionPlace, Status, Target};
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::HostId;

/// How long a connection outlives its last session, so that closing a tab and opening another dials only once.
const LINGER: Duration = Duration::from_secs(3);
/// How often "last heard" is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Dials of one caller that finds each new connection taken by others who waited for it.
const DIALS_MAX: u32 = 3;

/// Told of every change of a host's connection.
pub type OnChange = Arc<dyn Fn(ConnectionView) + Send + Sync>;

/// Makes the target of a host when a dial begins; it may have to start the built-in host first.
pub type MakeTarget = Arc<dyn Fn() -> BoxFuture<'static, Result<Target>> + Send + Sync>;

/// The connections of all hosts. Clones share them.
#[derive(Clone)]
pub struct Pool {
    dialer: Dialer,
    hosts: Arc<Mutex<BTreeMap<HostId, Slot>>>,
    on_change: OnChange,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Slot {
    lanes: Vec<Arc<Connection>>,
    dial: Option<Dial>,
    /// Why the last connection ended or was not made, until the next try.
    problem: Option<Problem>,
}

/// A dial under way; its outcome goes to all who wait.
struct Dial {
    outcome: watch::Receiver<Option<Result<(), Problem>>>,
    authenticating: bool,
}

impl Pool {
    pub fn new(dialer: Dialer, on_change: OnChange) -> Self {
        Self { dialer, hosts: Arc::default(), on_change }
    }

    /// A place for one session on a connection to the host.
    ///
    /// # Errors
    /// What kept the connection from being made; all who waited for the same dial get the same.
    pub async fn place(&self, host: &HostId, make_target: MakeTarget) -> Result<SessionPlace> {
        let mut dials = 0;
        loop {
            let mut outcome = match self.place_or_dial(host, &make_target, &mut dials) {
                Found::Place(place) => {
                    self.publish(host);
                    return Ok(place);
                }
                Found::Dial(outcome) => outcome,
                Found::Nothing => return Err(full(host)),
            };
            let told = outcome.wait_for(Option::is_some).await.map(|told| told.clone());
            match told {
                Ok(Some(Ok(()))) => {}
                Ok(Some(Err(problem))) => return Err(problem.into()),
                Ok(None) | Err(_) => return Err(Error::internal("a dial ended without an outcome")),
            }
        }
    }

    /// Every host that is or was connected since the start.
    pub fn views(&self) -> Vec<ConnectionView> {
        self.lock().iter().map(|(host, slot)| slot.view(host)).collect()
    }

    /// Ends every connection of a host, and a dial under way when its waiters are gone.
    pub async fn disconnect(&self, host: &HostId) {
        let lanes = match self.lock().get_mut(host) {
            Some(slot) => {
                slot.problem = None;
                slot.lanes.clone()
            }
            None => return,
        };
        futures::future::join_all(lanes.iter().map(|lane| lane.close())).await;
    }

    pub fn health(&self, host: &HostId) -> Vec<LaneHealth> {
        let _ = host;
        Vec::new()
    }

    pub fn retry_now(&self, host: &HostId) {
        let _ = host;
    }

    pub fn give_up(&self, host: &HostId) {
        let _ = host;
    }

    /// Ends everything, at the end of the app.
    pub async fn shut_down(&self) {
        let lanes: Vec<_> = self.lock().values().flat_map(|slot| slot.lanes.clone()).collect();
        futures::future::join_all(lanes.iter().map(|lane| lane.close())).await;
    }

    fn place_or_dial(&self, host: &HostId, make_target: &MakeTarget, dials: &mut u32) -> Found {
        let mut hosts = self.lock();
        let slot = hosts.entry(host.clone()).or_default();
        if let Some(place) = slot.lanes.iter().find_map(Connection::reserve) {
            return Found::Place(place);
        }
        if let Some(dial) = &slot.dial {
            return Found::Dial(dial.outcome.clone());
        }
        *dials += 1;
        if *dials > DIALS_MAX {
            return Found::Nothing;
        }
        let (tell, outcome) = watch::channel(None);
        slot.problem = None;
        slot.dial = Some(Dial { outcome: outcome.clone(), authenticating: false });
        drop(hosts);
        self.publish(host);
        tokio::spawn(self.clone().dial(host.clone(), Arc::clone(make_target), tell));
        Found::Dial(outcome)
    }

    async fn dial(
        self,
        host: HostId,
        make_target: MakeTarget,
        tell: watch::Sender<Option<Result<(), Problem>>>,
    ) {
        let progress = |step: TestProgress| {
            if step.step == TestStep::Connect && matches!(step.outcome, TestOutcome::Passed { .. }) {
                if let Some(dial) = self.lock().get_mut(&host).and_then(|slot| slot.dial.as_mut()) {
                    dial.authenticating = true;
                }
                self.publish(&host);
            }
        };
        let opening = async { Connection::open(&self.dialer, make_target().await?, &progress).await };
        let opened = tokio::select! {
            opened = opening => opened,
            // Everyone who waited has gone. `place` holds one receiver, the slot's dial another.
            () = abandoned(&tell) => Err(Error::new(ErrorCode::Cancelled, "The connection was given up.")),
        };
        let problem = opened.as_ref().err().map(Problem::from);
        {
            let mut hosts = self.lock();
            let slot = hosts.entry(host.clone()).or_default();
            slot.dial = None;
            // A question that the person dismissed leaves nothing to be told.
            slot.problem = problem.clone().filter(|problem| problem.code != ErrorCode::Cancelled);
            slot.lanes.extend(opened.as_ref().ok().cloned());
        }
        if let Ok(connection) = opened {
            tokio::spawn(self.clone().keep(host.clone(), connection));
        }
        tell.send_replace(Some(problem.map_or(Ok(()), Err)));
        self.publish(&host);
    }

    /// Publishes what changes on a connection, and lets go of it when it ended or nobody uses it.
    async fn keep(self, host: HostId, connection: Arc<Connection>) {
        let mut status = connection.status();
        let mut unused_since = Some(Instant::now());
        let mut shown = None;
        loop {
            let ended = match &*status.borrow_and_update() {
                Status::Ended { problem } => Some(problem.clone()),
                Status::Up { .. } => None,
            };
            if let Some(problem) = ended {
                let mut hosts = self.lock();
                if let Some(slot) = hosts.get_mut(&host) {
                    slot.lanes.retain(|lane| !Arc::ptr_eq(lane, &connection));
                    slot.problem = (!connection.is_closing()).then_some(problem);
                }
                break;
            }
            unused_since = match (connection.session_count(), unused_since) {
                (0, None) => Some(Instant::now()),
                (0, since) => since,
                _ => None,
            };
            if unused_since.is_some_and(|since| since.elapsed() >= LINGER) && connection.retire() {
                connection.close().await;
                continue;
            }
            let view = self.lock().get(&host).map(|slot| slot.view(&host));
            if view != shown {
                self.publish(&host);
                shown = view;
            }
            let _ = tokio::time::timeout(LOOK, status.changed()).await;
        }
        self.publish(&host);
    }

    fn publish(&self, host: &HostId) {
        let view = self.lock().get(host).map(|slot| slot.view(host));
        if let Some(view) = view {
            (self.on_change)(view);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<HostId, Slot>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Found {
    Place(SessionPlace),
    Dial(watch::Receiver<Option<Result<(), Problem>>>),
    Nothing,
}

impl Slot {
    /// The best of its connections speaks for the host.
    fn view(&self, host: &HostId) -> ConnectionView {
        let lane = self.lanes.iter().find(|lane| lane.is_up());
        let (mut state, mut round_trip) = match (&self.dial, &self.problem) {
            (Some(Dial { authenticating: true, .. }), _) => (ConnectionState::Authenticating, None),
            (Some(_), _) => (ConnectionState::Dialing { attempt: 1 }, None),
            (None, Some(problem)) => (ConnectionState::after(problem.clone()), None),
            (None, None) => (ConnectionState::Idle, None),
        };
        if let Some(Status::Up { suspect, round_trip: measured }) =
            lane.map(|lane| lane.status().borrow().clone())
        {
            state = if suspect {
                ConnectionState::Suspect { since_ms: epoch_seconds(Instant::now()) * 1000.0 }
            } else {
                ConnectionState::Up
            };
            round_trip = measured;
        }
        ConnectionView {
            host_id: host.clone(),
            state,
            round_trip_ms: round_trip.map(|time| time.as_secs_f64() * 1000.0),
            last_heard_ms: lane.map(|lane| epoch_seconds(lane.last_heard()) * 1000.0),
            cipher: lane.and_then(|lane| lane.cipher()),
            server: lane.and_then(|lane| lane.server()),
            terminals: self.lanes.iter().map(|lane| lane.session_count()).sum(),
            lanes: u32::try_from(self.lanes.len()).unwrap_or(u32::MAX),
        }
    }
}

/// Whole seconds, so that a busy connection is not news ten times a second.
fn epoch_seconds(at: Instant) -> f64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.saturating_sub(at.elapsed()).as_secs_f64().floor()
}

/// Resolves when only the slot of the pool still looks at the outcome of a dial.
async fn abandoned(tell: &watch::Sender<Option<Result<(), Problem>>>) {
    while tell.receiver_count() > 1 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn full(host: &HostId) -> Error {
    Error::new(ErrorCode::ChannelRefused, format!("Every connection to {host} is in full use. Try again."))
        .with("address", host)
        .with("cause", "every connection is in full use")
}
