//! What a comparison found, in a temporary database: it may be a million rows, of which a window shows fifty. SQLite keeps it
//! in memory while it is small and in an unlinked file when it is not.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Row as Record, params};

use super::super::fault::{Fault, Result};
use super::super::tree::Facts;
use crate::error::{Error, Problem};
use crate::files::path_text;
use crate::transfer::conflict::Kind;
use crate::transfer::sync::{ACTIONS, SyncAction, SyncCount, SyncRow};

/// What SQLite keeps in memory of it, in KiB.
const CACHE_KIB: u32 = 8 * 1024;
const TABLES: &str = "
    CREATE TABLE row (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL, target BLOB, depth INTEGER NOT NULL,
        action INTEGER NOT NULL, kind INTEGER NOT NULL, size INTEGER NOT NULL, modified INTEGER, mode INTEGER,
        old_kind INTEGER, old_size INTEGER, old_modified INTEGER,
        in_the_way INTEGER NOT NULL, unfinished INTEGER NOT NULL, problem TEXT
    ) STRICT;
    -- Folders of the target in which something is left alone.
    CREATE TABLE kept (path BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
    BEGIN;
";

/// One path and what is to happen to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Names at the source, from the top; of what is deleted those at the target.
    pub from: Vec<Vec<u8>>,
    pub to: Vec<Vec<u8>>,
    pub action: SyncAction,
    /// What is copied or deleted.
    pub facts: Facts,
    /// What stands at the target.
    pub there: Option<Facts>,
    /// It is deleted before anything is copied.
    pub in_the_way: bool,
    /// A folder that an earlier run has made, which gets its mode and time still. No person sees it.
    pub unfinished: bool,
    pub problem: Option<Problem>,
}

/// Which rows a step of the work is about.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    InTheWay,
    Folders,
    Files,
    /// New folders and unfinished ones.
    Finish,
    Deletes,
    Failed,
}

/// All rows. Clones share them.
#[derive(Debug, Clone)]
pub struct Plan(Arc<Mutex<Connection>>);

