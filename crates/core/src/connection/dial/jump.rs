//! Through a jump host: a connection over a channel of another connection (ProxyJump of ssh_config(5), the channel type
//! `direct-tcpip` of RFC 4254, section 7.2).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use russh::client::Msg;
use russh::{ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::link::{Dialled, Explained, Link};
use super::route::{Jump, authority};
use crate::connection::{Connection, SessionPlace, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::visible_line;

/// Time for the jump host to reach the server: its own system needs up to two minutes to find that nobody answers.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);
/// Messages of at most 32 KiB that wait for the carried connection, so at most 16 MiB. A carried connection reads always
/// (every channel of it is drained), so this fills only if it hangs. While it is full the jump host's connection is not
/// read, and all that it carries waits, for [`STALL`] at most: then the one that hangs is ended.
const QUEUE_MESSAGES: usize = 512;
const STALL: Duration = Duration::from_secs(2);
/// The end of a channel and the end of the connection below it arrive by different ways; so long the second is waited for.
const REASON_TIME: Duration = Duration::from_millis(200);
/// Time for the goodbye to a channel.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Dials through a jump host.
///
/// # Errors
/// Those of connecting to the jump host; [`ErrorCode::JumpRefused`] when it does not allow it, [`ErrorCode::JumpFailed`]
/// when it cannot reach the server.
pub async fn dial(jump: &Jump, target: &Target) -> Result<Dialled> {
    let place = (jump.place)().await?;
    let carrier = Arc::clone(place.connection());
    let channel = open(&carrier, jump, target).await?;
    let link = Arc::new(Link::jump(jump.name.clone()));
    let (read, write) = channel.split();
    let (messages, received) = mpsc::channel(QUEUE_MESSAGES);
    tokio::spawn(drain(read, messages, Arc::clone(&link)));
    let stream = ChannelStream {
        received,
        current: Bytes::new(),
        writer: Box::pin(write.make_writer()),
        _held: Held(Some((write, place))),
    };
    let ended = {
        let (carrier, name) = (Arc::clone(&carrier), jump.name.clone());
        async move { lost(&name, &carrier.ended().await) }
    };
    let reason = {
        let name = jump.name.clone();
        async move { timeout(REASON_TIME, carrier.ended()).await.ok().map(|error| lost(&name, &error)) }
    };
    let stream = Explained {
        stream,
        link: Arc::clone(&link),
        reason: Some(Box::pin(reason)),
        watch: Some(Box::pin(ended)),
    };
    Ok(Dialled { stream: Box::new(stream), link })
}

async fn open(carrier: &Connection, jump: &Jump, target: &Target) -> Result<russh::Channel<Msg>> {
    let (host, port) = (target.address.as_str(), u32::from(target.port));
    let opening = carrier.handle.channel_open_direct_tcpip(host, port, "127.0.0.1", 0);
    let opened = tokio::select! {
        opened = timeout(OPEN_TIMEOUT, opening) => opened,
        ended = carrier.ended() => return Err(ended),
    };
    let (code, cause) = match opened {
        Ok(Ok(channel)) => return Ok(channel),
        Ok(Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited))) => {
            (ErrorCode::JumpRefused, "it does not allow connections to there".to_owned())
        }
        // What the jump host says is "Connect failed" and no more; its log may know better.
        Ok(Err(russh::Error::ChannelOpenFailure(reason))) => {
            (ErrorCode::JumpFailed, reason.description().to_owned())
        }
        Ok(Err(error)) => (ErrorCode::JumpFailed, visible_line(&error.to_string())),
        Err(_) => {
            (ErrorCode::JumpFailed, format!("it did not answer within {} seconds", OPEN_TIMEOUT.as_secs()))
        }
    };
    let (name, server) = (&jump.name, authority(host, target.port));
    let advice = if code == ErrorCode::JumpRefused {
        "Ask its operator to allow forwarding (AllowTcpForwarding, PermitOpen)."
    } else {
        "Check the address as the jump host sees it, and that the SSH server runs."
    };
    Err(Error::new(code, format!("The jump host {name} did not connect to {server}: {cause}. {advice}"))
        .with("jump", name)
        .with("address", server)
        .with("cause", cause))
}

fn lost(name: &str, error: &Error) -> String {
    format!("the connection to the jump host {name} ended ({})", error.message)
}

/// Takes everything off the channel at once: russh reads nothing for anyone while one channel is not read.
async fn drain(mut read: ChannelReadHalf, messages: mpsc::Sender<Bytes>, link: Arc<Link>) {
    loop {
        let message = tokio::select! {
            message = read.wait() => message,
            () = messages.closed() => return,
        };
        let data = match message {
            Some(ChannelMsg::Data { data }) => data,
            Some(ChannelMsg::Eof | ChannelMsg::Close) | None => return,
            Some(_) => continue,
        };
        match messages.send_timeout(data, STALL).await {
            Ok(()) => {}
            Err(mpsc::error::SendTimeoutError::Closed(_)) => return,
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                return link.set_cause("what came through the jump host was not taken in time");
            }
        }
    }
}

/// Closes the channel, and gives the place on the carrier back after that.
struct Held(Option<(ChannelWriteHalf<Msg>, SessionPlace)>);

impl Drop for Held {
    fn drop(&mut self) {
        let (Some((write, place)), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            tokio::select! {
                _ = timeout(CLOSE_TIMEOUT, write.close()) => {}
                _ = place.connection().ended() => {}
            }
        });
    }
}

struct ChannelStream {
    received: mpsc::Receiver<Bytes>,
    current: Bytes,
    writer: Pin<Box<dyn AsyncWrite + Send>>,
    _held: Held,
}

impl AsyncRead for ChannelStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.current.is_empty() {
            match ready!(self.received.poll_recv(cx)) {
                Some(data) => self.current = data,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.current.len().min(buf.remaining());
        buf.put_slice(&self.current[..count]);
        self.current.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ChannelStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.writer.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.as_mut().poll_shutdown(cx)
    }
}
