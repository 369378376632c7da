//! `-f`: to the background after the login and before the command.
//!
//! A process with threads cannot be forked, so that a second process is started at once and asks the person whatever there
//! is to ask, on the same terminal. It says when it needs the person no more; this one ends then, and that one goes on in a
//! session of its own. Its standard input is the line between both until then.

use std::ffi::OsString;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use super::words::IN_BACKGROUND;
use crate::command::{FAILED, say};

/// Starts the other process and waits until it is on its own, or has failed.
pub fn start(words: &[OsString]) -> u8 {
    let starting = || -> std::io::Result<u8> {
        let (mut ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("ssh").arg(IN_BACKGROUND).args(words).stdin(Stdio::from(OwnedFd::from(theirs)));
        let mut child = command.spawn()?;
        // It holds the other end of the line.
        drop(command);
        let mut ready = [0];
        if matches!(ours.read(&mut ready), Ok(1)) {
            return Ok(0);
        }
        let status = child.wait()?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED))
    };
    starting().unwrap_or_else(|error| {
        say(&format!("no process for the background: {error}"));
        FAILED
    })
}

/// Lets the other process end. `silent`: nothing more is ever written, and nobody who reads our output is to wait for us.
///
/// # Errors
/// The system's.
pub fn leave(silent: bool) -> std::io::Result<()> {
    // It fails only where this is the first process of its group already, and then nobody's terminal is in the way.
    let _ = rustix::process::setsid();
    let nothing = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    rustix::io::write(rustix::stdio::stdin(), b"r")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    if silent {
        rustix::stdio::dup2_stdout(&nothing)?;
        rustix::stdio::dup2_stderr(&nothing)?;
    }
    Ok(())
}
