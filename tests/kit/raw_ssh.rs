//! An SSH server of the kit's own, one packet at a time: it makes a real key exchange and real encryption, and says whatever
//! a test wants it to say, right or wrong, at any moment.
//!
//! ```no_run
//! # async fn example() {
//! use bowline_tests::raw_ssh::{Message, RawServer, msg};
//! let server = RawServer::start(|mut peer| async move {
//!     peer.key_exchange().await?;
//!     peer.accept_login().await?;
//!     let shell = peer.accept_shell().await?;
//!     peer.send(Message::of(msg::CHANNEL_DATA).u32(shell).string(b"hello")).await?;
//!     peer.serve().await
//! })
//! .await;
//! # }
//! ```
//!
//! It offers curve25519-sha256, ssh-ed25519 and aes256-gcm@openssh.com (RFC 8731, 8709, 5647), and other names where a test asks
//! for them.

mod message;
mod packets;
mod transport;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use message::{Message, Reading, msg};
pub use packets::{PacketReader, PacketWriter, Shape};
pub use transport::{Offer, RawPeer, SHELL};

/// A running server. It ends, with its connections, when it is dropped.
pub struct RawServer {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    ending: CancellationToken,
}

impl RawServer {
    /// Does this with every client. An error of it (the client has left) ends the connection and nothing else.
    pub async fn start<F, S>(script: S) -> RawServer
    where
        S: Fn(RawPeer) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let (accepted, ending) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let server = RawServer { address, accepted: Arc::clone(&accepted), ending: ending.clone() };
        tokio::spawn(async move {
            loop {
                let client = tokio::select! {
                    () = ending.cancelled() => return,
                    client = listener.accept() => client,
                };
                let Ok((client, _)) = client else { continue };
                accepted.fetch_add(1, Ordering::Relaxed);
                // Small packets go out at once; failing that, tests are slower and nothing else.
                let _ = client.set_nodelay(true);
                let (serving, ending) = (script(RawPeer::new(client)), ending.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = ending.cancelled() => {}
                        _ = serving => {}
                    }
                });
            }
        });
        server
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.ending.cancel();
    }
}

impl fmt::Debug for RawServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawServer").field("address", &self.address).finish_non_exhaustive()
    }
}
