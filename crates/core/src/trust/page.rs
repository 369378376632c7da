//! The page of trusted keys: what stands in known_hosts, and taking a line out, with undo.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use russh::keys::HashAlg;
use serde::Serialize;
use ts_rs::TS;

use super::entry::{self, Entry, Line, Marker};
use super::{TrustStore, known_name, no_such_file, read_all, write};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::visible_line;

/// Lines that one page shows; whoever has more narrows the search.
const SHOWN_MAX: usize = 1000;
/// Hosts that each hashed line is tried with; a try costs a microsecond.
const HOSTS_TRIED_MAX: usize = 500;
/// Names and characters that are shown of one line.
const NAMES_SHOWN_MAX: usize = 32;
const TEXT_SHOWN_CHARS: usize = 200;
/// Removals that can be undone. The oldest is forgotten for one more.
const UNDO_MAX: usize = 64;

/// A line of a known_hosts file, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrustedKey {
    pub file: String,
    /// Counted from 1.
    pub line: u32,
    /// Names and patterns, made visible. Of a hashed line those of the person's hosts that it turns out to mean, if any.
    pub names: Vec<String>,
    /// The name stands there as a hash: it can be tried, but not read.
    pub hashed: bool,
    pub marker: Option<KeyMarker>,
    /// `ssh-ed25519` and so on.
    pub algorithm: String,
    /// `SHA256:...`
    pub fingerprint: String,
    pub comment: String,
    /// Whether the file is the person's own, so that the line can be taken out.
    pub writable: bool,
}

/// What a line is besides a trusted key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum KeyMarker {
    /// The key signs host certificates.
    CertAuthority,
    /// The key must never be accepted.
    Revoked,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrustedKeys {
    /// At most 1000, in the order of the files.
    pub keys: Vec<TrustedKey>,
    /// How many were found in all.
    pub found: u32,
    /// How many there are without a search.
    pub total: u32,
}

/// The lines that were taken out, for undo.
#[derive(Debug, Default)]
pub(super) struct Removals(Mutex<(u32, VecDeque<Removal>)>);

#[derive(Debug, Clone)]
struct Removal {
    id: u32,
    path: PathBuf,
    /// Counted from 0.
    index: usize,
    bytes: Vec<u8>,
}

impl TrustStore {
    /// The lines that a search finds: by a part of a name, fingerprint or comment, by the type, or by a whole host name, which
    /// finds wildcards and hashed names too (`host`, `[host]:port` or `host:port`). An empty search finds all. `hosts` are the
    /// names of hosts that hashed lines are tried with. It blocks.
    ///
    /// # Errors
    /// [`ErrorCode::KnownHostsUnreadable`].
    pub fn trusted_keys(&self, search: &str, hosts: &[String]) -> Result<TrustedKeys> {
        let entries = read_all(&self.user_files, &self.global_files)?;
        let search = Search::new(search);
        let (mut keys, mut found) = (Vec::new(), 0);
        let hosts = &hosts[..hosts.len().min(HOSTS_TRIED_MAX)];
        for entry in &entries {
            let hashed = entry.names.is_hashed();
            let tried: Vec<&String> =
                hosts.iter().filter(|host| hashed && entry.names.matches(host)).collect();
            if !search.finds(entry) && !tried.iter().any(|host| host.contains(&search.text)) {
                continue;
            }
            found += 1;
            if keys.len() < SHOWN_MAX {
                let mut key = shown(entry);
                key.names.extend(tried.into_iter().take(NAMES_SHOWN_MAX).cloned());
                keys.push(key);
            }
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(TrustedKeys { keys, found: count(found), total: count(entries.len()) })
    }

    /// Takes a line out of one of the person's files, if it still has that key. Returns the number to undo it by. It blocks.
    ///
    /// # Errors
    /// [`ErrorCode::TrustedKeyMoved`] when the line is another one meanwhile, [`ErrorCode::KnownHostsUnwritable`].
    pub fn remove_trusted_key(&self, file: &str, line: u32, fingerprint: &str) -> Result<u32> {
        let path = self.user_file(file)?;
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let mut taken = None;
        let rewritten = write::rewrite(path, |before| {
            let mut lines: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
            let same = lines.get(index).filter(|line| has_fingerprint(line, fingerprint))?;
            taken = Some(same.to_vec());
            lines.remove(index);
            Some(lines.concat())
        });
        rewritten.map_err(|cause| write::unwritable(path, &cause))?;
        let bytes = taken.ok_or_else(|| moved(file, line))?;
        Ok(self.removals.keep(Removal { id: 0, path: path.to_owned(), index, bytes }))
    }

    /// Puts a line back where it was. It blocks.
    ///
    /// # Errors
    /// [`ErrorCode::KnownHostsUnwritable`]; a bug if there is no such removal.
    pub fn restore_trusted_key(&self, id: u32) -> Result<()> {
        let removal = self.removals.get(id).ok_or_else(|| Error::internal("there is nothing to undo"))?;
        let Removal { path, index, mut bytes, .. } = removal;
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        let failed = |cause: std::io::Error| write::unwritable(&path, &cause);
        let put_back = write::rewrite(&path, |before| {
            let mut lines: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
            if index >= lines.len() {
                return None;
            }
            lines.insert(index, &bytes);
            Some(lines.concat())
        });
        if !put_back.map_err(failed)? {
            write::add(&path, &bytes).map_err(failed)?;
        }
        self.removals.forget(id);
        Ok(())
    }

    /// The window names files; only those of the person that are in use are touched.
    fn user_file(&self, file: &str) -> Result<&Path> {
        let named = |path: &&PathBuf| path.display().to_string() == file;
        self.user_files.iter().find(named).map(PathBuf::as_path).ok_or_else(|| no_such_file(Path::new(file)))
    }
}

impl Removals {
    fn keep(&self, removal: Removal) -> u32 {
        let (last_id, kept) = &mut *self.lock();
        *last_id += 1;
        if kept.len() >= UNDO_MAX {
            kept.pop_front();
        }
        kept.push_back(Removal { id: *last_id, ..removal });
        *last_id
    }

