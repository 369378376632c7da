//! The system's own client programs against a test's sshd.

use std::os::unix::fs::OpenOptionsExt;

use tokio::process::Command;

use super::Sshd;

impl Sshd {
    /// `ssh`, `sftp`, `scp` or `ssh-keyscan`'s like, with this server's user, port and keys, and nothing of the person's
    /// own configuration. The destination is for the caller to add: any name will do for the host, as `127.0.0.1` does.
    ///
    /// If the server accepts a password the program is given it when it asks. It ends when it is dropped.
    pub fn openssh(&self, program: &str) -> Command {
        self.openssh_through(program, self.address().port())
    }

    /// The same by way of another port on loopback, such as a proxy's. The host key is still this server's.
    pub fn openssh_through(&self, program: &str, port: u16) -> Command {
        let known = self.folder().join("known_hosts");
        std::fs::write(&known, self.known_hosts()).expect("known_hosts is written");
        let mut command = Command::new(program);
        command.args(["-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "IdentityAgent=none"]);
        command.arg("-o").arg(format!("HostKeyAlias=[{}]:{}", self.address().ip(), self.address().port()));
        command.arg("-o").arg(format!("UserKnownHostsFile={}", known.display()));
        command.arg("-o").arg(format!("Hostname={}", self.address().ip()));
        command.arg("-o").arg(format!("Port={port}")).arg("-o").arg(format!("User={}", self.user()));
        command.arg("-o").arg("IdentitiesOnly=yes").arg("-i").arg(self.client_key_file());
        match self.password() {
            Some(password) => self.answer_with(password, &mut command),
            None => {
                command.args(["-o", "BatchMode=yes"]);
            }
        }
        command.kill_on_drop(true);
        command
    }

    /// Makes ssh ask a script of this server's folder. The password travels in a file that only its owner can read.
    fn answer_with(&self, password: &str, command: &mut Command) {
        let secret = self.folder().join("password");
        let script = self.folder().join("askpass");
        let write = |path: &std::path::Path, mode: u32, text: &str| {
            let mut options = std::fs::File::options();
            let file = options.write(true).create(true).truncate(true).mode(mode).open(path);
            std::io::Write::write_all(&mut file.expect("created"), text.as_bytes()).expect("written");
        };
        write(&secret, 0o600, password);
        write(&script, 0o700, &format!("#!/bin/sh\nexec cat {}\n", secret.display()));
        command.env("SSH_ASKPASS", script).env("SSH_ASKPASS_REQUIRE", "force");
        command.args(["-o", "NumberOfPasswordPrompts=1"]);
    }
}
