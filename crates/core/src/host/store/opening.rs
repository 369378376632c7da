//! From a folder to an open database: lock, look, repair, and if need be read only.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::aside::{put_back, set_aside, with_ending};
use super::copies::{Copies, Rotation};
use super::fault;
use super::owner::Owner;
use super::schema::{self, Condition, Reading};
use crate::error::{Error, Result};
use crate::host::StoreNotice;

pub const DATABASE: &str = "hosts.db";
const LOCK: &str = "hosts.lock";
/// What a start needs to be able to write: SQLite's `-shm` file begins with 32 KiB, and a change takes some pages.
const PROBE_BYTES: usize = 64 * 1024;
/// How often a lock that somebody has is tried.
const LOCK_LOOK: Duration = Duration::from_millis(20);

/// An open database with what there is to tell about it.
pub struct Opened {
    pub owner: Owner,
    pub notices: Vec<StoreNotice>,
}

/// Whether somebody has the hosts in `dir` open. Nothing is made that is not there.
pub fn is_open(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join(LOCK)) else { return false };
    // Let go of at once; a start of the app at this very moment waits for that.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Opens the hosts, after at most this time for whoever has them now.
pub fn open(dir: &Path, patience: Duration) -> Result<Opened> {
    let path = dir.join(DATABASE);
    let prepared = create_folder(dir);
    let lock = lock(dir, patience)?;
    let writable = prepared.map_err(|error| fault::of_io(&path, error)).and_then(|()| open_writable(&path));
    let (connection, refusal, notices) = match writable {
        Ok((connection, notices)) => (connection, None, notices),
        Err(error) => {
            tracing::warn!(%error, "the saved hosts are read-only");
            let (connection, problem) = (open_for_reading(&path)?, error.problem());
            let notice = StoreNotice::ReadOnly { path: path.display().to_string(), problem: problem.clone() };
            (connection, Some(problem), vec![notice])
        }
    };
    let owner = Owner::new(connection, path, refusal, lock)?;
    Ok(Opened { owner, notices })
}

/// The lock is released by the system when its file is closed, however the process ends. None where the folder cannot
/// be written and has no lock file: two who only read do not disturb each other.
fn lock(dir: &Path, patience: Duration) -> Result<Option<File>> {
    let path = dir.join(LOCK);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let Ok(file) = private(&mut options).open(&path).or_else(|_| File::open(&path)) else { return Ok(None) };
    let deadline = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOCK_LOOK),
            Err(TryLockError::WouldBlock) => return Err(fault::busy(&dir.join(DATABASE))),
            Err(TryLockError::Error(error)) => {
                // Some network file systems have no locks at all.
                tracing::warn!(%error, "the saved hosts cannot be locked");
                return Ok(None);
            }
        }
    }
}

fn open_writable(path: &Path) -> Result<(Connection, Vec<StoreNotice>)> {
    probe(path).map_err(|error| fault::of_io(path, error))?;
    let copies = Copies::of(path);
    let mut notices = Vec::new();
    bring_back_if_missing(path, &copies).map_err(|error| fault::of_io(path, error))?;
    let mut connection = match look(path, &copies)? {
        Look::Usable(connection) => connection,
        Look::Newer { version } => {
            let kept = set_aside(path, &format!("newer-v{version}"), None)
                .map_err(|error| fault::of_io(path, error))?;
            notices.push(StoreNotice::Newer { kept_as: kept.display().to_string(), version });
            open_checked(path)?
        }
        Look::Damaged { cause } => {
            tracing::error!(%cause, path = %path.display(), "the file of saved hosts is damaged");
            let copy = copies.newest_good();
            let kept =
                set_aside(path, "damaged", copy.as_deref()).map_err(|error| fault::of_io(path, error))?;
            notices.push(StoreNotice::Damaged {
                kept_as: kept.display().to_string(),
                restored_from: copy.map(|copy| copy.display().to_string()),
            });
            open_checked(path)?
        }
    };
    let sqlite = |error| fault::of_sqlite(path, error);
    if let Condition::Older { .. } = schema::inspect(&connection).map_err(sqlite)? {
        copies.take(&connection, Rotation::Always)?;
    }
    schema::make_durable(&connection).map_err(sqlite)?;
    schema::migrate(&mut connection).map_err(sqlite)?;
    Ok((connection, notices))
}

