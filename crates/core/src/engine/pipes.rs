//! Pipes between hosts, as a person sees them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;
use ts_rs::TS;

use super::view::EngineEvent;
use super::{Engine, Inner};
use crate::clock;
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::HostId;
use crate::pipe::live::{StageEnd, StageState, Tell};
use crate::pipe::saved::{PipeDraft, SavedPipe, SavedPipes};
use crate::pipe::{Lanes, Pipe, PipeLane};
use crate::transfer::queue::rate::Rate;

/// Pipes that run at once, and those whose end is remembered beside them.
const RUNNING_MAX: usize = 16;
const ENDED_MAX: usize = 16;
/// Bytes are news so often while a pipe runs; everything else ten times a second at most.
const BYTES_PAUSE: Duration = Duration::from_millis(500);
const NEWS_PAUSE: Duration = Duration::from_millis(100);
/// At the end of the app its programs have so long to end.
const END_WAIT: Duration = Duration::from_secs(5);

/// Names a pipe while the app runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct PipeId(pub u32);

/// One pipe that runs, or did.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PipeView {
    pub id: PipeId,
    pub draft: PipeDraft,
    pub running: bool,
    /// The person has stopped it.
    pub stopped: bool,
    /// As with `set -o pipefail`, once it has ended.
    pub status: Option<u8>,
    /// Nothing is missing from what came out, once it has ended.
    pub well: bool,
    /// The file that is read, the programs, the file that is written.
    pub stages: Vec<StageView>,
    /// Between each of them and the next one; behind the last program also without a file.
    pub joints: Vec<JointView>,
    /// How much of the last program's output went nowhere else, so that its end is kept.
    pub output_bytes: f64,
    /// Files that are not whole.
    pub left: Vec<String>,
    pub started_ms: f64,
    pub ended_ms: Option<f64>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StageView {
    pub state: StageState,
    pub end: Option<StageEnd>,
    /// How much it wrote to standard error.
    pub stderr_bytes: f64,
    /// What went wrong with the file that gets its output as well.
    pub tee_problem: Option<Problem>,
}

/// What goes from one stage to the next.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JointView {
    pub bytes: f64,
    pub per_second: f64,
}

/// All pipes of this run, the oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, TS)]
pub struct PipesView {
    pub pipes: Vec<PipeView>,
}

/// Which text of a pipe is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PipeText {
    /// What a stage wrote to standard error.
    Stderr { stage: u32 },
    /// What the last program wrote.
    Output,
}

/// The list.
pub(super) struct Pipes {
    table: Mutex<Vec<Entry>>,
    changed: Arc<Notify>,
    saved: SavedPipes,
}

struct Entry {
    id: PipeId,
    draft: PipeDraft,
    pipe: Arc<Pipe>,
    stopped: bool,
    rates: Vec<Rate>,
    started_ms: f64,
    ended_ms: Option<f64>,
}

impl Entry {
    fn is_running(&self) -> bool {
        self.pipe.outcome().is_none()
    }

    fn view(&mut self, now: Instant) -> PipeView {
        let outcome = self.pipe.outcome();
        if outcome.is_some() && self.ended_ms.is_none() {
            self.ended_ms = Some(clock::now_ms());
        }
        let live = self.pipe.live();
        let joints = live.joints();
        self.rates.resize_with(joints.len(), Rate::default);
        let joint = |(bytes, rate): (u64, &mut Rate)| JointView {
            bytes: bytes as f64,
            per_second: if outcome.is_some() { 0.0 } else { rate.at(now, bytes).round() },
        };
        let stages = live.each_stage(|stage| StageView {
            state: stage.state,
            end: stage.end.clone(),
            stderr_bytes: stage.stderr.written() as f64,
            tee_problem: stage.tee_problem.clone(),
        });
        PipeView {
            id: self.id,
            draft: self.draft.clone(),
            running: outcome.is_none(),
            stopped: self.stopped,
            status: outcome.as_ref().map(|outcome| outcome.status),
            well: outcome.as_ref().is_some_and(|outcome| outcome.well),
            stages,
            joints: joints.into_iter().zip(&mut self.rates).map(joint).collect(),
            output_bytes: live.last_output().written() as f64,
            left: live.files_left().iter().map(|path| path.display().to_string()).collect(),
            started_ms: self.started_ms,
            ended_ms: self.ended_ms,
        }
    }
}

