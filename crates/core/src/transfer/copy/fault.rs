//! What can go wrong while files are copied, and how far it reaches.

use std::io;
use std::path::Path;

use crate::error::{Error, ErrorCode};

/// Why something was not copied.
#[derive(Debug)]
pub enum Fault {
    /// This file alone.
    File(Error),
    /// The connection is gone: everything waits for it.
    Lost(Error),
    /// Nothing else will go better, such as a full disk.
    All(Error),
    /// The job is to stop.
    Stopped,
}

pub type Result<T> = std::result::Result<T, Fault>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.code {
            ErrorCode::SftpFailed => Fault::Lost(error),
            code if code.is_lost_connection() => Fault::Lost(error),
            ErrorCode::HostDiskFull | ErrorCode::LocalDiskFull => Fault::All(error),
            _ => Fault::File(error),
        }
    }
}

/// A failure on this computer.
pub fn local(path: &Path, error: io::Error) -> Fault {
    let shown = shown(path);
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        let message = format!("{shown} was not written: the disk of this computer is full. Free some space.");
        return Fault::All(Error::new(ErrorCode::LocalDiskFull, message).with("path", shown).because(error));
    }
    let message = format!("{shown} could not be used: {error}.");
    Fault::File(
        Error::new(ErrorCode::LocalFileFailed, message)
            .with("path", shown)
            .with("cause", &error)
            .because(error),
    )
}

/// A file that is left out; `reason` is a word of the window's catalogue (`errors.not-copied.reasons`).
pub fn not_copied(path: &str, reason: &'static str) -> Fault {
    let message = format!("{path} was not copied ({reason}).");
    Fault::File(Error::new(ErrorCode::NotCopied, message).with("path", path).with("reason", reason))
}

/// A path of this computer, fit to be shown.
pub fn shown(path: &Path) -> String {
    bowline_sftp::Visible(path.as_os_str().as_encoded_bytes()).to_string()
}
