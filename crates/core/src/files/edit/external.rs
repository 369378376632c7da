//! Files that other programs change, as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Problem;
use crate::files::look::ShownPath;
use crate::host::HostId;

/// A file that another program changes, and what became of what was saved there.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExternalEdit {
    pub id: u32,
    pub host_id: HostId,
    pub path: ShownPath,
    /// Of this computer: where the copy lies.
    pub folder: String,
    pub state: ExternalState,
    /// How often it was sent to the host.
    pub saves: u32,
    /// The copy has something that the host does not have.
    pub unsent: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ExternalState {
    /// The host has what was saved last.
    Watching,
    Saving,
    /// Somebody else has changed or deleted it on the host: a person decides.
    Conflict {
        deleted: bool,
    },
    /// The folder takes no new file: a person decides whether the file itself is written to.
    InPlace,
    /// It is tried again with the next save, or when a person says so.
    Failed {
        problem: Problem,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ExternalAnswer {
    /// Over what was seen when the conflict was found.
    Overwrite,
    /// Into the file itself.
    InPlace,
    /// Beside it, under a name that nothing has.
    Copy {
        name: String,
    },
    Retry,
    /// The copy is not watched any more, and is removed unless it is to be kept.
    Stop {
        keep: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ExternalOpened {
    pub id: u32,
    /// The copy, of this computer.
    pub file: String,
    /// A command was started; otherwise the desktop is to open the copy.
    pub started: bool,
}
