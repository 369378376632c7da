//! What was typed. Options follow ssh(1), so that rsync, git and scp can call `bowline connect` in its place: letters may
//! be joined, a value may stand in the same word, and options end with the command or with `--`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use crate::completions::Shell;
use crate::cp::words::{self as cp_words, Cp, Wanted as CpWanted};
use crate::doctor::words::{self as doctor_words, Doctor, Wanted as DoctorWanted};
use crate::help;
use crate::hosts::words::{self as hosts_words, Order, Wanted as HostsWanted};
use crate::pipe::words::{self as pipe_words, PipeOrder, Wanted as PipeWanted};
use crate::ssh::words::{self as ssh_words, Order as SshOrder, Wanted as SshWanted};
use crate::sync::words::{self as sync_words, Sync, Wanted as SyncWanted};

mod connect;
mod exec;
mod tunnel;
mod words;

pub use connect::Connect;
pub use exec::Exec;
pub use tunnel::TunnelOrder;
pub use words::{Parsed, Words};

use connect::connect;
use exec::exec;
use tunnel::tunnel;

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Connect(Box<Connect>),
    Exec(Box<Exec>),
    Cp(Box<Cp>),
    Sync(Box<Sync>),
    Tunnel(Box<TunnelOrder>),
    Hosts(Order),
    /// In the app.
    Open(String),
    Doctor(Box<Doctor>),
    Completions(Shell),
    Pipe(Box<PipeOrder>),
    Ssh(Box<SshOrder>),
    /// `bowline ssh -Q`: the text of its answer.
    SshQuery(String),
    SshVersion,
    Help,
    /// Help on one command, by its words.
    HelpOn(Vec<String>),
    Man,
    Version,
}

/// The options that both have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-F`.
    pub config: Option<String>,
    /// `-o`, and the letters that stand for one, as keyword and value in the order in which they were given: the first
    /// value of a keyword counts.
    pub settings: Vec<(String, String)>,
    /// `-i`, each.
    pub identity_files: Vec<String>,
    pub verbose: u8,
    pub quiet: bool,
    /// `-t`, once or more.
    pub tty_wanted: u8,
    /// `-n`.
    pub no_input: bool,
    /// `-s`: the command is the name of a subsystem.
    pub subsystem: bool,
    /// `-G`: print what would be used, and end.
    pub show: bool,
    /// The forwardings of the config are used.
    pub tunnels: bool,
    /// `-o BowlineBorrow=no`: no connection of the app is used.
    pub own_connection: bool,
    /// In place of ssh(1): what a file says and is not used is told with `-v` only.
    pub like_ssh: bool,
}

impl Options {
    /// Takes what stands behind `-o`.
    pub fn set(&mut self, (keyword, value): (String, String)) -> Result<(), Usage> {
        if !keyword.eq_ignore_ascii_case("BowlineBorrow") {
            self.settings.push((keyword, value));
            return Ok(());
        }
        self.own_connection |= match value.to_ascii_lowercase().as_str() {
            "no" | "false" => true,
            "yes" | "true" => false,
            _ => return Err(usage(format!("-o {keyword}={value}: it is yes or no"))),
        };
        Ok(())
    }
}

/// Why the arguments are not understood, for the person.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage(pub String);

pub fn usage(text: impl Into<String>) -> Usage {
    Usage(format!("{} (bowline --help shows how)", text.into()))
}

/// Understands the arguments after the program's name. Help that a command is asked for is help on it.
pub fn parse(arguments: Vec<OsString>) -> Result<Command, Usage> {
    let words: Vec<String> = arguments.iter().map_while(|word| word.to_str().map(str::to_owned)).collect();
    let parsed = parse_words(arguments);
    let named = |words: &[String]| help::ENTRIES.iter().any(|entry| entry.name == words.join(" "));
    match parsed {
        Ok(Command::Help) => {
            let name = [2, 1].into_iter().filter_map(|length| words.get(..length)).find(|words| named(words));
            Ok(name
                .filter(|words| words != &["help"])
                .map_or(Command::Help, |name| Command::HelpOn(name.to_vec())))
        }
        other => other,
    }
}

