//! Terminals that are no shells on hosts (local shells, recordings), and the files that terminals are written to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio_util::task::TaskTracker;

use super::view::EngineEvent;
use super::{Engine, Inner};
use crate::error::{Error, Problem, Result};
use crate::host::HostId;
use crate::terminal::capture::{self, CaptureKind, CaptureView};
use crate::terminal::local::{LocalShell, LocalShells};
use crate::terminal::playback::{self, PlaybackCommand, PlaybackView, Player};
use crate::terminal::state::TerminalId;
use crate::terminal::target::TerminalTarget;
use crate::terminal::{OpenSource, gone};

/// Time for files to be written to their end at the end of the app.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for a folder to take a new file.
const TRANSCRIPT_WITHIN: Duration = Duration::from_secs(2);
/// Where the person's choice of a folder is kept, in the data folder.
const FOLDER_FILE: &str = "captures.json";
/// In the documents folder, or in the data folder where there is none.
const FOLDER: &str = "Bowline";

/// What such terminals share.
pub(super) struct Sources {
    shells: LocalShells,
    players: Arc<Mutex<BTreeMap<TerminalId, Player>>>,
    captures: Arc<Mutex<BTreeMap<TerminalId, CaptureView>>>,
    writing: TaskTracker,
    events: broadcast::Sender<EngineEvent>,
    data_dir: PathBuf,
}

/// The folder that the person chose.
#[derive(Serialize, Deserialize)]
struct ChosenFolder {
    folder: PathBuf,
}

impl Sources {
    pub(super) fn new(events: broadcast::Sender<EngineEvent>, data_dir: PathBuf) -> Self {
        Self {
            shells: LocalShells::default(),
            players: Arc::default(),
            captures: Arc::default(),
            writing: TaskTracker::new(),
            events,
            data_dir,
        }
    }

    /// Ends what outlives its terminals for a moment.
    pub(super) async fn end_all(&self) {
        self.shells.end_all().await;
        self.writing.close();
        let _ = tokio::time::timeout(WRITE_TIMEOUT, self.writing.wait()).await;
    }

    pub(super) fn captures(&self) -> Vec<CaptureView> {
        lock(&self.captures).values().cloned().collect()
    }

    pub(super) fn playbacks(&self) -> Vec<PlaybackView> {
        let view = |(id, player): (&TerminalId, &Player)| PlaybackView {
            id: *id,
            state: player.state.borrow().clone(),
        };
        lock(&self.players).iter().map(view).collect()
    }

    /// Tells of each state of a recording that is played, until its terminal ends.
    fn follow(&self, id: TerminalId, player: Player) {
        lock(&self.players).insert(id, player.clone());
        let (players, events) = (Arc::clone(&self.players), self.events.clone());
        tokio::spawn(async move {
            let mut state = player.state;
            loop {
                let view = PlaybackView { id, state: state.borrow_and_update().clone() };
                let _ = events.send(EngineEvent::Playback(view));
                if state.changed().await.is_err() {
                    break;
                }
            }
            lock(&players).remove(&id);
        });
    }

    fn folder_file(&self) -> PathBuf {
        self.data_dir.join(FOLDER_FILE)
    }
}

impl Engine {
    /// How a terminal that needs no host is opened; nothing for a host.
    pub(super) fn open_without_host(
        &self,
        target: &HostId,
    ) -> Option<Box<dyn FnOnce(TerminalId) -> OpenSource>> {
        // An engine that is given up must not be held by its terminals.
        match TerminalTarget::of(target) {
            TerminalTarget::Host => None,
            TerminalTarget::Local => {
                let open = self.open_local();
                Some(Box::new(move |_| open))
            }
            TerminalTarget::Recording(path) => {
                let engine = Arc::downgrade(&self.inner);
                Some(Box::new(move |id| open_recording(engine, id, path)))
            }
        }
    }

    fn open_local(&self) -> OpenSource {
        let shells = self.inner.sources.shells.clone();
        Box::new(move |_, size| {
            let (shells, size) = (shells.clone(), *size.borrow());
            Box::pin(async move { shells.open(LocalShell::of_person(), size).await })
        })
    }

    /// What a person does with a recording that is played.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::TerminalNotFound`] when it is not there any more.
    pub async fn playback(&self, id: TerminalId, command: PlaybackCommand) -> Result<()> {
        let player = lock(&self.inner.sources.players).get(&id).cloned();
        player.ok_or_else(gone)?.command(command).await
    }

    /// Begins or ends a transcript: every byte of a terminal's output as it comes, in a file.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::CaptureFailed`], and the code for a terminal that has ended, as for recordings.
    pub async fn terminal_transcript(&self, id: TerminalId, on: bool) -> Result<()> {
        self.capture(id, CaptureKind::Transcript, on).await
    }

    /// Begins or ends a recording, which can be played.
    ///
    /// # Errors
    /// See [`Engine::terminal_transcript`].
    pub async fn terminal_record(&self, id: TerminalId, on: bool) -> Result<()> {
        self.capture(id, CaptureKind::Recording, on).await
    }

