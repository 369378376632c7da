//! A shell on a server as a [`Source`]: a session channel with a PTY.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Pty, Sig};
use tokio::io::AsyncWrite;

use super::launch::{Arrival, Launch, MARK_VARIABLE};
use super::source::{Beginning, Source, SourceControl, SourceEvent, SourceReader};
use super::state::{TerminalEnd, TerminalSize};
use crate::connection::SessionPlace;
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::options::Multiplexer;
use crate::host::ssh_config::values::RequestTty;
use crate::prompt::visible_line;

/// What xterm.js is, in the words of terminfo.
const TERM: &str = "xterm-256color";
/// RFC 4254, section 8; 38400 is what OpenSSH says for a terminal without a line speed.
const MODES: &[(Pty, u32)] = &[(Pty::IUTF8, 1), (Pty::TTY_OP_ISPEED, 38400), (Pty::TTY_OP_OSPEED, 38400)];
/// Time to hand a channel's end to russh; it takes none unless the connection is stuck, and then the end comes anyway.
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
/// Time for a launch to say what it came to. The person's shell may do a lot at its start before it runs the line, and a host
/// that has just come back may be slow. Nothing of its output is shown before.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Output that may come before that. What is longer is a shell that does something else.
const EARLY_MAX_BYTES: usize = 64 * 1024;
/// Time for tmux or screen to end a session.
const END_TIMEOUT: Duration = Duration::from_secs(5);
/// Output on the second stream; with a PTY no shell uses it, but a server may (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// Opens a shell of `size` on a place of a connection, or what the host's config has instead of one.
///
/// A terminal always has a PTY on the host, unless `RequestTTY no` forbids it: `ssh` would give none to a RemoteCommand, but
/// then nobody looks at it through a terminal of ours.
///
/// PTY, environment and shell are asked for without waiting in between: one round trip in all (design.md, fact 8).
///
/// # Errors
/// [`ErrorCode::ChannelRefused`], [`ErrorCode::PtyRefused`], [`ErrorCode::ShellRefused`] or the connection's end.
pub async fn open(place: SessionPlace, size: TerminalSize) -> Result<Source> {
    let place = Arc::new(place);
    let (reader, writer) = ask(&place, size, None, None).await?;
    source(place, reader, writer, Bytes::new(), None)
}

/// As [`open`], in the directory or the session that a launch says. A server that does not run its line (a restricted shell,
/// a device with a shell of its own) gives a plain shell, as it would have without.
///
/// # Errors
/// As for [`open`].
pub async fn open_with(
    place: SessionPlace,
    size: TerminalSize,
    launch: &Launch,
    startup: &str,
) -> Result<Source> {
    let place = Arc::new(place);
    let session = &place.connection().target().session;
    if session.remote_command.is_some() || session.request_tty == RequestTty::No {
        let (reader, writer) = ask(&place, size, Some(&launch.mark), None).await?;
        return source(place, reader, writer, Bytes::new(), None);
    }
    let mut begun = None;
    if let Some(line) = launch.line() {
        begun = match ask(&place, size, Some(&launch.mark), Some(&line)).await {
            Ok((mut reader, writer)) => {
                let arrived = tokio::select! {
                    arrived = arrival(&mut reader, launch) => arrived,
                    ended = place.connection().ended() => return Err(ended),
                };
                arrived.map(|(arrival, output)| (reader, writer, arrival, output))
            }
            Err(error) if error.code == ErrorCode::ShellRefused => None,
            Err(error) => return Err(error),
        };
    }
    let (reader, writer, arrival, output) = match begun {
        Some(begun) => begun,
        None => {
            let (reader, writer) = ask(&place, size, Some(&launch.mark), None).await?;
            let arrival = match launch.multiplexer {
                Multiplexer::None => Arrival::Shell,
                Multiplexer::Tmux | Multiplexer::Screen => Arrival::NoMultiplexer,
            };
            (reader, writer, arrival, Bytes::new())
        }
    };
    let lives_on = matches!(arrival, Arrival::NewSession | Arrival::SameSession);
    let end_line = launch.end_line().filter(|_| lives_on);
    let mut source = source(place, reader, writer, output, end_line)?;
    source.beginning.arrival = arrival;
    let types = arrival != Arrival::SameSession && !startup.trim().is_empty();
    source.beginning.startup = types.then(|| Bytes::from(format!("{}\r", startup.trim())));
    Ok(source)
}

