//! The thread that owns the database and does what it is asked, one message after the other.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::copies::{Copies, DAY, Rotation};
use super::{Request, beside, fault, rows, snippets};
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::check::{NAME_MAX_CHARS, accept, accept_group};
use crate::host::{Host, HostDraft, HostId};

/// How long a deleted host can be brought back within one run of Bowline.
const UNDO: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub struct Owner {
    connection: Connection,
    path: PathBuf,
    /// Why nothing can be changed; then `connection` is only in memory.
    refusal: Option<Problem>,
    /// Hosts that were deleted already when this run began.
    deleted_before: Vec<HostId>,
    copied: Instant,
    /// SQLite's `data_version` when it was last looked at: it changes when another connection has written.
    data_version: i64,
    /// Last of all, so that the file is closed before anyone else may open it.
    _lock: Option<File>,
}

impl Owner {
    pub fn new(
        connection: Connection,
        path: PathBuf,
        refusal: Option<Problem>,
        lock: Option<File>,
    ) -> Result<Self> {
        let deleted_before =
            rows::deleted_until(&connection, i64::MAX).map_err(|error| fault::of_sqlite(&path, error))?;
        if refusal.is_none() {
            snippets::forget_deleted(&connection).map_err(|error| fault::of_sqlite(&path, error))?;
        }
        let data_version = data_version(&connection).map_err(|error| fault::of_sqlite(&path, error))?;
        let copied = Instant::now();
        let owner = Self { connection, path, refusal, deleted_before, copied, data_version, _lock: lock };
        owner.copy();
        Ok(owner)
    }

