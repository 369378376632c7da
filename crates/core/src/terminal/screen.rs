//! The terminal as the engine itself has it: an emulator without a window, fed at the speed of the wire, so that a window
//! that is far behind can be given what stands on the screen now instead of all that came before.
//!
//! It does what xterm.js 6 does with the same bytes, sequence by sequence (`common/InputHandler.ts` there), so that
//! [`Screen::snapshot`] puts a window into the state in which the bytes themselves would have put it. Ready-made emulators
//! differ from it in wrapping, erasing and widths, and keep tab stops, scroll region and the page behind the alternate one
//! to themselves.
//!
//! ```text
//! screen/parser.rs      bytes -> characters and sequences          screen/cell.rs        cells and rows
//! screen/sequences.rs   what each sequence does                    screen/buffer.rs      the main and the alternate page
//! screen/queries.rs     what a program asks, and the answers       screen/scrollback.rs  packed lines
//! screen/resize.rs      another size                               screen/snapshot.rs    the screen as bytes
//! screen/width.rs       columns of a character                 screen/glimpse.rs     a picture of it
//! screen/marks.rs       where commands begin and end          screen/picture.rs      the room that pictures take
//! screen/feed.rs        output on its way to the page
//! ```

use super::state::TerminalSize;

mod buffer;
mod cell;
mod feed;
mod finished;
mod glimpse;
mod marks;
mod parser;
mod picture;
mod queries;
mod resize;
mod scrollback;
mod sequences;
mod snapshot;
mod width;

use buffer::{Buffer, Charset};
use cell::{Cell, Extras, Pen, Row};
use parser::Parser;
use scrollback::Scrollback;

pub use marks::{Ended, Running};
pub use queries::Query;

/// Lines kept above the screen unless it is set otherwise, as in the window.
pub const SCROLLBACK_LINES: usize = 10_000;
/// The most that can be set. Whatever is set, the packed lines of one terminal take at most 4 MiB: 100,000 lines of 35 plain
/// characters, fewer of longer ones. The oldest go first.
pub const SCROLLBACK_LINES_MAX: usize = 100_000;
/// Sizes beyond these are cut: they would cost memory that no display can show.
const SIZE_MAX: (usize, usize) = (2000, 1000);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mouse {
    #[default]
    Off,
    X10,
    Clicks,
    Drags,
    Moves,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum MouseFormat {
    #[default]
    Default,
    Sgr,
    SgrPixels,
}

/// Modes that DECSTR and RIS put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Modes {
    application_cursor: bool,
    application_keypad: bool,
    bracketed_paste: bool,
    insert: bool,
    no_wrap: bool,
    origin: bool,
    reverse_wrap: bool,
    focus_events: bool,
    synchronized: bool,
    /// As in DECSCUSR; 0 is the person's own, 7 and 8 are its shape, blinking and steady.
    cursor_style: u8,
}

impl Modes {
    const NEW: Modes = Modes {
        application_cursor: false,
        application_keypad: false,
        bracketed_paste: false,
        insert: false,
        no_wrap: false,
        origin: false,
        reverse_wrap: false,
        focus_events: false,
        synchronized: false,
        cursor_style: 0,
    };
}

