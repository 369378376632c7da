//! Files on their way to a host by hand, or out of the window: where a terminal would have them, and the pickers of the desktop.

use std::path::PathBuf;

use bowline_core::engine::directory::TerminalDirectory;
use bowline_core::engine::drag_out::DragOutEnd;
use bowline_core::error::Problem;
use bowline_core::files::path_text;
use bowline_core::host::HostId;
use bowline_core::terminal::state::TerminalId;
use rfd::FileHandle;

use crate::ipc::{Declaration, declare};

mod engine {
    use super::{DragOutEnd, HostId, TerminalDirectory, TerminalId};

    crate::commands::engine_commands! {
        /// Where the shell of a terminal is, on its host; null for a terminal that is on none.
        terminal_directory(id: TerminalId) -> Option<TerminalDirectory>;
        /// A person has begun to drag files of a host; `id` is any new name.
        drag_out_begin(id: String, host: HostId, paths: Vec<String>) -> ();
        /// Fetches what is dragged, for another program, and waits until it is here.
        drag_out_fetch(id: String) -> ();
        /// The drag is over; waits for files that were wanted and came too late.
        drag_out_end(id: String) -> DragOutEnd;
    }
}
pub use engine::*;

/// A native picker for files; empty when dismissed.
#[tauri::command]
pub async fn pick_files_to_send() -> Result<Vec<String>, Problem> {
    Ok(paths(rfd::AsyncFileDialog::new().pick_files().await))
}

/// A native picker for folders; empty when dismissed.
#[tauri::command]
pub async fn pick_folders_to_send() -> Result<Vec<String>, Problem> {
    Ok(paths(rfd::AsyncFileDialog::new().pick_folders().await))
}

fn paths(picked: Option<Vec<FileHandle>>) -> Vec<String> {
    let text = |path: PathBuf| path_text::to_text(path.as_os_str().as_encoded_bytes());
    picked.unwrap_or_default().into_iter().map(|file| text(file.path().to_owned())).collect()
}

/// The commands of this file, for the generated TypeScript.
pub fn declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    let mut all = engine::declarations(config);
    all.extend([
        declare!(config, ["A native picker for files; empty when dismissed."] pick_files_to_send() -> Vec<String>),
        declare!(config, ["A native picker for folders; empty when dismissed."] pick_folders_to_send() -> Vec<String>),
    ]);
    all
}
