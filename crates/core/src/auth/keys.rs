//! Private keys in files: OpenSSH, PEM, PKCS#8 and PuTTY, with and without a passphrase.
//!
//! What lies in a file is told before anything is decrypted, so that nobody types a passphrase for a key that cannot be
//! used. No message here repeats a line of the file, and no error keeps the decoder's, which may.

mod openssh;
mod pem;
mod putty;

use std::path::{Path, PathBuf};

use russh::keys::{PrivateKey, PublicKey, ssh_key};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode};
use crate::host::key_file::{KeyFileKind, read_key_file};
use crate::prompt::Secret;
use pem::Pem;

/// Why a key could not be loaded. `path` is the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// The file is not there, others can read it, or it is damaged.
    Unreadable {
        path: String,
        cause: String,
    },
    /// It holds no private key that we can use; `said` is a sentence about what it is and what to do.
    UnknownType {
        path: String,
        reason: Reason,
        said: String,
    },
    /// It needs a passphrase and got none.
    Encrypted {
        path: String,
    },
    WrongPassphrase {
        path: String,
    },
}

/// Why a file is no key that we can use; the window has a sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    PublicKey,
    /// The handle of a key on a security key.
    Fido,
    Dsa,
    /// Encrypted in a way that we do not know.
    Cipher,
    Unknown,
}

impl Reason {
    /// Its name in the message catalogue.
    fn name(self) -> &'static str {
        match self {
            Reason::PublicKey => "public-key",
            Reason::Fido => "fido",
            Reason::Dsa => "dsa",
            Reason::Cipher => "cipher",
            Reason::Unknown => "unknown",
        }
    }
}

/// Loads a key. With a passphrase this may take some tenths of a second, as the key's owner wished (bcrypt, Argon2).
///
/// A passphrase for a key that has none is ignored.
pub fn load(path: &Path, passphrase: Option<&Secret>) -> Result<PrivateKey, LoadError> {
    let name = path.display().to_string();
    refuse_if_open_to_others(path)?;
    let key = decode(&read(path)?, passphrase).map_err(|refusal| refusal.of_file(name.clone()))?;
    match key.key_data() {
        ssh_key::private::KeypairData::Ed25519(_)
        | ssh_key::private::KeypairData::Rsa(_)
        | ssh_key::private::KeypairData::Ecdsa(_) => Ok(key),
        _ => Err(Refusal::of_algorithm(key.algorithm().as_str()).of_file(name)),
    }
}

/// The public half of an encrypted key: from the clear part of an OpenSSH or PuTTY file, else from the `.pub` file beside
/// it. OpenSSH asks the server about it before it asks the person for the passphrase, and so do we.
pub fn public_half(path: &Path) -> Option<PublicKey> {
    let content = read(path).ok()?;
    let clear = match KeyFileKind::of(content.as_bytes()) {
        KeyFileKind::OpenSsh => {
            Pem::parse(&content).and_then(|pem| openssh::ClearPart::of(pem.body())?.public_key())
        }
        KeyFileKind::Putty => putty::Header::of(&content).public_key(),
        KeyFileKind::Pem | KeyFileKind::Public | KeyFileKind::Other => None,
    };
    clear.or_else(|| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".pub");
        let content = read_key_file(&PathBuf::from(beside)).ok()?;
        PublicKey::from_openssh(String::from_utf8_lossy(&content).trim()).ok()
    })
}

/// The key of a public key file: it stands for one that an agent holds (`IdentityFile` in ssh_config(5)).
pub fn public_key(path: &Path) -> Option<PublicKey> {
    let content = read(path).ok()?;
    match KeyFileKind::of(content.as_bytes()) {
        KeyFileKind::Public => PublicKey::from_openssh(content.trim()).ok(),
        KeyFileKind::OpenSsh | KeyFileKind::Pem | KeyFileKind::Putty | KeyFileKind::Other => None,
    }
}

/// Why a content is no key for us; the file's name comes later.
#[derive(Debug)]
enum Refusal {
    Damaged,
    /// A clause that goes on from "The file ..".
    Unusable(Reason, String),
    Encrypted,
    WrongPassphrase,
}

