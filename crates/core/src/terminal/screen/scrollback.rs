//! Lines that have scrolled off, packed: text, runs of attributes and whether a line goes on from the one above.
//! A line of plain text costs its bytes and five more; the grid would cost 16 bytes a cell.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cell::{Cell, Extras, Link, RARE, Rare, Row};
use super::marks::{self, Mark};

/// What the packed lines of one terminal may take. When it is full the oldest block of lines goes.
pub(super) const SCROLLBACK_BYTES: usize = 4 * 1024 * 1024;
/// Lines are kept in blocks of this size, so that old ones go in one piece.
const BLOCK_BYTES: usize = 64 * 1024;

const WRAPPED: u8 = 1;
/// Nothing but ASCII without attributes.
const PLAIN: u8 = 2;
/// Marks stand before the text.
const MARKED: u8 = 4;

#[derive(Debug, Default)]
struct Block {
    /// The width of the screen that its lines come from.
    cols: usize,
    data: Vec<u8>,
    /// Where each line ends.
    ends: Vec<u32>,
    /// Lines at the front that are over the limit already.
    gone: usize,
}

impl Block {
    fn line(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] as usize };
        &self.data[start..self.ends[number] as usize]
    }

    fn size(&self) -> usize {
        self.data.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

#[derive(Debug)]
pub(super) struct Scrollback {
    blocks: VecDeque<Block>,
    lines: usize,
    /// Lines kept at most.
    limit: usize,
    /// What the blocks before the last take.
    full_bytes: usize,
}

impl Scrollback {
    pub fn new(limit: usize) -> Self {
        Self { blocks: VecDeque::new(), lines: 0, limit, full_bytes: 0 }
    }

    pub fn len(&self) -> usize {
        self.lines
    }

    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Keeps so many lines from now on; older ones go at once.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        while self.lines > limit {
            self.forget_oldest_line();
        }
    }

    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        self.full_bytes + self.blocks.back().map_or(0, Block::size)
    }

    pub fn push(&mut self, row: &Row, extras: &Extras) {
        if self.limit == 0 {
            return;
        }
        let fits = |block: &Block| block.data.len() < BLOCK_BYTES && block.cols == row.len();
        if !self.blocks.back().is_some_and(fits) {
            if let Some(block) = self.blocks.back_mut() {
                block.data.shrink_to_fit();
                block.ends.shrink_to_fit();
                self.full_bytes += block.size();
            }
            let data = Vec::with_capacity(BLOCK_BYTES);
            self.blocks.push_back(Block { data, cols: row.len(), ..Block::default() });
        }
        if let Some(block) = self.blocks.back_mut() {
            pack(row, extras, &mut block.data);
            block.ends.push(u32::try_from(block.data.len()).unwrap_or(u32::MAX));
            self.lines += 1;
        }
        if self.lines > self.limit {
            self.forget_oldest_line();
        }
        while self.bytes() > SCROLLBACK_BYTES && self.blocks.len() > 1 {
            self.forget_oldest_block();
        }
    }

    fn forget_oldest_line(&mut self) {
        if let Some(block) = self.blocks.front_mut() {
            block.gone += 1;
            self.lines -= 1;
            if block.gone == block.ends.len() {
                self.forget_oldest_block();
            }
        }
    }

    fn forget_oldest_block(&mut self) {
        if let Some(block) = self.blocks.pop_front() {
            self.lines -= block.ends.len() - block.gone;
            if !self.blocks.is_empty() {
                self.full_bytes = self.full_bytes.saturating_sub(block.size());
            }
        }
    }

    /// Takes the newest line back.
    pub fn pop(&mut self, extras: &mut Extras) -> Option<Line> {
        let block = self.blocks.back_mut()?;
        let last = block.ends.len().checked_sub(1)?;
        let line = unpack(block.line(last), block.cols, extras);
        block.ends.pop();
        block.data.truncate(block.ends.last().map_or(0, |&end| end as usize));
        self.lines -= 1;
        if block.ends.len() == block.gone {
            self.blocks.pop_back();
            if let Some(block) = self.blocks.back() {
                self.full_bytes = self.full_bytes.saturating_sub(block.size());
            }
        }
        Some(line)
    }

    /// The packed lines, oldest first, each with the width of the screen that it comes from.
    pub fn iter_with_cols(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.blocks
            .iter()
            .flat_map(|block| (block.gone..block.ends.len()).map(|number| (block.cols, block.line(number))))
    }

    /// The packed lines, oldest first.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.blocks.iter().flat_map(|block| (block.gone..block.ends.len()).map(|number| block.line(number)))
    }
}

/// Whether a packed line goes on from the one above.
pub(super) fn is_wrapped(line: &[u8]) -> bool {
    line.first().is_some_and(|flags| flags & WRAPPED != 0)
}

/// The text of a packed line without any attribute, if it is such.
pub(super) fn plain_text(line: &[u8]) -> Option<&[u8]> {
    let (flags, _, text) = parts(line);
    (flags & PLAIN != 0).then_some(text)
}

/// The marks of a packed line.
pub(super) fn marks_of(line: &[u8]) -> Vec<Mark> {
    parts(line).1
}

/// Its flags, its marks and the rest.
fn parts(line: &[u8]) -> (u8, Vec<Mark>, &[u8]) {
    match line.split_first() {
        Some((&flags, rest)) if flags & MARKED != 0 => {
            let (marks, rest) = marks::unpack(rest);
            (flags, marks, rest)
        }
        Some((&flags, rest)) => (flags, Vec::new(), rest),
        None => (0, Vec::new(), &[]),
    }
}

