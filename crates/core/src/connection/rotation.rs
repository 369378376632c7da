//! Host key rotation: a trusted server announces its keys after the login (`hostkeys-00@openssh.com`), proves on request that
//! it has them, and known_hosts follows (`UpdateHostKeys` of ssh_config(5), OpenSSH's PROTOCOL section 2.5).
//!
//! russh sends the request for proof and verifies the signatures over this session's number. It answers for all keys at once:
//! one bad signature and nothing is written.

use std::sync::{Arc, Weak};
use std::time::Duration;

use russh::keys::PublicKey;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Connection;
use crate::error::Result;
use crate::prompt::visible_line;
use crate::trust::HostTrust;
use crate::trust::rotation::Rotation;

/// Time for the proof; it costs a server a few signatures.
const PROOF_TIMEOUT: Duration = Duration::from_secs(20);
/// Announcements that wait. As in OpenSSH only the first of a connection counts, so one more is dropped.
pub(super) const ANNOUNCEMENTS: usize = 1;

/// What a server says about its keys, and who judges it.
#[derive(Debug)]
pub(super) struct Announcement {
    pub trust: HostTrust,
    /// The key of this session, trusted by a line of known_hosts.
    pub session_key: PublicKey,
    pub keys: Vec<PublicKey>,
}

/// Waits for the announcement and acts on it. It does not hold the connection open.
pub(super) fn follow(connection: &Arc<Connection>, announcements: mpsc::Receiver<Announcement>) {
    tokio::spawn(wait(Arc::downgrade(connection), announcements));
}

/// The sender lies in russh's handler and goes with the connection.
async fn wait(connection: Weak<Connection>, mut announcements: mpsc::Receiver<Announcement>) {
    let Some(announcement) = announcements.recv().await else { return };
    // Further ones find nobody.
    drop(announcements);
    let Some(connection) = connection.upgrade() else { return };
    let address = connection.target.address.clone();
    match rotate(&connection, announcement).await {
        Ok(Some(done)) => {
            tracing::info!(%address, added = done.added.len(), removed = done.removed.len(), "host keys rotated");
        }
        Ok(None) => {}
        // The session is as good as before; the keys are announced again next time.
        Err(error) => tracing::warn!(%address, %error, "host keys were not rotated"),
    }
}

async fn rotate(connection: &Connection, announcement: Announcement) -> Result<Option<Rotation>> {
    let Announcement { trust, session_key, keys } = announcement;
    let address = &connection.target.address;
    let plan = {
        let trust = trust.clone();
        let permitted = connection.target.algorithms.as_ref().map(|choice| choice.host_keys.clone());
        blocking(move || trust.plan_rotation(&session_key, &keys, permitted.as_deref())).await?
    };
    let rotation = match plan {
        Ok(rotation) => rotation,
        Err(reason) => {
            tracing::debug!(%address, ?reason, "announced host keys change nothing");
            return Ok(None);
        }
    };
    let proof = tokio::select! {
        proof = timeout(PROOF_TIMEOUT, connection.handle.hostkeys_prove(rotation.to_prove.clone())) => proof,
        _ = connection.ended() => return Ok(None),
    };
    match proof {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let cause = visible_line(&error.to_string());
            tracing::warn!(%address, %cause, "the server did not prove its host keys; known_hosts stays as it is");
            return Ok(None);
        }
        Err(_) => {
            tracing::warn!(%address, "the server did not prove its host keys in time; known_hosts stays as it is");
            return Ok(None);
        }
    }
    let done = rotation.clone();
    blocking(move || trust.apply_rotation(&rotation)).await?;
    Ok(Some(done))
}

/// Files are read and written apart from the tasks that keep connections going.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(crate::error::Error::internal)?
}
