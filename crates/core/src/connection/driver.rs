//! The watcher of a connection: it feeds `state.rs` with what the wire saw, performs its effects and publishes the status.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::guard::Alive;
use super::state::{Effect, Liveness};
use super::{Connection, Status, Target};
use crate::error::{Error, ErrorCode};

/// How often the wire is looked at; the limits of `state.rs` are whole seconds.
const TICK: Duration = Duration::from_secs(1);

/// Starts the watcher. It ends with the connection, or when nobody holds it any more.
pub(super) fn watch(connection: &Arc<Connection>, alive: Alive, publish: watch::Sender<Status>) {
    tokio::spawn(run(Arc::downgrade(connection), alive, publish));
}

async fn run(connection: Weak<Connection>, mut alive: Alive, publish: watch::Sender<Status>) {
    let mut liveness = Liveness::new(Instant::now());
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
        tokio::select! {
            () = alive.ended() => break,
            Some(time) = answers.recv() => round_trip = Some(time),
            _ = ticks.tick() => {
                ticked += 1;
                if ticked == 2 {
                    probe(&connection, &answered);
                }
            }
        }
        let Some(connection) = connection.upgrade() else { return };
        for effect in liveness.tick(connection.wire.last_heard(), connection.wire.last_sent(), Instant::now())
        {
            match effect {
                Effect::Probe => probe(&Arc::downgrade(&connection), &answered),
                Effect::Show => {}
                Effect::Kill => {
                    given_up = true;
                    connection.wire.kill();
                }
            }
        }
        let status = Status::Up { suspect: liveness.is_suspect(), round_trip };
        publish.send_if_modified(|old| std::mem::replace(old, status.clone()) != status);
    }
    if let Some(connection) = connection.upgrade() {
        let error = if given_up {
            silent(&connection.target, connection.wire.last_heard().elapsed())
        } else {
            lost(&connection.target, farewell(&connection).as_deref().unwrap_or("EOF"))
        };
        publish.send_replace(Status::Ended { problem: error.problem() });
    }
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

fn farewell(connection: &Connection) -> Option<String> {
    connection.facts.lock().unwrap_or_else(PoisonError::into_inner).farewell.clone()
}

/// The peer was given up.
fn silent(target: &Target, silence: Duration) -> Error {
    let (address, seconds) = (&target.address, silence.as_secs());
    Error::new(
        ErrorCode::ConnectionSilent,
        format!(
            "Nothing was heard from {address} for {seconds} seconds, so the connection was given up. What was on the \
             screen is kept; open it again when the network is back."
        ),
    )
    .with("address", address)
    .with("seconds", seconds)
}

/// The connection ended under whoever used it.
pub(super) fn lost(target: &Target, cause: &str) -> Error {
    let address = &target.address;
    Error::new(
        ErrorCode::ConnectionLost,
        format!(
            "The connection to {address} was lost: {cause}. What was on the screen is kept; open it again."
        ),
    )
    .with("address", address)
    .with("cause", cause)
}
