//! A demo host to test, a russh client that pins its key, and the system's OpenSSH against it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bowline_demo::{DemoConfig, DemoHost};
use russh::client::{self, AuthResult, Msg};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

/// Longest wait for anything in these tests; a busy machine needs some of it, a right answer does not.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running host with a folder of its own.
pub struct Bed {
    pub host: DemoHost,
    pub files: TempDir,
    keys: TempDir,
}

/// Accepts exactly one host key.
pub struct Pinned(PublicKey);

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(matches!(key, PublicKeyOrCertificate::PublicKey { key, .. } if *key == self.0))
    }
}

pub type Client = client::Handle<Pinned>;

impl Bed {
    /// A host whose shell is `sh`: no start-up files of the person's own shell, no history written.
    pub async fn start() -> Bed {
        Bed::with_shell(Some("/bin/sh".into())).await
    }

    pub async fn with_shell(shell: Option<PathBuf>) -> Bed {
        let files = tempfile::tempdir().expect("a folder for files");
        let config = DemoConfig { files: files.path().to_owned(), start: String::new(), shell };
        let host = DemoHost::start(config).await.expect("the host starts");
        Bed { host, files, keys: tempfile::tempdir().expect("a folder for keys") }
    }

    /// A connection that is not logged in.
    pub async fn stranger(&self) -> Client {
        self.stranger_on(TcpSocket::new_v4().expect("a socket")).await
    }

    async fn stranger_on(&self, socket: TcpSocket) -> Client {
        let socket = socket.connect(self.host.address()).await.expect("the host answers");
        let pinned = Pinned(self.host.host_key());
        client::connect_stream(Arc::default(), socket, pinned).await.expect("the host answers")
    }

    /// A connection that is logged in.
    pub async fn client(&self) -> Client {
        self.log_in(self.stranger().await).await
    }

    /// A connection that is logged in and whose socket holds little, as on systems other than Linux.
    pub async fn client_with_small_buffers(&self) -> Client {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_send_buffer_size(16 * 1024).expect("set");
        socket.set_recv_buffer_size(16 * 1024).expect("set");
        self.log_in(self.stranger_on(socket).await).await
    }

    async fn log_in(&self, mut client: Client) -> Client {
        let entered = enter(&mut client, self.host.user(), self.host.client_key()).await;
        assert!(entered.success(), "{entered:?}");
        client
    }

    /// Runs a command and collects all of its answer.
    pub async fn run(&self, command: &str) -> Answer {
        let client = self.client().await;
        let channel = client.channel_open_session().await.expect("a channel");
        channel.exec(true, command).await.expect("sent");
        Answer::of(channel).await
    }

    /// Where [`Bed::openssh`] puts the key.
    pub fn key_file(&self) -> PathBuf {
        self.keys.path().join("key")
    }

    /// The system's `ssh`, `sftp` or `scp` with this host's keys and nothing of the person's configuration.
    pub fn openssh(&self, program: &str) -> Command {
        let key = self.key_file();
        let known = self.keys.path().join("known_hosts");
        if !known.exists() {
            let text = self.host.client_key().to_openssh(Default::default()).expect("encodes");
            write_private(&key, text.as_bytes());
            let line = format!("demo {}\n", self.host.host_key().to_openssh().expect("encodes"));
            std::fs::write(&known, line).expect("written");
        }
        let mut command = Command::new(program);
        command.args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "HostKeyAlias=demo",
        ]);
        command.args([
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "IdentityAgent=none",
            "-o",
            "Hostname=127.0.0.1",
        ]);
        command.arg("-o").arg(format!("UserKnownHostsFile={}", known.display()));
        command.arg("-o").arg(format!("Port={}", self.host.address().port()));
        command.arg("-o").arg(format!("User={}", self.host.user()));
        command.arg("-i").arg(key).kill_on_drop(true);
        command
    }
}

fn write_private(path: &std::path::Path, text: &[u8]) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).expect("created");
    file.write_all(text).expect("written");
}

pub async fn enter(client: &mut Client, user: &str, key: Arc<PrivateKey>) -> AuthResult {
    let key = PrivateKeyWithHashAlg::new(key, None);
    client.authenticate_publickey(user, key).await.expect("an answer")
}

/// Everything that a command answered, in the order of its end.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub output: String,
    pub errors: String,
    pub status: Option<u32>,
    pub signal: Option<String>,
    pub ended: bool,
    pub closed: bool,
}

impl Answer {
    pub async fn of(mut channel: Channel<Msg>) -> Answer {
        let mut answer = Answer::default();
        while let Some(message) = timeout(PATIENCE, channel.wait()).await.expect("an answer in time") {
            match message {
                ChannelMsg::Data { data } => answer.output += &String::from_utf8_lossy(&data),
                ChannelMsg::ExtendedData { data, ext: 1 } => answer.errors += &String::from_utf8_lossy(&data),
                ChannelMsg::ExitStatus { exit_status } => answer.status = Some(exit_status),
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    answer.signal = Some(format!("{signal_name:?}"))
                }
                ChannelMsg::Eof => answer.ended = true,
                ChannelMsg::Close => answer.closed = true,
                _ => {}
            }
        }
        answer
    }
}

/// A shell on a terminal.
pub struct Shell {
    pub channel: Channel<Msg>,
    /// Everything printed so far.
    pub screen: String,
}

impl Shell {
    pub async fn open(client: &Client) -> Shell {
        let channel = client.channel_open_session().await.expect("a channel");
        channel.request_pty(true, "xterm-256color", 80, 24, 0, 0, &[]).await.expect("sent");
        channel.request_shell(true).await.expect("sent");
        Shell { channel, screen: String::new() }
    }

    pub async fn type_keys(&self, keys: &str) {
        self.channel.data(keys.as_bytes()).await.expect("typed");
    }

    /// Reads until this text was printed since the last time that something was waited for.
    pub async fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut searched = 0;
        loop {
            if let Some(found) = self.screen[searched..].find(text) {
                self.screen.drain(..searched + found + text.len());
                return;
            }
            // The text may lie across two packets.
            searched = tail(&self.screen, text.len());
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout(left, self.channel.wait()).await {
                Ok(Some(ChannelMsg::Data { data })) => self.screen += &String::from_utf8_lossy(&data),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => {
                    let last = &self.screen[tail(&self.screen, 2000)..];
                    panic!("{text:?} was not printed; this was, at last: {last:?}");
                }
            }
        }
    }
}

/// Where the last so many bytes of a text start, or up to three more.
fn tail(text: &str, length: usize) -> usize {
    let start = text.len().saturating_sub(length);
    (0..=start).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
}

/// Waits for a condition, with a deadline.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The processes whose command line contains this text, apart from this one.
pub fn processes_named(text: &str) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("/proc");
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|&process| process != std::process::id())
        .filter(|process| {
            std::fs::read(format!("/proc/{process}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).replace('\0', " ").contains(text))
        })
        .collect()
}

/// A `sleep` of a length that no other test uses, so that its process can be told from theirs.
pub fn unique_sleep() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("sleep 6{}.{next}", std::process::id())
}

/// Memory of this process in KiB.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}
