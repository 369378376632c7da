//! What the kernel knows about a TCP connection (`TCP_INFO` of tcp(7)). Linux only: no other system says the same.

use std::time::Duration;

use tokio::net::TcpStream;

/// The kernel's view of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpInfo {
    /// Segments that were sent again since the start.
    pub retransmits: u32,
    /// The kernel's smoothed round trip.
    pub round_trip: Duration,
}

/// None where the system does not say.
#[cfg(target_os = "linux")]
pub fn tcp_info(stream: &TcpStream) -> Option<TcpInfo> {
    use std::os::fd::AsRawFd;

    let mut length = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: `tcp_info` is plain integers, for which zero is a value; the descriptor is open while `stream` is borrowed; and
    // the kernel writes at most `length` bytes, the size of the structure, to it. No crate offers this call safely.
    #[allow(unsafe_code)]
    let (result, info) = unsafe {
        let mut info: libc::tcp_info = std::mem::zeroed();
        let place = (&raw mut info).cast::<libc::c_void>();
        let result =
            libc::getsockopt(stream.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, place, &raw mut length);
        (result, info)
    };
    (result == 0).then(|| TcpInfo {
        retransmits: info.tcpi_total_retrans,
        round_trip: Duration::from_micros(u64::from(info.tcpi_rtt)),
    })
}

/// None where the system does not say.
#[cfg(not(target_os = "linux"))]
pub fn tcp_info(_: &TcpStream) -> Option<TcpInfo> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_kernel_tells_its_round_trip_and_no_retransmits_on_loopback() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut near =
            TcpStream::connect(listener.local_addr().expect("an address")).await.expect("it connects");
        let (mut far, _) = listener.accept().await.expect("a connection");
        near.write_all(b"x").await.expect("open");
        far.read_u8().await.expect("a byte");
        let info = tcp_info(&near).expect("Linux says");
        assert!(info.round_trip > Duration::ZERO && info.round_trip < Duration::from_secs(5), "{info:?}");
        assert_eq!(info.retransmits, 0);
    }
}
