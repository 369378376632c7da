//! What a transfer may leave behind, or take for its own, and must not.

use std::path::Path;
use std::time::Duration;

use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::transfer::job::{JobEnd, JobLimits, JobOrder, JobRequest, JobState, OnConflict};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::jobs::{self, copy, here, noise, there};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

/// A person with a host, and two folders that the host has too.
struct Scene {
    _sshd: Sshd,
    proxy: FaultProxy,
    desk: Desk,
    host: HostId,
    from: TempDir,
    to: TempDir,
}

impl Scene {
    async fn new() -> Option<Self> {
        Self::on(available(Sshd::start().await)?).await
    }

    async fn on(sshd: Sshd) -> Option<Self> {
        let proxy = FaultProxy::start(sshd.address(), 1).await;
        let desk = Desk::new().await;
        let own = format!("[{}]:{}", sshd.address().ip(), sshd.address().port());
        let through = format!("[{}]:{}", proxy.address().ip(), proxy.address().port());
        let known = sshd.known_hosts().replace(&own, &through);
        std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("written");
        let host = desk
            .save_draft(HostDraft {
                user: sshd.user().to_owned(),
                auth: AuthMethod::Key,
                key_path: sshd.client_key_file().to_string_lossy().into_owned(),
                ..at(proxy.address())
            })
            .await;
        let folder = || TempDir::with_prefix("transfer-").expect("a folder");
        Some(Self { _sshd: sshd, proxy, desk, host, from: folder(), to: folder() })
    }
}

fn slow(rate_kib: u32) -> JobLimits {
    JobLimits { jobs: 3, jobs_per_host: 2, rate_kib }
}

fn nothing() -> Vec<std::path::PathBuf> {
    Vec::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_part_of_a_failed_job_goes_with_it_when_its_host_is_connected_again() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let source = scene.from.path().join("f");
    std::fs::write(&source, noise(1, 6_000_000)).expect("written");
    engine.job_limits_set(slow(4096)).await.expect("set");
    let request = copy(vec![here(&source)], there(&scene.host, scene.to.path()));
    let id = engine.job_add(request).await.expect("taken on");
    jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 1_000_000.0).await;
    scene.proxy.refuse_new(true);
    scene.proxy.cut_now(Cut::Reset);
    jobs::until(engine, id, "it waits", |job| matches!(job.state, JobState::Waiting { .. })).await;
    // Whoever waits for the host is told that nobody does any more, until the job has had enough.
    while !jobs::has_ended(&jobs::job(engine, id).await) {
        engine.host_give_up(scene.host.clone()).await.expect("given up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(matches!(jobs::job(engine, id).await.state, JobState::Failed { .. }));
    assert_eq!(jobs::parts(scene.to.path()).len(), 1);
    engine.job_order(id, JobOrder::Remove).await.expect("it is there");
    assert!(engine.jobs().await.expect("the queue").jobs.is_empty());
    let dials = scene.proxy.accepted();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(scene.proxy.accepted(), dials, "nothing is dialled for that");
    assert_eq!(jobs::parts(scene.to.path()).len(), 1);
    scene.proxy.refuse_new(false);
    engine.host_retry(scene.host.clone()).await.expect("asked");
    scene.desk.engine.files(&scene.host).await.expect("connected");
    eventually("its part is gone", || jobs::parts(scene.to.path()) == nothing()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_copies_beside_one_file_are_two_files_whichever_waits_or_is_faster() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let data = noise(1, 6_000_000);
    let in_folder = |path: &Path| here(&path.join("."));
    let on_host = |path: &Path| there(&scene.host, &path.join("."));
    let ends: [(&str, JobEnd, JobEnd); 2] = [
        ("here", here(&scene.to.path().join("f")), in_folder(scene.to.path())),
        ("up", here(&scene.from.path().join("f")), on_host(scene.to.path())),
    ];
    for (way, from, to) in ends {
        for waits in [true, false] {
            for folder in [scene.from.path(), scene.to.path()] {
                jobs::write(&folder.join("f"), &data, 0o644, 1_000_000_000);
            }
            engine.job_limits_set(slow(4096)).await.expect("set");
            let request =
                JobRequest { on_conflict: OnConflict::Rename, ..copy(vec![from.clone()], to.clone()) };
            let first = engine.job_add(request.clone()).await.expect("taken on");
            jobs::until(engine, first, "some of it is there", |job| job.bytes_done > 1_000_000.0).await;
            if waits {
                engine.job_order(first, JobOrder::Pause).await.expect("it is there");
                engine.job_limits_set(slow(0)).await.expect("set");
            }
            let second = engine.job_add(request).await.expect("taken on");
            if waits {
                jobs::ended(engine, second).await;
                engine.job_order(first, JobOrder::Resume).await.expect("it is there");
            }
            for id in [first, second] {
                let view = jobs::ended(engine, id).await;
                assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{way} {waits}");
            }
            let there_are: Vec<_> = jobs::tree(scene.to.path()).into_keys().collect();
            for name in ["f", "f (2)", "f (3)"] {
                let there = std::fs::read(scene.to.path().join(name));
                assert!(there.is_ok_and(|there| there == data), "{way} {waits}: {name} of {there_are:?}");
                std::fs::remove_file(scene.to.path().join(name)).expect("removed");
            }
            assert_eq!(jobs::tree(scene.to.path()).len(), 0, "{way} {waits}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_folders_that_are_moved_onto_themselves_by_another_name_stay() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let folder = scene.from.path().join("d");
    std::fs::create_dir_all(folder.join("in/deeper")).expect("folders");
    let moving = |from, to| JobRequest { remove_sources: true, ..copy(vec![from], to) };
    let itself = moving(here(&folder), there(&scene.host, scene.from.path()));
    let id = engine.job_add(itself).await.expect("taken on");
    let view = jobs::ended(engine, id).await;
    assert_eq!(view.errors.first().map(|error| &error.problem.params["reason"]), Some(&"same-file".into()));
    assert_eq!(jobs::tree(scene.from.path()).len(), 3, "{:?}", jobs::tree(scene.from.path()));
    // Elsewhere they go.
    jobs::run(engine, moving(here(&folder), there(&scene.host, scene.to.path()))).await;
    assert_eq!(jobs::tree(scene.from.path()).len(), 0);
    assert!(scene.to.path().join("d/in/deeper").is_dir());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_keeps_neither_modes_nor_times_gets_its_files_and_a_note_says_so() {
    let denying = Sshd::builder().config_line("ForceCommand internal-sftp -P fsetstat,setstat").start().await;
    let Some(sshd) = available(denying) else { return };
    let Some(scene) = Scene::on(sshd).await else { return };
    let source = scene.from.path().join("d");
    std::fs::create_dir(&source).expect("a folder");
    jobs::write(&source.join("small"), &noise(1, 5000), 0o644, 1_000_000_000);
    jobs::write(&source.join("large"), &noise(2, 1_000_000), 0o644, 1_000_000_000);
    let request = copy(vec![here(&source)], there(&scene.host, scene.to.path()));
    let view = jobs::run(&scene.desk.engine, request).await;
    assert_eq!((view.files_done, view.files_bare), (2.0, 2.0));
    for (name, data) in [("small", noise(1, 5000)), ("large", noise(2, 1_000_000))] {
        assert!(std::fs::read(scene.to.path().join("d").join(name)).expect("a file") == data, "{name}");
    }
}
