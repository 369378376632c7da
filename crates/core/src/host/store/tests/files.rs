//! Damage, other versions, copies, a second instance: what a start finds in the folder.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::host::HostOptions;
use crate::host::store::copies::DAY;

#[tokio::test]
async fn a_second_instance_is_told_that_the_hosts_are_in_use() {
    let home = Home::new();
    let store = home.open();
    let error = HostStore::open(&home.hosts()).unwrap_err();
    assert_eq!(error.code, ErrorCode::StoreBusy);
    assert!(error.message.contains("another Bowline"), "{error}");
    store.create(draft("web")).await.unwrap();
    drop(store);
    assert_eq!(names(&home.open()).await, ["web"]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_folder_and_its_files() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    home.open().create(draft("web")).await.unwrap();
    std::fs::set_permissions(home.database(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = home.open();
    store.create(draft("db")).await.unwrap();
    assert_eq!(mode(&home.hosts()), 0o700);
    let files = home.files("");
    assert!(
        files.contains(&"hosts.db-wal".to_owned()) && files.contains(&"hosts.db.1".to_owned()),
        "{files:?}"
    );
    for file in files {
        assert_eq!(mode(&home.hosts().join(&file)), 0o600, "{file}");
    }
}

/// Writes hosts so that `hosts.db` holds `web` and `later`, and its copy only `web`.
async fn with_a_copy(home: &Home) {
    home.open().create(draft("web")).await.unwrap();
    home.open().create(draft("later")).await.unwrap();
    assert_eq!(home.files("hosts.db."), ["hosts.db.1"]);
}

fn overwrite(path: &Path, offset: u64, with: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(with).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_newest_copy_restored() {
    // A header that is none, a page in the middle overwritten, a file cut short, one emptied.
    for (case, damage) in [
        ("header", (|path| overwrite(path, 0, b"garbage garbage garbage")) as fn(&Path)),
        ("page", |path| overwrite(path, 4096, &[0xff; 4096])),
        ("cut", |path| {
            std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(5000).unwrap();
        }),
        ("empty", |path| std::fs::write(path, b"").unwrap()),
    ] {
        let home = Home::new();
        with_a_copy(&home).await;
        damage(&home.database());
        let damaged = std::fs::read(home.database()).unwrap();

        let (store, notices) = home.open_with_notices();
        let [StoreNotice::Damaged { kept_as, restored_from }] = &notices[..] else {
            panic!("{case}: {notices:?}")
        };
        assert_eq!(std::fs::read(kept_as).unwrap(), damaged, "{case}");
        assert!(kept_as.contains("hosts.db.damaged-20"), "{kept_as}");
        assert_eq!(restored_from.as_deref(), home.hosts().join("hosts.db.1").to_str(), "{case}");
        assert_eq!(names(&store).await, ["web"], "{case}");
        store.create(draft("new")).await.unwrap();
        drop(store);
        assert_eq!(names(&home.open()).await, ["new", "web"], "{case}");
    }
}

#[tokio::test]
async fn changes_of_a_stale_wal_file_are_kept_with_the_damaged_file_and_not_applied_to_the_new_one() {
    let home = Home::new();
    with_a_copy(&home).await;
    // Held open, so that the changes stay in the -wal file, as after a crash.
    let raw = Connection::open(home.database()).unwrap();
    raw.execute("UPDATE host SET label = 'from the wal'", []).unwrap();
    let wal = std::fs::read(home.hosts().join("hosts.db-wal")).unwrap();
    assert!(!wal.is_empty());
    std::fs::write(home.database(), b"garbage").unwrap();

    let (store, notices) = home.open_with_notices();
    let [StoreNotice::Damaged { kept_as, .. }] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(names(&store).await, ["web"]);
    assert!(Path::new(&format!("{kept_as}-wal")).exists());
    drop(raw);
}

#[tokio::test]
async fn without_a_good_copy_a_damaged_file_makes_room_for_an_empty_one() {
    let home = Home::new();
    with_a_copy(&home).await;
    std::fs::write(home.database(), b"garbage").unwrap();
    std::fs::write(home.hosts().join("hosts.db.1"), b"garbage too").unwrap();
    let (store, notices) = home.open_with_notices();
    assert!(matches!(&notices[..], [StoreNotice::Damaged { restored_from: None, .. }]), "{notices:?}");
    assert_eq!(store.list().await.unwrap(), HostList::default());
    store.create(draft("new")).await.unwrap();
}

#[tokio::test]
async fn an_older_good_copy_is_taken_when_the_newest_is_damaged_too() {
    let home = Home::new();
    with_a_copy(&home).await;
    std::fs::rename(home.hosts().join("hosts.db.1"), home.hosts().join("hosts.db.3")).unwrap();
    std::fs::write(home.hosts().join("hosts.db.1"), b"garbage").unwrap();
    std::fs::write(home.database(), b"garbage").unwrap();
    let (store, notices) = home.open_with_notices();
    let [StoreNotice::Damaged { restored_from: Some(copy), .. }] = &notices[..] else {
        panic!("{notices:?}")
    };
    assert!(copy.ends_with("hosts.db.3"), "{copy}");
    assert_eq!(names(&store).await, ["web"]);
}

#[tokio::test]
async fn a_file_that_vanished_comes_back_from_its_copy() {
    let home = Home::new();
    with_a_copy(&home).await;
    std::fs::remove_file(home.database()).unwrap();
    assert_eq!(names(&home.open()).await, ["web"]);
}

#[tokio::test]
async fn a_file_of_a_newer_bowline_is_set_aside_untouched() {
    let home = Home::new();
    with_a_copy(&home).await;
    Connection::open(home.database()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = std::fs::read(home.database()).unwrap();
    let (store, notices) = home.open_with_notices();
    let [StoreNotice::Newer { kept_as, version: 99 }] = &notices[..] else { panic!("{notices:?}") };
    assert!(kept_as.contains("hosts.db.newer-v99-20"), "{kept_as}");
    assert_eq!(std::fs::read(kept_as).unwrap(), newer);
    assert_eq!(store.list().await.unwrap(), HostList::default());
}

#[tokio::test]
async fn a_database_of_another_program_is_never_written_to() {
    let home = Home::new();
    std::fs::create_dir_all(home.hosts()).unwrap();
    let other = Connection::open(home.database()).unwrap();
    other.execute_batch("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')").unwrap();
    drop(other);
    let before = std::fs::read(home.database()).unwrap();
    let (_store, notices) = home.open_with_notices();
    let [StoreNotice::Damaged { kept_as, .. }] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(std::fs::read(kept_as).unwrap(), before);
}

#[tokio::test]
async fn a_copy_is_made_at_a_start_only_if_something_changed() {
    let home = Home::new();
    drop(home.open());
    let host = home.open().create(draft("web")).await.unwrap();
    drop(home.open());
    let first = home.hosts().join("hosts.db.1");
    let written = || std::fs::metadata(&first).unwrap().modified().unwrap();
    let before = written();
    drop(home.open());
    drop(home.open());
    assert_eq!(written(), before);
    home.open().delete(&host.id).await.unwrap();
    drop(home.open());
    assert!(written() > before);
}

#[tokio::test]
async fn many_starts_in_a_day_do_not_push_out_the_copies_of_the_days_before() {
    let home = Home::new();
    drop(home.open());
    let written = |name: &str| std::fs::metadata(home.hosts().join(name)).unwrap().modified().unwrap();
    for day in 0..8 {
        for name in home.files("hosts.db.") {
            let copy = std::fs::OpenOptions::new().write(true).open(home.hosts().join(&name)).unwrap();
            copy.set_modified(written(&name) - DAY).unwrap();
        }
        for start in 0..4 {
            home.open().create(draft(&format!("day {day}, start {start}"))).await.unwrap();
        }
    }
    let copies = home.files("hosts.db.");
    assert_eq!(copies, ["hosts.db.1", "hosts.db.2", "hosts.db.3", "hosts.db.4", "hosts.db.5"]);
    let apart: Vec<Duration> = copies[1..]
        .windows(2)
        .map(|pair| written(&pair[0]).duration_since(written(&pair[1])).unwrap())
        .collect();
    assert!(apart.iter().all(|apart| *apart >= DAY), "{apart:?}");
}

#[tokio::test]
async fn a_start_that_was_cut_off_leaves_nothing_in_the_way_of_the_next() {
    let home = Home::new();
    with_a_copy(&home).await;
    for leftover in ["hosts.db.copying", "hosts.db.restoring", "hosts.db.probe"] {
        std::fs::write(home.hosts().join(leftover), b"half").unwrap();
    }
    let store = home.open();
    store.create(draft("new")).await.unwrap();
    drop(store);
    std::fs::write(home.database(), b"garbage").unwrap();
    let (store, _) = home.open_with_notices();
    assert_eq!(names(&store).await, ["later", "web"]);
}

#[test]
fn a_change_is_on_the_disk_before_it_is_acknowledged() {
    let home = Home::new();
    drop(home.open());
    let connection = crate::host::store::schema::open_writable(&home.database()).unwrap();
    crate::host::store::schema::make_durable(&connection).unwrap();
    let setting =
        |sql: &str| connection.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
    assert_eq!(setting("PRAGMA journal_mode"), "wal".to_owned().into());
    // FULL, as a number: with WAL every commit is synced (SQLite's documentation, "PRAGMA synchronous").
    assert_eq!(setting("PRAGMA synchronous"), 2.into());
    assert_eq!(setting("PRAGMA foreign_keys"), 1.into());
}

#[tokio::test]
async fn a_file_of_the_first_bowline_is_opened_and_its_hosts_take_options() {
    let home = Home::new();
    with_a_copy(&home).await;
    let old = Connection::open(home.database()).unwrap();
    old.execute_batch("DROP TABLE snippet; ALTER TABLE host DROP COLUMN options; PRAGMA user_version = 1")
        .unwrap();
    drop(old);
    let (store, notices) = home.open_with_notices();
    assert_eq!(notices, []);
    let host = store.list().await.unwrap().hosts.remove(0);
    assert_eq!(host.draft.options, HostOptions::default());
    let options = HostOptions { jump: "bastion".to_owned(), ..HostOptions::default() };
    let draft = HostDraft { options: options.clone(), ..host.draft };
    assert_eq!(store.update(&host.id, draft).await.unwrap().draft.options, options);
}

#[tokio::test]
async fn options_that_make_no_sense_hide_no_host() {
    let home = Home::new();
    with_a_copy(&home).await;
    Connection::open(home.database())
        .unwrap()
        .execute("UPDATE host SET options = '{\"jump\": 7'", [])
        .unwrap();
    assert_eq!(names(&home.open()).await, ["later", "web"]);
}
