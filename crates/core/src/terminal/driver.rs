//! One task per terminal: it drains the source into the view, and takes what the person does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Zoned;
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
use super::triggers::Watcher;
use super::view::{Attachment, Output, View};
use super::{OpenSource, Opening, reset};
use crate::clock;
use crate::connection::backoff;
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::pool::heals;

mod sending;

use sending::{ANSWERS, Answer, Startup, follow_size, write};

/// Pieces of typed text that wait for the server to take them. The window has one call under way, so a few are enough;
/// when it is full that call waits, and with it the paste.
const TYPED_PIECES: usize = 8;
/// Commands that wait: resizes, credit. The sender waits when it is full.
const COMMANDS: usize = 64;

/// Time for a source to take its end. A connection that is stuck for longer is given up by its watcher.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a session that the server refuses on the way back is asked for. A server that is just starting, or that has as
/// many as it allows, may have room a minute or two later (`connection/backoff.rs`).
const REFUSALS_BEFORE_GIVING_UP: u32 = 8;
/// Output that is taken before commands are looked at again: the emulator needs about a millisecond for it.
const TAKEN_AT_ONCE_BYTES: usize = 256 * 1024;
/// In a flood the source is not looked at for each message, of which sshd sends thirty thousand in a second (what a PTY gives
/// has 3 KiB): waking up for each took a tenth of what the machine could do. Where less than this has come, it is waited.
const BATCH_BYTES: u64 = 64 * 1024;
/// For so long.
const BATCH_PAUSE: Duration = Duration::from_millis(1);

/// A title is cut here; a program may send a novel.
const TITLE_MAX_CHARACTERS: usize = 300;

/// What the person or the window does, apart from typing.
pub(super) enum Command {
    Credit(usize),
    Resize(TerminalSize),
    /// Another window shows it from now on, in this size if it has one.
    Attach(Box<dyn Output>, Option<TerminalSize>, oneshot::Sender<Attachment>),
    Detach(Attachment),
    /// Lines to keep above the screen.
    Scrollback(usize),
    Pictures(bool),
    /// Look for these in new lines.
    Watch(Watcher),
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
    let (tell, facts) = watch::channel(TerminalFacts::default());
    let (clock, shell) = CommandClock::new();
    let shown = Arc::<AtomicU64>::default();
    let told = view.screen().told();
    let task = Task {
        view,
        sizes,
        commands: command_queue,
        publish,
        facts: tell,
        told,
        clock,
        watcher: None,
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
    publish: watch::Sender<TerminalState>,
    facts: watch::Sender<TerminalFacts>,
    /// Of which [`Screen::told`](super::screen::Screen::told) the facts are.
    told: u32,
    clock: CommandClock,
    watcher: Option<Watcher>,
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
        let first = match self.wait_for(open(Opening::First, self.sizes.subscribe()), None).await {
            Err(TerminalEnd::Failed { problem }) if self.view.returns() && heals(&problem, true) => {
                self.reopen(open, problem, &mut typed).await
            }
            opened => opened,
        };
        let mut source = match first {
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
            // Our own words call nobody.
            self.view.screen_mut().take_finished();
            source.control.said(&seam.into());
        }
    }

