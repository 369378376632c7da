//! A folder that cannot be written, and a disk that is full, on a real file system: this test binary is started once
//! more in a mount namespace of its own, so the mounts end with it.

#[cfg(target_os = "linux")]
use std::process::Command;

use super::*;

const DISK: &str = "BOWLINE_TEST_STORE_DISK";

/// The folder to work on, when this process is the one inside the namespace.
fn mounted() -> Option<PathBuf> {
    std::env::var_os(DISK).map(PathBuf::from)
}

/// Runs one test of this module again after `mount`, a shell script that knows the folder as `$DISK`.
#[cfg(target_os = "linux")]
fn run_again_in_a_namespace(test: &str, dir: &Path, mount: &str) {
    let namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-ec", script]).env("DISK", dir);
        command
    };
    if !namespace("mount -t tmpfs none /mnt").output().is_ok_and(|tried| tried.status.success()) {
        println!("skipped: mount namespaces are not allowed here");
        return;
    }
    let output = namespace(&format!("{mount}; exec \"$TEST_BINARY\" \"$TEST\" --exact --nocapture"))
        .env("TEST_BINARY", std::env::current_exe().unwrap())
        .env("TEST", format!("host::store::tests::disk::{test}"))
        .env(DISK, dir)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

async fn assert_reads_but_refuses(store: &HostStore, code: ErrorCode) {
    let hosts = store.list().await.unwrap().hosts;
    assert_eq!(hosts.iter().map(Host::name).collect::<Vec<_>>(), ["later", "web"]);
    let id = hosts[0].id.clone();
    for error in [
        store.create(draft("new")).await.unwrap_err(),
        store.update(&id, draft("new")).await.unwrap_err(),
        store.duplicate(&id).await.unwrap_err(),
        store.delete(&id).await.unwrap_err(),
        store.restore(&id).await.unwrap_err(),
        store.rename_group("", "x").await.unwrap_err(),
        store.move_to_group(&id, "x").await.unwrap_err(),
        store.set_has_password(&id, true).await.unwrap_err(),
        store.forget(vec![id.clone()]).await.unwrap_err(),
    ] {
        assert_eq!(error.code, code, "{error}");
        assert!(error.params["path"].ends_with("hosts.db"));
    }
    assert_eq!(store.list().await.unwrap().hosts, hosts);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_is_opened_for_reading() {
    if let Some(dir) = mounted() {
        let (store, notices) = HostStore::open(&dir).unwrap();
        let [StoreNotice::ReadOnly { path, problem }] = &notices[..] else { panic!("{notices:?}") };
        assert!(path.ends_with("hosts.db"));
        assert_eq!(problem.code, ErrorCode::StoreReadOnly, "{}", problem.message);
        return assert_reads_but_refuses(&store, ErrorCode::StoreReadOnly).await;
    }
    let home = Home::new();
    home.open().create(draft("web")).await.unwrap();
    home.open().create(draft("later")).await.unwrap();
    let read_only = r#"mount --bind "$DISK" "$DISK" && mount -o remount,bind,ro "$DISK""#;
    run_again_in_a_namespace("a_read_only_folder_is_opened_for_reading", &home.hosts(), read_only);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_with_changes_of_a_crash_shows_those_too() {
    if let Some(dir) = mounted() {
        let (store, _) = HostStore::open(&dir).unwrap();
        return assert_reads_but_refuses(&store, ErrorCode::StoreReadOnly).await;
    }
    let home = Home::new();
    let store = home.open();
    store.create(draft("web")).await.unwrap();
    store.create(draft("later")).await.unwrap();
    // The files as a crash leaves them, with everything still in the -wal file.
    let crashed = home.dir.path().join("crashed");
    std::fs::create_dir(&crashed).unwrap();
    for file in home.files("hosts.db") {
        std::fs::copy(home.hosts().join(&file), crashed.join(&file)).unwrap();
    }
    assert!(crashed.join("hosts.db-wal").metadata().unwrap().len() > 0);
    let read_only = r#"mount --bind "$DISK" "$DISK" && mount -o remount,bind,ro "$DISK""#;
    run_again_in_a_namespace(
        "a_read_only_folder_with_changes_of_a_crash_shows_those_too",
        &crashed,
        read_only,
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_without_hosts_shows_an_empty_list() {
    if let Some(dir) = mounted() {
        let (store, notices) = HostStore::open(&dir).unwrap();
        assert!(matches!(&notices[..], [StoreNotice::ReadOnly { .. }]), "{notices:?}");
        assert_eq!(store.list().await.unwrap(), HostList::default());
        assert_eq!(store.create(draft("new")).await.unwrap_err().code, ErrorCode::StoreReadOnly);
        return;
    }
    let home = Home::new();
    std::fs::create_dir(home.hosts()).unwrap();
    let read_only = r#"mount --bind "$DISK" "$DISK" && mount -o remount,bind,ro "$DISK""#;
    run_again_in_a_namespace(
        "a_read_only_folder_without_hosts_shows_an_empty_list",
        &home.hosts(),
        read_only,
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_is_full_at_the_start_is_read_and_not_written() {
    if let Some(dir) = mounted() {
        let hosts = dir.join("hosts");
        let (store, _) = HostStore::open(&hosts).unwrap();
        store.create(draft("web")).await.unwrap();
        store.create(draft("later")).await.unwrap();
        drop(store);
        fill(&dir);
        let (store, notices) = HostStore::open(&hosts).unwrap();
        let [StoreNotice::ReadOnly { problem, .. }] = &notices[..] else { panic!("{notices:?}") };
        assert_eq!(problem.code, ErrorCode::StoreFull, "{}", problem.message);
        return assert_reads_but_refuses(&store, ErrorCode::StoreFull).await;
    }
    let home = Home::new();
    std::fs::create_dir(home.hosts()).unwrap();
    let tiny = r#"mount -t tmpfs -o size=512k none "$DISK""#;
    run_again_in_a_namespace("a_disk_that_is_full_at_the_start_is_read_and_not_written", &home.hosts(), tiny);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_fills_up_refuses_changes_until_there_is_room() {
    if let Some(dir) = mounted() {
        let (store, notices) = HostStore::open(&dir.join("hosts")).unwrap();
        assert_eq!(notices, []);
        let host = store.create(draft("web")).await.unwrap();
        let ballast = fill(&dir);
        let mut saved = vec!["web".to_owned()];
        let error = loop {
            let name = format!("x{}", saved.len());
            match store.create(draft(&name)).await {
                Ok(_) => saved.push(name),
                Err(error) => break error,
            }
        };
        assert_eq!(error.code, ErrorCode::StoreFull, "{error}");
        assert!(error.message.contains("disk is full"), "{error}");
        assert_eq!(names(&store).await.len(), saved.len());
        std::fs::remove_file(ballast).unwrap();
        store.update(&host.id, draft("web again")).await.unwrap();
        drop(store);
        let (store, _) = HostStore::open(&dir.join("hosts")).unwrap();
        assert_eq!(names(&store).await.len(), saved.len());
        return;
    }
    let home = Home::new();
    std::fs::create_dir(home.hosts()).unwrap();
    let tiny = r#"mount -t tmpfs -o size=1m none "$DISK""#;
    run_again_in_a_namespace("a_disk_that_fills_up_refuses_changes_until_there_is_room", &home.hosts(), tiny);
}

/// Takes up all that is left, in a file that can be removed again.
#[cfg(target_os = "linux")]
fn fill(dir: &Path) -> PathBuf {
    use std::io::Write;
    let path = dir.join("ballast");
    let mut file = std::fs::File::create(&path).unwrap();
    for chunk in [4096, 1] {
        while file.write_all(&vec![b'x'; chunk]).is_ok() {}
    }
    path
}

#[tokio::test]
async fn a_file_where_the_folder_should_be_is_said_and_the_list_is_empty() {
    let home = Home::new();
    std::fs::write(home.hosts(), b"in the way").unwrap();
    let (store, notices) = home.open_with_notices();
    let [StoreNotice::ReadOnly { problem, .. }] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(problem.code, ErrorCode::StoreFailed);
    assert_eq!(store.list().await.unwrap(), HostList::default());
    assert_eq!(store.create(draft("x")).await.unwrap_err().code, ErrorCode::StoreFailed);
}
