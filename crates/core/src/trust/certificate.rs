//! Whether a host certificate is one to go by (PROTOCOL.certkeys of OpenSSH).
//!
//! russh checks one thing only: that the server has the private key of the key that the certificate contains. The rest is
//! decided here.

use std::fmt;

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Algorithm, Certificate, HashAlg};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a certificate counts for nothing. The key in it may still be trusted as a plain key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateFault {
    UnknownAuthority,
    /// It is for logging in, not for a host.
    NotForHosts,
    NotYetValid,
    Expired,
    /// It names other hosts.
    OtherHosts,
    CriticalOptions,
    /// The authority signed with an algorithm that is not accepted (SHA-1).
    WeakSignature,
    BadSignature,
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CertificateFault::UnknownAuthority => "its authority is not trusted for this host",
            CertificateFault::NotForHosts => "it is for users and not for hosts",
            CertificateFault::NotYetValid => "it is not valid yet",
            CertificateFault::Expired => "it has expired",
            CertificateFault::OtherHosts => "it is for other hosts",
            CertificateFault::CriticalOptions => "it has critical options that Bowline does not know",
            CertificateFault::WeakSignature => "it is signed with an algorithm that is too weak",
            CertificateFault::BadSignature => "its signature is wrong",
        })
    }
}

/// Checks everything but whether the authority is trusted: OpenSSH's `sshkey_cert_check_host`.
///
/// `name` is the host as it was dialled, without port, in lower case; `now` counts seconds since 1970. A certificate without
/// names is for every host of its authority. `accepted` are the names of `CASignatureAlgorithms`, if a config says them.
pub(super) fn check(
    certificate: &Certificate,
    name: &str,
    now: u64,
    accepted: Option<&[String]>,
) -> Result<(), CertificateFault> {
    if certificate.cert_type() != CertType::Host {
        return Err(CertificateFault::NotForHosts);
    }
    if now < certificate.valid_after() {
        return Err(CertificateFault::NotYetValid);
    }
    if now >= certificate.valid_before() {
        return Err(CertificateFault::Expired);
    }
    let names = certificate.valid_principals();
    if !names.is_empty() && !names.iter().any(|one| one == name) {
        return Err(CertificateFault::OtherHosts);
    }
    if !certificate.critical_options().is_empty() {
        return Err(CertificateFault::CriticalOptions);
    }
    let signed_with = certificate.signature().algorithm();
    let strong = match accepted {
        Some(accepted) => accepted.iter().any(|name| name == signed_with.as_str()),
        None => is_strong(&signed_with),
    };
    if !strong {
        return Err(CertificateFault::WeakSignature);
    }
    let authority = certificate.signature_key().fingerprint(HashAlg::Sha256);
    certificate.validate_at(now, [&authority]).map_err(|_| CertificateFault::BadSignature)
}

/// OpenSSH's default `CASignatureAlgorithms`: everything but DSA and RSA with SHA-1.
fn is_strong(algorithm: &Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::Ed25519
            | Algorithm::Ecdsa { .. }
            | Algorithm::SkEd25519
            | Algorithm::SkEcdsaSha2NistP256
            | Algorithm::Rsa { hash: Some(HashAlg::Sha256 | HashAlg::Sha512) }
    )
}
