//! When we ask for new keys (RFC 4253, section 9): russh never does by itself, because the moment matters.
//!
//! Between our KEXINIT and the server's, russh takes two windows of data and then ends the connection (`Error::Pending`), while
//! eight busy channels may have eight windows under way. So we ask when little is under way: while the line is quiet or
//! carries a single session. A server that asks is followed at once; OpenSSH does, long before a key is worn out.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Connection;
use super::settings::Upkeep;

/// After so many bytes, both ways together, or so much time, new keys are due (RFC 4253, section 9). RekeyLimit of
/// ssh_config(5) can only make them due earlier; the moment is still chosen as above.
const DUE_BYTES: u64 = 1024 * 1024 * 1024;
const DUE_TIME: Duration = Duration::from_secs(3600);
/// After so many bytes they cannot wait for a quiet moment: OpenSSH's own limit for AES, and less than 2^32 of the smallest
/// packets (28 bytes), after which a nonce of ChaCha20 would come again.
const OVERDUE_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// A tick in which fewer bytes passed is quiet: what is under way then is far below a window.
const QUIET_BYTES: u64 = 64 * 1024;
const TICK: Duration = Duration::from_secs(1);

/// What has passed under the present keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyAge {
    due_bytes: u64,
    due_time: Duration,
    exchanges: u64,
    since: Instant,
    bytes_before: u64,
    bytes_at_last_tick: u64,
    asked: bool,
}

impl KeyAge {
    pub fn new(upkeep: &Upkeep, exchanges: u64, bytes: u64, now: Instant) -> Self {
        let due_bytes = upkeep.rekey_bytes.map_or(DUE_BYTES, |bytes| bytes.min(DUE_BYTES));
        let due_time = upkeep.rekey_time.map_or(DUE_TIME, |time| time.min(DUE_TIME));
        Self { due_bytes, due_time, ..Self::since(exchanges, bytes, now) }
    }

    fn since(exchanges: u64, bytes: u64, now: Instant) -> Self {
        let (due_bytes, due_time) = (DUE_BYTES, DUE_TIME);
        Self {
            due_bytes,
            due_time,
            exchanges,
            since: now,
            bytes_before: bytes,
            bytes_at_last_tick: bytes,
            asked: false,
        }
    }

    /// Looks at the connection: key exchanges and bytes so far, sessions now. Says whether to ask for new keys.
    pub fn tick(&mut self, exchanges: u64, bytes: u64, sessions: u32, now: Instant) -> bool {
        if exchanges != self.exchanges {
            let Self { due_bytes, due_time, .. } = *self;
            *self = Self { due_bytes, due_time, ..Self::since(exchanges, bytes, now) };
            return false;
        }
        let quiet = bytes.saturating_sub(self.bytes_at_last_tick) < QUIET_BYTES;
        self.bytes_at_last_tick = bytes;
        let passed = bytes.saturating_sub(self.bytes_before);
        let due = passed >= self.due_bytes || now.saturating_duration_since(self.since) >= self.due_time;
        let ask = !self.asked && ((due && (quiet || sessions <= 1)) || passed >= OVERDUE_BYTES);
        self.asked |= ask;
        ask
    }
}

/// Renews the keys of a connection in time. Ends with it.
pub(super) fn watch(connection: &Arc<Connection>) {
    tokio::spawn(run(Arc::downgrade(connection)));
}

async fn run(connection: Weak<Connection>) {
    let mut age = None;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(connection) = connection.upgrade().filter(|connection| connection.is_up()) else { return };
        let exchanges = connection.key_exchanges();
        let bytes = connection.wire.received_bytes() + connection.wire.sent_bytes();
        let now = Instant::now();
        let age = age.get_or_insert_with(|| KeyAge::new(&connection.target.upkeep, exchanges, bytes, now));
        let channels = connection.session_count() + *connection.carried().borrow();
        if age.tick(exchanges, bytes, channels, now) {
            connection.rekey().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;

    /// The seconds at which new keys are asked for, within this time, with so many bytes in every second.
    fn asked(seconds: u64, bytes: impl Fn(u64) -> u64, sessions: u32) -> Vec<u64> {
        asked_with(&Upkeep::default(), seconds, bytes, sessions)
    }

    fn asked_with(upkeep: &Upkeep, seconds: u64, bytes: impl Fn(u64) -> u64, sessions: u32) -> Vec<u64> {
        let start = Instant::now();
        let mut age = KeyAge::new(upkeep, 1, 0, start);
        let (mut exchanges, mut total) = (1, 0);
        let mut asked = Vec::new();
        for second in 0..seconds {
            total += bytes(second);
            if age.tick(exchanges, total, sessions, start + Duration::from_secs(second)) {
                asked.push(second);
                exchanges += 1;
            }
        }
        asked
    }

    #[test]
    fn an_idle_connection_gets_new_keys_every_hour() {
        let hours = asked(150 * MINUTE, |_| 10, 3);
        assert_eq!(hours.len(), 2);
        assert_eq!(hours[0], 60 * MINUTE);
    }

    #[test]
    fn rekey_limit_makes_new_keys_come_earlier_and_never_later() {
        let limit = |bytes, seconds| Upkeep {
            rekey_bytes: Some(bytes),
            rekey_time: Some(Duration::from_secs(seconds)),
            ..Upkeep::default()
        };
        assert_eq!(asked_with(&limit(100, 9999), 30, |_| 10, 1), [9, 20]);
        assert_eq!(asked_with(&limit(DUE_BYTES, 10), 22, |_| 10, 1), [10, 21]);
        assert_eq!(asked_with(&limit(u64::MAX, 999_999), 150 * MINUTE, |_| 10, 3).len(), 2);
    }

    #[test]
    fn a_busy_one_waits_for_a_quiet_second() {
        let mib = 1024 * 1024;
        let quiet_at = 300;
        let rate = |second| if second == quiet_at { 0 } else { 10 * mib };
        assert_eq!(asked(310, rate, 8), [quiet_at]);
    }

    #[test]
    fn with_a_single_session_it_need_not_wait() {
        let rate = DUE_BYTES / 10;
        assert_eq!(asked(12, |_| rate, 1), [10]);
    }

    #[test]
    fn keys_that_are_worn_out_wait_for_nothing() {
        let rate = OVERDUE_BYTES / 100;
        assert_eq!(asked(103, |_| rate, 8), [100]);
    }
}