    fn get(&self, id: u32) -> Option<Removal> {
        self.lock().1.iter().find(|removal| removal.id == id).cloned()
    }

    fn forget(&self, id: u32) {
        self.lock().1.retain(|removal| removal.id != id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u32, VecDeque<Removal>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a person typed to find a key.
struct Search {
    text: String,
    /// The names that it may be in known_hosts.
    names: Vec<String>,
}

impl Search {
    fn new(typed: &str) -> Self {
        let text = typed.trim().to_ascii_lowercase();
        let mut names = vec![text.clone()];
        if let Some((host, port)) = text.rsplit_once(':')
            && let Ok(port) = port.parse()
            && !host.starts_with('[')
        {
            names.push(known_name(host, port));
        }
        Self { text, names }
    }

    fn finds(&self, entry: &Line) -> bool {
        let contains = |text: &str| text.to_ascii_lowercase().contains(&self.text);
        self.text.is_empty()
            || entry.names.readable().iter().any(|name| contains(name))
            || self.names.iter().any(|name| entry.names.matches(name))
            || contains(entry.key.algorithm().as_str())
            || contains(&entry.comment)
            || contains(&entry.key.fingerprint(HashAlg::Sha256).to_string())
    }
}

fn shown(entry: &Entry) -> TrustedKey {
    let text = |text: &str| visible_line(text).chars().take(TEXT_SHOWN_CHARS).collect::<String>();
    TrustedKey {
        file: entry.path_text(),
        line: entry.line,
        names: entry.names.readable().iter().take(NAMES_SHOWN_MAX).map(|name| text(name)).collect(),
        hashed: entry.names.is_hashed(),
        marker: entry.marker.map(|marker| match marker {
            Marker::CertAuthority => KeyMarker::CertAuthority,
            Marker::Revoked => KeyMarker::Revoked,
        }),
        algorithm: entry.key.algorithm().to_string(),
        fingerprint: entry.key.fingerprint(HashAlg::Sha256).to_string(),
        comment: text(&entry.comment),
        writable: !entry.global,
    }
}

fn has_fingerprint(line: &[u8], fingerprint: &str) -> bool {
    entry::parse_line(&String::from_utf8_lossy(line))
        .is_some_and(|line| line.key.fingerprint(HashAlg::Sha256).to_string() == fingerprint)
}

fn moved(file: &str, line: u32) -> Error {
    Error::new(
        ErrorCode::TrustedKeyMoved,
        format!(
            "The key was not removed, because line {line} of {file} is another one meanwhile. Look at the list again."
        ),
    )
    .with("path", file)
    .with("line", line)
}
