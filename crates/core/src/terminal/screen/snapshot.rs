//! The screen as bytes that put a window into the same state, whatever it had before: xterm.js 6 gives the same cells, cursor,
//! colours, title and modes as if it had read everything.
//!
//! What cannot be said in bytes, and so differs: an empty cell with attributes other than a background comes as a space,
//! and so does an empty last cell under a waiting wrap; a saved cursor that is outside of the screen; the person's cursor blinking; a character set in use that is not the one of its level. Bounded as
//! well: strings over 4 KiB, hyperlinks over 2083 bytes, more than 32 code points in a cell, lines above the caps.

use std::fmt::Write as _;

use super::buffer::{Buffer, Charset};
use super::cell::{self, COLOUR_16, COLOUR_256, COLOUR_MASK, COLOUR_RGB, Cell, Extras, Link, RARE};
use super::marks::{self, Mark};
use super::resize::{Shown, rewrapped};
use super::scrollback::{is_wrapped, marks_of, plain_text, unpack};
use super::width::width;
use super::{Modes, Screen};

/// A snapshot is not longer than this and one screen: older lines of scrollback are left out of it.
pub const SNAPSHOT_BYTES: usize = 8 * 1024 * 1024;

/// What makes an empty cell visible besides its background.
const SHOWS_ON_EMPTY: u32 = cell::INVERSE | cell::UNDERLINE | cell::STRIKE;

impl Screen {
    /// The bytes; see above.
    pub fn snapshot(&self) -> Vec<u8> {
        self.write(true, SNAPSHOT_BYTES, None)
    }

    /// A snapshot for a window that people look at: it draws once, when all is there, and then it is asked these queries.
    pub fn snapshot_to_show(&self, queries: &[String]) -> Vec<u8> {
        self.write(true, SNAPSHOT_BYTES, Some(queries))
    }

    /// A snapshot with lines of at most so many bytes.
    pub fn snapshot_within(&self, bytes: usize) -> Vec<u8> {
        self.write(true, bytes, None)
    }

    /// A snapshot without what is above the screen.
    pub fn snapshot_without_scrollback(&self) -> Vec<u8> {
        self.write(false, SNAPSHOT_BYTES, None)
    }

