//! From a name on the command line to a target, and to the settings of the command around it.
//!
//! A name is that of a saved host, else one of ssh_config, else an address. What the command line sets counts first. A
//! keyword that Bowline cannot honour yet is an error where it was asked for on the command line or where leaving it out
//! would lead elsewhere; one in a file is named to the person.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bowline_core::connection::{Login, Target};
use bowline_core::engine::headless::{local_user, saved_target};
use bowline_core::host::pattern::list_matches;
use bowline_core::host::ssh_config::applied::{Applied, unread_matches};
use bowline_core::host::ssh_config::tree;
use bowline_core::host::{AuthMethod, Host, HostDraft, check};
use bowline_core::prompt::Asker;
use bowline_core::trust::known_name;

use crate::options::Options;

const SYSTEM_CONFIG: &str = "/etc/ssh/ssh_config";
/// RFC 4253, section 4.
const SSH_PORT: u16 = 22;

/// What a name leads to.
#[derive(Debug)]
pub struct Resolved {
    pub target: Target,
    pub settings: Settings,
    /// What stands in a file and is not used, for the person.
    pub unused: Vec<String>,
}

/// The settings around a connection, in the words of ssh_config(5).
#[derive(Debug, Clone)]
pub struct Settings {
    /// Never ask.
    pub batch: bool,
    pub strict: Strict,
    pub request_tty: RequestTty,
    pub escape: Option<u8>,
    pub environment: Vec<(String, String)>,
    pub connect_timeout: Option<Duration>,
    /// Instead of a shell.
    pub remote_command: Option<String>,
    pub quiet: bool,
}

/// StrictHostKeyChecking: what becomes of a host key that is not known. A changed one is always refused.
/// From the least careful to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strict {
    /// `accept-new`; also `no`, whose other half, going on with a changed key, Bowline does not do.
    Accept,
    Ask,
    Refuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestTty {
    Auto,
    No,
    Yes,
    Force,
}

/// Keywords that are acted on below.
const ACTED_ON: &[&str] = &[
    "BatchMode",
    "ConnectTimeout",
    "EscapeChar",
    "HostName",
    "IdentityFile",
    "LogLevel",
    "Port",
    "RemoteCommand",
    "RequestTTY",
    "SendEnv",
    "SetEnv",
    "StrictHostKeyChecking",
    "User",
];
/// Values that say what Bowline does anyway; `*` stands for any.
const SO_ANYWAY: &[(&str, &[&str])] = &[
    ("AddressFamily", &["any"]),
    ("ClearAllForwardings", &["*"]),
    ("Compression", &["no"]),
    ("ControlMaster", &["no", "false"]),
    ("ControlPath", &["none"]),
    ("ControlPersist", &["no"]),
    ("ExitOnForwardFailure", &["*"]),
    ("ForwardAgent", &["no"]),
    ("ForwardX11", &["no"]),
    ("ForwardX11Trusted", &["*"]),
    ("GSSAPIAuthentication", &["no"]),
    ("HashKnownHosts", &["*"]),
    ("PermitLocalCommand", &["no"]),
    ("ProxyCommand", &["none"]),
    ("ProxyJump", &["none"]),
    // The engine watches every connection by itself, and closer.
    ("ServerAliveCountMax", &["*"]),
    ("ServerAliveInterval", &["*"]),
    ("TCPKeepAlive", &["*"]),
    ("Tunnel", &["no"]),
    ("UpdateHostKeys", &["no"]),
    ("VerifyHostKeyDNS", &["no"]),
];
/// Keywords that a file must not lose in silence: without them the connection would go elsewhere, or trust others.
const LEAD_ELSEWHERE: &[&str] =
    &["BindAddress", "BindInterface", "HostKeyAlias", "ProxyCommand", "ProxyJump", "RevokedHostKeys"];

/// One value that applies, the first ones first.
struct Value {
    keyword: String,
    arguments: Vec<String>,
    /// In a file.
    place: Option<String>,
    /// In the system's file, which is not the person's to change.
    system: bool,
}

