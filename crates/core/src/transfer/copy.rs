//! Runs one job: walks through its sources as they are listed, and copies what it finds, small files many at once. A folder of
//! a million files is never held whole, and one file that fails stops no other.

mod arrived;
mod count;
pub(crate) mod fault;
mod file;
mod here;
mod host;
mod lanes;
pub mod sync;
mod tree;
mod walk;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bowline_sftp::SftpPath;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::conflict::Kind;
use super::job::{JobEnd, JobRequest};
use super::name::{Folder, Rules};
use super::plan::IN_MIND_BYTES;
use super::queue::kept::{Counts, FailedPlace};
use super::queue::live::{Live, Outcome};
use super::queue::store::Parts;
use super::resume::{self, Remembered};
use super::room::Room;
use crate::connection::Connection;
use crate::error::Error;
use crate::files::path_text;
use crate::files::session::Files;
use crate::host::HostId;
use arrived::Arrived;
use fault::{Fault, Result, not_copied};
use here::{DiskTurns, HereTree};
use host::HostTree;
use lanes::{Lanes, SmallLane};
use tree::Tree;

/// How hosts are reached; the engine knows.
pub trait Hosts: Send + Sync {
    /// An SFTP session. With `again` it waits until a host that was up before is up again.
    fn files(&self, host: &HostId, again: bool) -> BoxFuture<'static, crate::error::Result<Files>>;

    /// Whether a host is connected just now, so that nothing there needs a dial or a question.
    fn is_up(&self, host: &HostId) -> bool;

    /// An SFTP session on a connection of its own, for large files. Asks nobody anything. One that was given back beside the same
    /// connection is given again.
    fn bulk(
        &self,
        host: &HostId,
        beside: &Arc<Connection>,
    ) -> BoxFuture<'static, crate::error::Result<Files>>;

    /// Gives such a session back, with which all went well: the next job may want it soon.
    fn bulk_done(&self, host: &HostId, beside: &Arc<Connection>, files: Files);

    /// What a command writes to stdout, up to so many bytes; None if it fails.
    fn output(
        &self,
        host: &HostId,
        line: Vec<u8>,
        most: usize,
    ) -> BoxFuture<'static, crate::error::Result<Option<Vec<u8>>>>;
}

/// What all files under way may have in memory and on the line, in units of [`UNIT_BYTES`]: 32 MiB, or 1,024 small files.
const UNITS: usize = 1024;
const UNIT_BYTES: u64 = 32 * 1024;
/// A large file has a window of 8 MiB and as much between disk and line; two of them are under way at once.
const LARGE_UNITS: u32 = 512;
/// Files up to here are read and written whole.
const SMALL_BYTES: u64 = 255 * 1024;
/// Where the memory of a job has that the disk did not take everything: no path of a part begins with an empty name.
const UNSYNCED: &[u8] = b"\0unsynced\0";
/// Where it has that a move has begun to remove its sources: from then on one that is gone is no failure.
const REMOVING: &[u8] = b"\0removing\0";
/// Of both only their being there counts.
const NOTHING: Remembered = Remembered { source: resume::Source { size: 0, modified: None }, verified: 0 };
/// What was sent is answered within this, or not waited for any more by a job that is to stop.
const LET_GO: Duration = Duration::from_secs(5);
/// The same for what is removed then: a host may be at a piece of a large copy of its own, on a disk that others use too.
const REMOVED_WITHIN: Duration = Duration::from_secs(60);
/// Connections that are lost again before anything more has arrived.
const LOSSES_MAX: u32 = 5;

/// A run of a job, as all of its tasks share it.
struct Run {
    live: Arc<Live>,
    to: Tree,
    rules: Rules,
    /// See [`UNITS`].
    units: Arc<Semaphore>,
    /// Ends every task of the run: it is to stop, or nothing goes any more.
    halt: CancellationToken,
    /// The first reason for that.
    halted: Mutex<Option<Fault>>,
    tasks: TaskTracker,
    /// For what is kept in mind of the trees.
    room: Room,
    /// What earlier runs know of unfinished files.
    parts: Parts,
    /// Names that are being written in folders where others may be chosen beside them.
    reserved: Mutex<HashSet<Vec<Vec<u8>>>>,
    /// Files that went beside others.
    beside: AtomicUsize,
    again: bool,
    /// An earlier run has begun to remove the sources of a move.
    was_removing: bool,
    /// What an earlier run has copied did not all come to the disk: it is copied once more.
    distrusts: bool,
    lanes: Lanes,
    /// For small files, once they are many.
    few: SmallLane,
    /// For a move.
    arrived: Option<Arrived>,
}

