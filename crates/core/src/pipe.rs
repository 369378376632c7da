//! Pipes between hosts: what one program writes goes through us into the next one, byte for byte, as in a shell's pipeline.
//!
//! ```text
//! pipe.rs          start here: what a pipe is, and how one is run
//! pipe/course.rs   who has to end when another one has, purely
//! pipe/stage.rs    one stage that runs: its output goes on, or it is ended
//! pipe/outlet.rs   where a stage's output goes
//! pipe/file.rs     files of this computer at the ends
//! pipe/live.rs     what is noted and shown;  pipe/tail.rs: the end of what a stage wrote
//! pipe/saved.rs    what a person writes down, and keeps under a name
//! ```
//!
//! **Back pressure.** Each program has a connection for itself if it can be had. Whoever is slow holds the one before it back, by
//! its channel's window, all the way to the first. In between each joint holds at most 4 MiB of output that waits, one window
//! of 4 MiB that the host may have sent already, and 1 MiB of pieces on their way; what is read to keep a connection that is held
//! back alive (64 KiB/s) goes to an unlinked file. On a connection that is shared 256 MiB wait in such a file before it is held back.
//!
//! **Ends.** The end of a stage's output is the end of the next one's input. A stage that ends early makes that of the one
//! before be closed: OpenSSH then closes the pipe of the program, so that it gets SIGPIPE when it writes. How it
//! ends then is not told any more: a channel that is closed carries no status. A stage that is lost (its connection,
//! or a file that cannot be read on) ends those behind it *before* their input ends: a `cat > file` there is killed rather than
//! told that it has all. A server that delivers no signals (OpenSSH for root) is asked by another session of the same connection
//! to end what the connection has started. Where neither works, all that is left is to close the channel, which a program sees
//! as the end of its input; so a pipe that was not [`Outcome::well`] may have left a file that looks complete.
//!
//! Not there, since russh neither sends nor shows it (`eow@openssh.com`): that a program which runs on has closed its input
//! is not noticed before it ends. What is written to it meanwhile is lost, as its server decides.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::connection::SessionPlace;
use crate::error::{Error, Result};
use crate::exec::{self, ExecRequest, WhenBehind};

mod course;
mod file;
pub mod live;
mod outlet;
pub mod saved;
mod stage;
pub mod tail;

use course::{Course, Ending, Order};
use file::{SourceFile, TargetFile};
use live::{Live, Outcome, StageEnd, Tell};
use outlet::{Consumer, Outlet};
use stage::{Feed, Program};

/// Programs and files in one pipe.
pub const STAGES_MAX: usize = 8;

/// What is to run.
pub struct Plan {
    pub source: Option<Source>,
    /// At least one.
    pub commands: Vec<Command>,
    pub sink: Sink,
    /// The files that are written, at the end and beside the commands, may be there already.
    pub overwrite: bool,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("commands", &self.commands.len()).finish_non_exhaustive()
    }
}