/// Resolves a name. Reads the config file, so it blocks.
pub fn resolve(name: &str, options: &Options, hosts: &[Host]) -> Result<Resolved, String> {
    let Spelled { user, name, port } = spelled(name)?;
    let mut values: Vec<Value> = Vec::new();
    let line = [user.map(|user| ("User", user)), port.map(|port| ("Port", port.to_string()))];
    for (keyword, value) in line.into_iter().flatten() {
        values.push(Value {
            keyword: keyword.to_owned(),
            arguments: vec![value],
            place: None,
            system: false,
        });
    }
    for (keyword, value) in &options.settings {
        // Some take several words, and none of those that take one may hold a space.
        let several = ["SendEnv", "SetEnv"].iter().any(|one| keyword.eq_ignore_ascii_case(one));
        let arguments = match several {
            true => value.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect(),
            false => vec![value.clone()],
        };
        values.push(Value { keyword: keyword.clone(), arguments, place: None, system: false });
    }
    let mut named = hosts.iter().filter(|host| host.name() == name);
    let (saved, another) = (named.next(), named.next());
    if another.is_some() {
        return Err(format!("more than one saved host is called {name}. Rename one, or give its address"));
    }
    let mut unused = Vec::new();
    if saved.is_none() {
        values.extend(from_files(&name, options, &mut unused)?);
    }
    refuse_or_name(&values, &mut unused)?;
    let settings = settings(&values, options)?;
    let target = target(&name, saved, &values)?;
    Ok(Resolved { target, settings, unused })
}

/// What applies to a name in `-F file`, or else in the person's and the system's config.
fn from_files(name: &str, options: &Options, unused: &mut Vec<String>) -> Result<Vec<Value>, String> {
    let home = dirs::home_dir();
    let files: Vec<PathBuf> = match options.config.as_deref() {
        Some("none") => Vec::new(),
        Some(path) => vec![PathBuf::from(path)],
        None => {
            let own = home.as_deref().map(|home| home.join(".ssh/config"));
            own.into_iter().chain([PathBuf::from(SYSTEM_CONFIG)]).collect()
        }
    };
    let mut values = Vec::new();
    for path in &files {
        let loaded = match tree::load(path, home.as_deref()) {
            Ok(loaded) => loaded,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && options.config.is_none() => {
                continue;
            }
            Err(error) => return Err(format!("{} could not be read: {error}", path.display())),
        };
        let system = path == Path::new(SYSTEM_CONFIG);
        unused.extend(loaded.problems.iter().map(|problem| format!("{}: {problem}", path.display())));
        for (path, line) in unread_matches(&loaded.tree) {
            unused.push(format!("{}: line {line}: Match is not looked at yet", path.display()));
        }
        for setting in &Applied::to(name, &loaded.tree).settings {
            values.push(Value {
                keyword: setting.keyword.to_owned(),
                arguments: setting.arguments.to_vec(),
                place: Some(format!("{}: line {}", setting.path.display(), setting.line)),
                system,
            });
        }
    }
    Ok(values)
}

fn refuse_or_name(values: &[Value], unused: &mut Vec<String>) -> Result<(), String> {
    for (index, value) in values.iter().enumerate() {
        let is = |keyword: &str| value.keyword.eq_ignore_ascii_case(keyword);
        let shadowed =
            values[..index].iter().any(|earlier| earlier.keyword.eq_ignore_ascii_case(&value.keyword));
        let said = value.arguments.join(" ");
        let so_anyway = SO_ANYWAY.iter().any(|(keyword, values)| {
            is(keyword) && values.iter().any(|one| *one == "*" || said.eq_ignore_ascii_case(one))
        });
        if shadowed || so_anyway || ACTED_ON.iter().any(|keyword| is(keyword)) {
            continue;
        }
        match &value.place {
            None => return Err(format!("the option {}={said} is not supported yet", value.keyword)),
            Some(place) if LEAD_ELSEWHERE.iter().any(|keyword| is(keyword)) => {
                return Err(format!("{place}: {} {said} is not supported yet", value.keyword));
            }
            // What a distribution sets for everybody (Debian: GSSAPIAuthentication) is no news to the person.
            Some(_) if value.system => {}
            Some(place) => unused.push(format!("{place}: {} is not used yet", value.keyword)),
        }
    }
    Ok(())
}

