//! The settings of a test's sshd, and its start.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::keys::{HostKeyType, make_key};
use super::{Sshd, processes};
use crate::Unavailable;
use crate::account::Account;
use crate::eventually::{PATIENCE, holds_within};

/// sshd runs itself again for each connection and therefore wants an absolute path.
const PROGRAM: &str = "/usr/sbin/sshd";
/// A port that was free can be taken before sshd opens it; this many of them are tried.
const PORTS_TRIED: usize = 8;
/// In its folder: what is its /etc/hosts, if it has one of its own.
const NAMES: &str = "hosts";

/// How a test's sshd is set up.
#[derive(Debug, Default)]
#[must_use = "nothing runs until it is started"]
pub struct SshdBuilder {
    lines: Vec<String>,
    blocks: Vec<String>,
    host_keys: Vec<HostKeyType>,
    authorized_keys: Vec<String>,
    passwords: Passwords,
    listen_on: Option<Ipv4Addr>,
    names: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Passwords {
    #[default]
    Refused,
    Accepted,
    /// As answers to questions, which OpenSSH offers through PAM only.
    Asked,
}

impl SshdBuilder {
    /// Adds a line to the configuration. It comes before the kit's own, and sshd takes the first value that it sees.
    pub fn config_line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// At most this many sessions on one connection; a further channel is refused (`MaxSessions`).
    pub fn max_sessions(self, most: u32) -> Self {
        self.config_line(&format!("MaxSessions {most}"))
    }

    /// At most this many connections that have not logged in; a further one is told so and closed (`MaxStartups`).
    /// [`Sshd::hold_startup_place`] takes such a place.
    pub fn max_startups(self, most: u32) -> Self {
        self.config_line(&format!("MaxStartups {most}"))
    }

    /// New keys are exchanged after so many bytes or so much time, such as `256K 5s` (`RekeyLimit`).
    pub fn rekey_limit(self, limit: &str) -> Self {
        self.config_line(&format!("RekeyLimit {limit}"))
    }

    /// Adds a `Match` block to the end of the configuration.
    pub fn match_block(mut self, block: &str) -> Self {
        self.blocks.push(block.to_owned());
        self
    }

    /// Sets the types of its host keys; without this it has an ed25519 key.
    pub fn host_keys(mut self, kinds: &[HostKeyType]) -> Self {
        self.host_keys = kinds.to_vec();
        self
    }

    /// Lets one more public key in, given as a line of an authorized_keys file, options included.
    pub fn authorize(mut self, public_key: &str) -> Self {
        self.authorized_keys.push(public_key.trim_end().to_owned());
        self
    }

    /// Listens on this address instead of loopback. At an end of a long link, start it there:
    /// `link.far(|| runtime.block_on(Sshd::builder().listen_on(FAR).start()))`.
    pub fn listen_on(mut self, address: Ipv4Addr) -> Self {
        self.listen_on = Some(address);
        self
    }

