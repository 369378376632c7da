//! OSC: titles, colours, links, the clipboard, marks and pictures.

use std::sync::Arc;

use super::super::Screen;
use super::super::cell::Link;
use crate::files::path_text;

/// Links longer than this are not kept; OSC 8 asks for at least 2083.
const URI_BYTES: usize = 2083;

impl Screen {
    pub(in super::super) fn osc(&mut self, whole: bool) {
        let picture = self.parser.take_picture();
        if !whole {
            return;
        }
        if let Some(picture) = picture {
            return self.place(&picture);
        }
        let mut string = std::mem::take(&mut self.parser.string);
        if self.parser.string_has_bytes {
            if self.enter_bytes(&string) {
                return;
            }
            string.retain(|character| !path_text::is_byte(character));
        }
        let (number, text) = string.split_once(';').unwrap_or((&string, ""));
        match number.parse::<u32>() {
            Ok(0 | 2) => {
                self.title = Some(text.to_owned());
                self.told = self.told.wrapping_add(1);
            }
            Ok(4) => self.indexed_colours(text),
            Ok(7) => self.directory = text.to_owned(),
            Ok(8) => self.hyperlink(text),
            Ok(first @ 10..=12) => self.special_colours(first, text),
            Ok(52) => return self.put_on_clipboard(string),
            Ok(133 | 633) => self.mark(text),
            Ok(1337) => self.iterm(text),
            Ok(104) if text.is_empty() => self.colours.retain(|&index, _| index > 255),
            Ok(104) => {
                for index in text.split(';').filter_map(|index| index.parse::<u8>().ok()) {
                    self.colours.remove(&u16::from(index));
                }
            }
            Ok(first @ 110..=112) => {
                self.colours.remove(&(256 + (first - 110) as u16));
            }
            _ => {}
        }
        self.parser.string = string;
    }

    /// OSC 52. Only the newest counts, as it would on the clipboard; questions about it are never answered.
    fn put_on_clipboard(&mut self, string: String) {
        let data = string.rsplit(';').next().unwrap_or_default();
        if !matches!(data, "" | "?") {
            self.clipboard = Some((self.offset, format!("\x1b]{string}\x1b\\")));
        }
    }

    fn indexed_colours(&mut self, text: &str) {
        let mut parts = text.split(';');
        while let (Some(index), Some(colour)) = (parts.next(), parts.next()) {
            let Ok(index) = index.parse::<u8>() else { continue };
            if colour == "?" {
                self.ask_window(format!("\x1b]4;{index};?\x1b\\"));
            } else if is_colour(colour) {
                self.colours.insert(u16::from(index), colour.to_owned());
            }
        }
    }

    /// OSC 10 to 12; further colours in one sequence are those of the next number.
    fn special_colours(&mut self, first: u32, text: &str) {
        for (number, colour) in (first..=12).zip(text.split(';')) {
            if colour == "?" {
                self.ask_window(format!("\x1b]{number};?\x1b\\"));
            } else if is_colour(colour) {
                self.colours.insert(256 + (number - 10) as u16, colour.to_owned());
            }
        }
    }

    fn hyperlink(&mut self, text: &str) {
        let Some((params, uri)) = text.split_once(';') else { return };
        if uri.is_empty() {
            if params.trim().is_empty() {
                self.pen.link = None;
                self.renew_pen();
            }
            return;
        }
        let id = params.trim().split(':').find_map(|param| param.strip_prefix("id=")).unwrap_or_default();
        self.pen.link =
            (uri.len() <= URI_BYTES).then(|| Arc::new(Link { id: id.to_owned(), uri: uri.to_owned() }));
        self.make_room_and_renew();
    }
}

/// A colour as xterm.js reads it: `rgb:r/g/b` or `#rgb`, one to four digits each.
fn is_colour(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(parts) = text.strip_prefix("rgb:") {
        let parts: Vec<&str> = parts.split('/').collect();
        return parts.len() == 3
            && (1..=4).contains(&parts[0].len())
            && parts.iter().all(|part| part.len() == parts[0].len() && hex(part));
    }
    text.strip_prefix('#').is_some_and(|digits| matches!(digits.len(), 3 | 6 | 9 | 12) && hex(digits))
}
