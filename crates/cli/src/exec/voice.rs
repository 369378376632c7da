//! How one host is heard among others, and how its end is told.

use bowline_core::error::{Error, ErrorCode, Problem};
use bowline_core::exec::Stream;
use bowline_core::run::folder::HostFiles;
use bowline_core::run::kept::Kept;
use bowline_core::run::once::Taker;
use bowline_core::run::view::RunState;
use bytes::Bytes;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::Shared;
use super::grouped::Heard;
use crate::command::{FAILED, say};
use crate::connect::signalled;
use crate::lines::Lines;
use crate::lost;
use crate::stdio::{Broken, Sink};

/// How one host speaks among others: with its name before each line, as objects, or all at once at the end.
pub(super) struct Voice {
    pub(super) host: String,
    pub(super) json: bool,
    pub(super) prefixed: bool,
    pub(super) stdout: Sink,
    pub(super) stderr: Sink,
    pub(super) out: Lines,
    pub(super) err: Lines,
    pub(super) heard: Option<(Kept, Kept)>,
    pub(super) files: Option<HostFiles>,
    /// Why its files are not whole.
    pub(super) broken: Option<Error>,
}

impl Taker for Voice {
    async fn take(&mut self, stream: Stream, bytes: Bytes) {
        if let Some(files) = &mut self.files
            && let Err(error) = files.write(stream, &bytes).await
        {
            (self.files, self.broken) = (None, Some(error));
        }
        match (&mut self.heard, stream) {
            (Some((out, _)), Stream::Stdout) => out.push(&bytes),
            (Some((_, err)), Stream::Stderr) => err.push(&bytes),
            // One host speaks as its command does, byte by byte.
            (None, _) if !self.json && !self.prefixed => {
                let sink = if stream == Stream::Stdout { &self.stdout } else { &self.stderr };
                // Whoever cannot be told any more is noticed at the end.
                let _ = sink.write(bytes).await;
            }
            (None, _) => {
                let lines = if stream == Stream::Stdout { &mut self.out } else { &mut self.err };
                for line in lines.push(&bytes) {
                    let _ = self.line(stream, line).await;
                }
            }
        }
    }
}

impl Voice {
    /// Makes the files that it speaks into, if it is to.
    pub(super) async fn open_files(&mut self, shared: &Shared<'_>) -> Result<(), Error> {
        if let Some(folder) = &shared.folder {
            self.files = Some(folder.lock().await.files(&self.host).await?);
        }
        Ok(())
    }

    /// The end, after all that there was to say.
    pub(super) async fn told(&mut self, state: RunState) -> End {
        self.finish().await;
        match (state, self.broken.take()) {
            // What was asked for is not there, whatever the command says of itself.
            (RunState::Exited { status: 0 }, Some(error)) => End::failed(error.code, error.message),
            (state, _) => End::of(state),
        }
    }

    /// The last line of each stream may have no end.
    async fn finish(&mut self) {
        for (stream, rest) in [(Stream::Stdout, self.out.rest()), (Stream::Stderr, self.err.rest())] {
            if let Some(rest) = rest {
                let _ = self.line(stream, rest).await;
            }
        }
        if let Some(files) = self.files.take()
            && let Err(error) = files.finish().await
        {
            self.broken = Some(error);
        }
    }

    pub(super) fn heard(self, End(state): End) -> Heard {
        let empty = || Kept::new(0);
        let (stdout, stderr) = self.heard.unwrap_or_else(|| (empty(), empty()));
        Heard { host: self.host, state, stdout, stderr }
    }

    async fn line(&self, stream: Stream, line: Vec<u8>) -> Result<(), Broken> {
        if self.json {
            let name = if stream == Stream::Stdout { "stdout" } else { "stderr" };
            return self.object(output(&self.host, name, line)).await;
        }
        let mut prefixed = format!("{}: ", self.host).into_bytes();
        prefixed.extend_from_slice(&line);
        if !prefixed.ends_with(b"\n") {
            prefixed.push(b'\n');
        }
        let sink = if stream == Stream::Stdout { &self.stdout } else { &self.stderr };
        sink.write(Bytes::from(prefixed)).await
    }

    pub(super) async fn end(&self, End(state): &End) -> Result<(), Broken> {
        let host = &self.host;
        if self.stdout.is_broken() {
            // As in a shell, a reader that has gone is told to nobody.
            return Err(Broken);
        }
        if self.json {
            return self.object(ended(host, state)).await;
        }
        if let Some(why) = why(host, state) {
            say(&why);
        }
        Ok(())
    }

    async fn object(&self, value: Value) -> Result<(), Broken> {
        self.stdout.write(Bytes::from(format!("{value}\n"))).await
    }
}

/// How it went on one host.
pub(super) struct End(RunState);

impl End {
    pub(super) fn of(state: RunState) -> Self {
        Self(state)
    }

    pub(super) fn failed(code: ErrorCode, message: String) -> Self {
        Self(RunState::Failed { problem: Error::new(code, message).problem() })
    }

    pub(super) fn status(&self) -> u8 {
        match &self.0 {
            RunState::Exited { status } => status.to_le_bytes()[0],
            _ => FAILED,
        }
    }
}

/// A line as an object: text where it is UTF-8, base64 (RFC 4648, section 4) where it is not. It keeps its line end.
fn output(host: &str, stream: &str, line: Vec<u8>) -> Value {
    match String::from_utf8(line) {
        Ok(text) => json!({"host": host, "type": stream, "text": text}),
        Err(error) => json!({"host": host, "type": stream, "base64": BASE64.encode(error.as_bytes())}),
    }
}

/// The end of one host as an object.
pub(super) fn ended(host: &str, state: &RunState) -> Value {
    match state {
        RunState::Exited { status } => json!({"host": host, "type": "exit", "status": status}),
        RunState::Signalled { signal, core_dumped, message } => json!({
            "host": host, "type": "signal", "signal": signal, "coreDumped": core_dumped, "message": message,
        }),
        RunState::Unknown { problem: Problem { code, message, .. } } => {
            json!({"host": host, "type": "unknown", "code": code, "message": lost::plain(message)})
        }
        RunState::Failed { problem: Problem { code, message, .. } } => {
            json!({"host": host, "type": "error", "code": code, "message": message})
        }
        RunState::TimedOut { certain } => json!({"host": host, "type": "timeout", "certain": certain}),
        RunState::Cancelled { certain } => json!({"host": host, "type": "stopped", "certain": certain}),
        RunState::Waiting | RunState::Connecting | RunState::Running | RunState::NotStarted => {
            json!({"host": host, "type": "not-started"})
        }
    }
}

/// What a person has to be told about the end; nothing of one with a status.
pub(super) fn why(host: &str, state: &RunState) -> Option<String> {
    match state {
        RunState::Exited { .. } => None,
        RunState::Signalled { signal, core_dumped, message } => {
            Some(signalled(host, signal, *core_dumped, message))
        }
        RunState::Unknown { problem } | RunState::Failed { problem } => {
            Some(format!("{host}: {}", problem.message))
        }
        other => Some(format!("{host}: {}", other.outcome())),
    }
}
