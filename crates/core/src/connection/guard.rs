//! russh's handler: it judges the host key, notes what the server says, and refuses every channel that nobody asked for.

use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{self, ChannelOpenHandle, DisconnectReason, Msg, Session};
use russh::keys::{Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelOpenFailure, Names};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Target;
use super::agent_forward::AgentForward;
use super::forward::Forwards;
use super::rotation::{Announcement, blocking};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::{Answer, Prompts, Question, visible, visible_line};
use crate::trust::{CertificateFault, HostTrust, StrictHostKeyChecking, UpdateHostKeys, Verdict, picture};

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
    /// How often keys were agreed on; 1 once the connection stands.
    pub key_exchanges: u64,
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
    /// What known_hosts says of this host.
    pub(super) trust: HostTrust,
    pub(super) prompts: Prompts,
    pub(super) facts: Arc<Mutex<Facts>>,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) trusted: watch::Sender<Option<String>>,
    /// Nobody waits for the handshake any more. russh polls neither the wire nor anything else while we ask.
    pub(super) abandoned: CancellationToken,
    /// Lets channels to the person's agent through, once it was asked for.
    pub(super) agent_forward: Arc<AgentForward>,
    /// Lets channels to the ports and sockets through that were asked for.
    pub(super) forwards: Arc<Forwards>,
    /// The key of this session, if a line of known_hosts trusts it that was there before or that the person wanted: the server
    /// may then announce others.
    pub(super) session_key: Option<PublicKey>,
    pub(super) announcements: mpsc::Sender<Announcement>,
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
    /// Judges a plain key, and lets the person decide where that is theirs.
    async fn check_key(&mut self, key: &PublicKey) -> Result<()> {
        if let Some(pinned) = &self.target.pinned_key {
            let same = pinned.key_data() == key.key_data();
            return if same { Ok(()) } else { Err(changed(&self.target)) };
        }
        let (trust, judged) = (self.trust.clone(), key.clone());
        let verdict = blocking(move || trust.judge(&judged)).await?;
        self.decide(key, verdict, None).await
    }

    /// Judges a certificate. One that does not count says nothing, and its key is judged as any other.
    async fn check_certificate(&mut self, certificate: &Certificate) -> Result<()> {
        let key = PublicKey::from(certificate.public_key().clone());
        // A pinned key is a key: no certificates are asked for then, and none counts.
        if self.target.pinned_key.is_some() {
            return self.check_key(&key).await;
        }
        let (trust, judged) = (self.trust.clone(), certificate.clone());
        let (verdict, fault) =
            blocking(move || trust.judge_certificate(&judged, seconds_since_1970())).await?;
        if let Some(fault) = &fault {
            tracing::warn!(address = %self.target.address, %fault, "the host certificate does not count");
        }
        self.decide(&key, verdict, fault).await
    }

    async fn decide(
        &mut self,
        key: &PublicKey,
        verdict: Verdict,
        fault: Option<CertificateFault>,
    ) -> Result<()> {
        use StrictHostKeyChecking::{AcceptNew, Ask, No, Yes};
        self.check_size(key)?;
        let strict = self.target.trust.strict;
        match verdict {
            Verdict::Certified => return Ok(()),
            Verdict::Known => {}
            Verdict::Revoked { path, line } => return Err(revoked(&self.target, &path, line)),
            Verdict::Unknown { known_as } => match strict {
                Yes => return Err(unknown(&self.target, key, fault.as_ref())),
                // As in OpenSSH: a server that nobody has vouched for yet teaches no other keys.
                AcceptNew | No => return self.write_down(key).await,
                Ask => {
                    let known_as = known_as.iter().take(8).map(|name| visible_line(name)).collect();
                    let key_picture = picture(key);
                    let question =
                        Question::HostKeyUnknown { key: key_picture, known_as, certificate: fault };
                    match self.ask(question).await? {
                        Answer::Trust { always: true } => self.write_down(key).await?,
                        // It stands in no file, so nothing more is to be learned from this server.
                        Answer::Trust { always: false } => return Ok(()),
                        _ => return Err(rejected(&self.target)),
                    }
                }
            },
            Verdict::Changed { known } => match strict {
                Yes => return Err(changed(&self.target)),
                Ask | AcceptNew | No => {
                    match self.ask(Question::HostKeyChanged { key: picture(key), known }).await {
                        Ok(Answer::ReplaceKey { typed })
                            if typed.trim().eq_ignore_ascii_case(&self.target.asker.address) =>
                        {
                            let trust = self.trust.clone();
                            blocking(move || trust.forget()).await?;
                            self.write_down(key).await?;
                        }
                        Ok(_) => return Err(changed(&self.target)),
                        Err(error) if error.code == ErrorCode::Cancelled => {
                            return Err(changed(&self.target));
                        }
                        Err(error) => return Err(error),
                    }
                }
            },
        }
        self.session_key = Some(key.clone());
        Ok(())
    }

    /// `RequiredRSASize`.
    fn check_size(&self, key: &PublicKey) -> Result<()> {
        let (Some(rsa), Some(choice)) = (key.key_data().rsa(), &self.target.algorithms) else {
            return Ok(());
        };
        if rsa.key_size() >= choice.rsa_bits_min {
            return Ok(());
        }
        let (address, bits, least) = (&self.target.address, rsa.key_size(), choice.rsa_bits_min);
        let theirs = format!("ssh-rsa ({bits} bits)");
        Err(Error::new(
            ErrorCode::NoCommonAlgorithm,
            format!(
                "The host key of {address} is an RSA key of {bits} bits, and RequiredRSASize asks for at least {least}. \
                 Nothing was sent to it. Give the server a larger key."
            ),
        )
        .with("address", address)
        .with("kind", "Key")
        .with("theirs", theirs))
    }

    async fn write_down(&self, key: &PublicKey) -> Result<()> {
        let (trust, key) = (self.trust.clone(), key.clone());
        blocking(move || trust.trust(&key)).await
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

fn revoked(target: &Target, path: &str, line: u32) -> Error {
    Error::new(
        ErrorCode::HostKeyRevoked,
        format!(
            "The host key of {} is marked as revoked in {path}, line {line}. Nothing was sent to it. Ask its operator for \
             the new key.",
            target.address
        ),
    )
    .with("address", &target.address)
    .with("path", format!("{path}:{line}"))
}

fn unknown(target: &Target, key: &PublicKey, fault: Option<&CertificateFault>) -> Error {
    let fingerprint = key.fingerprint(HashAlg::Sha256);
    let fault = fault.map(|fault| format!(" Its certificate does not count: {fault}.")).unwrap_or_default();
    Error::new(
        ErrorCode::HostKeyUnknown,
        format!(
            "The host key of {} ({fingerprint}) is not known, and StrictHostKeyChecking allows known ones only. Nothing was \
             sent to it.{fault} Add its key to known_hosts once you have compared the fingerprint.",
            target.address
        ),
    )
    .with("address", &target.address)
    .with("fingerprint", fingerprint)
}

/// A clock before 1970 makes certificates "not valid yet".
fn seconds_since_1970() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs())
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
            PublicKeyOrCertificate::PublicKey { key, .. } => self.check_key(key).await?,
            PublicKeyOrCertificate::Certificate(certificate) => self.check_certificate(certificate).await?,
        }
        self.trusted.send_replace(Some(picture(&key.public_key()).fingerprint));
        self.phase.send_replace(Phase::Done);
        Ok(true)
    }

    /// After the login. Nothing here may wait: russh does not look at the wire meanwhile.
    async fn openssh_ext_host_keys_announced(
        &mut self,
        keys: Vec<PublicKey>,
        _session: &mut Session,
    ) -> Result<(), GuardError> {
        if self.target.trust.update_host_keys == UpdateHostKeys::Yes
            && self.target.pinned_key.is_none()
            && let Some(session_key) = &self.session_key
        {
            let announcement =
                Announcement { trust: self.trust.clone(), session_key: session_key.clone(), keys };
            // Full or closed: one has come before.
            let _ = self.announcements.try_send(announcement);
        }
        Ok(())
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
        facts.key_exchanges += 1;
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
        channel: Channel<Msg>,
        address: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        self.forwards.arrived_at_port(channel, reply, address, port).await;
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), GuardError> {
        self.forwards.arrived_at_socket(channel, reply, path).await;
        Ok(())
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
