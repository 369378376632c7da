//! `bowline exec`: one command on one host or on many.

use std::sync::Arc;

use bowline_core::connection::Connection;
use bowline_core::engine::headless::Headless;
use bowline_core::error::{Error, ErrorCode};
use bowline_core::exec::WhenBehind;
use bowline_core::host::ssh_config::values::RequestTty;
use bowline_core::run::folder::RunFolder;
use bowline_core::run::group;
use bowline_core::run::kept::{Kept, part_bytes};
use bowline_core::run::once::{self, Input, Order};
use bowline_core::run::view::{INPUT_MAX_BYTES, RunState};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::ask::{self, Policy};
use crate::borrow;
use crate::command::{FAILED, say};
use crate::connect;
use crate::lines::Lines;
use crate::open;
use crate::options::{Connect, Exec, Options};
use crate::resolve::Resolved;
use crate::signals::Signals;
use crate::stdio::{Broken, Sink, Stdin};

mod detached;
mod grouped;
pub mod leash;
mod voice;
pub mod words;

use grouped::Heard;
use leash::Leash;
use voice::{End, Voice};
use words::{InputFrom, More};

/// Hosts at once unless `--limit` says otherwise: each is a dial, a login and perhaps a question.
const AT_ONCE: usize = 16;

/// Runs the command on every host. The status is the highest of all; for one host it is that of its command.
pub async fn run(exec: Exec) -> u8 {
    let plain = More { as_is: exec.more.as_is, ..More::default() };
    if exec.hosts.len() == 1 && !exec.json && exec.more == plain {
        return alone(exec).await;
    }
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let stop = CancellationToken::new();
    let mut running = Box::pin(everywhere(exec, stop.clone()));
    tokio::select! {
        status = &mut running => return status,
        () = signals.end() => stop.cancel(),
    }
    // What runs on the hosts is ended first; whoever cannot wait for that says so once more.
    tokio::select! {
        _ = &mut running => FAILED,
        () = signals.end() => FAILED,
    }
}

/// On one host it is as `bowline connect`, and what ends us ends the command there.
async fn alone(exec: Exec) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let Exec { mut options, hosts, command, more, .. } = exec;
    let host = hosts.into_iter().next().unwrap_or_default();
    if options.tty_wanted == 0 {
        options.settings.push(("RequestTTY".to_owned(), "no".to_owned()));
    }
    let leash = Leash::new(&host, more.as_is);
    let connect = Connect { options, host: host.clone(), command };
    let status = connect::run_with(connect, Some(leash), &mut signals).await;
    let Some(status) = signals.status() else { return status };
    if !leash::is_told() {
        say(&format!("{host}: interrupted before the command began"));
    }
    status
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

async fn everywhere(exec: Exec, stop: CancellationToken) -> u8 {
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
                hosts.push((name, resolved));
            }
            Ok(_) => return failed("-tt is for one host"),
            Err(error) => return failed(&error),
        }
    }
    let (Ok(stdout), Ok(stderr)) = (Sink::stdout(), Sink::stderr()) else {
        return failed("no thread for the standard streams");
    };
    if let Some(wanted) = &exec.more.detached {
        // Nothing of ours runs there that would have to be ended.
        let left = detached::run(&engine, &policy, &exec, wanted, &hosts, &stdout, &stderr);
        return stop.run_until_cancelled(left).await.unwrap_or(FAILED);
    }
    let shared = match Shared::of(&exec, hosts.len(), stop, stdout, stderr).await {
        Ok(shared) => shared,
        Err(error) => return failed(&error),
    };
    let running = hosts.iter().map(|(name, resolved)| {
        let (engine, policy, shared) = (&engine, &policy, &shared);
        async move {
            let mut voice = shared.voice(name);
            let end = if shared.begins_no_more() {
                End::of(RunState::NotStarted)
            } else {
                once(engine, resolved, policy, shared, &mut voice).await
            };
            let status = end.status();
            if status != 0 && shared.more.stop_on_failure {
                shared.failed.cancel();
            }
            match shared.more.group {
                true => Ok((status, Some((voice, end)))),
                false => voice.end(&end).await.map(|()| (status, None)),
            }
        }
    });
    let mut ends = futures::stream::iter(running).buffer_unordered(exec.limit.unwrap_or(AT_ONCE));
    let (mut highest, mut heard) = (0, Vec::new());
    loop {
        let ended = tokio::select! {
            ended = ends.next() => ended,
            // Nobody reads what they would say: what runs on the hosts is ended.
            () = shared.stdout.broken(), if !shared.stop.is_cancelled() => {
                shared.stop.cancel();
                continue;
            }
        };
        match ended {
            Some(Ok((status, last))) => {
                highest = highest.max(status);
                heard.extend(last.map(|(voice, end)| voice.heard(end)));
            }
            Some(Err(Broken)) => shared.stop.cancel(),
            None => break,
        }
    }
    if shared.stdout.is_broken() {
        return FAILED;
    }
    let groups = group::alike(heard.iter().map(Heard::key));
    for members in groups {
        let members: Vec<&Heard> = members.into_iter().filter_map(|place| heard.get(place)).collect();
        if grouped::say(&members, exec.json, &shared.stdout, &shared.stderr).await.is_err() {
            return FAILED;
        }
    }
    let _ = shared.stderr.flush().await;
    if shared.stdout.flush().await.is_err() { FAILED } else { highest }
}

