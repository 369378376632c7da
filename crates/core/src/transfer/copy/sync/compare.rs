//! Compares two trees as they are listed: folder by folder, each pair in the order of its names, so that no more than a few
//! folders are in memory at once. What cannot be listed is an error and never looks like an empty folder.

use std::borrow::Cow;
use std::cmp::Ordering as Order;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use futures::stream::{self, FuturesUnordered};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio_util::sync::CancellationToken;

use super::super::fault::{Fault, Result, not_copied};
use super::super::file::link_may_go;
use super::super::tree::{Facts, Item, Names, Tree};
use super::super::{SMALL_BYTES, shown_names};
use super::places::Places;
use super::plan::{Plan, Row};
use crate::error::Problem;
use crate::transfer::conflict::Kind;
use crate::transfer::name::{Folder, Rules, Unwritable, fold};
use crate::transfer::plan::DEPTH_MAX;
use crate::transfer::sync::filter::Filter;
use crate::transfer::sync::{Likeness, Stamp, SyncAction, SyncRules, likeness};

/// Folders that wait to be compared. Further ones are left alone and named to the person.
const WAITING_MAX: usize = 100_000;
/// Pairs of folders that are compared at once.
const FOLDERS: usize = 8;
/// A folder with more entries waits until no other such one is in memory.
const LARGE_FOLDER: usize = 10_000;
/// More in one folder is no folder but a fault: some 150 MiB.
const ENTRIES_MAX: usize = 1_000_000;
/// Names of a folder that cannot be used and are told of.
const REFUSED_MAX: usize = 100;
/// Files and links of a folder that are read at once.
const READ_AT_ONCE: usize = 16;
/// Rows that are written together.
const ROWS: usize = 500;

/// A comparison under way.
#[derive(Debug)]
pub struct Compare {
    places: Places,
    plan: Plan,
    wants: SyncRules,
    filter: Filter,
    rules: Rules,
    stop: CancellationToken,
    /// An earlier run may have left folders that lack their mode.
    again: bool,
    large: Mutex<()>,
    seen: AtomicU64,
    targets: AtomicU64,
    /// Files were just touched: the same size and second prove nothing then.
    doubts: AtomicBool,
}

/// An entry of a folder.
#[derive(Debug, Clone)]
struct Entry {
    name: Vec<u8>,
    /// What it is called at the target, if that differs.
    renamed: Option<Vec<u8>>,
    facts: Facts,
}

