//! What is known about a terminal, for the window.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Problem;
use crate::host::HostId;

/// A number that names a terminal while the app runs; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct TerminalId(pub u32);

/// Columns and rows, in cells. Never below 10 x 3 on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TerminalSize {
    pub cols: u16,
    pub rows: u16,
}

/// How a terminal ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "how", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum TerminalEnd {
    /// The shell exited by itself.
    Exited { status: u32 },
    /// The shell was ended by a signal (`TERM`, `KILL`), with the server's words.
    Signalled { signal: String, core_dumped: bool, message: String },
    /// The server closed the channel and said neither.
    Closed,
    /// It never started, or the connection ended under it.
    Failed { problem: Problem },
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum TerminalState {
    /// Waits for the connection and the shell; the connection's own state says where it is.
    Opening,
    Running,
    /// The connection under it was lost and is being made anew; the connection's state says when. What was on the screen is
    /// kept, and what is typed is not sent.
    Waiting {
        problem: Problem,
        /// Milliseconds since the Unix epoch.
        since_ms: f64,
    },
    Ended {
        end: TerminalEnd,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TerminalView {
    pub id: TerminalId,
    pub host_id: HostId,
    #[serde(flatten)]
    pub state: TerminalState,
    #[serde(flatten)]
    pub facts: TerminalFacts,
}

/// What a terminal says of itself besides its output, so that a tab that shows no output says it too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
pub struct TerminalFacts {
    /// What the program calls itself, as it came.
    pub title: String,
    /// How often the bell rang.
    pub bells: u32,
}
