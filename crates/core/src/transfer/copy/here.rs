//! Folders of this computer. Everything is opened below the handle of the chosen folder, and no link on the way leads out of
//! it (cap-std), whatever a server has called its files.

mod rename;
mod turns;
mod writer;

use std::ffi::OsString;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use tokio::sync::mpsc;

use super::fault::{Result, local, not_copied};
use super::tree::{Facts, Finish, Item, Items, Names, Over, Reader, Writer};
use crate::transfer::conflict::Kind;
use rename::{name_part, rename};
pub use turns::DiskTurns;
use writer::Extent;
pub use writer::HereWriter;

/// What is read at once, and so written at once on a host: the longest write that OpenSSH takes.
const PIECE_BYTES: usize = 255 * 1024;
/// Pieces between the disk and the line, each way: 2 MiB, which a processor still has at hand when they go on.
const PIECES: usize = 8;
/// The same for one of several pieces of a file.
const PIECES_OF_RANGE: usize = 8;
/// Entries of a folder that are passed on together, and how many such pages wait.
const PAGE: usize = 64;
const PAGES: usize = 4;
/// While it is written, a file is for its owner alone.
#[cfg(unix)]
const PRIVATE: u32 = 0o600;

/// A folder of this computer with everything below it.
#[derive(Debug, Clone)]
pub struct HereTree {
    turns: DiskTurns,
    dir: Arc<Dir>,
    /// To be shown and compared; everything is opened below the handle.
    base: PathBuf,
}

impl HereTree {
    /// The folder at a path; its links are followed, since a person chose it.
    pub async fn open(base: PathBuf, turns: &DiskTurns) -> Result<Self> {
        let path = base.clone();
        let opened = blocking(move || Dir::open_ambient_dir(path, ambient_authority())).await;
        let dir = opened.map_err(|error| local(&base, error))?;
        Ok(Self { turns: turns.clone(), dir: Arc::new(dir), base })
    }

    /// A path below by its words.
    pub fn at(&self, names: &Names) -> PathBuf {
        self.base.join(path(names))
    }

    pub fn shown(&self, names: &Names) -> String {
        if names.is_empty() {
            super::fault::shown(&self.base)
        } else {
            super::fault::shown(&self.base.join(path(names)))
        }
    }

