//! The directory of a shell, as it tells it itself (OSC 7, `file://host/path`).

/// Bytes in a path: PATH_MAX of Linux.
const PATH_MAX_BYTES: usize = 4096;
/// Bytes in the name of a host: a DNS name has at most 253 (RFC 1035, section 2.3.4).
const HOST_MAX_BYTES: usize = 255;

/// Where a shell was last. Both parts come from the server and are only ever given back to one, byte by byte encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The host that the shell says it runs on: after a hop with `ssh` it is another one. Empty when it does not say.
    pub host: Vec<u8>,
    /// Absolute, without control characters; not necessarily UTF-8.
    pub path: Vec<u8>,
}

impl Directory {
    /// What an OSC 7 says; nothing if it makes no sense.
    pub fn parse(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("file://").or_else(|| uri.strip_prefix("kitty-shell-cwd://"))?;
        let slash = rest.find('/')?;
        let (host, path) = rest.split_at(slash);
        // kitty's own form is not encoded.
        let path = if uri.starts_with("kitty") { path.as_bytes().to_vec() } else { decode(path)? };
        let is_plain = path.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f);
        let host_is_plain =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
        (is_plain && host_is_plain && path.len() <= PATH_MAX_BYTES && host.len() <= HOST_MAX_BYTES)
            .then(|| Self { host: host.as_bytes().to_vec(), path })
    }
}

/// Undoes percent-encoding (RFC 3986, section 2.1). A `%` without two digits stands for itself, as some shells send it.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = (byte == b'%').then(|| Some((digit(ahead.next()?)?, digit(ahead.next()?)?)));
        match digits.flatten() {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                bytes = ahead;
            }
            None => decoded.push(byte),
        }
        if decoded.len() > PATH_MAX_BYTES {
            return None;
        }
    }
    Some(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(uri: &str) -> Option<Vec<u8>> {
        Directory::parse(uri).map(|directory| directory.path)
    }

    #[test]
    fn what_shells_send_is_read() {
        assert_eq!(
            Directory::parse("file://web-01.example.net/srv/a%20b"),
            Some(Directory { host: b"web-01.example.net".to_vec(), path: b"/srv/a b".to_vec() })
        );
        assert_eq!(path("file:///home/%E4%BD%A0"), Some("/home/你".into()));
        assert_eq!(path("file:///home/你"), Some("/home/你".into()));
        assert_eq!(path("file:///100%/%zz%41"), Some(b"/100%/%zzA".to_vec()));
        assert_eq!(path("kitty-shell-cwd://box/a%20b"), Some(b"/a%20b".to_vec()));
        assert_eq!(path("file:///latin%ff1"), Some(b"/latin\xff1".to_vec()));
    }

    #[test]
    fn what_makes_no_sense_is_nobodys_directory() {
        for bad in [
            "",
            "/srv",
            "http://a/b",
            "file://host",
            "file:///a%0ab",
            "file:///a%00",
            "file:///%1b[c",
            "file:///%7f",
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
        assert_eq!(path("file://a;b/c"), None);
        assert_eq!(path(&format!("file:///{}", "a".repeat(PATH_MAX_BYTES))), None);
        assert!(path(&format!("file:///{}", "a".repeat(PATH_MAX_BYTES - 1))).is_some());
    }
}
