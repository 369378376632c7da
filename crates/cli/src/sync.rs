//! `bowline sync`: one folder made like another, here or on hosts, by the engine's transfer jobs.

use std::path::Path;
use std::sync::Arc;

use bowline_core::files::path_text;
use bowline_core::host::HostId;
use bowline_core::transfer::copy;
use bowline_core::transfer::copy::sync::preview::Preview;
use bowline_core::transfer::job::{JobEnd, JobRequest, OnConflict, Verify};
use bowline_core::transfer::sync::{ACTIONS, SyncAction, SyncRow, SyncRules};
use bytes::Bytes;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::command::{FAILED, say};
use crate::cp::hosts::Named;
use crate::cp::jobs::copy_jobs;
use crate::cp::place::Place;
use crate::cp::plan::{Sessions, here_end, session};
use crate::cp::voice::{Voice, whole};
use crate::cp::why::why;
use crate::cp::{self, SOME_FAILED, failed, found};
use crate::signals::Signals;
use crate::stdio::Sink;

mod lines;
pub mod rounds;
pub mod words;

use words::Sync;

/// Who reads it has gone.
const NO_OUTPUT: &str = "the standard output is closed";
/// Rows that are asked for together.
const ROWS: u32 = 1000;

/// Syncs, and says the status.
pub async fn run(sync: Sync) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let ended = CancellationToken::new();
    // A watch has no other end.
    let at_end = if sync.watch { 0 } else { FAILED };
    let syncing = sync_all(sync, ended.clone());
    tokio::pin!(syncing);
    tokio::select! {
        status = &mut syncing => status,
        () = signals.end() => {
            // What is half there goes on with the next sync; the job closes its files first.
            ended.cancel();
            let _ = tokio::time::timeout(std::time::Duration::from_secs(3), syncing).await;
            at_end
        }
    }
}

async fn sync_all(sync: Sync, ended: CancellationToken) -> u8 {
    let hosts = match cp::reach(&sync.options, &[&sync.source, &sync.target]).await {
        Ok(hosts) => hosts,
        Err(error) => return failed(&error),
    };
    let done = async {
        let request = request(&sync, &hosts).await?;
        let stdout = Sink::stdout().map_err(|_| "no thread for the standard output".to_owned())?;
        if sync.dry_run {
            return preview(&sync, &hosts, &request, &stdout, ended).await;
        }
        if sync.watch {
            hosts.be_patient();
        }
        let mut voice = Voice::new(stdout, sync.json, sync.options.quiet);
        let copied = copy_jobs(true, hosts.clone(), vec![request], ended, &mut voice).await;
        voice.stdout.flush().await.map_err(|_| NO_OUTPUT)?;
        copied
    };
    let status = match done.await {
        Ok(true) => 0,
        Ok(false) => SOME_FAILED,
        Err(message) => failed(&message),
    };
    hosts.close().await;
    status
}

async fn request(sync: &Sync, hosts: &Named) -> Result<JobRequest, String> {
    let mut sessions = Sessions::new();
    let source = end(&sync.source, hosts, &mut sessions).await?;
    let target = end(&sync.target, hosts, &mut sessions).await?;
    let target = if sync.contents { target } else { inside(target, &source)? };
    Ok(JobRequest {
        sources: vec![source],
        target,
        exact: false,
        on_conflict: OnConflict::Overwrite,
        verify: Verify::Size,
        remove_sources: false,
        sync: Some(SyncRules {
            delete: sync.delete,
            delete_many: sync.delete_many,
            delete_most: None,
            checksum: sync.checksum,
            exclude: sync.exclude.clone(),
            include: sync.include.clone(),
            leave: Vec::new(),
            watch: sync.watch,
        }),
    })
}

async fn end(place: &Place, hosts: &Named, sessions: &mut Sessions) -> Result<JobEnd, String> {
    match place {
        Place::Here(path) => {
            let absolute =
                std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(here_end(&absolute))
        }
        Place::There { host, path } => {
            let host = HostId(host.clone());
            let files = session(sessions, hosts, &host).await?;
            let path = found::absolute(files, path).await?;
            Ok(JobEnd::Host { host_id: host, path: path_text::to_text(path.as_bytes()) })
        }
    }
}

/// The folder of the source's name in the target.
fn inside(target: JobEnd, source: &JobEnd) -> Result<JobEnd, String> {
    let (JobEnd::Here { path } | JobEnd::Host { path, .. }) = source;
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).ok_or("the source has no name")?;
    let joined = |path: String| format!("{}/{name}", path.trim_end_matches('/'));
    Ok(match target {
        JobEnd::Here { path } => JobEnd::Here { path: joined(path) },
        JobEnd::Host { host_id, path } => JobEnd::Host { host_id, path: joined(path) },
    })
}

/// Says what would be done; whether all of it could be.
async fn preview(
    sync: &Sync,
    hosts: &Named,
    request: &JobRequest,
    stdout: &Sink,
    ended: CancellationToken,
) -> Result<bool, String> {
    let reach: Arc<dyn copy::Hosts> = Arc::new(hosts.clone());
    let preview = Preview::open(&reach, request, ended).await.map_err(|error| error.message)?;
    preview.compare().await.map_err(|error| error.message)?;
    let is_up = matches!(request.target, JobEnd::Host { .. });
    let mut all = true;
    let mut from = 0;
    loop {
        let rows = preview.rows(ACTIONS.to_vec(), from, ROWS).await.map_err(|error| error.message)?;
        if rows.is_empty() {
            break;
        }
        from += rows.len() as u64;
        let mut text = String::new();
        for row in &rows {
            all &= row.action != SyncAction::Failed;
            text.push_str(&if sync.json { object(row) } else { lines::line(row, is_up) });
            text.push('\n');
        }
        stdout.write(Bytes::from(text)).await.map_err(|_| NO_OUTPUT)?;
    }
    let summary = preview.summary().await.map_err(|error| error.message)?;
    if sync.json {
        let counts: Vec<_> = summary
            .counts
            .iter()
            .map(|count| json!({"action": count.action, "count": whole(count.count), "bytes": whole(count.bytes)}))
            .collect();
        let end = json!({"type": "end", "counts": counts, "refused": summary.refused});
        stdout.write(Bytes::from(format!("{end}\n"))).await.map_err(|_| NO_OUTPUT)?;
    } else if let Some(refused) = &summary.refused {
        say(&refused.message);
    }
    stdout.flush().await.map_err(|_| NO_OUTPUT)?;
    Ok(all && summary.refused.is_none())
}

fn object(row: &SyncRow) -> String {
    json!({
        "type": "change", "action": row.action, "path": row.path, "folder": row.is_folder, "size": whole(row.size),
        "message": row.problem.as_ref().map(why),
    })
    .to_string()
}
