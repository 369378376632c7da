//! One task per terminal: it drains the source into the view, and takes what the person does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Zoned;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::commands::{CommandClock, ShellFacts};
use super::kept::KeptScreen;
use super::launch::Arrival;
use super::screen::Screen;
use super::seam::Seam;
use super::source::{Source, SourceControl, SourceEvent, SourceReader};
use super::state::{TerminalEnd, TerminalFacts, TerminalSize, TerminalState};
use super::view::{Attachment, Output, View};
use super::{OpenSource, Opening, reset};
use crate::clock;
use crate::error::{Error, ErrorCode, Problem, Result};

/// Pieces of typed text that wait for the server to take them. The window has one call under way, so a few are enough;
/// when it is full that call waits, and with it the paste.
const TYPED_PIECES: usize = 8;
/// Commands that wait: resizes, credit. The sender waits when it is full.
const COMMANDS: usize = 64;

/// Time for a source to take its end. A connection that is stuck for longer is given up by its watcher.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
/// A shell that has been quiet for so long after its first output has shown its prompt. Longer than what teaching it marks
/// waits (`integration.rs`), which must come first: it is typed only where nothing else was.
const PROMPT_QUIET: Duration = Duration::from_millis(500);
/// A shell that says nothing, or never stops, gets its start-up command after this.
const PROMPT_WITHIN: Duration = Duration::from_secs(5);
/// Messages of the source that are taken before commands are looked at again. One has at most 32 KiB.
const TAKEN_AT_ONCE: usize = 16;

/// A title is cut here; a program may send a novel.
const TITLE_MAX_CHARACTERS: usize = 300;

/// What the person or the window does, apart from typing.
pub(super) enum Command {
    Credit(usize),
    Resize(TerminalSize),
    /// Another window shows it from now on.
    Attach(Box<dyn Output>, TerminalSize, oneshot::Sender<Attachment>),
    Detach(Attachment),
    /// Lines to keep above the screen.
    Scrollback(usize),
    /// Forget what is above the cursor.
    Clear,
    /// The person wants a terminal that a program has left in disorder back.
    Reset,
    /// Say what is on the screen and above it, in about so many bytes.
    Keep(usize, oneshot::Sender<KeptScreen>),
    /// The person does not want to wait for a lost connection any more.
    GiveUp,
    /// Somebody looks at the screen between two pieces of output.
    Look(Look),
    /// End the shell; what it showed stays.
    End,
    /// Another shell below what the one that ended showed.
    Reopen,
    Close,
    /// Nobody looks any more; a shell that can live on may do so.
    Leave,
}

/// A command that is about the shell and not about what is shown.
enum Asked {
    GiveUp,
    End,
    Reopen,
    Close,
}

/// Looks at the screen between two pieces of output: whoever listens from then on misses nothing and hears nothing twice.
pub(super) struct Look(pub Box<dyn FnOnce(&Screen) + Send>);

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Look")
    }
}

/// The engine's end of a terminal's task.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub commands: mpsc::Sender<Command>,
    pub typed: mpsc::Sender<Bytes>,
    pub state: watch::Receiver<TerminalState>,
    pub facts: watch::Receiver<TerminalFacts>,
    pub shell: watch::Receiver<ShellFacts>,
    /// Bytes that were shown so far: whether there is something new to keep.
    pub shown: Arc<AtomicU64>,
}

/// Starts the task. The source is opened first, with the size that the terminal has by then. The task goes on when its shell
/// has ended, so that what it showed can still be looked at; it is over when the terminal is closed, and then its state
/// changes no more.
pub(super) fn start(view: View, size: TerminalSize, open: OpenSource) -> Handle {
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (typed, typed_queue) = mpsc::channel(TYPED_PIECES);
    let (publish, state) = watch::channel(TerminalState::Opening);
    let (sizes, _) = watch::channel(size);
    let answers = typed.clone();
    let (tell, facts) = watch::channel(TerminalFacts::default());
    let (clock, shell) = CommandClock::new();
    let shown = Arc::<AtomicU64>::default();
    let told = view.screen().told();
    let task = Task {
        view,
        sizes,
        commands: command_queue,
        answers,
        publish,
        facts: tell,
        told,
        clock,
        shown: Arc::clone(&shown),
        clears: 0,
        hung_up: false,
        ends_shell: false,
        closed: false,
    };
    tokio::spawn(task.run(open, typed_queue));
    Handle { commands, typed, state, facts, shell, shown }
}

