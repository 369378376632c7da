//! The pickers of the desktop for recordings, for the folder that they lie in, and for files that go through a terminal.

use std::path::PathBuf;

use bowline_core::engine::Engine;
use bowline_core::error::{Error, Problem};
use bowline_core::terminal::state::TerminalId;
use tauri::{AppHandle, Manager, State};

use crate::ipc::{Declaration, declare};

/// A native file picker for a recording; null when dismissed.
#[tauri::command]
pub async fn pick_recording(engine: State<'_, Engine>) -> Result<Option<String>, Problem> {
    let picked = rfd::AsyncFileDialog::new()
        .set_directory(PathBuf::from(engine.capture_folder().await?))
        .add_filter("asciicast", &["cast"])
        .pick_file()
        .await;
    Ok(picked.map(|file| file.path().to_string_lossy().into_owned()))
}

/// Asks for the folder of transcripts and recordings and keeps it; null when dismissed.
#[tauri::command]
pub async fn pick_capture_folder(engine: State<'_, Engine>) -> Result<Option<String>, Problem> {
    let now = PathBuf::from(engine.capture_folder().await?);
    let Some(picked) = rfd::AsyncFileDialog::new().set_directory(now).pick_folder().await else {
        return Ok(None);
    };
    engine.set_capture_folder(picked.path().to_owned()).await?;
    Ok(Some(picked.path().to_string_lossy().into_owned()))
}

/// Opens the folder of transcripts and recordings, which is made if need be.
#[tauri::command]
pub async fn reveal_capture_folder(engine: State<'_, Engine>) -> Result<(), Problem> {
    let folder = engine.make_capture_folder().await?;
    Ok(tauri_plugin_opener::open_path(folder, None::<&str>).map_err(Error::internal)?)
}

/// Asks for a folder, and saves there what the host offers; null when dismissed, and the offer stays.
#[tauri::command]
pub async fn transfer_pick_folder(
    app: AppHandle,
    engine: State<'_, Engine>,
    id: TerminalId,
) -> Result<Option<String>, Problem> {
    let downloads = app.path().download_dir().unwrap_or_default();
    let Some(picked) = rfd::AsyncFileDialog::new().set_directory(downloads).pick_folder().await else {
        return Ok(None);
    };
    engine.transfer_receive(id, picked.path().to_owned()).await?;
    Ok(Some(picked.path().to_string_lossy().into_owned()))
}

/// Asks for files, and sends them to the host that waits for some; how many, or null when dismissed.
#[tauri::command]
pub async fn transfer_pick_files(engine: State<'_, Engine>, id: TerminalId) -> Result<Option<u32>, Problem> {
    let Some(picked) = rfd::AsyncFileDialog::new().pick_files().await else { return Ok(None) };
    let files: Vec<PathBuf> = picked.iter().map(|file| file.path().to_owned()).collect();
    let count = u32::try_from(files.len()).unwrap_or(u32::MAX);
    engine.transfer_send(id, files).await?;
    Ok(Some(count))
}

/// The commands of this file, for the generated TypeScript.
pub fn declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["A native file picker for a recording; null when dismissed."] pick_recording() -> Option<String>),
        declare!(config, ["Asks for the folder of transcripts and recordings and keeps it; null when dismissed."] pick_capture_folder() -> Option<String>),
        declare!(config, ["Asks for a folder, and saves there what the host offers; null when dismissed, and the offer stays."] transfer_pick_folder(id: TerminalId) -> Option<String>),
        declare!(config, ["Asks for files, and sends them to the host that waits for some; how many, or null when dismissed."] transfer_pick_files(id: TerminalId) -> Option<u32>),
        declare!(config, ["Opens the folder of transcripts and recordings, which is made if need be."] reveal_capture_folder() -> ()),
    ]
}
