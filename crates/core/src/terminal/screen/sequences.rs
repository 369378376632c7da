//! What each control character and sequence does: `common/InputHandler.ts` of xterm.js 6.0.0, in the same order of steps.

use std::sync::Arc;

use super::buffer::{Charset, default_tabs};
use super::cell::{self, Cell, Link, Pen};
use super::{Buffer, Modes, Mouse, MouseFormat, Screen};
use crate::files::path_text;

/// A prefix and an intermediate character, as the parser collects them.
const fn two(prefix: u8, intermediate: u8) -> u32 {
    (prefix as u32) << 8 | intermediate as u32
}

const PRIVATE: u32 = b'?' as u32;
const SPACE: u32 = b' ' as u32;
const QUOTE: u32 = b'\'' as u32;
const DOLLAR: u32 = b'$' as u32;
const PRIVATE_DOLLAR: u32 = two(b'?', b'$');
/// Links longer than this are not kept; OSC 8 asks for at least 2083.
const URI_BYTES: usize = 2083;

impl Screen {
    pub(super) fn execute(&mut self, code: u8) {
        match code {
            0x0a..=0x0c => self.line_feed(),
            b'\r' => self.buffer().x = 0,
            0x07 => {
                self.bells = self.bells.wrapping_add(1);
                self.told = self.told.wrapping_add(1);
            }
            0x08 => self.backspace(),
            b'\t' => {
                let cols = self.cols;
                let buffer = self.buffer();
                if buffer.x < cols {
                    buffer.x = buffer.next_tab(cols);
                }
            }
            0x0e => self.set_level(1),
            0x0f => self.set_level(0),
            0x84 => self.index(),
            0x85 => self.next_line(),
            0x88 => self.buffer().set_tab(true),
            _ => {}
        }
    }

    pub(super) fn line_feed(&mut self) {
        if self.finished.on {
            self.finish_line();
        }
        let (cols, lines, returns) = (self.cols, self.lines, self.newline_returns);
        let buffer = self.buffer();
        if returns {
            buffer.x = 0;
        }
        if buffer.y == buffer.bottom {
            self.scroll(false);
        } else if buffer.y + 1 < lines {
            buffer.y += 1;
            buffer.row().wrapped = false;
        }
        let buffer = self.buffer();
        buffer.x = buffer.x.min(cols - 1);
    }

    fn backspace(&mut self) {
        if !self.modes.reverse_wrap {
            self.restrict(self.cols - 1);
            let buffer = self.buffer();
            buffer.x = buffer.x.saturating_sub(1);
            return;
        }
        self.restrict(self.cols);
        let cols = self.cols;
        let buffer = self.buffer();
        if buffer.x > 0 {
            buffer.x -= 1;
        } else if buffer.y > buffer.top && buffer.y <= buffer.bottom && buffer.row().wrapped {
            buffer.row().wrapped = false;
            buffer.y -= 1;
            buffer.x = cols - 1;
            let cell = buffer.row().get(cols - 1);
            if cell.width() > 0 && !cell.has_content() {
                buffer.x -= 1;
            }
        }
        self.restrict(self.cols - 1);
    }

    /// Keeps the cursor on the screen, and in the region where origin mode says so.
    fn restrict(&mut self, last_column: usize) {
        let (lines, origin) = (self.lines, self.modes.origin);
        let buffer = self.buffer();
        buffer.x = buffer.x.min(last_column);
        buffer.y = if origin { buffer.y.min(buffer.bottom).max(buffer.top) } else { buffer.y.min(lines - 1) };
    }

    /// Moves to a column and line; the line counts from the region's top in origin mode.
    fn set_cursor(&mut self, x: i64, y: i64) {
        let origin = self.modes.origin;
        let buffer = self.buffer();
        let y = if origin { y.saturating_add(buffer.top as i64) } else { y };
        buffer.x = usize::try_from(x.max(0)).unwrap_or(0);
        buffer.y = usize::try_from(y.max(0)).unwrap_or(0);
        self.restrict(self.cols - 1);
    }

