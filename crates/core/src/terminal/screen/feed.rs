//! Output of the server on its way to the page: what is a sequence, and how characters are printed.

use super::buffer::Charset;
use super::cell::Cell;
use super::parser::Action;
use super::{Screen, width};

impl Screen {
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

    pub(super) fn print_ascii(&mut self, text: &[u8]) {
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

    pub(super) fn print(&mut self, code: u32) {
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
}

/// How many printable ASCII characters are at the beginning. Eight bytes are looked at together: a flood consists of these.
pub(super) fn ascii_run(bytes: &[u8]) -> usize {
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
