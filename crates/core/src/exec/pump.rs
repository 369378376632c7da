//! The task of one program: it drains the channel at once, always, and hands the output on as fast as it is taken.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::{ChannelMsg, ChannelReadHalf, Sig};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::backlog::{Backlog, BacklogError, FILE_BYTES, MEMORY_BYTES};
use super::{ExecEnd, ExecEvent, OpenChannel, Stream, WhenBehind, Why, end_of, unknown};
use crate::connection::{Connection, SessionPlace};
use crate::error::{Error, ErrorCode};
use crate::prompt::visible_line;

/// While we hold a server back, this much is still read of its connection now and then: a connection that is not read at
/// all answers no keepalive of the server's, shows no sign of life, and would be given up as silent. russh's read buffer
/// is 256 KiB, so the socket is looked at every four seconds.
const BREATH_BYTES: usize = 128 * 1024;
const BREATH_INTERVAL: Duration = Duration::from_secs(2);
/// SSH_EXTENDED_DATA_STDERR (RFC 4254, section 5.2).
const STDERR: u32 = 1;

pub(super) struct Pump {
    reader: ChannelReadHalf,
    channel: OpenChannel,
    place: SessionPlace,
    when_behind: WhenBehind,
    out: mpsc::Sender<ExecEvent>,
    /// Cancelled when all output is in `out`.
    all_out: CancellationToken,
    backlog: Backlog,
    said: Said,
    breath: Breath,
}

/// What may be read of a connection that is held back.
struct Breath {
    left_bytes: usize,
    next: Instant,
}

/// What the server has said about the end so far.
#[derive(Default)]
struct Said {
    end: Option<ExecEnd>,
    /// All output is here.
    eof: bool,
}

/// Whoever took the output has gone.
struct Abandoned;

/// What there was to do next.
enum Next {
    Message(Option<ChannelMsg>),
    Lost(Error),
    /// The output went on, or time did.
    Given(Result<(), Abandoned>),
}

impl Pump {
    pub fn new(
        reader: ChannelReadHalf,
        channel: OpenChannel,
        place: SessionPlace,
        when_behind: WhenBehind,
        out: mpsc::Sender<ExecEvent>,
        all_out: CancellationToken,
    ) -> Self {
        let breath = Breath { left_bytes: 0, next: Instant::now() };
        Self {
            reader,
            channel,
            place,
            when_behind,
            out,
            all_out,
            backlog: when_behind.backlog(),
            said: Said::default(),
            breath,
        }
    }

    /// Runs until the program has ended and its last output was taken, or nobody wants it any more.
    pub async fn run(mut self, early: Vec<ChannelMsg>, ended: DropGuard) {
        let Ok(end) = self.drain(early).await else { return };
        // Whoever writes to the program or signals it need not wait for its output to be taken.
        drop(ended);
        // The channel is closed, or closes now; what is left is ours, and the place is free for another.
        let Self { channel, place, out, mut backlog, .. } = self;
        drop((channel, place));
        loop {
            if let Err(error) = backlog.refill().await {
                // What is missing must not pass for the end of the output.
                tracing::error!(%error, "output that was put aside is lost");
                let problem = Error::internal(error).problem();
                let _ = out.send(ExecEvent::Ended(ExecEnd::Unknown { problem })).await;
                return;
            }
            let Some(piece) = backlog.take() else { break };
            let output = ExecEvent::Output { stream: piece.stream, bytes: piece.bytes };
            if out.send(output).await.is_err() {
                return;
            }
        }
        let _ = out.send(ExecEvent::Ended(end)).await;
    }

    async fn drain(&mut self, early: Vec<ChannelMsg>) -> Result<ExecEnd, Abandoned> {
        let connection = Arc::clone(self.place.connection());
        for message in early {
            if let Some(end) = self.heard(message, &connection).await {
                return Ok(end);
            }
        }
        loop {
            if let Err(error) = self.backlog.refill().await {
                return Ok(given_up(&connection, &error));
            }
            if self.said.eof && !self.backlog.is_ready() {
                self.all_out.cancel();
            }
            match self.next(&connection).await {
                Next::Message(Some(message)) => {
                    if let Some(end) = self.heard(message, &connection).await {
                        return Ok(end);
                    }
                }
                Next::Message(None) => {
                    let why = end_of(&connection).await;
                    return Ok(self.said.at_the_end(|| unknown(&connection.target().address, &why)));
                }
                Next::Lost(error) => {
                    let why = Why::Lost(error);
                    return Ok(self.said.at_the_end(|| unknown(&connection.target().address, &why)));
                }
                Next::Given(given) => given?,
            }
        }
    }

