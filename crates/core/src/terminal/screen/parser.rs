//! Escape sequences: the state machine of the VT500 (<https://vt100.net/emu/dec_ansi_parser>) with the transitions of
//! xterm.js 6, and UTF-8 before it. It says what a character means and keeps what a sequence consists of. Of a picture it keeps
//! the size alone.

use super::picture::{Picture, SEARCH_CHARS};
use crate::files::path_text;

/// Values of one sequence, as in xterm.js.
const PARAMS: usize = 32;
/// Text of an OSC or DCS string that is kept. A longer one is read to its end and then ignored.
const STRING_BYTES: usize = 4 * 1024;
/// The longest control sequence that is taken in one piece, without what goes before its numbers.
const PLAIN_CSI_BYTES: usize = 64;
/// The same for what a program puts on the clipboard (OSC 52): 1 MiB in base64, which is the most that the window takes
/// (`WRITE_MAX_BYTES` in `ui/src/terminal/clipboard-writes.ts`), and the names of selections before it.
const CLIPBOARD_STRING_BYTES: usize = (1024 * 1024usize).div_ceil(3) * 4 + 16;
/// How such a string begins.
pub(super) const CLIPBOARD: &str = "52;";
/// The beginning of a sequence under way that is kept to be said again behind a snapshot.
const PARTIAL_BYTES: usize = STRING_BYTES + 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    CsiEntry,
    CsiParam,
    CsiIntermediate,
    CsiIgnore,
    SosPmApc,
    Osc,
    DcsEntry,
    DcsParam,
    DcsIntermediate,
    DcsIgnore,
    DcsString,
}

/// What a character asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    Print(u32),
    Execute(u8),
    /// A control sequence with this final character; [`Parser::params`] and [`Parser::collected`] have the rest.
    Csi(u8),
    Esc(u8),
    /// The text is in [`Parser::string`], or it was a picture. False: it was given up or is too long.
    Osc(bool),
    Dcs(bool),
}

/// Numbers of a sequence with their sub-parameters (`4:3`).
#[derive(Debug, Default)]
pub(super) struct Params {
    values: [i32; PARAMS],
    len: usize,
    subs: [i32; PARAMS],
    subs_len: usize,
    /// Where the sub-parameters of each begin and end.
    ranges: [(u8, u8); PARAMS],
    full: bool,
    subs_full: bool,
    in_sub: bool,
}

impl Params {
    fn reset(&mut self) {
        self.len = 0;
        self.subs_len = 0;
        self.full = false;
        self.subs_full = false;
        self.in_sub = false;
        self.add();
    }

    fn add(&mut self) {
        self.in_sub = false;
        if self.len == PARAMS {
            self.full = true;
            return;
        }
        let at = self.subs_len as u8;
        self.ranges[self.len] = (at, at);
        self.values[self.len] = 0;
        self.len += 1;
    }

    fn add_sub(&mut self) {
        self.in_sub = true;
        if self.full || self.subs_len == PARAMS {
            self.subs_full = true;
            return;
        }
        self.subs[self.subs_len] = -1;
        self.subs_len += 1;
        self.ranges[self.len - 1].1 += 1;
    }

    fn digit(&mut self, digit: i32) {
        if self.full || self.in_sub && (self.subs_full || self.subs_len == 0) {
            return;
        }
        let value =
            if self.in_sub { &mut self.subs[self.subs_len - 1] } else { &mut self.values[self.len - 1] };
        *value = if *value == -1 { digit } else { value.saturating_mul(10).saturating_add(digit) };
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// A value; 0 where there is none.
    pub fn get(&self, at: usize) -> i32 {
        if at < self.len { self.values[at] } else { 0 }
    }

    /// A value as a count: at least one.
    pub fn count(&self, at: usize) -> usize {
        usize::try_from(self.get(at).max(1)).unwrap_or(1)
    }

    /// -1 stands for one that was left out.
    pub fn subs(&self, at: usize) -> &[i32] {
        if at >= self.len {
            return &[];
        }
        let (start, end) = self.ranges[at];
        &self.subs[usize::from(start)..usize::from(end)]
    }

    pub fn values(&self) -> &[i32] {
        &self.values[..self.len]
    }
}

#[derive(Debug, Default)]
pub(super) struct Parser {
    state: State,
    pub params: Params,
    /// Prefix and intermediate characters, the last one lowest.
    pub collected: u32,
    pub string: String,
    string_too_long: bool,
    /// Bytes of an OSC string that are no UTF-8 stand in it as [`path_text`] writes them: names of folders have them.
    pub string_has_bytes: bool,
    /// The string has had a colon. What stands before the first one says whether a picture follows, and nothing behind it.
    string_has_colon: bool,
    /// What the DCS string is: what was collected before it, and its final character.
    dcs: (u32, u8),
    /// The picture that the string is.
    picture: Option<Picture>,
    partial: Vec<u8>,
    partial_too_long: bool,
    utf8: [u8; 4],
    utf8_len: usize,
}

impl Parser {
    /// Whether the next byte starts something new.
    pub fn is_ground(&self) -> bool {
        self.state == State::Ground && self.utf8_len == 0
    }

