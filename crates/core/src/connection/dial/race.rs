//! Trying the addresses of a name the way of Happy Eyeballs (RFC 8305): families take turns, a new attempt begins
//! every quarter of a second or as soon as one has failed, and the first that connects wins.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

/// "Connection Attempt Delay" of RFC 8305, section 8.
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried; more would keep a person waiting.
pub const ADDRESSES_MAX: usize = 8;

/// The order in which addresses are tried: the families take turns, beginning with that of the first (RFC 8305, section 4,
/// with a "First Address Family Count" of 1). Within a family the system's order stays (RFC 6724); none comes twice.
pub fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let mut queues = [VecDeque::new(), VecDeque::new()];
    for address in addresses {
        let queue = &mut queues[usize::from(address.is_ipv6() != first.is_ipv6())];
        if !queue.contains(address) {
            queue.push_back(*address);
        }
    }
    let mut ordered = Vec::new();
    while queues.iter().any(|queue| !queue.is_empty()) && ordered.len() < ADDRESSES_MAX {
        ordered.extend(queues.iter_mut().filter_map(VecDeque::pop_front));
    }
    ordered.truncate(ADDRESSES_MAX);
    ordered
}

/// What has to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Begin to dial this address, by its number; then ask again.
    Start(usize),
    /// Give this attempt up, its time is over; then ask again.
    GiveUp(usize),
    /// Nothing before this moment, unless an attempt ends.
    Wait(Instant),
    /// Every attempt has failed.
    Lost,
}

/// When which address is dialled. It opens no socket and reads no clock.
#[derive(Debug)]
pub struct Schedule {
    count: usize,
    timeout: Duration,
    /// Nothing goes on after this moment, whatever the addresses do.
    end: Instant,
    started: usize,
    next_start: Instant,
    /// The attempts that run, and when each has to be given up.
    running: Vec<(usize, Instant)>,
}

impl Schedule {
    /// `count` addresses with a time limit for each. All of it ends when the last would have had its time.
    pub fn new(count: usize, timeout: Duration, now: Instant) -> Self {
        let last_start = ATTEMPT_DELAY * u32::try_from(count.saturating_sub(1)).unwrap_or(0);
        Self {
            count,
            timeout,
            end: now + last_start + timeout,
            started: 0,
            next_start: now,
            running: Vec::new(),
        }
    }

    pub fn next(&mut self, now: Instant) -> Next {
        if let Some(at) = self.running.iter().position(|(_, limit)| *limit <= now || self.end <= now) {
            let (attempt, _) = self.running.swap_remove(at);
            self.failed_at(now);
            return Next::GiveUp(attempt);
        }
        if self.started < self.count && self.next_start <= now && now < self.end {
            let attempt = self.started;
            self.started += 1;
            self.next_start = now + ATTEMPT_DELAY;
            self.running.push((attempt, now + self.timeout));
            return Next::Start(attempt);
        }
        let limits = self.running.iter().map(|(_, limit)| *limit);
        let start = (self.started < self.count && now < self.end).then_some(self.next_start);
        limits.chain(start).min().map_or(Next::Lost, |at| Next::Wait(at.min(self.end)))
    }

    /// An attempt has failed: the next one need not wait (RFC 8305, section 5).
    pub fn failed(&mut self, attempt: usize, now: Instant) {
        self.running.retain(|(running, _)| *running != attempt);
        self.failed_at(now);
    }

    fn failed_at(&mut self, now: Instant) {
        self.next_start = self.next_start.min(now);
    }
}

/// What became of an address that did not win.
#[derive(Debug)]
pub enum Lost<E> {
    TimedOut,
    Failed(E),
}

