//! Programs at both ends of a tunnel, and what the engine tells of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bowline_core::engine::tunnels::{TunnelId, TunnelView};
use bowline_core::host::HostId;
use bowline_core::host::tunnels::{TunnelDraft, TunnelKind};
use bowline_core::tunnel::live::TunnelState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::desk::Desk;
use crate::eventually::PATIENCE;

pub fn draft(kind: TunnelKind, listen: impl ToString, target: impl ToString) -> TunnelDraft {
    TunnelDraft { kind, listen: listen.to_string(), target: target.to_string(), ..TunnelDraft::default() }
}

/// Bytes that a lost, doubled or swapped piece would change.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Serves every connection to a new port on loopback; its address.
pub async fn serve<F>(each: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(each(stream));
        }
    });
    address
}

/// Says everything again, up to the end.
pub async fn echo() -> SocketAddr {
    serve(|mut stream| async move {
        let (mut reader, mut writer) = stream.split();
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
        let _ = writer.shutdown().await;
    })
    .await
}

/// Says so much noise, of the seed that the first 8 bytes name, and ends.
pub async fn source() -> SocketAddr {
    serve(|mut stream| async move {
        let (Ok(seed), Ok(length)) = (stream.read_u64().await, stream.read_u64().await) else { return };
        let _ = stream.write_all(&noise(seed, usize::try_from(length).unwrap_or(0))).await;
        let _ = stream.shutdown().await;
    })
    .await
}

/// Asks a [`source`].
pub async fn ask(stream: &mut TcpStream, seed: u64, length: usize) {
    stream.write_u64(seed).await.expect("it is asked");
    stream.write_u64(length as u64).await.expect("it is asked");
}

/// What an [`echo`] makes of this.
pub async fn echoed(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), sent: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = async {
        writer.write_all(sent).await.expect("it is sent");
        writer.shutdown().await.expect("the end is sent");
    };
    let mut received = Vec::new();
    let reading = reader.read_to_end(&mut received);
    let both = async { tokio::join!(writing, reading).1 };
    tokio::time::timeout(PATIENCE, both).await.expect("it answers in time").expect("it answers");
    received
}

impl Desk {
    /// Adds a tunnel for this run and starts it.
    pub async fn tunnel(&self, host: &HostId, draft: TunnelDraft) -> TunnelId {
        let id = self.engine.tunnel_add(host.clone(), draft, false).await.expect("it is added");
        self.engine.tunnel_start(id.clone()).await.expect("it is started");
        id
    }

    /// Adds a tunnel, and waits until it is up.
    pub async fn tunnel_up(&self, host: &HostId, draft: TunnelDraft) -> (TunnelId, SocketAddr) {
        let id = self.tunnel(host, draft).await;
        let view = self.tunnel_is(&id, |view| view.state != TunnelState::Starting).await;
        assert_eq!(view.state, TunnelState::Up, "{view:?}");
        let bound = view.bound.first().map(|bound| bound.replace("localhost", "127.0.0.1"));
        let bound = bound.and_then(|bound| bound.parse().ok()).unwrap_or(([0, 0, 0, 0], 0).into());
        (id, bound)
    }

    /// Waits until the engine has looked through the saved hosts.
    pub async fn tunnels_known(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.engine.tunnels().await.expect("the tunnels").tunnels.is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "there are none");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn tunnel_view(&self, id: &TunnelId) -> Option<TunnelView> {
        let view = self.engine.tunnels().await.expect("the tunnels");
        view.tunnels.into_iter().find(|one| one.id == *id)
    }

    /// Waits until what is told of a tunnel is so.
    pub async fn tunnel_is(&self, id: &TunnelId, so: impl Fn(&TunnelView) -> bool) -> TunnelView {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let view = self.tunnel_view(id).await.expect("the tunnel is there");
            if so(&view) {
                return view;
            }
            assert!(tokio::time::Instant::now() < deadline, "it never became so: {view:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
