//! Terminal sessions: a shell somewhere, and a view of it in a window.
//!
//! `source.rs` is where bytes come from (`shell.rs`: a channel of a connection), `view.rs` where they go, `screen.rs` what
//! they add up to, `driver.rs` the task between them, `state.rs` what the window is told.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::error::{Error, ErrorCode, Result};

mod driver;
pub mod screen;
mod seam;
pub mod shell;
pub mod source;
pub mod state;
pub mod view;

use driver::Command;
use source::Source;
use state::{TerminalSize, TerminalState};
use view::View;

/// The smallest size that a server is told; smaller ones come from windows in the middle of a layout.
const SIZE_MIN: TerminalSize = TerminalSize { cols: 10, rows: 3 };

/// Opens the source of a terminal, with the size to ask for, which may change meanwhile.
pub type OpenSource =
    Box<dyn Fn(Opening, watch::Receiver<TerminalSize>) -> BoxFuture<'static, Result<Source>> + Send + Sync>;

/// Which time a source is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// A person waits to see whether it works.
    First,
    /// It was there and was lost: it is worth waiting for.
    Again,
}

/// A running terminal. Clones share it; it ends when the last one is dropped or by [`Terminal::close`].
#[derive(Debug, Clone)]
pub struct Terminal {
    handle: Arc<driver::Handle>,
}

impl Terminal {
    /// Starts a terminal: `open` opens its source, and again whenever the source was lost.
    pub fn start(view: View, size: TerminalSize, open: OpenSource) -> Self {
        Self { handle: Arc::new(driver::start(view, clamp(size), open)) }
    }

    /// Sends what was typed. Waits while the server does not take more, so a paste waits too.
    ///
    /// # Errors
    /// [`ErrorCode::TerminalNotFound`] when it has ended.
    pub async fn write(&self, bytes: Bytes) -> Result<()> {
        self.handle.typed.send(bytes).await.map_err(|_| gone())
    }

    /// The window has shown so many bytes.
    ///
    /// # Errors
    /// [`ErrorCode::TerminalNotFound`] when it has ended, as for all that follow.
    pub async fn give_credit(&self, bytes: usize) -> Result<()> {
        self.command(Command::Credit(bytes)).await
    }

    /// # Errors
    /// See [`Terminal::give_credit`].
    pub async fn resize(&self, size: TerminalSize) -> Result<()> {
        self.command(Command::Resize(clamp(size))).await
    }

    /// Ends it. It is over when its state says so.
    pub async fn close(&self) {
        let _ = self.command(Command::Close).await;
    }

    /// Ends it if it waits for a lost connection.
    pub async fn give_up(&self) {
        let _ = self.command(Command::GiveUp).await;
    }

    pub fn state(&self) -> watch::Receiver<TerminalState> {
        self.handle.state.clone()
    }

    async fn command(&self, command: Command) -> Result<()> {
        self.handle.commands.send(command).await.map_err(|_| gone())
    }
}

fn clamp(size: TerminalSize) -> TerminalSize {
    TerminalSize { cols: size.cols.max(SIZE_MIN.cols), rows: size.rows.max(SIZE_MIN.rows) }
}

/// The terminal has ended or never was.
pub fn gone() -> Error {
    Error::new(ErrorCode::TerminalNotFound, "This terminal has ended. Open a new one.")
}