/// What is at the path, apart from its version being older.
enum Look {
    Usable(Connection),
    Newer { version: u32 },
    Damaged { cause: String },
}

fn look(path: &Path, copies: &Copies) -> Result<Look> {
    let sqlite = |error| fault::of_sqlite(path, error);
    let connection = open_checked(path)?;
    Ok(match schema::inspect(&connection).map_err(sqlite)? {
        Condition::Good | Condition::Older { .. } => Look::Usable(connection),
        // Nothing was ever in it, unless there are copies of what was: then a crash of the system has emptied it.
        Condition::Empty if copies.newest_good().is_some() => {
            Look::Damaged { cause: "it is empty".to_owned() }
        }
        Condition::Empty => Look::Usable(connection),
        Condition::Newer { version } => Look::Newer { version },
        Condition::Damaged { cause } => Look::Damaged { cause },
    })
}

fn bring_back_if_missing(path: &Path, copies: &Copies) -> std::io::Result<()> {
    if path.exists() {
        return narrow_permissions(path);
    }
    if let Some(copy) = copies.newest_good() {
        tracing::warn!(copy = %copy.display(), "the file of saved hosts was gone; its newest copy is in use");
        return put_back(path, &copy);
    }
    create_private(path).map(drop)
}

fn open_checked(path: &Path) -> Result<Connection> {
    let sqlite = |error| fault::of_sqlite(path, error);
    let connection = schema::open_writable(path).map_err(sqlite)?;
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(sqlite)? {
        return Err(fault::of_io(path, std::io::ErrorKind::PermissionDenied.into()));
    }
    Ok(connection)
}

/// Whatever can be read, held in memory: the file itself, else the newest good copy, else nothing.
fn open_for_reading(path: &Path) -> Result<Connection> {
    let internal =
        |error: rusqlite::Error| Error::internal(format!("no memory for the saved hosts: {error}"));
    let mut memory = Connection::open_in_memory().map_err(internal)?;
    for candidate in std::iter::once(path.to_owned()).chain(Copies::of(path).paths()) {
        match read_into(&mut memory, &candidate) {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, path = %candidate.display(), "the saved hosts cannot be read here")
            }
        }
    }
    schema::migrate(&mut memory).map_err(internal)?;
    Ok(memory)
}

/// Whether the file was good, and is in memory now.
pub fn read_into(memory: &mut Connection, path: &Path) -> rusqlite::Result<bool> {
    let shared = schema::open_readable(path, Reading::Shared);
    let source = match shared.and_then(|source| Ok((schema::inspect(&source)?, source))) {
        Ok(found) => found,
        // Without -wal and -shm beside it, SQLite would have to create them to read.
        Err(error) => {
            if with_ending(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0) {
                return Err(error);
            }
            let source = schema::open_readable(path, Reading::Immutable)?;
            (schema::inspect(&source)?, source)
        }
    };
    match source {
        (Condition::Good | Condition::Older { .. }, source) => {
            Backup::new(&source, memory)?.run_to_completion(i32::MAX, std::time::Duration::ZERO, None)?;
            Ok(true)
        }
        (Condition::Empty | Condition::Newer { .. } | Condition::Damaged { .. }, _) => Ok(false),
    }
}

/// Whether the folder can be written, asked of the system itself: SQLite's answers do not tell a full disk from a
/// missing permission in every case.
fn probe(path: &Path) -> std::io::Result<()> {
    let probe = path.with_extension("db.probe");
    let written = create_or_truncate(&probe).and_then(|mut file| file.write_all(&vec![0; PROBE_BYTES]));
    let removed = std::fs::remove_file(&probe);
    written.and(removed)
}

fn create_or_truncate(path: &Path) -> std::io::Result<File> {
    private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)
}

/// A new file that only its owner can read.
pub fn create_private(path: &Path) -> std::io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

/// On Windows a person's own folders are closed to others already.
#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn narrow_permissions(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn narrow_permissions(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn create_folder(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Makes renames and new names in the folder of `path` last.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    // Windows cannot open a folder for this; NTFS keeps its own journal of names.
    if cfg!(unix) {
        let folder: PathBuf = path.parent().map(Path::to_owned).unwrap_or_default();
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
