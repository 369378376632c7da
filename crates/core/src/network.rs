//! Notices when the machine woke up and when its network changed, so that nobody waits for a time limit then.
//!
//! The monitor looks every two seconds while there is anything that could care: at two clocks, because only the wall clock
//! goes on while the machine sleeps, and at the addresses of the interfaces, because no event of the system's says the same
//! everywhere. It decides purely ([`Monitor::look`]); `watch` is the thin task around it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::clock;
use crate::pool::Pool;
use crate::timeline::TimelineEvent;

/// How often to look: reading the addresses costs some microseconds.
const LOOK: Duration = Duration::from_secs(2);
/// A jump of the wall clock beyond the other one that counts as sleep. Clocks are slewed or stepped by less.
const SLEPT_AT_LEAST: Duration = Duration::from_secs(5);

/// What happened to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkEvent {
    Woke {
        slept: Duration,
    },
    /// Addresses came or went.
    Changed,
}

impl From<NetworkEvent> for TimelineEvent {
    fn from(event: NetworkEvent) -> Self {
        match event {
            NetworkEvent::Woke { slept } => TimelineEvent::Woke { slept_ms: clock::ms(slept) },
            NetworkEvent::Changed => TimelineEvent::NetworkChanged,
        }
    }
}

/// What was seen the last time.
#[derive(Debug, Clone, Default)]
pub struct Monitor {
    seen: Option<Seen>,
}

/// The machine at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Stands still while the machine sleeps (Linux, macOS), or not (Windows).
    pub running: Instant,
    pub wall: SystemTime,
    pub addresses: BTreeSet<IpAddr>,
}

impl Monitor {
    /// Compares what is seen now with the last time. The first look says nothing.
    pub fn look(&mut self, now: Seen) -> Vec<NetworkEvent> {
        let Some(before) = self.seen.replace(now.clone()) else { return Vec::new() };
        let mut events = Vec::new();
        let wall = now.wall.duration_since(before.wall).unwrap_or_default();
        let running = now.running.saturating_duration_since(before.running);
        // Where the clock goes on in sleep, the look comes late by as much.
        let slept = wall.saturating_sub(running).max(running.saturating_sub(LOOK));
        if slept >= SLEPT_AT_LEAST {
            events.push(NetworkEvent::Woke { slept });
        }
        if now.addresses != before.addresses {
            events.push(NetworkEvent::Changed);
        }
        events
    }

    /// Nobody cares just now: what changes meanwhile is no news.
    pub fn rest(&mut self) {
        self.seen = None;
    }
}

/// Looks for as long as the engine runs, and tells its connections.
pub async fn watch(pool: Pool) {
    let mut monitor = Monitor::default();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if !pool.is_in_use() {
            monitor.rest();
            continue;
        }
        let now = Seen { running: Instant::now(), wall: SystemTime::now(), addresses: addresses() };
        for event in monitor.look(now) {
            pool.on_network(event);
        }
    }
}

/// The addresses of this machine but for loopback and those that only a link knows; none if the system does not tell.
fn addresses() -> BTreeSet<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .iter()
        .filter(|one| !one.is_loopback() && !one.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at a machine whose clocks went on by so much, with these addresses.
    fn after(monitor: &mut Monitor, running: u64, wall: u64, addresses: &[&str]) -> Vec<NetworkEvent> {
        let before = monitor.seen.clone().unwrap_or_else(|| Seen {
            running: Instant::now(),
            wall: SystemTime::UNIX_EPOCH,
            addresses: BTreeSet::new(),
        });
        monitor.look(Seen {
            running: before.running + Duration::from_secs(running),
            wall: before.wall + Duration::from_secs(wall),
            addresses: addresses.iter().map(|one| one.parse().expect("an address")).collect(),
        })
    }

    #[test]
    fn a_wall_clock_that_ran_ahead_is_a_machine_that_slept() {
        let mut monitor = Monitor::default();
        assert!(after(&mut monitor, 2, 2, &["10.0.0.2"]).is_empty());
        let slept = Duration::from_secs(598);
        assert_eq!(after(&mut monitor, 2, 600, &["10.0.0.2"]), [NetworkEvent::Woke { slept }]);
        assert!(after(&mut monitor, 2, 2, &["10.0.0.2"]).is_empty());
    }

    #[test]
    fn a_look_that_comes_late_is_sleep_too_where_the_clock_goes_on() {
        let mut monitor = Monitor::default();
        after(&mut monitor, 2, 2, &[]);
        assert_eq!(after(&mut monitor, 62, 62, &[]), [NetworkEvent::Woke { slept: Duration::from_secs(60) }]);
    }

    #[test]
    fn an_address_that_comes_or_goes_is_a_changed_network() {
        let mut monitor = Monitor::default();
        after(&mut monitor, 2, 2, &["10.0.0.2"]);
        assert_eq!(after(&mut monitor, 2, 2, &[]), [NetworkEvent::Changed]);
        assert_eq!(after(&mut monitor, 2, 2, &["192.168.1.7"]), [NetworkEvent::Changed]);
        assert!(after(&mut monitor, 2, 2, &["192.168.1.7"]).is_empty());
    }

    #[test]
    fn a_clock_that_was_set_back_or_nudged_is_no_sleep() {
        let mut monitor = Monitor::default();
        after(&mut monitor, 2, 100, &[]);
        assert!(after(&mut monitor, 2, 4, &[]).is_empty());
        assert!(after(&mut monitor, 2, 0, &[]).is_empty());
    }

    #[test]
    fn what_changes_while_nobody_cares_is_no_news() {
        let mut monitor = Monitor::default();
        after(&mut monitor, 2, 2, &["10.0.0.2"]);
        monitor.rest();
        assert!(after(&mut monitor, 2, 9000, &["10.0.0.3"]).is_empty());
    }
}
