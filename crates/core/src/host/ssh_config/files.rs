//! Config files, read once and within bounds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FILE_MAX_BYTES, SshConfig};

/// All that is read for one answer: forty thousand hosts.
const TOTAL_MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Files for one answer. People who split their config have one file per customer.
const FILES_MAX: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    #[error("there is no such file")]
    Missing,
    /// Whoever may write it decides to whom one connects and what is run.
    #[error("others may write it, so it is not used; make it yours alone (chmod 600)")]
    Permissions,
    #[error("{0}")]
    Unreadable(String),
}

/// One file, read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    pub config: Arc<SshConfig>,
    /// Somebody else owns it or may write it.
    pub open_to_others: bool,
}

/// Keeps what was read, so that many names are resolved from one reading. Make a new one for a new look at the files.
#[derive(Debug, Default)]
pub struct Files {
    read: HashMap<PathBuf, Result<ConfigFile, FileFault>>,
    bytes: u64,
}

impl Files {
    /// Reads a file, or gives it again. Blocks.
    pub fn get(&mut self, path: &Path) -> Result<ConfigFile, FileFault> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        if self.read.len() >= FILES_MAX || self.bytes >= TOTAL_MAX_BYTES {
            return Err(FileFault::Unreadable("it is one file too many".to_owned()));
        }
        let result = self.read(path);
        self.read.insert(path.to_owned(), result.clone());
        result
    }

    /// Every file that was looked for, also those that are not there.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.read.keys().map(PathBuf::as_path)
    }

    fn read(&mut self, path: &Path) -> Result<ConfigFile, FileFault> {
        use std::io::Read;
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => FileFault::Missing,
            std::io::ErrorKind::PermissionDenied => FileFault::Unreadable("you may not read it".to_owned()),
            _ => FileFault::Unreadable(error.to_string()),
        };
        // Before it is opened, since opening a named pipe would wait.
        let before = std::fs::metadata(path).map_err(unreadable)?;
        // To OpenSSH a folder is an empty file, and `-F /dev/null` is how people say "no config".
        if before.is_dir() || path == Path::new("/dev/null") {
            return Ok(ConfigFile { config: Arc::new(SshConfig::parse(b"")), open_to_others: false });
        }
        if !before.is_file() {
            return Err(FileFault::Unreadable("it is no regular file".to_owned()));
        }
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let open_to_others = is_open_to_others(&file.metadata().map_err(unreadable)?);
        let mut content = Vec::new();
        file.take(FILE_MAX_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
        if content.len() as u64 > FILE_MAX_BYTES {
            return Err(FileFault::Unreadable("it is larger than 1 MiB".to_owned()));
        }
        self.bytes += content.len() as u64;
        Ok(ConfigFile { config: Arc::new(SshConfig::parse(&content)), open_to_others })
    }
}

/// SSHCONF_CHECKPERM: the owner is root or oneself, and nobody else may write.
#[cfg(unix)]
fn is_open_to_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = metadata.uid() == 0 || metadata.uid() == nix::unistd::getuid().as_raw();
    !own || metadata.mode() & 0o022 != 0
}

/// Elsewhere the folder of the person is not writable by others to begin with.
#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}
