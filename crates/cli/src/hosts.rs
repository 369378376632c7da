//! `bowline hosts list`.

use bowline_core::host::Host;
use bytes::Bytes;
use serde_json::json;

use crate::command::{FAILED, say};
use crate::open::headless;
use crate::stdio::Sink;

/// Prints the saved hosts: name, where it leads and group, apart by tabs; or one object a line.
pub async fn list(json: bool) -> u8 {
    let (engine, _) = match headless() {
        Ok(engine) => engine,
        Err(error) => return failed(&error),
    };
    let hosts = match engine.hosts().await {
        Ok(list) => list.hosts,
        Err(error) => return failed(&error.message),
    };
    let text: String = hosts.iter().map(|host| if json { object(host) } else { line(host) }).collect();
    let Ok(out) = Sink::stdout() else { return FAILED };
    match (out.write(Bytes::from(text)).await, out.flush().await) {
        (Ok(()), Ok(())) => 0,
        _ => FAILED,
    }
}

fn failed(message: &str) -> u8 {
    say(message);
    FAILED
}

fn line(host: &Host) -> String {
    let draft = &host.draft;
    let user = if draft.user.is_empty() { String::new() } else { format!("{}@", draft.user) };
    let address =
        if draft.address.contains(':') { format!("[{}]", draft.address) } else { draft.address.clone() };
    let port = if draft.port == 22 { String::new() } else { format!(":{}", draft.port) };
    format!("{}\t{user}{address}{port}\t{}\n", host.name(), draft.group)
}

fn object(host: &Host) -> String {
    let draft = &host.draft;
    let value = json!({
        "id": host.id, "name": host.name(), "group": draft.group, "address": draft.address, "port": draft.port,
        "user": draft.user, "auth": draft.auth, "keyPath": draft.key_path,
    });
    format!("{value}\n")
}
