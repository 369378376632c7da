//! On keys that ssh-keygen, openssl and puttygen have made for each test.

use std::process::Command;

use super::*;

const PASSPHRASE: &str = "correct horse 电池";

/// A folder with keys of its own.
struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        close_to_others(&path);
        path
    }

    /// Makes `name` and `name.pub`. One round of bcrypt, as this is about formats.
    fn generate(&self, name: &str, kind: &[&str], passphrase: &str) -> PathBuf {
        let path = self.path(name);
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-a", "1", "-C", "a comment", "-N", passphrase]).args(kind).arg("-f").arg(&path);
        run(&mut keygen);
        path
    }

    /// The public half as OpenSSH wrote it.
    fn public(&self, name: &str) -> PublicKey {
        let text = std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        PublicKey::from_openssh(text.trim()).unwrap()
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

fn close_to_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

/// Loads without a passphrase.
#[track_caller]
fn assert_plain(path: &Path, public: &PublicKey) {
    for passphrase in [None, Some(secret("not needed"))] {
        let key = load(path, passphrase.as_ref()).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
        assert_eq!(key.public_key().key_data(), public.key_data(), "{path:?}");
        assert!(!key.is_encrypted());
    }
}

/// Asks for a passphrase, knows a wrong one, and loads with the right one.
#[track_caller]
fn assert_encrypted(path: &Path, public: &PublicKey) {
    let name = path.display().to_string();
    assert_eq!(load(path, None).unwrap_err(), LoadError::Encrypted { path: name.clone() });
    for wrong in ["wrong", "", "wrong 2", "correct horse"] {
        let error = load(path, Some(&secret(wrong))).unwrap_err();
        assert_eq!(error, LoadError::WrongPassphrase { path: name.clone() }, "{wrong}");
    }
    let key = load(path, Some(&secret(PASSPHRASE))).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
    assert_eq!(key.public_key().key_data(), public.key_data(), "{path:?}");
    assert!(!key.is_encrypted());
}

const TYPES: [(&str, &[&str]); 5] = [
    ("ed25519", &["-t", "ed25519"]),
    ("ecdsa256", &["-t", "ecdsa", "-b", "256"]),
    ("ecdsa384", &["-t", "ecdsa", "-b", "384"]),
    ("ecdsa521", &["-t", "ecdsa", "-b", "521"]),
    ("rsa", &["-t", "rsa", "-b", "2048"]),
];

#[test]
fn keys_of_every_type_and_format_of_ssh_keygen_are_loaded() {
    let keys = Keys::new();
    for (kind, arguments) in TYPES {
        for format in ["RFC4716", "PEM", "PKCS8"] {
            let arguments = [arguments, &["-m", format]].concat();
            let name = format!("{kind}-{format}");
            assert_plain(&keys.generate(&name, &arguments, ""), &keys.public(&name));
            let name = format!("{kind}-{format}-encrypted");
            assert_encrypted(&keys.generate(&name, &arguments, PASSPHRASE), &keys.public(&name));
        }
    }
}

#[test]
fn every_cipher_of_ssh_keygen_is_known() {
    let keys = Keys::new();
    let ciphers = Command::new("ssh").args(["-Q", "cipher"]).output().unwrap().stdout;
    for cipher in String::from_utf8(ciphers).unwrap().lines().filter(|cipher| *cipher != "3des-cbc") {
        let name = format!("key-{cipher}");
        assert_encrypted(
            &keys.generate(&name, &["-t", "ed25519", "-Z", cipher], PASSPHRASE),
            &keys.public(&name),
        );
    }
    let odd = keys.generate("odd", &["-t", "ed25519", "-Z", "3des-cbc"], PASSPHRASE);
    let LoadError::UnknownType { said, .. } = load(&odd, Some(&secret(PASSPHRASE))).unwrap_err() else {
        panic!()
    };
    assert!(said.contains(&format!("ssh-keygen -p -f {}", odd.display())), "{said}");
}

#[test]
fn keys_that_openssl_has_encrypted_are_loaded() {
    if !is_installed("openssl") {
        return;
    }
    let keys = Keys::new();
    let rsa = keys.generate("rsa", &["-t", "rsa", "-b", "2048", "-m", "PEM"], "");
    let ec = keys.generate("ec", &["-t", "ecdsa", "-b", "256", "-m", "PEM"], "");
    let openssl = |command: &[&str], input: &Path, name: &str| {
        let output = keys.path(name);
        run(Command::new("openssl")
            .args(command)
            .arg("-in")
            .arg(input)
            .arg("-out")
            .arg(&output)
            .args(["-passout", &format!("pass:{PASSPHRASE}")]));
        close_to_others(&output);
        output
    };
    for cipher in ["-aes128", "-aes192", "-aes256", "-des3"] {
        let older = openssl(&["rsa", "-traditional", cipher], &rsa, &format!("rsa{cipher}"));
        assert!(std::fs::read_to_string(&older).unwrap().contains("DEK-Info"));
        assert_encrypted(&older, &keys.public("rsa"));
        assert_encrypted(&openssl(&["ec", cipher], &ec, &format!("ec{cipher}")), &keys.public("ec"));
    }
    let scrypt = ["pkcs8", "-topk8", "-scrypt", "-scrypt_N", "16"];
    let sha1 = ["pkcs8", "-topk8", "-v2", "aes256", "-v2prf", "hmacWithSHA1", "-iter", "10"];
    let des = ["pkcs8", "-topk8", "-v2", "des3", "-iter", "10"];
    for (number, command) in [&scrypt[..], &sha1[..], &des[..]].into_iter().enumerate() {
        assert_encrypted(&openssl(command, &rsa, &format!("pkcs8-{number}")), &keys.public("rsa"));
    }
    // Certificates and settings before the key, as in the output of `openssl pkcs12`.
    let bag = format!("Bag Attributes\n    localKeyID: 01\n{}", std::fs::read_to_string(&rsa).unwrap());
    assert_plain(&keys.write("bag", &bag), &keys.public("rsa"));

    let odd = openssl(&["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"], &rsa, "pbes1");
    let LoadError::UnknownType { said, .. } = load(&odd, Some(&secret(PASSPHRASE))).unwrap_err() else {
        panic!()
    };
    assert!(said.contains("ssh-keygen -p -f"), "{said}");
    let odd = openssl(&["rsa", "-traditional", "-camellia128"], &rsa, "camellia");
    let LoadError::UnknownType { said, .. } = load(&odd, None).unwrap_err() else { panic!() };
    assert!(said.contains("ssh-keygen -p -f"), "{said}");
}

#[test]
fn keys_of_puttygen_are_loaded() {
    if !is_installed("puttygen") {
        return;
    }
    let keys = Keys::new();
    let (none, some) = (keys.write("none", ""), keys.write("some", PASSPHRASE));
    for (kind, arguments) in TYPES {
        let openssh = keys.generate(kind, arguments, "");
        for version in ["2", "3"] {
            for (passphrase, encrypted) in [(&none, false), (&some, true)] {
                let path = keys.path(&format!("{kind}-{version}-{encrypted}.ppk"));
                let parameters =
                    format!("version={version}{}", if version == "3" { ",memory=64,passes=1" } else { "" });
                run(Command::new("puttygen")
                    .arg(&openssh)
                    .args(["--ppk-param", &parameters, "-O", "private", "--new-passphrase"])
                    .arg(passphrase)
                    .arg("-o")
                    .arg(&path));
                if encrypted {
                    assert_encrypted(&path, &keys.public(kind))
                } else {
                    assert_plain(&path, &keys.public(kind))
                }
                assert_eq!(public_half(&path).unwrap().key_data(), keys.public(kind).key_data());
            }
        }
    }
}

#[test]
fn a_putty_key_that_would_take_all_memory_is_refused() {
    let keys = Keys::new();
    let greedy = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\nComment: x\nPublic-Lines: 0\n\
        Key-Derivation: Argon2id\nArgon2-Memory: 4000000000\nArgon2-Passes: 1\nArgon2-Parallelism: 1\nArgon2-Salt: 00\n\
        Private-Lines: 0\nPrivate-MAC: 00\n";
    let path = keys.write("greedy.ppk", greedy);
    assert!(matches!(load(&path, Some(&secret("x"))), Err(LoadError::UnknownType { .. })));
}

#[test]
fn what_is_no_usable_key_is_said() {
    let keys = Keys::new();
    let ed25519 = keys.generate("id", &["-t", "ed25519"], "");
    let public = keys.path("id.pub");
    close_to_others(&public);
    let said = |path: &Path| match load(path, None).unwrap_err() {
        LoadError::UnknownType { said, .. } => said,
        other => panic!("{other:?}"),
    };
    assert!(said(&public).contains("is a public key"), "{}", said(&public));
    let dsa = keys.generate("dsa", &["-t", "dsa"], "");
    assert!(said(&dsa).contains("DSA"), "{}", said(&dsa));
    let dsa = keys.generate("dsa-encrypted", &["-t", "dsa"], PASSPHRASE);
    assert!(said(&dsa).contains("DSA"), "no passphrase is asked for: {}", said(&dsa));
    let dsa = keys.generate("dsa-pem", &["-t", "dsa", "-m", "PEM"], "");
    assert!(said(&dsa).contains("DSA"), "{}", said(&dsa));
    let dsa = keys.generate("dsa-pkcs8", &["-t", "dsa", "-m", "PKCS8"], "");
    assert!(said(&dsa).contains("DSA"), "{}", said(&dsa));
    assert!(said(&keys.write("text", "hello\n")).contains("no private key"));
    assert!(said(&keys.write("v1.ppk", "PuTTY-User-Key-File-1: ssh-rsa\n")).contains("PuTTYgen"));
    let error = Error::from(load(&public, None).unwrap_err());
    assert_eq!(
        (error.code, error.params["path"].as_str()),
        (ErrorCode::KeyUnknownType, public.to_str().unwrap())
    );
    assert!(error.message.contains(public.to_str().unwrap()), "{error}");

    let missing = Error::from(load(&keys.path("none"), None).unwrap_err());
    assert_eq!(missing.code, ErrorCode::KeyUnreadable);
    assert!(missing.message.contains("there is no such file"), "{missing}");
    let folder = Error::from(load(keys.0.path(), None).unwrap_err());
    assert_eq!(folder.code, ErrorCode::KeyUnreadable, "{folder}");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&ed25519, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Error::from(load(&ed25519, None).unwrap_err());
        assert_eq!(error.code, ErrorCode::KeyUnreadable);
        assert!(
            error.message.contains(&format!(
                "(0640) let others read it. Close it with: chmod 600 {}",
                ed25519.display()
            ))
        );
    }
}

