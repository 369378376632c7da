//! The terminals that run, by their numbers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::Engine;
use super::shells::{self, Shells};
use crate::error::Result;
use crate::exec::ExecRequest;
use crate::host::options::Multiplexer;
use crate::host::{HostId, HostOptions};
use crate::pool::MakeTarget;
use crate::terminal::seam::SeamWords;
use crate::terminal::state::{TerminalId, TerminalSize};
use crate::terminal::target::TerminalTarget;
use crate::terminal::triggers::{self, TriggerRule, Triggers};
use crate::terminal::view::{Attachment, Output, View};
use crate::terminal::{OpenSource, Opening, Terminal, gone, integration, shell};

mod table;

pub(super) use table::Terminals;

/// Time for a server to end a session whose terminal was closed.
const END_SESSION_TIMEOUT: Duration = Duration::from_secs(10);

impl Engine {
    /// Opens a terminal on a host. It returns at once; what becomes of it is told as events.
    ///
    /// # Errors
    /// [`ErrorCode::ChannelRefused`](crate::error::ErrorCode::ChannelRefused) when there are too many. Everything else ends the
    /// terminal and is told there.
    pub async fn terminal_open(
        &self,
        host: HostId,
        size: TerminalSize,
        output: Box<dyn Output>,
    ) -> Result<TerminalId> {
        let id = self.start_terminal(&host, size, View::new(output), Uuid::new_v4())?;
        self.transcribe_if_wanted(id, &host).await;
        Ok(id)
    }

    /// Opens a terminal whose view may have something to show already. A session of tmux or screen of this name is found again.
    pub(super) fn start_terminal(
        &self,
        host: &HostId,
        size: TerminalSize,
        view: View,
        name: Uuid,
    ) -> Result<TerminalId> {
        let shells = Arc::new(Shells::named(name));
        let open = self.open_without_host(host).unwrap_or_else(|| {
            let open = self.open_on_host(host, Arc::clone(&shells));
            Box::new(move |_| open)
        });
        let is_recording = matches!(TerminalTarget::of(host), TerminalTarget::Recording(_));
        let start = |id, view| {
            let begin = if is_recording { Terminal::play } else { Terminal::start };
            begin(view, size, open(id))
        };
        let id = self.inner.terminals.start(host.clone(), shells, view, start)?;
        if !is_recording {
            self.follow_transfers(id);
        }
        Ok(id)
    }

    fn open_on_host(&self, host: &HostId, shells: Arc<Shells>) -> OpenSource {
        // An engine that is given up must not be held by its terminals.
        let weak = Arc::downgrade(&self.inner);
        let host = host.clone();
        Box::new(move |opening, size| {
            let (inner, host, shells) = (weak.upgrade(), host.clone(), Arc::clone(&shells));
            Box::pin(async move {
                let engine = Engine { inner: inner.ok_or_else(gone)? };
                let make_target = engine.make_target(&host);
                let place = match opening {
                    Opening::First => engine.inner.pool.place(&host, make_target).await?,
                    Opening::Again { .. } => engine.inner.pool.place_again(&host, make_target).await?,
                };
                shells.moved_to(place.connection().id());
                engine.record_remembered(place.connection(), &host).await;
                let size = *size.borrow();
                // A command that the config has instead of a shell is nobody to type to, and no more is tmux or screen.
                let is_shell = place.connection().target().session.remote_command.is_none();
                let options = engine.options(&host).await;
                let asks = shells::may_be_asked(place.connection().server().as_deref());
                let launch = shells.launch(opening, options.multiplexer, asks);
                let mut source = shell::open_with(place, size, &launch, &options.startup_command).await?;
                shells.opened(launch, source.beginning.arrival);
                source.beginning.words = engine.inner.terminals.words();
                tokio::spawn(engine.clone().end_closed_sessions(host));
                let teaches =
                    is_shell && options.shell_integration && options.multiplexer == Multiplexer::None;
                Ok(if teaches { integration::attach(source, size) } else { source })
            })
        })
    }

    /// What seams say from now on: the window tells it at its start and whenever its language changes.
    pub async fn terminal_words(&self, words: SeamWords) -> Result<()> {
        *self.inner.terminals.words.lock().unwrap_or_else(PoisonError::into_inner) = words;
        Ok(())
    }

    /// What is saved for a host now; nothing for those that are not saved here.
    async fn options(&self, host: &HostId) -> HostOptions {
        let saved = self.inner.store.get(host).await;
        saved.map(|host| host.draft.options).unwrap_or_default()
    }

