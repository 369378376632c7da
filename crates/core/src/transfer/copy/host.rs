//! Folders of a host, over SFTP.

mod hash;
mod writer;

use std::sync::Arc;

use bowline_sftp::{
    Access, Attributes, Error as SftpError, ErrorKind, FileKind, FileName, Listed, Listing, SftpPath, Stored,
    Times,
};
use bytes::Bytes;

use super::Hosts;
use super::fault::{Fault, Result, not_copied};
use super::file::old_of;
use super::tree::{Facts, Finish, Item, Items, Names, Over, Reader, Writer};
use crate::connection::Connection;
use crate::error::{Error, ErrorCode};
use crate::files::session::Files;
use crate::host::HostId;
use crate::transfer::conflict::Kind;
pub use writer::HostWriter;

/// While it is written, a file or folder is for its owner alone.
const PRIVATE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;
/// A host with less free than this has a full disk, whatever it says about it.
const FULL_BYTES: u64 = 1024 * 1024;
/// What is on its way of one piece of a file: two of them fill the window of a lane.
const RANGE_WINDOW_BYTES: usize = 4 * 1024 * 1024;

/// A folder of a host with everything below it.
#[derive(Clone)]
pub struct HostTree {
    pub files: Files,
    pub host: HostId,
    base: SftpPath,
    hosts: Arc<dyn Hosts>,
}

impl std::fmt::Debug for HostTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostTree").field("host", &self.host).field("base", &self.base).finish_non_exhaustive()
    }
}

impl HostTree {
    pub fn new(files: Files, host: HostId, base: SftpPath, hosts: Arc<dyn Hosts>) -> Self {
        Self { files, host, base, hosts }
    }

    /// The folder that a source lies in, and its name there. A link that a person chose is followed, unless it is to be moved:
    /// then it goes as a link, and what it leads to stays.
    pub async fn source(
        files: Files,
        host: HostId,
        hosts: Arc<dyn Hosts>,
        path: SftpPath,
        is_moved: bool,
    ) -> Result<(Self, Vec<u8>)> {
        let this = Self::new(files, host, path.clone(), hosts);
        let is_link =
            !is_moved && this.checked(this.files.sftp.lstat(&path).await).await?.kind() == FileKind::Link;
        let path = if is_link { this.leads_to(&path).await? } else { path };
        match (path.parent(), path.file_name()) {
            (Some(base), Some(name)) => Ok((Self { base, ..this }, name.as_bytes().to_vec())),
            _ => Err(not_copied(&path.to_string(), "no-name")),
        }
    }

    /// What a link leads to. OpenSSH gives a path also where nothing is.
    async fn leads_to(&self, link: &SftpPath) -> Result<SftpPath> {
        let followed = async {
            let path = self.files.sftp.resolve(link).await?;
            self.files.sftp.lstat(&path).await.map(|_| path)
        };
        match followed.await {
            Err(error) if matches!(error.kind, ErrorKind::NoSuchFile) => {
                Err(not_copied(&link.to_string(), "broken-link"))
            }
            followed => self.checked(followed).await,
        }
    }

    /// Another session on a connection of its own.
    pub async fn open_bulk(&self, beside: &Arc<Connection>) -> crate::error::Result<Files> {
        self.hosts.bulk(&self.host, beside).await
    }

    pub fn close_bulk(&self, beside: &Arc<Connection>, files: Files) {
        self.hosts.bulk_done(&self.host, beside, files);
    }

    /// The same folder through another session.
    pub fn with(&self, files: Files) -> Self {
        Self { files, ..self.clone() }
    }

    /// A path below by its words.
    pub fn at<'a>(&'a self, names: &'a Names) -> impl Iterator<Item = &'a [u8]> {
        let base = self.base.as_bytes().split(|&byte| byte == b'/');
        let base = base.filter(|&name| !name.is_empty() && name != b".");
        base.chain(names.iter().map(Vec::as_slice))
    }

    pub fn shown(&self, names: &Names) -> String {
        self.path(names).map_or_else(|_| self.base.to_string(), |path| path.to_string())
    }

    pub async fn look(&self, names: &Names) -> Result<Option<Facts>> {
        match self.files.sftp.lstat(&self.path(names)?).await {
            Ok(attributes) => Ok(Some(facts(&attributes))),
            Err(error) if matches!(error.kind, ErrorKind::NoSuchFile) => Ok(None),
            Err(error) => Err(self.fault(&error).await),
        }
    }

