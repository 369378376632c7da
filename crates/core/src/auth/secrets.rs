//! Passwords and passphrases, in the keyring of the operating system and nowhere else.
//!
//! Where there is no keyring, or it is locked and stays so, a secret is kept in memory for this run only, and
//! [`Secrets::state`] says so. Nothing is ever written to a file of ours.
//!
//! The keyring's own calls block, for as long as a system dialog ("unlock your keyring") is open. They run on one thread of
//! their own ([`worker`]); here every call ends within [`ANSWER`].
//!
//! A password outlives the deletion of its host, so that an undo brings back both. Its account is `password:<host id>`,
//! and the engine deletes it for the hosts that [`HostStore::forgettable`](crate::host::store::HostStore::forgettable)
//! names before it has them forgotten.

mod keyring;
mod memory;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::prompt::Secret;
use memory::Memory;
use worker::{Request, Worker};

/// How long the keyring may take. Its own work takes milliseconds; the rest is time for a person to unlock it.
pub const ANSWER: Duration = Duration::from_secs(10);

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Of a host; its key is the host's id.
    Password,
    /// Of a private key; its key is the path of the key file.
    Passphrase,
    /// Of sudo on a host; its key is the host's id.
    Sudo,
    /// Of a proxy; its key is `user@host:port`.
    Proxy,
    /// What kept scrollback is sealed with; there is one.
    Scrollback,
}

/// A handle on the keyring, cheap to clone.
#[derive(Debug, Clone)]
pub struct Secrets {
    worker: Worker,
    memory: Arc<Mutex<Memory>>,
}

impl Secrets {
    /// Returns at once; the keyring is looked for when it is first needed.
    pub fn open() -> Self {
        Self::open_with(ANSWER)
    }

    fn open_with(answer: Duration) -> Self {
        Self { worker: Worker::start(answer), memory: Arc::default() }
    }

    /// Whether secrets can be kept beyond this run. Never opens a dialog.
    ///
    /// # Errors
    /// [`KeyringUnavailable`](crate::error::ErrorCode::KeyringUnavailable) and
    /// [`KeyringLocked`](crate::error::ErrorCode::KeyringLocked), each with its cause.
    pub async fn state(&self) -> Result<()> {
        self.worker.ask(Request::State).await
    }

    /// What is kept, if anything. May open the system's dialog if the keyring is locked and has it.
    ///
    /// # Errors
    /// As [`state`](Self::state); not when memory has the secret.
    pub async fn get(&self, kind: SecretKind, key: &str) -> Result<Option<Secret>> {
        let account = account(kind, key);
        if let Some(secret) = self.memory().get(&account) {
            return Ok(Some(secret));
        }
        self.worker.ask(|answer| Request::Get(account, answer)).await
    }

    /// Keeps a secret in the keyring, or for this run only if that is not possible; [`state`](Self::state) tells which.
    ///
    /// # Errors
    /// None today; the keyring's are what the memory is for.
    pub async fn set(&self, kind: SecretKind, key: &str, secret: Secret) -> Result<()> {
        let account = account(kind, key);
        let kept = {
            let (account, secret) = (account.clone(), secret.clone());
            self.worker.ask(|answer| Request::Set(account, secret, answer)).await
        };
        match kept {
            Ok(()) => self.memory().remove(&account),
            Err(error) => {
                tracing::warn!(%error, "a secret is kept for this run only");
                self.memory().insert(account, secret);
            }
        }
        Ok(())
    }

    /// Keeps a secret in the keyring or not at all.
    ///
    /// # Errors
    /// As [`state`](Self::state).
    pub async fn keep(&self, kind: SecretKind, key: &str, secret: Secret) -> Result<()> {
        let account = account(kind, key);
        self.worker.ask(|answer| Request::Set(account, secret, answer)).await
    }

    /// Forgets a secret, here and in the keyring. One that is not there is no error.
    ///
    /// # Errors
    /// As [`state`](Self::state): the keyring may still have it.
    pub async fn delete(&self, kind: SecretKind, key: &str) -> Result<()> {
        let account = account(kind, key);
        self.memory().remove(&account);
        self.worker.ask(|answer| Request::Delete(account, answer)).await
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name in the keyring. A key file is known by its real path, however it was written.
fn account(kind: SecretKind, key: &str) -> String {
    match kind {
        SecretKind::Password => format!("password:{key}"),
        SecretKind::Sudo => format!("sudo:{key}"),
        SecretKind::Proxy => format!("proxy:{key}"),
        SecretKind::Scrollback => format!("scrollback:{key}"),
        SecretKind::Passphrase => {
            let real = std::fs::canonicalize(key).ok();
            let path = real.as_deref().map_or(key.into(), |path| path.to_string_lossy());
            format!("passphrase:{path}")
        }
    }
}

#[cfg(test)]
mod tests;
