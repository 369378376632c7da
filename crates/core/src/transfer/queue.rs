//! The queue of jobs: which of them run, what a person wants of them, and what became of them. It copies nothing itself: it
//! is given something that runs one job.

mod asking;
pub mod kept;
mod leaving;
pub mod live;
pub mod rate;
mod request;
pub mod store;
mod turns;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::job::{
    ConflictAnswer, JobId, JobLimits, JobOrder, JobRequest, JobState, JobSync, JobView, JobsView,
};
use crate::clock;
use crate::error::{Error, ErrorCode, Result};
use crate::host::StoreNotice;
use asking::Asks;
use kept::{Answers, Counts, Errors, Kept, KeptState};
use leaving::Leaving;
use live::{Live, Outcome};
use rate::{Bucket, Rate};
use request::{check, name, refused};
use store::JobStore;

/// Jobs on the list. Beyond it the oldest that ended are forgotten; if all are to be done, no more are taken on.
const JOBS_MAX: usize = 1000;
/// How often the window is told at most.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How often a job that runs is written to the file.
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// Time for a run to stop at the engine's end.
const STOP_TIME: Duration = Duration::from_secs(2);

/// Limits that hold until a person sets others.
const LIMITS: JobLimits = JobLimits { jobs: 3, jobs_per_host: 2, rate_kib: 0 };

/// Runs one job to its end.
pub type RunJob = Arc<dyn Fn(Arc<Live>) -> BoxFuture<'static, Outcome> + Send + Sync>;
/// Removes what a job left unfinished. False if its host cannot be reached now.
pub type CleanJob = Arc<dyn Fn(Arc<Live>) -> BoxFuture<'static, bool> + Send + Sync>;
/// Told of every change, ten times a second at most.
pub type OnChange = Arc<dyn Fn(JobsView) + Send + Sync>;

/// The queue. Clones share it.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    jobs: Mutex<Jobs>,
    store: JobStore,
    bucket: Arc<Bucket>,
    run: RunJob,
    clean: CleanJob,
    changed: Notify,
    /// Ends what runs, with the engine.
    ended: CancellationToken,
    running: TaskTracker,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

struct Jobs {
    /// Those that are to be done in the order of their turns, then those that ended, the newest last.
    list: Vec<Entry>,
    /// Cancelled, or off the list, with unfinished files that may still be there.
    leaving: Vec<Leaving>,
    next_id: JobId,
    limits: JobLimits,
}

struct Entry {
    kept: Kept,
    state: JobState,
    /// While a task is at it, which may be a moment longer than the state says.
    live: Option<Arc<Live>>,
    answer: Option<oneshot::Sender<ConflictAnswer>>,
    /// Of one that asks.
    asks: Option<Asks>,
    /// Its place and state as they were last written; None if it has changed otherwise.
    written: Option<(usize, KeptState)>,
    rate: Rate,
    rate_now: f64,
}

impl Queue {
    /// Opens the queue in a folder, and starts what is to be done. What ran when the app ended runs again.
    pub fn open(
        folder: &Path,
        ended: CancellationToken,
        run: RunJob,
        clean: CleanJob,
        on_change: OnChange,
    ) -> (Self, Vec<StoreNotice>) {
        let (store, found) = JobStore::open(folder);
        let limits = found.limits.unwrap_or(LIMITS);
        let next_id = found.jobs.iter().map(|kept| kept.id).max().unwrap_or(0).saturating_add(1);
        let leaving =
            found.jobs.iter().filter(|kept| Leaving::is_one(kept)).cloned().map(Leaving::new).collect();
        let list = found.jobs.into_iter().filter(|kept| !kept.removed).map(Entry::new).collect();
        let bucket = Arc::<Bucket>::default();
        bucket.set(u64::from(limits.rate_kib) * 1024);
        let queue = Self(Arc::new(Inner {
            jobs: Mutex::new(Jobs { list, leaving, next_id, limits }),
            store,
            bucket,
            run,
            clean,
            changed: Notify::new(),
            ended: ended.child_token(),
            running: TaskTracker::new(),
        }));
        tokio::spawn(tell(Arc::downgrade(&queue.0), ended, on_change));
        (queue, found.notices)
    }

