//! One SSH connection: who may log in, and what its channels may ask for.
//!
//! Requests are answered here, inside russh's callbacks, because a client may send several without waiting and russh keeps
//! one "wants reply" flag per channel: only answers in the same order reach the right request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::keys::PublicKey;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, Disconnect, Pty, Sig};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::channel::{self, INPUT_PATIENCE, Job, Opening, Running, ToClient};
use crate::host::Shared;
use crate::input::NotTaken;
use crate::request::{Requests, TerminalRequest, pty_size};
use crate::wire::Wire;

/// How long a connection may take to log in, as `LoginGraceTime` of sshd. The client is on this machine.
const LOGIN_GRACE: Duration = Duration::from_secs(30);
/// How long a connection has to end politely before its socket is shut.
const FAREWELL: Duration = Duration::from_millis(300);

/// Serves one connection until the client leaves or the host ends. Every task of its channels is told to end then.
pub(crate) async fn serve(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let ending = shared.ending.child_token();
    let _end_channels = ending.clone().drop_guard();
    if let Err(cause) = attend(socket, peer, shared, &ending).await {
        tracing::debug!(%peer, %cause, "demo host: connection ended");
    }
}

async fn attend(
    socket: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    ending: &CancellationToken,
) -> Result<(), russh::Error> {
    socket.set_nodelay(true)?;
    let local = socket.local_addr()?;
    // A second handle: the session cannot be made to give up a blocked write by any other way than its socket.
    let socket = socket.into_std()?;
    let shutter = socket.try_clone()?;
    let wire = Wire::new(TcpStream::from_std(socket)?, &shared.tasks);

    let logged_in = Arc::new(Notify::new());
    let connection = Connection {
        ssh_client: [peer.ip().to_string(), peer.port().to_string(), local.port().to_string()].join(" "),
        ssh_connection: format!("{} {} {} {}", peer.ip(), peer.port(), local.ip(), local.port()),
        ending: ending.clone(),
        channels: HashMap::new(),
        logged_in: Arc::clone(&logged_in),
        shared: Arc::clone(&shared),
    };
    let grace = async {
        tokio::select! {
            () = logged_in.notified() => std::future::pending().await,
            () = tokio::time::sleep(LOGIN_GRACE) => {}
        }
    };
    tokio::pin!(grace);
    let mut session = tokio::select! {
        () = ending.cancelled() => return Ok(()),
        () = &mut grace => return Err(russh::Error::ConnectionTimeout),
        session = run_stream(Arc::clone(&shared.ssh), wire, connection) => session?,
    };
    tokio::select! {
        ended = &mut session => return ended,
        () = &mut grace => {}
        () = ending.cancelled() => {
            let handle = session.handle();
            let farewell =
                handle.disconnect(Disconnect::ByApplication, "the demo host has ended".into(), String::new());
            // It only waits if the session is stuck; the socket is shut in either case.
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
            if let Ok(ended) = tokio::time::timeout(FAREWELL, &mut session).await {
                return ended;
            }
        }
    }
    // Fails only if the client has closed it already.
    let _ = shutter.shutdown(std::net::Shutdown::Both);
    session.await
}

/// The state of one connection, as russh calls it back.
struct Connection {
    shared: Arc<Shared>,
    ending: CancellationToken,
    channels: HashMap<ChannelId, SessionChannel>,
    logged_in: Arc<Notify>,
    /// For `SSH_CLIENT` and `SSH_CONNECTION`, which shells look at.
    ssh_client: String,
    ssh_connection: String,
}

/// A channel before and after its program starts.
enum SessionChannel {
    Waiting { writer: ChannelWriteHalf<Msg>, requests: Requests, slot: OwnedSemaphorePermit },
    Running(Running),
}

impl Connection {
    fn may_enter(&self, user: &str, key: &PublicKey) -> Auth {
        if user == self.shared.login.user && key.key_data() == self.shared.accepted.key_data() {
            Auth::Accept
        } else {
            Auth::reject()
        }
    }

