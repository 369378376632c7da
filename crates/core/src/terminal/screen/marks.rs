//! Marks that a shell sets around its commands (OSC 133, or 633 of VS Code), and the directory in the words of others than OSC 7.
//!
//! A mark stands on a line, at a column, and moves with the line: into the scrollback, into a snapshot, and to another place when
//! the line is wrapped anew. A line has one mark of each kind at most; a prompt that is drawn again on the same line says the same
//! again. So a flood of marks costs no more than lines do.

use std::fmt::Write as _;

use super::Screen;
use super::cell::Row;
use crate::files::path_text;

/// Text of a command that is kept: enough to know it again.
const COMMAND_CHARS: usize = 200;
/// A directory's address as OSC 7 would say it: PATH_MAX of Linux.
const DIRECTORY_BYTES: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// A: a prompt begins.
    Prompt,
    /// B: what is typed begins.
    Input,
    /// C: a command's output begins.
    Output,
    /// D: a command has ended, with its exit status if the shell says it.
    End(Option<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub kind: MarkKind,
    pub column: u16,
}

/// What a mark takes in a packed line.
const PACKED_BYTES: usize = 4;
const KINDS: usize = 4;

impl MarkKind {
    /// Reads what stands behind the number of the sequence: `A`, `D;1`; further parameters are others' business.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        match parts.next()? {
            "A" => Some(Self::Prompt),
            "B" => Some(Self::Input),
            "C" => Some(Self::Output),
            "D" => Some(Self::End(parts.next().and_then(status))),
            _ => None,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Prompt => 0,
            Self::Input => 1,
            Self::Output => 2,
            Self::End(_) => 3,
        }
    }
}

/// An exit status. Shells of other systems say larger and negative ones: those are failures as well.
fn status(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u8::MAX))
}

/// Sets a mark on a line; one of the same kind gives way.
pub(super) fn set(marks: &mut Vec<Mark>, mark: Mark) {
    marks.retain(|other| other.kind.number() != mark.kind.number());
    marks.push(mark);
}

/// Their number, then kind, column and status of each.
pub(super) fn pack(marks: &[Mark], out: &mut Vec<u8>) {
    let marks = &marks[..marks.len().min(KINDS)];
    out.push(marks.len() as u8);
    for mark in marks {
        let (kind, status) = match mark.kind {
            MarkKind::End(Some(status)) => (4, status),
            kind => (kind.number(), 0),
        };
        let [low, high] = mark.column.to_le_bytes();
        out.extend([kind, low, high, status]);
    }
}

/// Reads what [`pack`] wrote, and gives the rest back.
pub(super) fn unpack(bytes: &[u8]) -> (Vec<Mark>, &[u8]) {
    let Some((&count, rest)) = bytes.split_first() else { return (Vec::new(), bytes) };
    let Some((packed, rest)) = rest.split_at_checked(usize::from(count) * PACKED_BYTES) else {
        return (Vec::new(), &[]);
    };
    let marks = packed.chunks_exact(PACKED_BYTES).filter_map(|bytes| {
        let &[kind, low, high, status] = bytes else { return None };
        let kind = match kind {
            0 => MarkKind::Prompt,
            1 => MarkKind::Input,
            2 => MarkKind::Output,
            3 => MarkKind::End(None),
            _ => MarkKind::End(Some(status)),
        };
        Some(Mark { kind, column: u16::from_le_bytes([low, high]) })
    });
    (marks.collect(), rest)
}

/// Says the marks of a line on which the cursor stands in the first column, and leaves it there.
pub(super) fn write(marks: &[Mark], cols: usize, out: &mut String) {
    let mut column = 0;
    for mark in marks {
        let wanted = usize::from(mark.column).min(cols - 1);
        if wanted != column {
            let _ = write!(out, "\x1b[{}G", wanted + 1);
            column = wanted;
        }
        let _ = match mark.kind {
            MarkKind::Prompt => write!(out, "\x1b]133;A\x1b\\"),
            MarkKind::Input => write!(out, "\x1b]133;B\x1b\\"),
            MarkKind::Output => write!(out, "\x1b]133;C\x1b\\"),
            MarkKind::End(None) => write!(out, "\x1b]133;D\x1b\\"),
            MarkKind::End(Some(status)) => write!(out, "\x1b]133;D;{status}\x1b\\"),
        };
    }
    if column > 0 {
        out.push('\r');
    }
}

/// A command as the screen saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Counts the commands.
    pub number: u64,
    /// What was typed, as far as it is on the screen.
    pub text: String,
}

/// A command that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub command: Running,
    pub status: Option<u8>,
}

/// What the marks say about commands, for whoever has a clock.
#[derive(Debug, Default)]
pub(super) struct Commands {
    last: u64,
    running: Option<Running>,
    /// The first that ended since it was asked last: those behind it have only just begun.
    ended: Option<Ended>,
    /// A shell has said where its prompt begins.
    pub prompted: bool,
}

impl Screen {
    /// The command that runs, if the shell sets marks.
    pub fn running(&self) -> Option<&Running> {
        self.commands.running.as_ref()
    }

