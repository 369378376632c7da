//! `-L`, `-R` and `-D` beside a session or without one, on the one connection: when it is lost they end with it.

use std::sync::Arc;

use bowline_core::connection::Connection;
use bowline_core::error::{Error, Result};
use bowline_core::host::ssh_config::forward::{End, Forward, Kind};
use bowline_core::host::tunnels::written;
use bowline_core::tunnel::live::{Tell, TunnelState};
use bowline_core::tunnel::{Carrier, Lane, Tunnel};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Notify;

use crate::command::say;
use crate::resolve::Settings;
use crate::tunnel::with_gateway_ports;

/// The forwardings of one connection. Dropping them closes their ports.
pub struct Forwards {
    tunnels: Vec<Tunnel>,
    changed: Arc<Notify>,
}

/// One that cannot begin, where that ends everything (`ExitOnForwardFailure`).
pub struct Failed;

impl Forwards {
    /// Starts those that the settings ask for, and waits until each listens or cannot.
    ///
    /// # Errors
    /// [`Failed`], which the person was told of.
    pub async fn start(
        connection: &Arc<Connection>,
        settings: &Settings,
        alone: bool,
    ) -> Result<Self, Failed> {
        let carrier: Arc<dyn Carrier> = Arc::new(Given { connection: Arc::clone(connection), alone });
        let changed = Arc::new(Notify::new());
        let mut tunnels: Vec<Tunnel> = Vec::new();
        for forward in &settings.forwards {
            let tell: Tell = {
                let changed = Arc::clone(&changed);
                Arc::new(move || changed.notify_one())
            };
            let forward = with_gateway_ports(forward.clone(), settings.gateway_ports);
            let tunnel = Tunnel::start(forward.clone(), Arc::clone(&carrier), false, tell);
            let snapshot = loop {
                let snapshot = tunnel.snapshot();
                if snapshot.state != TunnelState::Starting {
                    break snapshot;
                }
                changed.notified().await;
            };
            if snapshot.state == TunnelState::Failed {
                let problem = snapshot.trouble.map(|trouble| trouble.problem.message).unwrap_or_default();
                if !settings.quiet || settings.exit_on_forward_failure {
                    say(&problem);
                }
                if settings.exit_on_forward_failure {
                    return Err(Failed);
                }
                continue;
            }
            if !settings.quiet {
                allocated(&forward, &snapshot.bound);
            }
            tunnels.push(tunnel);
        }
        Ok(Self { tunnels, changed })
    }

    pub fn is_empty(&self) -> bool {
        self.tunnels.is_empty()
    }

    /// Resolves when no forwarded connection is open: as ssh(1), the end of the session waits for them.
    pub async fn unused(&self) {
        while self.tunnels.iter().any(|tunnel| tunnel.snapshot().counts.live > 0) {
            self.changed.notified().await;
        }
    }
}

/// The port that the host has chosen.
fn allocated(forward: &Forward, bound: &[String]) {
    if let (Kind::Remote, End::Tcp { port: 0, .. }) = (forward.kind, &forward.listen) {
        let port = bound.first().and_then(|bound| bound.rsplit_once(':')).map_or("", |(_, port)| port);
        let target = forward.connect.as_ref().map_or_else(|| "SOCKS".to_owned(), written);
        say(&format!("Allocated port {port} for remote forward to {target}"));
    }
}

/// The connection that there is, and no other.
struct Given {
    connection: Arc<Connection>,
    /// It has no session.
    alone: bool,
}

impl Carrier for Given {
    fn lane(&self, again: bool) -> BoxFuture<'static, Result<Lane>> {
        let (connection, alone) = (Arc::clone(&self.connection), self.alone);
        async move {
            match (again, alone) {
                // Whoever runs the command sees the end of the connection, and ends with it.
                (true, _) => std::future::pending().await,
                (false, true) => Ok(Lane::own(connection)),
                (false, false) => match connection.reserve() {
                    Some(place) => Ok(Lane::shared(place)),
                    None => Err(Error::internal("the connection ended at once")),
                },
            }
        }
        .boxed()
    }
}
