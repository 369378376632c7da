//! Whose turn it is: jobs that wait are started as the limits allow, and one that cannot go on gives its turn to another.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::time::timeout;

use super::kept::{Errors, Kept};
use super::live::{Live, Outcome};
use super::{Entry, Jobs, Queue, STOP_TIME};
use crate::error::{Error, Problem};
use crate::files::place::are_same_files;
use crate::host::HostId;
use crate::transfer::job::{JobEnd, JobId, JobState};

impl Queue {
    /// Starts every job that has its turn.
    pub(super) fn advance(&self) {
        let mut jobs = self.lock();
        while let Some(at) = jobs.next_turn() {
            let entry = &mut jobs.list[at];
            let live = self.live(&entry.kept);
            entry.state = JobState::Running;
            entry.kept.ran = true;
            entry.kept.only = None;
            entry.kept.errors = Errors::default();
            entry.written = None;
            entry.live = Some(Arc::clone(&live));
            let (queue, running) =
                (self.clone(), AssertUnwindSafe((self.0.run)(Arc::clone(&live))).catch_unwind());
            let ended = self.0.ended.clone();
            let tasks = self.0.running.clone();
            tasks.spawn(async move {
                let weak = Arc::downgrade(&queue.0);
                drop(queue);
                let mut running = std::pin::pin!(running);
                let outcome = tokio::select! {
                    biased;
                    // At the end of the app everything stays as it is; the next start goes on. The run stops by itself and
                    // notes how far its files are.
                    () = ended.cancelled() => {
                        let _ = timeout(STOP_TIME, running).await;
                        return;
                    }
                    outcome = &mut running => outcome,
                };
                let outcome = outcome.unwrap_or_else(|_| {
                    Outcome::Failed(Error::internal("a transfer ended in a panic").problem())
                });
                if let Some(inner) = weak.upgrade() {
                    Queue(inner).ended(&live, outcome);
                }
            });
        }
        self.keep(&mut jobs);
        drop(jobs);
        self.0.changed.notify_one();
    }

    pub(super) fn live(&self, kept: &Kept) -> Arc<Live> {
        let stop = self.0.ended.child_token();
        Arc::new(Live::new(kept, kept.only.clone(), stop, Arc::downgrade(&self.0)))
    }

    fn ended(&self, live: &Arc<Live>, outcome: Outcome) {
        let mut jobs = self.lock();
        if let Some(at) = jobs.list.iter().position(|entry| entry.kept.id == live.id) {
            let entry = &mut jobs.list[at];
            entry.refresh();
            if matches!(outcome, Outcome::Done) {
                entry.kept.counts = live.counts();
            }
            entry.live = None;
            entry.answer = None;
            entry.rate.clear();
            entry.rate_now = 0.0;
            let is_at_it = matches!(
                entry.state,
                JobState::Running | JobState::Watching | JobState::Waiting { .. } | JobState::Asking { .. }
            );
            match outcome {
                Outcome::Done if is_at_it => entry.end(JobState::Done),
                Outcome::Failed(problem) if is_at_it => entry.end(JobState::Failed { problem }),
                // Its question waits without it.
                Outcome::Stopped if entry.is_set_aside() => {}
                Outcome::Stopped if is_at_it => {
                    entry.state = JobState::Paused;
                    entry.forget_question();
                }
                // It was cancelled while it was about to pause: what it left is removed after it.
                Outcome::Stopped if entry.state == JobState::Cancelled => {
                    let kept = entry.kept.clone();
                    self.leave(&mut jobs, kept);
                }
                // A person has said already what becomes of it.
                Outcome::Done | Outcome::Failed(_) | Outcome::Stopped => {}
            }
            if jobs.list[at].has_ended() {
                jobs.put_last(at);
            }
        }
        for leaving in jobs.leaving.iter_mut().filter(|leaving| leaving.kept.id == live.id) {
            leaving.runs = false;
        }
        drop(jobs);
        self.clean_up(|leaving| leaving.kept.id == live.id);
        self.advance();
    }

    pub(super) fn set_waiting(&self, id: JobId, problem: Option<Problem>) {
        let mut jobs = self.lock();
        if let Some(entry) = jobs.named(id).filter(|entry| !entry.is_set_aside()) {
            entry.state = match (&entry.state, problem) {
                (
                    JobState::Running
                    | JobState::Watching
                    | JobState::Waiting { .. }
                    | JobState::Asking { .. },
                    Some(problem),
                ) => JobState::Waiting { problem },
                (JobState::Waiting { .. }, None) => JobState::Running,
                _ => return,
            };
            entry.forget_question();
        }
        drop(jobs);
        // A job that waits gives its turn to another one.
        self.advance();
    }

    pub(super) fn set_watching(&self, id: JobId, is_watching: bool) {
        let mut jobs = self.lock();
        if let Some(entry) = jobs.named(id) {
            entry.state = match (&entry.state, is_watching) {
                (JobState::Running | JobState::Waiting { .. }, true) => JobState::Watching,
                (JobState::Watching, false) => JobState::Running,
                _ => return,
            };
            entry.refresh();
        }
        drop(jobs);
        // A job that waits gives its turn to another one.
        self.advance();
    }
}

impl Jobs {
    /// The first job that waits for its turn and may have it under the limits.
    fn next_turn(&self) -> Option<usize> {
        let running = |entry: &&Entry| {
            let waits = matches!(
                entry.state,
                JobState::Waiting { .. } | JobState::Watching | JobState::Asking { .. } | JobState::Paused
            );
            entry.live.is_some() && !waits
        };
        let over = |limit: u32, count: usize| limit > 0 && count >= limit as usize;
        if over(self.limits.jobs, self.list.iter().filter(running).count()) {
            return None;
        }
        self.list.iter().position(|entry| {
            entry.state == JobState::Queued
                && entry.live.is_none()
                && entry.hosts().iter().all(|host| {
                    let on_host = self.list.iter().filter(running).filter(|other| other.is_on(host));
                    !over(self.limits.jobs_per_host, on_host.count())
                })
        })
    }
}

impl Entry {
    /// Whether it is on a host, with whatever rights.
    fn is_on(&self, host: &HostId) -> bool {
        self.hosts().into_iter().any(|other| are_same_files(other, host))
    }

    fn hosts(&self) -> Vec<&HostId> {
        let ends = self.kept.request.sources.iter().take(1).chain([&self.kept.request.target]);
        let mut hosts: Vec<&HostId> = ends
            .filter_map(|end| match end {
                JobEnd::Here { .. } => None,
                JobEnd::Host { host_id, .. } => Some(host_id),
            })
            .collect();
        hosts.dedup();
        hosts
    }
}
