//! Cells and rows. The bits are those of xterm.js 6 (`common/buffer/Constants.ts`), so that both treat each attribute alike.

use std::collections::HashMap;
use std::sync::Arc;

use super::marks::Mark;

/// A cell: a character with its columns, colours and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// Code point (0: nothing was written here), or a number in [`Extras`] with [`COMBINED`]; and the width.
    pub content: u32,
    /// Foreground colour and flags.
    pub fg: u32,
    /// Background colour and flags.
    pub bg: u32,
    /// 0, or what [`Extras::rare`] knows: underline style and colour, hyperlink.
    pub rare: u32,
}

pub(super) const COMBINED: u32 = 1 << 21;
const CODE_MASK: u32 = 0x1f_ffff;
const WIDTH_SHIFT: u32 = 22;

pub(super) const COLOUR_MASK: u32 = 0x3ff_ffff;
pub(super) const COLOUR_16: u32 = 0x100_0000;
pub(super) const COLOUR_256: u32 = 0x200_0000;
pub(super) const COLOUR_RGB: u32 = 0x300_0000;

pub(super) const INVERSE: u32 = 1 << 26;
pub(super) const BOLD: u32 = 1 << 27;
pub(super) const UNDERLINE: u32 = 1 << 28;
pub(super) const BLINK: u32 = 1 << 29;
pub(super) const HIDDEN: u32 = 1 << 30;
pub(super) const STRIKE: u32 = 1 << 31;
pub(super) const ITALIC: u32 = 1 << 26;
pub(super) const DIM: u32 = 1 << 27;
/// The cell has something in [`Extras`].
pub(super) const RARE: u32 = 1 << 28;
pub(super) const PROTECTED: u32 = 1 << 29;
pub(super) const OVERLINE: u32 = 1 << 30;

/// Code points of one cell. Xterm.js joins without end; text that is in order has at most 30 behind one (UAX #15, Stream-Safe
/// Text Format).
const JOINED_CHARS: usize = 32;
/// Joined characters and rare attributes that a screen may hold; further ones are drawn without. Unused ones are
/// forgotten when it is full.
const TEXTS: usize = 16_384;
const RARES: usize = 4_096;
/// New ones that are drawn without, while most of the old ones are in use, before it is looked again: a look costs as much
/// as printing the screen.
const COLLECTION_PATIENCE: usize = 4_096;

impl Cell {
    pub const BLANK: Cell = Cell { content: 1 << WIDTH_SHIFT, fg: 0, bg: 0, rare: 0 };

    pub fn new(code: u32, width: u32, pen: &Pen) -> Self {
        let rare = if pen.bg & RARE == 0 { 0 } else { pen.rare };
        Self { content: code | width << WIDTH_SHIFT, fg: pen.fg, bg: pen.bg, rare }
    }

    /// Nothing, on a background.
    pub fn erased(bg: u32) -> Self {
        Self { bg: bg & COLOUR_MASK, ..Self::BLANK }
    }

    pub fn width(self) -> u32 {
        self.content >> WIDTH_SHIFT
    }

    pub fn has_content(self) -> bool {
        self.content & (CODE_MASK | COMBINED) != 0
    }

    pub fn code(self) -> u32 {
        self.content & CODE_MASK
    }

    pub fn is_combined(self) -> bool {
        self.content & COMBINED != 0
    }

    pub fn with_text(self, number: u32) -> Self {
        Self { content: (self.content & !CODE_MASK) | COMBINED | number, ..self }
    }

    pub fn joined(number: u32, width: u32, fg: u32, bg: u32, rare: u32) -> Self {
        Self { content: COMBINED | number | width << WIDTH_SHIFT, fg, bg, rare }
    }

    pub fn plain(code: u32, width: u32, fg: u32, bg: u32, rare: u32) -> Self {
        Self { content: code | width << WIDTH_SHIFT, fg, bg, rare }
    }
}

/// What the next character is written with.
#[derive(Debug, Clone, Default)]
pub(super) struct Pen {
    pub fg: u32,
    pub bg: u32,
    /// The number of what follows in [`Extras`], as it was interned last.
    pub rare: u32,
    pub underline: u8,
    pub underline_colour: u32,
    pub link: Option<Arc<Link>>,
}

/// A hyperlink (OSC 8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub id: String,
    pub uri: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Rare {
    /// As in `CSI 4 : n m`.
    pub underline: u8,
    pub underline_colour: u32,
    pub link: Option<Arc<Link>>,
}

