//! What the person or the window does with a terminal, apart from typing.

use tokio::sync::oneshot;

use super::super::kept::KeptScreen;
use super::super::reset;
use super::super::screen::Screen;
use super::super::state::TerminalSize;
use super::super::triggers::Watcher;
use super::super::view::{Attachment, Output};
use super::Task;

/// What the person or the window does, apart from typing.
pub(in crate::terminal) enum Command {
    Credit(usize),
    Resize(TerminalSize),
    /// Another window shows it from now on, in this size if it has one.
    Attach(Box<dyn Output>, Option<TerminalSize>, oneshot::Sender<Attachment>),
    Detach(Attachment),
    /// Lines to keep above the screen.
    Scrollback(usize),
    Pictures(bool),
    /// Look for these in new lines.
    Watch(Watcher),
    /// Forget what is above the cursor.
    Clear,
    /// The person wants a terminal that a program has left in disorder back.
    Reset,
    /// Say what is on the screen and above it, in about so many bytes.
    Keep(usize, oneshot::Sender<KeptScreen>),
    /// The person does not want to wait for a lost connection any more.
    GiveUp,
    /// Somebody looks at the screen between two pieces of output.
    Look(Look),
    /// End the shell; what it showed stays.
    End,
    /// Another shell below what the one that ended showed.
    Reopen,
    Close,
    /// Nobody looks any more; a shell that can live on may do so.
    Leave,
}

/// A command that is about the shell and not about what is shown.
pub(super) enum Asked {
    GiveUp,
    End,
    Reopen,
    Close,
}

/// Looks at the screen between two pieces of output: whoever listens from then on misses nothing and hears nothing twice.
pub(in crate::terminal) struct Look(pub Box<dyn FnOnce(&Screen) + Send>);

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Look")
    }
}

impl Task {
    /// Does what is about the view; the rest is for whoever serves the shell. Without anyone who could send commands the
    /// terminal is closed.
    pub(super) fn take(&mut self, command: Option<Command>) -> Option<Asked> {
        match command {
            Some(Command::Credit(bytes)) => self.view.give_credit(bytes),
            Some(Command::Resize(size)) => self.resize(size),
            Some(Command::Attach(output, size, attached)) => {
                if let Some(size) = size {
                    self.resize(size);
                }
                let attachment = self.view.attach(output);
                // The window went away while it asked.
                if attached.send(attachment).is_err() {
                    self.view.detach(attachment);
                }
            }
            Some(Command::Detach(attachment)) => self.view.detach(attachment),
            Some(Command::Scrollback(lines)) => self.view.set_scrollback(lines),
            Some(Command::Pictures(shown)) => self.view.set_pictures(shown),
            Some(Command::Watch(watcher)) => {
                self.view.screen_mut().watch_lines(!watcher.is_idle());
                self.watcher = Some(watcher).filter(|watcher| !watcher.is_idle());
            }
            Some(Command::Clear) => {
                self.view.clear();
                self.clears += 1;
                self.note_shown();
            }
            Some(Command::Look(look)) => look.0(self.view.screen()),
            Some(Command::Reset) => {
                self.view.push(reset::AFRESH);
                self.note_shown();
            }
            Some(Command::Keep(bytes, kept)) => {
                let _ = kept.send(KeptScreen::of(self.view.screen(), bytes));
            }
            Some(Command::GiveUp) => return Some(Asked::GiveUp),
            Some(Command::Reopen) => return Some(Asked::Reopen),
            Some(Command::End) => {
                self.hung_up = true;
                return Some(Asked::End);
            }
            Some(Command::Close) => {
                (self.hung_up, self.closed, self.ends_shell) = (true, true, true);
                return Some(Asked::Close);
            }
            Some(Command::Leave) | None => {
                (self.hung_up, self.closed) = (true, true);
                return Some(Asked::Close);
            }
        }
        None
    }

    fn resize(&mut self, size: TerminalSize) {
        self.view.resize(size);
        self.sizes.send_replace(size);
    }
}
