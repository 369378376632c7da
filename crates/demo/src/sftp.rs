//! The SFTP server (version 3, draft-ietf-secsh-filexfer-02) on one channel: requests to a [`Folder`], one after another.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use russh_sftp::extensions::{FSYNC, FsyncExtension, HardlinkExtension, LIMITS, LimitsExtension};
use russh_sftp::protocol::{
    Attrs, Data, ExtendedReply, File, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode,
    Version,
};
use russh_sftp::server::{Config, Handler, StatusReply, run_with_config};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::channel::{FromClient, Gone, OUTPUT_BYTES, Stream, ToClient, feed};
use crate::exit::Exit;
use crate::folder::{self, Folder, Listing};
use crate::positional::{read_at, write_all_at};

/// Files and directories open at once per channel; one more is refused.
const MAX_HANDLES: usize = 256;
/// Most bytes that one READ returns or one WRITE carries; OpenSSH's limit.
const MAX_TRANSFER_BYTES: u32 = 255 * 1024;
/// Largest packet that is read; OpenSSH's limit.
const MAX_PACKET_BYTES: u32 = 256 * 1024;
/// Entries in one answer to READDIR; OpenSSH's figure.
const LISTING_ENTRIES: usize = 100;
const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// Serves SFTP until the client ends its input. The server's own task ends with this future, since its stream does; `task`
/// tells the host when it has.
pub(crate) async fn serve(
    folder: Folder,
    client: &ToClient,
    from: FromClient,
    task: TaskTrackerToken,
) -> Result<Exit, Gone> {
    // Full when the client does not read its answers: then the server waits, and so do its requests.
    let (ours, theirs) = tokio::io::duplex(OUTPUT_BYTES);
    let (answers, requests) = tokio::io::split(ours);
    let server = Server { folder, open: HashMap::new(), next: 0, _task: task };
    let config = Config { max_client_packet_len: MAX_PACKET_BYTES };
    run_with_config(theirs, server, config).await;
    tokio::select! {
        sent = client.copy(Stream::Output, answers) => sent.map(|()| Exit::Status(0)),
        never = feed(requests, from.input) => match never {},
    }
}

struct Server {
    folder: Folder,
    open: HashMap<String, Open>,
    /// The next handle's number; never used twice, so that a stale handle is told from a new one.
    next: u64,
    _task: TaskTrackerToken,
}

#[derive(Clone)]
enum Open {
    File(Arc<std::fs::File>),
    /// Locked only while one answer is put together.
    Listing(Arc<Mutex<Listing>>),
}

type Reply<T> = Result<T, StatusReply>;

impl Server {
    /// Does something with the folder on a thread that may block.
    async fn with_folder<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    ) -> Reply<T> {
        let folder = self.folder.clone();
        off_the_runtime(move || act(&folder)).await
    }

    fn has_room(&self) -> Reply<()> {
        if self.open.len() < MAX_HANDLES {
            Ok(())
        } else {
            Err(StatusCode::Failure.with_message("too many open files"))
        }
    }

    fn keep(&mut self, id: u32, open: Open) -> Handle {
        let handle = self.next.to_string();
        self.next += 1;
        self.open.insert(handle.clone(), open);
        Handle { id, handle }
    }

    fn file(&self, handle: &str) -> Reply<Arc<std::fs::File>> {
        match self.open.get(handle) {
            Some(Open::File(file)) => Ok(Arc::clone(file)),
            Some(Open::Listing(_)) | None => Err(bad_handle()),
        }
    }
}

async fn off_the_runtime<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Reply<T> {
    match tokio::task::spawn_blocking(act).await {
        Ok(result) => result.map_err(|cause| refusal(&cause)),
        Err(_) => Err(StatusCode::Failure.into()),
    }
}

/// An error of the system as a status. Its words never name a path outside the folder, as none is ever opened.
fn refusal(cause: &io::Error) -> StatusReply {
    let code = match cause.kind() {
        io::ErrorKind::NotFound => StatusCode::NoSuchFile,
        io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        io::ErrorKind::UnexpectedEof => StatusCode::Eof,
        _ => StatusCode::Failure,
    };
    code.with_message(cause.to_string())
}

fn bad_handle() -> StatusReply {
    StatusCode::Failure.with_message("no such handle")
}

fn done(id: u32) -> Status {
    Status { id, status_code: StatusCode::Ok, error_message: "Ok".into(), language_tag: "en".into() }
}

fn one_name(id: u32, name: String) -> Name {
    Name { id, files: vec![File::dummy(name)] }
}

fn parse<T: for<'de> serde::Deserialize<'de>>(data: Vec<u8>) -> Reply<T> {
    russh_sftp::de::from_bytes(&mut data.into()).map_err(|_| StatusCode::BadMessage.into())
}

impl Handler for Server {
    type Error = StatusReply;

    fn unimplemented(&self) -> StatusReply {
        StatusCode::OpUnsupported.into()
    }

    async fn init(&mut self, _version: u32, _extensions: HashMap<String, String>) -> Reply<Version> {
        let mut version = Version::new();
        for (name, revision) in [(POSIX_RENAME, "1"), (FSYNC, "1"), (LIMITS, "1")] {
            version.extensions.insert(name.into(), revision.into());
        }
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        pflags: OpenFlags,
        attrs: FileAttributes,
    ) -> Reply<Handle> {
        self.has_room()?;
        let file =
            self.with_folder(move |folder| folder.open_file(&filename, pflags, attrs.permissions)).await?;
        Ok(self.keep(id, Open::File(Arc::new(file))))
    }

