//! Changes by somebody who does not own the hosts: the command, beside an app that runs or without one.
//!
//! Whoever gets the lock owns the file for that moment, and may create, repair and migrate it as at a start of the app. While
//! the app has it, the change goes through a second connection: SQLite lets one write at a time and the other one wait, and
//! the owner sees by `PRAGMA data_version` that somebody else has written. Such a file is good and of our version, or
//! nothing is written. Each order is one transaction: all of it or nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::opening::{self, DATABASE};
use super::owner::{tidy, unix_seconds};
use super::schema::{self, Condition, Reading};
use super::{fault, rows};
use crate::error::{Error, ErrorCode, Result};
use crate::host::check::{accept, accept_elsewhere};
use crate::host::{Host, HostDraft, HostId, StoreNotice};

/// The owner opens, repairs and migrates its file within this time, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// Whether a draft's key file has to be on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFiles {
    MustBeHere,
    /// It was written down on another one.
    MayBeElsewhere,
}

/// What became of hosts that were to be saved. The names of those that were not are in the order of the drafts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Added {
    pub saved: Vec<Host>,
    /// They are saved exactly so already.
    pub present: Vec<String>,
    /// Another host is saved by this name.
    pub taken: Vec<String>,
    /// What was done to the file on the way, if we were the first to open it.
    pub notices: Vec<StoreNotice>,
}

/// Saves hosts whose names are free. Blocks for some milliseconds, longer while others write.
///
/// # Errors
/// [`ErrorCode::HostInvalid`] and the codes about the store; then none was saved.
pub fn add(dir: &Path, drafts: &[HostDraft], key_files: KeyFiles) -> Result<Added> {
    let drafts: Vec<HostDraft> = drafts.iter().cloned().map(tidy).collect();
    for draft in &drafts {
        match key_files {
            KeyFiles::MustBeHere => accept(draft)?,
            KeyFiles::MayBeElsewhere => accept_elsewhere(draft)?,
        }
    }
    let (mut added, notices) = change(dir, |connection| {
        let mut known = rows::list(connection)?.hosts;
        let mut added = Added::default();
        for draft in &drafts {
            let host = Host {
                id: HostId(uuid::Uuid::new_v4().to_string()),
                draft: draft.clone(),
                builtin: false,
                has_password: false,
                linked: None,
            };
            let mut same_name = known.iter().filter(|one| one.name() == host.name()).peekable();
            if same_name.peek().is_none() {
                rows::insert(connection, &host.id, draft)?;
                added.saved.push(host.clone());
                known.push(host);
            } else if same_name.any(|one| one.draft == *draft) {
                added.present.push(host.name().to_owned());
            } else {
                added.taken.push(host.name().to_owned());
            }
        }
        Ok(added)
    })?;
    added.notices = notices;
    Ok(added)
}

/// Takes hosts off the list, as the window does; those that are not there are passed over. Blocks as [`add`] does.
///
/// # Errors
/// The codes about the store; then none was removed.
pub fn remove(dir: &Path, ids: &[HostId]) -> Result<Vec<HostId>> {
    let now = unix_seconds(std::time::SystemTime::now());
    let (removed, _) = change(dir, |connection| {
        let mut removed = Vec::new();
        for id in ids {
            if rows::set_deleted(connection, id, now)? {
                removed.push(id.clone());
            }
        }
        Ok(removed)
    })?;
    Ok(removed)
}

fn change<T>(
    dir: &Path,
    mut work: impl FnMut(&Connection) -> rusqlite::Result<T>,
) -> Result<(T, Vec<StoreNotice>)> {
    let path = dir.join(DATABASE);
    // A start of the app would set it aside. A command does not make somebody's hosts disappear.
    if is_newer(&path) {
        return Err(newer(&path));
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        match opening::open(dir, Duration::ZERO) {
            Ok(opened) => {
                let opening::Opened { mut owner, notices } = opened;
                return Ok((owner.change_at_once(&mut work)?, notices));
            }
            Err(error) if error.code == ErrorCode::StoreBusy => {}
            Err(error) => return Err(error),
        }
        if let Some(mut connection) = shared(&path)? {
            let done = at_once(&mut connection, &mut work).map_err(|error| fault::of_sqlite(&path, error))?;
            return Ok((done, Vec::new()));
        }
        // Its owner is about to make or to repair it.
        if Instant::now() > deadline {
            return Err(fault::busy(&path));
        }
        std::thread::sleep(LOOK);
    }
}

