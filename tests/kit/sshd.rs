//! A real OpenSSH sshd for one test, with its own keys, configuration, log and port on loopback.
//!
//! ```no_run
//! # async fn example() -> Option<()> {
//! use bowline_tests::{available, sshd::Sshd};
//! let sshd = available(Sshd::builder().config_line("MaxSessions 3").start().await)?;
//! let (address, user, key) = (sshd.address(), sshd.user(), sshd.client_key_file());
//! # Some(())
//! # }
//! ```
//!
//! It ends with its value, by process number, together with everything that its sessions run. When a test fails its log is
//! printed.

mod builder;
mod keys;
mod openssh;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Child;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::Unavailable;
use crate::account::Account;
use crate::eventually::eventually;
use crate::processes;

pub use builder::SshdBuilder;
pub use keys::{HostKeyType, make_key};

/// A running sshd.
pub struct Sshd {
    folder: TempDir,
    ip: Ipv4Addr,
    port: u16,
    user: String,
    account: Option<Account>,
    /// None while it is stopped.
    listener: Option<Child>,
}

impl Sshd {
    /// An sshd with an ed25519 host key that lets the current user in with one key.
    pub async fn start() -> Result<Sshd, Unavailable> {
        Sshd::builder().start().await
    }

    /// An sshd with other settings.
    pub fn builder() -> SshdBuilder {
        SshdBuilder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (self.ip, self.port).into()
    }

    /// The user that may log in: the one the tests run as or, with a password, the machine's test user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The user's password, if the server was built to accept one.
    pub fn password(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.password.as_str())
    }

    /// The private key that the user may log in with, in OpenSSH's format, without a passphrase. Its public half is beside
    /// it, with `.pub` added.
    pub fn client_key_file(&self) -> PathBuf {
        self.folder.path().join("client_key")
    }

    /// One of its host keys, as it stands in a public key file.
    pub fn host_key(&self, kind: HostKeyType) -> String {
        let file = self.folder.path().join(kind.file_name()).with_extension("pub");
        std::fs::read_to_string(&file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()))
    }

    /// Lines for a known_hosts file that name this server by address and port.
    pub fn known_hosts(&self) -> String {
        HostKeyType::ALL
            .iter()
            .filter(|kind| self.folder.path().join(kind.file_name()).exists())
            .map(|&kind| format!("[{}]:{} {}\n", self.ip, self.port, self.host_key(kind).trim_end()))
            .collect()
    }

    /// A folder of this server, for whatever else a test needs. It is removed with the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that it has logged so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until its log contains this text.
    pub async fn logged(&self, text: &str) {
        eventually(&format!("{text:?} in the log of sshd"), || self.log().contains(text)).await;
    }

    /// Its listening process, none while it is stopped.
    pub fn process(&self) -> Option<u32> {
        self.listener.as_ref().map(Child::id)
    }

    /// The sshd processes of its connections (one or two each), without the programs that they run.
    pub fn sessions(&self) -> Vec<u32> {
        self.process()
            .map(processes::descendants)
            .unwrap_or_default()
            .into_iter()
            .filter(|&process| processes::name(process).is_some_and(|name| name.starts_with("sshd")))
            .collect()
    }

    /// Freezes its connections: they neither read nor answer, while their sockets stay open. New ones are served.
    pub fn freeze_sessions(&self) {
        self.signal_sessions(Signal::STOP);
    }

    /// Lets frozen connections go on.
    pub fn thaw_sessions(&self) {
        self.signal_sessions(Signal::CONT);
    }

    /// Kills its connections as a crash would; it goes on listening.
    pub fn kill_sessions(&self) {
        self.signal_sessions(Signal::KILL);
    }

    /// Freezes one process of a connection, one of [`Sshd::sessions`]: its peers see a host that hangs.
    pub fn freeze_session(&self, process: u32) {
        processes::send(process, Signal::STOP);
    }

    /// Kills one process of a connection, one of [`Sshd::sessions`]. Other connections are left alone.
    pub fn kill_session(&self, process: u32) {
        processes::send(process, Signal::KILL);
    }

    /// Takes one of the places that `MaxStartups` leaves for connections that have not logged in, until it is dropped.
    pub async fn hold_startup_place(&self) -> tokio::net::TcpStream {
        let mut place = tokio::net::TcpStream::connect(self.address()).await.expect("sshd listens");
        // Its identification says that it counts this one.
        let _ = tokio::io::AsyncReadExt::read_u8(&mut place).await.expect("sshd speaks");
        place
    }

    fn signal_sessions(&self, signal: Signal) {
        for session in self.sessions() {
            processes::send(session, signal);
        }
    }

    /// Stops it with all its connections and what they run, as a power cut would. [`Sshd::restart`] brings it back.
    pub fn stop(&mut self) {
        if let Some(mut listener) = self.listener.take() {
            processes::kill_tree(listener.id());
            // It was killed, so this cannot wait for long; without it the process would stay as a zombie.
            let _ = listener.wait();
        }
    }

    /// Starts it again, on the same port with the same keys.
    pub async fn restart(&mut self) {
        self.stop();
        let listener = builder::listen(self.folder.path())
            .await
            .unwrap_or_else(|log| panic!("sshd did not come back:\n{log}"));
        self.listener = Some(listener);
    }
}

impl Sshd {
    /// Starts it again on the same port with new host keys: a server that was set up anew, or another one at its address.
    /// [`Sshd::known_hosts`] speaks of the new keys from then on.
    pub async fn restart_with_other_host_keys(&mut self) {
        self.stop();
        for kind in HostKeyType::ALL {
            let file = self.folder.path().join(kind.file_name());
            if file.exists() {
                for old in [file.clone(), file.with_extension("pub")] {
                    std::fs::remove_file(old).expect("the old key is removed");
                }
                make_key(kind, &file, "");
            }
        }
        self.restart().await;
    }

    /// Starts it again on the same port with one more line of configuration, which wins over all earlier ones.
    pub async fn restart_with_config_line(&mut self, line: &str) {
        self.stop();
        let file = self.folder.path().join("config");
        let old = std::fs::read_to_string(&file).expect("its configuration");
        std::fs::write(&file, format!("{line}\n{old}")).expect("the configuration is written");
        self.restart().await;
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- log of sshd on port {} ---\n{}--- end of log ---", self.port, self.log());
        }
    }
}

impl fmt::Debug for Sshd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sshd").field("port", &self.port).field("user", &self.user).finish_non_exhaustive()
    }
}
