//! What `bowline exec` can be told beside ssh's options.

use std::path::PathBuf;
use std::time::Duration;

use crate::options::{Usage, Words, usage};

/// The options that make more of it than one command after the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct More {
    /// `--timeout`: for each host, from the start of its command.
    pub timeout: Option<Duration>,
    /// `--stop-on-failure`: it begins on no further host.
    pub stop_on_failure: bool,
    /// `--stdin`.
    pub input: Option<InputFrom>,
    /// `--output`: a folder for the whole output.
    pub output: Option<PathBuf>,
    /// `--group`: equal results once.
    pub group: bool,
    /// `--as-is`: the command alone.
    pub as_is: bool,
    pub detached: Option<Detached>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum InputFrom {
    /// `-`: read here, and given to each host.
    Here,
    File(PathBuf),
}

/// Commands that keep running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detached {
    Start,
    List,
    Read(String),
    Stop(String),
    Forget(String),
}

impl More {
    /// Takes a long option, if it is one of these.
    pub fn take(&mut self, word: &str, words: &mut Words) -> Result<bool, Usage> {
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let has_value = joined.is_some();
        let value = |words: &mut Words| joined.clone().map_or_else(|| words.value(name), Ok);
        match name {
            "--timeout" => {
                let text = value(words)?;
                self.timeout = Some(seconds(&text).ok_or_else(|| {
                    usage(format!("exec: --timeout {text} is no time: it is written as 30, 30s, 5m or 2h"))
                })?);
            }
            "--stdin" => {
                let text = value(words)?;
                self.input =
                    Some(if text == "-" { InputFrom::Here } else { InputFrom::File(PathBuf::from(text)) });
            }
            "--output" => self.output = Some(PathBuf::from(value(words)?)),
            "--read" => self.detach(Detached::Read(value(words)?))?,
            "--stop" => self.detach(Detached::Stop(value(words)?))?,
            "--forget" => self.detach(Detached::Forget(value(words)?))?,
            _ if has_value => return Ok(false),
            "--stop-on-failure" => self.stop_on_failure = true,
            "--group" => self.group = true,
            "--as-is" => self.as_is = true,
            "--detach" => self.detach(Detached::Start)?,
            "--list" => self.detach(Detached::List)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn detach(&mut self, what: Detached) -> Result<(), Usage> {
        match self.detached.replace(what) {
            None => Ok(()),
            Some(_) => Err(usage("exec: --detach, --list, --read, --stop and --forget exclude each other")),
        }
    }

    /// Whether a command has to be there.
    pub fn wants_command(&self) -> bool {
        matches!(self.detached, None | Some(Detached::Start))
    }

    /// What does not go together.
    pub fn check(&self, hosts: usize, has_command: bool) -> Result<(), Usage> {
        if self.wants_command() != has_command {
            return Err(usage(if has_command {
                "exec: --list, --read, --stop and --forget take no command"
            } else {
                "exec: a command is missing after --"
            }));
        }
        if self.detached.is_none() {
            return Ok(());
        }
        let named =
            matches!(self.detached, Some(Detached::Read(_) | Detached::Stop(_) | Detached::Forget(_)));
        if named && hosts != 1 {
            return Err(usage("exec: what was left running is on one host; name that one"));
        }
        let others = self.timeout.is_some()
            || self.stop_on_failure
            || self.input.is_some()
            || self.output.is_some()
            || self.group;
        if others {
            return Err(usage(
                "exec: a command that keeps running has no --timeout, --stdin, --output or --group",
            ));
        }
        Ok(())
    }
}

/// `30`, `30s`, `5m`, `2h`.
fn seconds(text: &str) -> Option<Duration> {
    let (digits, factor) = match text.as_bytes().last()? {
        b's' => (&text[..text.len() - 1], 1),
        b'm' => (&text[..text.len() - 1], 60),
        b'h' => (&text[..text.len() - 1], 3600),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().ok()?;
    (number > 0 && number < 10_000_000).then(|| Duration::from_secs(number * factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Command, parse};

    fn exec(line: &str) -> Result<More, Usage> {
        match parse(line.split_whitespace().map(Into::into).collect())? {
            Command::Exec(exec) => Ok(exec.more),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_are_taken_before_the_command_and_not_from_it() {
        let more =
            exec("exec --timeout 5m --group a --stop-on-failure b --stdin=- --output out -- ls --list");
        let expected = More {
            timeout: Some(Duration::from_secs(300)),
            stop_on_failure: true,
            input: Some(InputFrom::Here),
            output: Some(PathBuf::from("out")),
            group: true,
            ..More::default()
        };
        assert_eq!(more, Ok(expected));
        assert_eq!(exec("exec a -- ls"), Ok(More::default()));
        assert_eq!(exec("exec --read 12 a").map(|more| more.detached), Ok(Some(Detached::Read("12".into()))));
        assert_eq!(exec("exec --list a b").map(|more| more.detached), Ok(Some(Detached::List)));
        assert_eq!(exec("exec a --detach -- make").map(|more| more.detached), Ok(Some(Detached::Start)));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for line in [
            "exec --timeout 0 a -- ls",
            "exec --timeout x a -- ls",
            "exec --timeout",
            "exec --list a -- ls",
            "exec --detach a",
            "exec --read 1 a b",
            "exec --read 1 --stop 2 a",
            "exec --detach --group a -- ls",
            "exec --group=yes a -- ls",
        ] {
            assert!(exec(line).is_err(), "{line}");
        }
    }
}
