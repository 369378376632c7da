//! `bowline hosts`: the saved hosts, beside the app or without it.
//!
//! words.rs: what was typed;  list.rs: what is shown;  change.rs: add and rm;  exchange.rs: import and export.

mod change;
mod exchange;
mod list;
pub mod words;

use bowline_core::host::Host;
use bowline_core::host::exchange::object;
use bytes::Bytes;
use serde_json::Value;

use crate::command::{FAILED, say};
use crate::open::headless;
use crate::stdio::Sink;
use words::Order;

/// Does what is ordered.
pub async fn run(order: Order) -> u8 {
    let (engine, _) = match headless() {
        Ok(engine) => engine,
        Err(error) => return failed(&error),
    };
    let done = match order {
        Order::List(list) => list::run(&engine, list).await,
        Order::Add(add) => change::add(&engine, *add).await,
        Order::Remove(remove) => change::remove(&engine, remove).await,
        Order::Import(import) => exchange::import(&engine, import).await,
        Order::Export(export) => exchange::export(&engine, export).await,
    };
    done.unwrap_or_else(|error| failed(&error))
}

fn failed(message: &str) -> u8 {
    say(message);
    FAILED
}

/// Prints a text, and says in the exit status whether all of it went out.
async fn print(text: String) -> u8 {
    let Ok(out) = Sink::stdout() else { return FAILED };
    match (out.write(Bytes::from(text)).await, out.flush().await) {
        (Ok(()), Ok(())) => 0,
        _ => FAILED,
    }
}

/// Where a host leads: `user@address:port`, without what is usual.
fn place(host: &Host) -> String {
    let draft = &host.draft;
    let user = if draft.user.is_empty() { String::new() } else { format!("{}@", draft.user) };
    let address =
        if draft.address.contains(':') { format!("[{}]", draft.address) } else { draft.address.clone() };
    let port = if draft.port == 22 { String::new() } else { format!(":{}", draft.port) };
    format!("{user}{address}{port}")
}

/// One host as an object of `--json`: all that is saved of it, and how it is called.
fn json_of(host: &Host) -> Value {
    let mut fields = object(&host.draft);
    if host.linked.is_none() {
        fields.insert("id".to_owned(), host.id.0.clone().into());
    }
    fields.insert("name".to_owned(), host.name().into());
    if let Some(linked) = &host.linked {
        fields.insert("configFile".to_owned(), linked.path.clone().into());
        fields.insert("configLine".to_owned(), linked.line.into());
    }
    Value::Object(fields)
}
