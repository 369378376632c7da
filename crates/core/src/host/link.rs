//! `ssh://` links: where somebody else wants a person to connect to.
//!
//! A link comes from a web page, a mail or a chat, so it is hostile: it is bounded, read strictly, shown as text, and does
//! nothing by itself. It says an address, a port and a user, and nothing else: no password (RFC 3986, section 3.2.1), no
//! parameters, no path.

use serde::Serialize;
use ts_rs::TS;

use super::check::{address_problem, user_problem};
use super::{Host, unreadable};

/// A user and an address of 255 characters each, percent-encoded.
pub const LINK_MAX_BYTES: usize = 2048;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// A name or an address, without brackets.
    pub address: String,
    /// None: it is not said, and 22 is meant.
    pub port: Option<u16>,
    /// Empty: it is not said.
    pub user: String,
}

/// Why a link is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLink {
    TooLong,
    /// It does not begin with `ssh://`.
    Scheme,
    /// A control character, a space, or one that turns or hides text; also behind a `%`.
    Character,
    Password,
    /// `;fingerprint=...` and its like in front of the `@`.
    Parameters,
    /// A path, a query or a fragment.
    Path,
    User,
    Address,
    Port,
}

impl BadLink {
    /// The end of a sentence for the person.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "it is too long",
            Self::Scheme => "it does not begin with ssh://",
            Self::Character => "it holds a character that has no place in a link",
            Self::Password => "it holds a password, which has no place in a link",
            Self::Parameters => "it holds parameters, which are not used",
            Self::Path => "it has something behind the address",
            Self::User => "its user name is none",
            Self::Address => "its address is none",
            Self::Port => "its port is none: ports are 1 to 65535",
        }
    }
}

/// Whether a word means to be a link.
pub fn is_meant(text: &str) -> bool {
    text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("ssh:"))
}

/// Reads a link.
///
/// # Errors
/// Why it is not followed.
pub fn parse(text: &str) -> Result<Link, BadLink> {
    if text.len() > LINK_MAX_BYTES {
        return Err(BadLink::TooLong);
    }
    if text.chars().any(|c| unreadable(c) || c.is_whitespace()) {
        return Err(BadLink::Character);
    }
    let (scheme, rest) = text.split_once("://").ok_or(BadLink::Scheme)?;
    if !scheme.eq_ignore_ascii_case("ssh") {
        return Err(BadLink::Scheme);
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return Err(BadLink::Path);
    }
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (user_of(user)?, place),
        None => (String::new(), authority),
    };
    let (address, port) = place_of(place)?;
    Ok(Link { address, port, user })
}

fn user_of(text: &str) -> Result<String, BadLink> {
    // Before it is decoded: `%3A` is a colon in the name, which no system allows, and `:` is what ends it.
    if text.contains(':') {
        return Err(BadLink::Password);
    }
    if text.contains(';') {
        return Err(BadLink::Parameters);
    }
    let user = decoded(text)?;
    if user.is_empty() || user.contains([':', '@', '/']) || user_problem(&user).is_some() {
        return Err(BadLink::User);
    }
    Ok(user)
}

fn place_of(text: &str) -> Result<(String, Option<u16>), BadLink> {
    let (address, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(BadLink::Address)?;
        let port = match rest {
            "" => None,
            _ => Some(rest.strip_prefix(':').ok_or(BadLink::Address)?),
        };
        // A scope is written as %25eth0 (RFC 6874).
        let address = decoded(address)?;
        if !address.contains(':') {
            return Err(BadLink::Address);
        }
        (address, port)
    } else {
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(BadLink::Address),
            Some((address, port)) => (decoded(address)?, Some(port)),
            None => (decoded(text)?, None),
        }
    };
    if address_problem(&address).is_some() || address.contains('/') {
        return Err(BadLink::Address);
    }
    // RFC 3986 allows a colon with nothing behind it.
    let port = match port {
        None | Some("") => None,
        Some(port) => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            Some(port.parse().ok().filter(|port| digits && *port > 0).ok_or(BadLink::Port)?)
        }
    };
    Ok((address, port))
}

/// Percent-encoding undone once; what comes out is text that can be read.
fn decoded(text: &str) -> Result<String, BadLink> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => return Err(BadLink::Character),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| BadLink::Character)?;
    if text.chars().any(|c| unreadable(c) || c.is_whitespace()) { Err(BadLink::Character) } else { Ok(text) }
}

