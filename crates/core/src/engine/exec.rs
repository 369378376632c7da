//! Programs on a host without a terminal.

use super::Engine;
use crate::error::Result;
use crate::exec::{self, Exec, ExecRequest};
use crate::host::HostId;

impl Engine {
    /// Runs a program on a host, on a connection that it shares with the host's terminals.
    ///
    /// # Errors
    /// What kept the connection from being made, and those of [`exec::start`].
    pub async fn exec(&self, host: &HostId, request: ExecRequest) -> Result<Exec> {
        let place = self.inner.pool.place(host, self.make_target(host)).await?;
        self.record_remembered(place.connection(), host).await;
        exec::start(place, request).await
    }
}
