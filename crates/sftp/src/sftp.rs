//! A session: how it starts, and how a request finds its answer.

use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::driver::{Answer, Driver, Keeps, Order};
use crate::error::{Doing, Ended, Error, ErrorKind, Lost, Result};
use crate::extensions::{Extensions, Limits};
use crate::frame::Frames;
use crate::handle::{Abandon, OpenHandle};
use crate::name::SftpPath;
use crate::reply::{Expects, Reply, STATUS_OK, read_version};
use crate::request::Request;

/// Requests that wait for a place among those in flight. Whoever asks when it is full waits, which is all that happens.
/// A write in it has 255 KiB, of which each upload has at most its window.
const ORDERS_MAX: usize = 256;
/// Open handles until the server has said how many it takes.
const HANDLES_AT_FIRST: u32 = 16;

/// An SFTP session. A cheap clone; the session ends when the last of them and everything opened through them is gone.
///
/// Every operation may be given up by dropping its future. What was sent by then happens on the server all the same; a
/// file that was opened so is closed again.
#[derive(Debug, Clone)]
pub struct Sftp {
    orders: mpsc::Sender<Order>,
    #[expect(dead_code, reason = "the driver lends it to handles for as long as it is here")]
    abandon: Abandon,
    shared: Arc<Shared>,
    ended: watch::Receiver<Option<Ended>>,
}

/// What the driver learns and everyone reads.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) extensions: Extensions,
    limits: OnceLock<Limits>,
    /// One permit for each handle that may be open.
    pub(crate) handles: Arc<Semaphore>,
}

impl Shared {
    fn new(extensions: Extensions) -> Self {
        let handles = if extensions.limits { HANDLES_AT_FIRST } else { Limits::default().handles };
        Self { extensions, limits: OnceLock::new(), handles: Arc::new(Semaphore::new(handles as usize)) }
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        if self.limits.set(limits).is_ok() {
            let more = limits.handles.saturating_sub(HANDLES_AT_FIRST);
            let fewer = HANDLES_AT_FIRST.saturating_sub(limits.handles);
            self.handles.add_permits(more as usize);
            self.handles.forget_permits(fewer as usize);
        }
    }
}

