//! Turns at the disks of this computer. What is asked of a disk is done on threads that may block, by as few of them as keep up:
//! waking a thread for each of thousands of small files takes longer than most disks do. Where a disk takes its time, or hangs,
//! there are more, but never every thread of the engine.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// Operations of one run (of a sync: on each side) that wait for a disk at once, each on a thread. The engine has 512 threads for whatever may block, so
/// that a disk that hangs stops its own jobs only.
const DISK_CALLS: usize = 32;
/// So many threads are enough where an operation takes no time worth mentioning.
const FEW: usize = 2;
/// One more for each time that an operation usually takes as long as this.
const WORTH_A_THREAD: Duration = Duration::from_micros(30);
/// A thread is not joined by another for fewer operations that wait.
const WORTH_WAKING: usize = 8;
/// A disk that has done nothing for so long gets more operations beside those under way.
const LATE: Duration = Duration::from_millis(2);

/// The turns of one run.
#[derive(Debug, Clone, Default)]
pub struct DiskTurns(Arc<Turns>);

#[derive(Debug, Default)]
struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    /// As many as there are files and folders under way, see [`UNITS`](super::super::UNITS).
    waiting: VecDeque<Box<dyn FnOnce() + Send>>,
    /// Threads that take from there.
    running: usize,
    /// How long an operation takes lately.
    usual: Duration,
    last_done: Option<Instant>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { waiting, running, usual, last_done } = self;
        let waiting = &waiting.len();
        f.debug_struct("State")
            .field("waiting", waiting)
            .field("running", running)
            .field("usual", usual)
            .field("last_done", last_done)
            .finish()
    }
}

impl DiskTurns {
    /// Does something short on a thread that may block, when there is a turn for it. What nobody waits for any more by then is
    /// not done.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (give, mut done) = oneshot::channel();
        self.0.lock().waiting.push_back(Box::new(move || {
            if !give.is_closed() {
                let worked = catch_unwind(AssertUnwindSafe(work));
                let _ = give.send(worked.unwrap_or_else(|_| Err(io::Error::other("it ended in a panic"))));
            }
        }));
        // Whoever else is about to ask goes first, so that a thread is woken for all of them.
        tokio::task::yield_now().await;
        self.0.start();
        loop {
            match tokio::time::timeout(LATE, &mut done).await {
                Ok(Ok(worked)) => return worked,
                // The runtime has ended.
                Ok(Err(gone)) => return Err(io::Error::other(gone)),
                Err(_late) => self.0.start(),
            }
        }
    }
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts one more thread if that is worth it.
    fn start(self: &Arc<Self>) {
        let mut state = self.lock();
        let now = Instant::now();
        if state.wants_more(now) {
            if state.running == 0 {
                state.last_done = Some(now);
            }
            state.running += 1;
            drop(state);
            let this = Arc::clone(self);
            tokio::task::spawn_blocking(move || this.run());
        }
    }

    /// Takes one turn after the other until there is none.
    fn run(&self) {
        let mut took = None;
        loop {
            let mut state = self.lock();
            if let Some(took) = took {
                state.done(took, Instant::now());
            }
            let Some(work) = state.waiting.pop_front() else {
                state.running -= 1;
                return;
            };
            drop(state);
            let begun = Instant::now();
            work();
            took = Some(begun.elapsed());
        }
    }
}

