//! `bowline pipe`: what a command on one host writes goes into a command on another one, byte for byte.

use std::sync::Arc;
use std::time::Duration;

use bowline_core::connection::settings::TUNNEL_WINDOW_BYTES;
use bowline_core::engine::headless::Headless;
use bowline_core::error::{Error, Result};
use bowline_core::pipe::{Command, Lanes, Pipe, PipeLane, Plan, Sink as To, Source};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::ask::{self, Policy};
use crate::command::{FAILED, say};
use crate::open;
use crate::resolve::Resolved;
use crate::signals::Signals;
use crate::stdio::{Sink, Stdin};

mod ends;
mod voice;
pub mod words;

use ends::{Input, Output};
use voice::Voice;
use words::{From, PipeOrder};

const REPORT: Duration = Duration::from_secs(1);
/// Time for the programs to end after a signal to this one. What they get takes four seconds at most where a host is slow to say.
const END_WAIT: Duration = Duration::from_secs(10);

/// Runs the pipe; the status is that of its last stage that failed.
pub async fn run(order: PipeOrder) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let preparing = prepare(order);
    let (pipe, mut voice) = tokio::select! {
        prepared = preparing => match prepared {
            Ok(prepared) => prepared,
            Err(error) => return failed(&error),
        },
        () = signals.end() => return FAILED,
    };
    let running = async {
        let mut ticks = tokio::time::interval(REPORT);
        ticks.tick().await;
        loop {
            tokio::select! {
                outcome = pipe.ended() => return outcome,
                _ = ticks.tick() => voice.progress(&pipe).await,
            }
        }
    };
    let (outcome, interrupted) = tokio::select! {
        outcome = running => (Some(outcome), false),
        () = signals.end() => {
            pipe.stop();
            (tokio::time::timeout(END_WAIT, pipe.ended()).await.ok(), true)
        }
    };
    let Some(outcome) = outcome else { return failed("not every program has said that it ended") };
    voice.end(&pipe, &outcome).await;
    if let Some(json) = &voice.json {
        let _ = json.flush().await;
    }
    if interrupted { FAILED } else { outcome.status }
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

async fn prepare(order: PipeOrder) -> Result<(Pipe, Voice), String> {
    let (engine, news) = open::headless()?;
    let policy = Policy::of(&order.options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    // All names first: a typing error in the last one is told before anything runs.
    let mut hosts = Vec::new();
    for on in &order.commands {
        let mut resolved = open::resolved(&engine, &on.host, &on.line, &order.options).await?;
        resolved.target.session.window_bytes = TUNNEL_WINDOW_BYTES;
        policy.add(&resolved);
        hosts.push(Arc::new(resolved));
    }
    let standard = |_| "no thread for the standard streams".to_owned();
    let json = match (order.json, &order.target) {
        (false, _) => None,
        (true, Some(_)) => Some(Sink::stdout().map_err(standard)?),
        // What the last command writes goes to standard output.
        (true, None) => Some(Sink::stderr().map_err(standard)?),
    };
    let voice = Voice::new(names(&order), json, order.options.quiet);
    let source = match order.source {
        None => None,
        Some(From::Stdin) => Some(Source::Stream(Box::new(Input(Stdin::start().map_err(standard)?)))),
        Some(From::File(path)) => Some(Source::File(path)),
    };
    let sink = match order.target {
        Some(path) => To::File(path),
        None => To::Stream(Box::new(Output(Sink::stdout().map_err(standard)?))),
    };
    let commands = order.commands.into_iter().map(|on| Command { line: on.line, tee: on.tee }).collect();
    let lanes = Arc::new(Dialled { engine, hosts, policy });
    let plan = Plan { source, commands, sink, overwrite: order.overwrite };
    Ok((Pipe::start(plan, lanes, Arc::new(|| ())), voice))
}

/// What each stage is called.
fn names(order: &PipeOrder) -> Vec<String> {
    let source = order.source.as_ref().map(|from| match from {
        From::Stdin => "-".to_owned(),
        From::File(path) => path.display().to_string(),
    });
    let command = |on: &words::On| {
        let line = String::from_utf8_lossy(&on.line);
        let first = line.split_whitespace().next().unwrap_or_default();
        format!("{}:{}", on.host, bowline_core::prompt::visible_line(first))
    };
    let target = order.target.as_ref().map(|path| path.display().to_string());
    source.into_iter().chain(order.commands.iter().map(command)).chain(target).collect()
}

/// A connection for each command, dialled once.
struct Dialled {
    engine: Headless,
    hosts: Vec<Arc<Resolved>>,
    policy: Policy,
}

impl Lanes for Dialled {
    fn lane(&self, command: usize) -> BoxFuture<'static, Result<PipeLane>> {
        let (engine, policy) = (self.engine.clone(), self.policy.clone());
        let host = self.hosts.get(command).cloned();
        async move {
            let host = host.ok_or_else(|| Error::internal("a command has no host"))?;
            let connected = open::connect(&engine, &host, &policy).await;
            let connection = connected.map_err(|(code, message)| Error::new(code, message))?;
            let place = connection.reserve();
            Ok(PipeLane {
                place: place.ok_or_else(|| Error::internal("a new connection is full"))?,
                own: true,
            })
        }
        .boxed()
    }
}
