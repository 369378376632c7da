//! A recording as a [`Source`]: it says what was said then, at the same pace or another one. A jump to another moment gives a
//! snapshot of what the screen showed then, so it costs the window one screen and not all that came before.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use ts_rs::TS;

use super::asciicast::{Cast, CastEvent};
use super::screen::Screen;
use super::source::{Beginning, Source, SourceControl, SourceEvent, SourceReader};
use super::state::{TerminalId, TerminalSize};
use crate::error::{Error, ErrorCode, Result};

/// Commands of a person that wait; whoever sends one waits when it is full.
const COMMANDS: usize = 16;
/// How often the window is told where it is.
const PROGRESS: Duration = Duration::from_millis(100);
/// Output in one piece: what is late comes together.
const PIECE_BYTES: usize = 32 * 1024;
/// How long the window has to take the size of the recording. A window that does not is shown what there is to show.
const RESIZE_TIMEOUT: Duration = Duration::from_millis(500);
/// Pauses are cut to this if the person wants so and whoever recorded it said nothing else.
const PAUSE_MICROS: u64 = 1_000_000;
const SPEEDS: std::ops::RangeInclusive<f64> = 0.25..=16.0;

/// What a person does with a recording.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, TS)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum PlaybackCommand {
    /// From where it is, or from the beginning when it is over.
    Play,
    Pause,
    Seek {
        position_ms: f64,
    },
    Speed {
        factor: f64,
    },
    /// Whether pauses are cut short.
    SkipPauses {
        on: bool,
    },
}

/// Where a recording is.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlaybackState {
    pub playing: bool,
    pub position_ms: f64,
    /// With or without its pauses.
    pub length_ms: f64,
    pub speed: f64,
    pub skips_pauses: bool,
    /// The size that the terminal has to have.
    pub size: TerminalSize,
    /// What it is called by whoever recorded it; may be empty.
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlaybackView {
    pub id: TerminalId,
    #[serde(flatten)]
    pub state: PlaybackState,
}

/// The person's end of a recording that is played.
#[derive(Debug, Clone)]
pub struct Player {
    commands: mpsc::Sender<PlaybackCommand>,
    pub state: watch::Receiver<PlaybackState>,
}

impl Player {
    /// # Errors
    /// [`ErrorCode::TerminalNotFound`] when its terminal is closed.
    pub async fn command(&self, command: PlaybackCommand) -> Result<()> {
        self.commands.send(command).await.map_err(|_| super::gone())
    }
}

/// Reads a recording's file.
///
/// # Errors
/// [`ErrorCode::RecordingUnusable`].
pub fn read(path: &Path) -> Result<Cast> {
    let unusable = |cause: String| {
        let path = path.to_string_lossy();
        Error::new(
            ErrorCode::RecordingUnusable,
            format!("{path} cannot be played: {cause}. Choose another file."),
        )
        .with("path", path)
        .with("cause", cause)
    };
    let is_file = std::fs::metadata(path).map_err(|cause| unusable(cause.to_string()))?.is_file();
    if !is_file {
        // A pipe or a device might never end.
        return Err(unusable("it is no file".to_owned()));
    }
    let file = std::fs::File::open(path).map_err(|cause| unusable(cause.to_string()))?;
    Cast::read(std::io::BufReader::new(file)).map_err(unusable)
}

/// A source that plays a recording, which begins at once.
pub fn play(cast: Cast, window: TerminalSize) -> (Source, Player) {
    let (commands, queue) = mpsc::channel(COMMANDS);
    let (sizes, window) = watch::channel(window);
    let skips_pauses = cast.idle_limit_micros.is_some();
    let schedule = schedule(&cast, skips_pauses);
    let state = PlaybackState {
        playing: true,
        position_ms: 0.0,
        length_ms: milliseconds(schedule.last().copied().unwrap_or(0)),
        speed: 1.0,
        skips_pauses,
        size: cast.size,
        title: cast.title.clone(),
    };
    let (published, followed) = watch::channel(state);
    let reader = Playback {
        cast: Arc::new(cast),
        schedule,
        next: 0,
        clock: Clock { since: Instant::now(), position: 0 },
        published,
        told: Instant::now(),
        commands: queue,
        window,
        wait_until: Some(Instant::now() + RESIZE_TIMEOUT),
        seeking: None,
    };
    let source = Source {
        greeting: None,
        reader: Box::new(reader),
        // Nobody is there who would read.
        writer: Box::new(tokio::io::sink()),
        control: Box::new(PlaybackControl(sizes)),
        beginning: Beginning::default(),
    };
    (source, Player { commands, state: followed })
}

