//! The command's side of the socket: a program on a connection of the app, as if it ran on one of our own.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::direct::LentDirect;
use super::wire::{
    self, Answer, AskedProgram, AskedPty, Control, DATA_MAX_BYTES, End, Hello, Kind, Request, VERSION, Which,
    WireError,
};
use super::{key, place};
use crate::connection::Target;
use crate::error::Error;
use crate::exec::{
    Exec, ExecControl, ExecEnd, ExecEvent, ExecInput, ExecOutput, ExecRequest, Program, Stream, Why, unknown,
};
use crate::host::ssh_config::forward::End as To;

/// Time for the app to say that it is there: one that hangs must not hold a command up that can dial.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);
/// Pieces of output on their way.
const OUTPUT_PIECES: usize = 16;
/// Sizes and signals on their way; whoever has more waits.
const CONTROLS: usize = 8;

/// Why nothing was borrowed.
#[derive(Debug)]
pub enum NotBorrowed {
    /// Nothing was done: the command dials by itself. Why, for `-v`.
    Dial(String),
    /// It was asked for and failed, or nobody knows: it is not to be done again.
    Failed(Error),
}

impl From<WireError> for NotBorrowed {
    fn from(error: WireError) -> Self {
        NotBorrowed::Dial(error.to_string())
    }
}

/// A program on a connection of the app.
#[derive(Debug)]
pub struct Borrowed {
    pub exec: Exec,
    /// Which connection it is, for [`Which::Same`].
    pub connection: Option<u32>,
}

/// Runs a program on the app's connection to a target, if it has one.
///
/// # Errors
/// See [`NotBorrowed`].
pub async fn program(data_dir: &Path, target: &Target, request: &ExecRequest) -> Result<Exec, NotBorrowed> {
    program_on(data_dir, target, Which::Any {}, request).await.map(|borrowed| borrowed.exec)
}

/// The same on a certain one of its connections.
///
/// # Errors
/// See [`NotBorrowed`].
pub async fn program_on(
    data_dir: &Path,
    target: &Target,
    which: Which,
    request: &ExecRequest,
) -> Result<Borrowed, NotBorrowed> {
    let (mut stream, key) = greeted(data_dir, target).await?;
    let asked = wire::message(Kind::Message, &session(key, which, target, request))?;
    let (pty_refused, connection) = ask(&mut stream, &asked, target).await?;
    let (reader, writer) = stream.into_split();
    let ended = CancellationToken::new();
    let (typed, to_send) = tokio::io::duplex(DATA_MAX_BYTES);
    let (orders, controls) = mpsc::channel(CONTROLS);
    let (out, output) = mpsc::channel(OUTPUT_PIECES);
    tokio::spawn(ended.clone().run_until_cancelled_owned(send(writer, to_send, controls)));
    tokio::spawn(receive(reader, out, ended.clone(), target.address.clone()));
    let exec = Exec {
        input: ExecInput::new(Box::pin(typed), ended.clone()),
        output: ExecOutput::of(output),
        control: ExecControl::lent(orders, ended),
        pty_refused,
    };
    Ok(Borrowed { exec, connection })
}

/// Connects to somewhere behind a target.
///
/// # Errors
/// See [`NotBorrowed`].
pub async fn direct(data_dir: &Path, target: &Target, to: &To) -> Result<LentDirect, NotBorrowed> {
    let (mut stream, key) = greeted(data_dir, target).await?;
    let request = match to {
        To::Tcp { host, port } => {
            Request::Direct { key, host: host.clone().unwrap_or_default(), port: *port }
        }
        To::Socket(path) => Request::DirectSocket { key, path: path.clone() },
    };
    let asked = wire::message(Kind::Message, &request)?;
    ask(&mut stream, &asked, target).await?;
    Ok(LentDirect::new(stream, target.address.clone()))
}

async fn greeted(data_dir: &Path, target: &Target) -> Result<(UnixStream, String), NotBorrowed> {
    let Some(key) = key::of(target) else { return Err(NotBorrowed::Dial("it is never lent".to_owned())) };
    let greeting = async {
        let mut stream = place::connect(&place::candidates(data_dir)).await?;
        wire::write(&mut stream, &wire::message(Kind::Message, &Hello { version: VERSION })?).await?;
        let answer = wire::read_message::<Answer>(&mut stream, Kind::Answer).await?;
        Ok::<_, WireError>((stream, answer))
    };
    match timeout(HELLO_TIMEOUT, greeting).await {
        Ok(Ok((stream, Answer::Hello { version: VERSION }))) => Ok((stream, key)),
        Ok(Ok((_, Answer::Full {}))) => Err(NotBorrowed::Dial("the app serves too many".to_owned())),
        Ok(Ok(_)) => Err(NotBorrowed::Dial("the app is of another version".to_owned())),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(NotBorrowed::Dial("the app does not answer".to_owned())),
    }
}

