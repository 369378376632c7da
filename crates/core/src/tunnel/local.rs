//! Connections of programs on this computer, to a target behind the host: always the same one, or the one that they ask a SOCKS
//! proxy for.

use std::sync::Arc;
use std::time::Duration;

use russh::Channel;
use russh::client::Msg;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::live::Live;
use super::relay::{Early, RelayFault, relay};
use super::socks::{Handshake, Reply, Request, Step};
use super::stream::Stream;
use super::{Lane, Lanes, WAIT_FOR_HOST};
use crate::connection::forward::{OPEN_TIMEOUT, OpenFault};
use crate::error::{Error, ErrorCode};
use crate::host::ssh_config::forward::End;
use crate::host::tunnels::written;

/// Time for a program to say where it wants to go.
const SOCKS_TIMEOUT: Duration = Duration::from_secs(10);
const SOCKS_READ_BYTES: usize = 1024;

/// How connections of one tunnel are served.
#[derive(Debug, Clone)]
pub struct Serve {
    /// None is a SOCKS proxy.
    pub target: Option<End>,
    pub live: Arc<Live>,
    pub places: Arc<Semaphore>,
    pub lanes: Lanes,
}

/// Why there is no channel.
enum Fault {
    /// The host was not connected for too long.
    NoHost,
    Open(OpenFault, Lane),
}

impl Serve {
    /// Serves one to its end. What goes wrong with it is told, and is nobody else's matter.
    pub async fn serve(mut self, stream: Stream, from: (String, u16)) {
        let _counted = self.live.connected();
        let (target, request) = match self.target.clone() {
            Some(target) => (target, None),
            None => match self.asked(&stream).await {
                Ok(request) => {
                    let end = End::Tcp { host: Some(request.host.clone()), port: request.port };
                    (end, Some(request))
                }
                Err(Some(why)) => return self.live.trouble(&not_socks(why)),
                Err(None) => return,
            },
        };
        let (lane, channel) = match self.channel(&target, from).await {
            Ok(opened) => opened,
            Err(fault) => {
                let (error, reply) = self.told(&target, fault);
                self.live.trouble(&error);
                if let Some(request) = request {
                    let answer = request.answer(reply);
                    if matches!(timeout(SOCKS_TIMEOUT, stream.write_all(&answer)).await, Ok(Ok(()))) {
                        // The answer says it all; a reset could overtake it.
                        stream.end();
                        stream.is_whole();
                    }
                }
                return;
            }
        };
        let _carried = lane.connection.carry();
        let mut early = Early::default();
        if let Some(request) = request {
            let answer = request.answer(Reply::Connected);
            if !matches!(timeout(SOCKS_TIMEOUT, stream.write_all(&answer)).await, Ok(Ok(()))) {
                let _ = channel.close().await;
                return;
            }
            early.sent = request.early;
        }
        match relay(&stream, &lane, channel, early, &self.live).await {
            Ok(()) | Err(RelayFault::Gone) => {}
            Err(RelayFault::Lost(error)) => {
                tracing::debug!(%error, "a forwarded connection was lost with its host's");
            }
            Err(RelayFault::Behind(cause)) => self.live.trouble(&behind(&written(&target), &cause)),
        }
    }

