//! A window that shows a terminal as slowly as a test wants, or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use bowline_core::host::HostId;
use bowline_core::terminal::screen::Screen;
use bowline_core::terminal::state::TerminalId;
use bowline_core::terminal::view::{Output, WindowGone};
use bytes::Bytes;

use crate::desk::{Desk, SIZE};

/// A terminal and its window. What the window got is emulated when it is shown, and only then its credit goes back.
pub struct SlowWindow<'a> {
    desk: &'a Desk,
    pub id: TerminalId,
    got: Got,
    screen: Screen,
    shown: usize,
    snapshots: usize,
}

#[derive(Clone, Default)]
struct Got(Arc<Mutex<Vec<Bytes>>>);

impl Output for Got {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
        Ok(())
    }
}

impl std::fmt::Debug for SlowWindow<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlowWindow").field("id", &self.id).field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl<'a> SlowWindow<'a> {
    /// Opens a terminal. Nothing is shown before [`SlowWindow::show`].
    pub async fn open(desk: &'a Desk, host: &HostId) -> SlowWindow<'a> {
        let got = Got::default();
        let id =
            desk.engine.terminal_open(host.clone(), SIZE, Box::new(got.clone())).await.expect("a terminal");
        SlowWindow { desk, id, got, screen: Screen::new(SIZE), shown: 0, snapshots: 0 }
    }

    /// Types a text; `\n` is Enter.
    pub async fn type_in(&self, text: &str) {
        let typed = Bytes::from(text.replace('\n', "\r"));
        self.desk.engine.terminal_write(self.id, typed).await.expect("the terminal takes it");
    }

    /// Bytes that lie in the window and were not shown.
    pub fn waiting(&self) -> usize {
        self.got.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Bytes::len).sum()
    }

    /// Shows what is there and gives its credit back. Returns how many bytes that were.
    pub async fn show(&mut self) -> usize {
        let chunks = std::mem::take(&mut *self.got.0.lock().unwrap_or_else(PoisonError::into_inner));
        let bytes = chunks.iter().map(Bytes::len).sum();
        for chunk in &chunks {
            // Both a snapshot and a glimpse begin with CAN.
            self.snapshots += chunk.iter().filter(|&&byte| byte == 0x18).count();
            self.screen.feed(chunk);
        }
        self.shown += bytes;
        if bytes > 0 {
            // A terminal that has ended takes no more credit.
            let _ = self.desk.engine.terminal_ack(self.id, u32::try_from(bytes).unwrap_or(u32::MAX)).await;
        }
        bytes
    }

    /// The text on the screen, line by line.
    pub fn text(&self) -> String {
        self.screen.text()
    }

    /// How many bytes were shown since it was opened.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// How many snapshots and glimpses began so far.
    pub fn snapshots(&self) -> usize {
        self.snapshots
    }
}
