//! What a person has changed in files of hosts and not saved yet.

use bowline_sftp::SftpPath;

use super::Engine;
use crate::error::{Error, Result};
use crate::files::edit::drafts::Draft;
use crate::files::edit::look::Stamp;
use crate::files::edit::open::refused;
use crate::files::edit::view::{EditDraft, EditWords, KeptDraft};
use crate::files::look::ShownPath;
use crate::files::path_text;
use crate::host::HostId;

impl Engine {
    /// Keeps what is in an editor on this computer, in place of what was kept of the file before. Nothing is kept of what root sees.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::EditRefused`]: it is not open any more, or cannot be written here.
    pub async fn file_draft_keep(&self, id: u32, words: EditWords) -> Result<()> {
        let edit = self.inner.edits.get(id);
        let edit = edit.ok_or_else(|| refused("gone", "the file is not open any more"))?;
        let path = ShownPath::new(&edit.path).path;
        let base = edit.known.map(|stamp| stamp.hash);
        let (drafts, key) = (self.inner.drafts.clone(), self.inner.seal.for_keeping().await);
        let keeping =
            tokio::task::spawn_blocking(move || drafts.keep(key.as_deref(), edit.host, path, words, base));
        let kept = keeping.await.map_err(Error::internal)?;
        kept.map_err(|error| refused("draft", &format!("a draft of it could not be kept: {error}")))
    }

    /// Of which files a text is kept that was never saved, the newest first; those that are open are among them.
    ///
    /// # Errors
    /// Only a bug.
    pub async fn file_drafts(&self) -> Result<Vec<KeptDraft>> {
        let (drafts, key) = (self.inner.drafts.clone(), self.inner.seal.for_keeping().await);
        let listing = tokio::task::spawn_blocking(move || drafts.list(key.as_deref()));
        let listed = listing.await.map_err(Error::internal)?;
        let shown = listed.into_iter().filter_map(|kept| {
            let path = SftpPath::new(path_text::to_bytes(&kept.path)).ok()?;
            Some(KeptDraft { host: kept.host, path: ShownPath::new(&path), kept_ms: kept.kept_ms as f64 })
        });
        Ok(shown.collect())
    }

    /// The text is saved, or nobody wants it.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::EditRefused`]: it could not be removed.
    pub async fn file_draft_drop(&self, host: HostId, path: String) -> Result<()> {
        let drafts = self.inner.drafts.clone();
        let forgetting = tokio::task::spawn_blocking(move || drafts.forget(&host, &path));
        let forgotten = forgetting.await.map_err(Error::internal)?;
        forgotten.map_err(|error| refused("draft", &format!("its draft could not be removed: {error}")))
    }

    /// Nothing is kept of hosts that were deleted long ago and can no longer be restored.
    pub(super) async fn forget_old_drafts(&self, old: Vec<HostId>) {
        let drafts = self.inner.drafts.clone();
        let forgetting = tokio::task::spawn_blocking(move || drafts.forget_hosts(&old)).await;
        if let Ok(Err(error)) = forgetting {
            tracing::warn!(%error, "drafts of deleted hosts stay until the next start");
        }
    }

    /// What is kept of a file that is not there any more.
    pub(super) async fn draft_of_gone(&self, host: &HostId, path: &str) -> Option<EditDraft> {
        let Draft { words, kept_ms, .. } = self.kept_of(host, path).await?;
        Some(EditDraft { words, kept_ms: kept_ms as f64, is_outdated: false })
    }

    /// What is kept of a file that is being opened; one that says what the file says is over.
    pub(super) async fn draft_of(
        &self,
        host: &HostId,
        path: &str,
        now: &EditWords,
        stamp: &Stamp,
    ) -> Option<EditDraft> {
        let Draft { words, base, kept_ms, .. } = self.kept_of(host, path).await?;
        if words == *now {
            let _ = self.file_draft_drop(host.clone(), path.to_owned()).await;
            return None;
        }
        Some(EditDraft { words, kept_ms: kept_ms as f64, is_outdated: base != Some(stamp.hash) })
    }

    /// A locked keyring is asked for its key only where there is a draft.
    async fn kept_of(&self, host: &HostId, path: &str) -> Option<Draft> {
        if let Some(draft) = self.inner.drafts.at_hand(host, path) {
            return Some(draft);
        }
        let (drafts, of, at) = (self.inner.drafts.clone(), host.clone(), path.to_owned());
        let has = tokio::task::spawn_blocking(move || drafts.has(&of, &at).then_some((drafts, of, at)));
        let (drafts, of, at) = has.await.ok()??;
        let key = self.inner.seal.for_reading().await;
        let key = key.inspect_err(|error| tracing::warn!(%error, "a draft stays sealed")).ok()??;
        tokio::task::spawn_blocking(move || drafts.open(&key, &of, &at)).await.ok()?
    }
}
