//! `-Q`: what this client can do.

use bowline_core::connection::algorithms::available;

pub const NAMES: &[&str] = &[
    "cipher",
    "cipher-auth",
    "compression",
    "help",
    "kex",
    "key",
    "key-cert",
    "key-plain",
    "key-sig",
    "mac",
    "protocol-version",
    "sig",
];

/// A name in each line; none for a list that there is not.
pub fn answer(name: &str) -> Option<String> {
    let all = available();
    let is_authenticated = |name: &&String| name.contains("gcm") || name.contains("poly1305");
    // Names of signatures are no types of keys: `ssh-keygen -t` is called with these.
    let is_type = |name: &String| !name.starts_with("rsa-sha2-");
    let is_certificate = |name: &String| name.contains("-cert-");
    let lines: Vec<String> = match name.to_ascii_lowercase().as_str() {
        "cipher" | "ciphers" => all.ciphers.all,
        "cipher-auth" => all.ciphers.all.iter().filter(is_authenticated).cloned().collect(),
        "mac" | "macs" => all.macs.all,
        "kex" | "kexalgorithms" => all.kex.all,
        "key" => all.keys.all.into_iter().filter(is_type).collect(),
        "key-plain" => {
            all.keys.all.into_iter().filter(|name| is_type(name) && !is_certificate(name)).collect()
        }
        "key-cert" => all.keys.all.into_iter().filter(|name| is_type(name) && is_certificate(name)).collect(),
        "key-sig" | "hostkeyalgorithms" | "pubkeyacceptedalgorithms" | "hostbasedacceptedalgorithms" => {
            all.keys.all
        }
        "sig" => all.ca_signatures.all,
        "compression" => vec!["none".to_owned()],
        "protocol-version" => vec!["2".to_owned()],
        "help" => NAMES.iter().map(|name| (*name).to_owned()).collect(),
        _ => return None,
    };
    Some(lines.into_iter().map(|line| line + "\n").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_keys_are_those_that_can_be_made_and_signatures_have_lists_of_their_own() {
        let lines =
            |name: &str| answer(name).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
        for name in ["key", "key-plain", "key-cert"] {
            assert!(!lines(name).iter().any(|one| one.starts_with("rsa-sha2-")), "{name}: {:?}", lines(name));
        }
        assert!(lines("key-plain").contains(&"ssh-rsa".to_owned()));
        assert!(lines("key-cert").contains(&"ssh-rsa-cert-v01@openssh.com".to_owned()));
        for name in
            ["key-sig", "HostKeyAlgorithms", "pubkeyacceptedalgorithms", "HostbasedAcceptedAlgorithms"]
        {
            for signature in ["rsa-sha2-512", "rsa-sha2-256-cert-v01@openssh.com"] {
                assert!(lines(name).contains(&signature.to_owned()), "{name} {signature}");
            }
        }
        assert!(lines("sig").contains(&"rsa-sha2-512".to_owned()));
        assert!(NAMES.iter().all(|name| answer(name).is_some()));
    }
}
