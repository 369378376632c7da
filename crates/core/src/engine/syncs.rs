//! Folder syncs for the window: what one would do, and those that were saved. What runs is a job of the queue.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::Engine;
use super::jobs::Reach;
use crate::error::Result;
use crate::transfer::copy::Hosts;
use crate::transfer::copy::sync::preview::Preview;
use crate::transfer::job::JobRequest;
use crate::transfer::sync::saved::{SavedSync, SavedSyncs};
use crate::transfer::sync::{SyncAction, SyncRow, SyncSummary, refused};

/// Previews of all windows; with more, the oldest is forgotten.
const PREVIEWS_MAX: usize = 8;

/// What the dialogs of all windows share.
#[derive(Debug)]
pub(super) struct Syncs {
    previews: Mutex<Vec<Slot>>,
    saved: SavedSyncs,
}

/// A preview under the name that its window gave it.
#[derive(Debug)]
struct Slot {
    name: String,
    stop: CancellationToken,
    /// None until both folders are open.
    preview: Option<Arc<Preview>>,
}

impl Syncs {
    pub fn new(data_dir: &Path) -> Self {
        Self { previews: Mutex::default(), saved: SavedSyncs::at(data_dir.join("syncs.json")) }
    }

    fn begin(&self, name: &str, stop: &CancellationToken) {
        self.forget(name);
        let mut slots = self.lock();
        if slots.len() >= PREVIEWS_MAX {
            slots.remove(0).stop.cancel();
        }
        slots.push(Slot { name: name.to_owned(), stop: stop.clone(), preview: None });
    }

    fn opened(&self, name: &str, preview: &Arc<Preview>) {
        if let Some(slot) = self.lock().iter_mut().find(|slot| slot.name == name) {
            slot.preview = Some(Arc::clone(preview));
        }
    }

    fn preview(&self, name: &str) -> Option<Arc<Preview>> {
        self.lock().iter().find(|slot| slot.name == name).and_then(|slot| slot.preview.clone())
    }

    fn forget(&self, name: &str) {
        self.lock().retain(|slot| {
            if slot.name == name {
                slot.stop.cancel();
            }
            slot.name != name
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Slot>> {
        self.previews.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Compares two folders and changes nothing. `preview` is any name that is not in use; what was found is kept under it.
    ///
    /// # Errors
    /// Those of [`Preview::open`] and [`Preview::compare`].
    pub async fn sync_compare(&self, preview: String, request: JobRequest) -> Result<SyncSummary> {
        let stop = CancellationToken::new();
        self.inner.syncs.begin(&preview, &stop);
        let reach = Reach::default();
        reach.set(&self.inner);
        let hosts: Arc<dyn Hosts> = Arc::new(reach);
        let comparing = async {
            let found = Arc::new(Preview::open(&hosts, &request, stop.clone()).await?);
            self.inner.syncs.opened(&preview, &found);
            found.compare().await?;
            found.summary().await
        };
        let stopped = || refused("stopped", "The comparison was stopped.".to_owned());
        let compared = stop.run_until_cancelled(comparing).await.unwrap_or_else(|| Err(stopped()));
        if compared.is_err() {
            self.inner.syncs.forget(&preview);
        }
        compared
    }

    /// How far a comparison is; null before both folders are open and when it is not there any more.
    ///
    /// # Errors
    /// The temporary folder, as for the next.
    pub async fn sync_progress(&self, preview: String) -> Result<Option<SyncSummary>> {
        match self.inner.syncs.preview(&preview) {
            Some(found) => found.summary().await.map(Some),
            None => Ok(None),
        }
    }

    /// Some of what was found, by path.
    ///
    /// # Errors
    /// See [`Engine::sync_progress`].
    pub async fn sync_rows(
        &self,
        preview: String,
        actions: Vec<SyncAction>,
        from: u32,
        count: u32,
    ) -> Result<Vec<SyncRow>> {
        match self.inner.syncs.preview(&preview) {
            Some(found) => found.rows(actions, from.into(), count).await,
            None => Ok(Vec::new()),
        }
    }

    /// Nobody looks at a comparison any more; one under way ends.
    pub async fn sync_forget(&self, preview: String) -> Result<()> {
        self.inner.syncs.forget(&preview);
        Ok(())
    }

    /// # Errors
    /// See [`SavedSyncs::all`].
    pub async fn syncs_saved(&self) -> Result<Vec<SavedSync>> {
        self.inner.syncs.saved.all().await
    }

    /// # Errors
    /// See [`SavedSyncs::save`].
    pub async fn sync_save(&self, sync: SavedSync) -> Result<Vec<SavedSync>> {
        self.inner.syncs.saved.save(sync).await
    }

    /// # Errors
    /// See [`SavedSyncs::forget`].
    pub async fn sync_unsave(&self, name: String) -> Result<Vec<SavedSync>> {
        self.inner.syncs.saved.forget(name).await
    }
}
