use russh::keys::ssh_key::certificate::{Builder, CertType};

use super::*;

const NOW: u64 = 2_000_000_000;

struct Authority {
    private: PrivateKey,
    host: PublicKey,
}

impl Authority {
    fn new() -> Self {
        Self { private: private_key("ed25519"), host: key("ed25519") }
    }

    /// A certificate for `web`, valid for an hour around now, changed as the test wants.
    fn certify(&self, change: impl FnOnce(&mut Builder)) -> Certificate {
        self.certify_between(NOW - 1800, NOW + 1800, change)
    }

    fn certify_between(&self, after: u64, before: u64, change: impl FnOnce(&mut Builder)) -> Certificate {
        self.certify_as(CertType::Host, after, before, change)
    }

    fn certify_as(
        &self,
        kind: CertType,
        after: u64,
        before: u64,
        change: impl FnOnce(&mut Builder),
    ) -> Certificate {
        let mut builder =
            Builder::new(vec![7; 16], self.host.key_data().clone(), after, before).expect("a builder");
        builder.cert_type(kind).expect("a type");
        builder.valid_principal("web").expect("a name");
        change(&mut builder);
        builder.sign(&self.private).expect("a certificate")
    }

    fn line(&self, names: &str) -> String {
        line(&format!("@cert-authority {names}"), self.private.public_key())
    }
}

fn judge(
    bed: &Bed,
    address: &str,
    port: u16,
    certificate: &Certificate,
) -> (Verdict, Option<CertificateFault>) {
    bed.host(address, port).judge_certificate(certificate, NOW).expect("readable")
}

#[test]
fn a_certificate_of_an_authority_that_is_known_for_the_host_is_good() {
    let authority = Authority::new();
    let certificate = authority.certify(|_| {});
    for names in ["web", "*", "w?b,!other"] {
        let bed = Bed::new(authority.line(names));
        assert_eq!(judge(&bed, "WEB", 22, &certificate), (Verdict::Certified, None), "{names}");
        // Patterns of authorities name hosts without their ports.
        assert_eq!(judge(&bed, "web", 2222, &certificate), (Verdict::Certified, None), "{names}");
        assert!(bed.host("web", 22).known_types().expect("readable").has_authority);
    }
    let bed = Bed::new(authority.line("*.example,!web"));
    assert!(!bed.host("web", 22).known_types().expect("readable").has_authority);
    let (verdict, fault) = judge(&bed, "web", 22, &certificate);
    assert_eq!(
        (fault, matches!(verdict, Verdict::Unknown { .. })),
        (Some(CertificateFault::UnknownAuthority), true)
    );
}

#[test]
fn a_certificate_that_does_not_count_leaves_the_plain_key_in_it_to_be_judged() {
    let authority = Authority::new();
    let faults = [
        (authority.certify_between(NOW - 10, NOW, |_| {}), CertificateFault::Expired),
        (authority.certify_between(NOW + 1, NOW + 10, |_| {}), CertificateFault::NotYetValid),
        (authority.certify_as(CertType::User, NOW - 1, NOW + 1, |_| {}), CertificateFault::NotForHosts),
        (
            authority.certify(|builder| {
                builder.critical_option("force-command", "x").expect("an option");
            }),
            CertificateFault::CriticalOptions,
        ),
    ];
    let unknown = Bed::new(authority.line("*"));
    let known = Bed::new(authority.line("*") + &line("web", &authority.host));
    let changed = Bed::new(authority.line("*") + &line("web", &key("ed25519")));
    for (certificate, fault) in faults {
        let fault = Some(fault);
        let (verdict, found) = judge(&unknown, "web", 22, &certificate);
        assert_eq!((matches!(verdict, Verdict::Unknown { .. }), &found), (true, &fault));
        assert_eq!(judge(&known, "web", 22, &certificate), (Verdict::Known, fault));
        let (verdict, _) = judge(&changed, "web", 22, &certificate);
        assert!(matches!(verdict, Verdict::Changed { .. }), "{fault:?}");
    }
}

#[test]
fn the_names_in_a_certificate_are_those_of_the_host_or_its_alias_and_no_patterns() {
    let authority = Authority::new();
    let bed = Bed::new(authority.line("*"));
    let certificate = authority.certify(|builder| {
        builder.valid_principal("*").expect("a name");
    });
    let (_, fault) = judge(&bed, "other", 22, &certificate);
    assert_eq!(fault, Some(CertificateFault::OtherHosts));
    let policy = TrustPolicy { host_key_alias: Some("web".into()), ..TrustPolicy::default() };
    let aliased = bed.store.host(&policy, "other", 2222);
    assert_eq!(aliased.judge_certificate(&certificate, NOW).expect("readable"), (Verdict::Certified, None));
    let everywhere = Builder::new(vec![7; 16], authority.host.key_data().clone(), NOW - 1, NOW + 1).and_then(
        |mut builder| {
            builder.cert_type(CertType::Host)?;
            builder.all_principals_valid()?;
            builder.sign(&authority.private)
        },
    );
    assert_eq!(judge(&bed, "other", 22, &everywhere.expect("a certificate")), (Verdict::Certified, None));
}

#[test]
fn neither_a_revoked_authority_nor_a_revoked_key_is_good_whatever_else_is_trusted() {
    let authority = Authority::new();
    let certificate = authority.certify(|_| {});
    for revoked in [authority.private.public_key(), &authority.host] {
        let bed = Bed::new(
            authority.line("*") + &line("web", &authority.host) + &line("@revoked elsewhere", revoked),
        );
        let (verdict, _) = judge(&bed, "web", 22, &certificate);
        assert!(matches!(verdict, Verdict::Revoked { line: 3, .. }), "{verdict:?}");
    }
}

#[test]
fn a_forged_certificate_is_no_good() {
    let (authority, forger) = (Authority::new(), Authority::new());
    let certificate = authority.certify(|_| {});
    let mut bytes = certificate.to_bytes().expect("bytes");
    // The last byte is of the signature.
    *bytes.last_mut().expect("bytes") ^= 1;
    let broken = Certificate::from_bytes(&bytes).expect("it can be read");
    let bed = Bed::new(authority.line("*"));
    assert_eq!(judge(&bed, "web", 22, &broken).1, Some(CertificateFault::BadSignature));
    assert_eq!(judge(&bed, "web", 22, &forger.certify(|_| {})).1, Some(CertificateFault::UnknownAuthority));
}

#[test]
fn the_key_of_an_authority_is_no_key_of_a_host_and_the_other_way_round() {
    let authority = Authority::new();
    let bed = Bed::new(authority.line("*"));
    assert!(matches!(bed.judge("web", 22, authority.private.public_key()), Verdict::Unknown { .. }));
    let bed = Bed::new(line("*", authority.private.public_key()));
    assert_eq!(
        judge(&bed, "web", 22, &authority.certify(|_| {})).1,
        Some(CertificateFault::UnknownAuthority)
    );
}
