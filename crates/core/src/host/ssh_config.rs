//! The syntax of ssh_config(5), as `readconf.c` and `misc.c` of OpenSSH read it.
//!
//! This file splits a text into lines without losing a byte of it (so that a later change can be written back among
//! everything that was there). From there two ways lead on. For a connection, [`resolve`] says what OpenSSH would do with
//! a name. For the import, which offers what is written rather than what applies here and now, [`tree`] follows
//! `Include`, and [`applied`] tells which lines apply to a name.

pub mod algorithms;
pub mod applied;
pub mod canonical;
pub mod files;
pub mod forward;
pub mod jump;
pub mod local;
pub mod options;
pub mod permit;
pub mod resolve;
pub mod resolved;
pub mod shell;
pub mod tree;
pub mod values;

mod keywords;
mod matching;
mod reading;
mod tokens;

pub(crate) use reading::{files_matching, include_pattern};

use std::fmt;

/// Longer than any line that a person writes; what is longer is reported and not read.
pub const LINE_MAX_BYTES: usize = 64 * 1024;
/// A thousand hosts take 200 KiB.
pub const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// The lines of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshConfig {
    pub lines: Vec<Line>,
    /// Some bytes are no UTF-8 and were replaced by U+FFFD, so the text is not what is in the file.
    pub lossy: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As it stands in the file, with its line end.
    pub text: String,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing, or a comment.
    Empty,
    Directive(Directive),
    /// OpenSSH would refuse the whole file because of it.
    Fault(Fault),
}

/// A keyword with its arguments, free of quotes, escapes and comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// As it was written; keywords are compared without regard to case.
    pub keyword: String,
    /// At least one, unless all that followed was a comment.
    pub arguments: Vec<String>,
    /// All that follows the keyword, as it stands there: commands and chains of jumps are no lists of words.
    pub rest: String,
}

impl Directive {
    pub fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("missing argument")]
    MissingArgument,
    #[error("a quote is not closed")]
    OpenQuote,
    #[error("the line is too long")]
    TooLong,
}

/// One line, as `ssh -o` takes it.
pub(crate) fn parse_line(text: &str) -> Content {
    content(text)
}

impl SshConfig {
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let lossy = matches!(text, std::borrow::Cow::Owned(_));
        let lines =
            text.split_inclusive('\n').map(|line| Line { text: line.to_owned(), content: content(line) });
        Self { lines: lines.collect(), lossy }
    }
}

/// The text again, byte for byte (unless [`SshConfig::lossy`]).
impl fmt::Display for SshConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| f.write_str(&line.text))
    }
}

const WHITESPACE: [char; 4] = [' ', '\t', '\r', '\n'];

fn content(line: &str) -> Content {
    if line.len() > LINE_MAX_BYTES {
        return Content::Fault(Fault::TooLong);
    }
    // To OpenSSH a line ends at a zero byte. A form feed is allowed at the end only.
    let line = line.split('\0').next().unwrap_or_default();
    let line = line.trim_end_matches([' ', '\t', '\r', '\n', '\u{c}']).trim_start_matches(WHITESPACE);
    let line = line.strip_prefix('=').map_or(line, |rest| rest.trim_start_matches(WHITESPACE));
    if line.is_empty() || line.starts_with('#') {
        return Content::Empty;
    }
    let Some((keyword, rest)) = split_keyword(line) else { return Content::Fault(Fault::OpenQuote) };
    if rest.is_empty() {
        return Content::Fault(Fault::MissingArgument);
    }
    match split_arguments(rest) {
        Some(arguments) => Content::Directive(Directive { keyword, arguments, rest: rest.to_owned() }),
        None => Content::Fault(Fault::OpenQuote),
    }
}

/// `strdelim`: the keyword ends at white space or at one `=`, which may have white space around it; or at the end of a
/// quoted part. None when that is not closed.
fn split_keyword(line: &str) -> Option<(String, &str)> {
    let end = line.find([' ', '\t', '\r', '\n', '"', '=']).unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    if let Some(quoted) = rest.strip_prefix('"') {
        let (inner, rest) = quoted.split_once('"')?;
        return Some((format!("{keyword}{inner}"), rest.trim_start_matches(WHITESPACE)));
    }
    let rest = rest.trim_start_matches(WHITESPACE);
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(WHITESPACE);
    Some((keyword.to_owned(), rest))
}

/// `argv_split`: words in either kind of quotes, `\` before a quote, a `\` or (outside quotes) a space; a `#` that begins
/// a word begins a comment. None when a quote is not closed.
fn split_arguments(rest: &str) -> Option<Vec<String>> {
    let mut arguments = Vec::new();
    let mut chars = rest.chars().peekable();
    loop {
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        match chars.peek() {
            None | Some('#') => return Some(arguments),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(c) = chars.next() {
            match (c, quote) {
                ('\\', _) => {
                    let escaped =
                        |next: &char| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' ');
                    word.push(chars.next_if(escaped).unwrap_or('\\'));
                }
                (' ' | '\t', None) => break,
                ('"' | '\'', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                (c, _) => word.push(c),
            }
        }
        if quote.is_some() {
            return None;
        }
        arguments.push(word);
    }
}

#[cfg(test)]
mod tests;
