//! Lines and pens as bytes, with a window's pen in mind.

use std::fmt::Write as _;

use super::super::cell::{self, COLOUR_16, COLOUR_256, COLOUR_MASK, COLOUR_RGB, Cell, Extras, Link, RARE};
use super::super::marks::{self, Mark};
use super::super::scrollback::{is_wrapped, marks_of, plain_text, unpack};
use super::super::width::width;

/// What makes an empty cell visible besides its background.
const SHOWS_ON_EMPTY: u32 = cell::INVERSE | cell::UNDERLINE | cell::STRIKE;

pub(in super::super) struct Writer<'a> {
    pub out: String,
    extras: &'a Extras,
    cols: usize,
    /// What the lines may take; the oldest are left out.
    bytes: usize,
    /// The pen of the window at this point.
    fg: u32,
    bg: u32,
    rare: u32,
    linked: bool,
    /// Lines were begun; the next one needs a line break before it.
    first: bool,
    /// Where the lines begin, and where some of those that follow do.
    starts: Vec<usize>,
    /// Up to where the line that was drawn last has characters.
    column: usize,
    /// The background of its last cell.
    end_bg: u32,
}

impl<'a> Writer<'a> {
    pub fn new(extras: &'a Extras, cols: usize, bytes: usize) -> Self {
        Self {
            out: String::new(),
            extras,
            cols,
            bytes,
            fg: 0,
            bg: 0,
            rare: 0,
            linked: false,
            first: true,
            starts: Vec::new(),
            column: 0,
            end_bg: 0,
        }
    }

    pub fn begin_lines(&mut self) {
        self.first = true;
        self.starts = vec![self.out.len()];
        self.column = 0;
    }

    pub(super) fn end_lines(&mut self) {
        self.pen_off();
        self.shorten(self.bytes);
    }

    /// Leaves out the oldest lines so that no more than so many bytes of lines are left.
    fn shorten(&mut self, bytes: usize) {
        let Some(&start) = self.starts.first() else { return };
        if self.out.len() - start <= bytes {
            return;
        }
        let from = self.out.len() - bytes;
        let number = self.starts.partition_point(|&start| start < from);
        if let Some(&cut) = self.starts.get(number) {
            self.out.replace_range(start..cut, "");
            self.starts.drain(..number);
            for line in &mut self.starts {
                *line -= cut - start;
            }
        }
    }

    /// Begins a line; it may go on from the one before.
    fn begin_line(&mut self, wrapped: bool, first_is_blank: bool) {
        if std::mem::take(&mut self.first) {
            return;
        }
        if !wrapped {
            // A new line gets the background of the pen.
            self.pen_off();
            self.out.push_str("\r\n");
            self.column = 0;
            self.starts.push(self.out.len());
            // Three times the cap, so that bytes are not moved for each line.
            if self.out.len() > 3 * self.bytes {
                self.shorten(self.bytes);
            }
            return;
        }
        // The line before has to be full for the next character to wrap, and the pen without a background, which a new
        // line would get. What stood in the last column is put back.
        self.pen_off();
        let short = self.column < self.cols;
        if short {
            let _ = write!(self.out, "\x1b[{}G ", self.cols);
        }
        self.out.push(' ');
        if short {
            self.pen(0, self.end_bg, 0);
            let _ = write!(self.out, "\x1b[A\x1b[{}G\x1b[X\x1b[B", self.cols);
            self.pen_off();
        }
        self.out.push_str(if first_is_blank { "\r\x1b[X" } else { "\r" });
        self.column = 0;
    }

    pub(super) fn packed_line(&mut self, line: &[u8]) {
        if let Some(text) = plain_text(line).and_then(|text| str::from_utf8(text).ok()) {
            let wrapped = is_wrapped(line);
            self.begin_line(wrapped, text.is_empty());
            self.pen_off();
            marks::write(&marks_of(line), self.cols, &mut self.out);
            let text = &text[..text.len().min(self.cols)];
            self.out.push_str(text);
            (self.column, self.end_bg) = (text.len(), 0);
            return;
        }
        let mut extras = Extras::default();
        let line = unpack(line, self.cols, &mut extras);
        self.line_of(&extras, &line.cells, line.wrapped, &line.marks);
    }

    /// Draws a line whose cells mean others of these.
    pub(super) fn line_of(&mut self, extras: &Extras, cells: &[Cell], wrapped: bool, marks: &[Mark]) {
        // The numbers mean something else there: nothing of the pen is taken over.
        self.pen_off();
        let mine = self.extras;
        let mut writer = Writer {
            out: std::mem::take(&mut self.out),
            extras,
            starts: std::mem::take(&mut self.starts),
            ..*self
        };
        writer.line(cells, wrapped, marks);
        writer.pen_off();
        let Writer { out, starts, first, column, end_bg, .. } = writer;
        (self.out, self.starts, self.first, self.column, self.end_bg) = (out, starts, first, column, end_bg);
        self.extras = mine;
    }

