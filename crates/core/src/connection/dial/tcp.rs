//! From a name to a TCP socket: resolving, and dialling what was found.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

use super::race::{self, Lost, interleave};
use super::route::{AddressFamily, DialSettings};
use crate::error::{Error, ErrorCode, Result};
use crate::prompt::visible_line;
use crate::wire;

/// Time for a name to resolve; the resolver's own limit is 5 s for each server (resolv.conf(5)).
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(15);
/// ssh_config(5): "one per second".
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);
/// Whoever wants more waits for a host that is not there; the engine connects again by itself.
const ATTEMPTS_MAX: u32 = 100;

/// The addresses of a name that the settings allow, in the order in which they are dialled.
///
/// # Errors
/// [`ErrorCode::Unresolvable`].
pub async fn resolve(name: &str, port: u16, settings: &DialSettings) -> Result<Vec<SocketAddr>> {
    let failed = |cause: &dyn std::fmt::Display| {
        Error::new(
            ErrorCode::Unresolvable,
            format!(
                "The name \"{name}\" could not be resolved: {cause}. Check how it is spelt, the network and, if the \
                 name is internal, the VPN."
            ),
        )
        .with("address", name)
        .with("cause", cause)
    };
    let found = timeout(RESOLVE_TIMEOUT, lookup_host((name, port)))
        .await
        .map_err(|_| {
            failed(&format!("no name server answered within {} seconds", RESOLVE_TIMEOUT.as_secs()))
        })?
        .map_err(|error| failed(&error))?;
    let found: Vec<SocketAddr> = found.collect();
    if found.is_empty() {
        return Err(failed(&"it has no address"));
    }
    let usable: Vec<SocketAddr> = found.into_iter().filter(|address| allows(settings, address)).collect();
    if usable.is_empty() { Err(failed(&none_left(settings))) } else { Ok(interleave(&usable)) }
}

fn allows(settings: &DialSettings, address: &SocketAddr) -> bool {
    let family = match settings.address_family {
        AddressFamily::Any => true,
        AddressFamily::V4 => address.is_ipv4(),
        AddressFamily::V6 => address.is_ipv6(),
    };
    family && settings.bind_address.is_none_or(|bind| bind.is_ipv4() == address.is_ipv4())
}

fn none_left(settings: &DialSettings) -> String {
    match (settings.address_family, settings.bind_address) {
        (AddressFamily::V4, _) => "it has no IPv4 address, and only such are to be tried".to_owned(),
        (AddressFamily::V6, _) => "it has no IPv6 address, and only such are to be tried".to_owned(),
        (AddressFamily::Any, bind) => {
            let bind = bind.map(|bind| bind.to_string()).unwrap_or_default();
            format!("it has no address of the same kind as {bind}, from which it is to be dialled")
        }
    }
}

/// Connects to one of the addresses.
///
/// # Errors
/// [`ErrorCode::Refused`], [`ErrorCode::Unreachable`] or [`ErrorCode::DialTimedOut`] if all addresses fail alike,
/// [`ErrorCode::NoAddressAnswered`] with what became of each otherwise.
pub async fn connect(
    name: &str,
    port: u16,
    addresses: &[SocketAddr],
    settings: &DialSettings,
) -> Result<(TcpStream, SocketAddr)> {
    let limit = settings.timeout();
    let mut connected = race::first(addresses, limit, |address| dial(address, settings)).await;
    for _ in 1..settings.attempts.min(ATTEMPTS_MAX) {
        if connected.is_ok() {
            break;
        }
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        connected = race::first(addresses, limit, |address| dial(address, settings)).await;
    }
    let (stream, address) = connected.map_err(|lost| explain(name, port, &lost, settings))?;
    if let Err(error) = wire::set_tcp_options(&stream) {
        tracing::warn!(%error, "TCP options could not be set");
    }
    Ok((stream, address))
}

async fn dial(address: SocketAddr, settings: &DialSettings) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(interface) = &settings.bind_interface {
        bind_to(&socket, interface).map_err(|error| {
            let interface = visible_line(interface);
            io::Error::new(
                error.kind(),
                format!("the network interface {interface} cannot be dialled through: {error}"),
            )
        })?;
    }
    if let Some(bind) = settings.bind_address {
        socket.bind((bind, 0).into()).map_err(|error| {
            io::Error::new(error.kind(), format!("{bind} cannot be dialled from: {error}"))
        })?;
    }
    socket.connect(address).await
}

/// Everything goes through this interface, whatever the routes of the machine say.
#[cfg(target_os = "linux")]
fn bind_to(socket: &TcpSocket, interface: &str) -> io::Result<()> {
    socket2::SockRef::from(socket).bind_device(Some(interface.as_bytes()))
}

/// A connection that goes another way than the config says is none.
#[cfg(not(target_os = "linux"))]
fn bind_to(_: &TcpSocket, _: &str) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "BindInterface works on Linux only; use BindAddress"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Refused,
    TimedOut,
    Unreachable,
}

fn class(lost: &Lost<io::Error>) -> Class {
    match lost {
        Lost::TimedOut => Class::TimedOut,
        Lost::Failed(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => Class::Refused,
            io::ErrorKind::TimedOut => Class::TimedOut,
            _ => Class::Unreachable,
        },
    }
}