    pub async fn list(&self, names: &Names) -> Result<Items> {
        let listing = self.checked(self.files.sftp.list(&self.path(names)?).await).await?;
        Ok(Items::Host(self.clone(), Box::new(listing)))
    }

    pub(super) async fn next_item(&self, listing: &mut Listing) -> Result<Option<Item>> {
        Ok(self.checked(listing.next().await).await?.map(|listed| match listed {
            Listed::Entry(entry) => {
                Item::Entry { name: entry.name.as_bytes().to_vec(), facts: facts(&entry.attributes) }
            }
            Listed::Refused { name, .. } => Item::Refused(name.into_vec()),
        }))
    }

    pub async fn make_folder(&self, names: &Names) -> Result<()> {
        let attributes = Attributes::with_permissions(PRIVATE_FOLDER);
        let made = self.files.sftp.make_directory(&self.path(names)?, &attributes).await;
        self.written(made).await
    }

    pub async fn finish_folder(&self, names: &Names, facts: &Facts) -> Result<()> {
        let done = self.files.sftp.set_attributes(&self.path(names)?, &finished(facts)).await;
        self.checked(done).await
    }

    pub async fn read(&self, names: &Names, from: u64, until: u64) -> Result<Reader> {
        let opened = self.files.sftp.open(&self.path(names)?, Access::READ, &Attributes::default()).await;
        let file = self.checked(opened).await?;
        Ok(Reader::Host(self.clone(), Box::new(file.download(from, Some(until)))))
    }

    pub async fn read_piece(
        &self,
        names: &Names,
        from: u64,
        until: u64,
        open: Option<bowline_sftp::File>,
    ) -> Result<Reader> {
        let file = match open {
            Some(file) => file,
            None => {
                let path = self.path(names)?;
                let opened = self.files.sftp.open(&path, Access::READ, &Attributes::default()).await;
                self.checked(opened).await?
            }
        };
        let download = file.download(from, Some(until)).with_window(RANGE_WINDOW_BYTES);
        Ok(Reader::Host(self.clone(), Box::new(download)))
    }

    pub async fn read_small(&self, names: &Names, size: u64) -> Result<Bytes> {
        let path = self.path(names)?;
        // One byte more shows a file that has grown.
        match self.files.sftp.fetch(&path, size, size.saturating_add(1)).await {
            Ok(data) if data.len() as u64 == size => Ok(data),
            Ok(_) => Err(not_copied(&path.to_string(), "changed")),
            Err(error) if matches!(error.kind, ErrorKind::TooLarge(_)) => {
                Err(not_copied(&path.to_string(), "changed"))
            }
            Err(error) => Err(self.fault(&error).await),
        }
    }

    pub async fn write(&self, names: &Names, at: u64) -> Result<Writer> {
        let path = self.path(names)?;
        let file = if at == 0 {
            self.create(&path).await?
        } else {
            let open = async || self.files.sftp.open(&path, Access::WRITE, &Attributes::default()).await;
            let mut opened = open().await;
            if matches!(&opened, Err(error) if matches!(error.kind, ErrorKind::PermissionDenied)) {
                // It was finished already, as one that may only be read.
                let ours = Attributes::with_permissions(PRIVATE);
                if self.files.sftp.set_attributes(&path, &ours).await.is_ok() {
                    opened = open().await;
                }
            }
            let file = self.checked(opened).await?;
            let cut = Attributes { size: Some(at), ..Attributes::default() };
            self.checked(file.set_attributes(&cut).await).await?;
            file
        };
        Ok(Writer::Host(HostWriter {
            tree: self.clone(),
            upload: Box::new(file.upload(at)),
            sent: at,
            has_failed: false,
        }))
    }

    pub async fn write_range(
        &self,
        names: &Names,
        at: u64,
        open: Option<bowline_sftp::File>,
    ) -> Result<Writer> {
        let file = match open {
            Some(file) => file,
            None => {
                let path = self.path(names)?;
                let opened = self.files.sftp.open(&path, Access::WRITE, &Attributes::default()).await;
                self.checked(opened).await?
            }
        };
        let upload = Box::new(file.upload(at).with_window(RANGE_WINDOW_BYTES));
        Ok(Writer::Host(HostWriter { tree: self.clone(), upload, sent: at, has_failed: false }))
    }

