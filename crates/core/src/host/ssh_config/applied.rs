//! Which lines of a config apply to a name.

use std::path::Path;

use super::tree::{Kind, Node, Tree};
use crate::host::pattern::list_matches;

/// A line that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting<'a> {
    pub path: &'a Path,
    pub line: usize,
    pub keyword: &'a str,
    pub arguments: &'a [String],
}

impl Setting<'_> {
    pub fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }
}

/// What applies to one name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied<'a> {
    /// In the order of the config: of most keywords the first one counts.
    pub settings: Vec<Setting<'a>>,
    /// The name stands in a `Host` line that applies, not only a pattern that it matches.
    pub named: bool,
}

impl<'a> Applied<'a> {
    /// Goes through the config for `name`, as typed by the person. A `Match` block applies only if it is `Match all`:
    /// [`unread_matches`] tells of the others.
    pub fn to(name: &str, tree: &'a Tree) -> Self {
        let mut applied = Self::default();
        applied.go_through(name, tree, true);
        applied
    }

    /// `reachable`: whether the place of the `Include` applies. If not, nothing in the file can (OpenSSH's
    /// SSHCONF_NEVERMATCH). A block that begins in the file ends with it.
    fn go_through(&mut self, name: &str, tree: &'a Tree, reachable: bool) {
        let mut applies = reachable;
        for Node { line, kind } in &tree.nodes {
            match kind {
                Kind::Host(patterns) => {
                    applies = reachable && list_matches(patterns.iter().map(String::as_str), name);
                    self.named |= applies && patterns.iter().any(|pattern| pattern == name);
                }
                Kind::Match(arguments) => applies = reachable && is_match_all(arguments),
                Kind::Include(trees) => trees.iter().for_each(|tree| self.go_through(name, tree, applies)),
                Kind::Set { keyword, arguments } if applies => {
                    self.settings.push(Setting { path: &tree.path, line: *line, keyword, arguments });
                }
                Kind::Set { .. } => {}
            }
        }
    }
}

/// Names in `Host` lines that are no patterns, each once, in the order of the config.
pub fn names(tree: &Tree) -> Vec<&str> {
    let mut names = Vec::new();
    let mut seen = std::collections::HashSet::new();
    collect_names(tree, &mut |name| {
        if seen.insert(name) {
            names.push(name);
        }
    });
    names
}

fn collect_names<'a>(tree: &'a Tree, found: &mut dyn FnMut(&'a str)) {
    for node in &tree.nodes {
        match &node.kind {
            Kind::Host(patterns) => {
                let concrete =
                    patterns.iter().filter(|name| !name.is_empty() && !name.contains(['*', '?', '!']));
                concrete.for_each(|name| found(name));
            }
            Kind::Include(trees) => trees.iter().for_each(|tree| collect_names(tree, found)),
            Kind::Match(_) | Kind::Set { .. } => {}
        }
    }
}

/// Places of `Match` blocks whose conditions are not looked at.
pub fn unread_matches(tree: &Tree) -> Vec<(&Path, usize)> {
    let mut places = Vec::new();
    for node in &tree.nodes {
        match &node.kind {
            Kind::Match(arguments) if !is_match_all(arguments) => {
                places.push((tree.path.as_path(), node.line))
            }
            Kind::Include(trees) => places.extend(trees.iter().flat_map(unread_matches)),
            Kind::Match(_) | Kind::Host(_) | Kind::Set { .. } => {}
        }
    }
    places
}

fn is_match_all(arguments: &[String]) -> bool {
    matches!(arguments, [all] if all.eq_ignore_ascii_case("all"))
}
