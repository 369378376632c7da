//! Another size. Lines that were wrapped are wrapped anew, as xterm.js does it; the line with the cursor is left to the
//! program that writes it. Packed lines are wrapped anew only when they are looked at: while a window is being pulled to
//! another size, it takes many.

use std::collections::VecDeque;

use super::cell::{Cell, Extras, Row};
use super::marks::{self, Mark};
use super::scrollback::{is_wrapped, unpack};
use super::{Buffer, Screen, measure};
use crate::terminal::state::TerminalSize;

/// Lines of one wrapped line that are wrapped anew together. A longer one is parted there: it would cost memory without end.
const WRAPPED_LINES: usize = 1000;

impl Screen {
    /// Takes another size: first the lines, then the columns, as xterm.js does it (`common/buffer/Buffer.ts`), so that windows
    /// and engine have the same text in the same lines.
    pub fn resize(&mut self, size: TerminalSize) {
        let (cols, lines) = measure(size);
        if (cols, lines) == (self.cols, self.lines) {
            return;
        }
        self.fit_main(lines);
        let before = std::mem::replace(&mut self.cols, cols);
        if cols != before {
            self.rewrap(lines);
        }
        for buffer in [&mut self.main, &mut self.alternate] {
            fit(buffer, cols, lines);
        }
        self.lines = lines;
    }

    /// Wraps the main page's lines for the new width. The cursor stays in its line as long as there are lines above the screen.
    fn rewrap(&mut self, lines: usize) {
        let cols = self.cols;
        let has_above = self.scrollback.len() > 0;
        let (mut cursor, mut y) = (self.main.y, self.main.y);
        // A line that began above the screen comes back whole, unless it is left alone.
        let cursor_is_in_it = self.main.rows.iter().take(y + 1).all(|row| row.wrapped);
        while !cursor_is_in_it
            && self.main.rows.front().is_some_and(|row| row.wrapped)
            && self.main.rows.len() < lines + WRAPPED_LINES
        {
            let Some(line) = self.scrollback.pop(&mut self.extras) else { break };
            self.main.rows.push_front(line.into_row());
            cursor += 1;
        }
        let mut rest = std::mem::take(&mut self.main.rows).into_iter().enumerate().peekable();
        let mut rows = VecDeque::new();
        while let Some((at, row)) = rest.next() {
            let mut group = vec![row];
            let mut last = at;
            while let Some((next, row)) = rest.next_if(|(_, row)| row.wrapped) {
                group.push(row);
                last = next;
            }
            if (at..=last).contains(&cursor) {
                rows.extend(group);
            } else {
                rows.extend(wrap(group, cols));
            }
        }
        rows.iter_mut().for_each(|row| row.resize(cols));
        self.main.rows = rows;
        while self.main.rows.len() > lines {
            if !has_above && y + 1 < lines {
                self.main.rows.pop_back();
                y += 1;
                self.main.saved.y += 1;
            } else if let Some(row) = self.main.rows.pop_front() {
                self.scrollback.push(&row, &self.extras);
            }
        }
        while self.main.rows.len() < lines {
            if let Some(row) = self.pull_line() {
                self.main.rows.push_front(row);
            } else {
                self.main.rows.push_back(Row::new(cols, Cell::BLANK, false));
                y = y.saturating_sub(1);
                self.main.saved.y = (self.main.saved.y - 1).max(0);
            }
        }
        self.main.y = y;
        self.main.saved.y = self.main.saved.y.min(lines as i64 - 1);
    }

    /// Takes the newest line back from the scrollback, wrapped for the width of the screen.
    fn pull_line(&mut self) -> Option<Row> {
        let line = self.scrollback.pop(&mut self.extras)?;
        if line.cols == self.cols {
            return Some(line.into_row());
        }
        let mut group = vec![line.into_row()];
        while group.last().is_some_and(|row| row.wrapped) && group.len() < WRAPPED_LINES {
            let Some(line) = self.scrollback.pop(&mut self.extras) else { break };
            group.push(line.into_row());
        }
        group.reverse();
        let mut rows = wrap(group, self.cols);
        let newest = rows.pop()?;
        for row in rows {
            self.scrollback.push(&row, &self.extras);
        }
        Some(newest)
    }

    /// Gives the main page another height: lines go to the scrollback or come back from it.
    fn fit_main(&mut self, lines: usize) {
        while self.main.rows.len() > lines {
            if self.main.y + 1 < self.main.rows.len() {
                self.main.rows.pop_back();
            } else if let Some(row) = self.main.rows.pop_front() {
                self.scrollback.push(&row, &self.extras);
                self.main.y = self.main.y.saturating_sub(1);
                self.main.saved.y -= 1;
            }
        }
        while self.main.rows.len() < lines && self.main.y + 1 >= self.main.rows.len() {
            let Some(row) = self.pull_line() else { break };
            self.main.rows.push_front(row);
            self.main.y += 1;
            self.main.saved.y += 1;
        }
        while self.main.rows.len() < lines {
            self.main.rows.push_back(Row::new(self.cols, Cell::BLANK, false));
        }
    }
}

