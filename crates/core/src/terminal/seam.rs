//! The line between a shell that was lost and the one that came after it.

use jiff::Zoned;
use serde::Deserialize;
use ts_rs::TS;

use super::launch::Arrival;
use super::state::TerminalSize;
use crate::error::ErrorCode;
use crate::prompt::visible_line;

/// Ends what the lost shell may have left half done: a string (CAN), the alternate screen, mouse reports, focus reports,
/// bracketed paste, and by a soft reset (DECSTR) margins, modes, character sets and attributes; the cursor is shown.
///
/// Leaving the alternate screen puts the cursor where it was saved, also when there is none to leave: what was never saved is
/// the upper left corner, and the seam would be written over what is there. So it is saved first (DECSC), which each of the
/// two screens does for itself.
pub const RESET: &str =
    "\x18\x1b7\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[!p\x1b[?25h";

/// Characters of one text in a seam: a few lines at most, whatever the window sends.
const WORDS_MAX_CHARS: usize = 300;

/// What a seam says, in the person's language: the engine has none. `{lost}` and `{back}` are times, `{cause}` is one of
/// `causes`, and `{program}` is tmux or screen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SeamWords {
    pub new_shell: String,
    pub same_shell: String,
    /// Said above the plain shell of a host that was to live in tmux or screen and has none.
    pub no_multiplexer: String,
    pub causes: SeamCauses,
}

/// Why a connection was lost, in a few words each.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SeamCauses {
    pub reset: String,
    pub closed: String,
    pub broken: String,
    pub silent: String,
    pub lost: String,
}

/// English, for whoever runs an engine without a window.
impl Default for SeamWords {
    fn default() -> Self {
        Self {
            new_shell: "Connection lost {lost} ({cause}) · new shell {back}".to_owned(),
            same_shell: "Connection lost {lost} ({cause}) · the same shell, back {back}".to_owned(),
            no_multiplexer: "tmux or screen is not on this host: this shell ends with its connection."
                .to_owned(),
            causes: SeamCauses {
                reset: "reset".to_owned(),
                closed: "closed by the host".to_owned(),
                broken: "broken".to_owned(),
                silent: "no answer".to_owned(),
                lost: "cut".to_owned(),
            },
        }
    }
}

impl SeamWords {
    /// What is said at the beginning of a shell that is not what was asked for.
    pub(super) fn missing(&self, arrival: Arrival) -> Option<Vec<u8>> {
        let text = clean(&self.no_multiplexer);
        (arrival == Arrival::NoMultiplexer).then(|| format!("\x1b[2m{text}\x1b[0m\r\n").into_bytes())
    }

    fn cause(&self, code: ErrorCode) -> &str {
        let causes = &self.causes;
        match code {
            ErrorCode::ConnectionReset => &causes.reset,
            ErrorCode::ConnectionClosed => &causes.closed,
            ErrorCode::ConnectionBroken => &causes.broken,
            ErrorCode::ConnectionSilent => &causes.silent,
            _ => &causes.lost,
        }
    }
}

/// A loss that is over.
pub(super) struct Seam {
    pub lost: Zoned,
    pub back: Zoned,
    pub cause: ErrorCode,
    pub arrival: Arrival,
}

impl Seam {
    /// What is shown when a terminal goes on. A session of tmux or screen paints its whole screen anew: what stands there is
    /// moved into the scrollback first, or it would be lost.
    pub fn between(&self, words: &SeamWords, size: TerminalSize) -> Vec<u8> {
        let text = match self.arrival {
            Arrival::Shell | Arrival::NewSession | Arrival::NoMultiplexer => &words.new_shell,
            Arrival::SameSession => &words.same_shell,
        };
        let format = if self.lost.date() == self.back.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        let text = clean(text)
            .replace("{lost}", &self.lost.strftime(format).to_string())
            .replace("{back}", &self.back.strftime(format).to_string())
            .replace("{cause}", &clean(words.cause(self.cause)));
        let room = match self.arrival {
            Arrival::Shell | Arrival::NoMultiplexer => String::new(),
            Arrival::NewSession | Arrival::SameSession => "\r\n".repeat(usize::from(size.rows)),
        };
        format!("{RESET}\r\n\x1b[2m──── ↻ {text} ────\x1b[0m\r\n{room}").into_bytes()
    }
}

fn clean(text: &str) -> String {
    visible_line(text).chars().take(WORDS_MAX_CHARS).collect()
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

    const SIZE: TerminalSize = TerminalSize { cols: 100, rows: 8 };

    fn seam(arrival: Arrival) -> Seam {
        let at = |time: &str| format!("2026-11-21T{time}[UTC]").parse().expect("a time");
        let cause = ErrorCode::ConnectionSilent;
        Seam { lost: at("15:12:03"), back: at("15:13:40"), cause, arrival }
    }

    fn shown_after(lost: &[u8]) -> Vec<String> {
        let mut screen = Screen::new(SIZE);
        screen.feed(lost);
        screen.feed(&seam(Arrival::Shell).between(&SeamWords::default(), SIZE));
        screen.feed(b"new$ ");
        screen.text().lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
    }

    const SAID: &str = "──── ↻ Connection lost 15:12:03 (no answer) · new shell 15:13:40 ────";

    #[test]
    fn what_the_lost_shell_showed_stays_above_the_seam() {
        let lines = shown_after(b"$ echo one\r\none\r\n$ ec");
        assert_eq!(lines, ["$ echo one", "one", "$ ec", SAID, "new$"]);
    }

    #[test]
    fn a_program_on_the_alternate_screen_goes_and_what_was_there_before_it_comes_back() {
        let lines = shown_after(b"$ vi\r\n\x1b[?1049h\x1b[2J\x1b[5;5Hthe file\x1b[2;4r");
        assert_eq!(lines, ["$ vi", SAID, "new$"]);
    }

    #[test]
    fn a_session_that_paints_its_screen_anew_leaves_the_seam_and_what_is_above_in_the_scrollback() {
        let mut screen = Screen::new(SIZE);
        screen.feed(b"$ make\r\ndone\r\n$ ");
        screen.feed(&seam(Arrival::SameSession).between(&SeamWords::default(), SIZE));
        assert_eq!(screen.text().trim(), "");
        let all = String::from_utf8_lossy(&screen.snapshot()).into_owned();
        assert!(all.contains("done") && all.contains("the same shell, back 15:13:40"), "{all}");
    }

    #[test]
    fn a_loss_over_midnight_has_its_dates_and_words_cannot_act_on_the_terminal() {
        let mut over = seam(Arrival::Shell);
        over.back = "2026-11-22T00:00:01[UTC]".parse().expect("a time");
        let words =
            SeamWords { new_shell: "\x1b[2J{lost} {cause} {back}\n".to_owned(), ..SeamWords::default() };
        let said = String::from_utf8(over.between(&words, SIZE)).expect("text");
        let said = said.strip_prefix(RESET).expect("it resets first");
        assert!(said.contains("2026-11-21 15:12:03 no answer 2026-11-22 00:00:01"), "{said}");
        assert!(!said.contains("\x1b[2J"));
    }
}
