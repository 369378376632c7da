//! The socket on which the app lends its connections to the command: what it lends, and who comes to it with what.

// SO_PEERCRED, setuid by setpriv(1), and /proc.
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use bowline_core::connection::Target;
use bowline_core::engine::headless::{Headless, HeadlessConfig, Wish};
use bowline_core::exec::{
    Exec, ExecEnd, ExecEvent, ExecOutput, ExecRequest, Program, PtyRequest, Stream, WhenBehind,
};
use bowline_core::host::HostId;
use bowline_core::host::ssh_config::forward::End;
use bowline_core::host::ssh_config::resolve::Query;
use bowline_core::lend::borrow::{self, NotBorrowed};
use bowline_core::lend::wire::Which;
use bowline_core::lend::{place, wire};
use bowline_core::run::once::{self, Input, Taker};
use bowline_core::run::view::RunState;
use bowline_core::terminal::state::TerminalSize;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::{echo, noise};
use bowline_tests::{memory, processes};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

/// A desk that lends, whose host `server` of ssh_config is connected.
async fn lending(sshd: &Sshd) -> Desk {
    let desk = Desk::new().await;
    desk.know(sshd);
    let config = format!(
        "Host server\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n",
        sshd.address().port(),
        sshd.user(),
        sshd.client_key_file().display()
    );
    std::fs::write(desk.ssh_dir().join("config"), config).expect("the config is written");
    desk.engine.lend(&desk.data_dir()).await;
    desk
}

fn server() -> HostId {
    HostId("config:server".to_owned())
}

async fn connect(desk: &Desk) {
    let exec = desk.engine.exec(&server(), ExecRequest::command("true")).await.expect("it runs");
    assert_eq!(ended(exec.output).await.2, ExecEnd::Exited { status: 0 });
}

fn socket(desk: &Desk) -> PathBuf {
    let found = place::candidates(&desk.data_dir()).into_iter().find(|path| path.exists());
    found.expect("it listens somewhere")
}

/// The target as the command finds it.
async fn target(desk: &Desk, overrides: &[&str]) -> Target {
    let (engine, _news) = Headless::start(HeadlessConfig {
        data_dir: desk.data_dir(),
        ssh_dir: desk.ssh_dir(),
        system_config: None,
        agent_socket: None,
    });
    let overrides = overrides.iter().map(|one| (*one).to_owned()).collect();
    let query = Query { destination: "server".to_owned(), overrides, ..Query::default() };
    engine.find(Wish { query, saved: None }).await.expect("it is found").target
}

async fn ended(mut output: ExecOutput) -> (Vec<u8>, Vec<u8>, ExecEnd) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = async {
        loop {
            match output.next().await.expect("an end") {
                ExecEvent::Output { stream: Stream::Stdout, bytes } => out.extend_from_slice(&bytes),
                ExecEvent::Output { stream: Stream::Stderr, bytes } => err.extend_from_slice(&bytes),
                ExecEvent::Ended(end) => return end,
            }
        }
    };
    let end = tokio::time::timeout(PATIENCE, all).await.expect("it ends");
    (out, err, end)
}

async fn run(desk: &Desk, line: &str) -> (Vec<u8>, Vec<u8>, ExecEnd) {
    let target = target(desk, &[]).await;
    let exec = borrow::program(&desk.data_dir(), &target, &ExecRequest::command(line)).await;
    let exec = exec.expect("it is lent");
    exec.input.close().await;
    ended(exec.output).await
}

fn logins(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey").count()
}

