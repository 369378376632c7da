//! Trees of files copied by the transfer queue, each way, against a real sshd.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::transfer::job::{
    ConflictAnswer, JobEnd, JobLimits, JobOrder, JobRequest, JobState, OnConflict, Verify,
};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::jobs::{self, copy, here, noise, there};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

/// A person with a host, and two folders that the host has too.
struct Scene {
    _sshd: Sshd,
    desk: Desk,
    host: HostId,
    from: TempDir,
    to: TempDir,
}

impl Scene {
    async fn new() -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        let folder = || TempDir::with_prefix("transfer-").expect("a folder");
        Some(Self { _sshd: sshd, desk, host, from: folder(), to: folder() })
    }

    /// Where files come from and go to, each way between this computer and the host.
    fn ways(&self) -> [(&'static str, End, End); 4] {
        let (on_host, here): (End, End) =
            (|scene, path| there(&scene.host, path), |_, path| jobs::here(path));
        [
            ("up", here, on_host),
            ("down", on_host, here),
            ("on the host", on_host, on_host),
            ("here", here, here),
        ]
    }

    fn empty_target(&self) {
        for entry in std::fs::read_dir(self.to.path()).expect("a folder") {
            let path = entry.expect("an entry").path();
            let removed =
                if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            removed.expect("removed");
        }
    }
}

