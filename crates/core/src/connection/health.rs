//! How one connection of a host is doing, as the health drawer shows it.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use ts_rs::TS;

use crate::clock;

/// Round trips that are kept for the sparkline and the 95th percentile.
pub const ROUND_TRIPS_KEPT: usize = 120;
/// Whoever looks is taken to look on for so long.
const LOOKS_FOR: Duration = Duration::from_secs(5);
/// How often the round trip is measured while somebody looks.
const MEASURED_EVERY: Duration = Duration::from_secs(2);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum LaneKind {
    /// Terminals and commands.
    Interactive,
}

/// One measured round trip: a keepalive and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoundTrip {
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    pub ms: f64,
}

/// One connection of a host. Times are milliseconds since the Unix epoch, rates bytes per second over the last second.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LaneHealth {
    /// A number that names the connection while the app runs; never used twice.
    pub id: u32,
    pub kind: LaneKind,
    pub up_since_ms: f64,
    pub suspect: bool,
    /// The address that was reached, with its port.
    pub address: Option<String>,
    /// Oldest first, at most [`ROUND_TRIPS_KEPT`].
    pub round_trips: Vec<RoundTrip>,
    pub round_trip_p95_ms: Option<f64>,
    pub last_heard_ms: f64,
    pub received_bytes: f64,
    pub sent_bytes: f64,
    pub received_per_second: f64,
    pub sent_per_second: f64,
    /// TCP segments that were sent again, where the system says so.
    pub retransmits: Option<u32>,
    pub key_exchange: Option<String>,
    pub host_key: Option<String>,
    pub cipher: Option<String>,
    /// None where the cipher authenticates by itself.
    pub mac: Option<String>,
    /// The server's identification.
    pub server: Option<String>,
    /// When the keys were last exchanged.
    pub keyed_ms: f64,
    pub sessions: u32,
    /// How many sessions it may have; less than 8 once the server has refused one.
    pub sessions_max: u32,
}

/// What is measured of a connection as time goes by.
#[derive(Debug)]
pub struct Vitals {
    up_since: Instant,
    round_trips: VecDeque<RoundTrip>,
    /// When the last probe for somebody who looks went out.
    measured: Instant,
    looked_at: Option<Instant>,
    counted: Counted,
    rates: (f64, f64),
}

/// The counters of the wire at a moment.
#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Instant,
    received: u64,
    sent: u64,
}

impl Vitals {
    pub fn new(now: Instant) -> Self {
        Self {
            up_since: now,
            round_trips: VecDeque::new(),
            measured: now,
            looked_at: None,
            counted: Counted { at: now, received: 0, sent: 0 },
            rates: (0.0, 0.0),
        }
    }

    /// Somebody looks at the health just now.
    pub fn looked_at(&mut self, now: Instant) {
        self.looked_at = Some(now);
    }

    /// Whether a round trip has to be measured for somebody who looks; true at most every [`MEASURED_EVERY`].
    pub fn wants_round_trip(&mut self, now: Instant) -> bool {
        let looks = self.looked_at.is_some_and(|at| now.saturating_duration_since(at) < LOOKS_FOR);
        let due = looks && now.saturating_duration_since(self.measured) >= MEASURED_EVERY;
        if due {
            self.measured = now;
        }
        due
    }

    pub fn round_trip(&mut self, time: Duration) {
        if self.round_trips.len() == ROUND_TRIPS_KEPT {
            self.round_trips.pop_front();
        }
        self.round_trips.push_back(RoundTrip { at_ms: clock::now_ms().round(), ms: clock::ms(time) });
    }

    /// The counters of the wire, about once a second.
    pub fn count(&mut self, received: u64, sent: u64, now: Instant) {
        let seconds = now.saturating_duration_since(self.counted.at).as_secs_f64();
        if seconds < 0.5 {
            return;
        }
        let rate = |new: u64, old: u64| new.saturating_sub(old) as f64 / seconds;
        self.rates = (rate(received, self.counted.received), rate(sent, self.counted.sent));
        self.counted = Counted { at: now, received, sent };
    }

    /// The part of a [`LaneHealth`] that is measured here.
    pub fn health(&self) -> LaneHealth {
        let mut sorted: Vec<f64> = self.round_trips.iter().map(|one| one.ms).collect();
        sorted.sort_by(f64::total_cmp);
        // The smallest value that 95 % of all do not exceed.
        let rank = (sorted.len() * 95).div_ceil(100);
        LaneHealth {
            id: 0,
            kind: LaneKind::Interactive,
            up_since_ms: clock::at_ms(self.up_since),
            suspect: false,
            address: None,
            round_trips: self.round_trips.iter().copied().collect(),
            round_trip_p95_ms: rank.checked_sub(1).and_then(|index| sorted.get(index)).copied(),
            last_heard_ms: 0.0,
            received_bytes: 0.0,
            sent_bytes: 0.0,
            received_per_second: self.rates.0,
            sent_per_second: self.rates.1,
            retransmits: None,
            key_exchange: None,
            host_key: None,
            cipher: None,
            mac: None,
            server: None,
            keyed_ms: 0.0,
            sessions: 0,
            sessions_max: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_95th_percentile_is_the_value_that_19_of_20_do_not_exceed() {
        let mut vitals = Vitals::new(Instant::now());
        assert_eq!(vitals.health().round_trip_p95_ms, None);
        for ms in 1..=20 {
            vitals.round_trip(Duration::from_millis(ms));
        }
        assert_eq!(vitals.health().round_trip_p95_ms, Some(19.0));
    }

    #[test]
    fn only_the_newest_round_trips_are_kept() {
        let mut vitals = Vitals::new(Instant::now());
        for ms in 0..500 {
            vitals.round_trip(Duration::from_millis(ms));
        }
        let kept = vitals.health().round_trips;
        assert_eq!(kept.len(), ROUND_TRIPS_KEPT);
        assert_eq!(kept.last().map(|one| one.ms), Some(499.0));
    }

    #[test]
    fn rates_are_bytes_per_second_since_the_last_count() {
        let start = Instant::now();
        let mut vitals = Vitals::new(start);
        vitals.count(4000, 1000, start + Duration::from_secs(2));
        let health = vitals.health();
        assert_eq!((health.received_per_second, health.sent_per_second), (2000.0, 500.0));
        vitals.count(4000, 1000, start + Duration::from_secs(3));
        assert_eq!(vitals.health().received_per_second, 0.0);
    }

    #[test]
    fn round_trips_are_measured_often_only_while_somebody_looks() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut vitals = Vitals::new(start);
        assert!(!vitals.wants_round_trip(at(10)));
        vitals.looked_at(at(10));
        assert!(vitals.wants_round_trip(at(10)));
        assert!(!vitals.wants_round_trip(at(11)));
        assert!(vitals.wants_round_trip(at(12)));
        assert!(!vitals.wants_round_trip(at(20)));
    }
}
