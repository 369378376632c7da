//! How copying is told: a bar and lines for a person, or objects.

use bowline_core::prompt::visible_line;
use bowline_core::transfer::job::{JobError, JobState, JobView, JobsView};
use bytes::Bytes;
use serde_json::{Value, json};

use super::bar::{Bar, Progress};
use super::jobs::is_over;
use super::why::why;
use crate::command::say;
use crate::stdio::Sink;
use crate::sync::rounds::Rounds;

/// Names of a line; what lies on disk is told in errors.
const SHOWN_ERRORS: usize = 100;

/// How it is told: a bar and lines for a person, or objects.
pub struct Voice {
    json: bool,
    pub stdout: Sink,
    pub(super) bar: Bar,
    rounds: Rounds,
}

impl Voice {
    pub fn new(stdout: Sink, json: bool, quiet: bool) -> Self {
        Self { json, stdout, bar: Bar::new(!quiet && !json), rounds: Rounds::default() }
    }

    /// A word that is not copied.
    pub(super) async fn refuse(&mut self, message: &str) {
        self.error(json!({"type": "error", "message": message}), message).await;
    }

    async fn error(&mut self, object: Value, message: &str) {
        if self.json {
            self.object(object).await;
        } else {
            self.bar.clear();
            say(message);
        }
    }

    pub(super) async fn progress(&mut self, view: &JobsView) {
        for job in &view.jobs {
            for said in self.rounds.news(job) {
                if self.json {
                    self.object(said.object).await;
                } else {
                    self.bar.clear();
                    say(&said.line);
                }
            }
            if job.state == JobState::Watching {
                return;
            }
        }
        if self.json {
            let (done, all) = totals(view);
            return self.object(json!({"type": "progress", "bytesDone": whole(done), "bytes": whole(all), "filesDone": whole(sum(view, |job| job.files_done)), "files": whole(sum(view, |job| job.files))})).await;
        }
        self.bar.show(&shown(view));
    }

    /// What became of all; says whether everything was copied.
    pub(super) async fn end(&mut self, view: &JobsView) -> bool {
        if !self.json {
            self.bar.finish(&shown(view));
        }
        let mut all = true;
        for job in &view.jobs {
            all &= job.state == JobState::Done && job.error_count == 0;
            if let JobState::Failed { problem } = &job.state {
                let message = why(problem);
                let object = json!({"type": "error", "code": problem.code, "message": message});
                self.error(object, &message).await;
            }
            for JobError { path, problem } in job.errors.iter().take(SHOWN_ERRORS) {
                let message = why(problem);
                let object = json!({"type": "error", "path": path, "code": problem.code, "message": message});
                // Most reasons name it already.
                let line = if message.contains(path) { message } else { format!("{path}: {message}") };
                self.error(object, &line).await;
            }
            let untold = (job.error_count as usize).saturating_sub(job.errors.len());
            if untold > 0 && !self.json {
                say(&format!("and {untold} more"));
            }
        }
        if self.json {
            let (done, _) = totals(view);
            self.object(json!({
                "type": "end", "bytes": whole(done), "files": whole(sum(view, |job| job.files_done)),
                "skipped": whole(sum(view, |job| job.files_skipped)),
                "errors": whole(sum(view, |job| f64::from(job.error_count))),
                "deleted": whole(sum(view, |job| job.sync.map_or(0.0, |sync| sync.deleted))),
            }))
            .await;
        }
        all
    }

    pub async fn object(&self, value: Value) {
        // Who cannot be told any more is noticed at the end.
        let _ = self.stdout.write(Bytes::from(format!("{value}\n"))).await;
    }
}

/// A count as programs read one: without a fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
pub fn whole(count: f64) -> u64 {
    count.round() as u64
}

fn sum(view: &JobsView, of: impl Fn(&JobView) -> f64) -> f64 {
    view.jobs.iter().map(of).sum()
}

fn totals(view: &JobsView) -> (f64, f64) {
    (sum(view, |job| job.bytes_done), sum(view, |job| job.bytes))
}

fn shown(view: &JobsView) -> Progress {
    let (bytes_done, bytes) = totals(view);
    let running = view.jobs.iter().find(|job| !is_over(&job.state)).or(view.jobs.last());
    let name = match running {
        Some(JobView { state: JobState::Waiting { .. }, .. }) => "waiting for the connection".to_owned(),
        Some(job) => job.current.clone().unwrap_or_else(|| job.name.clone()),
        None => String::new(),
    };
    let rate = sum(view, |job| job.rate);
    let counted = view.jobs.iter().all(|job| job.counted || is_over(&job.state));
    Progress {
        name: visible_line(&name),
        bytes_done,
        bytes,
        counted,
        rate,
        seconds_left: (counted && rate > 0.0).then(|| (bytes - bytes_done).max(0.0) / rate),
    }
}
