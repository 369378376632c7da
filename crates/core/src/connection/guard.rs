//! russh's handler: it judges the host key, notes what the server says, and refuses every channel that nobody asked for.

use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{self, ChannelOpenHandle, DisconnectReason, Msg, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelOpenFailure, Names};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Target;
use super::agent_forward::AgentForward;
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::{Answer, Prompts, Question, visible, visible_line};
use crate::trust::{TrustStore, Verdict, picture};

/// What became known of the server on the way.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub key_exchange: Option<String>,
    pub host_key: Option<String>,
    pub cipher: Option<String>,
    /// None where the cipher authenticates by itself.
    pub mac: Option<String>,
    /// When the keys were last exchanged, in milliseconds since the Unix epoch.
    pub keyed_ms: f64,
    /// The last thing that is known of the connection's end.
    pub farewell: Option<Farewell>,
    /// What it said before authentication.
    pub banner: Option<String>,
}

/// How a connection ended, made visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The peer's own words (SSH_MSG_DISCONNECT).
    Said(String),
    /// What russh stumbled over.
    Broke(String),
}

/// Where the handshake is, so that each part has a deadline of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    KeyExchange,
    /// The person is looking at the key: [`crate::prompt::ANSWER_TIMEOUT`] counts.
    Asking,
    Done,
}

/// russh's handler: it judges the host key and refuses every channel that nobody asked for.
pub struct Guard {
    pub(super) target: Arc<Target>,
    pub(super) trust: Arc<TrustStore>,
    pub(super) prompts: Prompts,
    pub(super) facts: Arc<Mutex<Facts>>,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) trusted: watch::Sender<Option<String>>,
    /// Nobody waits for the handshake any more. russh polls neither the wire nor anything else while we ask.
    pub(super) abandoned: CancellationToken,
    /// Lets channels to the person's agent through, once it was asked for.
    pub(super) agent_forward: Arc<AgentForward>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("target", &self.target).finish_non_exhaustive()
    }
}

/// What russh and our handler fail with.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    #[error(transparent)]
    Ssh(#[from] russh::Error),
    #[error(transparent)]
    Ours(#[from] Error),
}

/// Tells when russh has let go of the connection: its handler is dropped then, and the handler holds the other end.
#[derive(Debug)]
pub(super) struct Alive(watch::Receiver<Phase>);

impl Alive {
    pub fn new(phases: watch::Receiver<Phase>) -> Self {
        Self(phases)
    }

    pub async fn ended(&mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

impl Guard {
    async fn check(&self, key: &PublicKey) -> Result<()> {
        let target = &self.target;
        if let Some(pinned) = &target.pinned_key {
            return if pinned.key_data() == key.key_data() { Ok(()) } else { Err(changed(target)) };
        }
        match self.trust.judge(&target.address, target.port, key)? {
            Verdict::Known => Ok(()),
            Verdict::Revoked { path, line } => Err(Error::new(
                ErrorCode::HostKeyRevoked,
                format!(
                    "The host key of {} is marked as revoked in {path}, line {line}. Nothing was sent to it. Ask its \
                     operator for the new key.",
                    target.address
                ),
            )
            .with("address", &target.address)
            .with("path", format!("{path}:{line}"))),
            Verdict::Unknown { known_as } => {
                let known_as = known_as.iter().take(8).map(|name| visible_line(name)).collect();
                let question = Question::HostKeyUnknown { key: picture(key), known_as };
                match self.ask(question).await? {
                    Answer::Trust { always: true } => self.trust.trust(&target.address, target.port, key),
                    Answer::Trust { always: false } => Ok(()),
                    _ => Err(rejected(target)),
                }
            }
            Verdict::Changed { known } => {
                match self.ask(Question::HostKeyChanged { key: picture(key), known }).await {
                    Ok(Answer::ReplaceKey { typed }) if typed.trim().eq_ignore_ascii_case(&target.asker.address) => {
                        self.trust.forget(&target.address, target.port)?;
                        self.trust.trust(&target.address, target.port, key)
                    }
                    Ok(_) => Err(changed(target)),
                    Err(error) if error.code == ErrorCode::Cancelled => Err(changed(target)),
                    Err(error) => Err(error),
                }
            }
        }
    }

    async fn ask(&self, question: Question) -> Result<Answer> {
        self.phase.send_replace(Phase::Asking);
        let answer = tokio::select! {
            answer = self.prompts.ask(&self.target.asker, None, question, false) => answer,
            () = self.abandoned.cancelled() => Err(rejected(&self.target)),
        };
        self.phase.send_replace(Phase::KeyExchange);
        answer
    }

    fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn changed(target: &Target) -> Error {
    Error::new(
        ErrorCode::HostKeyChanged,
        format!(
            "The host key of {} is not the trusted one. Nothing was sent to it. Either the server was set up anew or \
             somebody is between you and it; ask its operator for the fingerprint before you go on.",
            target.address
        ),
    )
    .with("address", &target.address)
}

fn rejected(target: &Target) -> Error {
    Error::new(
        ErrorCode::HostKeyRejected,
        format!("{} was not connected, because its host key was not trusted.", target.address),
    )
    .with("address", &target.address)
}

/// A channel of the server's that nobody asked for: agent, X11, forwarded ports.
async fn refuse(reply: ChannelOpenHandle) -> Result<(), GuardError> {
    reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    Ok(())
}

impl client::Handler for Guard {
    type Error = GuardError;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, GuardError> {
        match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.check(key).await?;
                self.trusted.send_replace(Some(picture(key).fingerprint));
                self.phase.send_replace(Phase::Done);
                Ok(true)
            }
            // We offer no certificate algorithms, so a certificate here is a breach of the protocol.
            PublicKeyOrCertificate::Certificate(_) => Ok(false),
        }
    }

    async fn kex_done(
        &mut self,
        _shared_secret: Option<&[u8]>,
        names: &Names,
        _session: &mut Session,
    ) -> Result<(), GuardError> {
        let cipher = names.cipher.as_ref().to_owned();
        let authenticates = cipher.contains("gcm") || cipher.contains("poly1305");
        let mut facts = self.facts();
        facts.key_exchange = Some(names.kex.as_ref().to_owned());
        facts.host_key = Some(names.key.as_str().to_owned());
        facts.mac = (!authenticates).then(|| names.server_mac.as_ref().to_owned());
        facts.cipher = Some(cipher);
        facts.keyed_ms = crate::clock::now_ms().round();
        Ok(())
    }

    async fn auth_banner(&mut self, banner: &str, _session: &mut Session) -> Result<(), GuardError> {
        self.facts().banner = Some(visible(banner));
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<GuardError>) -> Result<(), GuardError> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.facts().farewell = Some(Farewell::Said(visible_line(&info.message)));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                if let GuardError::Ssh(error) = &error {
                    let broke = Farewell::Broke(visible_line(&error.to_string()));
                    self.facts().farewell.get_or_insert(broke);
                }
                Err(error)
            }
        }
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        refuse(reply).await
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        refuse(reply).await
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        let Some(admitted) = self.agent_forward.admit() else { return refuse(reply).await };
        reply.accept().await;
        admitted.serve(channel);
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        refuse(reply).await
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        refuse(reply).await
    }
}
