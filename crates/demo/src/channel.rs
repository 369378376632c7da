//! One running session channel: a task that moves bytes between the client and a program, or the SFTP server.
//!
//! Output goes through the channel's own writer, which waits for the client's window: a program that prints more than the
//! client reads is stopped by its full pipe or terminal, as under any sshd. Input has a queue of its own (`input.rs`).

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bowline_pty::{ProcessSession, PtySize};
use bytes::{Bytes, BytesMut};
use russh::server::{Handle, Msg};
use russh::{ChannelWriteHalf, Sig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::exit::{CANNOT_START, Exit};
use crate::host::Shared;
use crate::input::{self, Input, InputReceiver, InputSender};
use crate::request::Requests;
use crate::{piped, sftp, terminal};

/// How long a connection waits for a program to read its full queue before that channel is ended.
pub(crate) const INPUT_PATIENCE: Duration = Duration::from_secs(30);
/// Signals that wait to be delivered; further ones are dropped, as equal pending signals are anyway.
const SIGNAL_QUEUE: usize = 8;
/// Most bytes in one packet of output.
pub(crate) const OUTPUT_BYTES: usize = 32 * 1024;
/// `SSH_EXTENDED_DATA_STDERR` (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// What a channel runs.
#[derive(Debug)]
pub(crate) enum Job {
    Shell,
    Command(Bytes),
    Sftp,
}

/// The connection's side of a running channel. Dropping it ends the channel.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) input: InputSender,
    pub(crate) size: watch::Sender<PtySize>,
    pub(crate) signals: mpsc::Sender<Sig>,
    pub(crate) stop: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a program hears from the client.
pub(crate) struct FromClient {
    pub(crate) input: InputReceiver,
    pub(crate) size: watch::Receiver<PtySize>,
}

/// What a program says to the client.
pub(crate) struct ToClient {
    pub(crate) writer: ChannelWriteHalf<Msg>,
    /// Reports signals, which the writer cannot.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has no signals"))]
    pub(crate) session: Handle,
}

/// The connection ended, so nothing can be told to the client any more.
#[derive(Debug)]
pub(crate) struct Gone;

/// The stream of the channel that output belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// What a channel starts with.
pub(crate) struct Opening {
    pub(crate) job: Job,
    pub(crate) requests: Requests,
    /// Variables that tell the program about the connection.
    pub(crate) connection: Vec<(&'static str, String)>,
    pub(crate) client: ToClient,
    pub(crate) slot: OwnedSemaphorePermit,
}

/// Starts the task of a channel. It ends by itself with its program, or when `stop` is cancelled.
pub(crate) fn start(opening: Opening, shared: &Arc<Shared>, stop: CancellationToken) -> Running {
    let (input, from_input) = input::queue();
    let (size, from_size) = watch::channel(PtySize::default());
    let (signals, from_signals) = mpsc::channel(SIGNAL_QUEUE);
    let from = FromClient { input: from_input, size: from_size };
    let running = Running { input, size, signals, stop: stop.clone() };
    shared.tasks.spawn(run(opening, Arc::clone(shared), from, from_signals, stop));
    running
}

async fn run(
    opening: Opening,
    shared: Arc<Shared>,
    from: FromClient,
    signals: mpsc::Receiver<Sig>,
    stop: CancellationToken,
) {
    let Opening { job, requests, connection, client, slot } = opening;
    let command = match job {
        Job::Sftp => {
            let serving = sftp::serve(shared.files.clone(), &client, from, shared.tasks.token());
            let exit = tokio::select! {
                () = stop.cancelled() => None,
                exit = serving => exit.ok(),
            };
            client.close(exit, &stop).await;
            return;
        }
        Job::Shell => None,
        Job::Command(command) => Some(command),
    };
    let plan = Plan { login: &shared.login, command, connection, environment: requests.environment };
    let started = match &requests.terminal {
        Some(request) => terminal::start(&plan, request).map(|(program, processes)| {
            let work: Work<'_> = Box::pin(terminal::serve(program, &client, from));
            (work, processes)
        }),
        None => piped::start(&plan).map(|(program, processes)| {
            let work: Work<'_> = Box::pin(piped::serve(program, &client, from));
            (work, processes)
        }),
    };
    match started {
        Ok((work, processes)) => attend(work, processes, &client, signals, &stop).await,
        Err(reason) => {
            let shell = shared.login.shell.display();
            let sentence = format!("bowline demo host: cannot start {shell}: {reason}\r\n");
            tokio::select! {
                () = stop.cancelled() => {}
                _ = client.send(Stream::Error, sentence.into()) => {}
            }
            client.close(Some(CANNOT_START), &stop).await;
        }
    }
    drop(slot);
}

/// What to run as a program of this person.
pub(crate) struct Plan<'a> {
    pub(crate) login: &'a crate::login::Login,
    /// The command for the shell, or none for the shell itself, as a login shell.
    pub(crate) command: Option<Bytes>,
    pub(crate) connection: Vec<(&'static str, String)>,
    /// What the client asked for; it comes last and wins.
    pub(crate) environment: Vec<(String, String)>,
}

/// A program at work, from its start until it has ended and all of its output is with the client.
type Work<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Exit, Gone>> + Send + 'a>>;

/// Waits for the program's end or the channel's, passes signals on meanwhile, and ends what the program leaves behind.
async fn attend(
    mut work: Work<'_>,
    mut processes: ProcessSession,
    client: &ToClient,
    mut signals: mpsc::Receiver<Sig>,
    stop: &CancellationToken,
) {
    let exit = loop {
        tokio::select! {
            () = stop.cancelled() => break None,
            exit = &mut work => break exit.ok(),
            Some(signal) = signals.recv() => pass_on(&signal, &processes),
        }
    };
    // Closes the terminal or the pipes first: what is left of the program hears of its end that way.
    drop(work);
    client.close(exit, stop).await;
    processes.end().await;
}

/// Sends the program a signal that the client asked for, if it is one that a program can be sent.
#[cfg(unix)]
fn pass_on(signal: &Sig, processes: &ProcessSession) {
    if let Some(signal) = crate::exit::signal_number(signal) {
        processes.signal(signal);
    }
}

#[cfg(windows)]
fn pass_on(_signal: &Sig, _processes: &ProcessSession) {}

impl ToClient {
    /// Sends bytes, waiting for the client's window.
    pub(crate) async fn send(&self, stream: Stream, bytes: Bytes) -> Result<(), Gone> {
        match stream {
            Stream::Output => self.writer.data_bytes(bytes).await,
            Stream::Error => self.writer.extended_data_bytes(STDERR, bytes).await,
        }
        .map_err(|_| Gone)
    }

    /// Sends everything that `source` says until it ends. A source that fails has ended.
    pub(crate) async fn copy(&self, stream: Stream, source: impl AsyncRead) -> Result<(), Gone> {
        let mut source = pin!(source);
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(OUTPUT_BYTES);
            match source.read_buf(&mut buffer).await {
                Ok(1..) => self.send(stream, buffer.split().freeze()).await?,
                Ok(0) | Err(_) => return Ok(()),
            }
        }
    }

    /// Reports how the program ended, if it did, and closes the channel. The order is sshd's.
    async fn close(&self, exit: Option<Exit>, stop: &CancellationToken) {
        let closing = async {
            match exit {
                Some(Exit::Status(status)) => self.writer.exit_status(status).await.map_err(|_| ())?,
                Some(Exit::Signal { number, core_dumped }) => {
                    self.report_signal(number, core_dumped).await?;
                }
                None => {}
            }
            self.writer.eof().await.map_err(|_| ())?;
            self.writer.close().await.map_err(|_| ())
        };
        tokio::select! {
            // Nobody is left to tell, or the client has closed the channel itself.
            () = stop.cancelled() => {}
            _ = closing => {}
        }
    }

    #[cfg(unix)]
    async fn report_signal(&self, number: i32, core_dumped: bool) -> Result<(), ()> {
        let name = crate::exit::signal_name(number);
        self.session
            .exit_signal_request(self.writer.id(), name, core_dumped, String::new(), String::new())
            .await
    }

    #[cfg(windows)]
    async fn report_signal(&self, _number: i32, _core_dumped: bool) -> Result<(), ()> {
        Ok(())
    }
}

/// Writes the client's input to `sink` and closes it at the end of the input. The input of a sink that was closed on the
/// other side leads nowhere, as with a program that has stopped reading. Never returns: the end of input is not the end of
/// a program.
pub(crate) async fn feed(sink: impl AsyncWrite, input: InputReceiver) -> Infallible {
    pour(sink, input).await;
    std::future::pending().await
}

async fn pour(sink: impl AsyncWrite, mut input: InputReceiver) {
    let mut sink = pin!(sink);
    while let Input::Data(data) = input.next().await {
        if sink.write_all(&data).await.is_err() {
            return;
        }
    }
    // Fails only if the other side is closed already.
    let _ = sink.shutdown().await;
}
