//! One client of the socket: what it wants, and the program or the connection that it gets.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::serve::{Lender, Lent, Need};
use super::wire::{
    self, Answer, AskedProgram, AskedPty, Control, DATA_MAX_BYTES, End, Frame, Hello, Kind, Request, VERSION,
    Which, WireError,
};
use crate::connection::SessionPlace;
use crate::error::{Error, ErrorCode};
use crate::exec::{
    self, Exec, ExecControl, ExecEnd, ExecEvent, ExecInput, ExecOutput, ExecRequest, Program, PtyRequest,
    Stream, TerminalMode,
};
use crate::host::ssh_config::forward::End as Target;
use crate::terminal::state::TerminalSize;
use crate::tunnel::Lane;
use crate::tunnel::direct::Direct;

/// Time for a client to say what it wants. It knows when it comes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is looked whether a client is still there while the program takes nothing of what it sends.
const LOOK: Duration = Duration::from_millis(500);
/// The longest name of a signal; RFC 4254 has none beyond 4.
const SIGNAL_MAX_BYTES: usize = 32;

pub(super) async fn serve(mut stream: UnixStream, lender: &dyn Lender) -> Result<(), WireError> {
    let asking = async {
        let hello: Hello = wire::read_message(&mut stream, Kind::Message).await?;
        answer(&mut stream, &Answer::Hello { version: VERSION }).await?;
        if hello.version != VERSION {
            return Err(WireError::Unexpected);
        }
        wire::read_message::<Request>(&mut stream, Kind::Message).await
    };
    let late = |_| WireError::Gone(std::io::ErrorKind::TimedOut.into());
    let request = timeout(REQUEST_TIMEOUT, asking).await.map_err(late)??;
    if !request.is_bounded() {
        return Err(WireError::Unexpected);
    }
    match request {
        Request::Ping {} => answer(&mut stream, &accepted()).await,
        Request::Session { key, which, program, pty, environment } => {
            let request = understood(program, pty, environment)?;
            let need = match which {
                Which::Any {} if request.pty.is_some() => Need::Terminal,
                Which::Any {} => Need::Program,
                Which::Same { connection } => Need::Same(connection),
                Which::Asked {} => Need::Asked,
            };
            match lender.lend(key, need).await {
                None => answer(&mut stream, &Answer::NotLent {}).await,
                Some(Lent { place, when_behind }) => {
                    run(stream, place, ExecRequest { when_behind, ..request }).await
                }
            }
        }
        Request::Direct { key, host, port } => {
            let lent = lender.lend(key, Need::Carrier).await;
            connect(stream, lent, Target::Tcp { host: Some(host), port }).await
        }
        Request::DirectSocket { key, path } => {
            let lent = lender.lend(key, Need::Carrier).await;
            connect(stream, lent, Target::Socket(path)).await
        }
    }
}

/// Of what has no program.
fn accepted() -> Answer {
    Answer::Accepted { pty_refused: false, connection: None }
}

async fn answer(stream: &mut UnixStream, answer: &Answer) -> Result<(), WireError> {
    wire::write(stream, &wire::message(Kind::Answer, answer)?).await
}

fn understood(
    program: AskedProgram,
    pty: Option<AskedPty>,
    environment: Vec<(String, String)>,
) -> Result<ExecRequest, WireError> {
    let program = match program {
        AskedProgram::Shell {} => Program::Shell,
        AskedProgram::Subsystem { name } => Program::Subsystem(name),
        AskedProgram::Command { line } => {
            Program::Command(BASE64.decode(line.as_bytes()).map_err(|_| WireError::Unexpected)?)
        }
    };
    let pty = pty.map(|AskedPty { term, cols, rows, modes }| PtyRequest {
        term,
        size: TerminalSize { cols, rows },
        modes: modes
            .into_iter()
            .filter_map(|(mode, value)| Some((TerminalMode::from_u8(mode)?, value)))
            .collect(),
    });
    Ok(ExecRequest { program, environment, pty, when_behind: exec::WhenBehind::Spool })
}

