//! Saved hosts, their connections and trying them out.

use bowline_core::connection::progress::TestProgress;
use bowline_core::connection::times::ConnectionTimes;
use bowline_core::engine::view::{LaneView, Overview};
use bowline_core::engine::{Engine, PasswordChange};
use bowline_core::error::Problem;
use bowline_core::host::import::ImportPreview;
use bowline_core::host::{FieldProblem, Host, HostDraft, HostId, HostList};
use tauri::State;
use tauri::ipc::Channel;

super::engine_commands! {
    /// Everything a window needs at its start.
    overview() -> Overview;
    hosts() -> HostList;
    /// What is wrong with a draft, field by field; empty means acceptable. Called as one types.
    host_check(draft: HostDraft) -> Vec<FieldProblem>;
    host_create(draft: HostDraft, password: PasswordChange) -> Host;
    host_update(id: HostId, draft: HostDraft, password: PasswordChange) -> Host;
    host_duplicate(id: HostId) -> Host;
    host_delete(id: HostId) -> ();
    /// Brings a deleted host back (undo), with its password.
    host_restore(id: HostId) -> Host;
    host_move(id: HostId, group: String) -> Host;
    /// Ends every terminal of the host and its connection.
    host_disconnect(id: HostId) -> ();
    /// How each connection of the host is doing; ask about once a second while it is shown.
    host_health(id: HostId) -> Vec<LaneView>;
    /// What the person has set about time, told at the start and whenever it changes.
    connection_times(times: ConnectionTimes) -> ();
    /// Tries to connect now instead of at the end of the wait.
    host_retry(id: HostId) -> ();
    /// Stops waiting for the host: its terminals end, what they showed stays.
    host_give_up(id: HostId) -> ();
    group_rename(from: String, to: String) -> ();
    /// Takes on what another start of the app asked for; false when another window did.
    open_take(id: u32) -> bool;
    import_preview() -> ImportPreview;
    import_apply(aliases: Vec<String>) -> Vec<Host>;
    /// Stops a running host_test.
    host_test_cancel() -> ();
}

#[tauri::command]
pub async fn host_test(
    engine: State<'_, Engine>,
    id: Option<HostId>,
    draft: HostDraft,
    password: PasswordChange,
    progress: Channel<TestProgress>,
) -> Result<(), Problem> {
    engine.host_test(id, draft, password, &|step| drop(progress.send(step))).await;
    Ok(())
}
