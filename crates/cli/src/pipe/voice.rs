//! What the person hears of a pipe: a line that is written over on a terminal, objects for programs, and how each stage ended.

use std::io::{IsTerminal, Write};

use bowline_core::pipe::Pipe;
use bowline_core::pipe::live::{Outcome, StageEnd};
use bowline_core::transfer::queue::rate::Rate;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::command::say;
use crate::cp::bar::bytes;
use crate::stdio::Sink;
use crate::tty;

/// Lines of what a stage wrote to standard error that are shown at the end.
const LINES_SHOWN: usize = 10;

pub struct Voice {
    /// For each stage, what it is called.
    pub names: Vec<String>,
    /// Objects go here.
    pub json: Option<Sink>,
    pub quiet: bool,
    rates: Vec<Rate>,
    drawn: bool,
}

impl Voice {
    pub fn new(names: Vec<String>, json: Option<Sink>, quiet: bool) -> Self {
        Self { names, json, quiet, rates: Vec::new(), drawn: false }
    }

    /// How far it is. To be called each second.
    pub async fn progress(&mut self, pipe: &Pipe) {
        let joints = pipe.live().joints();
        self.rates.resize_with(joints.len(), Rate::default);
        let now = Instant::now();
        let rates: Vec<f64> =
            joints.iter().zip(&mut self.rates).map(|(bytes, rate)| rate.at(now, *bytes).round()).collect();
        if self.json.is_some() {
            let joints: Vec<Value> = joints
                .iter()
                .zip(&rates)
                .map(|(bytes, rate)| json!({"bytes": bytes, "perSecond": rate}))
                .collect();
            self.object(&json!({"type": "progress", "joints": joints})).await;
        } else if !self.quiet && std::io::stderr().is_terminal() {
            let columns = usize::from(tty::size(std::io::stderr()).cols);
            let line = line(&self.names, &joints, &rates, columns);
            let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
            let _ = std::io::stderr().flush();
            self.drawn = true;
        }
    }

    /// How each stage ended, and all of it.
    pub async fn end(&mut self, pipe: &Pipe, outcome: &Outcome) {
        if self.drawn {
            self.progress(pipe).await;
            let _ = writeln!(std::io::stderr());
        }
        let said = pipe.live().each_stage(|stage| {
            (stage.stderr.last_lines(LINES_SHOWN), stage.stderr.written(), stage.tee_problem.clone())
        });
        for (stage, (end, (lines, written, tee))) in outcome.ends.iter().zip(said).enumerate() {
            let name = self.names.get(stage).cloned().unwrap_or_default();
            if self.json.is_some() {
                let object = json!({
                    "type": "stage", "stage": stage + 1, "name": name, "end": end, "status": end.status(),
                    "stderr": lines, "stderrBytes": written, "tee": tee.map(|problem| problem.message),
                });
                self.object(&object).await;
                continue;
            }
            if !end.is_well() {
                say(&format!("{name}: {}", words(end)));
            }
            if let Some(problem) = tee {
                say(&format!("{name}: {}", problem.message));
            }
            if !end.is_well() || !self.quiet {
                for line in lines {
                    let _ = writeln!(std::io::stderr(), "  {name}: {line}");
                }
            }
        }
        let output = match &outcome.output {
            Some(StageEnd::Failed { problem }) => Some(&problem.message),
            _ => None,
        };
        let left: Vec<String> =
            pipe.live().files_left().iter().map(|path| path.display().to_string()).collect();
        if self.json.is_some() {
            let object = json!({
                "type": "end", "status": outcome.status, "well": outcome.well, "bytes": pipe.live().joints(),
                "output": output, "left": left,
            });
            self.object(&object).await;
        } else {
            if let Some(problem) = output {
                say(problem);
            }
            for file in left {
                say(&format!("what came is in {file}"));
            }
        }
    }

    async fn object(&self, value: &Value) {
        if let Some(sink) = &self.json {
            // Whoever does not listen any more need not hear it.
            let _ = sink.write(Bytes::from(format!("{value}\n"))).await;
        }
    }
}

/// One sentence for the person.
fn words(end: &StageEnd) -> String {
    match end {
        StageEnd::Exited { status } => format!("ended with status {status}"),
        StageEnd::Signalled { signal } => format!("ended by signal {signal}"),
        StageEnd::Done => "done".to_owned(),
        StageEnd::Unread => "its output was closed, since nobody read it any more".to_owned(),
        StageEnd::Stopped { confirmed: true } => "was ended".to_owned(),
        StageEnd::Stopped { confirmed: false } => "was told to end; whether it did is not known".to_owned(),
        StageEnd::NotRun => "was not run".to_owned(),
        StageEnd::Unknown { problem } | StageEnd::Failed { problem } => problem.message.clone(),
    }
}

/// `a 1.2 GB 53 MB/s > b 1.2 GB 53 MB/s > file`, cut where the terminal ends.
fn line(names: &[String], joints: &[u64], rates: &[f64], columns: usize) -> String {
    let short = |name: &String| name.split(':').next().unwrap_or(name).to_owned();
    let mut parts: Vec<String> = joints
        .iter()
        .zip(rates)
        .enumerate()
        .map(|(joint, (passed, rate))| {
            let name = names.get(joint).map(short).unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
            let passed = *passed as f64;
            format!("{name} {} {}/s", bytes(passed), bytes(*rate))
        })
        .collect();
    parts.extend(names.get(joints.len()).map(short));
    parts.join(" > ").chars().take(columns.saturating_sub(1).max(20)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_each_joint_and_fits_the_terminal() {
        let names = ["web:cat x".to_owned(), "db:psql".to_owned()];
        assert_eq!(
            line(&names, &[1_200_000_000, 34], &[53e6, 0.0], 80),
            "web 1.2 GB 53 MB/s > db 34 B 0 B/s"
        );
        assert_eq!(line(&names, &[1], &[0.0], 80), "web 1 B 0 B/s > db");
        assert_eq!(line(&names, &[1, 1], &[0.0, 0.0], 24).chars().count(), 23);
    }
}
