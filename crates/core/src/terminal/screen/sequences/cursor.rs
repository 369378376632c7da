//! Where the cursor goes: its moves, line ends, tab stops, the scrolling region, and the place that is saved.

use super::super::buffer::{Saved, default_tabs};
use super::super::cell;
use super::super::{Buffer, Screen};

impl Screen {
    pub(in super::super) fn line_feed(&mut self) {
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

    pub(super) fn backspace(&mut self) {
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
    pub(super) fn restrict(&mut self, last_column: usize) {
        let (lines, origin) = (self.lines, self.modes.origin);
        let buffer = self.buffer();
        buffer.x = buffer.x.min(last_column);
        buffer.y = if origin { buffer.y.min(buffer.bottom).max(buffer.top) } else { buffer.y.min(lines - 1) };
    }

    /// Moves to a column and line; the line counts from the region's top in origin mode.
    pub(super) fn set_cursor(&mut self, x: i64, y: i64) {
        let origin = self.modes.origin;
        let buffer = self.buffer();
        let y = if origin { y.saturating_add(buffer.top as i64) } else { y };
        buffer.x = usize::try_from(x.max(0)).unwrap_or(0);
        buffer.y = usize::try_from(y.max(0)).unwrap_or(0);
        self.restrict(self.cols - 1);
    }

    /// As in xterm.js, where a relative move in origin mode adds the region's top again.
    pub(super) fn move_cursor(&mut self, x: i64, y: i64) {
        self.restrict(self.cols - 1);
        let (at_x, at_y) = (self.shown().x as i64, self.shown().y as i64);
        self.set_cursor(at_x + x, at_y + y);
    }

    pub(super) fn up(&mut self) {
        let count = self.parser.params.count(0) as i64;
        let room = self.shown().y as i64 - self.shown().top as i64;
        self.move_cursor(0, -if room >= 0 { room.min(count) } else { count });
    }

    pub(super) fn down(&mut self) {
        let count = self.parser.params.count(0) as i64;
        let room = self.shown().bottom as i64 - self.shown().y as i64;
        self.move_cursor(0, if room >= 0 { room.min(count) } else { count });
    }

    pub(super) fn tabs(&mut self, count: usize, step: impl Fn(&Buffer, usize) -> usize) {
        let cols = self.cols;
        let buffer = self.buffer();
        if buffer.x < cols {
            for _ in 0..count.min(cols) {
                buffer.x = step(buffer, cols);
            }
        }
    }

    pub(super) fn index(&mut self) {
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

    pub(super) fn next_line(&mut self) {
        self.buffer().x = 0;
        self.index();
    }

    pub(super) fn reverse_index(&mut self) {
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

    pub(super) fn set_region(&mut self) {
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

    pub(super) fn save_cursor(&mut self) {
        let (fg, bg, charset) = (self.pen.fg, self.pen.bg, self.charset);
        let buffer = self.buffer();
        buffer.saved = Saved { x: buffer.x, y: buffer.y as i64, fg, bg, charset };
    }

    pub(super) fn restore_cursor(&mut self) {
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

    pub(in super::super) fn tabs_are_default(&self, buffer: &Buffer) -> bool {
        let default = default_tabs(self.cols);
        (0..self.cols).all(|x| buffer.tabs.get(x).copied().unwrap_or(false) == default[x])
    }
}
