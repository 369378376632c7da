//! Copies that another program changed and that never got to their host, since the app ended before: beside each copy lies a
//! note of where it belongs and of what the host has of it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::look::{Hash, hash};
use crate::files::look::ShownPath;
use crate::host::{HostId, StoreNotice};

/// Notes that are looked at, at the start: as many as files can be open, for a few ends that were no good.
const NOTES_MAX: usize = 128;
/// Files whose names are told; the others are counted.
const NAMES_MAX: usize = 5;
/// A note is a path and little more.
const NOTE_MAX_BYTES: u64 = 64 * 1024;
const ENDING: &str = "json";

/// What lies beside the folder of a copy.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    host: HostId,
    /// As it is shown.
    path: String,
    /// The name of the copy in its folder.
    file: PathBuf,
    /// What the host is known to have.
    sent: Hash,
}

fn note_of(folder: &Path) -> PathBuf {
    folder.with_extension(ENDING)
}

/// Notes what the host has of a copy by now.
///
/// # Errors
/// The disk is full, or the like.
pub fn note(file: &Path, host: &HostId, path: &ShownPath, sent: Hash) -> io::Result<()> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let note = Note { host: host.clone(), path: path.shown.clone(), file: name.into(), sent };
    let to = note_of(folder);
    let new = to.with_extension("new");
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(&serde_json::to_vec(&note).map_err(io::Error::other)?)?;
    std::fs::rename(new, to)
}

/// Forgets a copy that is gone.
pub fn forget(folder: &Path) {
    if let Err(error) = std::fs::remove_file(note_of(folder))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the note of a file that was edited stays");
    }
}

/// Removes what the hosts have, and tells of what they have not. Call only while nobody else uses the folder.
pub fn see_to(below: &Path, most_bytes: u64) -> Option<StoreNotice> {
    let entries = std::fs::read_dir(below).ok()?;
    let notes = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let notes = notes.filter(|path| path.extension().is_some_and(|ending| ending == ENDING));
    let (mut paths, mut count) = (Vec::new(), 0);
    for at in notes.take(NOTES_MAX) {
        let folder = at.with_extension("");
        let Some(note) =
            read(&at, NOTE_MAX_BYTES).and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok())
        else {
            continue;
        };
        // A name, and no way out of the folder.
        let file = note.file.file_name().map(|name| folder.join(name));
        let is_sent = match file.filter(|file| file.exists()) {
            Some(file) => read(&file, most_bytes).is_some_and(|bytes| hash(&bytes) == note.sent),
            // There is nothing to be lost.
            None => !folder.exists(),
        };
        if is_sent {
            if folder.exists()
                && let Err(error) = std::fs::remove_dir_all(&folder)
            {
                tracing::warn!(%error, "a copy that was sent stays");
                continue;
            }
            forget(&folder);
        } else {
            count += 1;
            paths.push(note.path);
        }
    }
    paths.sort();
    paths.truncate(NAMES_MAX);
    (count > 0).then(|| StoreNotice::EditsLeft { folder: below.display().to_string(), count, paths })
}

/// Nothing of what is larger, or cannot be read.
fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|there| there.is_file() && there.len() <= most);
    if is_file { std::fs::read(path).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(below: &Path, name: &str, holds: &[u8], sent: &[u8]) -> PathBuf {
        let folder = below.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        let file = folder.join("a.txt");
        std::fs::write(&file, holds).expect("written");
        let path = ShownPath { path: format!("/srv/{name}"), shown: format!("/srv/{name}") };
        note(&file, &HostId("web-01".into()), &path, hash(sent)).expect("noted");
        folder
    }

    #[test]
    fn what_a_host_has_is_removed_and_the_rest_is_told_of() {
        let below = tempfile::tempdir().expect("a folder");
        assert_eq!(see_to(&below.path().join("none"), 100), None);
        let sent = copy(below.path(), "sent", b"same", b"same");
        assert_eq!(see_to(below.path(), 100), None);
        assert!(!sent.exists() && !note_of(&sent).exists());
        let (changed, large) =
            (copy(below.path(), "changed", b"mine", b"theirs"), copy(below.path(), "large", &[1; 101], b"x"));
        let other = below.path().join("other");
        std::fs::create_dir(&other).expect("a folder");
        let wanted = StoreNotice::EditsLeft {
            folder: below.path().display().to_string(),
            count: 2,
            paths: vec!["/srv/changed".into(), "/srv/large".into()],
        };
        assert_eq!(see_to(below.path(), 100), Some(wanted));
        assert!(changed.join("a.txt").exists() && large.exists() && other.exists());
        // A person has seen to it.
        std::fs::remove_dir_all(&large).expect("removed");
        std::fs::remove_dir_all(&changed).expect("removed");
        assert_eq!(see_to(below.path(), 100), None);
        assert!(!note_of(&large).exists());
    }
}
