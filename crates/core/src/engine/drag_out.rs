//! Files of a host that a person drags out of the window. Another program takes them by their paths here when they are let go, so
//! they are fetched as soon as the pointer has left the window. There is one pointer, so one drag is under way; what was dropped
//! before may still be on its way here.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use ts_rs::TS;

use super::Engine;
use crate::error::{Problem, Result};
use crate::host::HostId;

/// What was fetched and came too late is given to the next drag of the same files. Later, the host may have others.
const KEPT: Duration = Duration::from_secs(120);
/// Drops that are waited for at the same time, with the drag that is under way. One more ends the oldest, as a cancelled job.
const DRAGS_MAX: usize = 8;

/// How a drag ended for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum DragOutEnd {
    /// Another program has the files, or nobody wanted them.
    Over,
    /// They were let go before they were here. Now they are: the same drag gives them at once.
    Ready,
}

/// What another program can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraggedFiles {
    /// They were not asked for: nothing of that name is dragged, or it never left the window.
    NotFetched,
    Fetching,
    Here(Vec<PathBuf>),
    /// The person was told why.
    Failed,
}

/// The drags that somebody may still want the files of, the newest last.
#[derive(Debug, Default)]
pub(super) struct DragOut(Mutex<Vec<Drag>>);

#[derive(Debug)]
struct Drag {
    /// The page's name of it. What the page gives to the desktop bears it too.
    id: String,
    host: HostId,
    paths: Vec<String>,
    fetch: Option<Fetch>,
    let_go: bool,
    given: bool,
}

#[derive(Debug)]
struct Fetch {
    outcome: watch::Receiver<Option<Fetched>>,
    task: AbortHandle,
    begun: Instant,
}

type Fetched = std::result::Result<Vec<PathBuf>, Problem>;

impl Drag {
    /// Whether what it fetched, or is about to, is for these as well.
    fn serves(&self, host: &HostId, paths: &[String]) -> bool {
        let Some(fetch) = &self.fetch else { return false };
        let is_there = match &*fetch.outcome.borrow() {
            Some(Ok(files)) => files.iter().all(|file| file.exists()),
            Some(Err(_)) => false,
            None => true,
        };
        is_there && !self.given && self.host == *host && self.paths == paths && fetch.begun.elapsed() < KEPT
    }

    /// Whether it was let go over a program that has got nothing so far.
    fn is_waited_for(&self) -> bool {
        self.let_go && !self.given && self.fetch.is_some()
    }

    fn stop(self) {
        if let Some(fetch) = self.fetch.filter(|_| !self.given) {
            fetch.task.abort();
        }
    }
}

impl DragOut {
    fn lock(&self) -> MutexGuard<'_, Vec<Drag>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the drag of this name has begun to fetch.
    fn outcome(&self, id: &str) -> Option<watch::Receiver<Option<Fetched>>> {
        let drags = self.lock();
        let drag = drags.iter().find(|drag| drag.id == id)?;
        drag.fetch.as_ref().map(|fetch| fetch.outcome.clone())
    }
}

impl Engine {
    /// A person has begun to drag these. Nothing is fetched yet: most drags end in the window.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unused_async, reason = "as all that the window asks for")]
    pub async fn drag_out_begin(&self, id: String, host: HostId, paths: Vec<String>) -> Result<()> {
        let mut drags = self.inner.drag_out.lock();
        let serving = drags.iter().position(|before| before.serves(&host, &paths));
        let fetch = serving.and_then(|at| drags.remove(at).fetch);
        let (waited, over) = std::mem::take(&mut *drags).into_iter().partition(Drag::is_waited_for);
        *drags = waited;
        over.into_iter().for_each(Drag::stop);
        if drags.len() >= DRAGS_MAX {
            drags.remove(0).stop();
        }
        drags.push(Drag { id, host, paths, fetch, let_go: false, given: false });
        Ok(())
    }

    /// Fetches what is dragged, once, and waits until it is here.
    ///
    /// # Errors
    /// Those of [`Engine::files_fetch_out`].
    pub async fn drag_out_fetch(&self, id: String) -> Result<()> {
        self.fetch_dragged(&id);
        let Some(mut outcome) = self.inner.drag_out.outcome(&id) else { return Ok(()) };
        // Its sender goes without a word when nobody wants the files any more.
        let outcome = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match outcome {
            Ok(Some(Err(problem))) => Err(problem.into()),
            _ => Ok(()),
        }
    }

    fn fetch_dragged(&self, id: &str) {
        let mut drags = self.inner.drag_out.lock();
        let Some(drag) = drags.iter_mut().find(|drag| drag.id == id && drag.fetch.is_none()) else { return };
        let (said, outcome) = watch::channel(None);
        let (engine, host, paths) = (self.clone(), drag.host.clone(), drag.paths.clone());
        let task = tokio::spawn(async move {
            let fetched = engine.files_fetch_out(host, paths).await;
            said.send_replace(Some(fetched.map_err(|error| error.problem())));
        });
        drag.fetch = Some(Fetch { outcome, task: task.abort_handle(), begun: Instant::now() });
    }

    /// What can be given of a drag at this moment.
    pub fn dragged_files(&self, id: &str) -> DraggedFiles {
        let Some(outcome) = self.inner.drag_out.outcome(id) else { return DraggedFiles::NotFetched };
        let is_alive = outcome.has_changed().is_ok();
        match &*outcome.borrow() {
            Some(Ok(files)) if !files.is_empty() => DraggedFiles::Here(files.clone()),
            None if is_alive => DraggedFiles::Fetching,
            _ => DraggedFiles::Failed,
        }
    }

    /// What is dragged was let go over another program.
    pub fn drag_out_let_go(&self) {
        if let Some(drag) = self.inner.drag_out.lock().last_mut() {
            drag.let_go = true;
        }
    }

    /// Another program was told where the files are.
    pub fn drag_out_given(&self, id: &str) {
        if let Some(drag) = self.inner.drag_out.lock().iter_mut().find(|drag| drag.id == id) {
            drag.given = true;
        }
    }

    /// The drag is over. Waits for files that were wanted and came too late, and forgets those that nobody wanted.
    ///
    /// # Errors
    /// None: what kept the files away is [`Engine::drag_out_fetch`]'s to say.
    pub async fn drag_out_end(&self, id: String) -> Result<DragOutEnd> {
        let outcome = {
            let mut drags = self.inner.drag_out.lock();
            let Some((at, drag)) = drags.iter().enumerate().find(|(_, drag)| drag.id == id) else {
                return Ok(DragOutEnd::Over);
            };
            let is_here = matches!(drag.fetch.as_ref(), Some(fetch) if fetch.outcome.borrow().is_some());
            if !drag.let_go && !is_here {
                drags.remove(at).stop();
                return Ok(DragOutEnd::Over);
            }
            match &drag.fetch {
                Some(fetch) if drag.let_go && !drag.given => fetch.outcome.clone(),
                _ => return Ok(DragOutEnd::Over),
            }
        };
        let mut outcome = outcome;
        let fetched = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        let is_ready = matches!(fetched, Ok(Some(Ok(files))) if !files.is_empty());
        Ok(if is_ready { DragOutEnd::Ready } else { DragOutEnd::Over })
    }
}
