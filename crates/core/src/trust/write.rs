//! Changes to a known_hosts file. It belongs to the person: lines that are not ours stay as they are, to the byte.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use russh::keys::PublicKey;

use super::entry;
use crate::error::{Error, ErrorCode, Result};

const SALT_BYTES: usize = 20;

/// Adds a line for a name at the end, hashed if the file has hashed names.
pub(super) fn append(path: &Path, name: &str, key: &PublicKey) -> Result<()> {
    let failed = |cause: io::Error| unwritable(path, &cause);
    let before = read(path).map_err(failed)?;
    let text = String::from_utf8_lossy(&before);
    let hash =
        text.lines().any(|line| entry::parse_line(line).is_some_and(|(_, names, _)| names.is_hashed()));
    let shown_name = if hash { hashed_name(name)? } else { name.to_owned() };
    let mut key = key.clone();
    key.set_comment("");
    let key = key.to_openssh().map_err(Error::internal)?;
    let mut after = before;
    if after.last().is_some_and(|byte| *byte != b'\n') {
        after.push(b'\n');
    }
    after.extend_from_slice(format!("{shown_name} {}\n", key.trim_end()).as_bytes());
    replace(path, &after).map_err(failed)
}

/// Takes the lines without marker that are about a name out.
pub(super) fn remove(path: &Path, name: &str) -> Result<()> {
    let failed = |cause: io::Error| unwritable(path, &cause);
    let before = read(path).map_err(failed)?;
    let mut after = Vec::with_capacity(before.len());
    for line in before.split_inclusive(|byte| *byte == b'\n') {
        let about_name = entry::parse_line(&String::from_utf8_lossy(line))
            .is_some_and(|(marker, names, _)| marker.is_none() && names.matches(name));
        if !about_name {
            after.extend_from_slice(line);
        }
    }
    if after == before { Ok(()) } else { replace(path, &after).map_err(failed) }
}

pub(super) fn unwritable(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::KnownHostsUnwritable,
        format!("The trusted host keys in {} could not be changed: {cause}.", path.display()),
    )
    .with("path", path.display())
    .with("cause", cause)
}

fn hashed_name(name: &str) -> Result<String> {
    use russh::keys::ssh_key::known_hosts::HostPatterns;
    let mut salt = vec![0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(Error::internal)?;
    let hash = entry::hashed(&salt, name).ok_or_else(|| Error::internal("the salt has a wrong length"))?;
    Ok(HostPatterns::HashedName { salt, hash }.to_string())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    }
}

/// Writes a new file beside the old one and moves it over, so that a crash leaves either. A symbolic link is followed.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.exists() {
        create_private_folder(folder)?;
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    if let Ok(metadata) = fs::metadata(&path) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