/// Whether a terminal was refused, and the number of the connection.
async fn ask(
    stream: &mut UnixStream,
    request: &[u8],
    target: &Target,
) -> Result<(bool, Option<u32>), NotBorrowed> {
    wire::write(stream, request).await?;
    // From here on it may have been done.
    match wire::read_message(stream, Kind::Answer).await {
        Ok(Answer::Accepted { pty_refused, connection }) => Ok((pty_refused, connection)),
        Ok(Answer::NotLent {}) => Err(NotBorrowed::Dial("the app has no such connection to lend".to_owned())),
        Ok(Answer::Full {}) => Err(NotBorrowed::Dial("the app serves too many".to_owned())),
        Ok(Answer::Failed { problem }) => Err(NotBorrowed::Failed(problem.into())),
        Ok(Answer::Hello { .. }) | Err(_) => Err(NotBorrowed::Failed(lost(&target.address))),
    }
}

fn session(key: String, which: Which, target: &Target, request: &ExecRequest) -> Request {
    let configured = &target.session.environment;
    let mut environment = request.environment.clone();
    let also =
        configured.iter().filter(|(name, _)| !request.environment.iter().any(|(known, _)| known == name));
    environment.extend(also.cloned());
    let term = configured.iter().find(|(name, value)| name == "TERM" && !value.is_empty());
    Request::Session {
        key,
        which,
        program: match &request.program {
            Program::Shell => AskedProgram::Shell {},
            Program::Command(line) => AskedProgram::Command { line: BASE64.encode(line) },
            Program::Subsystem(name) => AskedProgram::Subsystem { name: name.clone() },
        },
        pty: request.pty.as_ref().map(|pty| AskedPty {
            term: term.map_or_else(|| pty.term.clone(), |(_, value)| value.clone()),
            cols: pty.size.cols,
            rows: pty.size.rows,
            modes: pty.modes.iter().map(|(mode, value)| (*mode as u8, *value)).collect(),
        }),
        environment,
    }
}

/// What is typed, and sizes and signals between it.
async fn send(mut writer: OwnedWriteHalf, mut typed: DuplexStream, mut controls: mpsc::Receiver<Control>) {
    let mut buffer = vec![0; DATA_MAX_BYTES];
    let (mut open, mut controlled) = (true, true);
    while open || controlled {
        let frame = tokio::select! {
            read = typed.read(&mut buffer), if open => match read {
                Ok(read) if read > 0 => Ok(wire::frame(Kind::Data, buffer.get(..read).unwrap_or_default())),
                Ok(_) | Err(_) => {
                    open = false;
                    Ok(wire::frame(Kind::InputEnd, &[]))
                }
            },
            control = controls.recv(), if controlled => match control {
                Some(control) => wire::message(Kind::Control, &control),
                // Nobody is left who would resize it; input may go on.
                None => {
                    controlled = false;
                    continue;
                }
            },
        };
        let Ok(frame) = frame else { return };
        if wire::write(&mut writer, &frame).await.is_err() {
            return;
        }
    }
    // The socket stays whole until the program has ended: a closed half would say that we have gone.
    std::future::pending().await
}

async fn receive(
    mut reader: OwnedReadHalf,
    out: mpsc::Sender<ExecEvent>,
    ended: CancellationToken,
    address: String,
) {
    let _ended = ended.drop_guard();
    loop {
        let frame = tokio::select! {
            frame = wire::read(&mut reader) => frame,
            // Whoever took the output has gone, and the connection to the app goes with us.
            () = out.closed() => return,
        };
        let unknown = || ExecEvent::Ended(ExecEnd::Unknown { problem: lost(&address).problem() });
        let event = match frame.map(|frame| (frame.kind, frame.bytes)) {
            Ok((Kind::Data, bytes)) => output(Stream::Stdout, bytes),
            Ok((Kind::ErrorData, bytes)) => output(Stream::Stderr, bytes),
            Ok((Kind::End, bytes)) => serde_json::from_slice(&bytes).map_or_else(|_| unknown(), ended_with),
            Ok(_) | Err(_) => unknown(),
        };
        let last = matches!(event, ExecEvent::Ended(_));
        if out.send(event).await.is_err() || last {
            return;
        }
    }
}

fn output(stream: Stream, bytes: Bytes) -> ExecEvent {
    ExecEvent::Output { stream, bytes }
}

fn ended_with(end: End) -> ExecEvent {
    ExecEvent::Ended(match end {
        End::Exited { status } => ExecEnd::Exited { status },
        End::Signalled { signal, core_dumped, message } => {
            ExecEnd::Signalled { signal, core_dumped, message }
        }
        End::Unknown { problem } => ExecEnd::Unknown { problem },
    })
}

/// The app has gone, and with it the connection that it lent.
fn lost(address: &str) -> Error {
    unknown(address, &Why::AppEnded)
}
