//! Recordings in the formats asciicast 2 and 3 (<https://docs.asciinema.org/manual/asciicast/v2/>), read whole. A file may come
//! from anywhere: its length, its lines, its times and its sizes are all bounded, and a line that makes no sense is passed over.

use std::io::{BufRead, Read};

use serde::Deserialize;

use super::state::TerminalSize;
use crate::prompt::visible_line;

/// The largest file: twice of what Bowline records.
pub const FILE_MAX_BYTES: u64 = 128 * 1024 * 1024;
/// The longest line. One event of ours has at most a snapshot of the screen.
const LINE_MAX_BYTES: u64 = 8 * 1024 * 1024;
const EVENTS_MAX: usize = 2_000_000;
/// Lines that make no sense, after which the file is none of ours.
const BAD_LINES_MAX: usize = 1000;
/// The latest moment in a recording: a day is longer than anyone looks.
const TIME_MAX_MICROS: u64 = 24 * 60 * 60 * 1_000_000;
/// Sizes of a terminal that a window can show.
const SIZE_MIN: TerminalSize = TerminalSize { cols: 10, rows: 3 };
const SIZE_MAX: TerminalSize = TerminalSize { cols: 500, rows: 200 };
const TITLE_CHARACTERS: usize = 120;

/// One event of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CastEvent<'a> {
    Output(&'a [u8]),
    Resized(TerminalSize),
}

/// A recording in memory: all of its output in one piece, and where each event ends in it.
#[derive(Debug)]
pub struct Cast {
    pub size: TerminalSize,
    /// Without characters that cannot be seen; may be empty.
    pub title: String,
    /// The longest pause that whoever recorded it wants to be seen.
    pub idle_limit_micros: Option<u64>,
    output: Vec<u8>,
    events: Vec<Event>,
}

#[derive(Debug, Clone, Copy)]
struct Event {
    at_micros: u64,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// Up to here in the output.
    Output {
        end: u32,
    },
    Resized(TerminalSize),
}

#[derive(Deserialize)]
struct Header {
    version: u32,
    width: Option<f64>,
    height: Option<f64>,
    term: Option<HeaderTerm>,
    title: Option<String>,
    idle_time_limit: Option<f64>,
}

#[derive(Deserialize)]
struct HeaderTerm {
    cols: f64,
    rows: f64,
}

impl Cast {
    /// Reads a recording.
    ///
    /// # Errors
    /// Why it is none, in a few words.
    pub fn read(file: impl BufRead) -> Result<Self, String> {
        Self::read_within(file, FILE_MAX_BYTES)
    }

    fn read_within(file: impl BufRead, max_bytes: u64) -> Result<Self, String> {
        let mut file = file.take(max_bytes + 1);
        let mut line = Vec::new();
        next_line(&mut file, &mut line)?;
        let header: Header =
            serde_json::from_slice(&line).map_err(|_| "it does not begin with the header of an asciicast")?;
        let relative = match header.version {
            2 => false,
            3 => true,
            other => {
                return Err(format!("it has version {other} of the format, and only 2 and 3 can be played"));
            }
        };
        let (cols, rows) = match &header.term {
            Some(term) => (term.cols, term.rows),
            None => (header.width.unwrap_or(80.0), header.height.unwrap_or(24.0)),
        };
        let mut cast = Self {
            size: size(cols, rows),
            title: visible_line(&header.title.unwrap_or_default()).chars().take(TITLE_CHARACTERS).collect(),
            idle_limit_micros: header.idle_time_limit.filter(|limit| *limit > 0.0).map(micros),
            output: Vec::new(),
            events: Vec::new(),
        };
        let (mut now, mut bad) = (0, 0);
        while next_line(&mut file, &mut line)? {
            if line.trim_ascii().is_empty() || line.starts_with(b"#") {
                continue;
            }
            let Ok((time, kind, data)) = serde_json::from_slice::<(f64, String, String)>(&line) else {
                bad += 1;
                if bad > BAD_LINES_MAX {
                    return Err("too many of its lines make no sense".to_owned());
                }
                continue;
            };
            let at = if relative { now + micros(time) } else { micros(time) };
            // Time that goes back stands still.
            now = at.clamp(now, TIME_MAX_MICROS.max(now));
            cast.push(now, &kind, &data)?;
        }
        if file.limit() == 0 {
            return Err(format!("it is larger than {} MiB", max_bytes / 1024 / 1024));
        }
        Ok(cast)
    }

    fn push(&mut self, at_micros: u64, kind: &str, data: &str) -> Result<(), String> {
        let what = match kind {
            "o" => {
                self.output.extend_from_slice(data.as_bytes());
                What::Output { end: u32::try_from(self.output.len()).map_err(|_| "it is too large")? }
            }
            "r" => match data
                .split_once('x')
                .and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)))
            {
                Some((cols, rows)) => What::Resized(size(cols, rows)),
                None => return Ok(()),
            },
            // Input is not for showing, and marks have no place here.
            _ => return Ok(()),
        };
        if self.events.len() >= EVENTS_MAX {
            return Err(format!("it has more than {EVENTS_MAX} events"));
        }
        self.events.push(Event { at_micros, what });
        Ok(())
    }

    /// Every event with its time since the beginning, in microseconds.
    pub fn events(&self) -> impl Iterator<Item = (u64, CastEvent<'_>)> {
        (0..self.len()).map(|index| (self.at_micros(index), self.event(index)))
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// When an event happened. Later ones are never earlier.
    pub(super) fn at_micros(&self, index: usize) -> u64 {
        self.events[index].at_micros
    }

    pub(super) fn event(&self, index: usize) -> CastEvent<'_> {
        match self.events[index].what {
            What::Resized(size) => CastEvent::Resized(size),
            What::Output { end } => {
                let before = self.events[..index].iter().rev().find_map(|event| match event.what {
                    What::Output { end } => Some(end),
                    What::Resized(_) => None,
                });
                CastEvent::Output(&self.output[before.unwrap_or(0) as usize..end as usize])
            }
        }
    }
}

