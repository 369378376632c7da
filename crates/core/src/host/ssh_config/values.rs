//! Single values of ssh_config(5), read as OpenSSH's `readconf.c` and `misc.c` read them.

/// Words that stand for a value, compared without regard to case; the first of each is the one that manuals use.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $first:literal $(| $other:literal)*),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$note])* $variant),+ }

        impl $name {
            pub fn parse(word: &str) -> Option<Self> {
                $(if [$first $(, $other)*].iter().any(|known| word.eq_ignore_ascii_case(known)) {
                    return Some(Self::$variant);
                })+
                None
            }

            /// As the manual writes it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $first),+ }
            }
        }
    };
}

words!(Flag { Yes = "yes" | "true", No = "no" | "false" });
words!(AddressFamily { Any = "any", Inet = "inet", Inet6 = "inet6" });
words!(StrictHostKeyChecking { Yes = "yes" | "true", No = "no" | "false" | "off", Ask = "ask", AcceptNew = "accept-new" });
words!(YesNoAsk { Yes = "yes" | "true", No = "no" | "false", Ask = "ask" });
words!(
    /// `unbound` and `host-bound` say whether `publickey-hostbound-v00@openssh.com` may be used.
    PubkeyAuthentication { Yes = "yes" | "true", No = "no" | "false", Unbound = "unbound", HostBound = "host-bound" }
);
words!(RequestTty { Auto = "auto", Yes = "yes" | "true", No = "no" | "false", Force = "force" });
words!(SessionType { Default = "default", None = "none", Subsystem = "subsystem" });
words!(CanonicalizeHostname { No = "no" | "false", Yes = "yes" | "true", Always = "always" });
words!(AddKeys { No = "no" | "false", Yes = "yes" | "true", Ask = "ask", Confirm = "confirm" });
words!(LogLevel {
    Quiet = "QUIET" | "SILENT",
    Fatal = "FATAL",
    Error = "ERROR",
    Info = "INFO",
    Verbose = "VERBOSE",
    Debug = "DEBUG" | "DEBUG1",
    Debug2 = "DEBUG2",
    Debug3 = "DEBUG3",
});

/// `strtonum`: a decimal number, with white space and a sign before it.
fn number(text: &str, max: u64) -> Option<u64> {
    let digits = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let (minus, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    (value <= max && (!minus || value == 0)).then_some(value)
}

/// `atoi_err`: 0 to 2^31-1.
pub fn integer(text: &str) -> Option<u32> {
    number(text, i32::MAX as u64).and_then(|value| u32::try_from(value).ok())
}

/// `a2port`: 0 to 65535, or the name of a service.
pub fn port(text: &str) -> Option<u16> {
    match number(text, u64::from(u16::MAX)) {
        Some(value) => u16::try_from(value).ok(),
        None => service(text),
    }
}

/// A TCP service of /etc/services.
fn service(name: &str) -> Option<u16> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+.".contains(&byte)) {
        return None;
    }
    if !cfg!(unix) {
        return (name == "ssh").then_some(22);
    }
    let known = std::fs::read_to_string("/etc/services").unwrap_or_default();
    let entries = known.lines().map(|line| line.split('#').next().unwrap_or_default());
    for entry in entries {
        let mut words = entry.split_whitespace();
        let (Some(first), Some(number)) = (words.next(), words.next()) else { continue };
        if let Some(port) = number.strip_suffix("/tcp")
            && (first == name || words.any(|alias| alias == name))
        {
            return port.parse().ok();
        }
    }
    None
}