impl Refusal {
    fn of_algorithm(algorithm: &str) -> Self {
        let reason = match algorithm {
            "ssh-dss" => Reason::Dsa,
            sk if sk.starts_with("sk-") => Reason::Fido,
            _ => Reason::Unknown,
        };
        let said = match algorithm {
            "ssh-dss" => {
                "holds a DSA key, which servers no longer accept. Make a new key with: ssh-keygen -t ed25519"
                    .into()
            }
            sk if sk.starts_with("sk-") => {
                "is only the handle of a key on a security key (FIDO). Add it to your agent with \
                 ssh-add, and choose the agent for this host"
                    .into()
            }
            _ => "holds a key of a type that Bowline does not know. It knows Ed25519, ECDSA and RSA".into(),
        };
        Self::Unusable(reason, said)
    }

    /// `ssh-keygen` reads more than we do, and writes what we read.
    fn of_cipher() -> Self {
        Self::Unusable(
            Reason::Cipher,
            "is encrypted in a way that Bowline does not know. Write it anew, with the same passphrase, with: ssh-keygen -p \
             -f FILE"
                .into(),
        )
    }

    fn of_file(self, path: String) -> LoadError {
        match self {
            Self::Damaged => LoadError::Unreadable { path, cause: "its content is damaged".into() },
            Self::Unusable(reason, said) => {
                let said = format!("The file {path} {}.", said.replace("FILE", &path));
                LoadError::UnknownType { path, reason, said }
            }
            Self::Encrypted => LoadError::Encrypted { path },
            Self::WrongPassphrase => LoadError::WrongPassphrase { path },
        }
    }
}

fn decode(content: &str, passphrase: Option<&Secret>) -> Result<PrivateKey, Refusal> {
    match KeyFileKind::of(content.as_bytes()) {
        KeyFileKind::Putty => putty::decode(content, passphrase),
        KeyFileKind::OpenSsh => openssh::decode(&Pem::parse(content).ok_or(Refusal::Damaged)?, passphrase),
        KeyFileKind::Pem => pem::decode(Pem::parse(content).ok_or(Refusal::Damaged)?, passphrase),
        KeyFileKind::Public => Err(Refusal::Unusable(
            Reason::PublicKey,
            "is a public key, and logging in needs the private one. Choose the file of the same name without .pub".into(),
        )),
        KeyFileKind::Other => Err(Refusal::Unusable(
            Reason::Unknown,
            "holds no private key that Bowline knows. It knows the formats of OpenSSH, PEM, PKCS#8 and PuTTY".into(),
        )),
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, LoadError> {
    let content = read_key_file(path).map(Zeroizing::new).map_err(|error| LoadError::Unreadable {
        path: path.display().to_string(),
        cause: match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
            _ => error.to_string(),
        },
    })?;
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    Ok(Zeroizing::new(String::from_utf8_lossy(content).into_owned()))
}

/// As OpenSSH does (`sshkey_perm_ok` in authfile.c): a key of ours that others can read is not used, as they may have it.
#[cfg(unix)]
fn refuse_if_open_to_others(path: &Path) -> Result<(), LoadError> {
    use std::os::unix::fs::MetadataExt;
    // A file that cannot be looked at is told by the reading.
    let Ok(known) = std::fs::metadata(path) else { return Ok(()) };
    let mode = known.mode() & 0o777;
    if known.uid() != rustix::process::getuid().as_raw() || mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display().to_string();
    let cause = format!("its permissions ({mode:04o}) let others read it. Close it with: chmod 600 {path}");
    Err(LoadError::Unreadable { path, cause })
}

#[cfg(not(unix))]
fn refuse_if_open_to_others(_path: &Path) -> Result<(), LoadError> {
    Ok(())
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unreadable { path, cause } => {
                let message = format!("The key {path} could not be read: {cause}.");
                Error::new(ErrorCode::KeyUnreadable, message).with("path", path).with("cause", cause)
            }
            LoadError::UnknownType { path, reason, said } => {
                let message = format!("The key could not be used. {said}");
                Error::new(ErrorCode::KeyUnknownType, message)
                    .with("path", path)
                    .with("reason", reason.name())
            }
            LoadError::Encrypted { path } => {
                let message = format!(
                    "The key {path} could not be used because it needs its passphrase. Type it when asked."
                );
                Error::new(ErrorCode::KeyEncrypted, message).with("path", path)
            }
            LoadError::WrongPassphrase { path } => {
                let message =
                    format!("The key {path} could not be unlocked: the passphrase was wrong. Try again.");
                Error::new(ErrorCode::PassphraseWrong, message).with("path", path)
            }
        }
    }
}

#[cfg(test)]
mod tests;
