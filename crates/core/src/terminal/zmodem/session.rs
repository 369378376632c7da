//! One transfer from the offer to its end, on a thread of its own: files are written as they come.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use zmodem2::{Action, Event, FileInfo, Position, Receiver, Sender};

use super::detect::Wish;
use super::escape::EscapeControls;
use super::files::{Incoming, Outgoing};
use super::repeats::Repeats;
use super::wire::TransferWriter;
use super::{FaultKind, TransferAnswer, TransferDirection, TransferFault, TransferState};
use crate::prompt::visible_line;

/// How long a person may think. The programs on the host give up after a minute or so by themselves.
const OFFER_TIMEOUT: Duration = Duration::from_secs(300);
/// Silence of the other side, after which it is asked again, and how often.
const SILENCE: Duration = Duration::from_secs(10);
const SILENCES_MAX: u32 = 6;
/// Pieces that make no sense, after which a transfer is given up.
const ERRORS_MAX: u32 = 20;
/// What a program on the host sends to give up.
const GIVEN_UP: &[u8] = &[0x18; 5];
const PROGRESS: Duration = Duration::from_millis(100);
/// What is under way when a transfer is cancelled is dropped until nothing came for so long, and no longer than that.
const QUIET: Duration = Duration::from_millis(300);
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// What of it is shown at most: a message and a prompt.
const TAIL_BYTES: usize = 2048;
/// Of 1 KiB, before the other side has to say that it has them: 256 KiB for each round trip.
const WINDOW_SUBPACKETS: usize = 256;
const FILES_MAX: u32 = 10_000;

pub(super) struct Session {
    pub wire: TransferWriter,
    pub pieces: mpsc::Receiver<Bytes>,
    pub state: watch::Sender<TransferState>,
    pub cancel: CancellationToken,
}

/// Why a transfer ended early.
enum Failure {
    /// By the person or by the terminal's end.
    Cancelled,
    /// Nobody on the host waits for one. What came in its place belongs on the screen.
    NotMeant(Bytes),
    Cause(TransferFault),
}

/// What came while the person thought.
enum Heard {
    GaveUp,
    SomethingElse(Bytes),
}

impl Failure {
    fn because(kind: FaultKind) -> Self {
        Self::Cause(TransferFault { kind, detail: String::new() })
    }

    /// `detail` may come from the host.
    fn with(kind: FaultKind, detail: &str) -> Self {
        Self::Cause(TransferFault { kind, detail: visible_line(detail) })
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::with(FaultKind::Other, &error.to_string())
    }
}

/// How far it is.
struct Progress {
    direction: TransferDirection,
    name: String,
    bytes: u64,
    size: u64,
    files: u32,
    told: Option<Instant>,
}

impl Session {
    /// Runs it, and gives back what came behind its end, and the queue, in which there may be more.
    pub async fn run(
        mut self,
        wish: Wish,
        answered: oneshot::Receiver<TransferAnswer>,
    ) -> (Bytes, mpsc::Receiver<Bytes>) {
        let direction = match wish {
            Wish::Send => TransferDirection::Receive,
            Wish::Receive { .. } => TransferDirection::Send,
        };
        let mut progress =
            Progress { direction, name: String::new(), bytes: 0, size: 0, files: 0, told: None };
        self.state.send_replace(TransferState::Offered { direction });
        let mut folder = None;
        let outcome = match (self.wait_for_answer(answered).await, wish) {
            (Ok(TransferAnswer::ReceiveInto(into)), Wish::Send) => {
                folder = Some(into.to_string_lossy().into_owned());
                self.receive(&into, &mut progress).await
            }
            (Ok(TransferAnswer::Send(paths)), Wish::Receive { escaped }) => {
                self.send(&paths, escaped, &mut progress).await
            }
            (Ok(_), _) => Err(Failure::with(FaultKind::Other, "the answer was for another question")),
            (Err(failure), _) => Err(failure),
        };
        let files = progress.files;
        let left = match outcome {
            Ok(left) => {
                self.state.send_replace(TransferState::Done { direction, files, folder });
                left
            }
            Err(Failure::NotMeant(left)) => {
                // Whoever runs there now must not get the keys by which a transfer is given up.
                self.state.send_replace(TransferState::None);
                left
            }
            Err(failure) => {
                let left = self.abort().await;
                let cause = match failure {
                    Failure::Cancelled | Failure::NotMeant(_) => None,
                    Failure::Cause(fault) => Some(fault),
                };
                self.state.send_replace(TransferState::Failed { direction, cause, files });
                left
            }
        };
        (left, self.pieces)
    }

