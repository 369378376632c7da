//! The standard streams at the ends of a pipe.

use std::io;

use bowline_core::pipe::{Drain, DrainFault, Supply};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::stdio::{Sink, Stdin};

/// Standard input.
pub struct Input(pub Stdin);

impl Supply for Input {
    fn next(&mut self) -> BoxFuture<'_, io::Result<Bytes>> {
        self.0.next().boxed()
    }
}

/// Standard output.
pub struct Output(pub Sink);

impl Drain for Output {
    fn take(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), DrainFault>> {
        self.0.write(bytes).map(|written| written.map_err(|_| self.fault())).boxed()
    }

    fn finish(&mut self) -> BoxFuture<'_, Result<(), DrainFault>> {
        self.0.flush().map(|flushed| flushed.map_err(|_| self.fault())).boxed()
    }
}

impl Output {
    fn fault(&self) -> DrainFault {
        self.0.fault().map_or(DrainFault::Closed, DrainFault::Failed)
    }
}
