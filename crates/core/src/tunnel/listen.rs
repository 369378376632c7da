//! Listening on this computer, with OpenSSH's rules for the address: nothing said is loopback, `*` and an empty one are
//! everybody.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, lookup_host};

use super::stream::Stream;
use crate::error::{Error, ErrorCode, Result};
use crate::host::ssh_config::forward::End;
use crate::host::tunnels::written;

/// Ports below this need rights (`net.ipv4.ip_unprivileged_port_start`).
const PRIVILEGED_BELOW: u16 = 1024;

/// What listens for one tunnel: a port may be bound at several addresses.
#[derive(Debug)]
pub struct Listeners(Vec<Listener>);

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix {
        listener: tokio::net::UnixListener,
        path: std::path::PathBuf,
    },
}

/// Binds all that an end asks for; one address that works is enough, as for OpenSSH.
///
/// # Errors
/// [`ErrorCode::TunnelPortInUse`], [`ErrorCode::TunnelPortPrivileged`], [`ErrorCode::TunnelBindFailed`].
pub async fn bind(end: &End) -> Result<Listeners> {
    let (host, port) = match end {
        End::Socket(path) => return bind_socket(path).map_err(|error| not_bound(end, &error)),
        End::Tcp { host, port } => (host.as_deref(), *port),
    };
    let addresses: Vec<IpAddr> = match host {
        None | Some("localhost") => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Some("" | "*") => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
        Some(host) => match host.parse() {
            Ok(address) => vec![address],
            Err(_) => {
                let found = lookup_host((host, port)).await.map_err(|error| not_bound(end, &error))?;
                found.map(|address| address.ip()).collect()
            }
        },
    };
    let (mut listeners, mut chosen, mut fault) = (Vec::new(), port, None);
    for address in addresses {
        match bind_port(SocketAddr::new(address, chosen)) {
            Ok(listener) => {
                // The same port at each address.
                chosen = listener.local_addr().map_or(chosen, |bound| bound.port());
                listeners.push(Listener::Tcp(listener));
            }
            // Another program's port on one of them would answer some and not others.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => {
                return Err(not_bound(end, &error));
            }
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    match (listeners.is_empty(), fault) {
        (true, Some(error)) => Err(not_bound(end, &error)),
        (true, None) => Err(not_bound(end, &io::Error::other("the name has no address"))),
        (false, _) => Ok(Listeners(listeners)),
    }
}

fn bind_port(address: SocketAddr) -> io::Result<TcpListener> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        // IPv4 has a socket of its own.
        socket.set_only_v6(true)?;
    }
    // A port whose last connections are still being forgotten can be had again (not on Windows, where it means another thing).
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    TcpListener::from_std(socket.into())
}

#[cfg(unix)]
fn bind_socket(path: &str) -> io::Result<Listeners> {
    use socket2::{Domain, SockAddr, Socket, Type};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let path = crate::host::key_file::expand_home(path);
    let is_socket = std::fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        // One that nobody serves any more is left of a crash.
        match std::os::unix::net::UnixStream::connect(&path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(&path)?,
            Ok(_) | Err(_) => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(&path)?)?;
    // StreamLocalBindMask 0177 of ssh_config(5), before anybody can connect.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    socket.listen(128)?;
    let listener = tokio::net::UnixListener::from_std(std::os::unix::net::UnixListener::from(socket))?;
    Ok(Listeners(vec![Listener::Unix { listener, path }]))
}

#[cfg(not(unix))]
fn bind_socket(_: &str) -> io::Result<Listeners> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets"))
}

fn not_bound(end: &End, error: &io::Error) -> Error {
    let listen = written(end);
    let (code, text) = match (error.kind(), end) {
        (io::ErrorKind::AddrInUse, _) => (
            ErrorCode::TunnelPortInUse,
            format!(
                "{listen} is in use: another program listens there already. Choose another port, or end that program."
            ),
        ),
        (io::ErrorKind::PermissionDenied, End::Tcp { port, .. }) if *port < PRIVILEGED_BELOW => (
            ErrorCode::TunnelPortPrivileged,
            format!(
                "{listen} cannot be listened on: ports below 1024 belong to the system. Choose a higher one."
            ),
        ),
        _ => (
            ErrorCode::TunnelBindFailed,
            format!(
                "{listen} cannot be listened on: {error}. Check the address, or the folder of the socket."
            ),
        ),
    };
    Error::new(code, text).with("listen", listen).with("cause", error)
}

impl Listeners {
    /// Every address with the port that was bound.
    pub fn bound(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|listener| match listener {
                Listener::Tcp(listener) => {
                    listener.local_addr().map_or_else(|_| String::new(), |address| address.to_string())
                }
                #[cfg(unix)]
                Listener::Unix { path, .. } => path.to_string_lossy().into_owned(),
            })
            .collect()
    }

    /// The next connection, and who it is.
    ///
    /// # Errors
    /// The system's: it may have no descriptor left.
    pub async fn accept(&self) -> io::Result<(Stream, (String, u16))> {
        let accepting = self.0.iter().map(|listener| Box::pin(accept_one(listener)));
        futures::future::select_all(accepting).await.0
    }
}

async fn accept_one(listener: &Listener) -> io::Result<(Stream, (String, u16))> {
    match listener {
        Listener::Tcp(listener) => {
            let (stream, from) = listener.accept().await?;
            Ok((stream.into(), (from.ip().to_string(), from.port())))
        }
        #[cfg(unix)]
        Listener::Unix { listener, .. } => {
            let (stream, _) = listener.accept().await?;
            // As OpenSSH tells it.
            Ok((stream.into(), ("127.0.0.1".to_owned(), 0)))
        }
    }
}

#[cfg(unix)]
impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix { path, .. } = self {
            let _ = std::fs::remove_file(path);
        }
    }
}
