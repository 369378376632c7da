//! The folder that one goes into.

use super::super::fault::{Fault, Result, not_copied};
use super::super::tree::Names;
use super::super::walk::Filling;
use super::super::{Run, Source};
use super::names::{free_name, known_top, remember_top};
use crate::transfer::conflict::Kind;
use crate::transfer::job::OnConflict;
use crate::transfer::plan::Place;

/// Finds the folder that one is copied into, and makes it if need be. Whether it is new; None if it is skipped.
pub async fn settle_folder(
    run: &Run,
    source: &Source,
    place: &mut Place,
    above: Option<&Filling>,
) -> Result<Option<bool>> {
    if above.is_some_and(|above| above.is_new) {
        return make_folder(run, &place.local).await.map(Some);
    }
    let is_top = place.remote.len() == 1;
    let known = if is_top { known_top(run, source) } else { None };
    let is_known = known.is_some();
    if let Some(name) = known {
        place.local = vec![name];
    }
    let is_there = match run.to.look(&place.local).await? {
        None => false,
        // What is in it may be in the way, not the folder itself; but a copy that goes beside gets a folder of its own.
        Some(facts) if facts.kind == Kind::Directory => {
            let goes_beside = is_top && !is_known && run.live.on_conflict() == OnConflict::Rename;
            if goes_beside {
                place.local = free_name(run, &place.local, None).await?.0;
            }
            !goes_beside
        }
        Some(_) => return Err(not_copied(&source.tree.shown(&place.remote), "other-kind")),
    };
    if is_top && !is_known {
        remember_top(run, source, place);
    }
    if is_top && let Some(arrived) = &run.arrived {
        arrived.note_folder(source, &place.local);
    }
    if is_there {
        return Ok(Some(false));
    }
    make_folder(run, &place.local).await.map(Some)
}

/// Whether it is new: an earlier run may have made it, also a moment ago, by what it sent last over a line that was lost.
async fn make_folder(run: &Run, names: &Names) -> Result<bool> {
    match run.to.make_folder(names).await {
        Ok(()) => Ok(true),
        Err(fault @ Fault::File(_)) => match run.to.look(names).await? {
            Some(facts) if facts.kind == Kind::Directory => Ok(false),
            Some(_) | None => Err(fault),
        },
        Err(fault) => Err(fault),
    }
}