    /// Starts what has its turn; once at the start, when everything that jobs need is there.
    pub fn start(&self) {
        self.advance();
        self.clean_up(|_| true);
    }

    pub fn view(&self) -> JobsView {
        JobsView { jobs: self.lock().list.iter().map(Entry::view).collect() }
    }

    /// Takes a job on. When this returns, it is on the disk.
    ///
    /// # Errors
    /// [`ErrorCode::JobRefused`], and what keeps the file from being written.
    pub async fn add(&self, request: JobRequest) -> Result<JobId> {
        check(&request)?;
        let id = {
            let mut jobs = self.lock();
            if jobs.list.len() >= JOBS_MAX {
                let oldest = jobs.list.iter().position(Entry::has_ended).ok_or_else(|| refused("full"))?;
                let forgotten = jobs.list.remove(oldest);
                self.take_off(&mut jobs, forgotten);
            }
            let id = jobs.next_id;
            jobs.next_id = id.checked_add(1).ok_or_else(|| refused("full"))?;
            let kept = Kept {
                id,
                on_conflict: request.on_conflict,
                answers: Answers::default(),
                request,
                state: KeptState::Queued,
                ran: false,
                only: None,
                counts: Counts::default(),
                errors: Errors::default(),
                added_ms: clock::now_ms().round(),
                ended_ms: None,
                removed: false,
            };
            let place = jobs.list.iter().position(Entry::has_ended).unwrap_or(jobs.list.len());
            jobs.list.insert(place, Entry::new(kept));
            self.keep(&mut jobs);
            id
        };
        if let Err(error) = self.0.store.settled().await {
            let mut jobs = self.lock();
            jobs.list.retain(|entry| entry.kept.id != id);
            drop(jobs);
            self.0.store.remove(id);
            self.0.changed.notify_one();
            return Err(error);
        }
        self.advance();
        Ok(id)
    }

    /// # Errors
    /// [`ErrorCode::JobNotFound`]. An order that makes no sense any more (a job that is done cannot pause) does nothing.
    pub fn order(&self, id: JobId, order: JobOrder) -> Result<()> {
        {
            let mut jobs = self.lock();
            let at = jobs.list.iter().position(|entry| entry.kept.id == id).ok_or_else(not_found)?;
            let ended = jobs.list[at].has_ended();
            match order {
                JobOrder::Pause if !ended => jobs.list[at].pause(),
                JobOrder::Resume if jobs.list[at].state == JobState::Paused => {
                    jobs.list[at].state = JobState::Queued;
                }
                JobOrder::Cancel if !ended => {
                    let entry = &mut jobs.list[at];
                    entry.end(JobState::Cancelled);
                    match &entry.live {
                        Some(live) => live.cancel(),
                        None if entry.kept.ran => {
                            let kept = entry.kept.clone();
                            self.leave(&mut jobs, kept);
                        }
                        None => {}
                    }
                    jobs.put_last(at);
                }
                JobOrder::Retry if ended => {
                    jobs.leaving.retain(|leaving| leaving.kept.id != id);
                    jobs.list[at].retry();
                    jobs.put_before_ended(at);
                }
                JobOrder::First if !ended => {
                    let entry = jobs.list.remove(at);
                    let first = jobs.list.iter().position(|entry| entry.state == JobState::Queued);
                    let first = first.unwrap_or(at).min(at);
                    jobs.list.insert(first, entry);
                }
                JobOrder::Remove if ended => {
                    let entry = jobs.list.remove(at);
                    self.take_off(&mut jobs, entry);
                }
                JobOrder::Pause
                | JobOrder::Resume
                | JobOrder::Cancel
                | JobOrder::Retry
                | JobOrder::First
                | JobOrder::Remove => return Ok(()),
            }
            self.keep(&mut jobs);
        }
        self.clean_up(|leaving| leaving.kept.id == id);
        self.advance();
        Ok(())
    }

