//! Compares two trees as they are listed: folder by folder, each pair in the order of its names, so that no more than a few
//! folders are in memory at once. What cannot be listed is an error and never looks like an empty folder.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use futures::stream::{self, FuturesUnordered};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;

use super::super::fault::{Fault, Result, not_copied};
use super::super::tree::{Facts, Names, Tree};
use super::places::Places;
use super::plan::{Plan, Row};
use crate::error::Problem;
use crate::transfer::conflict::Kind;
use crate::transfer::name::Rules;
use crate::transfer::plan::DEPTH_MAX;
use crate::transfer::sync::SyncRules;
use crate::transfer::sync::filter::Filter;

mod listing;
mod pair;

use listing::{Entry, Listed, Merge, sort};

/// Folders that wait to be compared. Further ones are left alone and named to the person.
const WAITING_MAX: usize = 100_000;
/// Pairs of folders that are compared at once.
const FOLDERS: usize = 8;
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

    fn not_empty(&self) -> Problem {
        match not_copied(&self.places.from.shown(&[]), "other-kind") {
            Fault::File(error) | Fault::Lost(error) | Fault::All(error) => error.problem(),
            Fault::Stopped => crate::error::Error::internal("stopped").problem(),
        }
    }
}
