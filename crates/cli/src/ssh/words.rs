//! What was typed behind `bowline ssh`, read as ssh(1) reads it: its letters, options after the host and up to the command,
//! and the same orders as keywords behind `-o`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bowline_core::host::ssh_config::forward::{self, End, Kind};
use bowline_core::host::ssh_config::jump;

use super::query;
use crate::command::say;
use crate::options::{Options, Usage, joined, setting, text};

/// The letters that have a value, of those that OpenSSH's `getopt` knows.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";
/// Before everything else that was typed: this process is the one that goes to the background.
pub const IN_BACKGROUND: &str = "--in-background";

/// Keywords that Bowline does not act on, and without which everything still works: how ssh(1) shares connections, ways to
/// log in that it tries beside others, and what concerns comfort only.
pub const HARMLESS: &[&str] = &[
    "canonicalizepermittedcnames",
    "channeltimeout",
    "checkhostip",
    "compression",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "enableescapecommandline",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardx11",
    "gssapiauthentication",
    "gssapiclientidentity",
    "gssapidelegatecredentials",
    "gssapikexalgorithms",
    "gssapikeyexchange",
    "gssapirenewalforcesrekey",
    "gssapiserveridentity",
    "gssapitrustdns",
    "hostbasedacceptedalgorithms",
    "hostbasedauthentication",
    "hostbasedkeytypes",
    "ipqos",
    "kbdinteractivedevices",
    "logverbose",
    "obscurekeystroketiming",
    "sessiontype",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "syslogfacility",
    "versionaddendum",
    "warnweakcrypto",
    "xauthlocation",
];

/// Keywords that only this command acts on.
pub const LOCAL_COMMAND: [&str; 2] = ["localcommand", "permitlocalcommand"];

#[derive(Debug)]
pub enum Wanted {
    Run(Box<Order>),
    /// `-Q`, and its answer.
    Query(String),
    Version,
    Help,
}

/// `bowline ssh`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub options: Options,
    pub host: String,
    /// The words of the command joined by spaces.
    pub command: Vec<u8>,
    /// `-N`.
    pub no_session: bool,
    /// `-f`.
    pub background: bool,
    /// This process is the one that `-f` started.
    pub in_background: bool,
    /// `-W`.
    pub stdio: Option<End>,
    /// `-E`.
    pub log_file: Option<PathBuf>,
    /// Everything as it was typed, for `-f`.
    words: Vec<OsString>,
}

impl Order {
    /// What the process in the background is started with; none if it is not wanted, or this is it.
    pub fn to_background(&self) -> Option<&[OsString]> {
        (self.background && !self.in_background && !self.options.show).then_some(self.words.as_slice())
    }
}

/// Understands what was typed.
pub fn parse(words: Vec<OsString>) -> Result<Wanted, Usage> {
    let mut reading = Reading::default();
    let typed = match words.split_first() {
        Some((first, rest)) if first == IN_BACKGROUND => {
            reading.order.in_background = true;
            rest.to_vec()
        }
        _ => words,
    };
    reading.order.words.clone_from(&typed);
    let mut words = typed.into_iter();
    let (mut host, mut only_words): (Option<String>, bool) = (None, false);
    let command = loop {
        let Some(word) = words.next() else { break None };
        if only_words || !word.as_bytes().starts_with(b"-") || word == "-" {
            match host {
                Some(_) => break Some(word),
                None => host = Some(text(word)?),
            }
            // As with ssh(1), a `--` before the host ends all options.
            continue;
        }
        if word == "--" {
            only_words = true;
            continue;
        }
        if let Some(ended) = reading.letters(&text(word)?, &mut words)? {
            return Ok(ended);
        }
    };
    reading.order.command =
        command.map(|first| joined(std::iter::once(first).chain(words))).unwrap_or_default();
    let Some(host) = host else { return Ok(Wanted::Help) };
    reading.finish(&host).map(|order| Wanted::Run(Box::new(order)))
}

#[derive(Default)]
struct Reading {
    order: Order,
    /// `-t` and `-T`: the last one counts.
    tty: Tty,
    /// What counts after everything that was said outright.
    implied: Vec<(String, String)>,
}

#[derive(Default, Clone, Copy)]
enum Tty {
    #[default]
    Unsaid,
    Yes,
    Force,
    No,
}

