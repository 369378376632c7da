//! Files on hosts that are changed in place.

use bowline_core::engine::Engine;
use bowline_core::error::{Error, Problem};
use bowline_core::files::edit::external::{ExternalAnswer, ExternalEdit, ExternalOpened};
use bowline_core::files::edit::text::TextEncoding;
use bowline_core::files::edit::view::{EditOpened, EditSave, EditSaved, EditThere, EditWords, KeptDraft};
use bowline_core::host::HostId;
use tauri::State;

use crate::ipc::{Declaration, declare};

super::engine_commands! {
    /// Reads a text to change it: in the encoding that it seems to have, or in one that a person chose.
    file_edit_open(host: HostId, path: String, encoding: Option<TextEncoding>) -> EditOpened;
    /// Saves it. What stands in its way is an answer, and then nothing was written.
    file_edit_save(id: u32, save: EditSave) -> EditSaved;
    /// Whether something else stands there by now; null if not.
    file_edit_look(id: u32) -> Option<EditThere>;
    /// Nobody changes it any more.
    file_edit_close(id: u32) -> ();
    /// Keeps what is in an editor on this computer until it is saved; nothing of what root sees.
    file_draft_keep(id: u32, words: EditWords) -> ();
    /// Of which files a text is kept that was never saved, the newest first.
    file_drafts() -> Vec<KeptDraft>;
    /// The text is saved, or nobody wants it.
    file_draft_drop(host: HostId, path: String) -> ();
    /// Files that other programs change.
    file_edit_externals() -> Vec<ExternalEdit>;
    /// What becomes of one that waits for a person, or that nobody changes any more.
    file_edit_answer(id: u32, answer: ExternalAnswer) -> ();
    /// What the copy of one holds, to merge it in the window; null if it is no text.
    file_edit_copy(id: u32) -> Option<EditWords>;
}

/// Opens a copy of a file with a command, or with what the desktop has for it where that is empty. What is saved there goes back.
#[tauri::command]
pub async fn file_edit_external(
    engine: State<'_, Engine>,
    host: HostId,
    path: String,
    command: String,
) -> Result<ExternalOpened, Problem> {
    let opened = engine.file_edit_external(host, path, command).await?;
    if !opened.started {
        tauri_plugin_opener::open_path(&opened.file, None::<&str>).map_err(Error::internal)?;
    }
    Ok(opened)
}

/// That command, for the generated TypeScript.
pub fn external_declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["Opens a copy of a file with a command, or with what the desktop has for it where that is empty. What is saved there goes back."] file_edit_external(host: HostId, path: String, command: String) -> ExternalOpened),
    ]
}
