//! Other clients at their way to a prompt.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bowline_tests::long_link::LongLink;
use bowline_tests::sshd::Sshd;

const PATIENCE: Duration = Duration::from_secs(30);

/// A client that is ended with its value.
pub struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `ssh` at the near end of the link, up to its destination.
pub fn ssh(link: &LongLink, sshd: &Sshd) -> Command {
    let known = sshd.folder().join("known_hosts");
    std::fs::write(&known, sshd.known_hosts()).expect("known_hosts is written");
    let mut command = link.near_command("ssh");
    command.args([
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentityAgent=none",
        "-o",
        "IdentitiesOnly=yes",
    ]);
    command
        .arg("-o")
        .arg(format!("UserKnownHostsFile={}", known.display()))
        .arg("-i")
        .arg(sshd.client_key_file());
    command.args(["-p", &sshd.address().port().to_string(), "-l", sshd.user()]);
    command
}

/// A terminal by ssh.
pub fn ssh_terminal(link: &LongLink, sshd: &Sshd) -> Command {
    let mut command = ssh(link, sshd);
    command.arg("-tt").arg(sshd.address().ip().to_string());
    command
}

/// A master connection that is up, with its socket.
pub fn master(link: &LongLink, sshd: &Sshd, socket: &Path) -> Peer {
    let mut command = ssh(link, sshd);
    command.arg("-M").arg("-N").arg("-S").arg(socket).arg(sshd.address().ip().to_string());
    let peer = Peer(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("ssh runs"));
    let started = Instant::now();
    while !socket.exists() {
        assert!(started.elapsed() < PATIENCE, "ssh makes no master connection");
        std::thread::sleep(Duration::from_millis(10));
    }
    peer
}

/// Another terminal over a master connection.
pub fn over_master(link: &LongLink, sshd: &Sshd, socket: &Path) -> Command {
    let mut command = ssh(link, sshd);
    command.arg("-S").arg(socket).arg("-tt").arg(sshd.address().ip().to_string());
    command
}

/// A terminal by plink, with a key that puttygen has converted; the reason if there are none here.
pub fn plink_terminal(link: &LongLink, sshd: &Sshd) -> Result<Command, String> {
    let key = sshd.folder().join("client_key.ppk");
    if !key.exists() {
        let converted = Command::new("puttygen")
            .arg(sshd.client_key_file())
            .args(["-O", "private", "-o"])
            .arg(&key)
            .output();
        let converted = converted.map_err(|cause| format!("puttygen (putty-tools): {cause}"))?;
        if !converted.status.success() {
            return Err(format!("puttygen: {}", String::from_utf8_lossy(&converted.stderr)));
        }
    }
    let fingerprint =
        Command::new("ssh-keygen").arg("-lf").arg(sshd.folder().join("host_ed25519.pub")).output();
    let fingerprint = fingerprint.map_err(|cause| format!("ssh-keygen: {cause}"))?;
    let fingerprint = String::from_utf8_lossy(&fingerprint.stdout);
    let fingerprint = fingerprint.split(' ').nth(1).ok_or("ssh-keygen names no fingerprint")?.to_owned();
    let mut command = link.near_command("plink");
    // Its files lie in a home of their own.
    command.env("HOME", sshd.folder()).args(["-ssh", "-batch", "-t", "-noagent", "-i"]).arg(&key);
    command.args(["-hostkey", &fingerprint, "-P", &sshd.address().port().to_string(), "-l", sshd.user()]);
    command.arg(sshd.address().ip().to_string());
    Ok(command)
}

/// Milliseconds from the start of a client to the first byte of its terminal.
pub fn first_output(mut command: Command) -> f64 {
    let started = Instant::now();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut peer = Peer(child.expect("the client runs"));
    let mut first = [0];
    let read = peer.0.stdout.take().expect("a pipe").read(&mut first);
    assert!(matches!(read, Ok(1)), "{command:?} showed nothing: {read:?}");
    started.elapsed().as_secs_f64() * 1000.0
}