fn first<'a>(values: &'a [Value], keyword: &str) -> Option<&'a str> {
    all(values, keyword).next()
}

fn all<'a>(values: &'a [Value], keyword: &str) -> impl Iterator<Item = &'a str> {
    values
        .iter()
        .filter(move |value| value.keyword.eq_ignore_ascii_case(keyword))
        .filter_map(|value| value.arguments.first().map(String::as_str))
}

fn target(name: &str, saved: Option<&Host>, values: &[Value]) -> Result<Target, String> {
    let mut target = match saved {
        Some(host) => saved_target(host),
        None => Target {
            address: name.to_owned(),
            port: SSH_PORT,
            user: local_user(),
            login: Login::Person {
                method: AuthMethod::Automatic,
                key_path: String::new(),
                password: None,
                kept_for: None,
            },
            pinned_key: None,
            asker: Asker::default(),
        },
    };
    let before = (target.address.clone(), target.port, target.user.clone());
    if let Some(host_name) = first(values, "HostName") {
        target.address = host_name.replace("%h", name).replace("%%", "%");
    }
    if let Some(user) = first(values, "User") {
        target.user = user.to_owned();
    }
    if let Some(port) = first(values, "Port") {
        let number = port.parse().ok().filter(|number| *number != 0);
        target.port = number.ok_or_else(|| format!("{port} is no port: ports are 1 to 65535"))?;
    }
    let moved = before != (target.address.clone(), target.port, target.user.clone());
    let key = key_file(name, &target, values)?;
    if let Login::Person { method, key_path, kept_for, .. } = &mut target.login {
        if let Some(key) = key {
            *key_path = key;
            *method = AuthMethod::Automatic;
        }
        // A kept password goes nowhere but where it was kept for.
        if moved {
            *kept_for = None;
        }
    }
    let draft = HostDraft {
        address: target.address.clone(),
        port: target.port,
        user: target.user.clone(),
        ..HostDraft::default()
    };
    if let Some(problem) = check(&draft).first() {
        let (field, reason) = (problem.field, problem.problem);
        return Err(format!("{name} cannot be connected to: its {field:?} is not acceptable ({reason:?})"));
    }
    target.asker = Asker {
        host_id: saved.filter(|_| !moved).map(|host| host.id.clone()),
        host: name.to_owned(),
        address: known_name(&target.address, target.port),
    };
    Ok(target)
}

/// The key file to log in with.
fn key_file(name: &str, target: &Target, values: &[Value]) -> Result<Option<String>, String> {
    let mut keys: Vec<String> = Vec::new();
    for value in values.iter().filter(|value| value.keyword.eq_ignore_ascii_case("IdentityFile")) {
        let Some(path) = value.arguments.first().filter(|path| !path.eq_ignore_ascii_case("none")) else {
            continue;
        };
        let home = dirs::home_dir().unwrap_or_default();
        let expanded = path
            .replace("%d", &home.to_string_lossy())
            .replace("%h", &target.address)
            .replace("%n", name)
            .replace("%r", &target.user)
            .replace("%%", "%");
        // ssh(1) takes a relative path from the working folder.
        let absolute = match expanded.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => {
                std::path::absolute(Path::new(&expanded)).map_err(|error| format!("{expanded}: {error}"))?
            }
        };
        let absolute = absolute.to_string_lossy().into_owned();
        if !keys.contains(&absolute) {
            // Files of a config may be missing, as with OpenSSH; one that was asked for by hand may not.
            if !Path::new(&absolute).exists() {
                match &value.place {
                    None => return Err(format!("the key file {absolute} is not there")),
                    Some(_) => continue,
                }
            }
            keys.push(absolute);
        }
    }
    if keys.len() > 1
        && values
            .iter()
            .filter(|value| value.place.is_none())
            .filter(|value| value.keyword.eq_ignore_ascii_case("IdentityFile"))
            .count()
            > 1
    {
        return Err("the option IdentityFile can be given only once yet".to_owned());
    }
    Ok(keys.into_iter().next())
}

