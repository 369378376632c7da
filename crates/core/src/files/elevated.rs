//! Files of a host with root's rights: its SFTP server started by `sudo`. A password goes to the standard input of
//! `sudo -S` and nowhere else.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bowline_sftp::Sftp;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::session::Files;
use crate::connection::{Connection, SessionPlace};
use crate::error::{Error, ErrorCode, Result};
use crate::exec::{self, ExecEnd, ExecEvent, ExecRequest, Stream};
use crate::prompt::{Secret, visible_line};

/// Where systems keep it, besides their PATH: Debian, Fedora, macOS and the BSDs, SUSE, Alpine, what was built by hand.
const SERVERS: [&str; 7] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/lib64/ssh/sftp-server",
    "/usr/lib/sftp-server",
    "/usr/local/libexec/sftp-server",
];
/// Time for the server to start: PAM may wait seconds after a wrong password, or ask another machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Between the channel and the session, which always takes what comes.
const STREAM_BYTES: usize = 512 * 1024;
/// What sudo says is kept up to here; the rest is dropped.
const SAID_MAX_BYTES: usize = 4096;
/// The answer to where the server lies: a path, and what a start-up file of the login shell may print before it.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// PAM modules that mount a home folder need many seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Why there is no session.
#[derive(Debug)]
pub enum Refusal {
    /// Without a password; or the one that was given is wrong.
    Password,
    Other(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Where a host's SFTP server lies.
///
/// # Errors
/// [`ErrorCode::SftpServerMissing`], and those of [`exec::start`].
pub async fn find_server(place: SessionPlace) -> Result<String> {
    let address = place.connection().target().address.clone();
    let line = format!(
        "sh -c 'for p in {} \"$(command -v sftp-server)\"; do [ -x \"$p\" ] && echo \"bowline:$p\" && exit; done'",
        SERVERS.join(" ")
    );
    let mut answer = Vec::new();
    let asking = async {
        let mut exec = exec::start(place, ExecRequest::command(line)).await?;
        // A shell in the place of the command would wait for what is typed.
        exec.input.close().await;
        while let Some(event) = exec.output.next().await {
            match event {
                ExecEvent::Output { stream: Stream::Stdout, bytes } if answer.len() < ANSWER_MAX_BYTES => {
                    answer.extend_from_slice(&bytes);
                }
                ExecEvent::Output { .. } => {}
                ExecEvent::Ended(_) => break,
            }
        }
        Ok::<(), Error>(())
    };
    // One that says nothing has none.
    tokio::time::timeout(ANSWER_TIMEOUT, asking).await.unwrap_or(Ok(()))?;
    let answer = String::from_utf8_lossy(&answer);
    let found = answer.lines().find_map(|line| line.strip_prefix("bowline:")).filter(|path| is_plain(path));
    found.map(str::to_owned).ok_or_else(|| {
        let message =
            format!("{address} has no sftp-server where one is looked for, which root would have to run.");
        Error::new(ErrorCode::SftpServerMissing, message).with("address", address)
    })
}

/// A path that needs no quoting: it becomes a part of a command line, and a host said it.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte))
}

/// Has sudo judge a password and do nothing else. It takes one line and then the end of its input, so that a wrong one counts
/// once where wrong ones are counted (pam_faillock): what the session itself sends first would count as another.
///
/// # Errors
/// See [`Refusal`].
pub async fn check(place: SessionPlace, password: &Secret) -> std::result::Result<(), Refusal> {
    let connection = Arc::clone(place.connection());
    let line = "env LC_ALL=C sudo -k -S -p '' -v";
    let checking = async {
        let mut exec = exec::start(place, ExecRequest::command(line)).await?;
        // One that has ended already says why.
        if exec.input.write(&as_line(password)).await.is_ok() {
            exec.input.close().await;
        }
        let mut said = Vec::new();
        while let Some(event) = exec.output.next().await {
            match event {
                ExecEvent::Output { bytes, .. } if said.len() < SAID_MAX_BYTES => {
                    said.extend_from_slice(&bytes[..bytes.len().min(SAID_MAX_BYTES)]);
                }
                ExecEvent::Output { .. } => {}
                ExecEvent::Ended(ExecEnd::Exited { status: 0 }) => return Ok(()),
                ExecEvent::Ended(_) => break,
            }
        }
        Err(refusal(&connection, &String::from_utf8_lossy(&said), true))
    };
    tokio::time::timeout(START_TIMEOUT, checking).await.unwrap_or_else(|_| Err(late(&connection).into()))
}

/// What `sudo -S` reads: wiped when it has been sent.
fn as_line(password: &Secret) -> zeroize::Zeroizing<Vec<u8>> {
    let typed = password.expose().as_bytes();
    let mut line = zeroize::Zeroizing::new(Vec::with_capacity(typed.len() + 1));
    line.extend_from_slice(typed);
    line.push(b'\n');
    line
}

fn late(connection: &Connection) -> Error {
    failed(connection, &format!("it did not answer within {} s", START_TIMEOUT.as_secs()))
}

/// Starts the server by sudo: without a password, or with one that was [checked](check).
///
/// # Errors
/// See [`Refusal`].
pub async fn open(
    place: SessionPlace,
    server: &str,
    password: Option<&Secret>,
) -> std::result::Result<Files, Refusal> {
    let connection = Arc::clone(place.connection());
    let starting = start(place, &connection, server, password);
    tokio::select! {
        biased;
        started = tokio::time::timeout(START_TIMEOUT, starting) => {
            started.unwrap_or_else(|_| Err(late(&connection).into()))
        }
        ended = connection.ended() => Err(ended.into()),
    }
}

async fn start(
    place: SessionPlace,
    connection: &Arc<Connection>,
    server: &str,
    password: Option<&Secret>,
) -> std::result::Result<Files, Refusal> {
    let lost = |error: russh::Error| failed(connection, &error.to_string());
    let channel = place.open_channel().await?;
    let (mut reader, writer) = channel.split();
    let how = if password.is_some() { "-S -p ''" } else { "-n" };
    // The C locale, as what sudo says is looked at.
    writer.exec(true, format!("env LC_ALL=C sudo {how} -- {server}").into_bytes()).await.map_err(lost)?;
    loop {
        match reader.wait().await {
            Some(ChannelMsg::Success) => break,
            Some(ChannelMsg::Failure | ChannelMsg::Close) | None => {
                return Err(failed(connection, "the server runs no commands").into());
            }
            Some(_) => {}
        }
    }
    let writer = Arc::new(writer);
    let mut input: Pin<Box<dyn AsyncWrite + Send>> = Box::pin(writer.make_writer());
    if let Some(password) = password {
        let written = input.write_all(&as_line(password)).await;
        written.map_err(|error| failed(connection, &error.to_string()))?;
    }
    let said = Arc::new(Said::default());
    let (output, ours) = tokio::io::duplex(STREAM_BYTES);
    let gone = CancellationToken::new();
    let given_up = gone.clone();
    tokio::spawn(pump(reader, writer, ours, Arc::clone(&said), given_up, place));
    let stream = Carried { output, input, _gone: gone.drop_guard() };
    tokio::select! {
        started = Sftp::start(stream) => match started {
            Ok(sftp) => Ok(Files::on(Arc::clone(connection), sftp)),
            Err(_) => {
                // What it said comes before its end, but may be looked at after it.
                said.ended().await;
                Err(said.refusal(connection, password.is_some()))
            }
        },
        () = said.refused() => Err(Refusal::Password),
    }
}

/// What sudo has said on stderr, and whether it has ended.
#[derive(Debug, Default)]
struct Said {
    text: Mutex<(Vec<u8>, bool)>,
    news: Notify,
}

impl Said {
    fn hear(&self, bytes: &[u8]) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let room = SAID_MAX_BYTES - text.0.len();
        text.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        drop(text);
        self.news.notify_one();
    }

