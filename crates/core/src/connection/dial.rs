//! From an address to a byte stream, whichever way leads there.
//!
//! ```text
//! route.rs    the ways and their settings
//! tcp.rs      name -> addresses -> socket;  race.rs: which address when, purely (RFC 8305)
//! link.rs     the stream, and what is known about the way below it
//! proxy.rs    through a proxy and its password;  socks.rs, http_connect.rs: what is said to it
//! command.rs  a command's input and output;  consent.rs: to which commands the person agreed
//! jump.rs     over a channel of the connection to another host
//! ```

mod command;
pub mod consent;
mod http_connect;
mod jump;
mod link;
mod proxy;
pub mod race;
pub mod route;
mod socks;
mod tcp;

use std::sync::Arc;

pub use command::COMMAND_MAX_BYTES;
pub use link::{BoxedStream, Dialled, Link};
pub use route::{
    AddressFamily, CONNECT_TIMEOUT, DialSettings, Jump, Proxy, ProxyCommand, ProxyKind, Route, TakePlace,
};

use super::progress::{Progress, TestStep, step};
use super::{Dialer, Target};
use crate::error::{Error, ErrorCode, Result};
use link::SharedTcp;

/// Dials the target by its route.
///
/// # Errors
/// The codes of [`ErrorCode`] about dialling, proxies and jump hosts.
pub(super) async fn dial(dialer: &Dialer, target: &Target, progress: Progress<'_>) -> Result<Dialled> {
    match &target.route {
        Route::Direct => {
            let settings = &target.dial;
            let resolving = tcp::resolve(&target.address, target.port, settings);
            let addresses = step(progress, TestStep::Resolve, resolving, |found| {
                found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
            })
            .await?;
            let dialing = async {
                let (stream, peer) = tcp::connect(&target.address, target.port, &addresses, settings).await?;
                let stream = Arc::new(stream);
                let link = Arc::new(Link::tcp(&stream, peer, peer.to_string()));
                Ok(Dialled { stream: Box::new(SharedTcp(stream)), link })
            };
            step(progress, TestStep::Connect, dialing, |dialled| dialled.link.detail().to_owned()).await
        }
        Route::Jump(jump) => {
            // The jump host resolves the name.
            step(progress, TestStep::Resolve, async { Ok(()) }, |()| jump.name.clone()).await?;
            let dialing = jump::dial(jump, target);
            step(progress, TestStep::Connect, dialing, |dialled| dialled.link.detail().to_owned()).await
        }
        Route::Proxy(proxy) => proxy::dial(dialer, proxy, target, progress).await,
        Route::Command(command) => {
            // Whatever the command does with the name is its own matter.
            step(progress, TestStep::Resolve, async { Ok(()) }, |()| String::new()).await?;
            let dialing = command::dial(dialer, command, target);
            step(progress, TestStep::Connect, dialing, |dialled| dialled.link.detail().to_owned()).await
        }
    }
}

/// A failure of the handshake, told by its cause where the way knows it.
pub(super) fn explain(error: Error, target: &Target, link: &Link) -> Error {
    let ended = matches!(
        error.code,
        ErrorCode::ClosedInHandshake | ErrorCode::SilentServer | ErrorCode::NotSsh | ErrorCode::Protocol
    );
    let Some(cause) = link.cause().filter(|_| ended) else { return error };
    match &target.route {
        Route::Jump(jump) => Error::new(
            ErrorCode::JumpFailed,
            format!("{} could not be reached through the jump host {}: {cause}.", target.address, jump.name),
        )
        .with("jump", &jump.name)
        .with("address", &target.address)
        .with("cause", cause),
        Route::Command(_) => command::failed(target, &cause),
        _ => error,
    }
}
