//! Another size. Lines that were wrapped are wrapped anew, as xterm.js does it; the line with the cursor is left to the
//! program that writes it. Packed lines are not touched: the window wraps them by itself when it is given a snapshot.

use super::cell::{Cell, Row};
use super::marks::{self, Mark};
use super::{Buffer, Screen, measure};
use crate::terminal::state::TerminalSize;

impl Screen {
    /// Takes another size. Windows and servers learn of it at different moments, so programs draw again anyway.
    pub fn resize(&mut self, size: TerminalSize) {
        let (cols, lines) = measure(size);
        if (cols, lines) == (self.cols, self.lines) {
            return;
        }
        if cols != self.cols {
            self.rewrap(cols);
        }
        self.fit_main(lines);
        for buffer in [&mut self.main, &mut self.alternate] {
            fit(buffer, cols, lines);
        }
        self.cols = cols;
        self.lines = lines;
    }

    /// Wraps the main page's lines for another width.
    fn rewrap(&mut self, cols: usize) {
        // A line that began above the screen comes back whole.
        while self.main.rows.front().is_some_and(|row| row.wrapped) && self.main.rows.len() < 2 * self.lines {
            let Some(line) = self.scrollback.pop(&mut self.extras) else { break };
            self.main.rows.push_front(line.into_row(self.cols));
            self.main.y += 1;
            self.main.saved.y += 1;
        }
        let rows = std::mem::take(&mut self.main.rows);
        let cursor = self.main.y;
        let mut rest = rows.into_iter().enumerate().peekable();
        let mut moved = cursor;
        while let Some((at, row)) = rest.next() {
            let mut group = vec![row];
            let mut last = at;
            while let Some((next, row)) = rest.next_if(|(_, row)| row.wrapped) {
                group.push(row);
                last = next;
            }
            if (at..=last).contains(&cursor) {
                moved = self.main.rows.len() + cursor - at;
                self.main.rows.extend(group);
            } else {
                let fill = wrap(&group, cols);
                self.main.rows.extend(fill);
            }
        }
        self.main.y = moved;
    }

    /// Gives the main page another height: lines go to the scrollback or come back from it.
    fn fit_main(&mut self, lines: usize) {
        let mut y = self.main.y;
        while self.main.rows.len() > lines {
            let last = self.main.rows.len() - 1;
            let blank = self.main.rows.get(last).is_some_and(|row| row.trimmed() == 0);
            if y < last && (blank || self.main.rows.len() <= self.lines) {
                self.main.rows.pop_back();
            } else if let Some(row) = self.main.rows.pop_front() {
                self.scrollback.push(&row, &self.extras);
                y = y.saturating_sub(1);
                self.main.saved.y -= 1;
            }
        }
        while self.main.rows.len() < lines && y + 1 >= self.main.rows.len() {
            let Some(line) = self.scrollback.pop(&mut self.extras) else { break };
            let width = self.main.rows.front().map_or(self.cols, Row::len);
            self.main.rows.push_front(line.into_row(width));
            y += 1;
            self.main.saved.y += 1;
        }
        self.main.y = y;
    }
}

fn fit(buffer: &mut Buffer, cols: usize, lines: usize) {
    if !buffer.rows.is_empty() {
        while buffer.rows.len() > lines {
            if buffer.y + 1 < buffer.rows.len() {
                buffer.rows.pop_back();
            } else {
                buffer.rows.pop_front();
                buffer.y = buffer.y.saturating_sub(1);
            }
        }
        buffer.rows.iter_mut().for_each(|row| row.resize(cols));
        while buffer.rows.len() < lines {
            buffer.rows.push_back(Row::new(cols, Cell::BLANK, false));
        }
    }
    buffer.x = buffer.x.min(cols - 1);
    buffer.y = buffer.y.min(lines - 1);
    buffer.saved.x = buffer.saved.x.min(cols - 1);
    buffer.top = 0;
    buffer.bottom = lines - 1;
    buffer.grow_tabs(cols);
}

/// One line of text in rows of another width. A wide character is never parted.
fn wrap(group: &[Row], cols: usize) -> Vec<Row> {
    let Some((last, full)) = group.split_last() else { return Vec::new() };
    let mut cells: Vec<Cell> = Vec::new();
    // Where each mark stands in the whole line.
    let mut marks: Vec<(usize, Mark)> = Vec::new();
    let note = |row: &Row, start: usize, marks: &mut Vec<(usize, Mark)>| {
        marks.extend(row.marks.iter().map(|mark| (start + usize::from(mark.column), *mark)));
    };
    for row in full {
        note(row, cells.len(), &mut marks);
        let mut end = row.len();
        // The column that a wide character left empty at the end of its line.
        if end > 0 && !row.get(end - 1).has_content() && row.get(end - 1).width() == 1 {
            end -= 1;
        }
        cells.extend((0..end).map(|at| row.get(at)));
    }
    note(last, cells.len(), &mut marks);
    cells.extend(last.used());
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
