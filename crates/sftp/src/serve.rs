//! The other end of a session: requests of our own client, answered from a file system that is at hand. There is no
//! network between the two, so a request that cannot be read ends the session and is not argued with.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::attributes::Attributes;
use crate::error::Violation;
use crate::extensions::{DATA_MAX_BYTES, Space};
use crate::request::{VERSION, kind};
use crate::wire::{Reader, put_string};

/// What our client sends at most: a write, and what stands around it.
const REQUEST_MAX_BYTES: usize = 256 * 1024;
/// Files and folders that are open at once; our client opens fewer.
const HANDLES_MAX: usize = 512;
/// Entries in one answer to READDIR; OpenSSH's figure.
const PAGE: usize = 100;

const STATUS: u8 = 101;
const HANDLE: u8 = 102;
const DATA: u8 = 103;
const NAME: u8 = 104;
const ATTRIBUTES: u8 = 105;
const EXTENDED_REPLY: u8 = 201;

/// The entries of a folder, with what is known of each without following it.
pub type Entries = Box<dyn Iterator<Item = io::Result<(Vec<u8>, Attributes)>> + Send>;

/// How a file is to be opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenFor {
    pub read: bool,
    pub write: bool,
    pub append: bool,
    pub create: bool,
    pub truncate: bool,
    /// Refused if it is there.
    pub new: bool,
    /// Of a file that is made.
    pub mode: Option<u32>,
}

/// A file system. Paths are bytes, as everywhere here; each call may block.
pub trait FileSystem: Send + 'static {
    fn resolve(&mut self, path: &[u8]) -> io::Result<Vec<u8>>;
    fn look(&mut self, path: &[u8], follow: bool) -> io::Result<Attributes>;
    fn set(&mut self, path: &[u8], attributes: &Attributes) -> io::Result<()>;
    fn list(&mut self, path: &[u8]) -> io::Result<Entries>;
    fn open(&mut self, path: &[u8], how: OpenFor) -> io::Result<File>;
    fn look_at(&mut self, file: &File) -> io::Result<Attributes>;
    fn set_of(&mut self, file: &File, attributes: &Attributes) -> io::Result<()>;
    fn make_folder(&mut self, path: &[u8], mode: Option<u32>) -> io::Result<()>;
    fn remove(&mut self, path: &[u8]) -> io::Result<()>;
    fn remove_folder(&mut self, path: &[u8]) -> io::Result<()>;
    /// With `over` what is at the new path is replaced at one instant; else it is left, and that is an error.
    fn rename(&mut self, from: &[u8], to: &[u8], over: bool) -> io::Result<()>;
    fn read_link(&mut self, path: &[u8]) -> io::Result<Vec<u8>>;
    fn make_link(&mut self, target: &[u8], path: &[u8]) -> io::Result<()>;
    fn space(&mut self, path: &[u8]) -> io::Result<Space>;
    /// The name of a user or group; None where it has none.
    fn owner_name(&mut self, id: u32, is_group: bool) -> Option<Vec<u8>>;
}

/// Answers requests until the client ends its side, one after another, on threads that may block.
///
/// # Errors
/// The stream failed, or what came is no request.
pub async fn serve<S, F>(mut stream: S, file_system: F) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: FileSystem,
{
    let mut server = Server { file_system, open: HashMap::new(), next: 0 };
    let mut buffer = BytesMut::new();
    loop {
        let mut requests = Vec::new();
        while let Some(request) = split(&mut buffer)? {
            requests.push(request);
        }
        if requests.is_empty() {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        }
        let working = tokio::task::spawn_blocking(move || {
            let mut answers = BytesMut::new();
            let answered = requests.into_iter().try_for_each(|request| server.answer(request, &mut answers));
            (server, answers, answered)
        });
        let (back, answers, answered) = working.await.map_err(io::Error::other)?;
        server = back;
        stream.write_all(&answers).await?;
        answered.map_err(|violation| io::Error::new(io::ErrorKind::InvalidData, violation.to_string()))?;
    }
}