struct Task {
    view: View,
    sizes: watch::Sender<TerminalSize>,
    commands: mpsc::Receiver<Command>,
    /// The queue of what was typed, for what the engine answers in the window's place.
    answers: mpsc::Sender<Bytes>,
    publish: watch::Sender<TerminalState>,
    facts: watch::Sender<TerminalFacts>,
    /// Of which [`Screen::told`](super::screen::Screen::told) the facts are.
    told: u32,
    clock: CommandClock,
    shown: Arc<AtomicU64>,
    /// How often what is above the screen was forgotten.
    clears: u64,
    /// The person ended the shell.
    hung_up: bool,
    /// The person closed the terminal: nobody waits for its last words.
    closed: bool,
    /// The person closed it: a shell that would live on ends too.
    ends_shell: bool,
}

impl Task {
    /// Shell after shell, as long as the person asks for another.
    async fn run(mut self, open: OpenSource, mut typed: mpsc::Receiver<Bytes>) {
        loop {
            let end;
            (end, typed) = self.serve_all(&open, typed).await;
            if !self.closed {
                self.drain().await;
            }
            self.publish.send_replace(TerminalState::Ended { end });
            if self.closed || !self.rest(&mut typed).await {
                return;
            }
            self.hung_up = false;
            self.publish.send_replace(TerminalState::Opening);
            self.view.start_afresh();
            self.view.flush();
            self.tell_facts();
        }
    }

    /// Shows what an ended shell left behind to whoever looks, until the person asks for another one or closes it.
    async fn rest(&mut self, typed: &mut mpsc::Receiver<Bytes>) -> bool {
        loop {
            self.view.take_answers();
            tokio::select! {
                command = self.commands.recv() => match self.take(command) {
                    Some(Asked::Reopen) => return true,
                    Some(Asked::Close) => return false,
                    Some(Asked::GiveUp | Asked::End) | None => self.view.flush(),
                },
                () = until(self.view.due()), if self.view.due().is_some() => self.view.flush(),
                // Typed into nothing.
                Some(_) = typed.recv() => {}
            }
        }
    }

    /// Runs source after source, until one ends by itself or the person ends the terminal. The queue of what was typed comes
    /// back.
    async fn serve_all(
        &mut self,
        open: &OpenSource,
        mut typed: mpsc::Receiver<Bytes>,
    ) -> (TerminalEnd, mpsc::Receiver<Bytes>) {
        let mut source = match self.wait_for(open(Opening::First, self.sizes.subscribe()), None).await {
            Ok(source) => source,
            Err(end) => return (end, typed),
        };
        if source.beginning.arrival == Arrival::SameSession {
            // It paints its whole screen anew: what stands there moves up first, or it would be lost.
            let rows = usize::from(self.sizes.borrow().rows);
            self.view.push("\r\n".repeat(rows).as_bytes());
        }
        loop {
            self.publish.send_replace(TerminalState::Running);
            let end;
            (end, typed) = self.serve(source, typed).await;
            let problem = match end {
                TerminalEnd::Failed { problem } if problem.code.is_lost_connection() => problem,
                end => return (end, typed),
            };
            let (lost, cause) = (Zoned::now(), problem.code);
            source = match self.reopen(open, problem, &mut typed).await {
                Ok(source) => source,
                Err(end) => return (end, typed),
            };
            // What is still queued was typed for the shell that is gone.
            while typed.try_recv().is_ok() {}
            self.view.take_answers();
            let words = &source.beginning.words;
            let seam = Seam { lost, back: Zoned::now(), cause, arrival: source.beginning.arrival };
            let seam = seam.between(words, *self.sizes.borrow());
            self.view.push(&seam);
            source.control.said(&seam.into());
        }
    }

    /// Waits for the source that takes the place of one that was lost, however often that is lost too before it runs.
    async fn reopen(
        &mut self,
        open: &OpenSource,
        lost: Problem,
        typed: &mut mpsc::Receiver<Bytes>,
    ) -> Result<Source, TerminalEnd> {
        let since_ms = clock::now_ms().round();
        let directory = self.view.directory();
        let mut problem = lost;
        loop {
            self.publish.send_replace(TerminalState::Waiting { problem: problem.clone(), since_ms });
            let opening = Opening::Again { directory: directory.clone() };
            let opening = open(opening, self.sizes.subscribe());
            match self.wait_for(opening, Some(&mut *typed)).await {
                Err(TerminalEnd::Failed { problem: again }) if again.code.is_lost_connection() => {
                    problem = again
                }
                // Given up by the person: the loss is what there is to tell.
                Err(TerminalEnd::Failed { problem: given_up }) if given_up.code == ErrorCode::Cancelled => {
                    return Err(TerminalEnd::Failed { problem });
                }
                settled => return settled,
            }
        }
    }

