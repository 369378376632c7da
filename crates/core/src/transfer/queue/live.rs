//! A job while it runs: what it counts, and how it is stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio_util::sync::CancellationToken;

use super::Inner;
use super::kept::{Answers, Counts, Errors, FailedPlace};
use super::store::Parts;
use crate::error::{Error, Problem};
use crate::transfer::job::{ConflictAnswer, JobConflict, JobId, JobRequest, OnConflict};
use crate::transfer::resume::Remembered;

/// Unfinished files whose lengths are known for what is shown. As many are under way at once at most; beyond it they do not
/// count until they go on.
const PARTS_SHOWN_MAX: usize = 1024;

/// What a run of a job came to.
#[derive(Debug)]
pub enum Outcome {
    /// Everything was tried.
    Done,
    /// A person, or the end of the app, stopped it.
    Stopped,
    Failed(Problem),
}

/// A job that runs. Its run counts here, the queue shows it.
#[derive(Debug)]
pub struct Live {
    pub id: JobId,
    pub request: JobRequest,
    /// It has run before: what has arrived already is passed over.
    pub again: AtomicBool,
    /// Only these are to be tried.
    pub only: Option<Vec<FailedPlace>>,
    /// Told when it is to stop.
    pub stop: CancellationToken,
    /// It is not to go on later: parts of files are removed.
    cancelled: AtomicBool,
    counts: AtomicCounts,
    on_conflict: Mutex<OnConflict>,
    answers: Mutex<Answers>,
    /// How far it was before it began to count anew: what is there already is not lost while nothing has found it again.
    before: Mutex<Counts>,
    /// Up to where unfinished files are verified.
    verified: Mutex<BTreeMap<Vec<u8>, u64>>,
    /// Its connection is gone.
    waits: AtomicBool,
    current: Mutex<Option<String>>,
    errors: Mutex<Errors>,
    /// A person answers one question at a time.
    asking: tokio::sync::Mutex<()>,
    pub(super) queue: Weak<Inner>,
}

#[derive(Debug, Default)]
struct AtomicCounts {
    counted: AtomicBool,
    files: AtomicU64,
    bytes: AtomicU64,
    files_done: AtomicU64,
    bytes_done: AtomicU64,
    files_skipped: AtomicU64,
    files_bare: AtomicU64,
    deleted: AtomicU64,
    rounds: AtomicU64,
    received: AtomicU64,
    /// What was counted of files that did not arrive in this run.
    taken_back: AtomicU64,
}

impl Live {
    pub(super) fn new(
        kept: &super::kept::Kept,
        only: Option<Vec<FailedPlace>>,
        stop: CancellationToken,
        queue: Weak<Inner>,
    ) -> Self {
        let live = Self {
            id: kept.id,
            request: kept.request.clone(),
            again: AtomicBool::new(kept.ran),
            only,
            stop,
            cancelled: AtomicBool::new(false),
            counts: AtomicCounts::default(),
            on_conflict: Mutex::new(kept.on_conflict),
            answers: Mutex::new(kept.answers.clone()),
            before: Mutex::default(),
            verified: Mutex::default(),
            waits: AtomicBool::new(false),
            current: Mutex::default(),
            errors: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            queue,
        };
        live.begin(live.only.is_some().then_some(kept.counts));
        if live.only.is_none() && live.request.sync.is_none() {
            *live.before() = kept.counts;
        }
        live
    }

    /// Counts anew, or on from what a run before has counted.
    pub fn begin(&self, from: Option<Counts>) {
        let before =
            if from.is_some() || self.request.sync.is_some() { Counts::default() } else { self.shown() };
        *self.before() = before;
        self.waits.store(false, Relaxed);
        self.counts.taken_back.store(0, Relaxed);
        let from = from.unwrap_or_default();
        self.counts.counted.store(from.counted, Relaxed);
        self.counts.files.store(from.files, Relaxed);
        self.counts.bytes.store(from.bytes, Relaxed);
        self.counts.files_done.store(from.files_done, Relaxed);
        self.counts.bytes_done.store(from.bytes_done, Relaxed);
        self.counts.files_skipped.store(from.files_skipped, Relaxed);
        self.counts.files_bare.store(from.files_bare, Relaxed);
        self.counts.deleted.store(from.deleted, Relaxed);
        *self.errors() = Errors::default();
    }

