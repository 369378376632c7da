//! What the client of one session channel has asked for before its program starts (RFC 4254, sections 6.2 to 6.4).

use bowline_pty::PtySize;
use russh::Pty;

/// Environment variables kept per channel; further ones are refused. OpenSSH's `SendEnv` of a desktop sends about ten.
const MAX_VARIABLES: usize = 32;
/// Longest value of a variable that is kept.
const MAX_VALUE_BYTES: usize = 1024;
/// Longest terminal name that is kept; the longest in terminfo has 40 letters or so.
const MAX_TERM_BYTES: usize = 128;

/// The terminal that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TerminalRequest {
    /// The value for `TERM`.
    pub(crate) term: String,
    pub(crate) size: PtySize,
    /// Terminal modes with their values (RFC 4254, section 8).
    pub(crate) modes: Vec<(Pty, u32)>,
}

/// What was asked for so far. Every method answers whether the request is granted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Requests {
    pub(crate) terminal: Option<TerminalRequest>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Requests {
    /// Takes the terminal, once per channel.
    pub(crate) fn terminal(&mut self, request: TerminalRequest) -> bool {
        let granted =
            self.terminal.is_none() && request.term.len() <= MAX_TERM_BYTES && !request.term.contains('\0');
        if granted {
            self.terminal = Some(request);
        }
        granted
    }

    /// Takes a variable if it is about language or terminal. Any other could change which programs run.
    pub(crate) fn variable(&mut self, name: &str, value: &str) -> bool {
        let known = matches!(name, "LANG" | "TERM" | "COLORTERM") || is_locale_category(name);
        let granted = known
            && value.len() <= MAX_VALUE_BYTES
            && !value.contains('\0')
            && self.environment.len() < MAX_VARIABLES;
        if granted {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
        granted
    }
}

fn is_locale_category(name: &str) -> bool {
    name.strip_prefix("LC_").is_some_and(|category| {
        !category.is_empty() && category.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}

/// A terminal's size from the columns, rows and pixels on the wire, which are 32 bits wide and may be zero.
pub(crate) fn pty_size(columns: u32, rows: u32, width: u32, height: u32) -> PtySize {
    let narrow = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
    PtySize {
        rows: narrow(rows),
        cols: narrow(columns),
        pixel_width: narrow(width),
        pixel_height: narrow(height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xterm() -> TerminalRequest {
        TerminalRequest { term: "xterm-256color".into(), size: pty_size(80, 24, 0, 0), modes: Vec::new() }
    }

    #[test]
    fn a_channel_gets_one_terminal() {
        let mut requests = Requests::default();
        assert!(requests.terminal(xterm()));
        assert!(!requests.terminal(xterm()));
    }

    #[test]
    fn only_language_and_terminal_variables_are_taken() {
        let mut requests = Requests::default();
        for name in ["LANG", "LC_ALL", "LC_TIME", "TERM", "COLORTERM"] {
            assert!(requests.variable(name, "x"), "{name}");
        }
        for name in ["PATH", "LD_PRELOAD", "LC_", "LC_a", "BASH_ENV", "LANG=x", ""] {
            assert!(!requests.variable(name, "x"), "{name}");
        }
    }

    #[test]
    fn variables_are_bounded_in_number_and_length() {
        let mut requests = Requests::default();
        assert!(!requests.variable("LANG", &"x".repeat(MAX_VALUE_BYTES + 1)));
        assert!(!requests.variable("LANG", "C\0"));
        for _ in 0..MAX_VARIABLES {
            assert!(requests.variable("LANG", "C"));
        }
        assert!(!requests.variable("LANG", "C"));
    }

    #[test]
    fn a_size_too_large_for_a_terminal_is_clamped() {
        assert_eq!(pty_size(70_000, 0, 1, 2).cols, u16::MAX);
    }
}
