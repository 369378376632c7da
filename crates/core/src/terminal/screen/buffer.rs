//! One of the two pages of a terminal: the main one or the alternate one.

use std::collections::VecDeque;

use super::cell::{Cell, Row};

const TAB_COLUMNS: usize = 8;

/// A cursor that was saved (DECSC).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Saved {
    pub x: usize,
    /// From the top of the screen. As in xterm.js it moves with the text, and so may be above it.
    pub y: i64,
    pub fg: u32,
    pub bg: u32,
    pub charset: Charset,
}

/// Character sets that this terminal has. Others are drawn as ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Charset {
    #[default]
    Ascii,
    /// The DEC special graphics: lines and corners.
    Graphics,
    British,
}

impl Charset {
    pub fn map(self, code: u32) -> u32 {
        const GRAPHICS: [char; 30] = [
            '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼',
            '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£',
        ];
        match (self, code) {
            (Charset::Graphics, 0x60..0x7e) => {
                GRAPHICS.get(code as usize - 0x60).map_or(code, |&c| u32::from(c))
            }
            (Charset::Graphics, 0x7e) => u32::from('·'),
            (Charset::British, 0x23) => u32::from('£'),
            _ => code,
        }
    }
}

#[derive(Debug)]
pub(super) struct Buffer {
    /// As many as the screen has lines; none in an alternate page that is not shown.
    pub rows: VecDeque<Row>,
    /// Of new lines; those of an alternate page may be longer.
    pub cols: usize,
    pub x: usize,
    pub y: usize,
    pub top: usize,
    pub bottom: usize,
    pub tabs: Vec<bool>,
    pub saved: Saved,
}

impl Buffer {
    pub fn new(cols: usize, rows: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            cols,
            x: 0,
            y: 0,
            top: 0,
            bottom: rows - 1,
            tabs: default_tabs(cols),
            saved: Saved::default(),
        }
    }

    pub fn fill(&mut self, cols: usize, rows: usize, fill: Cell) {
        self.rows = (0..rows).map(|_| Row::new(cols, fill, false)).collect();
    }

    /// Forgets what is shown; what was saved stays.
    pub fn leave(&mut self, cols: usize, rows: usize) {
        *self = Self { saved: self.saved, ..Self::new(cols, rows) };
    }

    pub fn row(&mut self) -> &mut Row {
        // The cursor is always inside: everything that moves it sees to that.
        let y = self.y.min(self.rows.len() - 1);
        &mut self.rows[y]
    }

    pub fn next_tab(&self, cols: usize) -> usize {
        (self.x + 1..cols).find(|&x| self.tabs.get(x).copied().unwrap_or(false)).unwrap_or(cols - 1)
    }

    pub fn previous_tab(&self) -> usize {
        (0..self.x).rev().find(|&x| self.tabs.get(x).copied().unwrap_or(false)).unwrap_or(0)
    }

    pub fn set_tab(&mut self, on: bool) {
        let x = self.x;
        if x >= self.tabs.len() {
            self.tabs.resize(x + 1, false);
        }
        self.tabs[x] = on;
    }

    /// Moves the lines of the region up by one; the lowest is new.
    pub fn shift_up(&mut self, top: usize, fill: Cell, wrapped: bool) {
        if let Some(mut row) = self.rows.remove(top) {
            row.resize(self.cols);
            row.clear(fill, wrapped);
            self.rows.insert(self.bottom, row);
        }
    }

    /// Moves the lines from `top` to the region's end down by one; the highest is new.
    pub fn shift_down(&mut self, top: usize, fill: Cell) {
        if let Some(mut row) = self.rows.remove(self.bottom) {
            row.resize(self.cols);
            row.clear(fill, false);
            self.rows.insert(top, row);
        }
    }

    /// Sets stops on from the last one that another width leaves, as xterm.js does.
    pub fn renew_tabs(&mut self, cols: usize) {
        if self.tabs.len() < cols {
            self.tabs.resize(cols, false);
        }
        if self.tabs.get(cols) == Some(&true) {
            return;
        }
        let last = self.tabs[..cols].iter().rposition(|&stop| stop).unwrap_or(0);
        for stop in self.tabs[last..cols].iter_mut().step_by(TAB_COLUMNS) {
            *stop = true;
        }
    }
}

pub(super) fn default_tabs(cols: usize) -> Vec<bool> {
    (0..cols).map(|x| x.is_multiple_of(TAB_COLUMNS)).collect()
}
