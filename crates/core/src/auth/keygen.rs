//! New keys, written as ssh-keygen(1) writes them: Ed25519, OpenSSH's format (PROTOCOL.key), the public half beside it.

use std::io::Write;
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use russh::keys::ssh_key::{Cipher, Kdf};
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use serde::Serialize;
use ts_rs::TS;
use zeroize::Zeroizing;

use super::keys::{self, LoadError};
use crate::error::{Error, ErrorCode, Result};
use crate::host::key_file::{KeyFileKind, expand_home, read_key_file};
use crate::prompt::{Secret, visible_line};

/// Rounds of bcrypt that stretch the passphrase, as ssh-keygen's default (`-a`, DEFAULT_ROUNDS in its sources).
const BCRYPT_ROUNDS: u32 = 24;
const SALT_BYTES: usize = 16;
/// A comment is one line of a file that others read; ssh-keygen's own buffer for it is as long.
const COMMENT_MAX_BYTES: usize = 1024;
/// Files of `~/.ssh` that are looked at for a list; nobody has more, and a folder may be anything.
const FILES_LISTED: usize = 512;

/// A key in a file, as a person chooses one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// Of the private key; under the home folder it begins with `~`.
    pub path: String,
    /// `ssh-ed25519` and so on.
    pub algorithm: String,
    /// `SHA256:...`
    pub fingerprint: String,
    pub comment: String,
    pub encrypted: bool,
}

/// Makes a key pair. Without a passphrase (or with an empty one) the file is protected by its permissions alone.
///
/// Nothing is ever overwritten, and both files are there afterwards or neither.
///
/// # Errors
/// [`ErrorCode::KeyExists`], [`ErrorCode::KeyUnwritable`].
pub fn generate(path: &str, comment: &str, passphrase: Option<&Secret>) -> Result<KeyInfo> {
    let file = expand_home(path);
    if path.trim().is_empty() || file.file_name().is_none() {
        return Err(unwritable(path, "it names no file"));
    }
    if comment.len() > COMMENT_MAX_BYTES || comment.chars().any(char::is_control) {
        return Err(unwritable(path, "the comment has to be one line of at most 1024 bytes"));
    }
    let public_file = public_path(&file);
    for there in [&file, &public_file] {
        // symlink_metadata sees a link that leads nowhere, too.
        if there.symlink_metadata().is_ok() {
            return Err(exists(there));
        }
    }
    let key = new_key(comment).map_err(|cause| unwritable(path, &cause))?;
    let locked = match passphrase.filter(|passphrase| !passphrase.is_empty()) {
        Some(passphrase) => encrypted(&key, passphrase).map_err(|cause| unwritable(path, &cause))?,
        None => key.clone(),
    };
    let private = locked.to_openssh(LineEnding::LF).map_err(|cause| unwritable(path, &cause.to_string()))?;
    let public = key.public_key().to_openssh().map_err(|cause| unwritable(path, &cause.to_string()))?;
    if let Some(folder) = file.parent() {
        make_private_folder(folder).map_err(|cause| unwritable(path, &cause.to_string()))?;
    }
    let writing = write_new(&file, private.as_bytes(), 0o600).and_then(|()| {
        write_new(&public_file, format!("{public}\n").as_bytes(), 0o644).inspect_err(|_| {
            // Ours, made just now: without its public half it is of no use.
            let _ = std::fs::remove_file(&file);
        })
    });
    writing.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AlreadyExists => exists(&file),
        _ => unwritable(path, &cause.to_string()),
    })?;
    Ok(info(&file, key.public_key(), locked.is_encrypted()))
}

/// The private keys in a folder, by name. Files that are no keys are passed over.
pub fn list(folder: &Path) -> Vec<KeyInfo> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.take(FILES_LISTED).filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.iter().filter_map(|file| look(file)).collect()
}

