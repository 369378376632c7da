//! The one key that seals what is kept of terminals and editors on this computer. It lies in the OS keyring.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::auth::secrets::{SecretKind, Secrets};
use crate::error::Result;
use crate::workspace::sealed::SealKey;

/// A keyring that could not be used is asked again after so long.
const PAUSE: Duration = Duration::from_secs(30);
/// The one account of the key in the keyring.
const ACCOUNT: &str = "key";

/// The key, once it is known. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Seal {
    secrets: Secrets,
    /// Made by one at a time: a second key would make what the first one sealed unreadable.
    key: Arc<OnceCell<Arc<SealKey>>>,
    /// When the keyring is asked again.
    due: Arc<Mutex<Option<Instant>>>,
}

impl Seal {
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, key: Arc::default(), due: Arc::default() }
    }

    /// One with a key of its own, which no keyring knows.
    #[cfg(test)]
    pub fn with_new_key() -> Self {
        let key = SealKey::generate().as_ref().and_then(SealKey::read).map(Arc::new);
        let key = Arc::new(OnceCell::new_with(key));
        Self { secrets: Secrets::open(), key, due: Arc::default() }
    }

    /// The key, made if there was none, and only if nobody has to unlock the keyring for it.
    pub async fn for_keeping(&self) -> Option<Arc<SealKey>> {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if self.key.get().is_none() && due.is_some_and(|due| Instant::now() < due) {
            return None;
        }
        let made = self.key.get_or_try_init(|| async { make(&self.secrets).await.map(Arc::new).ok_or(()) });
        let key = made.await.ok().cloned();
        if key.is_none() {
            *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        }
        key
    }

    /// The key, if the keyring has one; a locked one may ask the person.
    ///
    /// # Errors
    /// It does not answer or stays locked: it may have the key.
    pub async fn for_reading(&self) -> Result<Option<Arc<SealKey>>> {
        if let Some(key) = self.key.get() {
            return Ok(Some(Arc::clone(key)));
        }
        let secret = self.secrets.get(SecretKind::Scrollback, ACCOUNT).await?;
        let Some(read) = secret.as_ref().and_then(SealKey::read) else { return Ok(None) };
        let key = self.key.get_or_init(|| async { Arc::new(read) }).await;
        Ok(Some(Arc::clone(key)))
    }
}

async fn make(secrets: &Secrets) -> Option<SealKey> {
    // Asking for the state never opens a dialog.
    secrets.state().await.ok()?;
    match secrets.get(SecretKind::Scrollback, ACCOUNT).await {
        Ok(None) => {}
        Ok(Some(secret)) => {
            if let Some(key) = SealKey::read(&secret) {
                return Some(key);
            }
        }
        // The key may be there: another one would make what it sealed unreadable.
        Err(_) => return None,
    }
    let secret = SealKey::generate()?;
    secrets.keep(SecretKind::Scrollback, ACCOUNT, secret.clone()).await.ok()?;
    SealKey::read(&secret)
}