    async fn close(&mut self, id: u32, handle: String) -> Reply<Status> {
        let open = self.open.remove(&handle).ok_or_else(bad_handle)?;
        // Closing a file on a slow disk or a network drive can block.
        off_the_runtime(move || {
            drop(open);
            Ok(())
        })
        .await?;
        Ok(done(id))
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Reply<Data> {
        let file = self.file(&handle)?;
        let wanted = len.min(MAX_TRANSFER_BYTES) as usize;
        let data = off_the_runtime(move || {
            let mut data = vec![0; wanted];
            let read = read_at(&file, &mut data, offset)?;
            data.truncate(read);
            Ok(data)
        })
        .await?;
        if data.is_empty() && wanted > 0 {
            return Err(StatusCode::Eof.into());
        }
        Ok(Data { id, data })
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Reply<Status> {
        let file = self.file(&handle)?;
        off_the_runtime(move || write_all_at(&file, &data, offset)).await?;
        Ok(done(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Reply<Attrs> {
        let attrs = self.with_folder(move |folder| folder.lstat(&path)).await?;
        Ok(Attrs { id, attrs })
    }

    async fn stat(&mut self, id: u32, path: String) -> Reply<Attrs> {
        let attrs = self.with_folder(move |folder| folder.stat(&path)).await?;
        Ok(Attrs { id, attrs })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Reply<Attrs> {
        let file = self.file(&handle)?;
        let attrs = off_the_runtime(move || folder::attributes_of(&file)).await?;
        Ok(Attrs { id, attrs })
    }

    async fn setstat(&mut self, id: u32, path: String, attrs: FileAttributes) -> Reply<Status> {
        self.with_folder(move |folder| folder.change(&path, &attrs)).await?;
        Ok(done(id))
    }

    async fn fsetstat(&mut self, id: u32, handle: String, attrs: FileAttributes) -> Reply<Status> {
        let file = self.file(&handle)?;
        off_the_runtime(move || {
            folder::change_permissions(&file, &attrs)?;
            folder::change_file(&file, &attrs)
        })
        .await?;
        Ok(done(id))
    }

    async fn opendir(&mut self, id: u32, path: String) -> Reply<Handle> {
        self.has_room()?;
        let listing = self.with_folder(move |folder| folder.list(&path)).await?;
        Ok(self.keep(id, Open::Listing(Arc::new(Mutex::new(listing)))))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Reply<Name> {
        let Some(Open::Listing(listing)) = self.open.get(&handle).cloned() else {
            return Err(bad_handle());
        };
        let files: Vec<File> = off_the_runtime(move || {
            let mut listing = listing.lock().map_err(|_| io::ErrorKind::Other)?;
            let next = listing.by_ref().take(LISTING_ENTRIES);
            Ok(next.map(|(name, attributes)| File::new(name, attributes)).collect())
        })
        .await?;
        if files.is_empty() {
            return Err(StatusCode::Eof.into());
        }
        Ok(Name { id, files })
    }

    async fn remove(&mut self, id: u32, filename: String) -> Reply<Status> {
        self.with_folder(move |folder| folder.remove_file(&filename)).await?;
        Ok(done(id))
    }

    async fn mkdir(&mut self, id: u32, path: String, attrs: FileAttributes) -> Reply<Status> {
        self.with_folder(move |folder| {
            folder.make_directory(&path)?;
            folder.change(&path, &attrs)
        })
        .await?;
        Ok(done(id))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Reply<Status> {
        self.with_folder(move |folder| folder.remove_directory(&path)).await?;
        Ok(done(id))
    }

    async fn realpath(&mut self, id: u32, path: String) -> Reply<Name> {
        Ok(one_name(id, self.folder.absolute(&path)))
    }

    async fn rename(&mut self, id: u32, oldpath: String, newpath: String) -> Reply<Status> {
        self.with_folder(move |folder| folder.rename(&oldpath, &newpath)).await?;
        Ok(done(id))
    }

    async fn readlink(&mut self, id: u32, path: String) -> Reply<Name> {
        let target = self.with_folder(move |folder| folder.link_target(&path)).await?;
        Ok(one_name(id, target))
    }

    /// OpenSSH sends the target first, whatever the draft says, and every client has followed it (PROTOCOL, section 4.1).
    async fn symlink(&mut self, id: u32, target: String, link: String) -> Reply<Status> {
        self.with_folder(move |folder| folder.link(&target, &link)).await?;
        Ok(done(id))
    }

    async fn extended(&mut self, id: u32, request: String, data: Vec<u8>) -> Reply<Packet> {
        match request.as_str() {
            POSIX_RENAME => {
                let paths: HardlinkExtension = parse(data)?;
                self.with_folder(move |folder| folder.rename_over(&paths.oldpath, &paths.newpath)).await?;
                Ok(done(id).into())
            }
            FSYNC => {
                let file = self.file(&parse::<FsyncExtension>(data)?.handle)?;
                off_the_runtime(move || file.sync_all()).await?;
                Ok(done(id).into())
            }
            LIMITS => {
                let limits = LimitsExtension {
                    max_packet_len: MAX_PACKET_BYTES.into(),
                    max_read_len: MAX_TRANSFER_BYTES.into(),
                    max_write_len: MAX_TRANSFER_BYTES.into(),
                    max_open_handles: MAX_HANDLES as u64,
                };
                let data = russh_sftp::ser::to_bytes(&limits).map_err(|_| StatusCode::Failure)?;
                Ok(ExtendedReply { id, data: data.to_vec() }.into())
            }
            _ => Err(self.unimplemented()),
        }
    }
}