impl State {
    fn wants_more(&self, now: Instant) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let stands_still = self.last_done.is_none_or(|done| now.duration_since(done) >= LATE);
        match self.running {
            0 => true,
            running if stands_still => running < DISK_CALLS,
            running => running < self.worth() && self.waiting.len() > running * WORTH_WAKING,
        }
    }

    /// How many threads are worth it, as long operations take.
    fn worth(&self) -> usize {
        let threads = self.usual.as_nanos() / WORTH_A_THREAD.as_nanos();
        usize::try_from(threads).unwrap_or(DISK_CALLS).clamp(FEW, DISK_CALLS)
    }

    fn done(&mut self, took: Duration, now: Instant) {
        self.usual = (self.usual * 7 + took) / 8;
        self.last_done = Some(now);
    }
}
#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    use super::*;

    /// So many operations wait, of which one usually takes so long; the last one was done just now.
    fn state(waiting: usize, running: usize, usual: Duration, now: Instant) -> State {
        let waiting = (0..waiting).map(|_| Box::new(|| {}) as Box<dyn FnOnce() + Send>).collect();
        State { waiting, running, usual, last_done: Some(now) }
    }

    #[test]
    fn few_threads_do_what_takes_no_time_and_many_what_takes_long() {
        let now = Instant::now();
        let fast = Duration::from_micros(10);
        assert!(!state(0, 0, fast, now).wants_more(now), "there is nothing to do");
        assert!(state(1, 0, fast, now).wants_more(now));
        assert!(!state(WORTH_WAKING, 1, fast, now).wants_more(now), "one thread is at it soon");
        assert!(state(WORTH_WAKING + 1, 1, fast, now).wants_more(now));
        assert!(!state(1000, FEW, fast, now).wants_more(now));
        let slow = Duration::from_millis(8);
        assert!(state(1000, DISK_CALLS - 1, slow, now).wants_more(now));
        assert!(!state(1000, DISK_CALLS, slow, now).wants_more(now));
    }

    #[test]
    fn a_disk_that_stands_still_gets_more_threads_up_to_a_bound() {
        let now = Instant::now();
        let fast = Duration::from_micros(10);
        assert!(!state(1, 1, fast, now).wants_more(now + LATE / 2));
        assert!(state(1, 1, fast, now).wants_more(now + LATE));
        assert!(state(1, DISK_CALLS - 1, fast, now).wants_more(now + LATE));
        assert!(!state(1, DISK_CALLS, fast, now).wants_more(now + LATE));
    }

    #[test]
    fn how_long_operations_take_is_learnt_and_forgotten() {
        let now = Instant::now();
        let mut state = State::default();
        (0..32).for_each(|_| state.done(Duration::from_millis(1), now));
        assert_eq!(state.worth(), DISK_CALLS);
        (0..64).for_each(|_| state.done(Duration::from_micros(5), now));
        assert_eq!(state.worth(), FEW);
    }

    #[tokio::test]
    async fn an_operation_that_panics_fails_alone() {
        let turns = DiskTurns::default();
        let failed = turns.work(|| -> io::Result<()> { panic!("a mistake") }).await;
        assert!(failed.is_err());
        assert_eq!(turns.work(|| Ok(7)).await.expect("the next one is done"), 7);
    }

    #[tokio::test]
    async fn one_that_hangs_holds_up_no_other() {
        let turns = DiskTurns::default();
        let (let_go, hangs) = std::sync::mpsc::channel::<()>();
        let hanging = tokio::spawn({
            let turns = turns.clone();
            async move { turns.work(move || hangs.recv().map_err(io::Error::other)).await }
        });
        tokio::task::yield_now().await;
        let other = tokio::time::timeout(Duration::from_secs(30), turns.work(|| Ok(7))).await;
        assert_eq!(other.expect("in time").expect("it is done"), 7);
        let_go.send(()).expect("it still waits");
        hanging.await.expect("it ends").expect("done");
    }

    #[tokio::test]
    async fn a_disk_that_hangs_keeps_no_more_threads_than_it_has_turns() {
        let turns = DiskTurns::default();
        let (under_way, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let hanging = |_| {
            let (turns, under_way, most) = (turns.clone(), Arc::clone(&under_way), Arc::clone(&most));
            tokio::spawn(async move {
                let hang = move || {
                    most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::sleep(Duration::from_millis(50));
                    under_way.fetch_sub(1, SeqCst);
                    Ok(())
                };
                turns.work(hang).await
            })
        };
        let mut tasks: Vec<_> = (0..4 * DISK_CALLS).map(hanging).collect();
        while under_way.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        // Whoever waits no longer gives back no thread.
        tasks.drain(..DISK_CALLS).for_each(|task| task.abort());
        for task in tasks {
            task.await.expect("it ends").expect("done");
        }
        assert_eq!(most.load(SeqCst), DISK_CALLS);
    }
}
