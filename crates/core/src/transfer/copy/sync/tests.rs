//! Syncs of folders of this computer, on random trees and on awkward ones.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::preview::Preview;
use super::*;
use crate::connection::Connection;
use crate::error::ErrorCode;
use crate::files::session::Files;
use crate::host::HostId;
use crate::transfer::job::{JobEnd, JobOrder, JobState, JobView, OnConflict, Verify};
use crate::transfer::queue::Queue;
use crate::transfer::sync::{ACTIONS, SyncRow};

/// Nobody asks for a host here.
struct NoHosts;

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

/// Two folders and a queue.
struct Bed {
    folder: TempDir,
    queue: Queue,
    ended: CancellationToken,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["from", "to", "queue"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let hosts: Arc<dyn Hosts> = Arc::new(NoHosts);
        let ended = CancellationToken::new();
        let cleaning = Arc::clone(&hosts);
        let (queue, _) = Queue::open(
            &folder.path().join("queue"),
            ended.clone(),
            Arc::new(move |live| super::super::run(Arc::clone(&hosts), live).boxed()),
            Arc::new(move |live| super::super::clean(Arc::clone(&cleaning), live).boxed()),
            Arc::new(|_| ()),
        );
        queue.start();
        Self { folder, queue, ended }
    }

    fn from(&self) -> PathBuf {
        self.folder.path().join("from")
    }

    fn to(&self) -> PathBuf {
        self.folder.path().join("to")
    }

    fn request(&self, rules: SyncRules) -> JobRequest {
        let here = |path: &Path| JobEnd::Here { path: path.to_str().expect("text").to_owned() };
        JobRequest {
            sources: vec![here(&self.from())],
            target: here(&self.to()),
            exact: false,
            on_conflict: OnConflict::Overwrite,
            verify: Verify::Size,
            remove_sources: false,
            sync: Some(rules),
        }
    }

    async fn preview(&self, rules: SyncRules) -> Preview {
        let hosts: Arc<dyn Hosts> = Arc::new(NoHosts);
        let preview =
            Preview::open(&hosts, &self.request(rules), CancellationToken::new()).await.expect("opened");
        preview.compare().await.expect("compared");
        preview
    }

    async fn rows(&self, rules: SyncRules) -> Vec<SyncRow> {
        self.preview(rules).await.rows(ACTIONS.to_vec(), 0, 1000).await.expect("rows")
    }

