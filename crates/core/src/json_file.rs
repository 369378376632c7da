//! A small file of JSON beside the saved hosts, read and written whole.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Far more than what a person decides by hand takes; a file that is larger is none of ours and counts as empty.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// Clones share the file, and change it one after another. Of several processes that write, the last one wins.
#[derive(Debug, Clone)]
pub(crate) struct JsonFile {
    path: Arc<PathBuf>,
    turn: Arc<Mutex<()>>,
}

impl JsonFile {
    /// The file need not exist.
    pub fn at(path: PathBuf) -> Self {
        Self { path: Arc::new(path), turn: Arc::default() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds. One that is missing or damaged holds nothing: what is lost by that can be decided again.
    ///
    /// # Errors
    /// What the system says, as for the other.
    pub async fn read<T: DeserializeOwned + Default + Send + 'static>(&self) -> io::Result<T> {
        self.in_turn(read).await
    }

    /// Changes what it holds, and writes that unless the change is refused.
    pub async fn change<T, R>(
        &self,
        change: impl FnOnce(&mut T) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R>
    where
        T: DeserializeOwned + Default + Serialize,
        R: Send + 'static,
    {
        self.in_turn(move |path| {
            let mut kept = read(path)?;
            let changed = change(&mut kept)?;
            write(path, &kept)?;
            Ok(changed)
        })
        .await
    }

    async fn in_turn<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let (path, turn) = (Arc::clone(&self.path), Arc::clone(&self.turn));
        let working = tokio::task::spawn_blocking(move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            work(&path)
        });
        working.await.map_err(io::Error::other)?
    }
}

fn read<T: DeserializeOwned + Default>(path: &Path) -> io::Result<T> {
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text).unwrap_or_default())
}

/// Replaces the file at once, so that a crash leaves the old or the new one. A temporary file is for its owner only.
fn write(path: &Path, kept: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("the file has no folder"))?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&serde_json::to_vec_pretty(kept)?)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}
