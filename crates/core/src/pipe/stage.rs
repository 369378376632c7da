//! One stage that runs: what it writes goes on, until it ends or has to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout, timeout_at};

use super::course::{Ending, Order};
use super::file::SourceFile;
use super::live::StageEnd;
use super::outlet::{Outlet, Put, ordered};
use super::{Shared, Supply};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::exec::{self, ExecControl, ExecEnd, ExecEvent, ExecOutput, ExecRequest, Signal, Stream, Taken};

/// A program whose output is closed may have ended already: so long, and for so much, its status is waited for. A shell's pipe
/// and the buffers on the way hold as much, so that in `seq 10 | head -n 1` the first one ends well here and there.
const UNREAD_WAIT: Duration = Duration::from_millis(300);
const UNREAD_BYTES: usize = 1024 * 1024;
/// Time for a program to end after each way of asking it to.
const END_WAIT: Duration = Duration::from_secs(1);
/// Time for the server to do it for us.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for the end of a channel to go out before the goodbye.
const LINGER: Duration = Duration::from_millis(100);

/// Ends what this connection has started: OpenSSH has a process for each connection, whose children are its sessions, each the
/// leader of a process group. It must not be asked of a connection that others share. Elsewhere the parent may serve all
/// connections, and have children that are nothing of ours: so nothing is done unless it calls itself as OpenSSH's does
/// (`sshd: user@notty`, since 9.8 `sshd-session: user@notty`). What no signal ends there is only closed, and told as unconfirmed.
const SWEEP: &str = "exec sh -c 'case $(ps -o args= -p \"$PPID\" 2>/dev/null) in sshd*:*@*) ;; *) exit 0;; esac; \
    for p in $(ps -A -o pid= -o ppid= | while read p q; do [ \"$q\" = \"$PPID\" ] && \
    [ \"$p\" != $$ ] && echo \"$p\"; done); do kill -s SIGNAL -- \"-$p\" 2>/dev/null || kill -s SIGNAL \"$p\"; done'";

/// What is read of this computer.
pub enum Feed {
    File(SourceFile),
    Stream(Box<dyn Supply>),
}

impl Feed {
    async fn next(&mut self) -> Result<Bytes> {
        match self {
            Feed::File(file) => file.next().await,
            Feed::Stream(supply) => supply.next().await.map_err(|error| {
                let text = format!("The standard input could not be read: {error}.");
                Error::new(crate::error::ErrorCode::LocalFileFailed, text)
                    .with("path", "-")
                    .with("cause", error)
            }),
        }
    }
}

/// The first stage, if it is no program.
pub async fn run_source(shared: Arc<Shared>, mut feed: Feed, mut outlet: Outlet) {
    let mut orders = shared.orders(0);
    shared.live.runs(0);
    let (end, ending) = loop {
        let piece = tokio::select! {
            biased;
            order = ordered(&mut orders, Order::HangUp) => break told(order),
            piece = feed.next() => piece,
        };
        match piece {
            Ok(piece) if piece.is_empty() => {
                break match outlet.finish(&mut orders).await {
                    Put::Done => (StageEnd::Done, Ending::Whole),
                    Put::Ordered(order) => told(order),
                };
            }
            Ok(piece) => {
                if let Put::Ordered(order) = outlet.put(piece, &mut orders).await {
                    break told(order);
                }
            }
            Err(error) => break (StageEnd::Failed { problem: error.problem() }, Ending::Torn),
        }
    };
    drop(outlet);
    shared.live.ended(0, end);
    shared.has_ended(0, ending);
}

/// A file has nobody to tell.
fn told(order: Order) -> (StageEnd, Ending) {
    match order {
        Order::HangUp => (StageEnd::Unread, Ending::Unread),
        Order::End => (StageEnd::Stopped { confirmed: true }, Ending::Torn),
    }
}

/// A program that runs, but for its input.
pub struct Program {
    pub output: ExecOutput,
    pub control: ExecControl,
    pub connection: Arc<Connection>,
    /// The connection is for this program alone.
    pub own: bool,
}

/// What there is to do after the last piece.
enum Last {
    Ended(ExecEnd),
    Ordered(Order),
}

