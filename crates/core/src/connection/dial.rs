//! From an address to a byte stream.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::error::{Error, ErrorCode, Result};
use crate::wire;

/// Time for a name to resolve; the resolver's own limit is 5 s for each server (resolv.conf(5)).
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(15);
/// Time for an address to answer (design.md, section 4).
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(8);
/// Addresses of one name that are tried; more would keep a person waiting for minutes.
const ADDRESSES_MAX: usize = 8;

/// The addresses of a name, in the system's order (RFC 6724).
///
/// # Errors
/// [`ErrorCode::Unresolvable`].
pub async fn resolve(address: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let failed = |cause: &dyn std::fmt::Display| {
        Error::new(
            ErrorCode::Unresolvable,
            format!(
                "The name \"{address}\" could not be resolved: {cause}. Check how it is spelt, the network and, \
                 if the name is internal, the VPN."
            ),
        )
        .with("address", address)
        .with("cause", cause)
    };
    let found = timeout(RESOLVE_TIMEOUT, lookup_host((address, port)))
        .await
        .map_err(|_| {
            failed(&format!("no name server answered within {} seconds", RESOLVE_TIMEOUT.as_secs()))
        })?
        .map_err(|error| failed(&error))?;
    let addresses: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
    if addresses.is_empty() { Err(failed(&"it has no address")) } else { Ok(addresses) }
}

/// Connects to the first address that answers.
///
/// # Errors
/// That of the last address: [`ErrorCode::Refused`], [`ErrorCode::Unreachable`] or [`ErrorCode::DialTimedOut`].
pub async fn connect(name: &str, port: u16, addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr)> {
    let mut last = None;
    for address in addresses {
        match timeout(DIAL_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                if let Err(error) = wire::set_tcp_options(&stream) {
                    tracing::warn!(%error, "TCP options could not be set");
                }
                return Ok((stream, *address));
            }
            Ok(Err(error)) => last = Some(failed(name, port, &error)),
            Err(_) => last = Some(timed_out(name, port)),
        }
    }
    Err(last.unwrap_or_else(|| Error::internal("there is no address to dial")))
}

fn failed(name: &str, port: u16, error: &io::Error) -> Error {
    let error = match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::new(
            ErrorCode::Refused,
            format!(
                "{name} refused the connection to port {port}: nothing listens there, or a firewall says no. Check \
                 the port and that the SSH server runs."
            ),
        ),
        io::ErrorKind::TimedOut => return timed_out(name, port),
        _ => Error::new(
            ErrorCode::Unreachable,
            format!("{name} could not be reached on port {port}: {error}. Check the network, the VPN and the address."),
        )
        .with("cause", error),
    };
    error.with("address", name).with("port", port)
}

fn timed_out(name: &str, port: u16) -> Error {
    Error::new(
        ErrorCode::DialTimedOut,
        format!(
            "{name} did not answer on port {port} within {} seconds. It may be switched off, or a firewall drops the \
             packets; check the VPN and the address.",
            DIAL_TIMEOUT.as_secs()
        ),
    )
    .with("address", name)
    .with("port", port)
    .with("seconds", DIAL_TIMEOUT.as_secs())
}
