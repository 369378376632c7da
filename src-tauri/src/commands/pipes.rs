//! Pipes between hosts: those that run, those that were saved, and the picker for the file at their end.

use bowline_core::engine::pipes::{PipeId, PipeText, PipesView};
use bowline_core::error::Problem;
use bowline_core::pipe::saved::{PipeDraft, SavedPipe};

use crate::ipc::{Declaration, declare};

super::engine_commands! {
    pipes() -> PipesView;
    /// Starts a pipe. How it goes is told by events.
    pipe_run(draft: PipeDraft) -> PipeId;
    /// Ends all its programs.
    pipe_stop(id: PipeId) -> ();
    /// Nobody looks at it any more; one that runs stays.
    pipe_forget(id: PipeId) -> ();
    /// The end of what a stage wrote, at most 64 KiB.
    pipe_text(id: PipeId, which: PipeText) -> String;
    /// By name.
    pipes_saved() -> Vec<SavedPipe>;
    /// Keeps one in place of that of the same name; what there is then.
    pipe_save(pipe: SavedPipe) -> Vec<SavedPipe>;
    pipe_unsave(name: String) -> Vec<SavedPipe>;
}

/// A native picker for a file that is to be written; null when dismissed.
#[tauri::command]
pub async fn pipe_pick_target() -> Result<Option<String>, Problem> {
    let picked = rfd::AsyncFileDialog::new().save_file().await;
    Ok(picked.map(|file| file.path().to_string_lossy().into_owned()))
}

pub fn picker_declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["A native picker for a file that is to be written; null when dismissed."] pipe_pick_target() -> Option<String>),
    ]
}