/// Takes a whole packet from the front, without its length.
fn split(buffer: &mut BytesMut) -> io::Result<Option<Bytes>> {
    let Some(length) = buffer.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) as usize) else {
        return Ok(None);
    };
    if length > REQUEST_MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet is too long"));
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}

enum Open {
    File(File),
    Folder(Entries),
}

struct Server<F> {
    file_system: F,
    open: HashMap<u64, Open>,
    /// The next handle; never used twice, so that a stale one is told from a new one.
    next: u64,
}

enum Answer {
    Done,
    Handle(u64),
    Data(Vec<u8>),
    Names(Vec<(Vec<u8>, Attributes)>),
    Attributes(Attributes),
    Extended(BytesMut),
}

/// What is wrong with a request, and what is wrong with doing it.
type Asked = Result<io::Result<Answer>, Violation>;

impl<F: FileSystem> Server<F> {
    fn answer(&mut self, request: Bytes, answers: &mut BytesMut) -> Result<(), Violation> {
        let mut reader = Reader::new(&request);
        let asked = reader.u8("its type")?;
        if asked == kind::INIT {
            packet(answers, |out| {
                out.put_u8(2);
                out.put_u32(VERSION);
                for (name, version) in [
                    ("posix-rename@openssh.com", "1"),
                    ("statvfs@openssh.com", "2"),
                    ("fsync@openssh.com", "1"),
                    ("limits@openssh.com", "1"),
                    ("users-groups-by-id@openssh.com", "1"),
                ] {
                    put_string(out, name.as_bytes());
                    put_string(out, version.as_bytes());
                }
            });
            return Ok(());
        }
        let id = reader.u32("the id")?;
        let answer = self.answer_to(asked, &mut reader)?;
        packet(answers, |out| put(out, id, answer));
        Ok(())
    }

    fn answer_to(&mut self, asked: u8, reader: &mut Reader<'_>) -> Asked {
        const PATH: &str = "a path";
        let done = |outcome: io::Result<()>| outcome.map(|()| Answer::Done);
        Ok(match asked {
            kind::OPEN => {
                let path = reader.string(PATH)?;
                let flags = reader.u32("the flags")?;
                let mode = Attributes::read(reader)?.permissions();
                let has = |flag: u32| flags & flag != 0;
                let how = OpenFor {
                    read: has(1),
                    write: has(2),
                    append: has(4),
                    create: has(8),
                    truncate: has(16),
                    new: has(32),
                    mode,
                };
                self.file_system.open(path, how).and_then(|file| self.keep(Open::File(file)))
            }
            kind::CLOSE => {
                let handle = handle(reader)?;
                done(self.open.remove(&handle).map(drop).ok_or_else(no_handle))
            }
            kind::READ => {
                let (handle, offset) = (handle(reader)?, reader.u64("the offset")?);
                let length = reader.u32("the length")?.min(DATA_MAX_BYTES);
                self.file(handle).and_then(|file| read_at(file, offset, length))
            }
            kind::WRITE => {
                let (handle, offset) = (handle(reader)?, reader.u64("the offset")?);
                let data = reader.string("the data")?;
                done(self.file(handle).and_then(|file| write_at(file, offset, data)))
            }
            kind::LSTAT => self.file_system.look(reader.string(PATH)?, false).map(Answer::Attributes),
            kind::STAT => self.file_system.look(reader.string(PATH)?, true).map(Answer::Attributes),
            kind::FSTAT => {
                let handle = handle(reader)?;
                let Self { file_system, open, .. } = self;
                file_of(open, handle).and_then(|file| file_system.look_at(file)).map(Answer::Attributes)
            }
            kind::SETSTAT => {
                let path = reader.string(PATH)?;
                done(self.file_system.set(path, &Attributes::read(reader)?))
            }
            kind::FSETSTAT => {
                let (handle, attributes) = (handle(reader)?, Attributes::read(reader)?);
                let Self { file_system, open, .. } = self;
                done(file_of(open, handle).and_then(|file| file_system.set_of(file, &attributes)))
            }
            kind::OPENDIR => {
                let path = reader.string(PATH)?;
                self.file_system.list(path).and_then(|entries| self.keep(Open::Folder(entries)))
            }
            kind::READDIR => {
                let handle = handle(reader)?;
                self.page(handle)
            }
            kind::REMOVE => done(self.file_system.remove(reader.string(PATH)?)),
            kind::MKDIR => {
                let path = reader.string(PATH)?;
                done(self.file_system.make_folder(path, Attributes::read(reader)?.permissions()))
            }
            kind::RMDIR => done(self.file_system.remove_folder(reader.string(PATH)?)),
            kind::REALPATH => self.file_system.resolve(reader.string(PATH)?).map(one_name),
            kind::RENAME => {
                let (from, to) = (reader.string(PATH)?, reader.string(PATH)?);
                done(self.file_system.rename(from, to, false))
            }
            kind::READLINK => self.file_system.read_link(reader.string(PATH)?).map(one_name),
            kind::SYMLINK => {
                let (target, path) = (reader.string(PATH)?, reader.string(PATH)?);
                done(self.file_system.make_link(target, path))
            }
            kind::EXTENDED => return self.extended(reader),
            _ => Err(io::ErrorKind::Unsupported.into()),
        })
    }

