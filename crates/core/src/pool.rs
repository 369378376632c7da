//! Hosts and their connections: who needs a session on a host gets a place on a connection that is up, or waits for the
//! one dial that serves all who wait. A connection that was lost is made anew for those who still need it
//! (`reconnect.rs` says when); a dead one is never handed out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::connection::health::LaneHealth;
use crate::connection::progress::{TestOutcome, TestProgress, TestStep};
use crate::connection::state::ConnectionView;
use crate::connection::{Connection, Dialer, Refusal, SessionPlace, Status, Target};
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::HostId;
use crate::network::NetworkEvent;
use crate::timeline::{Timeline, TimelineEvent};

pub mod bulk;
mod reconnect;
mod slot;
pub mod spare_lanes;

pub use reconnect::heals;
use reconnect::{Noted, Turn};
use slot::{Outcome, Slot};

/// How often "last heard" is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Dials of one caller that finds each new connection taken by others who waited for it.
const DIALS_MAX: u32 = 3;

/// How long connections outlive their last session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleExpiry {
    /// The last connection of a host: opening another tab within this time needs no login.
    pub last: Duration,
    /// Further ones, which were opened for many sessions at once.
    pub further: Duration,
}

impl Default for IdleExpiry {
    fn default() -> Self {
        Self { last: Duration::from_secs(30 * 60), further: Duration::from_secs(30) }
    }
}

/// Told of every change of a host's connection.
pub type OnChange = Arc<dyn Fn(ConnectionView) + Send + Sync>;

/// Makes the target of a host when a dial begins; it may have to start the built-in host first.
pub type MakeTarget = Arc<dyn Fn() -> BoxFuture<'static, Result<Target>> + Send + Sync>;

/// The connections of all hosts. Clones share them.
#[derive(Clone)]
pub struct Pool {
    dialer: Dialer,
    expiry: Arc<Mutex<IdleExpiry>>,
    hosts: Arc<Mutex<BTreeMap<HostId, Slot>>>,
    timeline: Timeline,
    on_change: OnChange,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// How long somebody waits for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// For the next try: a person who clicked wants to know what became of it.
    OneTry,
    /// Until it is up again, through failures that time may heal: a session that was there before.
    UntilUp,
}

impl Pool {
    pub fn new(dialer: Dialer, expiry: IdleExpiry, timeline: Timeline, on_change: OnChange) -> Self {
        Self { dialer, expiry: Arc::new(Mutex::new(expiry)), hosts: Arc::default(), timeline, on_change }
    }

    /// The last connection of a host outlives its last session for so long, those that are unused already too.
    pub fn close_unused_after(&self, last: Duration) {
        self.expiry.lock().unwrap_or_else(PoisonError::into_inner).last = last;
    }

    /// A place for one session on a connection to the host, with its channel open.
    ///
    /// # Errors
    /// What kept the connection from being made; all who waited for the same dial get the same. And
    /// [`ErrorCode::ChannelRefused`].
    pub async fn place(&self, host: &HostId, make_target: MakeTarget) -> Result<SessionPlace> {
        self.session(host, make_target, Patience::OneTry).await
    }

    /// As [`Pool::place`], for a session whose connection was lost: it waits until the host is up again.
    ///
    /// # Errors
    /// As for `place`, but only what a person has to decide, and the last failure when the person gave the host up.
    pub async fn place_again(&self, host: &HostId, make_target: MakeTarget) -> Result<SessionPlace> {
        let _waiting = Waiting::begin(self, host);
        self.session(host, make_target, Patience::UntilUp).await
    }

