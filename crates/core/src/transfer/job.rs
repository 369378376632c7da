//! Jobs of the transfer queue, as the window and the `bowline` command see them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Problem;
use crate::host::HostId;
use crate::transfer::sync::SyncRules;

/// A job's number, which it keeps for as long as it is in the queue, across restarts.
pub type JobId = u32;

/// Where files lie. Paths are text as [`crate::files::path_text`] makes it, and absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum JobEnd {
    /// On this computer.
    Here { path: String },
    /// On a saved host.
    #[serde(rename_all = "camelCase")]
    Host { host_id: HostId, path: String },
}

/// What happens where something stands already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum OnConflict {
    /// A person is asked, for each or once for all.
    #[default]
    Ask,
    Overwrite,
    /// Overwrite what is older than the source.
    Newer,
    /// Write beside it, under a free name.
    Rename,
    Skip,
    /// Go on where the other one ends, if its beginning is the same.
    Resume,
}

/// How a file is held against its source once it is there. Sizes are compared always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    #[default]
    Size,
    Sha256,
}

/// Copy these to there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobRequest {
    /// At least one; files and folders.
    pub sources: Vec<JobEnd>,
    /// The folder that they go into, or, with `exact`, the path that the one source gets.
    pub target: JobEnd,
    #[serde(default)]
    pub exact: bool,
    #[serde(default)]
    pub on_conflict: OnConflict,
    #[serde(default)]
    pub verify: Verify,
    /// The sources are removed once all of them are there (move).
    #[serde(default)]
    pub remove_sources: bool,
    /// The target becomes like the one source, a folder: its contents go into the target, which need not be there.
    #[serde(default)]
    #[ts(optional)]
    pub sync: Option<SyncRules>,
}

/// What a job is doing.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum JobState {
    /// Its turn comes when another job is done.
    Queued,
    Running,
    /// A sync that waits for changes of its source; it takes nobody's turn.
    Watching,
    /// A person made it wait.
    Paused,
    /// Its connection is gone; it goes on when that is back.
    Waiting {
        problem: Problem,
    },
    /// A person has to say what happens to a file that stands there already.
    Asking {
        conflict: JobConflict,
    },
    /// Everything is there and was checked, but for what the job's errors name.
    Done,
    Failed {
        problem: Problem,
    },
    Cancelled,
}

/// A file that stands where another is to go.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobConflict {
    /// The path there, to be shown.
    pub path: String,
    /// Bytes.
    pub source_size: Option<f64>,
    /// Seconds since 1970.
    pub source_modified: Option<f64>,
    pub target_size: Option<f64>,
    pub target_modified: Option<f64>,
}

/// One file that could not be copied; the others go on.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct JobError {
    /// To be shown.
    pub path: String,
    pub problem: Problem,
}

/// A job, ten times a second at most while something changes.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    pub id: JobId,
    #[serde(flatten)]
    pub state: JobState,
    /// What it copies: the name of the one source, to be shown, or of the first one.
    pub name: String,
    /// How many sources it has.
    pub sources: u32,
    pub from: JobEnd,
    pub to: JobEnd,
    /// Those are final once the walk through the folders is done.
    pub counted: bool,
    pub files: f64,
    pub bytes: f64,
    pub files_done: f64,
    pub bytes_done: f64,
    /// Bytes per second over the last seconds; 0 unless it runs.
    pub rate: f64,
    pub seconds_left: Option<f64>,
    /// The file that is being copied, to be shown.
    pub current: Option<String>,
    /// Left as they were, since something stood there.
    pub files_skipped: f64,
    /// Arrived without their mode or time: the file system there keeps none, or belongs to another.
    pub files_bare: f64,
    pub error_count: u32,
    /// The first 100 of them.
    pub errors: Vec<JobError>,
    /// Milliseconds since 1970.
    pub added_ms: f64,
    pub ended_ms: Option<f64>,
    /// Of a sync only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sync: Option<JobSync>,
}

/// What a sync does besides copying.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobSync {
    pub deleted: f64,
    /// It goes on when the source changes.
    pub watch: bool,
    /// How often it has come to its end.
    pub rounds: f64,
}

/// The whole queue, in the order in which jobs get their turn; those that ended come last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, TS)]
pub struct JobsView {
    pub jobs: Vec<JobView>,
}

/// What a person wants of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum JobOrder {
    Pause,
    Resume,
    /// What is there stays, a part of a file does not.
    Cancel,
    /// What failed is tried again.
    Retry,
    /// It gets the next turn.
    First,
    /// Takes a job that ended off the list.
    Remove,
}

/// The answer to [`JobState::Asking`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConflictAnswer {
    /// Anything but [`OnConflict::Ask`].
    pub on_conflict: OnConflict,
    /// For all further conflicts of the job.
    pub for_all: bool,
}

/// Limits of all transfers together; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobLimits {
    /// Jobs that run at once.
    pub jobs: u32,
    /// Jobs that run at once on one host.
    pub jobs_per_host: u32,
    /// KiB per second, all jobs together.
    pub rate_kib: u32,
}
