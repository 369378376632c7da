//! Certificates of users (OpenSSH's PROTOCOL.certkeys): read from files, and looked at when a server has refused one.
//!
//! Only the server decides whether a certificate is good. What stands in it tells the person why it was not.

use std::path::Path;

use russh::keys::Certificate;
use russh::keys::ssh_key::certificate::CertType;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode};
use crate::host::key_file::read_key_file;
use crate::prompt::visible_line;

/// OpenSSH's limit for a string of a certificate is far above what a person can read; this many names are told.
const PRINCIPALS_TOLD: usize = 8;
/// How deep certificates may lie in one another; a proper one has a plain key as its authority. ssh-key decodes them
/// recursively, so a file that has more is not decoded at all.
const NESTING_MAX: usize = 2;

/// The user certificate in a file; nothing when there is none.
pub fn read(path: &Path) -> Option<Certificate> {
    // It may turn out to be a private key.
    let content = Zeroizing::new(read_key_file(path).ok()?);
    let text = String::from_utf8_lossy(&content);
    let encoded = text.split_whitespace().nth(1)?;
    let blob = data_encoding::BASE64.decode(encoded.as_bytes()).ok()?;
    let marker = b"-cert-v01@";
    if blob.windows(marker.len()).filter(|part| part == marker).count() > NESTING_MAX {
        return None;
    }
    let certificate = Certificate::from_openssh(text.trim()).ok()?;
    (certificate.cert_type() == CertType::User).then_some(certificate)
}

/// What is wrong with a certificate that a server has refused, if that stands in it. `now` is in seconds since 1970.
pub fn fault(certificate: &Certificate, name: &str, user: &str, now: u64) -> Option<Error> {
    let (from, until) = (certificate.valid_after(), certificate.valid_before());
    if now < from || now >= until {
        let (from, until) = (day(from), day(until));
        return Some(
            Error::new(
                ErrorCode::CertificateExpired,
                format!(
                    "The certificate {name} was refused: it is valid from {from} until {until} only. Ask whoever signed \
                     it for a new one, and check the clock of this machine."
                ),
            )
            .with("path", name)
            .with("from", from)
            .with("until", until),
        );
    }
    let principals = certificate.valid_principals();
    if principals.iter().any(|principal| principal == user) {
        return None;
    }
    let mut told: Vec<String> =
        principals.iter().take(PRINCIPALS_TOLD).map(|principal| visible_line(principal)).collect();
    if principals.len() > PRINCIPALS_TOLD {
        told.push("…".to_owned());
    }
    let told = if told.is_empty() { "-".to_owned() } else { told.join(", ") };
    Some(
        Error::new(
            ErrorCode::CertificatePrincipal,
            format!(
                "The certificate {name} was refused: it names {told}, not {user}. Log in as one of those, or ask for a \
                 certificate for {user}."
            ),
        )
        .with("path", name)
        .with("principals", told)
        .with("user", user),
    )
}

/// The day of a time in seconds since 1970, in UTC, as `2026-01-31`. A time without end is "∞".
fn day(seconds: u64) -> String {
    // The civil calendar from days, by Howard Hinnant's algorithm (days_from_civil, public domain).
    let days = seconds / 86_400;
    if days > 3_000_000 {
        return "∞".to_owned();
    }
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted - era * 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_772_323_199, "2026-02-28"),
            (1_772_323_200, "2026-03-01"),
            (4_102_444_799, "2099-12-31"),
            (u64::MAX, "∞"),
        ] {
            assert_eq!(day(seconds), expected, "{seconds}");
        }
    }
}
