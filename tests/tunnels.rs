//! Tunnels through a real sshd: every kind, every byte.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::Duration;

use bowline_core::engine::tunnels::TunnelId;
use bowline_core::error::ErrorCode;
use bowline_core::host::ssh_config::forward::{self, Kind};
use bowline_core::host::tunnels::{TunnelDraft, TunnelKind, TunnelStart};
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::tunnel::live::TunnelState;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::eventually::PATIENCE;
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::{ask, draft, echo, echoed, noise, serve, source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::oneshot;

const MIB: usize = 1024 * 1024;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_comes_through_a_local_tunnel_and_is_counted() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, echo().await)).await;
    assert!(bound.ip().is_loopback() && bound.port() != 0, "{bound}");
    let sent = noise(1, 3 * MIB + 7);
    let mut stream = TcpStream::connect(bound).await.expect("it listens");
    assert!(echoed(&mut stream, &sent).await == sent, "other bytes");
    let view = desk.tunnel_is(&id, |view| view.live == 0).await;
    let bytes = sent.len() as f64;
    assert_eq!((view.total, view.sent_bytes, view.received_bytes), (1.0, bytes, bytes));
    assert_eq!((view.trouble, view.held_bytes), (None, 0.0));
    // The same port at the other loopback address.
    let there: SocketAddr = ([0, 0, 0, 0, 0, 0, 0, 1], bound.port()).into();
    if view.bound.contains(&there.to_string()) {
        let mut stream = TcpStream::connect(there).await.expect("it listens there too");
        assert_eq!(echoed(&mut stream, b"six").await, b"six");
    }
    desk.engine.tunnel_stop(id.clone()).await.expect("it stops");
    assert!(TcpStream::connect(bound).await.is_err(), "nobody listens any more");
    TcpListener::bind(bound).await.expect("the port is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_listens_for_a_remote_tunnel_on_the_port_that_it_chose() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Remote, 0, echo().await)).await;
    assert_ne!(bound.port(), 0);
    let sent = noise(2, 2 * MIB + 1);
    for _ in 0..3 {
        let mut stream = TcpStream::connect(bound).await.expect("sshd listens");
        assert!(echoed(&mut stream, &sent).await == sent, "other bytes");
    }
    assert_eq!(desk.tunnel_is(&id, |view| view.live == 0).await.total, 3.0);
    desk.engine.tunnel_stop(id).await.expect("it stops");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while TcpStream::connect(bound).await.is_ok() {
        assert!(tokio::time::Instant::now() < deadline, "sshd still listens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unix_sockets_are_at_either_end() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let folder = sshd.folder().join("sockets");
    std::fs::create_dir(&folder).expect("a folder");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let listener = UnixListener::bind(path("echo")).expect("a socket");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
                let _ = writer.shutdown().await;
            });
        }
    });
    let sent = noise(3, MIB);
    let drafts = [
        draft(TunnelKind::Local, path("local"), path("echo")),
        draft(TunnelKind::Remote, path("remote"), path("echo")),
    ];
    let mut ids = Vec::new();
    for draft in drafts {
        let listen = draft.listen.clone();
        ids.push(desk.tunnel_up(&host, draft).await.0);
        let mut stream =
            UnixStream::connect(&listen).await.unwrap_or_else(|error| panic!("{listen}: {error}"));
        assert!(echoed(&mut stream, &sent).await == sent, "{listen}: other bytes");
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path("local")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may connect");
    desk.engine.tunnel_stop(ids.remove(0)).await.expect("it stops");
    assert!(!folder.join("local").exists(), "the socket is gone with the tunnel");
    // What a crash left behind is no obstacle.
    drop(std::os::unix::net::UnixListener::bind(path("stale")).expect("a socket"));
    desk.tunnel_up(&host, draft(TunnelKind::Local, path("stale"), path("echo"))).await;
    let busy = desk.tunnel(&host, draft(TunnelKind::Local, path("echo"), path("stale"))).await;
    let view = desk.tunnel_is(&busy, |view| view.state == TunnelState::Failed).await;
    assert_eq!(view.trouble.expect("why").problem.code, ErrorCode::TunnelPortInUse);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socks_proxy_serves_both_versions_with_names_that_the_host_resolves() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let port = echo().await.port().to_be_bytes();
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Dynamic, 0, "")).await;
    let name = |text: &str| [&[5, 1, 0, 3, text.len() as u8], text.as_bytes(), &port].concat();
    for (hello, request, expected) in [
        (&[5_u8, 1, 0][..], [&[5, 1, 0, 1, 127, 0, 0, 1][..], &port].concat(), &[5_u8, 0][..]),
        (&[5, 2, 2, 0], name("localhost"), &[5, 0]),
        (&[], [&[4, 1][..], &port, &[127, 0, 0, 1], b"me\0"].concat(), &[0, 90]),
        (&[], [&[4, 1][..], &port, &[0, 0, 0, 1, 0], b"localhost\0"].concat(), &[0, 90]),
    ] {
        let mut stream = TcpStream::connect(bound).await.expect("it listens");
        if !hello.is_empty() {
            stream.write_all(hello).await.expect("it listens");
            assert_eq!((stream.read_u8().await.unwrap(), stream.read_u8().await.unwrap()), (5, 0));
        }
        // The first words come with the request, as an eager program sends them.
        stream.write_all(&[&request[..], b"early "].concat()).await.expect("it listens");
        let mut answer = vec![0; if expected[0] == 5 { 10 } else { 8 }];
        stream.read_exact(&mut answer).await.expect("it answers");
        assert_eq!(&answer[..2], expected);
        assert_eq!(echoed(&mut stream, b"and late").await, b"early and late");
    }
    let mut stream = TcpStream::connect(bound).await.expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("it is sent");
    let view = desk.tunnel_is(&id, |view| view.trouble.is_some()).await;
    assert_eq!(view.trouble.expect("why").problem.code, ErrorCode::TunnelNotSocks);
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_goes_through_the_socks_proxies_here_and_on_the_host() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let page = noise(4, MIB);
    let served = page.clone();
    let web = serve(move |mut stream| {
        let page = served.clone();
        async move {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.len());
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&page).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    for kind in [TunnelKind::Dynamic, TunnelKind::Remote] {
        let (_, bound) = desk.tunnel_up(&host, draft(kind, 0, "")).await;
        for option in ["--socks5-hostname", "--socks5", "--socks4a", "--socks4"] {
            let curl = tokio::process::Command::new("curl")
                .args(["-sS", option, &bound.to_string(), &format!("http://localhost:{}/", web.port()), "-4"])
                .stdin(Stdio::null())
                .output();
            let Ok(ran) = curl.await else { return eprintln!("SKIPPED: there is no curl") };
            assert!(ran.stdout == page, "{kind:?} {option}: {}", String::from_utf8_lossy(&ran.stderr));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_talks_while_its_target_does_not_answer_stalls_nobody_else() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Remote, 0, "")).await;
    // Nobody accepts there, and its queue is full: the system tries for long.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
    let silent = socket.listen(1).expect("it listens");
    let to = silent.local_addr().expect("an address");
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_secs(1), TcpStream::connect(to)).await {
        queued.push(stream);
    }
    let asking = |to: SocketAddr| {
        let [high, low] = to.port().to_be_bytes();
        [5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, low]
    };
    let mut flood = TcpStream::connect(bound).await.expect("the host listens");
    flood.write_all(&asking(to)).await.expect("it takes it");
    let flooding = tokio::spawn(async move { while flood.write_all(&[7; 64 * 1024]).await.is_ok() {} });
    desk.tunnel_is(&id, |view| view.total >= 1.0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Another one through the same connection, with what it says too early.
    let (mut other, target) = (TcpStream::connect(bound).await.expect("the host listens"), echo().await);
    other.write_all(&asking(target)).await.expect("it takes it");
    other.write_all(b"early").await.expect("it takes it");
    let mut answer = [0; 2 + 10 + 5];
    let answering = tokio::time::timeout(Duration::from_secs(10), other.read_exact(&mut answer));
    answering.await.expect("in time").expect("it answers");
    assert_eq!((&answer[..4], &answer[12..]), (&[5, 0, 5, 0][..], &b"early"[..]));
    // The one that said too much too early is closed.
    tokio::time::timeout(PATIENCE, flooding).await.expect("in time").expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_side_may_end_what_it_says_and_listen_on() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    for kind in [TunnelKind::Local, TunnelKind::Remote] {
        let (told, mut heard) = tokio::sync::mpsc::channel(1);
        // It ends its own side first, and hears all that comes after that.
        let polite = serve(move |mut stream| {
            let told = told.clone();
            async move {
                stream.write_all(b"goodbye").await.expect("it is sent");
                stream.shutdown().await.expect("the end is sent");
                let mut all = Vec::new();
                let end = stream.read_to_end(&mut all).await.map(|_| all);
                told.send(end).await.expect("the test listens");
            }
        })
        .await;
        let (id, bound) = desk.tunnel_up(&host, draft(kind, 0, polite)).await;
        let mut stream = TcpStream::connect(bound).await.expect("it listens");
        let mut said = Vec::new();
        let reading = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said));
        reading.await.expect("the end comes").expect("and is no failure");
        assert_eq!(said, b"goodbye");
        let late = noise(5, 5 * MIB);
        stream.write_all(&late).await.expect("it is still listened to");
        stream.shutdown().await.expect("the end is sent");
        let heard = tokio::time::timeout(PATIENCE, heard.recv()).await.expect("in time").expect("all of it");
        assert!(heard.expect("no failure") == late, "{kind:?}: other bytes");
        desk.tunnel_is(&id, |view| view.live == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_connections_at_once_are_served_while_one_of_them_takes_nothing() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, source().await)).await;
    // More than what lies in sockets, windows and memory.
    const STALLED: usize = 48 * MIB;
    let mut stalled = TcpStream::connect(bound).await.expect("it listens");
    ask(&mut stalled, 1, STALLED).await;
    let others = (2..=200_u64).map(|seed| async move {
        let mut stream = TcpStream::connect(bound).await.expect("it listens");
        ask(&mut stream, seed, MIB).await;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.expect("all of it");
        assert!(all == noise(seed, MIB), "{seed}: {} bytes, or others", all.len());
    });
    let all = futures::future::join_all(others);
    tokio::time::timeout(PATIENCE, all).await.expect("nobody waits for the one that takes nothing");
    let view = desk.tunnel_is(&id, |view| view.live == 1).await;
    assert_eq!((view.total, view.failed), (200.0, 0.0));
    // It was alone for a part of the time and held back, so not all of it need be here.
    assert!(view.held_bytes > 0.0, "{view:?}");
    let mut all = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, stalled.read_to_end(&mut all));
    reading.await.expect("in time").expect("the late one gets all of it too");
    assert!(all == noise(1, STALLED), "{} bytes, or others", all.len());
    drop(stalled);
    assert_eq!(desk.tunnel_is(&id, |view| view.live == 0).await.held_bytes, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_alone_is_held_back_and_costs_nothing() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, source().await)).await;
    const ALL: usize = 300 * MIB;
    let mut stream = TcpStream::connect(bound).await.expect("it listens");
    ask(&mut stream, 9, ALL).await;
    desk.tunnel_is(&id, |view| view.held_bytes > 3.0 * MIB as f64).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let view = desk.tunnel_view(&id).await.expect("it is there");
    assert!(view.held_bytes < 6.0 * MIB as f64, "{view:?}");
    let mut all = Vec::with_capacity(ALL);
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("in time").expect("all of it");
    assert!(all == noise(9, ALL), "{} bytes, or others", all.len());
}

