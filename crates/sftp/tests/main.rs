//! The client against OpenSSH's sftp-server over pipes, and against servers that break the protocol on purpose.

// Those with a real server look at it in /proc, and give it names that other file systems refuse.

mod hostile;
mod listings;
mod random;
mod scripted;
#[cfg(target_os = "linux")]
mod server;
mod short;
#[cfg(target_os = "linux")]
mod small_files;
#[cfg(target_os = "linux")]
mod transfers;
#[cfg(target_os = "linux")]
mod tree;
