//! What runs on the one host of `bowline exec` ends with us. A channel that is closed ends nothing by itself
//! (`bowline_core::run::stop`), so the command says which process runs it, as with many hosts.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use bowline_core::exec::{ExecControl, ExecOutput, Program, Stream};
use bowline_core::run::once::{self, Beside, Taker};
use bowline_core::run::stop::PidLine;
use bytes::Bytes;

use crate::command::say;
use crate::signals::Signals;
use crate::stdio::Sink;

/// Between us and a command that we have started.
pub struct Leash {
    host: String,
    /// Takes the line that names the process out of stderr.
    pub line: Option<PidLine>,
    /// The connection that it runs on: another one may lead to another machine.
    beside: Option<Box<dyn Beside + Send>>,
    pulled: bool,
}

/// What became of the command was told, or is seen on its terminal.
static TOLD: AtomicBool = AtomicBool::new(false);

pub fn is_told() -> bool {
    TOLD.load(Ordering::Relaxed)
}

/// A command with a terminal is hung up with it.
pub fn none_is_needed() {
    TOLD.store(true, Ordering::Relaxed);
}

fn tell(text: &str) {
    TOLD.store(true, Ordering::Relaxed);
    say(text);
}

impl Leash {
    /// `as_is`: the command alone, so that its processes cannot be found.
    pub fn new(host: &str, as_is: bool) -> Self {
        let line = (!as_is).then(PidLine::default);
        Self { host: host.to_owned(), line, beside: None, pulled: false }
    }

    /// What is asked of the host. A subsystem is no command line.
    pub fn around(&mut self, program: Program) -> Program {
        match (program, &self.line) {
            (Program::Command(command), Some(line)) => Program::Command(line.before(&command)),
            (other, _) => {
                self.line = None;
                other
            }
        }
    }

    pub fn over(&mut self, connection: impl Beside + Send + 'static) {
        self.beside = Some(Box::new(connection));
    }

    /// Whether we are to end.
    pub fn is_pulled(&self) -> bool {
        self.pulled
    }

    /// Ends the command and says how that went, what it still writes included. Whoever does not wait says so once more.
    pub async fn pull(
        &mut self,
        control: &ExecControl,
        output: &mut ExecOutput,
        stdout: &Sink,
        stderr: &Sink,
        signals: &mut Signals,
    ) {
        self.pulled = true;
        let mut taker = Onward { stdout, stderr };
        let certain = tokio::select! {
            certain = once::pull(&self.beside, control, output, &mut taker, &mut self.line) => certain,
            () = signals.end() => false,
        };
        let host = &self.host;
        tell(&match certain {
            true => format!("{host}: interrupted, the command was ended"),
            false => format!("{host}: interrupted, the command may still run"),
        });
    }
}

/// Waits for the start of a program unless we are to end before. With a leash it is waited for all the same, as what has
/// begun has to be ended.
pub async fn started<T>(
    leash: &mut Option<Leash>,
    signals: &mut Signals,
    starting: impl Future<Output = T>,
) -> Option<T> {
    let mut starting = pin!(starting);
    tokio::select! {
        started = &mut starting => return Some(started),
        () = signals.end() => {}
    }
    let leash = leash.as_mut()?;
    leash.pulled = true;
    tokio::select! {
        started = &mut starting => Some(started),
        () = signals.end() => {
            tell(&format!("{}: interrupted, whether the command has begun is not known", leash.host));
            None
        }
    }
}

/// To our own streams.
struct Onward<'a> {
    stdout: &'a Sink,
    stderr: &'a Sink,
}

impl Taker for Onward<'_> {
    async fn take(&mut self, stream: Stream, bytes: Bytes) {
        let sink = if stream == Stream::Stdout { self.stdout } else { self.stderr };
        // Whoever cannot be told any more misses nothing but this.
        let _ = sink.write(bytes).await;
    }
}
