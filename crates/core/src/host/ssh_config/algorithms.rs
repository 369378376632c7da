//! Lists of algorithms with `+`, `-` and `^`, as OpenSSH's `kex_assemble_names` puts them together.

use super::matching::pattern_list_matches;

/// The names of one kind of algorithm, in the order of preference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// What is offered when the config says nothing.
    pub default: Vec<String>,
    /// Everything that can be offered.
    pub all: Vec<String>,
}

/// What this client can do; [`super::resolve`] chooses among it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Algorithms {
    pub ciphers: Names,
    pub macs: Names,
    pub kex: Names,
    /// For `HostKeyAlgorithms` and `PubkeyAcceptedAlgorithms`.
    pub keys: Names,
    pub ca_signatures: Names,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlgorithmKind {
    Cipher,
    Mac,
    Kex,
    Key,
}

/// What OpenSSH 10 knows beside what is in our own lists. A name among these is right though we may not have it; any other
/// one is a mistake.
fn known_to_openssh(kind: AlgorithmKind) -> &'static [&'static str] {
    match kind {
        AlgorithmKind::Cipher => &[
            "3des-cbc",
            "aes128-cbc",
            "aes192-cbc",
            "aes256-cbc",
            "rijndael-cbc@lysator.liu.se",
            "aes128-ctr",
            "aes192-ctr",
            "aes256-ctr",
            "aes128-gcm@openssh.com",
            "aes256-gcm@openssh.com",
            "chacha20-poly1305@openssh.com",
        ],
        AlgorithmKind::Mac => &[
            "hmac-sha1",
            "hmac-sha1-96",
            "hmac-sha2-256",
            "hmac-sha2-512",
            "hmac-md5",
            "hmac-md5-96",
            "umac-64@openssh.com",
            "umac-128@openssh.com",
            "hmac-sha1-etm@openssh.com",
            "hmac-sha1-96-etm@openssh.com",
            "hmac-sha2-256-etm@openssh.com",
            "hmac-sha2-512-etm@openssh.com",
            "hmac-md5-etm@openssh.com",
            "hmac-md5-96-etm@openssh.com",
            "umac-64-etm@openssh.com",
            "umac-128-etm@openssh.com",
        ],
        AlgorithmKind::Kex => &[
            "diffie-hellman-group1-sha1",
            "diffie-hellman-group14-sha1",
            "diffie-hellman-group14-sha256",
            "diffie-hellman-group16-sha512",
            "diffie-hellman-group18-sha512",
            "diffie-hellman-group-exchange-sha1",
            "diffie-hellman-group-exchange-sha256",
            "ecdh-sha2-nistp256",
            "ecdh-sha2-nistp384",
            "ecdh-sha2-nistp521",
            "curve25519-sha256",
            "curve25519-sha256@libssh.org",
            "sntrup761x25519-sha512",
            "sntrup761x25519-sha512@openssh.com",
            "mlkem768x25519-sha256",
        ],
        AlgorithmKind::Key => &[
            "ssh-ed25519",
            "ssh-ed25519-cert-v01@openssh.com",
            "sk-ssh-ed25519@openssh.com",
            "sk-ssh-ed25519-cert-v01@openssh.com",
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp256-cert-v01@openssh.com",
            "ecdsa-sha2-nistp384",
            "ecdsa-sha2-nistp384-cert-v01@openssh.com",
            "ecdsa-sha2-nistp521",
            "ecdsa-sha2-nistp521-cert-v01@openssh.com",
            "sk-ecdsa-sha2-nistp256@openssh.com",
            "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
            "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
            "ssh-dss",
            "ssh-dss-cert-v01@openssh.com",
            "ssh-rsa",
            "ssh-rsa-cert-v01@openssh.com",
            "rsa-sha2-256",
            "rsa-sha2-256-cert-v01@openssh.com",
            "rsa-sha2-512",
            "rsa-sha2-512-cert-v01@openssh.com",
        ],
    }
}