/// What few cells have, by number.
#[derive(Debug, Default)]
pub(super) struct Extras {
    texts: Vec<Box<str>>,
    rares: Vec<Rare>,
    numbers: HashMap<Rare, u32>,
    /// So often it may be found full before it is looked at again what is unused.
    patience: usize,
}

impl Extras {
    pub fn text(&self, cell: Cell) -> Option<&str> {
        if !cell.is_combined() {
            return None;
        }
        self.texts.get(cell.code() as usize).map(AsRef::as_ref)
    }

    pub fn rare(&self, number: u32) -> Option<&Rare> {
        self.rares.get((number as usize).checked_sub(1)?)
    }

    /// Whether it is time to forget what no cell has any more. Where a screen really has that much, looking again at every
    /// character would make each cost as much as the whole screen.
    pub fn wants_collection(&mut self) -> bool {
        if self.texts.len() < TEXTS && self.rares.len() < RARES {
            return false;
        }
        let wants = self.patience == 0;
        self.patience = self.patience.saturating_sub(1);
        wants
    }

    /// Everything in it is in use.
    pub fn collected(&mut self) {
        let crowded = self.texts.len() > TEXTS / 2 || self.rares.len() > RARES / 2;
        self.patience = if crowded { COLLECTION_PATIENCE } else { 0 };
    }

    /// A number for a joined character; none when there is no room.
    pub fn add_text(&mut self, text: &str) -> Option<u32> {
        if self.texts.len() >= TEXTS || text.chars().count() > JOINED_CHARS {
            return None;
        }
        self.texts.push(text.into());
        u32::try_from(self.texts.len() - 1).ok()
    }

    /// A number for rare attributes; 0 (none) when there is no room.
    pub fn add_rare(&mut self, rare: Rare) -> u32 {
        if let Some(&number) = self.numbers.get(&rare) {
            return number;
        }
        if self.rares.len() >= RARES {
            return 0;
        }
        self.rares.push(rare.clone());
        let number = u32::try_from(self.rares.len()).unwrap_or(0);
        self.numbers.insert(rare, number);
        number
    }

    /// Takes over from `old` what a cell needs.
    pub fn adopt(&mut self, cell: Cell, old: &Extras) -> Cell {
        let mut cell = cell;
        if let Some(text) = old.text(cell) {
            cell = match self.add_text(text) {
                Some(number) => cell.with_text(number),
                None => Cell::plain(
                    text.chars().next().map_or(0, u32::from),
                    cell.width(),
                    cell.fg,
                    cell.bg,
                    cell.rare,
                ),
            };
        }
        cell.rare = old.rare(cell.rare).map_or(0, |rare| self.add_rare(rare.clone()));
        cell
    }
}

/// One line of the screen.
#[derive(Debug, Clone)]
pub(super) struct Row {
    cells: Vec<Cell>,
    /// Cells from here on are blank; clearing a line that was hardly written costs little.
    used: usize,
    /// The used cells are known to be ASCII without attributes, as most lines of a flood are: such a line is packed without
    /// looking at each cell.
    plain: bool,
    /// It goes on from the line above.
    pub wrapped: bool,
    /// Where a shell said that a prompt or a command begins or ends; one of each kind at most.
    pub marks: Vec<Mark>,
}

impl Row {
    pub fn new(cols: usize, fill: Cell, wrapped: bool) -> Self {
        let used = if fill == Cell::BLANK { 0 } else { cols };
        Self { cells: vec![fill; cols], used, plain: used == 0, wrapped, marks: Vec::new() }
    }

    pub fn from_cells(cells: Vec<Cell>, cols: usize, wrapped: bool) -> Self {
        let used = cells.len().min(cols);
        let mut row = Self { cells, used, plain: false, wrapped, marks: Vec::new() };
        row.cells.resize(cols, Cell::BLANK);
        row
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cells that may be anything but blank.
    pub fn used(&self) -> &[Cell] {
        &self.cells[..self.used]
    }

    /// Whether the used cells are known to be ASCII without attributes. False may mean that nobody has looked.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    pub fn get(&self, at: usize) -> Cell {
        self.cells.get(at).copied().unwrap_or(Cell::BLANK)
    }

    pub fn set(&mut self, at: usize, cell: Cell) {
        if let Some(place) = self.cells.get_mut(at) {
            *place = cell;
            self.used = self.used.max(at + 1);
            self.plain = false;
        }
    }

    /// Writes characters of one column from `at` on; they have to fit.
    pub fn write_ascii(&mut self, at: usize, text: &[u8], pen: Cell) {
        let end = at + text.len();
        for (place, &byte) in self.cells[at..end].iter_mut().zip(text) {
            *place = Cell { content: pen.content | u32::from(byte), ..pen };
        }
        // Beyond what is used there would be a gap of blank cells.
        self.plain &= at <= self.used && pen.fg | pen.bg == 0;
        self.used = self.used.max(end);
    }