impl Pipes {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            table: Mutex::default(),
            changed: Arc::default(),
            saved: SavedPipes::at(data_dir.join("pipes.json")),
        }
    }

    pub fn view(&self) -> PipesView {
        let now = Instant::now();
        PipesView { pipes: self.table().iter_mut().map(|entry| entry.view(now)).collect() }
    }

    /// Ends all programs.
    pub async fn end(&self) {
        let running: Vec<Arc<Pipe>> = self.table().iter().map(|entry| Arc::clone(&entry.pipe)).collect();
        running.iter().for_each(|pipe| pipe.stop());
        let ended = futures::future::join_all(running.iter().map(|pipe| pipe.ended()));
        let _ = tokio::time::timeout(END_WAIT, ended).await;
    }

    fn start(&self, draft: PipeDraft, engine: &Engine) -> Result<PipeId> {
        let plan = draft.plan()?;
        let hosts = draft.commands.iter().map(|command| command.host_id.clone()).collect();
        let lanes = Arc::new(PoolLanes { engine: Arc::downgrade(&engine.inner), hosts });
        let mut table = self.table();
        if table.iter().filter(|entry| entry.is_running()).count() >= RUNNING_MAX {
            let text = format!("There are {RUNNING_MAX} pipes already. Stop one of them.");
            return Err(Error::new(ErrorCode::PipeInvalid, text).with("reason", "too-many-pipes"));
        }
        while table.iter().filter(|entry| !entry.is_running()).count() >= ENDED_MAX {
            if let Some(oldest) = table.iter().position(|entry| !entry.is_running()) {
                table.remove(oldest);
            }
        }
        let id = PipeId(table.iter().map(|entry| entry.id.0).max().unwrap_or(0) + 1);
        let changed = Arc::clone(&self.changed);
        let tell: Tell = Arc::new(move || changed.notify_one());
        table.push(Entry {
            id,
            draft,
            pipe: Arc::new(Pipe::start(plan, lanes, tell)),
            stopped: false,
            rates: Vec::new(),
            started_ms: clock::now_ms(),
            ended_ms: None,
        });
        drop(table);
        self.changed.notify_one();
        Ok(id)
    }

    fn stop(&self, id: PipeId) -> Result<()> {
        let mut table = self.table();
        let entry = table.iter_mut().find(|entry| entry.id == id).ok_or_else(gone)?;
        entry.stopped |= entry.is_running();
        entry.pipe.stop();
        Ok(())
    }

    /// Forgets one that has ended.
    fn forget(&self, id: PipeId) {
        self.table().retain(|entry| entry.id != id || entry.is_running());
        self.changed.notify_one();
    }

    fn text(&self, id: PipeId, which: PipeText) -> Result<String> {
        let table = self.table();
        let entry = table.iter().find(|entry| entry.id == id).ok_or_else(gone)?;
        let live = entry.pipe.live();
        Ok(match which {
            PipeText::Output => live.last_output().text(),
            PipeText::Stderr { stage } => {
                let texts = live.each_stage(|stage| stage.stderr.text());
                usize::try_from(stage).ok().and_then(|stage| texts.into_iter().nth(stage)).unwrap_or_default()
            }
        })
    }

    fn has_running(&self) -> bool {
        self.table().iter().any(Entry::is_running)
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone() -> Error {
    Error::new(ErrorCode::PipeNotFound, "This pipe is not there any more.")
}

/// The connections of a pipe, from the pool.
struct PoolLanes {
    engine: Weak<Inner>,
    /// By command.
    hosts: Vec<HostId>,
}

impl Lanes for PoolLanes {
    fn lane(&self, command: usize) -> BoxFuture<'static, Result<PipeLane>> {
        let (engine, host) = (self.engine.clone(), self.hosts.get(command).cloned());
        async move {
            let ended = || Error::internal("the engine has ended");
            let host = host.ok_or_else(ended)?;
            let (pool, make_target) = {
                let engine = Engine { inner: engine.upgrade().ok_or_else(ended)? };
                (engine.inner.pool.clone(), engine.make_target(&host))
            };
            // The interactive lane first: whatever a person is asked is asked there, and once.
            let carrier = pool.carrier(&host, Arc::clone(&make_target)).await?;
            if let Some(inner) = engine.upgrade() {
                (Engine { inner }).record_remembered(carrier.connection(), &host).await;
            }
            if !carrier.connection().has_asked_for_login() {
                match pool.tunnel_lane(Arc::clone(&make_target)).await {
                    Ok(connection) => {
                        if let Some(place) = connection.reserve() {
                            return Ok(PipeLane { place, own: true });
                        }
                    }
                    Err(error) => tracing::debug!(%error, "a stage shares the connection of the terminals"),
                }
            }
            drop(carrier);
            Ok(PipeLane { place: pool.place(&host, make_target).await?, own: false })
        }
        .boxed()
    }
}

