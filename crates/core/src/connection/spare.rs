//! A session channel that is open in advance, so that a new tab on a live connection costs one round trip instead of two
//! (design.md, fact 8).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use russh::client::Msg;
use russh::{Channel, ChannelMsg};
use tokio::time::timeout;

use super::Connection;

/// Time for the server to open it; nobody waits for that.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);
/// Time to hand a channel's end to russh; it takes none unless the connection is stuck.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// At most one channel, and whether the server lets us have it.
#[derive(Default)]
pub(super) struct Spare {
    channel: Mutex<Option<Channel<Msg>>>,
    opening: AtomicBool,
    /// The server refused one, or closed it: it counts against its limit there, so none is opened any more.
    unwanted: AtomicBool,
}

impl Spare {
    /// The channel, if the server has not closed it meanwhile.
    pub fn take(&self) -> Option<Channel<Msg>> {
        let mut channel = self.lock().take()?;
        while let Some(message) = channel.wait().now_or_never() {
            if matches!(message, None | Some(ChannelMsg::Close | ChannelMsg::Eof)) {
                self.unwanted.store(true, Ordering::Release);
                return None;
            }
        }
        Some(channel)
    }

    /// Opens the next one in the background.
    pub fn refill(&self, connection: &Arc<Connection>) {
        if self.unwanted.load(Ordering::Acquire) || !is_patient(connection) {
            return;
        }
        if self.lock().is_some() || self.opening.swap(true, Ordering::AcqRel) {
            return;
        }
        let connection = Arc::downgrade(connection);
        tokio::spawn(async move {
            let Some(connection) = connection.upgrade() else { return };
            let opened = tokio::select! {
                opened = timeout(OPEN_TIMEOUT, connection.ask_for_channel()) => opened,
                _ = connection.ended() => return,
            };
            let spare = &connection.spare;
            match opened {
                Ok(Ok(channel)) => *spare.lock() = Some(channel),
                Ok(Err(_)) | Err(_) => spare.unwanted.store(true, Ordering::Release),
            }
            spare.opening.store(false, Ordering::Release);
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Channel<Msg>>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Servers that are known to let a session channel wait for its first request. Others, of routers and appliances, may take
/// it for a session of its own.
fn is_patient(connection: &Connection) -> bool {
    connection.server().is_some_and(|server| server.starts_with("OpenSSH"))
}

/// Closes a channel that nobody needs: russh leaves it open when it is dropped, and the server would count it.
pub(super) fn close(channel: Channel<Msg>) {
    // At the end of the app there is no runtime, and no connection either.
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        let _ = timeout(CLOSE_TIMEOUT, channel.close()).await;
    });
}
