//! `bowline hosts add` and `rm`.

use bowline_core::engine::headless::Headless;
use bowline_core::host::Host;
use bowline_core::host::store::beside::KeyFiles;
use bowline_core::prompt::visible_line;
use serde_json::json;

use super::words::{Add, Remove};
use super::{json_of, place, print};
use crate::ask;
use crate::command::{FAILED, say};

pub async fn add(engine: &Headless, add: Add) -> Result<u8, String> {
    let added = engine.add_hosts(vec![add.draft], KeyFiles::MustBeHere).await;
    let added = added.map_err(|error| error.message)?;
    super::exchange::tell(&added.notices);
    // A script may say it once more; another host by the same name would be one that the command cannot tell apart.
    if let Some(name) = added.taken.first() {
        return Err(format!("a saved host is called {} already. Choose another --name", visible_line(name)));
    }
    let Some(host) = added.saved.first() else {
        say("it is saved already, exactly so");
        return Ok(0);
    };
    let text = if add.json {
        format!("{}\n", json_of(host))
    } else {
        format!("{} was saved ({})\n", visible_line(host.name()), visible_line(&place(host)))
    };
    Ok(print(text).await)
}

pub async fn remove(engine: &Headless, remove: Remove) -> Result<u8, String> {
    let known = engine.hosts().await.map_err(|error| error.message)?.hosts;
    let mut hosts: Vec<&Host> = Vec::new();
    for name in &remove.names {
        let host = one_called(name, &known)?;
        if !hosts.iter().any(|other| other.id == host.id) {
            hosts.push(host);
        }
    }
    if !remove.yes && !asked(&hosts).await? {
        say("nothing was removed");
        return Ok(FAILED);
    }
    let ids = hosts.iter().map(|host| host.id.clone()).collect();
    let removed = engine.remove_hosts(ids).await.map_err(|error| error.message)?;
    let text = hosts
        .iter()
        .filter(|host| removed.contains(&host.id))
        .map(|host| {
            if remove.json {
                format!("{}\n", json!({ "removed": host.id, "name": host.name() }))
            } else {
                format!("{} was removed\n", visible_line(host.name()))
            }
        })
        .collect();
    Ok(print(text).await)
}

/// The one host that has this name, or this number of its own from `--json`.
pub fn one_called<'a>(name: &str, hosts: &'a [Host]) -> Result<&'a Host, String> {
    let mut called = hosts.iter().filter(|host| host.name() == name || host.id.0 == name);
    match (called.next(), called.next()) {
        (Some(host), None) => Ok(host),
        (Some(_), Some(_)) => Err(format!(
            "more than one saved host is called {}. Give its id, which hosts list --json shows",
            visible_line(name)
        )),
        (None, _) => Err(format!("no saved host is called {}", visible_line(name))),
    }
}

/// Whether the person at the terminal says yes.
async fn asked(hosts: &[&Host]) -> Result<bool, String> {
    let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty");
    let Ok(terminal) = terminal else {
        return Err("there is no terminal to ask on. Say --yes to remove without a question".to_owned());
    };
    let shown: Vec<String> = hosts
        .iter()
        .map(|host| format!("{} ({})", visible_line(host.name()), visible_line(&place(host))))
        .collect();
    let question = format!("Remove {}?", shown.join(", "));
    let asking = tokio::task::spawn_blocking(move || ask::agrees(&question, &terminal)).await;
    let answer = asking.map_err(|error| error.to_string())?;
    Ok(answer.map_err(|error| format!("the terminal failed: {error}"))? == Some(true))
}
