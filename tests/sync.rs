//! Folders that are made like others by the transfer queue, each way, against a real sshd, on good lines and bad ones.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::transfer::job::{JobEnd, JobRequest, JobState};
use bowline_core::transfer::sync::{SyncAction, SyncRules};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::jobs::{self, Found, copy, here, noise, there};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

/// A person with a host behind a line that breaks on demand, and two folders that the host has too.
struct Scene {
    _sshd: Sshd,
    proxy: FaultProxy,
    desk: Desk,
    host: HostId,
    from: TempDir,
    to: TempDir,
}

impl Scene {
    async fn new(seed: u64) -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let proxy = FaultProxy::start(sshd.address(), seed).await;
        let desk = Desk::new().await;
        let own = format!("[{}]:{}", sshd.address().ip(), sshd.address().port());
        let through = format!("[{}]:{}", proxy.address().ip(), proxy.address().port());
        let known = sshd.known_hosts().replace(&own, &through);
        std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("written");
        let draft = HostDraft {
            user: sshd.user().to_owned(),
            auth: AuthMethod::Key,
            key_path: sshd.client_key_file().to_string_lossy().into_owned(),
            ..at(proxy.address())
        };
        let host = desk.save_draft(draft).await;
        let folder = || TempDir::with_prefix("sync-").expect("a folder");
        Some(Self { _sshd: sshd, proxy, desk, host, from: folder(), to: folder() })
    }

    fn ways(&self) -> [(&'static str, Direction, JobRequest); 3] {
        let there = |path: &Path| there(&self.host, path);
        let (from, to) = (self.from.path(), self.to.path());
        [
            ("up", Direction::ToServer, sync(here(from), there(to))),
            ("down", Direction::ToClient, sync(there(from), here(to))),
            ("on the host", Direction::ToServer, sync(there(from), there(to))),
        ]
    }

    fn empty_target(&self) {
        for entry in std::fs::read_dir(self.to.path()).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_dir());
            let removed = if is_folder { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            removed.expect("removed");
        }
    }

    /// What a sync would still do.
    async fn left(&self, request: &JobRequest) -> Vec<(String, SyncAction)> {
        let engine = &self.desk.engine;
        engine.sync_compare("left".to_owned(), request.clone()).await.expect("compared");
        let actions = bowline_core::transfer::sync::ACTIONS.to_vec();
        let rows = engine.sync_rows("left".to_owned(), actions, 0, 1000).await.expect("rows");
        engine.sync_forget("left".to_owned()).await.expect("forgotten");
        rows.into_iter().map(|row| (row.shown, row.action)).collect()
    }
}

fn sync(from: JobEnd, to: JobEnd) -> JobRequest {
    let rules = SyncRules { delete: true, delete_many: true, ..SyncRules::default() };
    JobRequest { sync: Some(rules), ..copy(vec![from], to) }
}

/// A target that has some of it already, some of it otherwise, and more besides.
fn plant_target(top: &Path) {
    std::fs::create_dir_all(top.join("many")).expect("folders");
    std::fs::create_dir_all(top.join("extra/deep")).expect("folders");
    jobs::write(&top.join("extra/deep/x"), b"x", 0o644, 1_000_000_000);
    jobs::write(&top.join("small"), b"other", 0o644, 1_000_000_000);
    jobs::write(&top.join("many/7"), &noise(7, 49), 0o644, 1_000_000_007);
    jobs::write(&top.join("many/gone"), b"x", 0o644, 1_000_000_000);
    std::fs::create_dir(top.join("empty")).expect("a folder where a file goes");
    jobs::write(&top.join("empty/in it"), b"x", 0o644, 1_000_000_000);
    symlink("elsewhere", top.join("dangling")).expect("a link");
    symlink("/etc", top.join("deep")).expect("a link where a folder goes");
}

