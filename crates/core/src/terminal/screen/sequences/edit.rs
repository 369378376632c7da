//! Characters and lines that are put in, taken out, erased and repeated.

use super::super::cell::{self, Cell};
use super::super::{Buffer, Screen};

impl Screen {
    pub(super) fn edit_row(&mut self, edit: impl FnOnce(&mut cell::Row, usize, Cell)) {
        self.restrict(self.cols - 1);
        let fill = self.erased();
        let buffer = self.buffer();
        let x = buffer.x;
        edit(buffer.row(), x, fill);
    }

    pub(super) fn edit_region(&mut self, edit: impl Fn(&mut cell::Row, usize, Cell)) {
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

    pub(super) fn move_lines(&mut self, count: usize, step: impl Fn(&mut Buffer, Cell)) {
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

    pub(super) fn erase_display(&mut self, keep_protected: bool) {
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

    pub(super) fn erase_line(&mut self, keep_protected: bool) {
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
    pub(super) fn repeat(&mut self, count: usize) {
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

    /// DECALN.
    pub(super) fn alignment_pattern(&mut self) {
        let fill = Cell::plain(u32::from(b'E'), 1, self.pen.fg, self.pen.bg & !cell::RARE, 0);
        self.set_cursor(0, 0);
        let buffer = self.buffer();
        let y = buffer.y;
        for row in buffer.rows.range_mut(y..) {
            row.clear(fill, false);
        }
        self.set_cursor(0, 0);
    }
}
