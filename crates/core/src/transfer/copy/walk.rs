//! The way through the sources: several folders are listed at once, and each file gets a task when there is room for it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::fault::{Fault, Result, not_copied};
use super::tree::{Facts, Item};
use super::{LET_GO, Run, SMALL_BYTES, Source, count, file, units_of};
use crate::error::Error;
use crate::transfer::conflict::Kind;
use crate::transfer::name::{Folder, Unwritable};
use crate::transfer::plan::{Entry, Place, Refused, Step, Walk, step};
use crate::transfer::queue::kept::FailedPlace;
use crate::transfer::room::Held;

/// Folders that are made and listed at once: each takes a few round trips.
const FOLDERS: usize = 16;
/// The mode of a folder of ours until it is filled (`here.rs`, `host.rs`).
const PRIVATE_FOLDER: u32 = 0o700;
/// Folders that get their mode and times at once.
const FINISHING: usize = 32;

/// A folder that is being filled. When the last file in it is done, it gets its mode and times.
pub(super) struct Filling {
    to: Vec<Vec<u8>>,
    facts: Facts,
    /// It was not there before, so nothing in it can be in the way.
    pub(super) is_new: bool,
    /// Those above wait for it.
    _above: Option<Arc<Filling>>,
    /// As many as there are folders under way; whoever takes them is always there.
    filled: futures::channel::mpsc::UnboundedSender<(Vec<Vec<u8>>, Facts)>,
}

impl Drop for Filling {
    fn drop(&mut self) {
        if self.is_new {
            let _ = self.filled.unbounded_send((std::mem::take(&mut self.to), self.facts));
        }
    }
}

/// A folder that waits for its turn.
struct Waiting {
    source: Arc<Source>,
    facts: Facts,
    above: Option<Arc<Filling>>,
}

pub(super) async fn walk(run: &Arc<Run>, sources: &[Arc<Source>]) -> Result<()> {
    let (filled, filling) = futures::channel::mpsc::unbounded();
    let finishing = filling.for_each_concurrent(FINISHING, |(to, facts)| finish(Arc::clone(run), to, facts));
    let walking = async {
        let walked = begin(run, sources, &filled).await;
        drop(filled);
        // The tasks hold the folders that they fill.
        run.tasks.close();
        run.tasks.wait().await;
        walked
    };
    let counting = async {
        if run.live.only.is_none() {
            count::count(run, sources).await;
        }
    };
    let (walked, (), ()) = futures::join!(walking, finishing, counting);
    walked
}

async fn finish(run: Arc<Run>, to: Vec<Vec<u8>>, facts: Facts) {
    if run.halt.is_cancelled() {
        return;
    }
    match run.to.finish_folder(&to, &facts).await {
        Ok(()) => {}
        // The next run finds it as it was made, and goes on here.
        Err(fault @ Fault::Lost(_)) => run.halt_with(fault),
        Err(fault) => tracing::debug!(?fault, "a folder keeps the mode and times of now"),
    }
}

async fn begin(
    run: &Arc<Run>,
    sources: &[Arc<Source>],
    filled: &futures::channel::mpsc::UnboundedSender<(Vec<Vec<u8>>, Facts)>,
) -> Result<()> {
    let mut walk = Walk::default();
    let mut begun: Vec<(Arc<Source>, Place)> = Vec::new();
    let whole = |source: &Arc<Source>| {
        let place = Place { remote: vec![source.name.clone()], local: vec![source.target.clone()] };
        (Arc::clone(source), place)
    };
    match &run.live.only {
        None => begun.extend(sources.iter().map(whole)),
        Some(places) => {
            for FailedPlace { source: number, from, to } in places {
                let Some(source) = sources.iter().find(|source| source.number == *number) else { continue };
                if from.is_empty() {
                    begun.push(whole(source));
                } else {
                    begun.push((Arc::clone(source), Place { remote: from.clone(), local: to.clone() }));
                }
            }
        }
    }
    for (source, place) in begun {
        let looked = source.tree.look(&place.remote).await;
        let facts = match looked {
            Ok(Some(facts)) => facts,
            Ok(None) if run.was_removing => continue,
            Ok(None) => {
                let gone = Err(not_copied(&source.tree.shown(&place.remote), "gone"));
                run.settle(&source, &place.remote, &place.local, gone);
                continue;
            }
            Err(fault) => {
                run.settle(&source, &place.remote, &place.local, Err(fault));
                continue;
            }
        };
        match facts.kind {
            Kind::Directory => match place.room_in(&run.room) {
                Some(held) => walk.later(place, Waiting { source, facts, above: None }, held),
                None => too_many(run, &source, &place),
            },
            kind => {
                let step = match kind {
                    Kind::Link => Step::Link(place),
                    Kind::Other => Step::Refused {
                        name: place.remote.last().cloned().unwrap_or_default(),
                        place,
                        why: Refused::NoFile,
                    },
                    Kind::File | Kind::Directory => Step::File(place),
                };
                take(run, &source, step, &facts, None).await;
            }
        }
    }
    let mut listing = FuturesUnordered::new();
    loop {
        while listing.len() < FOLDERS && !run.halt.is_cancelled() {
            let Some((place, waiting)) = walk.next_folder() else { break };
            listing.push(folder(run, place, waiting, filled));
        }
        let Some(found) = listing.next().await else { return Ok(()) };
        for (place, waiting, held) in found {
            walk.later(place, waiting, held);
        }
    }
}

