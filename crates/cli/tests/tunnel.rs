//! `bowline tunnel` against a real sshd.

use std::process::Stdio;

use crate::kit::{BOWLINE, Home, PATIENCE};
use bowline_tests::available;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::{echo, echoed, noise};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::{Child, ChildStderr};

/// A tunnel that runs, and what it says.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut command = tokio::process::Command::new(BOWLINE);
        command.args(arguments).env("HOME", home.path()).env("LC_ALL", "C.UTF-8").current_dir(home.path());
        for name in ["SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("it runs");
        let lines = BufReader::new(child.stderr.take().expect("its errors")).lines();
        Self { child, lines }
    }

    /// The next line that holds this.
    async fn says(&mut self, text: &str) -> String {
        let saying = async {
            let mut said = Vec::new();
            while let Some(line) = self.lines.next_line().await.expect("it is text") {
                if line.contains(text) {
                    return line;
                }
                said.push(line);
            }
            panic!("it ended without {text:?}, after {said:?}");
        };
        tokio::time::timeout(PATIENCE, saying).await.unwrap_or_else(|_| panic!("it never says {text:?}"))
    }

    async fn interrupted(mut self) -> Option<i32> {
        let process = self.child.id().expect("it runs").to_string();
        let status = tokio::process::Command::new("kill").args(["-INT", &process]).status().await;
        assert!(status.expect("kill runs").success());
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it ends").code()
    }
}

/// The first port of loopback in a line.
fn port(line: &str) -> u16 {
    let (_, rest) = line.split_once("127.0.0.1:").unwrap_or_else(|| panic!("{line}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a port")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_where_it_listens_and_goes_on_through_a_lost_connection_until_it_is_interrupted() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let home = Home::at(&sshd);
    home.config(&format!("Host server\n{}", Home::lines(&sshd, proxy.address().port())));
    let known = sshd
        .known_hosts()
        .replace(&format!("]:{}", sshd.address().port()), &format!("]:{}", proxy.address().port()));
    std::fs::write(home.known_hosts(), known).expect("known_hosts is written");
    let target = echo().await.to_string();
    let mut running = Running::start(&home, &["tunnel", "server", "-L", &format!("0:{target}"), "-D", "0"]);
    let line = running.says(&target).await;
    let port = port(&line);
    running.says("SOCKS").await;
    let sent = noise(1, 100_000);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    assert!(echoed(&mut stream, &sent).await == sent);
    proxy.cut_now(Cut::Reset);
    running.says("reset").await;
    running.says("works again").await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it still listens");
    assert!(echoed(&mut stream, &sent).await == sent);
    assert_eq!(running.interrupted().await, Some(0));
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_on_the_host_listens_again_after_a_lost_connection_and_another_one_is_never_removed() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let target = echo().await.to_string();
    let socket = sshd.folder().join("home/app.sock");
    let path = socket.to_str().expect("a path");
    let spec = format!("{path}:{target}");
    let mut running = Running::start(&home, &["tunnel", "server", "-R", &spec]);
    running.says("listens on").await;
    let sent = noise(1, 100_000);
    let mut stream = UnixStream::connect(&socket).await.expect("it listens");
    assert!(echoed(&mut stream, &sent).await == sent);
    sshd.kill_sessions();
    let lost = running.says("->").await;
    assert!(!lost.contains("screen"), "{lost}");
    running.says("works again").await;
    let mut stream = UnixStream::connect(&socket).await.expect("it listens again");
    assert!(echoed(&mut stream, &sent).await == sent);
    assert_eq!(running.interrupted().await, Some(0));
    // One that was there before is somebody else's, whether anybody listens or not.
    let other = sshd.folder().join("home/other.sock");
    drop(std::os::unix::net::UnixListener::bind(&other).expect("it is bound"));
    let spec = format!("{}:{target}", other.display());
    let ran = home.bowline(&["tunnel", "server", "-R", &spec]).await;
    assert_eq!(ran.status, Some(255));
    for word in ["remove that file", "StreamLocalBindUnlink", "AllowStreamLocalForwarding"] {
        assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("GatewayPorts") && other.exists(), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_begin_ends_the_command_with_255_and_a_reason() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = taken.local_addr().expect("its address").port();
    // One address of two would be enough for sshd.
    let _both = TcpListener::bind(("::1", port)).await;
    let spec = format!("{port}:localhost:1");
    let ran = home.bowline(&["tunnel", "server", "-D", "0", "-L", &spec]).await;
    assert_eq!(ran.status, Some(255), "{}", ran.stderr);
    assert!(ran.stderr.contains("in use"), "{}", ran.stderr);
    let ran = home.bowline(&["tunnel", "--json", "server", "-R", &spec]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.text().contains("\"code\":\"tunnel-listen-refused\""), "{}", ran.text());
    let ran = home.bowline(&["tunnel", "server"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("nothing to forward"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_those_of_the_config_count() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("it").port();
    let lines = Home::lines(&sshd, sshd.address().port());
    home.config(&format!("Host server\n{lines}  LocalForward {free} {}\n", echo().await));
    let mut running = Running::start(&home, &["tunnel", "server"]);
    let line = running.says("listening").await;
    assert_eq!(port(&line), free);
    let mut stream = TcpStream::connect(("127.0.0.1", free)).await.expect("it listens");
    assert_eq!(echoed(&mut stream, b"all").await, b"all");
    assert_eq!(running.interrupted().await, Some(0));
}
