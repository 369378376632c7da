//! Folder syncs: what one would do, and those that were saved. What runs is a job.

use bowline_core::transfer::job::JobRequest;
use bowline_core::transfer::sync::saved::SavedSync;
use bowline_core::transfer::sync::{SyncAction, SyncRow, SyncSummary};

super::engine_commands! {
    /// Compares the two folders of a sync and changes nothing. `preview` is any name that is not in use, under which what was
    /// found is kept.
    sync_compare(preview: String, request: JobRequest) -> SyncSummary;
    /// How far a comparison is; null before both folders are open.
    sync_progress(preview: String) -> Option<SyncSummary>;
    /// Some of what was found, by path.
    sync_rows(preview: String, actions: Vec<SyncAction>, from: u32, count: u32) -> Vec<SyncRow>;
    /// Nobody looks at it any more; one under way ends.
    sync_forget(preview: String) -> ();
    /// By name.
    syncs_saved() -> Vec<SavedSync>;
    /// Keeps one in place of that of the same name; what there is then.
    sync_save(sync: SavedSync) -> Vec<SavedSync>;
    sync_unsave(name: String) -> Vec<SavedSync>;
}