impl Sftp {
    /// Greets the server at the other end of `stream` and starts the task that owns it from then on. There is no time
    /// limit: whoever owns the connection below knows whether it lives, and ends the stream or drops this future.
    ///
    /// # Errors
    /// The stream ended, or what answered does not speak SFTP 3.
    pub async fn start<S>(mut stream: S) -> Result<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut frames = Frames::default();
        let extensions = greet(&mut stream, &mut frames).await.map_err(|ended| Error {
            doing: Doing::Start,
            path: None,
            to: None,
            kind: ended.into(),
        })?;
        let shared = Arc::new(Shared::new(extensions));
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        let (abandon, abandoned) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(None);
        let driver = Driver::new(stream, frames, taken, abandoned, &abandon, Arc::clone(&shared), end);
        tokio::spawn(driver.run());
        Ok(Self { orders, abandon, shared, ended })
    }

    /// What the server offers beyond the draft.
    pub fn extensions(&self) -> Extensions {
        self.shared.extensions
    }

    /// What is read and written at once. The defaults of the draft until the server has told its own, one round trip
    /// after the start.
    pub fn limits(&self) -> Limits {
        self.shared.limits.get().copied().unwrap_or_default()
    }

    /// Waits for the end of the session and says why. It does not keep the session alive.
    pub fn ended(&self) -> impl Future<Output = Ended> + Send + 'static {
        let mut ended = self.ended.clone();
        async move {
            match ended.wait_for(Option::is_some).await {
                Ok(ended) => ended.clone().unwrap_or(Ended::Lost(Lost::GivenUp)),
                Err(_) => Ended::Lost(Lost::GivenUp),
            }
        }
    }

    /// Sends a request when there is a place for it in the queue, and returns what its answer will come through.
    pub(crate) async fn ask(
        &self,
        request: Request,
        expects: Expects,
        keeps: Keeps,
    ) -> Result<Asked, ErrorKind> {
        let place = self.orders.reserve().await.map_err(|_| self.reason())?;
        let (answer, asked) = oneshot::channel();
        place.send(Order { request, expects, answer, keeps });
        Ok(Asked(asked))
    }

    /// The same if there is a place now; None, and nothing is sent, if not.
    pub(crate) fn try_ask(
        &self,
        request: impl FnOnce() -> Request,
        expects: Expects,
        keeps: Keeps,
    ) -> Result<Option<Asked>, ErrorKind> {
        match self.orders.try_reserve() {
            Ok(place) => {
                let (answer, asked) = oneshot::channel();
                place.send(Order { request: request(), expects, answer, keeps });
                Ok(Some(Asked(asked)))
            }
            Err(mpsc::error::TrySendError::Full(())) => Ok(None),
            Err(mpsc::error::TrySendError::Closed(())) => Err(self.reason()),
        }
    }

    /// Closes a handle behind every request that names it, as soon as there is a place in the queue. Dropped before
    /// that, it is closed all the same.
    pub(crate) async fn ask_to_close(&self, handle: Arc<OpenHandle>) -> Result<Asked, ErrorKind> {
        let place = self.orders.reserve().await.map_err(|_| self.reason())?;
        let (answer, asked) = oneshot::channel();
        let request = Request::handle(crate::request::kind::CLOSE, handle.as_bytes());
        handle.set_closed();
        place.send(Order { request, expects: Expects::Status, answer, keeps: Keeps::Handle(handle) });
        Ok(Asked(asked))
    }

    /// Opens a file or folder, when the server takes another handle.
    pub(crate) async fn open_handle(&self, request: Request) -> Result<Arc<OpenHandle>, ErrorKind> {
        let permit = self.permit().await?;
        match self.ask(request, Expects::Handle, Keeps::Permit(permit)).await?.answer().await? {
            Answer::Opened(handle) => Ok(Arc::new(handle)),
            Answer::Reply(_) => unreachable!("an answer that is no handle ends the session"),
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, ErrorKind> {
        Arc::clone(&self.shared.handles).acquire_owned().await.map_err(|_| self.reason())
    }

    /// Why the session is over, for whoever finds that it is.
    fn reason(&self) -> ErrorKind {
        self.ended.borrow().clone().unwrap_or(Ended::Lost(Lost::GivenUp)).into()
    }
}

/// An answer that will come.
#[derive(Debug)]
pub(crate) struct Asked(oneshot::Receiver<Result<Answer, Ended>>);

impl Asked {
    async fn answer(&mut self) -> Result<Answer, ErrorKind> {
        match (&mut self.0).await {
            Ok(Ok(Answer::Reply(Reply::Status { code, message }))) if code != STATUS_OK => {
                Err(ErrorKind::of_status(code, &message))
            }
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(ended)) => Err(ended.into()),
            // The task was ended with its runtime.
            Err(_) => Err(ErrorKind::ConnectionLost(Lost::GivenUp)),
        }
    }

    /// # Errors
    /// What a status says that is not OK, or the end of the session.
    pub(crate) async fn reply(mut self) -> Result<Reply, ErrorKind> {
        self.ready().await
    }

    /// The same, once; whoever drops the future may ask again for what it has not given.
    pub(crate) async fn ready(&mut self) -> Result<Reply, ErrorKind> {
        match self.answer().await? {
            Answer::Reply(reply) => Ok(reply),
            Answer::Opened(_) => unreachable!("only open_handle asks for a handle"),
        }
    }

    /// For a request that has only a status for an answer.
    pub(crate) async fn done(self) -> Result<(), ErrorKind> {
        self.reply().await.map(|_| ())
    }
}

/// What is being done to what, for the error of it.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    doing: Doing,
    path: Option<SftpPath>,
    to: Option<SftpPath>,
}

impl Task {
    pub(crate) fn of(doing: Doing, path: &SftpPath) -> Self {
        Self { doing, path: Some(path.clone()), to: None }
    }

    pub(crate) fn between(doing: Doing, path: &SftpPath, to: &SftpPath) -> Self {
        Self { doing, path: Some(path.clone()), to: Some(to.clone()) }
    }

    pub(crate) fn on_session(doing: Doing) -> Self {
        Self { doing, path: None, to: None }
    }

    pub(crate) fn failed(&self, kind: ErrorKind) -> Error {
        Error { doing: self.doing, path: self.path.clone(), to: self.to.clone(), kind }
    }
}

/// INIT and VERSION.
async fn greet<S>(stream: &mut S, frames: &mut Frames) -> Result<Extensions, Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let lost = |error| Lost::Io(Arc::new(error));
    stream.write_all(&Request::init()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    loop {
        if let Some(packet) = frames.next()? {
            return Ok(Extensions::read(&mut read_version(&packet)?)?);
        }
        let (buffer, most) = frames.space();
        let read = stream.take(most as u64).read_buf(buffer).await.map_err(lost)?;
        if read == 0 {
            return Err(match frames.text() {
                Some(text) => text.into(),
                None if frames.is_between() => Lost::Closed.into(),
                None => Lost::InFrame.into(),
            });
        }
    }
}