/// Tells the window, for as long as the engine lives.
pub(super) async fn follow(engine: Weak<Inner>) {
    let mut last = PipesView::default();
    loop {
        let (changed, running) = {
            let Some(inner) = engine.upgrade() else { return };
            (Arc::clone(&inner.pipes.changed), inner.pipes.has_running())
        };
        if running {
            let _ = tokio::time::timeout(BYTES_PAUSE, changed.notified()).await;
        } else {
            changed.notified().await;
        }
        let Some(inner) = engine.upgrade() else { return };
        let view = inner.pipes.view();
        if view != last {
            let _ = inner.events.send(EngineEvent::Pipes(view.clone()));
            last = view;
        }
        drop(inner);
        tokio::time::sleep(NEWS_PAUSE).await;
    }
}

impl Engine {
    /// Starts a pipe. How it goes is told by events.
    ///
    /// # Errors
    /// [`ErrorCode::PipeInvalid`].
    pub async fn pipe_run(&self, draft: PipeDraft) -> Result<PipeId> {
        self.inner.pipes.start(draft, self)
    }

    /// Ends all programs of a pipe.
    ///
    /// # Errors
    /// [`ErrorCode::PipeNotFound`].
    pub async fn pipe_stop(&self, id: PipeId) -> Result<()> {
        self.inner.pipes.stop(id)
    }

    /// Nobody looks at a pipe any more that has ended.
    pub async fn pipe_forget(&self, id: PipeId) -> Result<()> {
        self.inner.pipes.forget(id);
        Ok(())
    }

    /// The end of what a stage wrote, at most 64 KiB.
    ///
    /// # Errors
    /// [`ErrorCode::PipeNotFound`].
    pub async fn pipe_text(&self, id: PipeId, which: PipeText) -> Result<String> {
        self.inner.pipes.text(id, which)
    }

    pub async fn pipes(&self) -> Result<PipesView> {
        Ok(self.inner.pipes.view())
    }

    /// # Errors
    /// See [`SavedPipes::all`].
    pub async fn pipes_saved(&self) -> Result<Vec<SavedPipe>> {
        self.inner.pipes.saved.all().await
    }

    /// # Errors
    /// See [`SavedPipes::save`].
    pub async fn pipe_save(&self, pipe: SavedPipe) -> Result<Vec<SavedPipe>> {
        self.inner.pipes.saved.save(pipe).await
    }

    /// # Errors
    /// See [`SavedPipes::forget`].
    pub async fn pipe_unsave(&self, name: String) -> Result<Vec<SavedPipe>> {
        self.inner.pipes.saved.forget(name).await
    }
}
