//! What OpenSSH's extensions add (its PROTOCOL, section 4). Each says [`ErrorKind::Unsupported`], without a round trip,
//! where the server did not announce it.

use bytes::{BufMut, BytesMut};

use crate::attributes::Attributes;
use crate::driver::Keeps;
use crate::error::{Doing, ErrorKind, Result, Violation};
use crate::extensions::Space;
use crate::file::File;
use crate::name::SftpPath;
use crate::reply::{Expects, Reply};
use crate::request::Request;
use crate::sftp::{Asked, Sftp, Task};
use crate::wire::Reader;

/// Owners that are asked for at once; OpenSSH has no limit but the packet.
const OWNERS_MAX: usize = 256;

/// Names of owners, in the order in which they were asked for. None where the server knows no name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerNames {
    pub users: Vec<Option<Vec<u8>>>,
    pub groups: Vec<Option<Vec<u8>>>,
}

impl Sftp {
    /// Makes another name for the same file. Needs `hardlink@openssh.com`.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] if something is at `to` already.
    pub async fn hard_link(&self, path: &SftpPath, to: &SftpPath) -> Result<()> {
        let task = Task::between(Doing::Link, path, to);
        announced(self.extensions().hard_link, &task)?;
        let request = Request::extended("hardlink@openssh.com", &[path.as_bytes(), to.as_bytes()]);
        self.do_to(task, request).await
    }

    /// Changes the attributes of a path itself, be it a link. Needs `lsetstat@openssh.com`. Linux cannot change the
    /// permissions of a link.
    ///
    /// # Errors
    /// See [`Sftp::set_attributes`].
    pub async fn set_link_attributes(&self, path: &SftpPath, attributes: &Attributes) -> Result<()> {
        let task = Task::of(Doing::SetAttributes, path);
        announced(self.extensions().lsetstat, &task)?;
        let request = Request::extended("lsetstat@openssh.com", &[path.as_bytes()])
            .and(|packet| attributes.put(packet));
        self.do_to(task, request).await
    }

    /// What is free on the file system that a path lies on. Needs `statvfs@openssh.com`.
    ///
    /// # Errors
    /// The path is not there.
    pub async fn space(&self, path: &SftpPath) -> Result<Space> {
        let task = Task::of(Doing::Space, path);
        announced(self.extensions().statvfs, &task)?;
        let request = Request::extended("statvfs@openssh.com", &[path.as_bytes()]);
        let space = self.extended(request, |answer| Space::read(&mut Reader::new(answer))).await;
        space.map_err(|kind| task.failed(kind))
    }

    /// Like [`Sftp::resolve`] for a path that may begin with `~` or `~user`. Needs `expand-path@openssh.com`.
    ///
    /// # Errors
    /// There is no such user or folder.
    pub async fn expand(&self, path: &SftpPath) -> Result<SftpPath> {
        let task = Task::of(Doing::Resolve, path);
        announced(self.extensions().expand_path, &task)?;
        self.one_path(task, Request::extended("expand-path@openssh.com", &[path.as_bytes()])).await
    }

    /// The names of users and groups. Needs `users-groups-by-id@openssh.com`.
    ///
    /// # Errors
    /// Only what fails the whole session, or what the server says of it.
    pub async fn owner_names(&self, users: &[u32], groups: &[u32]) -> Result<OwnerNames> {
        let task = Task::on_session(Doing::NameOwners);
        announced(self.extensions().owner_names, &task)?;
        let mut names = OwnerNames::default();
        for users in users.chunks(OWNERS_MAX) {
            names.users.extend(self.some_names(users, &[]).await.map_err(|kind| task.failed(kind))?.users);
        }
        for groups in groups.chunks(OWNERS_MAX) {
            names.groups.extend(self.some_names(&[], groups).await.map_err(|kind| task.failed(kind))?.groups);
        }
        Ok(names)
    }

    async fn some_names(&self, users: &[u32], groups: &[u32]) -> Result<OwnerNames, ErrorKind> {
        let numbers = |ids: &[u32]| {
            let mut numbers = BytesMut::with_capacity(4 * ids.len());
            ids.iter().for_each(|&id| numbers.put_u32(id));
            numbers
        };
        let request =
            Request::extended("users-groups-by-id@openssh.com", &[&numbers(users), &numbers(groups)]);
        self.extended(request, |answer| {
            let mut answer = Reader::new(answer);
            Ok(OwnerNames {
                users: name_list(answer.string("the names of users")?, users.len())?,
                groups: name_list(answer.string("the names of groups")?, groups.len())?,
            })
        })
        .await
    }

    async fn extended<T>(
        &self,
        request: Request,
        read: impl FnOnce(&[u8]) -> Result<T, Violation>,
    ) -> Result<T, ErrorKind> {
        match self.ask(request, Expects::Extended, Keeps::Nothing).await?.reply().await? {
            Reply::Extended(answer) => read(&answer).map_err(ErrorKind::Protocol),
            _ => unreachable!("any other answer ends the session"),
        }
    }
}

impl File {
    /// Has the server copy `length` bytes, or all to the end, into another file of the same session. Needs `copy-data`.
    /// OpenSSH does nothing else in this session until it is done.
    ///
    /// # Errors
    /// Part of it may have been copied.
    pub async fn copy_to(&self, offset: u64, length: Option<u64>, to: &File, to_offset: u64) -> Result<()> {
        let task = Task::between(Doing::Copy, self.path(), to.path());
        announced(self.sftp().extensions().copy_data, &task)?;
        // Zero means "to the end" on the wire.
        let length = match length {
            Some(0) => return Ok(()),
            Some(length) => length,
            None => 0,
        };
        let request = Request::extended("copy-data", &[self.handle().as_bytes()]).and(|packet| {
            packet.put_u64(offset);
            packet.put_u64(length);
            crate::wire::put_string(packet, to.handle().as_bytes());
            packet.put_u64(to_offset);
        });
        self.do_to(task, request).await
    }

    /// Has the server put the file on its disk. Needs `fsync@openssh.com`.
    ///
    /// # Errors
    /// What was written may be lost if the server loses its power.
    pub async fn sync(&self) -> Result<()> {
        let task = Task::of(Doing::Sync, self.path());
        announced(self.sftp().extensions().fsync, &task)?;
        let saved = async { self.ask_to_save().await?.done().await };
        saved.await.map_err(|kind| task.failed(kind))
    }

    pub(crate) async fn ask_to_save(&self) -> Result<Asked, ErrorKind> {
        self.ask(Request::extended("fsync@openssh.com", &[self.handle().as_bytes()])).await
    }
}

fn announced(is_announced: bool, task: &Task) -> Result<()> {
    if is_announced { Ok(()) } else { Err(task.failed(ErrorKind::Unsupported)) }
}

fn name_list(list: &[u8], asked: usize) -> Result<Vec<Option<Vec<u8>>>, Violation> {
    let mut list = Reader::new(list);
    let mut names = Vec::with_capacity(asked);
    while !list.is_empty() && names.len() < asked {
        let name = list.string("the name of an owner")?;
        names.push((!name.is_empty()).then(|| name.to_vec()));
    }
    if !list.is_empty() || names.len() < asked {
        return Err(Violation::OwnerCount);
    }
    Ok(names)
}
