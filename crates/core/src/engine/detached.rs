//! Commands that were left running on hosts.

use super::Engine;
use crate::connection::SessionPlace;
use crate::error::Result;
use crate::exec::Stream;
use crate::host::HostId;
use crate::run::detached::{self, Detached, DetachedId, DetachedText};

impl Engine {
    /// Starts a command on a host that keeps running when the connection and we are gone.
    ///
    /// # Errors
    /// Those of [`detached::start`], and what kept the connection from being made, as for the others.
    pub async fn detached_start(&self, host: HostId, command: String) -> Result<DetachedId> {
        detached::start(self.session(&host).await?, &command).await
    }

    /// What was left running on a host, and what of that has ended, the newest first.
    ///
    /// # Errors
    /// Those of [`detached::list`].
    pub async fn detached_list(&self, host: HostId) -> Result<Vec<Detached>> {
        detached::list(self.session(&host).await?).await
    }

    /// A piece of what one wrote, from an offset on; empty when there is no more yet.
    ///
    /// # Errors
    /// Those of [`detached::read`].
    pub async fn detached_read(
        &self,
        host: HostId,
        id: DetachedId,
        stderr: bool,
        offset: f64,
    ) -> Result<DetachedText> {
        let stream = if stderr { Stream::Stderr } else { Stream::Stdout };
        detached::read_text(self.session(&host).await?, &id, stream, offset as u64).await
    }

    /// Ends one with all its processes; false when the host does not say that nothing is left.
    ///
    /// # Errors
    /// Those of [`detached::stop`].
    pub async fn detached_stop(&self, host: HostId, id: DetachedId) -> Result<bool> {
        detached::stop(self.session(&host).await?, &id).await
    }

    /// Removes one that has ended from its host, with all that it wrote.
    ///
    /// # Errors
    /// Those of [`detached::remove`].
    pub async fn detached_remove(&self, host: HostId, id: DetachedId) -> Result<()> {
        detached::remove(self.session(&host).await?, &id).await
    }

    async fn session(&self, host: &HostId) -> Result<SessionPlace> {
        let place = self.inner.pool.place(host, self.make_target(host)).await?;
        self.record_remembered(place.connection(), host).await;
        Ok(place)
    }
}
