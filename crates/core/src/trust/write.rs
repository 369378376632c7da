//! Changes to a known_hosts file. It belongs to the person, and OpenSSH, which takes no lock, writes to it too: lines are
//! added by appending, as OpenSSH does, and a file that has to be made anew takes along what was appended meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use russh::keys::PublicKey;

use super::entry;
use super::files::{FILE_MAX_BYTES, holds_nothing};
use crate::error::{Error, ErrorCode, Result};

const SALT_BYTES: usize = 20;
/// Another Bowline holds its lock for the time of one write, and whoever waited for it finds the file replaced and begins anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// Adds a line for each key at the end: hashed as `hash` says or, without it, if the file has hashed names.
pub(super) fn append(path: &Path, name: &str, keys: &[PublicKey], hash: Option<bool>) -> Result<()> {
    let failed = |cause: io::Error| unwritable(path, &cause);
    let hash = match hash {
        Some(hash) => hash,
        None => has_hashed_names(&read(path).map_err(failed)?),
    };
    let mut lines = String::new();
    for key in keys {
        let shown_name = if hash { hashed_name(name)? } else { name.to_owned() };
        let mut key = key.clone();
        key.set_comment("");
        let key = key.to_openssh().map_err(Error::internal)?;
        lines.push_str(&format!("{shown_name} {}\n", key.trim_end()));
    }
    add(path, lines.as_bytes()).map_err(failed)
}

/// Adds whole lines at the end.
pub(super) fn add(path: &Path, lines: &[u8]) -> io::Result<()> {
    if holds_nothing(path) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.exists()) {
        create_private_folder(folder)?;
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let mut file = open_locked(path, true, deadline)?;
        let mut bytes = Vec::with_capacity(lines.len() + 1);
        // A line of somebody else's without its end would swallow ours.
        if !ends_with_newline(&mut file)? {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(lines);
        // One write in append mode: neither it nor what others append at the same time is torn.
        file.write_all(&bytes)?;
        file.sync_data()?;
        if is_at(&file, path) {
            return Ok(());
        }
    }
    Err(io::Error::other("another program replaces it all the time"))
}

/// Makes a file anew: `change` gets its content, and says what it is to be or that nothing is to be done. Owner, mode and a
/// symbolic link to it stay. Returns whether something was done.
pub(super) fn rewrite(path: &Path, mut change: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> io::Result<bool> {
    if holds_nothing(path) {
        return Ok(false);
    }
    let path = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let mut old = open_locked(&path, false, deadline)?;
        let mut before = Vec::new();
        Read::by_ref(&mut old).take(FILE_MAX_BYTES).read_to_end(&mut before)?;
        let Some(after) = change(&before) else { return Ok(false) };
        let new = beside(&path, &old, &after)?;
        let length = old.metadata()?.len();
        // Somebody else replaced it or wrote it from the start meanwhile: what was read is stale.
        if !is_at(&old, &path) || length < before.len() as u64 {
            continue;
        }
        move_over(new, &path)?;
        // An ssh that had opened the old file wrote its new line there.
        take_over_tail(&mut old, &path)?;
        sync_folder(&path);
        take_over_tail(&mut old, &path)?;
        return Ok(true);
    }
    Err(io::Error::other("another program replaces it all the time"))
}

/// Changes a file line by line: each keeps its bytes, gets others, or goes.
pub(super) fn rewrite_lines(path: &Path, mut change: impl FnMut(&[u8]) -> LineChange) -> Result<()> {
    let rewritten = rewrite(path, |before| {
        let mut after = Vec::with_capacity(before.len());
        for line in before.split_inclusive(|byte| *byte == b'\n') {
            match change(line) {
                LineChange::Keep => after.extend_from_slice(line),
                LineChange::Replace(other) => after.extend_from_slice(&other),
                LineChange::Remove => {}
            }
        }
        (after != before).then_some(after)
    });
    rewritten.map(drop).map_err(|cause| unwritable(path, &cause))
}

pub(super) enum LineChange {
    Keep,
    Replace(Vec<u8>),
    Remove,
}

pub(super) fn unwritable(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::KnownHostsUnwritable,
        format!("The trusted host keys in {} could not be changed: {cause}.", path.display()),
    )
    .with("path", path.display())
    .with("cause", cause)
}

/// Whether any line, with or without a marker, begins with a hashed name.
fn has_hashed_names(content: &[u8]) -> bool {
    content.split(|byte| *byte == b'\n').any(|line| {
        let mut fields = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|field| !field.is_empty());
        let first = fields.find(|field| !field.starts_with(b"@"));
        first.is_some_and(|names| names.starts_with(b"|1|"))
    })
}

fn hashed_name(name: &str) -> Result<String> {
    use russh::keys::ssh_key::known_hosts::HostPatterns;
    let mut salt = vec![0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(Error::internal)?;
    let hash = entry::hashed(&salt, name).ok_or_else(|| Error::internal("the salt has a wrong length"))?;
    Ok(HostPatterns::HashedName { salt, hash }.to_string())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if holds_nothing(path) {
        return Ok(Vec::new());
    }
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    }
}

fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Opens for reading and appending, and keeps other Bowlines out until the file is closed.
fn open_locked(path: &Path, create: bool, deadline: Instant) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(create);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    while Instant::now() < deadline {
        let file = options.open(path)?;
        lock(&file, deadline)?;
        if is_at(&file, path) {
            return Ok(file);
        }
    }
    Err(io::Error::other("another program replaces it all the time"))
}

/// An advisory lock, which ends with the file. On Windows a lock would keep ssh from reading, so there is none.
#[cfg(unix)]
fn lock(file: &File, deadline: Instant) -> io::Result<()> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(fs::TryLockError::WouldBlock) => {
                return Err(io::Error::other("another program has locked it"));
            }
            // A file system without locks: appending is safe there too.
            Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(());
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(not(unix))]
fn lock(_file: &File, _deadline: Instant) -> io::Result<()> {
    Ok(())
}

/// Whether the open file is still what the path names.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata()
        .map(identity)
        .is_ok_and(|own| fs::metadata(path).map(identity).is_ok_and(|named| own == named))
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// A new file beside the old one, complete on the disk, with the old one's owner and mode.
fn beside(path: &Path, old: &File, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".known_hosts-").tempfile_in(folder)?;
    new.write_all(content)?;
    let metadata = old.metadata()?;
    // Who may write a file of somebody else's cannot always give the new one back.
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(new.as_file(), Some(metadata.uid()), Some(metadata.gid()));
    }
    new.as_file().set_permissions(metadata.permissions())?;
    new.as_file().sync_all()?;
    Ok(new)
}

/// `fs::rename` and not the library's own: on Windows only that replaces a file that somebody has open, as we have.
fn move_over(new: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    let new = new.into_temp_path().keep()?;
    fs::rename(&new, path).inspect_err(|_| drop(fs::remove_file(&new)))
}

/// Appends what was appended to the old file since it was read last.
fn take_over_tail(old: &mut File, path: &Path) -> io::Result<()> {
    let mut tail = Vec::new();
    old.take(FILE_MAX_BYTES).read_to_end(&mut tail)?;
    if !tail.is_empty() {
        let mut new = OpenOptions::new().append(true).open(path)?;
        new.write_all(&tail)?;
        new.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn sync_folder(path: &Path) {
    // The new name is safe against a crash then; where this cannot be done, either file is found after one.
    let _ = path.parent().and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all());
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) {}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
