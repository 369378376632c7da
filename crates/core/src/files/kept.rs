//! One SFTP session for each host, shared by all who look at its files and closed a minute after the last of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::session::Files;
use crate::error::Result;
use crate::host::HostId;

/// A session outlives its last use for so long.
const UNUSED: Duration = Duration::from_secs(60);

/// Clones share the sessions.
#[derive(Debug, Clone, Default)]
pub struct KeptFiles {
    hosts: Arc<Mutex<HashMap<HostId, Kept>>>,
}

#[derive(Debug)]
struct Kept {
    /// Whoever comes first opens it; the others wait for that one, and try themselves if it fails.
    session: Arc<OnceCell<Files>>,
    users: usize,
    since: Instant,
}

/// A session while it is used. Clones are one use.
#[derive(Debug, Clone)]
pub struct UsedFiles {
    files: Files,
    _use: Arc<Use>,
}

impl std::ops::Deref for UsedFiles {
    type Target = Files;

    fn deref(&self) -> &Files {
        &self.files
    }
}

#[derive(Debug)]
struct Use {
    kept: KeptFiles,
    host: HostId,
    session: Arc<OnceCell<Files>>,
}

impl KeptFiles {
    /// The session of a host, opened by `open` where there is none or where that one has ended.
    ///
    /// # Errors
    /// Those of `open`.
    pub async fn session(
        &self,
        host: &HostId,
        open: impl FnOnce() -> BoxFuture<'static, Result<Files>> + Send,
    ) -> Result<UsedFiles> {
        let using = self.begin(host);
        let files = using.session.get_or_try_init(open).await?.clone();
        Ok(UsedFiles { files, _use: Arc::new(using) })
    }

    /// Whether there is a session of a host that can be used at once, without a question to anybody.
    pub fn is_open(&self, host: &HostId) -> bool {
        self.lock().get(host).and_then(|kept| kept.session.get()).is_some_and(is_alive)
    }

    fn begin(&self, host: &HostId) -> Use {
        let mut hosts = self.lock();
        let kept = hosts.entry(host.clone()).or_insert_with(|| {
            tokio::spawn(self.clone().close_unused(host.clone()));
            Kept { session: Arc::default(), users: 0, since: Instant::now() }
        });
        if kept.session.get().is_some_and(|files| !is_alive(files)) {
            kept.session = Arc::default();
        }
        kept.users += 1;
        let session = Arc::clone(&kept.session);
        drop(hosts);
        Use { kept: self.clone(), host: host.clone(), session }
    }

    /// Runs for as long as a session of the host is kept.
    async fn close_unused(self, host: HostId) {
        let mut look = Instant::now() + UNUSED;
        loop {
            tokio::time::sleep_until(look).await;
            let mut hosts = self.lock();
            let Some(kept) = hosts.get(&host) else { return };
            look = Instant::now() + UNUSED;
            if kept.users == 0 {
                if kept.since.elapsed() >= UNUSED {
                    hosts.remove(&host);
                    return;
                }
                look = kept.since + UNUSED;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<HostId, Kept>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.lock().get_mut(&self.host) {
            kept.users = kept.users.saturating_sub(1);
            kept.since = Instant::now();
        }
    }
}

fn is_alive(files: &Files) -> bool {
    files.connection().is_none_or(|connection| connection.is_up())
        && files.sftp.ended().now_or_never().is_none()
}
