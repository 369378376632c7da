//! A file or folder that is open on the server. However its owner goes away, it is closed there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// A handle that nobody uses any more. The permit comes back when the server has closed it.
#[derive(Debug)]
pub(crate) struct Abandoned {
    pub(crate) handle: Bytes,
    pub(crate) permit: Arc<OwnedSemaphorePermit>,
}

/// Handles to be closed. Without a bound of its own: there are never more than permits, of which there are 512 at most.
pub(crate) type Abandon = mpsc::UnboundedSender<Abandoned>;

/// An open handle. Every request that names it holds on to it until its answer, so no CLOSE overtakes one: a server gives
/// the same handle to the next file, and a late WRITE would land there.
pub(crate) struct OpenHandle {
    handle: Bytes,
    permit: Arc<OwnedSemaphorePermit>,
    abandon: Abandon,
    closed: AtomicBool,
}

impl OpenHandle {
    pub(crate) fn new(handle: Bytes, permit: OwnedSemaphorePermit, abandon: Abandon) -> Self {
        Self { handle, permit: Arc::new(permit), abandon, closed: AtomicBool::new(false) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.handle
    }

    /// A CLOSE is in the queue, behind every other request.
    pub(crate) fn set_closed(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl Drop for OpenHandle {
    fn drop(&mut self) {
        if !*self.closed.get_mut() {
            // Fails only when the session is over, and every handle with it.
            let _ = self
                .abandon
                .send(Abandoned { handle: self.handle.clone(), permit: Arc::clone(&self.permit) });
        }
    }
}

impl fmt::Debug for OpenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenHandle({:?})", self.handle)
    }
}
