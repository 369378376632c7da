//! Folders that a person comes back to, by host: one small file beside the saved hosts, written whole.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;
use crate::json_file::JsonFile;

const PER_HOST_MAX: usize = 100;
const HOSTS_MAX: usize = 1000;

type Kept = BTreeMap<String, Vec<String>>;

/// Clones share the file.
#[derive(Debug, Clone)]
pub struct Bookmarks {
    file: JsonFile,
}

impl Bookmarks {
    /// The file need not exist.
    pub fn at(file: PathBuf) -> Self {
        Self { file: JsonFile::at(file) }
    }

    /// Those of a host, in the order in which they were set.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`], as for the other.
    pub async fn of(&self, host: &HostId) -> Result<Vec<String>> {
        let mut kept: Kept = self.file.read().await.map_err(|error| failed(self.file.path(), &error))?;
        Ok(kept.remove(&host.0).unwrap_or_default())
    }

    /// Sets one or takes it away; what there is then.
    ///
    /// # Errors
    /// It could not be written, or there are too many.
    pub async fn set(&self, host: &HostId, path: String, on: bool) -> Result<Vec<String>> {
        let host = host.0.clone();
        let changed = self.file.change(move |kept: &mut Kept| {
            let full = kept.len() >= HOSTS_MAX && !kept.contains_key(&host);
            let own = kept.entry(host.clone()).or_default();
            own.retain(|other| *other != path);
            if on {
                if full || own.len() >= PER_HOST_MAX {
                    return Err(io::Error::other("there are too many bookmarks"));
                }
                own.push(path);
            }
            let now = own.clone();
            kept.retain(|_, paths| !paths.is_empty());
            Ok(now)
        });
        changed.await.map_err(|error| failed(self.file.path(), &error))
    }
}

fn failed(file: &Path, error: &io::Error) -> Error {
    let path = file.display();
    Error::new(ErrorCode::ExportFailed, format!("The bookmarks in {path} could not be kept: {error}."))
        .with("path", path)
        .with("cause", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bookmarks_are_of_one_host_and_there_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bookmarks.json");
        let (one, other) = (HostId("one".into()), HostId("other".into()));
        let marks = Bookmarks::at(file.clone());
        marks.set(&one, "/srv".into(), true).await.expect("kept");
        assert_eq!(marks.set(&one, "/etc".into(), true).await.expect("kept"), ["/srv", "/etc"]);
        let later = Bookmarks::at(file);
        assert_eq!(later.of(&one).await.expect("read"), ["/srv", "/etc"]);
        assert!(later.of(&other).await.expect("read").is_empty());
        assert_eq!(later.set(&one, "/srv".into(), false).await.expect("kept"), ["/etc"]);
    }

    #[tokio::test]
    async fn there_is_an_end_to_them_and_a_damaged_file_counts_as_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bookmarks.json");
        std::fs::write(&file, b"{\"a\": [").expect("written");
        let (marks, host) = (Bookmarks::at(file), HostId("h".into()));
        for n in 0..PER_HOST_MAX {
            marks.set(&host, format!("/{n}"), true).await.expect("kept");
        }
        assert!(marks.set(&host, "/more".into(), true).await.is_err());
    }
}
