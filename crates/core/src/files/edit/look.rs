//! What a file on a host is now, and whether that is what it was.

use aws_lc_rs::digest::{SHA256, digest};
use bowline_sftp::{Access, Attributes, ErrorKind, FileKind, Result, SftpPath};
use bytes::Bytes;

use crate::files::session::Files;

/// Files up to this size are compared by what they hold. Larger ones count as unchanged while size and time are the same;
/// times are whole seconds, so a change of the same second and size would go unseen.
const COMPARED_BYTES: u64 = 1024 * 1024;
/// A file that changes while it is read is read so often until it holds still.
const READS_MAX: u32 = 4;

/// What a file was when it was read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub attributes: Attributes,
    pub hash: Hash,
}

/// SHA-256.
pub type Hash = [u8; 32];

pub fn hash(bytes: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// A file, or why there is none to be changed.
#[derive(Debug, Clone)]
pub enum Read {
    File {
        /// Where it is, behind all links.
        real: SftpPath,
        bytes: Bytes,
        stamp: Stamp,
    },
    TooLarge(u64),
    /// A folder, pipe, socket or device.
    NoFile,
    Gone,
}

/// Where a file is, behind all links, and what is known of it; None where nothing is.
pub async fn find(files: &Files, path: &SftpPath) -> Result<Option<(SftpPath, Attributes)>> {
    let found = async {
        let there = files.sftp.lstat(path).await?;
        if there.kind() != FileKind::Link {
            return Ok((path.clone(), there));
        }
        let attributes = files.sftp.stat(path).await?;
        Ok((files.sftp.resolve(path).await?, attributes))
    };
    match found.await {
        Ok(found) => Ok(Some(found)),
        Err(error @ bowline_sftp::Error { .. }) if matches!(error.kind, ErrorKind::NoSuchFile) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file of at most so many bytes.
pub async fn read(files: &Files, path: &SftpPath, most: u64) -> Result<Read> {
    let Some((real, mut before)) = find(files, path).await? else { return Ok(Read::Gone) };
    for attempt in 1.. {
        let size = before.size.unwrap_or(0);
        match before.kind() {
            // A server that does not say: reading it shows.
            FileKind::File | FileKind::Unknown if size > most => return Ok(Read::TooLarge(size)),
            FileKind::File | FileKind::Unknown => {}
            FileKind::Directory | FileKind::Link | FileKind::Special => return Ok(Read::NoFile),
        }
        let bytes = match files.sftp.fetch(&real, size, most).await {
            Ok(bytes) => bytes,
            Err(error) => match error.kind {
                ErrorKind::TooLarge(_) => return Ok(Read::TooLarge(size.max(most + 1))),
                ErrorKind::NoSuchFile => return Ok(Read::Gone),
                _ => return Err(error),
            },
        };
        let after = files.sftp.stat(&real).await?;
        if is_untouched(&before, &after) || attempt == READS_MAX {
            let stamp = Stamp { attributes: after, hash: hash(&bytes) };
            return Ok(Read::File { real, bytes, stamp });
        }
        before = after;
    }
    Ok(Read::Gone)
}

/// Whether the account may not write to a file. Nothing is changed by that.
pub async fn is_read_only(files: &Files, real: &SftpPath) -> bool {
    match files.sftp.open(real, Access::WRITE, &Attributes::default()).await {
        Ok(file) => {
            // How that goes says nothing about what a save would do.
            let _ = file.close().await;
            false
        }
        Err(error) => matches!(error.kind, ErrorKind::PermissionDenied),
    }
}

/// What became of a file that was known.
#[derive(Debug, Clone)]
pub enum Now {
    /// Its own words, or those that were sent last and of which it is not known whether they arrived.
    Same {
        real: SftpPath,
        attributes: Attributes,
    },
    Gone,
    Other(Read),
}

/// Compares a file with what was known of it. `sent` is what an attempt wrote whose end nobody heard of.
pub async fn compare(
    files: &Files,
    path: &SftpPath,
    known: Option<&Stamp>,
    sent: Option<&Hash>,
    most: u64,
) -> Result<Now> {
    let Some((real, attributes)) = find(files, path).await? else { return Ok(Now::Gone) };
    if let Some(known) = known
        && is_untouched(&known.attributes, &attributes)
        && attributes.size.is_some_and(|size| size > COMPARED_BYTES)
    {
        return Ok(Now::Same { real, attributes });
    }
    Ok(match read(files, path, most).await? {
        Read::Gone => Now::Gone,
        Read::File { real, stamp, .. }
            if known.is_some_and(|known| known.hash == stamp.hash) || sent == Some(&stamp.hash) =>
        {
            Now::Same { real, attributes: stamp.attributes }
        }
        other => Now::Other(other),
    })
}

/// The same size and time.
pub fn is_untouched(before: &Attributes, after: &Attributes) -> bool {
    let modified = |attributes: &Attributes| attributes.times.map(|times| times.modified);
    before.size == after.size && modified(before) == modified(after)
}
