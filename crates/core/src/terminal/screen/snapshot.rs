//! The screen as bytes that put a window into the same state, whatever it had before: xterm.js 6 gives the same cells, cursor,
//! colours, title and modes as if it had read everything.
//!
//! What cannot be said in bytes, and so differs: an empty cell with attributes other than a background comes as a space,
//! and so does an empty last cell under a waiting wrap; a saved cursor that is outside of the screen; the person's cursor blinking; a character set in use that is not the one of its level. Bounded as
//! well: strings over 4 KiB, hyperlinks over 2083 bytes, more than 32 code points in a cell, lines above the caps.

use std::fmt::Write as _;

use super::buffer::{Buffer, Charset};
use super::cell::RARE;
use super::resize::{Shown, rewrapped};
use super::{Modes, Screen};

mod writer;

pub(super) use writer::Writer;

/// A snapshot is not longer than this and one screen: older lines of scrollback are left out of it.
pub const SNAPSHOT_BYTES: usize = 8 * 1024 * 1024;

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
