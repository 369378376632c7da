//! The task that owns the stream. It takes requests while there is room, writes them, and hands each answer to whoever
//! waits for it. It never waits for anybody but the stream: an answer is taken off the wire whether its asker looks or
//! not, so a slow reader of one file holds nothing else up, nor the SSH connection below.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::error::{Ended, Lost, Violation};
use crate::extensions::Limits;
use crate::frame::Frames;
use crate::handle::{Abandon, Abandoned, OpenHandle};
use crate::pending::Pending;
use crate::reply::{Expects, Reply, read_id, read_reply};
use crate::request::{Request, kind};
use crate::sftp::Shared;
use crate::wire::Reader;

/// As long as more than this waits to be written no request is taken: four writes of 255 KiB keep any stream busy.
const OUTGOING_MAX_BYTES: usize = 1024 * 1024;
/// What all answers in flight may bring. When it is reached no request is taken until one of them has come: what
/// [`IN_FLIGHT_MAX`](crate::IN_FLIGHT_MAX) allows of small ones would be 256 MiB of large ones.
const INCOMING_MAX_BYTES: usize = 64 * 1024 * 1024;
/// After so many turns in a row other tasks have theirs, also over a stream that is always ready.
const TURNS_MAX: usize = 64;
/// Small packets go out together, in one call and one SSH packet.
const BATCH_BYTES: usize = 16 * 1024;

/// A request and whoever waits for its answer.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) request: Request,
    pub(crate) expects: Expects,
    pub(crate) answer: oneshot::Sender<Result<Answer, Ended>>,
    pub(crate) keeps: Keeps,
}

/// What a request holds on to until its answer has come.
#[derive(Debug)]
pub(crate) enum Keeps {
    Nothing,
    /// The handle that it names.
    Handle(#[expect(dead_code, reason = "held until the answer")] Arc<OpenHandle>),
    /// The permit for the handle that it asks for.
    Permit(OwnedSemaphorePermit),
}

/// What comes back.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    /// In place of a bare handle: what closes itself if nobody takes it.
    Opened(OpenHandle),
}

#[derive(Debug)]
enum Waiting {
    Caller {
        kind: u8,
        expects: Expects,
        answer: oneshot::Sender<Result<Answer, Ended>>,
        keeps: Keeps,
    },
    /// The CLOSE of a handle that nobody uses any more; nobody waits for how it went.
    Close(#[expect(dead_code, reason = "held until the answer")] Arc<OwnedSemaphorePermit>),
    /// Asked for at the start; see [`Shared::limits`].
    Limits,
}

pub(crate) struct Driver<S> {
    stream: S,
    frames: Frames,
    outgoing: Outgoing,
    pending: Pending<Waiting>,
    /// What the answers to those may bring.
    incoming_bytes: usize,
    /// Closed when every `Sftp`, file and listing is gone.
    orders: mpsc::Receiver<Order>,
    orders_over: bool,
    abandoned: mpsc::UnboundedReceiver<Abandoned>,
    abandoned_over: bool,
    /// Weak, so that `abandoned` ends.
    abandon: mpsc::WeakUnboundedSender<Abandoned>,
    shared: Arc<Shared>,
    ended: watch::Sender<Option<Ended>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(crate) fn new(
        stream: S,
        frames: Frames,
        orders: mpsc::Receiver<Order>,
        abandoned: mpsc::UnboundedReceiver<Abandoned>,
        abandon: &Abandon,
        shared: Arc<Shared>,
        ended: watch::Sender<Option<Ended>>,
    ) -> Self {
        Self {
            stream,
            frames,
            outgoing: Outgoing::default(),
            pending: Pending::new(),
            incoming_bytes: 0,
            orders,
            orders_over: false,
            abandoned,
            abandoned_over: false,
            abandon: abandon.downgrade(),
            shared,
            ended,
        }
    }