/// Whether OpenSSH would take `list`: a list to remove may name anything, and only keys may be named by patterns.
pub fn check(list: &str, kind: AlgorithmKind, ours: &Names) -> Result<(), String> {
    if list.starts_with('-') {
        return Ok(());
    }
    let names = list.strip_prefix(['+', '^']).unwrap_or(list);
    if names.is_empty() {
        return Err("no algorithm is named".to_owned());
    }
    // It stops looking at the first empty name.
    for name in names.split(',').take_while(|name| !name.is_empty()) {
        let mut known = known_to_openssh(kind).iter().copied().chain(ours.all.iter().map(String::as_str));
        let found = match kind {
            AlgorithmKind::Key => {
                known.any(|one| one == name || pattern_list_matches(one, name, false).is_some())
            }
            AlgorithmKind::Cipher | AlgorithmKind::Mac | AlgorithmKind::Kex => known.any(|one| one == name),
        };
        if !found {
            return Err(format!("{name} is no algorithm that OpenSSH knows"));
        }
    }
    Ok(())
}

/// The algorithms to offer. An error if nothing is left.
pub fn assemble(list: Option<&str>, names: &Names) -> Result<Vec<String>, String> {
    let Some(list) = list.filter(|list| !list.is_empty()) else { return Ok(names.default.clone()) };
    let split = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
    let wanted = match list.as_bytes()[0] {
        b'-' => {
            let kept = names
                .default
                .iter()
                .filter(|name| pattern_list_matches(name, &list[1..], false) != Some(true));
            return Ok(kept.cloned().collect());
        }
        b'+' => concatenated(names.default.clone(), split(&list[1..])),
        b'^' => concatenated(split(&list[1..]), names.default.clone()),
        _ => split(list),
    };
    let mut chosen = Vec::new();
    for pattern in wanted {
        if pattern.starts_with('!') {
            return Err(format!("{pattern}: a list of algorithms cannot exclude by !"));
        }
        let matching =
            names.all.iter().filter(|name| pattern_list_matches(name, &pattern, false) == Some(true));
        chosen = concatenated(chosen, matching.cloned().collect());
    }
    if chosen.is_empty() { Err(format!("none of {list} is available here")) } else { Ok(chosen) }
}

/// `kex_names_cat`.
fn concatenated(mut first: Vec<String>, second: Vec<String>) -> Vec<String> {
    for name in second.into_iter().take_while(|name| !name.is_empty()) {
        if !first.contains(&name) {
            first.push(name);
        }
    }
    first
}

/// Names of a list (not of patterns, not of what is removed) that OpenSSH has and we have not.
pub fn missing(list: &str, names: &Names) -> Vec<String> {
    if list.starts_with('-') {
        return Vec::new();
    }
    let wanted = list.strip_prefix(['+', '^']).unwrap_or(list).split(',');
    wanted
        .filter(|name| !name.is_empty() && !name.contains(['*', '?', '!']))
        .filter(|name| !names.all.iter().any(|ours| ours == name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Names {
            default: list(&["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]),
            all: list(&["ssh-ed25519", "rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"]),
        }
    }

    #[test]
    fn lists_are_put_together_as_openssh_does() {
        for (list, expected) in [
            ("", "rsa-sha2-512,rsa-sha2-256,ssh-ed25519"),
            ("ssh-rsa", "ssh-rsa"),
            ("+ssh-rsa,ssh-ed25519", "rsa-sha2-512,rsa-sha2-256,ssh-ed25519,ssh-rsa"),
            ("-rsa-*", "ssh-ed25519"),
            ("^ssh-rsa", "ssh-rsa,rsa-sha2-512,rsa-sha2-256,ssh-ed25519"),
            ("ssh-*", "ssh-ed25519,ssh-rsa"),
            ("rsa-sha2-256,rsa-*", "rsa-sha2-256,rsa-sha2-512"),
        ] {
            assert_eq!(
                assemble(Some(list), &names()).map(|list| list.join(",")),
                Ok(expected.to_owned()),
                "{list}"
            );
        }
        assert!(assemble(Some("ssh-dss"), &names()).is_err());
        assert!(assemble(Some("!ssh-rsa"), &names()).is_err());
        assert_eq!(missing("ssh-dss,ssh-rsa,x*", &names()), ["ssh-dss"]);
    }

    #[test]
    fn only_names_that_openssh_knows_are_taken() {
        assert!(check("+3des-cbc", AlgorithmKind::Cipher, &Names::default()).is_ok());
        assert!(check("aes*", AlgorithmKind::Cipher, &Names::default()).is_err());
        assert!(check("-aes*", AlgorithmKind::Cipher, &Names::default()).is_ok());
        assert!(check("ssh-*", AlgorithmKind::Key, &Names::default()).is_ok());
        assert!(check("bogus", AlgorithmKind::Key, &Names::default()).is_err());
    }
}