    /// What a program asks of the proxy; if it speaks no SOCKS, why that is thought, unless it just went away.
    async fn asked(&self, stream: &Stream) -> Result<Request, Option<&'static str>> {
        let asking = async {
            let mut handshake = Handshake::default();
            let mut buffer = [0; SOCKS_READ_BYTES];
            let mut step = Step::More;
            loop {
                step = match step {
                    Step::More => {
                        let read = stream.read(&mut buffer).await.map_err(|_| None)?;
                        let bytes = buffer.get(..read).filter(|bytes| !bytes.is_empty()).ok_or(None)?;
                        handshake.push(bytes)
                    }
                    Step::Say(answer) => {
                        stream.write_all(&answer).await.map_err(|_| None)?;
                        handshake.push(&[])
                    }
                    Step::Connect(request) => return Ok(request),
                    Step::Refuse { answer, why } => {
                        if stream.write_all(&answer).await.is_ok() {
                            stream.end();
                            stream.is_whole();
                        }
                        return Err(Some(why));
                    }
                };
            }
        };
        timeout(SOCKS_TIMEOUT, asking)
            .await
            .unwrap_or(Err(Some("it did not say in time where it wants to go")))
    }

    /// A channel to the target, on the connection that there is within [`WAIT_FOR_HOST`].
    async fn channel(&mut self, target: &End, from: (String, u16)) -> Result<(Lane, Channel<Msg>), Fault> {
        let until = Instant::now() + WAIT_FOR_HOST;
        loop {
            let ready = self.lanes.borrow_and_update().clone();
            let lane = match ready {
                Some(lane) => lane,
                None => {
                    let _waits = self.live.waits();
                    match timeout_at(until, self.lanes.wait_for(Option::is_some)).await {
                        Ok(Ok(lane)) => lane.clone().ok_or(Fault::NoHost)?,
                        Ok(Err(_)) | Err(_) => return Err(Fault::NoHost),
                    }
                }
            };
            // Counted from here on: while it is opened nobody may hold the connection back.
            let carried = lane.connection.carry();
            match lane.connection.open_forward(target, from.clone()).await {
                Ok(channel) => return Ok((lane, channel)),
                Err(OpenFault::Lost(_)) if Instant::now() < until => {
                    drop(carried);
                    // Until the tunnel has noticed it too.
                    let lost = lane.connection.id();
                    let gone =
                        |now: &Option<Lane>| now.as_ref().is_none_or(|now| now.connection.id() != lost);
                    let _ = timeout_at(until, self.lanes.wait_for(gone)).await;
                }
                Err(fault) => return Err(Fault::Open(fault, lane)),
            }
        }
    }

    fn told(&self, target: &End, fault: Fault) -> (Error, Reply) {
        let target = written(target);
        match fault {
            Fault::NoHost => {
                let seconds = WAIT_FOR_HOST.as_secs();
                let text = format!(
                    "A connection to {target} was closed: the host was not connected within {seconds} seconds."
                );
                let error = Error::new(ErrorCode::TunnelWaited, text);
                (error.with("target", target).with("seconds", seconds), Reply::NoNetwork)
            }
            Fault::Open(fault, lane) => {
                let address = &lane.connection.target().address;
                not_opened(address, &target, fault)
            }
        }
    }
}

pub(super) fn not_opened(address: &str, target: &str, fault: OpenFault) -> (Error, Reply) {
    let failed = |cause: String| {
        Error::new(
            ErrorCode::TunnelTargetFailed,
            format!(
                "{address} could not connect to {target}: {cause}. Check the address as the host sees it, and that something \
                 listens there."
            ),
        )
        .with("cause", cause)
    };
    let (error, reply) = match fault {
        OpenFault::Forbidden => {
            let text = format!(
                "{address} does not allow connections to {target}. Ask its operator to allow forwarding (AllowTcpForwarding, \
                 PermitOpen)."
            );
            (Error::new(ErrorCode::TunnelForbidden, text), Reply::Forbidden)
        }
        OpenFault::Failed(cause) => (failed(cause), Reply::Failed),
        OpenFault::Unanswered => {
            (failed(format!("it did not answer within {} seconds", OPEN_TIMEOUT.as_secs())), Reply::Failed)
        }
        OpenFault::Lost(error) => return (error, Reply::NoNetwork),
    };
    (error.with("address", address).with("target", target), reply)
}

fn not_socks(why: &'static str) -> Error {
    let text = format!(
        "A program was turned away by the SOCKS proxy: {why}. Check the proxy settings of that program."
    );
    Error::new(ErrorCode::TunnelNotSocks, text).with("cause", why)
}

pub(super) fn behind(target: &str, cause: &str) -> Error {
    let text =
        format!("A connection to {target} was reset: {cause}. The program at its other end takes nothing.");
    Error::new(ErrorCode::TunnelBehind, text).with("target", target).with("cause", cause)
}