/// The system's, which every user may run.
const PYTHON: &str = "/usr/bin/python3";

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_connected_and_meant_is_lent() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = lending(&sshd).await;
    let request = ExecRequest::command("echo in; echo err >&2; exit 7");
    let meant = target(&desk, &[]).await;
    let early = borrow::program(&desk.data_dir(), &meant, &request).await;
    assert!(matches!(early, Err(NotBorrowed::Dial(_))), "{early:?}");
    assert_eq!(logins(&sshd), 0);
    connect(&desk).await;
    let (out, err, end) = run(&desk, "echo in; echo err >&2; exit 7").await;
    assert_eq!((out, err, end), (b"in\n".to_vec(), b"err\n".to_vec(), ExecEnd::Exited { status: 7 }));
    // One for the person; at most one more for programs, dialled by the app.
    assert!(logins(&sshd) <= 2, "{}", sshd.log());
    for other in [
        "User=nobody",
        "HostName=127.0.0.2",
        "Ciphers=aes256-ctr",
        "ForwardAgent=yes",
        "StrictHostKeyChecking=no",
    ] {
        let target = target(&desk, &[other]).await;
        let lent = borrow::program(&desk.data_dir(), &target, &request).await;
        assert!(matches!(lent, Err(NotBorrowed::Dial(_))), "{other}: {lent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_terminals_and_connections_are_whole() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = lending(&sshd).await;
    connect(&desk).await;
    let meant = target(&desk, &[]).await;
    for round in 0..3 {
        let sent = noise(round, 8_000_000);
        let exec =
            borrow::program(&desk.data_dir(), &meant, &ExecRequest::command("cat")).await.expect("lent");
        let mut input = exec.input;
        let typed = sent.clone();
        let typing = async move {
            input.write(&typed).await.expect("it takes it");
            input.close().await;
        };
        let ((), (out, _, end)) = tokio::join!(typing, ended(exec.output));
        assert!(out == sent, "round {round}: {} bytes, or others", out.len());
        assert_eq!(end, ExecEnd::Exited { status: 0 });
    }
    let size = TerminalSize { cols: 91, rows: 17 };
    let pty = Some(PtyRequest { term: "xterm".into(), size, modes: Vec::new() });
    let request = ExecRequest { program: Program::Shell, pty, ..ExecRequest::command("") };
    let exec = borrow::program(&desk.data_dir(), &meant, &request).await.expect("lent");
    let mut input = exec.input;
    input.write(b"stty size; read x; stty size; exit 3\n").await.expect("it takes it");
    tokio::time::sleep(Duration::from_millis(500)).await;
    exec.control.resize(TerminalSize { cols: 50, rows: 20 }).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    input.write(b"\n").await.expect("it takes it");
    let (out, _, end) = ended(exec.output).await;
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(
        out.contains("17 91") && out.contains("20 50") && end == ExecEnd::Exited { status: 3 },
        "{out} {end:?}"
    );
    let to = echo().await;
    let to = End::Tcp { host: Some("127.0.0.1".into()), port: to.port() };
    let lent = borrow::direct(&desk.data_dir(), &meant, &to).await.expect("lent");
    let (mut stream, far) = UnixStream::pair().expect("two sockets");
    let carrying = tokio::spawn(lent.carry(far));
    stream.write_all(b"over there").await.expect("it takes it");
    stream.shutdown().await.expect("it ends");
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await.expect("it answers");
    assert_eq!(back, b"over there");
    carrying.await.expect("no panic").expect("it ended well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_off_does_not_end_as_if_all_had_come() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = lending(&sshd).await;
    connect(&desk).await;
    let meant = target(&desk, &[]).await;
    let to = End::Tcp { host: Some("127.0.0.1".into()), port: echo().await.port() };
    for how in ["server", "app"] {
        let lent = borrow::direct(&desk.data_dir(), &meant, &to).await.expect("lent");
        let (mut stream, far) = UnixStream::pair().expect("two sockets");
        let carrying = tokio::spawn(lent.carry(far));
        stream.write_all(b"half").await.expect("it takes it");
        let mut back = [0; 4];
        stream.read_exact(&mut back).await.expect("it answers");
        match how {
            "server" => {
                sshd.kill_sessions();
                let lost =
                    tokio::time::timeout(PATIENCE, carrying).await.expect("in time").expect("no panic");
                lost.expect_err("it was cut off");
                connect(&desk).await;
            }
            _ => {
                desk.engine.shut_down().await;
                let lost =
                    tokio::time::timeout(PATIENCE, carrying).await.expect("in time").expect("no panic");
                lost.expect_err("it was cut off");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_reads_nothing_stalls_nobody_else() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = lending(&sshd).await;
    connect(&desk).await;
    let meant = target(&desk, &[]).await;
    let mut stalled = Vec::new();
    for _ in 0..3 {
        stalled.push(
            borrow::program(&desk.data_dir(), &meant, &ExecRequest::command("yes")).await.expect("lent"),
        );
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let terminal = async {
        let exec = desk.engine.exec(&server(), ExecRequest::command("echo here")).await.expect("it runs");
        ended(exec.output).await
    };
    let (out, _, _) = tokio::time::timeout(Duration::from_secs(5), terminal).await.expect("in time");
    assert_eq!(out, b"here\n");
    // Whoever goes takes the program along.
    drop(stalled);
    eventually("yes has ended", || {
        sshd.sessions().iter().all(|session| {
            let below = bowline_tests::processes::descendants(*session);
            below.iter().all(|process| bowline_tests::processes::name(*process).as_deref() != Some("yes"))
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_and_the_end_of_the_app_are_told() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = lending(&sshd).await;
    connect(&desk).await;
    let meant = target(&desk, &[]).await;
    let exec =
        borrow::program(&desk.data_dir(), &meant, &ExecRequest::command("sleep 600")).await.expect("lent");
    sshd.kill_sessions();
    let ExecEnd::Unknown { problem } = ended(exec.output).await.2 else { panic!("it ended otherwise") };
    assert!(problem.message.contains("not known"), "{problem:?}");
    connect(&desk).await;
    let exec =
        borrow::program(&desk.data_dir(), &meant, &ExecRequest::command("sleep 600")).await.expect("lent");
    let path = socket(&desk);
    desk.engine.shut_down().await;
    assert!(!path.exists());
    let ExecEnd::Unknown { problem } = ended(exec.output).await.2 else { panic!("it ended otherwise") };
    assert!(problem.message.contains("not known"), "{problem:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_is_not_served_even_where_the_permissions_are_loose() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let desk = Desk::new().await;
    desk.engine.lend(&desk.data_dir()).await;
    let path = socket(&desk);
    let ping = "import socket,struct,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n\
                m=b'{\"version\":1}'\ns.settimeout(5)\n\
                try:\n  s.sendall(b'\\x01'+struct.pack('>I',len(m))+m)\n  print(len(s.recv(100)))\n\
                except (BrokenPipeError, ConnectionResetError): print(0)\n";
    let came = |as_other: bool| {
        let mut command = std::process::Command::new(if as_other { "setpriv" } else { PYTHON });
        if as_other {
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", PYTHON]);
        }
        let output = command.args(["-c", ping]).arg(&path).output();
        output.map(|output| {
            (
                String::from_utf8_lossy(&output.stdout).trim().to_owned(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        })
    };
    let Ok((served, _)) = came(false) else {
        eprintln!("SKIPPED: python3 or setpriv is not installed");
        return;
    };
    assert_ne!(served, "0");
    let (_, refused) = came(true).expect("it runs");
    assert!(refused.contains("PermissionError"), "{refused}");
    // On purpose: now only the look at its number keeps it out.
    let desk_folder = desk.data_dir().parent().expect("a folder").to_owned();
    if !path.starts_with(&desk_folder) {
        eprintln!("SKIPPED: XDG_RUNTIME_DIR is set, and its permissions are not ours to change");
        return;
    }
    for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(&desk_folder)) {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).expect("it is set");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).expect("it is set");
    let (answer, error) = came(true).expect("it runs");
    assert_eq!((answer.as_str(), error.as_str()), ("0", ""));
}

async fn greeted(path: &PathBuf) -> UnixStream {
    let mut stream = UnixStream::connect(path).await.expect("it listens");
    let hello =
        wire::message(wire::Kind::Message, &wire::Hello { version: wire::VERSION }).expect("a message");
    stream.write_all(&hello).await.expect("it takes it");
    let answer: wire::Answer = wire::read_message(&mut stream, wire::Kind::Answer).await.expect("an answer");
    assert_eq!(answer, wire::Answer::Hello { version: wire::VERSION });
    stream
}

async fn is_alive(path: &PathBuf) {
    let pinging = async {
        let mut stream = greeted(path).await;
        let ping = wire::message(wire::Kind::Message, &wire::Request::Ping {}).expect("a message");
        stream.write_all(&ping).await.expect("it takes it");
        let answer: wire::Answer =
            wire::read_message(&mut stream, wire::Kind::Answer).await.expect("an answer");
        assert_eq!(answer, wire::Answer::Accepted { pty_refused: false, connection: None });
    };
    tokio::time::timeout(PATIENCE, pinging).await.expect("it answers in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_frames_end_their_sender_and_nobody_else() {
    let desk = Desk::new().await;
    desk.engine.lend(&desk.data_dir()).await;
    let path = socket(&desk);
    let watch = memory::Watch::start();
    for bytes in [
        &b""[..],
        b"\x00",
        b"\x01\xff\xff\xff\xff",
        b"\x01\x00\x01\x00\x01",
        b"\x02\x00\x00\x00\x01a",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\x00\x00\x0d{\"version\":9}",
        b"\x01\x00\x00\x00\x0d{\"version\":2}\x07\x00\x00\x00\x00",
        b"\x01\x00\x00\x00\x0d{\"version\":2}\x01\x00\x00\x00\x02[]",
    ] {
        let mut stream = UnixStream::connect(&path).await.expect("it listens");
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{bytes:?} hangs"));
    }
    // What a client may say, and 10,000 times something else in its place.
    let request = wire::Request::Session {
        key: "k".repeat(64),
        which: wire::Which::Any {},
        program: wire::AskedProgram::Command { line: "bHM=".into() },
        pty: Some(wire::AskedPty { term: "xterm".into(), cols: 80, rows: 24, modes: vec![(1, 3)] }),
        environment: vec![("A".into(), "b".into())],
    };
    let mut good =
        wire::message(wire::Kind::Message, &wire::Hello { version: wire::VERSION }).expect("a message");
    good.extend(wire::message(wire::Kind::Message, &request).expect("a message"));
    let mut random = StdRng::seed_from_u64(6);
    for round in 0..10_000 {
        let mut bytes = good.clone();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random::<u8>();
        }
        bytes.truncate(random.random_range(1..=bytes.len()));
        let mut stream = UnixStream::connect(&path).await.expect("it listens");
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let _ =
            tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("round {round} hangs"));
    }
    is_alive(&path).await;
    watch.check(64.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_are_sent_away_and_a_thousand_at_once_are_served_or_refused() {
    let desk = Desk::new().await;
    desk.engine.lend(&desk.data_dir()).await;
    let path = socket(&desk);
    let watch = memory::Watch::start();
    let mut all = Vec::new();
    for _ in 0..1000 {
        all.push(UnixStream::connect(&path).await.expect("it listens"));
    }
    let mut refused = 0;
    let mut silent = 0;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    for mut stream in all {
        let mut answer = Vec::new();
        let ended = tokio::time::timeout_at(deadline, stream.read_to_end(&mut answer)).await;
        ended.expect("everyone is answered in time").expect("an answer or the end");
        match answer.is_empty() {
            true => silent += 1,
            false => refused += 1,
        }
    }
    // 256 were waited for, and no more; they were sent away when they said nothing.
    assert!(refused > 0 && silent <= 1000 - refused && silent >= 256, "{silent} silent, {refused} refused");
    is_alive(&path).await;
    watch.check(64.0);
}

/// Takes nothing.
struct Nobody;

impl Taker for Nobody {
    async fn take(&mut self, _: Stream, _: Bytes) {}
}

/// The connection of the app that a program of ours runs on.
struct Beside {
    desk_dir: PathBuf,
    target: Target,
    connection: u32,
}

impl once::Beside for Beside {
    fn run(&self, request: ExecRequest) -> BoxFuture<'_, Option<Exec>> {
        async move {
            let which = Which::Same { connection: self.connection };
            let lent = borrow::program_on(&self.desk_dir, &self.target, which, &request).await;
            lent.ok().map(|lent| lent.exec)
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_program_is_lent_on_the_very_connection_and_ends_what_runs_there() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = lending(&sshd).await;
    connect(&desk).await;
    let target = target(&desk, &[]).await;
    let data_dir = desk.data_dir();
    let on = async |which, line: &str| {
        let request = ExecRequest::command(line);
        borrow::program_on(&data_dir, &target, which, &request).await
    };
    // The app dials one for programs meanwhile.
    for _ in 0..4 {
        let first = on(Which::Any {}, "echo $SSH_CONNECTION").await.expect("it is lent");
        let connection = first.connection.expect("a number");
        let (first, ..) = ended(first.exec.output).await;
        let again = on(Which::Same { connection }, "echo $SSH_CONNECTION").await.expect("it is lent");
        assert_eq!(again.connection, Some(connection));
        assert_eq!(ended(again.exec.output).await.0, first);
    }
    let none = on(Which::Same { connection: u32::MAX }, "true").await;
    assert!(matches!(none, Err(NotBorrowed::Dial(_))), "{none:?}");
    // Nobody was asked anything for it, so whoever wants it only then gets none.
    let none = on(Which::Asked {}, "true").await;
    assert!(matches!(none, Err(NotBorrowed::Dial(_))), "{none:?}");

    let order = once::Order {
        command: b"sleep 6173 & wait".to_vec(),
        as_is: false,
        timeout: None,
        when_behind: WhenBehind::Spool,
    };
    let asked = order.asked();
    let lent = borrow::program_on(&data_dir, &target, Which::Any {}, &asked.request).await;
    let lent = lent.expect("it is lent");
    let beside = Beside {
        desk_dir: desk.data_dir(),
        target: target.clone(),
        connection: lent.connection.expect("it"),
    };
    let runs = || processes::descendants(sshd.process().expect("it runs")).into_iter().any(is_sleep);
    let stop = CancellationToken::new();
    let stopping = async {
        eventually("it runs", runs).await;
        stop.cancel();
    };
    let mut nobody = Nobody;
    let following = once::follow(lent.exec, asked, &beside, &order, Input::None, &stop, &mut nobody);
    let (state, ()) = tokio::join!(following, stopping);
    assert_eq!(state, RunState::Cancelled { certain: true });
    eventually("nothing of it is left", || !runs()).await;
}

fn is_sleep(process: u32) -> bool {
    std::fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| line == b"sleep\x006173\0")
}
