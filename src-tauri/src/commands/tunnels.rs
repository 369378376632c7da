//! Tunnels: ports here that lead to somewhere behind a host, and there that lead to here.

use bowline_core::engine::tunnels::{TunnelId, TunnelsView};
use bowline_core::host::HostId;
use bowline_core::host::tunnels::{TunnelDraft, TunnelProblem};

super::engine_commands! {
    tunnels() -> TunnelsView;
    /// What is wrong with a draft, field by field.
    tunnel_check(draft: TunnelDraft) -> Vec<TunnelProblem>;
    /// Adds a tunnel to a host: to its record with `keep`, for this run without.
    tunnel_add(host: HostId, draft: TunnelDraft, keep: bool) -> TunnelId;
    /// Changes a tunnel; one that runs is started anew.
    tunnel_change(id: TunnelId, draft: TunnelDraft) -> ();
    tunnel_start(id: TunnelId) -> ();
    tunnel_stop(id: TunnelId) -> ();
    tunnel_remove(id: TunnelId) -> ();
    /// The forwardings that ssh_config has for a host.
    tunnel_offers(host: HostId) -> Vec<TunnelDraft>;
}
