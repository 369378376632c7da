//! One forwarded connection: bytes between a program of this computer and a channel, both ways, each to its own end.
//!
//! russh reads nothing for anybody while one channel is not read (design.md, fact 1), so the channel is drained at once: into
//! memory, then into a file, and then this one connection is reset. Only a channel that is alone on its connection may be
//! held back instead, since nobody else waits there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::{Buf, Bytes};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::Lane;
use super::live::Live;
use super::stream::Stream;
use crate::connection::Connection;
use crate::error::Error;
use crate::exec::Stream as Kind;
use crate::exec::backlog::{Backlog, FILE_BYTES, MEMORY_BYTES};

/// What all forwarded connections may have in memory together, about; each has at least [`MEMORY_MIN_BYTES`].
const MEMORY_TOTAL_BYTES: usize = 64 * 1024 * 1024;
const MEMORY_MIN_BYTES: usize = 256 * 1024;
/// What all of them may have waiting, mostly in files: the disk is the person's.
const TOTAL_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes that are read of a program at once: two packets of SSH.
const READ_BYTES: usize = 64 * 1024;
/// While a channel is held back, this much is read of it now and then, as for commands (`exec/pump.rs`): a connection that is
/// not read at all shows no sign of life.
const BREATH_BYTES: usize = 128 * 1024;
const BREATH_INTERVAL: Duration = Duration::from_secs(2);
/// Time for the goodbye to a channel.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What waits for programs, over all tunnels.
static WAITING: AtomicU64 = AtomicU64::new(0);

/// Why a connection was not served to its end.
#[derive(Debug)]
pub enum RelayFault {
    /// The program here has gone, or was reset. Nobody else need know.
    Gone,
    /// The connection to the host ended.
    Lost(Error),
    /// It did not take what came for it.
    Behind(String),
}

/// What was said before both ends were there.
#[derive(Debug, Default)]
pub struct Early {
    /// By the program here.
    pub sent: Vec<u8>,
    /// By the far end.
    pub received: Vec<u8>,
    /// The far end has said all.
    pub eof: bool,
}

/// Carries everything until both sides have said all, or one of them is gone.
///
/// # Errors
/// Why it ended before that. Dropping `stream` resets it then.
pub async fn relay(
    stream: &Stream,
    lane: &Lane,
    channel: Channel<Msg>,
    early: Early,
    live: &Live,
) -> Result<(), RelayFault> {
    let Early { sent: early, received, eof } = early;
    let (reader, writer) = channel.split();
    let mut held = Held(Some(writer));
    let Some(writer) = &held.0 else { return Err(RelayFault::Gone) };
    let output = Box::pin(writer.make_writer());
    // The far end closed the channel: nothing that is sent arrives any more.
    let closed = CancellationToken::new();
    // Everything of the program's is on its way.
    let sent = CancellationToken::new();
    let up = async {
        let up = tokio::select! {
            done = send(stream, output, early, live) => done,
            () = closed.cancelled() => Ok(()),
            error = lane.connection.ended() => match closed.is_cancelled() {
                true => Ok(()),
                false => Err(RelayFault::Lost(error)),
            },
        };
        sent.cancel();
        up
    };
    let down = async {
        let mut pump = Pump::new(lane, reader, live);
        pump.current = received.into();
        pump.eof = eof;
        pump.run(stream, &closed, &sent).await
    };
    // A side that ends well leaves the other to go on; one that fails ends both.
    let done = tokio::try_join!(up, down);
    if done.is_ok() {
        stream.is_whole();
        if let Some(writer) = held.0.take() {
            let _ = timeout(CLOSE_TIMEOUT, writer.close()).await;
        }
    }
    done.map(|_| ())
}

/// From the program to the channel, through the channel's own writer, which waits for its window.
async fn send(
    stream: &Stream,
    mut output: impl AsyncWrite + Unpin,
    early: Vec<u8>,
    live: &Live,
) -> Result<(), RelayFault> {
    if !early.is_empty() {
        output.write_all(&early).await.map_err(|_| RelayFault::Gone)?;
        live.sent(early.len());
    }
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = stream.read(&mut buffer).await.map_err(|_| RelayFault::Gone)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        if output.write_all(bytes).await.is_err() {
            // The channel is closed, or the connection lost: the other side knows which.
            return std::future::pending().await;
        }
        live.sent(read);
    }
    if output.shutdown().await.is_err() {
        return std::future::pending().await;
    }
    Ok(())
}

/// Closes the channel when the connection is given up. russh would leave it open.
struct Held(Option<ChannelWriteHalf<Msg>>);

impl Drop for Held {
    fn drop(&mut self) {
        let (Some(writer), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        runtime.spawn(async move {
            let _ = timeout(CLOSE_TIMEOUT, writer.close()).await;
        });
    }
}

/// From the channel to the program.
struct Pump<'a> {
    connection: &'a Arc<Connection>,
    reader: ChannelReadHalf,
    live: &'a Live,
    backlog: Backlog,
    /// What is counted as waiting for it.
    counted: u64,
    /// The piece that is being written.
    current: Bytes,
    /// All has come.
    eof: bool,
    carried: watch::Receiver<u32>,
    breath_bytes: usize,
    next_breath: Instant,
}