#[test]
fn a_damaged_key_is_refused_without_a_word_of_its_content() {
    let keys = Keys::new();
    let mut paths = Vec::new();
    for (kind, arguments) in TYPES {
        for format in ["RFC4716", "PEM", "PKCS8"] {
            paths.push(keys.generate(
                &format!("{kind}-{format}"),
                &[arguments, &["-m", format]].concat(),
                "",
            ));
        }
        if is_installed("puttygen") {
            let ppk = keys.path(&format!("{kind}.ppk"));
            let openssh = keys.path(&format!("{kind}-RFC4716"));
            run(Command::new("puttygen").arg(openssh).args(["-O", "private", "-o"]).arg(&ppk));
            paths.push(ppk);
        }
    }
    for path in paths {
        let whole = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        for missing in 1..lines.len() {
            let mut rest = lines.clone();
            rest.remove(missing);
            for text in [rest.join("\n"), lines[..missing].join("\n"), lines[..missing].join("\n") + "!\n"] {
                let Err(error) = load(&keys.write("damaged", &text), None) else { continue };
                let error = Error::from(error);
                let told = format!("{error} {error:?}");
                for line in lines.iter().filter(|line| line.len() > 20 && !line.contains(' ')) {
                    assert!(!told.contains(line), "{told}");
                }
            }
        }
        let cut = keys.write("damaged", &lines[..lines.len() / 2].join("\n"));
        assert!(matches!(load(&cut, None), Err(LoadError::Unreadable { .. })), "{path:?}");
    }
}

