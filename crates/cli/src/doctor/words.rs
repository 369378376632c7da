//! `bowline doctor` as it was typed.

use std::ffi::OsString;

use crate::options::{Options, Parsed, Usage, Words, usage};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Doctor {
    pub options: Options,
    pub host: String,
    pub json: bool,
}

/// What was asked for instead, or the order.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    Doctor(Box<Doctor>),
    Help,
    Version,
}

/// Understands the words behind `doctor`.
pub fn parse(words: Vec<OsString>) -> Result<Wanted, Usage> {
    let mut options = Options::default();
    let mut words = Words::new(words);
    let (mut json, mut host) = (false, None);
    loop {
        let long = |name: &str, _: &mut Words| {
            json |= name == "--json";
            Ok(name == "--json")
        };
        match words.next_option(&mut options, long)? {
            Parsed::Option => {}
            Parsed::Help => return Ok(Wanted::Help),
            Parsed::Version => return Ok(Wanted::Version),
            Parsed::Word(word) if host.is_none() => {
                let text = word.into_string();
                host = Some(text.map_err(|_| usage("doctor: the name of the host is no UTF-8"))?);
            }
            Parsed::Word(word) => {
                let word = word.to_string_lossy().into_owned();
                return Err(usage(format!("doctor: there is one host, and \"{word}\" is another")));
            }
            Parsed::End => break,
        }
    }
    let host = host.ok_or_else(|| usage("doctor: a host is missing"))?;
    Ok(Wanted::Doctor(Box::new(Doctor { options, host, json })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_one_host_and_the_options_of_ssh() {
        let parsed = |line: &str| parse(line.split_whitespace().map(OsString::from).collect());
        let Ok(Wanted::Doctor(doctor)) = parsed("-p 22 web --json") else { panic!() };
        assert!(doctor.json && doctor.host == "web" && doctor.options.settings.len() == 1);
        assert!(parsed("").is_err() && parsed("a b").is_err() && parsed("--frob a").is_err());
        assert_eq!(parsed("--help"), Ok(Wanted::Help));
    }
}
