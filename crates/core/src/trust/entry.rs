//! One line of a known_hosts file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::known_hosts as format;
use russh::keys::{HashAlg, PublicKey};
use sha1::Sha1;

use crate::host::pattern;
use crate::prompt::KnownKey;

pub(super) use format::Marker;

/// A line that could be understood.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: Arc<PathBuf>,
    /// Counted from 1.
    pub(super) line: u32,
    pub(super) marker: Option<Marker>,
    pub(super) names: Names,
    pub(super) key: PublicKey,
}

impl Entry {
    pub(super) fn path_text(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn known_key(&self) -> KnownKey {
        KnownKey {
            algorithm: self.key.algorithm().to_string(),
            fingerprint: self.key.fingerprint(HashAlg::Sha256).to_string(),
            path: self.path_text(),
            line: self.line,
        }
    }
}

/// Whom a line is about.
#[derive(Debug)]
pub(super) struct Names(format::HostPatterns);

impl Names {
    /// Whether the line is about `name` (a host, or `[host]:port`), in lower case.
    pub(super) fn matches(&self, name: &str) -> bool {
        match &self.0 {
            format::HostPatterns::Patterns(patterns) => {
                let patterns: Vec<String> =
                    patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
                pattern::list_matches(patterns.iter().map(String::as_str), name)
            }
            format::HostPatterns::HashedName { salt, hash } => {
                hashed(salt, name).is_some_and(|of_name| of_name == *hash)
            }
        }
    }

    pub(super) fn is_hashed(&self) -> bool {
        matches!(self.0, format::HostPatterns::HashedName { .. })
    }

    /// The names as far as they can be read; hashed ones cannot.
    pub(super) fn readable(self) -> Vec<String> {
        match self.0 {
            format::HostPatterns::Patterns(patterns) => patterns,
            format::HostPatterns::HashedName { .. } => Vec::new(),
        }
    }
}

/// HMAC-SHA1 of a name under a salt, as known_hosts stores it.
pub(super) fn hashed(salt: &[u8], name: &str) -> Option<[u8; 20]> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(name.as_bytes());
    Some(mac.finalize().into_bytes().into())
}

/// The lines of a file that can be understood. As in OpenSSH, others (newer key types, comments) are passed over.
pub(super) fn parse_file(path: &Path, text: &str) -> Vec<Entry> {
    let path = Arc::new(path.to_owned());
    text.lines()
        .zip(1u32..)
        .filter_map(|(line, number)| {
            let (marker, names, key) = parse_line(line)?;
            Some(Entry { path: Arc::clone(&path), line: number, marker, names, key })
        })
        .collect()
}

/// Marker, names and key of a line, or nothing for a comment or what cannot be understood.
pub(super) fn parse_line(line: &str) -> Option<(Option<Marker>, Names, PublicKey)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    // The parser wants single spaces; sshd(8) allows tabs and runs.
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let entry: format::Entry = line.parse().ok()?;
    let (marker, key) = (entry.marker().copied(), entry.public_key().clone());
    Some((marker, Names(entry.into()), key))
}