    pub fn counts(&self) -> Counts {
        let counts = &self.counts;
        let (files_done, bytes_done) = (counts.files_done.load(Relaxed), counts.bytes_done.load(Relaxed));
        Counts {
            counted: counts.counted.load(Relaxed),
            // What was copied was there, counted by then or not.
            files: counts.files.load(Relaxed).max(files_done),
            bytes: counts.bytes.load(Relaxed).max(bytes_done),
            files_done,
            bytes_done,
            files_skipped: counts.files_skipped.load(Relaxed),
            files_bare: counts.files_bare.load(Relaxed),
            deleted: counts.deleted.load(Relaxed),
            rounds: counts.rounds.load(Relaxed),
        }
    }

    /// What is shown and kept: what runs before this one have brought stays counted until this one has found it, and what is
    /// kept of unfinished files counts while nothing goes on.
    pub fn shown(&self) -> Counts {
        let (counts, before) = (self.counts(), *self.before());
        let mut bytes_done = counts.bytes_done;
        if self.waits.load(Relaxed) || self.stop.is_cancelled() {
            let verified: u64 = self.verified().values().sum();
            bytes_done += verified.min(self.counts.taken_back.load(Relaxed));
        }
        let known = |now: u64, before: u64| if counts.counted { now } else { now.max(before) };
        let (files, bytes) = (known(counts.files, before.files), known(counts.bytes, before.bytes));
        Counts {
            files,
            bytes,
            files_done: counts.files_done.max(before.files_done).min(files),
            bytes_done: bytes_done.max(before.bytes_done).min(bytes.max(bytes_done)),
            ..counts
        }
    }

    /// It has not come as far again as it was before.
    pub fn catches_up(&self) -> bool {
        self.counts.bytes_done.load(Relaxed) < self.before().bytes_done
    }

    fn before(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verified(&self) -> std::sync::MutexGuard<'_, BTreeMap<Vec<u8>, u64>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that will be copied was found.
    pub fn found(&self, files: u64, bytes: u64) {
        self.counts.files.fetch_add(files, Relaxed);
        self.counts.bytes.fetch_add(bytes, Relaxed);
    }

    pub fn all_found(&self) {
        self.counts.counted.store(true, Relaxed);
    }

    pub fn file_done(&self) {
        self.counts.files_done.fetch_add(1, Relaxed);
    }

    pub fn file_skipped(&self) {
        self.counts.files_skipped.fetch_add(1, Relaxed);
    }

    /// A file arrived, and its mode or time was refused.
    pub fn file_bare(&self) {
        self.counts.files_bare.fetch_add(1, Relaxed);
    }

    pub fn deleted_one(&self) {
        self.counts.deleted.fetch_add(1, Relaxed);
    }

    /// A sync came to its end, so its connections were good for something.
    pub fn round_done(&self) {
        self.counts.rounds.fetch_add(1, Relaxed);
        self.counts.received.fetch_add(1, Relaxed);
    }

    /// A sync waits for changes, or does not any more.
    pub fn set_watching(&self, is_watching: bool) {
        if let Some(queue) = self.queue.upgrade() {
            super::Queue(queue).set_watching(self.id, is_watching);
        }
    }

    pub fn add_bytes(&self, bytes: u64) {
        self.counts.bytes_done.fetch_add(bytes, Relaxed);
        self.counts.received.fetch_add(bytes, Relaxed);
    }

    /// Everything that came so far, whatever became of it: whether a connection was good for anything.
    pub fn received(&self) -> u64 {
        self.counts.received.load(Relaxed)
    }

    /// Takes back what was counted of a file that did not arrive.
    pub fn take_bytes(&self, bytes: u64) {
        self.counts.bytes_done.fetch_sub(bytes, Relaxed);
        self.counts.taken_back.fetch_add(bytes, Relaxed);
        // What it was before may be what is taken back now.
        self.before().bytes_done = 0;
    }

    pub fn set_current(&self, path: String) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    pub(super) fn current(&self) -> Option<String> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A file failed; the others go on.
    pub fn file_failed(&self, path: String, error: &Error, place: FailedPlace) {
        self.errors().add(path, error.problem(), place);
    }

    pub fn error_count(&self) -> u32 {
        self.errors().count
    }

    pub(super) fn errors(&self) -> std::sync::MutexGuard<'_, Errors> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
        self.stop.cancel();
    }

