//! Who listens to what a terminal shows: each has a thread of its own that writes a file, and a queue to it. The terminal
//! never waits for a disk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::OpenSource;
use super::capture::CaptureKind;
use super::source::{Source, SourceControl, SourceEvent, SourceReader};
use super::state::TerminalSize;
use crate::error::{Error, Result};

/// Pieces of output that wait for the disk; one has at most 32 KiB, so 8 MiB. When it is full pieces are dropped, and the file
/// says how many bytes it lacks.
const PIECES: usize = 256;

/// What the writer of a file is told.
#[derive(Debug)]
pub(super) enum Piece {
    /// The screen at the beginning, as a snapshot.
    Screen(TerminalSize, Vec<u8>),
    Output(Instant, Bytes),
    Resized(Instant, TerminalSize),
    /// So many bytes were dropped here.
    Lost(Instant, u64),
}

/// Writes a file. An error ends it, and is told to the person.
pub(super) trait TapWriter: Send + 'static {
    fn write(&mut self, piece: &Piece) -> Result<()>;
    /// Hands what was written to the system.
    fn flush(&mut self) -> Result<()>;
}

/// The sending end of one writer.
#[derive(Debug)]
pub(super) struct Tap {
    queue: mpsc::Sender<Piece>,
    lost: u64,
}

impl Tap {
    /// Starts the writer's thread. `ended` hears of its end, and why if it was none that a person asked for; `working` is held
    /// until everything is in the file.
    pub(super) fn start(
        mut writer: impl TapWriter,
        working: TaskTrackerToken,
        ended: impl FnOnce(Option<Error>) + Send + 'static,
    ) -> Result<Self> {
        let (queue, mut pieces) = mpsc::channel(PIECES);
        let thread = std::thread::Builder::new().name("terminal-capture".into());
        let writing = move || {
            let outcome = write_all(&mut writer, &mut pieces);
            drop(pieces);
            ended(outcome.err());
            drop(working);
        };
        thread.spawn(writing).map_err(Error::internal)?;
        Ok(Self { queue, lost: 0 })
    }

    /// Whether the writer still listens.
    fn tell(&mut self, at: Instant, piece: Piece) -> bool {
        if self.lost > 0 {
            match self.queue.try_send(Piece::Lost(at, self.lost)) {
                Ok(()) => self.lost = 0,
                Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Closed(_)) => return false,
            }
        }
        let bytes = match &piece {
            Piece::Output(_, bytes) => bytes.len() as u64,
            Piece::Screen(..) | Piece::Resized(..) | Piece::Lost(..) => 0,
        };
        if self.lost > 0 {
            self.lost += bytes;
            return true;
        }
        match self.queue.try_send(piece) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.lost += bytes;
                true
            }
            Err(TrySendError::Closed(_)) => false,
        }
    }
}

fn write_all(writer: &mut impl TapWriter, pieces: &mut mpsc::Receiver<Piece>) -> Result<()> {
    loop {
        let piece = match pieces.try_recv() {
            Ok(piece) => piece,
            Err(TryRecvError::Disconnected) => return writer.flush(),
            Err(TryRecvError::Empty) => {
                writer.flush()?;
                match pieces.blocking_recv() {
                    Some(piece) => piece,
                    None => return writer.flush(),
                }
            }
        };
        writer.write(&piece)?;
    }
}

/// The taps of one terminal: at most one of each kind. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Taps(Arc<Mutex<[Option<Tap>; CaptureKind::ALL.len()]>>);

impl Taps {
    /// The same source, listened to.
    pub(super) fn listen(&self, open: OpenSource) -> OpenSource {
        let taps = self.clone();
        Box::new(move |opening, size| {
            let (taps, opened) = (taps.clone(), open(opening, size));
            async move {
                let source = opened.await?;
                if let Some(greeting) = &source.greeting {
                    taps.output(&format!("{}\r\n", greeting.trim_end().replace('\n', "\r\n")).into());
                }
                let Source { greeting, reader, writer, control, beginning } = source;
                let reader = Box::new(TappedReader { reader, taps: taps.clone() });
                let control = Box::new(TappedControl { control, taps });
                Ok(Source { greeting, reader, writer, control, beginning })
            }
            .boxed()
        })
    }

    /// Takes the place of an earlier one of its kind.
    pub(super) fn add(&self, kind: CaptureKind, tap: Tap) {
        self.lock()[kind as usize] = Some(tap);
    }

    /// The same for a writer that has to know what stands there at its beginning.
    pub(super) fn add_with_screen(
        &self,
        kind: CaptureKind,
        mut tap: Tap,
        size: TerminalSize,
        screen: Vec<u8>,
    ) {
        tap.tell(Instant::now(), Piece::Screen(size, screen));
        self.add(kind, tap);
    }

    pub(super) fn remove(&self, kind: CaptureKind) {
        self.lock()[kind as usize] = None;
    }

    pub(super) fn has(&self, kind: CaptureKind) -> bool {
        self.lock()[kind as usize].as_ref().is_some_and(|tap| !tap.queue.is_closed())
    }

    fn output(&self, bytes: &Bytes) {
        self.tell(|at| Piece::Output(at, bytes.clone()));
    }

    fn resized(&self, size: TerminalSize) {
        self.tell(|at| Piece::Resized(at, size));
    }

    fn tell(&self, piece: impl Fn(Instant) -> Piece) {
        let now = Instant::now();
        for place in &mut *self.lock() {
            if place.as_mut().is_some_and(|tap| !tap.tell(now, piece(now))) {
                *place = None;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Tap>; CaptureKind::ALL.len()]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct TappedReader {
    reader: Box<dyn SourceReader>,
    taps: Taps,
}

impl SourceReader for TappedReader {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        async {
            let event = self.reader.next().await;
            if let SourceEvent::Output(bytes) = &event {
                self.taps.output(bytes);
            }
            event
        }
        .boxed()
    }
}

struct TappedControl {
    control: Box<dyn SourceControl>,
    taps: Taps,
}

impl SourceControl for TappedControl {
    fn resize(&self, size: TerminalSize) -> BoxFuture<'_, Result<()>> {
        self.taps.resized(size);
        self.control.resize(size)
    }

    fn said(&self, bytes: &Bytes) {
        self.taps.output(bytes);
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.control.close()
    }

    fn end(&self) -> BoxFuture<'_, ()> {
        self.control.end()
    }
}
