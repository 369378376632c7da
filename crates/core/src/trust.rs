//! Which host keys are trusted: the policy over known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
//!
//! Stricter than most: a host that has any trusted key and shows another one is [`Verdict::Changed`], also when the
//! type differs. Offering only the known types first ([`TrustStore::known_algorithms`]) keeps that from being a nuisance.

use std::path::{Path, PathBuf};

use russh::keys::{Algorithm, HashAlg, PublicKey};

use crate::error::{Error, ErrorCode, Result};
use crate::prompt::{KeyPicture, KnownKey};

mod entry;
mod write;

use entry::{Entry, Marker};

/// A known_hosts file larger than this is refused; 16 MiB is a hundred thousand hosts.
const FILE_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What known_hosts says about a key that a host showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This very key is trusted for this name.
    Known,
    /// The name is not known. `known_as` lists other names that have this very key.
    Unknown { known_as: Vec<String> },
    /// The name is known with other keys only.
    Changed { known: Vec<KnownKey> },
    /// The key is marked `@revoked`, here.
    Revoked { path: String, line: u32 },
}

/// The known_hosts files in use. It holds paths only: every question reads the files anew, so that an edit counts.
#[derive(Debug, Clone)]
pub struct TrustStore {
    /// The first one is written to.
    user_files: Vec<PathBuf>,
    system_files: Vec<PathBuf>,
}

impl TrustStore {
    /// OpenSSH's defaults: `known_hosts` and `known_hosts2` in `ssh_dir` and in `/etc/ssh`.
    pub fn openssh_defaults(ssh_dir: &Path) -> Self {
        Self {
            user_files: vec![ssh_dir.join("known_hosts"), ssh_dir.join("known_hosts2")],
            system_files: system_files(),
        }
    }

    /// Judges `key`, shown by `address` at `port`.
    ///
    /// # Errors
    /// [`ErrorCode::KnownHostsUnreadable`]: a file that is there but cannot be read is no empty file.
    pub fn judge(&self, address: &str, port: u16, key: &PublicKey) -> Result<Verdict> {
        let name = known_name(address, port);
        let (mut known, mut known_as, mut trusted) = (Vec::new(), Vec::new(), false);
        for entry in self.entries()? {
            let same_key = entry.key.key_data() == key.key_data();
            let same_name = entry.names.matches(&name);
            match entry.marker {
                Some(Marker::Revoked) if same_key => {
                    return Ok(Verdict::Revoked { path: entry.path_text(), line: entry.line });
                }
                // Host certificates are not asked for, so a CA's key says nothing about a plain key.
                Some(Marker::Revoked | Marker::CertAuthority) => {}
                None if same_name && same_key => trusted = true,
                None if same_name => known.push(entry.known_key()),
                None if same_key => known_as.extend(entry.names.readable()),
                None => {}
            }
        }
        Ok(if trusted {
            Verdict::Known
        } else if known.is_empty() {
            known_as.dedup();
            Verdict::Unknown { known_as }
        } else {
            Verdict::Changed { known }
        })
    }

    /// The key types that are trusted for a name, so that they can be asked for first.
    ///
    /// # Errors
    /// As [`TrustStore::judge`].
    pub fn known_algorithms(&self, address: &str, port: u16) -> Result<Vec<Algorithm>> {
        let name = known_name(address, port);
        let entries = self.entries()?;
        Ok(entries
            .iter()
            .filter(|entry| entry.marker.is_none() && entry.names.matches(&name))
            .map(|entry| entry.key.algorithm())
            .collect())
    }

    /// Writes a key down for a name, hashed where the file has hashed names already. Survives a crash half way.
    ///
    /// # Errors
    /// [`ErrorCode::KnownHostsUnwritable`].
    pub fn trust(&self, address: &str, port: u16, key: &PublicKey) -> Result<()> {
        write::append(self.user_file()?, &known_name(address, port), key)
    }

    /// Takes every key of a name out of the user's files; other lines stay as they are, to the byte.
    ///
    /// # Errors
    /// [`ErrorCode::KnownHostsUnwritable`], also when the key stands in a file of the system.
    pub fn forget(&self, address: &str, port: u16) -> Result<()> {
        let name = known_name(address, port);
        for path in &self.user_files {
            write::remove(path, &name)?;
        }
        match self.entries()?.into_iter().find(|entry| entry.marker.is_none() && entry.names.matches(&name)) {
            None => Ok(()),
            Some(entry) => Err(write::unwritable(
                &entry.path,
                &format!("line {} has the key too and is not Bowline's to change", entry.line),
            )),
        }
    }

    fn user_file(&self) -> Result<&Path> {
        self.user_files
            .first()
            .map(PathBuf::as_path)
            .ok_or_else(|| Error::internal("no known_hosts file is set"))
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for path in self.user_files.iter().chain(&self.system_files) {
            entries.extend(entry::parse_file(path, &read(path)?));
        }
        Ok(entries)
    }
}

/// How a person sees a key.
pub fn picture(key: &PublicKey) -> KeyPicture {
    let fingerprint = key.fingerprint(HashAlg::Sha256);
    let algorithm = key.algorithm();
    KeyPicture {
        algorithm: algorithm.to_string(),
        fingerprint: fingerprint.to_string(),
        randomart: fingerprint.to_randomart(&header(key)),
    }
}

/// The name under which known_hosts has a host: `[address]:port` unless the port is 22 (OpenSSH's `put_host_port`).
pub fn known_name(address: &str, port: u16) -> String {
    let address = address.to_ascii_lowercase();
    if port == 22 { address } else { format!("[{address}]:{port}") }
}

/// The upper frame of OpenSSH's randomart: `[ED25519 256]`.
fn header(key: &PublicKey) -> String {
    use russh::keys::ssh_key::public::KeyData;
    match key.key_data() {
        KeyData::Ed25519(_) => "[ED25519 256]".to_owned(),
        KeyData::Rsa(rsa) => format!("[RSA {}]", rsa.key_size()),
        KeyData::Ecdsa(ecdsa) => match ecdsa {
            russh::keys::ssh_key::public::EcdsaPublicKey::NistP256(_) => "[ECDSA 256]".to_owned(),
            russh::keys::ssh_key::public::EcdsaPublicKey::NistP384(_) => "[ECDSA 384]".to_owned(),
            russh::keys::ssh_key::public::EcdsaPublicKey::NistP521(_) => "[ECDSA 521]".to_owned(),
        },
        _ => format!("[{}]", key.algorithm()),
    }
}

/// The text of a file; a file that does not exist is empty.
fn read(path: &Path) -> Result<String> {
    let failed = |cause: &dyn std::fmt::Display| {
        Error::new(
            ErrorCode::KnownHostsUnreadable,
            format!(
                "The trusted host keys in {} could not be read: {cause}. Bowline does not connect without them; \
                 mend the file or its permissions.",
                path.display()
            ),
        )
        .with("path", path.display())
        .with("cause", cause)
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(failed(&error)),
        Ok(metadata) if metadata.len() > FILE_MAX_BYTES => return Err(failed(&"it is larger than 16 MiB")),
        Ok(_) => {}
    }
    let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(unix)]
fn system_files() -> Vec<PathBuf> {
    vec!["/etc/ssh/ssh_known_hosts".into(), "/etc/ssh/ssh_known_hosts2".into()]
}

#[cfg(windows)]
fn system_files() -> Vec<PathBuf> {
    let data = std::env::var_os("ProgramData").unwrap_or_else(|| "C:\\ProgramData".into());
    vec![Path::new(&data).join("ssh").join("ssh_known_hosts")]
}

#[cfg(test)]
mod tests;
