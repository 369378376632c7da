//! Reading known_hosts files.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Result};

/// A known_hosts file larger than this is refused; 16 MiB is a hundred thousand hosts.
pub(super) const FILE_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How a key revocation list in binary form begins (PROTOCOL.krl).
const KRL_MAGIC: &str = "SSHKRL\n";

fn unreadable(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::KnownHostsUnreadable,
        format!(
            "The trusted host keys in {} could not be read: {cause}. Bowline does not connect without them; \
             mend the file or its permissions.",
            path.display()
        ),
    )
    .with("path", path.display())
    .with("cause", cause)
}

/// The text of a file of revoked keys. As in OpenSSH, one that is not there or cannot be understood lets nobody in.
pub(super) fn read_revoked(path: &Path) -> Result<String> {
    if let Err(error) = fs::metadata(path) {
        return Err(unreadable(path, &format!("RevokedHostKeys names it, and {error}")));
    }
    let text = read(path)?;
    if text.starts_with(KRL_MAGIC) {
        let cause = "RevokedHostKeys names it, and it is a key revocation list in binary form; a file of public keys is needed";
        return Err(unreadable(path, &cause));
    }
    Ok(text)
}

/// The text of a file; a file that does not exist is empty.
pub(super) fn read(path: &Path) -> Result<String> {
    let failed = |cause: &dyn std::fmt::Display| unreadable(path, cause);
    if holds_nothing(path) {
        return Ok(String::new());
    }
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(failed(&error)),
        Ok(metadata) if metadata.is_dir() => return Err(failed(&"it is a folder")),
        // Opening a pipe would wait for whoever writes to it.
        Ok(metadata) if !metadata.is_file() => return Err(failed(&"it is no ordinary file")),
        Ok(metadata) if metadata.len() > FILE_MAX_BYTES => return Err(failed(&"it is larger than 16 MiB")),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let reading = File::open(path).and_then(|file| file.take(FILE_MAX_BYTES).read_to_end(&mut bytes));
    reading.map_err(|error| failed(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether the path is a device such as `/dev/null`, which people name to have no known hosts.
#[cfg(unix)]
pub(super) fn holds_nothing(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device())
}

#[cfg(windows)]
pub(super) fn holds_nothing(path: &Path) -> bool {
    path.as_os_str().eq_ignore_ascii_case("NUL") || path == Path::new("/dev/null")
}

#[cfg(unix)]
pub(super) fn system_files() -> Vec<PathBuf> {
    vec!["/etc/ssh/ssh_known_hosts".into(), "/etc/ssh/ssh_known_hosts2".into()]
}

#[cfg(windows)]
pub(super) fn system_files() -> Vec<PathBuf> {
    let data = std::env::var_os("ProgramData").unwrap_or_else(|| "C:\\ProgramData".into());
    vec![Path::new(&data).join("ssh").join("ssh_known_hosts")]
}
