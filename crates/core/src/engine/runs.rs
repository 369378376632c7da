//! Runs, as a person sees them: a command on many hosts over the connections that are there, kept while the app runs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::view::EngineEvent;
use super::{Engine, Inner};
use crate::clock;
use crate::connection::SessionPlace;
use crate::error::{Error, Result};
use crate::exec::{Stream, WhenBehind};
use crate::host::HostId;
use crate::run::folder::{HostFiles, RunFolder};
use crate::run::kept::{Kept, part_bytes};
use crate::run::once::{self, Input, Order, Taker};
use crate::run::view::{
    RunFormat, RunHost, RunId, RunInput, RunOutput, RunRequest, RunState, RunText, RunView, refused,
};
use crate::run::{export, group, text};

/// The oldest one that has ended makes room for the next.
const RUNS_MAX: usize = 16;
/// News of a run so often at most.
const NEWS_PAUSE: Duration = Duration::from_millis(150);
/// Time for commands to end when the app is left.
const LEAVING: Duration = Duration::from_secs(5);
/// Of each part of a stream, for a window: as much as it can lay out at once. Files have everything.
const SHOWN_BYTES: usize = 96 * 1024;

/// The runs of this start, the oldest first. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Runs {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    table: Mutex<Vec<Arc<Run>>>,
    changed: Notify,
    /// Runs came or went.
    list_changed: AtomicBool,
}

struct Run {
    id: RunId,
    request: RunRequest,
    began_at: f64,
    folder: Option<PathBuf>,
    stop: CancellationToken,
    /// It begins on no further host.
    no_more: AtomicBool,
    hosts: Vec<Mutex<OfHost>>,
    dirty: AtomicBool,
    shared: Weak<Shared>,
}

/// One host of a run.
struct OfHost {
    shown: RunHost,
    began: Option<Instant>,
    stdout: Kept,
    stderr: Kept,
}

impl Run {
    fn host(&self, place: usize) -> Option<std::sync::MutexGuard<'_, OfHost>> {
        self.hosts.get(place).map(|host| host.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, place: usize, change: impl FnOnce(&mut OfHost)) {
        if let Some(mut host) = self.host(place) {
            change(&mut host);
        }
        self.tell();
    }

    fn tell(&self) {
        self.dirty.store(true, Ordering::Release);
        if let Some(shared) = self.shared.upgrade() {
            shared.changed.notify_one();
        }
    }

    fn each<T>(&self, mut look: impl FnMut(&OfHost) -> T) -> Vec<T> {
        self.hosts.iter().map(|host| look(&host.lock().unwrap_or_else(PoisonError::into_inner))).collect()
    }

    fn is_running(&self) -> bool {
        self.each(|host| !host.shown.state.has_ended()).contains(&true)
    }

    fn view(&self) -> RunView {
        let (mut hosts, keys): (Vec<RunHost>, Vec<_>) = self
            .each(|host| {
                let ended = host.shown.state.has_ended();
                let key =
                    ended.then(|| (host.shown.state.outcome(), host.stdout.digest(), host.stderr.digest()));
                (host.shown.clone(), key)
            })
            .into_iter()
            .unzip();
        let ended: Vec<usize> = (0..keys.len()).filter(|&place| keys[place].is_some()).collect();
        let groups = group::alike(ended.iter().map(|&place| keys[place].clone()));
        for (number, members) in groups.iter().enumerate() {
            for &place in members.iter().filter_map(|&member| ended.get(member)) {
                hosts[place].group = u32::try_from(number).ok();
            }
        }
        RunView {
            id: self.id.clone(),
            command: self.request.command.clone(),
            began_at: self.began_at,
            running: hosts.iter().any(|host| !host.state.has_ended()),
            stopped: self.stop.is_cancelled(),
            folder: self.folder.as_ref().map(|folder| folder.display().to_string()),
            hosts,
        }
    }

