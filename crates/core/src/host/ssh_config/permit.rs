//! `PermitRemoteOpen`: where a SOCKS proxy on the host may lead.

use super::values;

/// More is no config that somebody wrote.
const PERMITTED_MAX: usize = 1024;

/// What is permitted. Names and addresses are compared as they are written: nothing is looked up, as in OpenSSH.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PermitRemoteOpen {
    #[default]
    Any,
    Only(Vec<Permitted>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    /// None is any.
    host: Option<String>,
    port: Option<u16>,
    written: String,
}

impl PermitRemoteOpen {
    pub const NONE: Self = Self::Only(Vec::new());

    /// The words behind the keyword.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let is = |word: &str, one: &str| word.eq_ignore_ascii_case(one);
        match words {
            [] => Err("missing argument".to_owned()),
            [word] if is(word, "any") => Ok(Self::Any),
            [word] if is(word, "none") => Ok(Self::NONE),
            words if words.len() > PERMITTED_MAX => {
                Err(format!("there are more than {PERMITTED_MAX} targets"))
            }
            words => {
                let permitted = words.iter().map(|word| {
                    Permitted::parse(word)
                        .ok_or_else(|| format!("{word} is no host:port, or does not stand alone"))
                });
                permitted.collect::<Result<_, _>>().map(Self::Only)
            }
        }
    }

    /// Whether a program on the host may be led there.
    pub fn allows(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Only(permitted) => permitted.iter().any(|one| {
                one.port.is_none_or(|known| known == port)
                    && one.host.as_ref().is_none_or(|known| known == host)
            }),
        }
    }
}

impl Permitted {
    fn parse(word: &str) -> Option<Self> {
        let (host, port) = match word.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                (host, rest.strip_prefix([':', '/'])?)
            }
            None => word.split_once([':', '/'])?,
        };
        let port = match port {
            "*" => None,
            port => Some(values::port(port).filter(|port| *port != 0)?),
        };
        Some(Self { host: (host != "*").then(|| host.to_owned()), port, written: word.to_owned() })
    }
}

/// As `ssh -G` prints it.
impl std::fmt::Display for PermitRemoteOpen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Only(permitted) if permitted.is_empty() => f.write_str("none"),
            Self::Only(permitted) => {
                let written: Vec<&str> = permitted.iter().map(|one| one.written.as_str()).collect();
                f.write_str(&written.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(words: &str, host: &str, port: u16) -> bool {
        let words: Vec<&str> = words.split(' ').collect();
        PermitRemoteOpen::parse(&words).expect("it is one").allows(host, port)
    }

    #[test]
    fn only_what_is_written_is_permitted() {
        let permitted = "127.0.0.1:80 [::1]:80 *:443 db:*";
        for (host, port, expected) in [
            ("127.0.0.1", 80, true),
            ("127.0.0.1", 81, false),
            ("::1", 80, true),
            ("localhost", 80, false),
            ("localhost", 443, true),
            ("db", 5432, true),
            ("db2", 5432, false),
        ] {
            assert_eq!(allows(permitted, host, port), expected, "{host} {port}");
        }
        assert!(allows("ANY", "db", 1) && !allows("none", "db", 1));
    }

    #[test]
    fn it_is_printed_as_it_was_written_and_refused_where_openssh_refuses_it() {
        for words in ["any", "none", "127.0.0.1:80 [::1]:80 *:443"] {
            let parts: Vec<&str> = words.split(' ').collect();
            assert_eq!(PermitRemoteOpen::parse(&parts).map(|one| one.to_string()), Ok(words.to_owned()));
        }
        for words in
            [&[][..], &["db"], &["db:0"], &["db:x"], &["[::1:80"], &["any", "db:1"], &["db:1", "none"]]
        {
            assert!(PermitRemoteOpen::parse(words).is_err(), "{words:?}");
        }
    }
}
