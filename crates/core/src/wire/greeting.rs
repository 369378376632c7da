//! What a server may say before its SSH identification (RFC 4253, section 4.2), bounded.

use std::io;

/// OpenSSH gives up on a server after 1,024 lines of up to 8 KiB; 64 KiB is enough for any real greeting.
const GREETING_MAX_BYTES: usize = 64 * 1024;
/// An identification line has at most 255 bytes (RFC 4253, section 4.2).
const LINE_MAX_BYTES: usize = 255;
/// How much of a wrong greeting a person gets to see.
const SHOWN_BYTES: usize = 120;

/// The server did not speak SSH.
#[derive(Debug, thiserror::Error)]
#[error("no SSH identification came")]
pub struct NotSsh;

/// Watches the first bytes go by until a line starts with `SSH-`.
#[derive(Debug, Default)]
pub struct Greeting {
    total_bytes: usize,
    /// The first bytes, for the message.
    start: Vec<u8>,
    /// The start of the current line.
    line: Vec<u8>,
}

impl Greeting {
    /// Takes the next bytes; gives the identification without its `SSH-2.0-` when that line is complete.
    ///
    /// # Errors
    /// [`NotSsh`] when the server has said too much of something else.
    pub fn heard(&mut self, bytes: &[u8]) -> io::Result<Option<String>> {
        let room = SHOWN_BYTES.saturating_sub(self.start.len());
        self.start.extend(bytes.iter().take(room));
        self.total_bytes += bytes.len();
        for &byte in bytes {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                if let Some(rest) = line.strip_prefix(b"SSH-") {
                    let software = rest.splitn(2, |byte| *byte == b'-').last().unwrap_or_default();
                    return Ok(Some(String::from_utf8_lossy(software.trim_ascii()).into_owned()));
                }
            } else if self.line.len() < LINE_MAX_BYTES {
                self.line.push(byte);
            }
        }
        if self.total_bytes > GREETING_MAX_BYTES || self.speaks_http() { Err(error()) } else { Ok(None) }
    }

    /// The stream ended before the identification came.
    ///
    /// # Errors
    /// [`NotSsh`] if something else had been said; an end without a word is left to the caller.
    pub fn ended(&self) -> io::Result<()> {
        if self.total_bytes == 0 { Ok(()) } else { Err(error()) }
    }

    /// A web server would wait for ever for a request of ours; its answer to our identification is enough.
    fn speaks_http(&self) -> bool {
        self.start.starts_with(b"HTTP/") && self.start.contains(&b'\n')
    }

    /// The start of the first line, as it came.
    pub fn first_words(&self) -> String {
        let first = self.start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(first.trim_ascii_end()).into_owned()
    }
}

fn error() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, NotSsh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identification_is_found_after_other_lines_and_across_reads() {
        let mut greeting = Greeting::default();
        assert_eq!(greeting.heard(b"Welcome\r\nSS").expect("short"), None);
        assert_eq!(
            greeting.heard(b"H-2.0-Open-SSH_9 x\r\n").expect("short").as_deref(),
            Some("Open-SSH_9 x")
        );
    }

    #[test]
    fn ssh_in_the_middle_of_a_line_is_no_identification() {
        assert_eq!(Greeting::default().heard(b"not SSH-2.0\r\n").expect("short"), None);
    }

    #[test]
    fn a_web_server_is_told_by_its_first_line() {
        let mut greeting = Greeting::default();
        assert!(greeting.heard(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n").is_err());
        assert_eq!(greeting.first_words(), "HTTP/1.1 400 Bad Request");
    }

    #[test]
    fn an_endless_greeting_ends_at_its_limit() {
        let mut greeting = Greeting::default();
        while let Ok(found) = greeting.heard(&[0x1b; 1000]) {
            assert_eq!(found, None);
        }
        assert!(greeting.total_bytes <= GREETING_MAX_BYTES + 1000);
    }
}
