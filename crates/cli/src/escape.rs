//! The escape character at the start of a line (ssh(1), ESCAPE CHARACTERS), as a pure machine.

/// What typed bytes turn out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Text(Vec<u8>),
    /// `~.`
    Disconnect,
    /// `~?`
    Help,
}

#[derive(Debug)]
pub struct Escape {
    character: Option<u8>,
    at_line_start: bool,
    /// The escape character was typed and waits for its second half.
    escaped: bool,
}

impl Escape {
    /// None means that nothing is special.
    pub fn new(character: Option<u8>) -> Self {
        Self { character, at_line_start: true, escaped: false }
    }

    /// Looks at what was typed. What follows a [`Typed::Disconnect`] is of no use to anyone and dropped.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let Some(character) = self.character else { return vec![Typed::Text(bytes.to_vec())] };
        let (mut found, mut text) = (Vec::new(), Vec::with_capacity(bytes.len()));
        let flush = |text: &mut Vec<u8>, found: &mut Vec<Typed>| {
            if !text.is_empty() {
                found.push(Typed::Text(std::mem::take(text)));
            }
        };
        for &byte in bytes {
            if std::mem::take(&mut self.escaped) {
                match byte {
                    b'.' => {
                        flush(&mut text, &mut found);
                        found.push(Typed::Disconnect);
                        return found;
                    }
                    b'?' => {
                        flush(&mut text, &mut found);
                        found.push(Typed::Help);
                        // The next character may be an escape again.
                        continue;
                    }
                    byte if byte == character => text.push(byte),
                    byte => text.extend([character, byte]),
                }
            } else if self.at_line_start && byte == character {
                self.escaped = true;
                continue;
            } else {
                text.push(byte);
            }
            self.at_line_start = matches!(byte, b'\r' | b'\n');
        }
        flush(&mut text, &mut found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<Typed> {
        let mut escape = Escape::new(Some(b'~'));
        // One byte at a time, as a person types.
        let mut all: Vec<Typed> = Vec::new();
        for piece in text.as_bytes().iter().flat_map(|byte| escape.feed(&[*byte])) {
            match (all.last_mut(), piece) {
                (Some(Typed::Text(before)), Typed::Text(more)) => before.extend(more),
                (_, piece) => all.push(piece),
            }
        }
        all
    }

    fn text(text: &str) -> Typed {
        Typed::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn a_tilde_counts_only_at_the_start_of_a_line() {
        assert_eq!(typed("ls ~.\r"), [text("ls ~.\r")]);
        assert_eq!(typed("ls\r~."), [text("ls\r"), Typed::Disconnect]);
        assert_eq!(typed("~."), [Typed::Disconnect]);
    }

    #[test]
    fn two_tildes_send_one_and_others_pass() {
        assert_eq!(typed("~~.\r"), [text("~.\r")]);
        assert_eq!(typed("~x"), [text("~x")]);
        assert_eq!(typed("~?~."), [Typed::Help, Typed::Disconnect]);
    }

    #[test]
    fn without_an_escape_character_nothing_is_special() {
        assert_eq!(Escape::new(None).feed(b"\r~."), [text("\r~.")]);
    }

    #[test]
    fn the_same_bytes_at_once_mean_the_same() {
        let mut escape = Escape::new(Some(b'~'));
        assert_eq!(escape.feed(b"a\r~~b\r~?c"), [text("a\r~b\r"), Typed::Help, text("c")]);
    }
}
