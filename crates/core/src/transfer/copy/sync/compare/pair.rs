//! What follows from what stands on both sides of one name.

use std::sync::atomic::Ordering::Relaxed;

use super::super::super::fault::{Fault, Result, not_copied};
use super::super::super::file::link_may_go;
use super::super::super::tree::{Facts, Names, Tree};
use super::super::super::{SMALL_BYTES, shown_names};
use super::super::plan::Row;
use super::listing::Entry;
use super::{Compare, Found, Sides, Work};
use crate::transfer::conflict::Kind;
use crate::transfer::sync::{Likeness, Stamp, SyncAction, likeness};

/// The mode of a folder of ours until it is filled (`here.rs`, `host.rs`).
const PRIVATE_FOLDER: u32 = 0o700;

impl Compare {
    /// What follows from what stands on both sides.
    pub(super) async fn pair(
        &self,
        from_above: &Names,
        to_above: &Names,
        (source, target): (Option<Entry>, Option<Entry>),
        sides: Sides,
        found: &mut Found,
    ) -> Result<()> {
        let inner = |above: &Names, name: &[u8]| [above, &[name.to_vec()]].concat();
        match (source, target) {
            (None, None) => Ok(()),
            (None, Some(target)) => {
                let names = inner(to_above, &target.name);
                if self.wants.delete {
                    let in_the_way = sides == Sides::Target { in_the_way: true };
                    // Patterns and a person see the names of the source, which has none for this.
                    let from = inner(from_above, &target.name);
                    self.delete(from, names, target.facts, in_the_way, found);
                }
                Ok(())
            }
            (Some(source), target) => {
                let (from, to) = (inner(from_above, &source.name), inner(to_above, source.target()));
                // On a system that does not tell them apart it keeps the name that it has.
                let to = match &target {
                    Some(target) => inner(to_above, &target.name),
                    None => to,
                };
                self.both(from, to, source.facts, target.map(|target| target.facts), found).await
            }
        }
    }

    async fn both(
        &self,
        from: Vec<Vec<u8>>,
        to: Vec<Vec<u8>>,
        facts: Facts,
        there: Option<Facts>,
        found: &mut Found,
    ) -> Result<()> {
        let kind = there.map(|there| there.kind);
        let action = match (facts.kind, kind) {
            (Kind::Other, _) => {
                found.rows.push(self.left(&from, &to, facts, "special"));
                return Ok(());
            }
            (Kind::Directory, Some(Kind::Directory)) => {
                // An earlier run that was cut made it, and did not come to its mode.
                if self.again
                    && there
                        .is_some_and(|there| there.mode == Some(PRIVATE_FOLDER) && facts.mode != there.mode)
                {
                    let row = row(&from, &to, SyncAction::Folder, facts, there);
                    found.rows.push(Row { unfinished: true, ..row });
                }
                found.work.push(Work { from, to, sides: Sides::Both });
                return Ok(());
            }
            (Kind::File, Some(Kind::File)) => match self.is_same(&from, &to, facts, there).await {
                Ok(true) => return Ok(()),
                Ok(false) => SyncAction::Changed,
                Err(fault) => {
                    found.rows.push(self.failed(&from, &to, fault)?);
                    return Ok(());
                }
            },
            (Kind::Link, _) => match self.link(&from, &to, facts, there).await {
                Ok(LinkState::Same) => return Ok(()),
                Ok(LinkState::Goes) => SyncAction::Link,
                Ok(LinkState::LeadsOut) => {
                    found.rows.push(self.left(&from, &to, facts, "link-outside"));
                    return Ok(());
                }
                Err(fault) => {
                    found.rows.push(self.failed(&from, &to, fault)?);
                    return Ok(());
                }
            },
            (Kind::File, _) => SyncAction::New,
            (Kind::Directory, _) => SyncAction::Folder,
        };
        // A file or link takes the place of another at one instant; anything else has to go first.
        let replaces = matches!(
            (facts.kind, kind),
            (_, None) | (Kind::File | Kind::Link, Some(Kind::File | Kind::Link))
        );
        if !replaces {
            let Some(there) = there else { return Ok(()) };
            if !self.wants.delete {
                let shown = self.places.from.shown(&from);
                found.rows.push(self.failed(&from, &to, not_copied(&shown, "other-kind"))?);
                return Ok(());
            }
            self.delete(from.clone(), to.clone(), there, true, found);
        }
        found.rows.push(row(&from, &to, action, facts, there));
        if facts.kind == Kind::Directory {
            found.work.push(Work { from, to, sides: Sides::Source });
        }
        Ok(())
    }

