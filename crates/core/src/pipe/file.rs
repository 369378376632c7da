//! Files of this computer at the ends of a pipe: a source that is read, and a target that appears under its name only when all
//! went well.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::transfer::copy::fault::{Fault, local};

/// What is read at once, and what waits to be written.
const PIECE_BYTES: usize = 256 * 1024;
/// What a file is called until all went well.
pub const PART_SUFFIX: &str = ".bowline-part";

/// A file that is read from its start to its end.
#[derive(Debug)]
pub struct SourceFile {
    file: File,
    path: PathBuf,
}

impl SourceFile {
    /// # Errors
    /// [`crate::error::ErrorCode::LocalFileFailed`], as for the others here.
    pub async fn open(path: PathBuf) -> Result<Self> {
        let opening = opened(path.clone(), Towards::Us, |path| std::fs::File::open(path));
        let file = File::from_std(opening.await.map_err(|error| failed(&path, error))?);
        if file.metadata().await.is_ok_and(|about| about.is_dir()) {
            return Err(failed(&path, io::Error::from(io::ErrorKind::IsADirectory)));
        }
        Ok(Self { file, path })
    }

    /// The next piece; an empty one is the end.
    pub async fn next(&mut self) -> Result<Bytes> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let reading = self.file.read_buf(&mut piece).await;
        reading.map_err(|error| failed(&self.path, error))?;
        Ok(piece.into())
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct TargetFile {
    file: File,
    path: PathBuf,
    /// None for what is no file on a disk, such as a named pipe: it is written to as it is.
    part: Option<PathBuf>,
    overwrite: bool,
    written: u64,
}

impl TargetFile {
    /// # Errors
    /// Also when there is a file of that name and it may not be overwritten, and when another pipe writes there now.
    pub async fn create(path: PathBuf, overwrite: bool) -> Result<Self> {
        // A link keeps pointing to what is written.
        let path = tokio::fs::canonicalize(&path).await.unwrap_or(path);
        let there = tokio::fs::metadata(&path).await.ok();
        if there.as_ref().is_some_and(|there| !there.is_file() && !there.is_dir()) {
            let open = |path: &Path| std::fs::File::options().write(true).open(path);
            let opening = opened(path.clone(), Towards::Others, open);
            let file = File::from_std(opening.await.map_err(|error| failed(&path, error))?);
            return Ok(Self { file, path, part: None, overwrite, written: 0 });
        }
        match &there {
            Some(there) if there.is_dir() => {
                return Err(failed(&path, io::Error::from(io::ErrorKind::IsADirectory)));
            }
            Some(_) if !overwrite => return Err(failed(&path, exists())),
            Some(_) | None => {}
        }
        let part = part_of(&path);
        let at = part.clone();
        let opening = tokio::task::spawn_blocking(move || open_part(&at));
        let file = opening.await.map_err(Error::internal)?.map_err(|error| failed(&part, error))?;
        if let Some(there) = there {
            // Who may read it stays as it was.
            let _ = file.set_permissions(there.permissions());
        }
        let mut file = File::from_std(file);
        file.set_max_buf_size(PIECE_BYTES);
        Ok(Self { file, path, part: Some(part), overwrite, written: 0 })
    }

    /// Some of it may be written after this has returned, and fail with the next.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).await.map_err(|error| failed(&self.path, error))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// All is written, and on the disk.
    pub async fn finish(&mut self) -> Result<()> {
        let finishing = async {
            self.file.flush().await?;
            if self.part.is_some() { self.file.sync_all().await } else { Ok(()) }
        };
        finishing.await.map_err(|error| failed(&self.path, error))
    }

    /// Gives it its name.
    pub async fn keep(self) -> Result<()> {
        let Self { file, path, part, overwrite, .. } = self;
        let Some(part) = part else { return Ok(()) };
        drop(file);
        let named = path.clone();
        let naming = tokio::task::spawn_blocking(move || name(&part, &named, overwrite));
        naming.await.map_err(Error::internal)?.map_err(|error| failed(&path, error))
    }

    /// It is not whole: where it lies, unless there is nothing in it.
    pub async fn leave(mut self) -> Option<PathBuf> {
        // Whoever reads a named pipe may take nothing, and never will.
        let part = self.part?;
        let _ = self.file.flush().await;
        if self.written == 0 {
            let _ = tokio::fs::remove_file(&part).await;
            return None;
        }
        Some(part)
    }
}

/// Which way the bytes of a file go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Towards {
    Us,
    Others,
}

