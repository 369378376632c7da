//! What is known about a connection: a pure machine. It opens no socket and reads no clock; `driver.rs` feeds it and does
//! what it says.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use ts_rs::TS;

use super::cause::Cause;
use super::settings::{ServerAlive, Upkeep};
use crate::error::{Action, Problem};
use crate::host::HostId;

/// After this much silence with nothing due, the peer is asked for a sign of life.
///
/// 7 s and the 22 s of [`DUE_BEFORE_DEAD`] are the widest that keep both promises of section 10: a dead peer is known
/// within 30 s, also one that dies right after it was heard, and a network that is gone for 20 s costs no session.
pub const IDLE_BEFORE_PROBE: Duration = Duration::from_secs(7);
/// A peer that is heard all the time is asked too, this long after the last question: what it sends does not show that it
/// receives what we send.
pub const HEARD_BEFORE_PROBE: Duration = Duration::from_secs(15);
/// Data that is due for this long makes us ask at once, so that the answer can come before the doubt is shown.
pub const DUE_BEFORE_PROBE: Duration = Duration::from_secs(4);
/// Silence with data due that is shown as doubt (design.md, section 10: within 5 s).
pub const DUE_BEFORE_SUSPECT: Duration = Duration::from_secs(5);
/// Silence with data due after which the peer is given up.
pub const DUE_BEFORE_DEAD: Duration = Duration::from_secs(22);

/// Looks come every second. After a longer gap than this it was us who did not run: somebody typed `^Z`, the machine was
/// paused. What came meanwhile is not read yet, so the silence says nothing of the peer.
const STOPPED: Duration = Duration::from_secs(5);

/// The state of a host's connection as a person sees it.
///
/// Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ConnectionState {
    /// Nobody uses the host.
    Idle,
    /// `attempt` counts from 1; above 1 the ones before failed.
    Dialing {
        attempt: u32,
    },
    /// Host key and credentials are being checked, perhaps by asking the person.
    Authenticating,
    Up,
    /// Data is due and nothing was heard for a while.
    Suspect {
        since_ms: f64,
    },
    /// It ended or was not made, for a cause that time may heal. With `retry_at_ms` somebody waits for it and the next try
    /// comes then; without, nobody does.
    Down {
        cause: Cause,
        problem: Problem,
        /// Tries that failed in a row.
        attempt: u32,
        retry_at_ms: Option<f64>,
    },
    /// So many tries failed in a row that all users of the host wait for one probe.
    Tripped {
        cause: Cause,
        problem: Problem,
        attempt: u32,
        retry_at_ms: f64,
    },
    /// A person has to do something first: changed host key, refused authentication. Nothing is tried before that.
    Halted {
        cause: Cause,
        problem: Problem,
    },
}

impl ConnectionState {
    /// The state after a failure that nobody waits to see mended: what time may heal is `Down`, what a person must decide
    /// is `Halted`.
    pub fn after(problem: Problem) -> Self {
        let cause = Cause::of(problem.code);
        match problem.action {
            Action::Retry | Action::Bug => {
                ConnectionState::Down { cause, problem, attempt: 0, retry_at_ms: None }
            }
            Action::Ask | Action::Fix => ConnectionState::Halted { cause, problem },
        }
    }
}

/// A host's connection in one snapshot; sent whenever it changes.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    pub host_id: HostId,
    #[serde(flatten)]
    pub state: ConnectionState,
    /// The last measured round trip in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Milliseconds since the Unix epoch at which the server was last heard.
    pub last_heard_ms: Option<f64>,
    /// `aes128-gcm@openssh.com` and so on.
    pub cipher: Option<String>,
    /// The server's identification, such as `OpenSSH_9.2p1 Debian-2`.
    pub server: Option<String>,
    pub terminals: u32,
    /// Connections that the host has just now.
    pub lanes: u32,
}

/// How patient a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    idle_before_probe: Duration,
    due_before_dead: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { idle_before_probe: IDLE_BEFORE_PROBE, due_before_dead: DUE_BEFORE_DEAD }
    }
}

impl Limits {
    /// ServerAliveInterval and ServerAliveCountMax of ssh_config(5) make a connection less patient and never more: that a dead
    /// peer is known within 30 s is a promise, and people set them so that idle connections are kept, which ours does anyway.
    /// OpenSSH gives a peer up when as many questions in a row went unanswered, one in each interval.
    ///
    /// Elsewhere what the person has set holds, whose promise that is.
    pub fn of(upkeep: &Upkeep) -> Self {
        let usual = Self::default();
        let quiet = upkeep.quiet.unwrap_or(usual.idle_before_probe);
        match upkeep.server_alive {
            Some(ServerAlive { interval, count_max }) if !interval.is_zero() && count_max > 0 => Self {
                idle_before_probe: interval.min(quiet.max(usual.idle_before_probe)),
                due_before_dead: usual.due_before_dead.min(interval.saturating_mul(count_max)),
            },
            _ => Self { idle_before_probe: quiet, ..usual },
        }
    }
}