    /// What comes meanwhile is the other side asking again, or nobody asked.
    async fn wait_for_answer(
        &mut self,
        answered: oneshot::Receiver<TransferAnswer>,
    ) -> Result<TransferAnswer, Failure> {
        let mut repeats = Repeats::default();
        let listening = async {
            while let Some(bytes) = self.pieces.recv().await {
                if bytes.windows(GIVEN_UP.len()).any(|part| part == GIVEN_UP) {
                    break;
                }
                if let Some(foreign) = repeats.push(&bytes) {
                    return Heard::SomethingElse(foreign);
                }
            }
            Heard::GaveUp
        };
        tokio::select! {
            answer = timeout(OFFER_TIMEOUT, answered) => match answer {
                Ok(Ok(answer)) => Ok(answer),
                _ => Err(Failure::Cancelled),
            },
            () = self.cancel.cancelled() => Err(Failure::Cancelled),
            heard = listening => Err(match heard {
                Heard::GaveUp => Failure::because(FaultKind::GaveUp),
                Heard::SomethingElse(bytes) => Failure::NotMeant(bytes),
            }),
        }
    }

    async fn receive(&mut self, folder: &Path, progress: &mut Progress) -> Result<Bytes, Failure> {
        let mut receiver = Receiver::with_flow_control(0, true)?;
        receiver.set_manual_file_accept(true);
        let mut incoming: Option<Incoming> = None;
        let (mut input, mut over) = (Bytes::new(), false);
        let (mut silences, mut errors) = (0, 0);
        loop {
            match receiver.poll() {
                Action::WriteWire(bytes) => {
                    let bytes = Bytes::copy_from_slice(bytes);
                    self.write(&bytes).await?;
                    receiver.wire_written(bytes.len());
                }
                Action::WriteFile(bytes) => {
                    let written = bytes.len();
                    match &mut incoming {
                        Some(file) => file.write(bytes).map_err(|error| not_written(folder, &error))?,
                        None => return Err(Failure::because(FaultKind::BrokeProtocol)),
                    }
                    receiver.file_written(written)?;
                    progress.bytes += written as u64;
                    self.tell(progress, false);
                }
                Action::Event(Event::FileStarted(info)) => {
                    if progress.files >= FILES_MAX {
                        return Err(Failure::with(FaultKind::TooManyFiles, &FILES_MAX.to_string()));
                    }
                    let file =
                        Incoming::create(folder, info.name).map_err(|error| not_written(folder, &error))?;
                    (progress.name, progress.bytes) = (visible_line(&file.name), 0);
                    progress.size = info.size.map_or(0, |size| u64::from(size.get()));
                    incoming = Some(file);
                    receiver.accept_file_at(0)?;
                    self.tell(progress, true);
                }
                Action::Event(Event::FileCompleted) => {
                    if let Some(file) = incoming.take() {
                        file.finish().map_err(|error| not_written(folder, &error))?;
                        progress.files += 1;
                        self.tell(progress, true);
                    }
                }
                Action::Event(Event::SessionCompleted) => over = true,
                Action::Event(Event::Aborted) => return Err(Failure::because(FaultKind::EndedByHost)),
                Action::Idle if over => return Ok(self.behind(input).await),
                Action::Idle if input.is_empty() => match self.next(&mut silences).await? {
                    Some(bytes) => input = bytes,
                    None => receiver.timeout()?,
                },
                Action::Idle => match receiver.submit_wire(&input) {
                    Ok(0) => return Err(Failure::because(FaultKind::BrokeProtocol)),
                    Ok(taken) => input.advance(taken),
                    // The size does not fit where ZMODEM has its offsets.
                    Err(zmodem2::Error::MalformedFileSize) => {
                        return Err(Failure::because(FaultKind::TooLarge));
                    }
                    Err(error) => {
                        input.clear();
                        count(&mut errors, &error)?;
                    }
                },
                _ => return Err(Failure::because(FaultKind::BrokeProtocol)),
            }
        }
    }