/// When each event is due, in microseconds since the beginning.
fn schedule(cast: &Cast, skips_pauses: bool) -> Vec<u64> {
    let longest = if skips_pauses { cast.idle_limit_micros.unwrap_or(PAUSE_MICROS) } else { u64::MAX };
    let (mut before, mut due) = (0, 0);
    let times = cast.events().map(|(at, _)| {
        due += (at - before).min(longest);
        before = at;
        due
    });
    times.collect()
}

/// Upwards: whoever asks for the moment that is told as the end gets to the end.
fn milliseconds(micros: u64) -> f64 {
    micros.div_ceil(1000) as f64
}

/// Where it was at a moment; while it plays it goes on from there.
struct Clock {
    since: Instant,
    position: u64,
}

struct Seeking {
    screen: JoinHandle<Vec<u8>>,
    /// The person wants to be elsewhere already.
    given_up: Arc<AtomicBool>,
}

impl Drop for Seeking {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

struct Playback {
    cast: Arc<Cast>,
    schedule: Vec<u64>,
    /// The first event that has not been shown.
    next: usize,
    clock: Clock,
    published: watch::Sender<PlaybackState>,
    /// When the window was last told where it is.
    told: Instant,
    commands: mpsc::Receiver<PlaybackCommand>,
    window: watch::Receiver<TerminalSize>,
    /// The window is given until then to take the recording's size.
    wait_until: Option<Instant>,
    seeking: Option<Seeking>,
}

impl Playback {
    async fn event(&mut self) -> SourceEvent {
        loop {
            if let Some(bytes) = self.due_output() {
                return SourceEvent::Output(bytes);
            }
            let wake = self.wake();
            let seeking = self.seeking.is_some();
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    // Its terminal is being closed.
                    None => std::future::pending().await,
                },
                screen = sought(&mut self.seeking), if seeking => {
                    self.seeking = None;
                    self.clock.since = Instant::now();
                    return SourceEvent::Output(screen.into());
                }
                changed = self.window.changed(), if self.wait_until.is_some() => {
                    if changed.is_err() {
                        self.wait_until = None;
                    }
                }
                () = tokio::time::sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
        }
    }

    fn obey(&mut self, command: PlaybackCommand) {
        let now = Instant::now();
        let position = self.position(now);
        self.clock = Clock { since: now, position };
        match command {
            PlaybackCommand::Play if self.next >= self.cast.len() && self.seeking.is_none() => {
                self.set(|state| state.playing = true);
                self.seek(0);
            }
            PlaybackCommand::Play => self.set(|state| state.playing = true),
            PlaybackCommand::Pause => self.set(|state| state.playing = false),
            PlaybackCommand::Seek { position_ms } => self.seek((position_ms.max(0.0) * 1000.0) as u64),
            PlaybackCommand::Speed { factor } if factor.is_finite() => {
                self.set(|state| state.speed = factor.clamp(*SPEEDS.start(), *SPEEDS.end()));
            }
            PlaybackCommand::Speed { .. } => {}
            PlaybackCommand::SkipPauses { on } => self.skip_pauses(on),
        }
        self.tell(now);
    }

    /// The moment stays the same one, though it has another number.
    fn skip_pauses(&mut self, on: bool) {
        let before = self.shown_until();
        let into_pause = self.clock.position.saturating_sub(before);
        self.schedule = schedule(&self.cast, on);
        let due = self.schedule.get(self.next).copied().unwrap_or(u64::MAX);
        self.clock.position = (self.shown_until() + into_pause).min(due).min(self.length());
        let length_ms = milliseconds(self.length());
        self.set(|state| (state.skips_pauses, state.length_ms) = (on, length_ms));
    }

    /// When the last event that was shown was due.
    fn shown_until(&self) -> u64 {
        self.next.checked_sub(1).map_or(0, |last| self.schedule[last])
    }

    fn seek(&mut self, position: u64) {
        let position = position.min(self.length());
        self.clock = Clock { since: Instant::now(), position };
        self.next = self.schedule.partition_point(|due| *due <= position);
        let (cast, next) = (Arc::clone(&self.cast), self.next);
        let size = (0..next).rev().find_map(|index| match cast.event(index) {
            CastEvent::Resized(size) => Some(size),
            CastEvent::Output(_) => None,
        });
        self.take_size(size.unwrap_or(self.cast.size));
        let given_up = Arc::new(AtomicBool::new(false));
        let unwanted = Arc::clone(&given_up);
        let screen = tokio::task::spawn_blocking(move || screen_at(&cast, next, &unwanted));
        self.seeking = Some(Seeking { screen, given_up });
    }

