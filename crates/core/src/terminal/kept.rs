//! What a terminal showed, kept for the next start of the app: its screen as bytes (`screen/snapshot.rs`) and the size that
//! they are for.

use super::screen::{SCROLLBACK_LINES_MAX, Screen};
use super::state::TerminalSize;

/// A screen and what is above it. It may hold anything that a person saw, so it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptScreen {
    pub size: TerminalSize,
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for KeptScreen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptScreen").field("size", &self.size).field("bytes", &self.bytes.len()).finish()
    }
}

impl KeptScreen {
    /// Keeps a screen in about so many bytes; the oldest lines are left out.
    pub fn of(screen: &Screen, bytes: usize) -> Self {
        Self { size: screen.size(), bytes: screen.snapshot_within(bytes) }
    }

    /// The screen again. Nothing that was asked back then is answered.
    pub(super) fn bring_back(&self) -> Screen {
        let mut screen = Screen::with_scrollback(self.size, SCROLLBACK_LINES_MAX);
        screen.feed(&self.bytes);
        drop(screen.take_queries());
        screen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: TerminalSize = TerminalSize { cols: 20, rows: 4 };

    fn lines(from: usize, to: usize) -> String {
        (from..to).map(|number| format!("line {number}\r\n")).collect()
    }

    #[test]
    fn a_kept_screen_comes_back_with_what_is_above_it() {
        let mut screen = Screen::new(SIZE);
        screen.feed(lines(0, 100).as_bytes());
        screen.feed(b"$ vim\x1b[?1049h~\r\n~");
        let back = KeptScreen::of(&screen, 1 << 20).bring_back();
        assert_eq!(back.text(), screen.text());
        assert_eq!(back.snapshot(), screen.snapshot());
    }

    #[test]
    fn only_the_newest_lines_are_kept_within_the_bytes() {
        let mut screen = Screen::new(SIZE);
        screen.feed(lines(0, 10_000).as_bytes());
        let kept = KeptScreen::of(&screen, 4096);
        assert!(kept.bytes.len() < 5000, "{}", kept.bytes.len());
        let text = String::from_utf8(kept.bytes).expect("text");
        assert!(text.contains("line 9999") && text.contains("line 9900") && !text.contains("line 9000"));
    }

    #[test]
    fn nothing_that_was_asked_back_then_is_answered() {
        let kept = KeptScreen { size: SIZE, bytes: b"\x1b[6n\x1b[c".to_vec() };
        assert!(kept.bring_back().take_queries().is_empty());
    }
}