    /// Runs until the stream ends, the server breaks the protocol, or nobody is left who could ask for anything.
    pub(crate) async fn run(mut self) {
        if self.shared.extensions.limits {
            self.send(Request::extended("limits@openssh.com", &[]), Waiting::Limits);
        }
        let ended = poll_fn(|cx| self.poll(cx)).await;
        // In this order: who is refused a place in the queue finds the reason.
        self.ended.send_replace(Some(ended.clone()));
        self.orders.close();
        self.shared.handles.close();
        for waiting in self.pending.drain() {
            match waiting {
                Waiting::Caller { answer, .. } => _ = answer.send(Err(ended.clone())),
                Waiting::Close(_) | Waiting::Limits => {}
            }
        }
        // Until nobody holds a place in the queue any more, which nobody does for long.
        while let Some(order) = self.orders.recv().await {
            let _ = order.answer.send(Err(ended.clone()));
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        for _ in 0..TURNS_MAX {
            let took = self.take_orders(cx);
            let wrote = match self.outgoing.poll_write(Pin::new(&mut self.stream), cx) {
                Poll::Ready(Ok(wrote)) => wrote,
                Poll::Ready(Err(error)) => return Poll::Ready(lost(error)),
                Poll::Pending => false,
            };
            let read = match self.poll_read(cx) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(ended)) => return Poll::Ready(ended),
                Poll::Pending => false,
            };
            if took || wrote || read {
                continue;
            }
            if self.orders_over && self.abandoned_over && self.pending.is_empty() && self.outgoing.is_empty()
            {
                // Whether the stream says good-bye well changes nothing any more.
                let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
                return Poll::Ready(Ended::Lost(Lost::GivenUp));
            }
            return Poll::Pending;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Takes what there is to send while there is room. When there is none, an answer or the stream makes some, and this
    /// runs again.
    fn take_orders(&mut self, cx: &mut Context<'_>) -> bool {
        let mut took = false;
        while self.has_room() && !self.abandoned_over {
            match self.abandoned.poll_recv(cx) {
                Poll::Ready(Some(Abandoned { handle, permit })) => {
                    self.send(Request::handle(kind::CLOSE, &handle), Waiting::Close(permit));
                    took = true;
                }
                Poll::Ready(None) => self.abandoned_over = true,
                Poll::Pending => break,
            }
        }
        while self.has_room() && !self.orders_over {
            match self.orders.poll_recv(cx) {
                // What nobody waits for any more is not sent, unless it closes something.
                Poll::Ready(Some(order))
                    if order.answer.is_closed() && order.request.kind() != kind::CLOSE =>
                {
                    took = true;
                }
                Poll::Ready(Some(Order { request, expects, answer, keeps })) => {
                    let waiting = Waiting::Caller { kind: request.kind(), expects, answer, keeps };
                    self.incoming_bytes += expects.most_bytes();
                    self.send(request, waiting);
                    took = true;
                }
                Poll::Ready(None) => self.orders_over = true,
                Poll::Pending => break,
            }
        }
        took
    }

    fn has_room(&self) -> bool {
        self.pending.has_room()
            && self.outgoing.bytes < OUTGOING_MAX_BYTES
            && self.incoming_bytes < INCOMING_MAX_BYTES
    }

    fn send(&mut self, request: Request, waiting: Waiting) {
        let id = self.pending.insert(waiting).expect("there was room");
        let (packet, data) = request.sealed(id);
        self.outgoing.push(packet, data);
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let (buffer, most) = self.frames.space();
        let mut limited = buffer.limit(most);
        match ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut limited)) {
            Ok(0) if self.frames.is_between() => return Poll::Ready(Err(Lost::Closed.into())),
            Ok(0) => return Poll::Ready(Err(Lost::InFrame.into())),
            Ok(_) => {}
            Err(error) => return Poll::Ready(Err(lost(error))),
        }
        while let Some(frame) = self.frames.next()? {
            self.take_answer(&frame)?;
        }
        Poll::Ready(Ok(()))
    }

