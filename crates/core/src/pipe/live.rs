//! What a pipe is doing: noted by its tasks, looked at by whoever shows it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use ts_rs::TS;

use super::tail::Tail;
use crate::error::Problem;
use crate::exec::ExecEnd;

/// Told of every change but the bytes.
pub type Tell = Arc<dyn Fn() + Send + Sync>;

/// What a shell gives for a program that SIGPIPE has ended.
const STATUS_OF_SIGPIPE: u8 = 141;
/// What ssh(1) gives for what is no program's own.
const STATUS_OF_FAILURE: u8 = 255;

/// How one stage ended.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StageEnd {
    Exited {
        status: u32,
    },
    /// A signal ended it: its name without `SIG`.
    Signalled {
        signal: String,
    },
    /// A file was read or written to its end.
    Done,
    /// Nobody read what it wrote any more, so its output was closed, as with SIGPIPE.
    Unread,
    /// It was ended, since another stage was lost or the person stopped the pipe. Confirmed: its host said that it has ended.
    Stopped {
        confirmed: bool,
    },
    /// Nobody knows how it ended: it was cut off.
    Unknown {
        problem: Problem,
    },
    /// It was not begun, since something else failed before.
    NotRun,
    /// It could not be begun, or a file could not be used.
    Failed {
        problem: Problem,
    },
}

impl StageEnd {
    /// The status that a shell would have for it.
    pub fn status(&self) -> u8 {
        match self {
            // Of a larger number a shell sees the low byte, too.
            StageEnd::Exited { status } => match status.to_le_bytes()[0] {
                0 if *status != 0 => STATUS_OF_FAILURE,
                status => status,
            },
            StageEnd::Signalled { signal } => number(signal).map_or(STATUS_OF_FAILURE, |number| 128 + number),
            StageEnd::Done => 0,
            StageEnd::Unread => STATUS_OF_SIGPIPE,
            StageEnd::Stopped { .. }
            | StageEnd::NotRun
            | StageEnd::Unknown { .. }
            | StageEnd::Failed { .. } => STATUS_OF_FAILURE,
        }
    }

    /// Nothing is missing from what came out at the other end because of it.
    pub fn is_well(&self) -> bool {
        matches!(self, StageEnd::Unread) || self.status() == 0
    }
}

impl From<ExecEnd> for StageEnd {
    fn from(end: ExecEnd) -> Self {
        match end {
            ExecEnd::Exited { status } => StageEnd::Exited { status },
            ExecEnd::Signalled { signal, .. } => StageEnd::Signalled { signal },
            ExecEnd::Unknown { problem } => StageEnd::Unknown { problem },
        }
    }
}

/// The numbers that signals have on all systems (POSIX.1, kill(1)), and the usual ones of the others that SSH names.
fn number(signal: &str) -> Option<u8> {
    Some(match signal {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ILL" => 4,
        "ABRT" => 6,
        "FPE" => 8,
        "KILL" => 9,
        "USR1" => 10,
        "SEGV" => 11,
        "USR2" => 12,
        "PIPE" => 13,
        "ALRM" => 14,
        "TERM" => 15,
        _ => return None,
    })
}

/// The status of a pipe as `set -o pipefail` has it: that of the last stage that failed.
pub fn status_of(ends: &[StageEnd]) -> u8 {
    ends.iter().rev().map(StageEnd::status).find(|status| *status != 0).unwrap_or(0)
}

/// How all of it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// One for each stage: the source if there is one, the programs, the file at the end.
    pub ends: Vec<StageEnd>,
    /// As with `set -o pipefail`: of the last stage that failed; 255 for what is no program's own.
    pub status: u8,
    /// What kept the output of the last program from being taken to its end, where that is no stage.
    pub output: Option<StageEnd>,
    /// What came out is all that there was to come.
    pub well: bool,
}

/// Where one stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum StageState {
    /// Its host is being connected, or waits for the others.
    Waiting,
    Running,
    Ended,
}

/// One stage, as it is now.
#[derive(Debug, Clone)]
pub struct StageNow {
    pub state: StageState,
    pub end: Option<StageEnd>,
    /// What it wrote to standard error.
    pub stderr: Tail,
    /// What went wrong with the file that its output goes to as well.
    pub tee_problem: Option<Problem>,
}

/// What the tasks of a pipe note.
pub struct Live {
    stages: Mutex<Vec<StageNow>>,
    joints: Vec<AtomicU64>,
    output: Mutex<Tail>,
    output_end: Mutex<Option<StageEnd>>,
    /// Files that are not whole.
    left: Mutex<Vec<PathBuf>>,
    tell: Tell,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("stages", &self.stages).finish_non_exhaustive()
    }
}

