//! Tunnels: ports and sockets here that lead to somewhere behind a host, or there that lead to here.
//!
//! ```text
//! tunnel.rs          start here: one tunnel that runs, and its connection, lost and made again
//! tunnel/listen.rs   listening on this computer
//! tunnel/local.rs    connections of programs here (ssh -L, -D);  tunnel/remote.rs: of programs there (ssh -R)
//! tunnel/relay.rs    the bytes of one connection;  tunnel/stream.rs: its end on this computer
//! tunnel/socks.rs    SOCKS, purely;  tunnel/direct.rs: one connection whose near end somebody holds (ssh -W)
//! tunnel/live.rs     what is counted and told;  tunnel/stale.rs: the file of a socket that a lost connection left
//! host/tunnels.rs    what a person writes down
//! ```

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::connection::forward::{ListenFault, Listening};
use crate::connection::{Connection, SessionPlace, backoff};
use crate::error::{Error, ErrorCode, Result};
use crate::host::ssh_config::forward::{End, Forward, Kind};
use crate::host::tunnels::written;

#[cfg(unix)]
pub mod direct;
mod listen;
pub mod live;
mod local;
mod relay;
mod remote;
mod socks;
mod stale;
mod stream;

use listen::Listeners;
use live::{Live, Snapshot, Tell, TunnelState};

/// Connections of one tunnel at once. More wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 512;
/// So long a connection waits for a host that is not connected.
pub const WAIT_FOR_HOST: Duration = Duration::from_secs(10);

/// The connection that carries a tunnel.
#[derive(Debug, Clone)]
pub struct Lane {
    pub connection: Arc<Connection>,
    /// Keeps a connection open that is shared with terminals.
    _place: Option<Arc<SessionPlace>>,
}

impl Lane {
    /// A connection for tunnels alone.
    pub fn own(connection: Arc<Connection>) -> Self {
        Self { connection, _place: None }
    }

    /// A place on a connection that has other sessions.
    pub fn shared(place: SessionPlace) -> Self {
        Self { connection: Arc::clone(place.connection()), _place: Some(Arc::new(place)) }
    }
}

/// Makes the connection of a tunnel.
pub trait Carrier: Send + Sync {
    /// A connection that is up. With `again` it waits until the host is, through failures that time may heal.
    fn lane(&self, again: bool) -> BoxFuture<'static, Result<Lane>>;
}

/// The connection of the moment, for those who wait for one.
type Lanes = watch::Receiver<Option<Lane>>;

