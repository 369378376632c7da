//! Colours: on a terminal, unless `NO_COLOR` (no-color.org) or `TERM=dumb` forbids them; elsewhere only if `CLICOLOR_FORCE`
//! (bixense.com/clicolors) asks for them.

use std::ffi::OsString;
use std::io::IsTerminal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    colours: bool,
}

impl Style {
    pub fn of_stdout() -> Self {
        Self::of(|name| std::env::var_os(name), std::io::stdout().is_terminal())
    }

    pub fn of_stderr() -> Self {
        Self::of(|name| std::env::var_os(name), std::io::stderr().is_terminal())
    }

    /// Whether there are any.
    pub fn has_colours(self) -> bool {
        self.colours
    }

    /// Without colours.
    pub fn plain() -> Self {
        Self { colours: false }
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let forced = is_set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE").is_none_or(|value| value != "0");
        let dumb = variable("TERM").is_none_or(|term| term == "dumb");
        Self { colours: !is_set("NO_COLOR") && (forced || is_terminal && !dumb) }
    }

    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colours && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(variables: &[(&str, &str)], is_terminal: bool) -> bool {
        let variable = |name: &str| {
            variables.iter().find(|(one, _)| *one == name).map(|(_, value)| OsString::from(value))
        };
        Style::of(variable, is_terminal).colours
    }

    #[test]
    fn colours_are_for_terminals_and_for_those_who_ask() {
        let xterm = ("TERM", "xterm");
        assert!(style(&[xterm], true));
        assert!(!style(&[xterm], false));
        assert!(!style(&[("TERM", "dumb")], true));
        assert!(!style(&[], true));
        assert!(!style(&[xterm, ("NO_COLOR", "1")], true));
        assert!(style(&[xterm, ("NO_COLOR", "")], true), "an empty one does not count");
        assert!(style(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!style(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!style(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false));
        assert_eq!(Style { colours: true }.red("x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Style { colours: false }.red("x"), "x");
    }
}
