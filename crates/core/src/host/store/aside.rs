//! Setting a file aside that cannot be used, and putting another in its place.
//!
//! At every moment of this `hosts.db` is either the old file or the new one: the old one gets its second name first (a
//! hard link), and the new one then takes over the first name in one rename. A crash in between is repaired by the next
//! start, which finds the same damage again.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::opening::{create_private, sync_folder};

/// Keeps `database` as `hosts.db.<reason>-<time>`, with its `-wal` and `-shm`, and puts a copy of `replacement` (or an
/// empty file) in its place. Returns where the old one is kept.
pub fn set_aside(database: &Path, reason: &str, replacement: Option<&Path>) -> std::io::Result<PathBuf> {
    let new = prepare(database, replacement)?;
    let kept = free_name(database, reason);
    // File systems without hard links (FAT) get a rename; a crash right after it finds no hosts.db, which the next
    // start takes as a reason to restore the newest copy.
    if std::fs::hard_link(database, &kept).is_err() {
        std::fs::rename(database, &kept)?;
    }
    move_companions(database, &kept)?;
    std::fs::rename(new, database)?;
    sync_folder(database)?;
    Ok(kept)
}

/// Before a new file gets the name: SQLite would apply the changes in a stale -wal file to it.
fn move_companions(database: &Path, kept: &Path) -> std::io::Result<()> {
    for ending in ["-wal", "-shm"] {
        let from = with_ending(database, ending);
        if from.exists() {
            std::fs::rename(from, with_ending(kept, ending))?;
        }
    }
    Ok(())
}

/// Puts a copy in the place of a database that is not there at all.
pub fn put_back(database: &Path, copy: &Path) -> std::io::Result<()> {
    let new = prepare(database, Some(copy))?;
    move_companions(database, &free_name(database, "lost"))?;
    std::fs::rename(new, database)?;
    sync_folder(database)
}

fn prepare(database: &Path, replacement: Option<&Path>) -> std::io::Result<PathBuf> {
    let new = database.with_extension("db.restoring");
    if new.exists() {
        std::fs::remove_file(&new)?;
    }
    let mut file = create_private(&new)?;
    if let Some(replacement) = replacement {
        std::io::copy(&mut std::fs::File::open(replacement)?, &mut file)?;
    }
    file.sync_all()?;
    Ok(new)
}

fn free_name(database: &Path, reason: &str) -> PathBuf {
    let first = with_ending(database, &format!(".{reason}-{}", timestamp()));
    let later = (2..).map(|number| with_ending(&first, &format!("-{number}")));
    // The range has no end, so there is always one.
    std::iter::once(first.clone()).chain(later).find(|path| !path.exists()).unwrap_or(first)
}

/// `20261121T080331Z`; SQLite knows the calendar.
fn timestamp() -> String {
    let calendar = Connection::open_in_memory();
    let now = calendar.and_then(|calendar| {
        calendar.query_row("SELECT strftime('%Y%m%dT%H%M%SZ', 'now')", [], |row| row.get(0))
    });
    now.unwrap_or_else(|_| "undated".to_owned())
}

pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
