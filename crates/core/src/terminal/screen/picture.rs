//! Pictures that a program draws (sixel, and files as iTerm2 has them): how much room they take. The engine never decodes one;
//! it measures, so that the cursor is where it is in the window. `ui/src/terminal/pictures/size.ts` measures in the same way,
//! and both are held against `tests/recordings/pictures.json`.
//!
//! A picture is measured in cells of 10 x 20 pixels, whatever the letters are: what it takes follows from the bytes alone, and
//! nothing has to be asked of the window.

mod file;
mod sixel;

use file::File;
use sixel::Sixel;

use super::cell::{self, Cell, Pen};
use super::{Charset, Screen};

/// Of one cell, in pixels of a picture: what the VT340 had, and what programs assume of a terminal that says nothing.
pub(super) const CELL: (u32, u32) = (10, 20);
/// A picture that is longer or has more pixels takes one line that says so: 8 Mi pixels are 32 MiB where they are drawn.
const SIDE_MAX: u32 = 8192;
const PIXELS_MAX: u64 = 8 * 1024 * 1024;
/// Where the size of a file is looked for, in characters: behind the preview that a camera puts first.
pub(super) const SEARCH_CHARS: usize = 128 * 1024;
/// What a file is described with before its data.
const HEADER_CHARS: usize = 1024;

/// A picture that is being read.
#[derive(Debug)]
pub(super) enum Picture {
    Sixel(Sixel),
    File(File),
}

/// What a picture takes, in cells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub cols: usize,
    pub lines: usize,
    /// What stands there where it is not drawn.
    pub label: String,
}

impl Picture {
    pub fn sixel() -> Self {
        Self::Sixel(Sixel::default())
    }

    /// The string of an OSC up to the colon before the data, if it describes a file to be shown.
    pub fn file(string: &str) -> Option<Self> {
        let header = string.strip_prefix("1337;")?;
        File::new(header).map(Self::File)
    }

    pub fn take(&mut self, code: u32) {
        match self {
            Self::Sixel(sixel) => sixel.take(code),
            Self::File(file) => file.take(code),
        }
    }

    /// Whether its size may still be found, so that what has been read is needed to go on elsewhere.
    pub fn is_undecided(&self) -> bool {
        matches!(self, Self::File(file) if file.is_undecided())
    }

    /// The beginning of a sequence with which another terminal measures the same, whatever follows. The picture is lost there.
    pub fn resume(&self) -> String {
        match self {
            Self::Sixel(sixel) => sixel.resume(),
            Self::File(file) => file.resume(),
        }
    }

    /// What it takes on a screen of so many cells; nothing if it has no size.
    pub fn area(&self, cols: usize, lines: usize) -> Option<Area> {
        let (width, height) = match self {
            Self::Sixel(sixel) => sixel.size(),
            Self::File(file) => file.size()?,
        };
        if width == 0 || height == 0 {
            return None;
        }
        let label = format!("[image {width} x {height}]");
        if width > SIDE_MAX || height > SIDE_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX {
            return Some(Area { cols: label.len(), lines: 1, label });
        }
        let (shown_width, shown_height) = match self {
            Self::Sixel(_) => (width, height),
            Self::File(file) => {
                let side =
                    |cells: usize, pixels| u32::try_from(cells).unwrap_or(u32::MAX).saturating_mul(pixels);
                file.shown((width, height), (side(cols, CELL.0), side(lines, CELL.1)))
            }
        };
        let cells = |pixels: u32, cell: u32| pixels.clamp(1, SIDE_MAX).div_ceil(cell) as usize;
        Some(Area { cols: cells(shown_width, CELL.0), lines: cells(shown_height, CELL.1), label })
    }
}

impl Screen {
    /// Makes room for a picture at the cursor, which ends in the picture's last line, in the column where it was.
    pub(super) fn place(&mut self, picture: &Picture) {
        let Some(area) = picture.area(self.cols, self.lines) else { return };
        let cols = self.cols;
        let x = self.shown().x;
        let free = cols.saturating_sub(x).min(area.cols);
        for line in 0..area.lines {
            if line > 0 {
                self.line_feed();
            }
            self.buffer().row().replace(x.min(cols), x + free, Cell::BLANK, false);
            if line == 0 {
                self.print_label(&area.label[..area.label.len().min(free)]);
            }
            self.buffer().x = x;
        }
    }

    fn print_label(&mut self, label: &str) {
        let dim = Pen { bg: cell::DIM, ..Pen::default() };
        let pen = std::mem::replace(&mut self.pen, dim);
        let charset = std::mem::replace(&mut self.charset, Charset::Ascii);
        let insert = std::mem::replace(&mut self.modes.insert, false);
        self.print_ascii(label.as_bytes());
        (self.pen, self.charset, self.modes.insert) = (pen, charset, insert);
    }
}

#[cfg(test)]
mod tests;
