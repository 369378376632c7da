//! What brings a terminal back that a program has left in disorder, at a click. What is on the screen stays.
//!
//! It is output like any other: the engine's screen and the window get the same bytes at the same place.

/// Ends a sequence that is under way (CAN) and leaves the alternate screen, with the cursor saved first as in `seam.rs`. Mouse,
/// focus and paste reports end, in all their encodings; a pause of drawing ends. A soft reset (DECSTR) takes back margins,
/// modes, character sets, attributes and a hyperlink; then colours that were set, and the cursor is shown. A title that a program has
/// set is no longer said.
pub const AFRESH: &[u8] = b"\x18\x1b7\x1b[?1049l\
    \x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2026l\
    \x1b[20l\x1b[!p\x1b[0m\x1b[?25h\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\\x1b]2;\x1b\\";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::screen::Screen;
    use crate::terminal::state::TerminalSize;

    const SIZE: TerminalSize = TerminalSize { cols: 40, rows: 8 };

    fn snapshot_after(parts: &[&[u8]]) -> String {
        let mut screen = Screen::new(SIZE);
        parts.iter().for_each(|part| screen.feed(part));
        String::from_utf8(screen.snapshot()).expect("a snapshot is text")
    }

    #[test]
    fn whatever_a_program_left_behind_the_screen_is_as_if_nothing_had_been_set() {
        let calm = snapshot_after(&[b"$ cat binary\r\n", AFRESH]);
        for disorder in [
            b"\x1b(0".as_slice(),
            b"\x0e\x1b)0",
            b"\x1b[?1049h\x1b[2J\x1b[5;5Hfull screen\x1b[2;4r",
            b"\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h\x1b[?1016h\x1b[?1004h",
            b"\x1b[?2004h\x1b[?2026h\x1b[?1h\x1b=\x1b[4h\x1b[20h\x1b[?7l\x1b[?45h",
            b"\x1b[31;44;1;4:3m\x1b]8;;https://example.org\x1b\\",
            b"\x1b[?25l\x1b[5 q",
            b"\x1b]4;1;#123456\x07\x1b]10;#000000\x07\x1b]11;#000000\x07\x1b]12;#000000\x07",
            b"\x1b]2;half a title",
            b"\x1b]0;a title\x07",
            b"\x1bPq half a picture",
            b"\x1b[38;2;1",
            b"\xe4\xbd",
        ] {
            let after = snapshot_after(&[b"$ cat binary\r\n", disorder, AFRESH]);
            assert_eq!(after, calm, "after {:?}", String::from_utf8_lossy(disorder));
        }
    }

    #[test]
    fn what_is_on_the_screen_stays() {
        let mut screen = Screen::new(SIZE);
        screen.feed(b"one\r\n\x1b[31mtwo");
        screen.feed(AFRESH);
        screen.feed(b" three");
        assert_eq!(screen.text().lines().take(2).collect::<Vec<_>>(), ["one", "two three"]);
    }
}
