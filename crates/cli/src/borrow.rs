//! The app's connections, where it runs and has the one that is meant: nothing is dialled then, and nothing asked.

use bowline_core::connection::Target;
use bowline_core::error::Error;
use bowline_core::exec::{Exec, ExecRequest, Program, WhenBehind};
use bowline_core::files::session::Files;
use bowline_core::host::ssh_config::forward::End;
use bowline_core::lend::borrow::{self, Borrowed, NotBorrowed};
use bowline_core::lend::direct::LentDirect;
use bowline_core::lend::wire::Which;
use bowline_core::run::once::Beside;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::open;
use crate::options::Options;
use crate::resolve::Resolved;

/// Turns it off for everything that is started with it.
const VARIABLE: &str = "BOWLINE_BORROW";

/// Whether a command may use a connection of the app. What forwards ports, has a command for its own connection, or names
/// another config or keys, wants its own.
pub fn is_wanted(options: &Options, resolved: &Resolved) -> bool {
    let off = std::env::var_os(VARIABLE).is_some_and(|value| value == "0" || value == "no");
    let forwards = options.tunnels && !resolved.settings.forwards.is_empty();
    !off && !options.own_connection
        && !forwards
        && resolved.settings.local_command.is_none()
        && options.config.is_none()
        && options.identity_files.is_empty()
}

/// Runs a program on a connection of the app, and has what runs further ones on that very connection. None: there is none, and
/// nothing was done.
pub async fn program_and_beside(
    resolved: &Resolved,
    request: &ExecRequest,
) -> Option<Result<(Exec, Lent), Error>> {
    let data_dir = open::data_dir().ok()?;
    let lent = borrow::program_on(&data_dir, &resolved.target, Which::Any {}, request).await;
    Some(
        taken(lent)?.map(|Borrowed { exec, connection }| {
            (exec, Lent { target: resolved.target.clone(), connection })
        }),
    )
}

/// A connection of the app that a program of ours runs on.
pub struct Lent {
    target: Target,
    connection: Option<u32>,
}

impl Beside for Lent {
    fn run(&self, request: ExecRequest) -> BoxFuture<'_, Option<Exec>> {
        async move {
            let (data_dir, connection) = (open::data_dir().ok()?, self.connection?);
            let which = Which::Same { connection };
            borrow::program_on(&data_dir, &self.target, which, &request).await.ok().map(|lent| lent.exec)
        }
        .boxed()
    }
}

/// Files over a connection of the app, where another login would ask the person something. Elsewhere connections of our own
/// are better: they have long windows, and a copy may have several.
pub async fn files(name: &str, resolved: &Resolved) -> Option<Result<Files, Error>> {
    let data_dir = open::data_dir().ok()?;
    let request = ExecRequest {
        program: Program::Subsystem("sftp".to_owned()),
        environment: Vec::new(),
        pty: None,
        when_behind: WhenBehind::Spool,
    };
    let lent = borrow::program_on(&data_dir, &resolved.target, Which::Asked {}, &request).await;
    match taken(lent)? {
        Ok(lent) => Some(Files::lent(name, lent.exec).await),
        Err(error) => Some(Err(error)),
    }
}

/// Connects to somewhere over a connection of the app; none as above.
pub async fn direct(resolved: &Resolved, to: &End) -> Option<Result<LentDirect, Error>> {
    let data_dir = open::data_dir().ok()?;
    taken(borrow::direct(&data_dir, &resolved.target, to).await)
}

fn taken<T>(borrowed: Result<T, NotBorrowed>) -> Option<Result<T, Error>> {
    match borrowed {
        Ok(borrowed) => {
            tracing::info!(target: "bowline", "on a connection of the app");
            Some(Ok(borrowed))
        }
        Err(NotBorrowed::Failed(error)) => Some(Err(error)),
        Err(NotBorrowed::Dial(why)) => {
            tracing::info!(target: "bowline", why, "no connection of the app is used");
            None
        }
    }
}
