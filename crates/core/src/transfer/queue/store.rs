//! The queue on the disk: `transfers.sqlite` in the data folder, owned by one thread.
//!
//! What is to be written waits as the newest state of each row, so that it is bounded by the number of jobs and no caller
//! ever waits, unless it wants to know that something is on the disk (WAL with `synchronous=FULL`). The lock of the saved
//! hosts says that no other Bowline has this folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::watch;

use super::kept::Kept;
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::StoreNotice;
use crate::host::store::{aside, opening, schema};
use crate::transfer::job::{JobId, JobLimits};
use crate::transfer::resume::{Remembered, Source};

/// What could not be written is tried again so often, at the latest.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Unfinished files that wait while nothing can be written. Beyond that, those are forgotten first that need no remembering.
const PARTS_WAIT_MAX: usize = 20_000;

const DATABASE: &str = "transfers.sqlite";
/// "Bowt": a file of jobs.
const APPLICATION_ID: i32 = 0x426f_7774;
const VERSION: u32 = 1;
const TABLES: &str = "
    -- JSON, so that a new field needs no step; see `Kept`.
    CREATE TABLE job (id INTEGER PRIMARY KEY, place INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
    -- Files that are not whole yet, by their path there.
    CREATE TABLE part (
        job INTEGER NOT NULL, path BLOB NOT NULL,
        size INTEGER NOT NULL, modified INTEGER, verified INTEGER NOT NULL,
        PRIMARY KEY (job, path)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE limits (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), record TEXT NOT NULL) STRICT;
";

/// What was in the file at the start.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their turns.
    pub jobs: Vec<Kept>,
    pub limits: Option<JobLimits>,
    pub notices: Vec<StoreNotice>,
}

/// The way to the thread. Dropped, it waits until everything is written.
#[derive(Debug)]
pub struct JobStore {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    written: watch::Receiver<Written>,
}

#[derive(Debug)]
struct Shared {
    due: Mutex<Due>,
    wake: Condvar,
    path: PathBuf,
}

#[derive(Debug, Default)]
struct Due {
    /// With its place in the queue; None removes it.
    jobs: BTreeMap<JobId, Option<(usize, Kept)>>,
    parts: BTreeMap<(JobId, Vec<u8>), Option<Remembered>>,
    limits: Option<JobLimits>,
    /// Questions for the parts of a job.
    questions: Vec<(JobId, tokio::sync::oneshot::Sender<Parts>)>,
    /// Counts what was asked for.
    asked: u64,
    end: bool,
}

/// What is known of the unfinished files of a job, by path.
pub type Parts = BTreeMap<Vec<u8>, Remembered>;

/// Up to where everything is on the disk, and what the last write came to.
#[derive(Debug, Clone, Default)]
struct Written {
    asked: u64,
    problem: Option<Problem>,
}

