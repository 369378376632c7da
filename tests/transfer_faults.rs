//! The transfer queue where things break: connections that are cut at any byte, an app that dies, disks that are full.

use std::path::Path;
use std::time::Duration;

use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::transfer::job::{JobEnd, JobLimits, JobOrder, JobRequest, JobState, Verify};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::jobs::{self, copy, here, noise, there};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

/// A host behind a line that breaks on demand.
struct Line {
    sshd: Sshd,
    proxy: FaultProxy,
    desk: Desk,
    host: HostId,
    from: TempDir,
    to: TempDir,
}

impl Line {
    async fn new(seed: u64) -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let proxy = FaultProxy::start(sshd.address(), seed).await;
        let desk = Desk::new().await;
        let known = sshd.known_hosts();
        let own = format!("[{}]:{}", sshd.address().ip(), sshd.address().port());
        let through = format!("[{}]:{}", proxy.address().ip(), proxy.address().port());
        std::fs::write(desk.ssh_dir().join("known_hosts"), known.replace(&own, &through)).expect("written");
        let host = desk
            .save_draft(HostDraft {
                user: sshd.user().to_owned(),
                auth: AuthMethod::Key,
                key_path: sshd.client_key_file().to_string_lossy().into_owned(),
                ..at(proxy.address())
            })
            .await;
        let folder = || TempDir::with_prefix("transfer-").expect("a folder");
        Some(Self { sshd, proxy, desk, host, from: folder(), to: folder() })
    }

    fn ways(&self) -> [(Direction, End, End); 2] {
        let (on_host, here): (End, End) = (|line, path| there(&line.host, path), |_, path| here(path));
        [(Direction::ToServer, here, on_host), (Direction::ToClient, on_host, here)]
    }
}

type End = fn(&Line, &Path) -> JobEnd;