    async fn session(
        &self,
        host: &HostId,
        make_target: MakeTarget,
        patience: Patience,
    ) -> Result<SessionPlace> {
        loop {
            let place = self.lane(host, &make_target, patience).await?;
            match place.open().await {
                Ok(()) => {
                    self.publish(host);
                    return Ok(place);
                }
                // The lane knows its limit now, and another one has room or is dialled.
                Err(Refusal::Full) => drop(place),
                Err(Refusal::Failed(error)) => {
                    let lost = !place.connection().is_up();
                    drop(place);
                    if !(lost && patience == Patience::UntilUp) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// A place without a channel: for forwarded connections, which the server does not count as sessions.
    ///
    /// # Errors
    /// As [`Pool::place`].
    pub async fn carrier(&self, host: &HostId, make_target: MakeTarget) -> Result<SessionPlace> {
        self.lane(host, &make_target, Patience::OneTry).await
    }

    /// As [`Pool::carrier`], for what was there before: it waits until the host is up again.
    ///
    /// # Errors
    /// As [`Pool::place_again`].
    pub async fn carrier_again(&self, host: &HostId, make_target: MakeTarget) -> Result<SessionPlace> {
        let _waiting = Waiting::begin(self, host);
        self.lane(host, &make_target, Patience::UntilUp).await
    }

    async fn lane(
        &self,
        host: &HostId,
        make_target: &MakeTarget,
        patience: Patience,
    ) -> Result<SessionPlace> {
        let (mut news, mut last) =
            self.with_slot(host, |slot| (slot.news.subscribe(), slot.reconnect.problem().cloned()));
        let given_up = news.borrow().given_up;
        let mut dials = 0;
        loop {
            if news.borrow_and_update().given_up != given_up {
                return Err(last.map_or_else(given_up_error, Error::from));
            }
            match self.find(host, make_target, &mut dials, patience) {
                Found::Place(place) => return Ok(place),
                Found::Nothing => return Err(full(host)),
                Found::Halted(problem) => return Err(problem.into()),
                Found::Dial(mut outcome) => {
                    let told = tokio::select! {
                        told = outcome.wait_for(Option::is_some) => told.map(|told| told.clone()),
                        // A dial may take minutes, with questions to the person: nobody waits for it who was given up.
                        _ = news.wait_for(|news| news.given_up != given_up) => continue,
                    };
                    match told {
                        Ok(Some(Ok(()))) => {}
                        Ok(Some(Err(problem))) => {
                            if patience == Patience::OneTry || !reconnect::heals(&problem, true) {
                                return Err(problem.into());
                            }
                            last = Some(problem);
                            dials = 0;
                        }
                        Ok(None) | Err(_) => return Err(Error::internal("a dial ended without an outcome")),
                    }
                }
                Found::Later { until, problem } => {
                    last = Some(problem);
                    tokio::select! {
                        () = tokio::time::sleep_until(until) => {}
                        _ = news.changed() => {}
                    }
                }
            }
        }
    }

    /// Every connection that is up and in no doubt.
    pub fn lanes(&self) -> Vec<Arc<Connection>> {
        let hosts = self.lock();
        let sound = |lane: &&Arc<Connection>| {
            lane.is_up() && matches!(*lane.status().borrow(), Status::Up { suspect_since: None, .. })
        };
        hosts.values().flat_map(|slot| slot.lanes.iter().filter(sound).cloned()).collect()
    }

    /// Every host that is or was connected since the start.
    pub fn views(&self) -> Vec<ConnectionView> {
        self.lock().iter().map(|(host, slot)| slot.view(host)).collect()
    }

    /// How each connection of a host is doing; round trips are measured often while somebody looks.
    pub fn health(&self, host: &HostId) -> Vec<LaneHealth> {
        let lanes = self.lock().get(host).map(|slot| slot.lanes.clone()).unwrap_or_default();
        lanes.iter().map(|lane| lane.health()).collect()
    }

    /// The person asks for the next try now.
    pub fn retry_now(&self, host: &HostId) {
        if self.with_slot(host, |slot| slot.retry_now()) {
            self.timeline.note(Some(host), None, TimelineEvent::RetryAsked);
            self.publish(host);
        }
    }

    /// The person does not want to wait any more: everybody who does is told the last failure.
    pub fn give_up(&self, host: &HostId) {
        let waited = self.with_slot(host, |slot| {
            slot.news.send_modify(|news| news.given_up += 1);
            slot.waiting > 0
        });
        if waited {
            self.timeline.note(Some(host), None, TimelineEvent::GivenUp);
        }
    }

    /// The host was changed by the person: what was learnt of it before says nothing any more, and whoever waits tries now.
    pub fn forget_failures(&self, host: &HostId) {
        let noted = self.with_slot(host, |slot| {
            let now = Instant::now();
            let buried = slot.bury(now);
            if slot.waiting > 0 {
                slot.retry_now();
            }
            let unused = slot.lanes.is_empty() && slot.dial.is_none() && slot.waiting == 0;
            let forgotten = unused.then(|| slot.reconnect.closed(now));
            buried.into_iter().chain(forgotten.flatten()).collect::<Vec<_>>()
        });
        if !noted.is_empty() {
            self.note(host, noted);
            self.publish(host);
        }
    }

    /// The machine woke up, or its network changed: every connection is asked for a sign of life, and whoever waits tries now.
    pub fn on_network(&self, event: NetworkEvent) {
        let mut due = Vec::new();
        let mut concerned = false;
        for (host, slot) in self.lock().iter_mut() {
            for lane in &slot.lanes {
                lane.ask();
                concerned = true;
            }
            if slot.waiting > 0 && slot.retry_now() {
                due.push(host.clone());
            }
        }
        if concerned || !due.is_empty() {
            self.timeline.note(None, None, event.into());
        }
        due.iter().for_each(|host| self.publish(host));
    }

    /// Whether there is any connection, or anybody who waits for one.
    pub fn is_in_use(&self) -> bool {
        self.lock().values().any(|slot| !slot.lanes.is_empty() || slot.waiting > 0 || slot.dial.is_some())
    }

    /// Ends every connection of a host, and the waiting for one.
    pub async fn disconnect(&self, host: &HostId) {
        let lanes = match self.lock().get_mut(host) {
            Some(slot) => {
                slot.news.send_modify(|news| news.given_up += 1);
                slot.lanes.clone()
            }
            None => return,
        };
        futures::future::join_all(lanes.iter().map(|lane| lane.close())).await;
        let noted = self.with_slot(host, |slot| {
            let now = Instant::now();
            let buried = slot.bury(now);
            let closed = (slot.lanes.is_empty() && slot.dial.is_none()).then(|| slot.reconnect.closed(now));
            buried.into_iter().chain(closed.flatten()).collect::<Vec<_>>()
        });
        self.note(host, noted);
        self.publish(host);
    }

    /// Ends everything, at the end of the app.
    pub async fn shut_down(&self) {
        let lanes: Vec<_> = self.lock().values().flat_map(|slot| slot.lanes.clone()).collect();
        futures::future::join_all(lanes.iter().map(|lane| lane.close())).await;
    }

    fn find(&self, host: &HostId, make_target: &MakeTarget, dials: &mut u32, patience: Patience) -> Found {
        let now = Instant::now();
        let mut hosts = self.lock();
        let slot = hosts.entry(host.clone()).or_insert_with(|| Slot::new(now));
        let mut noted: Vec<Noted> = slot.bury(now).into_iter().collect();
        let found = if let Some(place) = slot.lanes.iter().find_map(Connection::reserve) {
            Found::Place(place)
        } else if let Some(outcome) = &slot.dial {
            Found::Dial(outcome.clone())
        } else {
            let others_wait = slot.waiting > 0;
            match (slot.reconnect.turn(others_wait, now), slot.reconnect.problem().cloned()) {
                (Turn::Wait(until), Some(problem)) => Found::Later { until, problem },
                // Another one's try has found meanwhile that a person has to decide; a second try would change nothing.
                (_, Some(problem)) if patience == Patience::UntilUp && slot.reconnect.is_halted() => {
                    Found::Halted(problem)
                }
                _ if *dials == DIALS_MAX => Found::Nothing,
                _ => {
                    *dials += 1;
                    let (tell, outcome) = watch::channel(None);
                    slot.dial = Some(outcome.clone());
                    if slot.lanes.is_empty() {
                        noted.push(slot.reconnect.dial(now));
                    }
                    tokio::spawn(self.clone().dial(host.clone(), Arc::clone(make_target), tell));
                    Found::Dial(outcome)
                }
            }
        };
        drop(hosts);
        let changed = !noted.is_empty();
        self.note(host, noted);
        if changed || matches!(found, Found::Later { .. }) {
            self.publish(host);
        }
        found
    }

    async fn dial(self, host: HostId, make_target: MakeTarget, tell: watch::Sender<Outcome>) {
        let progress = |step: TestProgress| {
            if step.step == TestStep::Connect && matches!(step.outcome, TestOutcome::Passed { .. }) {
                self.with_slot(&host, |slot| slot.reconnect.reached());
                self.publish(&host);
            }
        };
        let opening = async { Connection::open(&self.dialer, make_target().await?, &progress).await };
        let opened = tokio::select! {
            opened = opening => opened,
            // Everyone who waited has gone. `lane` holds one receiver, the slot's dial another.
            () = abandoned(&tell) => Err(given_up_error()),
        };
        let problem = opened.as_ref().err().map(Problem::from);
        let noted = self.with_slot(&host, |slot| {
            let now = Instant::now();
            slot.dial = None;
            slot.lanes.extend(opened.as_ref().ok().cloned());
            let lanes = u32::try_from(slot.lanes.len()).unwrap_or(u32::MAX);
            match &problem {
                None if slot.reconnect.is_up() => {
                    Some(Noted { lasted: Duration::ZERO, what: TimelineEvent::LaneOpened { lanes } })
                }
                None => slot.reconnect.up(now),
                // A further connection was not made; those that are up still are.
                Some(_) if !slot.lanes.is_empty() => None,
                // A dial that was given up, or a question that the person dismissed, leaves nothing to be told, unless a
                // session waits for the host.
                Some(problem) if problem.code == ErrorCode::Cancelled && slot.waiting == 0 => {
                    slot.reconnect.closed(now)
                }
                Some(problem) => Some(slot.failed(problem.clone(), now)),
            }
        });
        self.note(&host, noted);
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
        let mut doubt: Option<Instant> = None;
        let mut shown = None;
        loop {
            let suspect_since = match &*status.borrow_and_update() {
                Status::Ended { .. } => break,
                Status::Up { suspect_since, .. } => *suspect_since,
            };
            if suspect_since.is_some() != doubt.is_some() {
                let begins = suspect_since.is_some();
                if self.with_slot(&host, |slot| slot.doubted(begins)) {
                    let lasted = doubt.map(|since| since.elapsed());
                    let what = if begins { TimelineEvent::Suspect } else { TimelineEvent::Heard };
                    self.timeline.note(Some(&host), lasted, what);
                }
                doubt = suspect_since;
            }
            unused_since = match (connection.session_count(), unused_since) {
                (0, None) => Some(Instant::now()),
                (0, since) => since,
                _ => None,
            };
            let expiry = *self.expiry.lock().unwrap_or_else(PoisonError::into_inner);
            let limit =
                self.with_slot(&host, |slot| if slot.lanes.len() > 1 { expiry.further } else { expiry.last });
            if unused_since.is_some_and(|since| since.elapsed() >= limit) && connection.retire() {
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
        let noted = self.with_slot(&host, |slot| {
            if doubt.is_some() {
                slot.doubted(false);
            }
            slot.bury(Instant::now())
        });
        self.note(&host, noted);
        self.publish(&host);
    }

    fn note(&self, host: &HostId, noted: impl IntoIterator<Item = Noted>) {
        for Noted { lasted, what } in noted {
            let lasted = (lasted > Duration::ZERO).then_some(lasted);
            self.timeline.note(Some(host), lasted, what);
        }
    }

    fn publish(&self, host: &HostId) {
        let view = self.lock().get(host).map(|slot| slot.view(host));
        if let Some(view) = view {
            (self.on_change)(view);
        }
    }

    fn with_slot<T>(&self, host: &HostId, work: impl FnOnce(&mut Slot) -> T) -> T {
        let mut hosts = self.lock();
        work(hosts.entry(host.clone()).or_insert_with(|| Slot::new(Instant::now())))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<HostId, Slot>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits until a host is up again, for as long as this lives.
struct Waiting<'a> {
    pool: &'a Pool,
    host: &'a HostId,
}

impl<'a> Waiting<'a> {
    fn begin(pool: &'a Pool, host: &'a HostId) -> Self {
        pool.with_slot(host, |slot| slot.waiting += 1);
        pool.publish(host);
        Self { pool, host }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pool.with_slot(self.host, |slot| slot.waiting = slot.waiting.saturating_sub(1));
        self.pool.publish(self.host);
    }
}

enum Found {
    Place(SessionPlace),
    Dial(watch::Receiver<Outcome>),
    /// The next try is then; `problem` is the last failure.
    Later {
        until: Instant,
        problem: Problem,
    },
    /// A person has to do something first.
    Halted(Problem),
    Nothing,
}

/// Resolves when only the slot of the pool still looks at the outcome of a dial.
async fn abandoned(tell: &watch::Sender<Outcome>) {
    while tell.receiver_count() > 1 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn given_up_error() -> Error {
    Error::new(ErrorCode::Cancelled, "The connection was given up.")
}

fn full(host: &HostId) -> Error {
    Error::new(ErrorCode::ChannelRefused, format!("Every connection to {host} is in full use. Try again."))
        .with("address", host)
        .with("cause", "every connection is in full use")
}

#[cfg(test)]
mod tests;
