//! Forwarded channels of a connection (RFC 4254, section 7, and OpenSSH's PROTOCOL, section 2.4): those that we open, and those
//! that the server opens for a port or socket that we asked it to listen on. It gets no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{ChannelOpenHandle, Msg};
use russh::{Channel, ChannelOpenFailure};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::{Connection, spare};
use crate::error::Error;
use crate::host::ssh_config::forward::End;
use crate::prompt::visible_line;

/// Time for the far end to reach the target. Its own system may try for two minutes; whoever connected has gone by then.
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for the server to say whether it listens.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections that the server has for us and that nobody has taken yet. One more is refused.
const ARRIVALS: usize = 64;

/// Why a forwarded channel was not opened.
#[derive(Debug)]
pub enum OpenFault {
    /// The server does not allow it (AllowTcpForwarding, PermitOpen).
    Forbidden,
    /// The far end could not reach the target.
    Failed(String),
    /// It did not say anything in [`OPEN_TIMEOUT`].
    Unanswered,
    /// The connection ended.
    Lost(Error),
}

/// Why the server does not listen.
#[derive(Debug)]
pub enum ListenFault {
    Refused,
    Unanswered,
    Lost(Error),
}

/// A connection that came to a port or socket of the host.
pub struct Arrival {
    channel: Channel<Msg>,
    reply: ChannelOpenHandle,
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Arrival")
    }
}

impl Arrival {
    pub async fn accept(self) -> Channel<Msg> {
        self.reply.accept().await;
        self.channel
    }

    /// Our side could not reach the target.
    pub async fn refuse(self) {
        self.reply.reject(ChannelOpenFailure::ConnectFailed).await;
    }
}

/// What the server was asked to listen on, and how many forwarded channels there are.
pub(super) struct Forwards {
    asked: Mutex<Asked>,
    carried: watch::Sender<u32>,
}

impl Default for Forwards {
    fn default() -> Self {
        Self { asked: Mutex::default(), carried: watch::Sender::new(0) }
    }
}

