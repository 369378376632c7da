//! What a terminal shows, kept in files: a transcript (every byte as it came) and a recording (asciicast, which can be
//! played). Both may run at the same time, and none of them ever has what is typed.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use jiff::Zoned;
use serde::Serialize;
use tokio_util::task::task_tracker::TaskTrackerToken;
use ts_rs::TS;

use super::Terminal;
use super::recording::Recording;
use super::state::TerminalId;
use super::tap::Tap;
use super::transcript::Transcript;
use crate::error::{Error, ErrorCode, Problem, Result};

/// Characters of a host's name in a file's name: enough to know it, and far from the limit of any file system.
const NAME_CHARACTERS: usize = 48;
/// Files of one name within one second.
const SAME_NAMES: u32 = 100;

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaptureKind {
    Transcript,
    Recording,
}

impl CaptureKind {
    pub const ALL: [CaptureKind; 2] = [CaptureKind::Transcript, CaptureKind::Recording];

    fn extension(self) -> &'static str {
        match self {
            CaptureKind::Transcript => "log",
            CaptureKind::Recording => "cast",
        }
    }
}

/// The files that a terminal is written to now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CaptureView {
    pub id: TerminalId,
    /// The file, while it is written.
    pub transcript: Option<String>,
    pub recording: Option<String>,
    /// Why one of them has just ended by itself.
    pub problem: Option<Problem>,
}

impl CaptureView {
    pub fn none(id: TerminalId) -> Self {
        Self { id, transcript: None, recording: None, problem: None }
    }

    pub fn path_mut(&mut self, kind: CaptureKind) -> &mut Option<String> {
        match kind {
            CaptureKind::Transcript => &mut self.transcript,
            CaptureKind::Recording => &mut self.recording,
        }
    }
}

impl Terminal {
    /// Begins to write a file of its own in a folder, which is made if need be, and says which file it is. `name` is what the
    /// terminal is called; `ended` hears of the file's end, and why if nobody asked for it.
    ///
    /// # Errors
    /// [`ErrorCode::CaptureFailed`], and [`ErrorCode::TerminalNotFound`] when the terminal has ended.
    pub async fn capture(
        &self,
        kind: CaptureKind,
        folder: PathBuf,
        name: String,
        working: TaskTrackerToken,
        ended: impl FnOnce(Option<Error>) + Send + 'static,
    ) -> Result<PathBuf> {
        let creating = tokio::task::spawn_blocking(move || -> Result<(Tap, PathBuf)> {
            let (file, path) = create(&folder, &name, kind)?;
            let tap = match kind {
                CaptureKind::Transcript => Tap::start(Transcript::new(file, path.clone()), working, ended)?,
                CaptureKind::Recording => {
                    Tap::start(Recording::new(file, path.clone(), name), working, ended)?
                }
            };
            Ok((tap, path))
        });
        let (tap, path) = creating.await.map_err(Error::internal)??;
        let taps = self.taps.clone();
        match kind {
            CaptureKind::Transcript => taps.add(kind, tap),
            CaptureKind::Recording => {
                self.look(move |screen| {
                    taps.add_with_screen(kind, tap, screen.size(), screen.snapshot_without_scrollback());
                })
                .await?;
            }
        }
        Ok(path)
    }

    /// Ends a file; one that is not written is fine.
    pub fn stop_capture(&self, kind: CaptureKind) {
        self.taps.remove(kind);
    }

    pub fn is_captured(&self, kind: CaptureKind) -> bool {
        self.taps.has(kind)
    }
}

/// A new file that only the person can read.
fn create(folder: &Path, name: &str, kind: CaptureKind) -> Result<(File, PathBuf)> {
    let base = format!("{}-{}", safe_name(name), Zoned::now().strftime("%Y%m%d-%H%M%S"));
    std::fs::create_dir_all(folder).map_err(|cause| failed(folder, &cause))?;
    let extension = kind.extension();
    for number in 1..=SAME_NAMES {
        let twin = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{base}{twin}.{extension}"));
        match create_file(&path) {
            Ok(file) => return Ok((file, path)),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(failed(&path, &cause)),
        }
    }
    Err(failed(folder, &"there are too many files of this name"))
}

/// Never follows what lies there already.
pub(super) fn create_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A host's name as a part of a file's name, on every system.
fn safe_name(name: &str) -> String {
    let safe = |character: char| {
        if character.is_alphanumeric() || "._-".contains(character) { character } else { '_' }
    };
    let name: String = name.trim().chars().take(NAME_CHARACTERS).map(safe).collect();
    let name = name.trim_matches(['.', '_']);
    if name.is_empty() { "terminal".to_owned() } else { name.to_owned() }
}

pub(crate) fn failed(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    let (path, cause) = (path.to_string_lossy().into_owned(), cause.to_string());
    Error::new(
        ErrorCode::CaptureFailed,
        format!("{path} could not be written: {cause}. The terminal goes on without it. Choose another folder or make room."),
    )
    .with("path", path)
    .with("cause", cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for (name, safe) in [
            ("web-01", "web-01"),
            ("../../etc/passwd", "etc_passwd"),
            ("a b:c*d?.log", "a_b_c_d_.log"),
            ("服务器", "服务器"),
            (".hidden", "hidden"),
            ("\u{202e}\x1b[2J", "2J"),
            ("", "terminal"),
            ("...", "terminal"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        assert_eq!(safe_name(&"x".repeat(500)).len(), NAME_CHARACTERS);
    }

    #[test]
    fn two_files_of_one_second_have_two_names_and_belong_to_the_person_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let (_, first) = create(folder.path(), "web", CaptureKind::Transcript).expect("a file");
        let (_, second) = create(folder.path(), "web", CaptureKind::Transcript).expect("a file");
        assert_ne!(first, second);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(first).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
