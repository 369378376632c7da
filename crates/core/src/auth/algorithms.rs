//! Which signature algorithms are used: `PubkeyAcceptedAlgorithms`, and what the server says it takes (server-sig-algs,
//! RFC 8308 section 3.1). RSA with SHA-1 is used only when it was asked for by name.

use russh::keys::{Algorithm, HashAlg};

use super::options::AuthOptions;
use crate::host::pattern;

const SHA1: [&str; 2] = ["ssh-rsa", "ssh-rsa-cert-v01@openssh.com"];

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// The type of the key says it all.
    Plain,
    /// RSA; none is SHA-1.
    Rsa(Option<HashAlg>),
}

impl Signing {
    pub fn hash(self) -> Option<HashAlg> {
        match self {
            Signing::Plain => None,
            Signing::Rsa(hash) => hash,
        }
    }
}

/// Whether an algorithm, by its name on the wire, may be used.
pub fn accepts(options: &AuthOptions, name: &str) -> bool {
    match &options.accepted_algorithms {
        Some(patterns) => pattern::list_matches(patterns.iter().map(String::as_str), name),
        None => !SHA1.contains(&name),
    }
}

/// How a key of `algorithm` (or its certificate) may sign; nothing if in no way that both sides accept.
///
/// `best` is the best hash for RSA that the server names: `None` when it names none at all, `Some(None)` for SHA-1.
pub fn signing(
    options: &AuthOptions,
    algorithm: &Algorithm,
    certificate: bool,
    best: Option<Option<HashAlg>>,
) -> Option<Signing> {
    let name = |algorithm: &Algorithm| {
        if certificate { algorithm.to_certificate_type() } else { algorithm.as_str().to_owned() }
    };
    if !matches!(algorithm, Algorithm::Rsa { .. }) {
        return accepts(options, &name(algorithm)).then_some(Signing::Plain);
    }
    // A server that names SHA-512 takes SHA-256 too: both are of one document (RFC 8332).
    let by_server: &[Option<HashAlg>] = match best {
        None | Some(Some(HashAlg::Sha512)) => &[Some(HashAlg::Sha512), Some(HashAlg::Sha256), None],
        Some(Some(_)) => &[Some(HashAlg::Sha256), None],
        Some(None) => &[None],
    };
    let may = |hash: &Option<HashAlg>| accepts(options, &name(&Algorithm::Rsa { hash: *hash }));
    by_server.iter().copied().find(may).map(Signing::Rsa)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA512: Option<HashAlg> = Some(HashAlg::Sha512);
    const SHA256: Option<HashAlg> = Some(HashAlg::Sha256);

    fn accepting(patterns: &[&str]) -> AuthOptions {
        let patterns = patterns.iter().map(|one| (*one).to_owned()).collect();
        AuthOptions { accepted_algorithms: Some(patterns), ..AuthOptions::default() }
    }

    #[test]
    fn rsa_signs_with_what_both_sides_accept_and_never_with_sha1_unasked() {
        let rsa = Algorithm::Rsa { hash: None };
        let usual = AuthOptions::default();
        for (options, best, expected) in [
            (&usual, None, Some(Signing::Rsa(SHA512))),
            (&usual, Some(SHA512), Some(Signing::Rsa(SHA512))),
            (&usual, Some(SHA256), Some(Signing::Rsa(SHA256))),
            (&usual, Some(None), None),
            (&accepting(&["rsa-sha2-256"]), Some(SHA512), Some(Signing::Rsa(SHA256))),
            (&accepting(&["ssh-rsa"]), Some(None), Some(Signing::Rsa(None))),
            (&accepting(&["ssh-ed25519"]), None, None),
        ] {
            assert_eq!(signing(options, &rsa, false, best), expected, "{options:?} {best:?}");
        }
    }

    #[test]
    fn certificates_are_accepted_by_their_own_names() {
        let plain_only = accepting(&["ssh-ed25519", "rsa-sha2-*", "!*cert*"]);
        assert!(signing(&plain_only, &Algorithm::Ed25519, false, None).is_some());
        assert!(signing(&plain_only, &Algorithm::Ed25519, true, None).is_none());
        assert!(signing(&plain_only, &Algorithm::Rsa { hash: None }, true, None).is_none());
        let certificates = accepting(&["*-cert-v01@openssh.com"]);
        assert!(signing(&certificates, &Algorithm::Ed25519, true, None).is_some());
        let rsa = signing(&certificates, &Algorithm::Rsa { hash: None }, true, None);
        assert_eq!(rsa, Some(Signing::Rsa(SHA512)));
    }

    #[test]
    fn keys_on_security_keys_have_names_of_their_own() {
        let usual = AuthOptions::default();
        for algorithm in [Algorithm::SkEd25519, Algorithm::SkEcdsaSha2NistP256] {
            assert_eq!(signing(&usual, &algorithm, false, None), Some(Signing::Plain));
            assert_eq!(signing(&accepting(&["ssh-ed25519"]), &algorithm, false, None), None);
        }
    }
}
