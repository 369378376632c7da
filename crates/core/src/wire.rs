//! The byte stream under an SSH connection.
//!
//! russh stops reading, pinging and opening channels while a write blocks, and notices a dead peer late (ARCHITECTURE.md,
//! facts 2 and 3). So the stream below it is ours: it sets the TCP options, counts, notes when the peer was last
//! heard, checks what comes before the SSH identification, and has a kill switch that makes every poll fail at once.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use greeting::Greeting;

pub mod greeting;
pub mod tcp_info;

/// Read at once from the socket. 256 KiB gave 13 % on downloads over unbuffered reads (design.md, fact 2).
const READ_BUFFER_BYTES: usize = 256 * 1024;
/// Written data that stays unacknowledged for this long ends the connection (RFC 5482).
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// The first TCP keepalive probe goes out after this much silence. It serves NAT boxes; ours detect death sooner.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// What a server may say before the login is done. A key exchange takes a few KiB and a banner of 100 kB is known; the rest
/// is a flood: russh queues every refusal of a login without a bound while a person is being asked.
const LOGIN_MAX_BYTES: u64 = 1024 * 1024;

/// Sets the options that every connection of ours has.
///
/// # Errors
/// What the system says; a connection without them still works, so callers may go on.
pub fn set_tcp_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(TCP_KEEPALIVE))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

/// What a [`Wire`] has seen, readable from anywhere, and its kill switch.
#[derive(Debug)]
pub struct WireState {
    started: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    /// Microseconds after `started`, so that one atomic holds it.
    last_heard: AtomicU64,
    last_sent: AtomicU64,
    /// The peer's identification line without `SSH-2.0-`, once it has come.
    identification: OnceLock<String>,
    /// The start of what it said first.
    first_words: Mutex<String>,
    /// [`LOGIN_MAX_BYTES`] counts no more.
    logged_in: AtomicBool,
    /// russh has asked for bytes and got none yet.
    waiting: AtomicBool,
    /// russh has bytes to write that the system does not take.
    stuck: AtomicBool,
    /// How the stream failed, if it did.
    fault: OnceLock<io::ErrorKind>,
    killed: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl WireState {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            last_heard: AtomicU64::new(0),
            last_sent: AtomicU64::new(0),
            identification: OnceLock::new(),
            first_words: Mutex::default(),
            logged_in: AtomicBool::new(false),
            waiting: AtomicBool::new(true),
            stuck: AtomicBool::new(false),
            fault: OnceLock::new(),
            killed: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
        }
    }

    /// Bytes that came from the peer.
    pub fn received_bytes(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes that the system took from us.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// When the last byte came; the start, if none did.
    pub fn last_heard(&self) -> Instant {
        self.started + Duration::from_micros(self.last_heard.load(Ordering::Acquire))
    }

    /// When the system last took a byte from us; the start, if it never did.
    pub fn last_sent(&self) -> Instant {
        self.started + Duration::from_micros(self.last_sent.load(Ordering::Acquire))
    }

    /// Whether we hold the peer back: what it sent is not taken further, because a program's output waits for whoever reads
    /// it. Its silence is then no sign of its death. A write that the system does not take holds russh up too; that is the
    /// peer's doing.
    pub fn is_held_back(&self) -> bool {
        !self.waiting.load(Ordering::Acquire) && !self.stuck.load(Ordering::Acquire)
    }

    /// Whether the peer has sent its SSH identification line.
    pub fn identified(&self) -> bool {
        self.identification.get().is_some()
    }

    /// What the peer calls itself and its version (RFC 4253, section 4.2), as it came.
    pub fn peer_identification(&self) -> Option<String> {
        self.identification.get().cloned()
    }

    /// The start of the first line that came, as it came; for a message about a server that speaks no SSH.
    pub fn first_words(&self) -> String {
        self.first_words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How the stream failed: `UnexpectedEof` when the peer closed it, `ConnectionReset`, `BrokenPipe` and so on.
    pub fn fault(&self) -> Option<io::ErrorKind> {
        self.fault.get().copied()
    }

    fn note_fault<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        outcome.inspect_err(|error| {
            let _ = self.fault.set(error.kind());
        })
    }

    /// The login is done: from now on the peer may send as much as it likes.
    pub fn login_done(&self) {
        self.logged_in.store(true, Ordering::Release);
    }

    /// Whether the peer was cut off because it said too much before the login was done.
    pub fn is_flooded(&self) -> bool {
        !self.logged_in.load(Ordering::Acquire) && self.received_bytes() > LOGIN_MAX_BYTES
    }

    /// Makes every read and write of the stream fail from now on, also those that wait.
    pub fn kill(&self) {
        self.killed.store(true, Ordering::Release);
        self.reader.wake();
        self.writer.wake();
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn check(&self) -> io::Result<()> {
        if self.killed.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, Killed));
        }
        Ok(())
    }
}

/// The cause of every error after [`WireState::kill`].
#[derive(Debug, thiserror::Error)]
#[error("the connection was given up")]
pub struct Killed;

/// The peer said more than [`LOGIN_MAX_BYTES`] before the login was done.
#[derive(Debug, thiserror::Error)]
#[error("it sent more than {} KiB before the login was done", LOGIN_MAX_BYTES / 1024)]
pub struct Flooded;

