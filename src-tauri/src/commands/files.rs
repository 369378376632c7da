//! Files on hosts: what the files panel asks for, and the pickers for what goes up and comes down.

use std::path::Path;

use bowline_core::engine::Engine;
use bowline_core::error::Problem;
use bowline_core::files::change::ModeChange;
use bowline_core::files::listing::FolderPage;
use bowline_core::files::look::{FilePreview, FileProperties, ShownPath};
use bowline_core::files::path_text;
use bowline_core::files::work::WorkView;
use bowline_core::host::HostId;
use tauri::ipc::Response;
use tauri::{AppHandle, Manager, State};

use crate::clipboard_files::ClipboardFiles;
use crate::ipc::{Declaration, declare};

super::engine_commands! {
    /// The folder in which the host's SFTP server starts.
    files_home(host: HostId) -> ShownPath;
    /// Begins to list a folder. `~` and an empty path are where the server starts.
    files_list(host: HostId, path: String) -> FolderPage;
    /// The next page of a folder; null when it is not listed any more.
    files_page(listing: u32) -> Option<FolderPage>;
    /// Nobody wants the rest of a folder.
    files_leave(listing: u32) -> ();
    /// Folders that a path could go on with.
    files_complete(host: HostId, path: String) -> Vec<ShownPath>;
    files_properties(host: HostId, path: String) -> FileProperties;
    /// What is written in a link.
    files_link_target(host: HostId, path: String) -> ShownPath;
    /// What can be shown of a file. The bytes of a picture come raw (`files_picture`).
    files_preview(host: HostId, path: String) -> FilePreview;
    files_make_folder(host: HostId, folder: String, name: String) -> ShownPath;
    files_make_file(host: HostId, folder: String, name: String) -> ShownPath;
    /// Gives what lies at a path another name in its folder. Never replaces anything.
    files_rename(host: HostId, path: String, name: String) -> ShownPath;
    /// Deletes, with all that is in folders, or moves into the account's trash folder. `work` is any name, for `files_progress`.
    files_delete(host: HostId, paths: Vec<String>, trash: bool, work: String) -> WorkView;
    files_permissions(host: HostId, paths: Vec<String>, change: ModeChange, work: String) -> WorkView;
    /// How far that is; null when there is none of that name.
    files_progress(work: String) -> Option<WorkView>;
    /// Stops it. What was done by then stays done.
    files_cancel(work: String) -> ();
    /// Folders that a person comes back to.
    files_bookmarks(host: HostId) -> Vec<String>;
    /// Sets a bookmark or takes it away; what there is then.
    files_bookmark(host: HostId, path: String, on: bool) -> Vec<String>;
}

#[tauri::command]
pub async fn files_picture(
    engine: State<'_, Engine>,
    host: HostId,
    path: String,
) -> Result<Response, Problem> {
    Ok(Response::new(engine.files_picture(host, path).await?))
}

/// A native picker for the folder that files are downloaded to; null when dismissed.
#[tauri::command]
pub async fn files_pick_folder(app: AppHandle) -> Result<Option<String>, Problem> {
    let downloads = app.path().download_dir().unwrap_or_default();
    let picked = rfd::AsyncFileDialog::new().set_directory(downloads).pick_folder().await;
    Ok(picked.map(|folder| text(folder.path())))
}

/// A native picker for what is uploaded, files or whole folders; empty when dismissed.
#[tauri::command]
pub async fn files_pick_upload(folders: bool) -> Result<Vec<String>, Problem> {
    let dialog = rfd::AsyncFileDialog::new();
    let picked = if folders { dialog.pick_folders().await } else { dialog.pick_files().await };
    Ok(picked.unwrap_or_default().iter().map(|one| text(one.path())).collect())
}

/// Fetches files of a host, and puts them on the clipboard for other programs; how many, 0 when it was cancelled.
#[tauri::command]
pub async fn files_copy_out(
    engine: State<'_, Engine>,
    clipboard: State<'_, ClipboardFiles>,
    host: HostId,
    paths: Vec<String>,
) -> Result<u32, Problem> {
    let fetched = engine.files_fetch_out(host, paths).await?;
    if !fetched.is_empty() {
        clipboard.put(&fetched)?;
    }
    Ok(u32::try_from(fetched.len()).unwrap_or(u32::MAX))
}

fn text(path: &Path) -> String {
    path_text::to_text(path.as_os_str().as_encoded_bytes())
}

/// The pickers of this file, for the generated TypeScript.
pub fn picker_declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["A native picker for the folder that files are downloaded to; null when dismissed."] files_pick_folder() -> Option<String>),
        declare!(config, ["A native picker for what is uploaded, files or whole folders; empty when dismissed."] files_pick_upload(folders: bool) -> Vec<String>),
        declare!(config, ["Fetches files of a host, and puts them on the clipboard for other programs; how many, 0 when it was cancelled."] files_copy_out(host: HostId, paths: Vec<String>) -> u32),
    ]
}
