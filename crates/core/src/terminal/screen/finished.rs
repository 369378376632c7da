//! Lines that programs have finished, for whoever looks for something in them (`terminal/triggers.rs`).

use super::Screen;
use super::cell::Row;

/// Lines that wait to be looked at, and cells that were read for them. More than that between two looks is a flood in which
/// nobody reads: of the rest those are looked at that still stand on the page when it is looked.
const LINES_MAX: usize = 500;
const CELLS_MAX: usize = 256 * 1024;
/// Of a line, in bytes: the rest is not looked at.
const LINE_BYTES: usize = 4000;

#[derive(Debug, Default)]
pub(super) struct FinishedLines {
    pub(super) on: bool,
    lines: Vec<String>,
    cells: usize,
    /// Lines that were finished after those.
    skipped: usize,
}

impl Screen {
    /// Whether somebody looks for something in new lines.
    pub fn watch_lines(&mut self, on: bool) {
        self.finished = FinishedLines { on, ..FinishedLines::default() };
    }

    /// The lines that were finished since this was asked last: in a flood the first 500 and those that stand on the page, each to its
    /// first 4,000 bytes.
    pub fn take_finished(&mut self) -> Vec<String> {
        let finished = FinishedLines { on: self.finished.on, ..FinishedLines::default() };
        let FinishedLines { mut lines, skipped, .. } = std::mem::replace(&mut self.finished, finished);
        if skipped > 0 {
            lines.extend(self.newest_lines(skipped));
        }
        lines
    }

    /// The cursor is about to leave its line downwards. What a program does with the alternate page is no output.
    pub(super) fn finish_line(&mut self) {
        if self.on_alternate {
            return;
        }
        if self.finished.lines.len() >= LINES_MAX || self.finished.cells >= CELLS_MAX {
            self.finished.skipped = self.finished.skipped.saturating_add(1);
            return;
        }
        let (line, cells) = self.line_up_to(self.first_row_of(self.main.y), self.main.y);
        // An empty one is work as well.
        self.finished.cells += cells + 1;
        if !line.is_empty() {
            self.finished.lines.push(line);
        }
    }

    /// So many lines above that of the cursor, as far as they stand on the page, in order.
    fn newest_lines(&self, most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut below = self.first_row_of(self.main.y);
        for _ in 0..most {
            let Some(last) = below.checked_sub(1) else { break };
            below = self.first_row_of(last);
            let (line, _) = self.line_up_to(below, last);
            if !line.is_empty() {
                lines.push(line);
            }
        }
        lines.reverse();
        lines
    }

    /// Where the line that this row of the page belongs to begins.
    fn first_row_of(&self, mut row: usize) -> usize {
        while row > 0 && self.main.rows[row].wrapped {
            row -= 1;
        }
        row
    }

    /// The text of a line, and how many cells were read for it.
    fn line_up_to(&self, first: usize, last: usize) -> (String, usize) {
        let mut line = String::new();
        let mut cells = 0;
        for row in self.main.rows.iter().take(last + 1).skip(first) {
            cells += row.used().len();
            self.push_row(row, &mut line);
            if line.len() >= LINE_BYTES {
                break;
            }
        }
        let end = (0..=LINE_BYTES.min(line.len())).rev().find(|&end| line.is_char_boundary(end));
        line.truncate(end.unwrap_or_default());
        line.truncate(line.trim_end().len());
        (line, cells)
    }

    fn push_row(&self, row: &Row, line: &mut String) {
        for cell in row.used().iter().filter(|cell| cell.width() > 0) {
            match self.extras.text(*cell) {
                Some(joined) => line.push_str(joined),
                None => line.push(char::from_u32(cell.code()).filter(|_| cell.code() > 0).unwrap_or(' ')),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::state::TerminalSize;

    fn watched() -> Screen {
        let mut screen = Screen::new(TerminalSize { cols: 10, rows: 4 });
        screen.watch_lines(true);
        screen
    }

    #[test]
    fn a_line_is_finished_once_wrapped_or_not_and_an_unfinished_one_is_not() {
        let mut screen = watched();
        screen.feed(b"short\r\na line that wraps twice\r\n\r\nprompt$ ");
        assert_eq!(screen.take_finished(), ["short", "a line that wraps twice"]);
        assert_eq!(screen.take_finished(), [""; 0]);
        screen.feed("王 ok\r\n".as_bytes());
        assert_eq!(screen.take_finished(), ["prompt$ 王 ok"]);
    }

    #[test]
    fn a_progress_bar_is_one_line_and_a_page_of_vim_none() {
        let mut screen = watched();
        screen.feed(b"10 %\r50 %\r100 %\r\n\x1b[?1049hone\r\ntwo\r\n\x1b[?1049l");
        assert_eq!(screen.take_finished(), ["100 %"]);
    }

    #[test]
    fn a_flood_and_a_line_without_end_are_bounded() {
        let mut screen = watched();
        screen.feed(&b"y\r\n".repeat(100_000));
        screen.feed(&[b'x'; 100_000]);
        screen.feed(b"\r\n");
        let lines = screen.take_finished();
        assert!((LINES_MAX..LINES_MAX + 4).contains(&lines.len()), "{}", lines.len());
        assert!(lines.iter().all(|line| line.len() <= LINE_BYTES));
    }

    #[test]
    fn what_a_flood_ends_with_is_looked_at() {
        let mut screen = watched();
        screen.feed(&b"ok\r\n".repeat(1000));
        screen.feed(b"9 passed, 1 failed\r\n$ ");
        let lines = screen.take_finished();
        assert_eq!(lines.last().map(String::as_str), Some("9 passed, 1 failed"));
        assert_eq!(lines.iter().filter(|line| line.contains("failed")).count(), 1);
        assert_eq!(screen.take_finished(), [""; 0]);
    }

    #[test]
    fn a_line_that_is_finished_again_and_again_is_bounded_work() {
        let mut screen = Screen::new(TerminalSize { cols: 100, rows: 40 });
        screen.watch_lines(true);
        screen.feed(&[b' '; 3990]);
        screen.feed(&b"\n\x1b[A".repeat(100_000));
        assert!(screen.finished.cells <= CELLS_MAX + 4000, "{}", screen.finished.cells);
        assert!(screen.finished.skipped > 0);
    }

    #[test]
    fn nothing_is_kept_unless_somebody_looks() {
        let mut screen = Screen::new(TerminalSize { cols: 10, rows: 4 });
        screen.feed(b"one\r\n");
        assert_eq!(screen.take_finished(), [""; 0]);
    }
}