    /// Makes the target of a host whenever a dial begins, so that a changed host is dialled as it is then.
    pub(super) fn make_target(&self, host: &HostId) -> MakeTarget {
        let (engine, host) = (self.clone(), host.clone());
        Arc::new(move || {
            let (engine, host) = (engine.clone(), host.clone());
            Box::pin(async move { engine.target(&host).await })
        })
    }

    /// Shows a terminal, running or ended, in another output from now on, beginning with all that is there. Without a size it
    /// keeps the one that it has. Returns which attachment that is, for [`Engine::terminal_detach`].
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_attach(
        &self,
        id: TerminalId,
        size: Option<TerminalSize>,
        output: Box<dyn Output>,
    ) -> Result<Attachment> {
        self.inner.terminals.get(id)?.attach(output, size).await
    }

    /// Nobody looks at a terminal any more; it goes on. An attachment that was replaced meanwhile is gone already.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_detach(&self, id: TerminalId, attachment: Attachment) -> Result<()> {
        self.inner.terminals.get(id)?.detach(attachment).await
    }

    /// Opens another shell below what the one that ended showed.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_reopen(&self, id: TerminalId) -> Result<()> {
        self.inner.terminals.get(id)?.reopen().await
    }

    /// Forgets what is above the line with the cursor.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_clear(&self, id: TerminalId) -> Result<()> {
        self.inner.terminals.get(id)?.clear().await
    }

    /// How many lines every terminal keeps above its screen, now and from now on; at most 100,000, and at most 4 MiB each.
    pub async fn terminal_scrollback(&self, lines: u32) -> Result<()> {
        self.inner.terminals.set_scrollback(lines as usize).await;
        Ok(())
    }

    /// Whether windows draw pictures, and programs that ask are told so: in every terminal, now and from now on.
    pub async fn terminal_pictures(&self, shown: bool) -> Result<()> {
        self.inner.terminals.set_pictures(shown).await;
        Ok(())
    }

    /// What is looked for in the new lines of every terminal, now and from now on; finds are told as events.
    pub async fn trigger_rules(&self, rules: Vec<TriggerRule>) -> Result<()> {
        self.inner.terminals.set_triggers(Triggers::new(rules)).await;
        Ok(())
    }

    /// Whether a pattern can be looked for.
    ///
    /// # Errors
    /// [`ErrorCode::PatternUnusable`](crate::error::ErrorCode::PatternUnusable).
    pub async fn trigger_check(&self, pattern: String, case_sensitive: bool) -> Result<()> {
        triggers::compile(&pattern, case_sensitive).map(|_| ())
    }

    /// # Errors
    /// [`ErrorCode::TerminalNotFound`](crate::error::ErrorCode::TerminalNotFound), as for the others.
    pub async fn terminal_write(&self, id: TerminalId, bytes: Bytes) -> Result<()> {
        let terminal = self.inner.terminals.get(id)?;
        self.inner.terminals.typing.note(id);
        terminal.write(bytes).await
    }

    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_ack(&self, id: TerminalId, bytes: u32) -> Result<()> {
        self.inner.terminals.get(id)?.give_credit(bytes as usize).await
    }

    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_resize(&self, id: TerminalId, size: TerminalSize) -> Result<()> {
        self.inner.terminals.get(id)?.resize(size).await
    }

    /// Takes back what a program has set in the terminal; what is on the screen stays.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_reset(&self, id: TerminalId) -> Result<()> {
        self.inner.terminals.get(id)?.reset().await
    }

    /// Ends a terminal and forgets what it showed; one that is not there is fine.
    pub async fn terminal_close(&self, id: TerminalId) -> Result<()> {
        self.inner.workspace.forget(id);
        if let Ok(terminal) = self.inner.terminals.get(id) {
            self.inner.terminals.end_session_later(id);
            terminal.close().await;
        }
        Ok(())
    }

    /// Ends the sessions of tmux or screen whose terminals were closed while the host was away.
    async fn end_closed_sessions(self, host: HostId) {
        for line in self.inner.terminals.take_sessions_to_end(&host) {
            let ending = async {
                match self.exec(&host, ExecRequest::command(line)).await {
                    Ok(mut exec) => while exec.output.next().await.is_some() {},
                    Err(error) => tracing::debug!(%error, "a session of tmux or screen was not ended"),
                }
            };
            let _ = tokio::time::timeout(END_SESSION_TIMEOUT, ending).await;
        }
    }
}