/// Whether a connected peer is alive: it decides when to ask, when to doubt and when to give up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liveness {
    limits: Limits,
    /// When the peer was last heard.
    heard: Instant,
    /// Since when an answer is due: the first thing sent after `heard`, or the probe.
    due: Option<Instant>,
    probed: bool,
    /// The question that was not answered yet.
    asked: Option<Instant>,
    /// When the last question was asked or answered.
    settled: Instant,
    suspect: Option<Instant>,
    looked: Instant,
}

/// What the driver has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Ask the peer for a sign of life.
    Probe,
    /// The doubt has begun or ended: show it.
    Show,
    /// Give the peer up.
    Kill,
}

impl Liveness {
    /// A peer that was heard just now.
    pub fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            heard: now,
            due: None,
            probed: false,
            asked: None,
            settled: now,
            suspect: None,
            looked: now,
        }
    }

    /// Since when nothing came though data was due, if that is long enough to be shown.
    pub fn suspect_since(&self) -> Option<Instant> {
        self.suspect
    }

    /// Asks for a sign of life now, whatever was heard: the machine slept, or its network changed.
    pub fn ask(&mut self, now: Instant) -> Effect {
        self.probed = true;
        self.due.get_or_insert(now);
        self.asked.get_or_insert(now);
        self.settled = now;
        Effect::Probe
    }

    /// A question was answered: the peer hears us.
    pub fn answered(&mut self, now: Instant) {
        self.asked = None;
        self.settled = now;
    }

    /// Looks at the wire: when bytes last came and when they last went. Call it about once a second.
    pub fn tick(&mut self, heard: Instant, sent: Instant, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        if heard > self.heard {
            self.heard = heard;
            self.due = None;
            self.probed = false;
        }
        if self.due.is_none() && sent > self.heard {
            self.due = Some(sent);
        }
        let since = |at: Instant| now.saturating_duration_since(at);
        if since(std::mem::replace(&mut self.looked, now)) > STOPPED {
            self.due = self.due.map(|_| now);
            self.asked = self.asked.map(|_| now);
            effects.push(self.ask(now));
        }
        let due = self.due.map_or(Duration::ZERO, since);
        if due >= self.limits.due_before_dead {
            return vec![Effect::Kill];
        }
        let asks = due >= DUE_BEFORE_PROBE || since(self.heard) >= self.limits.idle_before_probe;
        if (!self.probed && asks) || (self.asked.is_none() && since(self.settled) >= HEARD_BEFORE_PROBE) {
            effects.push(self.ask(now));
        }
        // A peer that goes on sending but answers nothing is doubted and not given up: on a slow line the answer may wait
        // behind megabytes of output.
        let unanswered = self.asked.map_or(Duration::ZERO, since);
        let suspect = if due >= DUE_BEFORE_SUSPECT {
            Some(self.heard)
        } else if unanswered >= DUE_BEFORE_SUSPECT {
            self.asked
        } else {
            None
        };
        if suspect.is_some() != self.suspect.is_some() {
            self.suspect = suspect;
            effects.push(Effect::Show);
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps a peer through virtual seconds; the closures say when bytes last came and went.
    fn run(seconds: u64, heard: impl Fn(u64) -> u64, sent: impl Fn(u64) -> u64) -> Vec<(u64, Effect)> {
        run_with(Limits::default(), seconds, heard, sent)
    }

    fn run_with(
        limits: Limits,
        seconds: u64,
        heard: impl Fn(u64) -> u64,
        sent: impl Fn(u64) -> u64,
    ) -> Vec<(u64, Effect)> {
        let start = Instant::now();
        let at = |second: u64| start + Duration::from_secs(second);
        let mut liveness = Liveness::new(limits, start);
        let mut seen = Vec::new();
        for now in 0..=seconds {
            // In these runs all that comes answers what was asked.
            if now > 0 && heard(now) > heard(now - 1) {
                liveness.answered(at(now));
            }
            for effect in liveness.tick(at(heard(now)), at(sent(now)), at(now)) {
                seen.push((now, effect));
                if effect == Effect::Kill {
                    return seen;
                }
            }
        }
        seen
    }

    #[test]
    fn a_quiet_peer_is_asked_after_7_seconds_and_given_up_within_30() {
        let seen = run(60, |_| 0, |now| if now >= 7 { 7 } else { 0 });
        assert_eq!(seen, [(7, Effect::Probe), (12, Effect::Show), (29, Effect::Kill)]);
    }

    #[test]
    fn server_alive_makes_a_connection_stricter_and_never_laxer() {
        let alive = |seconds, count_max| {
            let server_alive = Some(ServerAlive { interval: Duration::from_secs(seconds), count_max });
            Limits::of(&Upkeep { server_alive, ..Upkeep::default() })
        };
        let seen = run_with(alive(3, 2), 60, |_| 0, |now| if now >= 3 { 3 } else { 0 });
        assert_eq!(seen, [(3, Effect::Probe), (8, Effect::Show), (9, Effect::Kill)]);
        assert_eq!(alive(60, 3), Limits::default());
        assert_eq!(alive(0, 3), Limits::default());
        assert_eq!(alive(3, 0), Limits::default());
        assert_eq!(Limits::of(&Upkeep::default()), Limits::default());
    }

    #[test]
    fn a_quiet_peer_is_asked_when_the_person_says_and_earlier_or_later_where_the_config_does() {
        let asked = |quiet: u64, interval: Option<u64>| {
            let quiet = Some(Duration::from_secs(quiet));
            let server_alive =
                interval.map(|seconds| ServerAlive { interval: Duration::from_secs(seconds), count_max: 3 });
            let limits = Limits::of(&Upkeep { server_alive, quiet, ..Upkeep::default() });
            limits.idle_before_probe.as_secs()
        };
        assert_eq!([asked(3, None), asked(60, None)], [3, 60]);
        assert_eq!(asked(3, Some(5)), 5, "the config of a host wins");
        assert_eq!(asked(3, Some(60)), 7, "and is as strict as ever");
        assert_eq!([asked(30, Some(60)), asked(30, Some(20))], [30, 20]);
    }

    #[test]
    fn a_peer_that_answers_every_probe_is_never_doubted() {
        let seen = run(60, |now| now - now % 8, |now| now - now % 8);
        assert!(seen.iter().all(|(_, effect)| *effect == Effect::Probe), "{seen:?}");
    }

    #[test]
    fn silence_after_a_key_press_is_probed_shown_in_5_seconds_and_ends_in_30() {
        let seen = run(60, |_| 0, |now| now.min(3));
        assert_eq!(seen, [(5, Effect::Probe), (6, Effect::Show), (23, Effect::Kill)]);
    }

    #[test]
    fn a_network_that_is_gone_for_20_seconds_costs_no_session_whenever_that_begins() {
        for begins in 0..=7 {
            // Heard until then and again 20 s later, with a probe on the way or a key press at once.
            let heard = move |now: u64| if now >= begins + 20 { now } else { begins.min(now) };
            for first_sent in begins + 1..=begins + 7 {
                let seen =
                    run(
                        begins + 25,
                        heard,
                        move |now| if now >= first_sent { first_sent } else { begins.min(now) },
                    );
                assert!(
                    !seen.iter().any(|(_, effect)| *effect == Effect::Kill),
                    "{begins} {first_sent}: {seen:?}"
                );
            }
        }
    }

    #[test]
    fn typing_on_into_silence_does_not_put_the_end_off() {
        let seen = run(60, |_| 0, |now| now);
        assert!(seen.contains(&(23, Effect::Kill)), "{seen:?}");
    }

    #[test]
    fn any_byte_ends_the_doubt() {
        let seen = run(12, |now| if now >= 10 { 10 } else { 0 }, |now| now.min(2));
        assert_eq!(seen, [(5, Effect::Probe), (6, Effect::Show), (10, Effect::Show)]);
    }

    #[test]
    fn after_a_sleep_a_peer_that_does_not_answer_is_doubted_within_5_seconds() {
        let start = Instant::now();
        let at = |second: u64| start + Duration::from_secs(second);
        let mut liveness = Liveness::new(Limits::default(), start);
        assert_eq!(liveness.ask(at(1)), Effect::Probe);
        assert!(liveness.tick(start, start, at(5)).is_empty());
        assert_eq!(liveness.tick(start, start, at(6)), [Effect::Show]);
    }

    #[test]
    fn while_we_were_stopped_the_peer_had_nobody_to_answer() {
        let start = Instant::now();
        let at = |second: u64| start + Duration::from_secs(second);
        let mut liveness = Liveness::new(Limits::default(), start);
        assert_eq!(liveness.tick(start, at(1), at(1)), []);
        // ^Z in the middle of an upload, and `fg` a minute later: what came meanwhile is not read yet.
        assert_eq!(liveness.tick(start, at(1), at(61)), [Effect::Probe]);
        let mut heard = liveness.clone();
        assert_eq!((heard.tick(at(62), at(61), at(62)), heard.suspect_since()), (vec![], None));
        // One that is silent from then on is given up as late as any other.
        let given_up = (62..100).find(|now| liveness.tick(start, at(1), at(*now)).contains(&Effect::Kill));
        assert_eq!(given_up, Some(61 + DUE_BEFORE_DEAD.as_secs()));
    }

    #[test]
    fn a_peer_that_sends_on_but_never_answers_is_doubted_and_not_given_up() {
        let start = Instant::now();
        let at = |second: u64| start + Duration::from_secs(second);
        let mut liveness = Liveness::new(Limits::default(), start);
        let mut seen = Vec::new();
        for now in 0..=60 {
            seen.extend(
                liveness
                    .tick(at(now), at(now.saturating_sub(1)), at(now))
                    .into_iter()
                    .map(|effect| (now, effect)),
            );
        }
        assert_eq!(seen, [(15, Effect::Probe), (20, Effect::Show)]);
        liveness.answered(at(60));
        assert_eq!(liveness.tick(at(61), at(60), at(61)), [Effect::Show]);
        assert_eq!(liveness.suspect_since(), None);
    }
}