    /// The command that ended since this was asked last; of several the first.
    pub fn take_ended(&mut self) -> Option<Ended> {
        self.commands.ended.take()
    }

    /// Whether the shell sets marks by itself.
    pub fn has_marks(&self) -> bool {
        self.commands.prompted
    }

    /// What stands before the cursor in its line; nothing while a program has the alternate page.
    pub fn line_before_cursor(&self) -> Option<String> {
        if self.on_alternate {
            return None;
        }
        let row = self.main.rows.get(self.main.y)?;
        let mut text = String::new();
        self.push_text(row, 0, self.main.x, &mut text);
        Some(text)
    }

    /// Whether a line editor says that it is there (bracketed paste).
    pub fn has_line_editor(&self) -> bool {
        self.modes.bracketed_paste
    }

    /// Where the shell is, as a `file://` address: what it said by OSC 7 or by others.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// OSC 133 and 633.
    pub(super) fn mark(&mut self, text: &str) {
        let Some(kind) = MarkKind::read(text) else {
            if let Some(path) = text.strip_prefix("P;Cwd=") {
                self.enter(path.as_bytes());
            }
            return;
        };
        match kind {
            // A prompt without an end before it: the command was given up, or its shell is gone.
            MarkKind::Prompt => {
                self.commands.prompted = true;
                self.commands.running = None;
            }
            MarkKind::Input => {}
            MarkKind::Output => {
                self.commands.last += 1;
                self.commands.running = Some(Running { number: self.commands.last, text: self.typed() });
            }
            MarkKind::End(status) => {
                if let Some(command) = self.commands.running.take() {
                    self.commands.ended.get_or_insert(Ended { command, status });
                }
            }
        }
        // The alternate page is a program's, and is gone when it leaves.
        if !self.on_alternate {
            let column = u16::try_from(self.main.x.min(self.cols - 1)).unwrap_or(u16::MAX);
            set(&mut self.main.row().marks, Mark { kind, column });
        }
    }

    /// OSC 1337: only the directory is understood.
    pub(super) fn iterm(&mut self, text: &str) {
        if let Some(path) = text.strip_prefix("CurrentDir=") {
            self.enter(path.as_bytes());
        }
    }

    /// A directory in an OSC string with bytes that are no text; false if it says something else.
    pub(super) fn enter_bytes(&mut self, string: &str) -> bool {
        let path = ["1337;CurrentDir=", "633;P;Cwd="].iter().find_map(|said| string.strip_prefix(said));
        if let Some(path) = path {
            self.enter(&path_text::to_bytes(path));
            return true;
        }
        // An address should have no such bytes; some shells send it as they have it.
        let Some(address) = string.strip_prefix("7;") else { return false };
        let said = |character: char| match path_text::is_byte(character) {
            true => path_text::to_bytes(&character.to_string())
                .iter()
                .map(|byte| format!("%{byte:02X}"))
                .collect(),
            false => character.to_string(),
        };
        self.directory = address.chars().map(said).collect();
        true
    }

    /// Keeps a path as the address that OSC 7 has for it.
    fn enter(&mut self, path: &[u8]) {
        if !path.starts_with(b"/") {
            return;
        }
        let mut address = String::from("file://");
        for &byte in path {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'~' | b'-' => {
                    address.push(char::from(byte));
                }
                byte => {
                    let _ = write!(address, "%{byte:02X}");
                }
            }
        }
        if address.len() <= DIRECTORY_BYTES {
            self.directory = address;
        }
    }

    /// What stands between the last prompt and the cursor.
    fn typed(&self) -> String {
        let at = |kind: MarkKind, row: &Row| {
            row.marks.iter().find(|mark| mark.kind == kind).map(|mark| mark.column)
        };
        let buffer = &self.main;
        let rows = buffer.rows.iter().take(buffer.y + 1).enumerate();
        let Some((first, column)) =
            rows.rev().find_map(|(y, row)| at(MarkKind::Input, row).map(|column| (y, usize::from(column))))
        else {
            return String::new();
        };
        let mut text = String::new();
        for (y, row) in buffer.rows.iter().enumerate().take(buffer.y + 1).skip(first) {
            if y > first && !row.wrapped {
                text.push(' ');
            }
            let end = if y == buffer.y { buffer.x } else { self.cols };
            let start = if y == first { column } else { 0 };
            self.push_text(row, start, end, &mut text);
            text.truncate(text.trim_end().len());
            if text.len() > 4 * COMMAND_CHARS {
                break;
            }
        }
        text.trim().chars().take(COMMAND_CHARS).collect()
    }

    fn push_text(&self, row: &Row, start: usize, end: usize, text: &mut String) {
        for cell in row.used().iter().take(end).skip(start).filter(|cell| cell.width() > 0) {
            match self.extras.text(*cell) {
                Some(joined) => text.push_str(joined),
                None => text.push(char::from_u32(cell.code()).filter(|_| cell.code() > 0).unwrap_or(' ')),
            }
        }
    }
}

#[cfg(test)]
mod tests;