    fn delete(
        &self,
        from: Vec<Vec<u8>>,
        to: Vec<Vec<u8>>,
        facts: Facts,
        in_the_way: bool,
        found: &mut Found,
    ) {
        found.rows.push(Row { in_the_way, ..row(&from, &to, SyncAction::Delete, facts, Some(facts)) });
        if facts.kind == Kind::Directory {
            found.work.push(Work { from, to, sides: Sides::Target { in_the_way } });
        }
    }

    async fn is_same(&self, from: &Names, to: &Names, facts: Facts, there: Option<Facts>) -> Result<bool> {
        let (Some(there), Some(tree)) = (there, &self.places.to) else { return Ok(false) };
        match likeness(stamp(facts), stamp(there), self.wants.checksum, self.places.tolerance) {
            Likeness::Same if !self.doubts.load(Relaxed) => Ok(true),
            Likeness::Different => Ok(false),
            Likeness::Same | Likeness::Unsure if facts.size == 0 => Ok(true),
            Likeness::Same | Likeness::Unsure if facts.size <= SMALL_BYTES => {
                let (ours, theirs) = futures::try_join!(
                    self.places.from.read_small(from, facts.size),
                    tree.read_small(to, facts.size)
                )?;
                Ok(ours == theirs)
            }
            Likeness::Same | Likeness::Unsure => {
                let hashing = async { futures::try_join!(self.places.from.hash(from), tree.hash(to)) };
                tokio::select! {
                    hashes = hashing => hashes.map(|(ours, theirs)| ours == theirs),
                    () = self.stop.cancelled() => Err(Fault::Stopped),
                }
            }
        }
    }

    async fn link(&self, from: &Names, to: &Names, facts: Facts, there: Option<Facts>) -> Result<LinkState> {
        let target = self.places.from.read_link(from).await?;
        let is_here = matches!(&self.places.to, Some(Tree::Here(_))) || self.places.target_is_here();
        let stays = self.places.to.as_ref().is_some_and(|to| to.is_same_end(&self.places.from));
        debug_assert!(facts.kind == Kind::Link);
        if !link_may_go(&target, from.len().saturating_sub(1), is_here, stays) {
            return Ok(LinkState::LeadsOut);
        }
        match (&self.places.to, there) {
            (Some(tree), Some(there)) if there.kind == Kind::Link && tree.read_link(to).await? == target => {
                Ok(LinkState::Same)
            }
            _ => Ok(LinkState::Goes),
        }
    }

    pub(super) fn left(&self, from: &Names, to: &Names, facts: Facts, reason: &'static str) -> Row {
        let problem = match not_copied(&shown_names(from), reason) {
            Fault::File(error) | Fault::Lost(error) | Fault::All(error) => Some(error.problem()),
            Fault::Stopped => None,
        };
        Row { problem, ..row(from, to, SyncAction::Left, facts, None) }
    }

    /// What failed for this path alone; anything else ends the comparison.
    pub(super) fn failed(&self, from: &Names, to: &Names, fault: Fault) -> Result<Row> {
        let Fault::File(error) = fault else { return Err(fault) };
        let nothing = Facts { kind: Kind::Other, size: 0, modified: None, mode: None };
        Ok(Row { problem: Some(error.problem()), ..row(from, to, SyncAction::Failed, nothing, None) })
    }
}

enum LinkState {
    Same,
    Goes,
    LeadsOut,
}

fn stamp(facts: Facts) -> Stamp {
    Stamp { kind: facts.kind, size: facts.size, modified: facts.modified }
}

fn row(from: &Names, to: &Names, action: SyncAction, facts: Facts, there: Option<Facts>) -> Row {
    Row {
        from: from.to_vec(),
        to: to.to_vec(),
        action,
        facts,
        there,
        in_the_way: false,
        unfinished: false,
        problem: None,
    }
}
