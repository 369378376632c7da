//! What the panel wants to know about single paths: where home is, what a path could go on with, properties, a preview.

use bowline_sftp::{Access, Attributes, FileKind, FileName, Listed, SftpPath};
use serde::Serialize;
use ts_rs::TS;

use super::edit::text::{Text, TextEncoding};
use super::listing::owner_names;
use super::path_text;
use super::row::{RowKind, as_number, kind, link_kind};
use super::session::Files;
use crate::error::Result;

/// Entries that are looked at for completions, and how many are offered.
const COMPLETION_LOOKED_AT: usize = 20_000;
const COMPLETIONS_MAX: usize = 100;
/// Text that is shown, and the largest picture.
const TEXT_MAX_BYTES: u64 = 256 * 1024;
const PICTURE_MAX_BYTES: u64 = 8 * 1024 * 1024;
/// The beginning that says what a file is.
const HEAD_BYTES: usize = 8 * 1024;

/// A path as [`path_text`] makes it and as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ShownPath {
    pub path: String,
    pub shown: String,
}

impl ShownPath {
    pub fn new(path: &SftpPath) -> Self {
        Self { path: path_text::to_text(path.as_bytes()), shown: path.to_string() }
    }
}

/// Room on a file system, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiskSpace {
    pub total: f64,
    /// For this account; what is kept for others is not in it.
    pub available: f64,
    pub read_only: bool,
}

/// An account or group: its number, and its name where the server tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct OwnerView {
    pub id: u32,
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileProperties {
    pub path: ShownPath,
    pub kind: RowKind,
    pub size: Option<f64>,
    /// Seconds since 1970, as the other.
    pub modified: Option<u32>,
    pub accessed: Option<u32>,
    pub mode: Option<u32>,
    pub user: Option<OwnerView>,
    pub group: Option<OwnerView>,
    /// Of a link: what is written in it.
    pub target: Option<ShownPath>,
    /// Where the server tells.
    pub space: Option<DiskSpace>,
}

/// What can be shown of a file.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FilePreview {
    /// The beginning of a text, fit to be shown.
    Text {
        text: String,
        cut: bool,
    },
    /// `files_picture` has its bytes.
    Picture,
    /// A picture that is larger than is loaded.
    TooLarge,
    Binary,
    /// A folder, pipe, socket or device.
    None,
}

/// The folder in which the server starts.
///
/// # Errors
/// What the server says, as for the others.
pub async fn home(files: &Files) -> Result<SftpPath> {
    match files.sftp.resolve(&SftpPath::here()).await {
        Ok(home) => Ok(home),
        Err(error) => Err(files.problem(&error).await),
    }
}

/// Folders that a path could go on with, by name. What is in no folder, or may not be read, goes on with nothing.
pub async fn completions(files: &Files, typed: &SftpPath) -> Vec<ShownPath> {
    let bytes = typed.as_bytes();
    let slash = bytes.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
    let (folder, beginning) = (&bytes[..slash], &bytes[slash..]);
    let Ok(folder) = SftpPath::new(if folder.is_empty() { b"." } else { folder }) else { return Vec::new() };
    let Ok(mut listing) = files.sftp.list(&folder).await else { return Vec::new() };
    let mut found: Vec<(FileName, SftpPath)> = Vec::new();
    for _ in 0..COMPLETION_LOOKED_AT {
        let Ok(Some(listed)) = listing.next().await else { break };
        let Listed::Entry(entry) = listed else { continue };
        let name = entry.name.as_bytes();
        let fits = name.starts_with(beginning) && (name[0] != b'.' || beginning.first() == Some(&b'.'));
        let may_be_folder = matches!(entry.attributes.kind(), FileKind::Directory | FileKind::Link);
        let Some(path) = (fits && may_be_folder).then(|| folder.join(&entry.name).ok()).flatten() else {
            continue;
        };
        let is_link = entry.attributes.kind() == FileKind::Link;
        if is_link && link_kind(files, &path).await != RowKind::LinkFolder {
            continue;
        }
        found.push((entry.name, path));
        if found.len() == COMPLETIONS_MAX {
            break;
        }
    }
    found.sort();
    found.iter().map(|(_, path)| ShownPath::new(path)).collect()
}

/// # Errors
/// The path is not there.
pub async fn properties(files: &Files, path: &SftpPath) -> Result<FileProperties> {
    let known = match files.sftp.lstat(path).await {
        Ok(known) => known,
        Err(error) => return Err(files.problem(&error).await),
    };
    let is_link = known.kind() == FileKind::Link;
    let target = if is_link { files.sftp.read_link(path).await.ok() } else { None };
    let names = match known.owner {
        Some(owner) => owner_names(files, &[owner.user], &[owner.group]).await,
        None => super::row::OwnerNames::default(),
    };
    let space = files.sftp.space(path).await.ok().map(|space| DiskSpace {
        total: as_number(space.total_bytes),
        available: as_number(space.available_bytes),
        read_only: space.read_only,
    });
    Ok(FileProperties {
        path: ShownPath::new(path),
        kind: if is_link { link_kind(files, path).await } else { kind(&known) },
        size: known.size.map(as_number),
        modified: known.times.map(|times| times.modified),
        accessed: known.times.map(|times| times.accessed),
        mode: known.permissions(),
        user: known
            .owner
            .map(|owner| OwnerView { id: owner.user, name: names.users.get(&owner.user).cloned() }),
        group: known
            .owner
            .map(|owner| OwnerView { id: owner.group, name: names.groups.get(&owner.group).cloned() }),
        target: target.as_ref().map(ShownPath::new),
        space,
    })
}