#[test]
fn a_saved_tunnel_starts_when_it_was_told_to_and_ends_with_its_host() {
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    // The engine of a run ends with its runtime.
    let (first, servers, second) = (runtime(), runtime(), runtime());
    let Some(sshd) = available(servers.block_on(Sshd::start())) else { return };
    let target = servers.block_on(echo());
    let with = |starts| TunnelDraft { starts, ..draft(TunnelKind::Local, 0, target) };
    let (folder, host, [by_hand, with_host, with_app]) = first.block_on(async {
        let (desk, host) = desk_at(&sshd).await;
        let add = |starts| desk.engine.tunnel_add(host.clone(), with(starts), true);
        let by_hand = add(TunnelStart::ByHand).await.expect("it is kept");
        let with_host = add(TunnelStart::WithHost).await.expect("it is kept");
        let with_app = add(TunnelStart::WithApp).await.expect("it is kept");
        let list = desk.engine.hosts().await.expect("the hosts").hosts;
        let saved = list.iter().find(|one| one.id == host).expect("it is saved");
        assert_eq!(saved.draft.options.tunnels.len(), 3);
        let ids = [by_hand, with_host, with_app];
        assert_eq!(states(&desk, &ids).await, [TunnelState::Stopped; 3]);
        let terminal = desk.open(&host).await;
        terminal.running().await;
        desk.tunnel_is(&ids[1], |view| view.state == TunnelState::Up).await;
        assert_eq!(states(&desk, &ids).await, [TunnelState::Stopped, TunnelState::Up, TunnelState::Stopped]);
        desk.engine.host_disconnect(host.clone()).await.expect("it disconnects");
        assert_eq!(states(&desk, &ids).await, [TunnelState::Stopped; 3]);
        desk.engine.shut_down().await;
        (desk.leave(), host, ids)
    });
    drop(first);
    // The next start of the app. It begins the tunnels of the host with the connection of the other one.
    second.block_on(async {
        let desk = Desk::again(folder, None).await;
        desk.tunnels_known().await;
        desk.tunnel_is(&with_app, |view| view.state == TunnelState::Up).await;
        desk.tunnel_is(&with_host, |view| view.state == TunnelState::Up).await;
        assert_eq!(desk.tunnel_view(&by_hand).await.expect("it is there").state, TunnelState::Stopped);
        let named = TunnelDraft { name: "echo".into(), ..with(TunnelStart::ByHand) };
        desk.engine.tunnel_change(with_app.clone(), named).await.expect("it is changed");
        let view = desk.tunnel_view(&with_app).await.expect("it is there");
        assert_eq!(
            (view.state, view.draft.name.as_str()),
            (TunnelState::Up, "echo"),
            "its ends are the same"
        );
        desk.engine.tunnel_remove(with_app.clone()).await.expect("it is removed");
        assert_eq!(desk.tunnel_view(&with_app).await, None);
        desk.engine.host_delete(host).await.expect("it is deleted");
        assert_eq!(desk.engine.tunnels().await.expect("the tunnels").tunnels, []);
    });
}