    /// As in xterm.js, where a relative move in origin mode adds the region's top again.
    fn move_cursor(&mut self, x: i64, y: i64) {
        self.restrict(self.cols - 1);
        let (at_x, at_y) = (self.shown().x as i64, self.shown().y as i64);
        self.set_cursor(at_x + x, at_y + y);
    }

    fn up(&mut self) {
        let count = self.parser.params.count(0) as i64;
        let room = self.shown().y as i64 - self.shown().top as i64;
        self.move_cursor(0, -if room >= 0 { room.min(count) } else { count });
    }

    fn down(&mut self) {
        let count = self.parser.params.count(0) as i64;
        let room = self.shown().bottom as i64 - self.shown().y as i64;
        self.move_cursor(0, if room >= 0 { room.min(count) } else { count });
    }

    pub(super) fn csi(&mut self, last: u8) {
        let count = self.parser.params.count(0);
        let absolute = count as i64 - 1;
        let y = self.shown().y as i64;
        match (self.parser.collected, last) {
            (0, b'@') => self.edit_row(|row, x, fill| row.insert(x, count, fill)),
            (0, b'P') => self.edit_row(|row, x, fill| row.delete(x, count, fill)),
            (0, b'X') => self.edit_row(|row, x, fill| row.replace(x, x.saturating_add(count), fill, false)),
            (0, b'A') => self.up(),
            (0, b'B') => self.down(),
            (0, b'C' | b'a') => self.move_cursor(count as i64, 0),
            (0, b'D') => self.move_cursor(-(count as i64), 0),
            (0, b'E') => {
                self.down();
                self.buffer().x = 0;
            }
            (0, b'F') => {
                self.up();
                self.buffer().x = 0;
            }
            (0, b'G' | b'`') => self.set_cursor(absolute, y),
            (0, b'H' | b'f') => self.set_cursor(self.parser.params.count(1) as i64 - 1, absolute),
            (0, b'd') => self.set_cursor(self.shown().x as i64, absolute),
            (0, b'e') => self.move_cursor(0, count as i64),
            (0, b'I') => self.tabs(count, |buffer, cols| buffer.next_tab(cols)),
            (0, b'Z') => self.tabs(count, |buffer, _| buffer.previous_tab()),
            (0, b'J') => self.erase_display(false),
            (PRIVATE, b'J') => self.erase_display(true),
            (0, b'K') => self.erase_line(false),
            (PRIVATE, b'K') => self.erase_line(true),
            (0, b'L') => self.move_lines(count, |buffer, fill| buffer.shift_down(buffer.y, fill)),
            (0, b'M') => self.move_lines(count, |buffer, fill| buffer.shift_up(buffer.y, fill, false)),
            (0, b'S') => {
                let (fill, times) = (self.erased(), count.min(self.lines));
                let buffer = self.buffer();
                (0..times).for_each(|_| buffer.shift_up(buffer.top, fill, false));
            }
            (0, b'T') => {
                let times = count.min(self.lines);
                let buffer = self.buffer();
                (0..times).for_each(|_| buffer.shift_down(buffer.top, Cell::BLANK));
            }
            (SPACE, b'@') => self.edit_region(|row, _, fill| row.delete(0, count, fill)),
            (SPACE, b'A') => self.edit_region(|row, _, fill| row.insert(0, count, fill)),
            (QUOTE, b'}') => self.edit_region(|row, x, fill| row.insert(x, count, fill)),
            (QUOTE, b'~') => self.edit_region(|row, x, fill| row.delete(x, count, fill)),
            (0, b'b') => self.repeat(count),
            (0, b'c') => self.device_attributes(false),
            (0x3e, b'c') => self.device_attributes(true),
            (0, b'g') => match self.parser.params.get(0) {
                0 => self.buffer().set_tab(false),
                3 => self.buffer().tabs.fill(false),
                _ => {}
            },
            (0, b'h') => self.ansi_modes(true),
            (0, b'l') => self.ansi_modes(false),
            (PRIVATE, b'h') => self.private_modes(true),
            (PRIVATE, b'l') => self.private_modes(false),
            (0, b'm') => self.attributes(),
            (0, b'n') => self.device_status(false),
            (PRIVATE, b'n') => self.device_status(true),
            (DOLLAR, b'p') => self.request_mode(false),
            (PRIVATE_DOLLAR, b'p') => self.request_mode(true),
            (0x21, b'p') => self.soft_reset(),
            (SPACE, b'q') => self.cursor_style(),
            (0x22, b'q') => match self.parser.params.get(0) {
                1 => self.pen.bg |= cell::PROTECTED,
                0 | 2 => self.pen.bg &= !cell::PROTECTED,
                _ => {}
            },
            (0, b'r') => self.set_region(),
            (PRIVATE, b'S') if self.pictures => self.graphics_attributes(),
            (0, b't') if self.pictures => self.window_size(),
            (0, b's') => self.save_cursor(),
            (0, b'u') => self.restore_cursor(),
            _ => {}
        }
    }

