//! Programs on a host without a terminal.

use std::sync::Arc;

use super::Engine;
use crate::error::Result;
use crate::exec::{self, Exec, ExecRequest};
use crate::host::HostId;
use crate::pool::MakeTarget;

impl Engine {
    /// Runs a program on a host, on a connection that it shares with the host's terminals.
    ///
    /// # Errors
    /// What kept the connection from being made, and those of [`exec::start`].
    pub async fn exec(&self, host: &HostId, request: ExecRequest) -> Result<Exec> {
        let make_target: MakeTarget = {
            let (engine, host) = (self.clone(), host.clone());
            Arc::new(move || {
                let (engine, host) = (engine.clone(), host.clone());
                Box::pin(async move { engine.target(&host).await })
            })
        };
        let place = self.inner.pool.place(host, make_target).await?;
        self.record_remembered(place.connection(), host).await;
        exec::start(place, request).await
    }
}
