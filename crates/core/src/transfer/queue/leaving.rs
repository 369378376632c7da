//! Jobs that go, and what they left unfinished: it is removed at once where that can be, else when their host is connected
//! again. Until then they are kept, off the list.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::kept::{Kept, KeptState};
use super::live::Live;
use super::{Entry, JOBS_MAX, Jobs, Queue};
use crate::host::HostId;
use crate::transfer::job::{JobEnd, JobState};

/// Jobs that wait for that. When there are more, the oldest is forgotten, and what it left stays where it is.
const LEAVING_MAX: usize = 200;

/// A job with unfinished files that nobody needs any more.
#[derive(Debug)]
pub(super) struct Leaving {
    pub kept: Kept,
    /// Its run has not ended quite yet.
    pub runs: bool,
    /// Ends the task that is at it.
    cleaning: Option<CancellationToken>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(cleaning) = &self.cleaning {
            cleaning.cancel();
        }
    }
}

impl Leaving {
    pub fn new(kept: Kept) -> Self {
        Self { kept, runs: false, cleaning: None }
    }

    /// Whether a job of the file is one.
    pub fn is_one(kept: &Kept) -> bool {
        kept.removed || (kept.ran && kept.state == KeptState::Cancelled)
    }

    fn is_on(&self, host: &HostId) -> bool {
        let ends = self.kept.request.sources.iter().take(1).chain([&self.kept.request.target]);
        ends.into_iter().any(|end| matches!(end, JobEnd::Host { host_id, .. } if host_id == host))
    }
}

impl Queue {
    /// A host is connected: what jobs left unfinished there can be removed.
    pub fn connected(&self, host: &HostId) {
        self.clean_up(|leaving| leaving.is_on(host));
    }

    /// Takes a job that is off the list out of the file, at once or when nothing of it is left.
    pub(super) fn take_off(&self, jobs: &mut Jobs, entry: Entry) {
        let runs = entry.live.is_some();
        let is_whole = entry.state == JobState::Done && entry.kept.errors.count == 0;
        let state = KeptState::from(&entry.state);
        let mut kept = Kept { state, ..entry.kept };
        if !kept.ran || (is_whole && !runs) {
            jobs.leaving.retain(|leaving| leaving.kept.id != kept.id);
            self.0.store.remove(kept.id);
            return;
        }
        kept.removed = true;
        self.0.store.put(JOBS_MAX, kept.clone());
        self.leave(jobs, kept);
        if let Some(leaving) = jobs.leaving.last_mut() {
            leaving.runs = runs;
        }
    }

    /// Has what a job left unfinished removed, once [`Queue::clean_up`] is called for it.
    pub(super) fn leave(&self, jobs: &mut Jobs, kept: Kept) {
        jobs.leaving.retain(|leaving| leaving.kept.id != kept.id);
        if jobs.leaving.len() >= LEAVING_MAX {
            let forgotten = jobs.leaving.remove(0);
            tracing::warn!(job = forgotten.kept.id, "unfinished files of a transfer stay where they are");
            if forgotten.kept.removed {
                self.0.store.remove(forgotten.kept.id);
            }
        }
        jobs.leaving.push(Leaving::new(kept));
    }

    /// Removes what these jobs left unfinished, as far as their hosts can be reached without a question.
    pub(super) fn clean_up(&self, is_due: impl Fn(&Leaving) -> bool) {
        let mut jobs = self.lock();
        let mut due = Vec::new();
        for leaving in &mut jobs.leaving {
            if !leaving.runs && leaving.cleaning.is_none() && is_due(leaving) {
                let live = self.live(&leaving.kept);
                leaving.cleaning = Some(live.stop.clone());
                due.push(live);
            }
        }
        drop(jobs);
        for live in due {
            let (weak, cleaning) = (Arc::downgrade(&self.0), (self.0.clean)(Arc::clone(&live)));
            // Ends with the engine, and when the job is wanted once more.
            tokio::spawn(live.stop.clone().run_until_cancelled_owned(async move {
                let is_clean = cleaning.await;
                if let Some(inner) = weak.upgrade() {
                    Queue(inner).cleaned(&live, is_clean);
                }
            }));
        }
    }

    fn cleaned(&self, live: &Live, is_clean: bool) {
        let mut jobs = self.lock();
        let Some(at) = jobs.leaving.iter().position(|leaving| leaving.kept.id == live.id) else { return };
        jobs.leaving[at].cleaning = None;
        if is_clean && jobs.leaving.remove(at).kept.removed {
            self.0.store.remove(live.id);
        }
    }
}