/// A file that is not the old one yet is the new one.
fn is_one_of(path: &Path, old: &[u8], new: &[u8]) -> bool {
    let there = std::fs::read(path).expect("there is one at every moment");
    there == old || there == new
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_cut_anywhere_goes_on_and_the_old_one_stays_whole_until_then() {
    let Some(line) = Line::new(1).await else { return };
    let (old, new) = (b"the old one".to_vec(), noise(2, 12_000_000));
    let source = line.from.path().join("f");
    let target = line.to.path().join("f");
    jobs::write(&source, &new, 0o644, 1_000_000_000);
    for (direction, from, to) in line.ways() {
        for percent in [0, 1, 50, 99, 100] {
            std::fs::write(&target, &old).expect("written");
            line.desk.engine.host_disconnect(line.host.clone()).await.expect("disconnected");
            // Until the login and the start of SFTP some kilobytes pass each way.
            line.proxy.cut_at(direction, 6_000 + new.len() as u64 * percent / 100, Cut::Reset);
            let request = copy(vec![from(&line, &source)], to(&line, line.to.path()));
            let id = line.desk.engine.job_add(request).await.expect("taken on");
            let view = jobs::until(&line.desk.engine, id, "the job ends", |job| {
                assert!(is_one_of(&target, &old, &new), "{direction:?} {percent} %");
                jobs::has_ended(job)
            })
            .await;
            assert_eq!(view.state, JobState::Done, "{direction:?} {percent} %");
            assert!(std::fs::read(&target).expect("a file") == new, "{direction:?} {percent} %");
            assert_eq!(jobs::parts(line.to.path()), Vec::<std::path::PathBuf>::new());
            assert_eq!((view.files_done, view.bytes_done), (1.0, new.len() as f64), "{view:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_connection_is_lost_waits_for_it_and_sends_nothing_twice_that_was_verified() {
    let Some(line) = Line::new(2).await else { return };
    let new = noise(3, 40_000_000);
    let source = line.from.path().join("f");
    jobs::write(&source, &new, 0o644, 1_000_000_000);
    let engine = &line.desk.engine;
    for (direction, from, to) in line.ways() {
        let before = line.proxy.passed(direction);
        engine.job_limits_set(JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 20_000 }).await.expect("set");
        let request = copy(vec![from(&line, &source)], to(&line, line.to.path()));
        let id = engine.job_add(request).await.expect("taken on");
        jobs::until(engine, id, "most of it is there", |job| job.bytes_done > 30_000_000.0).await;
        line.proxy.refuse_new(true);
        line.proxy.cut_now(Cut::Reset);
        let waiting =
            jobs::until(engine, id, "it waits", |job| matches!(job.state, JobState::Waiting { .. })).await;
        assert!(waiting.bytes_done > 10_000_000.0, "what is kept is shown: {}", waiting.bytes_done);
        let JobState::Waiting { problem } = waiting.state else { panic!("it waits") };
        assert!(problem.code.is_lost_connection(), "{problem:?}");
        engine.job_limits_set(JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 0 }).await.expect("set");
        line.proxy.refuse_new(false);
        engine.host_retry(line.host.clone()).await.expect("asked");
        let view = jobs::ended(engine, id).await;
        assert_eq!(view.state, JobState::Done, "{direction:?}");
        assert!(std::fs::read(line.to.path().join("f")).expect("a file") == new, "{direction:?}");
        // Two windows may be under way when it is cut.
        let passed = line.proxy.passed(direction) - before;
        assert!(passed < 60_000_000, "{direction:?}: {passed} bytes for 40,000,000");
        std::fs::remove_file(line.to.path().join("f")).expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_has_a_connection_of_its_own_or_shares_one_where_no_other_can_be_had() {
    let Some(line) = Line::new(5).await else { return };
    let new = noise(6, 40_000_000);
    let source = line.from.path().join("f");
    jobs::write(&source, &new, 0o644, 1_000_000_000);
    for (direction, from, to) in line.ways() {
        for may_open in [true, false] {
            // The interactive one is there already.
            line.desk.engine.files(&line.host).await.expect("opened");
            let before = line.proxy.accepted();
            line.proxy.refuse_new(!may_open);
            let request = copy(vec![from(&line, &source)], to(&line, line.to.path()));
            jobs::run(&line.desk.engine, request).await;
            line.proxy.refuse_new(false);
            assert!(std::fs::read(line.to.path().join("f")).expect("a file") == new, "{direction:?}");
            let dialled = line.proxy.accepted() - before;
            // One that is refused is tried again after a while, which a slow machine may live to see.
            assert!(dialled == 1 || (!may_open && dialled > 1), "{direction:?} {may_open}: {dialled}");
            eventually("its connection is closed", || line.proxy.open() == 1).await;
            std::fs::remove_file(line.to.path().join("f")).expect("removed");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_over_a_tree_leave_nothing_behind() {
    let Some(line) = Line::new(3).await else { return };
    let source = line.from.path().join("tree");
    jobs::plant(&source);
    std::fs::write(source.join("huge"), noise(77, 10_000_000)).expect("written");
    jobs::set_time(&source.join("huge"), 1_000_000_002);
    let wanted = jobs::tree(&source);
    let engine = &line.desk.engine;
    let mut seed = 20_261_121_u64;
    let mut random = move |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    for (direction, from, to) in line.ways() {
        // Old versions of some, which stay whole until the new ones are.
        let target = line.to.path().join("tree");
        std::fs::create_dir_all(&target).expect("a folder");
        for name in ["large", "small", "huge"] {
            std::fs::write(target.join(name), format!("old {name}")).expect("written");
        }
        engine.job_limits_set(JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 6_000 }).await.expect("set");
        let request = copy(vec![from(&line, &source)], to(&line, line.to.path()));
        let id = engine.job_add(request).await.expect("taken on");
        jobs::until(engine, id, "it has begun", |job| job.files_done > 0.0).await;
        let mut faults = 0;
        while !jobs::has_ended(&jobs::job(engine, id).await) {
            // One in the middle of a login is for `comeback.rs`; five of them, and nobody may dial for 30 seconds.
            if faults < 12 && jobs::job(engine, id).await.state == JobState::Running {
                tokio::time::sleep(Duration::from_millis(40 + random(400))).await;
                let cut = if random(2) == 0 { Cut::Reset } else { Cut::Finish };
                line.proxy.cut_now(cut);
                faults += 1;
            } else {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            // A person who cannot wait, since the pause after each loss grows.
            engine.host_retry(line.host.clone()).await.expect("asked");
            for name in ["large", "small", "huge"] {
                let new = std::fs::read(source.join(name)).expect("a file");
                assert!(is_one_of(&target.join(name), format!("old {name}").as_bytes(), &new), "{name}");
            }
        }
        let view = jobs::job(engine, id).await;
        assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{direction:?} {view:?}");
        let found = jobs::tree(&target);
        for (path, what) in &wanted {
            assert_eq!(found.get(path), Some(what), "{direction:?}: {path:?} after {faults} faults");
        }
        assert_eq!(found.len(), wanted.len(), "{direction:?}: nothing is left behind");
        std::fs::remove_dir_all(&target).expect("removed");
    }
    assert!(line.sshd.process().is_some());
}

#[test]
fn a_queue_whose_app_died_goes_on_at_the_next_start() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (outer, first) = (runtime(), runtime());
    let Some(sshd) = outer.block_on(async { available(Sshd::start().await) }) else { return };
    let (from, to) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let source = from.path().join("tree");
    jobs::plant(&source);
    std::fs::write(source.join("huge"), noise(7, 20_000_000)).expect("written");
    let (folder, ids) = first.block_on(async {
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        let engine = &desk.engine;
        engine.job_limits_set(JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 8_000 }).await.expect("set");
        let mut ids = Vec::new();
        for (number, name) in ["a", "b"].into_iter().enumerate() {
            std::fs::create_dir(to.path().join(name)).expect("a folder");
            let (source, target) = (here(&source), there(&host, &to.path().join(name)));
            let verify = if number == 0 { Verify::Size } else { Verify::Sha256 };
            let request = JobRequest { verify, ..copy(vec![source], target) };
            ids.push(engine.job_add(request).await.expect("taken on"));
        }
        jobs::until(engine, ids[0], "it is in the middle", |job| job.bytes_done > 8_000_000.0).await;
        (desk.leave(), ids)
    });
    first.shutdown_timeout(Duration::from_secs(5));
    outer.block_on(async {
        let desk = Desk::again(folder, None).await;
        let view = desk.engine.jobs().await.expect("the queue");
        assert_eq!(view.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), ids);
        let unlimited = JobLimits { jobs: 1, jobs_per_host: 1, rate_kib: 0 };
        desk.engine.job_limits_set(unlimited).await.expect("set");
        let wanted = jobs::tree(&source);
        for (id, name) in ids.into_iter().zip(["a", "b"]) {
            let view = jobs::ended(&desk.engine, id).await;
            assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{view:?}");
            let found = jobs::tree(&to.path().join(name).join("tree"));
            assert!(found == wanted, "{name}");
        }
    });
}

/// A disk of two MiB, if we may make one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = TempDir::with_prefix("small-disk-").expect("a folder");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(folder.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_stops_the_job_which_goes_on_when_there_is_room() {
    let Some(line) = Line::new(4).await else { return };
    let Some(disk) = SmallDisk::new() else {
        eprintln!("skipped: no small disk can be made here");
        return;
    };
    let new = noise(5, 1_500_000);
    let source = line.from.path().join("f");
    jobs::write(&source, &new, 0o644, 1_000_000_000);
    let target = disk.0.path().join("f");
    for (direction, from, to) in line.ways() {
        std::fs::write(&target, b"the old one").expect("written");
        std::fs::write(disk.0.path().join("ballast"), vec![1; 1_200_000]).expect("written");
        let request = copy(vec![from(&line, &source)], to(&line, disk.0.path()));
        let id = line.desk.engine.job_add(request).await.expect("taken on");
        let view = jobs::ended(&line.desk.engine, id).await;
        let JobState::Failed { problem } = &view.state else { panic!("{direction:?}: {view:?}") };
        let wanted =
            if direction == Direction::ToServer { ErrorCode::HostDiskFull } else { ErrorCode::LocalDiskFull };
        assert_eq!(problem.code, wanted, "{problem:?}");
        assert_eq!(std::fs::read(&target).expect("a file"), b"the old one");
        std::fs::remove_file(disk.0.path().join("ballast")).expect("removed");
        line.desk.engine.job_order(id, JobOrder::Retry).await.expect("it is there");
        let view = jobs::ended(&line.desk.engine, id).await;
        assert_eq!(view.state, JobState::Done, "{direction:?}");
        assert!(std::fs::read(&target).expect("a file") == new, "{direction:?}");
        assert_eq!(jobs::parts(disk.0.path()), Vec::<std::path::PathBuf>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_cut_while_it_removes_its_sources_leaves_none_of_them_aside() {
    let Some(line) = Line::new(6).await else { return };
    let source = line.from.path().join("d");
    std::fs::create_dir(&source).expect("a folder");
    for number in 0..600 {
        std::fs::write(source.join(format!("{number}")), format!("{number}")).expect("written");
    }
    let engine = &line.desk.engine;
    let request = copy(vec![there(&line.host, &source)], there(&line.host, line.to.path()));
    let id = engine.job_add(JobRequest { remove_sources: true, ..request }).await.expect("taken on");
    let left = || std::fs::read_dir(&source).map_or(0, Iterator::count);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut cut = 0;
    while !jobs::has_ended(&jobs::job(engine, id).await) {
        assert!(tokio::time::Instant::now() < deadline, "{cut}: {:?}", jobs::job(engine, id).await);
        if cut < 4 && left() < 600 - cut * 100 {
            cut += 1;
            line.proxy.cut_now(Cut::Reset);
        }
        // A person who cannot wait.
        engine.host_retry(line.host.clone()).await.expect("asked");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(cut, 4);
    let view = jobs::job(engine, id).await;
    assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{view:?}");
    assert!(!source.exists(), "{:?}", jobs::tree(&source));
    let arrived = jobs::tree(&line.to.path().join("d"));
    let strange: Vec<_> = arrived.keys().filter(|path| path.as_os_str().len() > 3).collect();
    assert_eq!((arrived.len(), strange), (600, Vec::new()));
    assert_eq!(std::fs::read(line.to.path().join("d/599")).expect("it is there"), b"599");
}
