//! One command on one connection, from its start to a truthful end, with a way to end it that works.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::stop::{PidLine, ending};
use super::view::RunState;
use crate::connection::{Connection, SessionPlace};
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::exec::{
    self, Exec, ExecControl, ExecEnd, ExecEvent, ExecInput, ExecOutput, ExecRequest, Program, Signal, Stream,
    WhenBehind,
};

/// What a program that was asked to end has for that before it is killed.
const GRACE_SECONDS: u32 = 3;
/// Until then the host has said that nothing is left, or nobody knows. The grace, the look after the kill, and slow hosts.
const ENDING_TIMEOUT: Duration = Duration::from_secs(12);
/// Time for the line that tells the process, of a command that is stopped right after it was started.
const PID_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for the last output of a command whose processes have ended.
const LAST_OUTPUT: Duration = Duration::from_secs(2);
/// Time for a free place on a connection whose places are all taken, to end something there.
const PLACE_TIMEOUT: Duration = Duration::from_secs(3);
const PLACE_PAUSE: Duration = Duration::from_millis(50);
/// Read of a file at once.
const INPUT_PIECE_BYTES: usize = 32 * 1024;

/// What is to run.
#[derive(Debug, Clone)]
pub struct Order {
    pub command: Vec<u8>,
    /// The command alone, so that its processes cannot be found.
    pub as_is: bool,
    /// From its start.
    pub timeout: Option<Duration>,
    pub when_behind: WhenBehind,
}

impl Order {
    /// What is asked of a server.
    pub fn asked(&self) -> Asked {
        let pid_line = (!self.as_is).then(PidLine::default);
        let line = pid_line.as_ref().map_or_else(|| self.command.clone(), |line| line.before(&self.command));
        let request = ExecRequest {
            program: Program::Command(line),
            environment: Vec::new(),
            pty: None,
            when_behind: self.when_behind,
        };
        Asked { request, pid_line }
    }
}

/// An order as it goes to a server.
#[derive(Debug)]
pub struct Asked {
    pub request: ExecRequest,
    pid_line: Option<PidLine>,
}

/// The connection that a command runs on, for what ends it. On the same one: behind one name there may be several machines,
/// and the number of a process is of one of them.
pub trait Beside: Sync {
    /// Runs a further program; none if that cannot be done.
    fn run(&self, request: ExecRequest) -> BoxFuture<'_, Option<Exec>>;
}

impl Beside for Arc<Connection> {
    fn run(&self, request: ExecRequest) -> BoxFuture<'_, Option<Exec>> {
        async move { exec::start(place(self).await?, request).await.ok() }.boxed()
    }
}

/// A connection that may not be known: then nothing further is run.
impl Beside for Option<Box<dyn Beside + Send>> {
    fn run(&self, request: ExecRequest) -> BoxFuture<'_, Option<Exec>> {
        match self {
            Some(beside) => beside.run(request),
            None => std::future::ready(None).boxed(),
        }
    }
}

/// What it reads.
#[derive(Debug)]
pub enum Input {
    None,
    Bytes(Bytes),
    File(PathBuf, File),
}

