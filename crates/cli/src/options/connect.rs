//! `bowline connect`: options, a host and a command.

use std::ffi::OsString;

use super::words::{Parsed, Words};
use super::{Command, Options, Usage, joined, text, usage};

/// `bowline connect`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Connect {
    pub options: Options,
    pub host: String,
    /// The words of the command joined by spaces, as ssh(1) does; empty for a shell.
    pub command: Vec<u8>,
}

pub(super) fn connect(words: Vec<OsString>) -> Result<Command, Usage> {
    let mut connect = Connect::default();
    let mut words = Words::new(words);
    let mut host = None;
    loop {
        match words.next_option(&mut connect.options, |_, _| Ok(false))? {
            Parsed::Option => {}
            Parsed::Version => return Ok(Command::Version),
            Parsed::Help => return Ok(Command::Help),
            // As in ssh(1), options may follow the host, up to the command.
            Parsed::Word(word) if host.is_none() => host = Some(text(word)?),
            Parsed::Word(word) => {
                connect.command = joined(std::iter::once(word).chain(words.rest()));
                break;
            }
            Parsed::End => break,
        }
    }
    connect.host = host.ok_or_else(|| usage("connect: a host is missing"))?;
    if connect.options.subsystem && connect.command.is_empty() {
        return Err(usage("connect: -s needs the name of a subsystem"));
    }
    Ok(Command::Connect(Box::new(connect)))
}
