//! A file of this computer gets its name, at one instant and over nothing that was not meant.

use std::io;
use std::path::Path;

use cap_std::fs::Dir;

use super::super::tree::Over;

/// Gives a part its name, if what bears the part's name is what was written: somebody may have put another there. False if
/// not, and then nothing is renamed.
pub fn name_part(dir: &Dir, part: &Path, name: &Path, size: u64, over: Over) -> io::Result<bool> {
    let there = dir.symlink_metadata(part)?;
    if !there.is_file() || there.len() != size {
        return Ok(false);
    }
    rename(dir, part, name, over).map(|()| true)
}

pub fn rename(dir: &Dir, from: &Path, to: &Path, over: Over) -> io::Result<()> {
    match over {
        Over::File => dir.rename(from, dir, to),
        Over::Nothing => rename_new(dir, from, to),
    }
}

/// A rename that replaces nothing, at one instant where the system can do that.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_new(dir: &Dir, from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{RenameFlags, renameat_with};
    use rustix::io::Errno;
    let folder = |path: &Path| match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => dir.open_dir(parent),
        None => dir.try_clone(),
    };
    let name = |path: &Path| path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    let renamed = renameat_with(&folder(from)?, name(from), &folder(to)?, name(to), RenameFlags::NOREPLACE);
    match renamed {
        // A file system that does not know this.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_if_free(dir, from, to),
        renamed => Ok(renamed?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_new(dir: &Dir, from: &Path, to: &Path) -> io::Result<()> {
    rename_if_free(dir, from, to)
}

fn rename_if_free(dir: &Dir, from: &Path, to: &Path) -> io::Result<()> {
    match dir.symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => dir.rename(from, dir, to),
        Err(error) => Err(error),
    }
}
