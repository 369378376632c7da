//! Jobs of the transfer queue at a desk, and trees of files to copy.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bowline_core::engine::Engine;
use bowline_core::files::path_text;
use bowline_core::host::HostId;
use bowline_core::transfer::job::{JobEnd, JobId, JobRequest, JobState, JobView, OnConflict, Verify};
use sha2::{Digest, Sha256};

/// Long enough for anything here on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn here(path: &Path) -> JobEnd {
    JobEnd::Here { path: path_text::to_text(path.as_os_str().as_encoded_bytes()) }
}

pub fn there(host: &HostId, path: &Path) -> JobEnd {
    JobEnd::Host { host_id: host.clone(), path: path_text::to_text(path.as_os_str().as_encoded_bytes()) }
}

/// Copy these into that folder; what is in the way is replaced.
pub fn copy(sources: Vec<JobEnd>, target: JobEnd) -> JobRequest {
    JobRequest {
        sources,
        target,
        exact: false,
        on_conflict: OnConflict::Overwrite,
        verify: Verify::Size,
        remove_sources: false,
        sync: None,
    }
}

pub async fn job(engine: &Engine, id: JobId) -> JobView {
    let jobs = engine.jobs().await.expect("the queue").jobs;
    jobs.into_iter().find(|job| job.id == id).expect("the job is in the queue")
}

/// Waits until a job is as wanted.
pub async fn until(engine: &Engine, id: JobId, what: &str, wanted: impl Fn(&JobView) -> bool) -> JobView {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let view = job(engine, id).await;
        if wanted(&view) {
            return view;
        }
        assert!(tokio::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}: {view:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub fn has_ended(view: &JobView) -> bool {
    matches!(view.state, JobState::Done | JobState::Failed { .. } | JobState::Cancelled)
}

/// Waits for the end of a job.
pub async fn ended(engine: &Engine, id: JobId) -> JobView {
    until(engine, id, "the job ends", has_ended).await
}

/// Runs a job that has to copy everything.
pub async fn run(engine: &Engine, request: JobRequest) -> JobView {
    let id = engine.job_add(request).await.expect("taken on");
    let view = ended(engine, id).await;
    assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{view:?}");
    view
}

/// What stands at a path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Folder { mode: u32, modified: i64 },
    File { hash: Vec<u8>, mode: u32, modified: i64 },
    Link(PathBuf),
}

/// Everything below a folder, by path. What goes while it is looked at, as unfinished files do, is left out.
pub fn tree(top: &Path) -> BTreeMap<PathBuf, Found> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(inner) = waiting.pop() {
        let Some(entries) = if_there(std::fs::read_dir(top.join(&inner))) else {
            assert!(!inner.as_os_str().is_empty(), "{} is not there", top.display());
            continue;
        };
        for entry in entries {
            let entry = entry.expect("an entry");
            let path = inner.join(entry.file_name());
            let Some(metadata) = if_there(entry.metadata()) else { continue };
            let (mode, modified) = (metadata.mode() & 0o777, metadata.mtime());
            let what = if metadata.is_dir() {
                waiting.push(path.clone());
                Found::Folder { mode, modified }
            } else if metadata.is_symlink() {
                let Some(target) = if_there(std::fs::read_link(entry.path())) else { continue };
                Found::Link(target)
            } else {
                let Some(data) = if_there(std::fs::read(entry.path())) else { continue };
                Found::File { hash: Sha256::digest(data).to_vec(), mode, modified }
            };
            found.insert(path, what);
        }
    }
    found
}

fn if_there<T>(looked: std::io::Result<T>) -> Option<T> {
    match looked {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        looked => Some(looked.expect("it can be looked at")),
    }
}

/// Files that are not whole, anywhere below a folder.
pub fn parts(top: &Path) -> Vec<PathBuf> {
    tree(top).into_keys().filter(|path| path.to_string_lossy().contains(".bowline-part")).collect()
}

/// Bytes that look like none of the others, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Writes a file with a mode and a time of its own.
pub fn write(path: &Path, data: &[u8], mode: u32, modified: u64) {
    std::fs::write(path, data).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode");
    set_time(path, modified);
}

pub fn set_time(path: &Path, modified: u64) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(modified);
    std::fs::File::open(path).and_then(|file| file.set_modified(at)).expect("its time");
}

/// A tree with everything that may go wrong: bytes that are no text, nothing, holes, depth, links.
pub fn plant(top: &Path) {
    std::fs::create_dir_all(top).expect("the top");
    write(&top.join("empty"), b"", 0o640, 1_000_000_000);
    write(&top.join("small"), &noise(1, 4096), 0o755, 1_100_000_000);
    write(&top.join("just small"), &noise(2, 255 * 1024), 0o600, 1_200_000_000);
    write(&top.join("just large"), &noise(3, 255 * 1024 + 1), 0o644, 1_300_000_000);
    write(&top.join("large"), &noise(4, 3_000_000), 0o604, 1_400_000_000);
    let mut holes = noise(5, 2_000_000);
    holes[300_000..1_500_000].fill(0);
    write(&top.join("holes"), &holes, 0o644, 1_500_000_000);
    write(&top.join(OsString::from_vec(b"caf\xe9 \xff\n".to_vec())), b"latin", 0o644, 1_600_000_000);
    write(&top.join("-rf $(x) 'q' \"d\" \\ 文件"), b"shell", 0o644, 1_600_000_001);
    let mut deep = top.join("deep");
    for number in 0..30 {
        deep = deep.join(format!("d{number}"));
    }
    std::fs::create_dir_all(&deep).expect("deep folders");
    write(&deep.join("bottom"), b"here", 0o644, 1_000_000_001);
    symlink("../empty", top.join("deep/up")).expect("a link");
    symlink("nowhere", top.join("dangling")).expect("a link");
    std::fs::create_dir(top.join("many")).expect("a folder");
    for number in 0..300 {
        let size = usize::try_from(number * 7).expect("small");
        write(&top.join(format!("many/{number}")), &noise(number, size), 0o644, 1_000_000_000 + number);
    }
    std::fs::create_dir(top.join("nothing in it")).expect("a folder");
    let folders = ["many", "nothing in it", "deep/d0/d1", "deep/d0", "deep"];
    for folder in folders {
        std::fs::set_permissions(top.join(folder), std::fs::Permissions::from_mode(0o750)).expect("its mode");
        set_time(&top.join(folder), 1_234_567_890);
    }
    // Those that the list leaves out.
    let mut inner = top.join("deep/d0/d1");
    for number in 2..30 {
        inner = inner.join(format!("d{number}"));
        set_time(&inner, 1_234_567_891);
    }
}
