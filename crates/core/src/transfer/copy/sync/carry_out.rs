//! Does what a comparison found: what is in the way goes first, then folders are made, files copied and, if nothing failed, what
//! the source does not have is deleted. Everything is looked at once more before it is overwritten or deleted.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{FutureExt, StreamExt, stream};
use tokio_util::task::TaskTracker;

use super::super::fault::{Fault, Result, not_copied};
use super::super::tree::{Facts, Names, Over};
use super::super::{Run, Source, file, units_of};
use super::plan::{Part, Plan, Row};
use crate::error::Error;
use crate::transfer::conflict::Kind;
use crate::transfer::queue::kept::FailedPlace;
use crate::transfer::sync::refused;

/// Rows that are read together.
const PAGE: u32 = 500;
/// Folders that are made or finished, and things that are deleted, at once.
const AT_ONCE: usize = 16;
/// Folders that are known to be no links; with more, they are forgotten and looked at anew.
const FOLDERS_MAX: usize = 20_000;

/// Gives a folder its mode and times, where the other side takes them.
pub async fn finish(run: &Run, names: &Names, facts: &Facts) -> Result<()> {
    match run.to.finish_folder(names, facts).await {
        Ok(()) => Ok(()),
        Err(fault @ Fault::Lost(_)) => Err(fault),
        Err(fault) => {
            tracing::debug!(?fault, "a folder keeps the mode and times of now");
            Ok(())
        }
    }
}

pub async fn carry_out(run: &Arc<Run>, source: &Arc<Source>, plan: &Plan) -> Result<()> {
    let safe = Arc::new(Safe::default());
    each(plan, Part::Failed, run, |row| async move {
        if let Some(problem) = &row.problem {
            let error = Error::from(problem.clone());
            run.live.file_failed(source.tree.shown(&row.from), &error, place(&row));
        }
        Ok(())
    })
    .await?;
    if run.live.error_count() == 0 {
        each(plan, Part::InTheWay, run, |row| delete(run, source, &safe, row, true)).await?;
    }
    each(plan, Part::Folders, run, |row| make_folder(run, source, &safe, row)).await?;
    copy(run, source, plan, &safe).await?;
    each(plan, Part::Finish, run, |row| async move { finish(run, &row.to, &row.facts).await }).await?;
    let deletes = plan.deletes_left().await?;
    if deletes == 0 {
        return Ok(());
    }
    if run.live.error_count() > 0 {
        let message =
            format!("{deletes} things were not deleted, since not everything could be read and copied.");
        let error = refused("errors", message).with("count", deletes);
        let nowhere = FailedPlace { source: 0, from: Vec::new(), to: Vec::new() };
        run.live.file_failed(run.to.shown(&[]), &error, nowhere);
        return Ok(());
    }
    // What was copied is on the disk before anything goes.
    run.to.sync().await?;
    let safe = Safe::default();
    each(plan, Part::Deletes, run, |row| delete(run, source, &safe, row, false)).await
}

/// Does a step to all of its rows, level by level, several at once. One that fails is noted; a fault of all ends it.
async fn each<F: Future<Output = Result<()>>>(
    plan: &Plan,
    part: Part,
    run: &Run,
    work: impl Fn(Row) -> F,
) -> Result<()> {
    let mut after = None;
    loop {
        let page = plan.page(part, after.take(), PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        let mut rows = page.into_iter().peekable();
        while let Some((key, first)) = rows.next() {
            let mut level = vec![first];
            while let Some((_, row)) = rows.next_if(|(other, _)| other.depth == key.depth) {
                level.push(row);
            }
            let mut doing = stream::iter(level)
                .map(|row| {
                    let noted = (row.from.clone(), place(&row));
                    let doing = work(row);
                    async move { (noted, doing.await) }
                })
                .buffer_unordered(AT_ONCE);
            while let Some(((from, place), done)) = doing.next().await {
                match done {
                    Ok(()) => {}
                    Err(Fault::File(error)) => run.live.file_failed(run.to.shown(&from), &error, place),
                    Err(fault) => return Err(fault),
                }
                if run.halt.is_cancelled() {
                    return Err(Fault::Stopped);
                }
            }
        }
    }
}

fn place(row: &Row) -> FailedPlace {
    FailedPlace { source: 0, from: row.from.clone(), to: row.to.clone() }
}

async fn make_folder(run: &Run, source: &Source, safe: &Safe, row: Row) -> Result<()> {
    safe.check(run, above(&row.to)).await?;
    match run.to.make_folder(&row.to).await {
        Ok(()) => Ok(()),
        Err(fault @ Fault::File(_)) => match run.to.look(&row.to).await? {
            // It has come meanwhile.
            Some(facts) if facts.kind == Kind::Directory => Ok(()),
            Some(_) => Err(not_copied(&source.tree.shown(&row.from), "other-kind")),
            None => Err(fault),
        },
        Err(fault) => Err(fault),
    }
}

/// Copies files and links, each in a task of its own when there is room for it.
async fn copy(run: &Arc<Run>, source: &Arc<Source>, plan: &Plan, safe: &Arc<Safe>) -> Result<()> {
    let tasks = TaskTracker::new();
    let mut after = None;
    loop {
        let page = match plan.page(Part::Files, after.take(), PAGE).await {
            Ok(page) => page,
            Err(fault) => {
                run.halt_with(fault);
                break;
            }
        };
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (_, row) in page {
            let room = tokio::select! {
                room = Arc::clone(&run.units).acquire_many_owned(units_of(row.facts.size)) => room,
                () = run.halt.cancelled() => break,
            };
            let (run, source, safe) = (Arc::clone(run), Arc::clone(source), Arc::clone(safe));
            tasks.spawn(async move {
                let _room = room;
                // A mistake of ours must not pass for a file that arrived.
                let copied = AssertUnwindSafe(copy_one(&run, &source, &safe, &row))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Err(Fault::File(Error::internal("copying a file ended in a panic"))));
                run.settle(&source, &row.from, &row.to, copied);
            });
        }
        if run.halt.is_cancelled() {
            break;
        }
    }
    tasks.close();
    tasks.wait().await;
    let halted = run.halted.lock().unwrap_or_else(PoisonError::into_inner).take();
    match halted {
        Some(fault) => Err(fault),
        None if run.halt.is_cancelled() => Err(Fault::Stopped),
        None => Ok(()),
    }
}

