//! `bowline exec`: hosts before the dashes and a command behind them.

use std::ffi::OsString;

use super::words::{Parsed, Words};
use super::{Command, Options, Usage, joined, text, usage};
use crate::exec::words::More;

/// `bowline exec`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exec {
    pub options: Options,
    pub hosts: Vec<String>,
    pub command: Vec<u8>,
    pub json: bool,
    /// How many hosts at once.
    pub limit: Option<usize>,
    pub more: More,
}

pub(super) fn exec(words: Vec<OsString>) -> Result<Command, Usage> {
    let mut exec = Exec::default();
    let mut words = Words::new(words);
    let (mut json, mut limit, mut more) = (false, None, More::default());
    let mut long = |name: &str, words: &mut Words| match name {
        "--json" => {
            json = true;
            Ok(true)
        }
        "--limit" => {
            let value = words.value("--limit")?;
            let number = value.parse().ok().filter(|number| (1..=1024).contains(number));
            limit = Some(
                number.ok_or_else(|| usage(format!("exec: --limit {value} is no number from 1 to 1024")))?,
            );
            Ok(true)
        }
        other => more.take(other, words),
    };
    loop {
        match words.next_option(&mut exec.options, &mut long)? {
            Parsed::Option => {}
            Parsed::Version => return Ok(Command::Version),
            Parsed::Help => return Ok(Command::Help),
            Parsed::Word(word) if words.after_dashes => {
                exec.command = joined(std::iter::once(word).chain(words.rest()));
                break;
            }
            Parsed::Word(word) => exec.hosts.push(text(word)?),
            Parsed::End => break,
        }
    }
    if exec.hosts.is_empty() {
        return Err(usage("exec: a host is missing before --"));
    }
    more.check(exec.hosts.len(), !exec.command.is_empty())?;
    (exec.json, exec.limit, exec.more) = (json, limit, more);
    Ok(Command::Exec(Box::new(exec)))
}
