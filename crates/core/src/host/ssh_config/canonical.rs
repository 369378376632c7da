//! Addresses in their one spelling, and names completed by `CanonicalizeHostname`, as `ssh.c` of OpenSSH does both.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::matching::pattern_list_matches;
use super::values::{AddressFamily, CanonicalizeHostname};

/// A name that exists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The name that it is an alias of, if the resolver told.
    pub canonical_name: Option<String>,
}

/// Asks the DNS. May block for as long as the system's resolver does.
pub trait NameLookup {
    /// None if there is no such name.
    fn look_up(&mut self, name: &str, family: AddressFamily) -> Option<Found>;

    /// Whether it ever tells canonical names.
    fn tells_canonical_names(&self) -> bool {
        true
    }
}

/// The system's resolver. It does not tell canonical names, so `CanonicalizePermittedCNAMEs` has no effect with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl NameLookup for SystemLookup {
    fn look_up(&mut self, name: &str, family: AddressFamily) -> Option<Found> {
        use std::net::ToSocketAddrs;
        let mut addresses = (name, 22).to_socket_addrs().ok()?;
        let found = addresses.any(|address| match family {
            AddressFamily::Any => true,
            AddressFamily::Inet => address.is_ipv4(),
            AddressFamily::Inet6 => address.is_ipv6(),
        });
        found.then(Found::default)
    }

    fn tells_canonical_names(&self) -> bool {
        false
    }
}

/// `is_addr_fast`: it can only be an address.
fn looks_like_address(name: &str) -> bool {
    name.contains(['%', ':']) || name.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// `is_addr`.
pub fn is_address(name: &str, family: AddressFamily) -> bool {
    looks_like_address(name) || address(name, family).is_some()
}

/// The usual spelling of an address, if it is one: `127.1` is 127.0.0.1. An address with a zone stays as it is, since its
/// zone is for the system to judge.
pub fn address(name: &str, family: AddressFamily) -> Option<String> {
    let address = match name.parse::<Ipv6Addr>() {
        Ok(address) => IpAddr::V6(address),
        Err(_) => IpAddr::V4(legacy_ipv4(name)?),
    };
    match (family, address) {
        (AddressFamily::Inet, IpAddr::V6(_)) | (AddressFamily::Inet6, IpAddr::V4(_)) => None,
        (_, IpAddr::V4(address)) => Some(address.to_string()),
        (_, IpAddr::V6(address)) => Some(spelled(address)),
    }
}

/// As `inet_ntop` does, which also writes the last four bytes of `::1.2.3.4` with dots.
fn spelled(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            format!("::{}", Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        _ => address.to_string(),
    }
}

/// `inet_aton`: one to four numbers, decimal, octal or hexadecimal; the last one fills what is left.
fn legacy_ipv4(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    let number = |part: &str| -> Option<u32> {
        let hexadecimal = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        match hexadecimal {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u32::from_str_radix(digits, 16).ok()
            }
            Some(_) => None,
            None if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) => None,
            None if part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
            None => part.parse().ok(),
        }
    };
    let (last, leading) = parts.split_last()?;
    let mut value: u32 = 0;
    for (index, part) in leading.iter().enumerate() {
        let byte = number(part).filter(|number| *number <= 255)?;
        value |= byte << (24 - 8 * index);
    }
    let last = number(last)?;
    let room = u32::MAX.checked_shr(8 * u32::try_from(leading.len()).ok()?)?;
    (last <= room).then(|| Ipv4Addr::from(value | last))
}

/// What the config says about completing names.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub mode: CanonicalizeHostname,
    pub domains: &'a [String],
    pub max_dots: u32,
    pub fallback_local: bool,
    pub permitted_cnames: &'a [(String, String)],
    pub family: AddressFamily,
    /// No proxy, no jump.
    pub direct: bool,
}

/// The name does not exist, and the config says that this ends the attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolvable(pub String);

impl Rules<'_> {
    /// The name to connect to. `host` is in lower case already unless it is an address.
    pub fn apply(&self, host: &str, lookup: &mut dyn NameLookup) -> Result<String, Unresolvable> {
        if self.mode != CanonicalizeHostname::No || is_address(host, self.family) {
            if let Some(spelled) = address(host, self.family) {
                let same = spelled.eq_ignore_ascii_case(host);
                return Ok(if same { host.to_owned() } else { spelled });
            }
            if let Some(completed) = self.completed(host, lookup)? {
                return Ok(completed);
            }
        }
        let proxied = !self.direct && self.mode != CanonicalizeHostname::Always;
        if self.follows_cnames() && !proxied {
            return match lookup.look_up(host, self.family) {
                Some(found) => Ok(self.followed(host.to_owned(), &found)),
                None if self.direct => Err(Unresolvable(host.to_owned())),
                None => Ok(host.to_owned()),
            };
        }
        Ok(host.to_owned())
    }

    fn follows_cnames(&self) -> bool {
        !self.permitted_cnames.is_empty()
    }

    /// `resolve_canonicalize`; None if the name stays as it is.
    fn completed(&self, host: &str, lookup: &mut dyn NameLookup) -> Result<Option<String>, Unresolvable> {
        let proxied = !self.direct && self.mode != CanonicalizeHostname::Always;
        if looks_like_address(host) || self.mode == CanonicalizeHostname::No || proxied {
            return Ok(None);
        }
        let dots = host.bytes().filter(|byte| *byte == b'.').count();
        let candidates: Vec<String> = if host.ends_with('.') {
            vec![host.to_owned()]
        } else if dots > self.max_dots as usize {
            return Ok(None);
        } else {
            let suffixes = self.domains.iter().take_while(|domain| !domain.eq_ignore_ascii_case("none"));
            suffixes.map(|domain| format!("{host}.{domain}.")).collect()
        };
        for candidate in candidates {
            if let Some(found) = lookup.look_up(&candidate, self.family) {
                let full = candidate.trim_end_matches('.').to_owned();
                return Ok(Some(self.followed(full, &found)));
            }
        }
        if self.fallback_local { Ok(None) } else { Err(Unresolvable(host.to_owned())) }
    }

    /// `check_follow_cname`.
    fn followed(&self, name: String, found: &Found) -> String {
        let Some(canonical) = found.canonical_name.as_deref().and_then(valid_domain) else { return name };
        if self.mode == CanonicalizeHostname::No || canonical == name {
            return name;
        }
        let permitted = self.permitted_cnames.iter().any(|(sources, targets)| {
            pattern_list_matches(&name, sources, true) == Some(true)
                && pattern_list_matches(&canonical, targets, true) == Some(true)
        });
        if permitted { canonical } else { name }
    }
}