    /// Waits for a source, and meanwhile for what the window does. What is typed for a source that was lost is not kept:
    /// nobody knows what the next shell would make of it.
    async fn wait_for(
        &mut self,
        mut opening: BoxFuture<'static, Result<Source>>,
        mut typed: Option<&mut mpsc::Receiver<Bytes>>,
    ) -> Result<Source, TerminalEnd> {
        loop {
            let discarded = async {
                match &mut typed {
                    Some(typed) => typed.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                opened = &mut opening => {
                    return opened.map_err(|error| failed(&error));
                }
                command = self.commands.recv() => match self.take(command) {
                    Some(Asked::GiveUp) if typed.is_some() => return Err(failed(&given_up())),
                    Some(Asked::End | Asked::Close) => return Err(TerminalEnd::Closed),
                    Some(Asked::GiveUp | Asked::Reopen) | None => self.view.flush(),
                },
                () = until(self.view.due()), if self.view.due().is_some() => self.view.flush(),
                // Without a sender the terminal is gone, which the commands tell.
                Some(_) = discarded => {}
            }
        }
    }

    /// Shows one source up to its end, and gives the queue of typed text back.
    async fn serve(
        &mut self,
        source: Source,
        typed: mpsc::Receiver<Bytes>,
    ) -> (TerminalEnd, mpsc::Receiver<Bytes>) {
        self.view.resize(*self.sizes.borrow());
        let Source { greeting, mut reader, writer, control, beginning } = source;
        if let Some(greeting) = greeting {
            self.view.push(greeting.trim_end().replace('\n', "\r\n").as_bytes());
            self.view.push(b"\r\n");
        }
        self.view.flush();
        if let Some(note) = beginning.words.missing(beginning.arrival) {
            self.view.push(&note);
        }
        let control: Arc<dyn SourceControl> = Arc::from(control);
        let stop = CancellationToken::new();
        // Both may wait for the server for ever; they are stopped at the end, so the output never waits for them.
        let (outputs, heard) = watch::channel(());
        let startup = beginning.startup.map(|line| Startup { line, heard });
        let writing = tokio::spawn(write(typed, writer, startup, stop.clone()));
        let sizing = follow_size(self.sizes.subscribe(), Arc::clone(&control));
        let sizing = tokio::spawn(stop.clone().run_until_cancelled_owned(sizing));
        let _stopped_when_dropped = stop.clone().drop_guard();
        let end = self.show(reader.as_mut(), &outputs).await;
        stop.cancel();
        if self.hung_up {
            // A server that does not listen is not waited for, but it is told as soon as it does: its shell would run on.
            let ending = self.ends_shell;
            tokio::spawn(timeout(CLOSE_TIMEOUT, async move {
                if ending { control.end().await } else { control.close().await }
            }));
        }
        let _ = sizing.await;
        let typed = writing.await.unwrap_or_else(|_| mpsc::channel(1).1);
        (end, typed)
    }

    async fn show(&mut self, reader: &mut dyn SourceReader, outputs: &watch::Sender<()>) -> TerminalEnd {
        let answers = self.answers.clone();
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match self.take(command) {
                    Some(Asked::End | Asked::Close) => return TerminalEnd::Closed,
                    Some(Asked::GiveUp | Asked::Reopen) | None => {}
                },
                permit = answers.reserve(), if self.view.has_answers() => {
                    if let Ok(permit) = permit {
                        permit.send(self.view.take_answers());
                    }
                }
                () = until(self.view.due()), if self.view.due().is_some() => {}
                // Whatever the window does, the source is read on: an unread channel stops its whole connection.
                event = reader.next() => match event {
                    SourceEvent::Output(bytes) => {
                        self.view.push(&bytes);
                        outputs.send_replace(());
                    }
                    SourceEvent::Ended(end) => {
                        self.show_now();
                        return end;
                    }
                },
            }
            // What is there already goes along: busy output travels in whole chunks, idle output at once.
            let mut taken = 0;
            while !self.view.has_chunk() && taken < TAKEN_AT_ONCE {
                taken += 1;
                match reader.next().now_or_never() {
                    Some(SourceEvent::Output(bytes)) => self.view.push(&bytes),
                    Some(SourceEvent::Ended(end)) => {
                        self.show_now();
                        return end;
                    }
                    None => break,
                }
            }
            self.clock.look(self.view.screen_mut(), Instant::now());
            self.show_now();
            // Emulating a flood takes the time of whoever else runs on this thread.
            tokio::task::yield_now().await;
        }
    }

    fn show_now(&mut self) {
        self.view.flush();
        self.note_shown();
        self.tell_facts();
    }

    /// What stands there is something else than what was kept last.
    fn note_shown(&self) {
        self.shown.store(self.view.screen().offset() + self.clears, Ordering::Relaxed);
    }

    fn tell_facts(&mut self) {
        let screen = self.view.screen();
        if screen.told() != self.told {
            self.told = screen.told();
            let title = screen.title().chars().take(TITLE_MAX_CHARACTERS).collect();
            self.facts.send_replace(TerminalFacts { title, bells: screen.bells() });
        }
    }

    /// Does what is about the view; the rest is for whoever serves the shell. Without anyone who could send commands the
    /// terminal is closed.
    fn take(&mut self, command: Option<Command>) -> Option<Asked> {
        match command {
            Some(Command::Credit(bytes)) => self.view.give_credit(bytes),
            Some(Command::Resize(size)) => self.resize(size),
            Some(Command::Attach(output, size, attached)) => {
                self.resize(size);
                let attachment = self.view.attach(output);
                // The window went away while it asked.
                if attached.send(attachment).is_err() {
                    self.view.detach(attachment);
                }
            }
            Some(Command::Detach(attachment)) => self.view.detach(attachment),
            Some(Command::Scrollback(lines)) => self.view.set_scrollback(lines),
            Some(Command::Clear) => {
                self.view.clear();
                self.clears += 1;
                self.note_shown();
            }
            Some(Command::Look(look)) => look.0(self.view.screen()),
            Some(Command::Reset) => {
                self.view.push(reset::AFRESH);
                self.note_shown();
            }
            Some(Command::Keep(bytes, kept)) => {
                let _ = kept.send(KeptScreen::of(self.view.screen(), bytes));
            }
            Some(Command::GiveUp) => return Some(Asked::GiveUp),
            Some(Command::Reopen) => return Some(Asked::Reopen),
            Some(Command::End) => {
                self.hung_up = true;
                return Some(Asked::End);
            }
            Some(Command::Close) => {
                (self.hung_up, self.closed, self.ends_shell) = (true, true, true);
                return Some(Asked::Close);
            }
            Some(Command::Leave) | None => {
                (self.hung_up, self.closed) = (true, true);
                return Some(Asked::Close);
            }
        }
        None
    }

    fn resize(&mut self, size: TerminalSize) {
        self.view.resize(size);
        self.sizes.send_replace(size);
    }

    /// The last words of a shell are shown before its end is told, however far the window is behind: if need be as a snapshot.
    async fn drain(&mut self) {
        while !self.view.is_empty() {
            tokio::select! {
                command = self.commands.recv() => match self.take(command) {
                    Some(Asked::Close) => return,
                    Some(Asked::GiveUp | Asked::End | Asked::Reopen) | None => {}
                },
                () = until(self.view.due()), if self.view.due().is_some() => {}
            }
            self.view.flush();
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn failed(error: &Error) -> TerminalEnd {
    TerminalEnd::Failed { problem: Problem::from(error) }
}

fn given_up() -> Error {
    Error::new(ErrorCode::Cancelled, "The terminal does not wait for its connection any more.")
}

/// What is typed into a new shell in the person's place.
struct Startup {
    line: Bytes,
    /// Changes with every output.
    heard: watch::Receiver<()>,
}

impl Startup {
    /// Waits until the shell has asked for something and is quiet: typed sooner, the line would be shown twice.
    async fn is_due(&mut self) {
        let quiet = async {
            let _ = self.heard.changed().await;
            while timeout(PROMPT_QUIET, self.heard.changed()).await.is_ok_and(|changed| changed.is_ok()) {}
        };
        let _ = timeout(PROMPT_WITHIN, quiet).await;
    }
}

/// Passes typed text on until it is stopped, and gives the queue back. A piece under way is lost with its source.
async fn write(
    mut typed: mpsc::Receiver<Bytes>,
    mut writer: Box<dyn AsyncWrite + Send + Unpin>,
    startup: Option<Startup>,
    stop: CancellationToken,
) -> mpsc::Receiver<Bytes> {
    let passing = async {
        if let Some(mut startup) = startup {
            startup.is_due().await;
            if writer.write_all(&startup.line).await.is_err() || writer.flush().await.is_err() {
                return;
            }
        }
        while let Some(bytes) = typed.recv().await {
            if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
                return;
            }
        }
    };
    if stop.run_until_cancelled(passing).await.is_some() {
        // The far end takes nothing more; its reader tells why, and then this is stopped.
        stop.cancelled().await;
    }
    typed
}

/// Sends the newest size only: sizes in between are of no use to anyone.
async fn follow_size(mut sizes: watch::Receiver<TerminalSize>, control: Arc<dyn SourceControl>) {
    // What was set while the shell was being opened may be newer than what it was opened with.
    loop {
        let size = *sizes.borrow_and_update();
        if control.resize(size).await.is_err() || sizes.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