    pub async fn look(&self, names: &Names) -> Result<Option<Facts>> {
        self.work(names, |dir, path| match dir.symlink_metadata(path) {
            Ok(metadata) => Ok(Some(facts(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    pub async fn list(&self, names: &Names) -> Result<Items> {
        let (give, pages) = mpsc::channel(PAGES);
        let (dir, inner, shown) = (Arc::clone(&self.dir), path(names), self.base.join(path(names)));
        tokio::task::spawn_blocking(move || {
            let listed = list(&dir, &inner, |page| give.blocking_send(Ok(page)).is_ok());
            if let Err(error) = listed {
                let _ = give.blocking_send(Err(local(&shown, error)));
            }
        });
        Ok(Items::Here(pages, Vec::new().into_iter()))
    }

    pub async fn make_folder(&self, names: &Names) -> Result<()> {
        self.work(names, |dir, path| {
            #[cfg(unix)]
            {
                use cap_std::fs::{DirBuilder, DirBuilderExt};
                let mut builder = DirBuilder::new();
                builder.mode(0o700);
                dir.create_dir_with(path, &builder)
            }
            #[cfg(not(unix))]
            dir.create_dir(path)
        })
        .await
    }

    pub async fn finish_folder(&self, names: &Names, facts: &Facts) -> Result<()> {
        let facts = *facts;
        self.work(names, move |dir, path| {
            // Windows opens no folder as a file, and its times stay those of now.
            let folder = dir.open_with(path, no_links(OpenOptions::new().read(true)))?.into_std();
            finish(&folder, &facts);
            Ok(())
        })
        .await
    }

    pub async fn read(&self, names: &Names, from: u64, until: u64) -> Result<Reader> {
        self.read_ahead(names, from, until, PIECES).await
    }

    pub async fn read_piece(&self, names: &Names, from: u64, until: u64) -> Result<Reader> {
        self.read_ahead(names, from, until, PIECES_OF_RANGE).await
    }

    async fn read_ahead(&self, names: &Names, from: u64, until: u64, ahead: usize) -> Result<Reader> {
        let mut file = self.work(names, open_to_read).await?;
        let (give, pieces) = mpsc::channel(ahead);
        let shown = self.base.join(path(names));
        tokio::task::spawn_blocking(move || {
            let read = (|| {
                file.seek(SeekFrom::Start(from))?;
                let mut file = file.take(until.saturating_sub(from));
                loop {
                    let mut piece = Vec::with_capacity(PIECE_BYTES);
                    (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
                    if piece.is_empty() || give.blocking_send(Ok(piece.into())).is_err() {
                        return Ok(());
                    }
                }
            })();
            if let Err(error) = read {
                let _ = give.blocking_send(Err(local(&shown, error)));
            }
        });
        Ok(Reader::Here(pieces))
    }

    pub async fn read_small(&self, names: &Names, size: u64) -> Result<Bytes> {
        let data = self
            .work(names, move |dir, path| {
                let mut data = Vec::with_capacity(size as usize + 1);
                // One byte more shows a file that has grown.
                open_to_read(dir, path)?.take(size + 1).read_to_end(&mut data)?;
                Ok(data)
            })
            .await?;
        if data.len() as u64 != size {
            return Err(not_copied(&self.shown(names), "changed"));
        }
        Ok(data.into())
    }

    pub async fn write(&self, names: &Names, at: u64) -> Result<Writer> {
        let file = self
            .work(names, move |dir, path| {
                if at == 0 {
                    return create(dir, path);
                }
                let open = || dir.open_with(path, no_links(OpenOptions::new().write(true)));
                let file = match open() {
                    // It was finished already, as one that may only be read.
                    #[cfg(unix)]
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        use cap_std::fs::PermissionsExt;
                        dir.set_permissions(path, cap_std::fs::Permissions::from_mode(PRIVATE))?;
                        open()
                    }
                    opened => opened,
                };
                let file = file?.into_std();
                file.set_len(at)?;
                Ok(file)
            })
            .await?;
        Ok(Writer::Here(HereWriter::start(file, at, self.base.join(path(names)), Extent::Whole)))
    }

    pub async fn make_room(&self, names: &Names, size: u64) -> Result<()> {
        self.work(names, move |dir, path| {
            dir.open_with(path, no_links(OpenOptions::new().write(true)))?.into_std().set_len(size)
        })
        .await
    }

    pub async fn write_range(&self, names: &Names, at: u64) -> Result<Writer> {
        let opened = self.work(names, |dir, path| {
            Ok(dir.open_with(path, no_links(OpenOptions::new().write(true)))?.into_std())
        });
        Ok(Writer::Here(HereWriter::start(opened.await?, at, self.base.join(path(names)), Extent::Range)))
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
        let (part, facts, shown) = (path(part), *facts, self.shown(part));
        let named = self.work(names, move |dir, name| {
            let written = (|| {
                let mut file = create(dir, &part)?;
                file.write_all(&data)?;
                let finish = finish(&file, &facts);
                // What is replaced is not lost even if the power is, just then; nor is what is moved, see `sync`.
                if over == Over::File || is_only_copy && cfg!(not(target_os = "linux")) {
                    file.sync_all()?;
                }
                Ok(finish)
            })();
            let named = written
                .and_then(|finish| Ok(name_part(dir, &part, name, facts.size, over)?.then_some(finish)));
            if !matches!(named, Ok(Some(_))) {
                let _ = dir.remove_file(&part);
            }
            named
        });
        named.await?.ok_or_else(|| not_copied(&shown, "size"))
    }

    pub async fn rename(&self, from: &Names, to: &Names, over: Over) -> Result<()> {
        let from = path(from);
        self.work(to, move |dir, to| rename(dir, &from, to, over)).await
    }

    pub async fn remove(&self, names: &Names) -> Result<()> {
        self.work(names, |dir, path| dir.remove_file(path)).await
    }

    pub async fn remove_folder(&self, names: &Names) -> Result<()> {
        self.work(names, |dir, path| dir.remove_dir(path)).await
    }

    pub async fn read_link(&self, names: &Names) -> Result<Vec<u8>> {
        self.work(names, |dir, path| Ok(dir.read_link_contents(path)?.into_os_string().into_encoded_bytes()))
            .await
    }

    pub async fn make_link(&self, names: &Names, target: &[u8]) -> Result<()> {
        if cfg!(not(unix)) {
            return Err(not_copied(&self.shown(names), "link"));
        }
        let target = PathBuf::from(os_string(target));
        self.work(names, move |dir, path| {
            #[cfg(unix)]
            return dir.symlink_contents(&target, path);
            #[cfg(not(unix))]
            return Err(io::Error::from(io::ErrorKind::Unsupported))
                .inspect_err(|_| drop((dir, path, &target)));
        })
        .await
    }

    pub async fn hash(&self, names: &Names) -> Result<Vec<u8>> {
        self.work(names, |dir, path| {
            let mut file = open_to_read(dir, path)?;
            let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
            let mut buffer = vec![0; PIECE_BYTES];
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    return Ok(hash.finish().as_ref().to_vec());
                }
                hash.update(&buffer[..read]);
            }
        })
        .await
    }

    /// Everything that was written is on the disk; a system that cannot say so is believed.
    pub async fn sync(&self) -> Result<()> {
        #[cfg(target_os = "linux")]
        {
            let dir = Arc::clone(&self.dir);
            let synced = blocking(move || match open_to_sync(&dir) {
                Ok(folder) => synced(&folder),
                // A folder that may be written but not read.
                Err(error) => {
                    tracing::debug!(%error, "the system will write later what was copied");
                    Ok(())
                }
            });
            synced.await.map_err(|error| local(&self.base, error))?;
        }
        Ok(())
    }

    /// Whether the file system keeps even seconds only (FAT).
    pub async fn has_coarse_times(&self) -> bool {
        #[cfg(target_os = "linux")]
        {
            /// linux/magic.h
            const MSDOS_SUPER_MAGIC: i128 = 0x4d44;
            let dir = Arc::clone(&self.dir);
            let kind = blocking(move || Ok(rustix::fs::fstatfs(open_to_sync(&dir)?)?.f_type)).await;
            kind.is_ok_and(|kind| i128::from(kind) == MSDOS_SUPER_MAGIC)
        }
        #[cfg(not(target_os = "linux"))]
        {
            false
        }
    }

    /// Does something to a path below when it has its turn, where waiting for a disk stops nobody else.
    async fn work<T: Send + 'static>(
        &self,
        names: &Names,
        work: impl FnOnce(&Dir, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (dir, inner) = (Arc::clone(&self.dir), path(names));
        let done = self.turns.work(move || work(&dir, &inner)).await;
        done.map_err(|error| local(&self.base.join(path(names)), error))
    }
}

fn list(dir: &Dir, path: &Path, mut give: impl FnMut(Vec<Item>) -> bool) -> io::Result<()> {
    let mut page = Vec::with_capacity(PAGE);
    for entry in dir.read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().into_encoded_bytes();
        let facts = match entry.metadata() {
            Ok(metadata) => facts(&metadata),
            // It has gone since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            // A mount that is dead, or another person's: one that cannot be copied, and the others go on.
            Err(_) => Facts { kind: Kind::Other, size: 0, mode: None, modified: None },
        };
        page.push(Item::Entry { name, facts });
        if page.len() == PAGE && !give(std::mem::replace(&mut page, Vec::with_capacity(PAGE))) {
            return Ok(());
        }
    }
    if !page.is_empty() {
        give(page);
    }
    Ok(())
}

fn facts(metadata: &Metadata) -> Facts {
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_symlink() => Kind::Link,
        kind if kind.is_file() => Kind::File,
        _ => Kind::Other,
    };
    let modified = metadata.modified().ok().and_then(|at| at.into_std().duration_since(UNIX_EPOCH).ok());
    #[cfg(unix)]
    let mode = Some(cap_std::fs::MetadataExt::mode(metadata) & 0o777);
    #[cfg(not(unix))]
    let mode = None;
    Facts { kind, size: metadata.len(), modified: modified.map(|since| since.as_secs()), mode }
}

/// Mode and times of what was written, as far as the file system takes them: FAT has no modes, and what belongs to somebody
/// else gets none of ours.
fn finish(file: &std::fs::File, facts: &Facts) -> Finish {
    #[cfg(unix)]
    if let Some(mode) = facts.mode {
        use std::os::unix::fs::PermissionsExt;
        // A file system without modes takes none, which is no news to anybody.
        let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
    }
    let Some(modified) = facts.modified else { return Finish::Kept };
    let at = UNIX_EPOCH + Duration::from_secs(modified);
    match file.set_times(std::fs::FileTimes::new().set_modified(at).set_accessed(SystemTime::now())) {
        Ok(()) => Finish::Kept,
        Err(error) => {
            tracing::debug!(%error, "a file keeps the time of now");
            Finish::Bare
        }
    }
}

fn open_to_read(dir: &Dir, path: &Path) -> io::Result<std::fs::File> {
    let file = dir.open_with(path, no_links(OpenOptions::new().read(true)))?.into_std();
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file any more"));
    }
    Ok(file)
}

/// A new file, whatever of an earlier try is there.
fn create(dir: &Dir, path: &Path) -> io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    match dir.open_with(path, &options) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            dir.remove_file(path)?;
            dir.open_with(path, &options)
        }
        opened => opened,
    }
    .map(cap_std::fs::File::into_std)
}