/// One thing that was chosen, and the folder it lies in.
#[derive(Debug)]
struct Source {
    number: usize,
    tree: Tree,
    /// Its name in that folder.
    name: Vec<u8>,
    /// Its name at the target.
    target: Vec<u8>,
}

/// Runs a job until it is done, is stopped, or cannot go on. A connection that is lost is waited for.
pub async fn run(hosts: Arc<dyn Hosts>, live: Arc<Live>) -> Outcome {
    let mut again = live.again.load(Relaxed);
    let mut losses = 0;
    // A retry of what failed counts on from what had arrived.
    let begun = live.only.is_some().then(|| live.counts());
    loop {
        let before = live.received();
        let ran = if live.request.sync.is_some() {
            sync::run_once(&hosts, &live, again).await
        } else {
            run_once(&hosts, &live, again, begun).await
        };
        let fault = match ran {
            Ok(()) => return Outcome::Done,
            Err(fault) => fault,
        };
        let problem = match fault {
            Fault::Stopped => return Outcome::Stopped,
            Fault::File(error) | Fault::All(error) => return Outcome::Failed(error.problem()),
            Fault::Lost(error) => error.problem(),
        };
        losses = if live.received() > before { 0 } else { losses + 1 };
        if losses > LOSSES_MAX {
            return Outcome::Failed(problem);
        }
        live.again.store(true, Relaxed);
        again = true;
        live.wait_for_connection(Some(problem));
    }
}

/// Removes what a job left unfinished, and gives a source its name back that stepped aside. False if a host of it is not
/// connected: nobody is asked for a password for that.
pub async fn clean(hosts: Arc<dyn Hosts>, live: Arc<Live>) -> bool {
    let parts = live.parts().await;
    let has_aside = parts.keys().any(|key| arrived::is_aside(key));
    if !has_aside && !file::replaced::has_any(&parts) && !parts.keys().any(|key| file::is_part(key)) {
        return true;
    }
    let ends = live.request.sources.iter().take(usize::from(has_aside)).chain([&live.request.target]);
    if ends.into_iter().any(|end| matches!(end, JobEnd::Host { host_id, .. } if !hosts.is_up(host_id))) {
        return false;
    }
    let cleaning = async {
        let request = JobRequest {
            sources: if has_aside { live.request.sources.clone() } else { Vec::new() },
            ..live.request.clone()
        };
        if live.request.sync.is_some() {
            let to = sync::target(&hosts, &live.request).await?;
            return remove_parts(&live, &to, parts).await;
        }
        let (sources, to) = open(&hosts, &request, false).await?;
        if has_aside {
            let sources = sources.into_iter().enumerate().filter_map(|(number, source)| {
                let (tree, name, target) = source.ok()?;
                Some(Arc::new(Source { number, tree, name, target }))
            });
            arrived::see_to_asides(&live, &to, &parts, &sources.collect::<Vec<_>>()).await?;
        }
        remove_parts(&live, &to, parts).await
    };
    match cleaning.await {
        Ok(()) => true,
        Err(Fault::File(error)) => {
            tracing::info!(%error, "unfinished files of a transfer stay where they are");
            true
        }
        Err(Fault::Lost(_) | Fault::All(_) | Fault::Stopped) => false,
    }
}

/// Goes on until the connection is lost: one that cannot be removed stays, and says so in the log.
async fn remove_parts(live: &Live, to: &Tree, parts: Parts) -> Result<()> {
    file::replaced::see_to(live, to, &parts).await?;
    for key in parts.into_keys().filter(|key| file::is_part(key)) {
        let names: Vec<Vec<u8>> = key.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect();
        match to.remove(&names).await {
            Ok(()) => {}
            Err(fault @ Fault::Lost(_)) => return Err(fault),
            Err(fault) => tracing::debug!(?fault, "an unfinished file was not removed"),
        }
        live.remember(&key, None);
    }
    Ok(())
}

