//! One task per terminal: it drains the source into the view, and takes what the person does.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Zoned;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::commands::{CommandClock, ShellFacts};
use super::launch::Arrival;
use super::seam::Seam;
use super::source::{Source, SourceControl};
use super::state::{TerminalEnd, TerminalFacts, TerminalSize, TerminalState};
use super::triggers::Watcher;
use super::view::View;
use super::{OpenSource, Opening};
use crate::clock;
use crate::connection::backoff;
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::pool::heals;

mod command;
mod sending;
mod showing;

use command::Asked;
pub(super) use command::{Command, Look};
use sending::{ANSWERS, Startup, follow_size, write};

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
