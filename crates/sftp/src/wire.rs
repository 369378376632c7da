//! The primitives of the wire (draft-ietf-secsh-filexfer-02, section 1): numbers in network order and strings of bytes
//! behind their length. Nothing here allocates by a length that the wire says.

use bytes::{BufMut, BytesMut};

use crate::error::Violation;

/// Reads a packet from its start. Every read says what it looks for, so that an error can.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(packet: &'a [u8]) -> Self {
        Self { rest: packet }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left, which bounds every count that the wire says.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Violation> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Violation> {
        self.array(what).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, Violation> {
        self.array(what).map(u64::from_be_bytes)
    }

    pub(crate) fn string(&mut self, what: &'static str) -> Result<&'a [u8], Violation> {
        let length = self.u32(what)?;
        let length = usize::try_from(length).map_err(|_| Violation::Truncated(what))?;
        let (string, rest) = self.rest.split_at_checked(length).ok_or(Violation::Truncated(what))?;
        self.rest = rest;
        Ok(string)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Violation> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Violation::Truncated(what))?;
        self.rest = rest;
        Ok(*array)
    }
}

/// Appends a string. Ours are all far below 4 GiB: paths, handles and writes have limits of their own.
pub(crate) fn put_string(packet: &mut BytesMut, string: &[u8]) {
    let length = u32::try_from(string.len()).expect("paths, handles and writes are bounded");
    packet.put_u32(length);
    packet.put_slice(string);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_an_error_that_says_what_was_looked_for() {
        let mut reader = Reader::new(&[0, 0, 0]);
        assert_eq!(reader.u32("the count"), Err(Violation::Truncated("the count")));
        assert_eq!(reader.left(), 3, "nothing was taken");
        let mut reader = Reader::new(&[0, 0, 0, 2, 1]);
        assert_eq!(reader.string("the name"), Err(Violation::Truncated("the name")));
    }

    #[test]
    fn a_length_of_4_gib_takes_no_memory() {
        let mut reader = Reader::new(&[255, 255, 255, 255, 1, 2, 3]);
        assert_eq!(reader.string("the name"), Err(Violation::Truncated("the name")));
    }

    #[test]
    fn what_was_put_is_read_again() {
        let mut packet = BytesMut::new();
        put_string(&mut packet, b"a\xffb");
        packet.put_u64(u64::MAX);
        packet.put_u8(7);
        let mut reader = Reader::new(&packet);
        assert_eq!(reader.string("a string"), Ok(&b"a\xffb"[..]));
        assert_eq!(reader.u64("a number"), Ok(u64::MAX));
        assert_eq!(reader.u8("a byte"), Ok(7));
        assert!(reader.is_empty());
    }
}
