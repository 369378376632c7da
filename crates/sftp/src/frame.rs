//! The stream cut into packets. Pure: bytes in, packets out, no more memory than one packet and what was read behind it.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::Violation;

/// The longest packet that is taken: OpenSSH's SFTP_MAX_MSG_LENGTH. We ask for nothing that needs a longer one.
pub const FRAME_MAX_BYTES: u32 = 256 * 1024;
/// What is read at once while packets are small: what a pipe holds.
const READ_BYTES: usize = 64 * 1024;
/// As long as this much of that is free it is read into, before there is more.
const READ_MIN_BYTES: usize = 16 * 1024;
const LENGTH_BYTES: usize = 4;
/// How much of a text in place of SFTP is shown.
const TEXT_MAX_BYTES: usize = 200;

/// What was read and not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    buffer: BytesMut,
    /// How long the last packet was: the next one likely is as long, and then it is read into memory of its own, to its
    /// end and no further, so that nothing of it is copied.
    last: usize,
    /// Whether a packet was seen; a stream that begins with text is no SFTP.
    begun: bool,
}

impl Frames {
    /// The next packet, from its type on; None until more is read.
    ///
    /// # Errors
    /// A packet that is empty or too long.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Violation> {
        let Some(length) = self.length()? else { return Ok(None) };
        if self.buffer.len() < LENGTH_BYTES + length {
            return Ok(None);
        }
        self.begun = true;
        self.last = LENGTH_BYTES + length;
        self.buffer.advance(LENGTH_BYTES);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    /// Where to read to, and how much at most. Call [`Frames::next`] until it has none before.
    pub(crate) fn space(&mut self) -> (&mut BytesMut, usize) {
        let have = self.buffer.len();
        let missing = match self.length() {
            Ok(Some(length)) => LENGTH_BYTES + length - have,
            Ok(None) | Err(_) => self.last.saturating_sub(have).max(1),
        };
        let free = self.buffer.capacity() - have;
        let wanted = match missing {
            large if large >= READ_BYTES => large,
            small if free >= small.max(READ_MIN_BYTES) => free,
            _ => READ_BYTES,
        };
        self.buffer.reserve(wanted);
        (&mut self.buffer, wanted)
    }

    /// Whether the stream stands between two packets.
    pub(crate) fn is_between(&self) -> bool {
        self.buffer.is_empty()
    }

    /// What a first packet that never became whole says, if it is text.
    pub(crate) fn text(&self) -> Option<Violation> {
        let looks_like_text = |bytes: &[u8]| {
            !bytes.is_empty()
                && bytes
                    .iter()
                    .all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | 0x1b | b' '..=b'~' | 0x80..))
        };
        let start = &self.buffer[..self.buffer.len().min(LENGTH_BYTES)];
        (!self.begun && looks_like_text(start))
            .then(|| Violation::Text(self.buffer[..self.buffer.len().min(TEXT_MAX_BYTES)].to_vec()))
    }

    fn length(&self) -> Result<Option<usize>, Violation> {
        let Some(&length) = self.buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        match u32::from_be_bytes(length) {
            0 => Err(Violation::FrameEmpty),
            length if length > FRAME_MAX_BYTES => Err(self.text().unwrap_or(Violation::FrameTooLong(length))),
            length => Ok(Some(length as usize)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(frames: &mut Frames, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (buffer, most) = frames.space();
            let (now, later) = rest.split_at(most.min(rest.len()));
            buffer.extend_from_slice(now);
            rest = later;
        }
    }

    fn packet(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).expect("short");
        [&length.to_be_bytes(), body].concat()
    }

    #[test]
    fn packets_come_out_whole_wherever_the_stream_is_cut() {
        let bodies: Vec<Vec<u8>> =
            [1, 2, 5, 300].iter().map(|&length| (0..length).map(|byte| byte as u8).collect()).collect();
        let stream: Vec<u8> = bodies.iter().flat_map(|body| packet(body)).collect();
        for step in [1, 2, 3, 4, 5, 7, 100, stream.len()] {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for piece in stream.chunks(step) {
                feed(&mut frames, piece);
                while let Some(frame) = frames.next().expect("packets") {
                    found.push(frame.to_vec());
                }
            }
            assert_eq!(found, bodies, "in steps of {step}");
            assert!(frames.is_between());
        }
    }

    #[test]
    fn a_large_packet_that_follows_its_like_is_read_to_its_end_and_no_further() {
        let mut frames = Frames::default();
        let large = packet(&vec![7; FRAME_MAX_BYTES as usize]);
        feed(&mut frames, &large);
        assert_eq!(frames.next().map(|frame| frame.map(|frame| frame.len())), Ok(Some(256 * 1024)));
        let (buffer, most) = frames.space();
        assert_eq!(most, large.len());
        buffer.extend_from_slice(&large[..100]);
        assert_eq!(frames.next(), Ok(None));
        assert_eq!(frames.space().1, large.len() - 100);
    }

    #[test]
    fn a_length_that_lies_takes_no_memory() {
        for length in [0, FRAME_MAX_BYTES + 1, 1 << 20, u32::MAX] {
            let mut frames = Frames { begun: true, ..Frames::default() };
            feed(&mut frames, &length.to_be_bytes());
            assert!(frames.next().is_err(), "{length}");
            assert!(frames.space().1 <= READ_BYTES);
            assert!(frames.buffer.capacity() <= 2 * READ_BYTES);
        }
    }

    #[test]
    fn text_of_a_login_script_is_known_as_such() {
        let mut frames = Frames::default();
        feed(&mut frames, b"Welcome to this host!\r\n");
        assert_eq!(frames.next(), Err(Violation::Text(b"Welcome to this host!\r\n".to_vec())));
        let mut frames = Frames::default();
        feed(&mut frames, b"Hi\n");
        assert_eq!(frames.next(), Ok(None), "more may come");
        assert_eq!(frames.text(), Some(Violation::Text(b"Hi\n".to_vec())));
    }
}