    /// Takes a whole control sequence of numbers alone, such as a change of colour, at the beginning of `bytes`: its length
    /// and its final character. What comes in pieces or has anything else in it goes through [`Parser::step`]; both must come
    /// to the same.
    pub fn plain_csi(&mut self, bytes: &[u8]) -> Option<(usize, u8)> {
        let [0x1b, b'[', rest @ ..] = bytes else { return None };
        let len = rest.iter().take(PLAIN_CSI_BYTES).position(|byte| !matches!(byte, b'0'..=b';'))?;
        let (numbers, last) = (&rest[..len], rest[len]);
        if !(0x40..0x7f).contains(&last) {
            return None;
        }
        self.clear();
        for &byte in numbers {
            self.param(u32::from(byte), State::Ground);
        }
        Some((len + 3, last))
    }

    pub fn is_between_characters(&self) -> bool {
        self.utf8_len == 0
    }

    /// Whether the DCS string that has just ended is of this kind.
    pub fn dcs_is(&self, collected: u32, last: u8) -> bool {
        self.dcs == (collected, last)
    }

    /// The picture that the string which has just ended was.
    pub fn take_picture(&mut self) -> Option<Picture> {
        self.picture.take()
    }

    pub fn reset(&mut self) {
        self.state = State::Ground;
        self.picture = None;
        self.forget_partial();
        self.string.clear();
    }

    fn forget_partial(&mut self) {
        self.partial.clear();
        // A picture may have needed much more.
        self.partial.shrink_to(PARTIAL_BYTES);
        self.partial_too_long = false;
    }

    /// What a terminal has to be told so that it stands in the middle of the same sequence or character.
    pub fn partial(&self) -> Vec<u8> {
        let mut bytes = if self.partial_too_long {
            // Only its end matters any more: it is ignored, unless it may be one for the clipboard.
            match (self.state, &self.picture) {
                (State::Osc | State::DcsString, Some(picture)) => picture.resume().into_bytes(),
                (State::Osc, None) if !self.string_too_long => [b"\x1b]", self.string.as_bytes()].concat(),
                (State::Osc, None) => b"\x1b]99999;".to_vec(),
                (State::DcsString | State::DcsIgnore, _) => b"\x1bP0<z".to_vec(),
                (State::SosPmApc, _) => b"\x1b_".to_vec(),
                _ => b"\x1b[0<".to_vec(),
            }
        } else {
            self.partial.clone()
        };
        bytes.extend_from_slice(&self.utf8[..self.utf8_len]);
        bytes
    }

    /// Takes a byte and gives a code point as soon as there is one. What is no UTF-8 is dropped as xterm.js drops it.
    pub fn decode(&mut self, byte: u8) -> Option<u32> {
        if self.utf8_len > 0 {
            if byte & 0xc0 == 0x80 {
                self.utf8[self.utf8_len] = byte;
                self.utf8_len += 1;
                return self.complete();
            }
            self.dropped(self.utf8, self.utf8_len);
        }
        match byte {
            0..0x80 => Some(u32::from(byte)),
            0xc2..0xf8 => {
                self.utf8[0] = byte;
                self.utf8_len = 1;
                None
            }
            _ => {
                self.dropped([byte; 4], 1);
                None
            }
        }
    }

