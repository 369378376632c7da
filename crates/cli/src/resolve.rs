//! From a name on the command line to a target, and to the settings of the command around it.
//!
//! A name is that of a saved host, else whatever `ssh` would make of it. What the command line sets counts first. A keyword
//! that Bowline does not act on is an error where it was asked for on the command line; one in a file is named to the person.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bowline_core::connection::Target;
use bowline_core::engine::config_notes::{ConfigNote, ConfigNoteKind};
use bowline_core::engine::headless::{Found, Headless, Wish};
use bowline_core::host::Host;
use bowline_core::host::ssh_config::forward::Forward;
use bowline_core::host::ssh_config::options::EscapeChar;
use bowline_core::host::ssh_config::resolve::{ConfigChoice, Query, Resolved as Config};
use bowline_core::host::ssh_config::values::{LogLevel, RequestTty, SessionType};

use crate::options::Options;
use crate::ssh::words::{HARMLESS, LOCAL_COMMAND};

/// What a name leads to.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub target: Target,
    pub settings: Settings,
    /// All that the config says.
    pub config: Arc<Config>,
    /// What stands in a file and is not used, for the person.
    pub unused: Vec<String>,
}

/// The settings around a connection, in the words of ssh_config(5).
#[derive(Debug, Clone)]
pub struct Settings {
    /// Never ask.
    pub batch: bool,
    pub request_tty: RequestTty,
    pub escape: Option<u8>,
    pub connect_timeout: Option<Duration>,
    /// Instead of a shell.
    pub remote_command: Option<String>,
    /// What is run here once the connection is there, for `bowline ssh`.
    pub local_command: Option<String>,
    pub quiet: bool,
    /// What the config forwards, for `bowline tunnel`.
    pub forwards: Vec<Forward>,
    pub gateway_ports: bool,
    pub exit_on_forward_failure: bool,
    pub session: SessionType,
}

/// Keywords that may be set on the command line though Bowline does not act on them: they speak of what it never does.
const POINTLESS: &[&str] =
    &["forwardx11trusted", "forwardx11timeout", "enablesshkeysign", "verifyhostkeydns"];

/// Resolves a name, with a command that is to run there.
///
/// # Errors
/// One sentence for the person.
pub async fn resolve(
    engine: &Headless,
    name: &str,
    command: &str,
    options: &Options,
    hosts: &[Host],
) -> Result<Resolved, String> {
    let wish = wish(name, command, options, hosts)?;
    let found = engine.find(wish).await.map_err(|error| error.message)?;
    let Found { mut target, resolved, notes } = found;
    target.asker.host = name.to_owned();
    let mut refused = resolved.unsupported.iter().filter(|one| one.place.path.is_none());
    let used = |keyword: &str| options.tunnels && keyword.ends_with("forward") || is_local(options, keyword);
    let harmless = |keyword: &str| options.like_ssh && HARMLESS.contains(&keyword);
    let fine = |keyword: &str| POINTLESS.contains(&keyword) || used(keyword) || harmless(keyword);
    if let Some(refused) = refused.find(|one| !fine(&one.keyword)) {
        return Err(format!("the option {}={} is not supported", refused.keyword, refused.value));
    }
    // A value of the command line that makes no sense; what stands in a file is named and left out.
    if let Some(problem) = resolved.problems.iter().find(|problem| problem.place.path.is_none()) {
        return Err(problem.to_string());
    }
    let local = |note: &ConfigNote| is_local(options, note.keyword.as_deref().unwrap_or_default());
    let used = |note: &ConfigNote| options.tunnels && is_forwarding(note) || local(note);
    let unused = notes.iter().filter(|note| !is_of_command_line(note) && !used(note)).map(said).collect();
    Ok(Resolved { settings: settings(&resolved, options), target, config: Arc::new(resolved), unused })
}

