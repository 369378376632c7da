//! Jobs that copy on this computer alone, with what earlier runs remembered.

mod endless;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::transfer::job::{JobId, JobOrder, JobState, JobView, OnConflict, Verify};
use crate::transfer::queue::{CleanJob, Queue, RunJob};

/// Nobody asks for a host here.
pub struct NoHosts;

impl Hosts for NoHosts {
    fn files(&self, _: &HostId, _: bool) -> BoxFuture<'static, crate::error::Result<Files>> {
        unreachable!()
    }

    fn is_up(&self, _: &HostId) -> bool {
        unreachable!()
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

pub fn here(path: &Path) -> JobEnd {
    JobEnd::Here { path: path.to_str().expect("text").to_owned() }
}

pub fn request(sources: Vec<PathBuf>, to: &Path, remove_sources: bool) -> JobRequest {
    JobRequest {
        sources: sources.iter().map(|source| here(source)).collect(),
        target: here(to),
        exact: false,
        on_conflict: OnConflict::Overwrite,
        verify: Verify::Size,
        remove_sources,
        sync: None,
    }
}

fn queue_in(folder: &Path, run: RunJob) -> Queue {
    let clean: CleanJob = Arc::new(|live| Box::pin(clean(Arc::new(NoHosts), live)));
    Queue::open(folder, CancellationToken::new(), run, clean, Arc::new(|_| ())).0
}

async fn ended(queue: &Queue, id: JobId) -> JobView {
    for _ in 0..2000 {
        let job = queue.view().jobs.into_iter().find(|job| job.id == id).expect("it is there");
        if job.ended_ms.is_some() {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{:?}", queue.view());
}

/// Runs a job to its end in a queue of its own.
pub async fn run_here(folder: &Path, run: RunJob, request: JobRequest) -> JobView {
    let queue = queue_in(folder, run);
    let id = queue.add(request).await.expect("taken on");
    ended(&queue, id).await
}

#[tokio::test]
async fn what_the_disk_did_not_take_is_copied_once_more_before_a_source_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::create_dir(&from).expect("a folder");
    std::fs::create_dir(&to).expect("a folder");
    let time = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (path, text) in [(from.join("a"), "the only one"), (to.join("a"), "lost at sync")] {
        std::fs::write(&path, text).expect("written");
        std::fs::File::open(&path).and_then(|file| file.set_modified(time)).expect("its time");
    }
    let run: RunJob = Arc::new(|live| {
        Box::pin(async move {
            // An earlier run came as far as this.
            let failed = on_disk(&live, false, Err(not_copied("/to", "sync")));
            assert!(matches!(failed, Err(Fault::File(_))));
            live.again.store(true, Relaxed);
            super::run(Arc::new(NoHosts), Arc::clone(&live)).await
        })
    });
    let view = run_here(folder.path(), run, request(vec![from.join("a")], &to, true)).await;
    assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]));
    assert_eq!(std::fs::read(to.join("a")).expect("it is there"), b"the only one");
    assert!(!from.join("a").exists());
}

#[tokio::test]
async fn what_a_failed_job_left_goes_with_it_and_a_source_gets_its_name_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::create_dir(&from).expect("a folder");
    std::fs::create_dir(&to).expect("a folder");
    let run: RunJob = Arc::new(|live| {
        Box::pin(async move {
            let part = b"a~1.bowline-part";
            live.remember(
                part,
                Some(Remembered { source: resume::Source { size: 9, modified: None }, verified: 3 }),
            );
            arrived::remember_aside(&live, 0, &[b"a".to_vec()]);
            Outcome::Failed(Error::internal("for a test").problem())
        })
    });
    let part = to.join("a~1.bowline-part");
    std::fs::write(&part, b"hal").expect("written");
    std::fs::write(from.join("a~moved~1.bowline-part"), b"the only one").expect("written");
    let queue = queue_in(folder.path(), run);
    let id = queue.add(request(vec![from.join("a")], &to, true)).await.expect("taken on");
    assert!(matches!(ended(&queue, id).await.state, JobState::Failed { .. }));
    assert!(part.exists(), "it may be tried again");
    queue.order(id, JobOrder::Remove).expect("it is there");
    for _ in 0..1000 {
        if !part.exists() && from.join("a").exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!part.exists());
    assert_eq!(std::fs::read(from.join("a")).expect("it is there again"), b"the only one");
    assert!(queue.view().jobs.is_empty());
}
