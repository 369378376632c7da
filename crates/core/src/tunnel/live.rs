//! What a tunnel that runs is doing: counted by its tasks, looked at by whoever shows it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use ts_rs::TS;

use crate::error::{Error, Problem};

/// Told of every change but the bytes.
pub type Tell = Arc<dyn Fn() + Send + Sync>;

/// Where a tunnel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TunnelState {
    Stopped,
    /// It is being bound, or its host connected for the first time.
    Starting,
    Up,
    /// The connection was lost. It listens on, and what connects waits for a while.
    Waiting,
    /// It ended by itself; its problem says why.
    Failed,
}

/// What happened last that went wrong.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TunnelTrouble {
    pub problem: Problem,
    /// In milliseconds since the Unix epoch.
    pub at_ms: f64,
}

/// How a tunnel is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub state: TunnelState,
    /// Where it listens, each address with the port that it really has.
    pub bound: Vec<String>,
    pub trouble: Option<TunnelTrouble>,
    pub counts: Counts,
}

/// What has passed since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections now, and since it was started.
    pub live: u32,
    pub total: u64,
    /// Those that wait for the host.
    pub waiting: u32,
    /// Those that ended with a failure.
    pub failed: u64,
    /// To the side that is connected to, and from there.
    pub sent_bytes: u64,
    pub received_bytes: u64,
    /// What waits for programs that do not take it.
    pub held_bytes: u64,
}

pub struct Live {
    shown: Mutex<Shown>,
    live: AtomicU32,
    total: AtomicU64,
    waiting: AtomicU32,
    failed: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    held: AtomicU64,
    tell: Tell,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("snapshot", &self.snapshot()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Shown {
    state: TunnelState,
    bound: Vec<String>,
    trouble: Option<TunnelTrouble>,
}

impl Live {
    pub fn new(tell: Tell) -> Self {
        Self {
            shown: Mutex::new(Shown { state: TunnelState::Starting, bound: Vec::new(), trouble: None }),
            live: AtomicU32::new(0),
            total: AtomicU64::new(0),
            waiting: AtomicU32::new(0),
            failed: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            held: AtomicU64::new(0),
            tell,
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        let shown = self.shown();
        Snapshot {
            state: shown.state,
            bound: shown.bound.clone(),
            trouble: shown.trouble.clone(),
            counts: Counts {
                live: self.live.load(Relaxed),
                total: self.total.load(Relaxed),
                waiting: self.waiting.load(Relaxed),
                failed: self.failed.load(Relaxed),
                sent_bytes: self.sent.load(Relaxed),
                received_bytes: self.received.load(Relaxed),
                held_bytes: self.held.load(Relaxed),
            },
        }
    }

    pub fn listens_at(&self, bound: Vec<String>) {
        self.shown().bound = bound;
        (self.tell)();
    }

    /// It works from now on.
    pub fn is_up(&self) {
        {
            let mut shown = self.shown();
            // A loss is over; what became of a single connection stays to be read.
            let over = shown.trouble.as_ref().is_some_and(|trouble| {
                shown.state == TunnelState::Waiting || trouble.problem.code.is_lost_connection()
            });
            if over {
                shown.trouble = None;
            }
            shown.state = TunnelState::Up;
        }
        (self.tell)();
    }

    pub fn is_lost(&self, error: &Error) {
        self.set(TunnelState::Waiting, error);
    }

    pub fn has_failed(&self, error: &Error) {
        self.shown().bound.clear();
        self.set(TunnelState::Failed, error);
    }

    /// One connection failed; the others go on.
    pub fn trouble(&self, error: &Error) {
        self.failed.fetch_add(1, Relaxed);
        self.shown().trouble = Some(trouble(error));
        (self.tell)();
    }

    fn set(&self, state: TunnelState, error: &Error) {
        {
            let mut shown = self.shown();
            shown.state = state;
            shown.trouble = Some(trouble(error));
        }
        (self.tell)();
    }

    /// Counts a connection while it lives.
    pub fn connected(self: &Arc<Self>) -> Counted {
        self.live.fetch_add(1, Relaxed);
        self.total.fetch_add(1, Relaxed);
        (self.tell)();
        Counted { live: Arc::clone(self), of: |live| &live.live }
    }

    /// Counts one that waits for the host while it does.
    pub fn waits(self: &Arc<Self>) -> Counted {
        self.waiting.fetch_add(1, Relaxed);
        (self.tell)();
        Counted { live: Arc::clone(self), of: |live| &live.waiting }
    }

    pub fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Relaxed);
    }

    pub fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }

    /// What one connection holds for its program was so much, and is so much now.
    pub fn holds(&self, before: u64, now: u64) {
        self.held.fetch_add(now.wrapping_sub(before), Relaxed);
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trouble(error: &Error) -> TunnelTrouble {
    TunnelTrouble { problem: error.problem(), at_ms: crate::clock::now_ms().round() }
}

/// Counts something while it lives.
pub struct Counted {
    live: Arc<Live>,
    of: fn(&Live) -> &AtomicU32,
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counted")
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.of)(&self.live).fetch_sub(1, Relaxed);
        (self.live.tell)();
    }
}