fn wrong(text: impl Into<String>) -> Usage {
    Usage(text.into())
}

impl Reading {
    /// One word of letters. Some letters end everything.
    fn letters(
        &mut self,
        word: &str,
        words: &mut impl Iterator<Item = OsString>,
    ) -> Result<Option<Wanted>, Usage> {
        if word == "--help" {
            return Ok(Some(Wanted::Help));
        }
        let mut letters = word[1..].chars();
        while let Some(letter) = letters.next() {
            if WITH_VALUE.contains(letter) {
                let joined = letters.as_str();
                let value = match joined {
                    "" => {
                        let next = words.next();
                        text(next.ok_or_else(|| wrong(format!("option requires an argument -- {letter}")))?)?
                    }
                    joined => joined.to_owned(),
                };
                return self.valued(letter, value);
            }
            if let Some(ended) = self.plain(letter)? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn plain(&mut self, letter: char) -> Result<Option<Wanted>, Usage> {
        let order = &mut self.order;
        match letter {
            'V' => return Ok(Some(Wanted::Version)),
            'v' => order.options.verbose = order.options.verbose.saturating_add(1),
            'q' => order.options.quiet = true,
            't' => {
                self.tty = match self.tty {
                    Tty::Yes | Tty::Force => Tty::Force,
                    Tty::Unsaid | Tty::No => Tty::Yes,
                }
            }
            'T' => self.tty = Tty::No,
            'n' => order.options.no_input = true,
            'f' => order.background = true,
            'N' => order.no_session = true,
            's' => order.options.subsystem = true,
            'G' => order.options.show = true,
            '4' => self.set("AddressFamily", "inet"),
            '6' => self.set("AddressFamily", "inet6"),
            'A' => self.set("ForwardAgent", "yes"),
            'a' => self.set("ForwardAgent", "no"),
            'g' => self.set("GatewayPorts", "yes"),
            // There is no compression: what is sent is the same. What the others turn on or off is off.
            'C' | 'x' | 'k' | 'K' | 'y' | '2' => {}
            'X' | 'Y' => self.remark("X11 is not forwarded"),
            'M' => self.remark("-M: connections are shared by the app and not by a master"),
            '1' => return Err(wrong("SSH protocol v.1 is no longer supported")),
            other => return Err(wrong(format!("unknown option -- {other}"))),
        }
        Ok(None)
    }

    fn valued(&mut self, letter: char, value: String) -> Result<Option<Wanted>, Usage> {
        match letter {
            'o' => self.option(&value)?,
            'F' => self.order.options.config = Some(value),
            'i' => {
                // As ssh(1): the others are tried.
                let rooted = !value.starts_with('~') && !value.contains(['%', '$']);
                if rooted && !Path::new(&value).exists() {
                    self.remark(&format!("Warning: the key file {value} is not there"));
                } else {
                    self.order.options.identity_files.push(value);
                }
            }
            'b' => self.set("BindAddress", &value),
            'B' => self.set("BindInterface", &value),
            'c' => self.set("Ciphers", &value),
            'm' => self.set("MACs", &value),
            'e' => self.set("EscapeChar", &value),
            'J' => self.set("ProxyJump", &value),
            'l' => self.set("User", &value),
            'p' => self.set("Port", &value),
            'P' => self.set("Tag", &value),
            'E' => self.order.log_file = Some(value.into()),
            'L' => self.forward(letter, Kind::Local, "LocalForward", &value)?,
            'R' => self.forward(letter, Kind::Remote, "RemoteForward", &value)?,
            'D' => self.forward(letter, Kind::Dynamic, "DynamicForward", &value)?,
            'W' => {
                self.order.stdio = Some(stdio_end(&value)?);
                self.order.no_session = true;
                self.tty = Tty::No;
                for keyword in ["ExitOnForwardFailure", "ClearAllForwardings"] {
                    self.implied.push((keyword.to_owned(), "yes".to_owned()));
                }
            }
            'Q' => {
                let answer = query::answer(&value);
                return answer
                    .map(|answer| Some(Wanted::Query(answer)))
                    .ok_or_else(|| wrong(format!("-Q {value}: the lists are {}", query::NAMES.join(", "))));
            }
            // The socket of a master: connections are shared by the app.
            'S' => {}
            'O' => {
                return Err(wrong(format!(
                    "-O {value}: there is no master process to command. The app lends its connections by itself"
                )));
            }
            'I' => return Err(wrong("-I: PKCS#11 is not supported; a key of the agent is")),
            'w' => return Err(wrong("-w: network devices are not forwarded")),
            other => return Err(wrong(format!("unknown option -- {other}"))),
        }
        Ok(None)
    }

    /// `-o`. Some keywords are letters by another name.
    fn option(&mut self, value: &str) -> Result<(), Usage> {
        let (keyword, value) = setting(value)?;
        let yes = ["yes", "true"].iter().any(|yes| value.eq_ignore_ascii_case(yes));
        match keyword.to_ascii_lowercase().as_str() {
            "stdinnull" => self.order.options.no_input |= yes,
            "forkafterauthentication" => self.order.background |= yes,
            "sessiontype" if value.eq_ignore_ascii_case("none") => self.order.no_session = true,
            "sessiontype" if value.eq_ignore_ascii_case("subsystem") => {
                self.order.options.subsystem = true;
            }
            _ => self.order.options.set((keyword, value))?,
        }
        Ok(())
    }

    fn forward(&mut self, letter: char, kind: Kind, keyword: &str, spec: &str) -> Result<(), Usage> {
        let forward = forward::parse_one(kind, spec);
        let forward =
            forward.ok_or_else(|| wrong(format!("Bad forwarding specification -{letter} '{spec}'")))?;
        // As a keyword it takes its turn among those of the files, and ClearAllForwardings counts for it.
        self.set(keyword, &forward.to_string());
        Ok(())
    }

    fn set(&mut self, keyword: &str, value: &str) {
        self.order.options.settings.push((keyword.to_owned(), value.to_owned()));
    }

    fn remark(&self, text: &str) {
        // The process in the background has said it once.
        if !self.order.options.quiet && !self.order.in_background {
            say(text);
        }
    }

    fn finish(mut self, host: &str) -> Result<Order, Usage> {
        let order = &mut self.order;
        order.options.tunnels = true;
        order.options.like_ssh = true;
        let settings = &mut order.options.settings;
        match self.tty {
            Tty::Unsaid => {}
            Tty::Yes => order.options.tty_wanted = 1,
            Tty::Force => order.options.tty_wanted = 2,
            // Before what -o said: ssh(1) takes the letter.
            Tty::No => settings.insert(0, ("RequestTTY".to_owned(), "no".to_owned())),
        }
        settings.append(&mut self.implied);
        order.host = match host.strip_prefix("ssh://") {
            None => host.to_owned(),
            Some(uri) => {
                let spec =
                    jump::parse_uri(uri).ok_or_else(|| wrong(format!("{host} is no address of a host")))?;
                settings.extend(spec.user.map(|user| ("User".to_owned(), user)));
                settings.extend(spec.port.map(|port| ("Port".to_owned(), port.to_string())));
                spec.host
            }
        };
        if order.background {
            order.options.no_input = true;
        }
        if order.options.subsystem && order.command.is_empty() && !order.no_session {
            return Err(wrong("You must specify a subsystem to invoke."));
        }
        if order.background && order.command.is_empty() && !order.no_session && !order.options.show {
            return Err(wrong("Cannot fork into background without a command to execute."));
        }
        if order.stdio.is_some() && (!order.command.is_empty() || order.options.subsystem) {
            return Err(wrong("-W cannot be together with a command"));
        }
        Ok(self.order)
    }
}

/// `host:port` or the path of a socket there.
fn stdio_end(value: &str) -> Result<End, Usage> {
    // The grammar of a forwarding whose listening port does not matter.
    let forward = forward::parse_one(Kind::Local, &format!("0:{value}"));
    forward
        .and_then(|forward| forward.connect)
        .ok_or_else(|| wrong(format!("Bad stdio forwarding specification '{value}'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(line: &str) -> Order {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Wanted::Run(order)) => *order,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refused(line: &str) -> String {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Err(Usage(text)) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn value<'a>(order: &'a Order, keyword: &str) -> Option<&'a str> {
        let first = order.options.settings.iter().find(|(one, _)| one == keyword);
        first.map(|(_, value)| value.as_str())
    }

    #[test]
    fn options_stand_before_and_after_the_host_and_end_with_the_command() {
        let read = order("-4p 22 host -l ada -- -x -p 23");
        assert_eq!((read.host.as_str(), read.command.as_slice()), ("host", &b"-x -p 23"[..]));
        assert_eq!((value(&read, "Port"), value(&read, "User")), (Some("22"), Some("ada")));
        let read = order("-- host -v");
        assert_eq!((read.host.as_str(), read.command.as_slice()), ("host", &b"-v"[..]));
        assert_eq!(order("host - x").command, b"- x");
    }

    #[test]
    fn git_rsync_scp_and_sshfs_are_understood() {
        let git = order("-o SendEnv=GIT_PROTOCOL -p 2222 git@host git-upload-pack 'a b.git'");
        assert_eq!(
            (git.host.as_str(), git.command.as_slice()),
            ("git@host", &b"git-upload-pack 'a b.git'"[..])
        );
        let scp = order(
            "-x -oPermitLocalCommand=no -oClearAllForwardings=yes -oRemoteCommand=none -oRequestTTY=no -oForwardAgent=no \
             -l ada -s -- host sftp",
        );
        assert!(scp.options.subsystem);
        assert_eq!((value(&scp, "User"), scp.command.as_slice()), (Some("ada"), &b"sftp"[..]));
        let sshfs = order("-x -a -oClearAllForwardings=yes -2 host -s sftp");
        assert!(sshfs.options.subsystem && sshfs.command == b"sftp");
    }

    #[test]
    fn a_uri_gives_a_user_and_a_port_that_count_after_the_letters() {
        let read = order("ssh://a%40b@host:2222 -p 22 true");
        assert_eq!(
            (read.host.as_str(), value(&read, "User"), value(&read, "Port")),
            ("host", Some("a@b"), Some("22"))
        );
        assert!(refused("ssh://host:0x").contains("no address"));
    }

    #[test]
    fn the_last_of_t_and_uppercase_t_counts() {
        assert_eq!(order("-tt host").options.tty_wanted, 2);
        let read = order("-t -T -oRequestTTY=force host");
        assert_eq!((read.options.tty_wanted, value(&read, "RequestTTY")), (0, Some("no")));
        assert_eq!(order("-T -t host").options.tty_wanted, 1);
    }

    #[test]
    fn forwardings_become_keywords_and_w_a_connection_without_a_session() {
        let read = order("-NL8080:db:5432 -R0:localhost:80 -D [::1]:1080 host");
        let forwards: Vec<_> =
            read.options.settings.iter().map(|(key, value)| format!("{key} {value}")).collect();
        assert_eq!(
            forwards,
            ["LocalForward 8080 [db]:5432", "RemoteForward 0 [localhost]:80", "DynamicForward [::1]:1080"]
        );
        assert!(read.no_session);
        let read = order("-W [::1]:22 -L 1:a:2 host");
        assert_eq!(read.stdio, Some(End::Tcp { host: Some("::1".into()), port: 22 }));
        assert!(read.no_session);
        assert_eq!(value(&read, "ClearAllForwardings"), Some("yes"));
        assert!(refused("-L 8080 host").contains("-L"));
        assert!(refused("-W db host").contains("stdio"));
        assert!(refused("-W db:1 host ls").contains("-W"));
    }

    #[test]
    fn the_background_needs_something_to_do_and_gets_what_was_typed() {
        assert!(refused("-f host").contains("background"));
        let read = order("-f host sleep 5");
        assert_eq!(read.to_background().map(<[_]>::len), Some(4));
        assert!(read.options.no_input);
        let inner = order("--in-background -fN host");
        assert!(inner.in_background && inner.to_background().is_none() && inner.no_session);
        assert!(order("-oForkAfterAuthentication=yes -oSessionType=none host").background);
    }

    #[test]
    fn what_only_openssh_has_is_taken_or_told() {
        let read = order("-M -S none -C -k -oControlMaster=auto host");
        assert_eq!(value(&read, "ControlMaster"), Some("auto"));
        for (line, word) in [
            ("-O exit host", "-O"),
            ("-w 0 host", "-w"),
            ("-I lib host", "-I"),
            ("-Z host", "-- Z"),
            ("-p", "argument"),
        ] {
            assert!(refused(line).contains(word), "{line}");
        }
        assert!(matches!(parse(vec!["-V".into()]), Ok(Wanted::Version)));
        assert!(matches!(parse(Vec::new()), Ok(Wanted::Help)));
    }
}
