//! What a person can ask about the connections of a host: how they are, to try now, to end; and what happened to them.

use std::path::PathBuf;

use super::Engine;
use super::view::LaneView;
use crate::connection::times::ConnectionTimes;
use crate::error::Result;
use crate::host::HostId;
use crate::network::NetworkEvent;
use crate::timeline::TimelineEntry;

impl Engine {
    /// Ends every terminal and tunnel of a host and its connections.
    pub async fn host_disconnect(&self, id: HostId) -> Result<()> {
        self.inner.tunnels.stop_of(&id).await;
        self.inner.terminals.end_of(&id).await;
        self.inner.pool.disconnect(&id).await;
        Ok(())
    }

    /// How each connection of a host is doing. Whoever looks again within a few seconds sees fresh round trips.
    pub async fn host_health(&self, id: HostId) -> Result<Vec<LaneView>> {
        let lanes = self.inner.pool.health(&id).into_iter();
        Ok(lanes
            .map(|health| LaneView { terminals: self.inner.terminals.on_lane(health.id), health })
            .collect())
    }

    /// What the person has set about time: from the next dial on, and for unused connections at once.
    pub async fn connection_times(&self, times: ConnectionTimes) -> Result<()> {
        *self.inner.times.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = times;
        self.inner.pool.close_unused_after(times.unused());
        Ok(())
    }

    /// Tries to connect now instead of at the end of the wait.
    pub async fn host_retry(&self, id: HostId) -> Result<()> {
        self.inner.pool.retry_now(&id);
        Ok(())
    }

    /// Stops waiting for a host: its terminals end, what they showed stays.
    pub async fn host_give_up(&self, id: HostId) -> Result<()> {
        self.inner.pool.give_up(&id);
        self.inner.terminals.give_up_of(&id).await;
        Ok(())
    }

    /// The shell noticed that the machine woke up or that its network changed. The engine notices both by itself too, but
    /// not always as soon.
    pub fn network_event(&self, event: NetworkEvent) {
        self.inner.pool.on_network(event);
    }

    /// Everything that is known of the connections since the start, oldest first.
    pub async fn timeline(&self) -> Result<Vec<TimelineEntry>> {
        Ok(self.inner.timeline.entries())
    }

    /// Writes the timeline to a file, one JSON object in each line, oldest first.
    ///
    /// # Errors
    /// [`ExportFailed`](crate::error::ErrorCode::ExportFailed).
    pub async fn timeline_save(&self, path: PathBuf) -> Result<()> {
        self.inner.timeline.save(&path).await
    }
}
