//! What the window shows of an entry of a folder: small enough that 100,000 of them cross quickly.

use std::collections::BTreeMap;

use bowline_sftp::{Attributes, FileKind, FileName, SftpPath};
use futures::StreamExt;
use serde::Serialize;
use ts_rs::TS;

use super::path_text;
use super::session::Files;

/// Links that are followed at once. One page of links then costs a few round trips.
const LINKS_AT_ONCE: usize = 256;

/// What an entry is; of a link, also where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum RowKind {
    Folder,
    File,
    /// A link to a folder.
    LinkFolder,
    /// A link to anything else that is there.
    LinkFile,
    /// A link that leads nowhere, or where the account may not look.
    LinkBroken,
    /// A named pipe, socket or device. Opening it may wait for ever.
    Special,
    Unknown,
}

/// An entry: its name as [`path_text`] makes it; how it is shown where that differs (what is no text stands there as
/// `\xNN`, what cannot be seen as `\u{NN}`); what it is; bytes; seconds since 1970; permission bits; the numbers of its
/// user and group.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FileRow(
    pub String,
    pub Option<String>,
    pub RowKind,
    pub Option<f64>,
    pub Option<u32>,
    pub Option<u32>,
    pub Option<u32>,
    pub Option<u32>,
);

impl FileRow {
    pub fn new(name: &FileName, kind: RowKind, attributes: &Attributes) -> Self {
        let text = path_text::to_text(name.as_bytes());
        let shown = name.to_string();
        Self(
            text.clone(),
            (shown != text).then_some(shown),
            kind,
            attributes.size.map(as_number),
            attributes.times.map(|times| times.modified),
            attributes.permissions(),
            attributes.owner.map(|owner| owner.user),
            attributes.owner.map(|owner| owner.group),
        )
    }
}

/// Names of users and groups by their numbers, fit to be shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct OwnerNames {
    pub users: BTreeMap<u32, String>,
    pub groups: BTreeMap<u32, String>,
}

/// Sizes in JavaScript are numbers: exact to 2^53, which no file reaches.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub fn as_number(bytes: u64) -> f64 {
    bytes as f64
}

/// What a path is, without following it.
pub fn kind(attributes: &Attributes) -> RowKind {
    match attributes.kind() {
        FileKind::Directory => RowKind::Folder,
        FileKind::File => RowKind::File,
        FileKind::Link => RowKind::LinkBroken,
        FileKind::Special => RowKind::Special,
        FileKind::Unknown => RowKind::Unknown,
    }
}

/// What a link leads to.
pub async fn link_kind(files: &Files, path: &SftpPath) -> RowKind {
    match files.sftp.stat(path).await {
        Ok(there) if there.kind() == FileKind::Directory => RowKind::LinkFolder,
        Ok(_) => RowKind::LinkFile,
        Err(_) => RowKind::LinkBroken,
    }
}

/// The rows of some entries of a folder; links are followed once, to say what they lead to.
pub async fn rows(files: &Files, folder: &SftpPath, entries: &[(FileName, Attributes)]) -> Vec<FileRow> {
    let of = |(name, attributes): &(FileName, Attributes)| {
        let (path, plain) = (folder.join(name), kind(attributes));
        let row = FileRow::new(name, plain, attributes);
        async move {
            let kind = match (plain, path) {
                (RowKind::LinkBroken, Ok(path)) => link_kind(files, &path).await,
                _ => plain,
            };
            FileRow { 2: kind, ..row }
        }
    };
    futures::stream::iter(entries.iter().map(of)).buffered(LINKS_AT_ONCE).collect().await
}
