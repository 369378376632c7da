//! A host whose folder never ends: what is kept in mind of it is bounded, and what does not fit is named.

use std::io;
use std::sync::atomic::AtomicU64;

use bowline_sftp::{Attributes, Entries, FileSystem, OpenFor, Space};

use super::*;

const FOLDER: u32 = 0o040_755;

/// A host with one folder, `/d`.
#[derive(Clone)]
struct Endless {
    /// The name and mode of each entry of it.
    entry: fn(u64) -> (String, u32),
    /// So often it is empty before.
    empty: u64,
    listed: Arc<AtomicU64>,
    removed: Arc<AtomicU64>,
}

impl Endless {
    fn new(entry: fn(u64) -> (String, u32), empty: u64) -> Self {
        Self { entry, empty, listed: Arc::default(), removed: Arc::default() }
    }
}

impl FileSystem for Endless {
    fn resolve(&mut self, path: &[u8]) -> io::Result<Vec<u8>> {
        Ok(path.to_vec())
    }

    fn look(&mut self, path: &[u8], _: bool) -> io::Result<Attributes> {
        if path.ends_with(b".bowline-part") {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Attributes { mode: Some(FOLDER), ..Attributes::default() })
    }

    fn list(&mut self, path: &[u8]) -> io::Result<Entries> {
        if path != b"/d" || self.listed.fetch_add(1, Relaxed) < self.empty {
            return Ok(Box::new(std::iter::empty()));
        }
        let entry = self.entry;
        Ok(Box::new((0..).map(move |number| {
            let (name, mode) = entry(number);
            Ok((name.into_bytes(), Attributes { mode: Some(mode), ..Attributes::default() }))
        })))
    }

    fn remove_folder(&mut self, _: &[u8]) -> io::Result<()> {
        self.removed.fetch_add(1, Relaxed);
        Ok(())
    }

    fn rename(&mut self, _: &[u8], _: &[u8], _: bool) -> io::Result<()> {
        Ok(())
    }

    fn set(&mut self, _: &[u8], _: &Attributes) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn open(&mut self, _: &[u8], _: OpenFor) -> io::Result<std::fs::File> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn look_at(&mut self, _: &std::fs::File) -> io::Result<Attributes> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn set_of(&mut self, _: &std::fs::File, _: &Attributes) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn make_folder(&mut self, _: &[u8], _: Option<u32>) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn remove(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn read_link(&mut self, _: &[u8]) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn make_link(&mut self, _: &[u8], _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn space(&mut self, _: &[u8]) -> io::Result<Space> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn owner_name(&mut self, _: u32, _: bool) -> Option<Vec<u8>> {
        None
    }
}

impl Hosts for Endless {
    fn files(&self, _: &HostId, _: bool) -> BoxFuture<'static, crate::error::Result<Files>> {
        let server = self.clone();
        Box::pin(async move { Ok(Files::with(server).await) })
    }

    fn is_up(&self, _: &HostId) -> bool {
        true
    }

    fn bulk(&self, _: &HostId, _: &Arc<Connection>) -> BoxFuture<'static, crate::error::Result<Files>> {
        unreachable!()
    }

    fn bulk_done(&self, _: &HostId, _: &Arc<Connection>, _: Files) {}

    fn output(
        &self,
        _: &HostId,
        _: Vec<u8>,
        _: usize,
    ) -> BoxFuture<'static, crate::error::Result<Option<Vec<u8>>>> {
        unreachable!()
    }
}

/// A queue in which `/d` is on its way.
async fn queue_from(host: &Endless, folder: &Path, remove_sources: bool) -> (Queue, JobId) {
    let host: Arc<dyn Hosts> = Arc::new(host.clone());
    let run: RunJob = Arc::new(move |live| Box::pin(super::run(Arc::clone(&host), live)));
    let queue = queue_in(folder, run);
    let source = JobEnd::Host { host_id: HostId("h".into()), path: "/d".into() };
    let to = folder.join("to");
    std::fs::create_dir(&to).expect("a folder");
    let request = JobRequest { sources: vec![source], ..request(Vec::new(), &to, remove_sources) };
    let id = queue.add(request).await.expect("taken on");
    (queue, id)
}

fn reasons(job: &JobView) -> Vec<String> {
    let reason = |error: &crate::transfer::job::JobError| error.problem.params["reason"].clone();
    job.errors.iter().map(reason).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_in_mind_of_an_endless_folder_is_left_out_and_the_job_can_be_cancelled() {
    // Folders, and such that may fall together with another name.
    let folders: fn(u64) -> (String, u32) = |number| (format!("{number}{}", "x".repeat(200)), FOLDER);
    let names: fn(u64) -> (String, u32) = |number| (format!("{number} ("), FOLDER);
    for (entry, last) in [(folders, None), (names, Some("too-many-names"))] {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Endless::new(entry, 0);
        let (queue, id) = queue_from(&host, folder.path(), false).await;
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        let job = loop {
            let job = queue.view().jobs.into_iter().find(|job| job.id == id).expect("it is there");
            if job.error_count > 20_000 {
                break job;
            }
            assert!(std::time::Instant::now() < deadline, "{job:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let reasons = reasons(&job);
        let is_one = |reason: &String| matches!(reason.as_str(), "too-many" | "too-many-names");
        assert!(reasons.iter().all(is_one), "{reasons:?}");
        assert!(last.is_none_or(|last| reasons.last().is_some_and(|reason| reason == last)), "{reasons:?}");
        assert!(!job.counted, "nobody knows how many there are");
        queue.order(id, JobOrder::Cancel).expect("it is there");
        assert_eq!(ended(&queue, id).await.state, JobState::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_removes_as_many_empty_folders_as_can_be_kept_in_mind_and_tells_of_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    // It is empty while it is counted and copied.
    let host = Endless::new(|number| (format!("{number}{}", "x".repeat(200)), FOLDER), 2);
    let (queue, id) = queue_from(&host, folder.path(), true).await;
    let job = ended(&queue, id).await;
    assert_eq!((&job.state, reasons(&job)), (&JobState::Done, vec!["folders-stay".to_owned()]));
    let removed = host.removed.load(Relaxed);
    assert!((1000..crate::transfer::plan::IN_MIND_BYTES as u64 / 200).contains(&removed), "{removed}");
}
