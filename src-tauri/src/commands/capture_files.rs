//! The pickers of the desktop for recordings and for the folder that they lie in.

use std::path::PathBuf;

use bowline_core::engine::Engine;
use bowline_core::error::{Error, Problem};
use tauri::State;

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

/// The commands of this file, for the generated TypeScript.
pub fn declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["A native file picker for a recording; null when dismissed."] pick_recording() -> Option<String>),
        declare!(config, ["Asks for the folder of transcripts and recordings and keeps it; null when dismissed."] pick_capture_folder() -> Option<String>),
        declare!(config, ["Opens the folder of transcripts and recordings, which is made if need be."] reveal_capture_folder() -> ()),
    ]
}
