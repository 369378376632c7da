//! How much there is below paths, up to a limit: before something is fetched that is to be small.

use std::sync::atomic::{AtomicU64, Ordering};

use bowline_sftp::{Attributes, FileKind, SftpPath};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::session::Files;
use super::tree::{Visit, Walk};
use super::work::Work;

/// What there may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub bytes: u64,
    /// Files and folders.
    pub entries: u64,
}

/// Whether all that lies below the paths stays within the limit. What cannot be looked at does not count: it will not be
/// fetched either.
pub async fn stays_within(files: &Files, paths: &[SftpPath], limit: Limit) -> bool {
    let work = Work::default();
    let measure =
        Measure { limit, work: work.clone(), bytes: AtomicU64::default(), entries: AtomicU64::default() };
    let walk = Walk { files, work: &work, visit: &measure };
    for path in paths {
        if !walk.run(path).await || work.is_cancelled() {
            break;
        }
    }
    !work.is_cancelled()
}

struct Measure {
    limit: Limit,
    /// Ends with the first entry that is too much.
    work: Work,
    bytes: AtomicU64,
    entries: AtomicU64,
}

impl Measure {
    fn add(&self, bytes: u64) {
        let bytes = self.bytes.fetch_add(bytes.min(self.limit.bytes + 1), Ordering::Relaxed) + bytes;
        let entries = self.entries.fetch_add(1, Ordering::Relaxed) + 1;
        if bytes > self.limit.bytes || entries > self.limit.entries {
            self.work.cancel();
        }
    }
}

impl Visit for Measure {
    const LOOKS_AGAIN: bool = false;

    fn leaf(&self, _: SftpPath, attributes: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        let bytes = if attributes.kind() == FileKind::File { attributes.size.unwrap_or(0) } else { 0 };
        self.add(bytes);
        async { Ok(()) }.boxed()
    }

    fn enter(&self, _: SftpPath, _: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        self.add(0);
        async { Ok(()) }.boxed()
    }

    fn leave(&self, _: SftpPath, _: Attributes) -> BoxFuture<'_, bowline_sftp::Result<()>> {
        async { Ok(()) }.boxed()
    }
}