/// A tunnel that runs, until it is dropped.
#[derive(Debug)]
pub struct Tunnel {
    live: Arc<Live>,
    task: Option<JoinHandle<()>>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl Tunnel {
    /// Starts one. `patient`: its first connection may come as late as it likes; otherwise the tunnel fails with it.
    pub fn start(forward: Forward, carrier: Arc<dyn Carrier>, patient: bool, tell: Tell) -> Self {
        let live = Arc::new(Live::new(tell));
        let stop = CancellationToken::new();
        let task = {
            let (live, stop) = (Arc::clone(&live), stop.clone());
            tokio::spawn(async move {
                let running = run(&forward, &*carrier, patient, &live);
                if let Some(Err(error)) = stop.run_until_cancelled_owned(running).await {
                    live.has_failed(&error);
                }
            })
        };
        Self { live, task: Some(task), _stop_when_dropped: stop.clone().drop_guard(), stop }
    }

    pub fn snapshot(&self) -> Snapshot {
        self.live.snapshot()
    }

    /// Whether it has not ended by itself.
    pub fn is_running(&self) -> bool {
        self.live.snapshot().state != TunnelState::Failed
    }

    /// Ends it: when this returns its port is free.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

/// Ends only with what a person has to see to.
async fn run(forward: &Forward, carrier: &dyn Carrier, patient: bool, live: &Arc<Live>) -> Result<()> {
    let (lane, lanes) = watch::channel(None);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    match (forward.kind, &forward.connect) {
        (Kind::Remote, target) => {
            let serve = remote::Serve { target: target.clone(), live: Arc::clone(live), places };
            keep_remote(&forward.listen, &serve, carrier, patient, live).await
        }
        (Kind::Local | Kind::Dynamic, target) => {
            let listeners = listen::bind(&forward.listen).await?;
            live.listens_at(listeners.bound());
            let serve = local::Serve { target: target.clone(), live: Arc::clone(live), places, lanes };
            tokio::select! {
                ended = keep_lane(carrier, patient, &lane, live) => ended,
                ended = accept(&listeners, &serve) => ended,
            }
        }
    }
}

/// Keeps a connection ready.
async fn keep_lane(
    carrier: &dyn Carrier,
    patient: bool,
    lanes: &watch::Sender<Option<Lane>>,
    live: &Live,
) -> Result<()> {
    let mut again = patient;
    loop {
        let lane = carrier.lane(again).await?;
        lanes.send_replace(Some(lane.clone()));
        live.is_up();
        let error = lane.connection.ended().await;
        lanes.send_replace(None);
        live.is_lost(&error);
        again = true;
    }
}

async fn accept(listeners: &Listeners, serve: &local::Serve) -> Result<()> {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&serve.places).acquire_owned().await else { return Ok(()) };
        match listeners.accept().await {
            Ok((stream, from)) => {
                let serve = serve.clone();
                connections.spawn(async move {
                    serve.serve(stream, from).await;
                    drop(place);
                });
            }
            Err(error) => {
                // No descriptor is left, perhaps: those that are served give theirs back.
                tracing::warn!(%error, "a connection to a tunnel was not taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Has the host listen, on each connection anew.
async fn keep_remote(
    end: &End,
    serve: &remote::Serve,
    carrier: &dyn Carrier,
    patient: bool,
    live: &Live,
) -> Result<()> {
    let (mut again, mut end) = (patient, end.clone());
    // A host that did listen once does so again, as soon as it has noticed that the connection before is gone.
    let mut listened = false;
    let mut refusals = 0;
    // The connection on which the file of a socket was looked at: once is enough.
    let mut looked_at = None;
    loop {
        let lane = carrier.lane(again).await?;
        again = true;
        let listening = match lane.connection.listen_there(&end).await {
            Ok(listening) => listening,
            Err(ListenFault::Lost(error)) => {
                live.is_lost(&error);
                continue;
            }
            Err(fault @ (ListenFault::Refused | ListenFault::Unanswered)) => {
                let error = not_listening(&lane.connection, &end, &fault);
                if !listened {
                    return Err(error);
                }
                live.is_lost(&error);
                if let (End::Socket(path), ListenFault::Refused) = (&end, &fault)
                    && looked_at != Some(lane.connection.id())
                    && stale::removed(&lane.connection, path).await
                {
                    looked_at = Some(lane.connection.id());
                    continue;
                }
                refusals += 1;
                tokio::time::sleep(backoff::delay(refusals, rand::random())).await;
                continue;
            }
        };
        (listened, refusals) = (true, 0);
        if let End::Tcp { port, .. } = &mut end {
            // Whoever was told the port finds it again after a loss.
            *port = listening.port;
        }
        live.listens_at(vec![bound_there(&end)]);
        live.is_up();
        let error = serve_there(listening, &lane, serve).await;
        live.is_lost(&error);
    }
}

async fn serve_there(mut listening: Listening, lane: &Lane, serve: &remote::Serve) -> Error {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&serve.places).acquire_owned().await else {
            return Error::internal("a tunnel has no places");
        };
        let arrival = tokio::select! {
            Some(arrival) = listening.arrivals.recv() => arrival,
            error = lane.connection.ended() => return error,
        };
        let (serve, lane) = (serve.clone(), lane.clone());
        connections.spawn(async move {
            serve.serve(arrival, lane).await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

fn bound_there(end: &End) -> String {
    match end {
        End::Tcp { host: None, port } => format!("localhost:{port}"),
        end => written(end),
    }
}

fn not_listening(connection: &Connection, end: &End, fault: &ListenFault) -> Error {
    let (address, listen) = (&connection.target().address, written(end));
    let cause = match fault {
        ListenFault::Refused | ListenFault::Lost(_) => "it refused",
        ListenFault::Unanswered => "it did not answer",
    };
    if let (End::Socket(_), ListenFault::Refused) = (end, fault) {
        return Error::new(
            ErrorCode::TunnelListenRefused,
            format!(
                "{address} does not listen on {listen} for the tunnel: {cause}. A socket that was left there by a connection \
                 before stands in the way: remove that file on the host, or have its operator set StreamLocalBindUnlink yes \
                 in sshd_config. Or the folder is not there or not yours, or AllowStreamLocalForwarding does not allow it."
            ),
        )
        .with("address", address)
        .with("listen", listen)
        .with("cause", cause)
        .with("reason", "socket");
    }
    Error::new(
        ErrorCode::TunnelListenRefused,
        format!(
            "{address} does not listen on {listen} for the tunnel: {cause}. Something may listen there already, or its operator \
             does not allow it (AllowTcpForwarding, GatewayPorts)."
        ),
    )
    .with("address", address)
    .with("listen", listen)
    .with("cause", cause)
}
