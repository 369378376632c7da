//! Keys of the person: listed, made, and installed on a host as ssh-copy-id(1) does.

use std::sync::Arc;
use std::time::Duration;

use russh::ChannelMsg;
use serde::Serialize;
use ts_rs::TS;

use super::Engine;
use crate::auth::keygen::{self, KeyInfo};
use crate::connection::{Connection, Login, SessionPlace};
use crate::error::{Error, ErrorCode, Result};
use crate::host::{AuthMethod, HostId};
use crate::pool::MakeTarget;
use crate::prompt::{Secret, visible_line};

/// Time for a few lines of shell; a home folder on a network may take seconds.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(30);
/// What is kept of each of the script's outputs. A login shell may be talkative; the rest is read and dropped.
const OUTPUT_BYTES: usize = 16 * 1024;
/// Output on the second stream (RFC 4254, section 5.2).
const STDERR: u32 = 1;
const ADDED: &str = "bowline-key-added";
const THERE: &str = "bowline-key-there";

/// Adds the line on stdin to `~/.ssh/authorized_keys`, unless its key stands there already.
///
/// The login shell may be any, so this is one line without a single quote or a backslash: it is quoted once and given to
/// `sh`. Nothing of ours is put into it: the key travels over stdin. As ssh-copy-id does, it ends a last line that was left
/// open, and has SELinux's labels restored.
const SCRIPT: &str = concat!(
    "exec sh -c '",
    "set -f; cd || exit 1; umask 077; f=.ssh/authorized_keys; ",
    "IFS= read -r line || exit 1; set -- $line; [ -n \"$2\" ] || exit 1; ",
    "if [ -f \"$f\" ] && grep -v \"^[[:space:]]*#\" \"$f\" | grep -qF -- \"$1 $2\"; ",
    "then echo bowline-key-there; exit 0; fi; ",
    "mkdir -p .ssh || exit 1; ",
    "if [ -n \"$(tail -c 1 \"$f\" 2>/dev/null)\" ]; then echo >> \"$f\" || exit 1; fi; ",
    "printf \"%s\" \"$line\" >> \"$f\" && echo >> \"$f\" || exit 1; ",
    "if command -v restorecon >/dev/null 2>&1; then restorecon -F .ssh \"$f\" >/dev/null 2>&1; fi; ",
    "echo bowline-key-added'"
);

/// What came of installing a key. Either way a login with it has been tried, and worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum InstallOutcome {
    Installed,
    AlreadyThere,
}

impl Engine {
    /// The private keys of `~/.ssh`, by name.
    ///
    /// # Errors
    /// Only our own mistakes; a folder that cannot be read has no keys.
    pub async fn keys_list(&self) -> Result<Vec<KeyInfo>> {
        let folder = self.inner.ssh_dir.clone();
        tokio::task::spawn_blocking(move || keygen::list(&folder)).await.map_err(Error::internal)
    }

    /// Makes an Ed25519 key pair; see [`keygen::generate`].
    ///
    /// # Errors
    /// [`ErrorCode::KeyExists`], [`ErrorCode::KeyUnwritable`].
    pub async fn key_generate(
        &self,
        path: String,
        comment: String,
        passphrase: Option<Secret>,
    ) -> Result<KeyInfo> {
        let making =
            tokio::task::spawn_blocking(move || keygen::generate(&path, &comment, passphrase.as_ref()));
        making.await.map_err(Error::internal)?
    }

