//! Where a file goes: there, over what stands there, beside it, or nowhere.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use super::super::fault::{Fault, Result, not_copied};
use super::super::tree::{Facts, Names, Over};
use super::super::{Run, Source};
use super::names::{BESIDE_MAX, Reserved, forget_beside, free_name, known_beside, part_of, remember_beside};
use crate::transfer::conflict::{Decision, Kind, Policy, Skipped, decide};
use crate::transfer::job::{JobConflict, OnConflict};
use crate::transfer::plan::Place;

/// Where something goes.
pub enum Where {
    /// There, over what stands there or not.
    To(Vec<Vec<u8>>, Over),
    /// There, where nothing stands, beside what does; under the next free name if something comes meanwhile.
    Beside(Vec<Vec<u8>>),
    /// Behind what is there already.
    Behind(Vec<Vec<u8>>, Facts),
    /// It has arrived in an earlier run, or is the same.
    There(Vec<Vec<u8>>),
    Skip,
}

/// Whether a file is to be copied onto itself, by its words.
pub fn is_itself(run: &Run, source: &Source, place: &Place) -> bool {
    run.to.is_same(&place.local, &source.tree, &place.remote)
}

/// Decides what happens at the target; a person may be asked.
pub async fn settle_target(
    run: &Run,
    source: &Source,
    place: &Place,
    facts: &Facts,
    is_new: bool,
    reserved: &Reserved<'_>,
) -> Result<Where> {
    let to = place.local.clone();
    let from = &place.remote;
    if run.again
        && let Some((name, has_arrived)) = known_beside(run, source, from)
    {
        return beside_again(run, source, from, &to, name, has_arrived, facts).await;
    }
    if reserved.is_taken() {
        return beside(run, source, from, &to, facts).await;
    }
    let there = if is_new && !run.again { None } else { run.to.look(&to).await? };
    let Some(there) = there else { return Ok(Where::To(to, Over::Nothing)) };
    // A file beside which its copy goes is no copy of itself.
    if run.again && there.is_copy_of(facts) && !is_itself(run, source, place) {
        return Ok(if run.distrusts { Where::To(to, Over::File) } else { Where::There(to) });
    }
    let mut wish = run.live.on_conflict();
    if wish == OnConflict::Ask {
        wish = ask(run, &to, facts, &there).await?;
    }
    let policy = match wish {
        OnConflict::Ask | OnConflict::Skip => Policy::Skip,
        OnConflict::Overwrite => Policy::Replace,
        OnConflict::Newer => Policy::ReplaceOlder,
        OnConflict::Rename => Policy::KeepBoth,
        OnConflict::Resume if there.kind != Kind::File || facts.kind != Kind::File => Policy::Skip,
        OnConflict::Resume if there.is_copy_of(facts) => return Ok(Where::There(to)),
        OnConflict::Resume if there.size <= facts.size => return Ok(Where::Behind(to, there)),
        OnConflict::Resume => return Err(not_copied(&run.to.shown(&to), "longer")),
    };
    match decide(facts.known(), Some(there.known()), policy) {
        Decision::Write => Ok(Where::To(to, Over::Nothing)),
        Decision::Replace => Ok(Where::To(to, Over::File)),
        Decision::KeepBoth => beside(run, source, from, &to, facts).await,
        Decision::Skip(Skipped::OtherKind) => Err(not_copied(&run.to.shown(&to), "other-kind")),
        // Whether it is older is not known, and nobody can be asked once more.
        Decision::Skip(_) | Decision::Ask | Decision::Merge => Ok(Where::Skip),
    }
}

/// A place beside what stands there or is about to.
async fn beside(run: &Run, source: &Source, from: &Names, to: &Names, facts: &Facts) -> Result<Where> {
    let is_kept = run.beside.fetch_add(1, Relaxed) < BESIDE_MAX;
    let same = (run.again && !is_kept && !run.distrusts).then_some(facts);
    let (free, is_there) = free_name(run, to, same).await?;
    if is_there {
        return Ok(Where::There(free));
    }
    if is_kept {
        remember_beside(run, source, from, &free, false);
    }
    Ok(Where::Beside(free))
}

/// The place that an earlier run has found beside `to`, if it is still ours.
async fn beside_again(
    run: &Run,
    source: &Source,
    from: &Names,
    to: &Names,
    name: Vec<u8>,
    has_arrived: bool,
    facts: &Facts,
) -> Result<Where> {
    let mut known = to.to_vec();
    if let Some(last) = known.last_mut() {
        *last = name.clone();
    }
    match run.to.look(&known).await? {
        None => {
            run.reserved.lock().unwrap_or_else(PoisonError::into_inner).insert(known.clone());
            Ok(Where::Beside(known))
        }
        Some(there) if has_arrived && there.is_copy_of(facts) => {
            Ok(if run.distrusts { Where::To(known, Over::File) } else { Where::There(known) })
        }
        // Another job has taken it meanwhile.
        Some(_) => Ok(Where::Beside(next_beside(run, source, from, &known, to).await?)),
    }
}

/// The next free name, since this one was taken. What was half written under it does not go on there.
pub async fn next_beside(
    run: &Run,
    source: &Source,
    from: &Names,
    taken: &Names,
    to: &Names,
) -> Result<Vec<Vec<u8>>> {
    let (free, _) = free_name(run, to, None).await?;
    if let Some(name) = taken.last() {
        forget_beside(run, source, from, name);
    }
    remember_beside(run, source, from, &free, false);
    let (part, other) = (part_of(run.live.id, taken), part_of(run.live.id, &free));
    if let Some(known) = run.parts.get(&part.join(&0)) {
        // The part goes with its name, and begins anew: this run knows it by the other one.
        if let Err(fault @ Fault::Lost(_)) = run.to.remove(&part).await {
            return Err(fault);
        }
        tracing::debug!(verified = known.verified, "a copy beside another begins anew under the next name");
        run.live.remember(&part.join(&0), None);
        run.live.remember(&other.join(&0), None);
    }
    Ok(free)
}

async fn ask(run: &Run, to: &Names, facts: &Facts, there: &Facts) -> Result<OnConflict> {
    let conflict = JobConflict {
        path: run.to.shown(to),
        source_size: Some(facts.size as f64),
        source_modified: facts.modified.map(|at| at as f64),
        target_size: Some(there.size as f64),
        target_modified: there.modified.map(|at| at as f64),
    };
    tokio::select! {
        biased;
        // A question that nobody answers any more is no answer.
        () = run.halt.cancelled() => Err(Fault::Stopped),
        answer = run.live.ask(conflict) => Ok(answer),
    }
}
