//! The windows of the desktop, as far as the engine knows them: which tab lies in which, and where a person is asked.

use tokio::sync::mpsc;

use super::Engine;
use super::view::EngineEvent;
use crate::error::Result;
use crate::host::HostId;
use crate::prompt::PromptNews;
use crate::terminal::gone;
use crate::terminal::state::{TerminalId, TerminalSize};
use crate::terminal::view::{Attachment, Output};
use crate::workspace::document::{WorkspaceTab, WorkspaceWindow};
use crate::workspace::windows::WindowId;

impl Engine {
    /// Notes that there is another window, and that these tabs lie in it from now on.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::WindowLimit`] when there are too many.
    pub fn window_opened(&self, opened: WorkspaceWindow) -> Result<WindowId> {
        opened.check()?;
        let id = self.inner.workspace.state().windows.open(opened)?;
        self.tabs_moved();
        Ok(id)
    }

    /// Moves tabs to a window that is open.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`] when it is not open any more, and for tabs that are too large.
    pub fn window_give(&self, to: &WindowId, tabs: Vec<WorkspaceTab>) -> Result<()> {
        let given = WorkspaceWindow { tabs, ..WorkspaceWindow::default() };
        given.check()?;
        self.inner.workspace.state().windows.give(to, given.tabs)?;
        self.tabs_moved();
        Ok(())
    }

    /// A window is gone: its terminals go on in another one. With the last window the app ends, and keeps what was open.
    pub fn window_closed(&self, id: &WindowId) {
        {
            let mut state = self.inner.workspace.state();
            // While it is locked: one that is opened now is either among them or comes to a closed window.
            let terminals = self.inner.terminals.views();
            if state.over || state.windows.close(id, &terminals).is_none() {
                return;
            }
        }
        self.tabs_moved();
    }

    /// A person uses this window now.
    pub fn window_focused(&self, id: &WindowId) {
        self.inner.workspace.state().windows.focus(id);
        self.front_changed();
    }

    /// The window that a person used last.
    pub fn front_window(&self) -> WindowId {
        self.inner.workspace.state().windows.front().clone()
    }

    /// As [`Engine::terminal_open`], in a window: no other one shows it from now on.
    ///
    /// # Errors
    /// As there.
    pub async fn terminal_open_in(
        &self,
        window: &WindowId,
        host: HostId,
        size: TerminalSize,
        output: Box<dyn Output>,
    ) -> Result<TerminalId> {
        let id = self.terminal_open(host, size, output).await?;
        // Closed while it was opened, the window has no page that could show it.
        self.hold_in(window, id);
        Ok(id)
    }

    /// As [`Engine::terminal_attach`], in a window. A page that has not heard yet that a tab was moved gets nothing.
    ///
    /// # Errors
    /// As there, and for a terminal that another window holds or for a window that was closed.
    pub async fn terminal_attach_in(
        &self,
        window: &WindowId,
        id: TerminalId,
        size: Option<TerminalSize>,
        output: Box<dyn Output>,
    ) -> Result<Attachment> {
        if !self.inner.workspace.state().windows.may_show(id, window) || !self.hold_in(window, id) {
            return Err(gone());
        }
        self.terminal_attach(id, size, output).await
    }

    /// Notes which window shows a terminal. False if it cannot.
    fn hold_in(&self, window: &WindowId, id: TerminalId) -> bool {
        let held = {
            let mut state = self.inner.workspace.state();
            let Some(view) = self.inner.terminals.views().into_iter().find(|view| view.id == id) else {
                return false;
            };
            state.windows.hold(&view, window)
        };
        if !held {
            self.tabs_moved();
        }
        held
    }

    fn tabs_moved(&self) {
        self.inner.workspace.state().is_new = true;
        self.front_changed();
        self.inner.workspace.write_soon();
    }

    pub(super) fn front_changed(&self) {
        if self.inner.dialer.prompts.list().is_empty() {
            self.inner.workspace.state().windows.ask_in_front();
        }
        self.tell_windows();
    }

    /// Tells the windows of each other if anything is other than it was told last.
    pub(super) fn tell_windows(&self) {
        let mut state = self.inner.workspace.state();
        let view = state.windows.view();
        if state.told.as_ref() != Some(&view) {
            state.told = Some(view.clone());
            // While it is locked: the last one told is the last one that was.
            let _ = self.inner.events.send(EngineEvent::Windows(view));
        }
    }

    /// Passes questions on until the engine ends. When none waits any more, the next one is asked where the person is then.
    pub(super) fn pass_on_questions(
        &self,
        mut told: mpsc::Receiver<PromptNews>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (weak, events) = (std::sync::Arc::downgrade(&self.inner), self.inner.events.clone());
        async move {
            while let Some(news) = told.recv().await {
                let gone = matches!(news, PromptNews::Gone(_));
                let _ = events.send(match news {
                    PromptNews::Asked(prompt) => EngineEvent::Prompt(*prompt),
                    PromptNews::Gone(id) => EngineEvent::PromptGone(id),
                });
                if let Some(inner) = weak.upgrade().filter(|_| gone) {
                    Engine { inner }.front_changed();
                }
            }
        }
    }
}
