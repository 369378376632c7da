//! An ssh-agent of a test's own, ended by its number, and agents that misbehave.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::eventually::eventually;
use crate::sshd::{HostKeyType, make_key};

/// A running ssh-agent with a folder for keys.
#[derive(Debug)]
pub struct Agent {
    process: Child,
    folder: TempDir,
}

impl Agent {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("agent");
        let process = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            // A key that is to be confirmed is declined: there is nobody to ask.
            .env("SSH_ASKPASS", "/bin/false")
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh-agent is installed");
        let agent = Self { process, folder };
        eventually("the agent listens", || socket.exists()).await;
        agent
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a key, and its certificate if one lies beside it.
    pub fn add(&self, key: &Path) {
        self.add_with(&[], key);
    }

    pub fn add_with(&self, options: &[&str], key: &Path) {
        let mut adding = Command::new("ssh-add");
        adding.arg("-q").args(options).arg(key).env("SSH_AUTH_SOCK", self.socket());
        assert!(adding.status().expect("ssh-add is installed").success());
    }

    /// Adds this many keys that nobody knows.
    pub fn add_strangers(&self, number: usize) {
        for number in 0..number {
            let key = self.folder.path().join(format!("stranger-{number}"));
            make_key(HostKeyType::Ed25519, &key, "");
            self.add(&key);
        }
    }

    /// What `ssh-add -l` says.
    pub fn list(&self) -> String {
        let output = Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", self.socket()).output();
        String::from_utf8_lossy(&output.expect("ssh-add is installed").stdout).into_owned()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
