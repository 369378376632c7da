//! What is open, and what was when the app ended last.

use bowline_core::host::HostId;
use bowline_core::terminal::state::TerminalSize;
use bowline_core::workspace::document::{BroughtBack, WorkspaceState, WorkspaceWindow};
use bowline_core::workspace::windows::WindowId;

super::engine_commands! {
    /// What is open in a window and what was: a page that starts anew shows the first, a new run offers the second.
    workspace(window: WindowId) -> WorkspaceState;
    /// Keeps what is open in a window now; call it a moment after each change.
    workspace_save(window: WindowId, tabs: WorkspaceWindow) -> ();
    /// Whether anything is kept beyond this run; otherwise what was kept is removed.
    workspace_keep(keep: bool) -> ();
    /// The last workspace was brought back, or is not wanted.
    workspace_forget_last() -> ();
    /// Opens a terminal of the last workspace anew, below what it showed; `attachTerminal` shows it.
    terminal_bring_back(host: HostId, kept: Option<String>, size: TerminalSize) -> BroughtBack;
}
