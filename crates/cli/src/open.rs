//! From a name to a connection that is logged in.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bowline_core::connection::Connection;
use bowline_core::connection::progress::{TestOutcome, TestProgress, TestStep};
use bowline_core::engine::headless::{Headless, HeadlessConfig};
use bowline_core::error::ErrorCode;
use bowline_core::prompt::PromptNews;
use tokio::sync::{Notify, mpsc};

use crate::ask::Policy;
use crate::command::say;
use crate::options::Options;
use crate::resolve::{Resolved, resolve};

/// The system's settings for everybody.
const SYSTEM_CONFIG: &str = "/etc/ssh/ssh_config";
/// The app's identifier: its folder holds the saved hosts.
const APP: &str = "dev.bowline.desktop";

fn nowhere() -> String {
    "there is no home folder: HOME is not set".to_owned()
}

/// Where the app keeps its things.
pub fn data_dir() -> Result<PathBuf, String> {
    Ok(dirs::data_dir().ok_or_else(nowhere)?.join(APP))
}

/// The engine on the person's own files.
pub fn headless() -> Result<(Headless, mpsc::Receiver<PromptNews>), String> {
    let data_dir = data_dir()?;
    let ssh_dir = dirs::home_dir().ok_or_else(nowhere)?.join(".ssh");
    Ok(Headless::start(HeadlessConfig {
        data_dir,
        ssh_dir,
        system_config: Some(Path::new(SYSTEM_CONFIG).to_owned()),
        agent_socket: None,
    }))
}

/// Finds out what a name stands for. A config may ask for a command to be run (`Match exec`), so questions must find their
/// answers by then.
pub async fn resolved(
    engine: &Headless,
    name: &str,
    command: &[u8],
    options: &Options,
) -> Result<Resolved, String> {
    // A file that cannot be read is no reason to refuse an address; one who meant a saved host is told by what follows.
    let hosts = match engine.hosts().await {
        Ok(list) => list.hosts,
        Err(error) => {
            say(&error.message);
            Vec::new()
        }
    };
    let command = String::from_utf8_lossy(command);
    let resolved = resolve(engine, name, &command, options, &hosts).await?;
    if !resolved.settings.quiet && (!options.like_ssh || options.verbose > 0) {
        resolved.unused.iter().for_each(|unused| say_once(unused));
    }
    Ok(resolved)
}

/// Names what is not used of one keyword, where it is the reason for what went wrong.
pub fn say_unused(resolved: &Resolved, keyword: &str) {
    let names = |unused: &&String| unused.to_ascii_lowercase().contains(keyword);
    resolved.unused.iter().filter(names).for_each(|unused| say_once(unused));
}

/// A line for every host counts for each of the many that a command goes to, and is named with the first.
fn say_once(unused: &str) {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(unused.to_owned()) {
        say(unused);
    }
}

/// Dials, once.
///
/// # Errors
/// The code and one sentence for the person.
pub async fn connect(
    engine: &Headless,
    resolved: &Resolved,
    policy: &Policy,
) -> Result<Arc<Connection>, (ErrorCode, String)> {
    let reached = Notify::new();
    let progress = |step: TestProgress| {
        tracing::info!(target: "bowline", ?step);
        if step.step == TestStep::Connect && matches!(step.outcome, TestOutcome::Passed { .. }) {
            reached.notify_one();
        }
    };
    let address = resolved.target.asker.address.clone();
    // ConnectTimeout is for reaching the host: afterwards a person may have to answer.
    let late = async {
        match resolved.settings.connect_timeout {
            None => std::future::pending().await,
            Some(limit) if tokio::time::timeout(limit, reached.notified()).await.is_ok() => {
                std::future::pending().await
            }
            Some(limit) => limit,
        }
    };
    tokio::select! {
        connected = engine.connect(resolved.target.clone(), &progress) => connected.map_err(|error| {
            let dismissed =
                matches!(error.code, ErrorCode::Cancelled | ErrorCode::HostKeyChanged | ErrorCode::HostKeyRejected);
            let why = if dismissed { policy.refusal(&address) } else { None };
            (error.code, why.map_or(error.message, |why| format!("{} was not connected: {why}.", resolved.target.asker.host)))
        }),
        limit = late => {
            let text = format!("{address} was not reached within ConnectTimeout={} s.", limit.as_secs());
            Err((ErrorCode::DialTimedOut, text))
        }
    }
}
