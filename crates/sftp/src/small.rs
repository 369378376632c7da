//! Whole small files in two round trips each, and the end of large ones in one, so that thousands of them are bound by the server and not by the line:
//! OPEN, and then everything else behind the handle without waiting. A server has to treat requests about one file in
//! the order in which they came (draft-02, section 6.1). Run many at once: the queue takes care of how many.

use bytes::{Bytes, BytesMut};

use crate::attributes::Attributes;
use crate::error::{Doing, Error, ErrorKind, Result};
use crate::file::{File, attributes_of, data};
use crate::name::SftpPath;
use crate::reply::Expects;
use crate::request::{Access, Request, kind};
use crate::sftp::{Asked, Sftp, Task};

/// A file that was written whole.
#[derive(Debug)]
pub struct Stored {
    /// Why its times and permissions were refused at the end.
    pub refused: Option<Error>,
    /// Its size, as the server says while it has it open; None if it does not.
    pub size: Option<u64>,
}

impl Sftp {
    /// Reads a whole file that should have `expected` bytes, as a listing said. One that has changed since is read to
    /// its end all the same, with more round trips.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if it holds more than `most` bytes.
    pub async fn fetch(&self, path: &SftpPath, expected: u64, most: u64) -> Result<Bytes> {
        let file = self.open(path, Access::READ, &Attributes::default()).await?;
        // One byte more shows a file that has grown.
        let length = u32::try_from(expected).ok().and_then(|expected| expected.checked_add(1));
        let Some(length) = length.filter(|&length| length <= self.limits().read_bytes) else {
            return collect(file, most).await;
        };
        let task = Task::of(Doing::Read, path);
        let read = async {
            let request = file.read_request(0, length);
            let mut read = self.ask(request, Expects::Data(length), file.keeps()).await?;
            // How the close went says nothing about what was read.
            file.ask_to_close().await?;
            data(&mut read).await
        };
        match read.await.map_err(|kind| task.failed(kind))? {
            None => Ok(Bytes::new()),
            Some(data) if data.len() as u64 == expected && expected <= most => Ok(data),
            // It grew or shrank, or the server gives less at once: whatever it is, reading on shows.
            Some(_) => collect(self.open(path, Access::READ, &Attributes::default()).await?, most).await,
        }
    }

    /// Writes a whole file. The permissions in `attributes` are for one that is made; its times, if given, are set at
    /// the end, with the permissions.
    ///
    /// # Errors
    /// The first of what failed. The file may be there, and hold anything.
    pub async fn store(
        &self,
        path: &SftpPath,
        access: Access,
        attributes: &Attributes,
        data: &[u8],
    ) -> Result<Stored> {
        self.store_whole(path, access, attributes, data, false).await
    }

    /// The same, and the server has put it on its disk, where it offers that.
    ///
    /// # Errors
    /// See [`Sftp::store`].
    pub async fn store_saved(
        &self,
        path: &SftpPath,
        access: Access,
        attributes: &Attributes,
        data: &[u8],
    ) -> Result<Stored> {
        self.store_whole(path, access, attributes, data, self.extensions().fsync).await
    }

    async fn store_whole(
        &self,
        path: &SftpPath,
        access: Access,
        attributes: &Attributes,
        data: &[u8],
        saves: bool,
    ) -> Result<Stored> {
        let made = Attributes { times: None, size: None, ..*attributes };
        let file = self.open(path, access | Access::WRITE, &made).await?;
        let task = Task::of(Doing::Write, path);
        let stored = async {
            let mut under_way = Vec::new();
            let mut offset = 0;
            for piece in data.chunks(self.limits().write_bytes as usize) {
                let mut buffer = file.write_buffer(offset);
                buffer.space().extend_from_slice(piece);
                under_way.push(file.ask_to_write(buffer).await?);
                offset += piece.len() as u64;
            }
            // The permissions once more: for a file that is made, the server's umask has its say.
            let kept = attributes.times.is_some().then(|| Attributes {
                times: attributes.times,
                mode: attributes.mode,
                ..Attributes::default()
            });
            let finishing = Finishing::of(file, kept.as_ref(), saves).await?;
            for asked in under_way {
                asked.done().await?;
            }
            finishing.done(path).await
        };
        stored.await.map_err(|kind| task.failed(kind))
    }
}

impl File {
    /// Sets attributes, puts the file on the server's disk where that is offered, and closes it, all in one round trip.
    ///
    /// # Errors
    /// What was written may not all be there.
    pub async fn finish(self, attributes: &Attributes) -> Result<Stored> {
        let path = self.path().clone();
        let saves = self.sftp().extensions().fsync;
        let finished = async { Finishing::of(self, Some(attributes), saves).await?.done(&path).await };
        finished.await.map_err(|kind| Task::of(Doing::Close, &path).failed(kind))
    }
}

/// The last requests about a file, all under way.
struct Finishing {
    keeping: Option<Asked>,
    saving: Option<Asked>,
    looking: Asked,
    closing: Asked,
}

impl Finishing {
    async fn of(file: File, kept: Option<&Attributes>, saves: bool) -> Result<Self, ErrorKind> {
        let keeping = match kept {
            Some(kept) => {
                Some(file.ask(Request::attributes(kind::FSETSTAT, file.handle().as_bytes(), kept)).await?)
            }
            None => None,
        };
        let saving = if saves { Some(file.ask_to_save().await?) } else { None };
        let looking = file.ask_for_attributes().await?;
        Ok(Self { keeping, saving, looking, closing: file.ask_to_close().await? })
    }

    async fn done(self, path: &SftpPath) -> Result<Stored, ErrorKind> {
        let refused = match self.keeping {
            Some(keeping) => match keeping.done().await {
                Err(kind) if kind.is_refusal() => Some(Task::of(Doing::SetAttributes, path).failed(kind)),
                kept => kept.map(|()| None)?,
            },
            None => None,
        };
        if let Some(saving) = self.saving {
            saving.done().await?;
        }
        let size = match attributes_of(self.looking).await {
            Err(kind) if kind.is_refusal() => None,
            seen => seen?.size,
        };
        self.closing.done().await?;
        Ok(Stored { refused, size })
    }
}

async fn collect(file: File, most: u64) -> Result<Bytes> {
    let task = Task::of(Doing::Read, file.path());
    let mut download = file.download(0, None);
    let mut whole = BytesMut::new();
    while let Some(piece) = download.next().await? {
        if download.position() > most {
            return Err(task.failed(ErrorKind::TooLarge(most)));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}
