//! Which paths a sync is about: patterns as in .gitignore, matched against paths below the folder.

use std::collections::HashSet;
use std::path::PathBuf;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{LEAVE_MAX, PATTERN_MAX_BYTES, PATTERNS_MAX, SyncRules, refused};
use crate::error::Error;
use crate::files::path_text;
use crate::transfer::name::PART_ENDING;

/// Knows what is left alone on both sides.
#[derive(Debug)]
pub struct Filter {
    patterns: Gitignore,
    leave: HashSet<Vec<u8>>,
}

impl Filter {
    /// # Errors
    /// A pattern that cannot be understood, and too many of them.
    pub fn new(rules: &SyncRules) -> Result<Self, Error> {
        let all = || rules.exclude.iter().chain(&rules.include);
        let too_long = |text: &String| text.len() > PATTERN_MAX_BYTES;
        if rules.exclude.len() > PATTERNS_MAX
            || rules.include.len() > PATTERNS_MAX
            || rules.leave.len() > LEAVE_MAX
            || all().any(too_long)
        {
            return Err(refused("too-many-patterns", "There are too many patterns for one sync.".to_owned()));
        }
        let mut builder = GitignoreBuilder::new("");
        for (mark, pattern) in
            rules.exclude.iter().map(|p| ("", p)).chain(rules.include.iter().map(|p| ("!", p)))
        {
            // What a file of patterns would take for a comment or for its opposite is a name here.
            let escape = if pattern.starts_with(['#', '!']) { "\\" } else { "" };
            builder
                .add_line(None, &format!("{mark}{escape}{pattern}"))
                .map_err(|error| unusable(pattern, &error))?;
        }
        let patterns = builder.build().map_err(|error| unusable("", &error))?;
        let leave = rules.leave.iter().map(|path| path_text::to_bytes(path)).collect();
        Ok(Self { patterns, leave })
    }

    /// Whether a path is left alone. Whoever asks has asked about the folders above.
    pub fn leaves(&self, names: &[Vec<u8>], is_folder: bool) -> bool {
        if names.last().is_some_and(|name| is_unfinished(name)) {
            return true;
        }
        if !self.leave.is_empty() && self.leave.contains(&names.join(&b'/')) {
            return true;
        }
        if self.patterns.is_empty() {
            return false;
        }
        self.patterns.matched(path(names), is_folder).is_ignore()
    }
}

/// An unfinished file of a transfer: it is none of anyone's, and goes when its transfer ends.
pub fn is_unfinished(name: &[u8]) -> bool {
    name.len() >= PART_ENDING.len()
        && name[name.len() - PART_ENDING.len()..].eq_ignore_ascii_case(PART_ENDING.as_bytes())
}

fn path(names: &[Vec<u8>]) -> PathBuf {
    #[cfg(unix)]
    return PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(
        names.join(&b'/'),
    ));
    #[cfg(not(unix))]
    return names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
}

fn unusable(pattern: &str, error: &ignore::Error) -> Error {
    let shown = crate::prompt::visible_line(pattern);
    refused("pattern", format!("The pattern {shown} is not understood: {error}.")).with("pattern", shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(exclude: &[&str], include: &[&str]) -> Filter {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        let rules = SyncRules { exclude: owned(exclude), include: owned(include), ..SyncRules::default() };
        Filter::new(&rules).expect("patterns")
    }

    fn leaves(filter: &Filter, path: &str) -> bool {
        let (path, is_folder) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        let names: Vec<Vec<u8>> = path.split('/').map(|name| name.as_bytes().to_vec()).collect();
        filter.leaves(&names, is_folder)
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let filter = filter(&["*.log", "target/", "/top", "a/*.o", "#x", "!y"], &["keep.log"]);
        for path in ["a.log", "d/b.log", "target/", "d/target/", "top", "a/x.o", "#x", "!y", "d/#x"] {
            assert!(leaves(&filter, path), "{path}");
        }
        for path in ["a.logs", "target", "d/top", "b/x.o", "keep.log", "d/keep.log", "x"] {
            assert!(!leaves(&filter, path), "{path}");
        }
    }

    #[test]
    fn unfinished_files_and_paths_that_a_person_took_out_are_left_alone() {
        let rules = SyncRules { leave: vec!["d/a b".to_owned()], ..SyncRules::default() };
        let filter = Filter::new(&rules).expect("no patterns");
        assert!(leaves(&filter, "d/a b") && !leaves(&filter, "a b") && !leaves(&filter, "d/a b/c"));
        assert!(leaves(&filter, "x~1.bowline-part") && leaves(&filter, "X.Bowline-Part"));
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        let rules = SyncRules { exclude: vec!["[z-a]".to_owned()], ..SyncRules::default() };
        assert_eq!(Filter::new(&rules).expect_err("no pattern").params["reason"], "pattern");
        let many = SyncRules { exclude: vec!["a".to_owned(); PATTERNS_MAX + 1], ..SyncRules::default() };
        assert_eq!(Filter::new(&many).expect_err("too many").params["reason"], "too-many-patterns");
    }
}
