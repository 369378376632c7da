//! The size of a sixel picture (VT330/VT340 Programmer Reference, volume 2, chapter 14).

use std::fmt::Write as _;

use super::SIDE_MAX;

/// Lines of pixels in one sixel.
const BAND: u32 = 6;
/// Counted no further: a size beyond is too large anyway.
const COUNT_MAX: u32 = 2 * SIDE_MAX;
/// Raster attributes. More of them are no size, and are not counted: they would be said again in every snapshot.
const RASTER_NUMBERS: usize = 4;

/// What the numbers that follow belong to.
#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Sixels,
    /// `!`: how often the next sixel comes.
    Repeat(u32),
    /// `"`: the raster attributes; the number under way is the one at the index. Behind the last it is [`RASTER_NUMBERS`].
    Raster([u32; RASTER_NUMBERS], usize),
    /// `#`, which says nothing about the size.
    Colour,
}

/// Counts what is drawn. A size that is declared before anything is drawn is taken at its word.
#[derive(Debug, Default)]
pub(in super::super) struct Sixel {
    state: State,
    declared: Option<(u32, u32)>,
    /// Something was drawn, or the place to draw at moved.
    begun: bool,
    x: u32,
    width: u32,
    /// Whole bands above the one under way.
    bands: u32,
    /// Lines of pixels that the one under way has.
    band_height: u32,
}

impl Sixel {
    pub fn take(&mut self, code: u32) {
        if let 0x30..=0x39 = code {
            return self.digit(code - 0x30);
        }
        if code == 0x3b {
            if let State::Raster(_, at) = &mut self.state {
                *at = (*at + 1).min(RASTER_NUMBERS);
            }
            return;
        }
        let before = std::mem::take(&mut self.state);
        if let State::Raster([_, _, width, height], _) = before
            && width > 0
            && height > 0
        {
            self.declared = Some((width, height));
        }
        match code {
            0x21 => self.state = State::Repeat(0),
            0x22 if !self.begun && self.declared.is_none() => {
                self.state = State::Raster([0; RASTER_NUMBERS], 0)
            }
            0x22 | 0x23 => self.state = State::Colour,
            0x24 => (self.x, self.begun) = (0, true),
            0x2d => {
                (self.x, self.band_height, self.begun) = (0, 0, true);
                self.bands = (self.bands + 1).min(COUNT_MAX);
            }
            0x3f..=0x7e => {
                let times = if let State::Repeat(times) = before { times.max(1) } else { 1 };
                self.x = (self.x + times).min(COUNT_MAX);
                self.width = self.width.max(self.x);
                self.band_height = self.band_height.max(u32::BITS - (code - 0x3f).leading_zeros());
                self.begun = true;
            }
            // Anything else says nothing, not even that the number before it has ended.
            _ => self.state = before,
        }
    }

    fn digit(&mut self, digit: u32) {
        let number = match &mut self.state {
            State::Repeat(times) => Some(times),
            State::Raster(numbers, at) => numbers.get_mut(*at),
            State::Sixels | State::Colour => None,
        };
        if let Some(number) = number {
            *number = (*number * 10 + digit).min(COUNT_MAX * 10);
        }
    }

    /// Width and height in pixels; 0 if nothing is to be seen.
    pub fn size(&self) -> (u32, u32) {
        let declared = match self.state {
            State::Raster([_, _, width, height], _) if width > 0 && height > 0 => Some((width, height)),
            _ => self.declared,
        };
        declared.unwrap_or((self.width, self.bands * BAND + self.band_height))
    }

    /// See [`super::Picture::resume`].
    pub fn resume(&self) -> String {
        let mut out = String::from("\x1bPq");
        if let Some((width, height)) = self.declared {
            let _ = write!(out, "\"1;1;{width};{height}");
        }
        if self.begun {
            out.push('$');
            if self.width > 0 {
                let _ = write!(out, "!{}?$", self.width);
            }
            out.extend(std::iter::repeat_n('-', self.bands as usize));
            if self.band_height > 0 {
                out.push(char::from(0x3f + (1 << (self.band_height - 1)) as u8));
                out.push('$');
            }
            if self.x > 0 {
                let _ = write!(out, "!{}?", self.x);
            }
        }
        match self.state {
            State::Sixels => {}
            State::Repeat(0) => out.push('!'),
            State::Repeat(times) => {
                let _ = write!(out, "!{times}");
            }
            State::Raster(numbers, at) => {
                let said: Vec<String> = numbers.iter().take(at + 1).map(u32::to_string).collect();
                let behind = if at < RASTER_NUMBERS { "" } else { ";" };
                let _ = write!(out, "\"{}{behind}", said.join(";"));
            }
            State::Colour => out.push_str("#0"),
        }
        out
    }
}