impl Input {
    /// # Errors
    /// [`ErrorCode::LocalFileFailed`].
    pub async fn file(path: PathBuf) -> Result<Self> {
        let opened = match File::open(&path).await {
            // A folder can be opened and not read.
            Ok(file) if file.metadata().await.is_ok_and(|data| data.is_dir()) => {
                Err(std::io::Error::from(std::io::ErrorKind::IsADirectory))
            }
            opened => opened,
        };
        match opened {
            Ok(file) => Ok(Input::File(path, file)),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }
}

/// Whoever takes the output, in order. It is waited for, so it holds the command back and no queue grows.
pub trait Taker: Send {
    fn take(&mut self, stream: Stream, bytes: Bytes) -> impl Future<Output = ()> + Send;
}

/// Why it is being ended.
enum Why {
    Stopped,
    TimedOut,
    /// Its input could not be read to the end: what it does with half of it is not what was asked for.
    Input(Problem),
}

/// Runs it. It is started at most once, whatever happens. `began` is called when the server has started it.
pub async fn run(
    place: SessionPlace,
    order: &Order,
    input: Input,
    stop: &CancellationToken,
    began: impl FnOnce(),
    taker: &mut impl Taker,
) -> RunState {
    let connection = Arc::clone(place.connection());
    let asked = order.asked();
    if stop.is_cancelled() {
        return RunState::NotStarted;
    }
    // Not given up half way: then nobody would know whether it runs. It has a time limit of its own.
    let exec = match exec::start(place, asked.request.clone()).await {
        Ok(exec) => exec,
        Err(error) => return not_started(&error),
    };
    began();
    follow(exec, asked, &connection, order, input, stop, taker).await
}

/// What is known of a command that could not be started.
pub fn not_started(error: &Error) -> RunState {
    match error.code {
        ErrorCode::ExecOutcomeUnknown => RunState::Unknown { problem: error.problem() },
        _ => RunState::Failed { problem: error.problem() },
    }
}

/// The rest of [`run`], for what was started as it was asked.
pub async fn follow(
    exec: Exec,
    asked: Asked,
    beside: &impl Beside,
    order: &Order,
    input: Input,
    stop: &CancellationToken,
    taker: &mut impl Taker,
) -> RunState {
    let mut pid_line = asked.pid_line;
    let Exec { input: stdin, mut output, control, .. } = exec;
    let (tell_pid, pid) = watch::channel(None);
    let mut feeding = Box::pin(feed(stdin, input));
    let mut fed = false;
    let deadline = order.timeout.map(|timeout| Instant::now() + timeout);
    let why = loop {
        tokio::select! {
            event = output.next() => match event {
                Some(ExecEvent::Output { stream, bytes }) => {
                    give(taker, stream, bytes, &mut pid_line, &tell_pid).await;
                }
                Some(ExecEvent::Ended(end)) => {
                    give_rest(taker, &mut pid_line).await;
                    return ended(end);
                }
                None => return RunState::Unknown { problem: Error::internal("a command has no end").problem() },
            },
            result = &mut feeding, if !fed => {
                fed = true;
                if let Err(error) = result {
                    break Why::Input(error.problem());
                }
            }
            () = stop.cancelled() => break Why::Stopped,
            () = at(deadline) => break Why::TimedOut,
        }
    };
    let certain = end(beside, &control, pid, &mut output, taker, &mut pid_line, &tell_pid).await;
    give_rest(taker, &mut pid_line).await;
    match why {
        Why::Stopped => RunState::Cancelled { certain },
        Why::TimedOut => RunState::TimedOut { certain },
        Why::Input(problem) => RunState::Failed { problem },
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn ended(end: ExecEnd) -> RunState {
    match end {
        ExecEnd::Exited { status } => RunState::Exited { status },
        ExecEnd::Signalled { signal, core_dumped, message } => {
            RunState::Signalled { signal, core_dumped, message }
        }
        ExecEnd::Unknown { problem } => RunState::Unknown { problem },
    }
}

async fn give(
    taker: &mut impl Taker,
    stream: Stream,
    bytes: Bytes,
    pid_line: &mut Option<PidLine>,
    tell_pid: &watch::Sender<Option<u32>>,
) {
    let bytes = match (stream, pid_line) {
        (Stream::Stderr, Some(line)) => {
            let own = line.push(&bytes);
            if line.pid().is_some() {
                tell_pid.send_replace(line.pid());
            }
            Bytes::from(own)
        }
        _ => bytes,
    };
    if !bytes.is_empty() {
        taker.take(stream, bytes).await;
    }
}

async fn give_rest(taker: &mut impl Taker, pid_line: &mut Option<PidLine>) {
    let rest = pid_line.as_mut().map(PidLine::rest).unwrap_or_default();
    if !rest.is_empty() {
        taker.take(Stream::Stderr, Bytes::from(rest)).await;
    }
}

/// Ends what runs, and says whether that is certain. What it still writes is taken.
async fn end(
    beside: &impl Beside,
    control: &ExecControl,
    pid: watch::Receiver<Option<u32>>,
    output: &mut ExecOutput,
    taker: &mut impl Taker,
    pid_line: &mut Option<PidLine>,
    tell_pid: &watch::Sender<Option<u32>>,
) -> bool {
    let known = pid_line.is_some();
    let mut killing = Box::pin(kill(beside, control, pid, known));
    let mut gone = None;
    let mut until = Instant::now() + ENDING_TIMEOUT;
    loop {
        tokio::select! {
            event = output.next() => match event {
                Some(ExecEvent::Output { stream, bytes }) => give(taker, stream, bytes, pid_line, tell_pid).await,
                Some(ExecEvent::Ended(end)) => {
                    let said = !matches!(end, ExecEnd::Unknown { .. });
                    return match gone {
                        Some(gone) => gone,
                        // Without a number all that can be known is that the command itself has ended.
                        None if !known || !said => said,
                        None => tokio::time::timeout_at(until, killing).await.unwrap_or(false),
                    };
                }
                None => return gone.unwrap_or(false),
            },
            certain = &mut killing, if gone.is_none() => {
                gone = Some(certain);
                until = Instant::now() + LAST_OUTPUT;
            }
            // Something that is none of its processes any more may hold its output open.
            () = tokio::time::sleep_until(until) => return gone.unwrap_or(false),
        }
    }
}

/// Ends what runs, for whoever follows it by himself: as [`follow`] does. `pid_line` took its stderr until now; where nothing
/// can be run `beside` it is only asked to end.
pub async fn pull(
    beside: &impl Beside,
    control: &ExecControl,
    output: &mut ExecOutput,
    taker: &mut impl Taker,
    pid_line: &mut Option<PidLine>,
) -> bool {
    let (tell_pid, pid) = watch::channel(pid_line.as_ref().and_then(PidLine::pid));
    let certain = end(beside, control, pid, output, taker, pid_line, &tell_pid).await;
    give_rest(taker, pid_line).await;
    certain
}

/// Whether nothing of it is left.
async fn kill(
    beside: &impl Beside,
    control: &ExecControl,
    mut pid: watch::Receiver<Option<u32>>,
    known: bool,
) -> bool {
    control.signal(Signal::TERM).await;
    let waited = async { pid.wait_for(Option::is_some).await.ok().and_then(|pid| *pid) };
    let number = if known { tokio::time::timeout(PID_TIMEOUT, waited).await.ok().flatten() } else { None };
    let Some(number) = number else {
        tokio::time::sleep(Duration::from_secs(GRACE_SECONDS.into())).await;
        control.signal(Signal::KILL).await;
        return false;
    };
    let request = ExecRequest::command(ending(number, GRACE_SECONDS));
    let Some(mut exec) = beside.run(request).await else { return false };
    exec.input.close().await;
    loop {
        match exec.output.next().await {
            Some(ExecEvent::Output { .. }) => {}
            Some(ExecEvent::Ended(end)) => return end == ExecEnd::Exited { status: 0 },
            None => return false,
        }
    }
}

async fn place(connection: &Arc<Connection>) -> Option<SessionPlace> {
    let until = Instant::now() + PLACE_TIMEOUT;
    loop {
        if let Some(place) = connection.reserve() {
            return Some(place);
        }
        if !connection.is_up() || Instant::now() >= until {
            return None;
        }
        tokio::time::sleep(PLACE_PAUSE).await;
    }
}

async fn feed(mut stdin: ExecInput, input: Input) -> Result<()> {
    match input {
        Input::None => {}
        // A command need not read its input: that is no failure.
        Input::Bytes(bytes) => {
            if stdin.write(&bytes).await.is_err() {
                return Ok(());
            }
        }
        Input::File(path, mut file) => {
            let mut piece = vec![0; INPUT_PIECE_BYTES];
            loop {
                let read = file.read(&mut piece).await.map_err(|error| unreadable(&path, &error))?;
                if read == 0 {
                    break;
                }
                if stdin.write(&piece[..read]).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    stdin.close().await;
    Ok(())
}

fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Error {
    let path = path.display().to_string();
    Error::new(ErrorCode::RunInputUnreadable, format!("The input {path} could not be read: {error}."))
        .with("path", path)
        .with("cause", error)
}