    fn edit_row(&mut self, edit: impl FnOnce(&mut cell::Row, usize, Cell)) {
        self.restrict(self.cols - 1);
        let fill = self.erased();
        let buffer = self.buffer();
        let x = buffer.x;
        edit(buffer.row(), x, fill);
    }

    fn edit_region(&mut self, edit: impl Fn(&mut cell::Row, usize, Cell)) {
        let fill = self.erased();
        let buffer = self.buffer();
        if !(buffer.top..=buffer.bottom).contains(&buffer.y) {
            return;
        }
        let (x, top, bottom) = (buffer.x, buffer.top, buffer.bottom);
        for row in buffer.rows.range_mut(top..=bottom) {
            edit(row, x, fill);
            row.wrapped = false;
        }
    }

    fn move_lines(&mut self, count: usize, step: impl Fn(&mut Buffer, Cell)) {
        self.restrict(self.cols - 1);
        let fill = self.erased();
        let buffer = self.buffer();
        if (buffer.top..=buffer.bottom).contains(&buffer.y) {
            for _ in 0..count.min(buffer.bottom + 1 - buffer.y) {
                step(buffer, fill);
            }
            buffer.x = 0;
        }
    }

    fn tabs(&mut self, count: usize, step: impl Fn(&Buffer, usize) -> usize) {
        let cols = self.cols;
        let buffer = self.buffer();
        if buffer.x < cols {
            for _ in 0..count.min(cols) {
                buffer.x = step(buffer, cols);
            }
        }
    }

    fn erase_display(&mut self, keep_protected: bool) {
        self.restrict(self.cols);
        let (cols, lines, fill) = (self.cols, self.lines, self.erased());
        let mode = self.parser.params.get(0);
        let buffer = self.buffer();
        let (x, y) = (buffer.x, buffer.y);
        let clear = |row: &mut cell::Row| {
            if keep_protected {
                row.clear_unprotected(fill);
                row.wrapped = false;
            } else {
                row.clear(fill, false);
            }
        };
        match mode {
            0 => {
                buffer.row().replace(x, cols, fill, keep_protected);
                if x == 0 {
                    buffer.row().wrapped = false;
                }
                buffer.rows.range_mut(y + 1..).for_each(clear);
            }
            1 => {
                buffer.row().replace(0, x + 1, fill, keep_protected);
                buffer.row().wrapped = false;
                if x + 1 >= cols
                    && let Some(below) = buffer.rows.get_mut(y + 1)
                {
                    below.wrapped = false;
                }
                buffer.rows.range_mut(..y).for_each(clear);
            }
            // The window is set to keep what was there: it scrolls away.
            2 => {
                let filled =
                    (0..lines).rev().find(|&line| buffer.rows[line].trimmed() > 0).map_or(0, |line| line + 1);
                (0..filled).for_each(|_| self.scroll(false));
            }
            3 if !self.on_alternate => {
                // As in xterm.js, where a saved cursor has a line of everything.
                self.main.saved.y += self.scrollback.len() as i64;
                self.scrollback.clear();
            }
            _ => {}
        }
    }