    async fn until(&self, wanted: impl Fn(&JobView) -> bool) -> JobView {
        for _ in 0..6000 {
            let job = self.queue.view().jobs.pop().expect("a job");
            if wanted(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{:?}", self.queue.view());
    }

    async fn run(&self, rules: SyncRules) -> JobView {
        for job in self.queue.view().jobs {
            self.queue.order(job.id, JobOrder::Remove).expect("it ended");
        }
        self.queue.add(self.request(rules)).await.expect("taken on");
        self.until(|job| job.ended_ms.is_some()).await
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

fn deleting() -> SyncRules {
    SyncRules { delete: true, delete_many: true, ..SyncRules::default() }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Thing {
    Folder,
    File(Vec<u8>, i64),
    Link(PathBuf),
}

/// Everything below a folder, by path.
fn tree(top: &Path) -> BTreeMap<PathBuf, Thing> {
    read_tree(top).expect("nothing vanishes")
}

/// As [`tree`], of a folder in which things vanish meanwhile: that is an error.
fn read_tree(top: &Path) -> std::io::Result<BTreeMap<PathBuf, Thing>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(inner) = waiting.pop() {
        for entry in std::fs::read_dir(top.join(&inner))? {
            let entry = entry?;
            let (path, facts) = (inner.join(entry.file_name()), entry.metadata()?);
            let thing = if facts.is_dir() {
                waiting.push(path.clone());
                Thing::Folder
            } else if facts.is_symlink() {
                Thing::Link(std::fs::read_link(entry.path())?)
            } else {
                Thing::File(std::fs::read(entry.path())?, facts.mtime())
            };
            found.insert(path, thing);
        }
    }
    Ok(found)
}

fn write(path: &Path, data: &[u8], modified: u64) {
    std::fs::write(path, data).expect("written");
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(modified);
    std::fs::File::open(path).and_then(|file| file.set_modified(at)).expect("its time");
}

/// A tree with names from a few, so that two of them meet in every way.
/// With `tells`, a time tells what is in a file.
fn plant(top: &Path, random: &mut StdRng, depth: usize, tells: bool) {
    for name in ["a", "b", "c.log", "d d", "文件", "x-y", "x"] {
        let path = top.join(name);
        match random.random_range(0..10) {
            0..4 => {
                let byte = random.random_range(0..3u8);
                let data = vec![b'0' + byte; random.random_range(0..3)];
                let time = if tells { u64::from(byte) } else { random.random_range(0..3u64) };
                write(&path, &data, 1_000_000_000 + 100 * time);
            }
            4 | 5 if depth > 0 => {
                std::fs::create_dir(&path).expect("a folder");
                plant(&path, random, depth - 1, tells);
            }
            6 => symlink(["a", "b"][random.random_range(0..2)], &path).expect("a link"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_target_becomes_like_any_source_and_is_then_the_same() {
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let bed = Bed::new();
        plant(&bed.from(), &mut random, 3, seed % 2 == 1);
        plant(&bed.to(), &mut random, 3, seed % 2 == 1);
        let before = tree(&bed.to());
        let wanted = tree(&bed.from());
        // Without deletion nothing goes that is not replaced, and what can be the same is.
        let rules = SyncRules { checksum: seed % 2 == 0, ..SyncRules::default() };
        bed.run(rules.clone()).await;
        let now = tree(&bed.to());
        for path in before.keys() {
            assert!(now.contains_key(path), "{seed}: {path:?} is gone");
        }
        for (path, thing) in &wanted {
            let in_the_way = path.ancestors().any(|path| {
                let is_folder =
                    |tree: &BTreeMap<PathBuf, Thing>| tree.get(path).map(|thing| *thing == Thing::Folder);
                is_folder(&wanted).zip(is_folder(&before)).is_some_and(|(wanted, before)| wanted != before)
            });
            if in_the_way {
                continue;
            }
            match (thing, now.get(path)) {
                // Their bytes are the same.
                (Thing::File(data, _), Some(Thing::File(there, _))) if rules.checksum => {
                    assert_eq!(there, data, "{seed}: {path:?}");
                }
                (thing, there) => assert_eq!(there, Some(thing), "{seed}: {path:?}"),
            }
        }
        // With it they are the same, and a second look finds nothing to do.
        let rules = SyncRules { delete: true, delete_many: true, ..rules };
        let job = bed.run(rules.clone()).await;
        assert_eq!((&job.state, job.error_count), (&JobState::Done, 0), "{seed}: {job:?}");
        let bytes = |tree: BTreeMap<PathBuf, Thing>| -> Vec<_> {
            let without_time = |thing| match thing {
                Thing::File(data, _) if seed % 2 == 0 => Thing::File(data, 0),
                thing => thing,
            };
            tree.into_iter().map(|(path, thing)| (path, without_time(thing))).collect()
        };
        assert_eq!(bytes(tree(&bed.to())), bytes(wanted), "{seed}");
        assert_eq!(bed.rows(rules).await, [], "{seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_says_what_is_then_done_and_does_nothing() {
    let bed = Bed::new();
    std::fs::create_dir(bed.from().join("new")).expect("a folder");
    write(&bed.from().join("new/file"), b"12345", 1_000_000_000);
    write(&bed.from().join("changed"), b"new", 1_000_000_000);
    write(&bed.to().join("changed"), b"the old", 900_000_000);
    write(&bed.to().join("extra"), b"x", 900_000_000);
    symlink("changed", bed.from().join("link")).expect("a link");
    symlink("../../etc/passwd", bed.from().join("out")).expect("a link");
    let before = tree(&bed.to());
    let preview = bed.preview(deleting()).await;
    let shown = |rows: Vec<SyncRow>| -> Vec<(String, SyncAction, f64)> {
        rows.into_iter().map(|row| (row.shown, row.action, row.size)).collect()
    };
    let rows = shown(preview.rows(ACTIONS.to_vec(), 0, 100).await.expect("rows"));
    let row = |name: &str, action, size| (name.to_owned(), action, size);
    let found: Vec<_> = rows.iter().map(|(name, action, _)| (name.as_str(), *action)).collect();
    assert_eq!(
        found,
        [
            ("changed", SyncAction::Changed),
            ("extra", SyncAction::Delete),
            ("link", SyncAction::Link),
            ("new", SyncAction::Folder),
            ("new/file", SyncAction::New),
            ("out", SyncAction::Left),
        ]
    );
    let only = shown(preview.rows(vec![SyncAction::New, SyncAction::Delete], 1, 1).await.expect("rows"));
    assert_eq!(only, [row("new/file", SyncAction::New, 5.0)]);
    let summary = preview.summary().await.expect("a summary");
    let new = summary.counts.iter().find(|count| count.action == SyncAction::New).expect("new ones");
    assert_eq!((new.count, new.bytes, summary.complete, summary.refused), (1.0, 5.0, true, None));
    assert_eq!(tree(&bed.to()), before, "nothing was done");
    let job = bed.run(deleting()).await;
    assert_eq!((job.files, job.files_done, job.error_count), (3.0, 3.0, 0), "{job:?}");
    assert_eq!(job.sync.expect("a sync").deleted, 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_half_is_deleted_only_when_told_and_nothing_else_is_done_then() {
    let bed = Bed::new();
    write(&bed.from().join("new"), b"n", 1_000_000_000);
    for name in ["a", "b", "c"] {
        write(&bed.to().join(name), b"x", 1_000_000_000);
    }
    let before = tree(&bed.to());
    let careful = SyncRules { delete: true, ..SyncRules::default() };
    let job = bed.run(careful.clone()).await;
    let JobState::Failed { problem } = &job.state else { panic!("{job:?}") };
    assert_eq!(
        (problem.code, problem.params["reason"].as_str()),
        (ErrorCode::SyncRefused, "too-many-deletes")
    );
    assert_eq!(tree(&bed.to()), before);
    let told = bed.preview(careful).await.summary().await.expect("a summary").refused.expect("refused");
    assert_eq!(told.params["count"], "3");
    // A person agreed to two, and there are three by now.
    let agreed = SyncRules { delete_most: Some(2), ..deleting() };
    let job = bed.run(agreed).await;
    assert!(matches!(job.state, JobState::Failed { .. }) && tree(&bed.to()) == before, "{job:?}");
    bed.run(SyncRules { delete_most: Some(3), ..deleting() }).await;
    assert_eq!(tree(&bed.to()), tree(&bed.from()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_listed_is_no_empty_folder() {
    let bed = Bed::new();
    for side in [bed.from(), bed.to()] {
        std::fs::create_dir(side.join("d")).expect("a folder");
        write(&side.join("d/precious"), b"x", 1_000_000_000);
    }
    write(&bed.to().join("extra"), b"x", 1_000_000_000);
    write(&bed.from().join("new"), b"n", 1_000_000_000);
    // Root may read what nobody may, so it is a folder that went away between.
    let locked = bed.from().join("d");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).expect("its mode");
    if std::fs::read_dir(&locked).is_ok() {
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    } else {
        let job = bed.run(deleting()).await;
        assert_eq!(job.error_count, 2, "the folder, and that nothing was deleted: {job:?}");
        assert!(tree(&bed.to()).contains_key(Path::new("extra")));
        assert!(tree(&bed.to()).contains_key(Path::new("new")), "one bad folder stops nothing else");
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    // A source that is gone altogether.
    std::fs::rename(bed.from(), bed.folder.path().join("away")).expect("renamed");
    let before = tree(&bed.to());
    let job = bed.run(deleting()).await;
    assert!(matches!(job.state, JobState::Failed { .. }), "{job:?}");
    assert_eq!(tree(&bed.to()), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_fails_keeps_everything_from_being_deleted() {
    let bed = Bed::new();
    write(&bed.from().join("x"), b"a file", 1_000_000_000);
    std::fs::create_dir(bed.to().join("x")).expect("a folder");
    write(&bed.to().join("x/keep.log"), b"l", 1_000_000_000);
    write(&bed.to().join("extra"), b"x", 1_000_000_000);
    // The folder in the way cannot go, since something in it is left alone.
    let rules = SyncRules { exclude: vec!["*.log".to_owned()], ..deleting() };
    let job = bed.run(rules).await;
    assert_eq!(job.error_count, 2, "{job:?}");
    assert!(bed.to().join("x/keep.log").exists() && bed.to().join("extra").exists());
    let job = bed.run(deleting()).await;
    assert_eq!(job.error_count, 0, "{job:?}");
    assert_eq!(tree(&bed.to()), tree(&bed.from()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_excluded_is_left_alone_on_both_sides() {
    let bed = Bed::new();
    for (name, side) in
        [("a.log", bed.from()), ("b.log", bed.to()), ("a.txt", bed.from()), ("b.txt", bed.to())]
    {
        write(&side.join(name), b"x", 1_000_000_000);
    }
    std::fs::create_dir_all(bed.to().join("gone/deep")).expect("folders");
    write(&bed.to().join("gone/deep/c.log"), b"x", 1_000_000_000);
    write(&bed.to().join("gone/d"), b"x", 1_000_000_000);
    write(&bed.to().join("half~1.bowline-part"), b"x", 1_000_000_000);
    let rules = SyncRules {
        exclude: vec!["*.log".to_owned()],
        include: vec!["a.log".to_owned()],
        leave: vec!["b.txt".to_owned()],
        ..deleting()
    };
    let job = bed.run(rules).await;
    assert_eq!(job.error_count, 0, "{job:?}");
    let names: Vec<String> =
        tree(&bed.to()).keys().map(|path| path.to_str().expect("text").to_owned()).collect();
    assert_eq!(
        names,
        ["a.log", "a.txt", "b.log", "b.txt", "gone", "gone/deep", "gone/deep/c.log", "half~1.bowline-part"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_or_deleted_behind_a_link_in_the_target() {
    let bed = Bed::new();
    let outside = bed.folder.path().join("outside");
    for folder in [outside.clone(), bed.from().join("d"), bed.from().join("d/e")] {
        std::fs::create_dir(folder).expect("a folder");
    }
    write(&outside.join("precious"), b"x", 1_000_000_000);
    write(&bed.from().join("d/new"), b"n", 1_000_000_000);
    symlink(&outside, bed.to().join("d")).expect("a link");
    symlink(&outside, bed.to().join("extra")).expect("a link");
    let before = tree(&outside);
    let job = bed.run(SyncRules::default()).await;
    assert!(job.error_count > 0, "a link stands where a folder goes: {job:?}");
    assert_eq!(tree(&outside), before);
    let job = bed.run(deleting()).await;
    assert_eq!(job.error_count, 0, "{job:?}");
    assert_eq!((tree(&outside), tree(&bed.to())), (before, tree(&bed.from())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_folders_of_which_one_holds_the_other_are_refused() {
    let bed = Bed::new();
    let inner = bed.from().join("inner");
    std::fs::create_dir(&inner).expect("a folder");
    // By a link, which only the disk knows of.
    symlink(&inner, bed.folder.path().join("elsewhere")).expect("a link");
    let mut request = bed.request(deleting());
    request.target =
        JobEnd::Here { path: bed.folder.path().join("elsewhere").to_str().expect("text").to_owned() };
    let hosts: Arc<dyn Hosts> = Arc::new(NoHosts);
    for request in [
        request.clone(),
        JobRequest { sources: vec![request.target], target: request.sources[0].clone(), ..request },
    ] {
        let error = Preview::open(&hosts, &request, CancellationToken::new()).await.expect_err("refused");
        assert_eq!((error.code, error.params["reason"].as_str()), (ErrorCode::SyncRefused, "inside"));
    }
    let same = JobRequest { target: bed.request(deleting()).sources[0].clone(), ..bed.request(deleting()) };
    assert_eq!(bed.queue.add(same).await.expect_err("refused").code, ErrorCode::JobRefused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_not_there_is_made_and_gets_the_times_of_the_source() {
    let bed = Bed::new();
    write(&bed.from().join("a"), b"x", 1_000_000_000);
    std::fs::create_dir(bed.from().join("d")).expect("a folder");
    for folder in [bed.from().join("d"), bed.from()] {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_100_000_000);
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o750)).expect("its mode");
        std::fs::File::open(folder).and_then(|file| file.set_modified(at)).expect("its time");
    }
    std::fs::remove_dir(bed.to()).expect("removed");
    bed.run(deleting()).await;
    assert_eq!(tree(&bed.to()), tree(&bed.from()));
    for folder in [bed.to(), bed.to().join("d")] {
        let facts = folder.metadata().expect("it is there");
        assert_eq!((facts.mode() & 0o777, facts.mtime()), (0o750, 1_100_000_000), "{folder:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_goes_on_copies_what_changes_and_deletes_what_goes() {
    let bed = Bed::new();
    write(&bed.from().join("a"), b"one", 1_000_000_000);
    for number in 0..10 {
        write(&bed.from().join(format!("more{number}")), b"x", 1_000_000_000);
    }
    let rules = SyncRules { watch: true, ..SyncRules { delete: true, ..SyncRules::default() } };
    let id = bed.queue.add(bed.request(rules)).await.expect("taken on");
    bed.until(|job| job.state == JobState::Watching).await;
    let same = async |what: &str| {
        for _ in 0..6000 {
            if read_tree(&bed.to()).is_ok_and(|there| there == tree(&bed.from())) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what}: {:?}", bed.queue.view());
    };
    same("at first").await;
    // The same size and second: only its bytes differ.
    write(&bed.from().join("a"), b"two", 1_000_000_000);
    same("changed").await;
    std::fs::create_dir_all(bed.from().join("d/e")).expect("folders");
    write(&bed.from().join("d/e/f"), b"deep", 1_000_000_000);
    same("a folder").await;
    std::fs::rename(bed.from().join("d"), bed.from().join("moved")).expect("renamed");
    same("renamed").await;
    std::fs::remove_file(bed.from().join("more3")).expect("removed");
    same("removed").await;
    bed.queue.order(id, JobOrder::Pause).expect("paused");
    write(&bed.from().join("while paused"), b"x", 1_000_000_000);
    bed.until(|job| job.state == JobState::Paused).await;
    assert!(!bed.to().join("while paused").exists());
    bed.queue.order(id, JobOrder::Resume).expect("resumed");
    same("resumed").await;
    bed.until(|job| job.state == JobState::Watching).await;
    bed.queue.order(id, JobOrder::Cancel).expect("stopped");
    bed.until(|job| job.state == JobState::Cancelled).await;
}

#[tokio::test]
async fn a_source_that_is_no_folder_is_said_to_be_just_that_and_deletes_nothing() {
    let bed = Bed::new();
    write(&bed.to().join("kept"), b"kept", 1_000_000_000);
    std::fs::remove_dir(bed.from()).expect("removed");
    for (reason, is_file) in [("no-source", false), ("no-source-folder", true)] {
        if is_file {
            write(&bed.from(), b"a file", 1_000_000_000);
        }
        let view = bed.run(deleting()).await;
        let JobState::Failed { problem } = &view.state else { panic!("{view:?}") };
        assert_eq!(problem.params["reason"], reason, "{problem:?}");
        let hosts: Arc<dyn Hosts> = Arc::new(NoHosts);
        let request = bed.request(deleting());
        let error = Preview::open(&hosts, &request, CancellationToken::new()).await.expect_err("no preview");
        assert_eq!(error.params["reason"], reason, "{error:?}");
        assert!(bed.to().join("kept").exists());
    }
}