async fn copy_one(run: &Run, source: &Source, safe: &Safe, row: &Row) -> Result<()> {
    if run.halt.is_cancelled() {
        return Err(Fault::Stopped);
    }
    let facts = match source.tree.look(&row.from).await? {
        Some(facts) if facts.kind == row.facts.kind => facts,
        Some(_) => return Err(not_copied(&source.tree.shown(&row.from), "changed")),
        // The next comparison sees that it has gone.
        None => {
            run.live.file_skipped();
            return Ok(());
        }
    };
    safe.check(run, above(&row.to)).await?;
    let stood = row.there.filter(|there| matches!(there.kind, Kind::File | Kind::Link));
    let over = match stood {
        None => Over::Nothing,
        Some(stood) => match run.to.look(&row.to).await? {
            None => Over::Nothing,
            Some(now) if is_still(&now, &stood) => Over::File,
            Some(_) => return Err(not_copied(&run.to.shown(&row.to), "target-changed")),
        },
    };
    file::carry(run, source, &row.from, &row.to, &facts, over).await
}

/// Deletes what is still exactly what was seen, if the source still has nothing there.
async fn delete(run: &Run, source: &Source, safe: &Safe, row: Row, is_in_the_way: bool) -> Result<()> {
    if !is_in_the_way && source.tree.look(&row.from).await?.is_some() {
        return Ok(());
    }
    safe.check(run, above(&row.to)).await?;
    let Some(now) = run.to.look(&row.to).await? else { return Ok(()) };
    run.live.set_current(run.to.shown(&row.to));
    if row.facts.kind == Kind::Directory && now.kind == Kind::Directory {
        // Its time has changed with what was deleted in it; one that is not empty stays.
        run.to.remove_folder(&row.to).await?;
    } else if is_still(&now, &row.facts) {
        run.to.remove(&row.to).await?;
    } else {
        return Err(not_copied(&run.to.shown(&row.to), "target-changed"));
    }
    run.live.deleted_one();
    Ok(())
}

fn is_still(now: &Facts, then: &Facts) -> bool {
    now.kind == then.kind && now.size == then.size && now.modified == then.modified
}

fn above(names: &Names) -> &Names {
    names.split_last().map_or(&[], |(_, above)| above)
}

/// Folders of the target that were seen to be folders: a link at the place of one leads elsewhere, and nothing is written or
/// deleted there.
#[derive(Debug, Default)]
struct Safe(Mutex<HashSet<Vec<Vec<u8>>>>);

impl Safe {
    async fn check(&self, run: &Run, names: &Names) -> Result<()> {
        for length in 1..=names.len() {
            let folder = &names[..length];
            if self.known().contains(folder) {
                continue;
            }
            match run.to.look(folder).await? {
                Some(facts) if facts.kind == Kind::Directory => {
                    let mut known = self.known();
                    if known.len() >= FOLDERS_MAX {
                        known.clear();
                    }
                    known.insert(folder.to_vec());
                }
                Some(_) | None => return Err(not_copied(&run.to.shown(folder), "target-changed")),
            }
        }
        Ok(())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<Vec<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
