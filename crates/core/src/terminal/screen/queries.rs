//! What programs ask a terminal. The window answers whatever it gets to see. For what it never sees the engine answers in
//! its place, with the state of the moment of the question; and what only the window knows (its colours) is asked again
//! behind the snapshot. So each query is answered once.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::picture::CELL;
use super::{Mouse, MouseFormat, Screen};

/// Queries that wait to be seen by the window. When it is full the oldest is forgotten: only a flood that asks without end
/// gets there, and no program waits for a hundred answers.
const QUERIES: usize = 256;

/// A query that nobody has answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// The engine knows the answer.
    Answered(String),
    /// Only the window knows; these bytes ask it.
    Window(String),
}

#[derive(Debug, Default)]
pub(super) struct Queries(VecDeque<(u64, Query)>);

impl Queries {
    fn add(&mut self, end: u64, query: Query) {
        if self.0.len() == QUERIES {
            self.0.pop_front();
        }
        self.0.push_back((end, query));
    }

    pub fn forget(&mut self, until: u64) {
        while self.0.front().is_some_and(|&(end, _)| end <= until) {
            self.0.pop_front();
        }
    }

    pub fn take(&mut self) -> Vec<Query> {
        self.0.drain(..).map(|(_, query)| query).collect()
    }
}

impl Screen {
    fn answer(&mut self, text: String) {
        self.queries.add(self.offset, Query::Answered(text));
    }

    pub(super) fn ask_window(&mut self, text: String) {
        self.queries.add(self.offset, Query::Window(text));
    }

    /// DA: as xterm.js says it with the name `xterm`; with pictures, a VT220 that has sixel (4).
    pub(super) fn device_attributes(&mut self, secondary: bool) {
        if self.parser.params.get(0) == 0 {
            let answer = match (secondary, self.pictures) {
                (true, _) => "\x1b[>0;276;0c",
                (false, true) => "\x1b[?62;4;9;22c",
                (false, false) => "\x1b[?1;2c",
            };
            self.answer(answer.to_owned());
        }
    }

    /// XTSMGRAPHICS, as `ui/src/terminal/pictures/answers.ts` answers it: 256 colours, and a picture may fill the screen.
    pub(super) fn graphics_attributes(&mut self) {
        let params = &self.parser.params;
        let (item, action) = (params.get(0), params.get(1));
        let (width, height) = self.pixels();
        let answer = match (item, action) {
            (1, 1 | 2 | 4) => "1;0;256".to_owned(),
            (2, 1 | 2 | 4) => format!("2;0;{width};{height}"),
            (1 | 2, _) => format!("{item};2"),
            _ => format!("{item};1"),
        };
        self.answer(format!("\x1b[?{answer}S"));
    }

    /// XTWINOPS 14, 16 and 18: sizes in the pixels that pictures are measured in, which say nothing about the window.
    pub(super) fn window_size(&mut self) {
        let (width, height) = self.pixels();
        match self.parser.params.get(0) {
            14 => self.answer(format!("\x1b[4;{height};{width}t")),
            16 => self.answer(format!("\x1b[6;{};{}t", CELL.1, CELL.0)),
            18 => self.answer(format!("\x1b[8;{};{}t", self.lines, self.cols)),
            _ => {}
        }
    }

    fn pixels(&self) -> (usize, usize) {
        (self.cols * CELL.0 as usize, self.lines * CELL.1 as usize)
    }

    /// DSR, and DECXCPR when `private`.
    pub(super) fn device_status(&mut self, private: bool) {
        let (x, y) = (self.shown().x + 1, self.shown().y + 1);
        match (self.parser.params.get(0), private) {
            (5, false) => self.answer("\x1b[0n".to_owned()),
            (6, false) => self.answer(format!("\x1b[{y};{x}R")),
            (6, true) => self.answer(format!("\x1b[?{y};{x}R")),
            _ => {}
        }
    }

    /// DECRQM, as `ui/src/terminal/mode-reports.ts` answers it.
    pub(super) fn request_mode(&mut self, private: bool) {
        let mode = self.parser.params.get(0);
        let modes = &self.modes;
        let set = match (mode, private) {
            (4, false) => Some(modes.insert),
            (1, true) => Some(modes.application_cursor),
            (6, true) => Some(modes.origin),
            (7, true) => Some(!modes.no_wrap),
            (9, true) => Some(self.mouse == Mouse::X10),
            (12, true) => match self.cursor_blink {
                Some(blink) => Some(blink),
                None => return self.ask_window("\x1b[?12$p".to_owned()),
            },
            (45, true) => Some(modes.reverse_wrap),
            (66, true) => Some(modes.application_keypad),
            (47 | 1047 | 1049, true) => Some(self.on_alternate),
            (1000, true) => Some(self.mouse == Mouse::Clicks),
            (1002, true) => Some(self.mouse == Mouse::Drags),
            (1003, true) => Some(self.mouse == Mouse::Moves),
            (1004, true) => Some(modes.focus_events),
            (2004, true) => Some(modes.bracketed_paste),
            (2026, true) => Some(modes.synchronized),
            _ => None,
        };
        let report = match set {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        };
        let prefix = if private { "?" } else { "" };
        self.answer(format!("\x1b[{prefix}{mode};{report}$y"));
    }

    /// DECRQSS.
    pub(super) fn request_status(&mut self) {
        let answer = match self.parser.string.as_str() {
            "\"q" => format!("1$r{}\"q", u8::from(self.pen.bg & super::cell::PROTECTED != 0)),
            "\"p" => "1$r61;1\"p".to_owned(),
            "r" => format!("1$r{};{}r", self.shown().top + 1, self.shown().bottom + 1),
            "m" => "1$r0m".to_owned(),
            // The window says its own setting there.
            " q" => return self.ask_window("\x1bP$q q\x1b\\".to_owned()),
            _ => "0$r".to_owned(),
        };
        self.answer(format!("\x1bP{answer}\x1b\\"));
    }

    /// The mouse modes as sequences.
    pub(super) fn write_mouse(&self, out: &mut String) {
        let mode = match self.mouse {
            Mouse::Off => 0,
            Mouse::X10 => 9,
            Mouse::Clicks => 1000,
            Mouse::Drags => 1002,
            Mouse::Moves => 1003,
        };
        if mode > 0 {
            let _ = write!(out, "\x1b[?{mode}h");
        }
        match self.mouse_format {
            MouseFormat::Default => {}
            MouseFormat::Sgr => out.push_str("\x1b[?1006h"),
            MouseFormat::SgrPixels => out.push_str("\x1b[?1016h"),
        }
    }
}
