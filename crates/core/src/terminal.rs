//! Terminal sessions: a shell somewhere, and a view of it in a window.
//!
//! `source.rs` is where bytes come from (`shell.rs`: a channel of a connection; `local.rs`: a shell on this computer;
//! `playback.rs`: a recording), `view.rs` where they go, `screen.rs` what they add up to, `driver.rs` the task between them,
//! `state.rs` what the window is told, `kept.rs` what outlives the app; `tap.rs` who else listens (`transcript.rs`,
//! `recording.rs`), `integration.rs` teaches a shell to set marks.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::{oneshot, watch};

use crate::error::{Error, ErrorCode, Result};

pub mod asciicast;
pub mod capture;
pub mod commands;
pub mod directory;
mod driver;
pub mod integration;
pub mod kept;
pub mod launch;
pub mod local;
pub mod playback;
pub mod recording;
mod reset;
pub mod screen;
pub mod seam;
pub mod shell;
pub mod source;
pub mod state;
mod tap;
pub mod target;
pub mod transcript;
pub mod triggers;
pub mod typing;
pub mod view;

pub mod zmodem;

use commands::ShellFacts;
use directory::Directory;
use driver::{Command, Look};
use kept::KeptScreen;
use screen::Screen;
use source::Source;
use state::{TerminalFacts, TerminalSize, TerminalState};
use tap::Taps;
use triggers::Watcher;
use view::{Attachment, Output, View};
use zmodem::Transfers;

/// The smallest size that a server is told; smaller ones come from windows in the middle of a layout.
const SIZE_MIN: TerminalSize = TerminalSize { cols: 10, rows: 3 };

/// Opens the source of a terminal, with the size to ask for, which may change meanwhile.
pub type OpenSource =
    Box<dyn Fn(Opening, watch::Receiver<TerminalSize>) -> BoxFuture<'static, Result<Source>> + Send + Sync>;

/// Which time a source is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// A person waits to see whether it works.
    First,
    /// It was there and was lost: it is worth waiting for. The shell last said that it was in this directory.
    Again { directory: Option<Directory> },
}

/// A terminal. Clones share it; it outlives its shell and whatever window shows it, until the last clone is dropped or
/// [`Terminal::close`].
#[derive(Debug, Clone)]
pub struct Terminal {
    handle: Arc<driver::Handle>,
    taps: Taps,
    transfers: Transfers,
}

impl Terminal {
    /// Starts a terminal: `open` opens its source, and again whenever the source was lost.
    pub fn start(view: View, size: TerminalSize, open: OpenSource) -> Self {
        let transfers = Transfers::default();
        // What is transferred belongs on no screen and in no transcript.
        let open = transfers.listen(open);
        Self::of(view, size, open, transfers)
    }

    /// Starts a terminal that plays what was recorded: nobody is there to transfer anything.
    pub fn play(view: View, size: TerminalSize, open: OpenSource) -> Self {
        Self::of(view, size, open, Transfers::default())
    }

    fn of(view: View, size: TerminalSize, open: OpenSource, transfers: Transfers) -> Self {
        let taps = Taps::default();
        let open = taps.listen(open);
        Self { handle: Arc::new(driver::start(view, clamp(size), open)), taps, transfers }
    }

    /// Shows everything to another output from now on, beginning with all that is there. Without a size, as a page has none
    /// that shows it nowhere yet, it keeps the one that it has.
    ///
    /// # Errors
    /// [`ErrorCode::TerminalNotFound`] when it was closed, as for all that follow.
    pub async fn attach(&self, output: Box<dyn Output>, size: Option<TerminalSize>) -> Result<Attachment> {
        let (tell, attached) = oneshot::channel();
        self.command(Command::Attach(output, size.map(clamp), tell)).await?;
        attached.await.map_err(|_| gone())
    }

    /// Nobody looks any more; what it shows goes on in the engine. An output that was replaced meanwhile is let go already.
    ///
    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn detach(&self, attachment: Attachment) -> Result<()> {
        self.command(Command::Detach(attachment)).await
    }

    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn set_scrollback(&self, lines: usize) -> Result<()> {
        self.command(Command::Scrollback(lines)).await
    }

    /// Whether its window draws pictures.
    ///
    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn set_pictures(&self, shown: bool) -> Result<()> {
        self.command(Command::Pictures(shown)).await
    }

    /// What is looked for in new lines from now on.
    ///
    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn watch(&self, watcher: Watcher) -> Result<()> {
        self.command(Command::Watch(watcher)).await
    }

    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn clear(&self) -> Result<()> {
        self.command(Command::Clear).await
    }

    /// What is on the screen and above it, in about so many bytes.
    ///
    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn keep(&self, bytes: usize) -> Result<KeptScreen> {
        let (tell, kept) = oneshot::channel();
        self.command(Command::Keep(bytes, tell)).await?;
        kept.await.map_err(|_| gone())
    }

    /// Bytes that it has shown so far.
    pub fn shown(&self) -> u64 {
        self.handle.shown.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Another shell, below what the one that ended showed. One that has not ended stays as it is.
    ///
    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn reopen(&self) -> Result<()> {
        self.command(Command::Reopen).await
    }

    /// Sends what was typed. Waits while the server does not take more, so a paste waits too.
    ///
    /// # Errors
    /// [`ErrorCode::TerminalNotFound`] when its shell has ended.
    pub async fn write(&self, bytes: Bytes) -> Result<()> {
        if matches!(*self.handle.state.borrow(), TerminalState::Ended { .. }) {
            return Err(gone());
        }
        self.handle.typed.send(bytes).await.map_err(|_| gone())
    }

    /// The window has shown so many bytes.
    ///
    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn give_credit(&self, bytes: usize) -> Result<()> {
        self.command(Command::Credit(bytes)).await
    }

    /// # Errors
    /// See [`Terminal::attach`].
    pub async fn resize(&self, size: TerminalSize) -> Result<()> {
        self.command(Command::Resize(clamp(size))).await
    }

    /// Ends its shell; what it showed stays.
    pub async fn end(&self) {
        let _ = self.command(Command::End).await;
    }

    /// Ends it for good, because a person has closed it. Its shell is over when its state says so.
    pub async fn close(&self) {
        let _ = self.command(Command::Close).await;
    }

    /// Ends it, but not what lives on without it (a session of tmux or screen).
    pub async fn leave(&self) {
        let _ = self.command(Command::Leave).await;
    }

    /// Ends it if it waits for a lost connection.
    pub async fn give_up(&self) {
        let _ = self.command(Command::GiveUp).await;
    }

    /// Takes back what a program has set and not taken back itself; what is on the screen stays.
    ///
    /// # Errors
    /// See [`Terminal::give_credit`].
    pub async fn reset(&self) -> Result<()> {
        self.command(Command::Reset).await
    }

    /// Files by ZMODEM in this terminal.
    pub fn transfers(&self) -> &Transfers {
        &self.transfers
    }

    /// Looks at the screen between two pieces of output.
    ///
    /// # Errors
    /// See [`Terminal::give_credit`].
    pub async fn look(&self, look: impl FnOnce(&Screen) + Send + 'static) -> Result<()> {
        self.command(Command::Look(Look(Box::new(look)))).await
    }

    pub fn state(&self) -> watch::Receiver<TerminalState> {
        self.handle.state.clone()
    }

    pub fn facts(&self) -> watch::Receiver<TerminalFacts> {
        self.handle.facts.clone()
    }

    /// What its shell tells about itself.
    pub fn shell(&self) -> watch::Receiver<ShellFacts> {
        self.handle.shell.clone()
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