    pub async fn write_small(
        &self,
        part: &Names,
        names: &Names,
        data: Bytes,
        facts: &Facts,
        over: Over,
        is_only_copy: bool,
    ) -> Result<Finish> {
        let path = self.path(part)?;
        let made = Attributes { mode: facts.mode, ..finished(facts) };
        let access = Access::CREATE | Access::NEW;
        let sftp = &self.files.sftp;
        // Each on its own costs a disk its speed, so only where something else goes for it.
        let store = async || match is_only_copy || over == Over::File {
            true => sftp.store_saved(&path, access, &made, &data).await,
            false => sftp.store(&path, access, &made, &data).await,
        };
        let mut stored = store().await;
        if matches!(&stored, Err(error) if is_taken(error)) {
            // A part of an earlier try; if it is not that, the first failure stays the answer.
            if self.files.sftp.remove(&path).await.is_ok() {
                stored = store().await;
            }
        }
        let written = async {
            let Stored { refused, size } = self.written(stored).await?;
            let size = match size {
                Some(size) => Some(size),
                None => self.look(part).await?.map(|facts| facts.size),
            };
            if size != Some(data.len() as u64) {
                return Err(not_copied(&path.to_string(), "size"));
            }
            self.rename(part, names, over).await?;
            Ok(refused.map_or(Finish::Kept, |error| bare(&error)))
        };
        let written = written.await;
        if matches!(written, Err(Fault::File(_) | Fault::All(_))) {
            let _ = self.files.sftp.remove(&path).await;
        }
        written
    }

    /// See [`Sftp::replace_in_steps`](bowline_sftp::Sftp::replace_in_steps).
    pub fn replaces_in_steps(&self) -> bool {
        !self.files.sftp.extensions().posix_rename
    }

    pub async fn rename(&self, from: &Names, to: &Names, over: Over) -> Result<()> {
        let names = from;
        let (from, to) = (self.path(from)?, self.path(to)?);
        let sftp = &self.files.sftp;
        let renamed = match over {
            Over::Nothing => sftp.rename(&from, &to).await,
            Over::File if sftp.extensions().posix_rename => sftp.replace(&from, &to).await,
            Over::File => {
                let aside = self.path(&old_of(names))?;
                sftp.replace_in_steps(&from, &to, &aside).await
            }
        };
        match renamed {
            Ok(()) => Ok(()),
            Err(error) if over == Over::Nothing && is_taken(&error) && sftp.lstat(&to).await.is_ok() => {
                Err(self.fault(&SftpError { kind: ErrorKind::AlreadyExists, ..error }).await)
            }
            Err(error) => Err(self.fault(&error).await),
        }
    }

    pub async fn remove(&self, names: &Names) -> Result<()> {
        self.checked(self.files.sftp.remove(&self.path(names)?).await).await
    }

    pub async fn remove_folder(&self, names: &Names) -> Result<()> {
        self.checked(self.files.sftp.remove_directory(&self.path(names)?).await).await
    }

    pub async fn read_link(&self, names: &Names) -> Result<Vec<u8>> {
        let target = self.checked(self.files.sftp.read_link(&self.path(names)?).await).await?;
        Ok(target.as_bytes().to_vec())
    }

    pub async fn make_link(&self, names: &Names, target: &[u8]) -> Result<()> {
        let link = self.path(names)?;
        let target = SftpPath::new(target).map_err(|_| not_copied(&link.to_string(), "link"))?;
        self.checked(self.files.sftp.symlink(&target, &link).await).await
    }

    /// Has the server copy a whole file to another place of the same host, in pieces, so that it answers others between them.
    /// None where it does not offer that.
    pub async fn copy_within(
        &self,
        from: (&HostTree, &Names),
        part: &Names,
        facts: &Facts,
        mut copied: impl FnMut(u64),
    ) -> Result<Option<Finish>> {
        /// A second of a fast disk.
        const PIECE_BYTES: u64 = 64 * 1024 * 1024;
        if !self.files.sftp.extensions().copy_data || from.0.host != self.host {
            return Ok(None);
        }
        let source = from.0.path(from.1)?;
        let opened = self.files.sftp.open(&source, Access::READ, &Attributes::default()).await;
        let source = self.checked(opened).await?;
        let target = self.create(&self.path(part)?).await?;
        let mut at = 0;
        while at < facts.size {
            let length = (facts.size - at).min(PIECE_BYTES);
            self.written(source.copy_to(at, Some(length), &target, at).await).await?;
            at += length;
            copied(length);
        }
        self.close(target, facts).await.map(Some)
    }

