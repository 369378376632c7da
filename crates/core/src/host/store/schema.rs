//! The shape of the database, and whether a file has it.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// "Bowl", so that `file` and we know the file as ours (SQLite's documentation, "PRAGMA application_id").
const APPLICATION_ID: i32 = 0x426f_776c;

/// One step for each version; a released step is never changed. `PRAGMA user_version` is the number of steps done.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE host (
        id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        group_name TEXT NOT NULL,
        address TEXT NOT NULL,
        port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
        user TEXT NOT NULL,
        auth TEXT NOT NULL,
        key_path TEXT NOT NULL,
        has_password INTEGER NOT NULL CHECK (has_password IN (0, 1)),
        deleted_at INTEGER -- Unix seconds; NULL for a host on the list
    ) STRICT;
    -- Counts changes, so that a copy can tell whether it is still up to date.
    CREATE TABLE revision (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), number INTEGER NOT NULL) STRICT;
    INSERT INTO revision VALUES (1, 0);
    CREATE TRIGGER host_inserted AFTER INSERT ON host BEGIN UPDATE revision SET number = number + 1; END;
    CREATE TRIGGER host_updated AFTER UPDATE ON host BEGIN UPDATE revision SET number = number + 1; END;
    CREATE TRIGGER host_deleted AFTER DELETE ON host BEGIN UPDATE revision SET number = number + 1; END;
",
    "
    -- JSON, so that one more option needs no step; see HostOptions.
    ALTER TABLE host ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
",
    "
    CREATE TABLE snippet (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        press_enter INTEGER NOT NULL CHECK (press_enter IN (0, 1)),
        deleted_at INTEGER -- Unix seconds; NULL for a snippet on the list
    ) STRICT;
    CREATE TRIGGER snippet_inserted AFTER INSERT ON snippet BEGIN UPDATE revision SET number = number + 1; END;
    CREATE TRIGGER snippet_updated AFTER UPDATE ON snippet BEGIN UPDATE revision SET number = number + 1; END;
    CREATE TRIGGER snippet_deleted AFTER DELETE ON snippet BEGIN UPDATE revision SET number = number + 1; END;
",
];

/// The version that this Bowline writes.
pub fn version() -> u32 {
    MIGRATIONS.len() as u32
}

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing was ever written to it.
    Empty,
    Good,
    /// Written by an older Bowline, this many steps of migration ago or more.
    Older {
        version: u32,
    },
    Newer {
        version: u32,
    },
    Damaged {
        cause: String,
    },
}

/// Looks at the whole file. An error is one of reaching it (locked, unreadable), not one of its content.
pub fn inspect(connection: &Connection) -> rusqlite::Result<Condition> {
    match try_inspect(connection) {
        Err(error) => match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Ok(Condition::Damaged { cause: error.to_string() })
            }
            _ => Err(error),
        },
        condition => condition,
    }
}

fn try_inspect(connection: &Connection) -> rusqlite::Result<Condition> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(Condition::Empty);
    }
    if application != i64::from(APPLICATION_ID) {
        return Ok(Condition::Damaged { cause: "it is not a file of Bowline's".to_owned() });
    }
    let Ok(version) = u32::try_from(version) else {
        return Ok(Condition::Damaged { cause: format!("its version is {version}") });
    };
    // Before the check of its pages: a newer SQLite may have written what ours takes for damage.
    if version > self::version() {
        return Ok(Condition::Newer { version });
    }
    let report: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if report != "ok" {
        return Ok(Condition::Damaged { cause: report });
    }
    Ok(if version < self::version() { Condition::Older { version } } else { Condition::Good })
}

/// Brings an empty or older database to the present shape; all of it or nothing.
pub fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let done: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for step in MIGRATIONS.iter().skip(done as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version())?;
    transaction.commit()
}

/// Opens a file for writing and sets how it is written. The file has to exist, with its permissions already narrow:
/// SQLite gives them to `-wal` and `-shm` too.
pub fn open_writable(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // Never run code that a prepared file brings along in its schema.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// From here on an acknowledged change is on the disk.
pub fn make_durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")
}

/// Opens a file for reading. With `Immutable` SQLite touches nothing beside it, not even a `-shm` file; that is only
/// right when nobody writes and no `-wal` file holds changes.
pub fn open_readable(path: &Path, reading: Reading) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match reading {
        Reading::Shared => Connection::open_with_flags(path, flags)?,
        Reading::Immutable => {
            let uri = format!("file:{}?immutable=1", percent_encoded(path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        }
    };
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Shared,
    Immutable,
}

/// A path as SQLite wants it in a URI (SQLite's documentation, "Uniform Resource Identifiers", 3.1).
fn percent_encoded(path: &Path) -> String {
    let mut uri = String::new();
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { format!("/{}", text.replace('\\', "/")) } else { text.into_owned() };
    for c in text.chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            c => uri.push(c),
        }
    }
    uri
}
