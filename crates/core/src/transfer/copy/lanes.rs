//! Connections for large files alone, opened when the first one comes and closed with the run.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::OnceCell;

use super::host::HostTree;
use super::tree::Tree;
use super::{Run, Source};
use crate::connection::Connection;
use crate::files::session::Files;

/// From here on a file is worth a login.
pub(super) const WORTH_BYTES: u64 = 32 * 1024 * 1024;
/// Small files from here on are many.
const MANY: usize = 128;
/// A round trip of so many milliseconds is a long one.
const LONG_MS: f64 = 5.0;
/// Four of them fill a line of 1 Gbit/s and 100 ms (design.md, fact 5).
pub(super) const LANES: usize = 4;

/// A connection, while it is made and once it is; None where it was refused.
type Lane = Arc<OnceCell<Option<Opened>>>;

/// A lane, and the tree over the session that it was opened beside.
#[derive(Debug)]
struct Opened {
    files: Files,
    beside: HostTree,
}

/// Lanes to the one host of a run, or to both.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    slots: Mutex<[Slot; LANES]>,
    /// All went well over them.
    is_kept: AtomicBool,
}

impl Drop for Lanes {
    fn drop(&mut self) {
        if !self.is_kept.load(Relaxed) {
            return;
        }
        let slots = self.slots.get_mut().unwrap_or_else(PoisonError::into_inner);
        for lane in slots.iter().flat_map(|slot| [&slot.from, &slot.to]) {
            if let Some(Some(Opened { files, beside })) = lane.get()
                && let Some(connection) = beside.files.connection()
            {
                beside.close_bulk(connection, files.clone());
            }
        }
    }
}

#[derive(Debug, Default)]
struct Slot {
    users: usize,
    from: Lane,
    to: Lane,
}

/// Which end of a run a lane leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    From,
    To,
}

/// One of the lanes, while a file is on it.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    lanes: &'a Lanes,
    number: usize,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.lanes.lock()[self.number].users -= 1;
    }
}

impl Lanes {
    /// A lane: a free one, or the one that the fewest share.
    pub fn take(&self) -> Taken<'_> {
        let mut slots = self.lock();
        let fewest = (0..LANES).min_by_key(|&number| slots[number].users).unwrap_or(0);
        slots[fewest].users += 1;
        Taken { lanes: self, number: fewest }
    }

    /// A lane that nobody is on.
    pub fn take_free(&self) -> Option<Taken<'_>> {
        let mut slots = self.lock();
        let number = slots.iter().position(|slot| slot.users == 0)?;
        slots[number].users += 1;
        Some(Taken { lanes: self, number })
    }

    /// The run has done all that was to be done: what comes next may have its lanes.
    pub fn keep(&self) {
        self.is_kept.store(true, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, [Slot; LANES]> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken<'_> {
    /// The tree over the lane; None where it cannot be had: the host asks a person at login, or takes no more connections
    /// (MaxStartups), which means fewer lanes and is no failure.
    pub async fn own(&self, which: Which, tree: &Tree) -> Option<Tree> {
        let Tree::Host(tree) = tree else { return Some(tree.clone()) };
        let connection = tree.files.connection().filter(|connection| !connection.has_asked())?;
        let lane = self.lane(which);
        let opened = lane.get_or_init(|| async {
            let opened = tree.open_bulk(connection).await;
            let files = opened
                .inspect_err(|error| tracing::info!(%error, "no connection of its own for a large file"))
                .ok()?;
            Some(Opened { files, beside: tree.clone() })
        });
        opened.await.as_ref().map(|opened| Tree::Host(tree.with(opened.files.clone())))
    }

    /// The tree over the lane, or over its own session.
    pub async fn over(&self, which: Which, tree: &Tree) -> Tree {
        self.own(which, tree).await.unwrap_or_else(|| tree.clone())
    }

    /// The lane, or a new one in the place of one that was lost.
    fn lane(&self, which: Which) -> Lane {
        let mut slots = self.lanes.lock();
        let slot = &mut slots[self.number];
        let lane = match which {
            Which::From => &mut slot.from,
            Which::To => &mut slot.to,
        };
        let is_gone =
            |opened: &Opened| opened.files.connection().is_some_and(|connection| !connection.is_up());
        if lane.get().is_some_and(|opened| opened.as_ref().is_some_and(is_gone)) {
            *lane = Lane::default();
        }
        Arc::clone(lane)
    }
}

/// A lane for small files from a host, once they are many: a session beside terminals gives 256 KiB in each round trip
/// (design.md, section 4), which on a long line is 64 files.
#[derive(Debug, Default)]
pub(super) struct SmallLane {
    begun: AtomicUsize,
    files: OnceLock<Files>,
}

impl SmallLane {
    /// Counts a small file that begins. One of them is the one that shows that they are many.
    pub fn begin(&self, run: &Arc<Run>, source: &Source) {
        if self.begun.fetch_add(1, Relaxed) == MANY
            && let Tree::Host(tree) = &source.tree
            && tree.files.connection().is_some_and(is_long)
        {
            let (run, tree) = (Arc::clone(run), source.tree.clone());
            tokio::spawn(async move {
                let lane = run.lanes.take();
                let own = tokio::select! {
                    own = lane.own(Which::From, &tree) => own,
                    () = run.halt.cancelled() => None,
                };
                if let Some(Tree::Host(own)) = own {
                    let _ = run.few.files.set(own.files);
                }
            });
        }
    }

    /// The tree to read a small file from. All sources of a run are on one host.
    pub fn tree(&self, source: &Tree) -> Tree {
        match (source, self.files.get()) {
            (Tree::Host(tree), Some(files)) => Tree::Host(tree.with(files.clone())),
            (tree, _) => tree.clone(),
        }
    }
}

/// On a short line a login takes longer than what it saves.
fn is_long(connection: &Arc<Connection>) -> bool {
    let trips = connection.health().round_trips;
    trips.iter().map(|trip| trip.ms).reduce(f64::min).is_some_and(|ms| ms >= LONG_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_lane_is_taken_before_one_is_shared() {
        let lanes = Lanes::default();
        let numbers = |taken: &[Taken<'_>]| taken.iter().map(|taken| taken.number).collect::<Vec<_>>();
        let mut taken: Vec<_> = (0..LANES).map(|_| lanes.take()).collect();
        assert_eq!(numbers(&taken), [0, 1, 2, 3]);
        assert!(lanes.take_free().is_none());
        taken.remove(2);
        taken.push(lanes.take());
        assert_eq!(numbers(&taken), [0, 1, 3, 2], "the one that is free by now");
        let shared = lanes.take();
        assert_eq!(shared.number, 0);
        taken.remove(1);
        assert_eq!(lanes.take_free().map(|taken| taken.number), Some(1));
    }
}
