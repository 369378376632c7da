//! A file as text and back again. What was not changed is written back byte for byte: an encoding counts only if it gives the
//! same bytes again.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, WINDOWS_1252};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How the characters of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TextEncoding {
    Utf8,
    /// With a byte order mark, as some programs of Windows want it.
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    Gb18030,
    /// Windows-1252, which holds Latin-1.
    Western,
}

/// How the lines of a file end. The window works with `\n` alone, except in `Mixed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnds {
    Lf,
    CrLf,
    /// As on the old Macintosh.
    Cr,
    /// Several kinds: every `\r` stays in the text as it is.
    Mixed,
}

/// What a file holds, fit to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub encoding: TextEncoding,
    pub line_ends: LineEnds,
}

/// A character that the encoding of a file does not have, and the line that it is in, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unencodable {
    pub character: char,
    pub line: u32,
}

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";
const UTF16_LE_BOM: &[u8] = b"\xff\xfe";
const UTF16_BE_BOM: &[u8] = b"\xfe\xff";
/// A text in no Unicode encoding that has more control characters than one in so many is none.
const CONTROLS_ONE_IN: usize = 100;

impl Text {
    /// Reads text in the encoding that it seems to have. None if it seems to be none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        use TextEncoding::{Gb18030, Utf8, Utf8Bom, Utf16Be, Utf16Le, Western};
        let tried: &[TextEncoding] = match bytes {
            _ if bytes.starts_with(UTF16_LE_BOM) => &[Utf16Le],
            _ if bytes.starts_with(UTF16_BE_BOM) => &[Utf16Be],
            _ if bytes.contains(&0) => return None,
            _ if bytes.starts_with(UTF8_BOM) => &[Utf8Bom],
            _ if std::str::from_utf8(bytes).is_ok() => &[Utf8],
            _ if has_many_controls(bytes) => return None,
            _ if looks_chinese(bytes) => &[Gb18030, Western],
            _ => &[Western],
        };
        tried.iter().find_map(|&encoding| Self::read_as(bytes, encoding))
    }

    /// Reads text in an encoding that a person chose. None if it is not in that.
    pub fn read_as(bytes: &[u8], encoding: TextEncoding) -> Option<Self> {
        let raw = decode(bytes, encoding)?;
        let line_ends = line_ends_of(&raw);
        let text = match line_ends {
            LineEnds::Lf | LineEnds::Mixed => raw,
            LineEnds::CrLf => raw.replace("\r\n", "\n"),
            LineEnds::Cr => raw.replace('\r', "\n"),
        };
        let text = Self { text, encoding, line_ends };
        text.write().is_ok_and(|again| again == bytes).then_some(text)
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// The first character that the encoding does not have.
    pub fn write(&self) -> Result<Vec<u8>, Unencodable> {
        let text = match self.line_ends {
            LineEnds::Lf | LineEnds::Mixed => Cow::Borrowed(self.text.as_str()),
            LineEnds::CrLf => self.text.replace('\n', "\r\n").into(),
            LineEnds::Cr => self.text.replace('\n', "\r").into(),
        };
        let wide = |bom: &[u8], of: fn(u16) -> [u8; 2]| {
            bom.iter().copied().chain(text.encode_utf16().flat_map(of)).collect()
        };
        match self.encoding {
            TextEncoding::Utf8 => Ok(text.into_owned().into_bytes()),
            TextEncoding::Utf8Bom => Ok([UTF8_BOM, text.as_bytes()].concat()),
            TextEncoding::Utf16Le => Ok(wide(UTF16_LE_BOM, u16::to_le_bytes)),
            TextEncoding::Utf16Be => Ok(wide(UTF16_BE_BOM, u16::to_be_bytes)),
            TextEncoding::Gb18030 => legacy(&text, GB18030),
            TextEncoding::Western => legacy(&text, WINDOWS_1252),
        }
    }
}

fn decode(bytes: &[u8], encoding: TextEncoding) -> Option<String> {
    let wide = |bom: &[u8], of: fn([u8; 2]) -> u16| {
        let units = bytes.strip_prefix(bom)?.chunks(2);
        let units: Option<Vec<u16>> = units.map(|pair| Some(of(pair.try_into().ok()?))).collect();
        String::from_utf16(&units?).ok()
    };
    let legacy = |encoding: &'static Encoding| {
        Some(encoding.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned())
    };
    match encoding {
        TextEncoding::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
        TextEncoding::Utf8Bom => String::from_utf8(bytes.strip_prefix(UTF8_BOM)?.to_vec()).ok(),
        TextEncoding::Utf16Le => wide(UTF16_LE_BOM, u16::from_le_bytes),
        TextEncoding::Utf16Be => wide(UTF16_BE_BOM, u16::from_be_bytes),
        TextEncoding::Gb18030 => legacy(GB18030),
        TextEncoding::Western => legacy(WINDOWS_1252),
    }
}

