//! `[user@]host[:port]`, `ssh://` addresses and the chains of `ProxyJump`.

use super::values;

/// A machine as `ProxyJump` and a destination name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSpec {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
}

/// Somebody who chains more than this has a loop.
const JUMPS_MAX: usize = 64;

/// `parse_jump`, except for `none`: the machines in the order in which one goes through them. None if one is no address.
pub fn parse_chain(text: &str) -> Option<Vec<HostSpec>> {
    let text = text.split('#').next().unwrap_or_default().trim_end_matches([' ', '\t', '\r', '\n']);
    let chain: Option<Vec<HostSpec>> = text.split(',').take(JUMPS_MAX + 1).map(parse).collect();
    chain.filter(|chain| chain.len() <= JUMPS_MAX)
}

/// One `[user@]host[:port]` or `ssh://[user@]host[:port]`.
pub fn parse(text: &str) -> Option<HostSpec> {
    match text.strip_prefix("ssh://") {
        Some(uri) => parse_uri(uri),
        None => parse_plain(text),
    }
}

/// `parse_user_host_port`.
fn parse_plain(text: &str) -> Option<HostSpec> {
    let (user, rest) = match text.rsplit_once('@') {
        Some(("", _)) => return None,
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, text),
    };
    host_and_port(user, rest, false)
}

/// The part of `parse_uri` after `ssh://`. The user may be encoded as in any address; a path is refused.
pub fn parse_uri(uri: &str) -> Option<HostSpec> {
    let (user, rest) = match uri.split_once('@') {
        Some((info, rest)) => {
            let user = info.split(';').next().unwrap_or_default();
            (Some(decode(user)?).filter(|user| !user.is_empty()), rest)
        }
        None => (None, uri),
    };
    if user.is_none() && uri.contains('@') {
        return None;
    }
    host_and_port(user, rest, true)
}

/// `hpdelim2` and `cleanhostname`.
fn host_and_port(user: Option<String>, text: &str, slash_at_end: bool) -> Option<HostSpec> {
    let end =
        if text.starts_with('[') { text.find(']')? + 1 } else { text.find([':', '/']).unwrap_or(text.len()) };
    let (host, rest) = text.split_at(end);
    if host.is_empty() {
        return None;
    }
    let port = match rest.as_bytes().first() {
        None => "",
        Some(b':') => &rest[1..],
        Some(b'/') if slash_at_end && rest.len() == 1 => "",
        Some(_) => return None,
    };
    let port = if slash_at_end { port.strip_suffix('/').unwrap_or(port) } else { port };
    let port = match port {
        "" => None,
        port => Some(values::port(port).filter(|port| *port != 0)?),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty() || !slash_at_end).then(|| HostSpec { user, host: host.to_owned(), port })
}

/// `urldecode`.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &tail[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// As `ssh -G` prints the last machine of a chain.
impl std::fmt::Display for HostSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        let numeric = self.host.contains(':') || self.host.chars().all(|c| c.is_ascii_digit() || c == '.');
        if numeric {
            write!(f, "[{}]", self.host)?
        } else {
            f.write_str(&self.host)?
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_read_in_the_order_of_the_way() {
        let printed = |text: &str| {
            parse_chain(text).map(|chain| chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        for (text, expected) in [
            ("a", Some("a")),
            ("ada@a:22,b:2222 # home", Some("ada@a:22 b:2222")),
            ("[fe80::1]:22,10.0.0.1", Some("[fe80::1]:22 [10.0.0.1]")),
            ("ssh://ada%20b@host:2222", Some("ada b@host:2222")),
            ("a@b@c", Some("a@b@c")),
            ("@a", None),
            ("a,,b", None),
            ("a:0", None),
            ("a:x", None),
            ("ssh://a/path", None),
        ] {
            assert_eq!(printed(text).as_deref(), expected, "{text}");
        }
    }
}
