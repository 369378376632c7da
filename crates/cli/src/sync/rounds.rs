//! What is said of a sync that goes on: one line for each time that it has come to its end.

use bowline_core::prompt::visible_line;
use bowline_core::transfer::job::{JobState, JobView};
use serde_json::{Value, json};

use crate::cp::voice::whole;
use crate::cp::why::why;

/// Errors that are told of one round.
const ERRORS_MAX: usize = 10;

/// What was said already.
#[derive(Debug, Default)]
pub struct Rounds {
    rounds: f64,
    files: f64,
    deleted: f64,
    is_waiting: bool,
}

/// A line for a person, and the same for a program.
#[derive(Debug, PartialEq)]
pub struct Said {
    pub line: String,
    pub object: Value,
}

impl Rounds {
    /// What is new of a job; nothing of one that does not go on.
    pub fn news(&mut self, job: &JobView) -> Vec<Said> {
        let mut said = Vec::new();
        let Some(sync) = job.sync.filter(|sync| sync.watch) else { return said };
        if let JobState::Waiting { problem } = &job.state {
            if !std::mem::replace(&mut self.is_waiting, true) {
                said.push(Said {
                    line: format!(
                        "{} It goes on when the connection is back.",
                        visible_line(&problem.message)
                    ),
                    object: json!({"type": "waiting", "code": problem.code, "message": problem.message}),
                });
            }
            return said;
        }
        if job.state != JobState::Watching || sync.rounds == self.rounds {
            return said;
        }
        self.is_waiting = false;
        // The counts begin anew when all of it was compared.
        let since = |now: f64, before: f64| if now >= before { now - before } else { now };
        let (files, deleted) = (since(job.files_done, self.files), since(sync.deleted, self.deleted));
        let is_first = self.rounds == 0.0;
        (self.rounds, self.files, self.deleted) = (sync.rounds, job.files_done, sync.deleted);
        for error in job.errors.iter().take(ERRORS_MAX) {
            said.push(Said {
                line: format!("{}: {}", error.path, why(&error.problem)),
                object: json!({"type": "error", "path": error.path, "code": error.problem.code,
                    "message": why(&error.problem)}),
            });
        }
        if is_first || files > 0.0 || deleted > 0.0 || job.error_count > 0 {
            let end = if is_first { ", watching for changes" } else { "" };
            said.push(Said {
                line: format!("{files} copied, {deleted} deleted, {} failed{end}", job.error_count),
                object: json!({"type": "round", "files": whole(files), "deleted": whole(deleted), "errors": job.error_count}),
            });
        }
        said
    }
}
