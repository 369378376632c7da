//! What goes to a source: what was typed, in order, and the size of the terminal.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::terminal::source::SourceControl;
use crate::terminal::state::TerminalSize;

/// A shell that has been quiet for so long after its first output has shown its prompt. Longer than what teaching it marks
/// waits (`integration.rs`), which must come first: it is typed only where nothing else was.
pub(super) const PROMPT_QUIET: Duration = Duration::from_millis(500);
/// A shell that says nothing, or never stops, gets its start-up command after this.
pub(super) const PROMPT_WITHIN: Duration = Duration::from_secs(5);

/// A program that has waited for so long for the answer to a question takes it for typing, as tmux does after five seconds.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// Answers that wait for the server to take them; each may be all that were asked for together.
pub(super) const ANSWERS: usize = 4;

/// What the engine says in the window's place, and when it was asked.
pub(super) struct Answer {
    pub asked: Instant,
    pub bytes: Bytes,
}

/// What is typed into a new shell in the person's place.
pub(super) struct Startup {
    pub line: Bytes,
    /// Changes with every output.
    pub heard: watch::Receiver<()>,
}

/// Waits until the shell has asked for something and is quiet: typed sooner, the start-up command would be shown twice.
async fn is_due(heard: &mut watch::Receiver<()>) {
    let quiet = async {
        let _ = heard.changed().await;
        while timeout(PROMPT_QUIET, heard.changed()).await.is_ok_and(|changed| changed.is_ok()) {}
    };
    let _ = timeout(PROMPT_WITHIN, quiet).await;
}

/// Passes answers and typed text on until it is stopped, and gives the queue of the latter back. A piece under way is lost with
/// its source. Only typed text waits for the start-up command: a program may not show its prompt before it was answered.
pub(super) async fn write(
    mut typed: mpsc::Receiver<Bytes>,
    mut answers: mpsc::Receiver<Answer>,
    mut writer: Box<dyn AsyncWrite + Send + Unpin>,
    startup: Option<Startup>,
    stop: CancellationToken,
) -> mpsc::Receiver<Bytes> {
    let passing = async {
        let (mut startup, line) = startup.map(|startup| (startup.heard, startup.line)).unzip();
        let mut waits = line.is_some();
        let due = async {
            match &mut startup {
                Some(heard) => is_due(heard).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(due);
        loop {
            let bytes = tokio::select! {
                biased;
                Some(answer) = answers.recv() => match answer.asked.elapsed() <= ANSWER_WITHIN {
                    true => answer.bytes,
                    false => continue,
                },
                () = &mut due, if waits => {
                    waits = false;
                    line.clone().unwrap_or_default()
                }
                Some(bytes) = typed.recv(), if !waits => bytes,
                else => return,
            };
            if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
                return;
            }
        }
    };
    if stop.run_until_cancelled(passing).await.is_some() {
        // The far end takes nothing more; its reader tells why, and then this is stopped.
        stop.cancelled().await;
    }
    typed
}

/// Sends the newest size only: sizes in between are of no use to anyone.
pub(super) async fn follow_size(mut sizes: watch::Receiver<TerminalSize>, control: Arc<dyn SourceControl>) {
    // What was set while the shell was being opened may be newer than what it was opened with.
    loop {
        let size = *sizes.borrow_and_update();
        if control.resize(size).await.is_err() || sizes.changed().await.is_err() {
            return;
        }
    }
}
