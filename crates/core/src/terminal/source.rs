//! Where a terminal's bytes come from. The driver knows this and not SSH; a local PTY or a recording fits here too.

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::io::AsyncWrite;

use super::launch::Arrival;
use super::seam::SeamWords;
use super::state::{TerminalEnd, TerminalSize};
use crate::error::Result;

/// Both ends of a running shell.
pub struct Source {
    /// Shown before everything else: what a server said before the login. It has no control characters but line ends.
    pub greeting: Option<String>,
    pub reader: Box<dyn SourceReader>,
    /// Takes what is typed; a write waits while the far end does not take more.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
    pub control: Box<dyn SourceControl>,
    pub beginning: Beginning,
}

/// How a shell begins.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    pub arrival: Arrival,
    /// Typed as soon as the shell asks for something; nothing for a shell that was there before.
    pub startup: Option<Bytes>,
    /// What the window wants a seam to say.
    pub words: SeamWords,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

/// What a source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceEvent {
    Output(Bytes),
    /// Nothing comes after this.
    Ended(TerminalEnd),
}

/// The reading end. Reading must be safe to cancel.
pub trait SourceReader: Send {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent>;
}

/// Everything but bytes.
pub trait SourceControl: Send + Sync {
    fn resize(&self, size: TerminalSize) -> BoxFuture<'_, Result<()>>;
    /// Ends the channel. A shell that lives in tmux or screen goes on.
    fn close(&self) -> BoxFuture<'_, ()>;
    /// The terminal showed this of its own, between two sources: the line of a seam.
    fn said(&self, _bytes: &Bytes) {}
    /// Ends the shell too, wherever it lives: the person has closed its terminal.
    fn end(&self) -> BoxFuture<'_, ()> {
        self.close()
    }
}