    /// To the end of the last host. One after the other takes its turn.
    async fn go(self: Arc<Self>, engine: Weak<Inner>, folder: Option<RunFolder>) {
        let folder = Arc::new(tokio::sync::Mutex::new(folder));
        let at_once = self.request.at_once.clamp(1, 64) as usize;
        futures::stream::iter(0..self.hosts.len())
            .for_each_concurrent(at_once, |place| {
                let (run, engine, folder) = (Arc::clone(&self), engine.clone(), Arc::clone(&folder));
                async move {
                    let end = run.on(place, &engine, &folder).await;
                    if run.request.stop_on_failure && !end.is_success() {
                        run.no_more.store(true, Ordering::Release);
                    }
                    run.change(place, |host| {
                        host.shown.took_ms = host.began.map(|began| clock::ms(began.elapsed()));
                        host.shown.state = end;
                    });
                }
            })
            .await;
    }

    fn begins_no_more(&self) -> bool {
        self.stop.is_cancelled() || self.no_more.load(Ordering::Acquire)
    }

    async fn on(
        self: &Arc<Self>,
        place: usize,
        engine: &Weak<Inner>,
        folder: &tokio::sync::Mutex<Option<RunFolder>>,
    ) -> RunState {
        if self.begins_no_more() {
            return RunState::NotStarted;
        }
        self.change(place, |host| host.shown.state = RunState::Connecting);
        let Some((id, name)) =
            self.host(place).map(|host| (host.shown.host_id.clone(), host.shown.name.clone()))
        else {
            return RunState::NotStarted;
        };
        let getting = async {
            let input = self.input().await?;
            Ok::<_, Error>((session(engine, &id).await?, input))
        };
        let (session, input) = tokio::select! {
            got = getting => match got {
                Ok(got) => got,
                Err(error) => return RunState::Failed { problem: error.problem() },
            },
            () = self.stop.cancelled() => return RunState::NotStarted,
        };
        // It may have failed elsewhere while this host was connected.
        if self.begins_no_more() {
            return RunState::NotStarted;
        }
        let files = match folder.lock().await.as_mut() {
            Some(folder) => match folder.files(&name).await {
                Ok(files) => Some(files),
                // A command whose output was to be kept is not run when it cannot be.
                Err(error) => return RunState::Failed { problem: error.problem() },
            },
            None => None,
        };
        let timeout = match self.request.timeout_seconds {
            0 => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        };
        let order = Order {
            command: self.request.command.clone().into_bytes(),
            as_is: self.request.as_is,
            timeout,
            when_behind: WhenBehind::Spool,
        };
        let began = || {
            self.change(place, |host| {
                host.began = Some(Instant::now());
                host.shown.began_at = Some(clock::now_ms());
                host.shown.state = RunState::Running;
            });
        };
        let mut taken = Taken { run: Arc::clone(self), place, files };
        let end = once::run(session, &order, input, &self.stop, began, &mut taken).await;
        taken.finish().await;
        end
    }

    async fn input(&self) -> Result<Input> {
        match &self.request.input {
            RunInput::None => Ok(Input::None),
            RunInput::Text { text } => Ok(Input::Bytes(Bytes::from(text.clone()))),
            RunInput::File { path } => Input::file(PathBuf::from(path)).await,
        }
    }

