//! The line between a shell that was lost and the one that came after it.

use jiff::Zoned;

/// Ends what the lost shell may have left half done: a string (CAN), the alternate screen, mouse reports, focus reports,
/// bracketed paste, and by a soft reset (DECSTR) margins, modes, character sets and attributes; the cursor is shown.
const RESET: &str =
    "\x18\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[!p\x1b[?25h";

/// What is shown when a terminal goes on in a new shell. It has no words, so it needs no language.
pub fn between() -> Vec<u8> {
    let time = Zoned::now().strftime("%H:%M:%S").to_string();
    format!("{RESET}\r\n\x1b[2m──── ↻ {time} ────\x1b[0m\r\n").into_bytes()
}
