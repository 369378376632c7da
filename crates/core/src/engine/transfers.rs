//! Files by ZMODEM, which a program on a host asks for in its terminal.

use std::path::PathBuf;

use super::Engine;
use super::view::EngineEvent;
use crate::error::Result;
use crate::terminal::state::TerminalId;
use crate::terminal::zmodem::{TransferAnswer, TransferState, TransferView};

impl Engine {
    /// Tells of the transfers of a terminal until it ends.
    pub(super) fn follow_transfers(&self, id: TerminalId) {
        let Ok((terminal, _)) = self.inner.terminals.named(id) else { return };
        let mut state = terminal.transfers().state();
        drop(terminal);
        let events = self.inner.events.clone();
        tokio::spawn(async move {
            while state.changed().await.is_ok() {
                let state = state.borrow_and_update().clone();
                let _ = events.send(EngineEvent::Transfer(TransferView { id, state }));
            }
        });
    }

    /// Saves what the host offers in a folder.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::TerminalNotFound`], as for the others.
    pub async fn transfer_receive(&self, id: TerminalId, folder: PathBuf) -> Result<()> {
        self.inner.terminals.named(id)?.0.transfers().answer(TransferAnswer::ReceiveInto(folder));
        Ok(())
    }

    /// Sends files to a host that waits for some.
    ///
    /// # Errors
    /// See [`Engine::transfer_receive`].
    pub async fn transfer_send(&self, id: TerminalId, files: Vec<PathBuf>) -> Result<()> {
        self.inner.terminals.named(id)?.0.transfers().answer(TransferAnswer::Send(files));
        Ok(())
    }

    /// Refuses what is offered, or ends what is under way.
    ///
    /// # Errors
    /// See [`Engine::transfer_receive`].
    pub async fn transfer_cancel(&self, id: TerminalId) -> Result<()> {
        self.inner.terminals.named(id)?.0.transfers().cancel();
        Ok(())
    }

    /// Of terminals in which there is one.
    pub(super) fn transfers(&self) -> Vec<TransferView> {
        let terminals = self.inner.terminals.views();
        let views = terminals.into_iter().filter_map(|view| {
            let state = self.inner.terminals.named(view.id).ok()?.0.transfers().state().borrow().clone();
            (state != TransferState::None).then_some(TransferView { id: view.id, state })
        });
        views.collect()
    }
}
