//! `LocalForward`, `RemoteForward` and `DynamicForward`, as OpenSSH's `parse_forward` reads them.

use super::values;

/// NI_MAXHOST.
const HOST_MAX_BYTES: usize = 1025;
/// `sun_path` on Linux, with its final zero; it is shorter elsewhere.
const SOCKET_PATH_MAX_BYTES: usize = 108;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Local,
    Remote,
    Dynamic,
}

/// One end of a forwarding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// For listening: None is what `GatewayPorts` says, an empty host and `*` are all addresses.
    Tcp { host: Option<String>, port: u16 },
    /// A Unix socket; its tokens are replaced when the config is resolved.
    Socket(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    pub kind: Kind,
    pub listen: End,
    /// None is a SOCKS proxy.
    pub connect: Option<End>,
}

/// `listen` and `connect` are the two arguments, with `${}` replaced already. None if OpenSSH would refuse it.
pub fn parse(kind: Kind, listen: &str, connect: Option<&str>) -> Option<Forward> {
    let forward = parse_two(kind, listen, connect)?;
    let listens = !matches!(forward.listen, End::Tcp { port: 0, .. }) || kind == Kind::Remote;
    listens.then_some(forward)
}

/// The same, where port 0 asks for any free port on this side too.
pub fn parse_two(kind: Kind, listen: &str, connect: Option<&str>) -> Option<Forward> {
    // OpenSSH joins the arguments, so `a:1` `b:2` is the same as `a:1:b:2`.
    let joined = match connect {
        Some(connect) => format!("{listen}:{connect}"),
        None => listen.to_owned(),
    };
    parse_joined(kind, joined, connect.is_none())
}

/// What stands behind `-L`, `-R` and `-D`. Port 0 asks for any free port.
pub fn parse_one(kind: Kind, spec: &str) -> Option<Forward> {
    match kind {
        Kind::Local => parse_joined(kind, spec.to_owned(), false),
        Kind::Dynamic => parse_joined(kind, spec.to_owned(), true),
        // As in OpenSSH: without a target it is a SOCKS proxy on the host.
        Kind::Remote => {
            parse_joined(kind, spec.to_owned(), false).or_else(|| parse_joined(kind, spec.to_owned(), true))
        }
    }
}

fn parse_joined(kind: Kind, mut joined: String, dynamic: bool) -> Option<Forward> {
    // OpenSSH's buffer holds 255 bytes.
    while joined.len() > 255 {
        joined.pop();
    }
    let fields = fields(joined.trim_start())?;
    let refs: Vec<(&str, bool)> = fields.iter().map(|(text, path)| (text.as_str(), *path)).collect();
    let tcp = |host: Option<&str>, port: &str| {
        Some(End::Tcp { host: host.map(str::to_owned), port: values::port(port)? })
    };
    let socket = |path: &str| Some(End::Socket(path.to_owned()));
    let (listen, connect) = match (dynamic, refs.as_slice()) {
        (true, [(path, true)]) => (socket(path)?, None),
        (true, [(port, false)]) => (tcp(None, port)?, None),
        // Two paths are no proxy, but OpenSSH takes them all the same.
        (true, [(listen, true), (connect, true)]) => (socket(listen)?, socket(connect)),
        (true, [(port, false), (path, true)]) => (tcp(None, port)?, socket(path)),
        (true, [(host, _), (port, false)]) => (tcp(Some(host), port)?, None),
        (false, [(listen, true), (connect, true)]) => (socket(listen)?, socket(connect)),
        (false, [(port, false), (path, true)]) => (tcp(None, port)?, socket(path)),
        (false, [(path, true), (host, _), (port, _)]) => (socket(path)?, Some(tcp(Some(host), port)?)),
        (false, [(host, false), (port, _), (path, true)]) => (tcp(Some(host), port)?, socket(path)),
        (false, [(listen, false), (host, _), (port, false)]) => {
            (tcp(None, listen)?, Some(tcp(Some(host), port)?))
        }
        (false, [(host, _), (listen, _), (to, _), (port, _)]) => {
            (tcp(Some(host), listen)?, Some(tcp(Some(to), port)?))
        }
        _ => return None,
    };
    let forward = Forward { kind, listen, connect };
    is_sound(&forward).then_some(forward)
}

