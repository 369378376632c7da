//! Runs as the window sees them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::HostId;

/// Hosts of one run.
pub const HOSTS_MAX: usize = 256;
/// Hosts at once unless somebody says otherwise: each is a dial, a login and perhaps a question.
pub const AT_ONCE: u32 = 16;
/// A command as sshd can give it to a shell: one argument has at most 128 KiB on Linux (MAX_ARG_STRLEN), and a little is ours.
pub const COMMAND_MAX_BYTES: usize = 120 * 1024;
/// Input that is typed; more of it comes from a file.
pub const INPUT_MAX_BYTES: usize = 1024 * 1024;

/// Names a run while the app runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct RunId(pub String);

/// What comes on a command's standard input.
#[derive(Clone, PartialEq, Eq, Default, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RunInput {
    #[default]
    None,
    Text {
        text: String,
    },
    /// A file of this computer, read anew for each host.
    File {
        path: String,
    },
}

/// What is typed may be a password.
impl std::fmt::Debug for RunInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RunInput::None => "None",
            RunInput::Text { .. } => "Text",
            RunInput::File { .. } => "File",
        })
    }
}

/// A run as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunRequest {
    pub hosts: Vec<HostId>,
    /// For the login shell of each host.
    pub command: String,
    /// So many hosts at once.
    pub at_once: u32,
    /// For the command on each host, from its start; 0 is no limit.
    pub timeout_seconds: u32,
    /// After the first host on which it failed it begins on no further one; where it runs it goes on.
    pub stop_on_failure: bool,
    /// Send the command alone, without the line that lets its processes be found: for forced commands and for devices
    /// that know no `sh`.
    pub as_is: bool,
    pub input: RunInput,
    /// A folder of this computer, in which a new one is made for the whole output.
    pub folder: Option<String>,
}

impl RunRequest {
    /// # Errors
    /// [`ErrorCode::RunRefused`], whose `reason` says what has to be changed.
    pub fn check(&self) -> Result<()> {
        let reason = if self.hosts.is_empty() {
            "no-hosts"
        } else if self.hosts.len() > HOSTS_MAX {
            "too-many-hosts"
        } else if self.command.trim().is_empty() {
            "no-command"
        } else if self.command.len() > COMMAND_MAX_BYTES || self.command.contains('\0') {
            "command-too-long"
        } else if matches!(&self.input, RunInput::Text { text } if text.len() > INPUT_MAX_BYTES) {
            "input-too-long"
        } else {
            return Ok(());
        };
        Err(refused(reason))
    }
}

pub fn refused(reason: &str) -> Error {
    let said = match reason {
        "no-hosts" => "no host is chosen",
        "too-many-hosts" => "more than 256 hosts are chosen",
        "no-command" => "there is no command",
        "command-too-long" => "the command has more than 120 KiB, or a NUL character",
        "input-too-long" => "the input has more than 1 MiB; take a file",
        "still-running" => "it still runs there; stop it first",
        "too-many-runs" => "16 runs are under way already",
        _ => "the run is not there any more",
    };
    Error::new(ErrorCode::RunRefused, format!("The command was not run: {said}.")).with("reason", reason)
}

/// How it goes on one host.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum RunState {
    /// Its turn has not come.
    Waiting,
    Connecting,
    Running,
    Exited {
        status: u32,
    },
    /// A signal ended it: its name without `SIG`.
    Signalled {
        signal: String,
        core_dumped: bool,
        /// What the server says about it.
        message: String,
    },
    /// The time was over. `certain` says that no process of it is left.
    TimedOut {
        certain: bool,
    },
    /// A person stopped it.
    Cancelled {
        certain: bool,
    },
    /// The run was stopped before its turn came.
    NotStarted,
    /// It did not run, or was given up, for this reason.
    Failed {
        problem: Problem,
    },
    /// Nobody knows how it ended. It was not run again.
    Unknown {
        problem: Problem,
    },
}

