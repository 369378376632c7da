//! Texts that a person has changed and not saved yet: one sealed file for each, in a folder of ours, so that neither a reload nor a
//! crash costs them. Without a keyring there is no key to seal them with: then they stay in memory, and only a reload costs
//! nothing. Files that are seen with root's rights are never among them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::look::Hash;
use super::view::EditWords;
use crate::files::place::FilesPlace;
use crate::host::HostId;
use crate::workspace::sealed::SealKey;

/// The oldest goes for a new one.
const DRAFTS_MAX: usize = 50;
/// All together, for the same reason.
const DRAFTS_BYTES: u64 = 64 * 1024 * 1024;
/// Of the largest text that is edited, 8 MiB, when every byte of it is escaped.
const DRAFT_MAX_BYTES: u64 = 50 * 1024 * 1024;
/// What sealing adds, and room to spare.
const SEALED_MORE_BYTES: u64 = 1024;
/// Of the hash of its host, in the name of a draft.
const HOST_DIGITS: usize = 16;
const ENDING: &str = "sealed";

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

/// Which file a text is kept of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kept {
    pub host: HostId,
    pub path: String,
    pub kept_ms: u64,
}

/// Every call here blocks.
#[derive(Debug, Clone)]
pub struct Drafts {
    folder: PathBuf,
    /// By their file, what could not be sealed.
    in_memory: Arc<Mutex<HashMap<PathBuf, Draft>>>,
}