async fn run_once(
    hosts: &Arc<dyn Hosts>,
    live: &Arc<Live>,
    again: bool,
    begun: Option<Counts>,
) -> Result<()> {
    let opening = open(hosts, &live.request, again);
    let (sources, to) = tokio::select! {
        opened = opening => opened?,
        () = live.stop.cancelled() => return Err(Fault::Stopped),
    };
    live.wait_for_connection(None);
    live.begin(begun);
    let rules = if matches!(to, Tree::Here(_)) { Rules::here() } else { Rules::Unix };
    let parts = if again { live.parts().await } else { Parts::new() };
    let run = Arc::new(Run {
        live: Arc::clone(live),
        to,
        rules,
        units: Arc::new(Semaphore::new(UNITS)),
        halt: live.stop.child_token(),
        halted: Mutex::default(),
        tasks: TaskTracker::new(),
        room: Room::of(IN_MIND_BYTES),
        was_removing: parts.contains_key(REMOVING) || parts.keys().any(|key| arrived::is_aside(key)),
        distrusts: parts.contains_key(UNSYNCED),
        parts,
        reserved: Mutex::default(),
        beside: AtomicUsize::new(0),
        again,
        lanes: Lanes::default(),
        few: SmallLane::default(),
        arrived: if live.request.remove_sources { Some(Arrived::new()?) } else { None },
    });
    let mut names = Folder::new(run.rules);
    let mut opened: Vec<Arc<Source>> = Vec::new();
    for (number, source) in sources.into_iter().enumerate() {
        let path = &live.request.sources[number];
        let named = source.and_then(|(tree, name, wanted)| {
            let target = match exact_name(&live.request)? {
                Some(target) => target,
                None => names.name(&wanted).map_err(|_| not_copied(&shown_end(path), "name"))?.bytes,
            };
            Ok(Source { number, tree, name, target })
        });
        match named {
            Ok(source) => opened.push(Arc::new(source)),
            Err(Fault::File(error)) if !run.was_removing => {
                let place = FailedPlace { source: number, from: Vec::new(), to: Vec::new() };
                live.file_failed(shown_end(path), &error, place);
            }
            // A move that was cut while it removed its sources.
            Err(Fault::File(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    file::replaced::see_to(&run.live, &run.to, &run.parts).await?;
    arrived::see_to_asides(&run.live, &run.to, &run.parts, &opened).await?;
    let walked = walk::walk(&run, &opened).await;
    run.tasks.close();
    run.tasks.wait().await;
    let halted = run.halted.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (halted, walked) {
        (Some(fault), _) | (None, Err(fault)) => return end_early(&run, fault).await,
        (None, Ok(())) if live.stop.is_cancelled() => return end_early(&run, Fault::Stopped).await,
        (None, Ok(())) => {}
    }
    on_disk(live, run.distrusts, run.to.sync().await)?;
    if let Some(arrived) = &run.arrived
        && live.error_count() == 0
    {
        live.remember(REMOVING, Some(NOTHING));
        arrived.remove_sources(&run, &opened).await?;
    }
    run.lanes.keep();
    Ok(())
}

/// Remembers that not everything came to the disk: a later run may find it in memory and on no disk, so it counts as not
/// copied, and above all no source is removed for it.
fn on_disk(live: &Live, was_not: bool, synced: Result<()>) -> Result<()> {
    match &synced {
        Ok(()) if was_not => live.remember(UNSYNCED, None),
        Ok(()) => {}
        Err(_) => live.remember(UNSYNCED, Some(NOTHING)),
    }
    synced
}

/// What a file takes of [`UNITS`].
fn units_of(size: u64) -> u32 {
    if size > SMALL_BYTES { LARGE_UNITS } else { 1 + u32::try_from(size / UNIT_BYTES).unwrap_or(0) }
}

async fn end_early(run: &Run, fault: Fault) -> Result<()> {
    if matches!(fault, Fault::Stopped) && run.live.is_cancelled() {
        let removing = remove_parts(&run.live, &run.to, run.live.parts().await);
        // A server that answers nothing any more keeps nobody from leaving.
        tokio::time::timeout(REMOVED_WITHIN, removing).await.unwrap_or(Ok(()))?;
    }
    Err(fault)
}

/// The sources and the folder that they go into. A source may be gone while the others are not.
type Opened = (Vec<Result<(Tree, Vec<u8>, Vec<u8>)>>, Tree);

async fn open(hosts: &Arc<dyn Hosts>, request: &JobRequest, again: bool) -> Result<Opened> {
    let mut sessions: Vec<(HostId, Files)> = Vec::new();
    for end in request.sources.iter().take(1).chain([&request.target]) {
        if let JobEnd::Host { host_id, .. } = end
            && !sessions.iter().any(|(host, _)| host == host_id)
        {
            let files = hosts.files(host_id, again).await.map_err(|error| match Fault::from(error) {
                // The first try of a job is not repeated by itself.
                Fault::Lost(error) if !again => Fault::All(error),
                fault => fault,
            })?;
            sessions.push((host_id.clone(), files));
        }
    }
    let session = |host: &HostId| {
        let found = sessions.iter().find(|(other, _)| other == host).map(|(_, files)| files.clone());
        found.ok_or_else(|| Fault::All(Error::internal("a job with a third host")))
    };
    let target_folder = |path: &str| -> Result<Vec<u8>> {
        let path = path_text::to_bytes(path);
        Ok(if request.exact { parent(&path).to_vec() } else { path })
    };
    let turns = DiskTurns::default();
    let to = match &request.target {
        JobEnd::Here { path } => {
            let folder = PathBuf::from(here::os_string(&target_folder(path)?));
            Tree::Here(HereTree::open(folder, &turns).await?)
        }
        JobEnd::Host { host_id, path } => {
            let base = sftp_path(&target_folder(path)?, path)?;
            Tree::Host(HostTree::new(session(host_id)?, host_id.clone(), base, Arc::clone(hosts)))
        }
    };
    match to.look(&[]).await? {
        Some(facts) if matches!(facts.kind, Kind::Directory | Kind::Link) => {}
        Some(_) => return Err(not_copied(&to.shown(&[]), "no-folder")),
        None => return Err(not_copied(&to.shown(&[]), "no-target")),
    }
    let mut sources = Vec::with_capacity(request.sources.len());
    for source in &request.sources {
        let opened = async {
            Ok(match source {
                JobEnd::Here { path } => {
                    let bytes = path_text::to_bytes(path);
                    let at = PathBuf::from(here::os_string(&bytes));
                    let (tree, name) = here::source(at, request.remove_sources, &turns).await?;
                    (Tree::Here(tree), name, last_name(&bytes))
                }
                JobEnd::Host { host_id, path } => {
                    let bytes = path_text::to_bytes(path);
                    let at = sftp_path(&bytes, path)?;
                    let (files, host) = (session(host_id)?, host_id.clone());
                    let (tree, name) =
                        HostTree::source(files, host, Arc::clone(hosts), at, request.remove_sources).await?;
                    (Tree::Host(tree), name, last_name(&bytes))
                }
            })
        };
        match opened.await {
            Err(fault @ (Fault::Lost(_) | Fault::All(_) | Fault::Stopped)) => return Err(fault),
            opened => sources.push(opened),
        }
    }
    Ok((sources, to))
}

fn exact_name(request: &JobRequest) -> Result<Option<Vec<u8>>> {
    let (JobEnd::Here { path } | JobEnd::Host { path, .. }) = &request.target;
    if !request.exact {
        return Ok(None);
    }
    let name = last_name(&path_text::to_bytes(path));
    if name.is_empty() || name == b"." || name == b".." {
        return Err(not_copied(path, "no-name"));
    }
    Ok(Some(name))
}

fn is_separator(byte: u8) -> bool {
    byte == b'/' || (cfg!(windows) && byte == b'\\')
}

fn last_name(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|&byte| !is_separator(byte)).map_or(0, |last| last + 1);
    path[..end].rsplit(|&byte| is_separator(byte)).next().unwrap_or_default().to_vec()
}

/// The folder that a path lies in, as it is written.
fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| !is_separator(byte)).map_or(0, |last| last + 1);
    match path[..end].iter().rposition(|&byte| is_separator(byte)) {
        Some(0) | None => &path[..path.len().min(1)],
        Some(slash) => &path[..slash],
    }
}

fn sftp_path(bytes: &[u8], shown: &str) -> Result<SftpPath> {
    SftpPath::new(bytes).map_err(|_| not_copied(shown, "name"))
}

fn shown_names(names: &[Vec<u8>]) -> String {
    bowline_sftp::Visible(&names.join(&b'/')).to_string()
}

fn shown_end(end: &JobEnd) -> String {
    let (JobEnd::Here { path } | JobEnd::Host { path, .. }) = end;
    bowline_sftp::Visible(&path_text::to_bytes(path)).to_string()
}

impl Run {
    /// Takes what a task came to: a file that failed is noted, anything else ends the run.
    fn settle(&self, source: &Source, from: &[Vec<u8>], to: &[Vec<u8>], result: Result<()>) {
        match result {
            Ok(()) => {}
            Err(Fault::File(error)) => {
                let place = FailedPlace { source: source.number, from: from.to_vec(), to: to.to_vec() };
                self.live.file_failed(source.tree.shown(from), &error, place);
            }
            Err(fault) => self.halt_with(fault),
        }
    }

    fn halt_with(&self, fault: Fault) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        // A connection that ends fails everything at once; a full disk explains more than what it led to.
        if halted.is_none() {
            *halted = Some(fault);
        }
        drop(halted);
        self.halt.cancel();
    }
}

#[cfg(test)]
mod tests;
