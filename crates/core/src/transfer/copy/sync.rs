//! Runs a sync: compares the two folders, does what was found, and goes on when the source changes, if that was asked for. A run
//! that was cut compares anew, so that what has arrived is the same by then.

mod carry_out;
mod changes;
mod compare;
mod places;
mod plan;
pub mod preview;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::fault::{Fault, Result};
use super::lanes::{Lanes, SmallLane};
use super::tree::Tree;
use super::{Hosts, Run, Source, UNITS, UNSYNCED, end_early, file, on_disk, remove_parts};
use crate::error::Error;
use crate::transfer::job::JobRequest;
use crate::transfer::name::Rules;
use crate::transfer::plan::IN_MIND_BYTES;
use crate::transfer::queue::live::Live;
use crate::transfer::queue::store::Parts;
use crate::transfer::room::Room;
use crate::transfer::sync::{SyncAction, SyncRules, may_delete};
use carry_out::finish;
use changes::{Change, Changes};
use compare::Compare;
use places::Places;
use plan::Plan;

/// One run of a sync, up to its end or to what ends it.
pub(super) async fn run_once(hosts: &Arc<dyn Hosts>, live: &Arc<Live>, again: bool) -> Result<()> {
    let mut wants = live.request.sync.clone().ok_or_else(|| Fault::All(Error::internal("no sync")))?;
    // What a person agreed to was what they saw. A source that is empty days later is more likely one that is not mounted.
    wants.delete_many &= !(wants.watch && again);
    let mut places = tokio::select! {
        opened = Places::open(hosts, &live.request, again) => opened?,
        () = live.stop.cancelled() => return Err(Fault::Stopped),
    };
    live.wait_for_connection(None);
    // From here on, so that nothing is lost between the comparison and the watch.
    let mut changes = if wants.watch { Some(Changes::of(places.watched.clone()).await) } else { None };
    let mut change = Change::Everything;
    let mut entries = 0;
    loop {
        let round = Round { hosts, live, wants: &wants, again: again || live.again.load(Relaxed) };
        round.run(&mut places, &change, &mut entries).await?;
        live.round_done();
        wants.delete_many &= !wants.watch;
        let Some(changes) = &mut changes else { return Ok(()) };
        live.set_watching(true);
        change = tokio::select! {
            change = changes.next(live.error_count() > 0) => change,
            () = live.stop.cancelled() => return Err(Fault::Stopped),
        };
        live.set_watching(false);
    }
}

/// The target of a sync, to remove unfinished files from.
pub(super) async fn target(hosts: &Arc<dyn Hosts>, request: &JobRequest) -> Result<Tree> {
    let places = Places::open(hosts, request, false).await?;
    places.to.ok_or_else(|| Fault::All(Error::internal("the target was never made")))
}

/// One comparison and what follows from it.
struct Round<'a> {
    hosts: &'a Arc<dyn Hosts>,
    live: &'a Arc<Live>,
    wants: &'a SyncRules,
    again: bool,
}

impl Round<'_> {
    /// `entries` is how many the target has by now, as far as that is known.
    async fn run(&self, places: &mut Places, change: &Change, entries: &mut u64) -> Result<()> {
        let Self { hosts, live, wants, again } = self;
        // Changes count on from what was copied before.
        live.begin(matches!(change, Change::Paths(_)).then(|| live.counts()));
        let plan = Plan::new().await?;
        let stop = live.stop.child_token();
        let compare = Compare::new(places.clone(), plan.clone(), (*wants).clone(), stop, *again)?;
        match change {
            Change::Everything => {
                compare.whole().await?;
                *entries = compare.targets();
            }
            Change::Paths(paths) => compare.only(paths).await?,
        }
        let (mut files, mut bytes, mut rows) = (0, 0, 0.0);
        let deletes = plan.count(SyncAction::Delete).await?;
        may_delete(wants, deletes, *entries).map_err(Fault::All)?;
        *entries = entries.saturating_sub(deletes);
        for count in plan.counts().await? {
            rows += count.count;
            if matches!(count.action, SyncAction::Folder | SyncAction::New | SyncAction::Link) {
                *entries += whole(count.count);
            }
            if matches!(count.action, SyncAction::New | SyncAction::Changed | SyncAction::Link) {
                files += whole(count.count);
                bytes += whole(count.bytes);
            }
        }
        live.found(files, bytes);
        live.all_found();
        if rows == 0.0 && places.to.is_some() && !again {
            return Ok(());
        }
        let (to, is_new) = places.make_target(hosts).await?;
        places.to = Some(to.clone());
        let parts = if *again { live.parts().await } else { Parts::new() };
        let run = Arc::new(Run {
            live: Arc::clone(live),
            rules: if matches!(to, Tree::Here(_)) { Rules::here() } else { Rules::Unix },
            to,
            units: Arc::new(Semaphore::new(UNITS)),
            halt: live.stop.child_token(),
            halted: Mutex::default(),
            tasks: TaskTracker::new(),
            room: Room::of(IN_MIND_BYTES),
            was_removing: false,
            distrusts: parts.contains_key(UNSYNCED),
            parts,
            reserved: Mutex::default(),
            beside: AtomicUsize::new(0),
            again: *again,
            lanes: Lanes::default(),
            few: SmallLane::default(),
            arrived: None,
        });
        let source =
            Arc::new(Source { number: 0, tree: places.from.clone(), name: Vec::new(), target: Vec::new() });
        file::replaced::see_to(&run.live, &run.to, &run.parts).await?;
        let done = carry_out::carry_out(&run, &source, &plan).await;
        match done {
            Ok(()) if live.stop.is_cancelled() => return end_early(&run, Fault::Stopped).await,
            Ok(()) => {}
            Err(fault) => return end_early(&run, fault).await,
        }
        if is_new {
            finish(&run, &[], &places.top).await?;
        }
        if *again {
            // Unfinished files of an earlier run whose sources are gone since: what is still unfinished is nobody's.
            remove_parts(live, &run.to, live.parts().await).await?;
        }
        on_disk(live, run.distrusts, run.to.sync().await)
    }
}

/// Counts come as the window has them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that SQLite gave")]
fn whole(count: f64) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests;