/// An emulated terminal.
#[derive(Debug)]
pub struct Screen {
    cols: usize,
    lines: usize,
    main: Buffer,
    alternate: Buffer,
    on_alternate: bool,
    scrollback: Scrollback,
    extras: Extras,
    parser: Parser,
    pen: Pen,
    modes: Modes,
    mouse: Mouse,
    mouse_format: MouseFormat,
    cursor_hidden: bool,
    /// What a program has set (`CSI ? 12 h`); otherwise it is the person's choice.
    cursor_blink: Option<bool>,
    newline_returns: bool,
    charsets: [Charset; 4],
    charset_level: usize,
    charset: Charset,
    /// Columns of the character before, if a combining one would join it; 0 otherwise.
    joinable: u32,
    title: Option<String>,
    /// Counts up with each title and each bell, so that whoever tells of them need not compare.
    told: u32,
    bells: u32,
    /// OSC 7, as it came.
    directory: String,
    /// The newest OSC 52 that no window has got yet, and where in the output it ended; at most 1.4 MB.
    clipboard: Option<(u64, String)>,
    /// Colours that a program has set: 0 to 255, and 256 to 258 for text, background and cursor.
    colours: std::collections::BTreeMap<u16, String>,
    queries: queries::Queries,
    /// Programs are told that pictures are shown.
    pictures: bool,
    commands: marks::Commands,
    finished: finished::FinishedLines,
    /// Bytes fed so far.
    offset: u64,
}

impl Screen {
    pub fn new(size: TerminalSize) -> Self {
        Self::with_scrollback(size, SCROLLBACK_LINES)
    }

    /// A screen that keeps so many lines above it, as long as they take no more than 4 MiB.
    pub fn with_scrollback(size: TerminalSize, limit: usize) -> Self {
        let (cols, lines) = measure(size);
        let mut main = Buffer::new(cols, lines);
        main.fill(cols, lines, Cell::BLANK);
        Self {
            cols,
            lines,
            main,
            alternate: Buffer::new(cols, lines),
            on_alternate: false,
            scrollback: Scrollback::new(limit),
            extras: Extras::default(),
            parser: Parser::default(),
            pen: Pen::default(),
            modes: Modes::NEW,
            mouse: Mouse::Off,
            mouse_format: MouseFormat::Default,
            cursor_hidden: false,
            cursor_blink: None,
            newline_returns: false,
            charsets: [Charset::Ascii; 4],
            charset_level: 0,
            charset: Charset::Ascii,
            joinable: 0,
            title: None,
            told: 0,
            bells: 0,
            directory: String::new(),
            clipboard: None,
            colours: std::collections::BTreeMap::new(),
            queries: queries::Queries::default(),
            pictures: false,
            commands: marks::Commands::default(),
            finished: finished::FinishedLines::default(),
            offset: 0,
        }
    }

    /// The text of the screen, without what is above it: a line for each line, without spaces at their ends.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in &self.shown().rows {
            for cell in row.used().iter().filter(|cell| cell.width() > 0) {
                match self.extras.text(*cell) {
                    Some(joined) => text.push_str(joined),
                    None => text.push(char::from_u32(cell.code()).filter(|_| cell.code() > 0).unwrap_or(' ')),
                }
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }

    pub fn size(&self) -> TerminalSize {
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        TerminalSize { cols: narrow(self.cols), rows: narrow(self.lines) }
    }

