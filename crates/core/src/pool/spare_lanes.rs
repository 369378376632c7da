//! Lanes of transfers that are over, for a minute: who copies one thing often copies the next soon, and a login takes a dozen round
//! trips.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::connection::Connection;
use crate::files::session::Files;
use crate::host::HostId;

/// As long as one looks at what has arrived and goes on.
const KEPT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(1);
/// Of all hosts together; what is more ends at once.
const SPARE_MAX: usize = 8;

/// Lanes that nobody uses just now. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct SpareLanes {
    lanes: Arc<Mutex<Vec<Spare>>>,
    count: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Spare {
    number: u64,
    host: HostId,
    /// The connection that it was dialled beside: with it go the address, the person and what they agreed to.
    beside: Weak<Connection>,
    files: Files,
}

impl SpareLanes {
    /// One that was given back beside this very connection and is up.
    pub fn take(&self, host: &HostId, beside: &Arc<Connection>) -> Option<Files> {
        let mut lanes = self.lock();
        lanes.retain(|spare| is_up(&spare.files));
        let at = lanes
            .iter()
            .position(|spare| spare.host == *host && Weak::ptr_eq(&spare.beside, &Arc::downgrade(beside)))?;
        Some(lanes.swap_remove(at).files)
    }

    /// Keeps one for a while, at most as long as the connection beside it is up.
    pub fn put(&self, host: &HostId, beside: &Arc<Connection>, files: Files) {
        // Without a runtime nothing would end it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let number = self.count.fetch_add(1, Relaxed);
        {
            let mut lanes = self.lock();
            if lanes.len() >= SPARE_MAX || !is_up(&files) {
                return;
            }
            lanes.push(Spare { number, host: host.clone(), beside: Arc::downgrade(beside), files });
        }
        let (lanes, beside) = (Arc::downgrade(&self.lanes), Arc::downgrade(beside));
        runtime.spawn(async move {
            // Looked at now and then, so that nobody holds the connection beside it for that.
            let begun = Instant::now();
            while begun.elapsed() < KEPT && beside.upgrade().is_some_and(|beside| beside.is_up()) {
                tokio::time::sleep(LOOK).await;
            }
            let Some(lanes) = lanes.upgrade() else { return };
            lanes.lock().unwrap_or_else(PoisonError::into_inner).retain(|spare| spare.number != number);
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Spare>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_up(files: &Files) -> bool {
    files.connection().is_some_and(|connection| connection.is_up())
}
