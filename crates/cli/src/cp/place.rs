//! Where a word of the command line lies, as scp(1) reads it: `[user@]host:[path]`, or a path here.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// One end of a copy, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Here(PathBuf),
    /// The path is bytes; empty is the home folder.
    There {
        host: String,
        path: Vec<u8>,
    },
}

impl Place {
    /// A colon makes it remote, unless a slash stands before it (`./a:b`) or it is the first character. IPv6 addresses are
    /// in brackets.
    ///
    /// # Errors
    /// A host that is no UTF-8, for the person.
    pub fn of(word: &OsStr) -> Result<Self, String> {
        let bytes = word.as_bytes();
        let Some(colon) = colon(bytes) else {
            return Ok(Self::Here(PathBuf::from(OsString::from_vec(bytes.to_vec()))));
        };
        let host = String::from_utf8(bytes[..colon].to_vec())
            .map_err(|_| format!("{}: the host is no UTF-8", word.to_string_lossy()))?;
        Ok(Self::There { host: unbracketed(&host), path: bytes[colon + 1..].to_vec() })
    }
}

/// Where the path begins (OpenSSH's `colon()` in misc.c).
fn colon(bytes: &[u8]) -> Option<usize> {
    if bytes.first() == Some(&b':') {
        return None;
    }
    let mut in_brackets = bytes.first() == Some(&b'[');
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'@' if bytes.get(at + 1) == Some(&b'[') => in_brackets = true,
            b']' if in_brackets && bytes.get(at + 1) == Some(&b':') => return Some(at + 1),
            b':' if !in_brackets => return Some(at),
            b'/' => return None,
            _ => {}
        }
    }
    None
}

/// An address in brackets stands by itself once the path is cut off.
fn unbracketed(host: &str) -> String {
    let (user, name) = host.rsplit_once('@').map_or(("", host), |(user, name)| (user, name));
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match (bare, user) {
        (None, _) => host.to_owned(),
        (Some(bare), "") => bare.to_owned(),
        (Some(bare), user) => format!("{user}@{bare}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str) -> Place {
        Place::of(OsStr::new(word)).expect("it is one")
    }

    #[test]
    fn a_colon_before_any_slash_makes_it_remote() {
        let there = |host: &str, path: &str| Place::There { host: host.to_owned(), path: path.into() };
        for (word, host, path) in [
            ("web:", "web", ""),
            ("web:a:b", "web", "a:b"),
            ("ada@web:/srv/x", "ada@web", "/srv/x"),
            ("my web:x", "my web", "x"),
            ("[::1]:x", "::1", "x"),
            ("ada@[fe80::1%eth0]:/x", "ada@fe80::1%eth0", "/x"),
        ] {
            assert_eq!(of(word), there(host, path), "{word}");
        }
        for word in ["a", "./a:b", "/a:b", ":a", "a/b:c", "[x]/b:c", "-"] {
            assert_eq!(of(word), Place::Here(word.into()), "{word}");
        }
    }

    #[test]
    fn paths_are_bytes_and_hosts_are_text() {
        let place = Place::of(OsStr::from_bytes(b"web:caf\xe9")).expect("it is one");
        assert_eq!(place, Place::There { host: "web".to_owned(), path: b"caf\xe9".to_vec() });
        assert!(Place::of(OsStr::from_bytes(b"w\xe9b:x")).is_err());
    }
}