    /// Starts the channel's one program; refuses a second one.
    fn start(&mut self, id: ChannelId, job: Job, session: &mut Session) -> Result<(), russh::Error> {
        match self.channels.remove(&id) {
            Some(SessionChannel::Waiting { writer, requests, slot }) => {
                session.channel_success(id)?;
                let opening = Opening {
                    job,
                    requests,
                    connection: vec![
                        ("SSH_CLIENT", self.ssh_client.clone()),
                        ("SSH_CONNECTION", self.ssh_connection.clone()),
                    ],
                    client: ToClient { writer, session: session.handle() },
                    slot,
                };
                let running = channel::start(opening, &self.shared, self.ending.child_token());
                self.channels.insert(id, SessionChannel::Running(running));
                Ok(())
            }
            running => {
                self.channels.extend(running.map(|running| (id, running)));
                session.channel_failure(id)
            }
        }
    }

    fn requests(&mut self, id: ChannelId) -> Option<&mut Requests> {
        match self.channels.get_mut(&id)? {
            SessionChannel::Waiting { requests, .. } => Some(requests),
            SessionChannel::Running(_) => None,
        }
    }

    fn running(&self, id: ChannelId) -> Option<&Running> {
        match self.channels.get(&id)? {
            SessionChannel::Waiting { .. } => None,
            SessionChannel::Running(running) => Some(running),
        }
    }

    /// Hands input to the channel's program. The connection waits while its queue is full, but not for ever.
    async fn pass(&self, id: ChannelId, data: &[u8]) {
        let Some(running) = self.running(id) else {
            return;
        };
        loop {
            match running.input.push(data) {
                Ok(()) => return,
                Err(NotTaken::Full) => tokio::select! {
                    () = running.input.room() => {}
                    () = running.stop.cancelled() => return,
                    () = tokio::time::sleep(INPUT_PATIENCE) => {
                        tracing::warn!("demo host: a program does not read its input; its channel is closed");
                        return running.stop.cancel();
                    }
                },
                Err(NotTaken::Broken(cause)) => {
                    tracing::warn!(%cause, "demo host: input cannot be kept; its channel is closed");
                    return running.stop.cancel();
                }
            }
        }
    }

    /// Forgets channels whose task has ended; russh does not say when the server closed one.
    fn forget_ended(&mut self) {
        self.channels.retain(|_, channel| match channel {
            SessionChannel::Waiting { .. } => true,
            SessionChannel::Running(running) => !running.input.is_closed(),
        });
    }
}

fn answer(granted: bool, id: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
    if granted { session.channel_success(id) } else { session.channel_failure(id) }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(self.may_enter(user, offer.public_key))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(self.may_enter(user, key.public_key))
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Self::Error> {
        self.logged_in.notify_one();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.forget_ended();
        match Arc::clone(&self.shared.channel_slots).try_acquire_owned() {
            Ok(slot) => {
                // Without a reader russh drops its own copy of the input; it reaches us through the callbacks below.
                let (_reader, writer) = channel.split();
                let requests = Requests::default();
                self.channels.insert(writer.id(), SessionChannel::Waiting { writer, requests, slot });
                reply.accept().await;
            }
            Err(_) => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&id);
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        if let Some(running) = self.running(id) {
            running.input.end();
        }
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), Self::Error> {
        self.pass(id, data).await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let request = TerminalRequest {
            term: term.to_owned(),
            size: pty_size(columns, rows, width, height),
            modes: modes.to_vec(),
        };
        let granted = self.requests(id).is_some_and(|requests| requests.terminal(request));
        answer(granted, id, session)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let granted = self.requests(id).is_some_and(|requests| requests.variable(name, value));
        answer(granted, id, session)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(id, Job::Shell, session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.start(id, Job::Command(Bytes::copy_from_slice(command)), session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match name {
            "sftp" => self.start(id, Job::Sftp, session),
            _ => session.channel_failure(id),
        }
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        width: u32,
        height: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let size = pty_size(columns, rows, width, height);
        let granted = self.running(id).is_some_and(|running| running.size.send(size).is_ok());
        answer(granted, id, session)
    }

    async fn signal(
        &mut self,
        id: ChannelId,
        signal: Sig,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(running) = self.running(id) {
            // Fails if the program has ended or many signals wait already; either way one more changes nothing.
            let _ = running.signals.try_send(signal);
        }
        Ok(())
    }
}