    /// Whether parts of files are to be removed.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    /// What a person wants where something stands, as far as it is known.
    pub fn on_conflict(&self) -> OnConflict {
        *self.on_conflict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a person what happens to a file; never [`OnConflict::Ask`]. The job's other files go on meanwhile.
    pub async fn ask(&self, conflict: JobConflict) -> OnConflict {
        let known = self.answers.lock().unwrap_or_else(PoisonError::into_inner).to(&conflict);
        if let Some(known) = known {
            return known;
        }
        let _one_at_a_time = self.asking.lock().await;
        // The question before this one may have been answered for all.
        let known = self.on_conflict();
        if known != OnConflict::Ask {
            return known;
        }
        let Some(queue) = self.queue.upgrade() else { return OnConflict::Skip };
        let answered = super::Queue(queue).ask(self.id, conflict.clone());
        // Without an answer the run ends, and asks again when it goes on.
        let Ok(ConflictAnswer { on_conflict, for_all }) = answered.await else { return OnConflict::Skip };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).note(&conflict, on_conflict);
        if for_all {
            *self.on_conflict.lock().unwrap_or_else(PoisonError::into_inner) = on_conflict;
        }
        on_conflict
    }

    /// Its connection is gone, or is back.
    pub fn wait_for_connection(&self, problem: Option<Problem>) {
        if problem.is_some() {
            self.waits.store(true, Relaxed);
        }
        if let Some(queue) = self.queue.upgrade() {
            super::Queue(queue).set_waiting(self.id, problem);
        }
    }

    /// Waits until so many bytes may pass under the limit of all jobs, or the job is to stop, which is not their turn.
    pub async fn pass(&self, bytes: usize) {
        if let Some(queue) = self.queue.upgrade() {
            let bucket = Arc::clone(&queue.bucket);
            drop(queue);
            tokio::select! {
                () = bucket.pass(bytes) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// The limit of all jobs; 0 is none.
    pub fn bytes_per_second(&self) -> u64 {
        self.queue.upgrade().map_or(0, |queue| queue.bucket.bytes_per_second())
    }

    /// Remembers up to where a file was verified, for a later run.
    pub fn remember(&self, path: &[u8], part: Option<Remembered>) {
        let mut verified = self.verified();
        match part {
            // What is remembered of anything but a part has no size.
            Some(part)
                if part.source.size > 0
                    && (verified.len() < PARTS_SHOWN_MAX || verified.contains_key(path)) =>
            {
                verified.insert(path.to_vec(), part.verified);
            }
            Some(_) => {}
            None => {
                verified.remove(path);
            }
        }
        drop(verified);
        if let Some(queue) = self.queue.upgrade() {
            queue.store.put_part(self.id, path, part);
        }
    }

    /// What runs before this one remembered.
    pub async fn parts(&self) -> Parts {
        match self.queue.upgrade() {
            Some(queue) => queue.store.parts(self.id).await,
            None => Parts::default(),
        }
    }
}
