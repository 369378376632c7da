//! When a host is dialled again: a pure machine. It opens no socket and reads no clock; `pool.rs` feeds it.
//!
//! ```text
//! Idle -> Dialing -> Up -> Down -> Dialing        Down --(5 failures in a row)--> Tripped -> Dialing (one probe)
//!                     any failure that a person has to decide -> Halted -> Dialing when the person asks
//! ```

use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::connection::backoff;
use crate::connection::cause::Cause;
use crate::connection::state::ConnectionState;
use crate::error::{Action, ErrorCode, Problem};
use crate::timeline::TimelineEvent;

/// Failures of one kind in a row, across all users of a host, that trip the breaker: tries that failed, or connections that
/// came up and did not last.
const FAILURES_BEFORE_TRIP: u32 = 5;
/// How long a tripped breaker lets nobody try; then one probe goes out.
const TRIPPED_FOR: Duration = Duration::from_secs(30);
/// A connection that lasted so long was a success: its loss counts as the first failure. After one that ends sooner the pauses
/// grow on, or a server that drops every login would be dialled without pause. But the host was reached: a network that comes
/// back with a stumble is no reason to let nobody try for half a minute.
const LASTING: Duration = Duration::from_secs(10);

/// Where a host is.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// Nobody uses it.
    Idle,
    /// The first connection is being made.
    Dialing {
        authenticating: bool,
    },
    Up,
    /// It failed, for a cause that time may heal.
    Down {
        problem: Problem,
        retry_at: Instant,
    },
    /// It failed too often.
    Tripped {
        problem: Problem,
        retry_at: Instant,
    },
    /// It failed, and a person has to decide.
    Halted {
        problem: Problem,
    },
}

/// A change that belongs in the timeline, with how long the phase before lasted.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    pub lasted: Duration,
    pub what: TimelineEvent,
}

/// The machine of one host.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconnect {
    phase: Phase,
    since: Instant,
    /// Failures since a connection lasted, of both kinds.
    failures: u32,
    /// Tries that failed since one reached the host.
    unreached: u32,
    /// Connections that came up and did not last, since one did.
    dropped: u32,
}

/// What somebody who needs the host may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Dial,
    /// Wait until then, or until something changes.
    Wait(Instant),
}

/// Whether time may heal a failure. `was_up` says that a session was there before: what has worked is not set wrongly, so a
/// gate of a hotel's network that answers in the server's or proxy's place, or a home folder that is away with the
/// network, is waited for like the network itself. Nothing of a login has been sent when these come.
pub fn heals(problem: &Problem, was_up: bool) -> bool {
    match problem.action {
        Action::Retry | Action::Bug => true,
        Action::Fix => {
            was_up
                && matches!(
                    problem.code,
                    ErrorCode::NotSsh
                        | ErrorCode::ProxyProtocol
                        | ErrorCode::KnownHostsUnreadable
                        | ErrorCode::ImportFailed
                        | ErrorCode::StoreBusy
                        | ErrorCode::StoreFailed
                )
        }
        Action::Ask => false,
    }
}

impl Reconnect {
    pub fn new(now: Instant) -> Self {
        Self { phase: Phase::Idle, since: now, failures: 0, unreached: 0, dropped: 0 }
    }

    /// Whether whoever needs a connection may dial. `others_wait` says that somebody waits for the next try already;
    /// a person who asks for a host that nobody waits for is served at once.
    pub fn turn(&self, others_wait: bool, now: Instant) -> Turn {
        match &self.phase {
            Phase::Idle | Phase::Halted { .. } | Phase::Up | Phase::Dialing { .. } => Turn::Dial,
            Phase::Down { .. } if !others_wait => Turn::Dial,
            Phase::Down { retry_at, .. } | Phase::Tripped { retry_at, .. } => {
                if *retry_at <= now {
                    Turn::Dial
                } else {
                    Turn::Wait(*retry_at)
                }
            }
        }
    }

    /// A dial for a host without any connection begins.
    pub fn dial(&mut self, now: Instant) -> Noted {
        self.enter(
            Phase::Dialing { authenticating: false },
            TimelineEvent::Dialing { attempt: self.failures + 1 },
            now,
        )
    }

    /// The dial has reached the server.
    pub fn reached(&mut self) {
        if let Phase::Dialing { authenticating } = &mut self.phase {
            *authenticating = true;
        }
    }

    pub fn up(&mut self, now: Instant) -> Option<Noted> {
        if self.phase == Phase::Up {
            return None;
        }
        let attempt = self.failures + 1;
        Some(self.enter(Phase::Up, TimelineEvent::Up { attempt }, now))
    }

