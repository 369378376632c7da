//! Lists of patterns and the conditions of `Match`, as `match.c` and `match_cfg_line` of OpenSSH read them.

use std::net::IpAddr;

use super::values::SessionType;
use crate::host::pattern::matches;

/// `sub` in `match_pattern_list`.
const PATTERN_MAX_BYTES: usize = 1023;

/// `match_pattern_list`: Some(false) if a pattern after `!` matches, Some(true) if another one does. `lower` folds the
/// patterns, not the text.
pub fn pattern_list_matches(text: &str, list: &str, lower: bool) -> Option<bool> {
    let mut found = None;
    for pattern in list.split(',') {
        let (negated, pattern) = match pattern.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, pattern),
        };
        if pattern.len() >= PATTERN_MAX_BYTES {
            return None;
        }
        // An empty list has no pattern, not an empty one; nor is there one after a comma at the end.
        if pattern.is_empty() && !text.is_empty() {
            continue;
        }
        let folded = if lower { pattern.to_ascii_lowercase() } else { pattern.to_owned() };
        if !list.is_empty() && matches(&folded, text) {
            if negated {
                return Some(false);
            }
            found = Some(true);
        }
    }
    found
}

/// What the conditions are compared with.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The name to connect to, as far as it is known at this line.
    pub host: &'a str,
    pub original_host: &'a str,
    pub user: &'a str,
    pub local_user: &'a str,
    pub tag: &'a str,
    pub command: &'a str,
    pub session_type: Option<SessionType>,
    pub addresses: &'a [IpAddr],
    pub final_pass: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Matched {
    pub matches: bool,
    /// There is a `final` that is not negated, so that the config has to be read a second time.
    pub wants_final: bool,
}

/// OpenSSH's version for `Match version`: the one whose rules these are.
const VERSION: &str = "OpenSSH_10.5";

/// Goes through the conditions. `exec` is asked only when everything before it matched; its error is a problem of the line.
pub fn evaluate(
    arguments: &[String],
    subject: &Subject<'_>,
    exec: &mut dyn FnMut(&str, bool) -> Result<bool, String>,
) -> Result<Matched, String> {
    let mut matched = Matched { matches: true, wants_final: false };
    let mut rest = arguments.iter().map(String::as_str);
    let mut attributes = 0;
    while let Some(written) = rest.next() {
        if written.starts_with('#') {
            break;
        }
        let (negated, attribute) = match written.strip_prefix('!') {
            Some(attribute) => (true, attribute),
            None => (false, written),
        };
        if attribute.eq_ignore_ascii_case("all") {
            let next = rest.next().filter(|next| !next.is_empty() && !next.starts_with('#'));
            if attributes > 1 || next.is_some() {
                return Err(format!("{written} cannot be combined with other conditions of Match"));
            }
            matched.matches &= !negated;
            return Ok(matched);
        }
        attributes += 1;
        if attribute.eq_ignore_ascii_case("canonical") || attribute.eq_ignore_ascii_case("final") {
            matched.wants_final |= attribute.eq_ignore_ascii_case("final") && !negated;
            matched.matches &= subject.final_pass != negated;
            continue;
        }
        let (attribute, argument) = match attribute.split_once('=') {
            Some((name, argument)) if takes_equals(name) => (name, Some(argument)),
            _ => (attribute, rest.next()),
        };
        let Some(argument) = argument else { return Err(format!("Match {written} needs a value")) };
        let name = attribute.to_ascii_lowercase();
        let may_be_empty = matches!(name.as_str(), "tagged" | "command");
        if argument.is_empty() && !may_be_empty || argument.starts_with('#') {
            return Err(format!("Match {written} needs a value"));
        }
        let list = |text: &str, lower: bool| pattern_list_matches(text, argument, lower) == Some(true);
        let or_empty = |text: &str| if text.is_empty() { argument.is_empty() } else { list(text, false) };
        let result = match name.as_str() {
            "host" => list(&subject.host.to_ascii_lowercase(), true),
            "originalhost" => list(&subject.original_host.to_ascii_lowercase(), true),
            "user" => list(subject.user, false),
            "localuser" => list(subject.local_user, false),
            "localnetwork" => local_network(argument, subject.addresses)?,
            "version" => list(VERSION, false),
            "tagged" => or_empty(subject.tag),
            "command" => or_empty(subject.command),
            "sessiontype" => list(session_type(subject), false),
            "exec" => {
                let run = exec(argument, matched.matches)?;
                if !matched.matches {
                    continue;
                }
                run
            }
            _ => return Err(format!("Match {attribute} is no condition")),
        };
        matched.matches &= result != negated;
    }
    if attributes == 0 { Err("Match needs a condition".to_owned()) } else { Ok(matched) }
}

