//! What a program wants that says that control characters do not reach it (`rz -e`, ESCCTL): each of them goes as two others.
//! The library escapes only those that ZMODEM itself needs.

/// Begins an escaped character.
const ZDLE: u8 = 0x18;
/// Behind ZDLE: a header in hexadecimal digits. As an escaped character it would be 0x02, which the library does not escape.
const ZHEX: u8 = b'B';

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Plain,
    BehindZdle,
    /// Digits and the end of their line, which is no data.
    HexHeader,
}

/// Escapes what the library has written, however it is cut.
#[derive(Debug, Default)]
pub(super) struct EscapeControls(State);

impl EscapeControls {
    pub(super) fn escape(&mut self, written: &[u8]) -> Vec<u8> {
        let mut escaped = Vec::with_capacity(written.len() * 5 / 4);
        for &byte in written {
            self.0 = match self.0 {
                State::BehindZdle if byte == ZHEX => State::HexHeader,
                State::HexHeader if byte.is_ascii_hexdigit() || b"\r\n\x8a\x11".contains(&byte) => {
                    State::HexHeader
                }
                State::BehindZdle => State::Plain,
                State::Plain | State::HexHeader if byte == ZDLE => State::BehindZdle,
                State::Plain | State::HexHeader if byte & 0x60 == 0 => {
                    escaped.extend([ZDLE, byte ^ 0x40]);
                    self.0 = State::Plain;
                    continue;
                }
                State::Plain | State::HexHeader => State::Plain,
            };
            escaped.push(byte);
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_two_others_wherever_the_data_is_cut() {
        let written = b"**\x18B0b00000000a7d4\r\x8a\x11*\x18C\x02\x00\x18\x50\x1b\x9b a\x7f\xff\x18k";
        let escaped = b"**\x18B0b00000000a7d4\r\x8a\x11*\x18C\x18B\x18@\x18\x50\x18[\x18\xdb a\x7f\xff\x18k";
        for cut in 0..=written.len() {
            let mut escape = EscapeControls::default();
            let both = [escape.escape(&written[..cut]), escape.escape(&written[cut..])].concat();
            assert_eq!(both, escaped, "cut at {cut}");
        }
    }
}
