//! Where the shell of a terminal is, for files that go there.

use std::time::Duration;

use bowline_sftp::SftpPath;
use serde::Serialize;
use tokio::sync::oneshot;
use ts_rs::TS;
use uuid::Uuid;

use super::Engine;
use crate::error::{Error, Result};
use crate::exec::{Exec, ExecEvent, ExecRequest, Stream};
use crate::files::path_text;
use crate::host::HostId;
use crate::prompt::visible_line;
use crate::terminal::directory::Directory;
use crate::terminal::launch::{Place, answered_directory, asking_line};
use crate::terminal::state::TerminalId;
use crate::terminal::target::TerminalTarget;

/// Time for a host to say where a shell is; a person holds files over the terminal meanwhile.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer: a path, and what a start-up file of the login shell may print before it.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// A directory on the host of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TerminalDirectory {
    pub host_id: HostId,
    /// As [`path_text`] writes it, and absolute.
    pub path: String,
    /// To be shown.
    pub shown: String,
}

impl Engine {
    /// Where a terminal's shell is: what it says itself if that is on this host, else where its process is, else the home
    /// folder. Nothing for a terminal that is on no host.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`], and what kept a connection from being made.
    pub async fn terminal_directory(&self, id: TerminalId) -> Result<Option<TerminalDirectory>> {
        let (terminal, host_id) = self.inner.terminals.named(id)?;
        if !matches!(TerminalTarget::of(&host_id), TerminalTarget::Host) {
            return Ok(None);
        }
        let (tell, told) = oneshot::channel();
        terminal
            .look(move |screen| {
                let _ = tell.send(Directory::parse(screen.directory()));
            })
            .await?;
        let said = told.await.ok().flatten();
        let shell = self.inner.terminals.mark_of(id).map(Place::OfShell);
        let places: Vec<Place> = said.map(Place::At).into_iter().chain(shell).collect();
        let path = match tokio::time::timeout(ASK_TIMEOUT, self.ask_directory(&host_id, &places)).await {
            Ok(Ok(Some(path))) => path,
            // A host that runs no commands may still take files.
            Ok(Ok(None) | Err(_)) | Err(_) => self.home_folder(&host_id).await?,
        };
        let shown = visible_line(&String::from_utf8_lossy(&path));
        Ok(Some(TerminalDirectory { host_id, path: path_text::to_text(&path), shown }))
    }

    async fn ask_directory(&self, host: &HostId, places: &[Place]) -> Result<Option<Vec<u8>>> {
        let word = Uuid::new_v4().simple().to_string();
        let Exec { input, mut output, .. } =
            self.exec(host, ExecRequest::command(asking_line(places, &word))).await?;
        // What runs instead of the line, where a host runs one thing only, is not waited for.
        input.close().await;
        let mut answer = Vec::new();
        while let Some(event) = output.next().await {
            match event {
                ExecEvent::Output { stream: Stream::Stdout, bytes } => {
                    answer.extend_from_slice(&bytes);
                    if answer.len() > ANSWER_MAX_BYTES {
                        return Ok(None);
                    }
                }
                ExecEvent::Output { stream: Stream::Stderr, .. } => {}
                ExecEvent::Ended(_) => break,
            }
        }
        Ok(answered_directory(&answer, &word))
    }

    async fn home_folder(&self, host: &HostId) -> Result<Vec<u8>> {
        let files = self.files(host).await?;
        let asked = tokio::time::timeout(ASK_TIMEOUT, files.sftp.resolve(&SftpPath::here())).await;
        match asked.map_err(Error::internal)? {
            Ok(path) => Ok(path.as_bytes().to_vec()),
            Err(error) => Err(files.problem(&error).await),
        }
    }
}
