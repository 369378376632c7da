//! Tabs and their places. The layout itself is the window's own business; the engine only keeps it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

use crate::error::{Error, Result};
use crate::host::HostId;
use crate::terminal::state::{TerminalId, TerminalView};

/// The version that this Bowline writes. One that is newer is not offered, and put aside.
pub const VERSION: u32 = 1;
/// Far more than a layout of [`TABS_MAX`] tabs takes.
pub const DOCUMENT_MAX_BYTES: usize = 1024 * 1024;
/// As many as there can be terminals.
const TABS_MAX: usize = 256;

/// What is open in a window. Fields of a newer Bowline are kept as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    pub version: u32,
    /// Splits, sizes and order, as the window has them.
    #[ts(type = "unknown")]
    pub layout: Value,
    pub tabs: Vec<WorkspaceTab>,
    /// When it was kept, in milliseconds since the Unix epoch. The engine fills it in.
    #[serde(default)]
    pub saved_at_ms: f64,
    #[serde(flatten)]
    #[ts(skip)]
    pub more: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceTab {
    /// As it is called in the layout.
    pub id: String,
    pub host: HostId,
    /// A name that a person gave.
    pub name: Option<String>,
    /// What it shows, in this run of the app.
    #[serde(default)]
    pub terminal: Option<TerminalId>,
    /// Under which name what it shows is kept. The engine fills it in.
    #[serde(default)]
    pub kept: Option<String>,
    /// What else the window knows of the tab.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub facts: Map<String, Value>,
    #[serde(flatten)]
    #[ts(skip)]
    pub more: Map<String, Value>,
}

/// What a window needs to show what is open, or to offer what was.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceState {
    /// Of this run: for a window that starts anew.
    pub current: Option<Workspace>,
    /// Every terminal that there is, the ended ones that are still shown too.
    pub terminals: Vec<TerminalView>,
    /// Of the run before, until it is brought back or put away.
    pub last: Option<Workspace>,
}

/// What became of what a terminal had shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum KeptScrollback {
    Back,
    /// Nothing was kept.
    None,
    /// It was kept and cannot be read: damaged, or its key is not in the keyring.
    Lost,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BroughtBack {
    pub terminal: TerminalId,
    pub scrollback: KeptScrollback,
}

impl Workspace {
    /// Refuses what no window of ours sends.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`].
    pub fn check(&self) -> Result<()> {
        let size = serde_json::to_vec(self).map_err(Error::internal)?.len();
        if self.tabs.len() > TABS_MAX || size > DOCUMENT_MAX_BYTES {
            return Err(Error::internal("the workspace is too large to be kept"));
        }
        Ok(())
    }

    /// The names under which terminals are kept.
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        self.tabs.iter().filter_map(|tab| tab.kept.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_bowline_writes_besides_is_kept() {
        let text = r#"{"version":1,"layout":{"grid":[1]},"zoom":3,"tabs":[
            {"id":"a","host":"h","name":null,"colour":"red","facts":{"pinned":true}}]}"#;
        let workspace: Workspace = serde_json::from_str(text).expect("it is read");
        let again: Value = serde_json::to_value(&workspace).expect("it is written");
        assert_eq!(again["zoom"], 3);
        assert_eq!(again["tabs"][0]["colour"], "red");
        assert_eq!(again["tabs"][0]["facts"]["pinned"], true);
        assert_eq!(again["layout"]["grid"][0], 1);
    }
}
