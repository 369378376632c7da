//! The trash folder of an account on a host, by the freedesktop.org Trash specification 1.0
//! (<https://specifications.freedesktop.org/trash-spec/1.0/>): `files` holds what was thrown away, `info` from where and when.

use std::fmt::Write as _;

use bowline_sftp::{Access, Attributes, Error as SftpError, ErrorKind, FileKind, FileName, SftpPath};

use super::here;
use super::session::Files;
use crate::error::{Error, ErrorCode, Result};

/// Names that are tried before it is given up.
const NAMES_MAX: u32 = 1000;
/// The longest name that common file systems take, and what a note has behind that of its file.
const NAME_MAX_BYTES: usize = 255;
const NOTE_ENDING: &[u8] = b".trashinfo";
/// For its owner alone, as the specification asks.
const FOLDER_MODE: u32 = 0o700;

/// A trash folder that is there.
#[derive(Debug)]
pub struct Trash {
    files: SftpPath,
    info: SftpPath,
}

impl Trash {
    /// The one in the account's home folder, made where there is none.
    ///
    /// # Errors
    /// It cannot be made, or something else is in its place.
    pub async fn of(on: &Files) -> Result<Self, SftpError> {
        let mut folder = on.sftp.resolve(&SftpPath::here()).await?;
        for part in [".local", "share", "Trash"] {
            folder = within(on, &folder, part).await?;
        }
        Ok(Self { files: within(on, &folder, "files").await?, info: within(on, &folder, "info").await? })
    }

    /// Moves a path there. A path on another file system stays where it is.
    ///
    /// # Errors
    /// What the server says.
    pub async fn throw(&self, on: &Files, path: &SftpPath, when: &str) -> Result<(), SftpError> {
        let refused = |kind| SftpError {
            doing: bowline_sftp::Doing::Rename,
            path: Some(path.clone()),
            to: Some(self.files.clone()),
            kind,
        };
        let named = |error| refused(ErrorKind::Name(error));
        let Some(name) = path.file_name() else {
            return Err(refused(ErrorKind::Name(bowline_sftp::NameError::Dots)));
        };
        let note = format!("[Trash Info]\nPath={}\nDeletionDate={when}\n", percent_encoded(path.as_bytes()));
        for number in 1..=NAMES_MAX {
            let name = numbered(&name, number).map_err(named)?;
            let mut info_name = name.as_bytes().to_vec();
            info_name.extend_from_slice(NOTE_ENDING);
            let info = self.info.join(&FileName::new(info_name).map_err(named)?).map_err(named)?;
            let target = self.files.join(&name).map_err(named)?;
            let new = Access::WRITE | Access::CREATE | Access::NEW;
            if on.sftp.lstat(&info).await.is_ok() {
                continue;
            }
            // The note comes first and is what reserves the name.
            if let Err(error) =
                on.sftp.store(&info, new, &Attributes::with_permissions(0o600), note.as_bytes()).await
            {
                // A full disk makes the note and leaves it empty; one with something in it is another's, made just now.
                if on.sftp.lstat(&info).await.is_ok_and(|found| found.size == Some(0)) {
                    let _ = on.sftp.remove(&info).await;
                }
                return Err(error);
            }
            if on.sftp.lstat(&target).await.is_ok() {
                on.sftp.remove(&info).await?;
                continue;
            }
            if let Err(error) = on.sftp.rename(path, &target).await {
                // Its own failure says less than the one that led here.
                let _ = on.sftp.remove(&info).await;
                return Err(error);
            }
            return Ok(());
        }
        Err(refused(ErrorKind::AlreadyExists))
    }
}

/// Why a path did not go to the trash. OpenSSH says no more than "failure" where it lies on another file system than the trash.
pub async fn problem(on: &Files, path: &SftpPath, error: &SftpError) -> Error {
    if !matches!(error.kind, ErrorKind::Failure { .. }) {
        return on.problem(error).await;
    }
    let cause = "it lies on another disk or file system than the trash of the account, or cannot be moved";
    failed(path, cause)
}

