//! Which algorithms there are, in which order they are offered, and what a host's config chooses among them.
//!
//! The lists are made from russh's own constants, so that a name that is offered is always one that it can speak.

use std::borrow::Cow;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};

use crate::host::ssh_config::algorithms::{Algorithms, Names};
use crate::trust::KnownTypes;

/// Names of RFC 8308 and of OpenSSH's strict key exchange that stand among the key exchanges and are none: a config chooses
/// nothing about them.
const EXTENSIONS: [kex::Name; 2] =
    [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];

/// What ssh_config(5) says about algorithms for one host: names, in the order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmChoice {
    pub ciphers: Vec<String>,
    pub macs: Vec<String>,
    pub kex: Vec<String>,
    /// Certificates by names of their own.
    pub host_keys: Vec<String>,
    /// A line says so; otherwise the types of the host's known keys come first.
    pub host_keys_given: bool,
    /// `RequiredRSASize`, in bits.
    pub rsa_bits_min: u32,
}

/// Everything that can be chosen from, and what is offered without a choice.
pub fn available() -> Algorithms {
    let plain = Preferred::DEFAULT;
    let names = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect::<Vec<_>>();
    let is_none = |name: &&str| ["none", "clear"].contains(name);
    let keys = host_keys();
    let of_keys = |sha1: bool| -> Vec<String> {
        let shown = keys.iter().filter(|one| sha1 || !is_sha1(one));
        let plain = shown.clone().map(|algorithm| algorithm.as_str().to_owned());
        shown.map(Algorithm::to_certificate_type).chain(plain).collect()
    };
    let security_keys = [Algorithm::SkEd25519, Algorithm::SkEcdsaSha2NistP256];
    let security_keys: Vec<String> = security_keys
        .iter()
        .flat_map(|algorithm| [algorithm.to_certificate_type(), algorithm.as_str().to_owned()])
        .collect();
    let with_security_keys = |names: Vec<String>| names.into_iter().chain(security_keys.clone()).collect();
    let signatures = |sha1: bool| -> Vec<String> {
        let plain = keys.iter().filter(|one| sha1 || !is_sha1(one));
        let security = [Algorithm::SkEd25519, Algorithm::SkEcdsaSha2NistP256];
        plain.chain(&security).map(|algorithm| algorithm.as_str().to_owned()).collect()
    };
    Algorithms {
        ciphers: Names {
            default: names(&mut ciphers(&plain).iter().map(AsRef::as_ref)),
            all: names(&mut cipher::ALL_CIPHERS.iter().map(|name| name.as_ref()).filter(|one| !is_none(one))),
        },
        macs: Names {
            default: names(&mut macs(&plain).iter().map(AsRef::as_ref)),
            all: names(
                &mut mac::ALL_MAC_ALGORITHMS.iter().map(|name| name.as_ref()).filter(|one| !is_none(one)),
            ),
        },
        kex: Names {
            default: names(&mut exchanges(&plain).iter().map(AsRef::as_ref)),
            all: names(
                &mut kex::ALL_KEX_ALGORITHMS.iter().map(|name| name.as_ref()).filter(|one| !is_none(one)),
            ),
        },
        keys: Names { default: with_security_keys(of_keys(false)), all: with_security_keys(of_keys(true)) },
        ca_signatures: Names { default: signatures(false), all: signatures(true) },
    }
}

