//! Faults of files and SQLite, said as errors that a person can act on.

use std::io::ErrorKind;
use std::path::Path;

use rusqlite::ErrorCode as Sqlite;

use crate::error::{Error, ErrorCode};

pub fn busy(path: &Path) -> Error {
    Error::new(
        ErrorCode::StoreBusy,
        format!(
            "The saved hosts in {} were not opened because another Bowline has them open. Use that window, or close it \
             first.",
            path.display()
        ),
    )
    .with("path", path.display())
}

/// A failed file operation on `path` or beside it.
pub fn of_io(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => read_only(path, error),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => full(path, error),
        _ => failed(path, error),
    }
}

/// A failed statement on the database at `path`.
pub fn of_sqlite(path: &Path, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(Sqlite::ReadOnly | Sqlite::PermissionDenied) => read_only(path, error),
        Some(Sqlite::DiskFull) => full(path, error),
        _ => failed(path, error),
    }
}

fn read_only(path: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(
        ErrorCode::StoreReadOnly,
        format!(
            "The saved hosts in {} cannot be changed because the folder or its disk is read-only. Allow writing there, \
             then start Bowline again.",
            path.display()
        ),
    )
    .with("path", path.display())
    .because(cause)
}

fn full(path: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(
        ErrorCode::StoreFull,
        format!(
            "The saved hosts in {} cannot be changed because the disk is full. Free some space, then try again.",
            path.display()
        ),
    )
    .with("path", path.display())
    .because(cause)
}

fn failed(path: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(
        ErrorCode::StoreFailed,
        format!(
            "The saved hosts in {} could not be read or written: {cause}. Check the disk, then start Bowline again.",
            path.display()
        ),
    )
    .with("path", path.display())
    .with("cause", &cause)
    .because(cause)
}
