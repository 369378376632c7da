//! Commands on many hosts, and the pickers of the desktop for their files.

use bowline_core::engine::Engine;
use bowline_core::error::Problem;
use bowline_core::host::HostId;
use bowline_core::run::detached::{Detached, DetachedId, DetachedText};
use bowline_core::run::view::{RunFormat, RunId, RunOutput, RunRequest, RunView};
use tauri::State;

use crate::ipc::{Declaration, declare};

super::engine_commands! {
    runs() -> Vec<RunView>;
    /// Begins a run and returns at once; how it goes is told as events.
    run_start(request: RunRequest) -> RunId;
    /// The same once more, on some of its hosts.
    run_again(id: RunId, hosts: Vec<HostId>) -> RunId;
    /// Ends what runs on the hosts, and begins on no other.
    run_stop(id: RunId) -> ();
    /// Takes it off the list; one that goes on is stopped.
    run_remove(id: RunId) -> ();
    /// What its command wrote on one host, as text without the sequences of terminals.
    run_output(id: RunId, host: HostId) -> RunOutput;
    /// Starts a command on a host that keeps running when the connection and the app are gone.
    detached_start(host: HostId, command: String) -> DetachedId;
    /// What was left running on a host, and what of that has ended, the newest first.
    detached_list(host: HostId) -> Vec<Detached>;
    /// A piece of what one wrote, from an offset on; empty when there is no more yet.
    detached_read(host: HostId, id: DetachedId, stderr: bool, offset: f64) -> DetachedText;
    /// Ends one with all its processes; false when the host does not say that nothing is left.
    detached_stop(host: HostId, id: DetachedId) -> bool;
    /// Removes one that has ended from its host, with all that it wrote.
    detached_remove(host: HostId, id: DetachedId) -> ();
}

/// Asks where, and writes a run there; null when dismissed.
#[tauri::command]
pub async fn run_save(
    engine: State<'_, Engine>,
    id: RunId,
    format: RunFormat,
) -> Result<Option<String>, Problem> {
    let (name, ending) = match format {
        RunFormat::Text => ("bowline-run.txt", "txt"),
        RunFormat::Json => ("bowline-run.json", "json"),
    };
    let picked =
        rfd::AsyncFileDialog::new().set_file_name(name).add_filter(ending, &[ending]).save_file().await;
    let Some(file) = picked else { return Ok(None) };
    engine.run_save(id, format, file.path().to_owned()).await?;
    Ok(Some(file.path().to_string_lossy().into_owned()))
}

/// A native file picker for what a command reads; null when dismissed.
#[tauri::command]
pub async fn run_pick_input() -> Result<Option<String>, Problem> {
    let picked = rfd::AsyncFileDialog::new().pick_file().await;
    Ok(picked.map(|file| file.path().to_string_lossy().into_owned()))
}

/// A native folder picker for what commands write; null when dismissed.
#[tauri::command]
pub async fn run_pick_folder() -> Result<Option<String>, Problem> {
    let picked = rfd::AsyncFileDialog::new().pick_folder().await;
    Ok(picked.map(|folder| folder.path().to_string_lossy().into_owned()))
}

/// The pickers, for the generated TypeScript.
pub fn picker_declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["Asks where, and writes a run there; null when dismissed."] run_save(id: RunId, format: RunFormat) -> Option<String>),
        declare!(config, ["A native file picker for what a command reads; null when dismissed."] run_pick_input() -> Option<String>),
        declare!(config, ["A native folder picker for what commands write; null when dismissed."] run_pick_folder() -> Option<String>),
    ]
}
