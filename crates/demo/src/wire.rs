//! The byte stream under russh, with input read ahead of it.
//!
//! russh's session loop writes with its reads stopped. Two such loops, one at each end, stand still for ever once both write
//! and both sockets are full. This end never stops reading: input goes into a queue of its own, from a task of its own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Most bytes of one read.
const READ_BYTES: usize = 64 * 1024;
/// Reads that wait for russh: 16 MiB. A client may send no more than its channels' windows before russh has seen it, so
/// sixteen channels can flood this connection (see [`crate::host::CHANNEL_WINDOW_BYTES`]) before the queue is full. Then the
/// client waits, as it would without the queue.
const READ_AHEAD: usize = 256;

/// A connection's stream for russh.
pub(crate) struct Wire {
    ahead: mpsc::Receiver<io::Result<Bytes>>,
    /// What is left of the read that russh is taking now.
    current: Bytes,
    output: OwnedWriteHalf,
}

impl Wire {
    /// Wraps a socket; the reading task ends with the socket or with the stream.
    pub(crate) fn new(socket: TcpStream, tasks: &TaskTracker) -> Wire {
        let (input, output) = socket.into_split();
        let (queue, ahead) = mpsc::channel(READ_AHEAD);
        tasks.spawn(read_ahead(input, queue));
        Wire { ahead, current: Bytes::new(), output }
    }
}

async fn read_ahead(mut input: OwnedReadHalf, queue: mpsc::Sender<io::Result<Bytes>>) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ_BYTES);
        let read = tokio::select! {
            () = queue.closed() => return,
            read = input.read_buf(&mut buffer) => read,
        };
        let (bytes, last) = match read {
            Ok(0) => return,
            Ok(_) => (Ok(buffer.split().freeze()), false),
            Err(cause) => (Err(cause), true),
        };
        if queue.send(bytes).await.is_err() || last {
            return;
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.current.is_empty() {
            match ready!(self.ahead.poll_recv(cx)) {
                Some(bytes) => self.current = bytes?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let taken = self.current.len().min(into.remaining());
        into.put_slice(&self.current[..taken]);
        self.current.advance(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.output).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_shutdown(cx)
    }
}
