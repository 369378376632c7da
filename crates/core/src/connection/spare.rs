//! A session channel that is open in advance, so that a new tab on a live connection costs one round trip instead of two
//! (design.md, fact 8).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::Msg;
use russh::{Channel, ChannelMsg};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Connection;

/// Time for the server to open it; nobody waits for that.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);
/// Time to hand a channel's end to russh; it takes none unless the connection is stuck.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// At most one channel, and whether the server lets us have it.
#[derive(Default)]
pub(super) struct Spare {
    /// Asks the channel's keeper to hand it over.
    keeper: Mutex<Option<oneshot::Sender<oneshot::Sender<Channel<Msg>>>>>,
    opening: AtomicBool,
    /// The server refused one, closed it, or wrote into it: none is opened any more.
    unwanted: Arc<AtomicBool>,
}

impl Spare {
    /// The channel, if the server has not closed it meanwhile.
    pub async fn take(&self) -> Option<Channel<Msg>> {
        let keeper = self.lock().take()?;
        let (hand_over, handed_over) = oneshot::channel();
        keeper.send(hand_over).ok()?;
        handed_over.await.ok()
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
                Ok(Ok(channel)) => {
                    let (keeper, wanted) = oneshot::channel();
                    tokio::spawn(keep(channel, wanted, Arc::clone(&spare.unwanted)));
                    *spare.lock() = Some(keeper);
                }
                Ok(Err(_)) | Err(_) => spare.unwanted.store(true, Ordering::Release),
            }
            spare.opening.store(false, Ordering::Release);
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Sender<oneshot::Sender<Channel<Msg>>>>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the channel until somebody wants it: a server that wrote into one that nobody reads would stop the whole
/// connection. It ends with the connection, which drops the other end of `wanted`.
async fn keep(
    mut channel: Channel<Msg>,
    mut wanted: oneshot::Receiver<oneshot::Sender<Channel<Msg>>>,
    unwanted: Arc<AtomicBool>,
) {
    loop {
        tokio::select! {
            biased;
            message = channel.wait() => match message {
                None | Some(
                    ChannelMsg::Close
                    | ChannelMsg::Eof
                    | ChannelMsg::Data { .. }
                    | ChannelMsg::ExtendedData { .. },
                ) => {
                    unwanted.store(true, Ordering::Release);
                    return close(channel);
                }
                Some(_) => {}
            },
            asked = &mut wanted => {
                let left = match asked {
                    Ok(hand_over) => hand_over.send(channel).err(),
                    Err(_) => Some(channel),
                };
                return left.into_iter().for_each(close);
            }
        }
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
