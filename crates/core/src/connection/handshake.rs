//! From a byte stream to an authenticated peer whose key is trusted.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Target;
use super::agent_forward::AgentForward;
use super::algorithms::preferred;
use super::forward::Forwards;
use super::guard::{Alive, Facts, Farewell, Guard, GuardError, Phase};
use super::rotation::{ANNOUNCEMENTS, Announcement, blocking};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::{Prompts, visible_line};
use crate::trust::{KnownTypes, TrustStore};
use crate::wire::{Flooded, Wire, WireState, greeting::NotSsh};

/// Time for the server to say who it is.
const IDENTIFICATION_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the key exchange; a small router needs seconds for it.
const KEY_EXCHANGE_TIMEOUT: Duration = Duration::from_secs(15);
/// Messages of at most 32 KiB that russh holds for one channel before it stops reading the connection. Its reader drains it
/// at once, or every other millisecond in a flood, when some hundred have come: sshd sends what a PTY gives, 3 KiB.
const CHANNEL_QUEUE_MESSAGES: usize = 128;

/// As good as never, and no trouble for a timer.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A server whose key is trusted and to which no credential has been sent yet.
pub(super) struct Greeted {
    pub handle: client::Handle<Guard>,
    pub facts: Arc<Mutex<Facts>>,
    /// `SHA256:...` of the host key.
    pub fingerprint: String,
    pub alive: Alive,
    /// Closed until the login has worked.
    pub agent_forward: Arc<AgentForward>,
    pub forwards: Arc<Forwards>,
    /// The host keys that the server announces after the login.
    pub announcements: mpsc::Receiver<Announcement>,
}

/// Speaks SSH up to the point where authentication begins.
///
/// # Errors
/// The codes from [`ErrorCode::NotSsh`] to [`ErrorCode::HostKeyRejected`].
pub(super) async fn greet<S>(
    wire: Wire<S>,
    target: &Arc<Target>,
    trust: &Arc<TrustStore>,
    prompts: &Prompts,
) -> Result<Greeted>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let state = wire.state();
    let trust = trust.host(&target.trust, &target.address, target.port);
    let known = match &target.pinned_key {
        Some(key) => KnownTypes { plain: vec![key.algorithm()], has_authority: false },
        None => {
            let trust = trust.clone();
            blocking(move || trust.known_types()).await?
        }
    };
    let facts = Arc::<Mutex<Facts>>::default();
    let (phase, phases) = watch::channel(Phase::KeyExchange);
    let (trusted, fingerprint) = watch::channel(None);
    let (announce, announcements) = mpsc::channel(ANNOUNCEMENTS);
    let abandoned = CancellationToken::new();
    let agent_forward = Arc::<AgentForward>::default();
    let forwards = Arc::<Forwards>::default();
    let guard = Guard {
        agent_forward: Arc::clone(&agent_forward),
        forwards: Arc::clone(&forwards),
        target: Arc::clone(target),
        trust,
        prompts: prompts.clone(),
        facts: Arc::clone(&facts),
        phase,
        trusted,
        abandoned: abandoned.clone(),
        session_key: None,
        announcements: announce,
    };
    let _abandoned_when_dropped = abandoned.drop_guard();
    let connecting = client::connect_stream(Arc::new(config(&known, target)), wire, guard);
    let outcome = tokio::select! {
        outcome = connecting => outcome.map_err(|error| explain(error, target, &facts, &state)),
        late = deadline(phases.clone(), &state, target) => Err(late),
    };
    let handle = outcome.inspect_err(|_| state.kill())?;
    let fingerprint = fingerprint.borrow().clone().unwrap_or_default();
    Ok(Greeted {
        handle,
        facts,
        fingerprint,
        alive: Alive::new(phases),
        agent_forward,
        forwards,
        announcements,
    })
}

/// Resolves only when a phase has taken too long.
async fn deadline(mut phases: watch::Receiver<Phase>, state: &WireState, target: &Target) -> Error {
    if tokio::time::timeout(IDENTIFICATION_TIMEOUT, identified(state)).await.is_err() {
        return silent(target, IDENTIFICATION_TIMEOUT, "took the connection but said nothing");
    }
    loop {
        let phase = *phases.borrow_and_update();
        let changed = match phase {
            Phase::KeyExchange => tokio::time::timeout(KEY_EXCHANGE_TIMEOUT, phases.changed()).await,
            Phase::Asking | Phase::Done => Ok(phases.changed().await),
        };
        match changed {
            Ok(Ok(())) => {}
            // The handler is gone: the connection tells its own end.
            Ok(Err(_)) => std::future::pending::<()>().await,
            Err(_) => return silent(target, KEY_EXCHANGE_TIMEOUT, "did not finish the key exchange"),
        }
    }
}

