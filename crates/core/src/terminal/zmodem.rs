//! Files by ZMODEM: `sz` and `rz` typed on a host speak it in the terminal's own stream, so it is looked for there, between
//! the source and the view. The person is asked first, and no byte of it reaches the screen.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

use super::OpenSource;
use super::source::{Source, SourceEvent, SourceReader};
use super::state::TerminalId;

mod detect;
mod escape;
mod files;
mod repeats;
mod session;
mod wire;

use detect::{Begin, Detector, Wish};
use wire::SharedWriter;

/// How long what looks like a header is waited for to go on.
const HELD: Duration = Duration::from_millis(100);
/// Pieces of output that wait for a transfer, which writes to a disk; one has at most 32 KiB. When it is full the terminal is
/// not read on, and with it its connection: a transfer takes what it can.
const PIECES: usize = 32;

/// What a transfer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TransferDirection {
    /// From the host to here.
    Receive,
    Send,
}

/// Where the transfer in a terminal is.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "phase", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum TransferState {
    /// There is none.
    None,
    /// The host wants one; the person decides.
    Offered { direction: TransferDirection },
    Running {
        direction: TransferDirection,
        /// The file under way, without characters that cannot be seen.
        name: String,
        bytes: f64,
        /// What the other side says; 0 when it does not.
        size: f64,
        files_done: u32,
    },
    /// It is over.
    Done {
        direction: TransferDirection,
        files: u32,
        /// Where received files lie.
        folder: Option<String>,
    },
    Failed {
        direction: TransferDirection,
        /// Nothing if it was cancelled.
        cause: Option<TransferFault>,
        files: u32,
    },
}

/// Why a transfer failed: the window has words for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TransferFault {
    pub kind: FaultKind,
    /// A file and what the system says of it, or a number; without characters that cannot be seen. Empty where the kind says all.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The program on the host waited too long for the person.
    GaveUp,
    EndedByHost,
    BrokeProtocol,
    Silent,
    /// `detail`: how many may be sent.
    TooManyFiles,
    /// More than 4 GiB, which ZMODEM cannot say.
    TooLarge,
    /// `detail`: the name of the file.
    BecameShorter,
    /// `detail`: the file and the system's words, as for the next one.
    NotRead,
    NotWritten,
    Other,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TransferView {
    pub id: TerminalId,
    #[serde(flatten)]
    pub state: TransferState,
}

/// What a person says to an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferAnswer {
    ReceiveInto(PathBuf),
    Send(Vec<PathBuf>),
}

/// The transfers of one terminal, one at a time. Clones share them.
#[derive(Debug, Clone)]
pub struct Transfers {
    state: watch::Sender<TransferState>,
    offered: Arc<Mutex<Option<Offer>>>,
}

/// The transfer that is under way.
#[derive(Debug)]
struct Offer {
    answer: Option<oneshot::Sender<TransferAnswer>>,
    cancel: CancellationToken,
}

impl Default for Transfers {
    fn default() -> Self {
        Self { state: watch::channel(TransferState::None).0, offered: Arc::default() }
    }
}

impl Transfers {
    pub fn state(&self) -> watch::Receiver<TransferState> {
        self.state.subscribe()
    }

    /// Says yes to what is offered. One that is over needs no answer.
    pub fn answer(&self, answer: TransferAnswer) {
        if let Some(sender) = self.lock().as_mut().and_then(|offer| offer.answer.take()) {
            let _ = sender.send(answer);
        }
    }

    /// Says no, or ends what is under way.
    pub fn cancel(&self) {
        if let Some(offer) = &*self.lock() {
            offer.cancel.cancel();
        }
    }

