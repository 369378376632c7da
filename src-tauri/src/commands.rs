//! What the window can ask for. Each command is declared once: here its adapter and its TypeScript come from.

use tauri::ipc::Invoke;

mod capture_files;
mod captures;
mod hosts;
mod keys;
mod prompts;
mod shell;
mod snippets;
mod terminals;
mod trust;
mod workspace;

use crate::ipc::Declaration;

/// Declares commands that pass straight on to the engine's method of the same name.
macro_rules! engine_commands {
    ($($(#[doc = $doc:literal])* $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        $(
            $(#[doc = $doc])*
            #[tauri::command]
            pub async fn $name(
                engine: tauri::State<'_, bowline_core::engine::Engine>,
                $($arg: $type),*
            ) -> Result<$result, bowline_core::error::Problem> {
                Ok(engine.$name($($arg),*).await?)
            }
        )*

        /// The commands of this file, for the generated TypeScript.
        pub fn declarations(config: &ts_rs::Config) -> Vec<$crate::ipc::Declaration> {
            vec![$($crate::ipc::declare!(config, [$($doc)*] $name($($arg: $type),*) -> $result)),*]
        }
    };
}
pub(crate) use engine_commands;

/// Everything that the window may call.
pub fn handler() -> impl Fn(Invoke) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        hosts::overview,
        hosts::hosts,
        hosts::host_check,
        hosts::host_create,
        hosts::host_update,
        hosts::host_duplicate,
        hosts::host_delete,
        hosts::host_restore,
        hosts::host_move,
        hosts::host_disconnect,
        hosts::host_health,
        hosts::host_retry,
        hosts::host_give_up,
        hosts::group_rename,
        hosts::import_preview,
        hosts::import_apply,
        hosts::host_test,
        hosts::host_test_cancel,
        keys::keys_list,
        keys::key_generate,
        keys::key_install,
        prompts::prompt_answer,
        terminals::terminal_ack,
        terminals::terminal_clear,
        terminals::terminal_close,
        terminals::terminal_detach,
        terminals::terminal_reopen,
        terminals::terminal_reset,
        terminals::terminal_resize,
        terminals::terminal_scrollback,
        terminals::terminal_words,
        crate::terminal_stream::terminal_attach,
        crate::terminal_stream::terminal_open,
        crate::terminal_stream::terminal_write,
        trust::trusted_keys,
        trust::trusted_key_remove,
        trust::trusted_key_restore,
        workspace::workspace,
        workspace::workspace_save,
        workspace::workspace_keep,
        workspace::workspace_forget_last,
        workspace::terminal_bring_back,
        captures::terminal_transcript,
        captures::terminal_record,
        captures::playback,
        captures::capture_folder,
        captures::transfer_cancel,
        capture_files::transfer_pick_folder,
        capture_files::transfer_pick_files,
        capture_files::pick_recording,
        capture_files::pick_capture_folder,
        capture_files::reveal_capture_folder,
        snippets::snippets,
        snippets::snippet,
        snippets::snippet_create,
        snippets::snippet_update,
        snippets::snippet_delete,
        snippets::snippet_restore,
        shell::pick_key_file,
        shell::timeline_save,
        shell::notify,
        shell::open_link,
        shell::reveal_data_folder,
        shell::font_families,
        shell::screen_reader_running,
        shell::menu_language,
        shell::menu_visible,
    ]
}

/// Every command that is called by name, for the generated TypeScript. Those with a channel or a raw body have a
/// method of their own in `ui/src/ipc/backend.ts`.
pub fn declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    [
        hosts::declarations(config),
        keys::declarations(config),
        prompts::declarations(config),
        terminals::declarations(config),
        trust::declarations(config),
        workspace::declarations(config),
        captures::declarations(config),
        capture_files::declarations(config),
        snippets::declarations(config),
        shell::declarations(config),
    ]
    .concat()
}