async fn identified(state: &WireState) {
    while !state.identified() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn silent(target: &Target, limit: Duration, what: &str) -> Error {
    Error::new(
        ErrorCode::SilentServer,
        format!(
            "{} {what} within {} seconds. It may be overloaded, or something else listens on port {}.",
            target.address,
            limit.as_secs(),
            target.port
        ),
    )
    .with("address", &target.address)
    .with("port", target.port)
    .with("seconds", limit.as_secs())
}

fn config(known: &KnownTypes, target: &Target) -> client::Config {
    client::Config {
        client_id: russh::SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-Bowline_",
            env!("CARGO_PKG_VERSION")
        ))),
        window_size: target.session.window_bytes,
        channel_buffer_size: CHANNEL_QUEUE_MESSAGES,
        preferred: preferred(known, target.algorithms.as_ref()),
        // Ours measures the whole connection, under load too; see state.rs.
        keepalive_interval: None,
        inactivity_timeout: None,
        nodelay: true,
        // `rekey.rs` chooses the moment.
        limits: russh::Limits {
            rekey_write_limit: usize::MAX,
            rekey_read_limit: usize::MAX,
            rekey_time_limit: NEVER,
        },
        ..client::Config::default()
    }
}

/// What a failed handshake means.
fn explain(error: GuardError, target: &Target, facts: &Mutex<Facts>, wire: &WireState) -> Error {
    let error = match error {
        GuardError::Ours(error) => return error,
        GuardError::Ssh(error) => error,
    };
    let address = &target.address;
    let farewell = facts.lock().unwrap_or_else(PoisonError::into_inner).farewell.clone();
    let explained = match &error {
        russh::Error::IO(io) if io.get_ref().is_some_and(|inner| inner.is::<NotSsh>()) => {
            match turned_away(&wire.first_words()) {
                Some(words) => closed_early(target, Some(words)),
                None => not_ssh(target, wire),
            }
        }
        russh::Error::Version => not_ssh(target, wire),
        _ if wire.is_flooded() => flooded(target),
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            let (kind, theirs) = (format!("{kind:?}"), visible_line(&theirs.join(", ")));
            Error::new(
                ErrorCode::NoCommonAlgorithm,
                format!("{address} offers no {kind} algorithm that Bowline accepts, only: {theirs}. Update the server."),
            )
            .with("kind", kind)
            .with("theirs", theirs)
        }
        russh::Error::IO(_) | russh::Error::HUP | russh::Error::Disconnect | russh::Error::RecvError => {
            let words = match &farewell {
                Some(Farewell::Said(words)) => Some(words.as_str()),
                Some(Farewell::Broke(_)) | None => None,
            };
            closed_early(target, words)
        }
        other => {
            let cause = visible_line(&other.to_string());
            Error::new(
                ErrorCode::Protocol,
                format!("{address} broke the SSH protocol on port {}: {cause}.", target.port),
            )
            .with("cause", cause)
        }
    };
    explained.with("address", address).with("port", target.port).because(error)
}

/// What sshd says in place of its identification when it takes no more connections for now (its MaxStartups and
/// PerSourcePenalties), or none if it said something else.
fn turned_away(first_words: &str) -> Option<&'static str> {
    ["Exceeded MaxStartups", "Not allowed at this time"]
        .into_iter()
        .find(|words| first_words.starts_with(words))
}

fn closed_early(target: &Target, words: Option<&str>) -> Error {
    let said = words.map(|words| format!(" It said: \"{words}\".")).unwrap_or_default();
    Error::new(
        ErrorCode::ClosedInHandshake,
        format!(
            "{} closed the connection to port {} before the login was done.{said} It may limit who connects or how often; \
             try again in a moment, or ask its operator.",
            target.address, target.port
        ),
    )
}

/// The server said far too much before the login was done, and was cut off.
pub(super) fn flooded(target: &Target) -> Error {
    Error::new(
        ErrorCode::Protocol,
        format!("{} broke the SSH protocol on port {}: {Flooded}.", target.address, target.port),
    )
    .with("address", &target.address)
    .with("port", target.port)
    .with("cause", Flooded)
}

fn not_ssh(target: &Target, wire: &WireState) -> Error {
    let received = visible_line(&wire.first_words());
    Error::new(
        ErrorCode::NotSsh,
        format!(
            "Something answers on port {} of {}, but it is no SSH server: it said \"{received}\". Check the port.",
            target.port, target.address
        ),
    )
    .with("received", received)
}
