//! How much there is to copy, learnt beside the copying by a walk of its own that only lists.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::fault::Result;
use super::tree::Item;
use super::{Run, Source};
use crate::transfer::conflict::Kind;
use crate::transfer::plan::DEPTH_MAX;
use crate::transfer::room::{Held, Room};

/// Folders that are listed at once, beside those that are copied.
const FOLDERS: usize = 4;
/// For the names of folders that wait. More is learnt as it is copied.
const IN_MIND_BYTES: usize = 32 * 1024 * 1024;

/// A folder that waits to be listed.
type Waiting = (Arc<Source>, Vec<Vec<u8>>, Held);

/// Counts until everything is known. What cannot be listed is not counted: whoever copies it says so.
pub(super) async fn count(run: &Arc<Run>, sources: &[Arc<Source>]) {
    let mut waiting: Vec<Waiting> = Vec::new();
    let room = Room::of(IN_MIND_BYTES);
    for source in sources {
        let names = vec![source.name.clone()];
        match source.tree.look(&names).await {
            Ok(Some(facts)) if facts.kind == Kind::Directory => match room.take_for(&names) {
                Some(held) => waiting.push((Arc::clone(source), names, held)),
                None => return,
            },
            Ok(Some(facts)) => run.live.found(1, size(facts.kind, facts.size)),
            Ok(None) | Err(_) => {}
        }
    }
    let mut listing = FuturesUnordered::new();
    loop {
        while listing.len() < FOLDERS && !run.halt.is_cancelled() {
            let Some((source, names, _)) = waiting.pop() else { break };
            listing.push(folder(run, source, names, &room));
        }
        match listing.next().await {
            Some(Some(found)) => waiting.extend(found),
            // More folders than anyone has: their number is learnt as they are copied.
            Some(None) => return,
            None => break,
        }
    }
    if !run.halt.is_cancelled() {
        run.live.all_found();
    }
}

/// Counts what is in a folder, and gives back the folders in it; None if they are too many.
async fn folder(
    run: &Arc<Run>,
    source: Arc<Source>,
    names: Vec<Vec<u8>>,
    room: &Room,
) -> Option<Vec<Waiting>> {
    let mut found = Vec::new();
    let mut are_too_many = false;
    let listed: Result<()> = async {
        let mut items = source.tree.list(&names).await?;
        loop {
            let item = tokio::select! {
                item = items.next() => item?,
                () = run.halt.cancelled() => return Ok(()),
            };
            let Some(item) = item else { return Ok(()) };
            let Item::Entry { name, facts } = item else { continue };
            match facts.kind {
                Kind::Directory if names.len() <= DEPTH_MAX => {
                    let inner = [names.as_slice(), &[name]].concat();
                    let Some(held) = room.take_for(&inner) else {
                        are_too_many = true;
                        return Ok(());
                    };
                    found.push((Arc::clone(&source), inner, held));
                }
                Kind::File | Kind::Link => run.live.found(1, size(facts.kind, facts.size)),
                Kind::Directory | Kind::Other => {}
            }
        }
    }
    .await;
    if let Err(fault) = listed {
        tracing::debug!(?fault, "a folder is not counted");
    }
    (!are_too_many).then_some(found)
}

fn size(kind: Kind, size: u64) -> u64 {
    if kind == Kind::File { size } else { 0 }
}
