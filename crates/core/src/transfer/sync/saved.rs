//! Syncs that a person runs again: one small file beside the saved hosts, written whole.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::SyncRules;
use crate::error::{Error, ErrorCode, Result};
use crate::transfer::job::JobEnd;

/// Far more than a person keeps; a file that is larger is none of ours and counts as empty.
const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;
const SYNCS_MAX: usize = 200;
const NAME_MAX_CHARS: usize = 200;

/// A sync under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SavedSync {
    pub name: String,
    pub source: JobEnd,
    pub target: JobEnd,
    pub rules: SyncRules,
}

/// Clones share the file.
#[derive(Debug, Clone)]
pub struct SavedSyncs {
    file: Arc<Mutex<PathBuf>>,
}

impl SavedSyncs {
    /// The file need not exist.
    pub fn at(file: PathBuf) -> Self {
        Self { file: Arc::new(Mutex::new(file)) }
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`], as for the others.
    pub async fn all(&self) -> Result<Vec<SavedSync>> {
        self.with_file(read).await
    }

    /// Keeps one in place of that of the same name; what there is then.
    ///
    /// # Errors
    /// It could not be written, there are too many, or it has no name.
    pub async fn save(&self, sync: SavedSync) -> Result<Vec<SavedSync>> {
        self.with_file(move |file| {
            let mut kept = read(file)?;
            let length = sync.name.chars().count();
            kept.retain(|other| other.name != sync.name);
            if kept.len() >= SYNCS_MAX || length == 0 || length > NAME_MAX_CHARS {
                return Err(io::Error::other("there are too many, or its name is empty or too long"));
            }
            // What a person has seen once says nothing of the next time.
            let rules = SyncRules { delete_most: None, delete_many: false, leave: Vec::new(), ..sync.rules };
            kept.push(SavedSync { rules, ..sync });
            kept.sort_by(|a, b| a.name.cmp(&b.name));
            write(file, &kept)?;
            Ok(kept)
        })
        .await
    }

    /// Forgets one; what there is then.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn forget(&self, name: String) -> Result<Vec<SavedSync>> {
        self.with_file(move |file| {
            let mut kept = read(file)?;
            kept.retain(|other| other.name != name);
            write(file, &kept)?;
            Ok(kept)
        })
        .await
    }

    async fn with_file<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let file = Arc::clone(&self.file);
        let working = tokio::task::spawn_blocking(move || {
            let file = file.lock().unwrap_or_else(PoisonError::into_inner);
            work(&file).map_err(|error| failed(&file, &error))
        });
        working.await.map_err(Error::internal)?
    }
}

fn failed(file: &Path, error: &io::Error) -> Error {
    let path = file.display();
    Error::new(ErrorCode::ExportFailed, format!("The saved syncs in {path} could not be kept: {error}."))
        .with("path", path)
        .with("cause", error)
}

fn read(file: &Path) -> io::Result<Vec<SavedSync>> {
    let file = match std::fs::File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut text)?;
    // A damaged one costs the saved syncs, and nothing else.
    Ok(serde_json::from_slice(&text).unwrap_or_default())
}

/// Replaces the file at once, so that a crash leaves the old or the new one.
fn write(file: &Path, kept: &[SavedSync]) -> io::Result<()> {
    let folder = file.parent().ok_or_else(|| io::Error::other("the file has no folder"))?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&serde_json::to_vec_pretty(kept)?)?;
    new.as_file().sync_all()?;
    new.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(name: &str) -> SavedSync {
        let here = |path: &str| JobEnd::Here { path: path.to_owned() };
        let rules =
            SyncRules { delete: true, delete_many: true, delete_most: Some(3), ..SyncRules::default() };
        SavedSync { name: name.to_owned(), source: here("/a"), target: here("/b"), rules }
    }

    #[tokio::test]
    async fn syncs_are_there_after_a_restart_without_what_was_agreed_to_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("syncs.json");
        let saved = SavedSyncs::at(file.clone());
        saved.save(sync("b")).await.expect("kept");
        saved.save(sync("a")).await.expect("kept");
        saved.save(sync("b")).await.expect("kept once");
        let later = SavedSyncs::at(file.clone()).all().await.expect("read");
        assert_eq!(later.iter().map(|sync| sync.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let rules = &later[0].rules;
        assert!(rules.delete && !rules.delete_many && rules.delete_most.is_none());
        assert_eq!(saved.forget("a".to_owned()).await.expect("kept").len(), 1);
        assert!(saved.save(sync("")).await.is_err());
        std::fs::write(&file, b"[{").expect("written");
        assert_eq!(saved.all().await.expect("read"), []);
    }
}
