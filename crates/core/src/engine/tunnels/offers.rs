//! The forwardings of ssh_config, which a person may take over as tunnels.

use super::super::config_notes::{ConfigNote, ConfigNoteKind};
use super::super::ways::alias;
use super::super::{BUILTIN_ID, Engine, form};
use crate::error::{Error, Result};
use crate::host::HostId;
use crate::host::ssh_config::algorithms::Algorithms;
use crate::host::ssh_config::canonical::{Found, NameLookup};
use crate::host::ssh_config::files::Files;
use crate::host::ssh_config::resolve::{ExecAnswer, ExecRequest, Outside, Query, resolve};
use crate::host::ssh_config::values::AddressFamily;
use crate::host::tunnels::{self, TUNNELS_MAX, TunnelDraft};

impl Engine {
    /// The forwardings that ssh_config has for a host. Nothing is run and nobody is asked for that.
    ///
    /// # Errors
    /// [`ErrorCode::HostNotFound`](crate::error::ErrorCode::HostNotFound).
    pub async fn tunnel_offers(&self, host: HostId) -> Result<Vec<TunnelDraft>> {
        let places = self.inner.places.clone();
        let mut query = Query { config: places.choice(), ..Query::default() };
        if host.0 == BUILTIN_ID {
            return Ok(Vec::new());
        }
        match alias(&host) {
            Some(alias) => query.destination = alias.to_owned(),
            None => query = form::form_query(query, &self.inner.store.get(&host).await?.draft),
        }
        let reading = tokio::task::spawn_blocking(move || {
            let mut exec = |_: &ExecRequest<'_>| ExecAnswer::Declined;
            let outside = Outside { exec: &mut exec, names: &mut NobodyAsked };
            let (local, algorithms) = (places.local(), Algorithms::default());
            let Ok(resolved) = resolve(&query, &local, &algorithms, &mut Files::default(), outside) else {
                return Vec::new();
            };
            let gateway_ports = resolved.gateway_ports;
            let drafts = resolved.forwards.iter().map(|forward| TunnelDraft::of(forward, gateway_ports));
            drafts.filter(|draft| tunnels::check(draft).is_empty()).take(TUNNELS_MAX).collect()
        });
        reading.await.map_err(Error::internal)
    }
}

/// Whether a note says of a forwarding that it is not used: the page of tunnels offers it.
pub(in crate::engine) fn is_offered(note: &ConfigNote) -> bool {
    let keyword = note.keyword.as_deref().unwrap_or_default().to_ascii_lowercase();
    note.kind == ConfigNoteKind::Unsupported
        && ["localforward", "remoteforward", "dynamicforward"].contains(&keyword.as_str())
}

/// To show what a config says, no name is looked up.
struct NobodyAsked;

impl NameLookup for NobodyAsked {
    fn look_up(&mut self, _: &str, _: AddressFamily) -> Option<Found> {
        None
    }
}
