//! `workspace.json` is of this run, `last-workspace.json` of the one before, until that is brought back or another takes its
//! place; `scrollback/` holds what terminals showed. One process owns them: the one that has the lock of the host store.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::document::{DOCUMENT_MAX_BYTES, VERSION, Workspace};

/// What is kept of all terminals together, at most.
pub const SCROLLBACK_FILES_BYTES: u64 = 64 * 1024 * 1024;
/// A file that is larger is none of ours.
const SCROLLBACK_FILE_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What a file is called until it takes the place of the older one. A crash may leave it behind.
const NEW_PREFIX: &str = ".workspace-new-";

/// Every call here blocks.
#[derive(Debug, Clone)]
pub struct WorkspaceFiles {
    folder: PathBuf,
}

impl WorkspaceFiles {
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What the run before left, which from now on is the last workspace. A file that cannot be read is put aside and costs
    /// what it held, never the start.
    pub fn begin(&self) -> Option<Workspace> {
        note(self.remove_unfinished(), "a file that was being written stays");
        let newest = self.read(&self.current()).filter(|workspace| workspace.all_tabs().next().is_some());
        if newest.is_some() {
            note(std::fs::rename(self.current(), self.last()), "the last workspace stays where it is");
        }
        let last = newest.or_else(|| self.read(&self.last()));
        let kept: HashSet<&str> = last.iter().flat_map(Workspace::kept).collect();
        for entry in std::fs::read_dir(self.scrollback()).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
                note(std::fs::remove_file(entry.path()), "kept output that nothing refers to stays");
            }
        }
        last
    }

    /// # Errors
    /// What the system says, as for the others.
    pub fn write(&self, workspace: &Workspace) -> io::Result<()> {
        replace(&self.current(), &serde_json::to_vec(workspace)?, true)
    }

    pub fn forget_last(&self) -> io::Result<()> {
        remove(&self.last())
    }

    /// Forgets everything that is kept, and what was put aside. What cannot be removed keeps nothing else.
    pub fn forget_all(&self) -> io::Result<()> {
        let documents = [self.current(), self.last()];
        let aside = documents.iter().map(|path| put_aside(path)).collect::<Vec<_>>();
        let kept = std::fs::read_dir(self.scrollback()).into_iter().flatten().flatten();
        let kept = kept.map(|entry| entry.path());
        let removed = documents.into_iter().chain(aside).chain(kept).map(|path| remove(&path));
        removed.chain([self.remove_unfinished()]).fold(Ok(()), io::Result::and)
    }

    /// Removes what a crash left half written. Those of `scrollback/` go with what nothing refers to.
    fn remove_unfinished(&self) -> io::Result<()> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_ours = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with(NEW_PREFIX));
        let unfinished = entries.filter(|entry| is_ours(&entry.file_name()));
        unfinished.map(|entry| remove(&entry.path())).fold(Ok(()), io::Result::and)
    }

    pub fn write_scrollback(&self, name: Uuid, bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(self.scrollback())?;
        // What a power cut spoils is told as damaged; syncing every few seconds would wear the disk.
        replace(&self.scrollback().join(name.to_string()), bytes, false)
    }

    pub fn read_scrollback(&self, name: Uuid) -> io::Result<Option<Vec<u8>>> {
        let file = match std::fs::File::open(self.scrollback().join(name.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(SCROLLBACK_FILE_MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > SCROLLBACK_FILE_MAX_BYTES {
            return Err(io::Error::other("it is larger than any that was kept"));
        }
        Ok(Some(bytes))
    }

    pub fn remove_scrollback(&self, name: Uuid) -> io::Result<()> {
        remove(&self.scrollback().join(name.to_string()))
    }

    fn current(&self) -> PathBuf {
        self.folder.join("workspace.json")
    }

    fn last(&self) -> PathBuf {
        self.folder.join("last-workspace.json")
    }

    fn scrollback(&self) -> PathBuf {
        self.folder.join("scrollback")
    }

    fn read(&self, path: &Path) -> Option<Workspace> {
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, "the last workspace could not be read");
                return None;
            }
            Ok(file) => file,
        };
        let mut text = Vec::new();
        note(file.take(2 * DOCUMENT_MAX_BYTES as u64).read_to_end(&mut text), "the last workspace is cut");
        let workspace = serde_json::from_slice::<Workspace>(&text).ok();
        let readable =
            workspace.filter(|workspace| workspace.version <= VERSION && workspace.check().is_ok());
        if readable.is_none() {
            tracing::warn!("the last workspace is damaged or of a newer Bowline, and put aside");
            note(std::fs::rename(path, put_aside(path)), "it could not be put aside");
        }
        readable
    }
}

