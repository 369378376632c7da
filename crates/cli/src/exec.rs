//! `bowline exec`: one command on one host or on many.

use std::sync::Arc;

use bowline_core::connection::Connection;
use bowline_core::engine::headless::Headless;
use bowline_core::error::{ErrorCode, Problem};
use bowline_core::exec::{self, ExecEnd, ExecEvent, ExecRequest, Program, Stream, WhenBehind};
use bowline_core::host::ssh_config::values::RequestTty;
use bytes::Bytes;
use data_encoding::BASE64;
use futures::StreamExt;
use serde_json::{Value, json};

use crate::ask::{self, Policy};
use crate::command::{FAILED, say};
use crate::connect::{self, signalled};
use crate::lines::Lines;
use crate::open;
use crate::options::{Connect, Exec};
use crate::resolve::Resolved;
use crate::signals::Signals;
use crate::stdio::{Broken, Sink};

/// Hosts at once unless `--limit` says otherwise: each is a dial, a login and perhaps a question.
const AT_ONCE: usize = 16;

/// Runs the command on every host. The status is the highest of all; for one host it is that of its command.
pub async fn run(exec: Exec) -> u8 {
    if let ([host], false) = (exec.hosts.as_slice(), exec.json) {
        let mut options = exec.options;
        if options.tty_wanted == 0 {
            options.settings.push(("RequestTTY".to_owned(), "no".to_owned()));
        }
        return connect::run(Connect { options, host: host.clone(), command: exec.command }).await;
    }
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    tokio::select! {
        status = everywhere(exec) => status,
        () = signals.end() => FAILED,
    }
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

async fn everywhere(exec: Exec) -> u8 {
    let (engine, news) = match open::headless() {
        Ok(engine) => engine,
        Err(error) => return failed(&error),
    };
    let policy = Policy::of(&exec.options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    // All names first: a typing error in the last one is told before anything runs on the first.
    let mut hosts = Vec::new();
    for name in &exec.hosts {
        match open::resolved(&engine, name, &exec.command, &exec.options).await {
            Ok(resolved) if resolved.settings.request_tty != RequestTty::Force => {
                policy.add(&resolved);
                hosts.push((name, resolved))
            }
            Ok(_) => return failed("-tt is for one host"),
            Err(error) => return failed(&error),
        }
    }
    let (Ok(stdout), Ok(stderr)) = (Sink::stdout(), Sink::stderr()) else {
        return failed("no thread for the standard streams");
    };
    let voice = |name: &str| Voice {
        host: name.to_owned(),
        json: exec.json,
        stdout: stdout.clone(),
        stderr: stderr.clone(),
    };
    let running = hosts.iter().map(|(name, resolved)| {
        let (engine, policy, command, voice) = (&engine, &policy, &exec.command, voice(name));
        async move {
            let end = once(engine, resolved, policy, command, &voice).await;
            voice.end(&end).await.map(|()| end.status())
        }
    });
    let mut statuses = futures::stream::iter(running).buffer_unordered(exec.limit.unwrap_or(AT_ONCE));
    let mut highest = 0;
    while let Some(status) = statuses.next().await {
        match status {
            Ok(status) => highest = highest.max(status),
            // Nobody reads what the others would say.
            Err(Broken) => return FAILED,
        }
    }
    let _ = stderr.flush().await;
    if stdout.flush().await.is_err() { FAILED } else { highest }
}

/// How it went on one host.
enum End {
    Ended(ExecEnd),
    /// It did not run.
    Failed {
        code: ErrorCode,
        message: String,
    },
}

impl End {
    fn status(&self) -> u8 {
        match self {
            End::Ended(ExecEnd::Exited { status }) => status.to_le_bytes()[0],
            End::Ended(ExecEnd::Signalled { .. } | ExecEnd::Unknown { .. }) | End::Failed { .. } => FAILED,
        }
    }
}

async fn once(engine: &Headless, resolved: &Resolved, policy: &Policy, command: &[u8], voice: &Voice) -> End {
    let connection = match open::connect(engine, resolved, policy).await {
        Ok(connection) => connection,
        Err((code, message)) => return End::Failed { code, message },
    };
    let end = on(&connection, command, voice).await;
    connection.close().await;
    end
}

async fn on(connection: &Arc<Connection>, command: &[u8], voice: &Voice) -> End {
    let Some(place) = connection.reserve() else {
        let message = "the connection ended at once".to_owned();
        return End::Failed { code: ErrorCode::ConnectionLost, message };
    };
    let request = ExecRequest {
        program: Program::Command(command.to_vec()),
        environment: Vec::new(),
        pty: None,
        // The connection has no other session.
        when_behind: WhenBehind::PushBack,
    };
    let mut exec = match exec::start(place, request).await {
        Ok(exec) => exec,
        Err(error) => return End::Failed { code: error.code, message: error.message },
    };
    exec.input.close().await;
    let (mut out, mut err) = (Lines::default(), Lines::default());
    let end = loop {
        match exec.output.next().await {
            Some(ExecEvent::Output { stream, bytes }) => {
                let lines = if stream == Stream::Stdout { &mut out } else { &mut err };
                for line in lines.push(&bytes) {
                    // Whoever cannot be told any more is noticed at the end.
                    let _ = voice.line(stream, line).await;
                }
            }
            Some(ExecEvent::Ended(end)) => break end,
            None => {
                let message = "its task has ended".to_owned();
                return End::Failed { code: ErrorCode::Internal, message };
            }
        }
    };
    for (stream, lines) in [(Stream::Stdout, &mut out), (Stream::Stderr, &mut err)] {
        if let Some(rest) = lines.rest() {
            let _ = voice.line(stream, rest).await;
        }
    }
    End::Ended(end)
}

/// How one host speaks among others: with its name before each line, or as objects.
struct Voice {
    host: String,
    json: bool,
    stdout: Sink,
    stderr: Sink,
}

impl Voice {
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

    async fn end(&self, end: &End) -> Result<(), Broken> {
        let host = &self.host;
        if self.json {
            return self
                .object(match end {
                    End::Ended(ExecEnd::Exited { status }) => json!({"host": host, "type": "exit", "status": status}),
                    End::Ended(ExecEnd::Signalled { signal, core_dumped, message }) => json!({
                        "host": host, "type": "signal", "signal": signal, "coreDumped": core_dumped, "message": message,
                    }),
                    End::Ended(ExecEnd::Unknown { problem: Problem { code, message, .. } }) => {
                        json!({"host": host, "type": "unknown", "code": code, "message": message})
                    }
                    End::Failed { code, message } => {
                        json!({"host": host, "type": "error", "code": code, "message": message})
                    }
                })
                .await;
        }
        match end {
            End::Ended(ExecEnd::Exited { .. }) => {}
            End::Ended(ExecEnd::Signalled { signal, core_dumped, message }) => {
                say(&signalled(host, signal, *core_dumped, message));
            }
            End::Ended(ExecEnd::Unknown { problem }) => say(&format!("{host}: {}", problem.message)),
            End::Failed { message, .. } => say(&format!("{host}: {message}")),
        }
        Ok(())
    }

    async fn object(&self, value: Value) -> Result<(), Broken> {
        self.stdout.write(Bytes::from(format!("{value}\n"))).await
    }
}

/// A line as an object: text where it is UTF-8, base64 (RFC 4648, section 4) where it is not. It keeps its line end.
fn output(host: &str, stream: &str, line: Vec<u8>) -> Value {
    match String::from_utf8(line) {
        Ok(text) => json!({"host": host, "type": stream, "text": text}),
        Err(error) => json!({"host": host, "type": stream, "base64": BASE64.encode(error.as_bytes())}),
    }
}
