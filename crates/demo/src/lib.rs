//! The built-in demo host: something to connect to before there is anything to connect to.
//!
//! [`DemoHost::start`] opens an SSH server on a free port of 127.0.0.1 that gives the person's own shell and the files
//! below one folder over SFTP. It accepts one ed25519 key, made for this run and never written anywhere, and nothing else: no password,
//! no other user, no forwarding. It ends completely, children included, with [`DemoHost::shutdown`] or when it is dropped.
//!
//! ```text
//! host.rs        the listening socket, limits, shutdown
//! connection.rs  one SSH connection: who may log in, what a channel may ask for (replies are given here, in order)
//! wire.rs        the byte stream under it, read ahead
//! request.rs     what a channel has asked for so far: terminal, environment (pure)
//! channel.rs     one task per running channel: moves bytes between the client and a program or the SFTP server
//! input.rs       input that waits for a program
//! login.rs       who the person is: user, home, shell, environment
//! terminal.rs    a program on a pseudo-terminal        piped.rs   a program on three pipes
//! modes.rs       terminal modes that a client asks for (Unix)
//! sftp.rs        SFTP requests        folder.rs  the folder that they cannot leave
//! ```
//!
//! Deliberately absent: TCP and agent forwarding, X11, any file on disk of its own.

mod channel;
mod connection;
mod exit;
mod folder;
mod host;
mod input;
mod login;
#[cfg(unix)]
mod modes;
mod piped;
mod positional;
mod request;
mod sftp;
mod terminal;
mod wire;

pub use host::{DemoConfig, DemoError, DemoHost};