    async fn send(
        &mut self,
        paths: &[PathBuf],
        escaped: bool,
        progress: &mut Progress,
    ) -> Result<Bytes, Failure> {
        // One that cannot be sent is told of before the first one goes.
        for path in paths {
            open(path)?;
        }
        let mut escape = escaped.then(EscapeControls::default);
        let mut sender = Sender::new()?;
        sender.set_streaming_window(WINDOW_SUBPACKETS);
        let mut waiting = paths.iter();
        let mut outgoing = self.begin_file(&mut sender, waiting.next(), progress)?;
        let (mut input, mut over) = (Bytes::new(), false);
        let (mut silences, mut errors) = (0, 0);
        let mut buffer = Vec::new();
        loop {
            match sender.poll() {
                Action::WriteWire(bytes) => {
                    let length = bytes.len();
                    let bytes = escape.as_mut().map_or_else(|| bytes.to_vec(), |escape| escape.escape(bytes));
                    self.write(&bytes).await?;
                    sender.wire_written(length);
                }
                Action::ReadFile { offset, max_len } => {
                    let Some(file) = &mut outgoing else {
                        return Err(Failure::because(FaultKind::BrokeProtocol));
                    };
                    buffer.resize(max_len, 0);
                    let read = file.read(offset.get(), &mut buffer)?;
                    if read == 0 {
                        return Err(Failure::with(FaultKind::BecameShorter, &file.name));
                    }
                    sender.submit_file(&buffer[..read])?;
                    progress.bytes = u64::from(offset.get()) + read as u64;
                    self.tell(progress, false);
                }
                Action::Event(Event::FileCompleted) => {
                    progress.files += 1;
                    outgoing = self.begin_file(&mut sender, waiting.next(), progress)?;
                }
                Action::Event(Event::SessionCompleted) => over = true,
                Action::Event(_) => return Err(Failure::because(FaultKind::EndedByHost)),
                Action::Idle if over => return Ok(self.behind(input).await),
                Action::Idle if input.is_empty() => match self.next(&mut silences).await? {
                    Some(bytes) => input = bytes,
                    None => sender.timeout()?,
                },
                Action::Idle => match sender.submit_wire(&input) {
                    Ok(0) => return Err(Failure::because(FaultKind::BrokeProtocol)),
                    Ok(taken) => input.advance(taken),
                    Err(error) => {
                        input.clear();
                        count(&mut errors, &error)?;
                    }
                },
                _ => return Err(Failure::because(FaultKind::BrokeProtocol)),
            }
        }
    }

    /// Offers the next file, or says that there is none.
    fn begin_file(
        &self,
        sender: &mut Sender,
        path: Option<&PathBuf>,
        progress: &mut Progress,
    ) -> Result<Option<Outgoing>, Failure> {
        let Some(path) = path else {
            sender.finish()?;
            return Ok(None);
        };
        let file = open(path)?;
        sender.start_file(FileInfo::new(file.name.as_bytes(), Some(Position::new(file.size))))?;
        (progress.name, progress.bytes, progress.size) = (visible_line(&file.name), 0, u64::from(file.size));
        self.tell(progress, true);
        Ok(Some(file))
    }

