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
//! ```

use super::state::TerminalSize;

mod buffer;
mod cell;
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
use parser::{Action, Parser};
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

    /// Takes output of the server, of any length and cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        let start = self.offset;
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if self.parser.is_ground() {
                if (0x20..0x7f).contains(&byte) {
                    let end = at + ascii_run(&bytes[at..]);
                    self.print_ascii(&bytes[at..end]);
                    at = end;
                    continue;
                }
                if byte == 0x1b
                    && let Some((len, last)) = self.parser.plain_csi(&bytes[at..])
                {
                    at += len;
                    // A query is answered by whoever gets its last byte.
                    self.offset = start + at as u64;
                    self.csi(last);
                    self.joinable = 0;
                    continue;
                }
                if byte < 0x1b && byte != 0x18 && byte != 0x1a {
                    self.execute(byte);
                    self.joinable = 0;
                    at += 1;
                    continue;
                }
                // Three bytes: what most text beyond ASCII consists of.
                if byte & 0xf0 == 0xe0
                    && let Some((&[first, second, third], _)) = bytes[at..].split_first_chunk()
                    && (second & 0xc0, third & 0xc0) == (0x80, 0x80)
                {
                    let [first, second, third] = [first, second, third].map(u32::from);
                    let code = (first & 0xf) << 12 | (second & 0x3f) << 6 | (third & 0x3f);
                    if (0x4e00..0xa000).contains(&code) {
                        self.print_ideograph(code);
                    } else if code >= 0x800 && !(0xd800..0xe000).contains(&code) && code != 0xfeff {
                        self.print(code);
                    }
                    at += 3;
                    continue;
                }
            }
            at += 1;
            let code = if byte < 0x80 && self.parser.is_between_characters() {
                Some(u32::from(byte))
            } else {
                self.parser.decode(byte)
            };
            let Some(code) = code else { continue };
            self.offset = start + at as u64;
            match self.parser.step(code) {
                Action::Nothing => {}
                Action::Print(code) => self.print(code),
                action => {
                    self.act(action);
                    self.joinable = 0;
                }
            }
        }
        self.offset = start + bytes.len() as u64;
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

    fn act(&mut self, action: Action) {
        match action {
            Action::Nothing | Action::Print(_) => {}
            Action::Execute(code) => self.execute(code),
            Action::Csi(last) => self.csi(last),
            Action::Esc(last) => self.esc(last),
            Action::Osc(whole) => self.osc(whole),
            Action::Dcs(whole) => self.dcs(whole),
        }
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

    fn print_ascii(&mut self, text: &[u8]) {
        if self.charset != Charset::Ascii || self.modes.insert {
            for &byte in text {
                self.print(u32::from(byte));
            }
            return;
        }
        let (cols, halved, pen) = (self.cols, self.halved(), Cell::new(0, 1, &self.pen));
        let buffer = self.buffer();
        let x = buffer.x;
        if x > 0 && buffer.row().get(x - 1).width() == 2 {
            buffer.row().set(x - 1, halved);
        }
        let mut rest = text;
        while !rest.is_empty() {
            if self.buffer().x >= cols {
                if self.modes.no_wrap {
                    self.buffer().x = cols - 1;
                    // All that follows is written over each other.
                    rest = &rest[rest.len() - 1..];
                } else {
                    self.wrap();
                }
            }
            let buffer = self.buffer();
            let x = buffer.x;
            let (now, later) = rest.split_at(rest.len().min(cols - x));
            buffer.row().write_ascii(x, now, pen);
            buffer.x += now.len();
            rest = later;
        }
        let buffer = self.buffer();
        let x = buffer.x;
        if x < cols && buffer.row().get(x).width() == 0 && !buffer.row().get(x).has_content() {
            buffer.row().set(x, halved);
        }
        self.joinable = 1;
    }

    /// A character of two columns that joins nothing, where nothing is in its way; [`Screen::print`] does the same in general.
    fn print_ideograph(&mut self, code: u32) {
        let (cols, pen) = (self.cols, Cell::new(0, 0, &self.pen));
        if !self.modes.insert {
            let buffer = self.buffer();
            let x = buffer.x;
            let row = buffer.row();
            let halves_left = x > 0 && row.get(x - 1).width() == 2;
            // What a character half of which is written over leaves behind.
            let halves_right = x + 2 < cols && row.get(x + 2).width() == 0;
            if x + 2 <= cols && !halves_left && !halves_right {
                row.write_wide(x, code, pen);
                buffer.x += 2;
                self.joinable = 2;
                return;
            }
        }
        self.print(code);
    }

    /// Goes on at the beginning of the next line.
    fn wrap(&mut self) {
        let lines = self.lines;
        let buffer = self.buffer();
        buffer.x = 0;
        if buffer.y == buffer.bottom {
            self.scroll(true);
        } else {
            buffer.y = (buffer.y + 1).min(lines - 1);
            buffer.row().wrapped = true;
        }
    }

    fn print(&mut self, code: u32) {
        let code = if code < 0x7f { self.charset.map(code) } else { code };
        let (cols, halved) = (self.cols, self.halved());
        let mut columns = width::width(code);
        let joins = columns == 0 && self.joinable > 0;
        if joins {
            columns = self.joinable;
        }
        self.joinable = columns;
        let buffer = self.buffer();
        let x = buffer.x;
        if x > 0 && buffer.row().get(x - 1).width() == 2 {
            buffer.row().set(x - 1, halved);
        }
        if joins && x > 0 {
            self.join(code);
            return;
        }
        if x + columns as usize > cols {
            if self.modes.no_wrap {
                self.buffer().x = cols - 1;
                if columns == 2 {
                    return;
                }
            } else {
                for left in x..cols {
                    self.buffer().row().set(left, halved);
                }
                self.wrap();
            }
        }
        let cell = Cell::new(code, columns, &self.pen);
        let second = Cell::new(0, 0, &self.pen);
        let erased = Cell { rare: cell.rare, ..Cell::plain(0, 1, self.pen.fg, self.pen.bg, 0) };
        let insert = self.modes.insert;
        let buffer = self.buffer();
        let x = buffer.x;
        if insert && x < cols {
            buffer.row().insert(x, columns as usize, erased);
        }
        buffer.row().set(x, cell);
        buffer.x += 1;
        if columns == 2 {
            buffer.row().set(x + 1, second);
            buffer.x += 1;
        }
        let x = buffer.x;
        if x < cols && buffer.row().get(x).width() == 0 && !buffer.row().get(x).has_content() {
            buffer.row().set(x, halved);
        }
    }

    /// Adds a combining character to the one before.
    fn join(&mut self, code: u32) {
        let Some(character) = char::from_u32(code) else { return };
        if self.extras.wants_collection() {
            self.collect_garbage();
        }
        let buffer = self.buffer();
        let x = buffer.x;
        let at = if buffer.row().get(x - 1).width() > 0 { x - 1 } else { x.saturating_sub(2) };
        let cell = buffer.row().get(at);
        let mut text = match self.extras.text(cell) {
            Some(text) => text.to_owned(),
            None => {
                char::from_u32(cell.code()).filter(|_| cell.code() > 0).map(String::from).unwrap_or_default()
            }
        };
        if text.is_empty() {
            let alone = Cell::plain(code, 1, cell.fg, cell.bg, cell.rare);
            self.buffer().row().set(at, alone);
            return;
        }
        text.push(character);
        if let Some(number) = self.extras.add_text(&text) {
            self.buffer().row().set(at, cell.with_text(number));
        }
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

/// How many printable ASCII characters are at the beginning. Eight bytes are looked at together: a flood consists of these.
fn ascii_run(bytes: &[u8]) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    while let Some((chunk, _)) = bytes[at..].split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        // The high bit of each byte that is below 0x20, 0x7f or above; exact up to the first such byte.
        let low = word.wrapping_sub(ONES * 0x20) & !word;
        let delete = (word ^ (ONES * 0x7f)).wrapping_sub(ONES) & !(word ^ (ONES * 0x7f));
        let found = (low | delete | word) & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + bytes[at..].iter().position(|byte| !(0x20..0x7f).contains(byte)).unwrap_or(bytes.len() - at)
}

fn measure(size: TerminalSize) -> (usize, usize) {
    let (cols, lines) = (usize::from(size.cols), usize::from(size.rows));
    (cols.clamp(2, SIZE_MAX.0), lines.clamp(1, SIZE_MAX.1))
}

#[cfg(test)]
mod tests;