impl RunState {
    pub fn has_ended(&self) -> bool {
        !matches!(self, RunState::Waiting | RunState::Connecting | RunState::Running)
    }

    pub fn is_success(&self) -> bool {
        *self == RunState::Exited { status: 0 }
    }

    /// What two hosts have to have in common to be alike. Messages name the host, so their codes are compared.
    pub fn outcome(&self) -> String {
        match self {
            RunState::Waiting => "waiting".into(),
            RunState::Connecting => "connecting".into(),
            RunState::Running => "running".into(),
            RunState::Exited { status } => format!("exit {status}"),
            RunState::Signalled { signal, .. } => format!("signal {signal}"),
            RunState::TimedOut { certain: true } => "timed out".into(),
            RunState::TimedOut { certain: false } => "timed out, perhaps still running".into(),
            RunState::Cancelled { certain: true } => "stopped".into(),
            RunState::Cancelled { certain: false } => "stopped, perhaps still running".into(),
            RunState::NotStarted => "not started".into(),
            RunState::Failed { problem } => format!("failed: {}", problem.code.name()),
            RunState::Unknown { problem } => format!("outcome unknown: {}", problem.code.name()),
        }
    }
}

/// One host of a run.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunHost {
    pub host_id: HostId,
    /// As it was called when the run began.
    pub name: String,
    pub state: RunState,
    /// When the command began; none before.
    pub began_at: Option<f64>,
    /// How long it ran; none before its end.
    pub took_ms: Option<f64>,
    pub stdout_bytes: f64,
    pub stderr_bytes: f64,
    /// Which group of the run it is in, counted from 0, the largest first: same end, same output. None before its end.
    pub group: Option<u32>,
    /// Its files are not whole.
    pub files_problem: Option<Problem>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    pub id: RunId,
    pub command: String,
    pub began_at: f64,
    /// It goes on, on some host.
    pub running: bool,
    /// A person has stopped it.
    pub stopped: bool,
    /// The folder with the whole output.
    pub folder: Option<String>,
    pub hosts: Vec<RunHost>,
}

/// Part of what was written on a stream, as text.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunText {
    pub head: String,
    /// Bytes between the two parts.
    pub left_out: f64,
    pub tail: String,
}

/// What a command wrote on one host.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunOutput {
    pub stdout: RunText,
    pub stderr: RunText,
}

/// How a run is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum RunFormat {
    Text,
    Json,
}

/// Of how a run went, by outcome.
pub fn counted(hosts: &[RunHost]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for host in hosts {
        *counts.entry(host.state.outcome()).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RunRequest {
        RunRequest {
            hosts: vec![HostId("a".into())],
            command: "uptime".into(),
            at_once: AT_ONCE,
            timeout_seconds: 0,
            stop_on_failure: false,
            as_is: false,
            input: RunInput::None,
            folder: None,
        }
    }

    #[test]
    fn a_run_that_cannot_be_says_why() {
        request().check().expect("it is sound");
        let text = |length| RunInput::Text { text: "x".repeat(length) };
        for (changed, reason) in [
            (RunRequest { hosts: Vec::new(), ..request() }, "no-hosts"),
            (RunRequest { hosts: vec![HostId("a".into()); 257], ..request() }, "too-many-hosts"),
            (RunRequest { command: " \n".into(), ..request() }, "no-command"),
            (RunRequest { command: "a\0b".into(), ..request() }, "command-too-long"),
            (RunRequest { input: text(INPUT_MAX_BYTES + 1), ..request() }, "input-too-long"),
        ] {
            let error = changed.check().expect_err(reason);
            assert_eq!(error.params.get("reason").map(String::as_str), Some(reason));
        }
        RunRequest { input: text(INPUT_MAX_BYTES), ..request() }.check().expect("exactly 1 MiB fits");
    }

    #[test]
    fn what_is_typed_as_input_is_in_no_log() {
        let secret = RunRequest { input: RunInput::Text { text: "hunter2".into() }, ..request() };
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
