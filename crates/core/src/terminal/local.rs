//! A shell on this computer as a [`Source`]: a pseudo-terminal with the person's own shell on it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bowline_pty::{CommandBuilder, Exit, ProcessSession, Pty, PtySize, Started};
use bytes::BytesMut;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::source::{Beginning, Source, SourceControl, SourceEvent, SourceReader};
use super::state::{TerminalEnd, TerminalSize};
use crate::error::{Error, ErrorCode, Result};

/// What xterm.js is, in the words of terminfo.
const TERM: &str = "xterm-256color";
/// What a terminal or a multiplexer around Bowline says about itself, and what is true of that one only.
const OF_ANOTHER_TERMINAL: &[&str] = &[
    "COLUMNS",
    "LINES",
    "STY",
    "SSH_TTY",
    "TERMCAP",
    "TERM_PROGRAM_VERSION",
    "TERM_SESSION_ID",
    "TMUX",
    "TMUX_PANE",
    "VTE_VERSION",
    "WINDOWID",
    // Of our own window (`rendering.rs` of the shell).
    "WEBKIT_DISABLE_COMPOSITING_MODE",
];
/// How long a terminal must be silent after its shell has ended before its output counts as complete, if some other process
/// still has it open. Usually none has, and the terminal ends by itself.
const QUIET: Duration = Duration::from_millis(100);
/// Typed text between the driver and the terminal's own queue in the kernel. When it is full the driver's writer waits.
const TYPED_BYTES: usize = 8 * 1024;
/// Time for shells to end at the end of the app: half a second to write their history, and then they are killed.
const END_TIMEOUT: Duration = Duration::from_secs(4);

/// What is started on a local terminal.
#[derive(Debug, Clone)]
pub struct LocalShell {
    /// The person's own shell, as a login shell, if none.
    pub program: Option<OsString>,
    pub args: Vec<OsString>,
    pub folder: Option<PathBuf>,
    /// Beside what the app itself was started with.
    pub environment: BTreeMap<OsString, OsString>,
}

impl LocalShell {
    /// The person's own shell in their home folder.
    pub fn of_person() -> Self {
        Self { program: None, args: Vec::new(), folder: dirs::home_dir(), environment: BTreeMap::new() }
    }

    fn command(&self) -> CommandBuilder {
        let mut command = match &self.program {
            Some(program) => CommandBuilder::new(program),
            // $SHELL or what the account says, and %ComSpec% on Windows.
            None => CommandBuilder::new_default_prog(),
        };
        if self.program.is_some() {
            command.args(&self.args);
        }
        for name in OF_ANOTHER_TERMINAL {
            command.env_remove(name);
        }
        command.env("TERM", TERM);
        command.env("COLORTERM", "truecolor");
        command.env("TERM_PROGRAM", "Bowline");
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        if let Some(folder) = &self.folder {
            command.cwd(folder);
        }
        command
    }
}

/// The shells that run on this computer. Clones share them; each ends with its terminal, and all of them with the app.
#[derive(Debug, Clone, Default)]
pub struct LocalShells {
    over: CancellationToken,
    running: TaskTracker,
}

impl LocalShells {
    /// Starts a shell.
    ///
    /// # Errors
    /// [`ErrorCode::LocalShellFailed`].
    pub async fn open(&self, shell: LocalShell, size: TerminalSize) -> Result<Source> {
        // Starting a program takes a moment in which other terminals must not stand still.
        let starting = tokio::task::spawn_blocking(move || {
            bowline_pty::start(shell.command(), pty_size(size), |_, _| ())
        });
        let started = starting.await.map_err(Error::internal)?.map_err(|cause| failed(&cause))?;
        let Started { pty, process, exit } = started;
        let (told, ended) = oneshot::channel();
        let over = self.over.child_token();
        self.running.spawn(keep(ProcessSession::sparing(process), exit, told, over.clone()));
        let pty = Arc::new(pty);
        let (writer, typed) = tokio::io::duplex(TYPED_BYTES);
        let typing = tokio::spawn(type_keys(Arc::clone(&pty), typed));
        Ok(Source {
            greeting: None,
            reader: Box::new(LocalReader {
                pty: Arc::clone(&pty),
                buffer: BytesMut::new(),
                ended,
                end: None,
                typing,
                _over: over.clone().drop_guard(),
            }),
            writer: Box::new(writer),
            control: Box::new(LocalControl { pty, over }),
            beginning: Beginning::default(),
        })
    }

