//! When the target of a command is that of a connection of the app.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::connection::dial::{DialSettings, Route};
use crate::connection::{Login, Target};

/// A text that two targets share only if whoever reaches one of them has reached the other: the same account at the same
/// address, by the same way, with the same means, and its host key judged in the same way. It holds no secret and tells none.
/// None for a target that is never lent: the built-in host's.
pub fn of(target: &Target) -> Option<String> {
    let Login::Person { method, key_path, options, .. } = &target.login else { return None };
    let DialSettings { address_family, bind_address, bind_interface, .. } = &target.dial;
    // A proxy's password is no part of the way.
    let route = match &target.route {
        Route::Direct => "direct".to_owned(),
        Route::Jump(jump) => format!("jump {:?}", jump.through),
        Route::Command(command) => format!("command {:?}", command.command),
        Route::Proxy(proxy) => format!("proxy {:?} {:?} {:?}", proxy.kind, proxy.address(), proxy.user),
    };
    let parts = (
        (env!("CARGO_PKG_VERSION"), target.address.to_ascii_lowercase(), target.port, &target.user),
        (method, key_path, options, route),
        (address_family, bind_address, bind_interface),
        (&target.trust, &target.pinned_key, &target.algorithms),
    );
    Some(HEXLOWER.encode(digest(&SHA256, format!("{parts:?}").as_bytes()).as_ref()))
}
