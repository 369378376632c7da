//! What comes while the person decides about a transfer. A program that wants one only repeats its header; anything else means
//! that nobody waits there, and that the header was just text that somebody printed.

use bytes::{Buf, Bytes, BytesMut};

use super::detect::{HEADER_BYTES, may_become_header};

/// What stands around headers: ends of lines, flow control, and what `sz` and `rz` send when they give up.
const AROUND: &[u8] = b"\r\n\x8a\x11\x13\x18\x08";
/// The command that `sz` types for a host that it takes for the other side.
const COMMAND: &[u8] = b"rz";

#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// The beginning of a header.
    held: BytesMut,
}

impl Repeats {
    /// Takes output, and gives back all of it from the first byte on that belongs to no header.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<Bytes> {
        self.held.extend_from_slice(bytes);
        loop {
            match self.held.first() {
                None => return None,
                Some(first) if AROUND.contains(first) => self.held.advance(1),
                Some(_) if self.held.starts_with(COMMAND) => self.held.advance(COMMAND.len()),
                Some(_) if COMMAND.starts_with(&self.held) => return None,
                Some(_) if !may_become_header(&self.held) => {
                    return Some(std::mem::take(&mut self.held).freeze());
                }
                Some(_) if self.held.len() < HEADER_BYTES => return None,
                Some(_) => self.held.advance(HEADER_BYTES),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPEATED: &[u8] = b"rz\r**\x18B00000000000000\r\x8a\x11**\x18B0100000023be50\r\n\x11";

    #[test]
    fn headers_are_repeats_wherever_they_are_cut() {
        for at in 0..REPEATED.len() {
            let mut repeats = Repeats::default();
            assert_eq!(repeats.push(&REPEATED[..at]), None, "{at}");
            assert_eq!(repeats.push(&REPEATED[at..]), None, "{at}");
        }
    }

    #[test]
    fn anything_else_is_given_back_whole() {
        for (pieces, foreign) in [
            (vec![&b"cc -o knot knot.c\r\n"[..]], "cc -o knot knot.c\r\n"),
            (vec![REPEATED, b"$ ", b"ls"], "$ "),
            (vec![b"*", b"* note"], "** note"),
            (vec![b"r", b"eady"], "ready"),
        ] {
            let mut repeats = Repeats::default();
            let given = pieces.iter().find_map(|piece| repeats.push(piece));
            assert_eq!(given.as_deref(), Some(foreign.as_bytes()));
        }
    }
}