/// Packed lines as they are on a screen of this width: those of another one are unpacked and wrapped anew.
pub(super) fn rewrapped<'a>(
    lines: impl Iterator<Item = (usize, &'a [u8])>,
    cols: usize,
    mut shown: impl FnMut(Shown<'_>),
) {
    let mut lines = lines.peekable();
    while let Some(first) = lines.next() {
        let mut group = vec![first];
        while group.len() < WRAPPED_LINES
            && let Some(line) = lines.next_if(|(_, line)| is_wrapped(line))
        {
            group.push(line);
        }
        if group.iter().all(|&(width, _)| width == cols) {
            group.iter().for_each(|(_, line)| shown(Shown::Packed(line)));
            continue;
        }
        let mut extras = Extras::default();
        let rows = group.iter().map(|&(width, line)| unpack(line, width, &mut extras).into_row()).collect();
        for row in wrap(rows, cols) {
            shown(Shown::Row(&row, &extras));
        }
    }
}

/// A line of the scrollback; see [`rewrapped`].
pub(super) enum Shown<'a> {
    Packed(&'a [u8]),
    Row(&'a Row, &'a Extras),
}

fn fit(buffer: &mut Buffer, cols: usize, lines: usize) {
    if !buffer.rows.is_empty() {
        while buffer.rows.len() > lines {
            if buffer.y + 1 < buffer.rows.len() {
                buffer.rows.pop_back();
            } else {
                buffer.rows.pop_front();
                buffer.y = buffer.y.saturating_sub(1);
                buffer.saved.y = (buffer.saved.y - 1).max(0);
            }
        }
        // A line of the alternate page keeps what does not fit, as in xterm.js: it is there again on a wider one.
        buffer.rows.iter_mut().filter(|row| row.len() < cols).for_each(|row| row.resize(cols));
        while buffer.rows.len() < lines {
            buffer.rows.push_back(Row::new(cols, Cell::BLANK, false));
        }
    }
    buffer.cols = cols;
    buffer.x = buffer.x.min(cols - 1);
    buffer.y = buffer.y.min(lines - 1);
    buffer.saved.x = buffer.saved.x.min(cols - 1);
    buffer.top = 0;
    buffer.bottom = lines - 1;
    buffer.renew_tabs(cols);
}

/// One line of text in rows of another width. A wide character is never parted.
fn wrap(mut group: Vec<Row>, cols: usize) -> Vec<Row> {
    let Some((last, full)) = group.split_last() else { return Vec::new() };
    if full.is_empty() && last.trimmed() <= cols {
        // Whatever its background, it needs no more lines.
        group[0].resize(cols);
        return group;
    }
    let mut cells: Vec<Cell> = Vec::new();
    // Where each mark stands in the whole line.
    let mut marks: Vec<(usize, Mark)> = Vec::new();
    let note = |row: &Row, start: usize, marks: &mut Vec<(usize, Mark)>| {
        marks.extend(row.marks.iter().map(|mark| (start + usize::from(mark.column), *mark)));
    };
    for (row, next) in full.iter().zip(&group[1..]) {
        note(row, cells.len(), &mut marks);
        let mut end = row.len();
        // The column that a wide character left empty at the end of its line.
        let is_empty = |cell: Cell| !cell.has_content() && cell.width() == 1;
        if end > 0 && is_empty(row.get(end - 1)) && next.get(0).width() == 2 {
            end -= 1;
        }
        cells.extend((0..end).map(|at| row.get(at)));
    }
    note(last, cells.len(), &mut marks);
    cells.extend((0..last.trimmed()).map(|at| last.get(at)));
    let mut rows = Vec::new();
    let mut start = 0;
    let wrapped = group.first().is_some_and(|row| row.wrapped);
    loop {
        let mut end = (start + cols).min(cells.len());
        if end < cells.len() && end > start + 1 && cells[end - 1].width() == 2 {
            end -= 1;
        }
        let row = cells[start..end].to_vec();
        let mut row = Row::from_cells(row, cols, if start == 0 { wrapped } else { true });
        let is_last = end >= cells.len();
        for (at, mark) in marks.extract_if(.., |(at, _)| *at < end || is_last) {
            let column = u16::try_from((at - start).min(cols - 1)).unwrap_or(u16::MAX);
            marks::set(&mut row.marks, Mark { column, ..mark });
        }
        rows.push(row);
        start = end;
        if is_last {
            return rows;
        }
    }
}