fn is_of_command_line(note: &ConfigNote) -> bool {
    let keyword = note.keyword.as_deref().unwrap_or_default();
    note.kind == ConfigNoteKind::Unsupported && POINTLESS.contains(&keyword)
}

/// `LocalCommand` and what permits it, where they are acted on.
fn is_local(options: &Options, keyword: &str) -> bool {
    options.like_ssh && LOCAL_COMMAND.iter().any(|one| keyword.eq_ignore_ascii_case(one))
}

fn is_forwarding(note: &ConfigNote) -> bool {
    let keyword = note.keyword.as_deref().unwrap_or_default();
    note.kind == ConfigNoteKind::Unsupported && keyword.to_ascii_lowercase().ends_with("forward")
}

fn said(note: &ConfigNote) -> String {
    let ConfigNote { keyword, value, place, kind } = note;
    let keyword = keyword.as_deref().unwrap_or_default();
    match kind {
        ConfigNoteKind::Unsupported if value.is_empty() => format!("{place}: {keyword} is not used"),
        ConfigNoteKind::Unsupported => format!("{place}: {keyword} {value} is not used"),
        ConfigNoteKind::Problem if keyword.is_empty() => format!("{place}: {value}"),
        ConfigNoteKind::Problem => format!("{place}: {keyword}: {value}"),
        ConfigNoteKind::Declined => format!("{place}: {keyword} \"{value}\" was not run"),
    }
}

fn wish(name: &str, command: &str, options: &Options, hosts: &[Host]) -> Result<Wish, String> {
    let mut overrides: Vec<String> = Vec::new();
    let (mut user, mut port) = (None, None);
    for (keyword, value) in &options.settings {
        let is = |one: &str| keyword.eq_ignore_ascii_case(one);
        // As in ssh(1) they count before what is typed with the name.
        if is("User") {
            user.get_or_insert_with(|| bare(value));
        } else if is("Port") {
            let text = bare(value);
            let number = text.parse().ok().filter(|number| *number != 0);
            port.get_or_insert(number.ok_or_else(|| format!("{text} is no port: ports are 1 to 65535"))?);
        } else {
            overrides.push(format!("{keyword}={value}"));
        }
    }
    for file in &options.identity_files {
        // As ssh(1) it looks for the others, but a person who named one wants to know.
        if !Path::new(file).exists() && !file.starts_with('~') && !file.contains(['%', '$']) {
            return Err(format!("the key file {file} is not there"));
        }
        overrides.push(format!("IdentityFile={}", quoted(file)));
    }
    if options.tty_wanted > 0 {
        overrides.insert(0, format!("RequestTTY={}", if options.tty_wanted > 1 { "force" } else { "yes" }));
    }
    let config = match options.config.as_deref() {
        None => ConfigChoice::Usual,
        Some("none") => ConfigChoice::None,
        Some(path) => ConfigChoice::Given(path.into()),
    };
    let mut query = Query { overrides, config, command: command.to_owned(), user, port, ..Query::default() };
    // A saved host may be called whatever its person likes.
    if let Some(saved) = saved(name, hosts)? {
        return Ok(Wish { query, saved: Some(saved) });
    }
    let Spelled { user, name, port } = spelled(name)?;
    let saved = saved(&name, hosts)?;
    query.user = query.user.or(user);
    query.port = query.port.or(port);
    query.destination = name;
    Ok(Wish { query, saved })
}

fn saved(name: &str, hosts: &[Host]) -> Result<Option<Host>, String> {
    let mut named = hosts.iter().filter(|host| host.name() == name);
    match (named.next(), named.next()) {
        (_, Some(_)) => {
            Err(format!("more than one saved host is called {name}. Rename one, or give its address"))
        }
        (host, None) => Ok(host.cloned()),
    }
}

/// A value without the quotes around it.
fn bare(value: &str) -> String {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value).to_owned()
}

/// One word for a line of ssh_config.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