    /// Knows loopback by this name, which nobody else on this machine knows: sshd and what it runs have an /etc/hosts of their
    /// own.
    pub fn knows_loopback_as(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    /// Accepts the test user's password, with the method `password`. The only user is then [`Sshd::user`]. Keys stay
    /// accepted; `config_line("AuthenticationMethods publickey,password")` asks for both.
    pub fn password(mut self) -> Self {
        self.passwords = Passwords::Accepted;
        self
    }

    /// Asks for the test user's password with the method `keyboard-interactive`, through PAM.
    pub fn keyboard_interactive(mut self) -> Self {
        self.passwords = Passwords::Asked;
        self
    }

    /// Starts it and waits until it listens. Panics, with its log, if its configuration is wrong.
    pub async fn start(self) -> Result<Sshd, Unavailable> {
        if !Path::new(PROGRAM).exists() {
            return Err(Unavailable(format!("{PROGRAM} is not installed")));
        }
        prepare_privilege_separation()?;
        if !self.names.is_empty() {
            must_have_own_mounts()?;
        }
        let account = match self.passwords {
            Passwords::Refused => None,
            Passwords::Accepted => Some(Account::of_this_machine()?),
            Passwords::Asked => {
                if !Path::new("/etc/pam.d/sshd").exists() {
                    return Err(Unavailable("keyboard-interactive needs /etc/pam.d/sshd".into()));
                }
                Some(Account::of_this_machine()?)
            }
        };
        let user = match &account {
            Some(account) => account.user.clone(),
            None => current_user()?,
        };
        let folder = self.write_keys();
        if !self.names.is_empty() {
            let names = format!("127.0.0.1 localhost {}\n", self.names.join(" "));
            std::fs::write(folder.path().join(NAMES), names).expect("its names are written");
        }
        let mut log = String::new();
        for _ in 0..PORTS_TRIED {
            let port = free_port();
            std::fs::write(folder.path().join("config"), self.config(folder.path(), port))
                .expect("the configuration is written");
            match listen(folder.path()).await {
                Ok(listener) => {
                    let ip = self.ip();
                    return Ok(Sshd { folder, ip, port, user, account, listener: Some(listener) });
                }
                Err(text) if text.contains("Address already in use") => log = text,
                Err(text) => panic!("sshd does not start:\n{text}"),
            }
        }
        panic!("sshd found no free port in {PORTS_TRIED} tries:\n{log}");
    }

    fn write_keys(&self) -> TempDir {
        let folder = TempDir::with_prefix("sshd-").expect("a folder for sshd");
        // sshd reads authorized_keys as the user who logs in.
        set_mode(folder.path(), 0o755);
        for kind in self.kinds() {
            make_key(*kind, &folder.path().join(kind.file_name()), "");
        }
        let home = folder.path().join("home");
        std::fs::create_dir(&home).expect("a home");
        set_mode(&home, 0o777);
        let client_key = folder.path().join("client_key");
        make_key(HostKeyType::Ed25519, &client_key, "");
        let own = std::fs::read_to_string(client_key.with_extension("pub")).expect("the client's public key");
        let authorized = folder.path().join("authorized_keys");
        let mut lines = vec![own.trim_end().to_owned()];
        lines.extend(self.authorized_keys.iter().cloned());
        std::fs::write(&authorized, lines.join("\n") + "\n").expect("authorized_keys is written");
        set_mode(&authorized, 0o644);
        folder
    }

    fn ip(&self) -> Ipv4Addr {
        self.listen_on.unwrap_or(Ipv4Addr::LOCALHOST)
    }

    fn kinds(&self) -> &[HostKeyType] {
        if self.host_keys.is_empty() { &[HostKeyType::Ed25519] } else { &self.host_keys }
    }

    fn config(&self, folder: &Path, port: u16) -> String {
        let folder = folder.display();
        let (pam, password, interactive) = match self.passwords {
            Passwords::Refused => ("no", "no", "no"),
            Passwords::Accepted => ("no", "yes", "no"),
            Passwords::Asked => ("yes", "no", "yes"),
        };
        let mut lines = self.lines.clone();
        lines.extend([
            format!("ListenAddress {}:{port}", self.ip()),
            format!("AuthorizedKeysFile {folder}/authorized_keys"),
            "PidFile none".into(),
            "LogLevel VERBOSE".into(),
            "StrictModes no".into(),
            "PermitRootLogin yes".into(),
            format!("UsePAM {pam}"),
            format!("PasswordAuthentication {password}"),
            format!("KbdInteractiveAuthentication {interactive}"),
            "PrintMotd no".into(),
            "PrintLastLog no".into(),
            "Subsystem sftp internal-sftp".into(),
            // What the account's own start-up files do (and how long that takes) is no matter of a test.
            format!("SetEnv HOME={folder}/home"),
        ]);
        // Tests open many connections at once and fail to log in on purpose. Of this keyword alone sshd takes the last value.
        if !self.lines.iter().any(|line| line.starts_with("MaxStartups")) {
            lines.push("MaxStartups 2000".into());
        }
        lines.extend(self.kinds().iter().map(|kind| format!("HostKey {folder}/{}", kind.file_name())));
        lines.extend(self.blocks.iter().cloned());
        lines.join("\n") + "\n"
    }
}

/// Starts it on the folder's configuration and waits until it says that it listens. The error is what it logged instead.
pub(super) async fn listen(folder: &Path) -> Result<Child, String> {
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let earlier = log().len();
    let mut listener = spawn(folder);
    let mut ended = false;
    let decided = holds_within(PATIENCE, || {
        ended = !matches!(listener.try_wait(), Ok(None));
        ended || log()[earlier..].contains("Server listening on")
    })
    .await;
    if decided && !ended {
        return Ok(listener);
    }
    if !ended {
        processes::kill_tree(listener.id());
        // It was killed just now, so this does not wait for long.
        let _ = listener.wait();
    }
    Err(log().split_off(earlier))
}

/// Its log goes to the folder, too.
fn spawn(folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).expect("a log for sshd");
    let names = folder.join(NAMES);
    let mut command = match names.exists() {
        false => Command::new(PROGRAM),
        true => {
            let mut command = Command::new("unshare");
            // Each of them becomes the next one, so that the process stays the one that was started.
            let line = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
            command.args(["--mount", "sh", "-c", line]).arg(names).arg(PROGRAM);
            command
        }
    };
    command
        .args(["-D", "-e", "-f"])
        .arg(folder.join("config"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log again"))
        .stderr(log)
        .spawn()
        .expect("sshd runs")
}

/// As root, sshd wants an empty folder for its unprivileged half, which the system's start-up scripts make.
fn prepare_privilege_separation() -> Result<(), Unavailable> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let folder = Path::new("/run/sshd");
    if !folder.exists() {
        std::fs::create_dir_all(folder)
            .map_err(|cause| Unavailable(format!("cannot make {folder:?}: {cause}")))?;
        set_mode(folder, 0o755);
    }
    Ok(())
}

fn must_have_own_mounts() -> Result<(), Unavailable> {
    let line = "mount --bind /etc/hosts /etc/hosts";
    let tried = Command::new("unshare").args(["--mount", "sh", "-c", line]).output();
    match tried {
        Ok(tried) if tried.status.success() => Ok(()),
        Ok(tried) => {
            Err(Unavailable(format!("no mounts of its own: {}", String::from_utf8_lossy(&tried.stderr))))
        }
        Err(cause) => Err(Unavailable(format!("unshare does not run: {cause}"))),
    }
}

fn current_user() -> Result<String, Unavailable> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .and_then(|fields| fields.first().map(|user| (*user).to_owned()))
        .ok_or_else(|| Unavailable(format!("the user number {uid} has no name in /etc/passwd")))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
    listener.local_addr().expect("its address").port()
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode is set");
}
