//! What a terminal's shell tells about itself by its marks: where it is, and which long command has ended. The screen says what
//! happened, here is the clock.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;
use ts_rs::TS;

use super::screen::{Ended, Running, Screen};
use super::state::TerminalId;
use crate::files::path_text;
use crate::host::HostId;
use crate::prompt::visible_line;

/// A command that ran shorter is nothing to tell a person who looks elsewhere: the smallest value of the setting.
const LONG: Duration = Duration::from_secs(10);
/// Of a command, for a notification.
const TEXT_CHARS: usize = 80;

/// A command that ran for a while and has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LongCommand {
    /// Counts the commands of a terminal: the same number is the same command.
    pub number: u32,
    /// As it was typed, cut to 80 characters; empty if it was not on the screen.
    pub text: String,
    /// What the shell says; none if it says nothing.
    pub status: Option<u8>,
    pub seconds: u32,
}

/// What is known about the shell in a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ShellFacts {
    /// Its directory, if it says it: a path as [`path_text`] writes it, which is not fit to be shown as it is.
    pub directory: Option<String>,
    /// The command that ended last, of those that ran for at least ten seconds.
    pub ended: Option<LongCommand>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ShellView {
    pub id: TerminalId,
    pub host_id: HostId,
    #[serde(flatten)]
    pub facts: ShellFacts,
}

/// Publishes what a screen says about its shell.
#[derive(Debug)]
pub(super) struct CommandClock {
    facts: watch::Sender<ShellFacts>,
    /// The command that runs, and since when.
    since: Option<(u64, Instant)>,
    /// The address that was read last.
    directory: String,
}

impl CommandClock {
    pub fn new() -> (Self, watch::Receiver<ShellFacts>) {
        let (facts, receiver) = watch::channel(ShellFacts::default());
        (Self { facts, since: None, directory: String::new() }, receiver)
    }

    /// To be called after output was fed.
    pub fn look(&mut self, screen: &mut Screen, now: Instant) {
        if let Some(ended) = screen.take_ended() {
            self.end(ended, now);
        }
        self.since = match (screen.running(), self.since) {
            (Some(Running { number, .. }), Some((known, since))) if known == *number => Some((known, since)),
            (Some(Running { number, .. }), _) => Some((*number, now)),
            (None, _) => None,
        };
        if self.directory != screen.directory() {
            screen.directory().clone_into(&mut self.directory);
            let directory = path_of(&self.directory);
            self.facts.send_if_modified(|facts| {
                let changed = facts.directory != directory;
                facts.directory = directory;
                changed
            });
        }
    }

    fn end(&self, Ended { command, status }: Ended, now: Instant) {
        let Some((_, since)) = self.since.filter(|(number, _)| *number == command.number) else { return };
        let lasted = now.duration_since(since);
        if lasted < LONG {
            return;
        }
        let ended = LongCommand {
            number: u32::try_from(command.number).unwrap_or(u32::MAX),
            text: visible_line(&command.text).chars().take(TEXT_CHARS).collect(),
            status,
            seconds: u32::try_from(lasted.as_secs()).unwrap_or(u32::MAX),
        };
        self.facts.send_modify(|facts| facts.ended = Some(ended));
    }
}

