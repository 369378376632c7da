//! Every key exchange, cipher, MAC and host key type of the installed OpenSSH, one at a time: with only this one on offer a
//! command runs, or it is in the table of those that Bowline does not speak.

use std::path::Path;
use std::process::Command;

use bowline_core::error::{ErrorCode, Result};
use bowline_core::exec::{ExecEnd, ExecEvent, ExecRequest};
use bowline_core::host::AuthMethod;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;

/// What the installed OpenSSH may have and Bowline does not speak, and why.
const NOT_SPOKEN: &[(&str, &str)] = &[
    ("sntrup761x25519-sha512@openssh.com", "russh does not have it; mlkem768x25519-sha256 took its place"),
    ("sntrup761x25519-sha512", "russh does not have it; mlkem768x25519-sha256 took its place"),
    ("diffie-hellman-group1-sha1", "1024 bits and SHA-1: not offered"),
    ("diffie-hellman-group14-sha1", "SHA-1: not offered"),
    ("diffie-hellman-group-exchange-sha1", "SHA-1: not offered"),
    ("3des-cbc", "64-bit blocks: not offered"),
    ("aes128-cbc", "CBC leaks plaintext in SSH (CVE-2008-5161): not offered"),
    ("aes192-cbc", "CBC leaks plaintext in SSH (CVE-2008-5161): not offered"),
    ("aes256-cbc", "CBC leaks plaintext in SSH (CVE-2008-5161): not offered"),
    ("hmac-sha1-96", "russh does not have it"),
    ("hmac-md5", "russh does not have it"),
    ("hmac-md5-96", "russh does not have it"),
    ("umac-64@openssh.com", "russh does not have it"),
    ("umac-128@openssh.com", "russh does not have it"),
    ("hmac-sha1-96-etm@openssh.com", "russh does not have it"),
    ("hmac-md5-etm@openssh.com", "russh does not have it"),
    ("hmac-md5-96-etm@openssh.com", "russh does not have it"),
    ("umac-64-etm@openssh.com", "russh does not have it"),
    ("umac-128-etm@openssh.com", "russh does not have it"),
    ("ssh-dss", "1024 bits: not offered"),
];

/// `ssh -Q`.
fn listed(query: &str) -> Vec<String> {
    let output = Command::new("ssh").args(["-Q", query]).output().expect("ssh runs");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

async fn runs_a_command(sshd: &Sshd) -> Result<Vec<u8>> {
    let desk = Desk::new().await;
    desk.answer_with("");
    let host = desk.save(sshd, AuthMethod::Key).await;
    // More than one packet each way under the new keys.
    let mut exec = desk.engine.exec(&host, ExecRequest::command("cat; exit 7")).await?;
    exec.input.write(&[b'x'; 100_000]).await.expect("cat takes it");
    exec.input.close().await;
    let mut stdout = Vec::new();
    loop {
        match exec.output.next().await.expect("an end") {
            ExecEvent::Output { bytes, .. } => stdout.extend_from_slice(&bytes),
            ExecEvent::Ended(end) => {
                assert_eq!(end, ExecEnd::Exited { status: 7 });
                return Ok(stdout);
            }
        }
    }
}

/// Offers each alone, with some lines of sshd_config.
async fn each_alone(query: &str, lines: impl Fn(&str) -> Vec<String>, skip: impl Fn(&str) -> bool) {
    if !Path::new("/usr/bin/ssh").exists() {
        eprintln!("SKIPPED: ssh is not installed");
        return;
    }
    let mut spoken = Vec::new();
    for name in listed(query).iter().filter(|name| !skip(name)) {
        let mut builder = Sshd::builder();
        for line in lines(name) {
            builder = builder.config_line(&line);
        }
        let Some(sshd) = available(builder.start().await) else { return };
        let begun = std::time::Instant::now();
        let table = NOT_SPOKEN.iter().find(|(one, _)| one == name);
        match (runs_a_command(&sshd).await, table) {
            (Ok(stdout), None) => {
                assert!(stdout == [b'x'; 100_000], "{name}: {} bytes, or others", stdout.len());
                spoken.push(format!("{name} ({} ms)", begun.elapsed().as_millis()));
            }
            (Err(error), Some((_, why))) => {
                assert_eq!(error.code, ErrorCode::NoCommonAlgorithm, "{name}: {error}");
                eprintln!("{query}: not spoken: {name} ({why})");
            }
            (Ok(_), Some((_, why))) => panic!("{name} is spoken although the table says: {why}"),
            (Err(error), None) => panic!("{name}: {error}"),
        }
    }
    eprintln!("{query}: spoken: {}", spoken.join(" "));
    assert!(!spoken.is_empty());
}

fn never(_: &str) -> bool {
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_exchange_of_the_installed_openssh() {
    // Both have 8192 bits here, which take an unoptimised build on a busy machine longer than a handshake may.
    let large = ["diffie-hellman-group18-sha512", "diffie-hellman-group-exchange-sha256"];
    let soak = std::env::var_os("BOWLINE_SOAK").is_some();
    let too_slow = |name: &str| {
        let skip = !soak && cfg!(debug_assertions) && large.contains(&name);
        if skip {
            eprintln!("SKIPPED: {name} without BOWLINE_SOAK=1");
        }
        skip
    };
    each_alone("kex", |name| vec![format!("KexAlgorithms {name}")], too_slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cipher_of_the_installed_openssh() {
    each_alone("cipher", |name| vec![format!("Ciphers {name}")], never).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mac_of_the_installed_openssh() {
    // An AEAD cipher has no MAC: one that needs it goes along.
    each_alone("mac", |name| vec!["Ciphers aes128-ctr".to_owned(), format!("MACs {name}")], never).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_key_type_of_the_installed_openssh() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let keys = [("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048")];
    let mut files = String::new();
    for (kind, bits) in keys {
        let file = folder.path().join(format!("{kind}_{bits}"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-b", bits, "-N", "", "-f"])
            .arg(&file)
            .status()
            .expect("ssh-keygen runs");
        assert!(made.success());
        files.push_str(&format!("HostKey {}\n", file.display()));
    }
    let lines = |name: &str| vec![files.trim_end().to_owned(), format!("HostKeyAlgorithms {name}")];
    // Certificates are not asked for, hardware keys are for people, and sshd 9 makes no DSA keys by itself. RSA with SHA-1 has
    // to be asked for (`tests/configured.rs`).
    let skip = |name: &str| {
        name.contains("-cert-")
            || name.starts_with("sk-")
            || name.contains("webauthn")
            || ["ssh-dss", "ssh-rsa"].contains(&name)
    };
    each_alone("HostKeyAlgorithms", lines, skip).await;
}
