//! The app's side of the socket: who may come in, how many, and for how long they may say nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::wire::{self, Answer, Kind};
use super::{place, session};
use crate::connection::SessionPlace;
use crate::exec::WhenBehind;

/// Clients at once. One more is told so and dials by itself.
pub const CLIENTS_MAX: usize = 256;
/// When no descriptor is left: those that are served give theirs back.
const PAUSE: Duration = Duration::from_millis(100);
/// Time for sessions to say how they ended, at the end of the app.
const GOODBYE: Duration = Duration::from_millis(300);

/// Who has connections to lend.
pub trait Lender: Send + Sync {
    /// A place on a connection that is up and has this key. Asks nobody anything.
    fn lend(&self, key: String, need: Need) -> BoxFuture<'static, Option<Lent>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A program whose output may be large.
    Program,
    /// A program in a terminal.
    Terminal,
    /// No session, only the connection.
    Carrier,
    /// A program on the connection with this number.
    Same(u32),
    /// A program where another connection would ask the person.
    Asked,
}

#[derive(Debug)]
pub struct Lent {
    pub place: SessionPlace,
    pub when_behind: WhenBehind,
}

/// A socket that is served, until it is dropped.
#[derive(Debug)]
pub struct Lending {
    path: PathBuf,
    stop: CancellationToken,
    sessions: TaskTracker,
    _stop_when_dropped: DropGuard,
}

impl Lending {
    /// Serves a socket from [`place::listen`].
    pub fn start(listener: UnixListener, path: PathBuf, lender: Arc<dyn Lender>) -> Self {
        let (stop, sessions) = (CancellationToken::new(), TaskTracker::new());
        let accepting = accept(listener, lender, sessions.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { path, _stop_when_dropped: stop.clone().drop_guard(), stop, sessions }
    }

    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Nobody comes in any more, and the socket is gone. Sessions go on.
    pub fn close(&self) {
        self.stop.cancel();
        let _ = std::fs::remove_file(&self.path);
    }

    /// Waits a moment for the sessions, whose connections have been closed.
    pub async fn end(&self) {
        self.sessions.close();
        let _ = timeout(GOODBYE, self.sessions.wait()).await;
    }
}

impl Drop for Lending {
    fn drop(&mut self) {
        self.close();
    }
}

async fn accept(listener: UnixListener, lender: Arc<dyn Lender>, sessions: TaskTracker) {
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a command was not served");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if let Err(error) = place::must_be_ours(&stream) {
            tracing::warn!(%error, "somebody else came to the socket of the command");
            continue;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            refuse(&stream);
            continue;
        };
        let lender = Arc::clone(&lender);
        sessions.spawn(async move {
            if let Err(error) = session::serve(stream, &*lender).await {
                tracing::debug!(%error, "a command was not served to its end");
            }
            drop(place);
        });
    }
}

/// Never waits: an empty buffer takes so much.
fn refuse(stream: &UnixStream) {
    if let Ok(answer) = wire::message(Kind::Answer, &Answer::Full {}) {
        let _ = stream.try_write(&answer);
    }
}
