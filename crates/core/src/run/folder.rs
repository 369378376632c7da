//! The files of a run: a new folder for it, and in that two files for each host.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::error::{Error, ErrorCode, Result};
use crate::exec::Stream;
use crate::transfer::name::{Folder, Rules, numbered};

/// As many runs as nobody begins within one second.
const NUMBER_MAX: u32 = 1000;

/// A folder that this run has for itself.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    names: Folder,
}

impl RunFolder {
    /// Makes a new folder below one that is there. Nothing that stands there is touched.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`].
    pub async fn make(below: &Path) -> Result<Self> {
        let name = format!("run-{}", jiff::Zoned::now().strftime("%Y%m%d-%H%M%S"));
        for number in 1..NUMBER_MAX {
            let name = match number {
                1 => name.clone(),
                _ => String::from_utf8_lossy(&numbered(name.as_bytes(), number)).into_owned(),
            };
            let path = below.join(name);
            match tokio::fs::create_dir(&path).await {
                Ok(()) => return Ok(Self { path, names: Folder::new(Rules::here()) }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, &error)),
            }
        }
        Err(failed(below, &std::io::Error::from(std::io::ErrorKind::AlreadyExists)))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files of one host, which are made at once, so that an empty one says that there was nothing.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`].
    pub async fn files(&mut self, host: &str) -> Result<HostFiles> {
        let safe: String =
            host.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).take(100).collect();
        let safe = if matches!(safe.as_str(), "" | "." | "..") { "_".to_owned() } else { safe };
        // Two hosts may have one name.
        for number in 1..NUMBER_MAX {
            let name = match number {
                1 => safe.clone(),
                _ => format!("{safe} ({number})"),
            };
            let Ok(written) = self.names.name(format!("{name}.out").as_bytes()) else { continue };
            let written = String::from_utf8_lossy(&written.bytes).into_owned();
            let base = written.strip_suffix(".out").unwrap_or(&written).to_owned();
            let (out, err) = (self.path.join(format!("{base}.out")), self.path.join(format!("{base}.err")));
            match new_file(&out).await {
                Ok(stdout) => {
                    let stderr = new_file(&err).await.map_err(|error| failed(&err, &error))?;
                    return Ok(HostFiles { stdout, stderr, out, err });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&out, &error)),
            }
        }
        Err(failed(&self.path, &std::io::Error::from(std::io::ErrorKind::AlreadyExists)))
    }
}

/// Where the output of one host goes.
#[derive(Debug)]
pub struct HostFiles {
    stdout: File,
    stderr: File,
    out: PathBuf,
    err: PathBuf,
}

impl HostFiles {
    /// # Errors
    /// [`ErrorCode::ExportFailed`].
    pub async fn write(&mut self, stream: Stream, bytes: &Bytes) -> Result<()> {
        let (file, path) = match stream {
            Stream::Stdout => (&mut self.stdout, &self.out),
            Stream::Stderr => (&mut self.stderr, &self.err),
        };
        file.write_all(bytes).await.map_err(|error| failed(path, &error))
    }

    /// Whatever was written is with the system when this returns.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`].
    pub async fn finish(mut self) -> Result<()> {
        self.stdout.flush().await.map_err(|error| failed(&self.out, &error))?;
        self.stderr.flush().await.map_err(|error| failed(&self.err, &error))
    }
}

/// Output may hold what only its owner is to see.
async fn new_file(path: &Path) -> std::io::Result<File> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await
}

pub(crate) fn failed(path: &Path, error: &std::io::Error) -> Error {
    let path = path.display().to_string();
    Error::new(ErrorCode::ExportFailed, format!("{path} could not be written: {error}."))
        .with("path", path)
        .with("cause", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_of_hosts_stay_in_the_folder_and_apart() {
        let below = tempfile::tempdir().expect("a folder");
        let mut folder = RunFolder::make(below.path()).await.expect("it is made");
        for name in ["web", "web", "../etc/passwd", "..", "", "a\nb", "x.bowline-part"] {
            let mut files = folder.files(name).await.unwrap_or_else(|error| panic!("{name:?}: {error}"));
            files.write(Stream::Stdout, &Bytes::from(name.to_owned())).await.expect("it is written");
            files.finish().await.expect("it is flushed");
        }
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .expect("it is there")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".out"))
            .collect();
        names.sort();
        assert_eq!(names.len(), 7, "{names:?}");
        assert!(names.contains(&"web (2).out".to_owned()) && names.contains(&".._etc_passwd.out".to_owned()));
        assert_eq!(std::fs::read_dir(below.path()).expect("it is there").count(), 1);
    }

    #[tokio::test]
    async fn each_run_has_a_folder_of_its_own() {
        let below = tempfile::tempdir().expect("a folder");
        let (one, other) = (RunFolder::make(below.path()).await, RunFolder::make(below.path()).await);
        assert_ne!(one.expect("made").path(), other.expect("made").path());
        assert!(RunFolder::make(&below.path().join("missing")).await.is_err());
    }
}
