//! To which commands the person has agreed for good: one small file beside the saved hosts, written whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use crate::connection::Target;
use crate::error::{Error, Result};
use crate::json_file::JsonFile;
use crate::prompt::{Answer, Asker, Prompts, Question, visible, visible_line};

/// Commands that are kept; beyond that a consent holds for one connection only.
const COMMANDS_MAX: usize = 1000;

/// The commands by host. Clones share them. Several processes may write: the last one wins, and whatever is lost by that is
/// asked again.
#[derive(Debug, Clone)]
pub struct Consents {
    file: JsonFile,
}

type Agreed = BTreeMap<String, BTreeSet<String>>;

impl Consents {
    /// The file need not exist.
    pub fn at(file: PathBuf) -> Self {
        Self { file: JsonFile::at(file) }
    }

    /// A consent is bound to the saved host and to where it leads: an edit of either asks again.
    pub fn host(target: &Target) -> String {
        let id = target.asker.host_id.as_ref().map_or("", |id| id.0.as_str());
        format!("{id} {}@{}:{}", target.user, target.address, target.port)
    }

    /// The same for a name whose config asks for a command (`Match exec`), before it is known where the name leads.
    pub fn name(asker: &Asker) -> String {
        let id = asker.host_id.as_ref().map_or("", |id| id.0.as_str());
        format!("{id} Match exec {}", asker.address)
    }

    /// Asks the person whether a command may run for a host, unless that was agreed to before. `source` says where it is
    /// written down.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Cancelled`] or [`crate::error::ErrorCode::PromptTimedOut`]: it must not run.
    pub async fn agree(
        &self,
        prompts: &Prompts,
        asker: &Asker,
        host: &str,
        command: &str,
        source: &str,
    ) -> Result<()> {
        if self.allows(host, command).await {
            return Ok(());
        }
        // What would be hidden from the person must not run: the question shows all of it.
        let question = Question::RunCommand { command: visible(command), source: visible_line(source) };
        match prompts.ask(asker, None, question, false).await? {
            Answer::Allow { always } => {
                if always && let Err(error) = self.remember(host, command).await {
                    // It was agreed to; the next connection asks again.
                    tracing::warn!(%error, "the consent to a command could not be written down");
                }
                Ok(())
            }
            _ => Err(Error::internal("a question about a command got another answer")),
        }
    }

    /// Whether the person agreed to exactly this. A file that cannot be read agrees to nothing.
    pub async fn allows(&self, host: &str, command: &str) -> bool {
        let agreed: Agreed = self.file.read().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the consents to commands could not be read");
            Agreed::new()
        });
        agreed.get(host).is_some_and(|commands| commands.contains(command))
    }

    /// # Errors
    /// What the system says; the consent then holds for this time only.
    pub async fn remember(&self, host: &str, command: &str) -> io::Result<()> {
        let (host, command) = (host.to_owned(), command.to_owned());
        self.file
            .change(move |agreed: &mut Agreed| {
                if agreed.values().map(BTreeSet::len).sum::<usize>() >= COMMANDS_MAX {
                    return Err(io::Error::other("there are too many of them"));
                }
                agreed.entry(host).or_default().insert(command);
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_consent_holds_for_one_host_and_one_command_after_a_restart_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("commands.json");
        let consents = Consents::at(file.clone());
        assert!(!consents.allows("a", "nc a 22").await);
        consents.remember("a", "nc a 22").await.expect("it is written");
        let later = Consents::at(file);
        assert!(later.allows("a", "nc a 22").await);
        assert!(!later.allows("b", "nc a 22").await);
        assert!(!later.allows("a", "nc a 23").await);
    }

    #[tokio::test]
    async fn a_damaged_file_agrees_to_nothing_and_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("commands.json");
        std::fs::write(&file, b"{\"a\": [\"nc").expect("it is written");
        let consents = Consents::at(file);
        assert!(!consents.allows("a", "nc").await);
        consents.remember("a", "nc").await.expect("it is written");
        assert!(consents.allows("a", "nc").await);
    }
}