    /// What the program calls itself (OSC 0 and 2), as it came.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or_default()
    }

    /// How often the bell rang.
    pub fn bells(&self) -> u32 {
        self.bells
    }

    /// Another number whenever the title or the bells may be others.
    pub fn told(&self) -> u32 {
        self.told
    }

    /// The shell that said what it is called and where it is is gone.
    pub fn forget_shell(&mut self) {
        self.title = None;
        self.directory.clear();
        self.clipboard = None;
        self.told = self.told.wrapping_add(1);
    }

    /// How many lines are kept above the screen.
    pub fn lines_above(&self) -> usize {
        self.scrollback.len()
    }

    /// The column of the cursor, from 0.
    pub fn column(&self) -> usize {
        self.shown().x
    }

    /// Keeps so many lines above the screen, as long as they take no more than 4 MiB.
    pub fn set_scrollback(&mut self, lines: usize) {
        self.scrollback.set_limit(lines);
    }

    /// Whether the window draws pictures, which programs ask. What one takes on the screen is the same either way.
    pub fn set_pictures(&mut self, shown: bool) {
        self.pictures = shown;
    }

    /// Forgets what is above the line with the cursor, which becomes the first: what `Terminal.clear` of xterm.js does.
    pub fn clear(&mut self) {
        let on_main = !self.on_alternate;
        if on_main {
            self.main.saved.y += self.scrollback.len() as i64;
        }
        self.scrollback.clear();
        if on_main {
            let (cols, lines) = (self.cols, self.lines);
            let above = self.main.y.min(self.main.rows.len());
            self.main.rows.drain(..above);
            if let Some(first) = self.main.rows.front_mut() {
                first.wrapped = false;
            }
            self.main.rows.truncate(1);
            self.main.rows.resize_with(lines, || Row::new(cols, Cell::BLANK, false));
            self.main.y = 0;
        }
    }

    /// Bytes fed so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What ended at or before an offset and is for the window to answer or to do is forgotten: the window has got it.
    pub fn forget_queries(&mut self, until: u64) {
        self.queries.forget(until);
        self.clipboard.take_if(|&mut (end, _)| end <= until);
    }

    /// What a program wants on the clipboard (OSC 52) and no window has got yet, as the sequence that asks a window for it.
    pub fn clipboard(&self) -> Option<&str> {
        self.clipboard.as_ref().map(|(_, sequence)| sequence.as_str())
    }

    /// Takes the queries that nobody has answered.
    pub fn take_queries(&mut self) -> Vec<Query> {
        self.queries.take()
    }

    fn buffer(&mut self) -> &mut Buffer {
        if self.on_alternate { &mut self.alternate } else { &mut self.main }
    }

    fn shown(&self) -> &Buffer {
        if self.on_alternate { &self.alternate } else { &self.main }
    }

    /// What an erased cell looks like now.
    fn erased(&self) -> Cell {
        Cell::erased(self.pen.bg)
    }

    /// A cell that lost the other half of its wide character.
    fn halved(&self) -> Cell {
        Cell::new(0, 1, &self.pen)
    }

    /// Moves the region's lines up. The first line of the whole screen goes to the scrollback.
    fn scroll(&mut self, wrapped: bool) {
        let fill = self.erased();
        if self.on_alternate || self.main.top > 0 {
            let buffer = self.buffer();
            buffer.shift_up(buffer.top, fill, wrapped);
            return;
        }
        if let Some(row) = self.main.rows.front() {
            let grows = self.scrollback.len() < self.scrollback.limit();
            self.scrollback.push(row, &self.extras);
            self.main.saved.y -= i64::from(grows);
        }
        self.main.shift_up(0, fill, wrapped);
    }

    /// Forgets joined characters and rare attributes that no cell has any more.
    fn collect_garbage(&mut self) {
        let old = std::mem::take(&mut self.extras);
        for row in self.main.rows.iter_mut().chain(&mut self.alternate.rows) {
            for cell in row.cells_mut() {
                *cell = self.extras.adopt(*cell, &old);
            }
        }
        self.extras.collected();
        self.renew_pen();
    }

    /// Gives what the pen has a number again.
    fn renew_pen(&mut self) {
        if self.pen.underline == 0 && self.pen.link.is_none() {
            self.pen.bg &= !cell::RARE;
            self.pen.rare = 0;
            return;
        }
        self.pen.rare = self.extras.add_rare(cell::Rare {
            underline: self.pen.underline,
            underline_colour: if self.pen.underline == 0 { 0 } else { self.pen.underline_colour },
            link: self.pen.link.clone(),
        });
        if self.pen.rare == 0 {
            self.pen.bg &= !cell::RARE;
        } else {
            self.pen.bg |= cell::RARE;
        }
    }
}

fn measure(size: TerminalSize) -> (usize, usize) {
    let (cols, lines) = (usize::from(size.cols), usize::from(size.rows));
    (cols.clamp(2, SIZE_MAX.0), lines.clamp(1, SIZE_MAX.1))
}

#[cfg(test)]
mod tests;