enum Next {
    Written(std::io::Result<usize>),
    Message(Option<ChannelMsg>),
    Looked,
    Breath,
}

impl<'a> Pump<'a> {
    fn new(lane: &'a Lane, reader: ChannelReadHalf, live: &'a Live) -> Self {
        let carried = lane.connection.carried();
        let others = usize::try_from(*carried.borrow()).unwrap_or(usize::MAX).max(1);
        let memory = (MEMORY_TOTAL_BYTES / others).clamp(MEMORY_MIN_BYTES, MEMORY_BYTES);
        Self {
            connection: &lane.connection,
            reader,
            live,
            backlog: Backlog::with_limits(memory, FILE_BYTES),
            counted: 0,
            current: Bytes::new(),
            eof: false,
            carried,
            breath_bytes: 0,
            next_breath: Instant::now(),
        }
    }

    async fn run(
        &mut self,
        stream: &Stream,
        closed: &CancellationToken,
        sent: &CancellationToken,
    ) -> Result<(), RelayFault> {
        loop {
            if self.current.is_empty() {
                self.backlog.refill().await.map_err(|error| RelayFault::Behind(error.to_string()))?;
                if let Some(piece) = self.backlog.take() {
                    self.current = piece.bytes;
                }
                self.count();
            }
            if self.current.is_empty() && self.eof {
                stream.end();
                return self.until_closed(closed, sent).await;
            }
            match self.next(stream).await {
                Next::Written(Ok(count)) => {
                    self.current.advance(count);
                    self.live.received(count);
                }
                Next::Written(Err(_)) => return Err(RelayFault::Gone),
                Next::Message(Some(ChannelMsg::Data { data })) => self.keep(data).await?,
                Next::Message(Some(ChannelMsg::Eof)) => self.eof = true,
                Next::Message(Some(ChannelMsg::Close)) => {
                    // OpenSSH closes a channel only after all that its target sent.
                    self.eof = true;
                    closed.cancel();
                }
                Next::Message(None) => return Err(RelayFault::Lost(self.connection.ended().await)),
                Next::Message(Some(_)) | Next::Looked => {}
                Next::Breath => {
                    self.breath_bytes = BREATH_BYTES;
                    self.next_breath = Instant::now() + BREATH_INTERVAL;
                }
            }
        }
    }

    async fn next(&mut self, stream: &Stream) -> Next {
        let Self { connection, reader, backlog, current, eof, carried, breath_bytes, next_breath, .. } = self;
        let alone = *carried.borrow_and_update() <= 1 && connection.session_count() == 0;
        let full = !backlog.has_room_in_memory();
        let held_back = alone && full && *breath_bytes == 0;
        let may_breathe = held_back && backlog.has_room();
        tokio::select! {
            // In no order: what waits is given away while more is taken, so that nobody else waits for either.
            written = stream.write(current), if !current.is_empty() => Next::Written(written),
            message = reader.wait(), if !*eof && !held_back => Next::Message(message),
            // Another connection has come, and must not wait for this one.
            _ = carried.changed(), if held_back => Next::Looked,
            () = tokio::time::sleep_until(*next_breath), if may_breathe && !*eof => Next::Breath,
        }
    }

    async fn keep(&mut self, data: Bytes) -> Result<(), RelayFault> {
        self.breath_bytes = self.breath_bytes.saturating_sub(data.len());
        if self.current.is_empty() && !self.backlog.is_ready() && self.counted == 0 {
            self.current = data;
            return Ok(());
        }
        let pushed = self.backlog.push(Kind::Stdout, data).await;
        self.count();
        if WAITING.load(Relaxed) > TOTAL_BYTES {
            let total = TOTAL_BYTES / 1024 / 1024 / 1024;
            return Err(RelayFault::Behind(format!(
                "more than {total} GiB wait for programs that take nothing"
            )));
        }
        pushed.map_err(|error| RelayFault::Behind(error.to_string()))
    }

    /// After the end of what comes. The other direction may go on for long, and russh puts news of its window into the same queue.
    async fn until_closed(
        &mut self,
        closed: &CancellationToken,
        sent: &CancellationToken,
    ) -> Result<(), RelayFault> {
        while !closed.is_cancelled() {
            let message = tokio::select! {
                message = self.reader.wait() => message,
                () = sent.cancelled() => return Ok(()),
            };
            match message {
                Some(ChannelMsg::Close) => closed.cancel(),
                Some(_) => {}
                // The other direction learns why.
                None => sent.cancelled().await,
            }
        }
        Ok(())
    }

    fn count(&mut self) {
        let now = self.backlog.waiting_bytes();
        if now != self.counted {
            WAITING.fetch_add(now.wrapping_sub(self.counted), Relaxed);
            self.live.holds(self.counted, now);
            self.counted = now;
        }
    }
}

impl Drop for Pump<'_> {
    fn drop(&mut self) {
        WAITING.fetch_sub(self.counted, Relaxed);
        self.live.holds(self.counted, 0);
    }
}
