//! Snippets in the same file: their statements, and what its thread does with them.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::owner::{Owner, unix_seconds};
use super::{HostStore, Reply, Request};
use crate::error::Result;
use crate::snippet::{self, SNIPPETS_MAX, Snippet, SnippetDraft, SnippetEntry, SnippetId};

/// What the thread can be asked about snippets.
#[derive(Debug)]
pub enum SnippetRequest {
    List(String, Reply<Vec<SnippetEntry>>),
    Get(SnippetId, Reply<Snippet>),
    Create(SnippetDraft, Reply<Snippet>),
    Update(SnippetId, SnippetDraft, Reply<Snippet>),
    Delete(SnippetId, Reply<()>),
    Restore(SnippetId, Reply<Snippet>),
}

impl HostStore {
    /// Those that a search finds, by name; an empty one finds all.
    pub async fn snippets(&self, search: String) -> Result<Vec<SnippetEntry>> {
        self.ask(|reply| Request::Snippet(SnippetRequest::List(search, reply))).await
    }

    /// One with its whole text; [`SnippetNotFound`](crate::error::ErrorCode::SnippetNotFound) also for a deleted one.
    pub async fn snippet(&self, id: SnippetId) -> Result<Snippet> {
        self.ask(|reply| Request::Snippet(SnippetRequest::Get(id, reply))).await
    }

    /// Saves a new one, if it is acceptable ([`SnippetInvalid`](crate::error::ErrorCode::SnippetInvalid) otherwise).
    pub async fn create_snippet(&self, draft: SnippetDraft) -> Result<Snippet> {
        self.ask(|reply| Request::Snippet(SnippetRequest::Create(draft, reply))).await
    }

    /// Changes one, with the same check.
    pub async fn update_snippet(&self, id: SnippetId, draft: SnippetDraft) -> Result<Snippet> {
        self.ask(|reply| Request::Snippet(SnippetRequest::Update(id, draft, reply))).await
    }

    /// Takes it off the list. Until the next start it can be brought back.
    pub async fn delete_snippet(&self, id: SnippetId) -> Result<()> {
        self.ask(|reply| Request::Snippet(SnippetRequest::Delete(id, reply))).await
    }

    /// Undoes a [`delete_snippet`](Self::delete_snippet).
    pub async fn restore_snippet(&self, id: SnippetId) -> Result<Snippet> {
        self.ask(|reply| Request::Snippet(SnippetRequest::Restore(id, reply))).await
    }
}

impl Owner {
    /// Who asked may have given up meanwhile; what was asked is done all the same.
    pub(super) fn answer_snippet(&self, request: SnippetRequest) {
        match request {
            SnippetRequest::List(search, reply) => drop(reply.send(self.list_snippets(&search))),
            SnippetRequest::Get(id, reply) => drop(reply.send(self.get_snippet(&id))),
            SnippetRequest::Create(draft, reply) => drop(reply.send(self.create_snippet(draft))),
            SnippetRequest::Update(id, draft, reply) => drop(reply.send(self.update_snippet(&id, draft))),
            SnippetRequest::Delete(id, reply) => {
                let now = unix_seconds(SystemTime::now());
                let deleted = self.change_snippet(&id, |connection| set_deleted(connection, &id, Some(now)));
                drop(reply.send(deleted));
            }
            SnippetRequest::Restore(id, reply) => drop(reply.send(self.restore_snippet(&id))),
        }
    }

    fn list_snippets(&self, search: &str) -> Result<Vec<SnippetEntry>> {
        let mut found = self.try_sql(|connection| list(connection, search))?;
        found.sort_by_cached_key(|entry| entry.name.to_lowercase());
        Ok(found)
    }

    fn get_snippet(&self, id: &SnippetId) -> Result<Snippet> {
        self.try_sql(|connection| get(connection, id))?.ok_or_else(|| snippet::not_found(id))
    }

    fn create_snippet(&self, draft: SnippetDraft) -> Result<Snippet> {
        self.allow_change()?;
        let draft = snippet::accept(draft)?;
        let id = SnippetId(uuid::Uuid::new_v4().to_string());
        self.has_room()?;
        self.name_is_free(&draft.name, &id)?;
        self.try_sql(|connection| insert(connection, &id, &draft))?;
        self.get_snippet(&id)
    }

