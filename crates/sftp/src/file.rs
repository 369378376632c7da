//! An open file.

use std::sync::Arc;

use bytes::Bytes;

use crate::attributes::Attributes;
use crate::driver::Keeps;
use crate::error::{Doing, ErrorKind, Result};
use crate::extensions::DATA_MAX_BYTES;
use crate::handle::OpenHandle;
use crate::name::SftpPath;
use crate::reply::{Expects, Reply};
use crate::request::{Access, Request, WriteBuffer, kind};
use crate::sftp::{Asked, Sftp, Task};

/// A file that is open on the server. Dropped, it is closed there without a word about how that went; what was written
/// counts only after [`File::close`], since a server may tell then that its disk is full.
#[derive(Debug)]
pub struct File {
    sftp: Sftp,
    handle: Arc<OpenHandle>,
    path: SftpPath,
}

impl Sftp {
    /// Opens a file; the attributes, of which servers heed the permissions, are for one that is made. A link is followed.
    /// Opening a named pipe may wait for ever.
    ///
    /// Waits while as many are open as the server takes.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] for [`Access::NEW`] where something is, and for a folder to write to; a
    /// folder opened to read fails when it is read.
    pub async fn open(&self, path: &SftpPath, access: Access, attributes: &Attributes) -> Result<File> {
        match self.open_handle(Request::open(path, access, attributes)).await {
            Ok(handle) => Ok(File { sftp: self.clone(), handle, path: path.clone() }),
            Err(kind) => Err(Task::of(Doing::Open, path).failed(kind)),
        }
    }
}

impl File {
    pub fn path(&self) -> &SftpPath {
        &self.path
    }

    pub(crate) fn sftp(&self) -> &Sftp {
        &self.sftp
    }

    pub(crate) fn handle(&self) -> &OpenHandle {
        &self.handle
    }

    /// Reads at most `length` bytes in one request; the server may give fewer. None at the end of the file, and for no
    /// bytes at all. For a whole file [`File::download`] has many requests under way.
    ///
    /// # Errors
    /// For example a folder that was opened as a file.
    pub async fn read(&self, offset: u64, length: u32) -> Result<Option<Bytes>> {
        let length = length.min(self.sftp.limits().read_bytes);
        if length == 0 {
            return Ok(None);
        }
        let read = async {
            let request = self.read_request(offset, length);
            data(&mut self.sftp.ask(request, Expects::Data(length), self.keeps()).await?).await
        };
        read.await.map_err(|kind| self.failed(Doing::Read, kind))
    }

    /// Writes all of `data` in requests that are all under way at once. For a whole file see [`File::upload`].
    ///
    /// # Errors
    /// Any part of it may have been written.
    pub async fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let write = async {
            let mut under_way = Vec::new();
            let mut at = offset;
            for piece in data.chunks(self.sftp.limits().write_bytes as usize) {
                let mut buffer = self.write_buffer(at);
                buffer.space().extend_from_slice(piece);
                under_way.push(self.ask_to_write(buffer).await?);
                at = at.saturating_add(piece.len() as u64);
            }
            for asked in under_way {
                asked.done().await?;
            }
            Ok(())
        };
        write.await.map_err(|kind| self.failed(Doing::Write, kind))
    }

    /// What is known about the file that is open, whatever has come to stand at its path.
    ///
    /// # Errors
    /// Only what fails the whole session, or what the server says of it.
    pub async fn stat(&self) -> Result<Attributes> {
        let stat = async { attributes_of(self.ask_for_attributes().await?).await };
        stat.await.map_err(|kind| self.failed(Doing::Stat, kind))
    }

    /// Changes the attributes that are given. A size cuts or extends the file.
    ///
    /// # Errors
    /// Some of them may have been changed all the same.
    pub async fn set_attributes(&self, attributes: &Attributes) -> Result<()> {
        let request = Request::attributes(kind::FSETSTAT, self.handle.as_bytes(), attributes);
        self.do_to(Task::of(Doing::SetAttributes, &self.path), request).await
    }

    /// Closes the file and says how that went.
    ///
    /// # Errors
    /// What was written may not all be there.
    pub async fn close(self) -> Result<()> {
        let task = Task::of(Doing::Close, &self.path);
        let closed = async { self.ask_to_close().await?.done().await };
        closed.await.map_err(|kind| task.failed(kind))
    }

    pub(crate) async fn ask_for_attributes(&self) -> Result<Asked, ErrorKind> {
        let request = Request::handle(kind::FSTAT, self.handle.as_bytes());
        self.sftp.ask(request, Expects::Attributes, self.keeps()).await
    }

    pub(crate) async fn ask_to_close(self) -> Result<Asked, ErrorKind> {
        self.sftp.ask_to_close(self.handle).await
    }

    pub(crate) fn read_request(&self, offset: u64, length: u32) -> Request {
        Request::read(self.handle.as_bytes(), offset, length)
    }

    pub(crate) fn write_buffer(&self, offset: u64) -> WriteBuffer {
        WriteBuffer::new(self.handle.as_bytes(), offset, self.sftp.limits().write_bytes.min(DATA_MAX_BYTES))
    }

    pub(crate) async fn ask_to_write(&self, buffer: WriteBuffer) -> Result<Asked, ErrorKind> {
        self.sftp.ask(buffer.into_request(), Expects::Status, self.keeps()).await
    }

    pub(crate) async fn ask(&self, request: Request) -> Result<Asked, ErrorKind> {
        self.sftp.ask(request, Expects::Status, self.keeps()).await
    }

    pub(crate) async fn do_to(&self, task: Task, request: Request) -> Result<()> {
        let done = async { self.ask(request).await?.done().await };
        done.await.map_err(|kind| task.failed(kind))
    }

    pub(crate) fn keeps(&self) -> Keeps {
        Keeps::Handle(Arc::clone(&self.handle))
    }

    pub(crate) fn failed(&self, doing: Doing, kind: ErrorKind) -> crate::error::Error {
        Task::of(doing, &self.path).failed(kind)
    }
}

/// What an FSTAT gives.
pub(crate) async fn attributes_of(asked: Asked) -> Result<Attributes, ErrorKind> {
    match asked.reply().await? {
        Reply::Attributes(attributes) => Ok(attributes),
        _ => unreachable!("an answer without attributes ends the session"),
    }
}

/// The data that a READ gives; None at the end of the file.
pub(crate) async fn data(asked: &mut Asked) -> Result<Option<Bytes>, ErrorKind> {
    match asked.ready().await {
        Ok(Reply::Data(data)) => Ok(Some(data)),
        Ok(_) => unreachable!("an answer without data ends the session"),
        Err(ErrorKind::EndOfFile) => Ok(None),
        Err(kind) => Err(kind),
    }
}
