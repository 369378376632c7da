//! `bowline cp` as it was typed. The letters are those of scp(1), so that `-p` keeps times and `-P` is the port.

use std::ffi::OsString;

use super::place::Place;
use crate::options::{Options, Parsed, Usage, Words, usage};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cp {
    pub options: Options,
    pub sources: Vec<Place>,
    /// None only before all words are read.
    pub target: Option<Place>,
    pub recursive: bool,
    pub resume: bool,
    pub verify: bool,
    pub json: bool,
}

/// What was asked for instead of a copy, or the copy.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    Copy(Box<Cp>),
    Help,
    Version,
}

/// Understands the words behind `cp`.
pub fn parse(words: Vec<OsString>) -> Result<Wanted, Usage> {
    let mut cp = Cp::default();
    let mut places = Vec::new();
    let mut words = Words::new(words);
    let (mut recursive, mut resume, mut verify, mut json) = (false, false, false, false);
    loop {
        let long = |name: &str, _: &mut Words| {
            match name {
                "--recursive" => recursive = true,
                "--resume" => resume = true,
                "--verify" => verify = true,
                "--json" => json = true,
                _ => return Ok(false),
            }
            Ok(true)
        };
        match words.next_copy_option(&mut cp.options, &mut cp.recursive, long)? {
            Parsed::Option => {}
            Parsed::Help => return Ok(Wanted::Help),
            Parsed::Version => return Ok(Wanted::Version),
            Parsed::Word(word) => {
                places.push(Place::of(&word).map_err(|error| usage(format!("cp: {error}")))?)
            }
            Parsed::End => break,
        }
    }
    cp.target = places.pop();
    if places.is_empty() {
        return Err(usage("cp: it takes what is to be copied, and where to"));
    }
    let here = |place: &Place| matches!(place, Place::Here(_));
    if places.iter().all(here) && cp.target.as_ref().is_some_and(here) {
        return Err(usage("cp: nothing of that is on a host; it is written as host:path"));
    }
    (cp.sources, cp.resume, cp.verify, cp.json) = (places, resume, verify, json);
    cp.recursive |= recursive;
    Ok(Wanted::Copy(Box::new(cp)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cp, String> {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Wanted::Copy(cp)) => Ok(*cp),
            Ok(other) => Err(format!("{other:?}")),
            Err(Usage(text)) => Err(text),
        }
    }

    #[test]
    fn the_letters_are_those_of_scp() {
        let cp = parsed("-rpP 2222 -o BatchMode=yes -i key a web:b").expect("understood");
        assert!(cp.recursive && !cp.resume && !cp.json);
        let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(cp.options.settings, [set("Port", "2222"), set("BatchMode", "yes")]);
        assert_eq!(cp.options.identity_files, ["key"]);
        assert_eq!(cp.sources, [Place::Here("a".into())]);
        assert_eq!(cp.target, Some(Place::There { host: "web".to_owned(), path: b"b".to_vec() }));
        let cp = parsed("--resume --verify --json -B -q web:a web:b .").expect("understood");
        assert!(cp.resume && cp.verify && cp.json && cp.options.quiet);
        assert_eq!(cp.options.settings, [set("BatchMode", "yes")]);
        assert_eq!(cp.sources.len(), 2);
    }

    #[test]
    fn what_makes_no_copy_is_told() {
        for (line, part) in [
            ("", "what is to be copied"),
            ("web:a", "where to"),
            ("a b", "host:path"),
            ("-l 100 a web:b", "-l"),
            ("--frob a web:b", "--frob"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
