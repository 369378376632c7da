//! A place on a connection for one session, and the channel on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::Channel;
use russh::client::Msg;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::{Connection, spare};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::visible_line;

/// Time for a channel to be opened; a peer that is up but hangs is not waited for.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

/// For so long after the end of a session a refusal may be about that one: sshd counts a session until it has looked at all
/// that has arrived, and so refuses the next one that is asked for in the same breath.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);
/// How often, and after which pause, it is asked again then.
const ASKED_AGAIN: u32 = 5;
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Why a place has no channel.
#[derive(Debug)]
pub enum Refusal {
    /// The server allows no more sessions on this connection (OpenSSH's MaxSessions); another connection may have room.
    Full,
    Failed(Error),
}

/// A place on a connection, given back when dropped. The connection stays open while there is one.
pub struct SessionPlace {
    pub(super) connection: Arc<Connection>,
    /// Its channel, from when it is open until somebody takes it.
    pub(super) channel: Mutex<Option<Channel<Msg>>>,
    /// The server gave it none, so it counts none there either.
    pub(super) refused: AtomicBool,
}

impl std::fmt::Debug for SessionPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionPlace").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl SessionPlace {
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Opens the session channel of this place, to be taken by [`SessionPlace::open_channel`].
    ///
    /// # Errors
    /// [`Refusal::Full`] when the server allows no further session on this connection.
    pub async fn open(&self) -> Result<(), Refusal> {
        let channel = self.ask().await?;
        *self.channel() = Some(channel);
        Ok(())
    }

    /// The session channel of this place, which is opened if it is not yet.
    ///
    /// # Errors
    /// [`ErrorCode::ChannelRefused`], or the cause for which the connection ended.
    pub async fn open_channel(&self) -> Result<Channel<Msg>> {
        let opened = self.channel().take();
        let channel = match opened {
            Some(channel) => channel,
            None => self.ask().await.map_err(|refusal| match refusal {
                Refusal::Failed(error) => error,
                Refusal::Full => Error::new(
                    ErrorCode::ChannelRefused,
                    "The server allows no further session on this connection. Close another one.",
                )
                .with("address", &self.connection.target.address)
                .with("cause", "it allows no further session"),
            })?,
        };
        self.connection.spare.refill(&self.connection);
        self.connection.offer_agent(&channel).await;
        Ok(channel)
    }

    async fn ask(&self) -> Result<Channel<Msg>, Refusal> {
        let opened = self.connection.open_channel().await;
        self.refused.store(opened.is_err(), Ordering::Release);
        opened
    }

    fn channel(&self) -> std::sync::MutexGuard<'_, Option<Channel<Msg>>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SessionPlace {
    fn drop(&mut self) {
        if let Some(channel) = self.channel().take() {
            spare::close(channel);
        }
        if !self.refused.load(Ordering::Acquire) {
            *self.connection.freed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        self.connection.sessions.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A channel that nobody has taken yet.
struct Unclaimed(Option<Channel<Msg>>);

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(channel) = self.0.take() {
            spare::close(channel);
        }
    }
}

impl Connection {
    /// Offers the person's agent to a session, if that was chosen for the host.
    async fn offer_agent(&self, channel: &Channel<Msg>) {
        if self.agent_forward.is_open() {
            // Without an answer, as OpenSSH asks for it: what a refusal means is seen on the host.
            let asked = timeout(OPEN_TIMEOUT, channel.agent_forward(false)).await;
            tracing::debug!(?asked, "the agent is offered to the session");
        }
    }

    async fn ask_until_settled(self: &Arc<Self>) -> Result<Channel<Msg>, russh::Error> {
        for _ in 0..ASKED_AGAIN {
            let opened = self.ask_for_channel().await;
            let freed = *self.freed.lock().unwrap_or_else(PoisonError::into_inner);
            let settles = freed.is_some_and(|freed| freed.elapsed() < SETTLES_WITHIN);
            if !(settles && matches!(opened, Err(russh::Error::ChannelOpenFailure(_)))) {
                return opened;
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
        self.ask_for_channel().await
    }

    /// Asks the server for a session channel. If whoever wanted it has gone by the time of the answer, it is closed: russh
    /// would leave it open, and the server would count it for as long as the connection lasts.
    pub(super) async fn ask_for_channel(self: &Arc<Self>) -> Result<Channel<Msg>, russh::Error> {
        let (give, given) = oneshot::channel();
        let connection = Arc::clone(self);
        tokio::spawn(async move {
            let opened = tokio::select! {
                opened = connection.handle.channel_open_session() => opened,
                _ = connection.ended() => Err(russh::Error::Disconnect),
            };
            let _ = give.send(opened.map(|channel| Unclaimed(Some(channel))));
        });
        let opened = given.await.unwrap_or(Err(russh::Error::Disconnect))?.0.take();
        opened.ok_or(russh::Error::Disconnect)
    }

    /// Opens a session channel, or takes the one that is open in advance.
    async fn open_channel(self: &Arc<Self>) -> Result<Channel<Msg>, Refusal> {
        if let Some(channel) = self.spare.take().await {
            return Ok(channel);
        }
        let opened = tokio::select! {
            opened = timeout(OPEN_TIMEOUT, self.ask_until_settled()) => opened,
            ended = self.ended() => return Err(Refusal::Failed(ended)),
        };
        let cause = match opened {
            Ok(Ok(channel)) => return Ok(channel),
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => {
                // With others there the server has reached its limit. Alone, it would refuse on every connection.
                let others = self.session_count().saturating_sub(1);
                if others > 0 {
                    self.sessions_max.fetch_min(others, Ordering::AcqRel);
                    return Err(Refusal::Full);
                }
                reason.description().to_owned()
            }
            // A connection that ends says so better than the call that it ended.
            Ok(Err(error)) => match timeout(Duration::from_secs(1), self.ended()).await {
                Ok(ended) => return Err(Refusal::Failed(ended)),
                Err(_) => visible_line(&error.to_string()),
            },
            Err(_) => format!("it did not answer within {} seconds", OPEN_TIMEOUT.as_secs()),
        };
        let address = &self.target.address;
        Err(Refusal::Failed(
            Error::new(
                ErrorCode::ChannelRefused,
                format!(
                    "{address} did not open a session: {cause}. It may limit how many there are; close another one."
                ),
            )
            .with("address", address)
            .with("cause", cause),
        ))
    }
}
