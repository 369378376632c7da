//! A transcript: every byte of a terminal's output as it came, in files that never grow without end.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::capture::{create_file, failed};
use super::tap::{Piece, TapWriter};
use crate::error::Result;

/// A file that is as large as this is followed by the next one.
const PART_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Files of one transcript; with one more the oldest is removed.
const PARTS_MAX: usize = 8;

/// The file that is written now, and those before it.
pub(super) struct Transcript {
    file: BufWriter<File>,
    /// The newest is the last.
    parts: VecDeque<PathBuf>,
    first: PathBuf,
    number: u32,
    written: u64,
    part_max: u64,
}

impl Transcript {
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self {
            file: BufWriter::new(file),
            parts: VecDeque::from([path.clone()]),
            first: path,
            number: 1,
            written: 0,
            part_max: PART_MAX_BYTES,
        }
    }

    fn append(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.written >= self.part_max {
                self.turn_over()?;
            }
            let room = usize::try_from(self.part_max - self.written).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            let written = self.file.write_all(now);
            written.map_err(|cause| failed(self.path(), &cause))?;
            self.written += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    /// Goes on in a new file.
    fn turn_over(&mut self) -> Result<()> {
        self.flush()?;
        self.number += 1;
        let path = part(&self.first, self.number);
        let file = create_file(&path).map_err(|cause| failed(&path, &cause))?;
        self.file = BufWriter::new(file);
        self.written = 0;
        self.parts.push_back(path);
        if self.parts.len() > PARTS_MAX
            && let Some(oldest) = self.parts.pop_front()
        {
            // One that somebody took away already is gone too.
            let _ = std::fs::remove_file(oldest);
        }
        Ok(())
    }

    fn path(&self) -> &Path {
        self.parts.back().unwrap_or(&self.first)
    }
}

/// `web-20261121-101500.log` is followed by `web-20261121-101500.2.log`.
fn part(first: &Path, number: u32) -> PathBuf {
    let extension = first.extension().unwrap_or_default().to_string_lossy().into_owned();
    first.with_extension(format!("{number}.{extension}"))
}

impl TapWriter for Transcript {
    fn write(&mut self, piece: &Piece) -> Result<()> {
        match piece {
            Piece::Output(_, bytes) => self.append(bytes),
            Piece::Lost(_, bytes) => self.append(format!("\r\n[{bytes} bytes not written]\r\n").as_bytes()),
            Piece::Screen(..) | Piece::Resized(..) => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.file.flush();
        flushed.map_err(|cause| failed(self.path(), &cause))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::time::Instant;

    use super::*;

    fn transcript(folder: &Path, part_max: u64) -> Transcript {
        let path = folder.join("web-1.log");
        Transcript { part_max, ..Transcript::new(create_file(&path).expect("a file"), path) }
    }

    fn output(bytes: &[u8]) -> Piece {
        Piece::Output(Instant::now(), Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn every_byte_is_kept_as_it_came() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut transcript = transcript(folder.path(), 1000);
        for piece in [output(b"a\x1b[1m\xff\x00\xe4"), Piece::Lost(Instant::now(), 7), output(b"\xbd\xa0")] {
            transcript.write(&piece).expect("room");
        }
        transcript.flush().expect("room");
        let kept = std::fs::read(folder.path().join("web-1.log")).expect("a file");
        assert_eq!(kept, b"a\x1b[1m\xff\x00\xe4\r\n[7 bytes not written]\r\n\xbd\xa0");
    }

    #[test]
    fn it_turns_over_and_the_oldest_part_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut transcript = transcript(folder.path(), 10);
        let all: Vec<u8> = (0..95).map(|n| b'0' + n % 10).collect();
        transcript.write(&output(&all)).expect("room");
        transcript.flush().expect("room");
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names.len(), PARTS_MAX);
        assert!(
            !names.contains(&"web-1.log".to_owned()) && !names.contains(&"web-1.2.log".to_owned()),
            "{names:?}"
        );
        assert_eq!(std::fs::read(folder.path().join("web-1.10.log")).expect("the last"), b"01234");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let mut transcript = Transcript::new(full, "/dev/full".into());
        let told = transcript.write(&output(b"x")).and_then(|()| transcript.flush());
        let told = told.expect_err("no room");
        assert_eq!(told.code, crate::error::ErrorCode::CaptureFailed);
        assert!(told.params["cause"].contains("No space left"), "{told}");
    }
}
