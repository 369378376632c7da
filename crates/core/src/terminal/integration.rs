//! Teaches a new shell to say where commands begin and end (OSC 133), without a file on the server: two lines are typed at its
//! first prompt, and what comes of them is not shown.
//!
//! The first line is short and asks which shell it is; only one that is known gets its hooks (`bash.sh`, `zsh.sh`, `fish.fish`).
//! Typed is only at what looks like a prompt, once for each shell, and never when the person was first: what would be left of
//! both is a command that nobody wanted. If in doubt nothing is typed.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::AsyncWrite;
use tokio::time::{Instant, sleep_until, timeout};

use super::screen::Screen;
use super::source::{Source, SourceEvent, SourceReader};
use super::state::TerminalSize;

mod hiding;

use hiding::Shell;

/// A shell that has said nothing for so long waits for a person: long enough for the pauses of a slow login's greeting.
const QUIET: Duration = Duration::from_millis(350);
/// A login that takes longer, or that asks something, is left alone.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time for an answer, and for the first prompt with marks. Then all that was held back is shown.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// After the answer the shell draws its prompt again; one without bracketed paste is ready when it is quiet.
const READY: Duration = Duration::from_millis(150);
/// What a shell draws while it is typed to. More is shown as it is.
const HELD_BYTES: usize = 256 * 1024;

/// A source whose shell sets marks, as soon as it is at its first prompt.
pub fn attach(source: Source, size: TerminalSize) -> Source {
    let Source { greeting, reader, writer, control, beginning } = source;
    let line = Line(Arc::new(Mutex::new(Shared { writer, gate: Gate::Untouched, waiting: None })));
    let now = Instant::now();
    let watch =
        Watch { screen: Screen::with_scrollback(size, 0), heard: now, until: now + PATIENCE, judged: true };
    let reader = Teaching {
        inner: reader,
        line: line.clone(),
        phase: Phase::Watching(Box::new(watch)),
        ready: VecDeque::new(),
    };
    Source { greeting, reader: Box::new(reader), writer: Box::new(Typing(line)), control, beginning }
}

/// Who may type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Nobody has typed yet.
    Untouched,
    /// The lines are under way: what the person types waits behind them.
    Shut,
    /// The person types; nothing else does any more.
    Open,
}

struct Shared {
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    gate: Gate,
    /// The person's writing, which waits for the gate.
    waiting: Option<Waker>,
}

/// The line to the shell. Its lock is held for one attempt to write and never while something is awaited.
#[derive(Clone)]
struct Line(Arc<Mutex<Shared>>);

impl Line {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_untouched(&self) -> bool {
        self.lock().gate == Gate::Untouched
    }

    /// Takes the line for us, if nobody was first.
    fn shut(&self) -> bool {
        let mut shared = self.lock();
        let free = shared.gate == Gate::Untouched;
        if free {
            shared.gate = Gate::Shut;
        }
        free
    }

    fn open(&self) {
        let mut shared = self.lock();
        shared.gate = Gate::Open;
        if let Some(waker) = shared.waiting.take() {
            waker.wake();
        }
    }

    /// Types a text. What the server does not take in time is left.
    fn send(&self, text: String) {
        let line = self.clone();
        tokio::spawn(timeout(ANSWER_TIMEOUT, async move {
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                let taken = poll_fn(|cx| Pin::new(&mut line.lock().writer).poll_write(cx, rest)).await;
                match taken {
                    Ok(count) if count > 0 => rest = rest.get(count..).unwrap_or_default(),
                    _ => return,
                }
            }
            let _ = poll_fn(|cx| Pin::new(&mut line.lock().writer).poll_flush(cx)).await;
        }));
    }
}

/// The person's end of the line.
struct Typing(Line);

impl AsyncWrite for Typing {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut shared = self.0.lock();
        if shared.gate == Gate::Shut {
            shared.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if !hiding::is_report(bytes) {
            shared.gate = Gate::Open;
        }
        Pin::new(&mut shared.writer).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().writer).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().writer).poll_shutdown(cx)
    }
}

/// Waiting for the first prompt.
struct Watch {
    /// What the shell has drawn so far.
    screen: Screen,
    heard: Instant,
    until: Instant,
    /// What is there was looked at and is no prompt.
    judged: bool,
}

/// Output that is held back while we type.
struct Hold {
    held: Vec<u8>,
    heard: Instant,
    until: Instant,
}

