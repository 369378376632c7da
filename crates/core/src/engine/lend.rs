//! Which connections are lent to the `bowline` command.
//!
//! A terminal of the command shares the connection of the host's terminals. Programs without one may write more than anybody
//! takes, so they get connections of their own that are held back instead (design.md, section 3, fact 1), each with one
//! program at a time: one is dialled beside the first program, if that asks nobody anything, and is there for the next. Where
//! a person was asked for the login, programs share that connection, too: nobody is to be asked twice. What they write is
//! spooled, and held back only beyond that.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::{Engine, Inner};
use crate::connection::{Connection, SESSIONS_MAX, SessionPlace};
use crate::exec::WhenBehind;
use crate::lend::serve::{Lender, Lending, Lent, Need};
use crate::lend::{key, place};
use crate::pool::MakeTarget;

/// Connections for programs of one host. More programs at once share that of the terminals.
const OWN_MAX: usize = 4;
/// Places on a connection of terminals that are left to them.
const LEFT_TO_TERMINALS: u32 = SESSIONS_MAX / 2;
/// A connection that no program has used for so long is closed.
const UNUSED: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(5);
/// After a dial that failed: it would again.
const PAUSE: Duration = Duration::from_secs(60);

impl Engine {
    /// Lends connections to the command from now on, if this computer has a private place for a socket. Without one the
    /// command dials by itself.
    pub async fn lend(&self, data_dir: &Path) {
        match place::listen(&place::candidates(data_dir)) {
            Ok((listener, path)) => {
                let lender = PoolLender { engine: Arc::downgrade(&self.inner), own: OwnLanes::default() };
                let lending = Lending::start(listener, path, Arc::new(lender));
                let _ = self.inner.lending.set(lending);
            }
            Err(error) => tracing::warn!(%error, "connections are not lent to the command"),
        }
    }

    pub(super) fn lend_no_more(&self) {
        if let Some(lending) = self.inner.lending.get() {
            lending.close();
        }
    }

    pub(super) async fn end_lent(&self) {
        if let Some(lending) = self.inner.lending.get() {
            lending.end().await;
        }
    }
}

/// The connections for programs, by key.
type OwnLanes = Arc<Mutex<HashMap<String, Own>>>;

#[derive(Default)]
struct Own {
    lanes: Vec<OwnLane>,
    dialling: bool,
    not_before: Option<Instant>,
}

struct OwnLane {
    connection: Arc<Connection>,
    /// With a channel that is open in advance, for the first program.
    ready: Option<SessionPlace>,
    used: Instant,
}

struct PoolLender {
    engine: Weak<Inner>,
    own: OwnLanes,
}

impl Lender for PoolLender {
    fn lend(&self, key: String, need: Need) -> BoxFuture<'static, Option<Lent>> {
        let (engine, own) = (self.engine.clone(), Arc::clone(&self.own));
        async move {
            let inner = engine.upgrade()?;
            // The person's connection first: once that is gone nothing is lent, whatever is left of ours.
            let mut lanes = inner.pool.lanes();
            lanes.retain(|lane| key::of(lane.target()).is_some_and(|known| known == key));
            if let Need::Same(id) = need {
                // It ends what runs there already.
                let place = place_on(&own, &key, &lanes, id)?;
                return Some(Lent { place, when_behind: WhenBehind::Spool });
            }
            let shared = lanes.first()?;
            if need == Need::Asked && !shared.has_asked() {
                return None;
            }
            if need == Need::Program {
                if let Some(place) = take_own(&own, &key) {
                    return Some(Lent { place, when_behind: WhenBehind::PushBack });
                }
                if !shared.has_asked_for_login() {
                    dial_own(&engine, &own, &key, shared);
                }
            }
            let when_behind = match need == Need::Terminal {
                true => WhenBehind::Spool,
                false => WhenBehind::SpoolThenPushBack,
            };
            for lane in lanes.iter().filter(|lane| lane.session_count() < LEFT_TO_TERMINALS) {
                let Some(place) = lane.reserve() else { continue };
                if need == Need::Carrier || place.open().await.is_ok() {
                    return Some(Lent { place, when_behind });
                }
            }
            None
        }
        .boxed()
    }
}

fn lock(own: &OwnLanes) -> std::sync::MutexGuard<'_, HashMap<String, Own>> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place on a connection that is known by its number.
fn place_on(own: &OwnLanes, key: &str, lanes: &[Arc<Connection>], id: u32) -> Option<SessionPlace> {
    let all = lock(own);
    let own = all.get(key).into_iter().flat_map(|own| own.lanes.iter().map(|lane| &lane.connection));
    let connection = own.chain(lanes).find(|connection| connection.id() == id)?;
    connection.reserve()
}

fn take_own(own: &OwnLanes, key: &str) -> Option<SessionPlace> {
    let mut all = lock(own);
    let own = all.get_mut(key)?;
    own.lanes.retain(|lane| lane.connection.is_up());
    own.lanes.iter_mut().find_map(|lane| {
        let place = lane.ready.take().or_else(|| match lane.connection.session_count() {
            0 => lane.connection.reserve(),
            _ => None,
        })?;
        lane.used = Instant::now();
        Some(place)
    })
}

/// Dials a further connection in the background, for the program after this one.
fn dial_own(engine: &Weak<Inner>, own: &OwnLanes, key: &str, like: &Arc<Connection>) {
    {
        let mut all = lock(own);
        let own = all.entry(key.to_owned()).or_default();
        let early = own.not_before.is_some_and(|time| Instant::now() < time);
        if own.dialling || early || own.lanes.len() >= OWN_MAX {
            return;
        }
        own.dialling = true;
    }
    let (engine, own, key, target) = (engine.clone(), Arc::clone(own), key.to_owned(), like.target().clone());
    tokio::spawn(async move {
        let pool = engine.upgrade().map(|inner| inner.pool.clone());
        let dialled = async {
            let made: MakeTarget = Arc::new(move || std::future::ready(Ok(target.clone())).boxed());
            let connection = pool?.tunnel_lane(made).await.ok()?;
            let place = connection.reserve()?;
            place.open().await.ok()?;
            Some(OwnLane { connection, ready: Some(place), used: Instant::now() })
        };
        let dialled = dialled.await;
        let mut all = lock(&own);
        let of_key = all.entry(key.clone()).or_default();
        of_key.dialling = false;
        match dialled {
            Some(lane) => {
                let connection = Arc::clone(&lane.connection);
                of_key.lanes.push(lane);
                drop(all);
                tokio::spawn(close_unused(engine, own, key, connection));
            }
            None => of_key.not_before = Some(Instant::now() + PAUSE),
        }
    });
}

async fn close_unused(engine: Weak<Inner>, own: OwnLanes, key: String, connection: Arc<Connection>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = connection.ended() => {}
        }
        if engine.strong_count() == 0 || is_over(&own, &key, &connection) {
            return connection.close().await;
        }
    }
}

/// Whether a connection is to be closed; it is lent to nobody from then on.
fn is_over(own: &OwnLanes, key: &str, connection: &Connection) -> bool {
    let mut all = lock(own);
    let Some(of_key) = all.get_mut(key) else { return true };
    let is_it = |lane: &OwnLane| lane.connection.id() == connection.id();
    let Some(lane) = of_key.lanes.iter_mut().find(|lane| is_it(lane)) else { return true };
    if lane.ready.is_none() && connection.session_count() > 0 {
        lane.used = Instant::now();
    }
    let over = !connection.is_up() || lane.used.elapsed() >= UNUSED;
    if over {
        of_key.lanes.retain(|lane| !is_it(lane));
    }
    over
}
