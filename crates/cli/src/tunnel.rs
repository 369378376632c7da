//! `bowline tunnel`: forwardings that stay until they are ended, through lost connections.

use std::sync::{Arc, Weak};

use bowline_core::connection::{Connection, backoff};
use bowline_core::engine::headless::Headless;
use bowline_core::error::{Action, Error, Result};
use bowline_core::host::ssh_config::forward::{Forward, Kind};
use bowline_core::host::tunnels::written;
use bowline_core::tunnel::live::{Snapshot, Tell, TunnelState};
use bowline_core::tunnel::{Carrier, Lane, Tunnel};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};

use crate::ask::{self, Policy};
use crate::command::{FAILED, say};
use crate::lost;
use crate::open;
use crate::options::TunnelOrder;
use crate::resolve::Resolved;
use crate::signals::Signals;
use crate::stdio::{Broken, Sink};

/// Runs until a signal ends it, which is its success, or until no tunnel is left.
pub async fn run(order: TunnelOrder) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let (engine, news) = match open::headless() {
        Ok(engine) => engine,
        Err(error) => return failed(&error),
    };
    let policy = Policy::of(&order.options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    let resolving = open::resolved(&engine, &order.host, b"", &order.options);
    let resolved = tokio::select! {
        resolved = resolving => match resolved {
            Ok(resolved) => resolved,
            Err(error) => return failed(&error),
        },
        () = signals.end() => return FAILED,
    };
    policy.add(&resolved);
    let mut forwards = order.forwards.clone();
    if forwards.is_empty() {
        // Those of ssh_config, as ssh(1) would have them.
        forwards = resolved.settings.forwards.clone();
    }
    if forwards.is_empty() {
        return failed(
            "nothing to forward: give -L, -R or -D, or write LocalForward and the like into ssh_config",
        );
    }
    let gateway_ports = resolved.settings.gateway_ports;
    let Ok(out) = Sink::stdout() else { return failed("no thread for the standard streams") };
    let voice = Voice { host: order.host.clone(), json: order.json, quiet: order.options.quiet, out };
    let carrier: Arc<dyn Carrier> =
        Arc::new(Dialled { engine, resolved: Arc::new(resolved), policy, connection: Arc::default() });
    // One connection and its questions first: each tunnel would say the same otherwise.
    let first = tokio::select! {
        first = carrier.lane(false) => first,
        () = signals.end() => return FAILED,
    };
    let first = match first {
        Ok(first) => first,
        Err(error) => {
            let _ = voice.error(&error).await;
            return FAILED;
        }
    };
    let changed = Arc::new(Notify::new());
    let tunnels: Vec<(Forward, Tunnel)> = forwards
        .into_iter()
        .map(|forward| with_gateway_ports(forward, gateway_ports))
        .map(|forward| {
            let changed = Arc::clone(&changed);
            let tell: Tell = Arc::new(move || changed.notify_one());
            (forward.clone(), Tunnel::start(forward, Arc::clone(&carrier), false, tell))
        })
        .collect();
    let following = follow(&tunnels, &changed, &voice);
    let status = tokio::select! {
        status = following => status,
        () = signals.end() => 0,
    };
    for (_, tunnel) in tunnels {
        tunnel.stop().await;
    }
    first.connection.close().await;
    let _ = voice.out.flush().await;
    status
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

/// `GatewayPorts` is what an end without an address means.
pub(crate) fn with_gateway_ports(mut forward: Forward, gateway_ports: bool) -> Forward {
    use bowline_core::host::ssh_config::forward::End;
    if gateway_ports
        && forward.kind != Kind::Remote
        && let End::Tcp { host: host @ None, .. } = &mut forward.listen
    {
        *host = Some("*".to_owned());
    }
    forward
}

/// Says what changes. One that cannot begin ends them all, as with ExitOnForwardFailure: whoever asked for several needs them.
async fn follow(tunnels: &[(Forward, Tunnel)], changed: &Notify, voice: &Voice) -> u8 {
    let mut before: Vec<Option<Snapshot>> = vec![None; tunnels.len()];
    loop {
        for ((forward, tunnel), before) in tunnels.iter().zip(&mut before) {
            let now = tunnel.snapshot();
            if voice.news(forward, before.as_ref(), &now).await.is_err() {
                return FAILED;
            }
            if now.state == TunnelState::Failed {
                return FAILED;
            }
            *before = Some(now);
        }
        changed.notified().await;
    }
}

/// The connection of the command, made again when it is lost.
struct Dialled {
    engine: Headless,
    resolved: Arc<Resolved>,
    policy: Policy,
    connection: Arc<Mutex<Weak<Connection>>>,
}

impl Carrier for Dialled {
    fn lane(&self, again: bool) -> BoxFuture<'static, Result<Lane>> {
        let (engine, resolved) = (self.engine.clone(), Arc::clone(&self.resolved));
        let (policy, connection) = (self.policy.clone(), Arc::clone(&self.connection));
        async move {
            // One dial for all.
            let mut known = connection.lock().await;
            if let Some(up) = known.upgrade().filter(|connection| connection.is_up()) {
                return Ok(Lane::own(up));
            }
            let mut failures = 0;
            loop {
                match open::connect(&engine, &resolved, &policy).await {
                    Ok(made) => {
                        *known = Arc::downgrade(&made);
                        return Ok(Lane::own(made));
                    }
                    Err((code, message)) if again && code.action() == Action::Retry => {
                        failures += 1;
                        tracing::info!(target: "bowline", failures, message, "not connected yet");
                        tokio::time::sleep(backoff::delay(failures, f64::from(failures % 7 + 4) / 10.0))
                            .await;
                    }
                    Err((code, message)) => return Err(Error::new(code, message)),
                }
            }
        }
        .boxed()
    }
}