impl Drafts {
    /// The folder need not exist.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, in_memory: Arc::default() }
    }

    /// Keeps a text in place of an older one of the same file; without a key until the app ends.
    ///
    /// # Errors
    /// What the system says, as for the others. The older one is whole then.
    pub fn keep(
        &self,
        key: Option<&SealKey>,
        host: HostId,
        path: String,
        words: EditWords,
        base: Option<Hash>,
    ) -> io::Result<()> {
        if !may_keep(&host) {
            return Ok(());
        }
        let file = self.file(&host, &path);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let kept_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let draft = Draft { host, path, words, base, kept_ms };
        let Some(key) = key else {
            self.keep_in_memory(file, draft);
            return Ok(());
        };
        let bytes = serde_json::to_vec(&draft).map_err(io::Error::other)?;
        if bytes.len() as u64 > DRAFT_MAX_BYTES {
            return Err(io::Error::other("it is too large to be kept"));
        }
        let sealed = key.seal_bytes(&bound(&file), bytes);
        let sealed = sealed.ok_or_else(|| io::Error::other("it could not be sealed"))?;
        self.make_folder()?;
        self.make_room(&file, sealed.len() as u64)?;
        write(&file, &sealed)?;
        self.memory().remove(&file);
        Ok(())
    }

    /// What is kept of a file and needs no key.
    pub fn at_hand(&self, host: &HostId, path: &str) -> Option<Draft> {
        self.memory().get(&self.file(host, path)).cloned()
    }

    /// Whether something sealed is kept of a file.
    pub fn has(&self, host: &HostId, path: &str) -> bool {
        may_keep(host) && self.file(host, path).exists()
    }

    /// What is kept of a file; what cannot be read counts as nothing.
    pub fn open(&self, key: &SealKey, host: &HostId, path: &str) -> Option<Draft> {
        let draft: Draft = read(key, &self.file(host, path))?;
        (may_keep(host) && draft.host == *host && draft.path == path).then_some(draft)
    }

    /// Of which files something is kept, the newest first; what cannot be read is left out, as all that is sealed is without
    /// the key.
    pub fn list(&self, key: Option<&SealKey>) -> Vec<Kept> {
        let at_hand = |draft: &Draft| Kept {
            host: draft.host.clone(),
            path: draft.path.clone(),
            kept_ms: draft.kept_ms,
        };
        let mut kept: Vec<Kept> = self.memory().values().map(at_hand).collect();
        if let Some(key) = key {
            let sealed = self.files().filter_map(|file| read(key, &file));
            kept.extend(sealed.filter(|kept: &Kept| may_keep(&kept.host)));
        }
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.kept_ms));
        kept
    }

    /// Nothing is kept of hosts that are gone for good. Needs no key.
    ///
    /// # Errors
    /// Something of theirs is still there.
    pub fn forget_hosts(&self, hosts: &[HostId]) -> io::Result<()> {
        self.memory().retain(|_, draft| !hosts.contains(&draft.host));
        let theirs: Vec<String> = hosts.iter().map(of_host).collect();
        let is_theirs = |file: &PathBuf| {
            let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            theirs.iter().any(|of_host| name.starts_with(of_host))
        };
        self.files().filter(is_theirs).try_for_each(|file| remove(&file))
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|file| file.extension().is_some_and(|ending| ending == ENDING))
    }

    /// # Errors
    /// It is still there.
    pub fn forget(&self, host: &HostId, path: &str) -> io::Result<()> {
        let file = self.file(host, path);
        self.memory().remove(&file);
        remove(&file)
    }

    fn memory(&self) -> MutexGuard<'_, HashMap<PathBuf, Draft>> {
        self.in_memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_in_memory(&self, file: PathBuf, draft: Draft) {
        let mut kept = self.memory();
        kept.insert(file, draft);
        let bytes =
            |kept: &HashMap<PathBuf, Draft>| kept.values().map(|it| it.words.text.len() as u64).sum::<u64>();
        while kept.len() > DRAFTS_MAX || bytes(&kept) > DRAFTS_BYTES {
            let oldest = kept.iter().min_by_key(|(_, draft)| draft.kept_ms).map(|(file, _)| file.clone());
            let Some(oldest) = oldest else { return };
            kept.remove(&oldest);
        }
    }

    /// A name of its own for every file of every host, which begins as all of the host do.
    fn file(&self, host: &HostId, path: &str) -> PathBuf {
        let hash = hex(&format!("{}\0{path}", host.0));
        self.folder.join(of_host(host) + &hash).with_extension(ENDING)
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

fn of_host(host: &HostId) -> String {
    let mut hash = hex(&host.0);
    hash.truncate(HOST_DIGITS);
    hash
}

fn hex(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What the seal of a file is bound to.
fn bound(file: &Path) -> Vec<u8> {
    file.file_name().unwrap_or_default().as_encoded_bytes().to_vec()
}

fn read<T: DeserializeOwned>(key: &SealKey, file: &Path) -> Option<T> {
    let mut sealed = Vec::new();
    let most = DRAFT_MAX_BYTES + SEALED_MORE_BYTES;
    std::fs::File::open(file).ok()?.take(most).read_to_end(&mut sealed).ok()?;
    serde_json::from_slice(&key.open_bytes(&bound(file), &sealed)?).ok()
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

    fn key() -> SealKey {
        SealKey::read(&SealKey::generate().expect("random numbers")).expect("a key")
    }

    fn host(id: &str) -> HostId {
        HostId(id.to_owned())
    }

    #[test]
    fn a_draft_is_there_after_a_restart_until_it_is_forgotten_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = key();
        let at = folder.path().join("drafts");
        let drafts = Drafts::at(at.clone());
        drafts.keep(Some(&key), host("a"), "/etc/x".into(), words("one"), Some([1; 32])).expect("kept");
        drafts.keep(Some(&key), host("a"), "/etc/x".into(), words("two"), Some([1; 32])).expect("kept");
        assert!(drafts.at_hand(&host("a"), "/etc/x").is_none());
        let again = Drafts::at(at.clone());
        let draft = again.open(&key, &host("a"), "/etc/x").expect("a draft");
        assert_eq!((draft.words, draft.base), (words("two"), Some([1; 32])));
        assert!(again.has(&host("a"), "/etc/x"));
        assert!(again.open(&self::key(), &host("a"), "/etc/x").is_none(), "another key");
        let bytes = std::fs::read(again.file(&host("a"), "/etc/x")).expect("there");
        assert!(!bytes.windows(3).any(|bytes| bytes == b"two" || bytes == b"etc"), "nothing can be read");
        std::fs::copy(again.file(&host("a"), "/etc/x"), again.file(&host("b"), "/etc/x")).expect("copied");
        assert!(again.open(&key, &host("b"), "/etc/x").is_none(), "another file's");
        again.forget(&host("b"), "/etc/x").expect("gone");
        assert!(again.open(&key, &host("a"), "/etc/y").is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
            assert_eq!((mode(&at), mode(&again.file(&host("a"), "/etc/x"))), (0o700, 0o600));
        }
        again.forget(&host("a"), "/etc/x").expect("gone");
        again.forget(&host("a"), "/etc/x").expect("gone already");
        assert!(again.open(&key, &host("a"), "/etc/x").is_none());
        assert_eq!(std::fs::read_dir(at).expect("a folder").count(), 0);
    }

    #[test]
    fn what_root_sees_never_comes_to_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = key();
        let drafts = Drafts::at(folder.path().join("drafts"));
        drafts
            .keep(Some(&key), host("sudo:a"), "/etc/shadow".into(), words("secret"), None)
            .expect("nothing");
        assert!(!folder.path().join("drafts").exists());
    }

    #[test]
    fn the_oldest_goes_for_one_too_many_or_too_much() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = key();
        let drafts = Drafts::at(folder.path().join("drafts"));
        let age = |path: &str, seconds: u64| {
            let file =
                std::fs::File::options().write(true).open(drafts.file(&host("a"), path)).expect("there");
            file.set_modified(UNIX_EPOCH + std::time::Duration::from_secs(seconds)).expect("set");
        };
        for number in 0..DRAFTS_MAX {
            let path = format!("/{number}");
            drafts.keep(Some(&key), host("a"), path.clone(), words("x"), None).expect("kept");
            age(&path, 1000 - number as u64);
        }
        drafts.keep(Some(&key), host("a"), "/one more".into(), words("x"), None).expect("kept");
        let oldest = format!("/{}", DRAFTS_MAX - 1);
        assert!(drafts.open(&key, &host("a"), &oldest).is_none());
        assert!(drafts.open(&key, &host("a"), "/0").is_some());
        let large = "x".repeat(usize::try_from(DRAFTS_BYTES * 2 / 3).expect("small"));
        drafts.keep(Some(&key), host("a"), "/large".into(), words(&large), None).expect("kept");
        drafts.keep(Some(&key), host("a"), "/large too".into(), words(&large), None).expect("kept");
        assert!(drafts.open(&key, &host("a"), "/large").is_none());
        assert!(drafts.open(&key, &host("a"), "/large too").is_some());
        assert!(
            drafts.keep(Some(&key), host("a"), "/too large".into(), words(&large.repeat(2)), None).is_err()
        );
    }

    #[test]
    fn a_damaged_one_counts_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = key();
        let drafts = Drafts::at(folder.path().to_owned());
        drafts.keep(Some(&key), host("a"), "/x".into(), words("x"), None).expect("kept");
        let file = drafts.file(&host("a"), "/x");
        let mut sealed = std::fs::read(&file).expect("there");
        *sealed.last_mut().expect("it is not empty") ^= 1;
        std::fs::write(file, sealed).expect("written");
        assert!(drafts.open(&key, &host("a"), "/x").is_none());
    }

    #[test]
    fn without_a_key_they_stay_in_memory_and_the_oldest_goes_for_one_too_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = Drafts::at(folder.path().join("drafts"));
        for number in 0..=DRAFTS_MAX {
            drafts.keep(None, host("a"), format!("/{number}"), words("x"), None).expect("kept");
            if let Some(draft) = drafts.memory().get_mut(&drafts.file(&host("a"), &format!("/{number}"))) {
                draft.kept_ms = number as u64;
            }
        }
        assert!(!folder.path().join("drafts").exists());
        let is_kept = |number: usize| drafts.clone().at_hand(&host("a"), &format!("/{number}")).is_some();
        assert!(!is_kept(0) && is_kept(1) && is_kept(DRAFTS_MAX));
        drafts.forget(&host("a"), "/1").expect("gone");
        assert!(!is_kept(1));
        drafts.keep(Some(&key()), host("a"), "/2".into(), words("x"), None).expect("kept");
        assert!(!is_kept(2) && drafts.has(&host("a"), "/2"), "now it is sealed");
    }

    #[test]
    fn all_are_listed_until_their_host_is_gone_for_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = key();
        let drafts = Drafts::at(folder.path().join("drafts"));
        assert_eq!(drafts.list(Some(&key)), []);
        for (id, path) in [("a", "/x"), ("a", "/y"), ("b", "/x")] {
            drafts.keep(Some(&key), host(id), path.into(), words("x"), None).expect("kept");
        }
        drafts.keep(None, host("a"), "/z".into(), words("x"), None).expect("kept");
        std::fs::write(folder.path().join("drafts/damaged.sealed"), "{").expect("written");
        let listed = |key: Option<&SealKey>| {
            let mut listed: Vec<_> =
                drafts.list(key).into_iter().map(|kept| (kept.host.0, kept.path)).collect();
            listed.sort();
            listed
        };
        let of = |id: &str, path: &str| (id.to_owned(), path.to_owned());
        assert_eq!(listed(Some(&key)), [of("a", "/x"), of("a", "/y"), of("a", "/z"), of("b", "/x")]);
        assert_eq!(listed(None), [of("a", "/z")]);
        drafts.forget_hosts(&[host("a"), host("c")]).expect("gone");
        assert_eq!(listed(Some(&key)), [of("b", "/x")]);
    }
}