/// What all hosts have in common.
struct Shared<'a> {
    options: &'a Options,
    more: &'a More,
    order: Order,
    json: bool,
    /// One host has no need of its name before each line.
    prefixed: bool,
    /// What is kept of each part of a stream, if equal results are said once.
    part: usize,
    input: Option<Bytes>,
    folder: Option<Mutex<RunFolder>>,
    stop: CancellationToken,
    /// It failed somewhere, and begins nowhere any more.
    failed: CancellationToken,
    stdout: Sink,
    stderr: Sink,
}

impl<'a> Shared<'a> {
    async fn of(
        exec: &'a Exec,
        hosts: usize,
        stop: CancellationToken,
        stdout: Sink,
        stderr: Sink,
    ) -> Result<Self, String> {
        let more = &exec.more;
        let input = match more.input {
            Some(InputFrom::Here) => Some(whole_input().await?),
            Some(InputFrom::File(_)) | None => None,
        };
        let folder = match &more.output {
            Some(below) => {
                let folder = RunFolder::make(below).await.map_err(|error| error.message)?;
                say(&format!("all output is written to {}", folder.path().display()));
                Some(Mutex::new(folder))
            }
            None => None,
        };
        let order = Order {
            command: exec.command.clone(),
            as_is: more.as_is,
            timeout: more.timeout,
            // Each connection has no other session.
            when_behind: WhenBehind::PushBack,
        };
        Ok(Self {
            options: &exec.options,
            more,
            order,
            json: exec.json,
            prefixed: hosts > 1,
            part: part_bytes(hosts),
            input,
            folder,
            stop,
            failed: CancellationToken::new(),
            stdout,
            stderr,
        })
    }

    fn begins_no_more(&self) -> bool {
        self.stop.is_cancelled() || self.failed.is_cancelled()
    }

    async fn input(&self) -> Result<Input, Error> {
        match (&self.more.input, &self.input) {
            (Some(InputFrom::File(path)), _) => Input::file(path.clone()).await,
            (_, Some(bytes)) => Ok(Input::Bytes(bytes.clone())),
            _ => Ok(Input::None),
        }
    }

    fn voice(&self, name: &str) -> Voice {
        let heard = self.more.group.then(|| (Kept::new(self.part), Kept::new(self.part)));
        Voice {
            host: name.to_owned(),
            json: self.json,
            prefixed: self.prefixed,
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
            out: Lines::default(),
            err: Lines::default(),
            heard,
            files: None,
            broken: None,
        }
    }
}

/// All of standard input: every host is to get the same.
async fn whole_input() -> Result<Bytes, String> {
    let mut stdin = Stdin::start().map_err(|error| error.to_string())?;
    let mut whole = Vec::new();
    loop {
        let piece = stdin.next().await.map_err(|error| format!("standard input: {error}"))?;
        if piece.is_empty() {
            return Ok(Bytes::from(whole));
        }
        if whole.len() + piece.len() > INPUT_MAX_BYTES {
            return Err("standard input has more than 1 MiB: write it to a file for --stdin".to_owned());
        }
        whole.extend_from_slice(&piece);
    }
}

async fn once(
    engine: &Headless,
    resolved: &Resolved,
    policy: &Policy,
    shared: &Shared<'_>,
    voice: &mut Voice,
) -> End {
    let input = match shared.input().await {
        Ok(input) => input,
        Err(error) => return End::failed(error.code, error.message),
    };
    let asked = shared.order.asked();
    let borrowed = match borrow::is_wanted(shared.options, resolved) && !shared.begins_no_more() {
        true => borrow::program_and_beside(resolved, &asked.request).await,
        false => None,
    };
    match borrowed {
        None => {}
        Some(Err(error)) => return End::of(once::not_started(&error)),
        Some(Ok((program, beside))) => {
            if let Err(error) = voice.open_files(shared).await {
                // It runs by now, and ends with its output.
                return End::of(RunState::Unknown { problem: error.problem() });
            }
            let state = once::follow(program, asked, &beside, &shared.order, input, &shared.stop, voice);
            let state = state.await;
            return voice.told(state).await;
        }
    }
    let connection = tokio::select! {
        connected = open::connect(engine, resolved, policy) => match connected {
            Ok(connection) => connection,
            Err((code, message)) => return End::failed(code, message),
        },
        () = shared.stop.cancelled() => return End::of(RunState::NotStarted),
    };
    let end = on(&connection, input, shared, voice).await;
    connection.close().await;
    end
}

async fn on(connection: &Arc<Connection>, input: Input, shared: &Shared<'_>, voice: &mut Voice) -> End {
    // It may have failed elsewhere while this host was connected.
    if shared.begins_no_more() {
        return End::of(RunState::NotStarted);
    }
    let Some(place) = connection.reserve() else {
        return End::failed(ErrorCode::ConnectionLost, "the connection ended at once".to_owned());
    };
    if let Err(error) = voice.open_files(shared).await {
        return End::failed(error.code, error.message);
    }
    let state = once::run(place, &shared.order, input, &shared.stop, || (), voice).await;
    voice.told(state).await
}