    async fn capture(&self, id: TerminalId, kind: CaptureKind, on: bool) -> Result<()> {
        let (terminal, host) = self.inner.terminals.named(id)?;
        let sources = &self.inner.sources;
        if !on {
            terminal.stop_capture(kind);
            self.tell_capture(id, |view| *view.path_mut(kind) = None);
            return Ok(());
        }
        if terminal.is_captured(kind) {
            return Ok(());
        }
        let (folder, name) = (self.captures_folder(), self.capture_name(&host).await);
        let captures = Arc::downgrade(&self.inner);
        let failed = Arc::<AtomicBool>::default();
        let fails = Arc::clone(&failed);
        let ended = move |error: Option<Error>| {
            fails.store(error.is_some(), Ordering::Relaxed);
            let Some(inner) = captures.upgrade() else { return };
            let engine = Engine { inner };
            match error {
                Some(error) => engine.tell_capture(id, |view| {
                    *view.path_mut(kind) = None;
                    view.problem = Some(Problem::from(&error));
                }),
                // One that a person ended has been told, and another may have begun since.
                None => engine.forget_captures_at_end(id),
            }
        };
        let path = terminal.capture(kind, folder, name, sources.writing.token(), ended).await?;
        // A disk that is full ends it at once, which was told by then.
        if !failed.load(Ordering::Relaxed) {
            self.tell_capture(id, |view| *view.path_mut(kind) = Some(path.to_string_lossy().into_owned()));
        }
        // It may have ended meanwhile.
        self.forget_captures_at_end(id);
        Ok(())
    }

    /// Keeps and tells what a terminal is written to.
    fn tell_capture(&self, id: TerminalId, change: impl FnOnce(&mut CaptureView)) {
        let view = {
            let mut captures = lock(&self.inner.sources.captures);
            let view = captures.entry(id).or_insert_with(|| CaptureView::none(id));
            view.problem = None;
            change(view);
            let view = view.clone();
            // A problem is told once.
            if view.transcript.is_none() && view.recording.is_none() {
                captures.remove(&id);
            }
            view
        };
        let _ = self.inner.events.send(EngineEvent::Capture(view));
    }

    /// A terminal that has ended is written to nothing.
    fn forget_captures_at_end(&self, id: TerminalId) {
        if self.inner.terminals.named(id).is_err() && lock(&self.inner.sources.captures).contains_key(&id) {
            self.tell_capture(id, |view| *view = CaptureView::none(id));
        }
    }

    /// Begins the transcript of a host that always wants one. Its terminal must not fail for that.
    pub(super) async fn transcribe_if_wanted(&self, id: TerminalId, host: &HostId) {
        let wanted = matches!(TerminalTarget::of(host), TerminalTarget::Host)
            && self.inner.store.get(host).await.is_ok_and(|host| host.draft.options.transcript);
        if !wanted {
            return;
        }
        // The window waits for its terminal meanwhile: a folder that does not answer must not hold that up.
        let begun = tokio::time::timeout(TRANSCRIPT_WITHIN, self.terminal_transcript(id, true)).await;
        let too_slow = || Err(capture::failed(&self.captures_folder(), &"the folder does not answer"));
        if let Err(error) = begun.unwrap_or_else(|_| too_slow()) {
            self.tell_capture(id, |view| view.problem = Some(Problem::from(&error)));
        }
    }

    async fn capture_name(&self, host: &HostId) -> String {
        match TerminalTarget::of(host) {
            TerminalTarget::Local => "local".to_owned(),
            TerminalTarget::Recording(_) => "recording".to_owned(),
            TerminalTarget::Host => {
                let hosts = self.hosts().await.map(|list| list.hosts).unwrap_or_default();
                let draft = hosts.into_iter().find(|known| known.id == *host).map(|known| known.draft);
                draft.map_or_else(String::new, |draft| {
                    if draft.label.is_empty() { draft.address } else { draft.label }
                })
            }
        }
    }

    /// Where transcripts and recordings lie.
    pub async fn capture_folder(&self) -> Result<String> {
        Ok(self.captures_folder().to_string_lossy().into_owned())
    }

    /// The same folder, which is there by then.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::CaptureFailed`].
    pub async fn make_capture_folder(&self) -> Result<PathBuf> {
        let folder = self.captures_folder();
        tokio::fs::create_dir_all(&folder).await.map_err(|cause| capture::failed(&folder, &cause))?;
        Ok(folder)
    }

    /// Where the next ones are to lie. Those that are written now stay where they are.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`] when the choice cannot be kept.
    pub async fn set_capture_folder(&self, folder: PathBuf) -> Result<()> {
        let text = serde_json::to_vec(&ChosenFolder { folder }).map_err(Error::internal)?;
        tokio::fs::write(self.inner.sources.folder_file(), text).await.map_err(Error::internal)
    }

    fn captures_folder(&self) -> PathBuf {
        let kept = std::fs::read(self.inner.sources.folder_file()).ok();
        let chosen = kept.and_then(|text| serde_json::from_slice::<ChosenFolder>(&text).ok());
        match chosen {
            Some(chosen) => chosen.folder,
            None => dirs::document_dir().unwrap_or_else(|| self.inner.sources.data_dir.clone()).join(FOLDER),
        }
    }
}

fn open_recording(engine: Weak<Inner>, id: TerminalId, path: PathBuf) -> OpenSource {
    Box::new(move |_, size| {
        let (engine, path) = (engine.clone(), path.clone());
        Box::pin(async move {
            let reading = tokio::task::spawn_blocking(move || playback::read(&path));
            let cast = reading.await.map_err(Error::internal)??;
            let (source, player) = playback::play(cast, *size.borrow());
            engine.upgrade().ok_or_else(gone)?.sources.follow(id, player);
            Ok(source)
        })
    })
}

fn lock<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}