fn failed(path: &SftpPath, cause: impl ToString) -> Error {
    let cause = cause.to_string();
    let message =
        format!("{path} could not be moved to the trash: {cause}. Delete it for good, or leave it.");
    Error::new(ErrorCode::TrashFailed, message).with("path", path).with("cause", cause)
}

/// Moves a path of this computer into the trash of its desktop.
///
/// # Errors
/// What the system says: there may be none, as on a network drive.
pub async fn throw_here(path: &SftpPath) -> Result<()> {
    let local = here::to_path(path.as_bytes()).map_err(Error::internal)?;
    let thrown = tokio::task::spawn_blocking(move || trash::delete(local)).await.map_err(Error::internal)?;
    thrown.map_err(|cause| failed(path, cause))
}

async fn within(on: &Files, folder: &SftpPath, part: &str) -> Result<SftpPath, SftpError> {
    let name = FileName::new(part).and_then(|name| folder.join(&name));
    let path = name.map_err(|error| SftpError {
        doing: bowline_sftp::Doing::MakeDirectory,
        path: Some(folder.clone()),
        to: None,
        kind: ErrorKind::Name(error),
    })?;
    match on.sftp.stat(&path).await {
        Ok(there) if there.kind() == FileKind::Directory => return Ok(path),
        Ok(_) => {
            return Err(SftpError {
                doing: bowline_sftp::Doing::MakeDirectory,
                path: Some(path),
                to: None,
                kind: ErrorKind::NotDirectory,
            });
        }
        Err(error) if matches!(error.kind, ErrorKind::NoSuchFile) => {}
        Err(error) => return Err(error),
    }
    on.sftp.make_directory(&path, &Attributes::with_permissions(FOLDER_MODE)).await?;
    Ok(path)
}

/// `notes.txt`, `notes.2.txt`, `notes.3.txt`; of what begins with its only dot, `.profile.2`. So long that its note has a name too:
/// the note knows how it was called.
fn numbered(name: &FileName, number: u32) -> Result<FileName, bowline_sftp::NameError> {
    let bytes = name.as_bytes();
    let mark = if number == 1 { String::new() } else { format!(".{number}") };
    let most = NAME_MAX_BYTES - NOTE_ENDING.len() - mark.len();
    // An ending that is no usual one may be cut as well.
    let is_ending = |at: &usize| *at > 0 && bytes.len() - at < most / 2;
    let dot = bytes.iter().rposition(|&byte| byte == b'.').filter(is_ending).unwrap_or(bytes.len());
    let (mut stem, ending) = bytes.split_at(dot);
    let room = most - ending.len();
    if stem.len() > room {
        // No half characters; bytes that are no text are cut anywhere.
        let is_inside = |at: usize| stem[at] & 0xc0 == 0x80;
        let end = (room.saturating_sub(3)..=room).rev().find(|&at| !is_inside(at)).unwrap_or(room);
        stem = &stem[..end];
    }
    FileName::new([stem, mark.as_bytes(), ending].concat())
}

/// As in a URL (RFC 2396, section 2), which the specification asks for.
fn percent_encoded(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"/-_.!~*'()".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_ending() {
        let name =
            |text: &str, n| numbered(&FileName::new(text).expect("a name"), n).expect("a name").to_string();
        assert_eq!(name("notes.txt", 1), "notes.txt");
        assert_eq!(name("notes.txt", 2), "notes.2.txt");
        assert_eq!(name(".profile", 2), ".profile.2");
        assert_eq!(name("notes", 12), "notes.12");
        for (number, mark) in [(1, ""), (7, ".7")] {
            let long = name(&format!("{}.txt", "文".repeat(83)), number);
            assert!(
                long.len() + NOTE_ENDING.len() <= 255 && long.ends_with(&format!("文{mark}.txt")),
                "{long}"
            );
            let ending = name(&format!("a.{}", "b".repeat(250)), number);
            assert!(
                ending.len() + NOTE_ENDING.len() <= 255 && ending.ends_with(&format!("b{mark}")),
                "{ending}"
            );
        }
    }

    #[test]
    fn where_it_was_is_written_as_in_a_url() {
        assert_eq!(percent_encoded("/srv/a b/发\n%".as_bytes()), "/srv/a%20b/%E5%8F%91%0A%25");
    }
}