impl Live {
    pub fn new(stages: usize, joints: usize, tell: Tell) -> Self {
        let stage =
            StageNow { state: StageState::Waiting, end: None, stderr: Tail::default(), tee_problem: None };
        Self {
            stages: Mutex::new(vec![stage; stages]),
            joints: (0..joints).map(|_| AtomicU64::new(0)).collect(),
            output: Mutex::default(),
            output_end: Mutex::default(),
            left: Mutex::default(),
            tell,
        }
    }

    pub fn runs(&self, stage: usize) {
        self.change(stage, |stage| stage.state = StageState::Running);
    }

    /// What is said first about its end counts.
    pub fn ended(&self, stage: usize, end: StageEnd) {
        self.change(stage, |stage| {
            stage.state = StageState::Ended;
            stage.end.get_or_insert(end);
        });
    }

    /// A file was written, and could not be given its name.
    pub fn failed_after_all(&self, stage: usize, problem: Problem) {
        self.change(stage, |stage| stage.end = Some(StageEnd::Failed { problem }));
    }

    pub fn stderr(&self, stage: usize, bytes: &[u8]) {
        self.change(stage, |stage| stage.stderr.push(bytes));
    }

    pub fn tee_failed(&self, stage: usize, problem: Problem) {
        self.change(stage, |stage| stage.tee_problem = Some(problem));
    }

    pub fn passed(&self, joint: usize, bytes: usize) {
        if let Some(joint) = self.joints.get(joint) {
            joint.fetch_add(bytes as u64, Relaxed);
        }
    }

    pub fn output(&self, bytes: &[u8]) {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }

    /// The output of the last program was not taken to its end.
    pub fn output_ended(&self, end: StageEnd) {
        self.output_end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
    }

    pub fn output_end(&self) -> Option<StageEnd> {
        self.output_end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn left(&self, file: PathBuf) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }

    /// Looks at each stage as it is now; shortly, since its tasks wait meanwhile.
    pub fn each_stage<T>(&self, look: impl FnMut(&StageNow) -> T) -> Vec<T> {
        self.lock().iter().map(look).collect()
    }

    /// What has gone from each stage to the next one.
    pub fn joints(&self) -> Vec<u64> {
        self.joints.iter().map(|joint| joint.load(Relaxed)).collect()
    }

    /// What the last stage wrote, if nothing else took it.
    pub fn last_output(&self) -> Tail {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn files_left(&self) -> Vec<PathBuf> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How each of them ended.
    pub fn ends(&self) -> Vec<StageEnd> {
        let end = |stage: &StageNow| match (&stage.end, stage.state) {
            (Some(end), _) => end.clone(),
            (None, StageState::Waiting) => StageEnd::NotRun,
            (None, StageState::Running | StageState::Ended) => StageEnd::Stopped { confirmed: false },
        };
        self.lock().iter().map(end).collect()
    }

    /// How all of it ended, which is the last that is noted.
    pub fn close(&self) -> Outcome {
        let ends = self.ends();
        for (stage, end) in ends.iter().enumerate() {
            self.ended(stage, end.clone());
        }
        let tee_failed = self.lock().iter().any(|stage| stage.tee_problem.is_some());
        let output = self.output_end();
        let all: Vec<StageEnd> = ends.iter().chain(&output).cloned().collect();
        let status = match status_of(&all) {
            0 if tee_failed => STATUS_OF_FAILURE,
            status => status,
        };
        Outcome { well: !tee_failed && all.iter().all(StageEnd::is_well), status, output, ends }
    }

    pub fn changed(&self) {
        (self.tell)();
    }

    fn change(&self, stage: usize, change: impl FnOnce(&mut StageNow)) {
        if let Some(stage) = self.lock().get_mut(stage) {
            change(stage);
        }
        self.changed();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<StageNow>> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_that_of_the_last_stage_that_failed() {
        let exited = |status| StageEnd::Exited { status };
        let killed = StageEnd::Signalled { signal: "KILL".to_owned() };
        for (ends, status) in [
            (vec![exited(0), exited(0)], 0),
            (vec![exited(3), exited(0)], 3),
            (vec![exited(3), exited(7), exited(0), StageEnd::Done], 7),
            (vec![StageEnd::Unread, exited(0)], 141),
            (vec![exited(0), killed.clone()], 137),
            (vec![killed, exited(1)], 1),
            (vec![exited(256)], 255),
            (vec![StageEnd::Done, StageEnd::Stopped { confirmed: true }], 255),
        ] {
            assert_eq!(status_of(&ends), status, "{ends:?}");
        }
    }
}