/// A second connection to what another Bowline has open; none while there is nothing that may be written to.
fn shared(path: &Path) -> Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let sqlite = |error| fault::of_sqlite(path, error);
    let connection = schema::open_writable(path).map_err(sqlite)?;
    match schema::inspect(&connection).map_err(sqlite)? {
        Condition::Good => {}
        Condition::Newer { .. } => return Err(newer(path)),
        // The owner repairs and migrates before it does anything else.
        Condition::Empty | Condition::Older { .. } | Condition::Damaged { .. } => return Ok(None),
    }
    schema::make_durable(&connection).map_err(sqlite)?;
    Ok(Some(connection))
}

fn is_newer(path: &Path) -> bool {
    let looking =
        schema::open_readable(path, Reading::Shared).and_then(|connection| schema::inspect(&connection));
    matches!(looking, Ok(Condition::Newer { .. }))
}

/// All of it or nothing. The right to write is taken first, so that nobody writes between a look and what follows from it.
pub(super) fn at_once<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

fn newer(path: &Path) -> Error {
    let cause = "they were written by a newer Bowline";
    Error::new(
        ErrorCode::StoreFailed,
        format!("The saved hosts in {} were not changed: {cause}. Use its command.", path.display()),
    )
    .with("path", path.display())
    .with("cause", cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::store::{HostStore, read};

    fn draft(label: &str) -> HostDraft {
        HostDraft { label: label.into(), address: "192.0.2.1".into(), port: 22, ..HostDraft::default() }
    }

    fn names(dir: &Path) -> Vec<String> {
        let hosts = read(dir).expect("a list").hosts;
        hosts.iter().map(|host| host.name().to_owned()).collect()
    }

    #[tokio::test]
    async fn hosts_are_saved_and_removed_without_an_owner_and_beside_one_which_notices() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let dir = folder.path().join("data");
        let first = add(&dir, &[draft("one")], KeyFiles::MustBeHere).expect("it is saved");
        assert_eq!(first.saved.len(), 1);
        let (store, notices) = HostStore::open(&dir).expect("it opens");
        assert!(notices.is_empty(), "{notices:?}");
        assert!(!store.changed_elsewhere().await.expect("an answer"));
        let added = add(&dir, &[draft("two"), draft("one")], KeyFiles::MustBeHere).expect("it is saved");
        assert_eq!((added.saved.len(), added.present), (1, vec!["one".to_owned()]));
        assert!(store.changed_elsewhere().await.expect("an answer"));
        assert!(!store.changed_elsewhere().await.expect("an answer"), "it is said once");
        store.create(draft("three")).await.expect("the owner still writes");
        assert!(!store.changed_elsewhere().await.expect("an answer"), "its own changes are not others'");
        assert_eq!(store.list().await.expect("a list").hosts.len(), 3);
        let id = first.saved[0].id.clone();
        assert_eq!(remove(&dir, &[id.clone(), HostId("none".into())]).expect("it goes"), [id]);
        assert_eq!(names(&dir), ["three", "two"]);
        drop(store);
        assert_eq!(names(&dir), ["three", "two"]);
    }

    #[tokio::test]
    async fn many_writers_lose_nothing() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let dir = folder.path().to_owned();
        let (store, _) = HostStore::open(&dir).expect("it opens");
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let dir = dir.clone();
                std::thread::spawn(move || {
                    for number in 0..10 {
                        let name = format!("{writer}-{number}");
                        add(&dir, &[draft(&name)], KeyFiles::MustBeHere).expect("it is saved");
                    }
                })
            })
            .collect();
        for number in 0..10 {
            store.create(draft(&format!("own-{number}"))).await.expect("it is saved");
        }
        writers.into_iter().for_each(|writer| writer.join().expect("it ends"));
        assert_eq!(store.list().await.expect("a list").hosts.len(), 50);
    }

    #[tokio::test]
    async fn an_owner_waits_for_a_command_that_is_about_to_be_done() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let opened = opening::open(folder.path(), Duration::ZERO).expect("it opens");
        let dir = folder.path().to_owned();
        let app = std::thread::spawn(move || HostStore::open(&dir).map(drop));
        std::thread::sleep(Duration::from_millis(200));
        drop(opened);
        app.join().expect("it ends").expect("it opens after all");
    }

    #[test]
    fn one_bad_draft_of_many_means_that_none_is_saved() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let bad = HostDraft { address: "-oProxyCommand=x".into(), ..draft("bad") };
        let error =
            add(folder.path(), &[draft("good"), bad], KeyFiles::MayBeElsewhere).expect_err("it is bad");
        assert_eq!(error.code, ErrorCode::HostInvalid);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_name_is_not_taken_twice() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let other = HostDraft { port: 2222, ..draft("one") };
        let added = add(folder.path(), &[draft("one"), other], KeyFiles::MustBeHere).expect("an answer");
        assert_eq!((added.saved.len(), added.taken), (1, vec!["one".to_owned()]));
    }
}