/// A stream that counts and can be killed. Give it to russh in place of the socket.
#[derive(Debug)]
pub struct Wire<S> {
    stream: BufReader<Tap<S>>,
    state: Arc<WireState>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(stream: S) -> Self {
        let state = Arc::new(WireState::new());
        let tap = Tap { stream, state: Arc::clone(&state), greeting: Some(Greeting::default()) };
        Self { stream: BufReader::with_capacity(READ_BUFFER_BYTES, tap), state }
    }

    pub fn state(&self) -> Arc<WireState> {
        Arc::clone(&self.state)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.state.reader.register(cx.waker());
        self.state.check()?;
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.state.waiting.store(read.is_pending(), Ordering::Release);
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.state.writer.register(cx.waker());
        self.state.check()?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.state.stuck.store(written.is_pending(), Ordering::Release);
        let written = std::task::ready!(written);
        let written = self.state.note_fault(written)?;
        self.state.sent.fetch_add(written as u64, Ordering::Relaxed);
        self.state.last_sent.store(self.state.now(), Ordering::Release);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.writer.register(cx.waker());
        self.state.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A killed stream has nothing left to say: closing it must not wait for anyone.
        if self.state.check().is_err() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The part below the read buffer, so that a byte counts as heard when it arrives and not when russh asks for it.
#[derive(Debug)]
struct Tap<S> {
    stream: S,
    state: Arc<WireState>,
    /// Dropped once the identification line has passed.
    greeting: Option<Greeting>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = std::task::ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        self.state.note_fault(read)?;
        let new = &buf.filled()[before..];
        if new.is_empty() {
            let _ = self.state.fault.set(io::ErrorKind::UnexpectedEof);
            if let Some(greeting) = &self.greeting {
                greeting.ended()?;
            }
            return Poll::Ready(Ok(()));
        }
        self.state.received.fetch_add(new.len() as u64, Ordering::Relaxed);
        self.state.last_heard.store(self.state.now(), Ordering::Release);
        if self.state.is_flooded() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, Flooded)));
        }
        if let Some(mut greeting) = self.greeting.take() {
            let heard = greeting.heard(new);
            *self.state.first_words.lock().unwrap_or_else(PoisonError::into_inner) = greeting.first_words();
            match heard? {
                Some(identification) => drop(self.state.identification.set(identification)),
                None => self.greeting = Some(greeting),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn killing_the_wire_fails_a_read_that_waits_and_every_write_after_it() {
        let (near, _far) = tokio::io::duplex(64);
        let mut wire = Wire::new(near);
        let state = wire.state();
        let reading = tokio::spawn(async move {
            let failed = wire.read_u8().await.expect_err("nothing was sent");
            (failed, wire)
        });
        tokio::task::yield_now().await;
        state.kill();
        let (failed, mut wire) = reading.await.expect("the task ends");
        assert_eq!(failed.kind(), io::ErrorKind::ConnectionAborted);
        assert!(wire.write_all(b"x").await.is_err());
        wire.shutdown().await.expect("closing a killed wire does not wait");
    }

    #[tokio::test]
    async fn killing_the_wire_fails_a_write_that_waits_for_a_full_peer() {
        let (near, _far) = tokio::io::duplex(4);
        let mut wire = Wire::new(near);
        let state = wire.state();
        let writing = tokio::spawn(async move { wire.write_all(&[0; 1024]).await });
        tokio::task::yield_now().await;
        state.kill();
        assert!(writing.await.expect("the task ends").is_err());
    }

    #[tokio::test]
    async fn bytes_are_counted_both_ways_and_the_identification_is_noticed() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut wire = Wire::new(near);
        let state = wire.state();
        assert!(!state.identified());
        far.write_all(b"SSH-2.0-x\r\n").await.expect("room");
        let mut line = [0; 11];
        wire.read_exact(&mut line).await.expect("a line");
        wire.write_all(b"hello").await.expect("room");
        assert_eq!(state.peer_identification().as_deref(), Some("x"));
        assert_eq!((state.received_bytes(), state.sent_bytes()), (11, 5));
    }

    #[tokio::test]
    async fn a_flood_fails_before_the_login_and_passes_after_it() {
        for logged_in in [false, true] {
            let (near, mut far) = tokio::io::duplex(64 * 1024);
            let mut wire = Wire::new(near);
            let state = wire.state();
            if logged_in {
                state.login_done();
            }
            let flood = tokio::spawn(async move {
                far.write_all(b"SSH-2.0-x\r\n").await?;
                far.write_all(&vec![0; 2 * LOGIN_MAX_BYTES as usize]).await
            });
            let copied = tokio::io::copy(&mut wire, &mut tokio::io::sink()).await;
            assert_eq!((copied.is_ok(), state.is_flooded()), (logged_in, !logged_in));
            drop(wire);
            assert_eq!(flood.await.expect("no panic").is_ok(), logged_in);
        }
    }

    #[tokio::test]
    async fn a_peer_is_held_back_while_nobody_reads_and_not_while_a_write_is_stuck() {
        let (near, mut far) = tokio::io::duplex(4);
        let mut wire = Wire::new(near);
        let state = wire.state();
        assert!(!state.is_held_back());
        far.write_all(b"SSH-").await.expect("room");
        wire.read_u8().await.expect("a byte");
        assert!(state.is_held_back(), "what came next was not asked for");
        let stuck =
            tokio::time::timeout(std::time::Duration::from_millis(20), wire.write_all(&[0; 64])).await;
        assert!(stuck.is_err());
        assert!(!state.is_held_back(), "the peer takes nothing");
    }
}
