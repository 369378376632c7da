//! The stream that a dial ends with, and what is known about the way below it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, ready};

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::prompt::visible_line;

/// Any stream that SSH can run over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream of one of the routes.
pub type BoxedStream = Box<dyn Stream>;

/// What became of a dial.
pub struct Dialled {
    pub stream: BoxedStream,
    pub link: Arc<Link>,
}

impl std::fmt::Debug for Dialled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dialled({})", self.link.detail())
    }
}

/// What lies below a connection, readable while it lives.
#[derive(Debug, Default)]
pub struct Link {
    /// The socket, while it is open. Not a duplicate of it: that would keep the peer from seeing it closed.
    socket: Option<Weak<TcpStream>>,
    /// Where the socket leads: the server or the proxy.
    peer: Option<SocketAddr>,
    /// The way, as data for a person: `192.0.2.1:22`, `socks5 proxy:1080`, the name of a jump host.
    detail: String,
    /// It is a channel of a jump host.
    is_jump: bool,
    /// Why the stream ended, where the way knows more than "end of file".
    cause: OnceLock<String>,
}

impl Link {
    pub fn tcp(stream: &Arc<TcpStream>, peer: SocketAddr, detail: String) -> Self {
        Self { socket: Some(Arc::downgrade(stream)), peer: Some(peer), detail, ..Self::default() }
    }

    pub fn other(detail: String) -> Self {
        Self { detail, ..Self::default() }
    }

    pub fn jump(host: String) -> Self {
        Self { detail: host, is_jump: true, ..Self::default() }
    }

    /// The jump host that the stream goes through last.
    pub fn jump_host(&self) -> Option<&str> {
        self.is_jump.then_some(self.detail.as_str())
    }

    /// The socket's other end: the server or the proxy; none for a command or a jump.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The socket while it is open; none for a command or a jump.
    pub fn socket(&self) -> Option<Arc<TcpStream>> {
        self.socket.as_ref().and_then(Weak::upgrade)
    }

    /// Why the stream ended, if the way knows: the jump host's connection ended, the proxy command said something.
    pub fn cause(&self) -> Option<String> {
        self.cause.get().cloned()
    }

    /// Notes why the stream ends; the first cause stays.
    pub fn set_cause(&self, cause: &str) {
        let _ = self.cause.set(visible_line(cause));
    }
}

/// A socket that others can look at while it is open.
#[derive(Debug)]
pub struct SharedTcp(pub Arc<TcpStream>);

impl AsyncRead for SharedTcp {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            match self.0.try_read(buf.initialize_unfilled()) {
                Ok(count) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for SharedTcp {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket2::SockRef::from(&*self.0).shutdown(std::net::Shutdown::Write))
    }
}

/// A stream with a reason for its end: when the stream below ends, `reason` is waited for (it has a time limit of its own)
/// and noted before the end is passed on. With `watch` the reason ends the stream too, by itself.
pub struct Explained<S> {
    pub stream: S,
    pub link: Arc<Link>,
    /// None once it has been heard.
    pub reason: Option<BoxFuture<'static, Option<String>>>,
    /// Ends the stream when it resolves; none if only the stream itself tells.
    pub watch: Option<BoxFuture<'static, String>>,
}

impl<S> Explained<S> {
    /// The stream has ended: waits for the reason and notes it, once.
    fn poll_reason(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(reason) = &mut self.reason {
            let reason = ready!(reason.as_mut().poll(cx));
            self.reason = None;
            if let Some(cause) = reason {
                self.link.set_cause(&cause);
            }
        }
        Poll::Ready(())
    }

    fn poll_watch(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Some(watch) = &mut self.watch
            && let Poll::Ready(cause) = watch.as_mut().poll(cx)
        {
            self.watch = None;
            self.link.set_cause(&cause);
        }
        match (&self.watch, self.link.cause()) {
            (None, Some(cause)) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, cause)),
            _ => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &read {
            Poll::Ready(Ok(())) if buf.filled().len() > before => return read,
            Poll::Pending => {
                self.poll_watch(cx)?;
                return Poll::Pending;
            }
            Poll::Ready(_) => {}
        }
        ready!(self.poll_reason(cx));
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        if written.is_err() {
            // The end may be noticed here first. Whoever is told to wait writes again, and fails again.
            ready!(self.poll_reason(cx));
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
