//! `bowline ssh`: in place of ssh(1), for git, rsync, scp and scripts. One connection, one session, and its end is ours.
//!
//! ```text
//! ssh/words.rs       what was typed
//! ssh/forwards.rs    -L, -R, -D;  ssh/stdio_forward.rs: -W
//! ssh/local_command.rs  LocalCommand
//! ssh/background.rs  -f;  ssh/log_file.rs: -E;  ssh/query.rs: -Q
//! ssh/background.rs  -f;  ssh/log_file.rs: -E;  ssh/query.rs: -Q;  ssh/shown.rs: -G
//! ```

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use bowline_core::connection::Connection;
use bowline_core::engine::headless::Headless;
use bowline_core::error::ErrorCode;
use bowline_core::exec::WhenBehind;
use bowline_core::host::ssh_config::values::SessionType;
use bowline_core::tunnel::Lane;

use crate::ask::{self, Policy};
use crate::borrow;
use crate::command::{FAILED, say};
use crate::connect::{self, Once, Session};
use crate::open;
use crate::options::Connect;
use crate::resolve::Resolved;
use crate::signals::Signals;

pub mod background;
mod forwards;
mod local_command;
pub mod log_file;
mod query;
pub mod shown;
mod stdio_forward;
pub mod words;

use forwards::{Failed, Forwards};
use words::Order;

/// Whether the program was called by the name of ssh(1): a link to it is enough for `scp -S` and others that take a program.
pub fn is_its_name(called: &OsStr) -> bool {
    Path::new(called).file_name() == Some(OsStr::new("ssh"))
}

/// `-V`. On standard error, as ssh(1) says it.
pub fn version() -> u8 {
    eprintln!(concat!("Bowline ", env!("CARGO_PKG_VERSION"), " in place of ssh(1)"));
    0
}

/// Runs until the end; the status is the program's.
pub async fn run(order: Order) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let (engine, news) = match open::headless() {
        Ok(engine) => engine,
        Err(error) => return failed(&error),
    };
    let policy = Policy::of(&order.options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    let resolving = open::resolved(&engine, &order.host, &order.command, &order.options);
    let resolved = tokio::select! {
        resolved = resolving => match resolved {
            Ok(resolved) => resolved,
            Err(error) => return failed(&error),
        },
        () = signals.end() => return FAILED,
    };
    if order.options.show {
        return connect::show(&resolved);
    }
    policy.add(&resolved);
    let no_session = order.no_session || resolved.settings.session == SessionType::None;
    let needs_none = no_session && order.stdio.is_none();
    if borrow::is_wanted(&order.options, &resolved)
        && !needs_none
        && !(order.background && order.stdio.is_some())
    {
        return borrowing(order, engine, resolved, policy, &mut signals).await;
    }
    alone(order, engine, resolved, policy, &mut signals).await
}

fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

/// Over a connection of the app, if it has that one.
async fn borrowing(
    mut order: Order,
    engine: Headless,
    resolved: Resolved,
    policy: Policy,
    signals: &mut Signals,
) -> u8 {
    if let Some(target) = &order.stdio {
        let connected = tokio::select! {
            connected = borrow::direct(&resolved, target) => connected,
            () = signals.end() => return FAILED,
        };
        return match connected {
            None => alone(order, engine, resolved, policy, signals).await,
            Some(Err(error)) => failed(&error.message),
            Some(Ok(lent)) => tokio::select! {
                status = stdio_forward::borrowed(lent) => status,
                () = signals.end() => FAILED,
            },
        };
    }
    let resolved_again = resolved.clone();
    let connect = connect_of(&mut order, &resolved);
    let mut session = match Session::new(engine.clone(), resolved, policy.clone(), &connect) {
        Ok(session) => session,
        Err(error) => return failed(&error),
    };
    let in_background = order.in_background;
    let when_started = || match in_background {
        true => background::leave(false).map_err(|error| format!("not in the background: {error}")),
        false => Ok(()),
    };
    match session.borrowed(signals, when_started).await {
        Some(Once::Over(status)) => status,
        Some(Once::Lost) => FAILED,
        None => {
            (order.options, order.host, order.command) = (connect.options, connect.host, connect.command);
            alone(order, engine, resolved_again, policy, signals).await
        }
    }
}

/// The session of an order, in the words of `bowline connect`.
fn connect_of(order: &mut Order, resolved: &Resolved) -> Connect {
    let mut options = std::mem::take(&mut order.options);
    options.subsystem |= resolved.settings.session == SessionType::Subsystem;
    Connect { options, host: order.host.clone(), command: std::mem::take(&mut order.command) }
}

/// Over a connection of our own.
async fn alone(
    order: Order,
    engine: Headless,
    resolved: Resolved,
    policy: Policy,
    signals: &mut Signals,
) -> u8 {
    let quiet = resolved.settings.quiet;
    let connection = tokio::select! {
        opened = open::connect(&engine, &resolved, &policy) => match opened {
            Ok(connection) => connection,
            // -q is for those who look at the status only.
            Err(_) if quiet => return FAILED,
            Err((code, text)) => {
                if code == ErrorCode::HostKeyUnknown {
                    open::say_unused(&resolved, "knownhostscommand");
                }
                return failed(&text);
            }
        },
        () = signals.end() => return FAILED,
    };
    let status = on(&connection, order, engine, resolved, policy, signals).await;
    connection.close().await;
    status
}

async fn on(
    connection: &Arc<Connection>,
    mut order: Order,
    engine: Headless,
    resolved: Resolved,
    policy: Policy,
    signals: &mut Signals,
) -> u8 {
    let settings = resolved.settings.clone();
    let no_session = order.no_session || settings.session == SessionType::None;
    let starting = Forwards::start(connection, &settings, no_session);
    let forwards = tokio::select! {
        started = starting => match started {
            Ok(forwards) => forwards,
            Err(Failed) => return FAILED,
        },
        () = signals.end() => return FAILED,
    };
    if let Some(command) = &settings.local_command {
        tokio::select! {
            () = local_command::run(command) => {}
            () = signals.end() => return FAILED,
        }
    }
    if order.in_background
        && let Err(error) = background::leave(no_session)
    {
        return failed(&format!("not in the background: {error}"));
    }
    if let Some(target) = &order.stdio {
        return tokio::select! {
            status = stdio_forward::run(Lane::own(Arc::clone(connection)), target) => status,
            () = signals.end() => FAILED,
        };
    }
    if no_session {
        banner(connection, settings.quiet);
        return tokio::select! {
            error = connection.ended() => if settings.quiet { FAILED } else { failed(&error.message) },
            () = signals.end() => FAILED,
        };
    }
    let connect = connect_of(&mut order, &resolved);
    let mut session = match Session::new(engine, resolved, policy, &connect) {
        Ok(session) => session,
        Err(error) => return failed(&error),
    };
    // A terminal that is not read for a while does not hold forwarded connections back; the output of a command, which must
    // not be lost however slow its reader is, may.
    if !forwards.is_empty() && session.request.pty.is_some() {
        session.request.when_behind = WhenBehind::Spool;
    }
    let status = match session.on(connection, signals).await {
        Once::Over(status) => status,
        Once::Lost => return FAILED,
    };
    tokio::select! {
        () = forwards.unused() => status,
        _ = connection.ended() => status,
        () = signals.end() => FAILED,
    }
}

fn banner(connection: &Connection, quiet: bool) {
    if let (Some(banner), false) = (connection.take_banner(), quiet) {
        eprintln!("{}", banner.trim_end());
    }
}
