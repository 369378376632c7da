//! The system calls of a link that no safe library offers: making a TUN device, and entering a network namespace.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

/// A TUN device of this name, which lives as long as its file. Reads and writes do not block, and move whole packets, with
/// checksums and segmentation left to the other end (linux/Documentation/networking/tuntap.rst).
pub(super) fn open(name: &str) -> io::Result<File> {
    const CHECKSUM_AND_TSO: libc::c_ulong =
        (libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6) as libc::c_ulong;
    let file = File::options().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")?;
    // SAFETY: an ifreq of zeros is valid: a name of no bytes and no flags.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name} is too long for a device")));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from.cast_signed() as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR) as libc::c_short;
    // SAFETY: the descriptor is open, the request lives through the call and is an ifreq, as TUNSETIFF expects.
    check(unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF as _, &raw mut request) })?;
    // SAFETY: TUNSETOFFLOAD takes its flags as a number.
    check(unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETOFFLOAD as _, CHECKSUM_AND_TSO) })?;
    Ok(file)
}

/// Moves the calling thread, and no other, into a network namespace (setns(2)).
pub(super) fn enter_network(namespace: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open; with CLONE_NEWNET only this thread is moved.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
