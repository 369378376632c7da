//! What was typed. Options follow ssh(1), so that rsync, git and scp can call `bowline connect` in its place: letters may
//! be joined, a value may stand in the same word, and options end with the command or with `--`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use bowline_core::host::ssh_config::forward::{self, Forward, Kind};

use crate::completions::Shell;
use crate::cp::words::{self, Cp, Wanted};
use crate::doctor::words::{self as doctor_words, Doctor, Wanted as DoctorWanted};
use crate::exec::words::More;
use crate::help;
use crate::hosts::words::{self as hosts_words, Order, Wanted as HostsWanted};
use crate::pipe::words::{self as pipe_words, PipeOrder, Wanted as PipeWanted};
use crate::ssh::words::{self as ssh_words, Order as SshOrder, Wanted as SshWanted};
use crate::sync::words::{self as sync_words, Sync, Wanted as SyncWanted};

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

/// `bowline connect`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Connect {
    pub options: Options,
    pub host: String,
    /// The words of the command joined by spaces, as ssh(1) does; empty for a shell.
    pub command: Vec<u8>,
}

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

/// `bowline tunnel`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TunnelOrder {
    pub options: Options,
    pub host: String,
    /// In the order in which they were given; none: those of the config.
    pub forwards: Vec<Forward>,
    pub json: bool,
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
        Some("cp") => words::parse(rest).map(|wanted| match wanted {
            Wanted::Copy(cp) => Command::Cp(cp),
            Wanted::Help => Command::Help,
            Wanted::Version => Command::Version,
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

fn connect(words: Vec<OsString>) -> Result<Command, Usage> {
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

fn exec(words: Vec<OsString>) -> Result<Command, Usage> {
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

fn tunnel(words: Vec<OsString>) -> Result<Command, Usage> {
    let mut order = TunnelOrder::default();
    let mut words = Words::new(words);
    let (mut json, mut specs, mut host) = (false, Vec::new(), None);
    let mut long = |name: &str, _: &mut Words| {
        json |= name == "--json";
        Ok(name == "--json")
    };
    loop {
        match words.next_tunnel_option(&mut order.options, &mut specs, &mut long)? {
            Parsed::Option => {}
            Parsed::Version => return Ok(Command::Version),
            Parsed::Help => return Ok(Command::Help),
            Parsed::Word(word) if host.is_none() => host = Some(text(word)?),
            Parsed::Word(word) => {
                return Err(usage(format!(
                    "tunnel: there is one host, and \"{}\" is another",
                    word.to_string_lossy()
                )));
            }
            Parsed::End => break,
        }
    }
    for (letter, spec) in specs {
        let kind = match letter {
            'L' => Kind::Local,
            'R' => Kind::Remote,
            _ => Kind::Dynamic,
        };
        let forward = forward::parse_one(kind, &spec);
        order
            .forwards
            .push(forward.ok_or_else(|| usage(format!("tunnel: -{letter} {spec} is no forwarding")))?);
    }
    order.json = json;
    order.options.tunnels = true;
    order.host = host.ok_or_else(|| usage("tunnel: a host is missing"))?;
    Ok(Command::Tunnel(Box::new(order)))
}

pub enum Parsed {
    Option,
    Word(OsString),
    Version,
    Help,
    End,
}

/// What a letter means.
enum Letter {
    /// What this one means to ssh(1).
    OfSsh(char),
    Done,
    /// A forwarding, whose value follows.
    Forward(char),
    Unknown,
}

pub struct Words {
    words: std::vec::IntoIter<OsString>,
    /// `--` has passed: what follows are words.
    after_dashes: bool,
}

impl Words {
    pub fn new(words: Vec<OsString>) -> Self {
        Self { words: words.into_iter(), after_dashes: false }
    }

    fn rest(self) -> impl Iterator<Item = OsString> {
        self.words
    }

    /// The next word, or one word of options. `long` takes those that begin with two dashes.
    pub fn next_option(
        &mut self,
        options: &mut Options,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        self.next_of(options, &mut |letter, _| Letter::OfSsh(letter), &mut Vec::new(), long)
    }

    /// The same with forwardings.
    fn next_tunnel_option(
        &mut self,
        options: &mut Options,
        forwards: &mut Vec<(char, String)>,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let mut letters = |letter, _: &mut Options| match letter {
            'L' | 'R' | 'D' => Letter::Forward(letter),
            // As for ssh(1): no command, no terminal, no input. There are none anyway.
            'N' | 'T' | 'n' => Letter::Done,
            't' | 's' | 'G' | 'e' => Letter::Unknown,
            _ => Letter::OfSsh(letter),
        };
        self.next_of(options, &mut letters, forwards, long)
    }

    /// The same with the letters of scp(1), which has others for a few things.
    pub fn next_copy_option(
        &mut self,
        options: &mut Options,
        recursive: &mut bool,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let mut own = |letter: char| {
            *recursive |= letter == 'r';
            letter == 'r'
        };
        self.next_sync_option(options, &mut own, long)
    }

    /// The letters of scp(1) but `-r`, and those that `own` takes.
    pub fn next_sync_option(
        &mut self,
        options: &mut Options,
        own: &mut dyn FnMut(char) -> bool,
        long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let mut letters = |letter: char, options: &mut Options| match letter {
            letter if own(letter) => Letter::Done,
            'B' => {
                options.settings.push(("BatchMode".to_owned(), "yes".to_owned()));
                Letter::Done
            }
            // Times and modes are kept anyway; host to host goes through us, by SFTP, and names are held against what was asked.
            'p' | '3' | 's' | 'T' => Letter::Done,
            'P' => Letter::OfSsh('p'),
            '4' | '6' | 'A' | 'F' | 'J' | 'i' | 'o' | 'q' | 'v' | 'V' => Letter::OfSsh(letter),
            _ => Letter::Unknown,
        };
        self.next_of(options, &mut letters, &mut Vec::new(), long)
    }

    fn next_of(
        &mut self,
        options: &mut Options,
        letters_of: &mut dyn FnMut(char, &mut Options) -> Letter,
        forwards: &mut Vec<(char, String)>,
        mut long: impl FnMut(&str, &mut Words) -> Result<bool, Usage>,
    ) -> Result<Parsed, Usage> {
        let Some(word) = self.words.next() else { return Ok(Parsed::End) };
        if self.after_dashes || !word.as_bytes().starts_with(b"-") || word == "-" {
            return Ok(Parsed::Word(word));
        }
        if word == "--" {
            self.after_dashes = true;
            return Ok(Parsed::Option);
        }
        let word = text(word)?;
        if word == "--help" {
            return Ok(Parsed::Help);
        }
        if word.starts_with("--") {
            return if long(&word, self)? {
                Ok(Parsed::Option)
            } else {
                Err(usage(format!("there is no option {word}")))
            };
        }
        let mut letters = word[1..].chars();
        while let Some(typed) = letters.next() {
            let letter = match letters_of(typed, options) {
                Letter::OfSsh(letter) => letter,
                Letter::Done => continue,
                Letter::Forward(letter) => {
                    let joined = letters.as_str();
                    let value = if joined.is_empty() {
                        self.value(&format!("-{letter}"))?
                    } else {
                        joined.to_owned()
                    };
                    forwards.push((letter, value));
                    break;
                }
                Letter::Unknown => return Err(usage(format!("the option -{typed} is not supported"))),
            };
            let set = |options: &mut Options, key: &str, value: String| {
                options.settings.push((key.to_owned(), value));
            };
            match letter {
                'V' => return Ok(Parsed::Version),
                'v' => options.verbose = options.verbose.saturating_add(1),
                'q' => options.quiet = true,
                't' => options.tty_wanted = options.tty_wanted.saturating_add(1),
                'T' => set(options, "RequestTTY", "no".into()),
                'n' => options.no_input = true,
                's' => options.subsystem = true,
                'G' => options.show = true,
                '4' => set(options, "AddressFamily", "inet".into()),
                '6' => set(options, "AddressFamily", "inet6".into()),
                'A' => set(options, "ForwardAgent", "yes".into()),
                'a' => set(options, "ForwardAgent", "no".into()),
                // What they turn off is off.
                'k' | 'x' => {}
                'F' | 'J' | 'b' | 'e' | 'i' | 'l' | 'o' | 'p' => {
                    let joined = letters.as_str();
                    let value =
                        if joined.is_empty() { self.value(&format!("-{typed}"))? } else { joined.to_owned() };
                    match letter {
                        'F' => options.config = Some(value),
                        'o' => options.set(setting(&value)?)?,
                        'J' => set(options, "ProxyJump", value),
                        'b' => set(options, "BindAddress", value),
                        'e' => set(options, "EscapeChar", value),
                        'i' => options.identity_files.push(value),
                        'l' => set(options, "User", value),
                        _ => set(options, "Port", value),
                    }
                    break;
                }
                other => return Err(usage(format!("the option -{other} is not supported"))),
            }
        }
        Ok(Parsed::Option)
    }

    pub fn value(&mut self, option: &str) -> Result<String, Usage> {
        text(self.words.next().ok_or_else(|| usage(format!("{option} needs a value")))?)
    }
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
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, Usage> {
        parse(line.split_whitespace().map(OsString::from).collect())
    }

    fn connected(line: &str) -> Connect {
        match parsed(line) {
            Ok(Command::Connect(connect)) => *connect,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn set(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn letters_may_be_joined_and_their_values_too() {
        let connect = connected("connect -vvTp2222 -l ada -oBatchMode=yes -i key host");
        assert_eq!(connect.options.verbose, 2);
        let expected = [("RequestTTY", "no"), ("Port", "2222"), ("User", "ada"), ("BatchMode", "yes")];
        assert_eq!(connect.options.settings, set(&expected));
        assert_eq!(connect.options.identity_files, ["key"]);
        assert_eq!(connect.host, "host");
    }

    #[test]
    fn rsync_git_and_scp_call_it_as_they_call_ssh() {
        let rsync = connected("connect -l ada host rsync --server -vlogDtpre.iLsfxCIvu . dir");
        assert_eq!(rsync.command, b"rsync --server -vlogDtpre.iLsfxCIvu . dir");
        let git = connected("connect -o SendEnv=GIT_PROTOCOL -p 22 ada@host git-upload-pack 'repo.git'");
        assert_eq!(git.command, b"git-upload-pack 'repo.git'");
        let scp = connected("connect -x -oPermitLocalCommand=no -oRequestTTY=no -s -- host sftp");
        assert!(scp.options.subsystem);
        assert_eq!((scp.host.as_str(), scp.command.as_slice()), ("host", &b"sftp"[..]));
    }

    #[test]
    fn options_after_the_host_count_up_to_the_command() {
        let connect = connected("connect host -p 22 ls -p 23");
        assert_eq!(connect.options.settings, set(&[("Port", "22")]));
        assert_eq!(connect.command, b"ls -p 23");
        assert_eq!(connected("connect host -- -x y").command, b"-x y");
    }

    #[test]
    fn a_setting_is_written_in_any_of_three_ways() {
        for text in ["Port=22", "Port 22", "Port = 22", " Port=22 "] {
            assert_eq!(setting(text), Ok(("Port".into(), "22".into())), "{text}");
        }
        assert_eq!(setting("SetEnv A=\"b c\""), Ok(("SetEnv".into(), "A=\"b c\"".into())));
        assert!(setting("Port").is_err());
        assert!(setting("=22").is_err());
    }

    #[test]
    fn exec_takes_hosts_before_the_dashes_and_a_command_after_them() {
        let Ok(Command::Exec(exec)) = parsed("exec --json a b --limit 3 -- ls -l --json") else { panic!() };
        assert_eq!((exec.hosts.len(), exec.limit, exec.json), (2, Some(3), true));
        assert_eq!(exec.command, b"ls -l --json");
        assert!(parsed("exec a b").is_err());
        assert!(parsed("exec -- ls").is_err());
        assert!(parsed("exec --limit 0 a -- ls").is_err());
    }

    #[test]
    fn forwardings_are_read_as_ssh_reads_them() {
        let line = "tunnel -vNL8080:db:5432 server -R 0:localhost:80 -D[::1]:1080 --json -p 22";
        let Ok(Command::Tunnel(order)) = parsed(line) else { panic!() };
        assert_eq!((order.host.as_str(), order.json, order.options.verbose), ("server", true, 1));
        let forwards: Vec<_> =
            order.forwards.iter().map(|forward| (forward.kind, forward.to_string())).collect();
        let expected = [
            (Kind::Local, "8080 [db]:5432"),
            (Kind::Remote, "0 [localhost]:80"),
            (Kind::Dynamic, "[::1]:1080"),
        ];
        assert_eq!(forwards, expected.map(|(kind, text)| (kind, text.to_owned())));
        for wrong in
            ["tunnel -L 8080:db:5432", "tunnel host -L 8080", "tunnel host -D x", "tunnel a b", "tunnel -t a"]
        {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let Err(Usage(text)) = parsed("connect -w 3 host") else { panic!() };
        assert!(text.contains("-w"), "{text}");
        assert!(parsed("connect -p").is_err());
        assert!(parsed("connect").is_err());
    }
}
