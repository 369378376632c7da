//! Programs that run on a host without a terminal of ours around them: a command, a shell or a subsystem on a session
//! channel (RFC 4254, section 6), with stdout and stderr apart and an end that is told truthfully.
//!
//! A program is started once and never again: when the connection is lost the outcome is [`ExecEnd::Unknown`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use russh::{Pty as TerminalMode, Sig as Signal};

use crate::connection::{Connection, SessionPlace};
use crate::error::{Error, ErrorCode, Problem, Result};
#[cfg(unix)]
use crate::lend::wire::Control;
use crate::terminal::state::TerminalSize;

pub(crate) mod backlog;
mod input;
mod pump;
mod unknown;

pub use input::{ExecInput, InputClosed};

use pump::Pump;
pub(crate) use unknown::{Why, unknown};

/// Pieces of output (at most 64 KiB each) between the task that drains the channel and whoever takes the output. When it
/// is full, the task keeps what comes in its backlog.
const OUTPUT_PIECES: usize = 16;
/// Time for the server to say that it started the program. PAM modules that mount a home folder need many seconds.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Time to hand a channel's end to russh; it takes none unless the connection is stuck, and then the end comes anyway.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Messages that a server may send before it has answered our requests; OpenSSH sends none. One that sends more loses them.
const EARLY_MESSAGES: usize = 32;

/// What is to run, and how.
#[derive(Debug, Clone)]
pub struct ExecRequest {
    pub program: Program,
    /// Before what the host's config sets. The server takes of these what its configuration allows (OpenSSH: AcceptEnv) and
    /// says nothing about the others.
    pub environment: Vec<(String, String)>,
    /// With a terminal on the other side stdout and stderr arrive as one.
    pub pty: Option<PtyRequest>,
    pub when_behind: WhenBehind,
}

impl ExecRequest {
    /// A command line for the user's shell on the host, on a connection that may be shared.
    pub fn command(line: impl Into<Vec<u8>>) -> Self {
        Self {
            program: Program::Command(line.into()),
            environment: Vec::new(),
            pty: None,
            when_behind: WhenBehind::Spool,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A command line for the user's shell; bytes, as arguments need not be UTF-8.
    Command(Vec<u8>),
    /// The user's login shell.
    Shell,
    /// A service of the server's by its name, such as `sftp`.
    Subsystem(String),
}

/// A terminal on the other side (RFC 4254, section 6.2).
#[derive(Debug, Clone)]
pub struct PtyRequest {
    /// The value of `TERM`.
    pub term: String,
    pub size: TerminalSize,
    /// RFC 4254, section 8.
    pub modes: Vec<(TerminalMode, u32)>,
}

/// What happens to output that nobody takes for a while. russh has no flow control per channel: a channel that is not
/// drained stops its whole connection, with everybody else's sessions and the signs of life (design.md, fact 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenBehind {
    /// For a connection that others share: the channel is always drained, into 4 MiB of memory and then an unlinked file
    /// of at most 256 MiB. Beyond that this one program is given up with [`ErrorCode::ExecOutputTooLarge`].
    Spool,
    /// For a connection that others share, and output that is not to be lost: as [`WhenBehind::Spool`], but with 256 MiB in the
    /// file the connection is held back as with [`WhenBehind::PushBack`]. Others on it are slow meanwhile, since one channel
    /// alone cannot be held back, and so that this ends some day, the program is given up with 512 MiB in the file (after more
    /// than an hour at 64 KiB/s).
    SpoolThenPushBack,
    /// For a connection with no other session: after 4 MiB the channel is drained only as much as keeps the connection
    /// alive (64 KiB/s, into the file) and the server waits, as with OpenSSH's client. No byte is lost, however slow the
    /// reader is.
    PushBack,
}

/// Where a piece of output was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExecEvent {
    /// In the order in which the server sent the two streams.
    Output { stream: Stream, bytes: Bytes },
    /// The last event.
    Ended(ExecEnd),
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq)]
pub enum ExecEnd {
    /// It ended by itself and all its output is here.
    Exited { status: u32 },
    /// A signal ended it: its name without `SIG`, and what the server says about it, made visible.
    Signalled { signal: String, core_dumped: bool, message: String },
    /// Nobody knows: the connection was lost, the server never said, or we gave the program up. It may have run to its end,
    /// in part or not at all. It was not run again.
    Unknown { problem: Problem },
}

/// A program that runs. Dropping [`Exec::output`] gives it up and closes its channel.
#[derive(Debug)]
pub struct Exec {
    pub input: ExecInput,
    pub output: ExecOutput,
    pub control: ExecControl,
    /// A terminal was wanted and the server gave none; the program runs without.
    pub pty_refused: bool,
}

/// What the program writes, and how it ends.
#[derive(Debug)]
pub struct ExecOutput {
    events: mpsc::Receiver<ExecEvent>,
    /// The server said that the program writes nothing more, and all that it wrote is in `events`.
    all_out: CancellationToken,
    /// Whoever takes the output was told so.
    end_told: bool,
}