fn legacy(text: &str, encoding: &'static Encoding) -> Result<Vec<u8>, Unencodable> {
    let (bytes, _, has_unencodable) = encoding.encode(text);
    if !has_unencodable {
        return Ok(bytes.into_owned());
    }
    let mut line = 1;
    for character in text.chars() {
        let mut buffer = [0; 4];
        if encoding.encode(character.encode_utf8(&mut buffer)).2 {
            return Err(Unencodable { character, line });
        }
        line += u32::from(character == '\n');
    }
    Err(Unencodable { character: char::REPLACEMENT_CHARACTER, line })
}

fn line_ends_of(text: &str) -> LineEnds {
    let bytes = text.as_bytes();
    let (mut lf, mut crlf, mut cr) = (false, false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => crlf = true,
            b'\r' => cr = true,
            b'\n' if at == 0 || bytes[at - 1] != b'\r' => lf = true,
            _ => {}
        }
    }
    match (lf, crlf, cr) {
        (_, false, false) => LineEnds::Lf,
        (false, true, false) => LineEnds::CrLf,
        (false, false, true) => LineEnds::Cr,
        _ => LineEnds::Mixed,
    }
}

fn has_many_controls(bytes: &[u8]) -> bool {
    let is_control = |byte: &&u8| {
        **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b) || **byte == 0x7f
    };
    bytes.iter().filter(is_control).count() * CONTROLS_ONE_IN > bytes.len()
}

/// In Chinese text a byte beyond ASCII nearly always has another one behind it; in a Western one it stands between letters.
fn looks_chinese(bytes: &[u8]) -> bool {
    let (mut pairs, mut single, mut at) = (0_usize, 0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte < 0x80 {
            continue;
        }
        match bytes.get(at) {
            Some(&next) if (0x81..=0xfe).contains(&byte) && next >= 0x80 => {
                pairs += 1;
                at += 1;
            }
            _ => single += 1,
        }
    }
    pairs > single * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, and that it is written as it was.
    fn read(bytes: &[u8]) -> Text {
        let text = Text::read(bytes).expect("text");
        assert_eq!(text.write().expect("written"), bytes, "{text:?}");
        text
    }

    #[test]
    fn every_encoding_and_line_end_gives_the_same_bytes_again() {
        use TextEncoding::{Gb18030, Utf8, Utf8Bom, Utf16Be, Utf16Le, Western};
        let cases: [(&[u8], &str, TextEncoding, LineEnds); 14] = [
            (b"", "", Utf8, LineEnds::Lf),
            (b"a\nb", "a\nb", Utf8, LineEnds::Lf),
            ("王\n".as_bytes(), "王\n", Utf8, LineEnds::Lf),
            (b"a\r\nb\r\n", "a\nb\n", Utf8, LineEnds::CrLf),
            (b"a\rb\r", "a\nb\n", Utf8, LineEnds::Cr),
            (b"a\r\nb\nc\rd", "a\r\nb\nc\rd", Utf8, LineEnds::Mixed),
            (b"a\r\r\n", "a\r\r\n", Utf8, LineEnds::Mixed),
            (b"\xef\xbb\xbfa\r\n", "a\n", Utf8Bom, LineEnds::CrLf),
            (b"\xff\xfea\0\xacN\r\0\n\0", "a京\n", Utf16Le, LineEnds::CrLf),
            (b"\xfe\xff\0aN\xac\0\n", "a京\n", Utf16Be, LineEnds::Lf),
            (b"\xc4\xe3\xba\xc3\xa3\xac\xca\xc0\xbd\xe7\r\n", "你好，世界\n", Gb18030, LineEnds::CrLf),
            (b"caf\xe9 na\xefve \x80 \x9d\n", "café naïve € \u{9d}\n", Western, LineEnds::Lf),
            (b"Stra\xdfe, \xe9a\n", "Straße, éa\n", Western, LineEnds::Lf),
            (b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n", Utf8, LineEnds::Lf),
        ];
        for (bytes, text, encoding, line_ends) in cases {
            assert_eq!(read(bytes), Text { text: text.to_owned(), encoding, line_ends });
        }
    }

    #[test]
    fn what_is_no_text_is_not_taken_for_one() {
        let bad: [&[u8]; 6] = [
            b"\x7fELF\0\0\0",
            b"a\0b",
            b"\x89PNG\r\n\x1a\n\x01\x02\x03\xff\xfe",
            b"\xff\xfea",
            b"\xff\xfe\0\xd8",
            b"\x01\x02\x03\x04\xff",
        ];
        for bytes in bad {
            assert_eq!(Text::read(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn all_bytes_that_can_be_text_come_back() {
        let mut seed = 7_u32;
        for length in 0..400 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .map(|byte| if byte < 0x20 { b'\n' } else { byte })
                .collect();
            if let Some(text) = Text::read(&bytes) {
                assert_eq!(text.write().expect("written"), bytes);
            }
        }
    }

    #[test]
    fn a_character_that_the_encoding_lacks_is_named_with_its_line() {
        let mut text = read(b"caf\xe9\n");
        text.text.push_str("x\n你");
        assert_eq!(text.write(), Err(Unencodable { character: '你', line: 3 }));
        text.encoding = TextEncoding::Utf8;
        assert!(text.write().is_ok());
    }
}
