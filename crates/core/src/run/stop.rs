//! How the processes of a command are ended on a host.
//!
//! A channel that is closed ends nothing by itself: without a terminal there is no SIGHUP, and a program that writes nothing
//! lives on. OpenSSH's sshd passes signals on since 7.9, but not for root, whose session has no monitor that could
//! (`session_signal_req` in session.c); other servers often do nothing at all. So the command says first which process runs
//! it, and another session on the same connection ends the group of that process.
//!
//! What cannot be ended so: what the command put into a session of its own (`setsid`, a daemon), and what runs where the
//! first line did not (a forced command, a device without `sh`).

use uuid::Uuid;

/// A process number with its line end.
const NUMBER_MAX_BYTES: usize = 12;
/// What start files of shells may write to stderr before the line; beyond that nobody looks for it.
const LOOKED_AT_BYTES: usize = 64 * 1024;

/// Finds the line that says which process runs a command, and takes it out of stderr.
#[derive(Debug)]
pub struct PidLine {
    marker: Vec<u8>,
    /// What may be the beginning of the line.
    held: Vec<u8>,
    seen_bytes: usize,
    over: bool,
    pid: Option<u32>,
}

impl Default for PidLine {
    fn default() -> Self {
        let marker = format!("bowline-{} ", Uuid::new_v4().simple()).into_bytes();
        Self { marker, held: Vec::new(), seen_bytes: 0, over: false, pid: None }
    }
}

impl PidLine {
    /// The command behind a line that tells the number of the shell which runs it. That line means the same to every shell
    /// (sh, csh and fish alike): a word, a text in quotes that needs no escapes, a line end. The shell reads the
    /// command as it would without, and stdin is not touched.
    pub fn before(&self, command: &[u8]) -> Vec<u8> {
        let marker = String::from_utf8_lossy(&self.marker).into_owned();
        let mut line = format!("sh -c 'echo {marker}$PPID >&2'\n").into_bytes();
        line.extend_from_slice(command);
        line
    }

    /// The process, once it is known.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// What is the command's own of what came on stderr.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.over {
            return bytes.to_vec();
        }
        self.seen_bytes += bytes.len();
        self.held.extend_from_slice(bytes);
        let marker = self.marker.len();
        let Some(at) = self.held.windows(marker).position(|window| window == self.marker) else {
            if self.seen_bytes > LOOKED_AT_BYTES {
                return self.rest();
            }
            let begun = (1..marker.min(self.held.len() + 1))
                .rev()
                .find(|&length| self.held.ends_with(&self.marker[..length]))
                .unwrap_or(0);
            let rest = self.held.split_off(self.held.len() - begun);
            return std::mem::replace(&mut self.held, rest);
        };
        let behind = &self.held[at + marker..];
        let end = behind.iter().take(NUMBER_MAX_BYTES).position(|&byte| byte == b'\n');
        match end {
            None if behind.len() < NUMBER_MAX_BYTES => {
                let rest = self.held.split_off(at);
                std::mem::replace(&mut self.held, rest)
            }
            None => self.rest(),
            Some(end) => {
                self.pid = pid(&behind[..end]);
                let line_end = at + marker + end + 1;
                if self.pid.is_some() {
                    self.held.drain(at..line_end);
                }
                self.rest()
            }
        }
    }

    /// What was held back: the line did not come.
    pub fn rest(&mut self) -> Vec<u8> {
        self.over = true;
        std::mem::take(&mut self.held)
    }
}

/// Never 0 or 1: `kill -- -1` would mean everything that the account may kill.
fn pid(digits: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?.trim_end_matches('\r');
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    (2..=i32::MAX.cast_unsigned()).contains(&number).then_some(number)
}

/// Ends the group of a process: asks it to, and kills what is left of it after `patience` seconds. Its status is 0 when
/// nothing is left. Where the process leads no group, it is ended alone. A dead process that nobody has collected yet counts
/// for `kill` and not for us: in a container nobody may ever do that.
pub fn ending(pid: u32, patience: u32) -> String {
    format!(
        "sh -c 'g=-{pid}; kill -TERM $g 2>/dev/null || {{ g={pid}; kill -TERM $g 2>/dev/null || exit 0; }}; i=0; \
         while kill -0 $g 2>/dev/null; do \
         if [ $i -ge {patience} ]; then kill -KILL $g 2>/dev/null; sleep 1; kill -0 $g 2>/dev/null || exit 0; \
         ps -A -o pgid= -o stat= 2>/dev/null | while read q t; do \
         case \"$q $t\" in \"{pid} Z\"*) ;; \"{pid} \"*) echo left;; esac; done | grep -q left && exit 1; exit 0; fi; \
         i=$((i+1)); sleep 1; done; exit 0'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(line: &mut PidLine, pieces: &[&[u8]]) -> Vec<u8> {
        let mut out: Vec<u8> = pieces.iter().flat_map(|piece| line.push(piece)).collect();
        out.extend(line.rest());
        out
    }

    #[test]
    fn the_line_is_taken_out_however_it_is_cut() {
        let marker = PidLine::default().marker;
        let whole = [b"motd\nbow", &marker[..], b"4711\nbowline-", b"err\n"].concat();
        for cut in 0..=whole.len() {
            for step in [1, 7, whole.len()] {
                let mut line = PidLine { marker: marker.clone(), ..PidLine::default() };
                let pieces: Vec<&[u8]> = whole[..cut].chunks(step).chain(whole[cut..].chunks(step)).collect();
                assert_eq!(through(&mut line, &pieces), b"motd\nbowbowline-err\n", "cut at {cut}, by {step}");
                assert_eq!(line.pid(), Some(4711));
            }
        }
    }

    #[test]
    fn what_is_no_such_line_stays_as_it_is() {
        for number in ["1\n", "0\n", "-1\n", "99999999999\n", "12x\n", "123456789012345", "4 2\n", ""] {
            let mut line = PidLine::default();
            let text = [&line.marker[..], number.as_bytes()].concat();
            assert_eq!(through(&mut line, &[&text]), text, "{number:?}");
            assert_eq!(line.pid(), None, "{number:?}");
        }
        let mut line = PidLine::default();
        assert_eq!(through(&mut line, &[b"bowline-0", b"x"]), b"bowline-0x");
    }

    #[test]
    fn it_is_looked_for_in_the_beginning_only() {
        let mut line = PidLine::default();
        let mut out = line.push(&vec![b'x'; LOOKED_AT_BYTES + 1]);
        let late = [&line.marker.clone()[..], b"4711\n"].concat();
        out.extend(line.push(&late));
        assert!(out.ends_with(&late));
        assert_eq!(line.pid(), None);
    }

    #[test]
    fn the_first_line_has_nothing_that_a_shell_would_read_differently() {
        let line = PidLine::default().before(b"echo 'x'");
        let (first, rest) = line.split_at(line.iter().position(|&byte| byte == b'\n').expect("a line") + 1);
        assert_eq!(rest, b"echo 'x'");
        let text = std::str::from_utf8(first).expect("text");
        assert_eq!(text.matches('\'').count(), 2);
        assert!(!text.contains(['!', '\\', '"', '`']));
    }
}
