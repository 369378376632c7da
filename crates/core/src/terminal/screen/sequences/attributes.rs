//! SGR: what the characters that follow look like.

use super::super::Screen;
use super::super::cell::{self, Pen};

impl Screen {
    /// SGR.
    pub(super) fn attributes(&mut self) {
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

    pub(super) fn make_room_and_renew(&mut self) {
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
}

fn set_colour(part: &mut u32, colour: u32) {
    *part = *part & !cell::COLOUR_MASK | colour;
}