    fn end(&self) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.news.notify_one();
    }

    fn read(&self) -> (String, bool) {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        (String::from_utf8_lossy(&text.0).into_owned(), text.1)
    }

    /// Waits until it says that a password was wrong: it would take what follows for another one.
    async fn refused(&self) {
        while !self.read().0.to_lowercase().contains("try again") {
            self.news.notified().await;
        }
    }

    async fn ended(&self) {
        let ending = async {
            while !self.read().1 {
                self.news.notified().await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), ending).await;
    }

    fn refusal(&self, connection: &Connection, with_password: bool) -> Refusal {
        refusal(connection, &self.read().0, with_password)
    }
}

/// What sudo means (sudo 1.9, plugins/sudoers; the words have been the same since 1.7).
fn refusal(connection: &Connection, said: &str, with_password: bool) -> Refusal {
    let (address, user) = (&connection.target().address, &connection.target().user);
    let lower = said.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["incorrect password", "password is required", "no password was provided", "try again"]) {
        return Refusal::Password;
    }
    let code = match () {
        () if says(&["must have a tty", "you must have a tty"]) => ErrorCode::SudoWantsTerminal,
        () if says(&["not in the sudoers", "not allowed to", "may not run sudo"]) => ErrorCode::SudoDenied,
        () if says(&["sudo: not found", "sudo: command not found", "sudo': no such", "sudo: no such"]) => {
            ErrorCode::SudoMissing
        }
        // A terminal to ask for a password on.
        () if !with_password && says(&["a terminal is required"]) => return Refusal::Password,
        () => ErrorCode::SudoFailed,
    };
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    let cause = visible_line(last.trim());
    let message = format!("{user} cannot see the files of {address} as root: {cause}");
    Refusal::Other(Error::new(code, message).with("address", address).with("user", user).with("cause", cause))
}

fn failed(connection: &Connection, cause: &str) -> Error {
    let address = &connection.target().address;
    let cause = visible_line(cause.trim_end_matches('.'));
    Error::new(ErrorCode::SftpFailed, format!("File access (SFTP) on {address} ended: {cause}. Try again."))
        .with("address", address)
        .with("cause", cause)
}

/// Takes what comes out of the channel: it is drained always, and what goes to stderr is kept apart from the files.
async fn pump(
    mut reader: ChannelReadHalf,
    writer: Arc<ChannelWriteHalf<Msg>>,
    mut to: DuplexStream,
    said: Arc<Said>,
    gone: CancellationToken,
    place: SessionPlace,
) {
    loop {
        let message = tokio::select! {
            message = reader.wait() => message,
            () = gone.cancelled() => break,
            _ = place.connection().ended() => break,
        };
        match message {
            Some(ChannelMsg::Data { data }) => {
                if to.write_all(&data).await.is_err() {
                    break;
                }
            }
            Some(ChannelMsg::ExtendedData { data, .. }) => said.hear(&data),
            Some(ChannelMsg::Close) | None => break,
            Some(_) => {}
        }
    }
    said.end();
    let _ = tokio::time::timeout(Duration::from_secs(5), writer.close()).await;
}

/// The channel as a stream; its pump ends with it.
struct Carried {
    output: DuplexStream,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    _gone: DropGuard,
}

impl AsyncRead for Carried {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_read(cx, buf)
    }
}

impl AsyncWrite for Carried {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.input.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_shutdown(cx)
    }
}
