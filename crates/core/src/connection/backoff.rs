//! How long to wait before the next try. Pure: the caller supplies the randomness.

use std::time::Duration;

/// The longest wait after the first failure; it doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(30);
/// No wait is shorter, so that a peer that fails at once is not asked in a tight loop.
const SHORTEST: Duration = Duration::from_millis(100);

/// Exponential backoff with full jitter: a random part of 1 s, 2 s, 4 s ... 30 s after the first, second, third ... failure.
/// Full jitter spreads the clients of a server that was restarted best
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
///
/// `failures` counts from 1; `random` is from 0 to 1.
pub fn delay(failures: u32, random: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    ceiling.mul_f64(random.clamp(0.0, 1.0)).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_doubles_up_to_thirty_seconds() {
        let seconds: Vec<u64> = (1..8).map(|failures| delay(failures, 1.0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(delay(u32::MAX, 1.0), LONGEST);
    }

    #[test]
    fn the_wait_is_a_random_part_of_that_and_never_nothing() {
        assert_eq!(delay(4, 0.5), Duration::from_secs(4));
        assert_eq!(delay(4, 0.0), SHORTEST);
    }
}