impl JobStore {
    /// Opens the file in a folder that is there. It never fails: a queue that cannot be kept runs in memory, and the notices
    /// say so.
    pub fn open(folder: &Path) -> (Self, Found) {
        let path = folder.join(DATABASE);
        let mut found = Found::default();
        let connection = open(&path, &mut found).unwrap_or_else(|error| {
            tracing::warn!(%error, "the transfer queue cannot be kept");
            let problem = error.problem();
            found.notices.push(StoreNotice::JobsUnkept { path: path.display().to_string(), problem });
            None
        });
        let (tell, written) = watch::channel(Written::default());
        let shared = Arc::new(Shared { due: Mutex::default(), wake: Condvar::new(), path });
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("transfers".to_owned())
                .spawn(move || serve(&shared, connection, &tell))
        };
        let thread = Mutex::new(thread.inspect_err(|error| tracing::error!(%error, "no thread")).ok());
        (Self { shared, thread, written }, found)
    }

    pub fn put(&self, place: usize, job: Kept) {
        self.ask(|due| drop(due.jobs.insert(job.id, Some((place, job)))));
    }

    /// Takes a job and its parts out of the file.
    pub fn remove(&self, id: JobId) {
        self.ask(|due| {
            due.jobs.insert(id, None);
            due.parts.retain(|(job, _), _| *job != id);
        });
    }

    pub fn put_limits(&self, limits: JobLimits) {
        self.ask(|due| due.limits = Some(limits));
    }

    /// Remembers up to where a file was verified, or that it needs no remembering.
    pub fn put_part(&self, id: JobId, path: &[u8], part: Option<Remembered>) {
        self.ask(|due| {
            due.parts.insert((id, path.to_vec()), part);
        });
    }

    /// What is known of the unfinished files of a job.
    pub async fn parts(&self, id: JobId) -> Parts {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.ask(|due| due.questions.push((id, answer)));
        answered.await.unwrap_or_default()
    }

    /// Waits until everything that was asked for by now is on the disk.
    ///
    /// # Errors
    /// The disk is full, or the like.
    pub async fn settled(&self) -> Result<()> {
        let asked = self.due().asked;
        let mut written = self.written.clone();
        let settled = written.wait_for(|written| written.asked >= asked).await;
        match settled.as_deref() {
            Ok(Written { problem: Some(problem), .. }) => Err(problem.clone().into()),
            Ok(Written { problem: None, .. }) | Err(_) => Ok(()),
        }
    }

    fn ask(&self, change: impl FnOnce(&mut Due)) {
        let mut due = self.due();
        change(&mut due);
        due.asked += 1;
        drop(due);
        self.shared.wake.notify_one();
    }

    fn due(&self) -> std::sync::MutexGuard<'_, Due> {
        self.shared.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for JobStore {
    fn drop(&mut self) {
        self.ask(|due| due.end = true);
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

fn serve(shared: &Shared, mut connection: Option<Connection>, tell: &watch::Sender<Written>) {
    // What is not on the disk, since there is none.
    let mut in_memory: BTreeMap<(JobId, Vec<u8>), Remembered> = BTreeMap::new();
    let mut has_failed = false;
    loop {
        let mut due = next(shared, tell.borrow().asked, has_failed);
        let questions = std::mem::take(&mut due.questions);
        let problem = match &mut connection {
            Some(connection) => {
                write(connection, &due).err().map(|error| of_sqlite(&shared.path, error).problem())
            }
            None => {
                keep_in_memory(&mut in_memory, &due);
                None
            }
        };
        for (id, answer) in questions {
            let mut parts = match &connection {
                Some(connection) => parts(connection, id).unwrap_or_default(),
                None => {
                    let of_job = in_memory.iter().filter(|((job, _), _)| *job == id);
                    of_job.map(|((_, path), part)| (path.clone(), *part)).collect()
                }
            };
            if problem.is_some() {
                due.lay_over(id, &mut parts);
            }
            let _ = answer.send(parts);
        }
        let (asked, end) = (due.asked, due.end);
        match &problem {
            // Once, and not each time that it fails again.
            Some(problem) if !has_failed => {
                tracing::warn!(problem.message, "the transfer queue was not written, and is tried again");
            }
            None if has_failed => tracing::info!("the transfer queue is written again"),
            Some(_) | None => {}
        }
        has_failed = problem.is_some();
        if has_failed {
            shared.due.lock().unwrap_or_else(PoisonError::into_inner).give_back(due);
        }
        tell.send_replace(Written { asked, problem });
        if end {
            return;
        }
    }
}

/// Waits until there is something to write, or to write again.
fn next(shared: &Shared, told: u64, again: bool) -> Due {
    let due = shared.due.lock().unwrap_or_else(PoisonError::into_inner);
    let nothing_new = |due: &mut Due| due.asked == told && !due.end;
    let mut due = if again {
        let waited = shared.wake.wait_timeout_while(due, AGAIN_AFTER, nothing_new);
        waited.unwrap_or_else(PoisonError::into_inner).0
    } else {
        shared.wake.wait_while(due, nothing_new).unwrap_or_else(PoisonError::into_inner)
    };
    let next = Due { asked: due.asked, end: due.end, ..Due::default() };
    std::mem::replace(&mut *due, next)
}

impl Due {
    /// Takes back what could not be written. What was asked for since is newer.
    fn give_back(&mut self, failed: Due) {
        for (id, job) in failed.jobs {
            self.jobs.entry(id).or_insert(job);
        }
        for ((id, path), part) in failed.parts {
            if !matches!(self.jobs.get(&id), Some(None)) {
                self.parts.entry((id, path)).or_insert(part);
            }
        }
        if self.parts.len() > PARTS_WAIT_MAX {
            // A row too many costs nothing: its file is not there.
            self.parts.retain(|_, part| part.is_some());
            while self.parts.len() > PARTS_WAIT_MAX {
                self.parts.pop_first();
            }
        }
        self.limits = self.limits.or(failed.limits);
    }

    /// Brings what is known of a job up to what could not be written.
    fn lay_over(&self, id: JobId, parts: &mut Parts) {
        if matches!(self.jobs.get(&id), Some(None)) {
            parts.clear();
        }
        for ((job, path), part) in &self.parts {
            match part {
                _ if *job != id => {}
                Some(part) => drop(parts.insert(path.clone(), *part)),
                None => drop(parts.remove(path)),
            }
        }
    }
}

fn keep_in_memory(kept: &mut BTreeMap<(JobId, Vec<u8>), Remembered>, due: &Due) {
    for (key, part) in &due.parts {
        match part {
            Some(part) => drop(kept.insert(key.clone(), *part)),
            None => drop(kept.remove(key)),
        }
    }
    let removed = |id: &JobId| matches!(due.jobs.get(id), Some(None));
    kept.retain(|(id, _), _| !removed(id));
}

fn write(connection: &mut Connection, due: &Due) -> rusqlite::Result<()> {
    if due.jobs.is_empty() && due.parts.is_empty() && due.limits.is_none() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for (id, job) in &due.jobs {
        match job {
            Some((place, kept)) => {
                let record = serde_json::to_string(kept).unwrap_or_default();
                transaction.execute(
                    "INSERT OR REPLACE INTO job (id, place, record) VALUES (?1, ?2, ?3)",
                    params![id, i64::try_from(*place).unwrap_or(i64::MAX), record],
                )?;
            }
            None => {
                transaction.execute("DELETE FROM job WHERE id = ?1", [id])?;
                transaction.execute("DELETE FROM part WHERE job = ?1", [id])?;
            }
        }
    }
    for ((id, path), part) in &due.parts {
        match part {
            // SQLite has signed numbers; a file of 2^63 bytes fits nowhere.
            Some(Remembered { source, verified }) => transaction.execute(
                "INSERT OR REPLACE INTO part (job, path, size, modified, verified) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, path, source.size as i64, source.modified.map(|at| at as i64), *verified as i64],
            )?,
            None => transaction.execute("DELETE FROM part WHERE job = ?1 AND path = ?2", params![id, path])?,
        };
    }
    if let Some(limits) = &due.limits {
        let record = serde_json::to_string(limits).unwrap_or_default();
        transaction.execute("INSERT OR REPLACE INTO limits (only_row, record) VALUES (1, ?1)", [record])?;
    }
    transaction.commit()
}

fn parts(connection: &Connection, id: JobId) -> rusqlite::Result<Parts> {
    let mut rows = connection.prepare("SELECT path, size, modified, verified FROM part WHERE job = ?1")?;
    let parts = rows.query_map([id], |row| {
        let (size, modified, verified): (i64, Option<i64>, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let source = Source { size: size as u64, modified: modified.map(|at| at as u64) };
        Ok((row.get(0)?, Remembered { source, verified: verified as u64 }))
    })?;
    parts.collect()
}

fn open(path: &Path, found: &mut Found) -> Result<Option<Connection>> {
    let io = |error: std::io::Error| failed(path, &error.to_string());
    let sqlite = |error| of_sqlite(path, error);
    if !path.exists() {
        opening::create_private(path).map_err(io)?;
    }
    let mut connection = schema::open_writable(path).map_err(sqlite)?;
    if let Err(cause) = look(&connection) {
        tracing::error!(cause, path = %path.display(), "the file of the transfer queue cannot be used");
        drop(connection);
        let kept = aside::set_aside(path, "damaged", None).map_err(io)?;
        found.notices.push(StoreNotice::JobsSetAside { kept_as: kept.display().to_string() });
        connection = schema::open_writable(path).map_err(sqlite)?;
    }
    schema::make_durable(&connection).map_err(sqlite)?;
    prepare(&mut connection).map_err(sqlite)?;
    read(&connection, found).map_err(sqlite)?;
    Ok(Some(connection))
}

/// Whether the file is a good one of ours, or empty.
fn look(connection: &Connection) -> Result<(), String> {
    let number = |sql: &str| {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| error.to_string())
    };
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(()),
        (application, version, _)
            if application == i64::from(APPLICATION_ID) && version == i64::from(VERSION) =>
        {
            let report: rusqlite::Result<String> =
                connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
            match report {
                Ok(report) if report == "ok" => Ok(()),
                Ok(report) => Err(report),
                Err(error) => Err(error.to_string()),
            }
        }
        _ => Err(format!("it is no file of jobs of version {VERSION}")),
    }
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let version: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

fn read(connection: &Connection, found: &mut Found) -> rusqlite::Result<()> {
    let mut rows = connection.prepare("SELECT record FROM job ORDER BY place, id")?;
    for record in rows.query_map([], |row| row.get::<_, String>(0))? {
        match serde_json::from_str(&record?) {
            Ok(kept) => found.jobs.push(kept),
            Err(error) => tracing::warn!(%error, "a job in the file is not understood"),
        }
    }
    let limits: Option<String> =
        connection.query_row("SELECT record FROM limits", [], |row| row.get(0)).optional()?;
    found.limits = limits.and_then(|record| serde_json::from_str(&record).ok());
    Ok(())
}

fn of_sqlite(path: &Path, error: rusqlite::Error) -> Error {
    let code = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => ErrorCode::LocalDiskFull,
        _ => return failed(path, &error.to_string()),
    };
    Error::new(code, format!("The disk is full, so {} could not be written.", path.display()))
        .with("path", path.display())
        .because(error)
}

fn failed(path: &Path, cause: &str) -> Error {
    Error::new(
        ErrorCode::LocalFileFailed,
        format!("The transfer queue in {} cannot be kept: {cause}.", path.display()),
    )
    .with("path", path.display())
    .with("cause", cause)
}
