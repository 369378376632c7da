//! What was typed. Options follow ssh(1), so that rsync, git and scp can call `bowline connect` in its place: letters may
//! be joined, a value may stand in the same word, and options end with the command or with `--`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Connect(Box<Connect>),
    Exec(Box<Exec>),
    Hosts { json: bool },
    Help,
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
}

/// Why the arguments are not understood, for the person.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage(pub String);

fn usage(text: impl Into<String>) -> Usage {
    Usage(format!("{} (bowline --help shows how)", text.into()))
}

/// Understands the arguments after the program's name.
pub fn parse(arguments: Vec<OsString>) -> Result<Command, Usage> {
    let mut words = arguments.into_iter();
    let Some(first) = words.next() else { return Ok(Command::Help) };
    let rest: Vec<OsString> = words.collect();
    match first.to_str() {
        Some("connect") => connect(rest),
        Some("exec") => exec(rest),
        Some("hosts") => match rest.iter().map(|word| word.to_str()).collect::<Vec<_>>()[..] {
            [Some("list")] => Ok(Command::Hosts { json: false }),
            [Some("list"), Some("--json")] | [Some("--json"), Some("list")] => {
                Ok(Command::Hosts { json: true })
            }
            _ => Err(usage("hosts: there is only \"hosts list [--json]\"")),
        },
        Some("help" | "--help" | "-h") => Ok(Command::Help),
        Some("--version" | "-V") => Ok(Command::Version),
        _ => Err(usage(format!("there is no command \"{}\"", first.to_string_lossy()))),
    }
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
    let (mut json, mut limit) = (false, None);
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
        _ => Ok(false),
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
    if exec.command.is_empty() {
        return Err(usage("exec: a command is missing after --"));
    }
    (exec.json, exec.limit) = (json, limit);
    Ok(Command::Exec(Box::new(exec)))
}

enum Parsed {
    Option,
    Word(OsString),
    Version,
    Help,
    End,
}

struct Words {
    words: std::vec::IntoIter<OsString>,
    /// `--` has passed: what follows are words.
    after_dashes: bool,
}

impl Words {
    fn new(words: Vec<OsString>) -> Self {
        Self { words: words.into_iter(), after_dashes: false }
    }

    fn rest(self) -> impl Iterator<Item = OsString> {
        self.words
    }

    /// The next word, or one word of options. `long` takes those that begin with two dashes.
    fn next_option(
        &mut self,
        options: &mut Options,
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
        while let Some(letter) = letters.next() {
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
                    let value = if joined.is_empty() {
                        self.value(&format!("-{letter}"))?
                    } else {
                        joined.to_owned()
                    };
                    match letter {
                        'F' => options.config = Some(value),
                        'o' => options.settings.push(setting(&value)?),
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

    fn value(&mut self, option: &str) -> Result<String, Usage> {
        text(self.words.next().ok_or_else(|| usage(format!("{option} needs a value")))?)
    }
}

/// `Key=Value`, `Key Value` or `Key = "Value"` (ssh_config(5)). The value keeps its quotes: what they mean is the keyword's.
fn setting(text: &str) -> Result<(String, String), Usage> {
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

fn text(word: OsString) -> Result<String, Usage> {
    word.into_string().map_err(|word| usage(format!("\"{}\" is no UTF-8", word.to_string_lossy())))
}

fn joined(words: impl Iterator<Item = OsString>) -> Vec<u8> {
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
    fn what_is_not_understood_is_named() {
        let Err(Usage(text)) = parsed("connect -w 3 host") else { panic!() };
        assert!(text.contains("-w"), "{text}");
        assert!(parsed("connect -p").is_err());
        assert!(parsed("connect").is_err());
    }
}