fn source(
    place: Arc<SessionPlace>,
    reader: ChannelReadHalf,
    mut writer: CloseUnlessKept,
    early: Bytes,
    end_line: Option<String>,
) -> Result<Source> {
    let greeting = place.connection().take_banner();
    let Some(half) = writer.0.take() else { return Err(Error::internal("a channel has no writing half")) };
    let output = half.make_writer();
    Ok(Source {
        greeting,
        reader: Box::new(ShellReader { reader, place: Arc::clone(&place), early, end: None }),
        writer: Box::new(Box::pin(output) as std::pin::Pin<Box<dyn AsyncWrite + Send>>),
        control: Box::new(ShellControl { half, place, end_line }),
        beginning: Beginning::default(),
    })
}

/// Asks for a terminal and for what runs in it: a line, the host's own RemoteCommand, or a shell.
async fn ask(
    place: &SessionPlace,
    size: TerminalSize,
    mark: Option<&str>,
    line: Option<&str>,
) -> Result<(ChannelReadHalf, CloseUnlessKept)> {
    let channel = place.open_channel().await?;
    let (mut reader, half) = channel.split();
    let writer = CloseUnlessKept(Some(half));
    let connection = place.connection();
    let target = connection.target();
    let (address, session) = (target.address.clone(), &target.session);
    let with_pty = session.request_tty != RequestTty::No;
    // As with OpenSSH, SetEnv decides about TERM too.
    let term = session.environment.iter().find(|(name, value)| name == "TERM" && !value.is_empty());
    let term = term.map_or(TERM, |(_, value)| value.as_str());
    let asking = async {
        let Some(writer) = &writer.0 else { return Ok(()) };
        let (cols, rows) = (u32::from(size.cols), u32::from(size.rows));
        if with_pty {
            writer.request_pty(true, term, cols, rows, 0, 0, MODES).await?;
        }
        for (name, value) in environment(&session.environment, mark) {
            writer.set_env(false, name, value).await?;
        }
        match line.or(session.remote_command.as_deref()) {
            Some(line) => writer.exec(true, line.as_bytes()).await,
            None => writer.request_shell(true).await,
        }
    };
    let answers = async {
        asking.await.map_err(|error| refused(ErrorCode::ShellRefused, &address, "a shell").because(error))?;
        if with_pty {
            accepted(&mut reader)
                .await
                .ok_or_else(|| refused(ErrorCode::PtyRefused, &address, "a terminal"))?;
        }
        accepted(&mut reader).await.ok_or_else(|| refused(ErrorCode::ShellRefused, &address, "a shell"))
    };
    tokio::select! {
        answered = answers => answered?,
        ended = connection.ended() => return Err(ended),
    }
    Ok((reader, writer))
}

/// Reads up to where a launch says what it came to, and returns the rest of the output with it. Nothing when its line did
/// not run.
async fn arrival(reader: &mut ChannelReadHalf, launch: &Launch) -> Option<(Arrival, Bytes)> {
    let mut output = Vec::new();
    // What runs when nothing is said about it: perhaps what the person's own shell asks at its start. A session may come.
    let untold = match launch.multiplexer {
        Multiplexer::None => Arrival::Shell,
        Multiplexer::Tmux | Multiplexer::Screen => Arrival::NewSession,
    };
    let deadline = tokio::time::Instant::now() + ARRIVAL_TIMEOUT;
    loop {
        let message = match tokio::time::timeout_at(deadline, reader.wait()).await {
            Ok(message) => message?,
            Err(_) => return Some((untold, output.into())),
        };
        match message {
            ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, ext: STDERR } => {
                output.extend_from_slice(&data);
                if let Some(found) = launch.find_arrival(&output) {
                    output.drain(found.start..found.end);
                    return Some((found.arrival, output.into()));
                }
                if output.len() > EARLY_MAX_BYTES {
                    return Some((untold, output.into()));
                }
            }
            ChannelMsg::Close | ChannelMsg::Eof | ChannelMsg::ExitStatus { .. } => return None,
            _ => {}
        }
    }
}

/// A channel that was opened in vain, or given up half way, is closed: russh leaves it open when it is dropped, and the
/// server would count it against its MaxSessions.
struct CloseUnlessKept(Option<ChannelWriteHalf<Msg>>);

impl Drop for CloseUnlessKept {
    fn drop(&mut self) {
        if let Some(writer) = self.0.take() {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(CLOSE_TIMEOUT, writer.close()).await;
            });
        }
    }
}

/// What the config says; beside it what OpenSSH sends by Debian's default (SendEnv LANG LC_*), and that 24-bit colour works.
/// sshd takes what it likes.
fn environment(configured: &[(String, String)], mark: Option<&str>) -> Vec<(String, String)> {
    let mut usual: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name == "LANG" || name.starts_with("LC_"))
        .collect();
    usual.push(("COLORTERM".to_owned(), "truecolor".to_owned()));
    if let Some(mark) = mark {
        usual.retain(|(name, _)| name != MARK_VARIABLE);
        usual.push((MARK_VARIABLE.to_owned(), mark.to_owned()));
    }
    usual.retain(|(name, _)| !configured.iter().any(|(known, _)| known == name));
    configured.iter().cloned().chain(usual).collect()
}