/// The path of an address as OSC 7 says it (`file://host/path`, with `%41` for bytes), with every byte of it.
fn path_of(address: &str) -> Option<String> {
    let rest = address.strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        bytes.push(match byte {
            b'%' => u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?,
            byte => byte,
        });
    }
    Some(path_text::to_text(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::state::TerminalSize;

    struct Bed {
        clock: CommandClock,
        facts: watch::Receiver<ShellFacts>,
        screen: Screen,
        now: Instant,
    }

    impl Bed {
        fn new() -> Self {
            let (clock, facts) = CommandClock::new();
            let screen = Screen::new(TerminalSize { cols: 80, rows: 24 });
            Self { clock, facts, screen, now: Instant::now() }
        }

        fn says(&mut self, text: &str, seconds_later: u64) {
            self.now += Duration::from_secs(seconds_later);
            self.screen.feed(text.as_bytes());
            self.clock.look(&mut self.screen, self.now);
        }

        fn ended(&self) -> Option<LongCommand> {
            self.facts.borrow().ended.clone()
        }
    }

    const START: &str = "\x1b]133;A\x07$ \x1b]133;B\x07make 你好\r\n\x1b]133;C\x07";

    #[test]
    fn a_command_that_ran_for_a_while_is_told_at_its_end() {
        let mut bed = Bed::new();
        bed.says(START, 0);
        bed.says("output\r\n", 11);
        assert_eq!(bed.ended(), None);
        bed.says("\x1b]133;D;2\x07", 1);
        let told = LongCommand { number: 1, text: "make 你好".to_owned(), status: Some(2), seconds: 12 };
        assert_eq!(bed.ended(), Some(told.clone()));
        // A short one behind it takes nothing away.
        bed.says(&format!("{START}\x1b]133;D;0\x07"), 1);
        assert_eq!(bed.ended(), Some(told));
    }

    #[test]
    fn a_short_command_is_no_news() {
        let mut bed = Bed::new();
        bed.says(START, 0);
        bed.says("\x1b]133;D;0\x07", 9);
        bed.says("\x1b]133;D;0\x07", 900);
        assert_eq!(bed.ended(), None);
    }

    #[test]
    fn a_long_command_and_a_short_one_in_one_piece_of_output_are_told_apart() {
        let mut bed = Bed::new();
        bed.says(START, 0);
        bed.says(&format!("\x1b]133;D;0\x07{START}\x1b]133;D;1\x07"), 60);
        assert_eq!(bed.ended().map(|ended| (ended.number, ended.status)), Some((1, Some(0))));
    }

    #[test]
    fn a_command_of_a_shell_that_was_lost_has_not_ended() {
        let mut bed = Bed::new();
        bed.says(START, 0);
        bed.says("\x1b]133;A\x07$ \x1b]133;B\x07", 60);
        bed.says("\x1b]133;D;0\x07", 60);
        assert_eq!(bed.ended(), None);
    }

    #[test]
    fn a_directory_is_told_as_a_path_with_every_byte_of_it() {
        for (said, path) in [
            ("7;file://web/srv/a%20b", Some("/srv/a b")),
            ("7;file:///%E4%BD%A0", Some("/你")),
            ("1337;CurrentDir=/100%", Some("/100%")),
            ("7;file://web", None),
            ("7;http://web/x", None),
            ("7;file:///%4", None),
            ("7;file:///%zz", None),
        ] {
            let mut bed = Bed::new();
            bed.says(&format!("\x1b]{said}\x07"), 0);
            assert_eq!(bed.facts.borrow().directory.as_deref(), path, "{said}");
        }
        // No text, and no two of them are the same path.
        for (said, bytes) in [
            ("file:///caf%E9", &b"/caf\xe9"[..]),
            ("file:///caf%EF%BF%BD", b"/caf\xef\xbf\xbd"),
            ("file:///a%1b%0a\u{202e}b", b"/a\x1b\n\xe2\x80\xaeb"),
        ] {
            let mut bed = Bed::new();
            bed.says(&format!("\x1b]7;{said}\x07"), 0);
            let told = bed.facts.borrow().directory.clone().expect("a directory");
            assert_eq!(path_text::to_bytes(&told), bytes, "{said}");
        }
    }

    #[test]
    fn what_has_not_changed_is_not_told_again() {
        let mut bed = Bed::new();
        bed.says("\x1b]7;file:///a\x07", 0);
        assert!(bed.facts.borrow_and_update().directory.is_some());
        bed.says("\x1b]7;file:///a\x07text\x1b]1337;CurrentDir=/a\x07", 0);
        assert!(!bed.facts.has_changed().expect("the clock is there"));
    }
}
