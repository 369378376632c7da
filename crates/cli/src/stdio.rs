//! Standard input and output of the process, on threads of their own: a pipe that nobody reads, or a terminal that nobody
//! types at, blocks its thread and nothing else. The process ends without waiting for them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::{Arc, OnceLock, mpsc as blocking};

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::{mpsc, oneshot};

use crate::command::FAILED;

/// One read. Pipes of Linux hold as much.
const READ_BYTES: usize = 64 * 1024;
/// Pieces of at most 64 KiB that wait for a thread to write them; whoever has more waits.
const PIECES: usize = 8;

/// Standard input. It reads only when asked to, so that nothing is taken from a terminal while a question is on it, and
/// at most one piece is ever on its way.
#[derive(Debug)]
pub struct Stdin {
    wanted: blocking::Sender<()>,
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// The thread reads already.
    asked: bool,
}

impl Stdin {
    pub fn start() -> io::Result<Self> {
        let (wanted, requests) = blocking::channel::<()>();
        let (give, pieces) = mpsc::channel(1);
        std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            while requests.recv().is_ok() {
                if give.blocking_send(read(rustix::stdio::stdin())).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { wanted, pieces, asked: false })
    }

    /// The next piece; an empty one is the end. May be dropped while it waits: the piece comes with the next call then.
    pub async fn next(&mut self) -> io::Result<Bytes> {
        if !std::mem::replace(&mut self.asked, true) && self.wanted.send(()).is_err() {
            return Ok(Bytes::new());
        }
        let piece = self.pieces.recv().await;
        self.asked = false;
        piece.unwrap_or_else(|| Ok(Bytes::new()))
    }
}

fn read(from: BorrowedFd<'_>) -> io::Result<Bytes> {
    let mut piece = vec![0; READ_BYTES];
    loop {
        match rustix::io::read(from, &mut piece) {
            Ok(length) => {
                piece.truncate(length);
                return Ok(piece.into());
            }
            Err(Errno::INTR) => {}
            // Whoever started us may have made the pipe non-blocking.
            Err(Errno::AGAIN) => wait(from, PollFlags::IN)?,
            // A terminal that was hung up.
            Err(Errno::IO) => return Ok(Bytes::new()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn wait(on: BorrowedFd<'_>, what: PollFlags) -> io::Result<()> {
    match poll(&mut [PollFd::from_borrowed_fd(on, what)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

enum Request {
    Write(Bytes),
    Flush(oneshot::Sender<()>),
}

/// Nobody reads it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// Standard output or standard error.
#[derive(Debug, Clone)]
pub struct Sink {
    requests: mpsc::Sender<Request>,
    /// Why it is broken.
    fault: Arc<OnceLock<io::Error>>,
}

impl Sink {
    pub fn stdout() -> io::Result<Self> {
        Self::start("stdout", rustix::stdio::stdout)
    }

    pub fn stderr() -> io::Result<Self> {
        Self::start("stderr", rustix::stdio::stderr)
    }

    fn start(name: &str, to: fn() -> BorrowedFd<'static>) -> io::Result<Self> {
        let (sender, mut requests) = mpsc::channel(PIECES);
        let fault = Arc::new(OnceLock::new());
        let told = Arc::clone(&fault);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(request) = requests.blocking_recv() {
                match request {
                    Request::Write(bytes) => {
                        if let Err(error) = write_all(to(), &bytes) {
                            // The queue ends with the thread, so the next caller learns of it.
                            let _ = told.set(error);
                            return;
                        }
                    }
                    Request::Flush(done) => drop(done.send(())),
                }
            }
        })?;
        Ok(Self { requests: sender, fault })
    }

    /// Queues a piece; waits while the queue is full.
    ///
    /// # Errors
    /// [`Broken`], perhaps some pieces late.
    pub async fn write(&self, bytes: Bytes) -> Result<(), Broken> {
        self.requests.send(Request::Write(bytes)).await.map_err(|_| Broken)
    }

    /// Waits until all that was queued is written.
    ///
    /// # Errors
    /// [`Broken`] when some of it could not be.
    pub async fn flush(&self) -> Result<(), Broken> {
        let (done, written) = oneshot::channel();
        self.requests.send(Request::Flush(done)).await.map_err(|_| Broken)?;
        written.await.map_err(|_| Broken)
    }

    /// Resolves when nobody reads it any more, as far as writing has shown.
    pub async fn broken(&self) {
        self.requests.closed().await;
    }

    /// Whether nobody reads it any more, as far as writing has shown.
    pub fn is_broken(&self) -> bool {
        self.requests.is_closed()
    }

    /// Why it is broken, where that is a failure: a reader that has gone is none.
    pub fn fault(&self) -> Option<io::Error> {
        let error = self.fault.get()?;
        match error.kind() {
            io::ErrorKind::BrokenPipe => None,
            kind => Some(error.raw_os_error().map_or_else(|| kind.into(), io::Error::from_raw_os_error)),
        }
    }
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to.as_fd(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(to, PollFlags::OUT)?,
            Err(error) => {
                if to.as_raw_fd() == rustix::stdio::stdout().as_raw_fd() {
                    let _ = LOST.set(error);
                }
                return Err(error.into());
            }
        }
    }
    Ok(())
}

/// Why standard output took nothing more.
static LOST: OnceLock<Errno> = OnceLock::new();

/// Of a shell's command that a signal ended: 128 and its number, which is SIGPIPE's here.
const PIPE_STATUS: u8 = 128 + 13;

/// Writes a text to standard output.
///
/// # Errors
/// [`Broken`]; [`judged`] tells why.
pub fn print(text: &str) -> Result<(), Broken> {
    write_all(rustix::stdio::stdout(), text.as_bytes()).map_err(|_| Broken)
}

/// The status of a command that has failed, and what is to be said of it, if it was standard output that failed. A reader
/// that has gone is told to nobody, as in a shell.
pub fn judged() -> Option<(u8, Option<String>)> {
    let error = *LOST.get()?;
    if error == Errno::PIPE {
        return Some((PIPE_STATUS, None));
    }
    let file = std::fs::read_link("/proc/self/fd/1").ok().filter(|path| path.is_absolute());
    let place = file.map(|path| format!(" ({})", path.display())).unwrap_or_default();
    let cause = std::io::Error::from(error).to_string();
    let cause = cause.split(" (os error").next().unwrap_or_default();
    Some((FAILED, Some(format!("standard output{place} could not be written: {cause}"))))
}