/// What is offered to a server: the config's choice, or else russh's with the ciphers that cost least here first. The types
/// of known host keys come first, unless a line of the config orders them.
pub(super) fn preferred(known: &KnownTypes, choice: Option<&AlgorithmChoice>) -> Preferred {
    let mut preferred = Preferred::default();
    preferred.cipher = Cow::Owned(match choice {
        Some(choice) => named(&choice.ciphers, |name| cipher::Name::try_from(name).ok()),
        None => ciphers(&preferred),
    });
    preferred.mac = Cow::Owned(match choice {
        Some(choice) => named(&choice.macs, |name| mac::Name::try_from(name).ok()),
        None => macs(&preferred),
    });
    let mut offered = match choice {
        Some(choice) => named(&choice.kex, |name| kex::Name::try_from(name).ok()),
        None => exchanges(&preferred),
    };
    offered.extend(EXTENSIONS);
    preferred.kex = Cow::Owned(offered);
    let ours = host_keys();
    let mut keys: Vec<Algorithm> = match choice {
        Some(choice) => {
            named(&choice.host_keys, |name| ours.iter().find(|one| one.as_str() == name).cloned())
        }
        None => ours.iter().filter(|one| !is_sha1(one)).cloned().collect(),
    };
    let mut certificates: Vec<Algorithm> = match choice {
        Some(choice) => named(&choice.host_keys, |name| {
            ours.iter().find(|one| one.to_certificate_type() == name).cloned()
        }),
        None => keys.clone(),
    };
    if !choice.is_some_and(|choice| choice.host_keys_given) {
        // An RSA key is one key with several signature algorithms. The sort is stable: the rest keeps its order.
        let same_key = |a: &Algorithm, b: &Algorithm| {
            let rsa = |one: &Algorithm| matches!(one, Algorithm::Rsa { .. });
            a == b || (rsa(a) && rsa(b))
        };
        let is_new = |algorithm: &Algorithm| !known.plain.iter().any(|one| same_key(one, algorithm));
        keys.sort_by_key(is_new);
        certificates.sort_by_key(is_new);
    }
    // Certificates are asked for, ahead of plain keys, only where an authority is known for the host: a server that has one
    // shows nothing else then. A config that names nothing else wants them in any case.
    if known.has_authority || keys.is_empty() {
        preferred.host_key_certificates = Cow::Owned(certificates);
    }
    preferred.key = Cow::Owned(keys);
    // russh offers zlib by default, and a server that insists would get it. It costs more than it saves on most links, and a
    // server could make much of little.
    preferred.compression = Cow::Borrowed(&[compression::NONE]);
    preferred
}

fn named<T>(names: &[String], find: impl Fn(&str) -> Option<T>) -> Vec<T> {
    names.iter().filter_map(|name| find(name)).collect()
}

fn ciphers(preferred: &Preferred) -> Vec<cipher::Name> {
    let mut ciphers = preferred.cipher.to_vec();
    if cpu_has_aes() {
        ciphers.retain(|name| *name != cipher::AES_256_GCM);
        ciphers.splice(0..0, [cipher::AES_128_GCM, cipher::AES_256_GCM]);
    } else {
        ciphers.insert(1, cipher::AES_128_GCM);
    }
    ciphers
}

fn macs(preferred: &Preferred) -> Vec<mac::Name> {
    // Last, as with OpenSSH: older network equipment has no other, and HMAC does not need SHA-1 to be collision-free.
    let mut macs = preferred.mac.to_vec();
    macs.extend([mac::HMAC_SHA1_ETM, mac::HMAC_SHA1].iter().filter(|name| !preferred.mac.contains(name)));
    macs
}

fn exchanges(preferred: &Preferred) -> Vec<kex::Name> {
    let is_exchange = |name: &&kex::Name| kex::ALL_KEX_ALGORITHMS.contains(name);
    let mut exchanges: Vec<kex::Name> = preferred.kex.iter().filter(is_exchange).copied().collect();
    // russh leaves the NIST curves out; servers that have to follow FIPS 140 may have nothing else that is quick.
    let curves = [kex::ECDH_SHA2_NISTP256, kex::ECDH_SHA2_NISTP384, kex::ECDH_SHA2_NISTP521];
    let after = exchanges
        .iter()
        .rposition(|name| name.as_ref().starts_with("curve25519-"))
        .map_or(0, |last| last + 1);
    exchanges.splice(after..after, curves);
    exchanges
}

/// The host keys that russh can check. The last one signs with SHA-1 and, as with OpenSSH, is used only where a config asks
/// for it.
fn host_keys() -> [Algorithm; 7] {
    let rsa = |hash| Algorithm::Rsa { hash };
    let ecdsa = |curve| Algorithm::Ecdsa { curve };
    [
        Algorithm::Ed25519,
        ecdsa(EcdsaCurve::NistP256),
        ecdsa(EcdsaCurve::NistP384),
        ecdsa(EcdsaCurve::NistP521),
        rsa(Some(HashAlg::Sha512)),
        rsa(Some(HashAlg::Sha256)),
        rsa(None),
    ]
}

fn is_sha1(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rsa { hash: None })
}

