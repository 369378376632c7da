//! Modes that are set and reset one by one or all at once: the alternate page, the cursor's look, the character sets.

use super::super::buffer::{Charset, Saved};
use super::super::cell::{self, Cell, Pen};
use super::super::{Buffer, Modes, Mouse, MouseFormat, Screen};

impl Screen {
    pub(super) fn ansi_modes(&mut self, on: bool) {
        for &mode in self.parser.params.values() {
            match mode {
                4 => self.modes.insert = on,
                20 => self.newline_returns = on,
                _ => {}
            }
        }
    }

    pub(super) fn private_modes(&mut self, on: bool) {
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

    pub(super) fn cursor_style(&mut self) {
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

    pub(super) fn designate(&mut self, level: usize, charset: Charset) {
        self.charsets[level] = charset;
        if level == self.charset_level {
            self.charset = charset;
        }
    }

    pub(super) fn set_level(&mut self, level: usize) {
        self.charset_level = level;
        self.charset = self.charsets[level];
    }

    pub(super) fn soft_reset(&mut self) {
        let lines = self.lines;
        self.cursor_hidden = false;
        self.pen = Pen::default();
        self.modes = Modes::NEW;
        self.reset_charsets();
        let buffer = self.buffer();
        buffer.top = 0;
        buffer.bottom = lines - 1;
        buffer.saved = Saved::default();
    }

    pub(super) fn full_reset(&mut self) {
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
}