fn is_sound(forward: &Forward) -> bool {
    let fits = |end: &End| match end {
        End::Tcp { host, .. } => host.as_ref().is_none_or(|host| host.len() < HOST_MAX_BYTES),
        End::Socket(path) => path.len() < SOCKET_PATH_MAX_BYTES,
    };
    let connects = !matches!(forward.connect, Some(End::Tcp { port: 0, .. }));
    connects && fits(&forward.listen) && forward.connect.as_ref().is_none_or(fits)
}

/// Up to four fields between colons, in brackets if they have colons themselves; true if one is a path.
fn fields(spec: &str) -> Option<Vec<(String, bool)>> {
    let mut fields = Vec::new();
    let mut rest = spec;
    while !rest.is_empty() {
        if fields.len() == 4 {
            return None;
        }
        if let Some(inner) = rest.strip_prefix('[') {
            let (field, tail) = inner.split_once(']')?;
            if !tail.is_empty() && !tail.starts_with(':') {
                return None;
            }
            fields.push((field.to_owned(), field.contains('/')));
            rest = tail.strip_prefix(':').unwrap_or(tail);
            continue;
        }
        let (mut field, mut path) = (String::new(), false);
        let mut chars = rest.chars();
        loop {
            match chars.next() {
                None | Some(':') => break,
                Some('\\') => field.push(chars.next()?),
                Some(c) => {
                    path |= c == '/';
                    field.push(c);
                }
            }
        }
        fields.push((field, path));
        rest = chars.as_str();
    }
    Some(fields)
}

/// As `ssh -G` prints it.
impl std::fmt::Display for Forward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.listen {
            End::Tcp { host: None, port } => write!(f, "{port}")?,
            End::Tcp { host: Some(host), port } => write!(f, "[{host}]:{port}")?,
            End::Socket(path) => write!(f, "{path}")?,
        }
        match &self.connect {
            None => Ok(()),
            Some(End::Tcp { host, port }) => write!(f, " [{}]:{port}", host.as_deref().unwrap_or_default()),
            Some(End::Socket(path)) => write!(f, " {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_manual_is_read() {
        for (kind, listen, connect, expected) in [
            (Kind::Local, "8080", Some("db:5432"), Some("8080 [db]:5432")),
            (Kind::Local, "127.0.0.1:8080", Some("db:5432"), Some("[127.0.0.1]:8080 [db]:5432")),
            (Kind::Local, "[::1]:8080", Some("[fe80::1]:5432"), Some("[::1]:8080 [fe80::1]:5432")),
            (Kind::Local, "/tmp/a", Some("/tmp/b"), Some("/tmp/a /tmp/b")),
            (Kind::Local, "8080", Some("/tmp/b"), Some("8080 /tmp/b")),
            (Kind::Local, "/tmp/a", Some("db:1"), Some("/tmp/a [db]:1")),
            (Kind::Local, "*:80", Some("a:80"), Some("[*]:80 [a]:80")),
            (Kind::Local, ":80", Some("a:80"), Some("[]:80 [a]:80")),
            (Kind::Local, "0", Some("a:80"), None),
            (Kind::Remote, "0", Some("a:80"), Some("0 [a]:80")),
            (Kind::Remote, "1080", None, Some("1080")),
            (Kind::Dynamic, "localhost:1080", None, Some("[localhost]:1080")),
            (Kind::Dynamic, "0", None, None),
            (Kind::Local, "80", Some("a"), None),
            (Kind::Local, "80", Some("a:b:c:d"), None),
            (Kind::Local, "x", Some("a:80"), None),
        ] {
            let text = parse(kind, listen, connect).map(|forward| forward.to_string());
            assert_eq!(text.as_deref(), expected, "{listen} {connect:?}");
        }
    }
}