impl Plan {
    pub async fn new() -> Result<Self> {
        let opened = tokio::task::spawn_blocking(|| {
            let connection = Connection::open("")?;
            connection.execute_batch(&format!(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB}; {TABLES}"
            ))?;
            Ok::<_, rusqlite::Error>(connection)
        });
        let connection = opened.await.map_err(internal)?.map_err(internal)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Takes rows down, in any order.
    pub async fn add(&self, rows: Vec<Row>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.work(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO row (path, target, depth, action, kind, size, modified, mode, old_kind, old_size,
                 old_modified, in_the_way, unfinished, problem) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )?;
            for row in &rows {
                insert.execute(params![
                    row.from.join(&b'/'),
                    (row.from != row.to).then(|| row.to.join(&b'/')),
                    i64::try_from(row.to.len()).unwrap_or(i64::MAX),
                    action_number(row.action),
                    kind_number(row.facts.kind),
                    signed(row.facts.size),
                    row.facts.modified.map(signed),
                    row.facts.mode,
                    row.there.map(|there| kind_number(there.kind)),
                    row.there.map(|there| signed(there.size)),
                    row.there.and_then(|there| there.modified).map(signed),
                    row.in_the_way,
                    row.unfinished,
                    row.problem.as_ref().and_then(|problem| serde_json::to_string(problem).ok()),
                ])?;
            }
            Ok(())
        })
        .await
    }

    /// Something in a folder is left alone, so it and those above are not deleted.
    pub async fn keep_above(&self, names: &[Vec<u8>]) -> Result<()> {
        let above: Vec<Vec<u8>> = (1..=names.len()).map(|length| names[..length].join(&b'/')).collect();
        self.work(move |connection| {
            let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO kept (path) VALUES (?)")?;
            above.iter().try_for_each(|path| insert.execute([path]).map(drop))
        })
        .await
    }

    /// Everything was compared. Folders that are not empty at the end are not deleted, and what would have their places fails
    /// with `problem`.
    pub async fn complete(&self, problem: Problem) -> Result<()> {
        let problem = serde_json::to_string(&problem).map_err(|error| Fault::All(Error::internal(error)))?;
        self.work(move |connection| {
            connection.execute_batch(&format!(
                "DELETE FROM row WHERE action = {delete} AND coalesce(target, path) IN (SELECT path FROM kept);",
                delete = action_number(SyncAction::Delete)
            ))?;
            connection.execute(
                "UPDATE row SET action = ?1, problem = ?2
                 WHERE action != ?3 AND NOT unfinished AND old_kind = ?4 AND coalesce(target, path) IN (SELECT path FROM kept)",
                params![
                    action_number(SyncAction::Failed),
                    problem,
                    action_number(SyncAction::Delete),
                    kind_number(Kind::Directory)
                ],
            )?;
            connection.execute_batch(
                "CREATE INDEX by_action ON row (action, path); CREATE INDEX by_path ON row (path);
                 CREATE INDEX by_depth ON row (action, depth);",
            )
        })
        .await
    }

    /// How much there is of each action; what no person sees is not counted.
    pub async fn counts(&self) -> Result<Vec<SyncCount>> {
        self.work(|connection| {
            let mut counted = connection
                .prepare_cached("SELECT action, count(*), total(CASE WHEN kind = 0 THEN size ELSE 0 END) FROM row WHERE NOT unfinished GROUP BY action")?;
            let rows = counted.query_map([], |row| {
                Ok(SyncCount {
                    action: action(row.get(0)?),
                    count: row.get::<_, i64>(1)? as f64,
                    bytes: row.get(2)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// Some rows as a person sees them, by path.
    pub async fn shown(&self, actions: Vec<SyncAction>, from: u64, count: u32) -> Result<Vec<SyncRow>> {
        self.work(move |connection| {
            let wanted: Vec<String> = actions.iter().map(|&action| action_number(action).to_string()).collect();
            let mut query = connection.prepare(&format!(
                "SELECT {COLUMNS} FROM row WHERE NOT unfinished AND action IN ({}) ORDER BY path, id LIMIT ? OFFSET ?",
                wanted.join(",")
            ))?;
            let rows = query.query_map(params![count, signed(from)], read)?;
            rows.map(|row| row.map(view)).collect()
        })
        .await
    }

    /// The rows of a step after the one with that key, so many at most, each with its key.
    pub async fn page(&self, part: Part, after: Option<Key>, count: u32) -> Result<Vec<(Key, Row)>> {
        self.work(move |connection| {
            let number = action_number;
            let (wanted, backwards) = match part {
                Part::InTheWay => (format!("action = {} AND in_the_way", number(SyncAction::Delete)), true),
                Part::Folders => (format!("action = {} AND NOT unfinished", number(SyncAction::Folder)), false),
                Part::Files => (
                    format!(
                        "action IN ({}, {}, {})",
                        number(SyncAction::New),
                        number(SyncAction::Changed),
                        number(SyncAction::Link)
                    ),
                    false,
                ),
                Part::Finish => (format!("action = {}", number(SyncAction::Folder)), true),
                Part::Deletes => (format!("action = {} AND NOT in_the_way", number(SyncAction::Delete)), true),
                Part::Failed => (format!("action = {}", number(SyncAction::Failed)), false),
            };
            // Files go in the order of their names; what depends on each other goes level by level.
            let (order, beyond) = match (part, backwards) {
                (Part::Files | Part::Failed, _) => ("path, id", "(path, id) > (?2, ?3)"),
                (_, false) => ("depth, id", "(depth, id) > (?1, ?3)"),
                (_, true) => ("depth DESC, id DESC", "(depth, id) < (?1, ?3)"),
            };
            let beyond = if after.is_some() { beyond } else { "?1 IS ?1 AND ?2 IS ?2 AND ?3 IS ?3" };
            let mut query = connection.prepare_cached(&format!(
                "SELECT {COLUMNS}, depth, path, id FROM row WHERE {wanted} AND {beyond} ORDER BY {order} LIMIT ?4"
            ))?;
            let after = after.unwrap_or(Key { depth: 0, path: Vec::new(), id: 0 });
            let rows = query.query_map(params![after.depth, after.path, after.id, count], |row| {
                Ok((Key { depth: row.get(14)?, path: row.get(15)?, id: row.get(16)? }, read(row)?))
            })?;
            rows.collect()
        })
        .await
    }

    /// What is deleted after everything else.
    pub async fn deletes_left(&self) -> Result<u64> {
        let counted = self.work(|connection| {
            connection.query_row(
                "SELECT count(*) FROM row WHERE action = ? AND NOT in_the_way",
                [action_number(SyncAction::Delete)],
                |row| row.get::<_, i64>(0),
            )
        });
        Ok(counted.await?.unsigned_abs())
    }

    /// How many rows there are of an action.
    pub async fn count(&self, wanted: SyncAction) -> Result<u64> {
        let counted = self.work(move |connection| {
            connection.query_row(
                "SELECT count(*) FROM row WHERE action = ?",
                [action_number(wanted)],
                |row| row.get::<_, i64>(0),
            )
        });
        Ok(counted.await?.unsigned_abs())
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let rows = Arc::clone(&self.0);
        let done =
            tokio::task::spawn_blocking(move || work(&rows.lock().unwrap_or_else(PoisonError::into_inner)));
        done.await.map_err(internal)?.map_err(internal)
    }
}

/// Where a page ends.
#[derive(Debug, Clone)]
pub struct Key {
    pub depth: i64,
    path: Vec<u8>,
    id: i64,
}

const COLUMNS: &str = "path, target, action, kind, size, modified, mode, old_kind, old_size, old_modified, in_the_way, \
                       unfinished, problem, id";

fn read(row: &Record<'_>) -> rusqlite::Result<Row> {
    let names = |path: Vec<u8>| -> Vec<Vec<u8>> {
        if path.is_empty() {
            Vec::new()
        } else {
            path.split(|&byte| byte == b'/').map(<[u8]>::to_vec).collect()
        }
    };
    let from: Vec<u8> = row.get(0)?;
    let to: Option<Vec<u8>> = row.get(1)?;
    let size = |at| -> rusqlite::Result<u64> { Ok(row.get::<_, i64>(at)?.unsigned_abs()) };
    let time =
        |at| -> rusqlite::Result<Option<u64>> { Ok(row.get::<_, Option<i64>>(at)?.map(i64::unsigned_abs)) };
    let there = match row.get::<_, Option<i64>>(7)? {
        Some(old) => Some(Facts { kind: kind(old), size: size(8)?, modified: time(9)?, mode: None }),
        None => None,
    };
    let problem: Option<String> = row.get(12)?;
    Ok(Row {
        to: names(to.unwrap_or_else(|| from.clone())),
        from: names(from),
        action: action(row.get(2)?),
        facts: Facts { kind: kind(row.get(3)?), size: size(4)?, modified: time(5)?, mode: row.get(6)? },
        there,
        in_the_way: row.get(10)?,
        unfinished: row.get(11)?,
        problem: problem.and_then(|problem| serde_json::from_str(&problem).ok()),
    })
}

fn view(row: Row) -> SyncRow {
    let path = row.from.join(&b'/');
    SyncRow {
        path: path_text::to_text(&path),
        shown: bowline_sftp::Visible(&path).to_string(),
        action: row.action,
        is_folder: row.facts.kind == Kind::Directory,
        is_link: row.facts.kind == Kind::Link,
        size: row.facts.size as f64,
        modified: row.facts.modified.map(|at| at as f64),
        old_size: row.there.map(|there| there.size as f64),
        old_modified: row.there.and_then(|there| there.modified).map(|at| at as f64),
        problem: row.problem,
    }
}

fn action_number(action: SyncAction) -> i64 {
    ACTIONS.iter().position(|&other| other == action).and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}

fn action(number: i64) -> SyncAction {
    usize::try_from(number).ok().and_then(|at| ACTIONS.get(at).copied()).unwrap_or(SyncAction::Failed)
}

fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::File => 0,
        Kind::Directory => 1,
        Kind::Link => 2,
        Kind::Other => 3,
    }
}

fn kind(number: i64) -> Kind {
    match number {
        0 => Kind::File,
        1 => Kind::Directory,
        2 => Kind::Link,
        _ => Kind::Other,
    }
}

/// SQLite has signed numbers; no file is that long.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn internal(error: impl std::error::Error) -> Fault {
    // A temporary folder that is full is the only likely one.
    let message = format!("The comparison could not be kept in the temporary folder: {error}.");
    let error = Error::new(crate::error::ErrorCode::LocalFileFailed, message)
        .with("path", "a temporary file")
        .with("cause", error);
    Fault::All(error)
}
