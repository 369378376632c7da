//! One SSH connection: dialled, its host key judged, logged in, watched, and shared by up to [`SESSIONS_MAX`] sessions.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::Handle;
use russh::keys::{PrivateKey, PublicKey};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::auth::options::{AuthOptions, ForwardAgent, IdentityAgent};
use crate::auth::{self, Authenticator};
use crate::error::{Error, Problem, Result};
use crate::host::{AuthMethod, HostId};
use crate::prompt::{Asker, Prompts, Secret, visible_line};
use crate::trust::{TrustPolicy, TrustStore, known_name};
use crate::wire::tcp_info::tcp_info;
use crate::wire::{Wire, WireState};

mod agent_forward;
pub mod algorithms;
pub mod backoff;
pub mod cause;
pub mod dial;
mod driver;
pub mod forward;
mod guard;
mod handshake;
pub mod health;
pub mod place;
pub mod progress;
mod rekey;
mod rotation;
pub mod settings;
mod spare;
pub mod state;
pub mod times;

pub use guard::Guard;
pub use place::{Refusal, SessionPlace};

use agent_forward::AgentForward;
use algorithms::AlgorithmChoice;
use dial::consent::Consents;
use dial::{DialSettings, Dialled, Link, Route};
use forward::Forwards;
use guard::Facts;
use health::{LaneHealth, Vitals};
use progress::{Progress, TestStep, step};
use settings::{SessionSettings, Upkeep};
use spare::Spare;

/// Sessions on one connection. OpenSSH's MaxSessions is 10, and russh does not survive a rekey with many busy
/// channels (design.md, fact 4).
pub const SESSIONS_MAX: u32 = 8;
/// Time for a polite goodbye; then the wire is cut.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(500);

/// Whom to connect to, and how to log in.
#[derive(Clone)]
pub struct Target {
    /// A name or an address, checked by [`crate::host::check`].
    pub address: String,
    pub port: u16,
    pub user: String,
    pub login: Login,
    /// The way to it.
    pub route: Route,
    /// How the first hop of that way is dialled.
    pub dial: DialSettings,
    /// Trust this key and no other, without asking (the built-in host).
    pub pinned_key: Option<PublicKey>,
    /// How its host key is judged otherwise.
    pub trust: TrustPolicy,
    /// What the config chooses; none: our own choice.
    pub algorithms: Option<AlgorithmChoice>,
    pub session: SessionSettings,
    pub upkeep: Upkeep,
    pub asker: Asker,
}

/// Where the credentials come from.
#[derive(Clone)]
pub enum Login {
    /// As the person chose in the form.
    Person {
        method: AuthMethod,
        /// The key file for [`AuthMethod::Key`]; empty otherwise.
        key_path: String,
        /// A password typed into the form just now.
        password: Option<Secret>,
        /// The host whose kept password may be used when there is none.
        kept_for: Option<HostId>,
        /// What ssh_config says about the login.
        options: Box<AuthOptions>,
    },
    /// A key in memory: the built-in host's.
    Key(Arc<PrivateKey>),
}

impl Target {
    /// The agent that commands on the host may use, if the person asked for that.
    fn forwarded_agent(&self) -> Option<IdentityAgent> {
        let Login::Person { options, .. } = &self.login else { return None };
        match &options.forward_agent {
            ForwardAgent::No => None,
            ForwardAgent::Yes => Some(options.identity_agent.clone()),
            ForwardAgent::Socket(path) => Some(IdentityAgent::parse(path)),
        }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Login::Person { method, .. } => write!(f, "Login::Person({method:?})"),
            Login::Key(_) => f.write_str("Login::Key"),
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({}@{}:{})", self.user, self.address, self.port)
    }
}

/// What a dial needs beside its target. Clones share it.
#[derive(Debug, Clone)]
pub struct Dialer {
    pub trust: Arc<TrustStore>,
    pub prompts: Prompts,
    pub authenticator: Authenticator,
    /// The commands that may run for a host without a question.
    pub consents: Consents,
}

/// What the watcher of a connection publishes.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    Up { suspect_since: Option<Instant>, round_trip: Option<Duration> },
    Ended { problem: Problem },
}

/// Numbers of connections.
static LAST_ID: AtomicU32 = AtomicU32::new(0);
/// What [`Connection::retire`] leaves as the count of sessions.
const RETIRED: u32 = u32::MAX / 2;

/// A connection that is logged in. Dropping it cuts the wire; [`Connection::close`] says goodbye first.
pub struct Connection {
    id: u32,
    handle: Handle<Guard>,
    target: Arc<Target>,
    wire: Arc<WireState>,
    /// The way below the wire.
    link: Arc<Link>,
    facts: Arc<Mutex<Facts>>,
    /// Sessions that are open or being opened.
    sessions: AtomicU32,
    /// How many it may have: [`SESSIONS_MAX`], or what the server turned out to allow.
    sessions_max: AtomicU32,
    /// When a session last gave its place back.
    freed: Mutex<Option<Instant>>,
    /// A channel that is open in advance.
    spare: Spare,
    vitals: Mutex<Vitals>,
    /// Asks the watcher for a sign of life from the peer at once.
    asked: Arc<Notify>,
    /// We ended it ourselves: its end is no failure.
    closing: AtomicBool,
    status: watch::Receiver<Status>,
    /// The login wrote a password to the keyring, and nobody has recorded that yet.
    remembered_password: AtomicBool,
    agent_forward: Arc<AgentForward>,
    forwards: Arc<Forwards>,
    /// A person was asked something while it was made.
    has_asked: bool,
    /// The ways to log in that the server offered.
    offered: String,
    /// The same without questions about its key.
    has_asked_for_login: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("target", &self.target).field("sessions", &self.sessions).finish()
    }
}

