//! The end of what was written, and how much it was in all.

use std::collections::VecDeque;

use crate::prompt::visible_text;

/// So much of it is kept.
pub const TAIL_BYTES: usize = 64 * 1024;

/// The last [`TAIL_BYTES`] of a stream.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    kept: VecDeque<u8>,
    written: u64,
}

impl Tail {
    pub fn push(&mut self, bytes: &[u8]) {
        self.written += bytes.len() as u64;
        let new = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default();
        let over = (self.kept.len() + new.len()).saturating_sub(TAIL_BYTES);
        self.kept.drain(..over);
        self.kept.extend(new);
    }

    /// How much was written, kept or not.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// What is kept, as it may be shown.
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.kept.iter().copied().collect();
        // The first character may be cut in two.
        visible_text(&String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
    }

    /// The last lines, each as it may be shown.
    pub fn last_lines(&self, most: usize) -> Vec<String> {
        let text = self.text();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines.iter().skip(lines.len().saturating_sub(most)).map(|line| (*line).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_all_is_counted() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.push(format!("{number}\n").as_bytes());
        }
        assert_eq!(tail.written(), 588_890);
        assert_eq!(tail.kept.len(), TAIL_BYTES);
        assert_eq!(tail.last_lines(2), ["99998", "99999"]);
        tail.push(&vec![b'x'; 3 * TAIL_BYTES]);
        assert_eq!(tail.text().len(), TAIL_BYTES);
    }

    #[test]
    fn escape_sequences_and_bytes_that_are_no_text_are_harmless() {
        let mut tail = Tail::default();
        tail.push(b"\x1b[31mred\xff\r\n\n");
        assert_eq!(tail.text(), "␛[31mred\u{fffd}\n\n");
        assert_eq!(tail.last_lines(3), ["␛[31mred\u{fffd}"]);
    }
}
