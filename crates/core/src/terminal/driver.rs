//! One task per terminal: it drains the source into the view, and takes what the person does.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::source::{Source, SourceControl, SourceEvent, SourceReader};
use super::state::{TerminalEnd, TerminalSize, TerminalState};
use super::view::View;
use crate::error::{Problem, Result};

/// Pieces of typed text that wait for the server to take them. The window has one call under way, so a few are enough;
/// when it is full that call waits, and with it the paste.
const TYPED_PIECES: usize = 8;
/// Commands that wait: resizes, credit. The sender waits when it is full.
const COMMANDS: usize = 64;

/// What the person or the window does, apart from typing.
#[derive(Debug)]
pub(super) enum Command {
    Credit(usize),
    Resize(TerminalSize),
    Close,
}

/// The engine's end of a terminal's task.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub commands: mpsc::Sender<Command>,
    pub typed: mpsc::Sender<Bytes>,
    pub state: watch::Receiver<TerminalState>,
}

/// Starts the task. `source` is opened first, with the size that the terminal has by then.
pub(super) fn start<F>(
    view: View,
    size: TerminalSize,
    open: impl FnOnce(watch::Receiver<TerminalSize>) -> F,
) -> Handle
where
    F: Future<Output = Result<Source>> + Send + 'static,
{
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (typed, typed_queue) = mpsc::channel(TYPED_PIECES);
    let (publish, state) = watch::channel(TerminalState::Opening);
    let (sizes, newest_size) = watch::channel(size);
    let opening = open(newest_size);
    tokio::spawn(async move {
        let end = Task { view, sizes, commands: command_queue, publish: publish.clone() }
            .run(opening.boxed(), typed_queue)
            .await;
        publish.send_replace(TerminalState::Ended { end });
    });
    Handle { commands, typed, state }
}

struct Task {
    view: View,
    sizes: watch::Sender<TerminalSize>,
    commands: mpsc::Receiver<Command>,
    publish: watch::Sender<TerminalState>,
}

impl Task {
    async fn run(
        mut self,
        mut opening: futures::future::BoxFuture<'static, Result<Source>>,
        typed: mpsc::Receiver<Bytes>,
    ) -> TerminalEnd {
        let source = loop {
            tokio::select! {
                opened = &mut opening => match opened {
                    Ok(source) => break source,
                    Err(error) => return TerminalEnd::Failed { problem: Problem::from(&error) },
                },
                command = self.commands.recv() => match command {
                    Some(Command::Resize(size)) => { self.sizes.send_replace(size); }
                    Some(Command::Credit(_)) => {}
                    Some(Command::Close) | None => return TerminalEnd::Closed,
                },
            }
        };
        drop(opening);
        self.publish.send_replace(TerminalState::Running);
        let Source { greeting, mut reader, writer, control } = source;
        if let Some(greeting) = greeting {
            self.view.push(greeting.trim_end().replace('\n', "\r\n").as_bytes());
            self.view.push(b"\r\n");
            // A window that is gone is noticed with the first output.
            let _ = self.view.flush();
        }
        let control: Arc<dyn SourceControl> = Arc::from(control);
        // Both may wait for the server for ever; they end with this scope, so the output never waits for them.
        let mut side_tasks = JoinSet::new();
        side_tasks.spawn(write(typed, writer));
        side_tasks.spawn(follow_size(self.sizes.subscribe(), Arc::clone(&control)));
        let end = self.show(reader.as_mut(), control.as_ref()).await;
        side_tasks.abort_all();
        end
    }

    async fn show(&mut self, reader: &mut dyn SourceReader, control: &dyn SourceControl) -> TerminalEnd {
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(Command::Credit(bytes)) => self.view.give_credit(bytes),
                    Some(Command::Resize(size)) => { self.sizes.send_replace(size); }
                    Some(Command::Close) | None => {
                        // A server that does not listen is not waited for: the channel ends with the reader.
                        let _ = control.close().now_or_never();
                        return TerminalEnd::Closed;
                    }
                },
                event = reader.next(), if self.view.has_room() => match event {
                    SourceEvent::Output(bytes) => self.view.push(&bytes),
                    SourceEvent::Ended(end) => {
                        let _ = self.view.flush();
                        self.drain().await;
                        return end;
                    }
                },
            }
            // What is there already goes along: busy output travels in whole chunks, idle output at once.
            while !self.view.has_chunk() {
                match reader.next().now_or_never() {
                    Some(SourceEvent::Output(bytes)) => self.view.push(&bytes),
                    Some(SourceEvent::Ended(end)) => {
                        let _ = self.view.flush();
                        self.drain().await;
                        return end;
                    }
                    None => break,
                }
            }
            if self.view.flush().is_err() {
                let _ = control.close().now_or_never();
                return TerminalEnd::Closed;
            }
        }
    }

    /// The last words of a shell are shown before its end is told, however far the window is behind.
    async fn drain(&mut self) {
        while !self.view.is_empty() {
            match self.commands.recv().await {
                Some(Command::Credit(bytes)) => self.view.give_credit(bytes),
                Some(Command::Resize(_)) => {}
                Some(Command::Close) | None => return,
            }
            if self.view.flush().is_err() {
                return;
            }
        }
    }
}

async fn write(mut typed: mpsc::Receiver<Bytes>, mut writer: Box<dyn AsyncWrite + Send + Unpin>) {
    while let Some(bytes) = typed.recv().await {
        if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
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
