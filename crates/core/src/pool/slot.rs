//! One host in the pool: its connections, the dial under way, and those who wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::reconnect::{Noted, Reconnect};
use crate::clock;
use crate::connection::state::{ConnectionState, ConnectionView};
use crate::connection::{Connection, Status};
use crate::error::Problem;
use crate::host::HostId;
use crate::timeline::TimelineEvent;

/// One host.
pub(super) struct Slot {
    pub lanes: Vec<Arc<Connection>>,
    pub dial: Option<watch::Receiver<Outcome>>,
    pub reconnect: Reconnect,
    /// Those who wait until it is up again.
    pub waiting: u32,
    /// How many of its connections are in doubt.
    pub doubts: u32,
    /// Changes when those who wait have to look again: the next try is now, or they are to give up.
    pub news: watch::Sender<News>,
}

/// What a dial came to; none while it goes on.
pub(super) type Outcome = Option<Result<(), Problem>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct News {
    /// Counts the times when a try was asked for.
    pub asked: u32,
    /// Counts the times when the person gave the host up.
    pub given_up: u32,
}

impl Slot {
    pub fn new(now: Instant) -> Self {
        Self {
            lanes: Vec::new(),
            dial: None,
            reconnect: Reconnect::new(now),
            waiting: 0,
            doubts: 0,
            news: watch::Sender::default(),
        }
    }

    /// Lets go of connections that have ended. Whoever needs one may notice that before the watcher does.
    pub fn bury(&mut self, now: Instant) -> Option<Noted> {
        let mut ended = None;
        self.lanes.retain(|lane| match &*lane.status().borrow() {
            Status::Up { .. } => true,
            Status::Ended { problem } => {
                ended = Some((!lane.is_closing()).then(|| problem.clone()));
                false
            }
        });
        let ended = ended?;
        if !self.lanes.is_empty() {
            let lanes = u32::try_from(self.lanes.len()).unwrap_or(u32::MAX);
            return Some(Noted { lasted: Duration::ZERO, what: TimelineEvent::LaneClosed { lanes } });
        }
        if !self.reconnect.is_up() {
            return None;
        }
        match ended {
            Some(problem) => Some(self.failed(problem, now)),
            None => self.reconnect.closed(now),
        }
    }

    /// A dial failed, or the last connection was lost.
    pub fn failed(&mut self, problem: Problem, now: Instant) -> Noted {
        self.reconnect.failed(problem, self.waiting > 0, now, rand::random())
    }

    /// The doubt about one of its connections begins or ends. Whether that is news of the host: connections to one host fall
    /// silent together, and that is one event.
    pub fn doubted(&mut self, begins: bool) -> bool {
        let before = self.doubts;
        self.doubts = if begins { before + 1 } else { before.saturating_sub(1) };
        (before == 0) != (self.doubts == 0)
    }

    /// The next try is now. False if none is due.
    pub fn retry_now(&mut self) -> bool {
        let due = self.reconnect.retry_now(Instant::now());
        if due {
            self.news.send_modify(|news| news.asked += 1);
        }
        due
    }

    /// One of its connections speaks for the host.
    pub fn view(&self, host: &HostId) -> ConnectionView {
        // Doubt about one of them is doubt about the host: a terminal may be on it.
        let doubtful = |lane: &&Arc<Connection>| {
            matches!(*lane.status().borrow(), Status::Up { suspect_since: Some(_), .. })
        };
        let up = || self.lanes.iter().filter(|lane| lane.is_up());
        let lane = up().find(doubtful).or_else(|| up().next());
        let mut state = self.reconnect.state(self.waiting > 0);
        let mut round_trip = None;
        if let Some(Status::Up { suspect_since, round_trip: measured }) =
            lane.map(|lane| lane.status().borrow().clone())
        {
            state = match suspect_since {
                Some(since) => ConnectionState::Suspect { since_ms: clock::at_ms(since).round() },
                None => ConnectionState::Up,
            };
            round_trip = measured;
        }
        ConnectionView {
            host_id: host.clone(),
            state,
            round_trip_ms: round_trip.map(clock::ms),
            // Whole seconds, so that a busy connection is not news ten times a second.
            last_heard_ms: lane.map(|lane| (clock::at_ms(lane.last_heard()) / 1000.0).floor() * 1000.0),
            cipher: lane.and_then(|lane| lane.cipher()),
            server: lane.and_then(|lane| lane.server()),
            terminals: self.lanes.iter().map(|lane| lane.session_count()).sum(),
            lanes: u32::try_from(self.lanes.len()).unwrap_or(u32::MAX),
        }
    }
}
