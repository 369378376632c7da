//! A TCP proxy on loopback that does to a connection what networks do: delay, limit, freeze, cut, corrupt and forget it.
//!
//! Every fault is set while it runs, through [`FaultProxy`]'s methods, and meets the bytes that pass from then on. Byte
//! offsets count from the start of each connection, from 0. Whatever is random (jitter, sizes of fragments) comes from the
//! seed, so a failing run can be repeated.
//!
//! ```no_run
//! # async fn example(server: std::net::SocketAddr) {
//! use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
//! let proxy = FaultProxy::start(server, 7).await;
//! proxy.cut_at(Direction::ToClient, 4096, Cut::Reset);
//! // ... connect to proxy.address() ...
//! # }
//! ```

mod faults;
mod relay;

use std::collections::HashMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use faults::{Faults, Line};
use relay::{Ending, Link};

/// Which way bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// How a connection is cut, as both ends see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// With RST: reads and writes fail at once.
    Reset,
    /// With FIN: reads end as if the other side had closed.
    Finish,
    /// The server sees RST; the client sees nothing, ever: what it sends is taken and leads nowhere.
    HalfOpen,
}

/// What the client may send that is kept for inspection, per proxy: enough for any login.
const CAPTURE_BYTES: usize = 1024 * 1024;

/// A running proxy. It ends, with its connections, when it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all connections of a proxy share.
struct Shared {
    /// Where new connections are passed on to.
    server: Mutex<SocketAddr>,
    /// Whether it listens now.
    listening: watch::Sender<bool>,
    seed: u64,
    faults: watch::Sender<Faults>,
    record: Mutex<Record>,
    ending: CancellationToken,
}

/// What has passed so far.
#[derive(Default)]
struct Record {
    to_server: u64,
    to_client: u64,
    captured: Vec<u8>,
    accepted: usize,
    /// The open connections by number, each with the way to cut it.
    open: HashMap<usize, Ending>,
}

