//! The line between a shell that was lost and the one that came after it.

use jiff::Zoned;

/// Ends what the lost shell may have left half done: a string (CAN), the alternate screen, mouse reports, focus reports,
/// bracketed paste, and by a soft reset (DECSTR) margins, modes, character sets and attributes; the cursor is shown.
///
/// Leaving the alternate screen puts the cursor where it was saved, also when there is none to leave: what was never saved is
/// the upper left corner, and the seam would be written over what is there. So it is saved first (DECSC), which each of the
/// two screens does for itself.
pub const RESET: &str =
    "\x18\x1b7\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[!p\x1b[?25h";

/// What is shown when a terminal goes on in a new shell. It has no words, so it needs no language.
pub fn between() -> Vec<u8> {
    let time = Zoned::now().strftime("%H:%M:%S").to_string();
    format!("{RESET}\r\n\x1b[2m──── ↻ {time} ────\x1b[0m\r\n").into_bytes()
}

/// What is shown below what was kept when the app ended, with the moment up to which that is.
pub fn since(kept_at: &Zoned) -> Vec<u8> {
    let time = kept_at.strftime("%Y-%m-%d %H:%M");
    format!("{RESET}\r\n\x1b[2m──── ↻ {time} ────\x1b[0m\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::screen::Screen;
    use crate::terminal::state::TerminalSize;

    fn shown_after(lost: &[u8]) -> Vec<String> {
        let mut screen = Screen::new(TerminalSize { cols: 40, rows: 8 });
        screen.feed(lost);
        screen.feed(&between());
        screen.feed(b"new$ ");
        screen.text().lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn what_the_lost_shell_showed_stays_above_the_seam() {
        let lines = shown_after(b"$ echo one\r\none\r\n$ ec");
        assert_eq!(lines[..3], ["$ echo one", "one", "$ ec"]);
        assert!(lines[3].starts_with("────"), "{lines:?}");
        assert_eq!(lines[4..], ["new$"]);
    }

    #[test]
    fn a_program_on_the_alternate_screen_goes_and_what_was_there_before_it_comes_back() {
        let lines = shown_after(b"$ vi\r\n\x1b[?1049h\x1b[2J\x1b[5;5Hthe file\x1b[2;4r");
        assert_eq!(lines[0], "$ vi");
        assert!(lines[1].starts_with("────"), "{lines:?}");
        assert_eq!(lines[2..], ["new$"]);
    }
}
