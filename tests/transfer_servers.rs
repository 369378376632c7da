//! Transfers to and from servers other than a plain OpenSSH: dropbear with sftp-server, and an internal-sftp in a chroot. And
//! what OpenSSH's own tests of `sftp` try (regress/sftp.sh, sftp-resume.sh, sftp-perm.sh, sftp-glob.sh, sftp-badcmds.sh), as far
//! as nothing else here does.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::transfer::job::{JobEnd, JobOrder, JobRequest, JobState, OnConflict, Verify};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::dropbear::Dropbear;
use bowline_tests::jobs::{self, copy, here, noise, there};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

/// Copies a tree there and back and moves it there, with hashes, which a server without a shell has read back.
async fn there_and_back(desk: &Desk, host: &HostId, on_host: impl Fn(&Path) -> PathBuf, folder: &Path) {
    let from = TempDir::with_prefix("transfer-").expect("a folder");
    let back = TempDir::with_prefix("transfer-").expect("a folder");
    let source = from.path().join("tree");
    jobs::plant(&source);
    let wanted = jobs::tree(&source);
    let target = there(host, &on_host(folder));
    let hashed = |request: JobRequest| JobRequest { verify: Verify::Sha256, ..request };
    jobs::run(&desk.engine, copy(vec![here(&source)], target.clone())).await;
    assert_eq!(jobs::tree(&folder.join("tree")), wanted);
    let download = copy(vec![there(host, &on_host(&folder.join("tree")))], here(back.path()));
    jobs::run(&desk.engine, hashed(download)).await;
    assert_eq!(jobs::tree(&back.path().join("tree")), wanted);
    std::fs::remove_dir_all(folder.join("tree")).expect("removed");
    // The sources go.
    let moving = JobRequest { remove_sources: true, ..copy(vec![here(&source)], target) };
    jobs::run(&desk.engine, moving).await;
    assert_eq!(jobs::tree(&folder.join("tree")), wanted);
    assert!(!source.exists());
    // Once more on the host itself, beside the first.
    let beside = JobRequest {
        on_conflict: OnConflict::Rename,
        ..copy(vec![there(host, &on_host(&folder.join("tree")))], there(host, &on_host(&folder.join("."))))
    };
    jobs::run(&desk.engine, beside).await;
    assert_eq!(jobs::tree(&folder.join("tree (2)")), wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropbear_takes_and_gives_trees_and_large_files() {
    let Some(server) = available(Dropbear::start().await) else { return };
    let desk = Desk::new().await;
    std::fs::write(desk.ssh_dir().join("known_hosts"), server.known_hosts()).expect("written");
    desk.answer_with(server.password());
    let draft =
        HostDraft { user: server.user().to_owned(), auth: AuthMethod::Password, ..at(server.address()) };
    let host = desk.save_draft(draft).await;
    let folder = TempDir::with_prefix("transfer-").expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("for its user");
    there_and_back(&desk, &host, Path::to_owned, folder.path()).await;
    // A file that is worth lanes of its own shares the one there is: this host asks a person at login.
    let asked = desk.questions().len();
    let data = noise(3, 40_000_000);
    let from = TempDir::with_prefix("transfer-").expect("a folder");
    std::fs::write(from.path().join("large"), &data).expect("written");
    jobs::run(&desk.engine, copy(vec![here(&from.path().join("large"))], there(&host, folder.path()))).await;
    assert!(std::fs::read(folder.path().join("large")).expect("a file") == data);
    assert_eq!(desk.questions().len(), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_internal_sftp_in_a_chroot_takes_and_gives_trees() {
    // Everything above has to be root's, and nobody else's to write in: /tmp is not.
    let Ok(chroot) = TempDir::with_prefix_in("bowline-chroot-", "/run") else {
        eprintln!("SKIPPED: a chroot takes root");
        return;
    };
    std::fs::set_permissions(chroot.path(), std::fs::Permissions::from_mode(0o755)).expect("its mode");
    let folder = chroot.path().join("incoming");
    std::fs::create_dir(&folder).expect("a folder");
    let line = format!("ChrootDirectory {}", chroot.path().display());
    let server = Sshd::builder().config_line(&line).config_line("ForceCommand internal-sftp").start().await;
    let Some(sshd) = available(server) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let inside = |path: &Path| Path::new("/").join(path.strip_prefix(chroot.path()).expect("inside"));
    there_and_back(&desk, &host, inside, &folder).await;
}

/// A person with a host, and two folders that the host has too.
struct Scene {
    _sshd: Sshd,
    desk: Desk,
    host: HostId,
    from: TempDir,
    to: TempDir,
}

type End = fn(&Scene, &Path) -> JobEnd;

impl Scene {
    async fn new() -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        let folder = || TempDir::with_prefix("transfer-").expect("a folder");
        Some(Self { _sshd: sshd, desk, host, from: folder(), to: folder() })
    }

    fn ways(&self) -> [(&'static str, End, End); 2] {
        let (on_host, here): (End, End) =
            (|scene, path| there(&scene.host, path), |_, path| jobs::here(path));
        [("up", here, on_host), ("down", on_host, here)]
    }
}

/// sftp-resume.sh: parts of every awkward size, longer ones, other ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_on_from_every_awkward_size() {
    let Some(scene) = Scene::new().await else { return };
    let data = noise(9, 700_001);
    jobs::write(&scene.from.path().join("f"), &data, 0o644, 1_000_000_000);
    let target = scene.to.path().join("f");
    for (way, from, to) in scene.ways() {
        for size in [0, 1, 511, 512, 32_767, 32_768, 32_769, 261_120, 261_121, 700_000, 700_001, 700_002] {
            let mut begun = data.clone();
            begun.resize(size, b'x');
            std::fs::write(&target, &begun).expect("written");
            let request = JobRequest {
                on_conflict: OnConflict::Resume,
                ..copy(vec![from(&scene, &scene.from.path().join("f"))], to(&scene, scene.to.path()))
            };
            let id = scene.desk.engine.job_add(request).await.expect("taken on");
            let view = jobs::ended(&scene.desk.engine, id).await;
            let there = std::fs::read(&target).expect("a file");
            if size > data.len() {
                assert_eq!(view.errors[0].problem.params["reason"], "longer", "{way} {size}");
                assert!(there == begun, "{way} {size}");
            } else {
                assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{way} {size}");
                assert!(there == data, "{way} {size}");
            }
        }
    }
}

/// sftp-perm.sh: every mode comes over, and those that change who a program runs as do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modes_come_over_and_nothing_becomes_setuid() {
    let Some(scene) = Scene::new().await else { return };
    let source = scene.from.path().join("d");
    std::fs::create_dir(&source).expect("a folder");
    let modes = [0o000, 0o400, 0o444, 0o600, 0o644, 0o750, 0o777, 0o4755, 0o2755, 0o1777];
    for mode in modes {
        // Small ones and large ones take different ways.
        for (name, size) in [("small", 10), ("large", 300_000)] {
            jobs::write(&source.join(format!("{name}-{mode:o}")), &noise(1, size), mode, 1_000_000_000);
        }
    }
    for (way, from, to) in scene.ways() {
        jobs::run(&scene.desk.engine, copy(vec![from(&scene, &source)], to(&scene, scene.to.path()))).await;
        for mode in modes {
            for name in ["small", "large"] {
                let there = scene.to.path().join(format!("d/{name}-{mode:o}"));
                let found = std::fs::metadata(&there).expect("it is there").mode() & 0o7777;
                assert_eq!(found, mode & 0o777, "{way}: {name} {mode:o}");
            }
        }
        std::fs::remove_dir_all(scene.to.path().join("d")).expect("removed");
    }
}

/// sftp-glob.sh: what a pattern would match is a name like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_look_like_patterns_are_names() {
    let Some(scene) = Scene::new().await else { return };
    let source = scene.from.path();
    let names = [
        "g-star*",
        "g-quest?",
        "g-[ab]",
        "g-\\escaped",
        "g-\"quote",
        "g-'quote",
        "g-{a,b}",
        "~",
        "$HOME",
        "-r",
        "g b",
    ];
    for name in names.iter().chain(&["g-a", "g-b", "g-starry"]) {
        std::fs::write(source.join(name), name).expect("written");
    }
    for (way, from, to) in scene.ways() {
        let sources = names.iter().map(|name| from(&scene, &source.join(name))).collect();
        let request = JobRequest { verify: Verify::Sha256, ..copy(sources, to(&scene, scene.to.path())) };
        jobs::run(&scene.desk.engine, request).await;
        for name in names {
            assert_eq!(std::fs::read(scene.to.path().join(name)).expect(name), name.as_bytes(), "{way}");
            std::fs::remove_file(scene.to.path().join(name)).expect("removed");
        }
        assert_eq!(jobs::tree(scene.to.path()).len(), 0, "{way}: nothing that a pattern would match");
    }
}

/// sftp-badcmds.sh: what is not there, a folder for a file, a file for a folder. The rest goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_or_of_another_kind_is_named_and_the_rest_goes_on() {
    let Some(scene) = Scene::new().await else { return };
    let engine = &scene.desk.engine;
    std::fs::write(scene.from.path().join("good"), b"good").expect("written");
    std::fs::write(scene.from.path().join("file"), b"file").expect("written");
    std::fs::create_dir(scene.from.path().join("folder")).expect("a folder");
    std::os::unix::fs::symlink("nowhere", scene.from.path().join("broken")).expect("a link");
    for (way, from, to) in scene.ways() {
        std::fs::create_dir(scene.to.path().join("file")).expect("a folder");
        std::fs::write(scene.to.path().join("folder"), b"a file").expect("written");
        let sources = ["missing", "broken", "file", "folder", "good"];
        let sources = sources.iter().map(|name| from(&scene, &scene.from.path().join(name))).collect();
        let id = engine.job_add(copy(sources, to(&scene, scene.to.path()))).await.expect("taken on");
        let view = jobs::ended(engine, id).await;
        assert_eq!((&view.state, view.error_count), (&JobState::Done, 4), "{way}: {view:?}");
        let broken = view.errors.iter().find(|error| error.path.ends_with("broken")).expect("it is named");
        assert_eq!(broken.problem.params["reason"], "broken-link", "{way}: {broken:?}");
        assert_eq!(std::fs::read(scene.to.path().join("good")).expect("it is there"), b"good", "{way}");
        assert!(scene.to.path().join("file").is_dir() && scene.to.path().join("folder").is_file(), "{way}");
        // A folder that is not there to copy into.
        let nowhere = copy(
            vec![from(&scene, &scene.from.path().join("good"))],
            to(&scene, &scene.to.path().join("no")),
        );
        let id = engine.job_add(nowhere).await.expect("taken on");
        let view = jobs::ended(engine, id).await;
        assert!(matches!(view.state, JobState::Failed { .. }), "{way}: {view:?}");
        engine.job_order(id, JobOrder::Remove).await.expect("it is there");
        for entry in jobs::tree(scene.to.path()).into_keys() {
            let path = scene.to.path().join(entry);
            if path.is_dir() { std::fs::remove_dir(path) } else { std::fs::remove_file(path) }
                .expect("removed");
        }
    }
}