/// What the first program gets; without one its input is empty.
pub enum Source {
    File(PathBuf),
    Stream(Box<dyn Supply>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::File(path) => write!(f, "File({})", path.display()),
            Source::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// One program. The host is whom [`Lanes`] connects for its place among the programs.
#[derive(Debug, Clone)]
pub struct Command {
    /// For the user's shell there; bytes, as arguments need not be UTF-8.
    pub line: Vec<u8>,
    /// A file that gets its output as well.
    pub tee: Option<PathBuf>,
}

/// What becomes of the last program's output.
pub enum Sink {
    /// Its end is kept to be shown.
    Shown,
    File(PathBuf),
    Stream(Box<dyn Drain>),
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sink::Shown => f.write_str("Shown"),
            Sink::File(path) => write!(f, "File({})", path.display()),
            Sink::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// Bytes for the first program.
pub trait Supply: Send {
    /// The next piece; an empty one is the end. Given up while it waits, nothing is lost.
    fn next(&mut self) -> BoxFuture<'_, std::io::Result<Bytes>>;
}

/// Why nothing more is taken.
#[derive(Debug)]
pub enum DrainFault {
    /// Nobody reads it any more: no failure, as in a shell.
    Closed,
    /// It could not be written.
    Failed(std::io::Error),
}

/// Whoever takes what the last program writes.
pub trait Drain: Send {
    /// Waits until there is room for it.
    fn take(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), DrainFault>>;
    /// There is no more. Waits until all of it is written.
    fn finish(&mut self) -> BoxFuture<'_, Result<(), DrainFault>>;
}

/// A place for one program.
#[derive(Debug)]
pub struct PipeLane {
    pub place: SessionPlace,
    /// Its connection is for this program alone.
    pub own: bool,
}

/// Connects the hosts of a pipe.
pub trait Lanes: Send + Sync {
    /// For one of [`Plan::commands`].
    fn lane(&self, command: usize) -> BoxFuture<'static, Result<PipeLane>>;
}

/// A pipe that runs. It is stopped when it is dropped.
#[derive(Debug)]
pub struct Pipe {
    shared: Arc<Shared>,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// What the tasks of a pipe share.
#[derive(Debug)]
struct Shared {
    live: Live,
    course: Mutex<Course>,
    orders: Vec<watch::Sender<Option<Order>>>,
    /// Before the programs run.
    stop: CancellationToken,
    /// Files that are written, by stage, and whether all of each is.
    files: Mutex<Vec<Written>>,
}

/// What is of this computer, before the programs run.
struct Opened {
    source: Option<Feed>,
    /// By command.
    tees: Vec<Option<TargetFile>>,
    consumer: Consumer,
}

impl Default for Opened {
    fn default() -> Self {
        Self { source: None, tees: Vec::new(), consumer: Consumer::Shown }
    }
}

impl Opened {
    /// Nothing was written, and nothing is left of it.
    async fn leave(self) {
        let target = match self.consumer {
            Consumer::File(file) => Some(file),
            Consumer::Program(_) | Consumer::Stream(_) | Consumer::Shown => None,
        };
        for file in self.tees.into_iter().flatten().chain(target) {
            file.leave().await;
        }
    }
}

#[derive(Debug)]
struct Written {
    stage: usize,
    file: TargetFile,
    whole: bool,
    tee: bool,
}

impl Pipe {
    /// Starts it. No program runs before all hosts are connected.
    pub fn start(plan: Plan, lanes: Arc<dyn Lanes>, tell: Tell) -> Self {
        let has_file = matches!(plan.sink, Sink::File(_));
        let stages = usize::from(plan.source.is_some()) + plan.commands.len() + usize::from(has_file);
        // What takes the last program's output is a stage also where it is not shown as one.
        let nodes = stages + usize::from(!has_file);
        let shared = Arc::new(Shared {
            live: Live::new(stages, nodes - 1, tell),
            course: Mutex::new(Course::new(nodes)),
            orders: (0..nodes).map(|_| watch::Sender::new(None)).collect(),
            stop: CancellationToken::new(),
            files: Mutex::default(),
        });
        let (done, outcome) = watch::channel(None);
        let running = Arc::clone(&shared);
        tokio::spawn(async move {
            running.run(plan, lanes).await;
            running.settle().await;
            done.send_replace(Some(running.live.close()));
            running.live.changed();
        });
        Self { shared, outcome }
    }

    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// Ends every program.
    pub fn stop(&self) {
        self.shared.stop();
    }

    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome.borrow().clone()
    }

    /// Waits for the end.
    pub async fn ended(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        let ended = outcome.wait_for(Option::is_some).await.ok().and_then(|ended| ended.clone());
        ended.unwrap_or_else(|| self.shared.live.close())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Shared {
    async fn run(self: &Arc<Self>, plan: Plan, lanes: Arc<dyn Lanes>) {
        let Plan { source, commands, sink, overwrite } = plan;
        let first = usize::from(source.is_some());
        let mut opened = Opened::default();
        let opening = self.open_files(source, &commands, sink, overwrite, &mut opened);
        // A named pipe may have no other end, and never get one.
        if self.stop.run_until_cancelled(opening).await != Some(true) {
            return opened.leave().await;
        }
        let Some(programs) = self.start_programs(&commands, first, &*lanes).await else {
            return opened.leave().await;
        };
        let Opened { source, mut tees, mut consumer } = opened;
        // From the last to the first: each needs what comes after it.
        let mut tasks = Vec::new();
        for (number, (program, input)) in programs.into_iter().enumerate().rev() {
            let stage = first + number;
            let outlet = Outlet::new(Arc::clone(self), stage, consumer, tees.pop().flatten());
            consumer = Consumer::Program(input);
            tasks.push(tokio::spawn(stage::run_program(Arc::clone(self), stage, program, outlet)));
        }
        match source {
            Some(feed) => {
                let outlet = Outlet::new(Arc::clone(self), 0, consumer, None);
                tasks.push(tokio::spawn(stage::run_source(Arc::clone(self), feed, outlet)));
            }
            None => tasks.push(tokio::spawn(async move {
                let _ = consumer.finish().await;
            })),
        }
        futures::future::join_all(tasks).await;
    }

    /// What is of this computer first: nothing runs anywhere if that cannot be used.
    async fn open_files(
        self: &Arc<Self>,
        source: Option<Source>,
        commands: &[Command],
        sink: Sink,
        overwrite: bool,
        opened: &mut Opened,
    ) -> bool {
        let first = usize::from(source.is_some());
        match source {
            None => {}
            Some(Source::Stream(supply)) => opened.source = Some(Feed::Stream(supply)),
            Some(Source::File(path)) => match SourceFile::open(path).await {
                Ok(file) => opened.source = Some(Feed::File(file)),
                Err(error) => return self.did_not_begin(0, &error),
            },
        }
        for (number, command) in commands.iter().enumerate() {
            opened.tees.push(match &command.tee {
                None => None,
                Some(path) => match TargetFile::create(path.clone(), overwrite).await {
                    Ok(file) => Some(file),
                    Err(error) => return self.did_not_begin(first + number, &error),
                },
            });
        }
        match sink {
            Sink::Shown => {}
            Sink::Stream(drain) => opened.consumer = Consumer::Stream(drain),
            Sink::File(path) => match TargetFile::create(path, overwrite).await {
                Ok(file) => opened.consumer = Consumer::File(file),
                Err(error) => return self.did_not_begin(first + commands.len(), &error),
            },
        }
        true
    }

    fn did_not_begin(&self, stage: usize, error: &Error) -> bool {
        self.live.ended(stage, StageEnd::Failed { problem: error.problem() });
        false
    }

    /// All of them, or none that is left running.
    async fn start_programs(
        self: &Arc<Self>,
        commands: &[Command],
        first: usize,
        lanes: &dyn Lanes,
    ) -> Option<Vec<(Program, exec::ExecInput)>> {
        let connecting = (0..commands.len()).map(|number| {
            let lane = lanes.lane(number);
            async move {
                lane.await.map_err(|error| {
                    self.live.ended(first + number, StageEnd::Failed { problem: error.problem() });
                })
            }
        });
        let lanes = self.stop.run_until_cancelled(futures::future::try_join_all(connecting)).await?.ok()?;
        let starting =
            lanes.into_iter().zip(commands).enumerate().map(|(number, (lane, command))| async move {
                let PipeLane { place, own } = lane;
                let connection = Arc::clone(place.connection());
                let request = ExecRequest {
                    when_behind: if own { WhenBehind::PushBack } else { WhenBehind::SpoolThenPushBack },
                    ..ExecRequest::command(command.line.clone())
                };
                match exec::start(place, request).await {
                    Ok(exec) => {
                        self.live.runs(first + number);
                        Ok((
                            Program { output: exec.output, control: exec.control, connection, own },
                            exec.input,
                        ))
                    }
                    Err(error) => {
                        let problem = error.problem();
                        let end = match error.code {
                            crate::error::ErrorCode::ExecOutcomeUnknown => StageEnd::Unknown { problem },
                            _ => StageEnd::Failed { problem },
                        };
                        self.live.ended(first + number, end);
                        Err(())
                    }
                }
            });
        let started: Vec<Result<_, ()>> = futures::future::join_all(starting).await;
        if started.iter().all(Result::is_ok) {
            return Some(started.into_iter().flatten().collect());
        }
        let running =
            started.into_iter().enumerate().filter_map(|(number, started)| Some((number, started.ok()?)));
        let ending = running.map(|(number, (mut program, input))| async move {
            let confirmed = program.end().await.is_some();
            drop(input);
            self.live.ended(first + number, StageEnd::Stopped { confirmed });
        });
        futures::future::join_all(ending).await;
        None
    }

    /// Files get their names, if all went well.
    async fn settle(&self) {
        let files = std::mem::take(&mut *self.files.lock().unwrap_or_else(PoisonError::into_inner));
        let well = self.live.ends().iter().chain(&self.live.output_end()).all(StageEnd::is_well);
        for Written { stage, file, whole, tee } in files {
            if !(well && whole) {
                if let Some(left) = file.leave().await {
                    self.live.left(left);
                }
            } else if let Err(error) = file.keep().await {
                match tee {
                    true => self.live.tee_failed(stage, error.problem()),
                    false => self.live.failed_after_all(stage, error.problem()),
                }
            }
        }
    }

    fn has_written(&self, written: Written) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).push(written);
    }

    /// One has ended: tells the others what that means for them.
    fn has_ended(&self, stage: usize, ending: Ending) {
        let orders = self.course().ended(stage, ending);
        self.give(orders);
    }

    fn stop(&self) {
        self.stop.cancel();
        let orders = self.course().stop();
        self.give(orders);
    }

    fn give(&self, orders: Vec<(usize, Order)>) {
        for (stage, order) in orders {
            if let Some(to) = self.orders.get(stage) {
                to.send_replace(Some(order));
            }
        }
    }

    fn orders(&self, stage: usize) -> watch::Receiver<Option<Order>> {
        self.orders.get(stage).map_or_else(|| watch::channel(None).1, watch::Sender::subscribe)
    }

    fn course(&self) -> std::sync::MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