impl Connection {
    /// Dials, judges the host key and logs in.
    ///
    /// # Errors
    /// The codes of [`ErrorCode`] about dialling, host keys and authentication. On failure, and when the future is
    /// dropped, the wire is cut.
    pub async fn open(dialer: &Dialer, target: Target, progress: Progress<'_>) -> Result<Arc<Self>> {
        match Self::open_once(dialer, target.clone(), progress).await {
            Err(error) => match auth::with_fewer_tries(&target, &error) {
                Some(again) => Self::open_once(dialer, again, progress).await,
                None => Err(error),
            },
            opened => opened,
        }
    }

    async fn open_once(dialer: &Dialer, target: Target, progress: Progress<'_>) -> Result<Arc<Self>> {
        let target = Arc::new(target);
        let asked_before = dialer.prompts.asked();
        let asked_for_login_before = dialer.prompts.asked_for_login();
        let Dialled { stream, link } = dial::dial(dialer, &target, progress).await?;
        let wire = Wire::new(stream);
        let mut cut = CutUnlessKept(Some(wire.state()));
        let state = wire.state();
        let greeting = async {
            let greeted = handshake::greet(wire, &target, &dialer.trust, &dialer.prompts).await;
            greeted.map_err(|error| dial::explain(error, &target, &link))
        };
        let mut greeted =
            step(progress, TestStep::HostKey, greeting, |greeted| greeted.fingerprint.clone()).await?;
        let facts = Arc::clone(&greeted.facts);
        let banner = {
            let facts = Arc::clone(&facts);
            move || facts.lock().unwrap_or_else(PoisonError::into_inner).banner.clone()
        };
        let heard = || state.last_heard();
        let login = auth::log_in(
            &dialer.authenticator,
            &mut greeted.handle,
            &target,
            &dialer.prompts,
            &banner,
            &heard,
        );
        // russh tells only that the connection ended; the wire knows when we ended it.
        let login = async { login.await.map_err(|error| flooded_or(error, &state, &target)) };
        let logged_in = step(progress, TestStep::Authenticate, login, |login| login.method.clone()).await?;
        state.login_done();
        if let Some(which) = target.forwarded_agent() {
            let binding = greeted.handle.agent_session_binding().cloned();
            greeted.agent_forward.open_if_there(&dialer.authenticator, which, binding).await;
        }
        cut.0 = None;
        let (publish, status) = watch::channel(Status::Up { suspect_since: None, round_trip: None });
        let connection = Arc::new(Self {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed) + 1,
            handle: greeted.handle,
            target,
            wire: state,
            link,
            facts,
            sessions: AtomicU32::new(0),
            sessions_max: AtomicU32::new(SESSIONS_MAX),
            freed: Mutex::default(),
            spare: Spare::default(),
            vitals: Mutex::new(Vitals::new(Instant::now())),
            asked: Arc::default(),
            closing: AtomicBool::new(false),
            status,
            remembered_password: AtomicBool::new(logged_in.remembered_password),
            agent_forward: greeted.agent_forward,
            forwards: greeted.forwards,
            has_asked: dialer.prompts.asked() != asked_before,
            offered: logged_in.offered,
            has_asked_for_login: dialer.prompts.asked_for_login() != asked_for_login_before,
        });
        driver::watch(&connection, greeted.alive, publish);
        rotation::follow(&connection, greeted.announcements);
        rekey::watch(&connection);
        Ok(connection)
    }

    /// Takes one of the [`SESSIONS_MAX`] places, if the connection is up and one is free.
    pub fn reserve(self: &Arc<Self>) -> Option<SessionPlace> {
        if !self.is_up() {
            return None;
        }
        let most = self.sessions_max.load(Ordering::Acquire);
        self.sessions
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| (count < most).then_some(count + 1))
            .ok()?;
        Some(SessionPlace {
            connection: Arc::clone(self),
            channel: Mutex::default(),
            refused: AtomicBool::new(false),
        })
    }

    /// Gives out no place any more, if none is taken.
    pub fn retire(&self) -> bool {
        self.sessions.compare_exchange(0, RETIRED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    pub fn is_up(&self) -> bool {
        matches!(*self.status.borrow(), Status::Up { .. }) && !self.is_closing() && !self.handle.is_closed()
    }

    pub fn session_count(&self) -> u32 {
        let count = self.sessions.load(Ordering::Acquire);
        if count >= RETIRED { 0 } else { count }
    }

    /// Asks the peer for a sign of life at once: the machine woke up, or its network changed.
    pub fn ask(&self) {
        self.asked.notify_one();
    }

    /// The address that was reached; behind something else, what that is and to where it leads.
    fn way(&self) -> Option<String> {
        let way = Some(self.link.detail()).filter(|way| !way.is_empty())?;
        Some(match self.target.route {
            Route::Direct => way.to_owned(),
            Route::Jump(_) | Route::Proxy(_) | Route::Command(_) => {
                format!("{way} → {}", known_name(&self.target.address, self.target.port))
            }
        })
    }

    /// A number that names it while the app runs.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// How it is doing. While somebody looks, round trips are measured often.
    pub fn health(&self) -> LaneHealth {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut vitals = self.vitals.lock().unwrap_or_else(PoisonError::into_inner);
        vitals.looked_at(Instant::now());
        let suspect = matches!(*self.status.borrow(), Status::Up { suspect_since: Some(_), .. });
        LaneHealth {
            id: self.id,
            suspect,
            address: self.way(),
            last_heard_ms: crate::clock::at_ms(self.last_heard()),
            received_bytes: self.wire.received_bytes() as f64,
            sent_bytes: self.wire.sent_bytes() as f64,
            retransmits: self.retransmits(),
            key_exchange: facts.key_exchange,
            host_key: facts.host_key,
            cipher: facts.cipher,
            mac: facts.mac,
            server: self.server(),
            keyed_ms: facts.keyed_ms,
            sessions: self.session_count(),
            sessions_max: self.sessions_max.load(Ordering::Acquire),
            ..vitals.health()
        }
    }

    /// Changes whenever there is something new to show.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the login wrote a password to the keyring; true once, for whoever records it.
    pub fn take_remembered_password(&self) -> bool {
        self.remembered_password.swap(false, Ordering::AcqRel)
    }

    /// What the server said before the login, made visible; once, for the first terminal to show.
    pub fn take_banner(&self) -> Option<String> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).banner.take()
    }

    /// Whether a person may have been asked something for it, and so would be for another one.
    pub fn has_asked(&self) -> bool {
        self.has_asked
    }

    /// The ways to log in that the server offered before anything was tried, with commas between them.
    pub fn offered(&self) -> &str {
        &self.offered
    }

    /// As [`Connection::has_asked`], for whoever may try another one in vain: a host key that was trusted is known by then.
    pub fn has_asked_for_login(&self) -> bool {
        self.has_asked_for_login
    }

    /// When the peer was last heard.
    pub fn last_heard(&self) -> Instant {
        self.wire.last_heard()
    }

    /// The other end of its socket: the server or a proxy. None for a proxy command, or when another connection carries it.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.link.peer()
    }

    /// TCP segments that were sent again since the start. None without a socket of its own, and where the system does not say.
    pub fn retransmits(&self) -> Option<u32> {
        let socket = self.link.socket()?;
        tcp_info(&socket).map(|info| info.retransmits)
    }

    pub fn cipher(&self) -> Option<String> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).cipher.clone()
    }

    /// The server's name for itself, such as `OpenSSH_9.2p1 Debian-2`.
    pub fn server(&self) -> Option<String> {
        self.wire.peer_identification().map(|line| visible_line(&line))
    }

    /// Resolves with the cause once the connection has ended. Whoever awaits russh awaits this too.
    pub async fn ended(&self) -> Error {
        let mut status = self.status.clone();
        let ended = status.wait_for(|status| matches!(status, Status::Ended { .. })).await;
        match ended.as_deref() {
            Ok(Status::Ended { problem }) => Error::from(problem.clone()),
            Ok(Status::Up { .. }) | Err(_) => driver::lost(&self.target, "its watcher is gone"),
        }
    }

    /// Says goodbye, waits a moment for it to go out, and cuts the wire.
    pub async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let goodbye = self.handle.disconnect(russh::Disconnect::ByApplication, "", "");
        let _ = timeout(GOODBYE_TIMEOUT, async {
            let _ = goodbye.await;
            self.ended().await;
        })
        .await;
        self.wire.kill();
    }

    /// Whether [`Connection::close`] was called.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Key exchanges so far, the first one included.
    pub fn key_exchanges(&self) -> u64 {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).key_exchanges
    }

    /// Asks for new keys now. With more than two busy sessions this may end the connection; see `rekey.rs`.
    pub async fn rekey(&self) {
        tokio::select! {
            // It fails only when the connection has ended.
            _ = self.handle.rekey_soon() => {}
            _ = self.ended() => {}
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.wire.kill();
    }
}

fn flooded_or(error: Error, wire: &WireState, target: &Target) -> Error {
    if wire.is_flooded() { handshake::flooded(target).because(error) } else { error }
}

/// Cuts the wire of a dial that failed or was given up.
struct CutUnlessKept(Option<Arc<WireState>>);

impl Drop for CutUnlessKept {
    fn drop(&mut self) {
        if let Some(wire) = &self.0 {
            wire.kill();
        }
    }
}