fn settings(config: &Config, options: &Options) -> Settings {
    let quiet = matches!(config.log_level, LogLevel::Quiet | LogLevel::Fatal | LogLevel::Error);
    Settings {
        batch: config.batch_mode,
        request_tty: config.request_tty,
        escape: match config.escape_char {
            EscapeChar::None => None,
            EscapeChar::Byte(byte) => Some(byte),
        },
        connect_timeout: config
            .connect_timeout
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Duration::from_secs(seconds.into())),
        remote_command: config.remote_command.clone(),
        local_command: config.local_command.clone().filter(|_| options.like_ssh),
        quiet: options.quiet || quiet,
        forwards: config.forwards.clone(),
        gateway_ports: config.gateway_ports,
        exit_on_forward_failure: config.exit_on_forward_failure,
        session: config.session_type,
    }
}

/// A name as it was typed, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Spelled {
    pub user: Option<String>,
    pub name: String,
    pub port: Option<u16>,
}

/// `[user@]host[:port]` or `ssh://[user@]host[:port]`; an IPv6 address with a port is in brackets. The user may hold an `@`.
pub fn spelled(text: &str) -> Result<Spelled, String> {
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
    use bowline_core::connection::Login;
    use bowline_core::connection::dial::Route;
    use bowline_core::engine::headless::HeadlessConfig;
    use bowline_core::host::{HostDraft, HostId};

    use super::*;

    /// A home with this config and nothing else.
    struct Home(tempfile::TempDir);

    impl Home {
        fn with(config: &str) -> Self {
            let folder = tempfile::TempDir::new().expect("a folder");
            std::fs::create_dir(folder.path().join(".ssh")).expect("a folder");
            std::fs::write(folder.path().join(".ssh/config"), config).expect("written");
            Self(folder)
        }

        async fn try_resolve(
            &self,
            name: &str,
            settings: &[(&str, &str)],
            hosts: &[Host],
        ) -> Result<Resolved, String> {
            let (engine, _news) = Headless::start(HeadlessConfig {
                data_dir: self.0.path().join("data"),
                ssh_dir: self.0.path().join(".ssh"),
                system_config: None,
                agent_socket: None,
            });
            let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let options = Options { settings: settings.collect(), ..Options::default() };
            resolve(&engine, name, "", &options, hosts).await
        }

        async fn resolve(&self, name: &str, settings: &[(&str, &str)]) -> Resolved {
            self.try_resolve(name, settings, &[]).await.expect("it resolves")
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

    #[tokio::test]
    async fn a_line_that_counts_for_the_jump_host_too_is_named_once() {
        let home = Home::with(
            "Host inner\n HostName 192.0.2.8\n ProxyJump web\nHost *\n Compression yes\n LocalForward 8080 localhost:80\n",
        );
        let resolved = home.resolve("inner", &[]).await;
        assert_eq!(
            resolved.unused,
            ["~/.ssh/config:5: compression yes is not used", "~/.ssh/config:6: localforward is not used"]
        );
    }

    #[tokio::test]
    async fn the_command_line_counts_before_the_name_and_both_before_the_file() {
        let home = Home::with(
            "Host web\n HostName 192.0.2.7\n User bob\n Port 2200\n Compression yes\n SetEnv A=b\n",
        );
        let resolved = home.resolve("web", &[("Port", "2300")]).await;
        assert_eq!((resolved.target.address.as_str(), resolved.target.port), ("192.0.2.7", 2300));
        assert_eq!(resolved.target.user, "bob");
        assert_eq!(resolved.unused, ["~/.ssh/config:5: compression yes is not used"]);
        assert_eq!(resolved.target.session.environment, [("A".to_owned(), "b".to_owned())]);
        let resolved = home.resolve("eve@web:2400", &[]).await;
        assert_eq!((resolved.target.user.as_str(), resolved.target.port), ("eve", 2400));
        let resolved = home.resolve("eve@web:2400", &[("Port", "2300"), ("User", "ann")]).await;
        assert_eq!((resolved.target.user.as_str(), resolved.target.port), ("ann", 2300));
    }

    #[tokio::test]
    async fn what_is_not_supported_is_an_error_that_names_it() {
        let home = Home::with("");
        for (keyword, value) in [("Compression", "yes"), ("Frobnicate", "yes"), ("Tunnel", "yes")] {
            let error = home.try_resolve("host", &[(keyword, value)], &[]).await.expect_err("it is not");
            assert!(error.to_lowercase().contains(&keyword.to_lowercase()), "{error}");
        }
        home.resolve("host", &[("ProxyJump", "none"), ("ForwardX11", "no"), ("PermitLocalCommand", "no")])
            .await;
    }

    #[tokio::test]
    async fn jump_hosts_and_commands_lead_the_way_and_the_command_line_decides() {
        let home = Home::with("Host web\n ProxyJump a,b\nHost cmd\n ProxyCommand nc %h %p\n");
        let route = home.resolve("web", &[]).await.target.route;
        assert!(matches!(&route, Route::Jump(jump) if jump.name == "b"), "{route:?}");
        let route = home.resolve("web", &[("ProxyJump", "c")]).await.target.route;
        assert!(matches!(&route, Route::Jump(jump) if jump.name == "c"), "{route:?}");
        let route = home.resolve("web", &[("ProxyJump", "none")]).await.target.route;
        assert!(matches!(route, Route::Direct), "{route:?}");
        match home.resolve("cmd", &[]).await.target.route {
            Route::Command(command) => {
                assert_eq!(command.command, "nc cmd 22");
                assert!(command.source.ends_with(":4"), "{}", command.source);
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_circle_of_jump_hosts_and_a_line_that_leads_elsewhere_end_it() {
        let home = Home::with("Host a\n ProxyJump b\nHost b\n ProxyJump a\nHost bad\n HostName %q\n");
        let error = home.try_resolve("a", &[], &[]).await.expect_err("a circle");
        assert!(error.contains('→'), "{error}");
        let error = home.try_resolve("bad", &[], &[]).await.expect_err("no such token");
        assert!(error.contains("line 6") && error.contains("HostName"), "{error}");
    }

    #[tokio::test]
    async fn a_saved_host_takes_from_the_config_what_its_form_does_not_say() {
        let draft = HostDraft {
            label: "my web".into(),
            address: "192.0.2.7".into(),
            port: 22,
            user: "ada".into(),
            ..HostDraft::default()
        };
        let id = HostId("1".into());
        let host = Host { id, draft, builtin: false, has_password: true, linked: None };
        let home = Home::with("Host 192.0.2.7\n User bob\n Port 2200\n IdentityFile ~/.ssh/work\n");
        let resolved = home.try_resolve("my web", &[], &[host]).await.expect("it resolves");
        assert_eq!((resolved.target.user.as_str(), resolved.target.port), ("ada", 2200));
        let Login::Person { options, .. } = &resolved.target.login else { panic!("a person logs in") };
        assert_eq!(options.identity_files, [home.0.path().join(".ssh/work").to_string_lossy()]);
    }

    #[tokio::test]
    async fn a_saved_host_keeps_its_password_only_for_where_it_was_saved_for() {
        let draft = HostDraft {
            label: "web".into(),
            address: "192.0.2.7".into(),
            port: 22,
            user: "ada".into(),
            ..HostDraft::default()
        };
        let id = HostId("1".into());
        let host = Host { id, draft, builtin: false, has_password: true, linked: None };
        let home = Home::with("");
        for (name, expected) in [("web", true), ("ada@web:22", true), ("bob@web", false), ("web:2222", false)]
        {
            let hosts = std::slice::from_ref(&host);
            let resolved = home.try_resolve(name, &[], hosts).await.expect("it resolves");
            let kept = matches!(resolved.target.login, Login::Person { kept_for: Some(_), .. });
            assert_eq!(kept, expected, "{name}");
        }
    }
}