/// Does not follow a link at the end, and does not wait for the other end of a pipe.
fn no_links(options: &mut OpenOptions) -> &OpenOptions {
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        cap_std::fs::OpenOptionsExt::custom_flags(options, flags.bits() as i32);
    }
    options
}

/// The folder once more: the handle that others are opened below is only a place, which cannot be synced.
#[cfg(target_os = "linux")]
fn open_to_sync(dir: &Dir) -> io::Result<rustix::fd::OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, ".", flags, Mode::empty())?)
}

/// Waits until the file system has everything on its disk.
#[cfg(target_os = "linux")]
fn synced(folder: impl rustix::fd::AsFd) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::syncfs(folder) {
        // One that does not know this.
        Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
        synced => Ok(synced?),
    }
}

/// Names as a path below; they are single components.
fn path(names: &Names) -> PathBuf {
    if names.is_empty() {
        return PathBuf::from(".");
    }
    names.iter().map(|name| os_string(name)).collect()
}

/// Bytes as this system has them in names: any on Unix, UTF-8 elsewhere.
pub fn os_string(bytes: &[u8]) -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec());
    #[cfg(not(unix))]
    return String::from_utf8_lossy(bytes).into_owned().into();
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The folder that a source lies in, and its name there. A link that a person chose is followed, unless it is to be moved: then
/// it goes as a link, and what it leads to stays.
pub async fn source(path: PathBuf, is_moved: bool, turns: &DiskTurns) -> Result<(HereTree, Vec<u8>)> {
    let found = {
        let path = path.clone();
        blocking(move || {
            if is_moved || !std::fs::symlink_metadata(&path)?.is_symlink() {
                return Ok(Some(path));
            }
            match std::fs::canonicalize(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                leads_to => leads_to.map(Some),
            }
        })
        .await
    };
    let found = found.map_err(|error| local(&path, error))?;
    let path = found.ok_or_else(|| not_copied(&super::fault::shown(&path), "broken-link"))?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(not_copied(&super::fault::shown(&path), "no-name"));
    };
    let name = name.to_owned().into_encoded_bytes();
    Ok((HereTree::open(parent.to_owned(), turns).await?, name))
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