    /// The whole of it, as a file.
    fn export(&self, format: RunFormat) -> Result<Vec<u8>> {
        let view = self.view();
        let kept: Vec<_> =
            self.hosts.iter().map(|host| host.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let hosts: Vec<_> = kept
            .iter()
            .zip(&view.hosts)
            .map(|(kept, host)| export::Exported { host, stdout: &kept.stdout, stderr: &kept.stderr })
            .collect();
        Ok(match format {
            RunFormat::Text => export::text(&view, &hosts),
            RunFormat::Json => {
                serde_json::to_vec_pretty(&export::json(&view, &hosts)).map_err(Error::internal)?
            }
        })
    }
}

/// A place for the command. Only so long is the engine held.
async fn session(engine: &Weak<Inner>, host: &HostId) -> Result<SessionPlace> {
    let inner = engine.upgrade().ok_or_else(|| Error::internal("the engine has ended"))?;
    let engine = Engine { inner };
    let place = engine.inner.pool.place(host, engine.make_target(host)).await?;
    engine.record_remembered(place.connection(), host).await;
    Ok(place)
}

/// Takes the output of one host.
struct Taken {
    run: Arc<Run>,
    place: usize,
    files: Option<HostFiles>,
}

impl Taker for Taken {
    async fn take(&mut self, stream: Stream, bytes: Bytes) {
        self.run.change(self.place, |host| match stream {
            Stream::Stdout => {
                host.stdout.push(&bytes);
                host.shown.stdout_bytes = host.stdout.bytes() as f64;
            }
            Stream::Stderr => {
                host.stderr.push(&bytes);
                host.shown.stderr_bytes = host.stderr.bytes() as f64;
            }
        });
        if let Some(files) = &mut self.files
            && let Err(error) = files.write(stream, &bytes).await
        {
            self.files = None;
            self.broken(&error);
        }
    }
}

impl Taken {
    async fn finish(mut self) {
        if let Some(files) = self.files.take()
            && let Err(error) = files.finish().await
        {
            self.broken(&error);
        }
    }

    fn broken(&self, error: &Error) {
        self.run.change(self.place, |host| host.shown.files_problem = Some(error.problem()));
    }
}

impl Runs {
    pub fn views(&self) -> Vec<RunView> {
        let table = self.table().clone();
        table.iter().map(|run| run.view()).collect()
    }

