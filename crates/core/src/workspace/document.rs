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

/// What is open: in the main window, and in those that tabs were torn off into. Fields of a newer Bowline are kept as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    pub version: u32,
    /// Splits, sizes and order, as the main window has them.
    #[ts(type = "unknown")]
    pub layout: Value,
    pub tabs: Vec<WorkspaceTab>,
    /// The other windows. A document from before there were any has none.
    #[serde(default)]
    pub windows: Vec<WorkspaceWindow>,
    /// When it was kept, in milliseconds since the Unix epoch. The engine fills it in.
    #[serde(default)]
    pub saved_at_ms: f64,
    #[serde(flatten)]
    #[ts(skip)]
    pub more: Map<String, Value>,
}

/// What is open in one window, as its page tells it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceWindow {
    /// Splits, sizes and order, as the window has them.
    #[ts(type = "unknown")]
    pub layout: Value,
    pub tabs: Vec<WorkspaceTab>,
    /// Where it is on the screen; nothing for the main window, and where the desktop does not say.
    #[serde(default)]
    pub place: Option<Place>,
    #[serde(flatten)]
    #[ts(skip)]
    pub more: Map<String, Value>,
}

/// A window on the screen, in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Place {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
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
    /// The name that its session on the host goes by, and under which what it shows is kept where there is a keyring. Random,
    /// and no secret: it opens nothing. The engine fills it in.
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
    /// Of this run and this window: for a page that starts anew, or gets tabs of another window.
    pub current: Option<WorkspaceWindow>,
    /// Every terminal that this window may show, the ended ones that are still shown too.
    pub terminals: Vec<TerminalView>,
    /// Of the run before, until it is brought back or put away. The main window offers it.
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

impl WorkspaceWindow {
    /// Refuses what no window of ours sends.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`].
    pub fn check(&self) -> Result<()> {
        check_size(self, self.tabs.len())
    }
}

fn check_size(document: &impl Serialize, tabs: usize) -> Result<()> {
    let size = serde_json::to_vec(document).map_err(Error::internal)?.len();
    if tabs > TABS_MAX || size > DOCUMENT_MAX_BYTES {
        return Err(Error::internal("the workspace is too large to be kept"));
    }
    Ok(())
}

impl Workspace {
    /// The same for what was kept.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`].
    pub fn check(&self) -> Result<()> {
        check_size(self, self.all_tabs().count())
    }

    /// The tabs of every window.
    pub fn all_tabs(&self) -> impl Iterator<Item = &WorkspaceTab> {
        self.tabs.iter().chain(self.windows.iter().flat_map(|window| &window.tabs))
    }

    /// The same, to change them.
    pub fn all_tabs_mut(&mut self) -> impl Iterator<Item = &mut WorkspaceTab> {
        self.tabs.iter_mut().chain(self.windows.iter_mut().flat_map(|window| &mut window.tabs))
    }

    /// Takes out the tab that is kept under this name.
    pub fn remove(&mut self, kept: &str) {
        let is_other = |tab: &WorkspaceTab| tab.kept.as_deref() != Some(kept);
        self.tabs.retain(is_other);
        self.windows.iter_mut().for_each(|window| window.tabs.retain(is_other));
    }

    /// The names under which terminals are kept.
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        self.all_tabs().filter_map(|tab| tab.kept.as_deref())
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

    #[test]
    fn one_from_before_there_were_windows_is_read_and_one_with_windows_counts_all_their_tabs() {
        let tab = |kept: &str| format!(r#"{{"id":"{kept}","host":"h","name":null,"kept":"{kept}"}}"#);
        let old = format!(r#"{{"version":1,"layout":{{}},"tabs":[{}]}}"#, tab("a"));
        let old: Workspace = serde_json::from_str(&old).expect("it is read");
        assert!(old.windows.is_empty());
        let windows = format!(
            r#"[{{"layout":{{}},"tabs":[{}],"place":{{"x":-5,"y":0,"width":800,"height":600}}}}]"#,
            tab("b")
        );
        let new = format!(r#"{{"version":1,"layout":{{}},"tabs":[{}],"windows":{windows}}}"#, tab("a"));
        let new: Workspace = serde_json::from_str(&new).expect("it is read");
        assert_eq!(new.kept().collect::<Vec<_>>(), ["a", "b"]);
        for (gone, left) in [("b", "a"), ("a", "b")] {
            let mut new = new.clone();
            new.remove(gone);
            assert_eq!(new.kept().collect::<Vec<_>>(), [left]);
        }
        assert_eq!(new.windows[0].place.map(|place| place.x), Some(-5));
    }
}
