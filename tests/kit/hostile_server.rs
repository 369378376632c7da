//! A TCP server on loopback that follows a script with every client: what a wrong port, a broken middlebox or an attacker
//! answers to an SSH client.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// One thing that the server does; the next one follows when it is done. After the last the connection is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again, until the client leaves.
    SendForever(Vec<u8>),
    /// Takes this many bytes from the client.
    Expect(usize),
    /// Neither sends nor takes anything, with the connection open, until the client leaves or the server ends.
    Silence,
    /// Closes with FIN.
    Close,
    /// Closes with RST.
    Reset,
}

/// What the clients have sent that is kept, over all of them.
const RECEIVED_BYTES: usize = 1024 * 1024;

/// A running server. It ends, with its connections, when it is dropped.
pub struct HostileServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    accepted: AtomicUsize,
    sent: AtomicU64,
    received: Mutex<Vec<u8>>,
    ending: CancellationToken,
}

impl HostileServer {
    /// Follows this script with every client.
    pub async fn start(script: Vec<Step>) -> HostileServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        tokio::spawn(accept(listener, script, Arc::clone(&shared)));
        HostileServer { address, shared }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Bytes sent so far, over all connections.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// What was taken by [`Step::Expect`] so far, over all connections: the first mebibyte of it.
    pub fn received(&self) -> Vec<u8> {
        self.shared.received().clone()
    }
}

/// A web server on the port.
pub fn not_ssh() -> Vec<Step> {
    let page = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 11\r\nConnection: close\r\n\r\nBad Request";
    vec![Step::Send(page.into()), Step::Close]
}

/// A server that accepts and never says a word.
pub fn silent() -> Vec<Step> {
    vec![Step::Silence]
}

/// Lines before the identification, without end. A client must tolerate some (RFC 4253, section 4.2), not all.
pub fn endless_banner() -> Vec<Step> {
    vec![Step::SendForever(b"Welcome to this host, please wait\r\n".to_vec())]
}

/// One line before the identification, without end.
pub fn endless_line() -> Vec<Step> {
    vec![Step::SendForever(vec![b'x'; 4096])]
}

/// A server that closes each connection as soon as it is made.
pub fn closes_at_once() -> Vec<Step> {
    vec![Step::Close]
}

/// A server that resets each connection as soon as it is made.
pub fn resets_at_once() -> Vec<Step> {
    vec![Step::Reset]
}

/// A proper identification, then a packet that claims to be 4 GiB long.
pub fn huge_packet_length() -> Vec<Step> {
    let mut bytes = b"SSH-2.0-Hostile_1.0\r\n".to_vec();
    bytes.extend(u32::MAX.to_be_bytes());
    bytes.push(4);
    vec![Step::Send(bytes), Step::SendForever(vec![0; 4096])]
}

/// A proper identification, then silence in the middle of the key exchange.
pub fn silent_after_banner() -> Vec<Step> {
    vec![Step::Send(b"SSH-2.0-Hostile_1.0\r\n".to_vec()), Step::Silence]
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.shared.ending.cancel();
    }
}

impl fmt::Debug for HostileServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostileServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Shared {
    fn received(&self) -> MutexGuard<'_, Vec<u8>> {
        // A panic elsewhere leaves nothing half done in it.
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, script: Vec<Step>, shared: Arc<Shared>) {
    loop {
        let client = tokio::select! {
            () = shared.ending.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => client,
                Err(_) => continue,
            },
        };
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        let (script, shared) = (script.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            tokio::select! {
                () = shared.ending.cancelled() => {}
                // A client that leaves in the middle ends the script; that is not an error of the test.
                _ = follow(&script, client, &shared) => {}
            }
        });
    }
}

async fn follow(script: &[Step], mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    for step in script {
        match step {
            Step::Send(bytes) => send(&mut client, bytes, shared).await?,
            Step::SendForever(bytes) => loop {
                send(&mut client, bytes, shared).await?;
            },
            Step::Expect(length) => expect(&mut client, *length, shared).await?,
            Step::Silence => std::future::pending().await,
            Step::Close => break,
            Step::Reset => return client.set_zero_linger(),
        }
    }
    close(client).await
}

async fn send(client: &mut TcpStream, bytes: &[u8], shared: &Shared) -> io::Result<()> {
    client.write_all(bytes).await?;
    shared.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    Ok(())
}

async fn expect(client: &mut TcpStream, length: usize, shared: &Shared) -> io::Result<()> {
    let mut bytes = vec![0; length];
    client.read_exact(&mut bytes).await?;
    let mut received = shared.received();
    let room = RECEIVED_BYTES - received.len();
    received.extend_from_slice(&bytes[..length.min(room)]);
    Ok(())
}

/// Sends FIN, and takes what still arrives: closing with unread bytes would send RST.
async fn close(mut client: TcpStream) -> io::Result<()> {
    client.shutdown().await?;
    tokio::io::copy(&mut client, &mut tokio::io::sink()).await.map(|_| ())
}