impl Link {
    /// As it is written again, canonically; [`parse`] reads it back.
    pub fn text(&self) -> String {
        let user = if self.user.is_empty() { String::new() } else { format!("{}@", encoded(&self.user)) };
        let address = if self.address.contains(':') {
            format!("[{}]", self.address.replace('%', "%25"))
        } else {
            encoded(&self.address)
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("ssh://{user}{address}{port}")
    }

    /// Whether a host of the list is what is meant: its name alone, or its address with the port and, if it is said, the user.
    pub fn means(&self, host: &Host) -> bool {
        if host.builtin {
            return false;
        }
        let draft = &host.draft;
        let same_user = self.user.is_empty() || self.user == draft.user;
        let by_name = host.name() == self.address && self.port.is_none_or(|port| port == draft.port);
        let by_address =
            draft.address.eq_ignore_ascii_case(&self.address) && self.port.unwrap_or(22) == draft.port;
        same_user && (by_name || by_address)
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{HostDraft, HostId};

    fn link(user: &str, address: &str, port: Option<u16>) -> Link {
        Link { address: address.into(), port, user: user.into() }
    }

    #[test]
    fn an_address_a_port_and_a_user_are_read() {
        for (text, expected) in [
            ("ssh://web-01", link("", "web-01", None)),
            ("SSH://ada@web-01.example.org:2222/", link("ada", "web-01.example.org", Some(2222))),
            ("ssh://CORP%5Cada@10.0.0.1:", link("CORP\\ada", "10.0.0.1", None)),
            ("ssh://[2001:db8::1]:22", link("", "2001:db8::1", Some(22))),
            ("ssh://[fe80::1%25eth0]", link("", "fe80::1%eth0", None)),
            ("ssh://用户@主机", link("用户", "主机", None)),
        ] {
            assert_eq!(parse(text), Ok(expected.clone()), "{text}");
            assert_eq!(parse(&expected.text()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_a_hostile_page_may_write_is_refused() {
        for (text, why) in [
            ("http://web", BadLink::Scheme),
            ("ssh:web", BadLink::Scheme),
            ("sshx://web", BadLink::Scheme),
            ("ssh://ada:secret@web", BadLink::Password),
            ("ssh://ada:@web", BadLink::Password),
            ("ssh://ada;fingerprint=x@web", BadLink::Parameters),
            ("ssh://web/etc", BadLink::Path),
            ("ssh://web?x", BadLink::Path),
            ("ssh://web#x", BadLink::Path),
            ("ssh://web//", BadLink::Path),
            ("ssh://-oProxyCommand=x", BadLink::Address),
            ("ssh://%2DoProxyCommand=x", BadLink::Address),
            ("ssh://ada@-oProxyCommand=x", BadLink::Address),
            ("ssh://-lroot@web", BadLink::User),
            ("ssh://a%3Ab@web", BadLink::User),
            ("ssh://@web", BadLink::User),
            ("ssh://a@b@web", BadLink::Address),
            ("ssh://", BadLink::Address),
            ("ssh://:22", BadLink::Address),
            ("ssh://$(id)", BadLink::Address),
            ("ssh://web`id`", BadLink::Address),
            ("ssh://web%3Bid", BadLink::Address),
            ("ssh://web%2Fx", BadLink::Address),
            ("ssh://2001:db8::1", BadLink::Address),
            ("ssh://[web]", BadLink::Address),
            ("ssh://[::1]x", BadLink::Address),
            ("ssh://web:0", BadLink::Port),
            ("ssh://web:65536", BadLink::Port),
            ("ssh://web:+22", BadLink::Port),
            ("ssh://web:x", BadLink::Port),
            ("ssh://web\n-x", BadLink::Character),
            ("ssh://web%0A-x", BadLink::Character),
            ("ssh://web%00", BadLink::Character),
            ("ssh://web%2", BadLink::Character),
            ("ssh://web%FF", BadLink::Character),
            ("ssh://web%20x", BadLink::Character),
            ("ssh://we\u{202e}b", BadLink::Character),
            ("ssh://w\u{1b}[31meb", BadLink::Character),
        ] {
            assert!(
                matches!(parse(text), Err(found) if found == why || (why == BadLink::Address && found == BadLink::User)),
                "{text}: {:?}",
                parse(text)
            );
        }
        assert_eq!(parse(&format!("ssh://{}", "a".repeat(LINK_MAX_BYTES))), Err(BadLink::TooLong));
        assert_eq!(parse(&format!("ssh://{}", "a".repeat(300))), Err(BadLink::Address));
    }

    #[test]
    fn a_saved_host_is_meant_by_its_name_or_by_its_address_and_port() {
        let draft = HostDraft {
            label: "web-01".into(),
            address: "Web.example.org".into(),
            port: 2222,
            user: "ada".into(),
            ..HostDraft::default()
        };
        let host = Host { id: HostId("1".into()), draft, builtin: false, has_password: false, linked: None };
        for (text, means) in [
            ("ssh://web-01", true),
            ("ssh://ada@web-01:2222", true),
            ("ssh://root@web-01", false),
            ("ssh://web-01:22", false),
            ("ssh://web.example.org:2222", true),
            ("ssh://web.example.org", false),
            ("ssh://web", false),
        ] {
            assert_eq!(parse(text).expect(text).means(&host), means, "{text}");
        }
    }
}