    /// Waits for the source that takes the place of one that was lost, however often that is lost too before it runs. A
    /// session that is refused is asked for again a few times.
    async fn reopen(
        &mut self,
        open: &OpenSource,
        lost: Problem,
        typed: &mut mpsc::Receiver<Bytes>,
    ) -> Result<Source, TerminalEnd> {
        let since_ms = clock::now_ms().round();
        let directory = self.view.directory();
        let mut problem = lost;
        let mut refusals = 0;
        loop {
            self.publish.send_replace(TerminalState::Waiting { problem: problem.clone(), since_ms });
            let opening = Opening::Again { directory: directory.clone() };
            let mut opening = open(opening, self.sizes.subscribe());
            if problem.code == ErrorCode::ChannelRefused {
                let pause = backoff::delay(refusals, rand::random());
                opening = tokio::time::sleep(pause).then(|()| opening).boxed();
            }
            match self.wait_for(opening, Some(&mut *typed)).await {
                Err(TerminalEnd::Failed { problem: again }) if again.code.is_lost_connection() => {
                    problem = again
                }
                Err(TerminalEnd::Failed { problem: refused })
                    if refused.code == ErrorCode::ChannelRefused && refusals < REFUSALS_BEFORE_GIVING_UP =>
                {
                    refusals += 1;
                    problem = refused;
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
        let (answer, answers) = mpsc::channel(ANSWERS);
        let writing = tokio::spawn(write(typed, answers, writer, startup, stop.clone()));
        let sizing = follow_size(self.sizes.subscribe(), Arc::clone(&control));
        let sizing = tokio::spawn(stop.clone().run_until_cancelled_owned(sizing));
        let _stopped_when_dropped = stop.clone().drop_guard();
        let end = self.show(reader.as_mut(), &outputs, &answer).await;
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

    async fn show(
        &mut self,
        reader: &mut dyn SourceReader,
        outputs: &watch::Sender<()>,
        answer: &mpsc::Sender<Answer>,
    ) -> TerminalEnd {
        let mut resume: Option<Instant> = None;
        loop {
            let before = self.view.screen().offset();
            let event = async {
                if let Some(resume) = resume {
                    tokio::time::sleep_until(resume).await;
                }
                reader.next().await
            };
            tokio::select! {
                biased;
                command = self.commands.recv() => match self.take(command) {
                    Some(Asked::End | Asked::Close) => return TerminalEnd::Closed,
                    Some(Asked::GiveUp | Asked::Reopen) | None => {}
                },
                permit = answer.reserve(), if self.view.has_answers() => {
                    if let Ok(permit) = permit {
                        permit.send(Answer { asked: self.view.asked(), bytes: self.view.take_answers() });
                    }
                }
                () = until(self.view.due()), if self.view.due().is_some() => {}
                // Whatever the window does, the source is read on: an unread channel stops its whole connection.
                event = event => match event {
                    SourceEvent::Output(bytes) => {
                        self.view.push(&bytes);
                        outputs.send_replace(());
                    }
                    SourceEvent::Ended(end) => {
                        self.look();
                        self.show_now();
                        return end;
                    }
                },
            }
            // What is there already goes along: busy output travels in whole chunks, idle output at once.
            let mut taken = 0;
            while taken < TAKEN_AT_ONCE_BYTES && (self.view.is_behind() || !self.view.has_chunk()) {
                match reader.next().now_or_never() {
                    Some(SourceEvent::Output(bytes)) => {
                        taken += bytes.len();
                        self.view.push(&bytes);
                    }
                    Some(SourceEvent::Ended(end)) => {
                        self.look();
                        self.show_now();
                        return end;
                    }
                    None => break,
                }
            }
            self.look();
            self.show_now();
            let came = self.view.screen().offset() - before;
            if came > 0 {
                let waits = self.view.is_behind() && came < BATCH_BYTES;
                resume = waits.then(|| Instant::now() + BATCH_PAUSE);
            }
            // Emulating a flood takes the time of whoever else runs on this thread.
            tokio::task::yield_now().await;
        }
    }

    /// Looks for what a person is called for.
    fn look(&mut self) {
        let now = Instant::now();
        self.clock.look(self.view.screen_mut(), now);
        if let Some(watcher) = &mut self.watcher {
            watcher.look(self.view.screen_mut(), now);
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
                if let Some(size) = size {
                    self.resize(size);
                }
                let attachment = self.view.attach(output);
                // The window went away while it asked.
                if attached.send(attachment).is_err() {
                    self.view.detach(attachment);
                }
            }
            Some(Command::Detach(attachment)) => self.view.detach(attachment),
            Some(Command::Scrollback(lines)) => self.view.set_scrollback(lines),
            Some(Command::Pictures(shown)) => self.view.set_pictures(shown),
            Some(Command::Watch(watcher)) => {
                self.view.screen_mut().watch_lines(!watcher.is_idle());
                self.watcher = Some(watcher).filter(|watcher| !watcher.is_idle());
            }
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

#[cfg(test)]
mod tests;
