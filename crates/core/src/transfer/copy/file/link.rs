//! Links, which go as links.

use super::super::fault::{Fault, Result, not_copied};
use super::super::tree::{Facts, Names, Over, Tree};
use super::super::{Run, Source};
use super::arrived;
use super::names::{Reserved, part_of};
use super::target::{Where, is_itself, settle_target};
use crate::transfer::conflict::Kind;
use crate::transfer::plan::Place;

/// Copies a link as a link, unless it leads to where its copy would lead elsewhere.
pub async fn copy_link(run: &Run, source: &Source, place: &Place, facts: &Facts, is_new: bool) -> Result<()> {
    if run.halt.is_cancelled() {
        return Err(Fault::Stopped);
    }
    let target = source.tree.read_link(&place.remote).await?;
    let here = matches!(run.to, Tree::Here(_));
    // A folder of names above the link, without the top's own.
    let depth = place.remote.len().saturating_sub(2);
    // A link that is moved leads on to where it led, as long as it stays on the same end.
    let leads_on = run.arrived.is_some() && run.to.is_same_end(&source.tree);
    if !link_may_go(&target, depth, here, leads_on) {
        return Err(not_copied(&source.tree.shown(&place.remote), "link-outside"));
    }
    let reserved = Reserved::take(run, &place.local, is_new);
    if !is_new
        && !reserved.is_taken()
        && !is_itself(run, source, place)
        && !run.distrusts
        && is_link_to(run, &place.local, &target).await?
    {
        run.live.file_done();
        return arrived(run, source, place, &place.local, facts);
    }
    let to = match settle_target(run, source, place, facts, is_new, &reserved).await? {
        Where::To(to, Over::Nothing) | Where::Beside(to) => {
            let made = run.to.make_link(&to, &target).await;
            if matches!(made, Err(Fault::File(_))) && run.again && is_link_to(run, &to, &target).await? {
                // What the run before sent last over a line that was lost came there after all.
                tracing::debug!("a link was made by the run before");
            } else {
                made?;
            }
            to
        }
        Where::To(to, over @ Over::File) => {
            put_link(run, &to, &target, over).await?;
            to
        }
        Where::There(_) | Where::Behind(..) | Where::Skip => {
            run.live.file_skipped();
            return Ok(());
        }
    };
    run.live.file_done();
    arrived(run, source, place, &to, facts)
}

/// Whether a link so many folders deep is made: one that leads out of the tree, or anywhere by a whole path, is not, unless it
/// leads to the same place from where it goes.
pub fn link_may_go(target: &[u8], depth: usize, to_here: bool, leads_on: bool) -> bool {
    if target.starts_with(b"/") { leads_on } else { !to_here || stays_within(target, depth) }
}

pub async fn put_link(run: &Run, to: &Names, target: &[u8], over: Over) -> Result<()> {
    if over == Over::Nothing {
        return run.to.make_link(to, target).await;
    }
    let part = part_of(run.live.id, to);
    if run.to.look(&part).await?.is_some() {
        run.to.remove(&part).await?;
    }
    run.to.make_link(&part, target).await?;
    run.to.rename(&part, to, Over::File).await
}

async fn is_link_to(run: &Run, names: &Names, target: &[u8]) -> Result<bool> {
    Ok(run.to.look(names).await?.is_some_and(|there| there.kind == Kind::Link)
        && run.to.read_link(names).await? == target)
}

/// Whether a link so many folders deep stays in the tree by its own words. Behind a name nothing may lead up again: what
/// bears that name may be a link itself, and up from where that leads is elsewhere.
fn stays_within(target: &[u8], depth: usize) -> bool {
    let (mut depth, mut has_name) = (depth, false);
    // A backslash separates names on Windows.
    if target.contains(&b'\\') && cfg!(windows) {
        return false;
    }
    for name in target.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(above) if !has_name => depth = above,
                Some(_) | None => return false,
            },
            _ => has_name = true,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_within_by_its_own_words() {
        for (target, depth, stays) in [
            (&b"x"[..], 0, true),
            (b"../x", 0, false),
            (b"../x", 1, true),
            (b"../../a/x", 2, true),
            (b"a/../../x", 0, false),
            (b"a/../x", 0, false),
            (b"../a/../x", 3, false),
            (b"./../x/../..", 1, false),
        ] {
            assert_eq!(stays_within(target, depth), stays, "{target:?} {depth}");
        }
    }
}
