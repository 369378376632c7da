//! The watcher of a connection: it feeds `state.rs` with what the wire saw, performs its effects and publishes the status.

use std::io;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::guard::{Alive, Farewell};
use super::health::Vitals;
use super::state::{Effect, Limits, Liveness};
use super::{Connection, Status, Target};
use crate::error::{Error, ErrorCode};

/// How often the wire is looked at; the limits of `state.rs` are whole seconds.
const TICK: Duration = Duration::from_secs(1);

/// Starts the watcher. It ends with the connection, or when nobody holds it any more.
pub(super) fn watch(connection: &Arc<Connection>, alive: Alive, publish: watch::Sender<Status>) {
    tokio::spawn(run(Arc::downgrade(connection), Arc::clone(&connection.asked), alive, publish));
}

async fn run(
    connection: Weak<Connection>,
    asked: Arc<Notify>,
    mut alive: Alive,
    publish: watch::Sender<Status>,
) {
    let upkeep = connection.upgrade().map(|connection| connection.target.upkeep).unwrap_or_default();
    let mut liveness = Liveness::new(Limits::of(&upkeep), Instant::now());
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // One answer can wait at most: a probe is sent only when the one before was answered.
    let (answered, mut answers) = mpsc::channel(1);
    let mut round_trip = None;
    let mut given_up = false;
    // The first tick comes at once. The round trip is measured at the second: sshd sets TCP_NODELAY when a session begins,
    // and before that its answer waits for our delayed acknowledgement (40 ms on loopback).
    let mut ticked = 0_u64;
    loop {
        let mut effects = tokio::select! {
            () = alive.ended() => break,
            Some(time) = answers.recv() => {
                round_trip = Some(time);
                liveness.answered(Instant::now());
                if let Some(connection) = connection.upgrade() {
                    vitals(&connection).round_trip(time);
                }
                Vec::new()
            }
            () = asked.notified() => vec![liveness.ask(Instant::now())],
            _ = ticks.tick() => {
                ticked += 1;
                if ticked == 2 { vec![Effect::Probe] } else { Vec::new() }
            }
        };
        let Some(connection) = connection.upgrade() else { return };
        let (wire, now) = (&connection.wire, Instant::now());
        {
            let mut vitals = vitals(&connection);
            vitals.count(wire.received_bytes(), wire.sent_bytes(), now);
            if vitals.wants_round_trip(now) {
                effects.push(Effect::Probe);
            }
        }
        let heard = if wire.is_held_back() { now } else { wire.last_heard() };
        effects.extend(liveness.tick(heard, wire.last_sent(), now));
        for effect in effects {
            match effect {
                Effect::Probe => probe(&Arc::downgrade(&connection), &answered),
                Effect::Show => {}
                Effect::Kill => {
                    given_up = true;
                    connection.wire.kill();
                }
            }
        }
        let status = Status::Up { suspect_since: liveness.suspect_since(), round_trip };
        publish.send_if_modified(|old| std::mem::replace(old, status.clone()) != status);
    }
    if let Some(connection) = connection.upgrade() {
        let error = if given_up {
            silent(&connection.target, connection.wire.last_heard().elapsed())
        } else {
            ended(&connection)
        };
        publish.send_replace(Status::Ended { problem: error.problem() });
    }
}

fn vitals(connection: &Connection) -> MutexGuard<'_, Vitals> {
    connection.vitals.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the peer for a sign of life and measures the round trip.
fn probe(connection: &Weak<Connection>, answered: &mpsc::Sender<Duration>) {
    let (connection, answered) = (connection.clone(), answered.clone());
    tokio::spawn(async move {
        let Some(connection) = connection.upgrade() else { return };
        let started = Instant::now();
        tokio::select! {
            pong = connection.handle.send_ping() => {
                if pong.is_ok() && !connection.handle.is_closed() {
                    let _ = answered.try_send(started.elapsed());
                }
            }
            _ = connection.ended() => {}
        }
    });
}

/// Why a connection ended that nobody gave up: what the wire saw, or else what the peer or russh said last.
fn ended(connection: &Connection) -> Error {
    let (target, address) = (&connection.target, &connection.target.address);
    let farewell = connection.facts.lock().unwrap_or_else(PoisonError::into_inner).farewell.clone();
    let error = |code, text: String| Error::new(code, text).with("address", address);
    // The way below knows better than the wire: the jump host's connection ended, the proxy command said something.
    if let Some(cause) = connection.link.cause() {
        let lost = lost(target, &cause);
        return match connection.link.jump_host() {
            Some(jump) => lost.with("jump", jump).with("reason", "jump"),
            None => lost,
        };
    }
    match (farewell, connection.wire.fault()) {
        (Some(Farewell::Said(words)), _) => {
            let words = format!("\"{words}\"");
            closed(target, &format!("({words})")).with("cause", words)
        }
        (_, Some(io::ErrorKind::ConnectionReset)) => error(
            ErrorCode::ConnectionReset,
            format!(
                "The connection to {address} was reset, by the server or by something on the way, such as a firewall."
            ),
        ),
        (_, Some(io::ErrorKind::BrokenPipe)) => error(
            ErrorCode::ConnectionBroken,
            format!(
                "What was sent to {address} could no longer be delivered: the connection had been closed."
            ),
        ),
        (_, Some(io::ErrorKind::TimedOut)) => silent(target, connection.wire.last_heard().elapsed()),
        (Some(Farewell::Broke(cause)), None) => lost(target, &cause),
        (_, Some(io::ErrorKind::UnexpectedEof) | None) => {
            closed(target, "without saying why").with("cause", "it said nothing").with("reason", "silently")
        }
        (_, Some(kind)) => lost(target, &kind.to_string()),
    }
}

fn closed(target: &Target, words: &str) -> Error {
    let address = &target.address;
    Error::new(ErrorCode::ConnectionClosed, format!("{address} closed the connection {words}."))
        .with("address", address)
}

/// The peer was given up.
fn silent(target: &Target, silence: Duration) -> Error {
    let (address, seconds) = (&target.address, silence.as_secs());
    Error::new(
        ErrorCode::ConnectionSilent,
        format!(
            "Nothing was heard from {address} for {seconds} seconds, so the connection was given up. Try \
             again when the network is back."
        ),
    )
    .with("address", address)
    .with("seconds", seconds)
}

/// The connection ended under whoever used it.
pub(super) fn lost(target: &Target, cause: &str) -> Error {
    let address = &target.address;
    Error::new(ErrorCode::ConnectionLost, format!("The connection to {address} was lost: {cause}."))
        .with("address", address)
        .with("cause", cause)
}