/// What can be shown of a file; a link is followed. Never opens what is no file.
///
/// # Errors
/// The file is not there or may not be read.
pub async fn preview(files: &Files, path: &SftpPath) -> Result<FilePreview> {
    let (size, head) = match beginning(files, path, TEXT_MAX_BYTES + 1).await? {
        Some(read) => read,
        None => return Ok(FilePreview::None),
    };
    Ok(match () {
        () if is_picture(&head) && size > PICTURE_MAX_BYTES => FilePreview::TooLarge,
        () if is_picture(&head) => FilePreview::Picture,
        () => match text(&head) {
            Some((text, cut)) => FilePreview::Text { text, cut },
            None => FilePreview::Binary,
        },
    })
}

/// The bytes of a picture of at most 8 MiB; empty for anything else.
///
/// # Errors
/// See [`preview`].
pub async fn picture(files: &Files, path: &SftpPath) -> Result<Vec<u8>> {
    let read = beginning(files, path, PICTURE_MAX_BYTES + 1).await?;
    let is_whole = |bytes: &Vec<u8>| bytes.len() as u64 <= PICTURE_MAX_BYTES && is_picture(bytes);
    Ok(read.map(|(_, bytes)| bytes).filter(is_whole).unwrap_or_default())
}

/// The size that a file says it has, and so much of its beginning; None for what is no file.
async fn beginning(files: &Files, path: &SftpPath, most: u64) -> Result<Option<(u64, Vec<u8>)>> {
    let reading = async {
        let known = files.sftp.stat(path).await?;
        if known.kind() != FileKind::File {
            return Ok(None);
        }
        let file = files.sftp.open(path, Access::READ, &Attributes::default()).await?;
        let mut download = file.download(0, Some(most));
        let mut bytes = Vec::new();
        while let Some(piece) = download.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(Some((known.size.unwrap_or(0), bytes)))
    };
    match reading.await {
        Ok(read) => Ok(read),
        Err(error) => Err(files.problem(&error).await),
    }
}

/// What every web view decodes: PNG, JPEG, GIF, WebP.
fn is_picture(bytes: &[u8]) -> bool {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        || bytes.starts_with(b"\xff\xd8\xff")
        || bytes.starts_with(b"GIF8")
        || webp
}

/// Text as it can be shown, and whether there is more; None if it is none. It is read as the editor reads it, and where it is
/// not text to the last byte as what it comes nearest to.
fn text(bytes: &[u8]) -> Option<(String, bool)> {
    let most = usize::try_from(TEXT_MAX_BYTES).unwrap_or(usize::MAX);
    let cut = bytes.len() > most;
    let bytes = &bytes[..bytes.len().min(most)];
    let wide = |of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let unicode = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned()
    };
    // The last character of a beginning may have been cut.
    let is_unicode = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    let text = match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ if bytes[..bytes.len().min(HEAD_BYTES)].contains(&0) => return None,
        _ if is_unicode => unicode(bytes),
        _ => legacy(bytes, cut).unwrap_or_else(|| unicode(bytes)),
    };
    Some((crate::prompt::visible_text(&text.replace("\r\n", "\n")), cut))
}

/// Text in an encoding from before Unicode. The last character of a beginning may have been cut.
fn legacy(bytes: &[u8], cut: bool) -> Option<String> {
    // A character of GB 18030 has four bytes at most. Every byte is one in the western encoding, so that comes last.
    let mut ends = if cut { 0..=3 } else { 0..=0 };
    let chinese = ends.find_map(|less| {
        Text::read(bytes.get(..bytes.len() - less)?).filter(|read| read.encoding == TextEncoding::Gb18030)
    });
    chinese.or_else(|| Text::read(bytes)).map(|read| read.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_bounded_and_without_control_characters() {
        assert_eq!(text(b"a\r\nb\x1b[31m"), Some(("a\nb␛[31m".to_owned(), false)));
        assert_eq!(text(b"\xff\xfea\0\xacN"), Some(("a京".to_owned(), false)));
        assert_eq!(text(b"\x7fELF\0\0"), None);
        assert_eq!(text(b"\xef\xbb\xbfa"), Some(("a".to_owned(), false)));
        let chinese = encoding_rs::GB18030.encode("你好，世界").0;
        assert_eq!(text(&chinese), Some(("你好，世界".to_owned(), false)));
        let long = encoding_rs::GB18030.encode(&format!("a{}", "你好".repeat(100_000))).0.into_owned();
        let (shown, cut) = text(&long).expect("text");
        assert!(cut && shown.starts_with("a你好") && shown.ends_with(['你', '好']));
        assert_eq!(text(b""), Some((String::new(), false)));
        let (shown, cut) = text(&vec![b'x'; 300 * 1024]).expect("text");
        assert_eq!((shown.len(), cut), (256 * 1024, true));
    }

    #[test]
    fn pictures_are_known_by_their_beginning() {
        assert!(is_picture(b"\x89PNG\r\n\x1a\n..."));
        assert!(is_picture(b"RIFF\0\0\0\0WEBPVP8 "));
        assert!(!is_picture(b"<svg xmlns"));
        assert!(!is_picture(b""));
    }
}