async fn run(mut stream: UnixStream, place: SessionPlace, request: ExecRequest) -> Result<(), WireError> {
    let connection = Some(place.connection().id());
    let started = tokio::select! {
        started = exec::start_with(place, request, &[]) => started,
        () = gone(&stream) => return Ok(()),
    };
    let exec = match started {
        Ok(exec) => exec,
        // Nothing was asked for: another connection may have room.
        Err(error) if error.code == ErrorCode::ChannelRefused => {
            return answer(&mut stream, &Answer::NotLent {}).await;
        }
        Err(error) => return answer(&mut stream, &Answer::Failed { problem: error.problem() }).await,
    };
    let Exec { input, output, control, pty_refused } = exec;
    answer(&mut stream, &Answer::Accepted { pty_refused, connection }).await?;
    let (reader, writer) = stream.into_split();
    tokio::select! {
        shown = show(output, writer) => shown,
        // It has gone; so has the program's reader then, whose channel is closed.
        typed = take(reader, input, &control) => typed,
    }
}

/// Everything that the program writes, and how it ends. Waiting here holds only its own output up.
async fn show(mut output: ExecOutput, mut writer: OwnedWriteHalf) -> Result<(), WireError> {
    loop {
        match output.next().await {
            Some(ExecEvent::Output { stream, bytes }) => {
                let kind = match stream {
                    Stream::Stdout => Kind::Data,
                    Stream::Stderr => Kind::ErrorData,
                };
                for piece in bytes.chunks(DATA_MAX_BYTES) {
                    wire::write(&mut writer, &wire::frame(kind, piece)).await?;
                }
            }
            Some(ExecEvent::Ended(end)) => {
                return wire::write(&mut writer, &wire::message(Kind::End, &said(end))?).await;
            }
            None => {
                let problem = Error::internal("the task of a program has ended").problem();
                return wire::write(&mut writer, &wire::message(Kind::End, &End::Unknown { problem })?).await;
            }
        }
    }
}

fn said(end: ExecEnd) -> End {
    match end {
        ExecEnd::Exited { status } => End::Exited { status },
        ExecEnd::Signalled { signal, core_dumped, message } => {
            End::Signalled { signal, core_dumped, message }
        }
        ExecEnd::Unknown { problem } => End::Unknown { problem },
    }
}

/// What the client sends, until it goes.
async fn take(mut reader: OwnedReadHalf, input: ExecInput, control: &ExecControl) -> Result<(), WireError> {
    let mut input = Some(input);
    loop {
        let Frame { kind, bytes } = wire::read(&mut reader).await?;
        match kind {
            Kind::Data => {
                if let Some(open) = &mut input
                    && !written(open, &bytes, &reader).await?
                {
                    // The program takes no more; what it still writes is shown.
                    input = None;
                }
            }
            Kind::InputEnd => {
                if let Some(open) = input.take() {
                    open.close().await;
                }
            }
            Kind::Control => match serde_json::from_slice(&bytes)? {
                Control::Resize { cols, rows } => control.resize(TerminalSize { cols, rows }).await,
                Control::Signal { name } if name.len() <= SIGNAL_MAX_BYTES => {
                    control.signal(exec::signal_named(&name)).await;
                }
                Control::Signal { .. } => return Err(WireError::Unexpected),
            },
            Kind::Message | Kind::ErrorData | Kind::Answer | Kind::End => return Err(WireError::Unexpected),
        }
    }
}

/// False when the program has closed its input.
async fn written(input: &mut ExecInput, bytes: &Bytes, reader: &OwnedReadHalf) -> Result<bool, WireError> {
    tokio::select! {
        written = input.write(bytes) => Ok(written.is_ok()),
        () = gone(reader.as_ref()) => Err(WireError::Gone(std::io::ErrorKind::BrokenPipe.into())),
    }
}

/// Resolves when the other end of a socket is closed, though it may have sent what nobody has read yet.
pub(super) async fn gone(stream: &UnixStream) {
    loop {
        match stream.ready(Interest::READABLE | Interest::WRITABLE).await {
            Ok(ready) if !ready.is_read_closed() && !ready.is_write_closed() => {
                tokio::time::sleep(LOOK).await
            }
            Ok(_) | Err(_) => return,
        }
    }
}

async fn connect(mut stream: UnixStream, lent: Option<Lent>, target: Target) -> Result<(), WireError> {
    let Some(Lent { place, .. }) = lent else { return answer(&mut stream, &Answer::NotLent {}).await };
    let opened = tokio::select! {
        opened = Direct::open(Lane::shared(place), target) => opened,
        () = gone(&stream) => return Ok(()),
    };
    match opened {
        Ok(direct) => {
            answer(&mut stream, &accepted()).await?;
            super::direct::serve(stream, direct).await
        }
        Err(error) => answer(&mut stream, &Answer::Failed { problem: error.problem() }).await,
    }
}
