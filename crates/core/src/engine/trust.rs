//! The page of trusted host keys.

use std::sync::Arc;

use super::Engine;
use crate::error::{Error, Result};
use crate::trust::page::TrustedKeys;
use crate::trust::{TrustStore, known_name};

impl Engine {
    /// The lines of known_hosts that a search finds; see [`TrustStore::trusted_keys`]. An empty search finds all.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::KnownHostsUnreadable`].
    pub async fn trusted_keys(&self, search: String) -> Result<TrustedKeys> {
        let mut hosts: Vec<String> = self
            .hosts()
            .await?
            .hosts
            .iter()
            .map(|host| known_name(&host.draft.address, host.draft.port))
            .collect();
        hosts.sort();
        hosts.dedup();
        self.with_trust(move |trust| trust.trusted_keys(&search, &hosts)).await
    }

    /// Takes a line out of the person's known_hosts. The number undoes it, with [`Engine::trusted_key_restore`].
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::TrustedKeyMoved`] when the line has another key meanwhile, and
    /// [`crate::error::ErrorCode::KnownHostsUnwritable`].
    pub async fn trusted_key_remove(&self, file: String, line: u32, fingerprint: String) -> Result<u32> {
        self.with_trust(move |trust| trust.remove_trusted_key(&file, line, &fingerprint)).await
    }

    /// Puts a line back that was taken out since the start.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::KnownHostsUnwritable`].
    pub async fn trusted_key_restore(&self, removal: u32) -> Result<()> {
        self.with_trust(move |trust| trust.restore_trusted_key(removal)).await
    }

    /// Files are read and written where that holds nobody up.
    async fn with_trust<T: Send + 'static>(
        &self,
        work: impl FnOnce(&TrustStore) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let trust = Arc::clone(&self.inner.dialer.trust);
        tokio::task::spawn_blocking(move || work(&trust)).await.map_err(Error::internal)?
    }
}
