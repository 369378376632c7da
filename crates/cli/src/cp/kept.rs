//! The queue of one copy on disk, so that a copy that was cut off goes on with `--resume` where its parts end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bowline_core::transfer::job::{JobRequest, Verify};
use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};

/// Nobody goes on with a copy of last month.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// A folder that belongs to these sources and this target, and to this process for as long as it runs.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    /// Held by its lock, which ends with the process. It lies beside the folder, which may be removed.
    _lock: File,
}

impl Kept {
    /// # Errors
    /// The folder cannot be made, for the person.
    pub fn of(requests: &[JobRequest], resume: bool) -> Result<Self, String> {
        let all = dirs::state_dir()
            .or_else(dirs::data_local_dir)
            .ok_or("there is no home folder: HOME is not set")?;
        let all = all.join("dev.bowline.desktop").join("cp");
        forget_old(&all);
        let mut hash = Sha256::new();
        for request in requests {
            for end in request.sources.iter().chain([&request.target]) {
                hash.update(serde_json::to_vec(end).unwrap_or_default());
                hash.update([0]);
            }
            // One that is to be verified begins anew, rather than end as one that was not.
            hash.update([u8::from(request.verify == Verify::Sha256)]);
            // One that is to delete does not go on with one that was not.
            if let Some(sync) = &request.sync {
                hash.update(serde_json::to_vec(sync).unwrap_or_default());
            }
        }
        let name = data_encoding::HEXLOWER.encode(&hash.finalize()[..16]);
        let folder = all.join(&name);
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        make(&all).map_err(failed)?;
        let lock = File::create(all.join(format!("{name}.lock"))).map_err(failed)?;
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err("the same copy runs already".to_owned());
        }
        if !resume {
            let _ = std::fs::remove_dir_all(&folder);
        }
        make(&folder).map_err(failed)?;
        Ok(Self { folder, _lock: lock })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The copy has come to its end; only one that failed may go on.
    pub fn done(self, all: bool) {
        if all {
            let _ = std::fs::remove_dir_all(&self.folder);
            let _ = std::fs::remove_file(self.folder.with_extension("lock"));
        }
    }
}

/// For its person alone: it has names of files.
fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn forget_old(all: &Path) {
    let Ok(entries) = std::fs::read_dir(all) else { return };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if age.is_some_and(|age| age > OLD) {
            let path = entry.path();
            let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        }
    }
}