/// AES in hardware makes GCM cheaper than ChaCha20 (design.md, fact 6).
fn cpu_has_aes() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::ssh_config::algorithms::assemble;

    fn chosen(host_keys: &str) -> AlgorithmChoice {
        let available = available();
        AlgorithmChoice {
            ciphers: available.ciphers.default.clone(),
            macs: available.macs.default.clone(),
            kex: available.kex.default.clone(),
            host_keys: assemble(Some(host_keys), &available.keys).expect("a list"),
            host_keys_given: !host_keys.is_empty(),
            rsa_bits_min: 1024,
        }
    }

    fn known(plain: Vec<Algorithm>, has_authority: bool) -> KnownTypes {
        KnownTypes { plain, has_authority }
    }

    fn names(keys: &[Algorithm]) -> Vec<&str> {
        keys.iter().map(Algorithm::as_str).collect()
    }

    #[test]
    fn every_name_is_one_of_russh_and_the_usual_ones_are_among_all() {
        let available = available();
        for name in &available.ciphers.all {
            assert!(cipher::Name::try_from(name.as_str()).is_ok(), "{name}");
        }
        for name in &available.macs.all {
            assert!(mac::Name::try_from(name.as_str()).is_ok(), "{name}");
        }
        for name in &available.kex.all {
            assert!(kex::Name::try_from(name.as_str()).is_ok(), "{name}");
        }
        for kind in
            [&available.ciphers, &available.macs, &available.kex, &available.keys, &available.ca_signatures]
        {
            assert!(kind.default.iter().all(|name| kind.all.contains(name)), "{kind:?}");
            assert!(!kind.all.iter().any(|name| name == "none" || name == "clear"), "{kind:?}");
        }
        // All that russh checks by default, and no more.
        let mut russh: Vec<_> = Preferred::DEFAULT.key.iter().map(Algorithm::as_str).collect();
        let ours = host_keys();
        let mut ours = names(&ours);
        russh.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, russh);
    }

    #[test]
    fn a_config_that_chooses_nothing_changes_nothing() {
        let known = known(vec![Algorithm::Rsa { hash: None }], true);
        let (without, with) = (preferred(&known, None), preferred(&known, Some(&chosen(""))));
        assert_eq!(format!("{without:?}"), format!("{with:?}"));
        assert!(without.kex.contains(&kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT));
    }

    #[test]
    fn a_choice_is_offered_in_its_own_order_and_nothing_beside_it() {
        let choice = AlgorithmChoice {
            ciphers: vec!["aes256-ctr".into(), "aes128-ctr".into()],
            macs: vec!["hmac-sha2-256".into()],
            kex: vec!["curve25519-sha256".into()],
            ..chosen("")
        };
        let offered = preferred(&known(Vec::new(), false), Some(&choice));
        assert_eq!(offered.cipher[..], [cipher::AES_256_CTR, cipher::AES_128_CTR]);
        assert_eq!(offered.mac[..], [mac::HMAC_SHA256]);
        assert_eq!(offered.kex[0], kex::CURVE25519);
        assert_eq!(offered.kex[1..], EXTENSIONS);
    }

    #[test]
    fn known_types_come_first_unless_a_line_orders_them() {
        let rsa = known(vec![Algorithm::Rsa { hash: Some(HashAlg::Sha256) }], false);
        assert_eq!(names(&preferred(&rsa, None).key)[..2], ["rsa-sha2-512", "rsa-sha2-256"]);
        let given = preferred(&rsa, Some(&chosen("ssh-ed25519,rsa-sha2-256")));
        assert_eq!(names(&given.key), ["ssh-ed25519", "rsa-sha2-256"]);
    }

    #[test]
    fn rsa_with_sha1_is_offered_only_where_it_is_asked_for() {
        let nothing = known(Vec::new(), false);
        assert!(!names(&preferred(&nothing, None).key).contains(&"ssh-rsa"));
        assert!(names(&preferred(&nothing, Some(&chosen("+ssh-rsa"))).key).contains(&"ssh-rsa"));
    }

    #[test]
    fn certificates_are_asked_for_where_an_authority_is_known_or_nothing_else_is_named() {
        let ed25519 = || vec![Algorithm::Ed25519];
        assert!(preferred(&known(ed25519(), false), None).host_key_certificates.is_empty());
        assert!(!preferred(&known(ed25519(), true), None).host_key_certificates.is_empty());
        let only = preferred(&known(Vec::new(), false), Some(&chosen("ssh-ed25519-cert-v01@openssh.com")));
        assert_eq!((names(&only.host_key_certificates), only.key.len()), (vec!["ssh-ed25519"], 0));
    }
}
