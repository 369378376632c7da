//! `bowline exec --detach` and what goes with it: commands that keep running on their hosts.

use bowline_core::connection::SessionPlace;
use bowline_core::engine::headless::Headless;
use bowline_core::error::{Error, ErrorCode};
use bowline_core::exec::Stream;
use bowline_core::run::detached::{self, Detached, DetachedId, DetachedState};
use bytes::Bytes;
use serde_json::json;

use super::words::Detached as Wanted;
use crate::ask::Policy;
use crate::command::{FAILED, say};
use crate::open;
use crate::options::Exec;
use crate::resolve::Resolved;
use crate::stdio::Sink;

/// On one host after the other: each is told as it is known. 0 if all went well.
pub async fn run(
    engine: &Headless,
    policy: &Policy,
    exec: &Exec,
    wanted: &Wanted,
    hosts: &[(&String, Resolved)],
    stdout: &Sink,
    stderr: &Sink,
) -> u8 {
    let mut status = 0;
    for (name, resolved) in hosts {
        if let Err(message) = on(engine, policy, exec, wanted, name, resolved, stdout, stderr).await {
            say(&format!("{name}: {message}"));
            status = FAILED;
        }
    }
    let _ = stderr.flush().await;
    if stdout.flush().await.is_err() { FAILED } else { status }
}

#[allow(clippy::too_many_arguments)]
async fn on(
    engine: &Headless,
    policy: &Policy,
    exec: &Exec,
    wanted: &Wanted,
    name: &str,
    resolved: &Resolved,
    stdout: &Sink,
    stderr: &Sink,
) -> Result<(), String> {
    let connection = open::connect(engine, resolved, policy).await.map_err(|(_, message)| message)?;
    let place = || connection.reserve().ok_or_else(|| "the connection ended at once".to_owned());
    let done = async {
        match wanted {
            Wanted::Start => {
                let command = String::from_utf8(exec.command.clone())
                    .map_err(|_| "a command that keeps running has to be UTF-8".to_owned())?;
                let id = detached::start(place()?, &command).await.map_err(text)?;
                let line = if exec.json {
                    json!({"host": name, "type": "started", "id": id.0}).to_string()
                } else {
                    format!("{} {name}", id.0)
                };
                line_out(stdout, &line).await
            }
            Wanted::List => {
                for one in detached::list(place()?).await.map_err(text)? {
                    line_out(stdout, &if exec.json { object(name, &one) } else { row(name, &one) }).await?;
                }
                Ok(())
            }
            Wanted::Read(id) => {
                let id = DetachedId(id.clone());
                for (stream, sink) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
                    read(&place, name, &id, stream, sink).await?;
                }
                Ok(())
            }
            Wanted::Stop(id) => {
                let stopped = detached::stop(place()?, &DetachedId(id.clone())).await;
                let certain = stopped.map_err(|error| of(id, name, error))?;
                if certain { Ok(()) } else { Err("some of it may still run".to_owned()) }
            }
            Wanted::Forget(id) => {
                let removed = detached::remove(place()?, &DetachedId(id.clone())).await;
                removed.map_err(|error| of(id, name, error))
            }
        }
    };
    let done = done.await;
    connection.close().await;
    done
}

/// All that there is of a stream now.
async fn read(
    place: impl Fn() -> Result<SessionPlace, String>,
    name: &str,
    id: &DetachedId,
    stream: Stream,
    sink: &Sink,
) -> Result<(), String> {
    let mut offset = 0;
    loop {
        let bytes = detached::read(place()?, id, stream, offset).await;
        let bytes = bytes.map_err(|error| of(&id.0, name, error))?;
        if bytes.is_empty() {
            return Ok(());
        }
        offset += bytes.len() as u64;
        sink.write(Bytes::from(bytes)).await.map_err(|_| "nobody reads it".to_owned())?;
    }
}

async fn line_out(stdout: &Sink, line: &str) -> Result<(), String> {
    stdout.write(Bytes::from(format!("{line}\n"))).await.map_err(|_| "nobody reads it".to_owned())
}

/// Why one was not read, stopped or forgotten.
fn of(id: &str, name: &str, error: Error) -> String {
    let reason = error.params.get("reason").map(String::as_str);
    match (error.code, reason) {
        (ErrorCode::RunRefused, Some("still-running")) => {
            format!("{id} still runs; end it with exec --stop {id} {name} first")
        }
        (ErrorCode::RunRefused, _) => {
            format!("nothing was left running there by the id {id}; exec --list {name} shows what was")
        }
        _ => error.message,
    }
}

fn text(error: Error) -> String {
    error.message
}

fn said(state: DetachedState) -> String {
    match state {
        DetachedState::Running => "running".to_owned(),
        DetachedState::Exited { status } => format!("exit {status}"),
        DetachedState::Stopped => "stopped".to_owned(),
        DetachedState::Lost => "lost".to_owned(),
    }
}

fn row(name: &str, one: &Detached) -> String {
    let command = one.command.lines().next().unwrap_or_default();
    format!("{} {name} {:<8} {command}", one.id.0, said(one.state))
}

fn object(name: &str, one: &Detached) -> String {
    let mut value = serde_json::to_value(one).unwrap_or_default();
    // Times and sizes, which the window has as its own numbers.
    for number in value.as_object_mut().into_iter().flat_map(|object| object.values_mut()) {
        if let Some(whole) = number.as_f64().filter(|number| number.fract() == 0.0) {
            *number = json!(whole as i64);
        }
    }
    value["host"] = json!(name);
    value["type"] = json!("detached");
    value.to_string()
}