    /// Sets mode and times, saves, looks at the size and closes.
    async fn close(&self, file: bowline_sftp::File, facts: &Facts) -> Result<Finish> {
        let shown = file.path().to_string();
        let Stored { refused, size } = self.written(file.finish(&finished(facts)).await).await?;
        let finish = refused.map_or(Finish::Kept, |error| bare(&error));
        if size == Some(facts.size) { Ok(finish) } else { Err(not_copied(&shown, "size")) }
    }

    /// A new file, whatever of an earlier try is there. A link at its place is not followed.
    async fn create(&self, path: &SftpPath) -> Result<bowline_sftp::File> {
        let access = Access::WRITE | Access::CREATE | Access::NEW;
        let private = Attributes::with_permissions(PRIVATE);
        let mut opened = self.files.sftp.open(path, access, &private).await;
        if matches!(&opened, Err(error) if is_taken(error)) && self.files.sftp.remove(path).await.is_ok() {
            opened = self.files.sftp.open(path, access, &private).await;
        }
        self.written(opened).await
    }

    pub(super) async fn checked<T>(&self, result: bowline_sftp::Result<T>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.fault(&error).await),
        }
    }

    /// As `checked`, for what needs room on the disk: OpenSSH says no more than that it failed when there is none.
    async fn written<T>(&self, result: bowline_sftp::Result<T>) -> Result<T> {
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if matches!(error.kind, ErrorKind::Failure { .. })
            && let Ok(space) = self.files.sftp.space(&self.base).await
            && space.available_bytes < FULL_BYTES
        {
            return Err(self.fault(&SftpError { kind: ErrorKind::NoSpace, ..error }).await);
        }
        Err(self.fault(&error).await)
    }

    async fn fault(&self, error: &SftpError) -> Fault {
        let problem = self.files.problem(error).await;
        match error.kind {
            // Nothing that such a server says counts any more.
            ErrorKind::Protocol(_) => Fault::All(problem),
            ErrorKind::ConnectionLost(_) => Fault::Lost(problem),
            _ => problem.into(),
        }
    }

    fn path(&self, names: &Names) -> Result<SftpPath> {
        let below = |path: SftpPath, name: &Vec<u8>| path.join(&FileName::new(name)?);
        names.iter().try_fold(self.base.clone(), below).map_err(|cause| {
            let shown = format!("{}/...", self.base);
            let message = format!("{shown} could not be used: {cause}.");
            let error = Error::new(ErrorCode::NotCopied, message);
            Fault::File(error.with("path", shown).with("reason", "long-name").because(cause))
        })
    }
}

fn facts(attributes: &Attributes) -> Facts {
    let kind = match attributes.kind() {
        // A server that does not say: reading it shows.
        FileKind::File | FileKind::Unknown => Kind::File,
        FileKind::Directory => Kind::Directory,
        FileKind::Link => Kind::Link,
        FileKind::Special => Kind::Other,
    };
    Facts {
        kind,
        size: attributes.size.unwrap_or(0),
        modified: attributes.times.map(|times| times.modified.into()),
        mode: attributes.permissions().map(|mode| mode & 0o777),
    }
}

/// Mode and times of what was written.
fn finished(facts: &Facts) -> Attributes {
    let times = facts.modified.map(|modified| {
        let modified = u32::try_from(modified).unwrap_or(u32::MAX);
        Times { accessed: modified, modified }
    });
    Attributes { mode: facts.mode, times, ..Attributes::default() }
}

/// A file whose mode and times were refused: a host may have a file system without them (FAT), or one of another user's.
fn bare(error: &SftpError) -> Finish {
    tracing::debug!(%error, "a file keeps the mode and time of now");
    Finish::Bare
}

/// OpenSSH says only that it failed where something stands already.
fn is_taken(error: &SftpError) -> bool {
    matches!(error.kind, ErrorKind::AlreadyExists | ErrorKind::Failure { .. })
}