/// What [`ExecOutput::next_or_end_of_output`] has.
#[derive(Debug)]
pub enum Taken {
    Event(ExecEvent),
    /// The program has closed its output, and may run on. Told once at most: a program that ends need not close it before.
    EndOfOutput,
}

impl ExecOutput {
    /// The output of a program that another process runs for us.
    pub(crate) fn of(events: mpsc::Receiver<ExecEvent>) -> Self {
        Self { events, all_out: CancellationToken::new(), end_told: false }
    }

    /// The next piece; [`ExecEvent::Ended`] is the last one and nothing follows it. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<ExecEvent> {
        self.events.recv().await
    }

    /// As [`ExecOutput::next`], for whoever has to know the end of the output before that of the program.
    pub async fn next_or_end_of_output(&mut self) -> Option<Taken> {
        if self.end_told {
            return self.events.recv().await.map(Taken::Event);
        }
        tokio::select! {
            biased;
            event = self.events.recv() => event.map(Taken::Event),
            () = self.all_out.cancelled() => Some(match self.events.try_recv() {
                Ok(event) => Taken::Event(event),
                Err(_) => {
                    self.end_told = true;
                    Taken::EndOfOutput
                }
            }),
        }
    }
}

/// Signals and sizes for a program that runs. Clones share it.
#[derive(Clone)]
pub struct ExecControl {
    way: Way,
    ended: CancellationToken,
}

/// How a program is reached.
#[derive(Clone)]
enum Way {
    Channel(Arc<ChannelWriteHalf<Msg>>),
    /// Through the app, which runs it for us.
    #[cfg(unix)]
    Lent(mpsc::Sender<Control>),
}

impl std::fmt::Debug for ExecControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExecControl")
    }
}

impl ExecControl {
    /// For a program that the app runs for us.
    #[cfg(unix)]
    pub(crate) fn lent(orders: mpsc::Sender<Control>, ended: CancellationToken) -> Self {
        Self { way: Way::Lent(orders), ended }
    }

    /// Tells the terminal on the other side its new size. A program that has ended needs none.
    pub async fn resize(&self, size: TerminalSize) {
        let (cols, rows) = (u32::from(size.cols), u32::from(size.rows));
        match &self.way {
            Way::Channel(channel) => self.unless_ended(channel.window_change(cols, rows, 0, 0)).await,
            #[cfg(unix)]
            Way::Lent(orders) => {
                let TerminalSize { cols, rows } = size;
                self.unless_ended(orders.send(Control::Resize { cols, rows })).await;
            }
        }
    }

    /// Sends a signal (RFC 4254, section 6.9). The server need not deliver it; OpenSSH does for programs without a PTY.
    pub async fn signal(&self, signal: Signal) {
        match &self.way {
            Way::Channel(channel) => self.unless_ended(channel.signal(signal)).await,
            #[cfg(unix)]
            Way::Lent(orders) => {
                let name = pump::signal_text(&signal);
                self.unless_ended(orders.send(Control::Signal { name })).await;
            }
        }
    }

    /// Closes its channel: nobody reads what it writes, and it gets no input. OpenSSH lets it run on until it uses either.
    pub async fn close(&self) {
        match &self.way {
            Way::Channel(channel) => self.unless_ended(channel.close()).await,
            // The app does so when the output is dropped.
            #[cfg(unix)]
            Way::Lent(_) => {}
        }
    }

    /// Whether it has ended and its channel is closed. Some of its output may still wait to be taken.
    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    async fn unless_ended<T>(&self, sending: impl Future<Output = T>) {
        tokio::select! {
            _ = sending => {}
            () = self.ended.cancelled() => {}
        }
    }
}

/// Starts a program on a place of a connection, which it keeps until it has ended.
///
/// Everything is asked for without waiting in between: one round trip after the channel's own (design.md, fact 8).
///
/// # Errors
/// [`ErrorCode::ChannelRefused`] and [`ErrorCode::ExecRefused`]: it did not run. [`ErrorCode::ExecOutcomeUnknown`]: the
/// connection ended, or the server said nothing, after it had been asked for.
pub async fn start(place: SessionPlace, request: ExecRequest) -> Result<Exec> {
    let configured = place.connection().target().session.environment.clone();
    start_with(place, request, &configured).await
}