/// What a sync keeps; modes and times of folders that were there are theirs.
fn without_folders(
    tree: std::collections::BTreeMap<std::path::PathBuf, Found>,
) -> Vec<(std::path::PathBuf, Option<Found>)> {
    let kept = |found| match found {
        Found::Folder { .. } => None,
        found => Some(found),
    };
    tree.into_iter().map(|(path, found)| (path, kept(found))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_becomes_like_another_each_way_and_is_then_the_same() {
    let Some(scene) = Scene::new(1).await else { return };
    jobs::plant(scene.from.path());
    let wanted = without_folders(jobs::tree(scene.from.path()));
    for (way, _, request) in scene.ways() {
        scene.empty_target();
        plant_target(scene.to.path());
        let view = jobs::run(&scene.desk.engine, request.clone()).await;
        assert_eq!(without_folders(jobs::tree(scene.to.path())), wanted, "{way}");
        assert_eq!(view.sync.expect("a sync").deleted, 7.0, "{way}: {view:?}");
        assert_eq!(scene.left(&request).await, [], "{way}");
        // Bytes that differ under the same size and time are seen by a checksum alone.
        jobs::write(&scene.to.path().join("many/200"), &noise(1, 1400), 0o644, 1_000_000_200);
        assert_eq!(scene.left(&request).await, [], "{way}");
        let checked = SyncRules { checksum: true, ..request.sync.clone().expect("rules") };
        let request = JobRequest { sync: Some(checked), ..request };
        assert_eq!(scene.left(&request).await, [("many/200".to_owned(), SyncAction::Changed)], "{way}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_is_cut_goes_on_and_ends_the_same() {
    let Some(scene) = Scene::new(2).await else { return };
    jobs::plant(scene.from.path());
    let wanted = without_folders(jobs::tree(scene.from.path()));
    for (way, direction, request) in scene.ways().into_iter().take(2) {
        for percent in [2, 50, 98] {
            scene.empty_target();
            plant_target(scene.to.path());
            scene.desk.engine.host_disconnect(scene.host.clone()).await.expect("disconnected");
            scene.proxy.cut_at(direction, 12_000 + 5_300_000 * percent / 100, Cut::Reset);
            let view = jobs::run(&scene.desk.engine, request.clone()).await;
            assert_eq!(without_folders(jobs::tree(scene.to.path())), wanted, "{way} {percent} %: {view:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_goes_away_deletes_nothing() {
    let Some(scene) = Scene::new(3).await else { return };
    for (way, _, request) in scene.ways() {
        scene.empty_target();
        jobs::write(&scene.to.path().join("precious"), b"x", 0o644, 1_000_000_000);
        let gone = match request.sources[0].clone() {
            JobEnd::Here { path } => JobEnd::Here { path: format!("{path}/gone") },
            JobEnd::Host { host_id, path } => JobEnd::Host { host_id, path: format!("{path}/gone") },
        };
        let request = JobRequest { sources: vec![gone], ..request };
        let id = scene.desk.engine.job_add(request).await.expect("taken on");
        let view = jobs::ended(&scene.desk.engine, id).await;
        assert!(matches!(view.state, JobState::Failed { .. }), "{way}: {view:?}");
        assert!(scene.to.path().join("precious").exists(), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_outlives_a_lost_connection() {
    let Some(scene) = Scene::new(4).await else { return };
    jobs::write(&scene.from.path().join("a"), b"one", 0o644, 1_000_000_000);
    let (_, _, request) = scene.ways().into_iter().next().expect("the way up");
    let rules = SyncRules { watch: true, ..request.sync.clone().expect("rules") };
    let engine = &scene.desk.engine;
    let id = engine.job_add(JobRequest { sync: Some(rules), ..request }).await.expect("taken on");
    jobs::until(engine, id, "it watches", |job| job.state == JobState::Watching).await;
    scene.proxy.cut_now(Cut::Reset);
    jobs::write(&scene.from.path().join("b"), b"two", 0o644, 1_000_000_000);
    let same = |_: &_| jobs::tree(scene.to.path()) == jobs::tree(scene.from.path());
    jobs::until(engine, id, "what changed meanwhile is there", same).await;
    jobs::until(engine, id, "it watches again", |job| job.state == JobState::Watching).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    engine.job_order(id, bowline_core::transfer::job::JobOrder::Cancel).await.expect("stopped");
    jobs::until(engine, id, "it ends", jobs::has_ended).await;
}
