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
    "mac",
    "protocol-version",
    "sig",
];

/// A name in each line; none for a list that there is not.
pub fn answer(name: &str) -> Option<String> {
    let all = available();
    let is_authenticated = |name: &&String| name.contains("gcm") || name.contains("poly1305");
    let lines: Vec<String> = match name.to_ascii_lowercase().as_str() {
        "cipher" | "ciphers" => all.ciphers.all,
        "cipher-auth" => all.ciphers.all.iter().filter(is_authenticated).cloned().collect(),
        "mac" | "macs" => all.macs.all,
        "kex" | "kexalgorithms" => all.kex.all,
        "key" | "hostkeyalgorithms" | "pubkeyacceptedalgorithms" => all.keys.all,
        "key-plain" => all.keys.all.into_iter().filter(|name| !name.contains("-cert-")).collect(),
        "key-cert" => all.keys.all.into_iter().filter(|name| name.contains("-cert-")).collect(),
        "sig" | "key-sig" => all.ca_signatures.all,
        "compression" => vec!["none".to_owned()],
        "protocol-version" => vec!["2".to_owned()],
        "help" => NAMES.iter().map(|name| (*name).to_owned()).collect(),
        _ => return None,
    };
    Some(lines.into_iter().map(|line| line + "\n").collect())
}