    /// The same source, looked at for transfers.
    pub(super) fn listen(&self, open: OpenSource) -> OpenSource {
        let transfers = self.clone();
        Box::new(move |opening, size| {
            let (transfers, opened) = (transfers.clone(), open(opening, size));
            async move {
                let Source { greeting, reader, writer, control, beginning } = opened.await?;
                let writer = SharedWriter::new(writer);
                let keys = Box::new(writer.keys());
                let detector = Detector::default();
                let reader =
                    Box::new(Reader { reader, writer, detector, transfers, running: None, ended: None });
                Ok(Source { greeting, reader, writer: keys, control, beginning })
            }
            .boxed()
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Offer>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transfer's task.
struct Running {
    pieces: mpsc::Sender<Bytes>,
    /// What came behind its end, and the queue.
    left: oneshot::Receiver<(Bytes, mpsc::Receiver<Bytes>)>,
    cancel: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its terminal is gone.
        self.cancel.cancel();
    }
}

struct Reader {
    reader: Box<dyn SourceReader>,
    writer: SharedWriter,
    detector: Detector,
    transfers: Transfers,
    running: Option<Running>,
    /// The source has ended, and something was still to be shown.
    ended: Option<SourceEvent>,
}

impl Reader {
    async fn event(&mut self) -> SourceEvent {
        loop {
            if let Some(ended) = self.ended.take() {
                return ended;
            }
            if let Some(running) = &mut self.running {
                tokio::select! {
                    biased;
                    left = &mut running.left => {
                        self.running = None;
                        let Ok((left, mut queue)) = left else { continue };
                        let mut left = BytesMut::from(left);
                        while let Ok(more) = queue.try_recv() {
                            left.extend_from_slice(&more);
                        }
                        if !left.is_empty() {
                            return SourceEvent::Output(left.freeze());
                        }
                    }
                    ended = feed(self.reader.as_mut(), &running.pieces) => {
                        if let Some(ended) = ended {
                            self.running = None;
                            return ended;
                        }
                    }
                }
                continue;
            }
            let event = tokio::select! {
                biased;
                event = self.reader.next() => event,
                () = tokio::time::sleep(HELD), if self.detector.holds() => {
                    return SourceEvent::Output(self.detector.take_held());
                }
            };
            match event {
                SourceEvent::Output(bytes) => match self.detector.push(bytes) {
                    Ok(shown) if shown.is_empty() => {}
                    Ok(shown) => return SourceEvent::Output(shown),
                    // The header itself is asked for once more when the person has decided.
                    Err(Begin { wish, before, .. }) => {
                        self.begin(wish);
                        if !before.is_empty() {
                            return SourceEvent::Output(before);
                        }
                    }
                },
                ended @ SourceEvent::Ended(_) => {
                    if !self.detector.holds() {
                        return ended;
                    }
                    self.ended = Some(ended);
                    return SourceEvent::Output(self.detector.take_held());
                }
            }
        }
    }

    fn begin(&mut self, wish: Wish) {
        let (answer, answered) = oneshot::channel();
        let (pieces, queue) = mpsc::channel(PIECES);
        let (leave, left) = oneshot::channel();
        let cancel = CancellationToken::new();
        *self.transfers.lock() = Some(Offer { answer: Some(answer), cancel: cancel.clone() });
        let session = session::Session {
            wire: self.writer.begin_transfer(cancel.clone()),
            pieces: queue,
            state: self.transfers.state.clone(),
            cancel: cancel.clone(),
        };
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let _ = leave.send(runtime.block_on(session.run(wish, answered)));
        });
        self.running = Some(Running { pieces, left, cancel });
    }
}

/// Passes one piece on, or says that the source has ended. Safe to cancel: what was read is passed on at once.
async fn feed(reader: &mut dyn SourceReader, pieces: &mpsc::Sender<Bytes>) -> Option<SourceEvent> {
    let Ok(permit) = pieces.reserve().await else { return std::future::pending().await };
    match reader.next().await {
        SourceEvent::Output(bytes) => {
            permit.send(bytes);
            None
        }
        ended @ SourceEvent::Ended(_) => Some(ended),
    }
}

impl SourceReader for Reader {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        self.event().boxed()
    }
}

#[cfg(test)]
mod tests;
