//! What a folder holds, in the order of its names at the target, and two such folders beside each other.

use std::borrow::Cow;
use std::cmp::Ordering as Order;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::{MutexGuard, OnceCell};

use super::super::super::fault::{Fault, Result, not_copied};
use super::super::super::tree::{Facts, Item, Names, Tree};
use super::{Compare, Found};
use crate::transfer::conflict::Kind;
use crate::transfer::name::{Folder, Rules, Unwritable, fold};

/// A folder with more entries waits until no other such one is in memory.
const LARGE_FOLDER: usize = 10_000;

/// More in one folder is no folder but a fault: some 150 MiB.
const ENTRIES_MAX: usize = 1_000_000;

/// Names of a folder that cannot be used and are told of.
const REFUSED_MAX: usize = 100;

/// An entry of a folder.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    /// What it is called at the target, if that differs.
    pub(super) renamed: Option<Vec<u8>>,
    pub(super) facts: Facts,
}

impl Entry {
    pub(super) fn target(&self) -> &[u8] {
        self.renamed.as_deref().unwrap_or(&self.name)
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    /// Names that cannot be used, to be shown.
    pub(super) refused: Vec<Vec<u8>>,
}

impl Compare {
    /// Everything in a folder that the sync is about. `path` is what patterns see.
    pub(super) async fn list<'a>(
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
    pub(super) fn name(
        &self,
        mut entries: Vec<Entry>,
        above: &Names,
        found: &mut Found,
    ) -> Result<Vec<Entry>> {
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
}

fn key(name: &[u8], rules: Rules) -> Cow<'_, [u8]> {
    if rules == Rules::Unix { Cow::Borrowed(name) } else { Cow::Owned(fold(name, rules)) }
}

pub(super) fn sort(entries: &mut [Entry], rules: Rules) {
    if rules == Rules::Unix {
        entries.sort_unstable_by(|a, b| a.target().cmp(b.target()));
    } else {
        entries.sort_by_cached_key(|entry| fold(entry.target(), rules));
    }
}

/// Two sorted folders beside each other.
pub(super) struct Merge<A: Iterator<Item = Entry>, B: Iterator<Item = Entry>> {
    pub(super) source: std::iter::Peekable<A>,
    pub(super) target: std::iter::Peekable<B>,
    pub(super) rules: Rules,
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