/// The public key that belongs to a private key file, as a line of authorized_keys.
///
/// # Errors
/// [`ErrorCode::KeyUnreadable`] when it cannot be told.
pub fn public_line(path: &str) -> Result<String> {
    let file = expand_home(path);
    let beside = keys::public_key(&public_path(&file));
    let public = match keys::load(&file, None) {
        Ok(key) => key.public_key().clone(),
        Err(LoadError::Encrypted { .. } | LoadError::UnknownType { .. }) => {
            keys::public_half(&file).or_else(|| keys::public_key(&file)).ok_or_else(|| unreadable(path))?
        }
        Err(error) => return Err(error.into()),
    };
    // The comment is in the .pub file; an encrypted private key hides its own.
    let comment = beside
        .filter(|one| one.key_data() == public.key_data())
        .map_or_else(|| public.comment().to_string(), |one| one.comment().to_string());
    let comment: String = comment.chars().filter(|c| !c.is_control()).take(COMMENT_MAX_BYTES).collect();
    PublicKey::new(public.key_data().clone(), comment.trim()).to_openssh().map_err(|_| unreadable(path))
}

fn look(file: &Path) -> Option<KeyInfo> {
    let content = Zeroizing::new(read_key_file(file).ok()?);
    if !KeyFileKind::of(&content).is_private() {
        return None;
    }
    let (public, encrypted) = match keys::load(file, None) {
        Ok(key) => (key.public_key().clone(), false),
        Err(LoadError::Encrypted { .. }) => (keys::public_half(file)?, true),
        Err(_) => return None,
    };
    let beside = keys::public_key(&public_path(file)).filter(|one| one.key_data() == public.key_data());
    Some(info(file, &beside.unwrap_or(public), encrypted))
}

fn info(file: &Path, public: &PublicKey, encrypted: bool) -> KeyInfo {
    let shown = match dirs::home_dir().and_then(|home| file.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) => Path::new("~").join(rest),
        None => file.to_owned(),
    };
    KeyInfo {
        path: shown.to_string_lossy().into_owned(),
        algorithm: public.algorithm().as_str().to_owned(),
        fingerprint: public.fingerprint(HashAlg::Sha256).to_string(),
        comment: visible_line(public.comment().as_ref()),
        encrypted,
    }
}

fn new_key(comment: &str) -> Result<PrivateKey, String> {
    let mut seed = Zeroizing::new([0; Ed25519PrivateKey::BYTE_SIZE]);
    getrandom::fill(seed.as_mut()).map_err(|cause| cause.to_string())?;
    let pair = Ed25519Keypair::from(Ed25519PrivateKey::from_bytes(&seed));
    PrivateKey::new(KeypairData::Ed25519(pair), comment).map_err(|cause| cause.to_string())
}

fn encrypted(key: &PrivateKey, passphrase: &Secret) -> Result<PrivateKey, String> {
    let (mut salt, mut check) = (vec![0; SALT_BYTES], [0; 4]);
    getrandom::fill(&mut salt).map_err(|cause| cause.to_string())?;
    getrandom::fill(&mut check).map_err(|cause| cause.to_string())?;
    let kdf = Kdf::Bcrypt { salt, rounds: BCRYPT_ROUNDS };
    key.encrypt_with(Cipher::Aes256Ctr, kdf, u32::from_be_bytes(check), passphrase.expose())
        .map_err(|cause| cause.to_string())
}

/// Writes a file that is not there yet.
fn write_new(file: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut opened = options.open(file)?;
    let written = opened.write_all(content).and_then(|()| opened.sync_all());
    written.inspect_err(|_| {
        // Ours, made just now.
        let _ = std::fs::remove_file(file);
    })
}

/// `~/.ssh` is for its owner alone, as ssh-keygen makes it. One that is there stays as it is.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn public_path(file: &Path) -> PathBuf {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".pub");
    PathBuf::from(beside)
}

fn exists(file: &Path) -> Error {
    let path = file.display().to_string();
    Error::new(
        ErrorCode::KeyExists,
        format!("No key was made, because there is a file already: {path}. Choose another name."),
    )
    .with("path", path)
}

fn unwritable(path: &str, cause: &str) -> Error {
    Error::new(ErrorCode::KeyUnwritable, format!("The new key {path} could not be written: {cause}."))
        .with("path", path)
        .with("cause", cause)
}

fn unreadable(path: &str) -> Error {
    let cause = "its public half could not be told; make it anew with ssh-keygen -y";
    Error::new(ErrorCode::KeyUnreadable, format!("The key {path} could not be read: {cause}."))
        .with("path", path)
        .with("cause", cause)
}

#[cfg(test)]
mod tests;
