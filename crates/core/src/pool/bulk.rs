//! Lanes for transfers alone: connections of their own with long windows, so that a large file neither waits for the window of
//! an interactive lane nor for its terminals, nor they for it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{MakeTarget, Pool};
use crate::connection::settings::{BULK_WINDOW_BYTES, TUNNEL_WINDOW_BYTES};
use crate::connection::{Connection, Dialer, SessionPlace, Target};
use crate::error::{Error, Result};
use crate::prompt::{Answer, PromptNews, Prompts};

/// Questions of one dial, each dismissed at once.
const QUESTIONS: usize = 16;

impl Pool {
    /// A place on a new connection, which ends with it. No question reaches the person, and no failure counts against the host:
    /// whoever asks has an interactive lane already, and does without this one then.
    ///
    /// # Errors
    /// What kept the connection from being made: a question, or a server that takes no more (MaxStartups).
    pub async fn bulk(&self, make_target: MakeTarget) -> Result<SessionPlace> {
        dial(&self.dialer, make_target().await?).await
    }

    /// A new connection for the tunnels of a host, which ends with the last who holds it. It asks nobody anything either.
    ///
    /// # Errors
    /// See [`Pool::bulk`].
    pub async fn tunnel_lane(&self, make_target: MakeTarget) -> Result<Arc<Connection>> {
        open(&self.dialer, make_target().await?, TUNNEL_WINDOW_BYTES).await
    }
}

/// The same without a pool.
///
/// # Errors
/// See [`Pool::bulk`].
pub async fn dial(dialer: &Dialer, target: Target) -> Result<SessionPlace> {
    let connection = open(dialer, target, BULK_WINDOW_BYTES).await?;
    connection.reserve().ok_or_else(|| Error::internal("a new connection is full"))
}

/// A connection of its own whose dial asks nobody anything.
async fn open(dialer: &Dialer, mut target: Target, window_bytes: u32) -> Result<Arc<Connection>> {
    let (news, mut asked) = mpsc::channel(QUESTIONS);
    let prompts = Prompts::new(news);
    let dialer = Dialer { prompts: prompts.clone(), ..dialer.clone() };
    target.session.window_bytes = window_bytes;
    let dismissing = async {
        while let Some(news) = asked.recv().await {
            if let PromptNews::Asked(prompt) = news {
                prompts.answer(prompt.id, Answer::Cancel);
            }
        }
        std::future::pending::<()>().await
    };
    tokio::select! {
        opened = Connection::open(&dialer, target, &|_| ()) => opened,
        () = dismissing => Err(Error::internal("the questions ended")),
    }
}
