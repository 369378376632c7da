//! A job as it lies in the file of the queue.

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::transfer::job::{JobConflict, JobError, JobId, JobRequest, JobState, OnConflict};

/// Errors of a job that are kept and shown; what comes after them is counted.
pub const ERRORS_MAX: usize = 100;
/// Failed files whose places are known, so that a retry needs no walk. With more, the whole job runs again, and what has
/// arrived is passed over.
pub const FAILED_MAX: usize = 10_000;
/// Answers for one file each that are kept. Beyond it the oldest is forgotten: that file is asked about again.
const ANSWERS_MAX: usize = 1000;

/// Everything about a job that a restart must not lose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub id: JobId,
    pub request: JobRequest,
    pub state: KeptState,
    /// The request's, or what a person has answered for all further conflicts.
    pub on_conflict: OnConflict,
    /// What a person has answered for one file each.
    #[serde(default)]
    pub answers: Answers,
    /// It has run before: what has arrived is passed over.
    pub ran: bool,
    /// Only these are to be tried, of a job whose other files arrived.
    pub only: Option<Vec<FailedPlace>>,
    pub counts: Counts,
    pub errors: Errors,
    pub added_ms: f64,
    pub ended_ms: Option<f64>,
    /// It is off the list, and kept only until its unfinished files are removed.
    #[serde(default)]
    pub removed: bool,
}

/// What a job was doing. One that ran, waited or asked when the app ended is queued at the next start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum KeptState {
    Queued,
    Paused,
    Done,
    Failed { problem: Problem },
    Cancelled,
}

impl From<&JobState> for KeptState {
    fn from(state: &JobState) -> Self {
        match state {
            JobState::Queued
            | JobState::Running
            | JobState::Watching
            | JobState::Waiting { .. }
            | JobState::Asking { .. } => KeptState::Queued,
            JobState::Paused => KeptState::Paused,
            JobState::Done => KeptState::Done,
            JobState::Failed { problem } => KeptState::Failed { problem: problem.clone() },
            JobState::Cancelled => KeptState::Cancelled,
        }
    }
}

impl From<KeptState> for JobState {
    fn from(state: KeptState) -> Self {
        match state {
            KeptState::Queued => JobState::Queued,
            KeptState::Paused => JobState::Paused,
            KeptState::Done => JobState::Done,
            KeptState::Failed { problem } => JobState::Failed { problem },
            KeptState::Cancelled => JobState::Cancelled,
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub counted: bool,
    pub files: u64,
    pub bytes: u64,
    pub files_done: u64,
    pub bytes_done: u64,
    pub files_skipped: u64,
    /// Files that arrived without their mode or time, which the other side refused.
    #[serde(default)]
    pub files_bare: u64,
    /// Of a sync: what was deleted, and how often it came to its end.
    #[serde(default)]
    pub deleted: u64,
    #[serde(default)]
    pub rounds: u64,
}

/// What a person has answered for single files. The same question comes again when a run goes on after a pause or a lost
/// connection, maybe with nobody there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answers(Vec<Answered>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Answered {
    /// The path there, as it was shown: two paths never look the same.
    path: String,
    size: Option<f64>,
    modified: Option<f64>,
    on_conflict: OnConflict,
}

impl Answers {
    pub fn note(&mut self, conflict: &JobConflict, on_conflict: OnConflict) {
        self.0.retain(|known| known.path != conflict.path);
        if self.0.len() >= ANSWERS_MAX {
            self.0.remove(0);
        }
        let JobConflict { path, target_size: size, target_modified: modified, .. } = conflict.clone();
        self.0.push(Answered { path, size, modified, on_conflict });
    }

    /// The answer to this very question. Nothing is written over what has come there since; a file that is gone on with, or is
    /// left, may have grown.
    pub fn to(&self, conflict: &JobConflict) -> Option<OnConflict> {
        let known = self.0.iter().find(|known| known.path == conflict.path)?;
        let is_same = (known.size, known.modified) == (conflict.target_size, conflict.target_modified);
        let changes_little = matches!(known.on_conflict, OnConflict::Skip | OnConflict::Resume);
        (is_same || changes_little).then_some(known.on_conflict)
    }
}

/// Where something failed: a source by its number, and the names below it on both sides (bytes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPlace {
    pub source: usize,
    pub from: Vec<Vec<u8>>,
    pub to: Vec<Vec<u8>>,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Errors {
    pub count: u32,
    /// The first [`ERRORS_MAX`], with the path to be shown.
    pub shown: Vec<(String, Problem)>,
    /// The first [`FAILED_MAX`].
    pub places: Vec<FailedPlace>,
}

impl Errors {
    pub fn add(&mut self, path: String, problem: Problem, place: FailedPlace) {
        self.count = self.count.saturating_add(1);
        if self.shown.len() < ERRORS_MAX {
            self.shown.push((path, problem));
        }
        if self.places.len() < FAILED_MAX {
            self.places.push(place);
        }
    }

    /// The places, if they are all.
    pub fn all_places(&self) -> Option<Vec<FailedPlace>> {
        (self.places.len() == self.count as usize).then(|| self.places.clone())
    }

    pub fn view(&self) -> Vec<JobError> {
        let view =
            |(path, problem): &(String, Problem)| JobError { path: path.clone(), problem: problem.clone() };
        self.shown.iter().map(view).collect()
    }
}