fn explain(name: &str, port: u16, lost: &[(SocketAddr, Lost<io::Error>)], settings: &DialSettings) -> Error {
    let seconds = settings.timeout().as_secs();
    let words = |lost: &Lost<io::Error>| match (class(lost), lost) {
        (Class::Refused, _) => "refused".to_owned(),
        (Class::TimedOut, _) => format!("no answer within {seconds} seconds"),
        (_, Lost::Failed(error)) => error.to_string(),
        (_, Lost::TimedOut) => String::new(),
    };
    let Some((_, one)) = lost.first() else { return Error::internal("there is no address to dial") };
    let error = match class(one) {
        _ if lost.iter().any(|(_, other)| class(other) != class(one)) => {
            let said = lost.iter().map(|(address, lost)| format!("{}: {}", address.ip(), words(lost)));
            let tried = said.collect::<Vec<_>>().join("; ");
            Error::new(
                ErrorCode::NoAddressAnswered,
                format!(
                    "None of the addresses of {name} could be reached on port {port}: {tried}. Check the network, the VPN \
                     and that the SSH server runs."
                ),
            )
            .with("tried", tried)
        }
        Class::Refused => Error::new(
            ErrorCode::Refused,
            format!(
                "{name} refused the connection to port {port}: nothing listens there, or a firewall says no. Check \
                 the port and that the SSH server runs."
            ),
        ),
        Class::TimedOut => Error::new(
            ErrorCode::DialTimedOut,
            format!(
                "{name} did not answer on port {port} within {seconds} seconds. It may be switched off, or a firewall \
                 drops the packets; check the VPN and the address."
            ),
        )
        .with("seconds", seconds),
        Class::Unreachable => {
            let cause = words(one);
            Error::new(
                ErrorCode::Unreachable,
                format!("{name} could not be reached on port {port}: {cause}. Check the network, the VPN and the address."),
            )
            .with("cause", cause)
        }
    };
    error.with("address", name).with("port", port)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use tokio::net::TcpListener;

    use super::*;

    fn settings() -> DialSettings {
        DialSettings::default()
    }

    #[tokio::test]
    async fn a_family_that_a_name_does_not_have_is_told() {
        let only_v6 = DialSettings { address_family: AddressFamily::V6, ..settings() };
        let error = resolve("127.0.0.1", 22, &only_v6).await.expect_err("it is an IPv4 address");
        assert_eq!(error.code, ErrorCode::Unresolvable);
        assert!(error.message.contains("no IPv6 address"), "{}", error.message);
        let from_v6 = DialSettings { bind_address: Some("::1".parse().expect("one")), ..settings() };
        let error = resolve("127.0.0.1", 22, &from_v6).await.expect_err("the families differ");
        assert!(error.message.contains("::1"), "{}", error.message);
    }

    #[tokio::test]
    async fn the_socket_has_the_address_that_it_is_bound_to() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let bind: IpAddr = "127.0.0.7".parse().expect("an address");
        let bound = DialSettings { bind_address: Some(bind), ..settings() };
        let address = listener.local_addr().expect("its address");
        let Ok((stream, _)) = connect("x", address.port(), &[address], &bound).await else {
            eprintln!("SKIPPED: this system has no 127.0.0.7");
            return;
        };
        assert_eq!(stream.local_addr().expect("its address").ip(), bind);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_interface_is_dialled_through_and_one_that_is_not_there_is_told() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let through = |interface: &str| DialSettings { bind_interface: Some(interface.into()), ..settings() };
        let (stream, _) =
            connect("x", address.port(), &[address], &through("lo")).await.expect("it is there");
        let device = socket2::SockRef::from(&stream).device().expect("it says");
        assert_eq!(device.as_deref(), Some(b"lo".as_slice()));
        let error = connect("x", 22, &[address], &through("none0")).await.expect_err("it is not there");
        assert_eq!(error.code, ErrorCode::Unreachable);
        assert!(error.message.contains("the network interface none0"), "{}", error.message);
    }

    #[tokio::test]
    async fn the_first_address_that_answers_wins_and_each_other_says_what_became_of_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let good = listener.local_addr().expect("its address");
        let refused = {
            let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            closed.local_addr().expect("its address")
        };
        let (_, winner) = connect("x", 22, &[refused, good], &settings()).await.expect("one answers");
        assert_eq!(winner, good);
        let error = connect("x", 22, &[refused], &settings()).await.expect_err("nobody listens");
        assert_eq!(error.code, ErrorCode::Refused);
    }

    #[tokio::test]
    async fn a_server_that_comes_late_is_reached_by_a_further_attempt() {
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = closed.local_addr().expect("its address");
        drop(closed);
        let patient = DialSettings { attempts: 100, ..settings() };
        let server = async {
            assert_eq!(
                connect("x", 22, &[address], &settings()).await.expect_err("not yet").code,
                ErrorCode::Refused
            );
            TcpListener::bind(address).await.expect("the port is free still")
        };
        let addresses = [address];
        let (connected, _server) = tokio::join!(connect("x", 22, &addresses, &patient), server);
        connected.expect("it is there now");
    }

    #[test]
    fn failures_that_differ_are_told_address_by_address() {
        let refused = || Lost::Failed(io::Error::from(io::ErrorKind::ConnectionRefused));
        let (a, b) = (SocketAddr::from(([192, 0, 2, 1], 22)), SocketAddr::from(([192, 0, 2, 2], 22)));
        let error = explain("x", 22, &[(a, refused()), (b, Lost::TimedOut)], &settings());
        assert_eq!(error.code, ErrorCode::NoAddressAnswered);
        assert_eq!(error.params["tried"], "192.0.2.1: refused; 192.0.2.2: no answer within 8 seconds");
        assert_eq!(explain("x", 22, &[(a, refused()), (b, refused())], &settings()).code, ErrorCode::Refused);
    }
}