#[test]
fn the_public_half_of_an_encrypted_key_needs_no_passphrase() {
    let keys = Keys::new();
    let openssh = keys.generate("openssh", &["-t", "ed25519"], PASSPHRASE);
    let public = keys.public("openssh");
    // The clear part counts, not a .pub file that belongs to another key.
    keys.generate("other", &["-t", "ed25519"], "");
    std::fs::copy(keys.path("other.pub"), keys.path("openssh.pub")).unwrap();
    assert_eq!(public_half(&openssh).unwrap().key_data(), public.key_data());

    let pem = keys.generate("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"], PASSPHRASE);
    assert_eq!(public_half(&pem).unwrap().key_data(), keys.public("pem").key_data());
    std::fs::remove_file(keys.path("pem.pub")).unwrap();
    assert!(public_half(&pem).is_none());
}

#[test]
fn a_key_with_windows_line_ends_and_a_byte_order_mark_is_loaded() {
    let keys = Keys::new();
    for (name, format) in [("openssh", "RFC4716"), ("pem", "PEM")] {
        let path = keys.generate(name, &["-t", "ecdsa", "-m", format], PASSPHRASE);
        let windows = std::fs::read_to_string(&path).unwrap().replace('\n', " \r\n");
        assert_encrypted(&keys.write("windows", &format!("\u{feff}\r\n{windows}")), &keys.public(name));
    }
}