    fn erase_line(&mut self, keep_protected: bool) {
        self.restrict(self.cols);
        let (cols, fill) = (self.cols, self.erased());
        let mode = self.parser.params.get(0);
        let buffer = self.buffer();
        let x = buffer.x;
        let (start, end, unwraps) = match mode {
            0 => (x, cols, x == 0),
            1 => (0, x + 1, false),
            2 => (0, cols, true),
            _ => return,
        };
        let row = buffer.row();
        row.replace(start, end, fill, keep_protected);
        if unwraps {
            row.wrapped = false;
        }
    }

    /// REP. A count that would fill the screen twice fills the screen twice.
    fn repeat(&mut self, count: usize) {
        let Some(x) = self.shown().x.checked_sub(self.joinable as usize) else { return };
        if self.joinable == 0 {
            return;
        }
        let cell = self.buffer().row().get(x);
        let text: Vec<u32> = match self.extras.text(cell) {
            Some(text) => text.chars().map(u32::from).collect(),
            None if cell.code() > 0 => vec![cell.code()],
            None => return,
        };
        for _ in 0..count.min(self.cols * self.lines * 2) {
            for &code in &text {
                self.print(code);
            }
        }
    }

    fn ansi_modes(&mut self, on: bool) {
        for &mode in self.parser.params.values() {
            match mode {
                4 => self.modes.insert = on,
                20 => self.newline_returns = on,
                _ => {}
            }
        }
    }

    fn private_modes(&mut self, on: bool) {
        for at in 0..self.parser.params.len() {
            self.private_mode(self.parser.params.get(at), on);
        }
    }

    fn private_mode(&mut self, mode: i32, on: bool) {
        match mode {
            1 => self.modes.application_cursor = on,
            2 if on => {
                self.charsets = [Charset::Ascii; 4];
                self.charset = Charset::Ascii;
            }
            6 => {
                self.modes.origin = on;
                self.set_cursor(0, 0);
            }
            7 => self.modes.no_wrap = !on,
            12 => self.cursor_blink = Some(on),
            25 => self.cursor_hidden = !on,
            45 => self.modes.reverse_wrap = on,
            66 => self.modes.application_keypad = on,
            9 => self.mouse = if on { Mouse::X10 } else { Mouse::Off },
            1000 => self.mouse = if on { Mouse::Clicks } else { Mouse::Off },
            1002 => self.mouse = if on { Mouse::Drags } else { Mouse::Off },
            1003 => self.mouse = if on { Mouse::Moves } else { Mouse::Off },
            1004 => self.modes.focus_events = on,
            1006 => self.mouse_format = if on { MouseFormat::Sgr } else { MouseFormat::Default },
            1016 => self.mouse_format = if on { MouseFormat::SgrPixels } else { MouseFormat::Default },
            1048 if on => self.save_cursor(),
            1048 => self.restore_cursor(),
            47 | 1047 | 1049 if on => {
                if mode == 1049 {
                    self.save_cursor();
                }
                self.show_alternate();
            }
            47 | 1047 | 1049 => {
                self.show_main();
                if mode == 1049 {
                    self.restore_cursor();
                }
            }
            2004 => self.modes.bracketed_paste = on,
            2026 => self.modes.synchronized = on,
            _ => {}
        }
    }