    /// Notes bytes that show nothing, where they count all the same.
    fn dropped(&mut self, bytes: [u8; 4], count: usize) {
        self.utf8_len = 0;
        if self.state == State::Osc && self.picture.is_none() {
            let text = path_text::to_text(&bytes[..count]);
            self.string_has_bytes = true;
            self.string_too_long |= self.string.len() + text.len() > STRING_BYTES;
            if !self.string_too_long {
                self.string.push_str(&text);
            }
        }
    }

    fn complete(&mut self) -> Option<u32> {
        let wanted = match self.utf8[0] {
            0..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        if self.utf8_len < wanted {
            return None;
        }
        let bytes = self.utf8;
        self.utf8_len = 0;
        let text = str::from_utf8(&bytes[..wanted]).ok();
        let code = text.and_then(|text| text.chars().next()).map(u32::from).filter(|&code| code != 0xfeff);
        if text.is_none() {
            self.dropped(bytes, wanted);
        }
        code
    }

    pub fn step(&mut self, code: u32) -> Action {
        let before = self.state;
        let action = self.transition(code);
        if self.state == State::Ground {
            if before != State::Ground {
                self.forget_partial();
            }
        } else if !matches!(action, Action::Execute(_)) {
            if code == 0x1b || matches!(code, 0x90 | 0x98 | 0x9b | 0x9d | 0x9e | 0x9f) {
                self.forget_partial();
            }
            self.remember(code);
        }
        action
    }

    fn remember(&mut self, code: u32) {
        let needed = self.picture.as_ref().is_some_and(Picture::is_undecided);
        let most = if needed { PARTIAL_BYTES + SEARCH_CHARS } else { PARTIAL_BYTES };
        if self.partial_too_long || self.partial.len() + 4 > most {
            self.partial_too_long = true;
        } else if code < 0x80 {
            self.partial.push(code as u8);
        } else if let Some(character) = char::from_u32(code) {
            self.partial.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn go(&mut self, state: State) -> Action {
        self.state = state;
        Action::Nothing
    }

    fn clear(&mut self) {
        self.params.reset();
        self.collected = 0;
    }

    fn begin_string(&mut self, state: State) -> Action {
        self.string.clear();
        self.string_too_long = false;
        self.string_has_bytes = false;
        self.string_has_colon = false;
        self.picture = None;
        self.go(state)
    }

    fn put(&mut self, code: u32) -> Action {
        if let Some(picture) = &mut self.picture {
            picture.take(code);
            return Action::Nothing;
        }
        if self.state == State::Osc {
            if code == 0x3a && !std::mem::replace(&mut self.string_has_colon, true) {
                self.picture = Picture::file(&self.string).filter(|_| !self.string_too_long);
            }
            // A number may have zeros before it, in xterm.js as well.
            if self.string == "0" && matches!(code, 0x30..=0x39) {
                self.string.clear();
            }
        }
        if self.string.len() + 4 > STRING_BYTES && !self.has_room_for_clipboard() {
            self.string_too_long = true;
        } else if code < 0x80 {
            self.string.push(code as u8 as char);
        } else if let Some(character) = char::from_u32(code) {
            self.string.push(character);
        }
        Action::Nothing
    }

    /// Whether a long string is a request to set the clipboard that may still be one.
    fn has_room_for_clipboard(&self) -> bool {
        self.state == State::Osc
            && !self.string_too_long
            && self.string.len() + 4 <= CLIPBOARD_STRING_BYTES
            && self.string.starts_with(CLIPBOARD)
    }

    /// The string ends with `code`; an ESC begins the next sequence as well.
    fn end_string(&mut self, code: u32) -> bool {
        self.clear();
        self.state = if code == 0x1b { State::Escape } else { State::Ground };
        !matches!(code, 0x18 | 0x1a) && !self.string_too_long
    }

    fn collect(&mut self, code: u32, state: State) -> Action {
        self.collected = self.collected << 8 | code;
        self.go(state)
    }

    fn param(&mut self, code: u32, state: State) -> Action {
        match code {
            0x3b => self.params.add(),
            0x3a => self.params.add_sub(),
            _ => self.params.digit(code as i32 - 0x30),
        }
        self.go(state)
    }

    fn transition(&mut self, code: u32) -> Action {
        use State::{
            CsiEntry, CsiIgnore, CsiIntermediate, CsiParam, DcsEntry, DcsIgnore, DcsIntermediate, DcsParam,
            DcsString, Escape, EscapeIntermediate, Ground, Osc, SosPmApc,
        };
        match (self.state, code) {
            (Osc, 0x9c | 0x1b | 0x18 | 0x1a | 0x07) => Action::Osc(self.end_string(code)),
            (DcsString, 0x9c | 0x1b | 0x18 | 0x1a) => Action::Dcs(self.end_string(code)),
            (_, 0x18 | 0x1a | 0x80..=0x8f | 0x91..=0x97 | 0x99 | 0x9a) => {
                self.state = Ground;
                Action::Execute(code as u8)
            }
            (_, 0x9c) => self.go(Ground),
            (_, 0x1b) => {
                self.clear();
                self.go(Escape)
            }
            (_, 0x9d) => self.begin_string(Osc),
            (_, 0x98 | 0x9e | 0x9f) => self.go(SosPmApc),
            (_, 0x9b) => {
                self.clear();
                self.go(CsiEntry)
            }
            (_, 0x90) => {
                self.clear();
                self.go(DcsEntry)
            }
            (Ground, 0x20..=0x7e | 0xa0..) => Action::Print(code),
            (
                Ground | Escape | EscapeIntermediate | CsiEntry | CsiParam | CsiIgnore | CsiIntermediate,
                0..0x20,
            ) => Action::Execute(code as u8),
            (Escape | CsiEntry | CsiParam | CsiIgnore | CsiIntermediate, 0x7f) => Action::Nothing,

            (Escape, 0x5d) => self.begin_string(Osc),
            (Escape, 0x58 | 0x5e | 0x5f) => self.go(SosPmApc),
            (Escape, 0x5b) => {
                self.clear();
                self.go(CsiEntry)
            }
            (Escape, 0x50) => {
                self.clear();
                self.go(DcsEntry)
            }
            (Escape | EscapeIntermediate, 0x20..0x30) => self.collect(code, EscapeIntermediate),
            (Escape | EscapeIntermediate, 0x30..=0x7e) => {
                self.state = Ground;
                Action::Esc(code as u8)
            }

            (Osc, 0x20..0x80 | 0xa0..) => self.put(code),
            (Osc, _) => Action::Nothing,
            (SosPmApc, 0..0x80) => Action::Nothing,

            (CsiEntry | CsiParam, 0x30..0x3c) => self.param(code, CsiParam),
            (CsiEntry, 0x3c..0x40) => self.collect(code, CsiParam),
            (CsiParam, 0x3c..0x40) | (CsiIntermediate, 0x30..0x40) => self.go(CsiIgnore),
            (CsiEntry | CsiParam | CsiIntermediate, 0x20..0x30) => self.collect(code, CsiIntermediate),
            (CsiEntry | CsiParam | CsiIntermediate, 0x40..0x7f) => {
                self.state = Ground;
                Action::Csi(code as u8)
            }
            (CsiIgnore, 0x20..0x40 | 0xa0..) => Action::Nothing,
            (CsiIgnore, 0x40..0x7f) => self.go(Ground),

            (DcsEntry | DcsParam, 0x30..0x3c) => self.param(code, DcsParam),
            (DcsEntry, 0x3c..0x40) => self.collect(code, DcsParam),
            (DcsParam, 0x3c..0x40) | (DcsIntermediate, 0x30..0x40) => self.go(DcsIgnore),
            (DcsEntry | DcsParam | DcsIntermediate, 0x20..0x30) => self.collect(code, DcsIntermediate),
            (DcsEntry | DcsParam | DcsIntermediate, 0x40..0x7f) => {
                self.dcs = (self.collected, code as u8);
                let begun = self.begin_string(DcsString);
                self.picture = (self.dcs == (0, b'q')).then(Picture::sixel);
                begun
            }
            (DcsEntry | DcsParam | DcsIntermediate | DcsIgnore, 0..0x80) => Action::Nothing,
            (DcsIgnore, 0xa0..) | (DcsString, 0x7f) => Action::Nothing,
            (DcsString, _) => self.put(code),

            // Everything else is an error, and the sequence is given up.
            _ => self.go(Ground),
        }
    }
}
