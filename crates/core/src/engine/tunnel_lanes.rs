//! The connections that tunnels run on: one for each host beside that of its terminals, or that one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Engine, Inner};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::host::HostId;
use crate::tunnel::{Carrier, Lane};

/// The connections for tunnels alone, one for each host.
pub(super) type OwnLanes = Arc<Mutex<BTreeMap<HostId, Arc<tokio::sync::Mutex<Weak<Connection>>>>>>;

/// The connections of a tunnel, from the pool.
pub(super) struct PoolCarrier {
    pub engine: Weak<Inner>,
    pub host: HostId,
    pub lanes: OwnLanes,
}

impl Carrier for PoolCarrier {
    fn lane(&self, again: bool) -> BoxFuture<'static, Result<Lane>> {
        let (engine, host, lanes) = (self.engine.clone(), self.host.clone(), Arc::clone(&self.lanes));
        async move {
            let ended = || Error::internal("the engine has ended");
            let (pool, make_target) = {
                let engine = Engine { inner: engine.upgrade().ok_or_else(ended)? };
                (engine.inner.pool.clone(), engine.make_target(&host))
            };
            let own = {
                let mut lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(lanes.entry(host.clone()).or_default())
            };
            let up = |lane: &Weak<Connection>| lane.upgrade().filter(|connection| connection.is_up());
            // The interactive lane first: whatever a person is asked is asked there, and once.
            let place = match again {
                true => pool.carrier_again(&host, Arc::clone(&make_target)).await?,
                false => pool.carrier(&host, Arc::clone(&make_target)).await?,
            };
            if let Some(inner) = engine.upgrade() {
                (Engine { inner }).record_remembered(place.connection(), &host).await;
            }
            if place.connection().has_asked() {
                return Ok(Lane::shared(place));
            }
            // One dial for all tunnels of the host.
            let mut own = own.lock().await;
            if let Some(connection) = up(&own) {
                return Ok(Lane::own(connection));
            }
            match pool.tunnel_lane(make_target).await {
                Ok(connection) => {
                    *own = Arc::downgrade(&connection);
                    Ok(Lane::own(connection))
                }
                Err(error) => {
                    // It takes no more of them just now, or the line is bad; if that one is gone too, it says so soon.
                    tracing::debug!(%error, "tunnels share the connection of the terminals");
                    place.connection().ask();
                    Ok(Lane::shared(place))
                }
            }
        }
        .boxed()
    }
}
