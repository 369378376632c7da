//! What the panel changes on a host. Nothing here is done twice: when the connection is lost meanwhile, a person looks first.

use bowline_sftp::{Access, Attributes, ErrorKind, FileKind, SftpPath};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::session::Files;
use super::tree::Visit;
use crate::error::{Error, ErrorCode, Result};

/// Permission bits that are set and taken away; the others stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModeChange {
    pub set: u32,
    pub clear: u32,
    /// In folders and what is in them.
    pub recursive: bool,
    pub only: ModeOnly,
}

/// To what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ModeOnly {
    #[default]
    All,
    Files,
    Folders,
}

impl ModeChange {
    fn of(self, mode: u32) -> u32 {
        ((mode & !self.clear) | self.set) & 0o7777
    }
}

/// # Errors
/// [`ErrorCode::FileExists`] and what the server says, as for the others.
pub async fn make_folder(files: &Files, path: &SftpPath) -> Result<()> {
    let made = files.sftp.make_directory(path, &Attributes::default()).await;
    say_if_taken(files, path, made).await
}

/// Makes an empty file where there is nothing.
///
/// # Errors
/// See [`make_folder`].
pub async fn make_file(files: &Files, path: &SftpPath) -> Result<()> {
    let access = Access::WRITE | Access::CREATE | Access::NEW;
    let made = match files.sftp.open(path, access, &Attributes::default()).await {
        Ok(file) => file.close().await,
        Err(error) => Err(error),
    };
    say_if_taken(files, path, made).await
}

/// Renames or moves on one host, and never replaces.
///
/// # Errors
/// See [`make_folder`].
pub async fn rename(files: &Files, from: &SftpPath, to: &SftpPath) -> Result<()> {
    // Some servers replace in silence. What comes to be there between this look and the rename they replace all the same.
    if files.sftp.lstat(to).await.is_ok() {
        return Err(taken(files, to));
    }
    let renamed = files.sftp.rename(from, to).await;
    say_if_taken(files, to, renamed).await
}

/// OpenSSH says no more than "failure" for a name that is taken.
async fn say_if_taken(files: &Files, path: &SftpPath, done: bowline_sftp::Result<()>) -> Result<()> {
    match done {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind, ErrorKind::Failure { .. }) => match files.sftp.lstat(path).await {
            Ok(_) => Err(taken(files, path)),
            Err(_) => Err(files.problem(&error).await),
        },
        Err(error) => Err(files.problem(&error).await),
    }
}

pub(crate) fn taken(files: &Files, path: &SftpPath) -> Error {
    let address = files.address();
    let message = format!("{path} on {address} could not be made: there is something of that name already.");
    Error::new(ErrorCode::FileExists, message).with("address", address).with("path", path)
}

/// Removes everything.
#[derive(Debug)]
pub struct Delete<'a>(pub &'a Files);

impl Visit for Delete<'_> {
    const LOOKS_AGAIN: bool = true;

    fn leaf(&self, path: SftpPath, _: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        async move { self.0.sftp.remove(&path).await }.boxed()
    }

    fn enter(&self, _: SftpPath, _: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn leave(&self, path: SftpPath, _: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        async move { self.0.sftp.remove_directory(&path).await }.boxed()
    }
}

/// Changes permissions. Those of a link are those of what it leads to, which may be anywhere: links stay as they are.
#[derive(Debug)]
pub struct SetMode<'a> {
    pub files: &'a Files,
    pub change: ModeChange,
}

impl SetMode<'_> {
    async fn set(&self, path: &SftpPath, mode: Option<u32>) -> bowline_sftp::Result<()> {
        let mode = self.change.of(mode.unwrap_or(0));
        self.files.sftp.set_attributes(path, &Attributes::with_permissions(mode)).await
    }

    /// A folder that is not open to its owner yet has to be before it is looked into, and one that will not be any more
    /// after it.
    fn opens(&self, mode: u32) -> bool {
        self.change.of(mode) & !mode & 0o500 != 0
    }
}

impl Visit for SetMode<'_> {
    const LOOKS_AGAIN: bool = false;

    fn leaf(&self, path: SftpPath, attributes: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        async move {
            if attributes.kind() == FileKind::Link || self.change.only == ModeOnly::Folders {
                return Ok(());
            }
            self.set(&path, attributes.permissions()).await
        }
        .boxed()
    }

    fn enter(&self, path: SftpPath, attributes: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        async move {
            let mode = attributes.permissions();
            if self.change.only == ModeOnly::Files || !self.opens(mode.unwrap_or(0)) {
                return Ok(());
            }
            self.set(&path, mode).await
        }
        .boxed()
    }

    fn leave(&self, path: SftpPath, attributes: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        async move {
            if self.change.only == ModeOnly::Files {
                return Ok(());
            }
            self.set(&path, attributes.permissions()).await
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_permissions_leaves_other_bits_alone() {
        let change = ModeChange { set: 0o111, clear: 0o022, recursive: false, only: ModeOnly::All };
        assert_eq!(change.of(0o666), 0o755);
        assert_eq!(change.of(0o4644), 0o4755);
        let exact = ModeChange { set: 0o640, clear: 0o7777, recursive: false, only: ModeOnly::All };
        assert_eq!(exact.of(0o7777), 0o640);
    }
}
