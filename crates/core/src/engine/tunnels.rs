//! Tunnels, as a person sees them: those that are saved with hosts, and those of this run.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::Engine;
use super::ways::alias;
use crate::error::{Error, ErrorCode, Result};
use crate::host::tunnels::{self, SavedTunnel, TUNNELS_MAX, TunnelDraft, TunnelProblem};
use crate::host::{HostDraft, HostId};
use crate::tunnel::live::{TunnelState, TunnelTrouble};

mod offers;
mod table;

pub(super) use offers::is_offered;
use table::Entry;
pub(super) use table::{Tunnels, follow};

/// Tunnels of this run that stand with no host's record.
const UNSAVED_MAX: usize = 256;

/// Names a tunnel while the app runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct TunnelId(pub String);

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TunnelView {
    pub id: TunnelId,
    pub host_id: HostId,
    #[serde(flatten)]
    pub draft: TunnelDraft,
    /// It stands in the record of its host.
    pub saved: bool,
    pub state: TunnelState,
    /// Where it listens, each address with the port that it really has.
    pub bound: Vec<String>,
    /// What went wrong last.
    pub trouble: Option<TunnelTrouble>,
    /// Connections now, and since it was started.
    pub live: u32,
    pub total: f64,
    /// Connections that wait for the host.
    pub waiting: u32,
    /// Connections that ended with a failure.
    pub failed: f64,
    /// To the side that is connected to, and from there.
    pub sent_bytes: f64,
    pub received_bytes: f64,
    pub sent_per_second: f64,
    pub received_per_second: f64,
    /// What waits for programs that do not take it.
    pub held_bytes: f64,
}

/// All tunnels, those of a host beside each other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, TS)]
pub struct TunnelsView {
    pub tunnels: Vec<TunnelView>,
}

/// A host as its form has it: each of its tunnels is sound, and gets an id if it is new.
///
/// # Errors
/// [`ErrorCode::TunnelInvalid`].
pub(super) fn named(mut draft: HostDraft) -> Result<HostDraft> {
    draft.options.tunnels.truncate(TUNNELS_MAX);
    for tunnel in &mut draft.options.tunnels {
        tunnel.draft.forward()?;
        if tunnel.id.is_empty() {
            tunnel.id = Uuid::new_v4().to_string();
        }
    }
    Ok(draft)
}

fn saved_id(host: &HostId, id: &str) -> TunnelId {
    TunnelId(format!("{host}/{id}"))
}

fn gone() -> Error {
    Error::new(ErrorCode::TunnelNotFound, "This tunnel has been removed.")
}

impl Engine {
    pub async fn tunnels(&self) -> Result<TunnelsView> {
        Ok(self.inner.tunnels.view())
    }

    /// What is wrong with a draft, field by field.
    pub async fn tunnel_check(&self, draft: TunnelDraft) -> Result<Vec<TunnelProblem>> {
        Ok(tunnels::check(&draft))
    }

    /// Adds a tunnel to a host: to its record with `keep`, for this run without. Hosts of ssh_config and the built-in one have
    /// no record.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelInvalid`], and those of [`Engine::host_update`].
    pub async fn tunnel_add(&self, host: HostId, draft: TunnelDraft, keep: bool) -> Result<TunnelId> {
        draft.forward()?;
        let id = Uuid::new_v4().to_string();
        if keep && self.keeps_tunnels(&host) {
            let saved = SavedTunnel { id: id.clone(), draft };
            self.save_tunnels(&host, move |tunnels| {
                tunnels.push(saved);
                Ok(())
            })
            .await?;
            return Ok(saved_id(&host, &id));
        }
        let id = TunnelId(id);
        {
            let mut table = self.inner.tunnels.table();
            if table.iter().filter(|entry| !entry.saved).count() >= UNSAVED_MAX {
                return Err(Error::internal("there are too many tunnels"));
            }
            table.push(Entry::new(id.clone(), host, draft, false));
        }
        self.inner.tunnels.shared.changed.notify_one();
        Ok(id)
    }

    /// Changes a tunnel; one that runs is started anew.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelNotFound`], and those of [`Engine::tunnel_add`].
    pub async fn tunnel_change(&self, id: TunnelId, draft: TunnelDraft) -> Result<()> {
        draft.forward()?;
        let (host, saved) = self.tunnel_place(&id)?;
        if saved {
            return self
                .save_tunnels(&host, |tunnels| {
                    let found = tunnels.iter_mut().find(|one| saved_id(&host, &one.id) == id);
                    found.ok_or_else(gone)?.draft = draft;
                    Ok(())
                })
                .await;
        }
        let running = {
            let mut table = self.inner.tunnels.table();
            let entry = table.iter_mut().find(|entry| entry.id == id).ok_or_else(gone)?;
            entry.draft = draft;
            entry.running.take()
        };
        if let Some(running) = running {
            let was = running.is_running();
            running.stop().await;
            if was {
                return self.tunnel_start(id).await;
            }
        }
        self.inner.tunnels.shared.changed.notify_one();
        Ok(())
    }

    /// # Errors
    /// [`ErrorCode::TunnelNotFound`]. What becomes of it is told with its state.
    pub async fn tunnel_start(&self, id: TunnelId) -> Result<()> {
        self.inner.tunnels.start(&id, self, false)
    }

    /// Ends it with all its connections. When this returns its port is free.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelNotFound`].
    pub async fn tunnel_stop(&self, id: TunnelId) -> Result<()> {
        self.tunnel_place(&id)?;
        self.inner.tunnels.stop(|entry| entry.id == id).await;
        Ok(())
    }

    /// Ends it, and takes it off the list and out of the record of its host.
    ///
    /// # Errors
    /// [`ErrorCode::TunnelNotFound`], and those of [`Engine::host_update`].
    pub async fn tunnel_remove(&self, id: TunnelId) -> Result<()> {
        let (host, saved) = self.tunnel_place(&id)?;
        self.inner.tunnels.stop(|entry| entry.id == id).await;
        if saved {
            return self
                .save_tunnels(&host, |tunnels| {
                    tunnels.retain(|one| saved_id(&host, &one.id) != id);
                    Ok(())
                })
                .await;
        }
        self.inner.tunnels.table().retain(|entry| entry.id != id);
        self.inner.tunnels.shared.changed.notify_one();
        Ok(())
    }

    fn keeps_tunnels(&self, host: &HostId) -> bool {
        host.0 != super::BUILTIN_ID && alias(host).is_none()
    }

    fn tunnel_place(&self, id: &TunnelId) -> Result<(HostId, bool)> {
        let table = self.inner.tunnels.table();
        table
            .iter()
            .find(|entry| entry.id == *id)
            .map(|entry| (entry.host.clone(), entry.saved))
            .ok_or_else(gone)
    }

    async fn save_tunnels(
        &self,
        host: &HostId,
        change: impl FnOnce(&mut Vec<SavedTunnel>) -> Result<()>,
    ) -> Result<()> {
        let _one_at_a_time = self.inner.tunnels.shared.saving.lock().await;
        let mut draft = self.inner.store.get(host).await?.draft;
        change(&mut draft.options.tunnels)?;
        if draft.options.tunnels.len() > TUNNELS_MAX {
            return Err(Error::internal("there are too many tunnels"));
        }
        self.inner.store.update(host, draft).await?;
        self.publish_hosts().await
    }
}