    /// Draws a line with the cursor in its first column.
    pub fn line(&mut self, cells: &[Cell], wrapped: bool, marks: &[Mark]) {
        // One that was written on a wider screen is cut.
        let cells = &cells[..cells.len().min(self.cols)];
        let blank = cells.first().is_none_or(|cell| !cell.has_content() && !shows(*cell));
        self.begin_line(wrapped, blank);
        marks::write(marks, self.cols, &mut self.out);
        self.end_bg = cells.get(self.cols - 1).map_or(0, |cell| cell.bg & COLOUR_MASK);
        let mut at = 0;
        while let Some(&cell) = cells.get(at) {
            if cell.has_content() || shows(cell) {
                if cell.width() == 2 && at + 1 >= self.cols {
                    // A narrower screen cut it in half: of such only the background can be said.
                    self.pen(0, cell.bg & COLOUR_MASK, 0);
                    self.out.push_str("\x1b[X");
                    break;
                }
                self.pen(cell.fg, cell.bg, cell.rare);
                if self.joins_by_itself(cell) {
                    // Behind a sequence a combining character stands alone.
                    self.out.push_str("\x1b[?0l");
                }
                self.text(cell);
                at += cell.width().max(1) as usize;
                self.column = at;
                continue;
            }
            let same = |other: &&Cell| {
                !other.has_content() && !shows(**other) && other.bg & COLOUR_MASK == cell.bg & COLOUR_MASK
            };
            let count = cells[at..].iter().take_while(same).count();
            at += count;
            if cell.bg & COLOUR_MASK != 0 {
                self.pen(0, cell.bg & COLOUR_MASK, 0);
                let _ = write!(self.out, "\x1b[{count}X");
            }
            if at < self.cols {
                let _ = write!(self.out, "\x1b[{count}C");
            }
        }
    }

    /// Whether it would join the character before it, though it has a cell of its own.
    fn joins_by_itself(&self, cell: Cell) -> bool {
        let first =
            self.extras.text(cell).and_then(|text| text.chars().next()).map_or(cell.code(), u32::from);
        width(first) == 0
    }

    pub(super) fn text(&mut self, cell: Cell) {
        match self.extras.text(cell) {
            Some(text) => self.out.push_str(text),
            None => self.out.push(char::from_u32(cell.code()).filter(|_| cell.code() > 0).unwrap_or(' ')),
        }
    }

    pub fn pen_off(&mut self) {
        if self.fg | self.bg | self.rare != 0 {
            self.pen(0, 0, 0);
        }
    }

    pub(super) fn pen(&mut self, fg: u32, bg: u32, rare: u32) {
        let rare = if bg & RARE == 0 { 0 } else { rare };
        if (fg, bg, rare) == (self.fg, self.bg, self.rare) {
            return;
        }
        let extras = self.extras;
        match extras.rare(rare) {
            Some(rare) => self.pen_full(fg, bg, rare.underline, rare.underline_colour, rare.link.as_deref()),
            None => self.pen_full(fg, bg, u8::from(fg & cell::UNDERLINE != 0), 0, None),
        }
        (self.fg, self.bg, self.rare) = (fg, bg, rare);
    }

    pub(super) fn pen_full(
        &mut self,
        fg: u32,
        bg: u32,
        underline: u8,
        underline_colour: u32,
        link: Option<&Link>,
    ) {
        let out = &mut self.out;
        out.push_str("\x1b[0");
        let flags = [
            (fg & cell::BOLD, ";1"),
            (bg & cell::DIM, ";2"),
            (bg & cell::ITALIC, ";3"),
            (fg & cell::BLINK, ";5"),
            (fg & cell::INVERSE, ";7"),
            (fg & cell::HIDDEN, ";8"),
            (fg & cell::STRIKE, ";9"),
            (bg & cell::OVERLINE, ";53"),
        ];
        for (_, code) in flags.iter().filter(|(flag, _)| *flag != 0) {
            out.push_str(code);
        }
        match underline {
            0 => {}
            1 => out.push_str(";4"),
            style => {
                let _ = write!(out, ";4:{style}");
            }
        }
        colour(out, 30, fg);
        colour(out, 40, bg);
        colour(out, 50, underline_colour);
        out.push('m');
        if bg & cell::PROTECTED != 0 {
            out.push_str("\x1b[1\"q");
        }
        if let Some(Link { id, uri }) = link {
            let id = if id.is_empty() { String::new() } else { format!("id={id}") };
            let _ = write!(out, "\x1b]8;{id};{uri}\x1b\\");
        } else if self.linked {
            out.push_str("\x1b]8;;\x1b\\");
        }
        self.linked = link.is_some();
        // Whatever follows says its own pen.
        (self.fg, self.bg, self.rare) = (fg, bg, u32::MAX);
    }
}

/// Whether a cell without a character is seen all the same.
fn shows(cell: Cell) -> bool {
    !cell.has_content()
        && cell.width() == 1
        && (cell.fg & SHOWS_ON_EMPTY != 0 || cell.bg & (cell::OVERLINE | RARE) != 0)
}

fn colour(out: &mut String, base: u32, colour: u32) {
    let value = colour & 0xff;
    let _ = match colour & COLOUR_RGB {
        COLOUR_16 if base == 50 => Ok(()),
        COLOUR_16 if value < 8 => write!(out, ";{}", base + value),
        COLOUR_16 => write!(out, ";{}", base + 60 + value - 8),
        COLOUR_256 => write!(out, ";{};5;{value}", base + 8),
        COLOUR_RGB => write!(out, ";{};2;{};{};{value}", base + 8, colour >> 16 & 0xff, colour >> 8 & 0xff),
        _ => Ok(()),
    };
}