/// The same with these variables in place of those of the host's config.
///
/// # Errors
/// See [`start`].
pub(crate) async fn start_with(
    place: SessionPlace,
    request: ExecRequest,
    configured: &[(String, String)],
) -> Result<Exec> {
    let channel = place.open_channel().await?;
    let (mut reader, writer) = channel.split();
    let channel = OpenChannel(Some(Arc::new(writer)));
    let connection = Arc::clone(place.connection());
    let address = connection.target().address.clone();
    let mut early = Vec::new();
    let answers = async {
        ask(&channel, &request, configured)
            .await
            .map_err(|error| unknown(&address, &Why::Other(error.to_string())))?;
        let pty_refused = request.pty.is_some() && !answer(&mut reader, &mut early, &connection).await?;
        if answer(&mut reader, &mut early, &connection).await? {
            Ok(pty_refused)
        } else {
            Err(refused(&address, &request.program))
        }
    };
    let pty_refused = tokio::select! {
        biased;
        answered = tokio::time::timeout(START_TIMEOUT, answers) => answered.unwrap_or_else(|_| {
            Err(unknown(&address, &Why::Late { seconds: START_TIMEOUT.as_secs() }))
        })?,
        ended = connection.ended() => return Err(unknown(&address, &Why::Lost(ended))),
    };
    let writer = channel.writer()?;
    let ended = CancellationToken::new();
    let input = ExecInput::new(Box::pin(writer.make_writer()), ended.clone());
    let control = ExecControl { way: Way::Channel(writer), ended: ended.clone() };
    let (out, output) = mpsc::channel(OUTPUT_PIECES);
    let all_out = CancellationToken::new();
    let pump = Pump::new(reader, channel, place, request.when_behind, out, all_out.clone());
    tokio::spawn(pump.run(early, ended.drop_guard()));
    let output = ExecOutput { events: output, all_out, end_told: false };
    Ok(Exec { input, output, control, pty_refused })
}

async fn ask(
    channel: &OpenChannel,
    request: &ExecRequest,
    configured: &[(String, String)],
) -> Result<(), russh::Error> {
    let Some(writer) = &channel.0 else { return Ok(()) };
    if let Some(pty) = &request.pty {
        let (cols, rows) = (u32::from(pty.size.cols), u32::from(pty.size.rows));
        let term = configured.iter().find(|(name, value)| name == "TERM" && !value.is_empty());
        let term = term.map_or(pty.term.as_str(), |(_, value)| value);
        writer.request_pty(true, term, cols, rows, 0, 0, &pty.modes).await?;
    }
    let asked = |name: &String| request.environment.iter().any(|(known, _)| known == name);
    let also = configured.iter().filter(|(name, _)| !asked(name));
    for (name, value) in request.environment.iter().chain(also) {
        writer.set_env(false, name.as_str(), value.as_str()).await?;
    }
    match &request.program {
        Program::Command(line) => writer.exec(true, line.as_slice()).await,
        Program::Shell => writer.request_shell(true).await,
        Program::Subsystem(name) => writer.request_subsystem(true, name.as_str()).await,
    }
}

/// Whether the server agreed to one request.
async fn answer(
    reader: &mut ChannelReadHalf,
    early: &mut Vec<ChannelMsg>,
    connection: &Connection,
) -> Result<bool> {
    loop {
        match reader.wait().await {
            Some(ChannelMsg::Success) => return Ok(true),
            Some(ChannelMsg::Failure) => return Ok(false),
            Some(ChannelMsg::Close) => {
                return Err(unknown(&connection.target().address, &Why::Unanswered));
            }
            // The connection is ending: it knows why.
            None => return Err(unknown(&connection.target().address, &end_of(connection).await)),
            Some(message) if early.len() < EARLY_MESSAGES => early.push(message),
            Some(_) => {}
        }
    }
}

/// A signal by its name without `SIG` (RFC 4254, section 6.10).
#[cfg(unix)]
pub(crate) fn signal_named(name: &str) -> Signal {
    let known = [
        Signal::ABRT,
        Signal::ALRM,
        Signal::FPE,
        Signal::HUP,
        Signal::ILL,
        Signal::INT,
        Signal::KILL,
        Signal::PIPE,
        Signal::QUIT,
        Signal::SEGV,
        Signal::TERM,
        Signal::USR1,
    ];
    let found = known.into_iter().find(|signal| pump::signal_text(signal) == name);
    found.unwrap_or_else(|| Signal::Custom(name.to_owned()))
}

/// Why a channel has gone: with its connection, mostly.
async fn end_of(connection: &Connection) -> Why {
    let ended = tokio::time::timeout(Duration::from_secs(1), connection.ended()).await;
    ended.map_or(Why::Session, Why::Lost)
}

fn refused(address: &str, program: &Program) -> Error {
    let what = match program {
        Program::Command(_) => "run the command".to_owned(),
        Program::Shell => "start a shell".to_owned(),
        Program::Subsystem(name) => format!("start the subsystem {name}"),
    };
    Error::new(
        ErrorCode::ExecRefused,
        format!("{address} let you in but refused to {what}. The account may be limited to files or to one command."),
    )
    .with("address", address)
}

/// Closes a channel of ours that the server has not closed: russh leaves it open when it is dropped, and the server would
/// count it against its MaxSessions and let the program run on.
struct OpenChannel(Option<Arc<ChannelWriteHalf<Msg>>>);

impl OpenChannel {
    fn writer(&self) -> Result<Arc<ChannelWriteHalf<Msg>>> {
        self.0.clone().ok_or_else(|| Error::internal("a channel has no writing half"))
    }

    /// The server has closed it.
    fn is_closed(&mut self) {
        self.0 = None;
    }
}

impl Drop for OpenChannel {
    fn drop(&mut self) {
        let (Some(writer), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        runtime.spawn(async move {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, writer.close()).await;
        });
    }
}
