//! A recording in the format asciicast 2 (<https://docs.asciinema.org/manual/asciicast/v2/>): a header, then one line for each
//! piece of output with its time. What is typed is never in it: it could be a password.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use serde_json::json;
use tokio::time::Instant;

use super::capture::failed;
use super::state::TerminalSize;
use super::tap::{Piece, TapWriter};
use super::view::cut_character;
use crate::clock;
use crate::error::{Error, ErrorCode, Result};

/// The largest file; the player takes twice as much.
pub const RECORDING_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// What xterm.js is, in the words of terminfo.
const TERM: &str = "xterm-256color";

pub(super) struct Recording<W: Write = BufWriter<File>> {
    file: W,
    path: PathBuf,
    title: String,
    begun: Option<(Instant, TerminalSize)>,
    /// The beginning of a character whose end has not come yet.
    cut: Vec<u8>,
    written: u64,
    max: u64,
}

impl Recording {
    pub(super) fn new(file: File, path: PathBuf, title: String) -> Self {
        Self::to(BufWriter::new(file), path, title)
    }
}

impl<W: Write> Recording<W> {
    fn to(file: W, path: PathBuf, title: String) -> Self {
        Self { file, path, title, begun: None, cut: Vec::new(), written: 0, max: RECORDING_MAX_BYTES }
    }

    fn begin(&mut self, size: TerminalSize, screen: &[u8]) -> Result<()> {
        let now = Instant::now();
        self.begun = Some((now, size));
        let header = json!({
            "version": 2,
            "width": size.cols,
            "height": size.rows,
            "timestamp": (clock::now_ms() / 1000.0).floor() as u64,
            "title": self.title,
            "env": { "TERM": TERM },
        });
        self.line(&header.to_string())?;
        self.output(now, screen)
    }

    fn output(&mut self, at: Instant, bytes: &[u8]) -> Result<()> {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        self.cut = all.split_off(all.len() - cut_character(&all));
        if all.is_empty() {
            return Ok(());
        }
        self.event(at, "o", &String::from_utf8_lossy(&all))
    }

    fn event(&mut self, at: Instant, kind: &str, data: &str) -> Result<()> {
        let Some((begun, _)) = self.begun else { return Ok(()) };
        let seconds = at.saturating_duration_since(begun).as_secs_f64();
        let data = serde_json::to_string(data).map_err(Error::internal)?;
        let line = format!("[{seconds:.6}, \"{kind}\", {data}]");
        if self.written + line.len() as u64 >= self.max {
            self.line(&format!("[{seconds:.6}, \"m\", \"full\"]"))?;
            self.file.flush().map_err(|cause| failed(&self.path, &cause))?;
            return Err(self.full());
        }
        self.line(&line)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|cause| failed(&self.path, &cause))?;
        self.written += line.len() as u64 + 1;
        Ok(())
    }

    fn full(&self) -> Error {
        let (path, mebibytes) = (self.path.to_string_lossy(), self.max / 1024 / 1024);
        Error::new(
            ErrorCode::RecordingFull,
            format!("The recording {path} has ended: it is as large as one may be, {mebibytes} MiB. Start another one."),
        )
        .with("path", path)
        .with("mebibytes", mebibytes)
    }
}

impl<W: Write + Send + 'static> TapWriter for Recording<W> {
    fn write(&mut self, piece: &Piece) -> Result<()> {
        match piece {
            Piece::Screen(size, screen) => self.begin(*size, screen),
            Piece::Output(at, bytes) => self.output(*at, bytes),
            Piece::Resized(at, size) => match &mut self.begun {
                // A new shell is told the size that it has already.
                Some((_, known)) if known != size => {
                    *known = *size;
                    self.event(*at, "r", &format!("{}x{}", size.cols, size.rows))
                }
                _ => Ok(()),
            },
            Piece::Lost(at, bytes) => self.event(*at, "m", &format!("{bytes} bytes not recorded")),
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|cause| failed(&self.path, &cause))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::terminal::asciicast::{Cast, CastEvent};

    const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

    fn recording() -> Recording<Vec<u8>> {
        let mut recording = Recording::to(Vec::new(), "a.cast".into(), "web \"01\"".into());
        recording.write(&Piece::Screen(SIZE, b"$ ".to_vec())).expect("room");
        recording
    }

    fn after(recording: &Recording<Vec<u8>>, seconds: f64, bytes: &[u8]) -> Piece {
        let begun = recording.begun.expect("it has begun").0;
        Piece::Output(begun + Duration::from_secs_f64(seconds), Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn what_is_recorded_is_what_is_played() {
        let mut recording = recording();
        let wide = "你好\u{1b}[0m\r\n".as_bytes();
        for (at, bytes) in
            [(0.5, &b"ls\r\n"[..]), (0.6, &wide[..1]), (0.7, &wide[1..]), (0.8, b"\xff\x07\"\\")]
        {
            recording.write(&after(&recording, at, bytes)).expect("room");
        }
        let begun = recording.begun.expect("begun").0;
        for size in [SIZE, TerminalSize { cols: 100, rows: 30 }] {
            recording.write(&Piece::Resized(begun + Duration::from_secs(1), size)).expect("room");
        }
        let cast = Cast::read(&recording.file[..]).expect("a recording");
        assert_eq!(cast.size, SIZE);
        assert_eq!(cast.title, "web \"01\"");
        let events: Vec<(u64, CastEvent<'_>)> = cast.events().collect();
        let expected: Vec<(u64, CastEvent<'_>)> = vec![
            (0, CastEvent::Output(b"$ ")),
            (500_000, CastEvent::Output(b"ls\r\n")),
            (700_000, CastEvent::Output(wide)),
            (800_000, CastEvent::Output("\u{fffd}\u{7}\"\\".as_bytes())),
            (1_000_000, CastEvent::Resized(TerminalSize { cols: 100, rows: 30 })),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn a_recording_that_is_full_says_so_and_can_still_be_played() {
        let mut recording = recording();
        recording.max = 400;
        let full = std::iter::repeat_with(|| recording.write(&after(&recording, 1.0, b"0123456789")))
            .find_map(Result::err)
            .expect("it is full at last");
        assert_eq!(full.code, ErrorCode::RecordingFull);
        assert!(recording.file.len() <= 430, "{}", recording.file.len());
        assert!(Cast::read(&recording.file[..]).expect("a recording").events().count() > 2);
    }
}