/// `valid_domain`: without the dot at its end. None if it is no domain.
pub fn valid_domain(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let sound = begins && name.chars().all(allowed) && !name.contains("..");
    sound.then(|| name.strip_suffix('.').unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A DNS with these names, and what they are aliases of.
    struct Dns(Vec<(&'static str, Option<&'static str>)>, Vec<String>);

    impl NameLookup for Dns {
        fn look_up(&mut self, name: &str, _: AddressFamily) -> Option<Found> {
            self.1.push(name.to_owned());
            let (_, alias) = self.0.iter().find(|(known, _)| *known == name)?;
            Some(Found { canonical_name: alias.map(str::to_owned) })
        }
    }

    fn rules<'a>(domains: &'a [String], cnames: &'a [(String, String)]) -> Rules<'a> {
        Rules {
            mode: CanonicalizeHostname::Yes,
            domains,
            max_dots: 1,
            fallback_local: true,
            permitted_cnames: cnames,
            family: AddressFamily::Any,
            direct: true,
        }
    }

    #[test]
    fn addresses_get_their_usual_spelling() {
        for (name, expected) in [
            ("127.1", Some("127.0.0.1")),
            ("0x7f.1", Some("127.0.0.1")),
            ("010.0.0.1", Some("8.0.0.1")),
            ("1", Some("0.0.0.1")),
            ("256.1.1.1", None),
            ("1.2.3.4.5", None),
            ("1.2.3.", None),
            ("FE80:0:0:0:0:0:0:1", Some("fe80::1")),
            ("::ffff:1.2.3.4", Some("::ffff:1.2.3.4")),
            ("::1.2.3.4", Some("::1.2.3.4")),
            ("::1", Some("::1")),
            ("web", None),
        ] {
            assert_eq!(address(name, AddressFamily::Any).as_deref(), expected, "{name}");
        }
        assert_eq!(address("127.0.0.1", AddressFamily::Inet6), None);
    }

    #[test]
    fn a_name_is_completed_by_the_first_domain_that_has_it() {
        let domains = ["a.example".to_owned(), "b.example".to_owned()];
        let mut dns = Dns(vec![("web.b.example.", None)], Vec::new());
        assert_eq!(rules(&domains, &[]).apply("web", &mut dns), Ok("web.b.example".to_owned()));
        assert_eq!(dns.1, ["web.a.example.", "web.b.example."]);
        // Too many dots, or behind a proxy: nobody is asked.
        assert_eq!(rules(&domains, &[]).apply("a.b.c", &mut dns), Ok("a.b.c".to_owned()));
        let proxied = Rules { direct: false, ..rules(&domains, &[]) };
        assert_eq!(proxied.apply("web", &mut dns), Ok("web".to_owned()));
        assert_eq!(dns.1.len(), 2);
        let always = Rules { mode: CanonicalizeHostname::Always, ..proxied };
        assert_eq!(always.apply("web", &mut dns), Ok("web.b.example".to_owned()));
    }

    #[test]
    fn an_alias_is_followed_only_where_the_config_permits_it() {
        let domains = ["a.example".to_owned()];
        let cnames = [("*.a.example".to_owned(), "*.b.example".to_owned())];
        let mut dns = Dns(
            vec![("web.a.example.", Some("w1.b.example.")), ("mail.a.example.", Some("m.evil.example"))],
            Vec::new(),
        );
        assert_eq!(rules(&domains, &cnames).apply("web", &mut dns), Ok("w1.b.example".to_owned()));
        assert_eq!(rules(&domains, &cnames).apply("mail", &mut dns), Ok("mail.a.example".to_owned()));
    }

    #[test]
    fn a_name_that_no_domain_has_is_left_or_refused_as_the_config_says() {
        let domains = ["a.example".to_owned()];
        let mut dns = Dns(Vec::new(), Vec::new());
        assert_eq!(rules(&domains, &[]).apply("web", &mut dns), Ok("web".to_owned()));
        let strict = Rules { fallback_local: false, ..rules(&domains, &[]) };
        assert_eq!(strict.apply("web", &mut dns), Err(Unresolvable("web".to_owned())));
    }
}