    fn show_alternate(&mut self) {
        if !self.on_alternate {
            let fill = self.erased();
            self.alternate.fill(self.cols, self.lines, fill);
            (self.alternate.x, self.alternate.y) = (self.main.x, self.main.y);
            self.on_alternate = true;
        }
    }

    fn show_main(&mut self) {
        if self.on_alternate {
            (self.main.x, self.main.y) = (self.alternate.x, self.alternate.y);
            self.alternate.leave(self.cols, self.lines);
            self.on_alternate = false;
        }
    }

    fn save_cursor(&mut self) {
        let (fg, bg, charset) = (self.pen.fg, self.pen.bg, self.charset);
        let buffer = self.buffer();
        buffer.saved = super::buffer::Saved { x: buffer.x, y: buffer.y as i64, fg, bg, charset };
    }

    fn restore_cursor(&mut self) {
        let buffer = self.buffer();
        let saved = buffer.saved;
        buffer.x = saved.x;
        buffer.y = usize::try_from(saved.y.max(0)).unwrap_or(0);
        (self.pen.fg, self.pen.bg, self.charset) = (saved.fg, saved.bg, saved.charset);
        // Saved are colours and flags only, not the style of an underline; and what was saved outside of a link is.
        self.pen.underline = match (self.pen.fg & cell::UNDERLINE != 0, self.pen.underline) {
            (false, _) => 0,
            (true, style) => style.max(1),
        };
        if saved.bg & cell::RARE == 0 {
            self.pen.link = None;
        }
        self.make_room_and_renew();
        self.restrict(self.cols - 1);
    }

    fn soft_reset(&mut self) {
        let lines = self.lines;
        self.cursor_hidden = false;
        self.pen = Pen::default();
        self.modes = Modes::NEW;
        self.reset_charsets();
        let buffer = self.buffer();
        buffer.top = 0;
        buffer.bottom = lines - 1;
        buffer.saved = super::buffer::Saved::default();
    }

    fn full_reset(&mut self) {
        let (cols, lines) = (self.cols, self.lines);
        self.pen = Pen::default();
        self.modes = Modes::NEW;
        self.mouse = Mouse::Off;
        self.mouse_format = MouseFormat::Default;
        self.reset_charsets();
        self.main = Buffer::new(cols, lines);
        self.main.fill(cols, lines, Cell::BLANK);
        self.alternate = Buffer::new(cols, lines);
        self.on_alternate = false;
        self.scrollback.clear();
        self.extras = cell::Extras::default();
        self.parser.reset();
    }

    fn reset_charsets(&mut self) {
        self.charsets = [Charset::Ascii; 4];
        self.charset_level = 0;
        self.charset = Charset::Ascii;
    }

    fn cursor_style(&mut self) {
        let style = self.parser.params.get(0);
        self.modes.cursor_style = match u8::try_from(style) {
            Ok(style @ 0..=6) => style,
            // Xterm.js takes the blinking from any number and leaves the shape alone.
            _ => match (self.modes.cursor_style, style % 2 == 1) {
                (0 | 7 | 8, true) => 7,
                (0 | 7 | 8, false) => 8,
                (shape, true) => (shape - 1) / 2 * 2 + 1,
                (shape, false) => (shape - 1) / 2 * 2 + 2,
            },
        };
    }

    fn set_region(&mut self) {
        let lines = self.lines;
        let params = &self.parser.params;
        let top = params.count(0);
        let bottom = match usize::try_from(params.get(1)) {
            Ok(bottom) if params.len() >= 2 && bottom > 0 && bottom <= lines => bottom,
            _ => lines,
        };
        if bottom > top {
            let buffer = self.buffer();
            buffer.top = top - 1;
            buffer.bottom = bottom - 1;
            self.set_cursor(0, 0);
        }
    }