/// Where a document goes that cannot be read.
fn put_aside(document: &Path) -> PathBuf {
    document.with_extension("unreadable")
}

fn note<T>(done: io::Result<T>, what: &str) {
    if let Err(error) = done {
        tracing::warn!(%error, "{what}");
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Replaces a file at once, so that a crash leaves the old or the new one. A temporary file is for its owner only.
fn replace(path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("the file has no folder"))?;
    let mut new = tempfile::Builder::new().prefix(NEW_PREFIX).tempfile_in(folder)?;
    new.write_all(bytes)?;
    if sync {
        new.as_file().sync_all()?;
    }
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(kept: &[Uuid]) -> Workspace {
        let tab =
            |name: &Uuid| serde_json::json!({"id": "t", "host": "h", "name": null, "kept": name.to_string()});
        let tabs: Vec<_> = kept.iter().map(tab).collect();
        serde_json::from_value(serde_json::json!({"version": 1, "layout": {}, "tabs": tabs}))
            .expect("a workspace")
    }

    fn bed() -> (tempfile::TempDir, WorkspaceFiles) {
        let folder = tempfile::tempdir().expect("a folder");
        let files = WorkspaceFiles::at(folder.path().to_owned());
        (folder, files)
    }

    #[test]
    fn a_workspace_is_offered_until_it_is_put_away_or_another_takes_its_place() {
        let (_folder, files) = bed();
        let [first, second] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        files.write(&workspace(&[first])).expect("it is written");
        assert_eq!(files.begin(), Some(workspace(&[first])));
        // A run in which nothing was open changes nothing.
        files.write(&workspace(&[])).expect("it is written");
        assert_eq!(files.begin(), Some(workspace(&[first])));
        files.write(&workspace(&[second])).expect("it is written");
        assert_eq!(files.begin(), Some(workspace(&[second])));
        files.forget_last().expect("it is removed");
        assert_eq!(files.begin(), None);
    }

    #[test]
    fn output_that_no_workspace_refers_to_is_removed() {
        let (_folder, files) = bed();
        let [kept, stray] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        files.write_scrollback(kept, b"x").expect("it is written");
        files.write_scrollback(stray, b"y").expect("it is written");
        files.write(&workspace(&[kept])).expect("it is written");
        files.begin();
        assert_eq!(files.read_scrollback(kept).expect("it is read").as_deref(), Some(b"x".as_slice()));
        assert_eq!(files.read_scrollback(stray).expect("it is gone"), None);
    }

    #[test]
    fn a_damaged_file_and_one_of_a_newer_bowline_are_put_aside() {
        for text in ["{\"version\": 1, \"tabs\": [", "{\"version\":2,\"layout\":{},\"tabs\":[]}"] {
            let (folder, files) = bed();
            std::fs::write(folder.path().join("last-workspace.json"), text).expect("it is written");
            assert_eq!(files.begin(), None);
            assert!(folder.path().join("last-workspace.unreadable").exists());
        }
    }

    #[test]
    fn who_wants_nothing_kept_keeps_neither_what_was_put_aside_nor_what_was_half_written() {
        let (folder, files) = bed();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("workspace.json"), "{").expect("it is written");
        std::fs::write(path("last-workspace.json"), "{").expect("it is written");
        assert_eq!(files.begin(), None);
        assert!(path("workspace.unreadable").exists() && path("last-workspace.unreadable").exists());
        files.write_scrollback(Uuid::from_u128(1), b"x").expect("it is written");
        std::fs::write(path(".workspace-new-1"), "{").expect("it is written");
        std::fs::write(path("hosts.json"), "{}").expect("it is written");
        files.forget_all().expect("it is removed");
        let left = std::fs::read_dir(folder.path()).expect("a folder").flatten();
        let mut left: Vec<_> = left.map(|entry| entry.file_name().into_string().expect("text")).collect();
        left.sort();
        assert_eq!(left, ["hosts.json", "scrollback"]);
        assert_eq!(std::fs::read_dir(path("scrollback")).expect("a folder").count(), 0);
    }

    #[test]
    fn what_a_crash_left_half_written_goes_at_the_next_start() {
        let (folder, files) = bed();
        let new = tempfile::Builder::new().prefix(NEW_PREFIX).tempfile_in(folder.path()).expect("a file");
        let (_, left) = new.keep().expect("it stays");
        files.begin();
        assert!(!left.exists());
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, files) = bed();
        files.write(&workspace(&[])).expect("it is written");
        files.write_scrollback(Uuid::from_u128(1), b"x").expect("it is written");
        for path in ["workspace.json", &format!("scrollback/{}", Uuid::from_u128(1))] {
            let mode = std::fs::metadata(folder.path().join(path)).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{path}");
        }
    }
}
