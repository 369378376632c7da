//! Hosts as rows: the statements, and nothing about files or threads.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::host::order::natural;
use crate::host::{AuthMethod, Host, HostDraft, HostId, HostList, HostOptions};

const COLUMNS: &str = "id, label, group_name, address, port, user, auth, key_path, has_password, options";

pub fn list(connection: &Connection) -> rusqlite::Result<HostList> {
    let sql = format!("SELECT {COLUMNS} FROM host WHERE deleted_at IS NULL");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut hosts = statement.query_map([], host)?.collect::<rusqlite::Result<Vec<_>>>()?;
    hosts.sort_by(|a, b| {
        natural(&a.draft.group, &b.draft.group)
            .then_with(|| natural(a.name(), b.name()))
            .then_with(|| a.id.cmp(&b.id))
    });
    let mut groups: Vec<String> = hosts.iter().map(|host| host.draft.group.clone()).collect();
    groups.dedup();
    groups.retain(|group| !group.is_empty());
    Ok(HostList { hosts, groups })
}

/// A host on the list.
pub fn get(connection: &Connection, id: &HostId) -> rusqlite::Result<Option<Host>> {
    let sql = format!("SELECT {COLUMNS} FROM host WHERE id = ?1 AND deleted_at IS NULL");
    connection.prepare_cached(&sql)?.query_row([&id.0], host).optional()
}

pub fn insert(connection: &Connection, id: &HostId, draft: &HostDraft) -> rusqlite::Result<()> {
    let sql = format!("INSERT INTO host ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)");
    connection.prepare_cached(&sql)?.execute(params![
        id.0,
        draft.label,
        draft.group,
        draft.address,
        draft.port,
        draft.user,
        auth_name(draft.auth),
        draft.key_path,
        options_text(&draft.options),
    ])?;
    Ok(())
}

/// Whether there was such a host; so for all below.
pub fn update(connection: &Connection, id: &HostId, draft: &HostDraft) -> rusqlite::Result<bool> {
    let sql = "UPDATE host SET label = ?2, group_name = ?3, address = ?4, port = ?5, user = ?6, auth = ?7, key_path = ?8,
        options = ?9
        WHERE id = ?1 AND deleted_at IS NULL";
    let changed = connection.prepare_cached(sql)?.execute(params![
        id.0,
        draft.label,
        draft.group,
        draft.address,
        draft.port,
        draft.user,
        auth_name(draft.auth),
        draft.key_path,
        options_text(&draft.options),
    ])?;
    Ok(changed > 0)
}

pub fn set_deleted(connection: &Connection, id: &HostId, now_seconds: i64) -> rusqlite::Result<bool> {
    let sql = "UPDATE host SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL";
    Ok(connection.prepare_cached(sql)?.execute(params![id.0, now_seconds])? > 0)
}

/// Brings a deleted host back; one that is on the list stays as it is.
pub fn restore(connection: &Connection, id: &HostId) -> rusqlite::Result<bool> {
    let sql = "UPDATE host SET deleted_at = NULL WHERE id = ?1";
    Ok(connection.prepare_cached(sql)?.execute([&id.0])? > 0)
}

/// Deleted hosts move along, so that an undo brings them back into the group that the person sees.
pub fn rename_group(connection: &Connection, from: &str, to: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE host SET group_name = ?2 WHERE group_name = ?1";
    connection.prepare_cached(sql)?.execute([from, to])?;
    Ok(())
}

pub fn set_group(connection: &Connection, id: &HostId, group: &str) -> rusqlite::Result<bool> {
    let sql = "UPDATE host SET group_name = ?2 WHERE id = ?1 AND deleted_at IS NULL";
    Ok(connection.prepare_cached(sql)?.execute([&id.0, group])? > 0)
}

/// Deleted hosts too: the keyring may be tidied up before an undo.
pub fn set_has_password(connection: &Connection, id: &HostId, has_password: bool) -> rusqlite::Result<bool> {
    let sql = "UPDATE host SET has_password = ?2 WHERE id = ?1";
    Ok(connection.prepare_cached(sql)?.execute(params![id.0, has_password])? > 0)
}

/// Hosts deleted at this second or before it.
pub fn deleted_until(connection: &Connection, seconds: i64) -> rusqlite::Result<Vec<HostId>> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM host WHERE deleted_at <= ?1 ORDER BY deleted_at, id")?;
    statement.query_map([seconds], |row| row.get(0).map(HostId))?.collect()
}

pub fn forget(connection: &mut Connection, ids: &[HostId]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for id in ids {
        transaction.execute("DELETE FROM host WHERE id = ?1 AND deleted_at IS NOT NULL", [&id.0])?;
    }
    transaction.commit()
}

/// How many changes there were in the life of this database.
pub fn revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT number FROM revision", [], |row| row.get(0))
}

fn host(row: &Row<'_>) -> rusqlite::Result<Host> {
    Ok(Host {
        id: HostId(row.get(0)?),
        draft: HostDraft {
            label: row.get(1)?,
            group: row.get(2)?,
            address: row.get(3)?,
            port: row.get(4)?,
            user: row.get(5)?,
            auth: auth(&row.get::<_, String>(6)?),
            key_path: row.get(7)?,
            options: options(&row.get::<_, String>(9)?),
        },
        builtin: false,
        has_password: row.get(8)?,
        linked: None,
    })
}

fn options_text(options: &HostOptions) -> String {
    serde_json::to_string(options).unwrap_or_else(|_| "{}".to_owned())
}

/// What we do not know, and what makes no sense, is read as the default: one odd row must not hide all the others.
fn options(text: &str) -> HostOptions {
    serde_json::from_str(text).unwrap_or_default()
}

fn auth_name(auth: AuthMethod) -> &'static str {
    match auth {
        AuthMethod::Automatic => "automatic",
        AuthMethod::Password => "password",
        AuthMethod::Key => "key",
        AuthMethod::Agent => "agent",
        AuthMethod::KeyboardInteractive => "keyboard-interactive",
    }
}

/// A name that we never wrote is read as the default: one odd row must not hide all the others.
fn auth(name: &str) -> AuthMethod {
    let all = [AuthMethod::Password, AuthMethod::Key, AuthMethod::Agent, AuthMethod::KeyboardInteractive];
    all.into_iter().find(|auth| auth_name(*auth) == name).unwrap_or(AuthMethod::Automatic)
}
