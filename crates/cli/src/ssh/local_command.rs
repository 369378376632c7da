//! `LocalCommand`: runs here when the host is reached and nothing has been asked of it, where `PermitLocalCommand` says yes.

use std::ffi::OsString;

use tokio::process::Command;

use crate::command::say;

/// What ssh(1) takes where `SHELL` is not set.
const SHELL: &str = "/bin/sh";

/// Runs it to its end, with our own standard streams. Whatever becomes of it, the session goes on, as with ssh(1).
pub async fn run(command: &str) {
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    let shell = shell.unwrap_or_else(|| OsString::from(SHELL));
    let ended = Command::new(&shell).arg("-c").arg(command).status().await;
    if let Err(error) = ended {
        say(&format!("LocalCommand was not run: {}: {error}", shell.to_string_lossy()));
    }
}