    /// Until the last handle is gone.
    pub(super) fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        while let Some(request) = requests.blocking_recv() {
            self.answer(request);
            if self.copied.elapsed() >= DAY {
                self.copied = Instant::now();
                self.copy();
            }
        }
    }

    /// Who asked may have given up meanwhile; what was asked is done all the same.
    fn answer(&mut self, request: Request) {
        match request {
            Request::List(reply) => drop(reply.send(self.try_sql(rows::list))),
            Request::Get(id, reply) => drop(reply.send(self.get(&id))),
            Request::Create(draft, reply) => drop(reply.send(self.create(draft))),
            Request::Update(id, draft, reply) => drop(reply.send(self.update(&id, draft))),
            Request::Duplicate(id, reply) => drop(reply.send(self.duplicate(&id))),
            Request::Delete(id, reply) => {
                let now = unix_seconds(SystemTime::now());
                drop(reply.send(self.change(&id, |connection| rows::set_deleted(connection, &id, now))));
            }
            Request::Restore(id, reply) => {
                let restored = self.change(&id, |connection| rows::restore(connection, &id));
                drop(reply.send(restored.and_then(|()| self.get(&id))));
            }
            Request::RenameGroup { from, to, reply } => drop(reply.send(self.rename_group(&from, &to))),
            Request::MoveToGroup(id, group, reply) => drop(reply.send(self.move_to_group(&id, &group))),
            Request::SetHasPassword(id, has, reply) => {
                drop(reply.send(self.change(&id, |connection| rows::set_has_password(connection, &id, has))));
            }
            Request::Forgettable(reply) => drop(reply.send(self.forgettable())),
            Request::Forget(ids, reply) => drop(reply.send(self.forget(&ids))),
            Request::ChangedElsewhere(reply) => drop(reply.send(self.changed_elsewhere())),
            Request::Snippet(request) => self.answer_snippet(request),
        }
    }

    fn changed_elsewhere(&mut self) -> Result<bool> {
        let now = self.try_sql(data_version)?;
        Ok(std::mem::replace(&mut self.data_version, now) != now)
    }

    /// One change that is made of several, all of them or none.
    pub(super) fn change_at_once<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.allow_change()?;
        beside::at_once(&mut self.connection, work).map_err(|error| fault::of_sqlite(&self.path, error))
    }

    fn get(&self, id: &HostId) -> Result<Host> {
        self.try_sql(|connection| rows::get(connection, id))?.ok_or_else(|| not_found(id))
    }

    fn create(&self, draft: HostDraft) -> Result<Host> {
        let draft = tidy(draft);
        accept(&draft)?;
        self.insert(&draft)
    }

    fn update(&self, id: &HostId, draft: HostDraft) -> Result<Host> {
        let draft = tidy(draft);
        accept(&draft)?;
        self.change(id, |connection| rows::update(connection, id, &draft))?;
        self.get(id)
    }

    /// Without a check: what was saved once can be saved twice, even if its key file is not there at the moment.
    fn duplicate(&self, id: &HostId) -> Result<Host> {
        let host = self.get(id)?;
        let taken: Vec<String> =
            self.try_sql(rows::list)?.hosts.iter().map(|host| host.name().to_owned()).collect();
        let label = next_name(host.name(), &taken);
        self.insert(&HostDraft { label, ..host.draft })
    }

    fn insert(&self, draft: &HostDraft) -> Result<Host> {
        self.allow_change()?;
        let id = HostId(uuid::Uuid::new_v4().to_string());
        self.try_sql(|connection| rows::insert(connection, &id, draft))?;
        self.get(&id)
    }

    fn rename_group(&self, from: &str, to: &str) -> Result<()> {
        let to = to.trim();
        accept_group(to)?;
        self.allow_change()?;
        self.try_sql(|connection| rows::rename_group(connection, from, to))
    }

    fn move_to_group(&self, id: &HostId, group: &str) -> Result<Host> {
        let group = group.trim();
        accept_group(group)?;
        self.change(id, |connection| rows::set_group(connection, id, group))?;
        self.get(id)
    }

    fn forgettable(&self) -> Result<Vec<HostId>> {
        let long_ago = unix_seconds(SystemTime::now() - UNDO);
        let deleted = self.try_sql(|connection| rows::deleted_until(connection, i64::MAX))?;
        let expired = self.try_sql(|connection| rows::deleted_until(connection, long_ago))?;
        Ok(deleted
            .into_iter()
            .filter(|id| self.deleted_before.contains(id) || expired.contains(id))
            .collect())
    }

    fn forget(&mut self, ids: &[HostId]) -> Result<()> {
        self.allow_change()?;
        rows::forget(&mut self.connection, ids).map_err(|error| fault::of_sqlite(&self.path, error))
    }

    /// A change to one host, which tells whether there is such a host.
    fn change(&self, id: &HostId, change: impl FnOnce(&Connection) -> rusqlite::Result<bool>) -> Result<()> {
        self.allow_change()?;
        if self.try_sql(change)? { Ok(()) } else { Err(not_found(id)) }
    }

    pub(super) fn allow_change(&self) -> Result<()> {
        self.refusal.clone().map_or(Ok(()), |problem| Err(Error::from(problem)))
    }

    pub(super) fn try_sql<T>(&self, sql: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        sql(&self.connection).map_err(|error| fault::of_sqlite(&self.path, error))
    }

    /// A copy that fails (a full disk) harms nothing now; the next day or start tries again.
    fn copy(&self) {
        if self.refusal.is_some() {
            return;
        }
        if let Err(error) = Copies::of(&self.path).take(&self.connection, Rotation::Daily) {
            tracing::warn!(%error, path = %self.path.display(), "no copy of the saved hosts could be made");
        }
    }
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

fn not_found(id: &HostId) -> Error {
    Error::new(
        ErrorCode::HostNotFound,
        format!("There is no saved host {id} any more. It was deleted; look at the list again."),
    )
    .with("host", id)
}

/// Spaces around a name make groups that look alike; in the other fields they are told to the person instead.
pub(super) fn tidy(draft: HostDraft) -> HostDraft {
    HostDraft { label: draft.label.trim().to_owned(), group: draft.group.trim().to_owned(), ..draft }
}

/// `web` becomes `web (2)`, and `web (2)` becomes `web (3)`: the first number that is free.
fn next_name(name: &str, taken: &[String]) -> String {
    let numbered = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    let base = match numbered {
        Some((base, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => name,
    };
    let candidate = |number: usize| {
        let ending = format!(" ({number})");
        let room = NAME_MAX_CHARS - ending.len();
        format!("{}{ending}", base.chars().take(room).collect::<String>())
    };
    // One of the first n + 1 candidates is not among n taken names.
    (2..=taken.len() + 2).map(candidate).find(|name| !taken.contains(name)).unwrap_or_else(|| candidate(2))
}

pub(super) fn unix_seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