fn settings(values: &[Value], options: &Options) -> Result<Settings, String> {
    let strict = match first(values, "StrictHostKeyChecking").map(str::to_ascii_lowercase).as_deref() {
        None | Some("ask") => Strict::Ask,
        Some("yes" | "true") => Strict::Refuse,
        Some("accept-new" | "no" | "false" | "off") => Strict::Accept,
        Some(other) => return Err(wrong("StrictHostKeyChecking", other)),
    };
    let mut request_tty = match first(values, "RequestTTY").map(str::to_ascii_lowercase).as_deref() {
        None | Some("auto") => RequestTty::Auto,
        Some("no") => RequestTty::No,
        Some("yes") => RequestTty::Yes,
        Some("force") => RequestTty::Force,
        Some(other) => return Err(wrong("RequestTTY", other)),
    };
    match options.tty_wanted {
        0 => {}
        1 => request_tty = RequestTty::Yes,
        _ => request_tty = RequestTty::Force,
    }
    let escape = match first(values, "EscapeChar") {
        None => Some(b'~'),
        Some(none) if none.eq_ignore_ascii_case("none") => None,
        Some(text) => match text.as_bytes() {
            [one] => Some(*one),
            [b'^', letter] => Some(letter & 0x1f),
            _ => return Err(wrong("EscapeChar", text)),
        },
    };
    let connect_timeout = match first(values, "ConnectTimeout") {
        None => None,
        Some(none) if none.eq_ignore_ascii_case("none") => None,
        Some(text) => match text.trim_end_matches('s').parse::<u64>() {
            Ok(seconds) if seconds > 0 => Some(Duration::from_secs(seconds)),
            _ => return Err(wrong("ConnectTimeout", text)),
        },
    };
    let level = first(values, "LogLevel").map(str::to_ascii_lowercase);
    Ok(Settings {
        batch: yes_or_no(values, "BatchMode")?,
        strict,
        request_tty,
        escape,
        environment: environment(values),
        connect_timeout,
        remote_command: first(values, "RemoteCommand")
            .filter(|line| !line.eq_ignore_ascii_case("none"))
            .map(str::to_owned),
        quiet: options.quiet || matches!(level.as_deref(), Some("quiet" | "fatal" | "error")),
    })
}

fn yes_or_no(values: &[Value], keyword: &str) -> Result<bool, String> {
    match first(values, keyword).map(str::to_ascii_lowercase).as_deref() {
        None | Some("no" | "false") => Ok(false),
        Some("yes" | "true") => Ok(true),
        Some(other) => Err(wrong(keyword, other)),
    }
}

fn wrong(keyword: &str, value: &str) -> String {
    format!("{keyword}={value}: ssh_config(5) has no such value")
}

/// SetEnv first, then what SendEnv names of our own environment; of two values the first counts.
fn environment(values: &[Value]) -> Vec<(String, String)> {
    let words = |keyword: &'static str| {
        values
            .iter()
            .filter(move |value| value.keyword.eq_ignore_ascii_case(keyword))
            .flat_map(|value| value.arguments.iter())
    };
    let mut environment: Vec<(String, String)> = words("SetEnv")
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let patterns: Vec<&str> = words("SendEnv").map(String::as_str).collect();
    for (name, value) in std::env::vars_os() {
        let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else { continue };
        let known = environment.iter().any(|(one, _)| *one == name);
        if !known && list_matches(patterns.iter().copied(), &name) {
            environment.push((name, value));
        }
    }
    environment
}

/// A name as it was typed, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Spelled {
    user: Option<String>,
    name: String,
    port: Option<u16>,
}

