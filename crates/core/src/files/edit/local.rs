//! The copy of a host's file that another program changes: in a private folder of its own, and watched.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::left;
use crate::transfer::name::{Folder, Rules};

/// Editors write a file in several steps: it counts as saved when nothing has happened to it for so long.
const SETTLED: Duration = Duration::from_millis(300);

/// A copy of a file. The folder stays when this is dropped; see [`LocalCopy::remove`].
#[derive(Debug)]
pub struct LocalCopy {
    folder: PathBuf,
    file: PathBuf,
    /// Keeps the watch.
    _watcher: RecommendedWatcher,
    /// One thing that happened is as good as many: what does not fit is dropped.
    happened: mpsc::Receiver<()>,
    /// Something has happened that nobody was told of: whoever waited gave up meanwhile.
    is_untold: bool,
}

impl LocalCopy {
    /// Writes a file into a new folder below `folder` that nobody else may look into, and watches it.
    pub fn make(below: &Path, remote_name: &[u8], bytes: &[u8]) -> io::Result<Self> {
        let folder = below.join(Uuid::new_v4().simple().to_string());
        make_private(&folder)?;
        let name = Folder::new(Rules::here()).name(remote_name).map(|name| name.bytes);
        let file = folder.join(os_name(name.unwrap_or_else(|_| b"file".to_vec())));
        let mut options = std::fs::File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&file)?.write_all(bytes)?;
        let (tell, happened) = mpsc::channel(1);
        // The folder and not the file: many programs put a new file in its place.
        let watching = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                let _ = tell.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(watching).map_err(io::Error::other)?;
        watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(io::Error::other)?;
        Ok(Self { folder, file, _watcher: watcher, happened, is_untold: false })
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until something has happened to it and it has settled. May be given up and asked again.
    pub async fn changed(&mut self) {
        if !self.is_untold && self.happened.recv().await.is_none() {
            // Nothing will ever be told: whoever waits is waiting for something else, too.
            std::future::pending::<()>().await;
        }
        self.is_untold = true;
        while let Ok(Some(())) = tokio::time::timeout(SETTLED, self.happened.recv()).await {}
        self.is_untold = false;
    }

    /// What it holds, if that is at most so much. Nothing while there is no file: a program may be putting a new one there.
    pub async fn read(&self, most: u64) -> io::Result<Option<Vec<u8>>> {
        let file = self.file.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let file = match std::fs::File::open(file) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut bytes = Vec::new();
            file.take(most + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > most {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    "the file is too large to be sent back",
                ));
            }
            Ok(Some(bytes))
        });
        reading.await.map_err(io::Error::other)?
    }

    /// Removes the copy with its folder, and whatever the program has left there.
    pub fn remove(self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "the folder of a file that was edited stays");
            return;
        }
        left::forget(&self.folder);
    }
}

/// That somebody only looks at a file, as we do, is no change.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn os_name(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_name(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
