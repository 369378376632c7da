//! The command in a home of its own: nobody's hosts, keys, agent or keyring.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use bowline_tests::sshd::Sshd;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

pub mod terminal;

pub const BOWLINE: &str = env!("CARGO_BIN_EXE_bowline");
/// Longest run of a command; a busy machine needs some of it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Variables that would lead to somebody else's things.
const STRANGE: &[&str] = &[
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "BOWLINE_LOG",
];

#[derive(Debug)]
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        let home = TempDir::with_prefix("home-").expect("a home");
        std::fs::create_dir(home.path().join(".ssh")).expect("a folder for keys");
        Self(home)
    }

    /// A home whose config calls a server `server`, and that trusts it.
    pub fn at(sshd: &Sshd) -> Self {
        let home = Self::new();
        home.config(&format!("Host server\n{}", Self::lines(sshd, sshd.address().port())));
        home.know(sshd);
        home
    }

    /// The lines of a Host block that lead to a server by some port and log in.
    pub fn lines(sshd: &Sshd, port: u16) -> String {
        format!(
            "  HostName 127.0.0.1\n  Port {port}\n  User {}\n  IdentityFile {}\n",
            sshd.user(),
            sshd.client_key_file().display()
        )
    }

    pub fn config(&self, text: &str) {
        std::fs::write(self.path().join(".ssh/config"), text).expect("the config is written");
    }

    pub fn know(&self, sshd: &Sshd) {
        std::fs::write(self.known_hosts(), sshd.known_hosts()).expect("known_hosts is written");
    }

    pub fn known_hosts(&self) -> PathBuf {
        self.path().join(".ssh/known_hosts")
    }

    /// Where the app keeps its hosts.
    pub fn data_dir(&self) -> PathBuf {
        self.path().join(".local/share/dev.bowline.desktop")
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Any program in this home, without a terminal.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setsid");
        command.arg("--wait").arg(program.as_ref());
        command.env("HOME", self.path()).env("LC_ALL", "C.UTF-8").current_dir(self.path());
        for name in STRANGE {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// `bowline` with these arguments, to its end.
    pub async fn bowline(&self, arguments: &[&str]) -> Ran {
        finish(self.program(BOWLINE).args(arguments), b"").await
    }

    pub async fn bowline_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        finish(self.program(BOWLINE).args(arguments), input).await
    }

    /// A line for the shell, where `$BOWLINE` is the command.
    pub async fn shell(&self, line: &str) -> Ran {
        finish(self.program("bash").args(["-c", line]).env("BOWLINE", BOWLINE), b"").await
    }
}

/// How a program went.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

pub async fn finish(command: &mut Command, input: &[u8]) -> Ran {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("it runs");
    let stdin = child.stdin.take();
    let writing = async {
        if let Some(mut stdin) = stdin {
            // It may have ended without reading all.
            let _ = stdin.write_all(input).await;
        }
    };
    let running = async { tokio::join!(writing, child.wait_with_output()).1 };
    let Output { status, stdout, stderr } = tokio::time::timeout(PATIENCE, running)
        .await
        .expect("it ends in time")
        .expect("it can be waited for");
    Ran { status: status.code(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
}