/// A line as it was before it was packed.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The width of the screen that it comes from.
    pub cols: usize,
    pub cells: Vec<Cell>,
    /// It goes on from the one above.
    pub wrapped: bool,
    pub marks: Vec<Mark>,
}

impl Line {
    pub fn into_row(self) -> Row {
        let mut row = Row::from_cells(self.cells, self.cols, self.wrapped);
        row.marks = self.marks;
        row
    }
}

/// Whether a cell has one ASCII character; its attributes are another question.
fn is_ascii(cell: &Cell) -> bool {
    (cell.content ^ Cell::BLANK.content).wrapping_sub(0x20) < 0x5f
}

fn pack(row: &Row, extras: &Extras, out: &mut Vec<u8>) {
    let mut cells = row.used();
    if !row.is_plain() {
        while let Some((&Cell::BLANK, rest)) = cells.split_last() {
            cells = rest;
        }
    }
    let marked = if row.marks.is_empty() { 0 } else { MARKED };
    let flags = marked | if row.wrapped { WRAPPED } else { 0 };
    let plain = row.is_plain() || cells.iter().all(|cell| cell.fg | cell.bg == 0 && is_ascii(cell));
    out.push(if plain { flags | PLAIN } else { flags });
    if marked != 0 {
        marks::pack(&row.marks, out);
    }
    if plain {
        pack_ascii(cells, out);
        return;
    }
    while let Some(first) = cells.first().copied() {
        let same = |cell: &&Cell| (cell.fg, cell.bg, cell.rare) == (first.fg, first.bg, first.rare);
        let count = cells.iter().take_while(same).count();
        let (run, rest) = cells.split_at(count);
        let ascii = run.iter().all(is_ascii);
        pack_number(count << 1 | usize::from(ascii), out);
        out.extend(first.fg.to_le_bytes());
        out.extend(first.bg.to_le_bytes());
        if first.bg & RARE != 0 {
            let none = Rare::default();
            let rare = extras.rare(first.rare).unwrap_or(&none);
            out.push(rare.underline);
            out.extend(rare.underline_colour.to_le_bytes());
            let (id, uri) = rare.link.as_ref().map_or(("", ""), |link| (&link.id, &link.uri));
            for text in [id, uri] {
                pack_number(text.len(), out);
                out.extend_from_slice(text.as_bytes());
            }
        }
        cells = rest;
        if ascii {
            pack_ascii(run, out);
            continue;
        }
        for &cell in run {
            let width = (cell.width() as usize) << 1;
            match extras.text(cell) {
                Some(text) => {
                    pack_number(text.len() << 3 | width | 1, out);
                    out.extend_from_slice(text.as_bytes());
                }
                None => pack_number((cell.code() as usize) << 3 | width, out),
            }
        }
    }
}

/// Each cell is known to have one ASCII character.
fn pack_ascii(cells: &[Cell], out: &mut Vec<u8>) {
    out.extend(cells.iter().map(|cell| (cell.content & 0x7f) as u8));
}

fn pack_number(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads what [`pack`] wrote; what does not fit ends the line.
struct Unpack<'a>(&'a [u8]);

impl<'a> Unpack<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn word(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let count = self.number()?;
        str::from_utf8(self.take(count)?).ok()
    }

    fn run(&mut self, extras: &mut Extras, cells: &mut Vec<Cell>) -> Option<()> {
        let head = self.number()?;
        let (count, ascii) = (head >> 1, head & 1 != 0);
        let (fg, bg) = (self.word()?, self.word()?);
        let mut number = 0;
        if bg & RARE != 0 {
            let underline = *self.take(1)?.first()?;
            let underline_colour = self.word()?;
            let (id, uri) = (self.text()?.to_owned(), self.text()?.to_owned());
            let link = (!uri.is_empty()).then(|| Arc::new(Link { id, uri }));
            number = extras.add_rare(Rare { underline, underline_colour, link });
        }
        if ascii {
            let text = self.take(count)?;
            cells.extend(text.iter().map(|&byte| Cell::plain(u32::from(byte), 1, fg, bg, number)));
            return Some(());
        }
        for _ in 0..count {
            let head = self.number()?;
            let (value, width) = (head >> 3, (head >> 1 & 3) as u32);
            cells.push(if head & 1 == 0 {
                Cell::plain(u32::try_from(value).ok()?, width, fg, bg, number)
            } else {
                let text = str::from_utf8(self.take(value)?).ok()?;
                match extras.add_text(text) {
                    Some(joined) => Cell::joined(joined, width, fg, bg, number),
                    None => Cell::plain(text.chars().next().map_or(0, u32::from), width, fg, bg, number),
                }
            });
        }
        Some(())
    }
}

/// A packed line as it was.
pub(super) fn unpack(line: &[u8], cols: usize, extras: &mut Extras) -> Line {
    let wrapped = is_wrapped(line);
    let (flags, marks, rest) = parts(line);
    if flags & PLAIN != 0 {
        let cells = rest.iter().map(|&byte| Cell::plain(u32::from(byte), 1, 0, 0, 0)).collect();
        return Line { cols, cells, wrapped, marks };
    }
    let mut cells = Vec::new();
    let mut unpack = Unpack(rest);
    while !unpack.0.is_empty() && unpack.run(extras, &mut cells).is_some() {}
    Line { cols, cells, wrapped, marks }
}
