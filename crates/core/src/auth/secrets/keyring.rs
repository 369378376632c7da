//! The keyring of this operating system: Secret Service on Linux and its kin, Keychain on macOS, Credential Manager on
//! Windows. Every call here blocks.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use crate::prompt::Secret;

/// What keyring viewers show as the owner of our entries.
const SERVICE: &str = "bowline";

/// A connection to the keyring.
pub struct Keyring {
    store: Arc<CredentialStore>,
    lock: Lock,
}

impl Keyring {
    pub fn open() -> Result<Self, Error> {
        Ok(Self { store: open_store()?, lock: Lock::open()? })
    }

    /// Whether a person would have to unlock it first.
    pub fn is_locked(&self) -> Result<bool, Error> {
        self.lock.is_locked()
    }

    pub fn get(&self, account: &str) -> Result<Option<Secret>, Error> {
        let secret = match self.entry(account)?.get_secret() {
            Err(Error::Ambiguous(entries)) => entries.first().map_or(Err(Error::NoEntry), Entry::get_secret),
            other => other,
        };
        match secret {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                // Anything that is no text was not written by us, and could not be typed either.
                Ok(std::str::from_utf8(&bytes).ok().map(Secret::new))
            }
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn set(&self, account: &str, secret: &Secret) -> Result<(), Error> {
        let entry = self.entry(account)?;
        match entry.set_secret(secret.expose().as_bytes()) {
            // Another program made a second entry of this name; ours has to be the only one.
            Err(Error::Ambiguous(entries)) => {
                entries.iter().try_for_each(Entry::delete_credential)?;
                entry.set_secret(secret.expose().as_bytes())
            }
            other => other,
        }
    }

    pub fn delete(&self, account: &str) -> Result<(), Error> {
        match self.entry(account)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(Error::Ambiguous(entries)) => entries.iter().try_for_each(Entry::delete_credential),
            Err(error) => Err(error),
        }
    }

    fn entry(&self, account: &str) -> Result<Entry, Error> {
        self.store.build(SERVICE, account, None)
    }
}

#[cfg(target_os = "macos")]
fn open_store() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn open_store() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn open_store() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// Keychain and Credential Manager are unlocked with the login, or ask by themselves.
#[cfg(any(target_os = "macos", windows))]
struct Lock;

#[cfg(any(target_os = "macos", windows))]
impl Lock {
    fn open() -> Result<Self, Error> {
        Ok(Self)
    }

    fn is_locked(&self) -> Result<bool, Error> {
        Ok(false)
    }
}

/// A second connection to the Secret Service, as the store can only be asked in ways that open a dialog.
#[cfg(all(unix, not(target_os = "macos")))]
struct Lock(secret_service::blocking::SecretService<'static>);

#[cfg(all(unix, not(target_os = "macos")))]
impl Lock {
    fn open() -> Result<Self, Error> {
        // No secret travels here, so none needs to be encrypted on its way.
        let plain = secret_service::EncryptionType::Plain;
        secret_service::blocking::SecretService::connect(plain).map(Self).map_err(failure)
    }

    fn is_locked(&self) -> Result<bool, Error> {
        match self.0.get_default_collection() {
            Ok(collection) => collection.is_locked().map_err(failure),
            // No collection was ever made: the first secret asks the person for a password for a new one.
            Err(secret_service::Error::NoResult) => Ok(true),
            Err(error) => Err(failure(error)),
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn failure(error: secret_service::Error) -> Error {
    Error::PlatformFailure(Box::new(error))
}