/// `convtime`: seconds, as a sum like `1h30m`. At most 2^31-1.
pub fn seconds(text: &str) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let (mut rest, mut total, mut seen_seconds) = (text, 0.0_f64, false);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (figure, tail) = rest.split_at(end);
        let value: f64 = figure.parse().ok()?;
        let mut chars = tail.chars();
        let multiplier = match chars.next() {
            None | Some('s' | 'S') if seen_seconds => return None,
            None | Some('s' | 'S') => {
                seen_seconds = true;
                1.0
            }
            Some('m' | 'M') => 60.0,
            Some('h' | 'H') => 3600.0,
            Some('d' | 'D') => 86_400.0,
            Some('w' | 'W') => 604_800.0,
            Some(_) => return None,
        };
        if figure.contains('.') && (multiplier > 1.0 || figure.ends_with('.')) {
            return None;
        }
        total += value * multiplier;
        rest = chars.as_str();
    }
    // The fraction is dropped, as OpenSSH does.
    (total <= f64::from(i32::MAX)).then_some(total as u32)
}

/// `scan_scaled`: a number of bytes, `K`, `M`, `G` and so on being powers of 1024.
pub fn scaled(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (figure, unit) = rest.split_at(end);
    let (whole, fraction) = figure.split_once('.').unwrap_or((figure, ""));
    if fraction.contains('.') || whole.len() > 18 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut letters = unit.chars();
    let exponent = match letters.next() {
        None => return Some(sign * whole),
        Some(letter) => "BKMGTPE".find(letter.to_ascii_uppercase())?,
    };
    if letters.next().is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let factor = 1024_i64.checked_pow(u32::try_from(exponent).ok()?)?;
    let part: f64 = format!("0.{fraction}0").parse().ok()?;
    Some(sign * (whole.checked_mul(factor)?.checked_add((part * factor as f64) as i64)?))
}

/// `valid_env_name`.
pub fn is_env_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `ssh_valid_hostname`: nothing that a shell would take for its own, as the name may end up in a command.
pub fn is_host_name(name: &str) -> bool {
    !name.starts_with('-')
        && !name
            .chars()
            .any(|c| "'`\"$\\;&<>|(){},".contains(c) || c.is_ascii_whitespace() || c.is_ascii_control())
}

/// `ssh_valid_ruser`.
pub fn is_user_name(name: &str) -> bool {
    let after_space =
        || name.as_bytes().windows(2).any(|pair| pair[0].is_ascii_whitespace() && pair[1] == b'-');
    !name.starts_with('-')
        && !name.ends_with('\\')
        && !name.chars().any(|c| c.is_ascii_control() || "'`\";&<>|(){}".contains(c))
        && !after_space()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ports_and_times_are_read_as_openssh_does() {
        for (text, expected) in [
            ("22", Some(22)),
            ("022", Some(22)),
            (" 22", Some(22)),
            ("+22", Some(22)),
            ("65536", None),
            ("-1", None),
        ] {
            assert_eq!(port(text), expected, "{text}");
        }
        for (text, expected) in [
            ("90", Some(90)),
            ("1h30m", Some(5400)),
            ("1W", Some(604_800)),
            ("1m30", Some(90)),
            ("1.5s", Some(1)),
            ("1.5m", None),
            ("5s5s", None),
            ("", None),
            ("x", None),
            ("-1", None),
            ("9999999999", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for (text, expected) in [
            ("1G", Some(1 << 30)),
            ("1.5k", Some(1536)),
            ("0", Some(0)),
            ("12", Some(12)),
            ("1Gx", None),
            ("1Q", None),
            ("-5", Some(-5)),
        ] {
            assert_eq!(scaled(text), expected, "{text}");
        }
    }

    #[test]
    fn words_are_compared_without_regard_to_case() {
        assert_eq!(StrictHostKeyChecking::parse("OFF"), Some(StrictHostKeyChecking::No));
        assert_eq!(LogLevel::parse("debug1"), Some(LogLevel::Debug));
        assert_eq!(Flag::parse("maybe"), None);
    }

    #[test]
    fn names_that_a_shell_would_act_on_are_refused() {
        for name in ["-oProxyCommand=x", "a;b", "a b", "$(x)", "a\nb"] {
            assert!(!is_host_name(name), "{name}");
        }
        assert!(is_host_name("fe80::1%eth0") && is_user_name("DOMAIN\\ada"));
        assert!(!is_user_name("a -l") && !is_user_name("a;b"));
    }
}