enum Phase {
    Watching(Box<Watch>),
    /// The question was typed.
    Asked(Hold),
    /// The hooks were typed.
    Taught(Hold),
    Done,
}

struct Teaching {
    inner: Box<dyn SourceReader>,
    line: Line,
    phase: Phase,
    /// To be shown before anything else is read.
    ready: VecDeque<SourceEvent>,
}

impl Drop for Teaching {
    fn drop(&mut self) {
        self.line.open();
    }
}

impl Teaching {
    async fn event(&mut self) -> SourceEvent {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            let Some(due) = self.due() else { return self.inner.next().await };
            tokio::select! {
                biased;
                event = self.inner.next() => self.take(event),
                () = sleep_until(due) => self.look(),
            }
        }
    }

    /// When to look again though nothing comes.
    fn due(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Watching(watch) if watch.judged => Some(watch.until),
            Phase::Watching(watch) => Some(watch.until.min(watch.heard + QUIET)),
            Phase::Asked(hold) => match hiding::answer(&hold.held) {
                Some(_) => Some(hold.until.min(hold.heard + READY)),
                None => Some(hold.until),
            },
            Phase::Taught(hold) => Some(hold.until),
            Phase::Done => None,
        }
    }

    fn take(&mut self, event: SourceEvent) {
        match (&mut self.phase, event) {
            (Phase::Watching(watch), SourceEvent::Output(bytes)) => {
                watch.screen.feed(&bytes);
                watch.heard = Instant::now();
                watch.judged = false;
                self.ready.push_back(SourceEvent::Output(bytes));
                if !self.line.is_untouched() {
                    self.phase = Phase::Done;
                }
            }
            (Phase::Asked(hold) | Phase::Taught(hold), SourceEvent::Output(bytes)) => {
                hold.held.extend_from_slice(&bytes);
                hold.heard = Instant::now();
                if hold.held.len() > HELD_BYTES {
                    self.give_up();
                } else {
                    self.look();
                }
            }
            (_, event) => {
                self.give_up();
                self.ready.push_back(event);
            }
        }
    }

    /// Does what it is time for.
    fn look(&mut self) {
        let now = Instant::now();
        match &mut self.phase {
            Phase::Watching(watch) => {
                if now >= watch.until || watch.screen.has_marks() || !self.line.is_untouched() {
                    return self.give_up();
                }
                watch.judged = true;
                if hiding::is_prompt(&watch.screen) && self.line.shut() {
                    self.line.send(hiding::question());
                    self.phase =
                        Phase::Asked(Hold { held: Vec::new(), heard: now, until: now + ANSWER_TIMEOUT });
                }
            }
            Phase::Asked(hold) => match hiding::answer(&hold.held) {
                Some(answer) => {
                    let Some(shell) = answer.shell else {
                        let shown = hiding::without_question(&hold.held[answer.end..]);
                        return self.finish(shown);
                    };
                    if hiding::is_ready(&hold.held[answer.end..]) || now >= hold.heard + READY {
                        self.teach(shell);
                    }
                }
                None if now >= hold.until => self.give_up(),
                None => {}
            },
            Phase::Taught(hold) => match hiding::without_typing(&hold.held) {
                Some(shown) => self.finish(shown),
                None if now >= hold.until => self.give_up(),
                None => {}
            },
            Phase::Done => {}
        }
    }

    fn teach(&mut self, shell: Shell) {
        if let Phase::Asked(hold) = &mut self.phase {
            let held = std::mem::take(&mut hold.held);
            self.line.send(hiding::hooks(shell));
            let now = Instant::now();
            self.phase = Phase::Taught(Hold { held, heard: now, until: now + ANSWER_TIMEOUT });
        }
    }

    /// Shows what was held back as it is.
    fn give_up(&mut self) {
        let held = match &mut self.phase {
            Phase::Asked(hold) | Phase::Taught(hold) => std::mem::take(&mut hold.held),
            Phase::Watching(_) | Phase::Done => Vec::new(),
        };
        self.finish(held);
    }

    fn finish(&mut self, shown: Vec<u8>) {
        self.phase = Phase::Done;
        self.line.open();
        if !shown.is_empty() {
            self.ready.push_back(SourceEvent::Output(Bytes::from(shown)));
        }
    }
}

impl SourceReader for Teaching {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        self.event().boxed()
    }
}

#[cfg(test)]
mod tests;
