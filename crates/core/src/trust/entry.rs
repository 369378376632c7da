//! One line of a known_hosts file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::known_hosts as format;
use russh::keys::{Algorithm, HashAlg, PublicKey};
use sha1::Sha1;

use crate::host::pattern;
use crate::prompt::KnownKey;

pub(super) use format::Marker;

/// A line that could be understood, and where it stands.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: Arc<PathBuf>,
    /// Counted from 1.
    pub(super) line: u32,
    /// The file belongs to the system and not to the person.
    pub(super) global: bool,
    pub(super) content: Line,
}

impl std::ops::Deref for Entry {
    type Target = Line;

    fn deref(&self) -> &Line {
        &self.content
    }
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

/// What a line says.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) marker: Option<Marker>,
    pub(super) names: Names,
    pub(super) key: PublicKey,
    pub(super) comment: String,
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

    /// Whether the line can be about one host only: one name, hashed or without wildcards.
    pub(super) fn is_single(&self) -> bool {
        match &self.0 {
            format::HostPatterns::Patterns(patterns) => {
                patterns.len() == 1 && !patterns[0].contains(['*', '?', '!'])
            }
            format::HostPatterns::HashedName { .. } => true,
        }
    }

    /// The names as far as they can be read; hashed ones cannot.
    pub(super) fn readable(&self) -> &[String] {
        match &self.0 {
            format::HostPatterns::Patterns(patterns) => patterns,
            format::HostPatterns::HashedName { .. } => &[],
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
pub(super) fn parse_file(path: &Path, global: bool, text: &str) -> Vec<Entry> {
    let path = Arc::new(path.to_owned());
    text.split('\n')
        .zip(1u32..)
        .filter_map(|(line, number)| {
            let content = parse_line(line)?;
            Some(Entry { path: Arc::clone(&path), line: number, global, content })
        })
        .collect()
}

/// The keys of a file that `RevokedHostKeys` names, one in each line, as marked lines for every name.
pub(super) fn parse_revoked(path: &Path, text: &str) -> Vec<Entry> {
    let path = Arc::new(path.to_owned());
    let revoked = text.split('\n').zip(1u32..).filter_map(|(line, number)| {
        let key = PublicKey::from_openssh(line.trim()).ok()?;
        let names = Names(format::HostPatterns::Patterns(vec!["*".to_owned()]));
        let content = Line { marker: Some(Marker::Revoked), names, key, comment: String::new() };
        Some(Entry { path: Arc::clone(&path), line: number, global: true, content })
    });
    revoked.collect()
}

/// What a line says, or nothing for a comment or what cannot be understood.
pub(super) fn parse_line(line: &str) -> Option<Line> {
    let line = line.trim_matches([' ', '\t', '\r', '\n']);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (marker, line) = match line.starts_with('@') {
        true => {
            let (marker, line) = field(line);
            (Some(marker.parse().ok()?), line)
        }
        false => (None, line),
    };
    let (names, line) = field(line);
    let (algorithm, line) = field(line);
    let (base64, comment) = field(line);
    // A certificate is no key to trust, and the parser of certificates recurses as deep as its input says.
    if names.starts_with('@') || algorithm.contains("-cert-v0") {
        return None;
    }
    let key: PublicKey = format!("{algorithm} {base64}").parse().ok()?;
    if matches!(key.algorithm(), Algorithm::Other(_)) {
        return None;
    }
    Some(Line { marker, names: Names(names.parse().ok()?), key, comment: comment.to_owned() })
}

/// The first field of a line, which ends at blanks and tabs only, and the rest.
fn field(line: &str) -> (&str, &str) {
    let (field, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    (field, rest.trim_start_matches([' ', '\t']))
}

/// The line, as bytes with its end, no longer about `name`: nothing if nobody else is left on it. A wildcard that has the
/// name gets an exception, so that the other hosts that it stands for keep their key.
pub(super) fn without_name(line: &[u8], names: &Names, name: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(line);
    let kept: Vec<&str> =
        names.readable().iter().map(String::as_str).filter(|one| !one.eq_ignore_ascii_case(name)).collect();
    if !kept.iter().any(|pattern| !pattern.starts_with('!')) {
        return None;
    }
    let list = kept.iter().map(|pattern| pattern.to_ascii_lowercase()).collect::<Vec<_>>();
    let exception = match pattern::list_matches(list.iter().map(String::as_str), name) {
        true => format!("!{name},"),
        false => String::new(),
    };
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    let (indent, rest) = text.split_at(start);
    let after_names = rest.find([' ', '\t']).unwrap_or(rest.len());
    Some(format!("{indent}{exception}{}{}", kept.join(","), &rest[after_names..]).into_bytes())
}