async fn states(desk: &Desk, ids: &[TunnelId]) -> Vec<TunnelState> {
    let mut states = Vec::new();
    for id in ids {
        states.push(desk.tunnel_view(id).await.expect("it is there").state);
    }
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ssh_config_forwards_for_a_host_is_offered() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let config = "Host web\n GatewayPorts yes\n LocalForward 8080 db:5432\n DynamicForward localhost:1080\n\
                  Host 127.0.0.1\n RemoteForward 9000 [::1]:80\n";
    std::fs::write(desk.ssh_dir().join("config"), config).expect("the config is written");
    let offers = async |host: HostId| desk.engine.tunnel_offers(host).await.expect("offers");
    let expected =
        [draft(TunnelKind::Local, "*:8080", "db:5432"), draft(TunnelKind::Dynamic, "localhost:1080", "")];
    assert_eq!(offers(HostId("config:web".into())).await, expected);
    assert_eq!(offers(host).await, [draft(TunnelKind::Remote, "9000", "[::1]:80")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_of_a_host_share_a_connection_apart_from_its_terminals() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = bowline_tests::fault_proxy::FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    let known = sshd.known_hosts().replace(
        &format!("[127.0.0.1]:{}", sshd.address().port()),
        &format!("[127.0.0.1]:{}", proxy.address().port()),
    );
    std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("known_hosts is written");
    let host = desk
        .save_draft(bowline_core::host::HostDraft {
            user: sshd.user().to_owned(),
            auth: AuthMethod::Key,
            key_path: sshd.client_key_file().to_string_lossy().into_owned(),
            ..bowline_tests::desk::at(proxy.address())
        })
        .await;
    let target = echo().await;
    for _ in 0..3 {
        desk.tunnel_up(&host, draft(TunnelKind::Local, 0, target)).await;
    }
    assert_eq!(proxy.accepted(), 2, "one for terminals, one for tunnels");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asked_a_person_has_one_connection_for_everything() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    let secret = sshd.password().expect("a password").to_owned();
    desk.answer_with(&secret);
    let host = desk.save(&sshd, AuthMethod::Password).await;
    let (_, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, echo().await)).await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, bound.port())).await.expect("it listens");
    assert_eq!(echoed(&mut stream, b"all").await, b"all");
    assert_eq!(desk.questions().len(), 2, "the host key and the password, once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_gone_ends_its_connection_at_the_target() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (gone, told) = oneshot::channel();
    let gone = std::sync::Mutex::new(Some(gone));
    let endless = serve(move |mut stream| {
        let gone = gone.lock().expect("no panic").take();
        async move {
            while stream.write_all(&[7; 65536]).await.is_ok() {}
            gone.map(|gone| gone.send(()));
        }
    })
    .await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, endless)).await;
    let mut stream = TcpStream::connect(bound).await.expect("it listens");
    stream.read_u64().await.expect("it says something");
    drop(stream);
    tokio::time::timeout(PATIENCE, told).await.expect("in time").expect("the target is told");
    desk.tunnel_is(&id, |view| view.live == 0 && view.held_bytes == 0.0).await;
}

