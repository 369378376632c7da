//! What ssh_config(5) says about a connection beyond the way to it and the login: its sessions and its upkeep.

use std::time::Duration;

use crate::host::ssh_config::values::RequestTty;

/// What every session on a connection begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// `SetEnv`, then what `SendEnv` names of our own environment. The server takes what it likes (sshd's AcceptEnv).
    pub environment: Vec<(String, String)>,
    /// `RemoteCommand`: what runs in a terminal instead of a shell.
    pub remote_command: Option<String>,
    pub request_tty: RequestTty,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { environment: Vec::new(), remote_command: None, request_tty: RequestTty::Auto }
    }
}

/// How a connection is kept. The default is what Bowline does on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upkeep {
    pub server_alive: Option<ServerAlive>,
    /// `RekeyLimit`: after so many bytes, both ways together, or so much time. They can only make new keys come earlier.
    pub rekey_bytes: Option<u64>,
    pub rekey_time: Option<Duration>,
}

/// `ServerAliveInterval` and `ServerAliveCountMax`. Whatever they say, a dead peer is known within 30 seconds: they can only
/// make Bowline ask earlier and give up earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerAlive {
    pub interval: Duration,
    pub count_max: u32,
}
