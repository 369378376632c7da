//! How fast a job is, and how fast all of them may be.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A rate is that of the last seconds: long enough not to flicker, short enough to show a change.
const SPAN: Duration = Duration::from_secs(3);
/// A shorter one says little of what is to come.
const SETTLED: Duration = Duration::from_secs(1);
/// After a pause at most so much of the rate may go out at once.
const BURST: Duration = Duration::from_millis(100);

/// Samples of a counter.
#[derive(Debug, Default)]
pub struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Bytes per second, with the counter as it is now. A counter that goes back begins anew.
    pub fn at(&mut self, now: Instant, bytes: u64) -> f64 {
        if self.0.back().is_some_and(|&(_, before)| before > bytes) {
            self.0.clear();
        }
        self.0.push_back((now, bytes));
        // The oldest one kept is at least a span old, so that the rate is over a whole span.
        while self.0.get(1).is_some_and(|&(at, _)| now.duration_since(at) >= SPAN) {
            self.0.pop_front();
        }
        let Some(&(since, before)) = self.0.front() else { return 0.0 };
        let lasted = now.duration_since(since).as_secs_f64();
        if lasted < 0.05 { 0.0 } else { (bytes - before) as f64 / lasted }
    }

    /// Whether it lasts long enough to say how long the rest takes.
    pub fn is_settled(&self) -> bool {
        match (self.0.front(), self.0.back()) {
            (Some(&(first, _)), Some(&(last, _))) => last.duration_since(first) >= SETTLED,
            _ => false,
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The rate that all jobs share (a token bucket, kept as the time at which it is full again).
#[derive(Debug)]
pub struct Bucket {
    state: Mutex<State>,
    /// Another limit holds: whoever waits for his turn asks for a new one.
    set: Notify,
}

#[derive(Debug)]
struct State {
    bytes_per_second: u64,
    /// Everything that was let through is paid for then.
    free: Instant,
}

impl Default for Bucket {
    fn default() -> Self {
        let state = Mutex::new(State { bytes_per_second: 0, free: Instant::now() });
        Self { state, set: Notify::new() }
    }
}

impl Bucket {
    /// 0 is no limit.
    pub fn set(&self, bytes_per_second: u64) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) =
            State { bytes_per_second, free: Instant::now() };
        self.set.notify_waiters();
    }

    /// 0 is no limit.
    pub fn bytes_per_second(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).bytes_per_second
    }

    /// Waits until so many bytes may pass.
    pub async fn pass(&self, bytes: usize) {
        loop {
            let set = self.set.notified();
            let Some(until) = self.take(bytes, Instant::now()) else { return };
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                () = set => {}
            }
        }
    }

    fn take(&self, bytes: usize, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bytes_per_second == 0 {
            return None;
        }
        let price = Duration::from_secs_f64(bytes as f64 / state.bytes_per_second as f64);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        state.free = state.free.max(earliest) + price;
        (state.free > now).then_some(state.free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_seconds() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let mut last = 0.0;
        for tick in 0..100 {
            let bytes = if tick < 50 { 0 } else { (tick - 50) * 1000 };
            last = rate.at(start + Duration::from_millis(100 * tick), bytes);
        }
        assert!((9_900.0..10_100.0).contains(&last), "{last}");
        assert_eq!(rate.at(start + Duration::from_secs(20), 5), 0.0, "it began anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_taken_away_lets_go_of_those_who_wait() {
        let bucket = Bucket::default();
        bucket.set(1);
        let began = Instant::now();
        tokio::join!(bucket.pass(1_000_000), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            bucket.set(0);
        });
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }

    #[test]
    fn a_bucket_lets_through_what_it_is_set_to_in_a_second() {
        let bucket = Bucket::default();
        let now = Instant::now();
        assert_eq!(bucket.take(usize::MAX, now), None);
        bucket.set(1_000_000);
        let until = (0..20).filter_map(|_| bucket.take(100_000, now)).last().expect("a limit");
        let lasted = until.duration_since(now);
        assert!((1.8..=2.1).contains(&lasted.as_secs_f64()), "{lasted:?}");
    }
}