pub async fn run_program(shared: Arc<Shared>, stage: usize, mut program: Program, mut outlet: Outlet) {
    let mut orders = shared.orders(stage);
    let mut all_out = false;
    let last = loop {
        // As in a shell, a program that has said all is waited for though its reader has ended.
        let least = if all_out { Order::End } else { Order::HangUp };
        let taken = tokio::select! {
            biased;
            order = ordered(&mut orders, least) => break Last::Ordered(order),
            taken = program.output.next_or_end_of_output() => taken,
        };
        match taken {
            Some(Taken::Event(ExecEvent::Output { stream: Stream::Stdout, bytes })) => {
                if let Put::Ordered(order) = outlet.put(bytes, &mut orders).await {
                    break Last::Ordered(order);
                }
            }
            Some(Taken::Event(ExecEvent::Output { stream: Stream::Stderr, bytes })) => {
                shared.live.stderr(stage, &bytes);
            }
            Some(Taken::EndOfOutput) => {
                if let Put::Ordered(order) = outlet.finish(&mut orders).await {
                    break Last::Ordered(order);
                }
                all_out = true;
            }
            Some(Taken::Event(ExecEvent::Ended(end))) => break Last::Ended(end),
            None => {
                let problem = Error::internal("the task of a program has ended").problem();
                break Last::Ended(ExecEnd::Unknown { problem });
            }
        }
    };
    let (end, ending) = match last {
        Last::Ended(end) => {
            if !matches!(end, ExecEnd::Unknown { .. }) {
                all_out = outlet.finish(&mut orders).await == Put::Done;
            }
            (end.into(), if all_out { Ending::Whole } else { Ending::Torn })
        }
        // The rest is of use to nobody, and whoever waits behind gets no end of input.
        Last::Ordered(Order::HangUp) => {
            let end = program.hang_up(|bytes| shared.live.stderr(stage, bytes)).await;
            (end.unwrap_or(StageEnd::Unread), Ending::Unread)
        }
        Last::Ordered(Order::End) => {
            let confirmed = program.end().await.is_some();
            (StageEnd::Stopped { confirmed }, Ending::Torn)
        }
    };
    shared.live.ended(stage, end);
    shared.has_ended(stage, ending);
    drop(outlet);
    // Its connection is of no more use.
    let Program { output, connection, own, .. } = program;
    drop(output);
    if own {
        tokio::time::sleep(LINGER).await;
        connection.close().await;
    }
}

impl Program {
    /// Nobody reads its output any more; how it ended, if that is known already. Its channel is closed with its output.
    async fn hang_up(&mut self, stderr: impl Fn(&[u8])) -> Option<StageEnd> {
        let until = Instant::now() + UNREAD_WAIT;
        let mut unread = 0;
        while unread < UNREAD_BYTES {
            match timeout_at(until, self.output.next()).await.ok()?? {
                ExecEvent::Output { stream: Stream::Stdout, bytes } => unread += bytes.len(),
                ExecEvent::Output { stream: Stream::Stderr, bytes } => stderr(&bytes),
                ExecEvent::Ended(ExecEnd::Unknown { .. }) => return None,
                ExecEvent::Ended(end) => return Some(end.into()),
            }
        }
        None
    }

    /// Ends it, whatever that takes; how it ended, if the host has said so. Its channel is closed with its output otherwise.
    pub async fn end(&mut self) -> Option<ExecEnd> {
        for (signal, name) in [(Signal::TERM, "TERM"), (Signal::KILL, "KILL")] {
            self.control.signal(signal).await;
            if let Some(ended) = self.ends_within(END_WAIT).await {
                return ended;
            }
            // sshd gives no signals to programs of root.
            if self.own {
                let connection = Arc::clone(&self.connection);
                let sweeping = sweep(&connection, name);
                tokio::select! {
                    ended = self.output_ends() => return ended,
                    _ = timeout(SWEEP_TIMEOUT, sweeping) => {}
                }
                if let Some(ended) = self.ends_within(END_WAIT).await {
                    return ended;
                }
            }
        }
        None
    }

    async fn ends_within(&mut self, time: Duration) -> Option<Option<ExecEnd>> {
        timeout(time, self.output_ends()).await.ok()
    }

    /// None if it was lost.
    async fn output_ends(&mut self) -> Option<ExecEnd> {
        loop {
            match self.output.next().await? {
                ExecEvent::Output { .. } => {}
                ExecEvent::Ended(ExecEnd::Unknown { .. }) => return None,
                ExecEvent::Ended(end) => return Some(end),
            }
        }
    }
}

async fn sweep(connection: &Arc<Connection>, signal: &str) {
    let Some(place) = connection.reserve() else { return };
    let request = ExecRequest::command(SWEEP.replace("SIGNAL", signal));
    match exec::start(place, request).await {
        Ok(mut sweeping) => while sweeping.output.next().await.is_some() {},
        Err(error) => {
            tracing::debug!(%error, "the programs of a connection are not ended by another session")
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_children_of_anything_but_a_session_of_openssh_are_left_alone() {
        // This process stands for a server which runs all its sessions by itself.
        let mut other = std::process::Command::new("sleep").arg("600").spawn().expect("sleep(1) runs");
        let sweeping =
            std::process::Command::new("sh").arg("-c").arg(SWEEP.replace("SIGNAL", "KILL")).status();
        assert!(sweeping.expect("sh(1) runs").success());
        std::thread::sleep(Duration::from_millis(100));
        let ended = other.try_wait().expect("it is ours");
        let _ = other.kill();
        let _ = other.wait();
        assert_eq!(ended, None);
    }
}
