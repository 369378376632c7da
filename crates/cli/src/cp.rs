//! `bowline cp`: files between here and hosts, or between hosts, as scp(1) copies them, by the engine's transfer jobs.

use tokio_util::sync::CancellationToken;

use crate::ask::{self, Policy};
use crate::command::{FAILED, say};
use crate::open;
use crate::options::Options;
use crate::signals::Signals;
use crate::stdio::Sink;

pub mod bar;
pub mod found;
pub mod hosts;
pub mod jobs;
mod kept;
mod pattern;
pub mod place;
pub mod plan;
pub mod voice;
pub mod why;
pub mod words;

use hosts::Named;
use jobs::copy_jobs;
use place::Place;
use plan::Plan;
use voice::Voice;
use words::Cp;

/// The status when some of it was not copied, as scp(1) has it.
pub const SOME_FAILED: u8 = 1;

/// Copies, and says the status.
pub async fn run(cp: Cp) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let ended = CancellationToken::new();
    let copying = copy_all(cp, ended.clone());
    tokio::pin!(copying);
    tokio::select! {
        status = &mut copying => status,
        () = signals.end() => {
            // What is half there stays, for --resume; the jobs close their files first.
            ended.cancel();
            let _ = tokio::time::timeout(std::time::Duration::from_secs(3), copying).await;
            failed("interrupted; a file that is half there is kept beside its place as NAME~N.bowline-part, and the same cp with --resume goes on with it")
        }
    }
}

pub fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

async fn copy_all(cp: Cp, ended: CancellationToken) -> u8 {
    let places: Vec<&Place> = cp.sources.iter().chain(&cp.target).collect();
    let hosts = match reach(&cp.options, &places).await {
        Ok(hosts) => hosts,
        Err(error) => return failed(&error),
    };
    let status = copy_between(&cp, &hosts, ended).await;
    hosts.close().await;
    status
}

/// The hosts that places are on, by their names.
///
/// # Errors
/// A name that leads nowhere, for the person.
pub async fn reach(options: &Options, places: &[&Place]) -> Result<Named, String> {
    let (engine, news) = open::headless()?;
    let policy = Policy::of(options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    let names: std::collections::BTreeSet<&String> = places
        .iter()
        .filter_map(|place| match place {
            Place::There { host, .. } => Some(host),
            Place::Here(_) => None,
        })
        .collect();
    let mut resolved = Vec::new();
    for name in names {
        let one = open::resolved(&engine, name, b"", options).await?;
        policy.add(&one);
        resolved.push((name.clone(), one));
    }
    Ok(Named::new(engine, policy, options, resolved))
}

async fn copy_between(cp: &Cp, hosts: &Named, ended: CancellationToken) -> u8 {
    let Ok(stdout) = Sink::stdout() else { return failed("no thread for the standard output") };
    let mut voice = Voice::new(stdout, cp.json, cp.options.quiet);
    let mut plan = match Plan::make(cp, hosts, &mut voice).await {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    let refused = plan.refused;
    if plan.requests.is_empty() {
        return if refused { SOME_FAILED } else { 0 };
    }
    plan.requests.sort_by_key(|request| request.exact);
    let copied = copy_jobs(cp.resume, hosts.clone(), plan.requests, ended, &mut voice).await;
    if voice.stdout.flush().await.is_err() {
        return FAILED;
    }
    match copied {
        Ok(true) if !refused => 0,
        Ok(_) => SOME_FAILED,
        Err(message) => failed(&message),
    }
}