    fn write(&self, with_scrollback: bool, bytes: usize, shown: Option<&[String]>) -> Vec<u8> {
        // CAN ends a sequence that the window may be in the middle of without doing it; RIS clears the scrollback too.
        let mut writer = Writer::new(&self.extras, self.cols, bytes);
        writer
            .out
            .push_str("\x18\x1bc\x1b[20l\x1b[?25h\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\");
        if shown.is_some() {
            // Behind RIS, which ends it.
            writer.out.push_str("\x1b[?2026h");
        }
        self.write_colours(&mut writer.out);
        writer.begin_lines();
        let above = self.scrollback.iter_with_cols().filter(|_| with_scrollback);
        rewrapped(above, self.cols, |line| match line {
            Shown::Packed(line) => writer.packed_line(line),
            Shown::Row(row, extras) => writer.line_of(extras, row.used(), row.wrapped, &row.marks),
        });
        for row in &self.main.rows {
            writer.line(row.used(), row.wrapped, &row.marks);
        }
        writer.end_lines();
        self.write_page(&mut writer, &self.main);
        if self.on_alternate {
            writer.pen_off();
            // Another size moves the main page by the cursor that it has behind the alternate one.
            let (x, y) = (self.main.x.min(self.cols - 1), self.main.y);
            let _ = write!(writer.out, "\x1b[{};{}H\x1b[?1047h\x1b[H", y + 1, x + 1);
            writer.begin_lines();
            for row in &self.alternate.rows {
                writer.line(row.used(), row.wrapped, &row.marks);
            }
            writer.end_lines();
            self.write_page(&mut writer, &self.alternate);
        }
        self.write_strings(&mut writer.out);
        self.write_modes(&mut writer);
        for query in shown.unwrap_or_default() {
            writer.out.push_str(query);
        }
        if shown.is_some() && !self.modes.synchronized {
            writer.out.push_str("\x1b[?2026l");
        }
        self.write_cursor(&mut writer);
        let mut bytes = writer.out.into_bytes();
        bytes.extend(self.parser.partial());
        bytes
    }

    fn write_colours(&self, out: &mut String) {
        for (&index, colour) in &self.colours {
            let _ = match index {
                0..256 => write!(out, "\x1b]4;{index};{colour}\x1b\\"),
                _ => write!(out, "\x1b]{};{colour}\x1b\\", index - 256 + 10),
            };
        }
    }

    fn write_strings(&self, out: &mut String) {
        if !self.directory.is_empty() {
            let _ = write!(out, "\x1b]7;{}\x1b\\", self.directory);
        }
        if let Some(title) = &self.title {
            let _ = write!(out, "\x1b]2;{title}\x1b\\");
        }
    }

    /// Tab stops, saved cursor and scroll region of a page that has just been drawn.
    fn write_page(&self, writer: &mut Writer<'_>, buffer: &Buffer) {
        if !self.tabs_are_default(buffer) {
            writer.out.push_str("\x1b[3g");
            for x in (0..self.cols).filter(|&x| buffer.tabs.get(x).copied().unwrap_or(false)) {
                let _ = write!(writer.out, "\x1b[{}G\x1bH", x + 1);
            }
        }
        let saved = buffer.saved;
        let y = usize::try_from(saved.y.max(0)).unwrap_or(0).min(self.lines - 1);
        if saved.x > 0 || y > 0 || saved.fg | saved.bg != 0 || saved.charset != Charset::Ascii {
            designate(&mut writer.out, 0, saved.charset);
            let _ = write!(writer.out, "\x1b[{};{}H", y + 1, saved.x.min(self.cols - 1) + 1);
            writer.pen(saved.fg, saved.bg & !RARE, 0);
            // Behind the last column nothing can be saved without writing there.
            writer.out.push_str("\x1b7");
            designate(&mut writer.out, 0, Charset::Ascii);
        }
        if (buffer.top, buffer.bottom) != (0, self.lines - 1) {
            let _ = write!(writer.out, "\x1b[{};{}r", buffer.top + 1, buffer.bottom + 1);
        }
    }

    fn write_modes(&self, writer: &mut Writer<'_>) {
        let out = &mut writer.out;
        let Modes {
            application_cursor,
            application_keypad,
            bracketed_paste,
            insert: _,
            no_wrap: _,
            origin,
            reverse_wrap,
            focus_events,
            synchronized,
            cursor_style,
        } = self.modes;
        let modes = [
            (application_cursor, "\x1b[?1h"),
            (application_keypad, "\x1b="),
            (bracketed_paste, "\x1b[?2004h"),
            (reverse_wrap, "\x1b[?45h"),
            (focus_events, "\x1b[?1004h"),
            (origin, "\x1b[?6h"),
            (self.cursor_hidden, "\x1b[?25l"),
            (self.newline_returns, "\x1b[20h"),
            (synchronized, "\x1b[?2026h"),
        ];
        for (_, sequence) in modes.iter().filter(|(on, _)| *on) {
            out.push_str(sequence);
        }
        if cursor_style > 0 {
            let _ = write!(out, "\x1b[{cursor_style} q");
        }
        if let Some(blink) = self.cursor_blink {
            out.push_str(if blink { "\x1b[?12h" } else { "\x1b[?12l" });
        }
        self.write_mouse(out);
    }

    /// The cursor, the pen and what would disturb drawing. A character that a combining one may join, and one in the last
    /// column behind which the next wraps, is written again as the very last.
    fn write_cursor(&self, writer: &mut Writer<'_>) {
        let buffer = self.shown();
        let y = if self.modes.origin { buffer.y.saturating_sub(buffer.top) } else { buffer.y };
        let waits = buffer.x >= self.cols;
        let before =
            buffer.x.checked_sub(self.joinable as usize).filter(|_| self.joinable > 0 && !self.modes.insert);
        // In the last column of a terminal that does not wrap there is no room for a wide one: it was not drawn.
        let joins = before.is_some_and(|x| {
            buffer.rows.get(buffer.y).is_some_and(|row| row.get(x).width() == self.joinable)
        });
        let mut again = None;
        if (waits || joins)
            && let Some(row) = buffer.rows.get(buffer.y)
        {
            let mut x = buffer.x - 1;
            if row.get(x).width() == 0 && x > 0 && row.get(x - 1).width() == 2 {
                x -= 1;
            }
            again = Some((x, row.get(x))).filter(|(_, cell)| waits || cell.has_content());
        }
        let x = again.map_or(buffer.x.min(self.cols - 1), |(x, _)| x);
        if let Some((_, cell)) = again {
            writer.pen(cell.fg, cell.bg, cell.rare);
        }
        let _ = write!(writer.out, "\x1b[{};{}H", y + 1, x + 1);
        let finish = |writer: &mut Writer<'_>| {
            let pen = &self.pen;
            writer.pen_full(pen.fg, pen.bg, pen.underline, pen.underline_colour, pen.link.as_deref());
            for (level, charset) in self.charsets.into_iter().enumerate() {
                if charset != Charset::Ascii {
                    designate(&mut writer.out, level, charset);
                }
            }
            writer.out.push_str(match self.charset_level {
                0 => "",
                1 => "\x0e",
                2 => "\x1bn",
                _ => "\x1bo",
            });
            if self.modes.no_wrap {
                writer.out.push_str("\x1b[?7l");
            }
            if self.modes.insert {
                writer.out.push_str("\x1b[4h");
            }
        };
        match again {
            Some((_, cell)) if joins => {
                finish(writer);
                writer.text(cell);
            }
            Some((_, cell)) => {
                writer.text(cell);
                finish(writer);
            }
            None => finish(writer),
        }
    }
}

fn designate(out: &mut String, level: usize, charset: Charset) {
    out.push('\x1b');
    out.push(['(', ')', '*', '+'][level]);
    out.push(match charset {
        Charset::Ascii => 'B',
        Charset::Graphics => '0',
        Charset::British => 'A',
    });
}

pub(super) struct Writer<'a> {
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

    fn end_lines(&mut self) {
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

    fn packed_line(&mut self, line: &[u8]) {
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
    fn line_of(&mut self, extras: &Extras, cells: &[Cell], wrapped: bool, marks: &[Mark]) {
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

    fn text(&mut self, cell: Cell) {
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

    fn pen(&mut self, fg: u32, bg: u32, rare: u32) {
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

    fn pen_full(&mut self, fg: u32, bg: u32, underline: u8, underline_colour: u32, link: Option<&Link>) {
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