    fn extended(&mut self, reader: &mut Reader<'_>) -> Asked {
        Ok(match reader.string("the name of an extension")? {
            b"posix-rename@openssh.com" => {
                let (from, to) = (reader.string("a path")?, reader.string("a path")?);
                self.file_system.rename(from, to, true).map(|()| Answer::Done)
            }
            b"statvfs@openssh.com" => self.file_system.space(reader.string("a path")?).map(|space| {
                let mut answer = BytesMut::new();
                let flags = u64::from(space.read_only);
                let (total, free, available) = (space.total_bytes, space.free_bytes, space.available_bytes);
                for number in [1, 1, total, free, available, 0, 0, 0, 0, flags, space.name_max_bytes] {
                    answer.put_u64(number);
                }
                Answer::Extended(answer)
            }),
            b"fsync@openssh.com" => {
                let handle = handle(reader)?;
                self.file(handle).and_then(|file| file.sync_all()).map(|()| Answer::Done)
            }
            b"limits@openssh.com" => {
                let mut answer = BytesMut::new();
                let data = u64::from(DATA_MAX_BYTES);
                for number in [REQUEST_MAX_BYTES as u64, data, data, HANDLES_MAX as u64] {
                    answer.put_u64(number);
                }
                Ok(Answer::Extended(answer))
            }
            b"users-groups-by-id@openssh.com" => {
                let mut answer = BytesMut::new();
                for is_group in [false, true] {
                    let mut ids = Reader::new(reader.string("the numbers of owners")?);
                    let mut names = BytesMut::new();
                    while !ids.is_empty() {
                        let id = ids.u32("the number of an owner")?;
                        put_string(
                            &mut names,
                            &self.file_system.owner_name(id, is_group).unwrap_or_default(),
                        );
                    }
                    put_string(&mut answer, &names);
                }
                Ok(Answer::Extended(answer))
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        })
    }

    fn keep(&mut self, open: Open) -> io::Result<Answer> {
        if self.open.len() >= HANDLES_MAX {
            return Err(io::Error::other("too many open files"));
        }
        self.next += 1;
        self.open.insert(self.next, open);
        Ok(Answer::Handle(self.next))
    }

    fn file(&self, handle: u64) -> io::Result<&File> {
        file_of(&self.open, handle)
    }

    fn page(&mut self, handle: u64) -> io::Result<Answer> {
        let Some(Open::Folder(entries)) = self.open.get_mut(&handle) else { return Err(no_handle()) };
        let page = entries.take(PAGE).collect::<io::Result<Vec<_>>>()?;
        if page.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Answer::Names(page)) }
    }
}

