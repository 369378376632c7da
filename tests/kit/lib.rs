//! The test kit: real servers, faulty networks and hostile peers, all on loopback, each with its own keys, ports and files.
//!
//! ```text
//! desk.rs            an engine with a person in front of it
//! sshd.rs            a real OpenSSH sshd for one test
//! dropbear.rs        a real dropbear with sftp-server, for the test user
//! agent.rs           an ssh-agent of a test's own
//! account.rs         the machine's test user, for passwords
//! processes.rs       stopping and ending processes and what they started, by number
//! fault_proxy.rs     a TCP proxy that delays, limits, freezes, cuts and corrupts, as told while it runs
//! long_link.rs       a link between two network namespaces with delay, loss, rate and black hole
//! hostile_server.rs  a TCP server that follows a script
//! proxies.rs         a SOCKS5 and an HTTP CONNECT proxy
//! raw_ssh.rs         an SSH server that says anything, right or wrong, under real encryption
//! memory.rs          what a test's process costs, and whether anything panicked
//! screen.rs          a window that shows a terminal slowly, or not at all
//! tunnels.rs         programs at both ends of a tunnel, and what is told of it
//! pipes.rs           two hosts, and what is left of the programs of a pipe
//! eventually.rs      waiting for a condition with a deadline
//! ```

pub mod account;
pub mod agent;
pub mod desk;
#[cfg(target_os = "linux")]
pub mod dropbear;
pub mod eventually;
pub mod fault_proxy;
pub mod hostile_server;
#[cfg(unix)]
pub mod jobs;
#[cfg(target_os = "linux")]
pub mod long_link;
pub mod memory;
pub mod pipes;
pub mod processes;
pub mod proxies;
pub mod raw_ssh;
pub mod screen;
pub mod sshd;
pub mod tunnels;

use std::fmt;

/// Something that this machine does not offer, and so a test that needs it cannot run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable(pub String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// Returns what is there, or says why the test is skipped. With `BOWLINE_TESTS_SKIP=never` in the environment (for the
/// machines where everything has to run) a skipped test fails instead.
pub fn available<T>(what: Result<T, Unavailable>) -> Option<T> {
    match what {
        Ok(what) => Some(what),
        Err(reason) => {
            let required = std::env::var("BOWLINE_TESTS_SKIP").is_ok_and(|policy| policy == "never");
            assert!(!required, "cannot run here: {reason}");
            eprintln!("SKIPPED: {reason}");
            None
        }
    }
}