fn parse_words(arguments: Vec<OsString>) -> Result<Command, Usage> {
    let mut words = arguments.into_iter();
    let Some(first) = words.next() else { return Ok(Command::Help) };
    let rest: Vec<OsString> = words.collect();
    match first.to_str() {
        Some("connect") => connect(rest),
        Some("exec") => exec(rest),
        Some("cp") => cp_words::parse(rest).map(|wanted| match wanted {
            CpWanted::Copy(cp) => Command::Cp(cp),
            CpWanted::Help => Command::Help,
            CpWanted::Version => Command::Version,
        }),
        Some("sync") => sync_words::parse(rest).map(|wanted| match wanted {
            SyncWanted::Sync(sync) => Command::Sync(sync),
            SyncWanted::Help => Command::Help,
            SyncWanted::Version => Command::Version,
        }),
        Some("tunnel") => tunnel(rest),
        Some("hosts") => hosts_words::parse(rest).map(|wanted| match wanted {
            HostsWanted::Order(order) => Command::Hosts(order),
            HostsWanted::Help => Command::Help,
        }),
        Some("doctor") => doctor_words::parse(rest).map(|wanted| match wanted {
            DoctorWanted::Doctor(doctor) => Command::Doctor(doctor),
            DoctorWanted::Help => Command::Help,
            DoctorWanted::Version => Command::Version,
        }),
        Some("open") => one_word("open", "a host or an ssh:// link", rest)
            .map(|word| word.map_or(Command::Help, Command::Open)),
        Some("completions") => {
            one_word("completions", "a shell: bash, zsh or fish", rest)?.map_or(Ok(Command::Help), |shell| {
                let known = Shell::of(&shell).map(Command::Completions);
                known.ok_or_else(|| {
                    usage(format!("completions: there are none for {shell}: bash, zsh and fish"))
                })
            })
        }
        Some("help" | "--help" | "-h") => asked_help(rest),
        Some("pipe") => pipe_words::parse(rest).map(|wanted| match wanted {
            PipeWanted::Pipe(order) => Command::Pipe(order),
            PipeWanted::Help => Command::Help,
            PipeWanted::Version => Command::Version,
        }),
        Some("ssh") => ssh(rest),
        Some("--version" | "-V") => Ok(Command::Version),
        _ => {
            let typed = first.to_string_lossy();
            let meant = help::meant(&typed).map(|command| format!(". Did you mean \"{command}\"?"));
            Err(usage(format!("there is no command \"{typed}\"{}", meant.unwrap_or_default())))
        }
    }
}

/// Help on what is named: `help`, `help hosts add`, `help --man`.
fn asked_help(words: Vec<OsString>) -> Result<Command, Usage> {
    let words = words.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    match words.first().map(String::as_str) {
        None | Some("--help") => Ok(Command::Help),
        Some("--man") => Ok(Command::Man),
        Some(_) if help::ENTRIES.iter().any(|entry| entry.name == words.join(" ")) => {
            Ok(Command::HelpOn(words))
        }
        Some(typed) => {
            let meant = help::meant(typed).map(|command| format!(". Did you mean \"{command}\"?"));
            Err(usage(format!("there is no command \"{}\"{}", words.join(" "), meant.unwrap_or_default())))
        }
    }
}

/// The one word that a command takes; none if help is asked for.
fn one_word(command: &str, what: &str, words: Vec<OsString>) -> Result<Option<String>, Usage> {
    let mut words = words.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    if words.iter().any(|word| word == "--help") {
        return Ok(None);
    }
    match (words.pop(), words.pop()) {
        (Some(word), None) if !word.starts_with('-') => Ok(Some(word)),
        (Some(word), None) => Err(usage(format!("{command}: there is no option {word}"))),
        _ => Err(usage(format!("{command}: it takes one word, {what}"))),
    }
}

/// `bowline ssh`, and whatever this program is called by the name `ssh` with.
pub fn ssh(words: Vec<OsString>) -> Result<Command, Usage> {
    ssh_words::parse(words).map(|wanted| match wanted {
        SshWanted::Run(order) => Command::Ssh(order),
        SshWanted::Query(answer) => Command::SshQuery(answer),
        SshWanted::Version => Command::SshVersion,
        SshWanted::Help => Command::Help,
    })
}

/// `Key=Value`, `Key Value` or `Key = "Value"` (ssh_config(5)). The value keeps its quotes: what they mean is the keyword's.
pub fn setting(text: &str) -> Result<(String, String), Usage> {
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(trimmed.len());
    let (key, rest) = trimmed.split_at(end);
    let rest = rest.trim_start();
    let value = rest.strip_prefix('=').unwrap_or(rest).trim();
    if key.is_empty() || value.is_empty() {
        return Err(usage(format!("-o {text}: it is written as Key=Value")));
    }
    Ok((key.to_owned(), value.to_owned()))
}

pub fn text(word: OsString) -> Result<String, Usage> {
    word.into_string().map_err(|word| usage(format!("\"{}\" is no UTF-8", word.to_string_lossy())))
}

pub fn joined(words: impl Iterator<Item = OsString>) -> Vec<u8> {
    let words: Vec<OsString> = words.collect();
    words.join(OsStr::new(" ")).into_vec()
}

#[cfg(test)]
mod tests;