/// Which conditions may be written as `name=value`.
fn takes_equals(name: &str) -> bool {
    ["host", "originalhost", "user", "localuser", "localnetwork", "version", "tagged", "command", "exec"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn session_type(subject: &Subject<'_>) -> &'static str {
    match subject.session_type {
        Some(SessionType::Subsystem) => "subsystem",
        Some(SessionType::None) => "none",
        Some(SessionType::Default) | None if subject.command.is_empty() => "shell",
        Some(SessionType::Default) | None => "exec",
    }
}

/// `addr_match_cidr_list`: whether an address of ours is in one of the networks.
fn local_network(list: &str, addresses: &[IpAddr]) -> Result<bool, String> {
    let mut found = false;
    for entry in list.split(',') {
        let bad = || format!("Match localnetwork: {entry} is no network");
        let (address, length) = match entry.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| bad())?)),
            None => (entry, None),
        };
        let network: IpAddr = address.parse().map_err(|_| bad())?;
        let (bits, width) = bits(network);
        let length = length.unwrap_or(width);
        // Bits beyond the length have to be zero.
        if length > width || (bits & !mask(length, width)) != 0 {
            return Err(bad());
        }
        let inside = |address: &IpAddr| {
            address.is_ipv4() == network.is_ipv4() && self::bits(*address).0 & mask(length, width) == bits
        };
        found |= addresses.iter().any(inside);
    }
    Ok(found)
}

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

fn mask(length: u8, width: u8) -> u128 {
    let all = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
    match length {
        0 => 0,
        length => all & (u128::MAX << (width - length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject<'static> {
        const ADDRESSES: &[IpAddr] = &[IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 7, 9))];
        Subject {
            host: "Web.example",
            original_host: "web",
            user: "ada",
            local_user: "me",
            tag: "home",
            command: "",
            session_type: None,
            addresses: ADDRESSES,
            final_pass: false,
        }
    }

    #[track_caller]
    fn assert_match(line: &str, expected: Result<bool, ()>) {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut exec = |command: &str, _: bool| Ok(command == "true");
        let result = evaluate(&arguments, &subject(), &mut exec);
        assert_eq!(
            result.clone().map(|matched| matched.matches).map_err(drop),
            expected,
            "{line}: {result:?}"
        );
    }

    #[test]
    fn every_condition_is_understood() {
        for (line, expected) in [
            ("all", true),
            ("!all", false),
            ("host *.EXAMPLE", true),
            ("host *,!*.example", false),
            ("!host *.example", false),
            ("host=*.example", true),
            ("originalhost web", true),
            ("user ada,bob localuser me", true),
            ("user ada localuser you", false),
            ("tagged home", true),
            ("tagged=ho*", true),
            ("localnetwork 192.168.0.0/16", true),
            ("localnetwork 10.0.0.0/8,192.168.7.9", true),
            ("localnetwork fe80::/10", false),
            ("final", false),
            ("!canonical", true),
            ("!final all", true),
            ("exec true", true),
            ("exec false", false),
            ("!exec false", true),
            ("sessiontype shell", true),
        ] {
            assert_match(line, Ok(expected));
        }
        for line in
            ["", "all host x", "host", "bogus x", "localnetwork 10.0.0.1/8", "localnetwork x", "a b c all"]
        {
            assert_match(line, Err(()));
        }
    }

    #[test]
    fn a_command_is_not_run_when_something_before_it_does_not_match() {
        let arguments = ["host", "other", "exec", "touch x"].map(str::to_owned);
        let mut run = false;
        let mut exec = |_: &str, wanted: bool| {
            run |= wanted;
            Ok(true)
        };
        assert_eq!(evaluate(&arguments, &subject(), &mut exec).map(|matched| matched.matches), Ok(false));
        assert!(!run);
    }

    #[test]
    fn a_negated_pattern_of_a_list_wins() {
        assert_eq!(pattern_list_matches("b", "*,!b", false), Some(false));
        assert_eq!(pattern_list_matches("a", "*,!b", false), Some(true));
        assert_eq!(pattern_list_matches("a", "!b", false), None);
        assert_eq!(pattern_list_matches("a", "A", true), Some(true));
        assert_eq!(pattern_list_matches("a", "", false), None);
        assert_eq!(pattern_list_matches("", "", false), None);
    }
}