/// Reads one line without its end. False when the file has ended.
fn next_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, String> {
    line.clear();
    let read = file.take(LINE_MAX_BYTES).read_until(b'\n', line).map_err(|cause| cause.to_string())?;
    if read as u64 == LINE_MAX_BYTES {
        return Err(format!("it has a line of more than {} MiB", LINE_MAX_BYTES / 1024 / 1024));
    }
    Ok(read > 0)
}

/// Of any number, also of one that is none.
fn micros(seconds: f64) -> u64 {
    // A float becomes the nearest integer that there is, and "not a number" becomes 0.
    ((seconds * 1_000_000.0).round() as u64).min(TIME_MAX_MICROS)
}

fn size(cols: f64, rows: f64) -> TerminalSize {
    TerminalSize {
        cols: (cols as u16).clamp(SIZE_MIN.cols, SIZE_MAX.cols),
        rows: (rows as u16).clamp(SIZE_MIN.rows, SIZE_MAX.rows),
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn read(text: &str) -> Result<Cast, String> {
        Cast::read(text.as_bytes())
    }

    const HEADER: &str = "{\"version\": 2, \"width\": 80, \"height\": 24}\n";

    #[test]
    fn the_older_and_the_newer_format_are_read() {
        let two = read(&format!(
            "{HEADER}[0.25, \"o\", \"a\"]\n[1, \"i\", \"secret\"]\n[1.5, \"r\", \"90x30\"]\n[2, \"o\", \"b\"]"
        ));
        let three = read(
            "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n# a remark\n[0.25,\"o\",\"a\"]\n[1.25,\"r\",\"90x30\"]\n[0.5,\"o\",\"b\"]\n[0.1,\"x\",\"0\"]",
        );
        let expected = vec![
            (250_000, CastEvent::Output(b"a")),
            (1_500_000, CastEvent::Resized(TerminalSize { cols: 90, rows: 30 })),
            (2_000_000, CastEvent::Output(b"b")),
        ];
        for cast in [two, three] {
            let cast = cast.expect("a recording");
            assert_eq!(cast.size, TerminalSize { cols: 80, rows: 24 });
            assert_eq!(cast.events().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn what_is_no_recording_is_said_to_be_none() {
        for text in ["", "\n", "hello", "{}", "[]", "{\"version\":1}", "\u{7f}ELF\u{0}\u{0}"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn times_that_go_back_or_never_end_and_sizes_of_monsters_are_harmless() {
        let cast = read(
            "{\"version\":2,\"width\":1e300,\"height\":-5,\"title\":\"a\\u001b[2Jb\",\"idle_time_limit\":-1}\n\
             [5,\"o\",\"a\"]\n[1,\"o\",\"b\"]\n[1e300,\"o\",\"c\"]\n[-1e300,\"o\",\"d\"]\n[2,\"r\",\"0x99999\"]\n[2,\"r\",\"x\"]\n[[[[",
        )
        .expect("a recording");
        assert_eq!(cast.size, TerminalSize { cols: SIZE_MAX.cols, rows: SIZE_MIN.rows });
        assert!(!cast.title.contains('\u{1b}'));
        assert_eq!(cast.idle_limit_micros, None);
        let times: Vec<u64> = cast.events().map(|(at, _)| at).collect();
        assert_eq!(times, [5_000_000, 5_000_000, TIME_MAX_MICROS, TIME_MAX_MICROS, TIME_MAX_MICROS]);
        let last = cast.events().last().expect("events").1;
        assert_eq!(last, CastEvent::Resized(TerminalSize { cols: SIZE_MIN.cols, rows: SIZE_MAX.rows }));
    }

    #[test]
    fn a_line_and_a_file_without_end_are_given_up() {
        let endless = std::io::BufReader::new(std::io::repeat(b'['));
        assert!(Cast::read(HEADER.as_bytes().chain(endless)).is_err_and(|why| why.contains("line")));
        let lines = "[0,\"m\",\"\"]\n".repeat(10_000);
        let file = HEADER.as_bytes().chain(lines.as_bytes());
        assert!(Cast::read_within(file, 100_000).is_err_and(|why| why.contains("larger")));
    }

    #[test]
    fn whatever_is_in_a_file_reading_it_ends() {
        let good =
            format!("{HEADER}[0.25, \"o\", \"a\\u001b[1m你\"]\n[1.5, \"r\", \"90x30\"]\n[2, \"o\", \"b\"]\n");
        for seed in 0..3000 {
            let mut random = rand::rngs::StdRng::seed_from_u64(seed);
            let mut bytes = good.clone().into_bytes();
            for _ in 0..random.random_range(1..12) {
                let at = random.random_range(0..bytes.len());
                match random.random_range(0..3) {
                    0 => bytes[at] = random.random(),
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"\"[]{},\\0e9-\n"[random.random_range(0..12)]),
                }
            }
            if let Ok(cast) = Cast::read(&bytes[..]) {
                let times: Vec<u64> = cast.events().map(|(at, _)| at).collect();
                assert!(times.is_sorted() && times.iter().all(|at| *at <= TIME_MAX_MICROS), "seed {seed}");
                assert!(cast.events().all(|(_, event)| match event {
                    CastEvent::Output(_) => true,
                    CastEvent::Resized(size) => size.cols <= SIZE_MAX.cols && size.rows >= SIZE_MIN.rows,
                }));
            }
        }
    }
}