    fn tell(&self, progress: &mut Progress, now: bool) {
        let moment = Instant::now();
        if !now && progress.told.is_some_and(|told| moment < told + PROGRESS) {
            return;
        }
        progress.told = Some(moment);
        self.state.send_replace(TransferState::Running {
            direction: progress.direction,
            name: progress.name.clone(),
            bytes: progress.bytes as f64,
            size: progress.size as f64,
            files_done: progress.files,
        });
    }

    /// The next piece; nothing when the other side is silent and should be asked again.
    async fn next(&mut self, silences: &mut u32) -> Result<Option<Bytes>, Failure> {
        let next = tokio::select! {
            next = timeout(SILENCE, self.pieces.recv()) => next,
            () = self.cancel.cancelled() => return Err(Failure::Cancelled),
        };
        match next {
            Ok(Some(bytes)) if bytes.windows(GIVEN_UP.len()).any(|part| part == GIVEN_UP) => {
                Err(Failure::because(FaultKind::EndedByHost))
            }
            Ok(Some(bytes)) => {
                *silences = 0;
                Ok(Some(bytes))
            }
            Ok(None) => Err(Failure::Cancelled),
            Err(_) => {
                *silences += 1;
                if *silences > SILENCES_MAX { Err(Failure::because(FaultKind::Silent)) } else { Ok(None) }
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let writing = async {
            self.wire.write_all(bytes).await?;
            self.wire.flush().await
        };
        tokio::select! {
            written = writing => Ok(written?),
            () = self.cancel.cancelled() => Err(Failure::Cancelled),
        }
    }

    /// What came behind the last header, without its line end and the two letters O by which `sz` says goodbye.
    async fn behind(&mut self, mut behind: Bytes) -> Bytes {
        for goodbye in [&b"\r"[..], b"\n\x8a", b"\x11", b"O", b"O"] {
            if behind.is_empty()
                && let Ok(Some(next)) = timeout(QUIET, self.pieces.recv()).await
            {
                behind = next;
            }
            if behind.first().is_some_and(|first| goodbye.contains(first)) {
                behind.advance(1);
            }
        }
        behind
    }

    /// Tells the other side to stop, and drops what is under way.
    async fn abort(&mut self) -> Bytes {
        // Ten times CAN and ten times backspace, as lrzsz does it: whoever has ended already sees nothing of it.
        let mut stop = vec![0x18; 10];
        stop.extend([0x08; 10]);
        let told = timeout(QUIET, async {
            let _ = self.wire.write_all(&stop).await;
            let _ = self.wire.flush().await;
        });
        let _ = told.await;
        let deadline = Instant::now() + DRAIN_MAX;
        let mut tail = Vec::new();
        while Instant::now() < deadline
            && let Ok(Some(bytes)) = timeout(QUIET, self.pieces.recv()).await
        {
            tail.extend_from_slice(&bytes);
            tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
        }
        readable_tail(&tail)
    }
}

/// What at the end is text: a message and a prompt, but nothing of a file.
fn readable_tail(bytes: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(bytes);
    let strange = |character: char| {
        character == char::REPLACEMENT_CHARACTER
            || character.is_control() && !"\r\n\t\x1b\x07".contains(character)
    };
    let tail = text.rsplit(strange).next().unwrap_or_default();
    Bytes::copy_from_slice(tail.as_bytes())
}

fn open(path: &Path) -> Result<Outgoing, Failure> {
    Outgoing::open(path).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => Failure::with(FaultKind::TooLarge, &path.display().to_string()),
        _ => Failure::with(FaultKind::NotRead, &format!("{}: {error}", path.display())),
    })
}

fn not_written(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::with(FaultKind::NotWritten, &format!("{}: {error}", folder.display()))
}

fn count(errors: &mut u32, error: &zmodem2::Error) -> Result<(), Failure> {
    *errors += 1;
    if *errors > ERRORS_MAX {
        Err(Failure::with(FaultKind::BrokeProtocol, &error.to_string()))
    } else {
        Ok(())
    }
}
