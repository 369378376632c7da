//! Keys with certificates of an authority that the server trusts.

use super::*;

/// A certificate authority and a key of its own folder.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().expect("a folder") };
        make_key(HostKeyType::Ed25519, &authority.folder.path().join("ca"), "");
        authority
    }

    /// A server that trusts it, and no key by itself.
    async fn server(&self) -> Option<Sshd> {
        let ca = self.folder.path().join("ca.pub");
        let builder = Sshd::builder()
            .config_line(&format!("TrustedUserCAKeys {}", ca.display()))
            .config_line("AuthorizedKeysFile none");
        available(builder.start().await)
    }

    /// A new key with a certificate beside it.
    fn key(&self, kind: HostKeyType, name: &str, principals: &str, validity: &str) -> PathBuf {
        let key = self.folder.path().join(name);
        make_key(kind, &key, "");
        let ca = self.folder.path().join("ca");
        let mut signing = Command::new("ssh-keygen");
        signing.args(["-q", "-I", "test", "-n", principals, "-V", validity, "-s"]).arg(ca);
        let signed = signing.arg(key.with_extension("pub")).status().expect("ssh-keygen runs");
        assert!(signed.success());
        key
    }
}

#[tokio::test]
async fn a_certificate_beside_its_key_gets_in_whatever_the_type_of_the_key() {
    let authority = Authority::new();
    let Some(sshd) = authority.server().await else { return };
    for (kind, name) in [(HostKeyType::Ed25519, "ed"), (HostKeyType::Ecdsa, "ec"), (HostKeyType::Rsa, "rsa")]
    {
        let key = authority.key(kind, name, sshd.user(), "+1h");
        let try_it = Try::new(&sshd, AuthMethod::Key, |_| ()).key(&key);
        assert_eq!(try_it.works().await, [], "{name}");
    }
}

#[tokio::test]
async fn a_certificate_in_a_file_of_its_own_or_in_the_agent_gets_in() {
    let authority = Authority::new();
    let Some(sshd) = authority.server().await else { return };
    let key = authority.key(HostKeyType::Ed25519, "key", sshd.user(), "+1h");
    let beside = authority.folder.path().join("key-cert.pub");
    let agent = Agent::start().await;
    agent.add(&key);
    assert!(agent.list().contains("CERT"), "{}", agent.list());
    assert_eq!(Try::new(&sshd, AuthMethod::Agent, by_agent(&agent)).works().await, []);

    let elsewhere = authority.folder.path().join("elsewhere.pub");
    std::fs::rename(&beside, &elsewhere).expect("it is moved");
    let certificate = elsewhere.to_string_lossy().into_owned();
    let try_it =
        Try::new(&sshd, AuthMethod::Key, |options| options.certificate_files = vec![certificate.clone()]);
    assert_eq!(try_it.key(&key).works().await, []);

    let plain = Agent::start().await;
    plain.add(&key);
    let by_agent = by_agent(&plain);
    let try_it = Try::new(&sshd, AuthMethod::Automatic, |options| {
        by_agent(options);
        (options.identities_only, options.certificate_files) = (true, vec![certificate]);
    });
    assert_eq!(try_it.works().await, []);
}

#[tokio::test]
async fn a_certificate_may_stand_where_the_key_is_named_or_be_its_public_file() {
    let authority = Authority::new();
    let Some(sshd) = authority.server().await else { return };
    let key = authority.key(HostKeyType::Ed25519, "key", sshd.user(), "+1h");
    let beside = authority.folder.path().join("key-cert.pub");
    let elsewhere = authority.folder.path().join("signed.pub");
    std::fs::rename(&beside, &elsewhere).expect("it is moved");
    let named = [&elsewhere, &key].map(|path| path.to_string_lossy().into_owned());
    let as_identity = Try::new(&sshd, AuthMethod::Automatic, |options| {
        (options.identities_only, options.identity_files) = (true, named.to_vec());
    });
    assert_eq!(as_identity.works().await, []);

    std::fs::rename(&elsewhere, key.with_extension("pub")).expect("it is moved");
    assert_eq!(Try::new(&sshd, AuthMethod::Key, |_| ()).key(&key).works().await, []);
}

#[tokio::test]
async fn a_certificate_that_has_expired_or_is_for_others_is_told_as_such() {
    let authority = Authority::new();
    let Some(sshd) = authority.server().await else { return };
    let old = authority.key(HostKeyType::Ed25519, "old", sshd.user(), "20200101:20200201");
    let error = Try::new(&sshd, AuthMethod::Key, |_| ()).key(&old).fails().await;
    assert_eq!(error.code, ErrorCode::CertificateExpired, "{}", error.message);
    assert!(
        error.message.contains("2020-02-01") || error.message.contains("2020-01-31"),
        "{}",
        error.message
    );
    let others = authority.key(HostKeyType::Ed25519, "others", "alice,bob", "+1h");
    let error = Try::new(&sshd, AuthMethod::Key, |_| ()).key(&others).fails().await;
    assert_eq!(error.code, ErrorCode::CertificatePrincipal, "{}", error.message);
    assert_eq!(error.params["principals"], "alice, bob");
}
