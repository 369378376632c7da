//! Jobs that ask a person something. They take nobody's turn, and go on with their other files while their question is open; so
//! that hundreds of them do not keep a connection each, only a few stay open. What the others ask is shown all the same: each
//! stops, and goes on with its answer when it has its turn again.

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::request::refused;
use super::{Entry, Jobs, Queue, not_found};
use crate::error::Result;
use crate::transfer::job::{ConflictAnswer, JobConflict, JobId, JobState, OnConflict};

/// Jobs that ask and stay open. With one more, the one that has stood still for the longest time is set aside. The others are no
/// more than there are on the list.
pub(super) const OPEN_MAX: usize = 8;

/// What is known of a job that asks.
#[derive(Debug)]
pub(super) struct Asks {
    /// When its other files moved last.
    moved: Instant,
    received: u64,
    /// Its run was stopped, and its question stays.
    is_set_aside: bool,
}

impl Queue {
    pub(super) fn ask(&self, id: JobId, conflict: JobConflict) -> oneshot::Receiver<ConflictAnswer> {
        let (answer, answered) = oneshot::channel();
        let mut jobs = self.lock();
        if let Some(entry) = jobs.named(id)
            && entry.state == JobState::Running
        {
            let received = entry.live.as_ref().map_or(0, |live| live.received());
            entry.state = JobState::Asking { conflict };
            entry.answer = Some(answer);
            entry.asks = Some(Asks { moved: Instant::now(), received, is_set_aside: false });
        }
        jobs.set_one_aside();
        drop(jobs);
        // A job that waits for a person gives its turn to another one.
        self.advance();
        answered
    }

    /// Answers what a job asks.
    ///
    /// # Errors
    /// [`ErrorCode::JobNotFound`](crate::error::ErrorCode::JobNotFound), also if it asks nothing any more;
    /// [`ErrorCode::JobRefused`](crate::error::ErrorCode::JobRefused) for what is no answer.
    pub fn answer(&self, id: JobId, answer: ConflictAnswer) -> Result<()> {
        if answer.on_conflict == OnConflict::Ask {
            return Err(refused("no-answer"));
        }
        let mut jobs = self.lock();
        let entry = jobs.named(id).ok_or_else(not_found)?;
        let asked = entry.answer.take();
        let next = match (&asked, entry.is_set_aside()) {
            (Some(_), false) => JobState::Running,
            (None, true) => JobState::Queued,
            (Some(_), true) | (None, false) => return Err(not_found()),
        };
        if let JobState::Asking { conflict } = std::mem::replace(&mut entry.state, next) {
            entry.kept.answers.note(&conflict, answer.on_conflict);
        }
        if answer.for_all {
            entry.kept.on_conflict = answer.on_conflict;
        }
        entry.forget_question();
        entry.written = None;
        if let Some(asked) = asked {
            let _ = asked.send(answer);
        }
        self.keep(&mut jobs);
        drop(jobs);
        self.advance();
        Ok(())
    }
}

impl Jobs {
    /// Stops one of the jobs that ask, if too many of them are open.
    fn set_one_aside(&mut self) {
        let open = |entry: &&mut Entry| entry.asks.as_ref().is_some_and(|asks| !asks.is_set_aside);
        if self.list.iter_mut().filter(open).count() <= OPEN_MAX {
            return;
        }
        let still =
            self.list.iter_mut().filter(open).min_by_key(|entry| entry.asks.as_ref().map(|asks| asks.moved));
        let Some(Entry { asks: Some(asks), answer, live, .. }) = still else { return };
        asks.is_set_aside = true;
        // First told to stop, so that no answer is no answer.
        if let Some(live) = live {
            live.stop.cancel();
        }
        *answer = None;
    }
}

impl Entry {
    pub(super) fn is_set_aside(&self) -> bool {
        self.asks.as_ref().is_some_and(|asks| asks.is_set_aside)
    }

    /// Looks whether the other files of a job that asks go on.
    pub(super) fn look_whether_it_moves(&mut self, now: Instant) {
        if let (Some(asks), Some(live)) = (&mut self.asks, &self.live) {
            let received = live.received();
            if received != asks.received {
                (asks.moved, asks.received) = (now, received);
            }
        }
    }

    /// Nobody is asked any more.
    pub(super) fn forget_question(&mut self) {
        self.answer = None;
        self.asks = None;
    }
}
