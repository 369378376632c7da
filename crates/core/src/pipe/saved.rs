//! Pipes that a person has written down, and those kept under a name.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Command, Plan, STAGES_MAX, Sink, Source};
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;
use crate::json_file::JsonFile;

const PIPES_MAX: usize = 200;
const NAME_MAX_CHARS: usize = 200;
/// More than any shell takes on one line here and there.
const LINE_MAX_BYTES: usize = 128 * 1024;

/// A pipe as a person writes it down. Paths are those of files on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PipeDraft {
    /// A file that the first program gets; without one its input is empty.
    pub source: Option<String>,
    pub commands: Vec<PipeCommand>,
    /// A file that gets what the last program writes; without one the end of it is shown.
    pub target: Option<String>,
    /// Files of these names may be there: that at the end, and those beside the commands.
    pub overwrite: bool,
}

/// A program on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PipeCommand {
    pub host_id: HostId,
    /// For the person's shell there.
    pub line: String,
    /// A file that gets what it writes as well.
    pub tee: Option<String>,
}

impl PipeDraft {
    /// # Errors
    /// [`ErrorCode::PipeInvalid`].
    pub fn plan(&self) -> Result<Plan> {
        let files = usize::from(self.source.is_some()) + usize::from(self.target.is_some());
        let reason = if self.commands.is_empty() {
            Some("no-command")
        } else if self.commands.len() + files > STAGES_MAX {
            Some("too-many")
        } else if self.commands.iter().any(|command| command.host_id.0.is_empty()) {
            Some("no-host")
        } else if self.commands.iter().any(|command| command.line.trim().is_empty()) {
            Some("empty-command")
        } else if self.commands.iter().any(|command| command.line.len() > LINE_MAX_BYTES) {
            Some("long-command")
        } else if self.paths().any(|path| !Path::new(path).is_absolute()) {
            Some("relative-path")
        } else {
            None
        };
        if let Some(reason) = reason {
            let text = "A pipe has one to eight stages, with a command on a host for each that is no file.";
            return Err(Error::new(ErrorCode::PipeInvalid, text).with("reason", reason));
        }
        let command = |command: &PipeCommand| Command {
            line: command.line.clone().into_bytes(),
            tee: command.tee.clone().map(PathBuf::from),
        };
        Ok(Plan {
            source: self.source.clone().map(|path| Source::File(path.into())),
            commands: self.commands.iter().map(command).collect(),
            sink: match &self.target {
                Some(path) => Sink::File(path.into()),
                None => Sink::Shown,
            },
            overwrite: self.overwrite,
        })
    }

    fn paths(&self) -> impl Iterator<Item = &String> {
        let tees = self.commands.iter().filter_map(|command| command.tee.as_ref());
        self.source.iter().chain(tees).chain(&self.target)
    }
}

/// A pipe under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedPipe {
    pub name: String,
    pub draft: PipeDraft,
}

/// The file of them. Clones share it.
#[derive(Debug, Clone)]
pub struct SavedPipes(JsonFile);

impl SavedPipes {
    /// The file need not exist.
    pub fn at(file: PathBuf) -> Self {
        Self(JsonFile::at(file))
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`], as for the others.
    pub async fn all(&self) -> Result<Vec<SavedPipe>> {
        self.0.read().await.map_err(|error| self.failed(&error))
    }

    /// Keeps one in place of that of the same name; what there is then.
    ///
    /// # Errors
    /// It could not be written, there are too many, or it has no name.
    pub async fn save(&self, pipe: SavedPipe) -> Result<Vec<SavedPipe>> {
        self.change(move |kept| {
            let length = pipe.name.chars().count();
            kept.retain(|other| other.name != pipe.name);
            if kept.len() >= PIPES_MAX || length == 0 || length > NAME_MAX_CHARS {
                return Err(io::Error::other("there are too many, or its name is empty or too long"));
            }
            // That a file may be overwritten is said each time anew.
            let draft = PipeDraft { overwrite: false, ..pipe.draft };
            kept.push(SavedPipe { draft, ..pipe });
            kept.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(())
        })
        .await
    }

    /// Forgets one; what there is then.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn forget(&self, name: String) -> Result<Vec<SavedPipe>> {
        self.change(move |kept| {
            kept.retain(|other| other.name != name);
            Ok(())
        })
        .await
    }

    async fn change(
        &self,
        change: impl FnOnce(&mut Vec<SavedPipe>) -> io::Result<()> + Send + 'static,
    ) -> Result<Vec<SavedPipe>> {
        let changed = self.0.change(move |kept: &mut Vec<SavedPipe>| change(kept).map(|()| kept.clone()));
        changed.await.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Error {
        let path = self.0.path().display();
        let text = format!("The saved pipes in {path} could not be kept: {error}.");
        Error::new(ErrorCode::ExportFailed, text).with("path", path).with("cause", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(lines: &[&str]) -> PipeDraft {
        let command = |line: &&str| PipeCommand {
            host_id: HostId("web".to_owned()),
            line: (*line).to_owned(),
            tee: None,
        };
        PipeDraft { commands: lines.iter().map(command).collect(), overwrite: true, ..PipeDraft::default() }
    }

    #[tokio::test]
    async fn pipes_are_there_after_a_restart_without_the_leave_to_overwrite() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pipes.json");
        let saved = SavedPipes::at(file.clone());
        let pipe = |name: &str| SavedPipe { name: name.to_owned(), draft: draft(&["ls"]) };
        saved.save(pipe("b")).await.expect("kept");
        saved.save(pipe("a")).await.expect("kept");
        saved.save(pipe("b")).await.expect("kept once");
        let later = SavedPipes::at(file.clone()).all().await.expect("read");
        assert_eq!(later.iter().map(|pipe| pipe.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(!later[0].draft.overwrite);
        assert_eq!(saved.forget("a".to_owned()).await.expect("kept").len(), 1);
        assert!(saved.save(pipe("")).await.is_err());
        std::fs::write(&file, b"[{").expect("written");
        assert_eq!(saved.all().await.expect("read"), []);
    }

    #[test]
    fn what_makes_no_pipe_is_told() {
        let reason =
            |draft: &PipeDraft| draft.plan().map(drop).map_err(|error| error.params["reason"].clone());
        assert_eq!(reason(&draft(&["ls"])), Ok(()));
        assert_eq!(reason(&draft(&["ls"; 8])), Ok(()));
        for (wrong, why) in [
            (draft(&[]), "no-command"),
            (draft(&["ls"; 9]), "too-many"),
            (PipeDraft { source: Some("/a".to_owned()), ..draft(&["ls"; 8]) }, "too-many"),
            (draft(&["ls", "  "]), "empty-command"),
            (PipeDraft { target: Some("a".to_owned()), ..draft(&["ls"]) }, "relative-path"),
        ] {
            assert_eq!(reason(&wrong), Err(why.to_owned()));
        }
    }
}
