//! Whose turn it is to write to the host: the person's keys, or a transfer.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

/// Ctrl-C, and what ends a transfer on the other side.
const INTERRUPT: u8 = 0x03;

type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The writing end of a source, shared by keys and transfers. While a transfer runs what is typed goes nowhere, and Ctrl-C
/// cancels it.
#[derive(Clone)]
pub(super) struct SharedWriter(Arc<Mutex<Shared>>);

struct Shared {
    writer: Writer,
    /// The transfer that runs.
    transfer: Option<CancellationToken>,
    /// Who waits to type.
    keys: Option<Waker>,
}

/// The writer as keys see it.
pub(super) struct KeyWriter(SharedWriter);

/// The writer as a transfer sees it; the keys have it back when this is dropped.
pub(super) struct TransferWriter(SharedWriter);

impl SharedWriter {
    pub(super) fn new(writer: Writer) -> Self {
        Self(Arc::new(Mutex::new(Shared { writer, transfer: None, keys: None })))
    }

    pub(super) fn keys(&self) -> KeyWriter {
        KeyWriter(self.clone())
    }

    pub(super) fn begin_transfer(&self, cancel: CancellationToken) -> TransferWriter {
        self.set_transfer(Some(cancel));
        TransferWriter(self.clone())
    }

    fn set_transfer(&self, transfer: Option<CancellationToken>) {
        let waiting = {
            let mut shared = self.lock();
            shared.transfer = transfer;
            shared.keys.take()
        };
        // Only one of both waits in the writer at a time.
        if let Some(keys) = waiting {
            keys.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TransferWriter {
    fn drop(&mut self) {
        self.0.set_transfer(None);
    }
}

impl AsyncWrite for KeyWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut shared = self.0.lock();
        if let Some(transfer) = &shared.transfer {
            if bytes.contains(&INTERRUPT) {
                transfer.cancel();
            }
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut shared.writer).poll_write(cx, bytes);
        shared.keys = written.is_pending().then(|| cx.waker().clone());
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.0.lock();
        if shared.transfer.is_some() {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut shared.writer).poll_flush(cx);
        shared.keys = flushed.is_pending().then(|| cx.waker().clone());
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().writer).poll_shutdown(cx)
    }
}

impl AsyncWrite for TransferWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0.lock().writer).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().writer).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().writer).poll_shutdown(cx)
    }
}