    /// Lets the person log in to a host with the key at `path` from now on, and tries it out.
    ///
    /// # Errors
    /// [`ErrorCode::KeyUnreadable`]; what kept a connection from being made; [`ErrorCode::KeyInstallFailed`];
    /// [`ErrorCode::KeyNotAccepted`] when the host does not take the key in spite of it.
    pub async fn key_install(&self, host: HostId, path: String) -> Result<InstallOutcome> {
        let line = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || keygen::public_line(&path))
                .await
                .map_err(Error::internal)??
        };
        let make_target: MakeTarget = {
            let (engine, host) = (self.clone(), host.clone());
            Arc::new(move || {
                let (engine, host) = (engine.clone(), host.clone());
                Box::pin(async move { engine.target(&host).await })
            })
        };
        let place = self.inner.pool.place(&host, make_target).await?;
        self.record_remembered(place.connection(), &host).await;
        let outcome = install(&place, &path, &line).await?;
        drop(place);
        self.try_key_out(&host, path).await?;
        Ok(outcome)
    }

    /// Logs in with this key and, where the host wants more than one factor, with what it asks for beside it.
    async fn try_key_out(&self, host: &HostId, path: String) -> Result<()> {
        let mut target = self.target(host).await?;
        let Login::Person { method, key_path, .. } = &mut target.login else {
            return Err(Error::internal("the built-in host has a key of its own"));
        };
        (*method, *key_path) = (AuthMethod::Key, path.clone());
        let (address, user) = (target.address.clone(), target.user.clone());
        match Connection::open(&self.inner.dialer, target, &|_| ()).await {
            Ok(connection) => {
                connection.close().await;
                Ok(())
            }
            Err(error)
                if matches!(
                    error.code,
                    ErrorCode::AuthRefused | ErrorCode::AuthTriesExceeded | ErrorCode::AuthNothingToTry
                ) =>
            {
                Err(Error::new(
                    ErrorCode::KeyNotAccepted,
                    format!(
                        "The key {path} stands in ~/.ssh/authorized_keys of {user} on {address} now, but the server does not \
                         take it. It may look elsewhere, or the home folder may be open to others; its log says which."
                    ),
                )
                .with("path", path)
                .with("user", user)
                .with("address", address)
                .because(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// Runs the script on a place of a connection.
async fn install(place: &SessionPlace, path: &str, line: &str) -> Result<InstallOutcome> {
    let connection = place.connection();
    let failed = |cause: &str| {
        let address = &connection.target().address;
        Error::new(
            ErrorCode::KeyInstallFailed,
            format!(
                "The key {path} could not be added on {address}: {cause}. Add its public half to ~/.ssh/authorized_keys there \
                 by hand."
            ),
        )
        .with("path", path)
        .with("address", address)
        .with("cause", cause)
    };
    let channel = place.open_channel().await?;
    let (mut reader, writer) = channel.split();
    let running = async {
        let sent = async {
            writer.exec(true, SCRIPT).await?;
            writer.data(format!("{line}\n").as_bytes()).await?;
            writer.eof().await
        };
        sent.await.map_err(|error| failed(&visible_line(&error.to_string())))?;
        let (mut said, mut complained, mut status) = (Vec::new(), Vec::new(), None);
        while let Some(message) = reader.wait().await {
            match message {
                ChannelMsg::Data { data } => keep(&mut said, &data),
                ChannelMsg::ExtendedData { data, ext: STDERR } => keep(&mut complained, &data),
                ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                ChannelMsg::Failure => return Err(failed("the server runs no commands for this account")),
                ChannelMsg::Close => break,
                _ => {}
            }
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        let is_told = |word: &str| said.lines().any(|line| line.trim() == word);
        match status {
            Some(0) if is_told(ADDED) => Ok(InstallOutcome::Installed),
            Some(0) if is_told(THERE) => Ok(InstallOutcome::AlreadyThere),
            _ => {
                let complained = String::from_utf8_lossy(&complained).into_owned();
                let last = complained.lines().map(str::trim).rfind(|line| !line.is_empty());
                Err(failed(&last.map_or_else(|| "its commands failed".to_owned(), visible_line)))
            }
        }
    };
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(INSTALL_TIMEOUT, running) => {
            outcome.unwrap_or_else(|_| Err(failed("it did not finish within 30 seconds")))
        }
        ended = connection.ended() => return Err(ended),
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), writer.close()).await;
    outcome
}

/// Keeps the beginning.
fn keep(kept: &mut Vec<u8>, data: &[u8]) {
    let room = OUTPUT_BYTES.saturating_sub(kept.len());
    kept.extend_from_slice(&data[..data.len().min(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_can_be_given_to_any_login_shell() {
        let inner = SCRIPT.strip_prefix("exec sh -c '").and_then(|rest| rest.strip_suffix('\''));
        let inner = inner.expect("one quoted word");
        assert!(!inner.contains(['\'', '\\', '\n', '!']));
        assert!(inner.contains(ADDED) && inner.contains(THERE));
    }
}