#[derive(Default)]
struct Asked {
    last: u64,
    ends: HashMap<u64, (AskedEnd, mpsc::Sender<Arrival>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum AskedEnd {
    /// Without a port until the server has chosen one.
    Port {
        address: String,
        port: Option<u32>,
    },
    Socket(String),
}

impl Forwards {
    /// Hands a connection over to whoever asked for it, or refuses it. Never waits.
    pub async fn arrived_at_port(
        &self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        address: &str,
        port: u32,
    ) {
        let found = {
            let asked = self.lock();
            let at = |same: &dyn Fn(&str, Option<u32>) -> bool| {
                asked.ends.values().find_map(|(end, arrivals)| match end {
                    AskedEnd::Port { address, port } if same(address, *port) => Some(arrivals.clone()),
                    AskedEnd::Port { .. } | AskedEnd::Socket(_) => None,
                })
            };
            // A server may name the address in its own way; the port is what we know it by.
            at(&|ours, number| ours == address && number == Some(port))
                .or_else(|| at(&|_, number| number == Some(port)))
                // The answer that names the port may still be on its way through russh.
                .or_else(|| at(&|ours, number| ours == address && number.is_none()))
        };
        hand_over(found, channel, reply).await;
    }

    pub async fn arrived_at_socket(&self, channel: Channel<Msg>, reply: ChannelOpenHandle, path: &str) {
        let found = self.lock().ends.values().find_map(|(end, arrivals)| {
            (*end == AskedEnd::Socket(path.to_owned())).then(|| arrivals.clone())
        });
        hand_over(found, channel, reply).await;
    }

    fn expect(&self, end: AskedEnd) -> (u64, mpsc::Receiver<Arrival>) {
        let (arrivals, received) = mpsc::channel(ARRIVALS);
        let mut asked = self.lock();
        asked.last += 1;
        let id = asked.last;
        asked.ends.insert(id, (end, arrivals));
        (id, received)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn hand_over(to: Option<mpsc::Sender<Arrival>>, channel: Channel<Msg>, reply: ChannelOpenHandle) {
    let Some(to) = to else {
        return reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    };
    if let Err(error) = to.try_send(Arrival { channel, reply }) {
        error.into_inner().reply.reject(ChannelOpenFailure::ResourceShortage).await;
    }
}

/// A port or socket on which the server listens for us, until this is dropped.
pub struct Listening {
    /// The port that it has; 0 for a socket.
    pub port: u16,
    pub arrivals: mpsc::Receiver<Arrival>,
    id: u64,
    connection: Arc<Connection>,
}

impl std::fmt::Debug for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listening({})", self.port)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let removed = self.connection.forwards.lock().ends.remove(&self.id);
        let (Some((end, _)), Ok(runtime)) = (removed, tokio::runtime::Handle::try_current()) else { return };
        let connection = Arc::clone(&self.connection);
        runtime.spawn(async move {
            let handle = &connection.handle;
            let cancelling = async {
                match end {
                    AskedEnd::Port { address, port } => {
                        handle.cancel_tcpip_forward(address, port.unwrap_or(0)).await
                    }
                    AskedEnd::Socket(path) => handle.cancel_streamlocal_forward(path).await,
                }
            };
            tokio::select! {
                _ = timeout(LISTEN_TIMEOUT, cancelling) => {}
                _ = connection.ended() => {}
            }
        });
    }
}

/// Counts one forwarded channel while it lives.
#[derive(Debug)]
pub struct Carried(Arc<Connection>);

impl Drop for Carried {
    fn drop(&mut self) {
        self.0.forwards.carried.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A channel that nobody has taken.
struct Unclaimed(Option<Channel<Msg>>);

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(channel) = self.0.take() {
            spare::close(channel);
        }
    }
}

impl Connection {
    /// Counts a forwarded channel. Whoever holds the connection back for one watches how many there are.
    pub fn carry(self: &Arc<Self>) -> Carried {
        self.forwards.carried.send_modify(|count| *count += 1);
        Carried(Arc::clone(self))
    }

    pub fn carried(&self) -> watch::Receiver<u32> {
        self.forwards.carried.subscribe()
    }

    /// Has the far end connect to a target. `from` is told to the server, for its log.
    ///
    /// # Errors
    /// Why there is no channel.
    pub async fn open_forward(
        self: &Arc<Self>,
        target: &End,
        from: (String, u16),
    ) -> Result<Channel<Msg>, OpenFault> {
        let (give, given) = oneshot::channel();
        let (connection, target) = (Arc::clone(self), target.clone());
        // A task of its own: a channel that comes when nobody waits for it any more has to be closed.
        tokio::spawn(async move {
            let handle = &connection.handle;
            let opening = async {
                match target {
                    End::Tcp { host, port } => {
                        let host = host.unwrap_or_default();
                        handle.channel_open_direct_tcpip(host, port.into(), from.0, from.1.into()).await
                    }
                    End::Socket(path) => handle.channel_open_direct_streamlocal(path).await,
                }
            };
            let opened = tokio::select! {
                opened = opening => opened,
                _ = connection.ended() => Err(russh::Error::Disconnect),
            };
            let _ = give.send(opened.map(|channel| Unclaimed(Some(channel))));
        });
        let opened = match timeout(OPEN_TIMEOUT, given).await {
            Ok(opened) => opened.unwrap_or(Err(russh::Error::Disconnect)),
            Err(_) => return Err(OpenFault::Unanswered),
        };
        match opened.map(|mut unclaimed| unclaimed.0.take()) {
            Ok(Some(channel)) => Ok(channel),
            Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited)) => {
                Err(OpenFault::Forbidden)
            }
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                Err(OpenFault::Failed(visible_line(reason.description()).to_lowercase()))
            }
            Ok(None) | Err(_) => Err(OpenFault::Lost(self.ended_soon().await)),
        }
    }

    /// Has the server listen on a port (0 for any) or a socket.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn listen_there(self: &Arc<Self>, end: &End) -> Result<Listening, ListenFault> {
        let asked = match end {
            // As OpenSSH asks: nothing said is loopback, everybody is the empty address.
            End::Tcp { host: None, port } => port_asked("localhost", *port),
            End::Tcp { host: Some(host), port } if host == "*" => port_asked("", *port),
            End::Tcp { host: Some(host), port } => port_asked(host, *port),
            End::Socket(path) => AskedEnd::Socket(path.clone()),
        };
        let (id, arrivals) = self.forwards.expect(asked.clone());
        // From here on it is cancelled when it is given up.
        let mut listening = Listening { port: 0, arrivals, id, connection: Arc::clone(self) };
        let handle = &self.handle;
        let asking = async {
            match &asked {
                AskedEnd::Port { address, port } => {
                    let port = port.unwrap_or(0);
                    handle
                        .tcpip_forward(address.as_str(), port)
                        .await
                        .map(|chosen| if port == 0 { chosen } else { port })
                }
                AskedEnd::Socket(path) => handle.streamlocal_forward(path.as_str()).await.map(|()| 0),
            }
        };
        let answered = tokio::select! {
            answered = timeout(LISTEN_TIMEOUT, asking) => answered,
            ended = self.ended() => {
                self.forwards.lock().ends.remove(&listening.id);
                return Err(ListenFault::Lost(ended));
            }
        };
        let fault = match answered {
            Ok(Ok(port)) => {
                listening.port = u16::try_from(port).unwrap_or(0);
                if let Some((AskedEnd::Port { port: known, .. }, _)) =
                    self.forwards.lock().ends.get_mut(&listening.id)
                {
                    *known = Some(port);
                }
                return Ok(listening);
            }
            Ok(Err(russh::Error::RequestDenied)) => ListenFault::Refused,
            Ok(Err(_)) => ListenFault::Lost(self.ended_soon().await),
            Err(_) => ListenFault::Unanswered,
        };
        // There is nothing to cancel.
        self.forwards.lock().ends.remove(&listening.id);
        Err(fault)
    }

    /// russh has let go of the connection; its watcher says why in a moment.
    async fn ended_soon(&self) -> Error {
        match timeout(Duration::from_secs(1), self.ended()).await {
            Ok(ended) => ended,
            Err(_) => super::driver::lost(&self.target, "it takes no further channel"),
        }
    }
}

fn port_asked(address: &str, port: u16) -> AskedEnd {
    AskedEnd::Port { address: address.to_owned(), port: (port != 0).then_some(u32::from(port)) }
}
