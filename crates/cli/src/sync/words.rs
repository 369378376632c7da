//! `bowline sync` as it was typed. The letters are those of `bowline cp`, and rsync(1)'s `-a`, `-c` and `-n`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::cp::place::Place;
use crate::options::{Options, Parsed, Usage, Words, usage};

#[derive(Debug, PartialEq, Eq)]
pub struct Sync {
    pub options: Options,
    pub source: Place,
    /// What is in the source is meant, and not the source itself.
    pub contents: bool,
    pub target: Place,
    pub delete: bool,
    pub delete_many: bool,
    pub checksum: bool,
    pub exclude: Vec<String>,
    pub include: Vec<String>,
    pub dry_run: bool,
    pub watch: bool,
    pub json: bool,
}

/// What was asked for instead of a sync, or the sync.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    Sync(Box<Sync>),
    Help,
    Version,
}

/// Understands the words behind `sync`.
pub fn parse(words: Vec<OsString>) -> Result<Wanted, Usage> {
    let mut options = Options::default();
    let mut words = Words::new(words);
    let mut places = Vec::new();
    let (mut delete, mut delete_many, mut watch, mut json) = (false, false, false, false);
    let (mut exclude, mut include) = (Vec::new(), Vec::new());
    let (mut long_checksum, mut long_dry_run) = (false, false);
    let (mut checksum, mut dry_run) = (false, false);
    loop {
        let long = |word: &str, words: &mut Words| {
            let (name, joined) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word, None),
            };
            let has_value = joined.is_some();
            match name {
                "--exclude" => exclude.push(joined.map_or_else(|| words.value(name), Ok)?),
                "--include" => include.push(joined.map_or_else(|| words.value(name), Ok)?),
                _ if has_value => return Ok(false),
                "--delete" => delete = true,
                "--delete-many" => (delete, delete_many) = (true, true),
                "--checksum" => long_checksum = true,
                "--dry-run" => long_dry_run = true,
                "--watch" => watch = true,
                "--json" => json = true,
                // Folders go with all that is in them anyway.
                "--recursive" | "--archive" => {}
                _ => return Ok(false),
            }
            Ok(true)
        };
        let mut own = |letter: char| {
            match letter {
                'c' => checksum = true,
                'n' => dry_run = true,
                'a' | 'r' => {}
                _ => return false,
            }
            true
        };
        match words.next_sync_option(&mut options, &mut own, long)? {
            Parsed::Option => {}
            Parsed::Help => return Ok(Wanted::Help),
            Parsed::Version => return Ok(Wanted::Version),
            Parsed::Word(word) => {
                places.push((Place::of(&word).map_err(|error| usage(format!("sync: {error}")))?, word));
            }
            Parsed::End => break,
        }
    }
    let mut places = places.into_iter();
    let (Some((source, word)), Some((target, _)), None) = (places.next(), places.next(), places.next())
    else {
        return Err(usage("sync: it takes one source and one target"));
    };
    dry_run |= long_dry_run;
    if dry_run && watch {
        return Err(usage("sync: --dry-run does nothing, so there is nothing to --watch"));
    }
    Ok(Wanted::Sync(Box::new(Sync {
        options,
        contents: means_contents(word.as_bytes()),
        source,
        target,
        delete,
        delete_many,
        checksum: checksum | long_checksum,
        exclude,
        include,
        dry_run,
        watch,
        json,
    })))
}

/// As rsync(1) has it: behind a slash, and where there is no name that could be kept.
fn means_contents(word: &[u8]) -> bool {
    let last = word.rsplit(|&byte| byte == b'/' || byte == b':').next().unwrap_or_default();
    last.is_empty() || last == b"." || last == b".." || last == b"~"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Sync, String> {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Wanted::Sync(sync)) => Ok(*sync),
            Ok(other) => Err(format!("{other:?}")),
            Err(Usage(text)) => Err(text),
        }
    }

    #[test]
    fn the_words_are_those_of_rsync_where_it_has_them() {
        let sync = parsed("-anc --delete --exclude *.o --exclude=/x --include=y --json -P 22 d web:e")
            .expect("understood");
        assert!(sync.dry_run && sync.checksum && sync.delete && sync.json);
        assert!(!sync.delete_many && !sync.watch && !sync.contents);
        assert_eq!(
            (&sync.exclude[..], &sync.include[..]),
            (&["*.o".to_owned(), "/x".to_owned()][..], &["y".to_owned()][..])
        );
        assert_eq!(sync.options.settings, [("Port".to_owned(), "22".to_owned())]);
        assert_eq!(sync.target, Place::There { host: "web".to_owned(), path: b"e".to_vec() });
        let sync = parsed("--delete-many --watch a/ b").expect("understood");
        assert!(sync.delete && sync.delete_many && sync.watch && sync.contents);
    }

    #[test]
    fn a_slash_behind_the_source_means_what_is_in_it() {
        for (word, contents) in [
            ("a", false),
            ("a/", true),
            (".", true),
            ("a/..", true),
            ("web:", true),
            ("web:a", false),
            ("web:a/", true),
            ("web:~", true),
        ] {
            assert_eq!(means_contents(word.as_bytes()), contents, "{word}");
        }
    }

    #[test]
    fn what_makes_no_sync_is_told() {
        for (line, part) in [
            ("", "one source"),
            ("a", "one target"),
            ("a b c", "one source"),
            ("--frob a b", "--frob"),
            ("--delete=x a b", "--delete=x"),
            ("--exclude", "--exclude"),
            ("-n --watch a b", "--watch"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
