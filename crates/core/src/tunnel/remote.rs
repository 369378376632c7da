//! Connections of programs on the host, to a target that this computer reaches.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use russh::client::Msg;
use russh::{Channel, ChannelMsg};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Lane;
use super::live::Live;
use super::local::behind;
use super::relay::{Early, RelayFault, relay};
use super::socks::{Handshake, Reply, Request, Step};
use super::stream::Stream;
use crate::connection::forward::Arrival;
use crate::error::{Error, ErrorCode};
use crate::host::ssh_config::forward::End;
use crate::host::tunnels::written;

/// Time for the target to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for a program to say where it wants to go.
const SOCKS_TIMEOUT: Duration = Duration::from_secs(10);
/// What a program may send before its target is connected. It is not to send anything before the proxy's answer; a few do, and
/// then it is a greeting. One that sends more is closed.
const EARLY_BYTES: usize = 64 * 1024;

/// How connections of one tunnel are served.
#[derive(Debug, Clone)]
pub struct Serve {
    /// None is a SOCKS proxy on the host.
    pub target: Option<End>,
    pub live: Arc<Live>,
    pub places: Arc<Semaphore>,
}

impl Serve {
    /// Serves one to its end.
    pub async fn serve(self, arrival: Arrival, lane: Lane) {
        let _counted = self.live.connected();
        let _carried = lane.connection.carry();
        let served = match &self.target {
            Some(target) => match connect(target).await {
                Ok(stream) => {
                    relay(&stream, &lane, arrival.accept().await, Early::default(), &self.live).await
                }
                Err(error) => {
                    arrival.refuse().await;
                    return self.live.trouble(&not_reached(target, &error));
                }
            },
            None => self.serve_socks(arrival.accept().await, &lane).await,
        };
        match served {
            Ok(()) | Err(RelayFault::Gone) => {}
            Err(RelayFault::Lost(error)) => {
                tracing::debug!(%error, "a forwarded connection was lost with its host's");
            }
            Err(RelayFault::Behind(cause)) => {
                let target = self.target.as_ref().map(written).unwrap_or_default();
                self.live.trouble(&behind(&target, &cause));
            }
        }
    }

    async fn serve_socks(&self, mut channel: Channel<Msg>, lane: &Lane) -> Result<(), RelayFault> {
        let mut output = Box::pin(channel.make_writer());
        let asked = timeout(SOCKS_TIMEOUT, asked(&mut channel, &mut output)).await;
        let Ok(Some(request)) = asked else {
            let _ = channel.close().await;
            return Ok(());
        };
        let target = End::Tcp { host: Some(request.host.clone()), port: request.port };
        let permitted = &lane.connection.target().session.permit_remote_open;
        if !permitted.allows(&request.host, request.port) {
            self.live.trouble(&not_permitted(&target));
            let _ = timeout(SOCKS_TIMEOUT, output.write_all(&request.answer(Reply::Forbidden))).await;
            let _ = channel.close().await;
            return Ok(());
        }
        let early = Early { received: request.early.clone(), ..Early::default() };
        let connected = async {
            let connected = connect(&target).await;
            let told = match &connected {
                Ok(_) => output.write_all(&request.answer(Reply::Connected)).await.is_ok(),
                Err(_) => true,
            };
            (connected, told)
        };
        let Some(((connected, true), early)) = read_meanwhile(&mut channel, early, connected).await else {
            let _ = channel.close().await;
            return Ok(());
        };
        match connected {
            Ok(stream) => relay(&stream, lane, channel, early, &self.live).await,
            Err(error) => {
                self.live.trouble(&not_reached(&target, &error));
                let _ = timeout(SOCKS_TIMEOUT, output.write_all(&request.answer(Reply::Failed))).await;
                let _ = channel.close().await;
                Ok(())
            }
        }
    }
}

/// Reads a channel while something else is waited for: one that is not read stops its whole connection (design.md, fact 1).
/// None: it is closed, or it says too much too early.
async fn read_meanwhile<T>(
    channel: &mut Channel<Msg>,
    mut early: Early,
    waited_for: impl Future<Output = T>,
) -> Option<(T, Early)> {
    let mut waited_for = std::pin::pin!(waited_for);
    loop {
        let message = tokio::select! {
            done = &mut waited_for => return Some((done, early)),
            message = channel.wait() => message?,
        };
        match message {
            ChannelMsg::Data { data } if early.received.len() + data.len() > EARLY_BYTES => return None,
            ChannelMsg::Data { data } => early.received.extend_from_slice(&data),
            ChannelMsg::Eof => early.eof = true,
            ChannelMsg::Close => return None,
            _ => {}
        }
    }
}

async fn asked(channel: &mut Channel<Msg>, output: &mut (impl AsyncWriteExt + Unpin)) -> Option<Request> {
    let mut handshake = Handshake::default();
    loop {
        let mut step = match channel.wait().await? {
            ChannelMsg::Data { data } => handshake.push(&data),
            ChannelMsg::Eof | ChannelMsg::Close => return None,
            _ => continue,
        };
        while let Step::Say(answer) = step {
            output.write_all(&answer).await.ok()?;
            step = handshake.push(&[]);
        }
        match step {
            Step::Connect(request) => return Some(request),
            Step::Refuse { answer, .. } => {
                let _ = output.write_all(&answer).await;
                return None;
            }
            Step::More | Step::Say(_) => {}
        }
    }
}

async fn connect(target: &End) -> io::Result<Stream> {
    let connecting = async {
        match target {
            End::Tcp { host, port } => {
                let host = host.as_deref().filter(|host| !host.is_empty()).unwrap_or("localhost");
                TcpStream::connect((host, *port)).await.map(Stream::from)
            }
            End::Socket(path) => connect_socket(path).await,
        }
    };
    timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(unix)]
async fn connect_socket(path: &str) -> io::Result<Stream> {
    let path = crate::host::key_file::expand_home(path);
    tokio::net::UnixStream::connect(path).await.map(Stream::from)
}

#[cfg(not(unix))]
async fn connect_socket(_: &str) -> io::Result<Stream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
}

fn not_reached(target: &End, error: &io::Error) -> Error {
    let target = written(target);
    let text = format!(
        "This computer could not connect to {target}, the target of the tunnel: {error}. Start what listens there."
    );
    Error::new(ErrorCode::TunnelTargetFailedHere, text).with("target", target).with("cause", error)
}

fn not_permitted(target: &End) -> Error {
    let target = written(target);
    let text = format!(
        "A program on the host wanted to go to {target} through the tunnel, and PermitRemoteOpen in your ssh config does not \
         permit that. Add it there if it is to work."
    );
    Error::new(ErrorCode::TunnelTargetFailedHere, text).with("target", target).with("reason", "permit")
}