impl FaultProxy {
    /// A proxy without faults to this server.
    pub async fn start(server: SocketAddr, seed: u64) -> FaultProxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            server: Mutex::new(server),
            listening: watch::Sender::new(true),
            seed,
            faults: watch::Sender::new(Faults::default()),
            record: Mutex::default(),
            ending: CancellationToken::new(),
        });
        tokio::spawn(accept(listener, address, Arc::clone(&shared)));
        FaultProxy { address, shared }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Holds every byte back for this long. Bytes on their way keep theirs.
    pub fn delay(&self, direction: Direction, delay: Duration) {
        self.line(direction, |line| line.delay = delay);
    }

    /// Adds a random time, up to this, to the delay. Order is kept.
    pub fn jitter(&self, direction: Direction, most: Duration) {
        self.line(direction, |line| line.jitter = most);
    }

    /// Lets this many bytes through in a second, or any number again.
    pub fn limit(&self, direction: Direction, bytes_per_second: Option<u64>) {
        self.line(direction, |line| line.bytes_per_second = bytes_per_second);
    }

    /// Sends on in pieces of a random size, from one byte up to this. The ends may join them again.
    pub fn fragment(&self, direction: Direction, most_bytes: Option<usize>) {
        self.line(direction, |line| line.fragment_bytes = most_bytes);
    }

    /// Stops passing bytes on, and soon taking them. The sockets stay open.
    pub fn freeze(&self, direction: Direction) {
        self.line(direction, |line| line.frozen = true);
    }

    /// Lets a frozen direction go on. Nothing was lost.
    pub fn thaw(&self, direction: Direction) {
        self.line(direction, |line| line.frozen = false);
    }

    /// Freezes both directions: a cable pulled out.
    pub fn freeze_all(&self) {
        self.freeze(Direction::ToServer);
        self.freeze(Direction::ToClient);
    }

    /// Thaws both directions.
    pub fn thaw_all(&self) {
        self.thaw(Direction::ToServer);
        self.thaw(Direction::ToClient);
    }

    /// A hole in the network: nothing passes on open connections, and new ones are taken but lead nowhere. When it heals
    /// everything goes on, nothing lost: what waited in the hole is what TCP would have sent again.
    pub fn black_hole(&self, black: bool) {
        self.shared.faults.send_modify(|faults| {
            faults.black_hole = black;
            for direction in [Direction::ToServer, Direction::ToClient] {
                faults.line_mut(direction).frozen = black;
            }
        });
    }

    /// Closes one direction of every open connection: the receiving end reads FIN, the sending end notices nothing and its
    /// bytes are taken and lost. The other direction lives on.
    pub fn close_direction(&self, direction: Direction) {
        for ending in self.shared.record().open.values() {
            ending.finish(direction);
        }
    }

    /// Passes new connections on to another server from now on: a host that has moved, or that was restarted elsewhere.
    pub fn retarget(&self, server: SocketAddr) {
        *self.shared.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// Stops listening: connecting fails with "connection refused" once this returns. Open connections are left alone.
    pub async fn stop_listening(&self) {
        self.listen(false).await;
    }

    /// Listens again, at the same address.
    pub async fn listen_again(&self) {
        self.listen(true).await;
    }

    async fn listen(&self, wanted: bool) {
        self.shared.faults.send_modify(|faults| faults.deaf = !wanted);
        let mut listening = self.shared.listening.subscribe();
        // The sender lives as long as `self`.
        let _ = listening.wait_for(|now| *now == wanted).await;
    }

    /// Cuts the first connection on which this many bytes have passed in this direction, right after the last of them.
    /// Once: later connections live.
    pub fn cut_at(&self, direction: Direction, bytes: u64, cut: Cut) {
        self.line(direction, |line| line.cut = Some((bytes, cut)));
    }

    /// Flips every bit of the byte at this offset, on the first connection that gets there. Once.
    pub fn corrupt_at(&self, direction: Direction, offset: u64) {
        self.line(direction, |line| line.corrupt = Some(offset));
    }

    /// Cuts every open connection now.
    pub fn cut_now(&self, cut: Cut) {
        for ending in self.shared.record().open.values() {
            ending.cut(cut);
        }
    }

    /// Whether new connections are reset as soon as they are made. Open ones are left alone.
    pub fn refuse_new(&self, refuse: bool) {
        self.shared.faults.send_modify(|faults| faults.refuse_new = refuse);
    }

    /// Bytes passed on so far in this direction, over all connections.
    pub fn passed(&self, direction: Direction) -> u64 {
        let record = self.shared.record();
        match direction {
            Direction::ToServer => record.to_server,
            Direction::ToClient => record.to_client,
        }
    }

    /// What was passed on to the server so far, over all connections: the first mebibyte of it.
    pub fn captured(&self) -> Vec<u8> {
        self.shared.record().captured.clone()
    }

    /// Connections accepted so far, the refused ones included.
    pub fn accepted(&self) -> usize {
        self.shared.record().accepted
    }

    /// Connections that are open now. One that is half open counts until the client leaves.
    pub fn open(&self) -> usize {
        self.shared.record().open.len()
    }

    fn line(&self, direction: Direction, change: impl FnOnce(&mut Line)) {
        self.shared.faults.send_modify(|faults| change(faults.line_mut(direction)));
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.ending.cancel();
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("address", &self.address)
            .field("server", &self.shared.server())
            .field("seed", &self.shared.seed)
            .field("to_server", &self.passed(Direction::ToServer))
            .field("to_client", &self.passed(Direction::ToClient))
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn server(&self) -> SocketAddr {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // A panic elsewhere leaves nothing half done in it.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, direction: Direction, bytes: &[u8]) {
        let mut record = self.record();
        match direction {
            Direction::ToServer => {
                record.to_server += bytes.len() as u64;
                let room = CAPTURE_BYTES - record.captured.len();
                record.captured.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Direction::ToClient => record.to_client += bytes.len() as u64,
        }
    }
}

async fn accept(mut listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) {
    let mut faults = shared.faults.subscribe();
    loop {
        let deaf = async {
            // An error is the proxy's end, which is looked at beside.
            let _ = faults.wait_for(|faults| faults.deaf).await;
        };
        let client = tokio::select! {
            () = shared.ending.cancelled() => return,
            () = deaf => None,
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => Some(client),
                Err(_) => continue,
            },
        };
        let Some(client) = client else {
            drop(listener);
            shared.listening.send_replace(false);
            let Some(again) = listening_again(&mut faults, address, &shared).await else { return };
            listener = again;
            shared.listening.send_replace(true);
            continue;
        };
        let number = shared.record().accepted;
        shared.record().accepted += 1;
        if shared.faults.borrow().refuse_new {
            // Should it fail the client sees FIN, which is a refusal too.
            let _ = client.set_zero_linger();
            continue;
        }
        tokio::spawn(serve(client, number, Arc::clone(&shared)));
    }
}

/// Waits until it shall listen again; none when the proxy has ended.
async fn listening_again(
    faults: &mut watch::Receiver<Faults>,
    address: SocketAddr,
    shared: &Shared,
) -> Option<TcpListener> {
    tokio::select! {
        () = shared.ending.cancelled() => return None,
        heard = faults.wait_for(|faults| !faults.deaf) => drop(heard.ok()?),
    }
    // tokio sets SO_REUSEADDR: connections that linger from before are no hindrance.
    Some(TcpListener::bind(address).await.expect("the proxy's own port is still free"))
}

async fn serve(client: TcpStream, number: usize, shared: Arc<Shared>) {
    let ending = Ending::default();
    shared.record().open.insert(number, ending.clone());
    tokio::select! {
        () = forward(client, number, ending, &shared) => {}
        () = shared.ending.cancelled() => {}
    }
    shared.record().open.remove(&number);
}

async fn forward(client: TcpStream, number: usize, ending: Ending, shared: &Shared) {
    let mut faults = shared.faults.subscribe();
    if faults.wait_for(|faults| !faults.black_hole).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(shared.server()).await else {
        // The server is away: the client's connection is reset, as a refused one would be.
        let _ = client.set_zero_linger();
        return;
    };
    relay::run(Link { client, server, number, ending }, shared).await;
}
