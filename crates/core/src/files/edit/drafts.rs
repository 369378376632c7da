//! Texts that a person has changed and not saved yet: one file for each, in a folder of ours, so that neither a reload nor a crash
//! costs them. Files that are seen with root's rights are never among them.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::look::Hash;
use super::view::EditWords;
use crate::files::place::FilesPlace;
use crate::host::HostId;

/// The oldest goes for a new one.
const DRAFTS_MAX: usize = 50;
/// All together, for the same reason.
const DRAFTS_BYTES: u64 = 64 * 1024 * 1024;
/// Of the largest text that is edited, 8 MiB, when every byte of it is escaped.
const DRAFT_MAX_BYTES: u64 = 50 * 1024 * 1024;
const ENDING: &str = "json";

/// What is kept of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    host: HostId,
    path: String,
    pub words: EditWords,
    /// What the file was when it was opened or saved last.
    pub base: Option<Hash>,
    pub kept_ms: u64,
}

/// Every call here blocks.
#[derive(Debug, Clone)]
pub struct Drafts {
    folder: PathBuf,
}

impl Drafts {
    /// The folder need not exist.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps a text in place of an older one of the same file.
    ///
    /// # Errors
    /// What the system says, as for the others. The older one is whole then.
    pub fn keep(&self, host: HostId, path: String, words: EditWords, base: Option<Hash>) -> io::Result<()> {
        if !may_keep(&host) {
            return Ok(());
        }
        let file = self.file(&host, &path);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let kept_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let bytes =
            serde_json::to_vec(&Draft { host, path, words, base, kept_ms }).map_err(io::Error::other)?;
        if bytes.len() as u64 > DRAFT_MAX_BYTES {
            return Err(io::Error::other("it is too large to be kept"));
        }
        self.make_folder()?;
        self.make_room(&file, bytes.len() as u64)?;
        write(&file, &bytes)
    }

    /// What is kept of a file; what cannot be read counts as nothing.
    pub fn of(&self, host: &HostId, path: &str) -> Option<Draft> {
        let file = std::fs::File::open(self.file(host, path)).ok()?;
        let mut bytes = Vec::new();
        file.take(DRAFT_MAX_BYTES).read_to_end(&mut bytes).ok()?;
        let draft: Draft = serde_json::from_slice(&bytes).ok()?;
        (may_keep(host) && draft.host == *host && draft.path == path).then_some(draft)
    }

    /// # Errors
    /// It is still there.
    pub fn forget(&self, host: &HostId, path: &str) -> io::Result<()> {
        remove(&self.file(host, path))
    }

    /// A name of its own for every file of every host.
    fn file(&self, host: &HostId, path: &str) -> PathBuf {
        let hash = digest(&SHA256, format!("{}\0{path}", host.0).as_bytes());
        let mut name = String::new();
        for byte in hash.as_ref() {
            let _ = write!(name, "{byte:02x}");
        }
        self.folder.join(name).with_extension(ENDING)
    }

    fn make_folder(&self) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)
    }

    fn make_room(&self, file: &Path, bytes: u64) -> io::Result<()> {
        let mut others = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path() != file {
                let about = entry.metadata()?;
                others.push((about.modified().unwrap_or(UNIX_EPOCH), about.len(), entry.path()));
            }
        }
        others.sort();
        let mut all = others.iter().map(|(_, bytes, _)| bytes).sum::<u64>() + bytes;
        let mut count = others.len() + 1;
        for (_, bytes, path) in others {
            if count <= DRAFTS_MAX && all <= DRAFTS_BYTES {
                break;
            }
            remove(&path)?;
            (count, all) = (count - 1, all - bytes);
        }
        Ok(())
    }
}

/// What root sees is not for this disk.
fn may_keep(host: &HostId) -> bool {
    matches!(FilesPlace::of(host), FilesPlace::Host(_))
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = file.with_extension("new");
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(bytes)?;
    std::fs::rename(new, file)
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::edit::text::{LineEnds, TextEncoding};

    fn words(text: &str) -> EditWords {
        EditWords { text: text.to_owned(), encoding: TextEncoding::Utf8, line_ends: LineEnds::Lf }
    }

    fn host(id: &str) -> HostId {
        HostId(id.to_owned())
    }

    #[test]
    fn a_draft_is_there_after_a_restart_until_it_is_forgotten_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().join("drafts");
        let drafts = Drafts::at(at.clone());
        drafts.keep(host("a"), "/etc/x".into(), words("one"), Some([1; 32])).expect("kept");
        drafts.keep(host("a"), "/etc/x".into(), words("two"), Some([1; 32])).expect("kept");
        let again = Drafts::at(at.clone());
        let draft = again.of(&host("a"), "/etc/x").expect("a draft");
        assert_eq!((draft.words, draft.base), (words("two"), Some([1; 32])));
        assert!(again.of(&host("b"), "/etc/x").is_none());
        assert!(again.of(&host("a"), "/etc/y").is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
            assert_eq!((mode(&at), mode(&again.file(&host("a"), "/etc/x"))), (0o700, 0o600));
        }
        again.forget(&host("a"), "/etc/x").expect("gone");
        again.forget(&host("a"), "/etc/x").expect("gone already");
        assert!(again.of(&host("a"), "/etc/x").is_none());
        assert_eq!(std::fs::read_dir(at).expect("a folder").count(), 0);
    }

    #[test]
    fn what_root_sees_never_comes_to_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = Drafts::at(folder.path().join("drafts"));
        drafts.keep(host("sudo:a"), "/etc/shadow".into(), words("secret"), None).expect("nothing");
        assert!(!folder.path().join("drafts").exists());
    }

    #[test]
    fn the_oldest_goes_for_one_too_many_or_too_much() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = Drafts::at(folder.path().join("drafts"));
        let age = |path: &str, seconds: u64| {
            let file =
                std::fs::File::options().write(true).open(drafts.file(&host("a"), path)).expect("there");
            file.set_modified(UNIX_EPOCH + std::time::Duration::from_secs(seconds)).expect("set");
        };
        for number in 0..DRAFTS_MAX {
            let path = format!("/{number}");
            drafts.keep(host("a"), path.clone(), words("x"), None).expect("kept");
            age(&path, 1000 - number as u64);
        }
        drafts.keep(host("a"), "/one more".into(), words("x"), None).expect("kept");
        let oldest = format!("/{}", DRAFTS_MAX - 1);
        assert!(drafts.of(&host("a"), &oldest).is_none());
        assert!(drafts.of(&host("a"), "/0").is_some());
        let large = "x".repeat(usize::try_from(DRAFTS_BYTES * 2 / 3).expect("small"));
        drafts.keep(host("a"), "/large".into(), words(&large), None).expect("kept");
        drafts.keep(host("a"), "/large too".into(), words(&large), None).expect("kept");
        assert!(drafts.of(&host("a"), "/large").is_none());
        assert!(drafts.of(&host("a"), "/large too").is_some());
        assert!(drafts.keep(host("a"), "/too large".into(), words(&large.repeat(2)), None).is_err());
    }

    #[test]
    fn a_damaged_one_counts_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = Drafts::at(folder.path().to_owned());
        drafts.keep(host("a"), "/x".into(), words("x"), None).expect("kept");
        std::fs::write(drafts.file(&host("a"), "/x"), "{\"host\": ").expect("written");
        assert!(drafts.of(&host("a"), "/x").is_none());
    }
}