    fn find(&self, id: &RunId) -> Result<Arc<Run>> {
        self.table().iter().find(|run| run.id == *id).cloned().ok_or_else(|| refused("gone"))
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Run>>> {
        self.shared.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list_changed(&self) {
        self.shared.list_changed.store(true, Ordering::Release);
        self.shared.changed.notify_one();
    }

    /// Ends what runs on the hosts, and waits for that a little.
    pub async fn stop_all(&self) {
        let runs = self.table().clone();
        runs.iter().for_each(|run| run.stop.cancel());
        let until = Instant::now() + LEAVING;
        while runs.iter().any(|run| run.is_running()) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Tells the window, for as long as the engine lives.
pub(super) async fn tell(engine: Weak<Inner>, runs: Runs) {
    loop {
        runs.shared.changed.notified().await;
        let Some(inner) = engine.upgrade() else { return };
        let table = runs.table().clone();
        if runs.shared.list_changed.swap(false, Ordering::AcqRel) {
            let views = table.iter().map(|run| {
                run.dirty.store(false, Ordering::Release);
                run.view()
            });
            let _ = inner.events.send(EngineEvent::Runs(views.collect()));
        }
        for run in table.iter().filter(|run| run.dirty.swap(false, Ordering::AcqRel)) {
            let _ = inner.events.send(EngineEvent::Run(run.view()));
        }
        drop(inner);
        tokio::time::sleep(NEWS_PAUSE).await;
    }
}

fn shown(kept: &Kept) -> RunText {
    let (head, tail) = kept.parts();
    let whole = [head, &tail].concat();
    if kept.left_out() == 0 && whole.len() <= 2 * SHOWN_BYTES {
        return RunText { head: text::plain(&whole), left_out: 0.0, tail: String::new() };
    }
    let last = if tail.is_empty() { head } else { &tail[..] };
    let head = &head[..head.len().min(SHOWN_BYTES)];
    let last = &last[last.len().saturating_sub(SHOWN_BYTES)..];
    let left_out = kept.bytes() - (head.len() + last.len()) as u64;
    RunText { head: text::plain(head), left_out: left_out as f64, tail: text::plain(last) }
}

impl Engine {
    pub async fn runs(&self) -> Result<Vec<RunView>> {
        Ok(self.inner.runs.views())
    }

    /// Begins a run and returns at once.
    ///
    /// # Errors
    /// [`ErrorCode::RunRefused`](crate::error::ErrorCode::RunRefused), and
    /// [`ErrorCode::ExportFailed`](crate::error::ErrorCode::ExportFailed) when its folder cannot be made.
    pub async fn run_start(&self, mut request: RunRequest) -> Result<RunId> {
        let mut seen = std::collections::HashSet::new();
        request.hosts.retain(|host| seen.insert(host.clone()));
        request.check()?;
        let known = self.hosts().await?.hosts;
        let folder = match &request.folder {
            Some(folder) => Some(RunFolder::make(Path::new(folder)).await?),
            None => None,
        };
        let part = part_bytes(request.hosts.len());
        let of_host = |id: &HostId| {
            let name = known
                .iter()
                .find(|host| host.id == *id)
                .map_or_else(|| id.0.clone(), |host| host.name().to_owned());
            let shown = RunHost {
                host_id: id.clone(),
                name,
                state: RunState::Waiting,
                began_at: None,
                took_ms: None,
                stdout_bytes: 0.0,
                stderr_bytes: 0.0,
                group: None,
                files_problem: None,
            };
            Mutex::new(OfHost { shown, began: None, stdout: Kept::new(part), stderr: Kept::new(part) })
        };
        let runs = self.inner.runs.clone();
        let run = Arc::new(Run {
            id: RunId(Uuid::new_v4().to_string()),
            began_at: clock::now_ms(),
            folder: folder.as_ref().map(|folder| folder.path().to_owned()),
            stop: CancellationToken::new(),
            no_more: AtomicBool::new(false),
            hosts: request.hosts.iter().map(of_host).collect(),
            dirty: AtomicBool::new(false),
            shared: Arc::downgrade(&runs.shared),
            request,
        });
        {
            let mut table = runs.table();
            if table.len() >= RUNS_MAX {
                let ended = table.iter().position(|run| !run.is_running());
                table.remove(ended.ok_or_else(|| refused("too-many-runs"))?);
            }
            table.push(Arc::clone(&run));
        }
        runs.list_changed();
        let id = run.id.clone();
        tokio::spawn(run.go(Arc::downgrade(&self.inner), folder));
        Ok(id)
    }

    /// The same once more, on some of its hosts.
    ///
    /// # Errors
    /// See [`Engine::run_start`].
    pub async fn run_again(&self, id: RunId, hosts: Vec<HostId>) -> Result<RunId> {
        let request = self.inner.runs.find(&id)?.request.clone();
        self.run_start(RunRequest { hosts, ..request }).await
    }

    /// Stops a run: what runs is ended on its hosts, and it begins on no other.
    ///
    /// # Errors
    /// [`ErrorCode::RunRefused`](crate::error::ErrorCode::RunRefused): it is gone.
    pub async fn run_stop(&self, id: RunId) -> Result<()> {
        let run = self.inner.runs.find(&id)?;
        run.stop.cancel();
        run.tell();
        Ok(())
    }

    /// Takes a run off the list; one that goes on is stopped.
    ///
    /// # Errors
    /// See [`Engine::run_stop`].
    pub async fn run_remove(&self, id: RunId) -> Result<()> {
        self.run_stop(id.clone()).await?;
        self.inner.runs.table().retain(|run| run.id != id);
        self.inner.runs.list_changed();
        Ok(())
    }

    /// What a run's command wrote on one host, as text without the sequences of terminals.
    ///
    /// # Errors
    /// See [`Engine::run_stop`].
    pub async fn run_output(&self, id: RunId, host: HostId) -> Result<RunOutput> {
        let run = self.inner.runs.find(&id)?;
        let place = run.request.hosts.iter().position(|one| *one == host);
        let kept = place.and_then(|place| run.host(place)).ok_or_else(|| refused("gone"))?;
        Ok(RunOutput { stdout: shown(&kept.stdout), stderr: shown(&kept.stderr) })
    }

    /// Writes a run to a file.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`](crate::error::ErrorCode::ExportFailed).
    pub async fn run_save(&self, id: RunId, format: RunFormat, path: PathBuf) -> Result<()> {
        let bytes = self.inner.runs.find(&id)?.export(format)?;
        let written = tokio::fs::write(&path, bytes).await;
        written.map_err(|error| crate::run::folder::failed(&path, &error))
    }
}
