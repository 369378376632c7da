//! What goes to the window: output in chunks, never more under way than the window has given credit for.

use bytes::{Bytes, BytesMut};

/// Bytes that may be under way to the window. With 64 KiB chunks this gave 15 MiB/s and key presses at 10 ms median
/// (design.md, fact 9).
pub const CREDIT_BYTES: usize = 512 * 1024;
/// The largest chunk.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Output that waits for credit. When it is full the driver stops taking from the channel, so that the server stops
/// sending: nothing is dropped.
const WAITING_MAX_BYTES: usize = 1024 * 1024;

/// Where chunks go. An error means that nobody looks any more.
pub trait Output: Send + 'static {
    /// Hands one chunk on, without waiting.
    ///
    /// # Errors
    /// [`WindowGone`].
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone>;
}

/// The window that showed a terminal is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the window is gone")]
pub struct WindowGone;

/// Output on its way to one window.
pub struct View {
    output: Box<dyn Output>,
    credit: usize,
    waiting: BytesMut,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("credit", &self.credit).field("waiting", &self.waiting.len()).finish()
    }
}

impl View {
    pub fn new(output: Box<dyn Output>) -> Self {
        Self { output, credit: CREDIT_BYTES, waiting: BytesMut::new() }
    }

    /// Takes output; [`View::flush`] hands it on.
    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// Whether more output may be pushed.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX_BYTES
    }

    /// Whether nothing waits for credit.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a whole chunk waits; less than that may wait for more that is on its way.
    pub fn has_chunk(&self) -> bool {
        self.waiting.len() >= CHUNK_BYTES
    }

    /// The window has shown so many bytes. It cannot give back more than it got.
    pub fn give_credit(&mut self, bytes: usize) {
        self.credit = self.credit.saturating_add(bytes).min(CREDIT_BYTES);
    }

    /// Hands on what credit allows.
    ///
    /// # Errors
    /// [`WindowGone`].
    pub fn flush(&mut self) -> Result<(), WindowGone> {
        loop {
            let size = self.waiting.len().min(CHUNK_BYTES).min(self.credit);
            if size == 0 {
                return Ok(());
            }
            self.credit -= size;
            self.output.show(self.waiting.split_to(size).freeze())?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shown(Arc<Mutex<Vec<Bytes>>>);

    impl Output for Shown {
        fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
            self.0.lock().expect("one thread").push(chunk);
            Ok(())
        }
    }

    #[test]
    fn output_goes_in_order_in_chunks_and_stops_when_credit_is_used_up() {
        let shown = Shown::default();
        let mut view = View::new(Box::new(shown.clone()));
        let sent: Vec<u8> = (0..CREDIT_BYTES + 100_000).map(|i| (i % 251) as u8).collect();
        view.push(&sent);
        view.flush().expect("the window is there");
        let seen = |shown: &Shown| shown.0.lock().expect("one thread").concat();
        assert_eq!(seen(&shown).len(), CREDIT_BYTES);
        assert!(shown.0.lock().expect("one thread").iter().all(|chunk| chunk.len() <= CHUNK_BYTES));
        view.give_credit(1000);
        view.flush().expect("the window is there");
        assert_eq!(seen(&shown).len(), CREDIT_BYTES + 1000);
        view.give_credit(usize::MAX);
        view.flush().expect("the window is there");
        assert_eq!(seen(&shown), sent);
    }

    #[test]
    fn a_window_cannot_give_back_more_credit_than_it_got() {
        let mut view = View::new(Box::new(Shown::default()));
        view.give_credit(usize::MAX);
        assert_eq!(view.credit, CREDIT_BYTES);
    }

    #[test]
    fn a_view_that_is_far_behind_takes_no_more() {
        let mut view = View::new(Box::new(Shown::default()));
        view.push(&vec![0; CREDIT_BYTES + WAITING_MAX_BYTES]);
        view.flush().expect("the window is there");
        assert!(!view.has_room());
    }
}
