//! The saved hosts for somebody who only reads them: the command, beside an app that runs.
//!
//! No lock file is taken and nothing is written: SQLite in WAL mode lets readers in while the owner writes.

use std::path::Path;

use rusqlite::Connection;

use super::opening::{DATABASE, read_into};
use super::{fault, rows, schema};
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostList;

/// The hosts in `dir` as they are now; none if nothing was ever saved there. Blocks for some milliseconds.
///
/// # Errors
/// [`ErrorCode::StoreFailed`] and [`ErrorCode::StoreReadOnly`], also for a file that is damaged or from a newer Bowline:
/// setting it aside is for its owner.
pub fn read(dir: &Path) -> Result<HostList> {
    let path = dir.join(DATABASE);
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => return Ok(HostList::default()),
        Err(error) => return Err(fault::of_io(&path, error)),
    }
    let sqlite = |error| fault::of_sqlite(&path, error);
    // An older file is brought up to date in memory only.
    let mut memory = Connection::open_in_memory().map_err(sqlite)?;
    if !read_into(&mut memory, &path).map_err(sqlite)? {
        let empty = path.metadata().is_ok_and(|file| file.len() == 0);
        return if empty { Ok(HostList::default()) } else { Err(unusable(&path)) };
    }
    schema::migrate(&mut memory).map_err(sqlite)?;
    rows::list(&memory).map_err(sqlite)
}

fn unusable(path: &Path) -> Error {
    let cause = "it is damaged or was written by a newer Bowline";
    Error::new(
        ErrorCode::StoreFailed,
        format!(
            "The saved hosts in {} could not be read: {cause}. Start the app: it repairs what it can.",
            path.display()
        ),
    )
    .with("path", path.display())
    .with("cause", cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostDraft;
    use crate::host::store::HostStore;

    fn draft(label: &str) -> HostDraft {
        HostDraft { label: label.into(), address: "192.0.2.1".into(), port: 22, ..HostDraft::default() }
    }

    #[tokio::test]
    async fn hosts_are_read_while_another_bowline_has_them_open_and_after_it_has_gone() {
        let dir = tempfile::TempDir::new().expect("a folder");
        assert_eq!(read(dir.path()).expect("nothing is saved"), HostList::default());
        let (store, _) = HostStore::open(dir.path()).expect("it opens");
        store.create(draft("one")).await.expect("it is saved");
        let saved = store.list().await.expect("a list");
        assert_eq!(read(dir.path()).expect("a reader beside the owner"), saved);
        store.create(draft("two")).await.expect("the owner still writes");
        assert_eq!(read(dir.path()).expect("a list").hosts.len(), 2);
        drop(store);
        assert_eq!(read(dir.path()).expect("without the owner").hosts.len(), 2);
        let (store, notices) = HostStore::open(dir.path()).expect("it opens again");
        assert!(notices.is_empty(), "{notices:?}");
        assert_eq!(store.list().await.expect("a list").hosts.len(), 2);
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_an_error_and_stays_as_it_is() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let path = dir.path().join(DATABASE);
        std::fs::write(&path, "this is no database, and never was one".repeat(100)).expect("it is written");
        let error = read(dir.path()).expect_err("it is damaged");
        assert_eq!(error.code, ErrorCode::StoreFailed);
        assert!(path.exists());
    }
}
