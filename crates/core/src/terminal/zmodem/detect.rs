//! The beginning of a ZMODEM transfer in a terminal's output: a header in hexadecimal digits, with a checksum that is right.

use bytes::{Buf, Bytes, BytesMut};

/// ZPAD ZPAD ZDLE ZHEX (<http://www.gallium.com/zmodem.doc>, section 7.3.3).
const BEGIN: &[u8] = b"**\x18B";
const STARS: usize = 2;
/// Two digits of the type, eight of the flags, four of the checksum.
const DIGITS: usize = 14;
pub(super) const HEADER_BYTES: usize = BEGIN.len() + DIGITS;
/// In the flags of ZRINIT (section 11.2).
const ESCCTL: u8 = 0x40;

/// What the program on the host wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// `sz`: it has files for us (ZRQINIT).
    Send,
    /// `rz`: it waits for files of ours (ZRINIT).
    Receive {
        /// No control character reaches it as it is (`rz -e`).
        escaped: bool,
    },
}

/// Where a transfer begins in the output.
#[derive(Debug, PartialEq, Eq)]
pub struct Begin {
    pub wish: Wish,
    /// What came before, for the screen.
    pub before: Bytes,
    /// The header and what came behind it, for the transfer.
    pub rest: Bytes,
}

/// Looks for the beginning of a transfer, also where the output is cut in the middle of it.
#[derive(Debug, Default)]
pub struct Detector {
    /// What may be the beginning of a header.
    held: BytesMut,
    /// So much of it has been shown: a star that somebody types must not wait for what comes next.
    shown: usize,
}

impl Detector {
    /// Takes output and says what of it can be shown, or where a transfer begins in it.
    ///
    /// # Errors
    /// The transfer.
    pub fn push(&mut self, bytes: Bytes) -> Result<Bytes, Begin> {
        // Nearly all output goes through untouched.
        if self.held.is_empty() && !bytes.contains(&BEGIN[0]) {
            return Ok(bytes);
        }
        self.held.extend_from_slice(&bytes);
        let shown = std::mem::take(&mut self.shown);
        let mut all = std::mem::take(&mut self.held).freeze();
        let mut from = 0;
        while let Some(at) = find(&all[from..]).map(|at| from + at) {
            let candidate = &all[at..];
            if candidate.len() < HEADER_BYTES && may_become_header(candidate) {
                self.held.extend_from_slice(candidate);
                let until = if candidate.len() <= STARS { all.len() } else { at.max(shown) };
                self.shown = until - at;
                all.truncate(until);
                break;
            }
            if let Some(wish) = wish(candidate) {
                let rest = all.split_off(at);
                all.advance(shown.min(all.len()));
                return Err(Begin { wish, before: all, rest });
            }
            from = at + 1;
        }
        all.advance(shown.min(all.len()));
        Ok(all)
    }

    /// Gives back what was held: nothing follows for now, or ever.
    pub fn take_held(&mut self) -> Bytes {
        let shown = std::mem::take(&mut self.shown);
        std::mem::take(&mut self.held).freeze().split_off(shown)
    }

    /// Whether something waits to be shown.
    pub fn holds(&self) -> bool {
        self.held.len() > self.shown
    }
}

/// The first place where a header may begin.
fn find(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).find(|at| may_become_header(&bytes[*at..]))
}

pub(super) fn may_become_header(bytes: &[u8]) -> bool {
    let begin = bytes.len().min(BEGIN.len());
    bytes[..begin] == BEGIN[..begin]
        && bytes.iter().take(HEADER_BYTES).skip(BEGIN.len()).all(u8::is_ascii_hexdigit)
}

fn wish(bytes: &[u8]) -> Option<Wish> {
    let digits = bytes.get(BEGIN.len()..HEADER_BYTES)?;
    let mut header = [0; DIGITS / 2];
    for (byte, digits) in header.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    let [kind, f3, f2, f1, f0, high, low] = header;
    if crc16(&[kind, f3, f2, f1, f0]) != u16::from_be_bytes([high, low]) {
        return None;
    }
    match kind {
        0 => Some(Wish::Send),
        1 => Some(Wish::Receive { escaped: f0 & ESCCTL != 0 }),
        _ => None,
    }
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SZ: &[u8] = b"rz\r**\x18B00000000000000\r\x8a\x11";
    const RZ: &[u8] = b"waiting\r\n**\x18B0100000023be50\r\x8a\x11";

    const RZ_E: &[u8] = b"waiting\r\n**\x18B0100000063f694\r\x8a\x11";

    #[test]
    fn both_beginnings_are_found_wherever_they_are_cut() {
        let receive = |escaped| Wish::Receive { escaped };
        for (all, wish, before) in [
            (SZ, Wish::Send, &b"rz\r"[..]),
            (RZ, receive(false), b"waiting\r\n"),
            (RZ_E, receive(true), b"waiting\r\n"),
        ] {
            for cut in 0..all.len() {
                let mut detector = Detector::default();
                let first = detector.push(Bytes::copy_from_slice(&all[..cut]));
                let (mut shown, begin) = match first {
                    Ok(shown) => (shown.to_vec(), detector.push(Bytes::copy_from_slice(&all[cut..]))),
                    Err(begin) => (Vec::new(), Err(begin)),
                };
                let begin = begin.expect_err("a transfer begins");
                shown.extend_from_slice(&begin.before);
                let shown = shown.strip_suffix(b"**").or(shown.strip_suffix(b"*")).unwrap_or(&shown);
                assert_eq!((shown, begin.wish), (before, wish), "cut at {cut}");
                assert!(begin.rest.starts_with(BEGIN));
            }
        }
    }

    #[test]
    fn other_output_is_shown_as_it_is_and_nothing_is_kept_back_for_long() {
        let lookalikes: &[&[u8]] = &[
            b"a * b ** c",
            b"**\x18B0000000000000g",
            b"**\x18B00000000000001 wrong checksum",
            b"**\x18B0800000000022d ZFIN",
            b"***************",
        ];
        for text in lookalikes {
            let mut detector = Detector::default();
            let mut shown = Vec::new();
            for byte in *text {
                shown.extend(detector.push(Bytes::copy_from_slice(&[*byte])).expect("no transfer"));
                assert!(detector.held.len() < HEADER_BYTES);
            }
            shown.extend(detector.take_held());
            assert_eq!(shown, *text);
        }
    }

    #[test]
    fn a_star_that_somebody_types_is_shown_at_once() {
        let mut detector = Detector::default();
        for star in [&b"*"[..], b"*", b"*", b"a*", b"**"] {
            assert_eq!(detector.push(Bytes::from_static(star)).expect("no transfer"), star);
            assert!(!detector.holds());
        }
    }
}