    /// Both sides have their turn: whoever takes the output is served while more comes, and the other way round.
    async fn next(&mut self, connection: &Connection) -> Next {
        let Self { reader, backlog, out, when_behind, breath, .. } = self;
        let held_back = when_behind.holds_back(backlog);
        let may_read = !held_back || breath.left_bytes > 0;
        let may_breathe = held_back && breath.left_bytes == 0 && when_behind.may_breathe(backlog);
        let reading = async {
            tokio::select! {
                // What the channel still holds comes before the news that its connection has ended.
                biased;
                message = reader.wait() => Next::Message(message),
                error = connection.ended() => Next::Lost(error),
            }
        };
        let giving = async {
            if !backlog.is_ready() {
                out.closed().await;
                return Err(Abandoned);
            }
            let permit = out.reserve().await.map_err(|_| Abandoned)?;
            if let Some(piece) = backlog.take() {
                permit.send(ExecEvent::Output { stream: piece.stream, bytes: piece.bytes });
            }
            Ok(())
        };
        tokio::select! {
            next = reading, if may_read => next,
            () = tokio::time::sleep_until(breath.next), if may_breathe => {
                *breath = Breath { left_bytes: BREATH_BYTES, next: Instant::now() + BREATH_INTERVAL };
                Next::Given(Ok(()))
            }
            given = giving => Next::Given(given),
        }
    }

    /// The end, if this message was it.
    async fn heard(&mut self, message: ChannelMsg, connection: &Connection) -> Option<ExecEnd> {
        match message {
            ChannelMsg::Data { data } => self.keep(Stream::Stdout, data, connection).await,
            ChannelMsg::ExtendedData { data, ext: STDERR } => {
                self.keep(Stream::Stderr, data, connection).await
            }
            ChannelMsg::ExitStatus { exit_status } => {
                self.said.end = Some(ExecEnd::Exited { status: exit_status });
                None
            }
            ChannelMsg::ExitSignal { signal_name, core_dumped, error_message, .. } => {
                let (signal, message) = (signal_text(&signal_name), visible_line(&error_message));
                self.said.end = Some(ExecEnd::Signalled { signal, core_dumped, message });
                None
            }
            ChannelMsg::Eof => {
                self.said.eof = true;
                None
            }
            ChannelMsg::Close => {
                self.channel.is_closed();
                self.said.eof = true;
                let address = &connection.target().address;
                Some(self.said.at_the_end(|| unknown(address, &Why::NoStatus)))
            }
            _ => None,
        }
    }

    async fn keep(&mut self, stream: Stream, bytes: Bytes, connection: &Connection) -> Option<ExecEnd> {
        self.breath.left_bytes = self.breath.left_bytes.saturating_sub(bytes.len());
        self.backlog.push(stream, bytes).await.err().map(|error| given_up(connection, &error))
    }
}

impl WhenBehind {
    fn backlog(self) -> Backlog {
        match self {
            WhenBehind::Spool | WhenBehind::PushBack => Backlog::default(),
            WhenBehind::SpoolThenPushBack => Backlog::with_limits(MEMORY_BYTES, 2 * FILE_BYTES),
        }
    }

    /// Whether the server is to wait.
    fn holds_back(self, backlog: &Backlog) -> bool {
        match self {
            WhenBehind::Spool => false,
            WhenBehind::SpoolThenPushBack => backlog.waiting_bytes() > FILE_BYTES,
            WhenBehind::PushBack => !backlog.has_room_in_memory(),
        }
    }

    fn may_breathe(self, backlog: &Backlog) -> bool {
        match self {
            // With the file full too (after more than an hour) nothing is read any more: no byte is lost.
            WhenBehind::PushBack => backlog.has_room(),
            // The others on the connection must not stand still for good.
            WhenBehind::Spool | WhenBehind::SpoolThenPushBack => true,
        }
    }
}

impl Said {
    /// An exit status counts only with the end of the output: OpenSSH may send it before the last of it.
    fn at_the_end(&mut self, otherwise: impl FnOnce() -> Error) -> ExecEnd {
        match self.end.take() {
            Some(end) if self.eof => end,
            _ => ExecEnd::Unknown { problem: otherwise().problem() },
        }
    }
}

fn given_up(connection: &Connection, error: &BacklogError) -> ExecEnd {
    let address = &connection.target().address;
    let problem = Error::new(
        ErrorCode::ExecOutputTooLarge,
        format!("The command on {address} was given up: {error}. Write its output to a file there, or take it faster."),
    )
    .with("address", address)
    .with("cause", error)
    .problem();
    ExecEnd::Unknown { problem }
}

pub(super) fn signal_text(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => visible_line(name),
        known => format!("{known:?}"),
    }
}
