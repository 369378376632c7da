//! What is written to a program's standard input.

use std::pin::Pin;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

/// Bytes in one message (design.md, fact 4).
const WRITE_MAX_BYTES: usize = 32 * 1024;

/// The program takes no input any more: it has ended, or its connection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the program takes no input any more")]
pub struct InputClosed;

/// A program's standard input. It waits for the channel's window, so whoever writes is held back by the program and no
/// queue grows. Without [`ExecInput::close`] the program never sees the end of its input.
pub struct ExecInput {
    writer: Pin<Box<dyn AsyncWrite + Send>>,
    ended: CancellationToken,
    /// A write was given up half way: russh's writer holds a piece of it and would send that in place of the next.
    torn: bool,
}

impl std::fmt::Debug for ExecInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecInput").finish_non_exhaustive()
    }
}

impl ExecInput {
    pub(crate) fn new(writer: Pin<Box<dyn AsyncWrite + Send>>, ended: CancellationToken) -> Self {
        Self { writer, ended, torn: false }
    }

    /// Writes all of it. If the future is dropped before its end, the input takes nothing more.
    ///
    /// # Errors
    /// [`InputClosed`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), InputClosed> {
        for piece in bytes.chunks(WRITE_MAX_BYTES) {
            if std::mem::replace(&mut self.torn, true) {
                return Err(InputClosed);
            }
            tokio::select! {
                written = self.writer.write_all(piece) => written.map_err(|_| InputClosed)?,
                () = self.ended.cancelled() => return Err(InputClosed),
            }
            self.torn = false;
        }
        Ok(())
    }

    /// Tells the program that its input ends here.
    pub async fn close(mut self) {
        if self.torn {
            return;
        }
        tokio::select! {
            _ = self.writer.shutdown() => {}
            () = self.ended.cancelled() => {}
        }
    }
}