type End = fn(&Scene, &Path) -> JobEnd;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_arrives_as_it_was_each_way() {
    let Some(scene) = Scene::new().await else { return };
    let source = scene.from.path().join("tree");
    jobs::plant(&source);
    let wanted = jobs::tree(&source);
    for (way, from, to) in scene.ways() {
        let view =
            jobs::run(&scene.desk.engine, copy(vec![from(&scene, &source)], to(&scene, scene.to.path())))
                .await;
        let found = jobs::tree(&scene.to.path().join("tree"));
        for (path, what) in &wanted {
            assert_eq!(found.get(path), Some(what), "{way}: {path:?}");
        }
        assert_eq!(found.len(), wanted.len(), "{way}");
        let files = wanted.values().filter(|what| !matches!(what, jobs::Found::Folder { .. })).count();
        assert_eq!((view.files_done, view.files), (files as f64, files as f64), "{way}");
        assert!(view.counted && view.bytes == view.bytes_done && view.bytes > 5_000_000.0, "{way}: {view:?}");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holes_are_not_written_here() {
    let Some(scene) = Scene::new().await else { return };
    let source = scene.from.path().join("holes");
    std::fs::write(&source, vec![0; 20_000_000]).expect("written");
    let request = copy(vec![there(&scene.host, &source)], here(scene.to.path()));
    jobs::run(&scene.desk.engine, request).await;
    let metadata = std::fs::metadata(scene.to.path().join("holes")).expect("it is there");
    assert_eq!(metadata.len(), 20_000_000);
    assert!(metadata.blocks() * 512 < 1_000_000, "{} blocks", metadata.blocks());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_way_is_asked_about_once_for_all_or_goes_by_the_policy() {
    let Some(scene) = Scene::new().await else { return };
    for (way, from, to) in scene.ways() {
        let source = scene.from.path().join("d");
        let target = scene.to.path().join("d");
        std::fs::create_dir_all(&source).expect("a folder");
        let old = |name: &str| std::fs::read(target.join(name)).expect("a file");
        let plant = || {
            scene.empty_target();
            std::fs::create_dir_all(&target).expect("a folder");
            for (name, is_newer) in [("a", true), ("b", false)] {
                jobs::write(&source.join(name), b"new", 0o644, 1_000_000_100);
                let time = if is_newer { 1_000_000_200 } else { 1_000_000_000 };
                jobs::write(&target.join(name), b"the old one", 0o644, time);
            }
            jobs::write(&source.join("c"), b"free", 0o644, 1_000_000_100);
        };
        let request = |on_conflict| JobRequest {
            on_conflict,
            ..copy(vec![from(&scene, &source)], to(&scene, scene.to.path()))
        };
        for (on_conflict, a, b, skipped) in [
            (OnConflict::Overwrite, &b"new"[..], &b"new"[..], 0.0),
            (OnConflict::Skip, b"the old one", b"the old one", 2.0),
            (OnConflict::Newer, b"the old one", b"new", 1.0),
        ] {
            plant();
            let view = jobs::run(&scene.desk.engine, request(on_conflict)).await;
            assert_eq!((old("a").as_slice(), old("b").as_slice()), (a, b), "{way} {on_conflict:?}");
            assert_eq!((old("c").as_slice(), view.files_skipped), (&b"free"[..], skipped), "{way}");
        }
        plant();
        let files = ["a", "b"].map(|name| from(&scene, &source.join(name))).to_vec();
        let beside = JobRequest { on_conflict: OnConflict::Rename, ..copy(files, to(&scene, &target)) };
        jobs::run(&scene.desk.engine, beside).await;
        assert_eq!((old("a"), old("a (2)")), (b"the old one".to_vec(), b"new".to_vec()), "{way}");

        plant();
        let engine = &scene.desk.engine;
        let id = engine.job_add(request(OnConflict::Ask)).await.expect("taken on");
        let asking =
            jobs::until(engine, id, "it asks", |job| matches!(job.state, JobState::Asking { .. })).await;
        let JobState::Asking { conflict } = asking.state else { panic!("it asks") };
        assert!(conflict.path.ends_with("d/a") || conflict.path.ends_with("d/b"), "{conflict:?}");
        assert_eq!((conflict.source_size, conflict.target_size), (Some(3.0), Some(11.0)));
        let answer = ConflictAnswer { on_conflict: OnConflict::Overwrite, for_all: true };
        engine.job_answer(id, answer).await.expect("it asks");
        assert_eq!(jobs::ended(engine, id).await.state, JobState::Done, "{way}");
        assert_eq!((old("a"), old("b")), (b"new".to_vec(), b"new".to_vec()), "{way}");
        assert_eq!(jobs::parts(scene.to.path()), Vec::<std::path::PathBuf>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_longer_here_than_there_goes_on_behind_it() {
    let Some(scene) = Scene::new().await else { return };
    let data = noise(9, 3_000_000);
    for (way, from, to) in scene.ways() {
        jobs::write(&scene.from.path().join("f"), &data, 0o644, 1_000_000_000);
        let request = || JobRequest {
            on_conflict: OnConflict::Resume,
            ..copy(vec![from(&scene, &scene.from.path().join("f"))], to(&scene, scene.to.path()))
        };
        let target = scene.to.path().join("f");
        std::fs::write(&target, &data[..1_234_567]).expect("written");
        jobs::run(&scene.desk.engine, request()).await;
        assert!(std::fs::read(&target).expect("a file") == data, "{way}");
        // One with another beginning is left alone.
        std::fs::write(&target, noise(10, 1_000_000)).expect("written");
        let id = scene.desk.engine.job_add(request()).await.expect("taken on");
        let view = jobs::ended(&scene.desk.engine, id).await;
        assert_eq!(view.errors[0].problem.params["reason"], "other-beginning", "{way}");
        assert!(std::fs::read(&target).expect("a file") == noise(10, 1_000_000), "{way}");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_copied_is_named_and_tried_again_without_the_rest() {
    let Some(scene) = Scene::new().await else { return };
    let source = scene.from.path().join("d");
    std::fs::create_dir_all(source.join("in")).expect("a folder");
    std::fs::write(source.join("good"), b"good").expect("written");
    std::fs::write(source.join("in/blocked"), b"blocked").expect("written");
    symlink("/etc/passwd", source.join("absolute")).expect("a link");
    symlink("../../outside", source.join("in/outside")).expect("a link");
    let pipe = std::process::Command::new("mkfifo").arg(source.join("pipe")).status().expect("mkfifo runs");
    assert!(pipe.success());
    // A folder where a file is to go.
    std::fs::create_dir_all(scene.to.path().join("d/in/blocked")).expect("a folder");
    let engine = &scene.desk.engine;
    let request = copy(vec![there(&scene.host, &source)], here(scene.to.path()));
    let id = engine.job_add(request).await.expect("taken on");
    let view = jobs::ended(engine, id).await;
    assert_eq!((view.state, view.error_count), (JobState::Done, 4));
    let mut reasons: Vec<_> =
        view.errors.iter().map(|error| error.problem.params["reason"].as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["link-outside", "link-outside", "other-kind", "special"]);
    assert_eq!(std::fs::read(scene.to.path().join("d/good")).expect("it is there"), b"good");
    // What has arrived is not copied once more.
    std::fs::write(scene.to.path().join("d/good"), b"mine").expect("written");
    std::fs::remove_dir(scene.to.path().join("d/in/blocked")).expect("removed");
    engine.job_order(id, JobOrder::Retry).await.expect("it is there");
    let view =
        jobs::until(engine, id, "it ends again", |job| jobs::has_ended(job) && job.error_count == 3).await;
    assert_eq!(view.state, JobState::Done);
    assert_eq!(std::fs::read(scene.to.path().join("d/in/blocked")).expect("it is there"), b"blocked");
    assert_eq!(std::fs::read(scene.to.path().join("d/good")).expect("it is there"), b"mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hash_is_compared_when_it_is_asked_for() {
    let Some(scene) = Scene::new().await else { return };
    let source = scene.from.path().join("it's 文件");
    std::fs::write(&source, noise(1, 1_000_000)).expect("written");
    for (way, from, to) in scene.ways() {
        let request = copy(vec![from(&scene, &source)], to(&scene, scene.to.path()));
        jobs::run(&scene.desk.engine, JobRequest { verify: Verify::Sha256, ..request }).await;
        let arrived = std::fs::read(scene.to.path().join("it's 文件")).expect("a file");
        assert!(arrived == noise(1, 1_000_000), "{way}");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_removes_what_has_arrived_and_nothing_else() {
    let Some(scene) = Scene::new().await else { return };
    for (way, from, to) in scene.ways() {
        let source = scene.from.path().join("d");
        std::fs::create_dir_all(source.join("in/deeper")).expect("a folder");
        std::fs::write(source.join("in/deeper/a"), b"a").expect("written");
        std::fs::write(source.join("b"), noise(1, 400_000)).expect("written");
        std::fs::create_dir_all(scene.to.path().join("d")).expect("a folder");
        std::fs::write(scene.to.path().join("d/b"), b"in the way").expect("written");
        let moving = |on_conflict| JobRequest {
            on_conflict,
            remove_sources: true,
            ..copy(vec![from(&scene, &source)], to(&scene, scene.to.path()))
        };
        jobs::run(&scene.desk.engine, moving(OnConflict::Skip)).await;
        assert!(source.join("b").exists() && !source.join("in").exists(), "{way}");
        jobs::run(&scene.desk.engine, moving(OnConflict::Overwrite)).await;
        assert!(!source.exists(), "{way}");
        assert!(std::fs::read(scene.to.path().join("d/b")).expect("a file") == noise(1, 400_000), "{way}");
        assert_eq!(std::fs::read(scene.to.path().join("d/in/deeper/a")).expect("a file"), b"a");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_gone_fails_the_job_and_says_why() {
    let Some(scene) = Scene::new().await else { return };
    let gone = HostId("nobody".into());
    let engine = &scene.desk.engine;
    let request = copy(vec![there(&gone, Path::new("/etc/hosts"))], here(scene.to.path()));
    let id = engine.job_add(request).await.expect("taken on");
    let JobState::Failed { problem } = jobs::ended(engine, id).await.state else { panic!("there is none") };
    assert_eq!(problem.code, ErrorCode::HostNotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_paused_goes_on_and_leaves_nothing_when_it_is_cancelled() {
    let Some(scene) = Scene::new().await else { return };
    let data = noise(3, 8_000_000);
    let source = scene.from.path().join("f");
    jobs::write(&source, &data, 0o644, 1_000_000_000);
    let engine = &scene.desk.engine;
    for (way, from, to) in scene.ways().into_iter().filter(|(way, ..)| *way != "on the host") {
        std::fs::write(scene.to.path().join("f"), b"the old one").expect("written");
        engine.job_limits_set(slow(4096)).await.expect("set");
        let request = copy(vec![from(&scene, &source)], to(&scene, scene.to.path()));
        let id = engine.job_add(request.clone()).await.expect("taken on");
        jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 2_000_000.0).await;
        engine.job_order(id, JobOrder::Pause).await.expect("it is there");
        assert_eq!(jobs::job(engine, id).await.state, JobState::Paused);
        assert_eq!(std::fs::read(scene.to.path().join("f")).expect("a file"), b"the old one", "{way}");
        assert_eq!(jobs::parts(scene.to.path()).len(), 1, "{way}");
        engine.job_limits_set(slow(0)).await.expect("set");
        engine.job_order(id, JobOrder::Resume).await.expect("it is there");
        assert_eq!(jobs::ended(engine, id).await.state, JobState::Done, "{way}");
        assert!(std::fs::read(scene.to.path().join("f")).expect("a file") == data, "{way}");

        std::fs::write(scene.to.path().join("f"), b"the old one").expect("written");
        engine.job_limits_set(slow(4096)).await.expect("set");
        for paused_first in [false, true] {
            let id = engine.job_add(request.clone()).await.expect("taken on");
            jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 1_500_000.0).await;
            if paused_first {
                engine.job_order(id, JobOrder::Pause).await.expect("it is there");
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
            engine.job_order(id, JobOrder::Cancel).await.expect("it is there");
            assert_eq!(jobs::job(engine, id).await.state, JobState::Cancelled);
            let gone = || jobs::parts(scene.to.path()).is_empty();
            bowline_tests::eventually::eventually("its part is gone", gone).await;
            assert_eq!(std::fs::read(scene.to.path().join("f")).expect("a file"), b"the old one", "{way}");
        }
        scene.empty_target();
    }
}

fn slow(rate_kib: u32) -> JobLimits {
    JobLimits { jobs: 3, jobs_per_host: 2, rate_kib }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_jobs_that_write_the_same_file_leave_one_of_the_two_whole() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let (first, second) = (noise(1, 5_000_000), noise(2, 9_000_000));
    let target = scene.to.path().join("big.iso");
    for (name, data) in [("1", &first), ("2", &second)] {
        std::fs::create_dir(scene.from.path().join(name)).expect("a folder");
        std::fs::write(scene.from.path().join(name).join("big.iso"), data).expect("written");
    }
    for (way, from, to) in scene.ways().into_iter().filter(|(way, ..)| *way != "on the host") {
        engine.job_limits_set(slow(4096)).await.expect("set");
        let request = |name: &str| {
            copy(
                vec![from(&scene, &scene.from.path().join(name).join("big.iso"))],
                to(&scene, scene.to.path()),
            )
        };
        let one = engine.job_add(request("1")).await.expect("taken on");
        jobs::until(engine, one, "some of it is there", |job| job.bytes_done > 2_000_000.0).await;
        let other = engine.job_add(request("2")).await.expect("taken on");
        jobs::until(engine, other, "some of it is there", |job| job.bytes_done > 500_000.0).await;
        let is_whole = || {
            let there = std::fs::read(&target).expect("a file");
            there == first || there == second
        };
        let view = jobs::ended(engine, one).await;
        assert_eq!((&view.state, view.error_count), (&JobState::Done, 0), "{way}: {view:?}");
        assert!(is_whole(), "{way}");
        engine.job_limits_set(slow(0)).await.expect("set");
        jobs::ended(engine, other).await;
        assert!(is_whole(), "{way}");
        assert_eq!(jobs::parts(scene.to.path()), Vec::<std::path::PathBuf>::new(), "{way}");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_free_name_is_not_taken_from_a_file_that_got_it() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    // The last one waits for room until the second is there; the first is still being written then, as "a (2)".
    let files = [("a", noise(1, 8_000_000)), ("b", noise(2, 1_000_000)), ("a (2)", noise(3, 2_000_000))];
    for (name, data) in &files {
        std::fs::write(scene.from.path().join(name), data).expect("written");
    }
    std::fs::write(scene.to.path().join("a"), b"in the way").expect("written");
    engine.job_limits_set(slow(4096)).await.expect("set");
    let sources = files.iter().map(|(name, _)| here(&scene.from.path().join(name))).collect();
    let request = JobRequest { on_conflict: OnConflict::Rename, ..copy(sources, here(scene.to.path())) };
    jobs::run(engine, request).await;
    let read = |name: &str| std::fs::read(scene.to.path().join(name)).expect(name);
    assert_eq!(read("a"), b"in the way");
    assert!(read("a (2)") == files[0].1 && read("b") == files[1].1 && read("a (2) (2)") == files[2].1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_took_the_name_of_a_part_does_not_pass_for_the_file() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let source = scene.from.path().join("f");
    std::fs::write(&source, noise(1, 6_000_000)).expect("written");
    engine.job_limits_set(slow(4096)).await.expect("set");
    for (way, from, to) in scene.ways().into_iter().filter(|(way, ..)| *way != "on the host") {
        std::fs::write(scene.to.path().join("f"), b"the old one").expect("written");
        let request = copy(vec![from(&scene, &source)], to(&scene, scene.to.path()));
        let id = engine.job_add(request).await.expect("taken on");
        jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 1_000_000.0).await;
        let part = scene.to.path().join(&jobs::parts(scene.to.path())[0]);
        std::fs::remove_file(&part).expect("removed");
        std::fs::write(&part, b"another's").expect("written");
        let view = jobs::ended(engine, id).await;
        assert_eq!(view.errors[0].problem.params["reason"], "size", "{way}");
        assert_eq!(std::fs::read(scene.to.path().join("f")).expect("a file"), b"the old one", "{way}");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_host_copies_itself_is_looked_at_again_and_is_removed_when_it_is_cancelled() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let source = scene.from.path().join("f");
    let file = std::fs::File::create(&source).expect("a file");
    file.set_len(640 * 1024 * 1024).expect("its size");
    let request = || copy(vec![there(&scene.host, &source)], there(&scene.host, scene.to.path()));
    let id = engine.job_add(request()).await.expect("taken on");
    jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 0.0).await;
    jobs::set_time(&source, 1_000_000_000);
    let view = jobs::ended(engine, id).await;
    assert_eq!(view.errors.first().map(|error| &error.problem.params["reason"]), Some(&"changed".into()));
    assert!(!scene.to.path().join("f").exists());

    let id = engine.job_add(request()).await.expect("taken on");
    jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 0.0).await;
    engine.job_order(id, JobOrder::Pause).await.expect("it is there");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(jobs::parts(scene.to.path()).len(), 1);
    engine.job_order(id, JobOrder::Cancel).await.expect("it is there");
    let gone = || std::fs::read_dir(scene.to.path()).expect("a folder").next().is_none();
    bowline_tests::eventually::eventually("its part is gone", gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_moved_goes_as_a_link_and_what_it_leads_to_stays() {
    let Some(scene) = Scene::new().await else { return };
    let (real, folder) = (scene.from.path().join("real"), scene.from.path().join("folder"));
    std::fs::write(&real, b"the only one").expect("written");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("in"), b"the only one").expect("written");
    for (way, from, to) in scene.ways() {
        let links = ["real", "folder"].map(|name| {
            let link = scene.from.path().join(format!("to {name}"));
            symlink(name, &link).expect("a link");
            link
        });
        if way == "here" {
            // On the same end one that is absolute leads on to the same.
            std::fs::remove_file(&links[0]).expect("removed");
            symlink(&real, &links[0]).expect("a link");
        }
        let sources = links.iter().map(|link| from(&scene, link)).collect();
        let moving = JobRequest { remove_sources: true, ..copy(sources, to(&scene, scene.to.path())) };
        jobs::run(&scene.desk.engine, moving).await;
        assert_eq!(std::fs::read(&real).expect("it stays"), b"the only one", "{way}");
        assert_eq!(std::fs::read(folder.join("in")).expect("it stays"), b"the only one", "{way}");
        assert!(links.iter().all(|link| link.symlink_metadata().is_err()), "{way}");
        let moved = |name: &str| std::fs::read_link(scene.to.path().join(name)).expect("a link");
        let to_real = if way == "here" { real.clone() } else { "real".into() };
        assert_eq!((moved("to real"), moved("to folder")), (to_real, "folder".into()), "{way}");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_beside_itself_is_copied_also_when_it_was_paused() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let data = noise(1, 6_000_000);
    let source = scene.to.path().join("f");
    jobs::write(&source, &data, 0o644, 1_000_000_000);
    engine.job_limits_set(slow(4096)).await.expect("set");
    let request = JobRequest {
        on_conflict: OnConflict::Rename,
        ..copy(vec![here(&source)], here(&scene.to.path().join(".")))
    };
    let id = engine.job_add(request).await.expect("taken on");
    jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 1_000_000.0).await;
    engine.job_order(id, JobOrder::Pause).await.expect("it is there");
    engine.job_limits_set(slow(0)).await.expect("set");
    engine.job_order(id, JobOrder::Resume).await.expect("it is there");
    assert_eq!(jobs::ended(engine, id).await.state, JobState::Done);
    assert!(std::fs::read(scene.to.path().join("f (2)")).expect("the copy") == data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_goes_beside_another_stays_beside_it_when_its_job_goes_on() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let data = noise(1, 6_000_000);
    let source = scene.from.path().join("d");
    std::fs::create_dir(&source).expect("a folder");
    std::fs::write(source.join("f"), &data).expect("written");
    for (way, from, to) in scene.ways().into_iter().filter(|(way, ..)| *way != "on the host") {
        let target = scene.to.path().join("d");
        std::fs::create_dir(&target).expect("a folder");
        std::fs::write(target.join("g"), b"another").expect("written");
        engine.job_limits_set(slow(4096)).await.expect("set");
        let request = JobRequest {
            on_conflict: OnConflict::Rename,
            ..copy(vec![from(&scene, &source)], to(&scene, scene.to.path()))
        };
        let id = engine.job_add(request).await.expect("taken on");
        jobs::until(engine, id, "some of it is there", |job| job.bytes_done > 1_000_000.0).await;
        engine.job_order(id, JobOrder::Pause).await.expect("it is there");
        engine.job_limits_set(slow(0)).await.expect("set");
        engine.job_order(id, JobOrder::Resume).await.expect("it is there");
        assert_eq!(jobs::ended(engine, id).await.state, JobState::Done, "{way}");
        assert!(std::fs::read(scene.to.path().join("d (2)/f")).expect("the copy") == data, "{way}");
        let there = jobs::tree(scene.to.path()).into_keys();
        assert_eq!(there.count(), 4, "{way}: d, d/g, d (2), d (2)/f");
        scene.empty_target();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_onto_itself_by_another_name_of_the_machine_keeps_the_only_copy() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    let folder = scene.from.path().join("d");
    std::fs::create_dir_all(folder.join("empty")).expect("a folder");
    std::fs::write(folder.join("small"), b"the only one").expect("written");
    std::fs::write(folder.join("large"), noise(1, 2_000_000)).expect("written");
    for (way, from, to) in scene.ways().into_iter().filter(|(way, ..)| ["up", "down"].contains(way)) {
        let moving = JobRequest {
            remove_sources: true,
            ..copy(vec![from(&scene, &folder)], to(&scene, scene.from.path()))
        };
        let id = engine.job_add(moving).await.expect("taken on");
        let view = jobs::ended(engine, id).await;
        assert_eq!((&view.state, view.error_count), (&JobState::Done, 2), "{way}: {view:?}");
        assert_eq!(view.errors[0].problem.params["reason"], "same-file", "{way}");
        assert_eq!(std::fs::read(folder.join("small")).expect("it stays"), b"the only one", "{way}");
        assert!(std::fs::read(folder.join("large")).expect("it stays") == noise(1, 2_000_000), "{way}");
        assert_eq!(jobs::tree(&folder).len(), 3, "{way}: {:?}", jobs::tree(&folder));
    }
}