    /// Writes a character of two columns at `at`; both have to fit.
    pub fn write_wide(&mut self, at: usize, code: u32, pen: Cell) {
        if let Some([first, second]) = self.cells.get_mut(at..at + 2) {
            *first = Cell { content: code | 2 << WIDTH_SHIFT, ..pen };
            *second = Cell { content: 0, ..pen };
            self.plain = false;
            self.used = self.used.max(at + 2);
        }
    }

    pub fn clear(&mut self, fill: Cell, wrapped: bool) {
        if fill == Cell::BLANK {
            let used = self.used;
            self.cells[..used].fill(Cell::BLANK);
            self.used = 0;
        } else {
            self.cells.fill(fill);
            self.used = self.cells.len();
        }
        self.plain = self.used == 0;
        self.wrapped = wrapped;
        self.marks.clear();
    }

    /// Fills all cells that are not protected.
    pub fn clear_unprotected(&mut self, fill: Cell) {
        for cell in &mut self.cells {
            if cell.bg & PROTECTED == 0 {
                *cell = fill;
            }
        }
        self.used = self.cells.len();
        self.plain = false;
    }

    /// How many cells up to the last one that was written.
    pub fn trimmed(&self) -> usize {
        self.used()
            .iter()
            .rposition(|cell| cell.has_content())
            .map_or(0, |last| last + self.cells[last].width().max(1) as usize)
    }

    pub fn insert(&mut self, at: usize, count: usize, fill: Cell) {
        let len = self.cells.len();
        let at = at % len;
        let count = count.min(len - at);
        if at > 0 && self.get(at - 1).width() == 2 {
            self.set(at - 1, fill);
        }
        self.cells.copy_within(at..len - count, at + count);
        self.cells[at..at + count].fill(fill);
        self.used = len;
        self.plain = false;
        if self.get(len - 1).width() == 2 {
            self.set(len - 1, fill);
        }
    }

    pub fn delete(&mut self, at: usize, count: usize, fill: Cell) {
        let len = self.cells.len();
        let at = at % len;
        let count = count.min(len - at);
        self.cells.copy_within(at + count.., at);
        self.cells[len - count..].fill(fill);
        self.used = len;
        self.plain = false;
        if at > 0 && self.get(at - 1).width() == 2 {
            self.set(at - 1, fill);
        }
        if self.get(at).width() == 0 && !self.get(at).has_content() {
            self.set(at, fill);
        }
    }

    pub fn replace(&mut self, start: usize, end: usize, fill: Cell, keep_protected: bool) {
        let end = end.min(self.cells.len().max(start));
        let open = |row: &Row, at: usize| !keep_protected || row.get(at).bg & PROTECTED == 0;
        if start > 0 && self.get(start - 1).width() == 2 && open(self, start - 1) {
            self.set(start - 1, fill);
        }
        if end < self.len() && end > 0 && self.get(end - 1).width() == 2 && open(self, end) {
            self.set(end, fill);
        }
        for at in start..end {
            if open(self, at) {
                self.set(at, fill);
            }
        }
    }

    pub fn resize(&mut self, cols: usize) {
        self.cells.resize(cols, Cell::BLANK);
        self.used = self.used.min(cols);
    }

    pub fn cells_mut(&mut self) -> &mut [Cell] {
        let used = self.used;
        self.plain = false;
        &mut self.cells[..used]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often it is looked for what is unused while so many characters are joined on a screen that needs so many.
    fn collections(in_use: usize, joined: usize) -> usize {
        let mut extras = Extras::default();
        let mut collections = 0;
        for _ in 0..joined {
            if extras.wants_collection() {
                collections += 1;
                extras = Extras::default();
                for _ in 0..in_use {
                    extras.add_text("e\u{301}");
                }
                extras.collected();
            }
            extras.add_text("e\u{301}");
        }
        collections
    }

    #[test]
    fn a_screen_that_is_full_of_joined_characters_is_not_searched_for_each_further_one() {
        let joined = 10 * TEXTS;
        assert!(collections(TEXTS, joined) <= joined / COLLECTION_PATIENCE);
        assert!(collections(TEXTS - 1, joined) <= joined / COLLECTION_PATIENCE);
    }

    #[test]
    fn what_is_unused_makes_room_at_once() {
        assert_eq!(collections(10, 2 * TEXTS), 2);
    }
}