/// Waits for the answer to one request; nothing when it was refused or the channel ended.
async fn accepted(reader: &mut ChannelReadHalf) -> Option<()> {
    loop {
        match reader.wait().await? {
            ChannelMsg::Success => return Some(()),
            ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof => return None,
            _ => {}
        }
    }
}

fn refused(code: ErrorCode, address: &str, what: &str) -> Error {
    Error::new(
        code,
        format!("{address} let you in but did not give {what}. The account may be limited to files or to one command."),
    )
    .with("address", address)
}

struct ShellReader {
    reader: ChannelReadHalf,
    /// Keeps the connection open, and its place taken.
    place: Arc<SessionPlace>,
    /// What came before it was handed over.
    early: Bytes,
    /// How the shell said it ended; the channel closes later.
    end: Option<TerminalEnd>,
}

impl ShellReader {
    async fn event(&mut self) -> SourceEvent {
        if !self.early.is_empty() {
            return SourceEvent::Output(std::mem::take(&mut self.early));
        }
        loop {
            let message = tokio::select! {
                biased;
                message = self.reader.wait() => message,
                error = self.place.connection().ended() => {
                    return SourceEvent::Ended(self.end.take().unwrap_or(failed(&error)));
                }
            };
            match message {
                Some(ChannelMsg::Data { data }) => return SourceEvent::Output(data),
                Some(ChannelMsg::ExtendedData { data, ext: STDERR }) => return SourceEvent::Output(data),
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    self.end = Some(TerminalEnd::Exited { status: exit_status });
                }
                Some(ChannelMsg::ExitSignal { signal_name, core_dumped, error_message, .. }) => {
                    self.end = Some(TerminalEnd::Signalled {
                        signal: signal_text(&signal_name),
                        core_dumped,
                        message: visible_line(&error_message),
                    });
                }
                Some(ChannelMsg::Close) => {
                    return SourceEvent::Ended(self.end.take().unwrap_or(TerminalEnd::Closed));
                }
                // The channel's queue ended: with an exit it is over, without one the connection tells why.
                None => {
                    if let Some(end) = self.end.take() {
                        return SourceEvent::Ended(end);
                    }
                    let error = self.place.connection().ended();
                    let waited = tokio::time::timeout(std::time::Duration::from_secs(1), error).await;
                    return SourceEvent::Ended(waited.map_or(TerminalEnd::Closed, |error| failed(&error)));
                }
                Some(_) => {}
            }
        }
    }
}

fn failed(error: &Error) -> TerminalEnd {
    TerminalEnd::Failed { problem: Problem::from(error) }
}

impl SourceReader for ShellReader {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        self.event().boxed()
    }
}

struct ShellControl {
    half: ChannelWriteHalf<Msg>,
    place: Arc<SessionPlace>,
    /// Ends the session of tmux or screen that the shell lives in.
    end_line: Option<String>,
}

impl ShellControl {
    /// Runs a line on the same connection and waits until it has ended.
    async fn run(&self, line: &str) -> Result<()> {
        let mut channel = self.place.open_channel().await?;
        channel.exec(true, line).await.map_err(Error::internal)?;
        let ended = async {
            while let Some(message) = channel.wait().await {
                if matches!(message, ChannelMsg::ExitStatus { .. } | ChannelMsg::Close | ChannelMsg::Failure)
                {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(END_TIMEOUT, ended).await;
        channel.close().await.map_err(Error::internal)
    }
}

impl SourceControl for ShellControl {
    fn resize(&self, size: TerminalSize) -> BoxFuture<'_, Result<()>> {
        async move {
            let sent = self.half.window_change(u32::from(size.cols), u32::from(size.rows), 0, 0).await;
            sent.map_err(Error::internal)
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async move {
            let _ = self.half.close().await;
        }
        .boxed()
    }

    fn end(&self) -> BoxFuture<'_, ()> {
        async move {
            // The session first: its end closes the channel, and then there is a place on the server for nothing else.
            if let Some(line) = &self.end_line
                && let Err(error) = self.run(line).await
            {
                tracing::debug!(%error, "a session of tmux or screen was not ended");
            }
            self.close().await;
        }
        .boxed()
    }
}

fn signal_text(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => visible_line(name),
        known => format!("{known:?}"),
    }
}
