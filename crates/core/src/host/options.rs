//! The way to a host, as a person writes it down: jump hosts, a proxy or a command, and how to dial.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::tunnels::SavedTunnel;

/// Jump hosts in one field, and in one chain.
pub const JUMPS_MAX: usize = 16;

/// Which kinds of address are tried (AddressFamily of ssh_config(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum AddressFamily {
    #[default]
    Any,
    V4,
    V6,
}

/// What the shells of a host live in, so that they outlive a lost connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Multiplexer {
    #[default]
    None,
    Tmux,
    Screen,
}

/// What a host may have beyond an address and a login. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct HostOptions {
    /// Jump hosts, the nearest first, with commas between them: names or addresses of saved hosts, or `user@host:port`.
    pub jump: String,
    /// `socks5://user@host:port` or `http://user@host:port`.
    pub proxy: String,
    /// Its standard input and output are the connection. `%h`, `%n`, `%p`, `%r` and `%%` are tokens of ssh_config(5).
    pub proxy_command: String,
    pub address_family: AddressFamily,
    /// The address of this machine to dial from; empty means any.
    pub bind_address: String,
    /// For each address; the default is 8.
    pub connect_timeout_seconds: Option<u32>,
    /// Commands on the host may use the person's SSH agent (ForwardAgent of ssh_config(5)).
    pub forward_agent: bool,
    /// Typed into each new shell of the host; empty means nothing. It is sent as it stands, so it is no place for a password.
    pub startup_command: String,
    pub multiplexer: Multiplexer,
    /// A new shell is taught to say where commands begin and end: see `terminal/integration.rs`.
    pub shell_integration: bool,
    /// Every terminal is written to a transcript from its beginning.
    pub transcript: bool,
    /// Its tunnels, in the order in which they were added.
    #[ts(as = "Option<Vec<SavedTunnel>>", optional)]
    pub tunnels: Vec<SavedTunnel>,
}

/// One jump host as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JumpSpec {
    /// All of it, perhaps the name of a saved host.
    pub text: String,
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
}

/// The jump hosts of a field, in its order; nothing if one of them makes no sense.
pub fn parse_jump(text: &str) -> Option<Vec<JumpSpec>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let specs: Option<Vec<JumpSpec>> = text.split(',').map(|item| parse_spec(item.trim())).collect();
    specs.filter(|specs| specs.len() <= JUMPS_MAX)
}

fn parse_spec(text: &str) -> Option<JumpSpec> {
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user).filter(|user| !user.is_empty()), rest),
        None => (None, text),
    };
    let (host, port) = split_port(rest)?;
    (!host.is_empty() && (user.is_some() || !text.contains('@'))).then(|| JumpSpec {
        text: text.to_owned(),
        user: user.map(str::to_owned),
        host: host.to_owned(),
        port,
    })
}

/// `host`, `host:port`, `[address]` or `[address]:port`; a bare IPv6 address has no port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let port = |port: &str| port.parse().ok().filter(|port| *port > 0);
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(number) => Some((host, Some(port(number)?))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((host, number)) if !number.contains(':') => Some((host, Some(port(number)?))),
        _ => Some((text, None)),
    }
}

/// A proxy as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySpec {
    /// SOCKS5; HTTP otherwise.
    pub socks: bool,
    pub user: Option<String>,
    pub host: String,
    pub port: u16,
}

/// Why a proxy's address makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadProxy {
    Form,
    /// A password does not belong into a file.
    Password,
}

/// The proxy of a field that is not empty.
///
/// # Errors
/// What is wrong with it.
pub fn parse_proxy(text: &str) -> Result<ProxySpec, BadProxy> {
    let (scheme, rest) = text.trim().split_once("://").ok_or(BadProxy::Form)?;
    let socks = match scheme.to_ascii_lowercase().as_str() {
        "socks5" | "socks5h" | "socks" => true,
        "http" => false,
        _ => return Err(BadProxy::Form),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (user, server) = match rest.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => return Err(BadProxy::Password),
        Some((user, server)) if !user.is_empty() => (Some(user.to_owned()), server),
        Some(_) => return Err(BadProxy::Form),
        None => (None, rest),
    };
    match split_port(server) {
        Some((host, Some(port))) if !host.is_empty() && !host.contains(['/', '?', '#']) => {
            Ok(ProxySpec { socks, user, host: host.to_owned(), port })
        }
        _ => Err(BadProxy::Form),
    }
}

/// A proxy command with its tokens expanded; nothing if it has one that we do not know.
pub fn expand_command(command: &str, address: &str, port: u16, user: &str) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match (c, if c == '%' { rest.next() } else { None }) {
            ('%', Some('%')) => expanded.push('%'),
            ('%', Some('h' | 'n')) => expanded.push_str(address),
            ('%', Some('p')) => expanded.push_str(&port.to_string()),
            ('%', Some('r')) => expanded.push_str(user),
            ('%', _) => return None,
            (c, _) => expanded.push(c),
        }
    }
    Some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(user: Option<&str>, host: &str, port: Option<u16>) -> (Option<String>, String, Option<u16>) {
        (user.map(str::to_owned), host.to_owned(), port)
    }

    #[test]
    fn jump_hosts_are_read_with_users_ports_and_ipv6() {
        let read = |text: &str| {
            parse_jump(text)
                .map(|specs| specs.into_iter().map(|one| (one.user, one.host, one.port)).collect::<Vec<_>>())
        };
        assert_eq!(read(" "), Some(vec![]));
        assert_eq!(
            read("ann@a:2200, [2001:db8::1]:22 ,2001:db8::2,My host"),
            Some(vec![
                spec(Some("ann"), "a", Some(2200)),
                spec(None, "2001:db8::1", Some(22)),
                spec(None, "2001:db8::2", None),
                spec(None, "My host", None),
            ])
        );
        for bad in ["a,,b", "@a", "a:0", "a:70000", "[::1", "[::1]x", ","] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&["a"; 17].join(",")), None);
    }

    #[test]
    fn proxies_are_read_and_a_password_among_them_is_refused() {
        let proxy = |socks, user: Option<&str>, host: &str, port| {
            Ok(ProxySpec { socks, user: user.map(str::to_owned), host: host.to_owned(), port })
        };
        assert_eq!(parse_proxy("socks5://ann@p:1080"), proxy(true, Some("ann"), "p", 1080));
        assert_eq!(parse_proxy("HTTP://[::1]:8080/"), proxy(false, None, "::1", 8080));
        assert_eq!(parse_proxy("http://ann:pw@p:8080"), Err(BadProxy::Password));
        for bad in ["p:1080", "https://p:1", "socks5://p", "socks5://:1", "http://p:1/x", "http://@p:1", ""] {
            assert_eq!(parse_proxy(bad), Err(BadProxy::Form), "{bad}");
        }
    }

    #[test]
    fn tokens_are_expanded_once_and_unknown_ones_are_refused() {
        assert_eq!(expand_command("nc %h %p %% %r", "%p", 22, "ann").as_deref(), Some("nc %p 22 % ann"));
        assert_eq!(expand_command("nc %x", "a", 22, "b"), None);
        assert_eq!(expand_command("nc %", "a", 22, "b"), None);
    }
}
