//! A command whose standard input and output are the stream (ProxyCommand of ssh_config(5)).
//!
//! It runs by the person's shell, as OpenSSH runs it, in a process group of its own, which ends with the connection. Nothing
//! runs before the person has agreed to exactly this command for this host.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Join};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::consent::Consents;
use super::link::{Dialled, Explained, Link};
use super::route::ProxyCommand;
use crate::connection::{Dialer, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::visible_line;

/// So that the question can show all of it.
pub const COMMAND_MAX_BYTES: usize = 8 * 1024;
/// What is kept of the last things that a command wrote to standard error; more is dropped from the front.
const WORDS_BYTES: usize = 4 * 1024;
/// Lines of it that a person gets to see.
const WORDS_LINES: usize = 4;
/// Time for a command to end when it is told to (SIGTERM); then it is killed.
const END_TIME: Duration = Duration::from_millis(500);
/// When its output has ended, its status and last words are waited for so long.
const REASON_TIME: Duration = Duration::from_millis(500);

/// Runs the command, if the person agrees.
///
/// # Errors
/// [`ErrorCode::Cancelled`] or [`ErrorCode::PromptTimedOut`] when they do not, [`ErrorCode::ProxyCommandFailed`].
pub async fn dial(dialer: &Dialer, proxy: &ProxyCommand, target: &Target) -> Result<Dialled> {
    if proxy.command.len() > COMMAND_MAX_BYTES {
        return Err(failed(target, &format!("it has more than {COMMAND_MAX_BYTES} bytes")));
    }
    let (consents, host) = (&dialer.consents, Consents::host(target));
    consents.agree(&dialer.prompts, &target.asker, &host, &proxy.command, &proxy.source).await?;
    let failed = |cause: &dyn std::fmt::Display| failed(target, &visible_line(&cause.to_string()));
    let mut child = shell(&proxy.command).spawn().map_err(|error| failed(&error))?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Error::internal("a command has no pipes"));
    };
    let words = Arc::<Mutex<Vec<u8>>>::default();
    let (end, ended) = watch::channel(None);
    let stop = CancellationToken::new();
    tokio::spawn(supervise(child, stderr, Arc::clone(&words), stop.clone(), end));
    let link = Arc::new(Link::other(visible_line(&proxy.command)));
    let reason = reason(ended, words);
    let stream = Running { pipes: tokio::io::join(stdout, stdin), _stop: stop.drop_guard() };
    let stream = Explained { stream, link: Arc::clone(&link), reason: Some(Box::pin(reason)), watch: None };
    Ok(Dialled { stream: Box::new(stream), link })
}

/// The connection was not made because the command failed; the cause is its status and last words.
pub fn failed(target: &Target, cause: &str) -> Error {
    let address = &target.address;
    Error::new(
        ErrorCode::ProxyCommandFailed,
        format!("The proxy command for {address} failed: {cause}. Check the command in the host's settings."),
    )
    .with("address", address)
    .with("cause", cause)
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::ffi::OsStrExt;
    // As OpenSSH does (ssh_proxy_connect in sshconnect.c): the shell makes way for the command.
    let shell = std::env::var_os("SHELL")
        .filter(|shell| shell.as_bytes().starts_with(b"/"))
        .unwrap_or_else(|| "/bin/sh".into());
    let mut shell = Command::new(shell);
    shell.arg("-c").arg(format!("exec {command}")).process_group(0);
    piped(shell)
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    /// Without it a console window would open (Win32, "Process Creation Flags").
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let mut shell = Command::new("cmd.exe");
    // cmd.exe has quoting rules of its own: it gets the text as it stands.
    shell.creation_flags(CREATE_NO_WINDOW).args(["/D", "/S", "/C"]).raw_arg(format!("\"{command}\""));
    piped(shell)
}

fn piped(mut shell: Command) -> Command {
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    shell
}

/// Owns the process until it is gone, and then ends what it has left behind.
async fn supervise(
    mut child: Child,
    stderr: ChildStderr,
    words: Arc<Mutex<Vec<u8>>>,
    stop: CancellationToken,
    end: watch::Sender<Option<String>>,
) {
    let group = child.id();
    let status = {
        let listening = listen(stderr, &words);
        tokio::pin!(listening);
        let mut heard = false;
        loop {
            tokio::select! {
                status = child.wait() => {
                    // Its last words may still be in the pipe; a child of its own may hold that open for ever.
                    if !heard {
                        let _ = timeout(END_TIME / 5, &mut listening).await;
                    }
                    break status.map(|status| status.to_string()).unwrap_or_else(|error| error.to_string());
                }
                () = &mut listening, if !heard => heard = true,
                () = stop.cancelled() => {
                    signal(group, Ending::Ask);
                    if timeout(END_TIME, child.wait()).await.is_err() {
                        signal(group, Ending::Kill);
                        let _ = child.kill().await;
                    }
                    break "it was stopped".to_owned();
                }
            }
        }
    };
    // What it started and did not wait for. The number was its own a moment ago, so no other group can have it yet.
    signal(group, Ending::Kill);
    end.send_replace(Some(status));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Ask,
    Kill,
}

#[cfg(unix)]
fn signal(group: Option<u32>, ending: Ending) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let Some(group) = group.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
    let signal = if ending == Ending::Kill { Signal::KILL } else { Signal::TERM };
    // The only failure is that there is nobody left.
    let _ = kill_process_group(group, signal);
}

/// Windows has no groups of this kind: the command itself is killed by its handle.
#[cfg(windows)]
fn signal(_: Option<u32>, _: Ending) {}

async fn listen(mut stderr: ChildStderr, words: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.extend_from_slice(&chunk[..count]);
        let surplus = words.len().saturating_sub(WORDS_BYTES);
        words.drain(..surplus);
    }
}

/// Why the command's output ended.
async fn reason(mut ended: watch::Receiver<Option<String>>, words: Arc<Mutex<Vec<u8>>>) -> Option<String> {
    let status = timeout(REASON_TIME, ended.wait_for(Option::is_some)).await;
    let status = status.ok().and_then(|end| end.ok().and_then(|end| end.clone()));
    let words = words.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Some(told(status.as_deref(), &words))
}

fn told(status: Option<&str>, words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words);
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(WORDS_LINES)..].join(" / ");
    let status = status.unwrap_or("it closed its output");
    if last.is_empty() { status.to_owned() } else { format!("{status}; it said: {}", visible_line(&last)) }
}

/// The pipes of a command that is stopped when they are dropped.
struct Running {
    pipes: Join<ChildStdout, ChildStdin>,
    _stop: DropGuard,
}

impl AsyncRead for Running {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.pipes).poll_read(cx, buf)
    }
}

impl AsyncWrite for Running {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.pipes).poll_write(cx, buf)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.pipes).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.pipes).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_command_are_made_visible_and_few() {
        let told = told(Some("exit status: 1"), b"one\ntwo\n\nthree\nfour\n\x1b[31mfive\n");
        assert_eq!(told, "exit status: 1; it said: two / three / four / \u{241b}[31mfive");
        assert_eq!(super::told(None, b""), "it closed its output");
    }
}
