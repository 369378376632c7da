//! Dropbear, a server that is not OpenSSH, with OpenSSH's sftp-server: small windows, packets of another size, no extensions
//! of the host key, and one way to log in here, the test user's password.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Unavailable;
use crate::account::Account;
use crate::eventually::eventually;
use crate::processes;

const PROGRAM: &str = "/usr/sbin/dropbear";
/// Where dropbear looks for it.
const SFTP_SERVER: &str = "/usr/lib/sftp-server";

/// A running dropbear. It ends with its value, with everything that its sessions run.
#[derive(Debug)]
pub struct Dropbear {
    folder: TempDir,
    port: u16,
    account: Account,
    listener: Child,
}

impl Dropbear {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// It is not installed (`apt-get install dropbear-bin openssh-sftp-server`), or there can be no test user.
    pub async fn start() -> Result<Dropbear, Unavailable> {
        for program in [PROGRAM, SFTP_SERVER] {
            if !std::path::Path::new(program).exists() {
                return Err(Unavailable(format!(
                    "{program} is not installed (dropbear-bin, openssh-sftp-server)"
                )));
            }
        }
        let account = Account::of_this_machine()?;
        let folder = TempDir::with_prefix("dropbear-").expect("a folder");
        let key = folder.path().join("host_key");
        let made = Command::new("dropbearkey")
            .args(["-t", "ed25519", "-f"])
            .arg(&key)
            .stdout(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "dropbearkey makes a key");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = port.expect("a free port").port();
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let listener = Command::new(PROGRAM)
            .args(["-F", "-E", "-p", &format!("127.0.0.1:{port}"), "-r"])
            .arg(&key)
            .arg("-P")
            .arg(folder.path().join("pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("dropbear starts");
        let this = Self { folder, port, account, listener };
        eventually("dropbear listens", || this.log().contains("Not backgrounding")).await;
        Ok(this)
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub fn user(&self) -> &str {
        &self.account.user
    }

    pub fn password(&self) -> &str {
        &self.account.password
    }

    /// A line of a known_hosts file that names it.
    pub fn known_hosts(&self) -> String {
        let shown =
            Command::new("dropbearkey").arg("-y").arg("-f").arg(self.folder.path().join("host_key")).output();
        let shown = String::from_utf8(shown.expect("dropbearkey runs").stdout).expect("text");
        let key = shown.lines().find(|line| line.starts_with("ssh-ed25519 ")).expect("its public key");
        format!("[127.0.0.1]:{} {key}\n", self.port)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Dropbear {
    fn drop(&mut self) {
        processes::kill_tree(self.listener.id());
        // It was killed just now, so this does not wait for long.
        let _ = self.listener.wait();
        if std::thread::panicking() {
            eprintln!("dropbear said:\n{}", self.log());
        }
    }
}