/// How the command speaks: sentences on standard error, or objects on standard output.
struct Voice {
    host: String,
    json: bool,
    quiet: bool,
    out: Sink,
}

impl Voice {
    async fn news(&self, forward: &Forward, before: Option<&Snapshot>, now: &Snapshot) -> Result<(), Broken> {
        let was = before.map(|before| before.state);
        let target = forward.connect.as_ref().map_or_else(|| "SOCKS".to_owned(), written);
        let problem = now.trouble.as_ref().map(|trouble| &trouble.problem);
        let listen = if now.bound.is_empty() { written(&forward.listen) } else { now.bound.join(", ") };
        let kind = match forward.kind {
            Kind::Local => "local",
            Kind::Remote => "remote",
            Kind::Dynamic => "dynamic",
        };
        if was != Some(now.state) {
            let message = problem.map(|problem| lost::plain(&problem.message)).unwrap_or_default();
            let line = match now.state {
                TunnelState::Up if was == Some(TunnelState::Waiting) => {
                    Some(("again", format!("{listen} -> {target}: works again")))
                }
                TunnelState::Up => Some((
                    "up",
                    match forward.kind {
                        Kind::Remote => format!("{} listens on {listen} -> {target} here", self.host),
                        Kind::Local | Kind::Dynamic => {
                            format!("listening on {listen} -> {target} at {}", self.host)
                        }
                    },
                )),
                TunnelState::Waiting => Some(("lost", format!("{listen} -> {target}: {message}"))),
                TunnelState::Failed => Some(("failed", message.clone())),
                TunnelState::Starting | TunnelState::Stopped => None,
            };
            if let Some((event, text)) = line {
                let code = problem.map(|problem| problem.code);
                let value = json!({
                    "type": event, "kind": kind, "listen": now.bound, "target": target, "code": code, "message": message,
                });
                return self.say(&text, value, now.state == TunnelState::Failed).await;
            }
        }
        let failed = before.map_or(0, |before| before.counts.failed);
        if let Some(problem) = problem.filter(|_| now.counts.failed > failed) {
            let value = json!({
                "type": "trouble", "kind": kind, "listen": now.bound, "target": target, "code": problem.code,
                "message": problem.message,
            });
            return self.say(&problem.message, value, false).await;
        }
        Ok(())
    }

    async fn error(&self, error: &Error) -> Result<(), Broken> {
        let value = json!({"type": "failed", "code": error.code, "message": error.message});
        self.say(&error.message, value, true).await
    }

    async fn say(&self, text: &str, value: Value, always: bool) -> Result<(), Broken> {
        if self.json {
            return self.out.write(Bytes::from(format!("{value}\n"))).await;
        }
        if always || !self.quiet {
            say(text);
        }
        Ok(())
    }
}