    pub(super) fn esc(&mut self, last: u8) {
        match (self.parser.collected, last) {
            (0, b'7') => self.save_cursor(),
            (0, b'8') => self.restore_cursor(),
            (0, b'D') => self.index(),
            (0, b'E') => self.next_line(),
            (0, b'H') => self.buffer().set_tab(true),
            (0, b'M') => self.reverse_index(),
            (0, b'=') => self.modes.application_keypad = true,
            (0, b'>') => self.modes.application_keypad = false,
            (0, b'c') => self.full_reset(),
            (0, b'n' | b'}') => self.set_level(2),
            (0, b'o' | b'|') => self.set_level(3),
            (0, b'~') => self.set_level(1),
            (0x25, b'@' | b'G') => {
                self.set_level(0);
                self.designate(0, Charset::Ascii);
            }
            (0x23, b'8') => self.alignment_pattern(),
            (into @ 0x28..=0x2e, set) if into != 0x2c => {
                let level = match into {
                    0x28 => 0,
                    0x29 | 0x2d => 1,
                    0x2a | 0x2e => 2,
                    _ => 3,
                };
                match set {
                    b'0' => self.designate(level, Charset::Graphics),
                    b'A' => self.designate(level, Charset::British),
                    b'B' | b'4' | b'C' | b'5' | b'R' | b'Q' | b'K' | b'Y' | b'E' | b'6' | b'Z' | b'H'
                    | b'7' | b'=' => {
                        self.designate(level, Charset::Ascii);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn designate(&mut self, level: usize, charset: Charset) {
        self.charsets[level] = charset;
        if level == self.charset_level {
            self.charset = charset;
        }
    }

    fn set_level(&mut self, level: usize) {
        self.charset_level = level;
        self.charset = self.charsets[level];
    }

    fn index(&mut self) {
        self.restrict(self.cols - 1);
        let lines = self.lines;
        let buffer = self.buffer();
        if buffer.y == buffer.bottom {
            self.scroll(false);
        } else {
            buffer.y = (buffer.y + 1).min(lines - 1);
        }
        self.restrict(self.cols - 1);
    }

    fn next_line(&mut self) {
        self.buffer().x = 0;
        self.index();
    }

    fn reverse_index(&mut self) {
        self.restrict(self.cols - 1);
        let fill = self.erased();
        let buffer = self.buffer();
        if buffer.y == buffer.top {
            buffer.shift_down(buffer.top, fill);
        } else {
            buffer.y = buffer.y.saturating_sub(1);
            self.restrict(self.cols - 1);
        }
    }

    /// DECALN.
    fn alignment_pattern(&mut self) {
        let fill = Cell::plain(u32::from(b'E'), 1, self.pen.fg, self.pen.bg & !cell::RARE, 0);
        self.set_cursor(0, 0);
        let buffer = self.buffer();
        let y = buffer.y;
        for row in buffer.rows.range_mut(y..) {
            row.clear(fill, false);
        }
        self.set_cursor(0, 0);
    }

    /// SGR.
    fn attributes(&mut self) {
        let mut at = 0;
        while at < self.parser.params.len() {
            let value = self.parser.params.get(at);
            let subs = self.parser.params.subs(at);
            let pen = &mut self.pen;
            match value {
                0 => {
                    let link = pen.link.take();
                    *pen = Pen { link, ..Pen::default() };
                    self.renew_pen();
                }
                1 => pen.fg |= cell::BOLD,
                2 => pen.bg |= cell::DIM,
                3 => pen.bg |= cell::ITALIC,
                4 => {
                    let style = subs.first().copied().unwrap_or(1);
                    self.underline(style);
                }
                5 => pen.fg |= cell::BLINK,
                7 => pen.fg |= cell::INVERSE,
                8 => pen.fg |= cell::HIDDEN,
                9 => pen.fg |= cell::STRIKE,
                21 => self.underline(2),
                22 => {
                    pen.fg &= !cell::BOLD;
                    pen.bg &= !cell::DIM;
                }
                23 => pen.bg &= !cell::ITALIC,
                24 => self.underline(0),
                25 => pen.fg &= !cell::BLINK,
                27 => pen.fg &= !cell::INVERSE,
                28 => pen.fg &= !cell::HIDDEN,
                29 => pen.fg &= !cell::STRIKE,
                30..=37 => set_colour(&mut pen.fg, cell::COLOUR_16 | (value - 30) as u32),
                40..=47 => set_colour(&mut pen.bg, cell::COLOUR_16 | (value - 40) as u32),
                90..=97 => set_colour(&mut pen.fg, cell::COLOUR_16 | (value - 90) as u32 | 8),
                100..=107 => set_colour(&mut pen.bg, cell::COLOUR_16 | (value - 100) as u32 | 8),
                39 => set_colour(&mut pen.fg, 0),
                49 => set_colour(&mut pen.bg, 0),
                53 => pen.bg |= cell::OVERLINE,
                55 => pen.bg &= !cell::OVERLINE,
                38 | 48 | 58 => at += self.extended_colour(at),
                59 => {
                    pen.underline_colour = 0;
                    self.renew_pen();
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn underline(&mut self, style: i32) {
        let style = match style {
            0..=5 => style as u8,
            _ => 1,
        };
        self.pen.underline = style;
        if style == 0 {
            self.pen.fg &= !cell::UNDERLINE;
        } else {
            self.pen.fg |= cell::UNDERLINE;
        }
        self.make_room_and_renew();
    }

    fn make_room_and_renew(&mut self) {
        if self.extras.wants_collection() {
            self.collect_garbage();
        } else {
            self.renew_pen();
        }
    }

    /// `38;5;n`, `38;2;r;g;b` and the same with colons, with or without a colour space. Returns how many further values it took.
    fn extended_colour(&mut self, at: usize) -> usize {
        let params = &self.parser.params;
        let mut found = [0, 0, -1, 0, 0, 0];
        let (mut space, mut advance) = (0, 0);
        loop {
            found[advance + space] = params.get(at + advance);
            let subs = params.subs(at + advance);
            if !subs.is_empty() {
                for (number, &sub) in subs.iter().enumerate() {
                    if found[1] == 5 {
                        space = 1;
                    }
                    let place = advance + number + 1 + space;
                    if place >= found.len() {
                        break;
                    }
                    found[place] = sub;
                }
                break;
            }
            if found[1] == 5 && advance + space >= 2 || found[1] == 2 && advance + space >= 5 {
                break;
            }
            if found[1] != 0 {
                space = 1;
            }
            advance += 1;
            if advance + at >= params.len() || advance + space >= found.len() {
                break;
            }
        }
        let byte = |value: i32| (value.max(0) & 0xff) as u32;
        let colour = match found[1] {
            2 => cell::COLOUR_RGB | byte(found[3]) << 16 | byte(found[4]) << 8 | byte(found[5]),
            5 => cell::COLOUR_256 | byte(found[3]),
            _ => return advance,
        };
        match found[0] {
            38 => set_colour(&mut self.pen.fg, colour),
            48 => set_colour(&mut self.pen.bg, colour),
            _ => {
                self.pen.underline_colour = colour;
                self.make_room_and_renew();
            }
        }
        advance
    }

    pub(super) fn osc(&mut self, whole: bool) {
        let picture = self.parser.take_picture();
        if !whole {
            return;
        }
        if let Some(picture) = picture {
            return self.place(&picture);
        }
        let mut string = std::mem::take(&mut self.parser.string);
        if self.parser.string_has_bytes {
            if self.enter_bytes(&string) {
                return;
            }
            string.retain(|character| !path_text::is_byte(character));
        }
        let (number, text) = string.split_once(';').unwrap_or((&string, ""));
        match number.parse::<u32>() {
            Ok(0 | 2) => {
                self.title = Some(text.to_owned());
                self.told = self.told.wrapping_add(1);
            }
            Ok(4) => self.indexed_colours(text),
            Ok(7) => self.directory = text.to_owned(),
            Ok(8) => self.hyperlink(text),
            Ok(first @ 10..=12) => self.special_colours(first, text),
            Ok(52) => return self.put_on_clipboard(string),
            Ok(133 | 633) => self.mark(text),
            Ok(1337) => self.iterm(text),
            Ok(104) if text.is_empty() => self.colours.retain(|&index, _| index > 255),
            Ok(104) => {
                for index in text.split(';').filter_map(|index| index.parse::<u8>().ok()) {
                    self.colours.remove(&u16::from(index));
                }
            }
            Ok(first @ 110..=112) => {
                self.colours.remove(&(256 + (first - 110) as u16));
            }
            _ => {}
        }
        self.parser.string = string;
    }

    /// OSC 52. Only the newest counts, as it would on the clipboard; questions about it are never answered.
    fn put_on_clipboard(&mut self, string: String) {
        let data = string.rsplit(';').next().unwrap_or_default();
        if !matches!(data, "" | "?") {
            self.clipboard = Some((self.offset, format!("\x1b]{string}\x1b\\")));
        }
    }

    fn indexed_colours(&mut self, text: &str) {
        let mut parts = text.split(';');
        while let (Some(index), Some(colour)) = (parts.next(), parts.next()) {
            let Ok(index) = index.parse::<u8>() else { continue };
            if colour == "?" {
                self.ask_window(format!("\x1b]4;{index};?\x1b\\"));
            } else if is_colour(colour) {
                self.colours.insert(u16::from(index), colour.to_owned());
            }
        }
    }

    /// OSC 10 to 12; further colours in one sequence are those of the next number.
    fn special_colours(&mut self, first: u32, text: &str) {
        for (number, colour) in (first..=12).zip(text.split(';')) {
            if colour == "?" {
                self.ask_window(format!("\x1b]{number};?\x1b\\"));
            } else if is_colour(colour) {
                self.colours.insert(256 + (number - 10) as u16, colour.to_owned());
            }
        }
    }

    fn hyperlink(&mut self, text: &str) {
        let Some((params, uri)) = text.split_once(';') else { return };
        if uri.is_empty() {
            if params.trim().is_empty() {
                self.pen.link = None;
                self.renew_pen();
            }
            return;
        }
        let id = params.trim().split(':').find_map(|param| param.strip_prefix("id=")).unwrap_or_default();
        self.pen.link =
            (uri.len() <= URI_BYTES).then(|| Arc::new(Link { id: id.to_owned(), uri: uri.to_owned() }));
        self.make_room_and_renew();
    }

    pub(super) fn dcs(&mut self, whole: bool) {
        if let Some(picture) = self.parser.take_picture().filter(|_| whole) {
            return self.place(&picture);
        }
        if whole && self.parser.dcs_is(DOLLAR, b'q') {
            self.request_status();
        }
    }

    pub(super) fn tabs_are_default(&self, buffer: &Buffer) -> bool {
        let default = default_tabs(self.cols);
        (0..self.cols).all(|x| buffer.tabs.get(x).copied().unwrap_or(false) == default[x])
    }
}

fn set_colour(part: &mut u32, colour: u32) {
    *part = *part & !cell::COLOUR_MASK | colour;
}

/// A colour as xterm.js reads it: `rgb:r/g/b` or `#rgb`, one to four digits each.
fn is_colour(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(parts) = text.strip_prefix("rgb:") {
        let parts: Vec<&str> = parts.split('/').collect();
        return parts.len() == 3
            && (1..=4).contains(&parts[0].len())
            && parts.iter().all(|part| part.len() == parts[0].len() && hex(part));
    }
    text.strip_prefix('#').is_some_and(|digits| matches!(digits.len(), 3 | 6 | 9 | 12) && hex(digits))
}
