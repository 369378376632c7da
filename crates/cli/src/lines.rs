//! Output cut into lines, for hosts whose lines are shown among each other's.

/// A line without an end is shown in pieces of this size, so that a host cannot fill the memory.
const LINE_MAX_BYTES: usize = 64 * 1024;

/// The end of one stream that is no whole line yet.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// The lines that these bytes complete, each with its end.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LINE_MAX_BYTES) {
                self.0.extend_from_slice(part);
                if self.0.ends_with(b"\n") || self.0.len() >= LINE_MAX_BYTES {
                    lines.push(std::mem::take(&mut self.0));
                }
            }
        }
        lines
    }

    /// What is left at the end, without a line end.
    pub fn rest(&mut self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then(|| std::mem::take(&mut self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_the_rest_at_the_end() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"a\nb"), [b"a\n".to_vec()]);
        assert_eq!(lines.push(b"c\n\nd"), [b"bc\n".to_vec(), b"\n".to_vec()]);
        assert_eq!((lines.rest(), lines.rest()), (Some(b"d".to_vec()), None));
    }

    #[test]
    fn an_endless_line_comes_in_pieces() {
        let mut lines = Lines::default();
        let pieces = lines.push(&vec![b'x'; 10 * LINE_MAX_BYTES + 1]);
        assert_eq!(pieces.len(), 10);
        assert_eq!(lines.rest(), Some(b"x".to_vec()));
    }
}