/// Leaves a folder out, since so many wait already.
fn too_many(run: &Run, source: &Source, place: &Place) {
    let left_out = Err(not_copied(&source.tree.shown(&place.remote), "too-many"));
    run.settle(source, &place.remote, &place.local, left_out);
}

/// Makes a folder and copies what is in it; gives back the folders in it.
async fn folder(
    run: &Arc<Run>,
    place: Place,
    waiting: Waiting,
    filled: &futures::channel::mpsc::UnboundedSender<(Vec<Vec<u8>>, Facts)>,
) -> Vec<(Place, Waiting, Held)> {
    let mut found = Vec::new();
    let Waiting { source, facts, above } = waiting;
    let mut place = place;
    let listed = async {
        let is_new = file::settle_folder(run, &source, &mut place, above.as_deref()).await?;
        let Some(is_new) = is_new else { return Ok(()) };
        let filling = Arc::new(Filling {
            to: place.local.clone(),
            facts,
            is_new: is_new || run.again && is_unfinished(run, &place).await?,
            _above: above,
            filled: filled.clone(),
        });
        let inside = Arc::new(Inside { is_new, _filling: filling.clone() });
        let mut names = Folder::within(run.rules, &run.room);
        let mut items = source.tree.list(&place.remote).await?;
        loop {
            let item = tokio::select! {
                item = items.next() => item?,
                () = run.halt.cancelled() => return Ok(()),
            };
            match item {
                None => return Ok(()),
                Some(Item::Refused(name)) => {
                    let refused = not_copied(&bowline_sftp::Visible(&name).to_string(), "name");
                    let from = [place.remote.as_slice(), &[name]].concat();
                    run.settle(&source, &from, &from, Err(refused));
                }
                Some(Item::Entry { name, facts }) => {
                    let entry = Entry { name, kind: facts.kind };
                    match step(&place, &entry, &mut names) {
                        Step::Folder(inner) => match inner.room_in(&run.room) {
                            Some(held) => {
                                let source = Arc::clone(&source);
                                let waiting = Waiting { source, facts, above: Some(filling.clone()) };
                                found.push((inner, waiting, held));
                            }
                            None => too_many(run, &source, &inner),
                        },
                        other => take(run, &source, other, &facts, Some(&inside)).await,
                    }
                }
            }
        }
    };
    let listed = tokio::select! {
        listed = listed => listed,
        () = let_go(run) => Err(Fault::Stopped),
    };
    run.settle(&source, &place.remote, &place.local, listed);
    found
}

/// Whether a folder that is there already was made by an earlier run, which gives it its own mode only when it is filled. Where
/// there are no modes nothing is lost by giving it its times.
async fn is_unfinished(run: &Run, place: &Place) -> Result<bool> {
    let there = run.to.look(&place.local).await?;
    Ok(there.and_then(|facts| facts.mode).is_none_or(|mode| mode & 0o777 == PRIVATE_FOLDER))
}

/// When a run that is to stop waits for its last answers no longer: a server may never give one (a mount that hangs).
async fn let_go(run: &Run) {
    run.halt.cancelled().await;
    tokio::time::sleep(LET_GO).await;
}

/// What a file knows of the folder it goes into.
pub(super) struct Inside {
    pub(super) is_new: bool,
    _filling: Arc<Filling>,
}

/// Copies a file or link in a task of its own, when there is room for it.
async fn take(run: &Arc<Run>, source: &Arc<Source>, step: Step, facts: &Facts, inside: Option<&Arc<Inside>>) {
    let (place, is_link) = match step {
        Step::File(place) => (place, false),
        Step::Link(place) => (place, true),
        Step::Refused { place, name, why } => {
            let mut from = place.remote.clone();
            if from.last() != Some(&name) || inside.is_some() {
                from.push(name);
            }
            let shown = from.last().map(|name| bowline_sftp::Visible(name).to_string());
            let refused = not_copied(&shown.unwrap_or_default(), word(why));
            run.settle(source, &from, &from, Err(refused));
            return;
        }
        Step::Folder(_) => return,
    };
    let room = tokio::select! {
        room = Arc::clone(&run.units).acquire_many_owned(units_of(facts.size)) => room,
        () = run.halt.cancelled() => return,
    };
    let (run, source, facts) = (Arc::clone(run), Arc::clone(source), *facts);
    let inside = inside.cloned();
    if facts.size <= SMALL_BYTES {
        run.few.begin(&run, &source);
    }
    let tasks = run.tasks.clone();
    tasks.spawn(async move {
        let _room = room;
        let is_new = inside.as_ref().is_some_and(|inside| inside.is_new);
        let copying = async {
            if is_link {
                file::copy_link(&run, &source, &place, &facts, is_new).await
            } else {
                file::copy_file(&run, &source, &place, &facts, is_new).await
            }
        };
        // A mistake of ours must not pass for a file that arrived.
        let copied = tokio::select! {
            copied = AssertUnwindSafe(copying).catch_unwind() => copied
                .unwrap_or_else(|_| Err(Fault::File(Error::internal("copying a file ended in a panic")))),
            () = let_go(&run) => Err(Fault::Stopped),
        };
        run.settle(&source, &place.remote, &place.local, copied);
    });
}

/// As the window's catalogue knows it (`errors.not-copied.reasons`).
fn word(why: Refused) -> &'static str {
    match why {
        Refused::Name(Unwritable::NoName) => "name",
        Refused::Name(Unwritable::Crowded) => "crowded",
        Refused::Name(Unwritable::TooMany) => "too-many-names",
        Refused::TooDeep => "too-deep",
        Refused::NoFile => "special",
    }
}