impl Entry {
    fn target(&self) -> &[u8] {
        self.renamed.as_deref().unwrap_or(&self.name)
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
struct Listed {
    entries: Vec<Entry>,
    /// Names that cannot be used, to be shown.
    refused: Vec<Vec<u8>>,
}

/// A folder that waits to be looked into.
#[derive(Debug)]
struct Work {
    from: Vec<Vec<u8>>,
    to: Vec<Vec<u8>>,
    sides: Sides,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sides {
    Both,
    /// All of it is new.
    Source,
    /// All of it is deleted.
    Target {
        in_the_way: bool,
    },
}

/// What a folder came to.
#[derive(Debug, Default)]
struct Found {
    rows: Vec<Row>,
    work: Vec<Work>,
}

/// The mode of a folder of ours until it is filled (`here.rs`, `host.rs`).
const PRIVATE_FOLDER: u32 = 0o700;

impl Compare {
    pub fn new(
        places: Places,
        plan: Plan,
        wants: SyncRules,
        stop: CancellationToken,
        again: bool,
    ) -> Result<Self> {
        let filter = Filter::new(&wants).map_err(Fault::All)?;
        let is_here = match &places.to {
            Some(to) => matches!(to, Tree::Here(_)),
            None => places.target_is_here(),
        };
        let rules = if is_here { Rules::here() } else { Rules::Unix };
        let (seen, targets, doubts) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Ok(Self {
            places,
            plan,
            wants,
            filter,
            rules,
            stop,
            again,
            large: Mutex::default(),
            seen,
            targets,
            doubts,
        })
    }

    pub fn seen(&self) -> u64 {
        self.seen.load(Relaxed)
    }

    /// Entries of the target that the sync is about.
    pub fn targets(&self) -> u64 {
        self.targets.load(Relaxed)
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Compares everything.
    pub async fn whole(&self) -> Result<()> {
        let sides = if self.places.to.is_some() { Sides::Both } else { Sides::Source };
        self.walk(vec![Work { from: Vec::new(), to: Vec::new(), sides }]).await?;
        self.plan.complete(self.not_empty()).await
    }

    /// Compares only what lies at these paths and below, as far as that can be told apart; everything where names here differ
    /// from those there.
    pub async fn only(&self, paths: &[Vec<Vec<u8>>]) -> Result<()> {
        let (Some(to), Rules::Unix) = (&self.places.to, self.rules) else { return self.whole().await };
        // A source that is gone is no empty one.
        match self.places.from.look(&[]).await? {
            Some(facts) if facts.kind == Kind::Directory => {}
            Some(_) | None => return Err(not_copied(&self.places.from.shown(&[]), "no-source")),
        }
        self.doubts.store(true, Relaxed);
        let mut work = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for path in paths {
            if let Some((names, source, target)) = self.reach(to, path).await?
                && seen.insert(names.clone())
            {
                let Some((name, above)) = names.split_last() else { continue };
                let entry = |facts: Facts| Entry { name: name.clone(), renamed: None, facts };
                let pair = (source.map(entry), target.map(entry));
                let mut found = Found::default();
                self.pair(above, above, pair, Sides::Both, &mut found).await?;
                self.plan.add(std::mem::take(&mut found.rows)).await?;
                work.append(&mut found.work);
            }
        }
        self.walk(work).await?;
        self.plan.complete(self.not_empty()).await
    }

    /// The place from which a path has to be compared: the first on the way that is not a folder on both sides. None if it is
    /// left alone.
    async fn reach(
        &self,
        to: &Tree,
        path: &Names,
    ) -> Result<Option<(Vec<Vec<u8>>, Option<Facts>, Option<Facts>)>> {
        if path.is_empty() {
            return Err(Fault::All(crate::error::Error::internal("the top has no entry")));
        }
        for length in 1..=path.len() {
            let names = &path[..length];
            let (source, target) = futures::try_join!(self.places.from.look(names), to.look(names))?;
            let is_folder = |facts: &Option<Facts>| facts.is_some_and(|facts| facts.kind == Kind::Directory);
            if self.filter.leaves(names, is_folder(&source) || (source.is_none() && is_folder(&target))) {
                return Ok(None);
            }
            if length == path.len() || !is_folder(&source) || !is_folder(&target) {
                return Ok(Some((names.to_vec(), source, target)));
            }
        }
        Ok(None)
    }

    async fn walk(&self, mut waiting: Vec<Work>) -> Result<()> {
        let mut looking = FuturesUnordered::new();
        loop {
            while looking.len() < FOLDERS {
                let Some(work) = waiting.pop() else { break };
                looking.push(self.look_into(work));
            }
            let found = tokio::select! {
                found = looking.next() => found,
                () = self.stop.cancelled() => return Err(Fault::Stopped),
            };
            let Some(found) = found else { return Ok(()) };
            for work in found? {
                if waiting.len() >= WAITING_MAX {
                    let problem = not_copied(&self.places.from.shown(&work.from), "too-many");
                    self.plan.add(vec![self.failed(&work.from, &work.to, problem)?]).await?;
                } else {
                    waiting.push(work);
                }
            }
        }
    }

    /// Compares one pair of folders; gives back the folders in them.
    async fn look_into(&self, work: Work) -> Result<Vec<Work>> {
        let mut found = Found::default();
        let looked = self.folder(&work, &mut found).await;
        if let Err(fault) = looked {
            found.work.clear();
            found.rows.push(self.failed(&work.from, &work.to, fault)?);
        }
        self.plan.add(found.rows).await?;
        Ok(found.work)
    }

    async fn folder(&self, work: &Work, found: &mut Found) -> Result<()> {
        let Work { from, to, sides } = work;
        if from.len() > DEPTH_MAX {
            return Err(not_copied(&self.places.from.shown(from), "too-deep"));
        }
        let large = OnceCell::new();
        let (source, target) = match (sides, &self.places.to) {
            (Sides::Both, Some(tree)) => futures::try_join!(
                self.list(&self.places.from, from, from, &large),
                self.list(tree, to, from, &large)
            )?,
            (Sides::Target { .. }, Some(tree)) => {
                (Listed::default(), self.list(tree, to, from, &large).await?)
            }
            (Sides::Source | Sides::Both | Sides::Target { .. }, _) => {
                (self.list(&self.places.from, from, from, &large).await?, Listed::default())
            }
        };
        // What cannot even be named at the target is not there either.
        let nothing = Facts { kind: Kind::Other, size: 0, modified: None, mode: None };
        for name in source.refused {
            let names = [from.as_slice(), &[name]].concat();
            found.rows.push(self.left(&names, &names, nothing, "name"));
        }
        let source = self.name(source.entries, from, found)?;
        let mut target = target.entries;
        self.targets.fetch_add(target.len() as u64, Relaxed);
        sort(&mut target, self.rules);
        let pairs = Merge {
            source: source.into_iter().peekable(),
            target: target.into_iter().peekable(),
            rules: self.rules,
        };
        // Links and doubtful files are read, several at once; the rest needs nobody.
        let mut reading = stream::iter(pairs)
            .map(|pair| async move {
                let mut inner = Found::default();
                self.pair(from, to, pair, *sides, &mut inner).await?;
                Ok::<_, Fault>(inner)
            })
            .buffered(READ_AT_ONCE);
        while let Some(mut inner) = reading.try_next().await? {
            found.rows.append(&mut inner.rows);
            found.work.append(&mut inner.work);
            if found.rows.len() >= ROWS {
                self.plan.add(std::mem::take(&mut found.rows)).await?;
            }
            if self.stop.is_cancelled() {
                return Err(Fault::Stopped);
            }
        }
        Ok(())
    }

    /// Everything in a folder that the sync is about. `path` is what patterns see.
    async fn list<'a>(
        &'a self,
        tree: &Tree,
        names: &Names,
        path: &Names,
        large: &OnceCell<MutexGuard<'a, ()>>,
    ) -> Result<Listed> {
        let is_target = !std::ptr::eq(tree, &self.places.from);
        let Listed { mut entries, mut refused } = Listed::default();
        let mut leaves_some = false;
        let mut inner = path.to_vec();
        let mut items = tree.list(names).await?;
        loop {
            let item = tokio::select! {
                item = items.next() => item?,
                () = self.stop.cancelled() => return Err(Fault::Stopped),
            };
            let Some(item) = item else { break };
            self.seen.fetch_add(1, Relaxed);
            let (name, facts) = match item {
                Item::Entry { name, facts } => (name, facts),
                Item::Refused(name) => {
                    if refused.len() < REFUSED_MAX {
                        refused.push(name);
                    }
                    continue;
                }
            };
            inner.push(name);
            let is_left = self.filter.leaves(&inner, facts.kind == Kind::Directory);
            let Some(name) = inner.pop() else { continue };
            if is_left {
                leaves_some = true;
                continue;
            }
            entries.push(Entry { name, renamed: None, facts });
            if entries.len() == LARGE_FOLDER {
                large.get_or_init(|| self.large.lock()).await;
            }
            if entries.len() > ENTRIES_MAX {
                return Err(not_copied(&tree.shown(names), "too-many"));
            }
        }
        if leaves_some && is_target {
            self.plan.keep_above(names).await?;
        }
        Ok(Listed { entries, refused })
    }

    /// Gives each entry of the source its name at the target, always the same one, and sorts them by it.
    fn name(&self, mut entries: Vec<Entry>, above: &Names, found: &mut Found) -> Result<Vec<Entry>> {
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut names = Folder::new(self.rules);
        let mut named = Vec::with_capacity(entries.len());
        for mut entry in entries {
            match names.name(&entry.name) {
                Ok(name) => {
                    entry.renamed = name.changed.then_some(name.bytes);
                    named.push(entry);
                }
                // What is there under its name must not pass for something that the source has not.
                Err(Unwritable::TooMany) => {
                    return Err(not_copied(&self.places.from.shown(above), "too-many-names"));
                }
                Err(Unwritable::NoName | Unwritable::Crowded) => {
                    let names = [above, std::slice::from_ref(&entry.name)].concat();
                    found.rows.push(self.left(&names, &names, entry.facts, "name"));
                }
            }
        }
        sort(&mut named, self.rules);
        Ok(named)
    }

    /// What follows from what stands on both sides.
    async fn pair(
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

    fn left(&self, from: &Names, to: &Names, facts: Facts, reason: &'static str) -> Row {
        let problem = match not_copied(&shown_names(from), reason) {
            Fault::File(error) | Fault::Lost(error) | Fault::All(error) => Some(error.problem()),
            Fault::Stopped => None,
        };
        Row { problem, ..row(from, to, SyncAction::Left, facts, None) }
    }

    /// What failed for this path alone; anything else ends the comparison.
    fn failed(&self, from: &Names, to: &Names, fault: Fault) -> Result<Row> {
        let Fault::File(error) = fault else { return Err(fault) };
        let nothing = Facts { kind: Kind::Other, size: 0, modified: None, mode: None };
        Ok(Row { problem: Some(error.problem()), ..row(from, to, SyncAction::Failed, nothing, None) })
    }

    fn not_empty(&self) -> Problem {
        match not_copied(&self.places.from.shown(&[]), "other-kind") {
            Fault::File(error) | Fault::Lost(error) | Fault::All(error) => error.problem(),
            Fault::Stopped => crate::error::Error::internal("stopped").problem(),
        }
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

fn key(name: &[u8], rules: Rules) -> Cow<'_, [u8]> {
    if rules == Rules::Unix { Cow::Borrowed(name) } else { Cow::Owned(fold(name, rules)) }
}

fn sort(entries: &mut [Entry], rules: Rules) {
    if rules == Rules::Unix {
        entries.sort_unstable_by(|a, b| a.target().cmp(b.target()));
    } else {
        entries.sort_by_cached_key(|entry| fold(entry.target(), rules));
    }
}

/// Two sorted folders beside each other.
struct Merge<A: Iterator<Item = Entry>, B: Iterator<Item = Entry>> {
    source: std::iter::Peekable<A>,
    target: std::iter::Peekable<B>,
    rules: Rules,
}

impl<A: Iterator<Item = Entry>, B: Iterator<Item = Entry>> Iterator for Merge<A, B> {
    type Item = (Option<Entry>, Option<Entry>);

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.source.peek(), self.target.peek()) {
            (None, None) => return None,
            (Some(_), None) => Order::Less,
            (None, Some(_)) => Order::Greater,
            (Some(source), Some(target)) => {
                key(source.target(), self.rules).cmp(&key(&target.name, self.rules))
            }
        };
        Some(match order {
            Order::Less => (self.source.next(), None),
            Order::Greater => (None, self.target.next()),
            Order::Equal => (self.source.next(), self.target.next()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(names: &[&str]) -> Vec<Entry> {
        let facts = Facts { kind: Kind::File, size: 0, modified: None, mode: None };
        names.iter().map(|name| Entry { name: name.as_bytes().to_vec(), renamed: None, facts }).collect()
    }

    #[test]
    fn names_meet_as_the_target_tells_them_apart() {
        for (rules, wanted) in [
            (Rules::Unix, vec![("A", ""), ("", "B"), ("", "a"), ("b", "b"), ("c", "")]),
            (Rules::Mac, vec![("A", "a"), ("b", "B"), ("", "b"), ("c", "")]),
        ] {
            let (mut source, mut target) = (entries(&["c", "b", "A"]), entries(&["B", "a", "b"]));
            sort(&mut source, rules);
            sort(&mut target, rules);
            let merge =
                Merge { source: source.into_iter().peekable(), target: target.into_iter().peekable(), rules };
            let name = |entry: &Option<Entry>| {
                entry
                    .as_ref()
                    .map_or(String::new(), |entry| String::from_utf8_lossy(&entry.name).into_owned())
            };
            let pairs: Vec<(String, String)> = merge.map(|(a, b)| (name(&a), name(&b))).collect();
            let wanted: Vec<(String, String)> =
                wanted.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            assert_eq!(pairs, wanted, "{rules:?}");
        }
    }
}