    pub fn limits(&self) -> JobLimits {
        self.lock().limits
    }

    /// Holds from now on. Jobs that run go on.
    pub fn set_limits(&self, limits: JobLimits) {
        self.lock().limits = limits;
        self.0.bucket.set(u64::from(limits.rate_kib) * 1024);
        self.0.store.put_limits(limits);
        self.advance();
    }

    /// Stops everything that runs, to go on at the next start.
    pub async fn end(&self) {
        self.0.ended.cancel();
        self.settle().await;
    }

    /// Writes how far everything is, and waits until that is on the disk; at the engine's end also for the runs to stop.
    pub async fn settle(&self) {
        if self.0.ended.is_cancelled() {
            self.0.running.close();
            let _ = timeout(STOP_TIME, self.0.running.wait()).await;
        }
        {
            let mut jobs = self.lock();
            jobs.list.iter_mut().for_each(Entry::refresh);
            self.keep(&mut jobs);
        }
        if let Err(error) = self.0.store.settled().await {
            tracing::warn!(%error, "the transfer queue was not written at the end");
        }
    }

    /// Has everything written that is not as it was written last.
    fn keep(&self, jobs: &mut Jobs) {
        for (place, entry) in jobs.list.iter_mut().enumerate() {
            let state = KeptState::from(&entry.state);
            if entry.written.as_ref() != Some(&(place, state.clone())) {
                self.0.store.put(place, Kept { state: state.clone(), ..entry.kept.clone() });
                entry.written = Some((place, state));
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Jobs> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jobs {
    fn named(&mut self, id: JobId) -> Option<&mut Entry> {
        self.list.iter_mut().find(|entry| entry.kept.id == id)
    }

    fn put_last(&mut self, at: usize) {
        let entry = self.list.remove(at);
        self.list.push(entry);
    }

    fn put_before_ended(&mut self, at: usize) {
        let entry = self.list.remove(at);
        let place = self.list.iter().position(Entry::has_ended).unwrap_or(self.list.len());
        self.list.insert(place, entry);
    }
}

impl Entry {
    fn new(kept: Kept) -> Self {
        let state = kept.state.clone().into();
        Self {
            kept,
            state,
            live: None,
            answer: None,
            asks: None,
            written: None,
            rate: Rate::default(),
            rate_now: 0.0,
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.state, JobState::Done | JobState::Failed { .. } | JobState::Cancelled)
    }

    fn pause(&mut self) {
        self.state = JobState::Paused;
        if let Some(live) = &self.live {
            live.stop.cancel();
        }
        self.forget_question();
    }

    fn end(&mut self, state: JobState) {
        self.state = state;
        self.forget_question();
        self.kept.ended_ms = Some(clock::now_ms().round());
    }

    /// What failed is tried again; all of it if that is not known, and of a move, which removes its sources only when all of
    /// them have arrived.
    fn retry(&mut self) {
        let errors = std::mem::take(&mut self.kept.errors);
        let is_copy = !self.kept.request.remove_sources && self.kept.request.sync.is_none();
        let partial = self.state == JobState::Done && errors.count > 0 && is_copy;
        self.kept.only = partial.then(|| errors.all_places()).flatten();
        if self.kept.only.is_none() {
            self.kept.counts = Counts::default();
        }
        // A person is there, who may want something else now.
        self.kept.answers = Answers::default();
        self.written = None;
        self.kept.ended_ms = None;
        self.state = JobState::Queued;
    }

    /// Takes over what its run has counted.
    fn refresh(&mut self) {
        if let Some(live) = &self.live {
            self.kept.counts = live.shown();
            self.kept.errors = live.errors().clone();
            self.written = None;
        }
    }

    fn view(&self) -> JobView {
        let Kept { id, request, counts, errors, added_ms, ended_ms, .. } = &self.kept;
        let (live_counts, live_errors) = match &self.live {
            Some(live) => (live.shown(), Some(live.errors())),
            None => (*counts, None),
        };
        let errors = live_errors.as_deref().unwrap_or(errors);
        let Counts {
            counted,
            files,
            bytes,
            files_done,
            bytes_done,
            files_skipped,
            files_bare,
            deleted,
            rounds,
        } = live_counts;
        let is_running = self.state == JobState::Running;
        let left = bytes.saturating_sub(bytes_done) as f64;
        JobView {
            id: *id,
            state: self.state.clone(),
            name: request.sources.first().map(name).unwrap_or_default(),
            sources: u32::try_from(request.sources.len()).unwrap_or(u32::MAX),
            from: request.sources.first().unwrap_or(&request.target).clone(),
            to: request.target.clone(),
            counted,
            files: files as f64,
            bytes: bytes as f64,
            files_done: files_done as f64,
            bytes_done: bytes_done as f64,
            rate: if is_running { self.rate_now.round() } else { 0.0 },
            seconds_left: (is_running && counted && self.rate_now > 0.0 && self.rate.is_settled())
                .then(|| (left / self.rate_now).ceil()),
            current: self.live.as_ref().filter(|_| is_running).and_then(|live| live.current()),
            files_skipped: files_skipped as f64,
            files_bare: files_bare as f64,
            error_count: errors.count,
            errors: errors.view(),
            added_ms: *added_ms,
            ended_ms: *ended_ms,
            sync: request.sync.as_ref().map(|sync| JobSync {
                deleted: deleted as f64,
                watch: sync.watch,
                rounds: rounds as f64,
            }),
        }
    }
}

/// Tells of changes, at most every [`TELL_EVERY`], and writes now and then how far running jobs are.
async fn tell(queue: std::sync::Weak<Inner>, ended: CancellationToken, on_change: OnChange) {
    let mut told = JobsView::default();
    let mut kept = Instant::now();
    loop {
        let Some(inner) = queue.upgrade() else { return };
        let queue = Queue(inner);
        let now = Instant::now();
        let is_busy = {
            let mut jobs = queue.lock();
            for entry in &mut jobs.list {
                entry.look_whether_it_moves(now);
                if let (Some(live), JobState::Running) = (&entry.live, &entry.state) {
                    if live.catches_up() {
                        entry.rate.clear();
                        entry.rate_now = 0.0;
                    } else {
                        entry.rate_now = entry.rate.at(now, live.counts().bytes_done);
                    }
                }
            }
            if now.duration_since(kept) >= KEEP_EVERY {
                kept = now;
                for (place, entry) in jobs.list.iter_mut().enumerate() {
                    if entry.live.is_some() {
                        entry.refresh();
                        let state = KeptState::from(&entry.state);
                        queue.0.store.put(place, Kept { state, ..entry.kept.clone() });
                    }
                }
            }
            jobs.list.iter().any(|entry| entry.live.is_some() && entry.state != JobState::Watching)
        };
        let view = queue.view();
        if view != told {
            on_change(view.clone());
            told = view;
        }
        let changed = async {
            queue.0.changed.notified().await;
        };
        // While nothing runs only an order changes anything. The engine's end is awaited besides, so that it may be dropped.
        tokio::select! {
            () = ended.cancelled() => return,
            () = changed, if !is_busy => {}
            () = tokio::time::sleep(TELL_EVERY), if is_busy => continue,
        }
        drop(queue);
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(TELL_EVERY) => {}
        }
    }
}

fn not_found() -> Error {
    Error::new(ErrorCode::JobNotFound, "This transfer is not in the list any more.")
}

#[cfg(test)]
mod tests;
