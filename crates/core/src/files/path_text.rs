//! Paths as text that loses nothing, for the window and for what is kept in files. A path is bytes, and text mostly; what
//! is no UTF-8 crosses as characters of a private plane that stand for one byte each, as Python does with surrogates
//! (PEP 383), which JSON and `char` do not have.

/// The character that stands for the byte 0x00; the others follow. A path that has such a character itself crosses as its
/// bytes.
const FIRST: u32 = 0x10_FE00;
const LAST: u32 = FIRST + 0xFF;

/// Bytes as text. [`to_bytes`] gives the same bytes back.
pub fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if stands_for(character).is_some() {
                let mut buffer = [0; 4];
                text.extend(character.encode_utf8(&mut buffer).bytes().map(stand_in));
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

/// The bytes of a text that [`to_text`] made, or that a person typed.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        match stands_for(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    bytes
}

/// Whether a character stands for a byte.
pub fn is_byte(character: char) -> bool {
    stands_for(character).is_some()
}

fn stand_in(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn stands_for(character: char) -> Option<u8> {
    let code = u32::from(character);
    (FIRST..=LAST).contains(&code).then(|| (code - FIRST).try_into().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_and_text_stays_text() {
        let all: Vec<u8> = (0..=255).collect();
        let nasty = "a\u{10FE41}b\u{10FEFF}".as_bytes();
        for bytes in ["/home/王/plain.txt".as_bytes(), &all, nasty, b"\xf4\x8f\xb8", b"caf\xe9", b""] {
            assert_eq!(to_bytes(&to_text(bytes)), bytes, "{bytes:?}");
        }
        assert_eq!(to_text("王/x".as_bytes()), "王/x");
        assert_ne!(to_text(b"caf\xe9"), to_text("café".as_bytes()));
    }
}