    /// Ends every shell with all that it started, and waits until they are gone.
    pub async fn end_all(&self) {
        self.over.cancel();
        self.running.close();
        if tokio::time::timeout(END_TIMEOUT, self.running.wait()).await.is_err() {
            tracing::warn!("local shells did not end in time");
        }
    }
}

/// Keeps the shell's processes until it ends by itself or its terminal does, and then ends them.
async fn keep(
    mut processes: ProcessSession,
    mut exit: oneshot::Receiver<Exit>,
    told: oneshot::Sender<Exit>,
    over: CancellationToken,
) {
    tokio::select! {
        biased;
        exit = &mut exit => {
            if let Ok(exit) = exit {
                let _ = told.send(exit);
            }
            processes.release();
        }
        () = over.cancelled() => processes.end().await,
    }
}

async fn type_keys(pty: Arc<Pty>, mut typed: DuplexStream) {
    let mut buffer = BytesMut::with_capacity(TYPED_BYTES);
    while let Ok(1..) = typed.read_buf(&mut buffer).await {
        if pty.write_all(&buffer).await.is_err() {
            return;
        }
        buffer.clear();
    }
}

struct LocalReader {
    pty: Arc<Pty>,
    buffer: BytesMut,
    ended: oneshot::Receiver<Exit>,
    /// How the shell ended; what it said before may still come. Nothing inside when nobody knows how.
    end: Option<Option<Exit>>,
    /// May wait for ever on a program that reads nothing.
    typing: JoinHandle<()>,
    /// The shell ends with its terminal.
    _over: DropGuard,
}

impl LocalReader {
    async fn event(&mut self) -> SourceEvent {
        loop {
            tokio::select! {
                read = self.pty.read(&mut self.buffer) => match read {
                    Ok(1..) => return SourceEvent::Output(self.buffer.split().freeze()),
                    Ok(0) | Err(_) => break,
                },
                exit = &mut self.ended, if self.end.is_none() => self.end = Some(exit.ok()),
                () = tokio::time::sleep(QUIET), if self.end.is_some() => break,
            }
        }
        if self.end.is_none() {
            self.end = Some((&mut self.ended).await.ok());
        }
        SourceEvent::Ended(self.end.flatten().map_or(TerminalEnd::Closed, terminal_end))
    }
}

impl SourceReader for LocalReader {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        self.event().boxed()
    }
}

impl Drop for LocalReader {
    fn drop(&mut self) {
        self.typing.abort();
    }
}

struct LocalControl {
    pty: Arc<Pty>,
    over: CancellationToken,
}

impl SourceControl for LocalControl {
    fn resize(&self, size: TerminalSize) -> BoxFuture<'_, Result<()>> {
        let resized = self.pty.resize(pty_size(size)).map_err(Error::internal);
        async { resized }.boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.over.cancel();
        async {}.boxed()
    }
}

fn pty_size(size: TerminalSize) -> PtySize {
    PtySize { rows: size.rows, cols: size.cols, pixel_width: 0, pixel_height: 0 }
}

fn terminal_end(exit: Exit) -> TerminalEnd {
    match exit {
        Exit::Status(status) => TerminalEnd::Exited { status },
        Exit::Signal { number, core_dumped } => {
            TerminalEnd::Signalled { signal: signal_name(number), core_dumped, message: String::new() }
        }
    }
}

/// As SSH names them (RFC 4254, section 6.10).
#[cfg(unix)]
fn signal_name(number: i32) -> String {
    use rustix::process::Signal;
    const NAMES: &[(Signal, &str)] = &[
        (Signal::ABORT, "ABRT"),
        (Signal::ALARM, "ALRM"),
        (Signal::BUS, "BUS"),
        (Signal::FPE, "FPE"),
        (Signal::HUP, "HUP"),
        (Signal::ILL, "ILL"),
        (Signal::INT, "INT"),
        (Signal::KILL, "KILL"),
        (Signal::PIPE, "PIPE"),
        (Signal::QUIT, "QUIT"),
        (Signal::SEGV, "SEGV"),
        (Signal::TERM, "TERM"),
    ];
    let known = NAMES.iter().find(|(signal, _)| signal.as_raw() == number);
    known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(not(unix))]
fn signal_name(number: i32) -> String {
    number.to_string()
}

fn failed(cause: &str) -> Error {
    Error::new(
        ErrorCode::LocalShellFailed,
        format!("No shell was started on this computer: {cause}. Look whether your shell can be run."),
    )
    .with("cause", cause)
}
