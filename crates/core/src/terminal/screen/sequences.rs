//! What each control character and sequence does: `common/InputHandler.ts` of xterm.js 6.0.0, in the same order of steps.

use super::Screen;
use super::buffer::Charset;
use super::cell::{self, Cell};

mod attributes;
mod cursor;
mod edit;
mod modes;
mod osc;

/// A prefix and an intermediate character, as the parser collects them.
const fn two(prefix: u8, intermediate: u8) -> u32 {
    (prefix as u32) << 8 | intermediate as u32
}

const PRIVATE: u32 = b'?' as u32;
const SPACE: u32 = b' ' as u32;
const QUOTE: u32 = b'\'' as u32;
const DOLLAR: u32 = b'$' as u32;
const PRIVATE_DOLLAR: u32 = two(b'?', b'$');

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
            b'\t' => self.tabs(1, |buffer, cols| buffer.next_tab(cols)),
            0x0e => self.set_level(1),
            0x0f => self.set_level(0),
            0x84 => self.index(),
            0x85 => self.next_line(),
            0x88 => self.buffer().set_tab(true),
            _ => {}
        }
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

    pub(super) fn dcs(&mut self, whole: bool) {
        if let Some(picture) = self.parser.take_picture().filter(|_| whole) {
            return self.place(&picture);
        }
        if whole && self.parser.dcs_is(DOLLAR, b'q') {
            self.request_status();
        }
    }
}
