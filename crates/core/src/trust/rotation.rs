//! Host key rotation (`UpdateHostKeys`): which of the keys that a trusted server announces are written down, and which old
//! ones go. The rules are those of OpenSSH's `client_input_hostkeys`; where lines are not simple, nothing is touched.

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, PublicKey};

use super::HostTrust;
use super::entry::{self, Entry, Marker};
use super::write::{self, LineChange};
use crate::error::Result;

/// A server has a handful of keys; more than this are not looked at.
const ANNOUNCED_MAX: usize = 32;
/// What `ssh` takes by default (`RequiredRSASize`).
const RSA_MIN_BITS: u32 = 1024;

/// What is to change in known_hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// All announced keys that Bowline can use. The server has to prove that it has every one of them, for this session, before
    /// anything changes.
    pub to_prove: Vec<PublicKey>,
    /// Those that are not known yet.
    pub added: Vec<PublicKey>,
    /// Those that are known and that the server no longer has.
    pub removed: Vec<PublicKey>,
}

/// Why an announcement changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRotation {
    /// Everything is known already.
    NothingNew,
    /// The key of this session is not among the announced ones.
    SessionKeyMissing,
    /// The key of this session does not stand in a file of the person's under the host's name: it was trusted once only, or
    /// because of a certificate, a wildcard, a file of the system, or a line for another port.
    NotTrustedByLine,
    /// A line of the host is for other hosts too.
    SharedLine,
    /// A key that would be added or removed is known under other names.
    OtherNames,
    /// An announced key is marked as revoked.
    Revoked,
}

impl HostTrust {
    /// Decides what an announcement is to change. `session_key` is the key that the server has shown and that was trusted;
    /// `permitted` are the names of `HostKeyAlgorithms`, if a config was asked: keys beyond them count as not announced.
    ///
    /// # Errors
    /// As [`HostTrust::judge`].
    pub fn plan_rotation(
        &self,
        session_key: &PublicKey,
        announced: &[PublicKey],
        permitted: Option<&[String]>,
    ) -> Result<Result<Rotation, NoRotation>> {
        let announced = announced.iter().filter(|key| permitted.is_none_or(|names| is_permitted(key, names)));
        Ok(plan(&self.entries()?, &self.name, session_key, announced))
    }

    /// Writes a rotation down. Call it only after the server has proved [`Rotation::to_prove`]. New keys come before old ones go.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::KnownHostsUnwritable`].
    pub fn apply_rotation(&self, rotation: &Rotation) -> Result<()> {
        let Some(first) = self.user_files.first() else { return Ok(()) };
        if !rotation.added.is_empty() {
            write::append(first, &self.name, &rotation.added, self.hash)?;
        }
        if rotation.removed.is_empty() {
            return Ok(());
        }
        for path in &self.user_files {
            write::rewrite_lines(path, |bytes| {
                let gone = entry::parse_line(&String::from_utf8_lossy(bytes)).is_some_and(|line| {
                    line.marker.is_none()
                        && line.names.is_single()
                        && line.names.matches(&self.name)
                        && has(&rotation.removed, line.key.key_data())
                });
                if gone { LineChange::Remove } else { LineChange::Keep }
            })?;
        }
        Ok(())
    }
}

fn plan<'a>(
    entries: &[Entry],
    name: &str,
    session_key: &PublicKey,
    announced: impl Iterator<Item = &'a PublicKey>,
) -> Result<Rotation, NoRotation> {
    let mut offered: Vec<PublicKey> = Vec::new();
    for key in announced.take(ANNOUNCED_MAX) {
        if is_usable(key) && !has(&offered, key.key_data()) {
            offered.push(PublicKey::from(key.key_data().clone()));
        }
    }
    if !has(&offered, session_key.key_data()) {
        return Err(NoRotation::SessionKeyMissing);
    }
    let revoked =
        |entry: &Entry| entry.marker == Some(Marker::Revoked) && has(&offered, entry.key.key_data());
    if entries.iter().any(revoked) {
        return Err(NoRotation::Revoked);
    }
    let (own, others): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().filter(|entry| entry.marker.is_none()).partition(|entry| entry.names.matches(name));
    if own.iter().any(|entry| entry.global)
        || !own.iter().any(|entry| entry.key.key_data() == session_key.key_data())
    {
        return Err(NoRotation::NotTrustedByLine);
    }
    if own.iter().any(|entry| !entry.names.is_single()) {
        return Err(NoRotation::SharedLine);
    }
    let added: Vec<PublicKey> = offered
        .iter()
        .filter(|key| !own.iter().any(|entry| entry.key.key_data() == key.key_data()))
        .cloned()
        .collect();
    let removed: Vec<PublicKey> = own
        .iter()
        .map(|entry| &entry.key)
        .filter(|key| !has(&offered, key.key_data()))
        .map(|key| PublicKey::from(key.key_data().clone()))
        .collect();
    if added.is_empty() && removed.is_empty() {
        return Err(NoRotation::NothingNew);
    }
    let touched = |entry: &&Entry| has(&added, entry.key.key_data()) || has(&removed, entry.key.key_data());
    if others.iter().any(touched) {
        return Err(NoRotation::OtherNames);
    }
    Ok(Rotation { to_prove: offered, added, removed })
}

fn has(keys: &[PublicKey], key: &KeyData) -> bool {
    keys.iter().any(|one| one.key_data() == key)
}

/// As `key_accepted_by_hostkeyalgs` of OpenSSH: an RSA key is there under the names of its signatures too.
fn is_permitted(key: &PublicKey, names: &[String]) -> bool {
    let has = |one: &str| names.iter().any(|name| name == one);
    match key.key_data() {
        KeyData::Rsa(_) => ["rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"].into_iter().any(has),
        _ => has(key.algorithm().as_str()),
    }
}

fn is_usable(key: &PublicKey) -> bool {
    match key.key_data() {
        KeyData::Rsa(rsa) => rsa.key_size() >= RSA_MIN_BITS,
        _ => matches!(key.algorithm(), Algorithm::Ed25519 | Algorithm::Ecdsa { .. }),
    }
}