#[test]
fn forwardings_are_read_as_ssh_reads_them() {
    for (letter, kind, keyword) in [
        ("-L", Kind::Local, "localforward "),
        ("-R", Kind::Remote, "remoteforward "),
        ("-D", Kind::Dynamic, "dynamicforward "),
    ] {
        for spec in [
            "8080",
            "80:a",
            "8080:db:5432",
            "*:80:[::1]:5432",
            ":81:a:80",
            "[::1]:8080:[fe80::1]:80",
            "8080:db:0",
            "a:b:c:d:e",
            "/tmp/a:/tmp/b",
            "8080:/tmp/b",
            "/tmp/a:db:80",
            "localhost:1080",
            "[::1]:1080",
            "*:1080",
            "x",
            "",
            "70000",
            "70000:a:80",
            "80:a:70000",
            "1:2:3",
            "a\\:b:80:c:1",
            "80:[::1:80",
        ] {
            let Ok(ran) = Command::new("ssh").args(["-F", "none", "-G", letter, spec, "host"]).output()
            else {
                return eprintln!("SKIPPED: there is no ssh");
            };
            let ours = forward::parse_one(kind, spec);
            assert_eq!(ours.is_some(), ran.status.success(), "{letter} {spec:?}: {ours:?}");
            let said = String::from_utf8_lossy(&ran.stdout);
            let theirs = said.lines().find_map(|line| line.strip_prefix(keyword));
            // A remote SOCKS proxy has a name of its own there, and a proxy with a target stands among both kinds.
            let ours = ours.filter(|ours| kind != Kind::Dynamic || ours.connect.is_none());
            if let (Some(ours), Some(theirs)) = (ours, theirs.filter(|line| !line.contains("[socks]"))) {
                assert_eq!(ours.to_string(), theirs, "{letter} {spec:?}");
            }
        }
    }
}