    fn take_size(&mut self, size: TerminalSize) {
        self.set(|state| state.size = size);
        self.wait_until = Some(Instant::now() + RESIZE_TIMEOUT);
    }

    /// What is to be shown by now.
    fn due_output(&mut self) -> Option<Bytes> {
        let now = Instant::now();
        if self.seeking.is_some() || self.waits(now) || !self.published.borrow().playing {
            return None;
        }
        let position = self.position(now);
        let mut bytes = BytesMut::new();
        while self.next < self.cast.len() && self.schedule[self.next] <= position && bytes.len() < PIECE_BYTES
        {
            match self.cast.event(self.next) {
                CastEvent::Output(output) => bytes.extend_from_slice(output),
                // What was said before is shown at the size before.
                CastEvent::Resized(_) if !bytes.is_empty() => break,
                CastEvent::Resized(size) => {
                    self.next += 1;
                    self.clock = Clock { since: now, position: self.shown_until() };
                    self.take_size(size);
                    break;
                }
            }
            self.next += 1;
        }
        if self.next >= self.cast.len() && self.position(now) >= self.length() {
            self.clock = Clock { since: now, position: self.length() };
            self.set(|state| state.playing = false);
            self.tell(now);
        } else if now >= self.told + PROGRESS {
            self.tell(now);
        }
        (!bytes.is_empty()).then(|| bytes.freeze())
    }

    /// Whether the window is still on its way to the size of the recording.
    fn waits(&mut self, now: Instant) -> bool {
        let Some(until) = self.wait_until else { return false };
        let arrived = *self.window.borrow() == self.published.borrow().size;
        if !arrived && now < until {
            return true;
        }
        // The time that the window took is not missing from the recording.
        let position = self.clock.position;
        self.clock = Clock { since: now, position };
        self.wait_until = None;
        false
    }

    /// When to look again.
    fn wake(&self) -> Option<Instant> {
        if let Some(until) = self.wait_until {
            return Some(until);
        }
        let state = self.published.borrow();
        if !state.playing || self.seeking.is_some() {
            return None;
        }
        let due = self.schedule.get(self.next).copied().unwrap_or_else(|| self.length());
        let rest = due.saturating_sub(self.clock.position) as f64 / state.speed;
        let due = self.clock.since + Duration::from_micros(rest.ceil() as u64);
        Some(due.min(self.told + PROGRESS))
    }

    fn position(&self, now: Instant) -> u64 {
        let state = self.published.borrow();
        if !state.playing || self.seeking.is_some() || self.wait_until.is_some() {
            return self.clock.position;
        }
        let passed = now.saturating_duration_since(self.clock.since).as_micros() as f64 * state.speed;
        (self.clock.position + passed as u64).min(self.length())
    }

    fn length(&self) -> u64 {
        self.schedule.last().copied().unwrap_or(0)
    }

    fn set(&self, change: impl FnOnce(&mut PlaybackState)) {
        self.published.send_modify(change);
    }

    fn tell(&mut self, now: Instant) {
        self.told = now;
        let position_ms = milliseconds(self.position(now));
        self.set(|state| state.position_ms = position_ms);
    }
}

async fn sought(seeking: &mut Option<Seeking>) -> Vec<u8> {
    match seeking {
        // One that failed shows nothing, and the recording goes on.
        Some(seeking) => (&mut seeking.screen).await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}

/// What the screen shows before an event, for a window that starts anew.
fn screen_at(cast: &Cast, next: usize, unwanted: &AtomicBool) -> Vec<u8> {
    let mut screen = Screen::new(cast.size);
    for index in 0..next {
        if unwanted.load(Ordering::Relaxed) {
            return Vec::new();
        }
        match cast.event(index) {
            CastEvent::Output(bytes) => screen.feed(bytes),
            CastEvent::Resized(size) => screen.resize(size),
        }
        // Answers are for a program that is long gone.
        screen.take_queries();
    }
    screen.snapshot()
}

impl SourceReader for Playback {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        self.event().boxed()
    }
}

struct PlaybackControl(watch::Sender<TerminalSize>);

impl SourceControl for PlaybackControl {
    fn resize(&self, size: TerminalSize) -> BoxFuture<'_, Result<()>> {
        self.0.send_replace(size);
        async { Ok(()) }.boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

#[cfg(test)]
mod tests;