/// `[user@]host[:port]` or `ssh://[user@]host[:port]`; an IPv6 address with a port is in brackets. The user may hold an `@`.
fn spelled(text: &str) -> Result<Spelled, String> {
    let bare = text.strip_prefix("ssh://").map_or(text, |uri| uri.trim_end_matches('/'));
    let (user, host) = match bare.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host),
        None => (None, bare),
    };
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (name, rest) = rest.split_once(']').ok_or_else(|| format!("{text}: a bracket is not closed"))?;
        (name, rest.strip_prefix(':'))
    } else {
        match host.split_once(':') {
            // More than one colon is an IPv6 address.
            Some((name, port)) if !port.contains(':') => (name, Some(port)),
            _ => (host, None),
        }
    };
    let port = match port {
        None => None,
        Some(port) => {
            let number = port.parse().ok().filter(|number| *number != 0);
            Some(number.ok_or_else(|| format!("{text}: {port} is no port: ports are 1 to 65535"))?)
        }
    };
    if name.is_empty() || user.as_deref() == Some("") {
        return Err(format!("{text}: it is written as [user@]host[:port]"));
    }
    Ok(Spelled { user, name: name.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(settings: &[(&str, &str)]) -> Options {
        Options {
            config: Some("none".into()),
            settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..Options::default()
        }
    }

    fn spell(user: Option<&str>, name: &str, port: Option<u16>) -> Result<Spelled, String> {
        Ok(Spelled { user: user.map(str::to_owned), name: name.to_owned(), port })
    }

    #[test]
    fn names_are_taken_apart_and_ipv6_keeps_its_colons() {
        assert_eq!(spelled("host"), spell(None, "host", None));
        assert_eq!(spelled("ada@host:2222"), spell(Some("ada"), "host", Some(2222)));
        assert_eq!(spelled("ada@corp@host"), spell(Some("ada@corp"), "host", None));
        assert_eq!(spelled("::1"), spell(None, "::1", None));
        assert_eq!(spelled("[::1]:22"), spell(None, "::1", Some(22)));
        assert_eq!(spelled("ssh://ada@host:22/"), spell(Some("ada"), "host", Some(22)));
        for wrong in ["", "@host", "host:0", "host:x", "[::1"] {
            assert!(spelled(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_counts_before_the_file_and_the_name_before_both() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("config");
        std::fs::write(&path, "Host web\n HostName 192.0.2.7\n User bob\n Port 2200\n Compression yes\n")
            .expect("written");
        let mut options = options(&[("Port", "2300")]);
        options.config = Some(path.to_string_lossy().into_owned());
        let resolved = resolve("web", &options, &[]).expect("it resolves");
        assert_eq!((resolved.target.address.as_str(), resolved.target.port), ("192.0.2.7", 2300));
        assert_eq!(resolved.target.user, "bob");
        assert!(resolved.unused[0].contains("Compression"), "{:?}", resolved.unused);
        let resolved = resolve("eve@web:2400", &options, &[]).expect("it resolves");
        assert_eq!((resolved.target.user.as_str(), resolved.target.port), ("eve", 2400));
    }

    #[test]
    fn what_is_not_supported_is_an_error_that_names_it() {
        let error = resolve("host", &options(&[("ProxyJump", "bastion")]), &[]).expect_err("not yet");
        assert!(error.contains("ProxyJump"), "{error}");
        let error = resolve("host", &options(&[("Frobnicate", "yes")]), &[]).expect_err("never heard of");
        assert!(error.contains("Frobnicate"), "{error}");
        resolve("host", &options(&[("ProxyJump", "none"), ("ForwardX11", "no")]), &[])
            .expect("so it is anyway");
    }

    #[test]
    fn a_file_that_leads_elsewhere_is_not_ignored() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("config");
        std::fs::write(&path, "Host *\n ProxyJump bastion\n").expect("written");
        let mut options = options(&[]);
        options.config = Some(path.to_string_lossy().into_owned());
        let error = resolve("web", &options, &[]).expect_err("not yet");
        assert!(error.contains("ProxyJump") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn a_saved_host_keeps_its_password_only_for_where_it_was_saved_for() {
        let draft = HostDraft {
            label: "web".into(),
            address: "192.0.2.7".into(),
            port: 22,
            user: "ada".into(),
            ..HostDraft::default()
        };
        let id = bowline_core::host::HostId("1".into());
        let host = Host { id, draft, builtin: false, has_password: true };
        let kept = |name: &str| {
            let resolved = resolve(name, &options(&[]), std::slice::from_ref(&host)).expect("it resolves");
            matches!(resolved.target.login, Login::Person { kept_for: Some(_), .. })
        };
        assert!(kept("web"));
        assert!(kept("ada@web:22"));
        assert!(!kept("bob@web"));
        assert!(!kept("web:2222"));
    }
}