    fn update_snippet(&self, id: &SnippetId, draft: SnippetDraft) -> Result<Snippet> {
        let draft = snippet::accept(draft)?;
        self.name_is_free(&draft.name, id)?;
        self.change_snippet(id, |connection| update(connection, id, &draft))?;
        self.get_snippet(id)
    }

    fn restore_snippet(&self, id: &SnippetId) -> Result<Snippet> {
        self.has_room()?;
        let name = self.try_sql(|connection| deleted_name(connection, id))?;
        // Another one may have taken its name meanwhile.
        if let Some(name) = name {
            self.name_is_free(&name, id)?;
        }
        self.change_snippet(id, |connection| set_deleted(connection, id, None))?;
        self.get_snippet(id)
    }

    fn change_snippet(
        &self,
        id: &SnippetId,
        change: impl FnOnce(&Connection) -> rusqlite::Result<bool>,
    ) -> Result<()> {
        self.allow_change()?;
        if self.try_sql(change)? { Ok(()) } else { Err(snippet::not_found(id)) }
    }

    fn has_room(&self) -> Result<()> {
        if self.try_sql(count)? < SNIPPETS_MAX { Ok(()) } else { Err(snippet::invalid("too-many")) }
    }

    fn name_is_free(&self, name: &str, of: &SnippetId) -> Result<()> {
        if self.try_sql(|connection| is_taken(connection, name, of))? {
            return Err(snippet::invalid("name-taken"));
        }
        Ok(())
    }
}

const COLUMNS: &str = "id, name, text, press_enter";

fn list(connection: &Connection, search: &str) -> rusqlite::Result<Vec<SnippetEntry>> {
    let sql = format!("SELECT {COLUMNS} FROM snippet WHERE deleted_at IS NULL");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for snippet in statement.query_map([], row_of)? {
        let snippet = snippet?;
        if snippet::is_found(&snippet.draft, search) {
            found.push(SnippetEntry::of(&snippet));
        }
    }
    Ok(found)
}

fn get(connection: &Connection, id: &SnippetId) -> rusqlite::Result<Option<Snippet>> {
    let sql = format!("SELECT {COLUMNS} FROM snippet WHERE id = ?1 AND deleted_at IS NULL");
    connection.prepare_cached(&sql)?.query_row([&id.0], row_of).optional()
}

fn insert(connection: &Connection, id: &SnippetId, draft: &SnippetDraft) -> rusqlite::Result<()> {
    let sql = format!("INSERT INTO snippet ({COLUMNS}) VALUES (?1, ?2, ?3, ?4)");
    connection.prepare_cached(&sql)?.execute(params![id.0, draft.name, draft.text, draft.press_enter])?;
    Ok(())
}

/// Whether there was such a snippet; so for all below.
fn update(connection: &Connection, id: &SnippetId, draft: &SnippetDraft) -> rusqlite::Result<bool> {
    let sql =
        "UPDATE snippet SET name = ?2, text = ?3, press_enter = ?4 WHERE id = ?1 AND deleted_at IS NULL";
    let row = params![id.0, draft.name, draft.text, draft.press_enter];
    Ok(connection.prepare_cached(sql)?.execute(row)? > 0)
}

fn set_deleted(connection: &Connection, id: &SnippetId, at: Option<i64>) -> rusqlite::Result<bool> {
    let sql = "UPDATE snippet SET deleted_at = ?2 WHERE id = ?1 AND (deleted_at IS NULL) = (?2 IS NOT NULL)";
    Ok(connection.prepare_cached(sql)?.execute(params![id.0, at])? > 0)
}

fn deleted_name(connection: &Connection, id: &SnippetId) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT name FROM snippet WHERE id = ?1";
    connection.prepare_cached(sql)?.query_row([&id.0], |row| row.get(0)).optional()
}

fn count(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT count(*) FROM snippet WHERE deleted_at IS NULL", [], |row| row.get(0))
}

fn is_taken(connection: &Connection, name: &str, but: &SnippetId) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM snippet WHERE name = ?1 AND id <> ?2 AND deleted_at IS NULL)";
    connection.prepare_cached(sql)?.query_row(params![name, but.0], |row| row.get(0))
}

/// Those that nobody can bring back any more, at a start.
pub fn forget_deleted(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM snippet WHERE deleted_at IS NOT NULL", [])?;
    Ok(())
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<Snippet> {
    let draft = SnippetDraft { name: row.get(1)?, text: row.get(2)?, press_enter: row.get(3)? };
    Ok(Snippet { id: SnippetId(row.get(0)?), draft })
}