/// Dials the addresses with `connect` until one wins. Attempts that are still under way then are dropped, and so closed.
///
/// # Errors
/// What became of each address that was tried, in the order of their ends.
pub async fn first<T, E, F: Future<Output = Result<T, E>>>(
    addresses: &[SocketAddr],
    timeout: Duration,
    connect: impl Fn(SocketAddr) -> F,
) -> Result<(T, SocketAddr), Vec<(SocketAddr, Lost<E>)>> {
    let mut schedule = Schedule::new(addresses.len(), timeout, Instant::now());
    let mut attempts = FuturesUnordered::new();
    let mut lost: Vec<(usize, Lost<E>)> = Vec::new();
    loop {
        let wake = match schedule.next(Instant::now()) {
            Next::Start(attempt) => {
                let connecting = connect(addresses[attempt]);
                attempts.push(async move { (attempt, connecting.await) });
                continue;
            }
            // Its future stays until the end of the race; what it may still say is not heard.
            Next::GiveUp(attempt) => {
                lost.push((attempt, Lost::TimedOut));
                continue;
            }
            Next::Wait(at) => at,
            Next::Lost => {
                return Err(lost.into_iter().map(|(attempt, why)| (addresses[attempt], why)).collect());
            }
        };
        tokio::select! {
            biased;
            Some((attempt, result)) = attempts.next(), if !attempts.is_empty() => match result {
                Ok(connected) => return Ok((connected, addresses[attempt])),
                Err(error) if !lost.iter().any(|(one, _)| *one == attempt) => {
                    schedule.failed(attempt, Instant::now());
                    lost.push((attempt, Lost::Failed(error)));
                }
                Err(_) => {}
            },
            () = sleep_until(wake) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(8);

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn families_take_turns_and_no_address_comes_twice() {
        let given = addresses(&["[2001:db8::1]:22", "[2001:db8::2]:22", "[2001:db8::1]:22", "192.0.2.1:22"]);
        assert_eq!(interleave(&given), addresses(&["[2001:db8::1]:22", "192.0.2.1:22", "[2001:db8::2]:22"]));
        let given = addresses(&["192.0.2.1:22", "192.0.2.2:22", "[2001:db8::1]:22"]);
        assert_eq!(interleave(&given), addresses(&["192.0.2.1:22", "[2001:db8::1]:22", "192.0.2.2:22"]));
        assert_eq!(interleave(&[]), []);
    }

    #[test]
    fn one_family_with_many_addresses_does_not_crowd_out_the_other() {
        let mut given: Vec<SocketAddr> =
            (1..=20).map(|n| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 22))).collect();
        given.extend(addresses(&["192.0.2.1:22"]));
        let ordered = interleave(&given);
        assert_eq!(ordered.len(), ADDRESSES_MAX);
        assert_eq!(ordered[1], given[20]);
    }

    #[test]
    fn a_silent_address_delays_the_next_one_by_a_quarter_of_a_second() {
        let start = Instant::now();
        let mut schedule = Schedule::new(2, TIMEOUT, start);
        assert_eq!(schedule.next(start), Next::Start(0));
        assert_eq!(schedule.next(start), Next::Wait(start + ATTEMPT_DELAY));
        assert_eq!(schedule.next(start + ATTEMPT_DELAY), Next::Start(1));
        assert_eq!(schedule.next(start + ATTEMPT_DELAY), Next::Wait(start + TIMEOUT));
        assert_eq!(schedule.next(start + TIMEOUT), Next::GiveUp(0));
        let end = start + ATTEMPT_DELAY + TIMEOUT;
        assert_eq!(schedule.next(start + TIMEOUT), Next::Wait(end));
        assert_eq!(schedule.next(end), Next::GiveUp(1));
        assert_eq!(schedule.next(end), Next::Lost);
    }

    #[test]
    fn a_refused_address_does_not_delay_the_next_one() {
        let start = Instant::now();
        let mut schedule = Schedule::new(2, TIMEOUT, start);
        assert_eq!(schedule.next(start), Next::Start(0));
        let soon = start + Duration::from_millis(3);
        schedule.failed(0, soon);
        assert_eq!(schedule.next(soon), Next::Start(1));
        schedule.failed(1, soon);
        assert_eq!(schedule.next(soon), Next::Lost);
    }

    #[test]
    fn nothing_is_dialled_after_the_end_however_late_one_looks() {
        let start = Instant::now();
        let mut schedule = Schedule::new(8, TIMEOUT, start);
        assert_eq!(schedule.next(start), Next::Start(0));
        let late = start + TIMEOUT * 10;
        assert_eq!(schedule.next(late), Next::GiveUp(0));
        assert_eq!(schedule.next(late), Next::Lost);
    }

    /// Says which address was dialled when, in milliseconds.
    async fn run(
        given: &[SocketAddr],
        ends: &[(u64, Result<(), &'static str>)],
    ) -> (Result<SocketAddr, usize>, Vec<(usize, u128)>, u128) {
        let (start, log) = (Instant::now(), Mutex::new(Vec::new()));
        let result = first(given, TIMEOUT, |address| {
            let number = given.iter().position(|one| *one == address).expect("one of them");
            log.lock().expect("no panic").push((number, start.elapsed().as_millis()));
            let (after, result) = ends[number];
            async move {
                tokio::time::sleep(Duration::from_millis(after)).await;
                result
            }
        })
        .await;
        let log = log.into_inner().expect("no panic");
        (result.map(|(_, address)| address).map_err(|lost| lost.len()), log, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_black_hole_before_a_good_address_costs_a_quarter_of_a_second() {
        let given = addresses(&["[2001:db8::1]:22", "192.0.2.1:22"]);
        let (winner, log, took) = run(&given, &[(100_000, Ok(())), (20, Ok(()))]).await;
        assert_eq!((winner, took), (Ok(given[1]), 270));
        assert_eq!(log, [(0, 0), (1, 250)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_still_wins_over_a_slower_second_one() {
        let given = addresses(&["[2001:db8::1]:22", "192.0.2.1:22"]);
        let (winner, _, took) = run(&given, &[(300, Ok(())), (500, Ok(()))]).await;
        assert_eq!((winner, took), (Ok(given[0]), 300));
    }

    #[tokio::test(start_paused = true)]
    async fn eight_black_holes_take_the_time_of_one_and_say_so_eight_times() {
        let given: Vec<SocketAddr> = (1..=8).map(|n| SocketAddr::from(([192, 0, 2, n], 22))).collect();
        let (winner, log, took) = run(&given, &[(100_000, Ok(())); 8]).await;
        assert_eq!((winner, log.len()), (Err(8), 8));
        assert_eq!(took, 8000 + 7 * 250);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_passed_at_once() {
        let given = addresses(&["[2001:db8::1]:22", "192.0.2.1:22", "192.0.2.2:22"]);
        let (winner, _, took) = run(&given, &[(5, Err("no")), (5, Err("no")), (5, Ok(()))]).await;
        assert_eq!((winner, took), (Ok(given[2]), 15));
    }
}