fn file_of(open: &HashMap<u64, Open>, handle: u64) -> io::Result<&File> {
    match open.get(&handle) {
        Some(Open::File(file)) => Ok(file),
        Some(Open::Folder(_)) | None => Err(no_handle()),
    }
}

fn no_handle() -> io::Error {
    io::Error::other("no such handle")
}

fn handle(reader: &mut Reader<'_>) -> Result<u64, Violation> {
    let handle = reader.string("a handle")?;
    // One that is none of ours is no file that is open.
    Ok(handle.try_into().map_or(0, u64::from_be_bytes))
}

fn one_name(name: Vec<u8>) -> Answer {
    Answer::Names(vec![(name, Attributes::default())])
}

fn read_at(file: &File, offset: u64, length: u32) -> io::Result<Answer> {
    let mut data = vec![0; length as usize];
    #[cfg(unix)]
    let read = std::os::unix::fs::FileExt::read_at(file, &mut data, offset)?;
    #[cfg(windows)]
    let read = std::os::windows::fs::FileExt::seek_read(file, &mut data, offset)?;
    data.truncate(read);
    if read == 0 && length > 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Answer::Data(data)) }
}

fn write_at(file: &File, offset: u64, data: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, data, offset);
    #[cfg(windows)]
    {
        let (mut data, mut offset) = (data, offset);
        while !data.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(file, data, offset)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            data = &data[written..];
            offset += written as u64;
        }
        Ok(())
    }
}

/// Puts a packet behind its length.
fn packet(out: &mut BytesMut, fill: impl FnOnce(&mut BytesMut)) {
    let at = out.len();
    out.put_u32(0);
    fill(out);
    let length = u32::try_from(out.len() - at - 4).expect("answers are bounded");
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

fn put(out: &mut BytesMut, id: u32, answer: io::Result<Answer>) {
    let mut head = |kind: u8| {
        out.put_u8(kind);
        out.put_u32(id);
    };
    match answer {
        Ok(Answer::Done) => {
            head(STATUS);
            put_status(out, 0, "");
        }
        Ok(Answer::Handle(handle)) => {
            head(HANDLE);
            put_string(out, &handle.to_be_bytes());
        }
        Ok(Answer::Data(data)) => {
            head(DATA);
            put_string(out, &data);
        }
        Ok(Answer::Names(names)) => {
            head(NAME);
            out.put_u32(u32::try_from(names.len()).expect("a page is small"));
            for (name, attributes) in names {
                put_string(out, &name);
                put_string(out, b"");
                attributes.put(out);
            }
        }
        Ok(Answer::Attributes(attributes)) => {
            head(ATTRIBUTES);
            attributes.put(out);
        }
        Ok(Answer::Extended(answer)) => {
            head(EXTENDED_REPLY);
            out.put_slice(&answer);
        }
        Err(error) => {
            head(STATUS);
            put_status(out, code(error.kind()), &error.to_string());
        }
    }
}

fn put_status(out: &mut BytesMut, code: u32, message: &str) {
    out.put_u32(code);
    put_string(out, message.as_bytes());
    put_string(out, b"");
}

/// The codes of later drafts where version 3 has none: our client knows them.
fn code(kind: io::ErrorKind) -> u32 {
    match kind {
        io::ErrorKind::UnexpectedEof => 1,
        io::ErrorKind::NotFound => 2,
        io::ErrorKind::PermissionDenied => 3,
        io::ErrorKind::Unsupported => 8,
        io::ErrorKind::AlreadyExists => 11,
        io::ErrorKind::StorageFull => 14,
        io::ErrorKind::QuotaExceeded => 15,
        io::ErrorKind::DirectoryNotEmpty => 18,
        io::ErrorKind::NotADirectory => 19,
        io::ErrorKind::IsADirectory => 24,
        _ => 4,
    }
}
