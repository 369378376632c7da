//! One program and the process's own standard streams.

use bowline_core::exec::{Exec, ExecControl, ExecEnd, ExecEvent, ExecInput, ExecOutput, Stream};
use bowline_core::run::stop::PidLine;
use bytes::Bytes;

use crate::escape::{Escape, Typed};
use crate::exec::leash::Leash;
use crate::signals::{self, Signals};
use crate::stdio::{Sink, Stdin};
use crate::tty;

const ESCAPES: &str =
    "\r\nAt the start of a line:\r\n ~.  end the connection\r\n ~?  this list\r\n ~~  send one ~\r\n";

/// How it was over.
#[derive(Debug)]
pub enum Over {
    Ended(ExecEnd),
    /// The person typed `~.`.
    Disconnected,
    /// A signal to this process.
    Signalled,
    /// Nobody reads our output any more.
    Broken,
}

/// The streams of this process.
pub struct Streams {
    /// None where the program gets no input.
    pub stdin: Option<Stdin>,
    pub stdout: Sink,
    pub stderr: Sink,
    /// What ends the program with us.
    pub leash: Option<Leash>,
}

/// Runs a program to its end. `terminal`: its size follows ours.
pub async fn relay(
    exec: Exec,
    streams: &mut Streams,
    signals: &mut Signals,
    escape: Escape,
    terminal: bool,
) -> Over {
    let Exec { input, mut output, control, .. } = exec;
    let Streams { stdin, stdout, stderr, leash } = streams;
    let over = if leash.as_ref().is_some_and(Leash::is_pulled) {
        Over::Signalled
    } else {
        let typing = type_in(input, stdin.as_mut(), escape, stderr);
        let showing = show(&mut output, stdout, stderr, leash.as_mut().and_then(|leash| leash.line.as_mut()));
        let resizing = resize(&control, terminal);
        tokio::select! {
            over = showing => over,
            () = typing => Over::Disconnected,
            () = resizing => Over::Disconnected,
            () = signals.end() => Over::Signalled,
        }
    };
    if let (Over::Signalled, Some(leash)) = (&over, leash) {
        leash.pull(&control, &mut output, stdout, stderr, signals).await;
    }
    over
}

/// Resolves only when the person wants to go: the end of input is no end of the program.
async fn type_in(mut input: ExecInput, stdin: Option<&mut Stdin>, mut escape: Escape, shown: &Sink) {
    if let Some(stdin) = stdin {
        // What cannot be read any more has ended.
        while let Ok(piece) = stdin.next().await {
            if piece.is_empty() {
                break;
            }
            for typed in escape.feed(&piece) {
                match typed {
                    Typed::Text(text) => {
                        if input.write(&text).await.is_err() {
                            return std::future::pending().await;
                        }
                    }
                    Typed::Disconnect => return,
                    Typed::Help => drop(shown.write(Bytes::from_static(ESCAPES.as_bytes())).await),
                }
            }
        }
    }
    input.close().await;
    std::future::pending().await
}

async fn show(output: &mut ExecOutput, stdout: &Sink, stderr: &Sink, mut line: Option<&mut PidLine>) -> Over {
    let over = loop {
        let event = tokio::select! {
            event = output.next() => event,
            // A program that writes nothing more would otherwise never hear of it, as with ssh(1) and a closed pipe.
            () = stdout.broken() => return Over::Broken,
        };
        match event {
            Some(ExecEvent::Output { stream: Stream::Stdout, bytes }) => {
                if stdout.write(bytes).await.is_err() {
                    return Over::Broken;
                }
            }
            // Without standard error the rest is still worth something.
            Some(ExecEvent::Output { stream: Stream::Stderr, bytes }) => {
                let bytes = match &mut line {
                    Some(line) => Bytes::from(line.push(&bytes)),
                    None => bytes,
                };
                if !bytes.is_empty() {
                    let _ = stderr.write(bytes).await;
                }
            }
            Some(ExecEvent::Ended(end)) => break Over::Ended(end),
            None => break Over::Disconnected,
        }
    };
    let held = line.map(PidLine::rest).unwrap_or_default();
    if !held.is_empty() {
        let _ = stderr.write(Bytes::from(held)).await;
    }
    let _ = stderr.flush().await;
    if stdout.flush().await.is_err() { Over::Broken } else { over }
}

/// Never resolves.
async fn resize(control: &ExecControl, terminal: bool) {
    if let (true, Ok(mut changes)) = (terminal, signals::resized()) {
        // It may have changed before we listened.
        control.resize(tty::size(rustix::stdio::stdin())).await;
        while changes.recv().await.is_some() {
            control.resize(tty::size(rustix::stdio::stdin())).await;
        }
    }
    std::future::pending().await
}
