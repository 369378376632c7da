//! What changes at the source of a sync that goes on: here the system says it, on a host it is looked for now and then.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{Event, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Changes that come within this time are seen to together.
const QUIET: Duration = Duration::from_millis(300);
/// A source that never falls quiet is seen to after this time.
const LONGEST: Duration = Duration::from_secs(3);
/// How often a source is compared that does not say when it changes.
const POLL: Duration = Duration::from_secs(10);
/// When something failed, everything is compared again after this time.
const AGAIN: Duration = Duration::from_secs(30);
/// Paths that are kept apart; with more, everything is compared.
const PATHS_MAX: usize = 1000;

/// What is to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Everything,
    /// Names below the source.
    Paths(Vec<Vec<Vec<u8>>>),
}

/// Tells of changes of one folder.
#[derive(Debug)]
pub enum Changes {
    Told { pending: Arc<Pending>, _watcher: RecommendedWatcher },
    Polled,
}

/// What has changed and was not seen to yet.
#[derive(Debug, Default)]
pub struct Pending {
    what: Mutex<What>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct What {
    everything: bool,
    paths: BTreeSet<Vec<Vec<u8>>>,
    /// Counts what came.
    news: u64,
}

impl Changes {
    /// Listens to a folder of this computer from now on. Where the system cannot tell, it is polled as a host is.
    pub async fn of(folder: Option<PathBuf>) -> Self {
        let Some(folder) = folder else { return Self::Polled };
        let pending = Arc::<Pending>::default();
        let told = Arc::clone(&pending);
        let watching = tokio::task::spawn_blocking(move || {
            let base = folder.clone();
            let config = notify::Config::default().with_follow_symlinks(false);
            let mut watcher = RecommendedWatcher::new(move |event| told.take_in(&base, event), config)?;
            watcher.watch(&folder, RecursiveMode::Recursive)?;
            notify::Result::Ok(watcher)
        });
        match watching.await {
            Ok(Ok(watcher)) => Self::Told { pending, _watcher: watcher },
            Ok(Err(error)) => {
                tracing::info!(%error, "a folder is compared every few seconds, since the system does not watch it");
                Self::Polled
            }
            Err(error) => {
                tracing::warn!(%error, "the watch of a folder was not begun");
                Self::Polled
            }
        }
    }

    /// Waits for changes. After a round in which something failed it does not wait for ever.
    pub async fn next(&mut self, has_failed: bool) -> Change {
        match self {
            Self::Polled => {
                tokio::time::sleep(POLL).await;
                Change::Everything
            }
            Self::Told { pending, .. } => {
                let changed = pending.settled();
                if !has_failed {
                    return changed.await;
                }
                // What failed may go better now, and it is none of what has changed.
                let _ = tokio::time::timeout(AGAIN, changed).await;
                Change::Everything
            }
        }
    }
}

impl Pending {
    /// Takes in what the system says, in a thread of its own.
    fn take_in(&self, base: &Path, event: notify::Result<Event>) {
        let mut what = self.lock();
        match event {
            Ok(event) if event.need_rescan() => what.everything = true,
            Ok(event) => {
                if matches!(event.kind, EventKind::Access(_)) {
                    return;
                }
                let of_metadata = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
                for path in &event.paths {
                    // Its mode or time is none of what is compared, and would have all below it compared.
                    if of_metadata && std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_dir()) {
                        continue;
                    }
                    match path.strip_prefix(base).ok().filter(|inner| !inner.as_os_str().is_empty()) {
                        Some(inner) => {
                            let names = inner.iter().map(|name| name.as_encoded_bytes().to_vec()).collect();
                            what.paths.insert(names);
                        }
                        None => what.everything = true,
                    }
                }
            }
            Err(error) => {
                tracing::debug!(%error, "changes of a folder were lost");
                what.everything = true;
            }
        }
        if what.paths.len() > PATHS_MAX {
            what.everything = true;
        }
        if what.everything {
            what.paths.clear();
        }
        if what.everything || !what.paths.is_empty() {
            what.news += 1;
            drop(what);
            self.changed.notify_one();
        }
    }

    /// What has changed, once nothing more comes.
    async fn settled(&self) -> Change {
        loop {
            if self.lock().news == 0 {
                self.changed.notified().await;
            }
            let begun = Instant::now();
            loop {
                let before = self.lock().news;
                tokio::time::sleep(QUIET).await;
                if self.lock().news == before || begun.elapsed() >= LONGEST {
                    break;
                }
            }
            let what = std::mem::take(&mut *self.lock());
            if what.everything {
                return Change::Everything;
            }
            if !what.paths.is_empty() {
                return Change::Paths(topmost(what.paths));
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, What> {
        self.what.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without paths that lie below others, which are compared with those.
fn topmost(paths: BTreeSet<Vec<Vec<u8>>>) -> Vec<Vec<Vec<u8>>> {
    let mut top: Vec<Vec<Vec<u8>>> = Vec::new();
    for path in paths {
        if !top.last().is_some_and(|last| path.starts_with(last)) {
            top.push(path);
        }
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<Vec<u8>> {
        path.split('/').map(|name| name.as_bytes().to_vec()).collect()
    }

    #[test]
    fn what_lies_below_another_is_compared_with_it() {
        let paths = ["a/b/c", "a/b", "a/bc", "d"].map(names).into_iter().collect();
        assert_eq!(topmost(paths), ["a/b", "a/bc", "d"].map(names));
    }

    #[tokio::test(start_paused = true)]
    async fn changes_come_together_and_too_many_are_everything() {
        let pending = Pending::default();
        let base = Path::new("/base");
        let event = |path: &str| Ok(Event::new(EventKind::Any).add_path(base.join(path)));
        pending.take_in(base, event("a"));
        pending.take_in(base, event("b/c"));
        pending.take_in(base, event("a"));
        assert_eq!(pending.settled().await, Change::Paths(vec![names("a"), names("b/c")]));
        for number in 0..=PATHS_MAX {
            pending.take_in(base, event(&number.to_string()));
        }
        assert!(pending.lock().paths.is_empty(), "they fill no memory");
        assert_eq!(pending.settled().await, Change::Everything);
        pending.take_in(base, Err(notify::Error::generic("overflow")));
        assert_eq!(pending.settled().await, Change::Everything);
        pending.take_in(base, Ok(Event::new(EventKind::Any).add_path(base.to_owned())));
        assert_eq!(pending.settled().await, Change::Everything, "the folder itself");
    }
}
