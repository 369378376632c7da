//! Keys for servers and clients, made by ssh-keygen.

use std::path::Path;
use std::process::Command;

/// A type of host key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKeyType {
    /// `ssh-ed25519`, made in no time.
    Ed25519,
    /// `ecdsa-sha2-nistp256`.
    Ecdsa,
    /// `ssh-rsa` with 2048 bits, which takes a moment to make.
    Rsa,
}

impl HostKeyType {
    /// Every type.
    pub const ALL: [HostKeyType; 3] = [HostKeyType::Ed25519, HostKeyType::Ecdsa, HostKeyType::Rsa];

    pub(super) fn file_name(self) -> &'static str {
        match self {
            HostKeyType::Ed25519 => "host_ed25519",
            HostKeyType::Ecdsa => "host_ecdsa",
            HostKeyType::Rsa => "host_rsa",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            HostKeyType::Ed25519 => &["-t", "ed25519"],
            HostKeyType::Ecdsa => &["-t", "ecdsa", "-b", "256"],
            HostKeyType::Rsa => &["-t", "rsa", "-b", "2048"],
        }
    }
}

/// Makes a key pair: the private key in `file`, in OpenSSH's format, the public one beside it with `.pub` added. An empty
/// passphrase leaves it unprotected. Panics if ssh-keygen fails.
pub fn make_key(kind: HostKeyType, file: &Path, passphrase: &str) {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-C", "bowline-test", "-N", passphrase])
        .args(kind.options())
        .arg("-f")
        .arg(file)
        .output()
        .expect("ssh-keygen runs");
    assert!(output.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&output.stderr));
}
