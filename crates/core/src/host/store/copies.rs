//! Rotating copies of the database: `hosts.db.1` is the newest, `hosts.db.5` the oldest.
//!
//! A copy is made at a start, and once a day in a long run, if anything changed since the newest one. Numbers 2 to 5 lie
//! a day apart at least, so that a bad day with many starts cannot push out everything good: while `.1` is less than a day
//! younger than `.2`, a new copy takes the place of `.1` alone. Before a migration everything moves on, whatever its age.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::opening::{create_private, sync_folder};
use super::schema::{Condition, Reading, inspect, open_readable};
use super::{fault, rows};
use crate::error::Result;

/// Five days of changes; with 10,000 hosts a copy takes 2 MiB.
const COPIES: u32 = 5;
/// The least distance in time between two copies that are kept beside the newest.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The copies of one database.
#[derive(Debug)]
pub struct Copies {
    database: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// As the module says.
    Daily,
    /// Keep the newest copy as `.2` in any case.
    Always,
}

impl Copies {
    pub fn of(database: &Path) -> Self {
        Self { database: database.to_owned() }
    }

    /// Paths of the copies that exist, newest first.
    pub fn paths(&self) -> Vec<PathBuf> {
        (1..=COPIES).map(|number| self.path(number)).filter(|path| path.is_file()).collect()
    }

    /// The newest copy that is whole and of a version that we can read.
    pub fn newest_good(&self) -> Option<PathBuf> {
        self.paths().into_iter().find(|path| {
            let condition = open_readable(path, Reading::Immutable).and_then(|copy| inspect(&copy));
            match condition {
                Ok(Condition::Good | Condition::Older { .. }) => true,
                Ok(Condition::Empty | Condition::Newer { .. } | Condition::Damaged { .. }) => false,
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "a copy of the saved hosts cannot be read");
                    false
                }
            }
        })
    }

    /// Makes a copy if anything changed since the newest one. A crash at any point leaves every copy whole.
    pub fn take(&self, connection: &Connection, rotation: Rotation) -> Result<()> {
        if rotation == Rotation::Daily && !self.is_due(connection) {
            return Ok(());
        }
        let new = self.database.with_extension("db.copying");
        remove_if_there(&new).map_err(|error| fault::of_io(&new, error))?;
        create_private(&new).map_err(|error| fault::of_io(&new, error))?;
        let written = write(connection, &new).map_err(|error| fault::of_sqlite(&new, error));
        let placed =
            written.and_then(|()| self.place(&new, rotation).map_err(|error| fault::of_io(&new, error)));
        if placed.is_err() {
            let _ = remove_if_there(&new);
        }
        placed
    }

    /// Whether there is something to copy that the newest copy does not have.
    fn is_due(&self, connection: &Connection) -> bool {
        let newest = open_readable(&self.path(1), Reading::Immutable).and_then(|copy| rows::revision(&copy));
        match (rows::revision(connection), newest) {
            (Ok(0), _) => false,
            (Ok(now), Ok(copied)) => now != copied,
            (Ok(_), Err(_)) | (Err(_), _) => true,
        }
    }

    fn place(&self, new: &Path, rotation: Rotation) -> std::io::Result<()> {
        std::fs::File::open(new)?.sync_all()?;
        if rotation == Rotation::Always || self.first_may_move_on() {
            for number in (1..COPIES).rev() {
                let from = self.path(number);
                if from.is_file() {
                    std::fs::rename(from, self.path(number + 1))?;
                }
            }
        }
        std::fs::rename(new, self.path(1))?;
        sync_folder(&self.database)
    }

    fn first_may_move_on(&self) -> bool {
        let written = |number| std::fs::metadata(self.path(number)).and_then(|copy| copy.modified());
        match (written(1), written(2)) {
            // A clock that was set back makes it "no": then only the newest copy is replaced.
            (Ok(first), Ok(second)) => first.duration_since(second).is_ok_and(|between| between >= DAY),
            _ => true,
        }
    }

    fn path(&self, number: u32) -> PathBuf {
        self.database.with_extension(format!("db.{number}"))
    }
}

fn write(connection: &Connection, new: &Path) -> rusqlite::Result<()> {
    let mut copy = Connection::open(new)?;
    // The file is synced as a whole before it gets its name, so no page of it needs to be.
    copy.pragma_update(None, "synchronous", "OFF")?;
    Backup::new(connection, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    // One file on its own, readable without `-wal` and `-shm`.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