    fn take_answer(&mut self, frame: &Bytes) -> Result<(), Violation> {
        let id = read_id(frame)?;
        match self.pending.take(id).ok_or(Violation::Unrequested(id))? {
            Waiting::Caller { kind, expects, answer, keeps } => {
                self.incoming_bytes -= expects.most_bytes();
                match read_reply(frame, kind, expects) {
                    Ok(reply) => {
                        // Whoever went away meanwhile does not want it; a handle closes itself then.
                        let _ = answer.send(Ok(self.opened(reply, keeps)));
                        Ok(())
                    }
                    Err(violation) => {
                        let _ = answer.send(Err(violation.clone().into()));
                        Err(violation)
                    }
                }
            }
            Waiting::Close(_) => read_reply(frame, kind::CLOSE, Expects::Status).map(|_| ()),
            Waiting::Limits => {
                let limits = match read_reply(frame, kind::EXTENDED, Expects::Extended)? {
                    Reply::Extended(limits) => Limits::read(&mut Reader::new(&limits))?,
                    // It announced them and does not tell.
                    _ => Limits::default(),
                };
                self.shared.set_limits(limits);
                Ok(())
            }
        }
    }

    fn opened(&self, reply: Reply, keeps: Keeps) -> Answer {
        match (reply, keeps, self.abandon.upgrade()) {
            (Reply::Handle(handle), Keeps::Permit(permit), Some(abandon)) => {
                Answer::Opened(OpenHandle::new(handle, permit, abandon))
            }
            (reply, _, _) => Answer::Reply(reply),
        }
    }
}

fn lost(error: io::Error) -> Ended {
    Ended::Lost(Lost::Io(Arc::new(error)))
}

/// What goes to the stream at once.
#[derive(Debug)]
enum Piece {
    /// Whole packets, or the head of one.
    Packets(BytesMut),
    /// What somebody else has in memory.
    Data(Bytes),
}

/// Packets on their way to the stream.
#[derive(Debug, Default)]
struct Outgoing {
    packets: VecDeque<Piece>,
    bytes: usize,
    unflushed: bool,
}

impl Outgoing {
    fn is_empty(&self) -> bool {
        self.packets.is_empty() && !self.unflushed
    }

    fn push(&mut self, packet: BytesMut, data: Bytes) {
        self.bytes += packet.len() + data.len();
        if packet.len() > BATCH_BYTES / 4 {
            self.packets.push_back(Piece::Packets(packet));
        } else {
            match self.packets.back_mut() {
                Some(Piece::Packets(batch)) if batch.capacity() - batch.len() >= packet.len() => {
                    batch.extend_from_slice(&packet);
                }
                Some(_) | None => {
                    let mut batch = BytesMut::with_capacity(BATCH_BYTES);
                    batch.extend_from_slice(&packet);
                    self.packets.push_back(Piece::Packets(batch));
                }
            }
        }
        if !data.is_empty() {
            self.packets.push_back(Piece::Data(data));
        }
    }

    /// Writes once, or flushes when all is written. False when there is nothing to do.
    fn poll_write(
        &mut self,
        mut stream: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        let Some(piece) = self.packets.front_mut() else {
            if !self.unflushed {
                return Poll::Ready(Ok(false));
            }
            ready!(stream.poll_flush(cx))?;
            self.unflushed = false;
            return Poll::Ready(Ok(true));
        };
        let (written, is_over) = match piece {
            Piece::Packets(packets) => {
                (ready!(poll_write_buf(stream.as_mut(), cx, packets))?, !packets.has_remaining())
            }
            Piece::Data(data) => (ready!(poll_write_buf(stream.as_mut(), cx, data))?, !data.has_remaining()),
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.bytes -= written;
        self.unflushed = true;
        if is_over {
            self.packets.pop_front();
        }
        Poll::Ready(Ok(true))
    }
}