/// Opens what may have no other end yet, a named pipe. Given up while it waits, it waits no more. A thread of its own does it:
/// those of the runtime are waited for when that ends.
async fn opened(
    path: PathBuf,
    towards: Towards,
    open: impl FnOnce(&Path) -> io::Result<std::fs::File> + Send + 'static,
) -> io::Result<std::fs::File> {
    let (tell, told) = oneshot::channel();
    let mut given_up = GivenUp { path: Some(path.clone()), towards };
    std::thread::Builder::new().name("open".to_owned()).spawn(move || drop(tell.send(open(&path))))?;
    let opened = told.await.map_err(io::Error::other)?;
    given_up.path = None;
    opened
}

/// Lets go whoever waits for the other end of a named pipe, by being that for a moment.
struct GivenUp {
    path: Option<PathBuf>,
    towards: Towards,
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(path) = &self.path {
            use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
            if std::fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo()) {
                let (read, write) = (self.towards == Towards::Others, self.towards == Towards::Us);
                let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
                let _ = std::fs::File::options().read(read).write(write).custom_flags(flags).open(path);
            }
        }
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(PART_SUFFIX);
    part.into()
}

/// What an earlier pipe left there is begun anew, and what another one writes just now is not.
fn open_part(part: &Path) -> io::Result<std::fs::File> {
    let file = crate::part_file::open(part, 0o666)?;
    if file.try_lock().is_err() {
        return Err(io::Error::other("another pipe writes there now"));
    }
    file.set_len(0)?;
    Ok(file)
}

fn name(part: &Path, path: &Path, overwrite: bool) -> io::Result<()> {
    if overwrite {
        return std::fs::rename(part, path);
    }
    // A second name fails if somebody else has taken it meanwhile; a rename would not.
    match std::fs::hard_link(part, path) {
        Ok(()) => std::fs::remove_file(part),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
        // Not every file system has them.
        Err(_) if path.try_exists()? => Err(exists()),
        Err(_) => std::fs::rename(part, path),
    }
}

fn exists() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name already")
}

pub(super) fn failed(path: &Path, error: io::Error) -> Error {
    match local(path, error) {
        Fault::File(error) | Fault::All(error) | Fault::Lost(error) => error,
        Fault::Stopped => Error::internal("a file stopped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[tokio::test]
    async fn a_target_appears_under_its_name_only_when_it_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let mut target = TargetFile::create(path.clone(), false).await.expect("created");
        target.write(b"some").await.expect("written");
        let twice = TargetFile::create(path.clone(), false).await.expect_err("it is being written");
        assert!(twice.message.contains("another pipe"), "{twice}");
        target.finish().await.expect("on the disk");
        assert!(!path.exists());
        target.keep().await.expect("named");
        assert_eq!(std::fs::read(&path).expect("there"), b"some");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[tokio::test]
    async fn a_file_that_is_there_is_overwritten_only_when_asked_also_when_it_came_late() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let mut late = TargetFile::create(path.clone(), false).await.expect("nothing is there yet");
        late.write(b"new").await.expect("written");
        std::fs::write(&path, "old").expect("written");
        assert_eq!(late.keep().await.expect_err("it is there").code, ErrorCode::LocalFileFailed);
        assert!(TargetFile::create(path.clone(), false).await.is_err());
        let mut asked = TargetFile::create(path.clone(), true).await.expect("asked for");
        asked.write(b"newer").await.expect("written");
        asked.keep().await.expect("renamed");
        assert_eq!(std::fs::read(&path).expect("there"), b"newer");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_that_lies_where_the_part_goes_leads_nowhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let (dear, path) = (folder.path().join("dear"), folder.path().join("a"));
        std::fs::write(&dear, "dear").expect("written");
        std::os::unix::fs::symlink(&dear, part_of(&path)).expect("a link");
        TargetFile::create(path, false).await.expect_err("a link is there");
        assert_eq!(std::fs::read(&dear).expect("there"), b"dear");
    }

    #[tokio::test]
    async fn what_is_not_whole_lies_beside_and_nothing_is_left_of_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let mut target = TargetFile::create(path.clone(), false).await.expect("created");
        target.write(b"half").await.expect("written");
        let part = target.leave().await.expect("it lies there");
        assert_eq!(std::fs::read(part).expect("there"), b"half");
        let empty = TargetFile::create(path, false).await.expect("begun anew");
        assert_eq!(empty.leave().await, None);
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 0);
    }
}
