//! Which host keys are trusted: the policy over known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
//!
//! A host that has any trusted key and shows another one is [`Verdict::Changed`], also when the type differs. Asking for the
//! known types first ([`HostTrust::known_types`]) keeps that from being a nuisance.
//!
//! Stricter than OpenSSH in one thing: a key that is marked `@revoked` is refused under every name, not only under those of
//! its line. OpenSSH takes it for `[host]:2222` where the line says `host`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};

use crate::error::{Error, Result};
use crate::prompt::{KeyPicture, KnownKey};

mod certificate;
mod entry;
mod files;
pub mod page;
mod policy;
pub mod rotation;
mod write;

pub use certificate::CertificateFault;
pub use policy::{StrictHostKeyChecking, TrustPolicy, UpdateHostKeys};

use entry::{Entry, Marker};
use page::Removals;
use write::LineChange;

/// What known_hosts says about a key that a host showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This very key is trusted for this name.
    Known,
    /// A trusted authority vouches for the key.
    Certified,
    /// The name is not known. `known_as` lists other names that have this very key.
    Unknown { known_as: Vec<String> },
    /// The name is known with other keys only.
    Changed { known: Vec<KnownKey> },
    /// The key, or the authority that vouches for it, is marked `@revoked`, here.
    Revoked { path: String, line: u32 },
}

/// The known_hosts files that are used where a host has no others. Clones share what can be undone.
#[derive(Debug, Clone)]
pub struct TrustStore {
    user_files: Vec<PathBuf>,
    global_files: Vec<PathBuf>,
    removals: Arc<Removals>,
}

impl TrustStore {
    /// OpenSSH's defaults: `known_hosts` and `known_hosts2` in `ssh_dir` and in `/etc/ssh`.
    pub fn openssh_defaults(ssh_dir: &Path) -> Self {
        let user_files = vec![ssh_dir.join("known_hosts"), ssh_dir.join("known_hosts2")];
        Self::new(user_files, files::system_files())
    }

    /// Other files. The first one of the user is written to.
    pub fn new(user_files: Vec<PathBuf>, global_files: Vec<PathBuf>) -> Self {
        Self { user_files, global_files, removals: Arc::default() }
    }

    /// What is trusted of `address` at `port` under a policy.
    pub fn host(&self, policy: &TrustPolicy, address: &str, port: u16) -> HostTrust {
        let alias = policy.host_key_alias.as_ref().map(|alias| alias.to_ascii_lowercase());
        let address = address.to_ascii_lowercase();
        HostTrust {
            user_files: policy.user_files.clone().unwrap_or_else(|| self.user_files.clone()),
            global_files: policy.global_files.clone().unwrap_or_else(|| self.global_files.clone()),
            name: alias.clone().unwrap_or_else(|| known_name(&address, port)),
            name_without_port: (alias.is_none() && port != 22).then(|| address.clone()),
            principal: alias.unwrap_or(address),
            hash: policy.hash_known_hosts,
            ca_signatures: policy.ca_signatures.clone(),
            revoked_keys: policy.revoked_keys.clone(),
        }
    }
}

/// What is trusted of one host. It holds paths only: every question reads the files anew, so that an edit counts. Reading
/// and writing block; call it where that does no harm.
#[derive(Debug, Clone)]
pub struct HostTrust {
    user_files: Vec<PathBuf>,
    global_files: Vec<PathBuf>,
    /// The name that is looked up and written: `host`, `[host]:port` or the alias.
    name: String,
    /// As in OpenSSH, a key that is trusted for the host without a port is good for its other ports too.
    name_without_port: Option<String>,
    /// The name that a certificate has to have.
    principal: String,
    hash: Option<bool>,
    ca_signatures: Option<Vec<String>>,
    revoked_keys: Option<PathBuf>,
}

/// What can be known of a host before it shows a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownTypes {
    /// The types of its trusted keys.
    pub plain: Vec<Algorithm>,
    /// Whether there is an authority whose certificates count for it.
    pub has_authority: bool,
}

impl HostTrust {
    /// Judges a plain key.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::KnownHostsUnreadable`]: a file that is there but cannot be read is no empty file.
    pub fn judge(&self, key: &PublicKey) -> Result<Verdict> {
        Ok(self.judge_plain(&self.entries()?, key))
    }

    /// Judges a certificate at the time `now`, in seconds since 1970. One that does not count is judged as the plain key that
    /// it contains, as in OpenSSH; the fault is told beside.
    ///
    /// # Errors
    /// As [`HostTrust::judge`].
    pub fn judge_certificate(
        &self,
        certificate: &Certificate,
        now: u64,
    ) -> Result<(Verdict, Option<CertificateFault>)> {
        let entries = self.entries()?;
        let authority = certificate.signature_key();
        if let Some(revoked) = revoked(&entries, |key| key == authority || key == certificate.public_key()) {
            return Ok((revoked, None));
        }
        let is_authority = entries.iter().any(|entry| {
            entry.marker == Some(Marker::CertAuthority)
                && self.names().any(|name| entry.names.matches(name))
                && entry.key.key_data() == authority
        });
        let checked = match is_authority {
            true => certificate::check(certificate, &self.principal, now, self.ca_signatures.as_deref()),
            false => Err(CertificateFault::UnknownAuthority),
        };
        Ok(match checked {
            Ok(()) => (Verdict::Certified, None),
            Err(fault) => {
                let key = PublicKey::from(certificate.public_key().clone());
                (self.judge_plain(&entries, &key), Some(fault))
            }
        })
    }

