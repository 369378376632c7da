//! What ssh_config(5) says about a connection beyond the way to it and the login: its sessions and its upkeep.

use std::time::Duration;

use crate::host::ssh_config::permit::PermitRemoteOpen;
use crate::host::ssh_config::values::RequestTty;

/// The window of a session channel (design.md, section 4: interactive lane).
pub const WINDOW_BYTES: u32 = 512 * 1024;
/// That of a lane for transfers alone. With a longer one sshd is busy with its own buffers (design.md, fact 5).
pub const BULK_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
/// That of a lane for tunnels: twice OpenSSH's own for forwarded connections (CHAN_TCP_WINDOW_DEFAULT, 2 MiB), since russh opens
/// it again only when half of it is used (design.md, fact 5). It is what each connection keeps in memory anyway.
pub const TUNNEL_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// What every session on a connection begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// `SetEnv`, then what `SendEnv` names of our own environment. The server takes what it likes (sshd's AcceptEnv).
    pub environment: Vec<(String, String)>,
    /// `RemoteCommand`: what runs in a terminal instead of a shell.
    pub remote_command: Option<String>,
    pub request_tty: RequestTty,
    /// `PermitRemoteOpen`: where a SOCKS proxy on the host may lead.
    pub permit_remote_open: PermitRemoteOpen,
    /// How much the server may send in one channel before it waits for us.
    pub window_bytes: u32,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            environment: Vec::new(),
            remote_command: None,
            request_tty: RequestTty::Auto,
            permit_remote_open: PermitRemoteOpen::Any,
            window_bytes: WINDOW_BYTES,
        }
    }
}

/// How a connection is kept. The default is what Bowline does on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upkeep {
    pub server_alive: Option<ServerAlive>,
    /// What the person has set for hosts about which nothing else is said: a peer that is quiet for so long is asked for a
    /// sign of life.
    pub quiet: Option<Duration>,
    /// `RekeyLimit`: after so many bytes, both ways together, or so much time. They can only make new keys come earlier.
    pub rekey_bytes: Option<u64>,
    pub rekey_time: Option<Duration>,
}

/// `ServerAliveInterval` and `ServerAliveCountMax`. Whatever they say, a dead peer is known within 30 seconds, unless the person
/// has set otherwise: they can only make Bowline ask earlier and give up earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerAlive {
    pub interval: Duration,
    pub count_max: u32,
}
