//! The output of one source on its way into the view, and what is told of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::super::source::{SourceEvent, SourceReader};
use super::super::state::{TerminalEnd, TerminalFacts};
use super::command::Asked;
use super::sending::Answer;
use super::{Task, until};

/// Output that is taken before commands are looked at again: the emulator needs about a millisecond for it.
const TAKEN_AT_ONCE_BYTES: usize = 256 * 1024;
/// In a flood the source is not looked at for each message, of which sshd sends thirty thousand in a second (what a PTY gives
/// has 3 KiB): waking up for each took a tenth of what the machine could do. Where less than this has come, it is waited.
const BATCH_BYTES: u64 = 64 * 1024;
/// For so long.
const BATCH_PAUSE: Duration = Duration::from_millis(1);

/// A title is cut here; a program may send a novel.
const TITLE_MAX_CHARACTERS: usize = 300;

impl Task {
    pub(super) async fn show(
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
    pub(super) fn note_shown(&self) {
        self.shown.store(self.view.screen().offset() + self.clears, Ordering::Relaxed);
    }

    pub(super) fn tell_facts(&mut self) {
        let screen = self.view.screen();
        if screen.told() != self.told {
            self.told = screen.told();
            let title = screen.title().chars().take(TITLE_MAX_CHARACTERS).collect();
            self.facts.send_replace(TerminalFacts { title, bells: screen.bells() });
        }
    }

    /// The last words of a shell are shown before its end is told, however far the window is behind: if need be as a snapshot.
    pub(super) async fn drain(&mut self) {
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