    /// Which types of key the host should be asked for first.
    ///
    /// # Errors
    /// As [`HostTrust::judge`].
    pub fn known_types(&self) -> Result<KnownTypes> {
        let mut types = KnownTypes::default();
        for entry in self.entries()? {
            match entry.marker {
                None if self.names().any(|name| entry.names.matches(name)) => {
                    types.plain.push(entry.key.algorithm());
                }
                Some(Marker::CertAuthority) if self.names().any(|name| entry.names.matches(name)) => {
                    types.has_authority = true;
                }
                None | Some(Marker::CertAuthority | Marker::Revoked) => {}
            }
        }
        Ok(types)
    }

    /// Writes a key down, in the first of the user's files; nothing if there is none.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::KnownHostsUnwritable`].
    pub fn trust(&self, key: &PublicKey) -> Result<()> {
        match self.user_files.first() {
            Some(path) => write::append(path, &self.name, std::slice::from_ref(key), self.hash),
            None => Ok(()),
        }
    }

    /// Takes the host out of the user's files, whatever its keys; other lines, and other names on its lines, stay.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::KnownHostsUnwritable`], also when the key stands in a file of the system.
    pub fn forget(&self) -> Result<()> {
        for path in &self.user_files {
            write::rewrite_lines(path, |bytes| {
                let text = String::from_utf8_lossy(bytes);
                let Some(line) = entry::parse_line(&text) else { return LineChange::Keep };
                if line.marker.is_some() || !line.names.matches(&self.name) {
                    return LineChange::Keep;
                }
                match entry::without_name(bytes, &line.names, &self.name) {
                    Some(rest) => LineChange::Replace(rest),
                    None => LineChange::Remove,
                }
            })?;
        }
        let left = self.entries()?.into_iter().find(|entry| self.is_own(entry));
        match left {
            None => Ok(()),
            Some(entry) => Err(write::unwritable(
                &entry.path,
                &format!("line {} has the key too and is not Bowline's to change", entry.line),
            )),
        }
    }

    fn judge_plain(&self, entries: &[Entry], key: &PublicKey) -> Verdict {
        if let Some(revoked) = revoked(entries, |other| other == key.key_data()) {
            return revoked;
        }
        let has_key = |entry: &Entry| entry.key.key_data() == key.key_data();
        let (same, others): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().filter(|entry| self.is_own(entry)).partition(|entry| has_key(entry));
        if !same.is_empty() {
            return Verdict::Known;
        }
        if !others.is_empty() {
            return Verdict::Changed { known: others.into_iter().map(Entry::known_key).collect() };
        }
        let elsewhere = || entries.iter().filter(|entry| entry.marker.is_none() && has_key(entry));
        let other_port = |name: &String| elsewhere().any(|entry| entry.names.matches(name));
        if self.name_without_port.as_ref().is_some_and(other_port) {
            return Verdict::Known;
        }
        let mut known_as: Vec<String> =
            elsewhere().flat_map(|entry| entry.names.readable()).cloned().collect();
        known_as.dedup();
        Verdict::Unknown { known_as }
    }

    /// Whether a line trusts a plain key for this very name.
    fn is_own(&self, entry: &Entry) -> bool {
        entry.marker.is_none() && entry.names.matches(&self.name)
    }

    /// The names under which a key counts.
    fn names(&self) -> impl Iterator<Item = &str> {
        [Some(&self.name), self.name_without_port.as_ref()].into_iter().flatten().map(String::as_str)
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = read_all(&self.user_files, &self.global_files)?;
        if let Some(path) = &self.revoked_keys {
            entries.extend(entry::parse_revoked(path, &files::read_revoked(path)?));
        }
        Ok(entries)
    }
}

/// The lines of all files that can be understood, the user's first.
fn read_all(user_files: &[PathBuf], global_files: &[PathBuf]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (paths, global) in [(user_files, false), (global_files, true)] {
        for path in paths {
            entries.extend(entry::parse_file(path, global, &files::read(path)?));
        }
    }
    Ok(entries)
}

fn revoked(entries: &[Entry], is_key: impl Fn(&KeyData) -> bool) -> Option<Verdict> {
    entries
        .iter()
        .find(|entry| entry.marker == Some(Marker::Revoked) && is_key(entry.key.key_data()))
        .map(|entry| Verdict::Revoked { path: entry.path_text(), line: entry.line })
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

/// Nothing can be told of a host without files to look into.
fn no_such_file(path: &Path) -> Error {
    Error::internal(format!("{} is no file of trusted host keys", path.display()))
}

#[cfg(test)]
mod tests;
