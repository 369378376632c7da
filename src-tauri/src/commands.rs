//! What the window can ask for. Each command is declared once: here its adapter and its TypeScript come from.

use tauri::ipc::Invoke;

mod capture_files;
mod captures;
mod drops;
mod edit;
mod files;
mod hosts;
mod jobs;
mod keys;
mod pipes;
mod prompts;
mod runs;
mod shell;
mod snippets;
mod syncs;
mod terminals;
mod trust;
mod tunnels;
mod windows;
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
        hosts::connection_times,
        hosts::host_retry,
        hosts::host_give_up,
        hosts::group_rename,
        hosts::open_take,
        hosts::import_preview,
        hosts::import_apply,
        hosts::host_test,
        hosts::host_test_cancel,
        edit::file_edit_open,
        edit::file_edit_save,
        edit::file_edit_look,
        edit::file_edit_close,
        edit::file_draft_keep,
        edit::file_drafts,
        edit::file_draft_drop,
        edit::file_edit_external,
        edit::file_edit_externals,
        edit::file_edit_answer,
        edit::file_edit_copy,
        files::files_home,
        files::files_list,
        files::files_page,
        files::files_leave,
        files::files_complete,
        files::files_properties,
        files::files_link_target,
        files::files_preview,
        files::files_make_folder,
        files::files_make_file,
        files::files_rename,
        files::files_delete,
        files::files_permissions,
        files::files_progress,
        files::files_cancel,
        files::files_bookmarks,
        files::files_bookmark,
        files::files_picture,
        files::files_pick_folder,
        files::files_pick_upload,
        files::files_copy_out,
        keys::keys_list,
        keys::key_generate,
        keys::key_install,
        prompts::prompt_answer,
        runs::runs,
        runs::run_start,
        runs::run_again,
        runs::run_stop,
        runs::run_remove,
        runs::run_output,
        runs::run_save,
        runs::run_pick_input,
        runs::run_pick_folder,
        runs::detached_start,
        runs::detached_list,
        runs::detached_read,
        runs::detached_stop,
        runs::detached_remove,
        terminals::terminal_ack,
        terminals::terminal_clear,
        terminals::terminal_close,
        terminals::terminal_detach,
        terminals::terminal_pictures,
        terminals::terminal_reopen,
        terminals::terminal_reset,
        terminals::terminal_resize,
        terminals::terminal_scrollback,
        terminals::terminal_words,
        terminals::trigger_check,
        terminals::trigger_rules,
        crate::terminal_stream::terminal_attach,
        crate::terminal_stream::terminal_open,
        crate::terminal_stream::terminal_write,
        trust::trusted_keys,
        trust::trusted_key_remove,
        trust::trusted_key_restore,
        tunnels::tunnels,
        tunnels::tunnel_check,
        tunnels::tunnel_add,
        tunnels::tunnel_change,
        tunnels::tunnel_start,
        tunnels::tunnel_stop,
        tunnels::tunnel_remove,
        tunnels::tunnel_offers,
        pipes::pipes,
        pipes::pipe_run,
        pipes::pipe_stop,
        pipes::pipe_forget,
        pipes::pipe_text,
        pipes::pipes_saved,
        pipes::pipe_save,
        pipes::pipe_unsave,
        pipes::pipe_pick_target,
        windows::window_open,
        windows::window_at,
        windows::window_give,
        windows::window_show,
        windows::window_close,
        windows::window_unsent,
        windows::quit,
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
        jobs::jobs,
        jobs::job_add,
        jobs::job_order,
        jobs::job_answer,
        jobs::job_limits,
        jobs::job_limits_set,
        syncs::sync_compare,
        syncs::sync_progress,
        syncs::sync_rows,
        syncs::sync_forget,
        syncs::syncs_saved,
        syncs::sync_save,
        syncs::sync_unsave,
        drops::terminal_directory,
        drops::drag_out_begin,
        drops::drag_out_fetch,
        drops::drag_out_end,
        drops::pick_files_to_send,
        drops::pick_folders_to_send,
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
        edit::declarations(config),
        edit::external_declarations(config),
        files::declarations(config),
        files::picker_declarations(config),
        keys::declarations(config),
        prompts::declarations(config),
        runs::declarations(config),
        runs::picker_declarations(config),
        terminals::declarations(config),
        trust::declarations(config),
        tunnels::declarations(config),
        pipes::declarations(config),
        pipes::picker_declarations(config),
        windows::declarations(config),
        workspace::declarations(config),
        captures::declarations(config),
        capture_files::declarations(config),
        jobs::declarations(config),
        syncs::declarations(config),
        drops::declarations(config),
        snippets::declarations(config),
        shell::declarations(config),
    ]
    .concat()
}
