//! What is remembered of a stream of output: its first and its last part, how much lies between them, and a digest of it all.

use std::collections::VecDeque;

use aws_lc_rs::digest::{Context, SHA256};

/// Each part of each stream, unless a run has so many hosts that [`PARTS_MAX_BYTES`] is divided among them.
pub const PART_MAX_BYTES: usize = 1024 * 1024;
/// All parts of one run: with 16 runs at most a gibibyte, if every command of every run writes that much.
const PARTS_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Two parts of two streams.
const PARTS_OF_HOST: usize = 4;

/// How much of each part is kept in a run on so many hosts.
pub fn part_bytes(hosts: usize) -> usize {
    (PARTS_MAX_BYTES / PARTS_OF_HOST / hosts.max(1)).min(PART_MAX_BYTES)
}

/// One stream.
pub struct Kept {
    part_max: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
    digest: Context,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Kept {
    pub fn new(part_max: usize) -> Self {
        Self { part_max, head: Vec::new(), tail: VecDeque::new(), bytes: 0, digest: Context::new(&SHA256) }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.digest.update(bytes);
        let (head, rest) = bytes.split_at(bytes.len().min(self.part_max - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.part_max)..];
        let room = self.part_max - rest.len();
        self.tail.drain(..self.tail.len().saturating_sub(room));
        self.tail.extend(rest);
    }

    /// All that there was.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What lies between the two parts and is gone.
    pub fn left_out(&self) -> u64 {
        self.bytes - (self.head.len() + self.tail.len()) as u64
    }

    /// The first and the last part; the second is empty where the first is everything.
    pub fn parts(&self) -> (&[u8], Vec<u8>) {
        (&self.head, self.tail.iter().copied().collect())
    }

    /// Of all bytes, those that are gone included.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.digest.clone().finish().as_ref());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(part_max: usize, pieces: &[&[u8]]) -> Kept {
        let mut kept = Kept::new(part_max);
        pieces.iter().for_each(|piece| kept.push(piece));
        kept
    }

    #[test]
    fn the_first_and_the_last_bytes_stay_and_what_is_between_is_counted() {
        for pieces in [
            &[&b"abcdefghij"[..]][..],
            &[b"ab", b"cdefg", b"hij"],
            &[b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i", b"j"],
            &[b"abcdefg", b"", b"hij"],
        ] {
            let kept = kept(3, pieces);
            assert_eq!(kept.parts(), (&b"abc"[..], b"hij".to_vec()), "{pieces:?}");
            assert_eq!((kept.bytes(), kept.left_out()), (10, 4));
        }
    }

    #[test]
    fn what_fits_is_whole() {
        assert_eq!(kept(3, &[b"ab"]).parts(), (&b"ab"[..], Vec::new()));
        let both = kept(3, &[b"abcd", b"e"]);
        assert_eq!((both.parts(), both.left_out()), ((&b"abc"[..], b"de".to_vec()), 0));
    }

    #[test]
    fn streams_that_differ_only_in_what_is_gone_are_not_alike() {
        let (one, other) = (kept(1, &[b"axb"]), kept(1, &[b"ayb"]));
        assert_eq!(one.parts(), other.parts());
        assert_ne!(one.digest(), other.digest());
        assert_eq!(one.digest(), kept(1, &[b"a", b"x", b"b"]).digest());
    }

    #[test]
    fn a_run_on_many_hosts_keeps_less_of_each() {
        assert_eq!(part_bytes(1), PART_MAX_BYTES);
        assert_eq!(part_bytes(256), 64 * 1024);
        assert!(part_bytes(50) * PARTS_OF_HOST * 50 <= PARTS_MAX_BYTES);
    }
}