    /// A dial failed, or the last connection was lost. `waited_for` says whether a session that was there before waits for
    /// the host; `random` is from 0 to 1.
    pub fn failed(&mut self, problem: Problem, waited_for: bool, now: Instant, random: f64) -> Noted {
        let cause = Cause::of(problem.code);
        let was_up = self.phase == Phase::Up;
        let lasted = was_up && now.saturating_duration_since(self.since) >= LASTING;
        if lasted {
            self.forget_failures();
        }
        if !heals(&problem, waited_for) {
            self.forget_failures();
            let what = TimelineEvent::Halted { cause, problem: problem.clone() };
            return self.enter(Phase::Halted { problem }, what, now);
        }
        self.failures += 1;
        if was_up && !lasted {
            (self.unreached, self.dropped) = (0, self.dropped + 1);
        } else {
            self.unreached += 1;
        }
        if self.unreached.max(self.dropped) >= FAILURES_BEFORE_TRIP {
            let what = TimelineEvent::Tripped {
                cause,
                problem: problem.clone(),
                retry_in_ms: clock::ms(TRIPPED_FOR),
            };
            return self.enter(Phase::Tripped { problem, retry_at: now + TRIPPED_FOR }, what, now);
        }
        let wait = backoff::delay(self.failures, random);
        let what =
            TimelineEvent::Down { cause, problem: problem.clone(), retry_in_ms: Some(clock::ms(wait)) };
        self.enter(Phase::Down { problem, retry_at: now + wait }, what, now)
    }

    /// Nobody uses it any more, or the person ended it, or a dial was given up.
    pub fn closed(&mut self, now: Instant) -> Option<Noted> {
        if self.phase == Phase::Idle {
            return None;
        }
        self.forget_failures();
        Some(self.enter(Phase::Idle, TimelineEvent::Closed, now))
    }

    /// The next try is due now: the person asked, the network came back, the machine woke up. False if none is waited for.
    pub fn retry_now(&mut self, now: Instant) -> bool {
        match &mut self.phase {
            Phase::Down { retry_at, .. } | Phase::Tripped { retry_at, .. } => {
                *retry_at = (*retry_at).min(now);
                true
            }
            Phase::Idle | Phase::Dialing { .. } | Phase::Up | Phase::Halted { .. } => false,
        }
    }

    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Whether a person has to decide before anything is tried.
    pub fn is_halted(&self) -> bool {
        matches!(self.phase, Phase::Halted { .. })
    }

    /// Why there is no connection, if there was or should be one.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Down { problem, .. } | Phase::Tripped { problem, .. } | Phase::Halted { problem } => {
                Some(problem)
            }
            Phase::Idle | Phase::Dialing { .. } | Phase::Up => None,
        }
    }

    /// As the window is told. `waited_for` says whether anybody waits for the next try.
    pub fn state(&self, waited_for: bool) -> ConnectionState {
        let attempt = self.failures;
        match self.phase.clone() {
            Phase::Idle => ConnectionState::Idle,
            Phase::Dialing { authenticating: true } => ConnectionState::Authenticating,
            Phase::Dialing { authenticating: false } => ConnectionState::Dialing { attempt: attempt + 1 },
            Phase::Up => ConnectionState::Up,
            Phase::Down { problem, retry_at } => ConnectionState::Down {
                cause: Cause::of(problem.code),
                problem,
                attempt,
                retry_at_ms: waited_for.then(|| clock::at_ms(retry_at)),
            },
            // Nothing is tried for nobody: a time would be untrue.
            Phase::Tripped { problem, .. } if !waited_for => {
                ConnectionState::Down { cause: Cause::of(problem.code), problem, attempt, retry_at_ms: None }
            }
            Phase::Tripped { problem, retry_at } => ConnectionState::Tripped {
                cause: Cause::of(problem.code),
                problem,
                attempt,
                retry_at_ms: clock::at_ms(retry_at),
            },
            Phase::Halted { problem } => ConnectionState::Halted { cause: Cause::of(problem.code), problem },
        }
    }

    fn forget_failures(&mut self) {
        (self.failures, self.unreached, self.dropped) = (0, 0, 0);
    }

    fn enter(&mut self, phase: Phase, what: TimelineEvent, now: Instant) -> Noted {
        let lasted = now.saturating_duration_since(self.since);
        self.phase = phase;
        self.since = now;
        Noted { lasted, what }
    }
}

#[cfg(test)]
mod tests;
