//! Every way to a real sshd: directly, through proxies, by a command, and through jump hosts.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bowline_core::connection::state::ConnectionState;
use bowline_core::error::{ErrorCode, Problem};
use bowline_core::host::{AuthMethod, HostDraft, HostId, HostOptions};
use bowline_core::prompt::{Answer, Question};
use bowline_core::terminal::state::TerminalEnd;
use bowline_tests::available;
use bowline_tests::desk::{Desk, at, trusting};
use bowline_tests::eventually::eventually;
use bowline_tests::hostile_server::{self, HostileServer, Step};
use bowline_tests::processes;
use bowline_tests::proxies::{Kind, Proxy, Rules};
use bowline_tests::sshd::Sshd;

/// Works in a shell and leaves it.
async fn work(desk: &Desk, host: &HostId) {
    let screen = desk.open(host).await;
    screen.running().await;
    screen.type_in("echo \"it is $((6 * 7))\"; exit 7\n").await;
    screen.shows("it is 42").await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 7 });
}

fn draft(sshd: &Sshd, options: HostOptions) -> HostDraft {
    let key_path = sshd.client_key_file().to_string_lossy().into_owned();
    let user = sshd.user().to_owned();
    HostDraft { user, auth: AuthMethod::Key, key_path, options, ..at(sshd.address()) }
}

fn by_proxy(proxy: SocketAddr, kind: Kind, user: &str) -> HostOptions {
    let scheme = if kind == Kind::Socks5 { "socks5" } else { "http" };
    HostOptions { proxy: format!("{scheme}://{user}{proxy}"), ..HostOptions::default() }
}

fn by_command(command: &str) -> HostOptions {
    HostOptions { proxy_command: command.to_owned(), ..HostOptions::default() }
}

fn by_jump(jump: &str) -> HostOptions {
    HostOptions { jump: jump.to_owned(), ..HostOptions::default() }
}

async fn save(desk: &Desk, sshd: &Sshd, label: &str, options: HostOptions) -> HostId {
    desk.save_draft(HostDraft { label: label.to_owned(), ..draft(sshd, options) }).await
}

/// A desk that trusts these servers.
async fn desk_for(servers: &[&Sshd]) -> Desk {
    let desk = Desk::new().await;
    let known: String = servers.iter().map(|sshd| sshd.known_hosts()).collect();
    std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("known_hosts is written");
    desk
}

// ---- Directly.

#[tokio::test]
async fn a_name_whose_first_address_does_not_answer_is_reached_by_another() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.answer_with("");
    // The server listens on IPv4 only; where `localhost` has both, IPv6 is refused first.
    let host = desk
        .save_draft(HostDraft { address: "localhost".into(), ..draft(&sshd, HostOptions::default()) })
        .await;
    work(&desk, &host).await;
}

#[tokio::test]
async fn a_bind_address_that_this_machine_does_not_have_is_told() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = desk_for(&[&sshd]).await;
    let options = HostOptions { bind_address: "192.0.2.7".into(), ..HostOptions::default() };
    let host = save(&desk, &sshd, "", options).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::Unreachable, "{}", problem.message);
    assert!(problem.message.contains("192.0.2.7"), "{}", problem.message);
}

#[tokio::test]
async fn a_bind_address_of_this_machine_is_what_the_server_sees() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = desk_for(&[&sshd]).await;
    let options = HostOptions { bind_address: "127.0.0.1".into(), ..HostOptions::default() };
    let host = save(&desk, &sshd, "", options).await;
    work(&desk, &host).await;
    sshd.logged("Connection from 127.0.0.1").await;
}

// ---- Through proxies.

#[tokio::test]
async fn both_kinds_of_proxy_lead_to_a_shell_and_are_asked_for_the_server() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for kind in [Kind::Socks5, Kind::Http] {
        let desk = desk_for(&[&sshd]).await;
        let proxy = Proxy::start(Rules::open(kind)).await;
        let host = save(&desk, &sshd, "", by_proxy(proxy.address(), kind, "")).await;
        work(&desk, &host).await;
        assert_eq!(proxy.asked(), [sshd.address().to_string()]);
    }
}

#[tokio::test]
async fn a_name_is_resolved_by_the_proxy_and_not_here() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for kind in [Kind::Socks5, Kind::Http] {
        let desk = Desk::new().await;
        let proxy = Proxy::start(Rules::open(kind)).await;
        let options = by_proxy(proxy.address(), kind, "");
        let host = desk
            .save_draft(HostDraft { address: "only-the-proxy-knows.invalid".into(), ..draft(&sshd, options) })
            .await;
        let problem = desk.open_in_vain(&host).await;
        assert_eq!(problem.code, ErrorCode::ProxyRefused, "{}", problem.message);
        assert_eq!(proxy.asked(), [format!("only-the-proxy-knows.invalid:{}", sshd.address().port())]);
    }
}

#[tokio::test]
async fn the_password_of_a_proxy_is_asked_for_until_it_is_right() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for kind in [Kind::Socks5, Kind::Http] {
        let desk = desk_for(&[&sshd]).await;
        let proxy = Proxy::start(Rules::with_login(kind, "ann", "né:w pass")).await;
        desk.answer(|prompt| {
            let second =
                matches!(&prompt.question, Question::Password { user, attempt: 2, .. } if user == "ann");
            Some(trusting(prompt, if second { "né:w pass" } else { "wrong" }))
        });
        let host = save(&desk, &sshd, "", by_proxy(proxy.address(), kind, "ann@")).await;
        work(&desk, &host).await;
        let asked = desk.questions();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(asked.iter().all(|prompt| prompt.address == proxy.address().to_string()), "{asked:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_or_refuses_it_is_told_and_halts() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for kind in [Kind::Socks5, Kind::Http] {
        let proxy = Proxy::start(Rules::with_login(kind, "ann", "right")).await;
        for (user, questions) in [("", 0), ("ann@", 3)] {
            let desk = desk_for(&[&sshd]).await;
            desk.answer_with("wrong");
            let host = save(&desk, &sshd, "", by_proxy(proxy.address(), kind, user)).await;
            let problem = desk.open_in_vain(&host).await;
            assert_eq!(problem.code, ErrorCode::ProxyAuth, "{}", problem.message);
            assert_eq!(desk.questions().len(), questions);
            assert!(matches!(desk.states(&host).last(), Some(ConnectionState::Halted { .. })));
            assert!(!problem.message.contains("wrong"), "{}", problem.message);
        }
        assert_eq!(proxy.asked(), [""; 0]);
    }
}

#[tokio::test]
async fn a_proxy_that_says_no_is_told_with_its_reason() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for (kind, reason) in [(Kind::Socks5, "rules do not allow"), (Kind::Http, "403 Not From Here")] {
        let desk = desk_for(&[&sshd]).await;
        let proxy = Proxy::start(Rules::refusing(kind)).await;
        let host = save(&desk, &sshd, "", by_proxy(proxy.address(), kind, "")).await;
        let problem = desk.open_in_vain(&host).await;
        assert_eq!(problem.code, ErrorCode::ProxyRefused, "{}", problem.message);
        assert!(problem.message.contains(reason), "{}", problem.message);
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_as_such() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("its number");
    let desk = Desk::new().await;
    let options = by_proxy(free, Kind::Socks5, "");
    let host = desk.save_draft(HostDraft { options, ..at(SocketAddr::from(([192, 0, 2, 1], 22))) }).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::ProxyUnreachable, "{}", problem.message);
    assert!(problem.message.contains(&free.to_string()), "{}", problem.message);
}

async fn problem_behind(kind: Kind, script: Vec<Step>) -> (Problem, HostileServer) {
    let server = HostileServer::start(script).await;
    let desk = Desk::new().await;
    let options = by_proxy(server.address(), kind, "");
    let host = desk.save_draft(HostDraft { options, ..at(SocketAddr::from(([192, 0, 2, 1], 22))) }).await;
    (desk.open_in_vain(&host).await, server)
}

#[tokio::test]
async fn what_is_no_proxy_is_told_and_nothing_of_it_is_read_for_ever() {
    for (kind, script, code) in [
        (Kind::Socks5, hostile_server::not_ssh(), ErrorCode::ProxyProtocol),
        (
            Kind::Http,
            vec![Step::Send(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), Step::Silence],
            ErrorCode::ProxyProtocol,
        ),
        (
            Kind::Http,
            vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::SendForever(b"X-More: yes\r\n".to_vec())],
            ErrorCode::ProxyProtocol,
        ),
        (Kind::Http, hostile_server::closes_at_once(), ErrorCode::ProxyRefused),
        (Kind::Socks5, hostile_server::closes_at_once(), ErrorCode::ProxyRefused),
    ] {
        let (problem, server) = problem_behind(kind, script).await;
        assert_eq!(problem.code, code, "{kind:?}: {}", problem.message);
        // What we read is bounded by 64 KiB; the system's buffers hold the rest.
        assert!(server.sent() < 16 * 1024 * 1024, "{}", server.sent());
    }
}

#[tokio::test]
async fn a_silent_proxy_is_left_within_thirty_seconds() {
    let started = tokio::time::Instant::now();
    let (socks, http) = tokio::join!(
        problem_behind(Kind::Socks5, hostile_server::silent()),
        problem_behind(Kind::Http, vec![Step::Send(b"HTTP/1.1 200".to_vec()), Step::Silence]),
    );
    for (problem, _) in [socks, http] {
        assert_eq!(problem.code, ErrorCode::ProxyRefused, "{}", problem.message);
    }
    assert!(started.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn a_silent_server_behind_a_proxy_a_command_or_a_jump_host_is_left_within_thirty_seconds() {
    let server = HostileServer::start(hostile_server::silent()).await;
    let proxy = Proxy::start(Rules::open(Kind::Socks5)).await;
    let desk = Desk::new().await;
    allow(&desk);
    let options = by_proxy(proxy.address(), Kind::Socks5, "");
    let behind = desk.save_draft(HostDraft { options, ..at(server.address()) }).await;
    let options = by_command("sleep 1000");
    let command = desk.save_draft(HostDraft { options, ..at(server.address()) }).await;
    if let Some(jump) = available(Sshd::start().await) {
        std::fs::write(desk.ssh_dir().join("known_hosts"), jump.known_hosts()).expect("it is written");
        save(&desk, &jump, "jump", HostOptions::default()).await;
        let carried = desk.save_draft(HostDraft { options: by_jump("jump"), ..at(server.address()) }).await;
        assert_eq!(desk.open(&carried).await.failed().await, ErrorCode::SilentServer);
    }
    let started = tokio::time::Instant::now();
    let (behind, command) = tokio::join!(desk.open(&behind), desk.open(&command));
    assert_eq!(behind.failed().await, ErrorCode::SilentServer);
    assert_eq!(command.failed().await, ErrorCode::SilentServer);
    assert!(started.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn a_hostile_server_is_as_bounded_behind_every_way_as_it_is_directly() {
    let Some(jump) = available(Sshd::start().await) else { return };
    let Some(script) = netcat(jump.folder()) else { return };
    let proxy = Proxy::start(Rules::open(Kind::Http)).await;
    let desk = desk_for(&[&jump]).await;
    allow(&desk);
    save(&desk, &jump, "jump", HostOptions::default()).await;
    let ways = [
        by_proxy(proxy.address(), Kind::Http, ""),
        by_command(&format!("{} %h %p", script.display())),
        by_jump("jump"),
    ];
    for options in ways {
        for script in [hostile_server::endless_banner(), hostile_server::endless_line()] {
            let server = HostileServer::start(script).await;
            let host = desk.save_draft(HostDraft { options: options.clone(), ..at(server.address()) }).await;
            let problem = desk.open_in_vain(&host).await;
            assert_eq!(problem.code, ErrorCode::NotSsh, "{options:?}: {}", problem.message);
            // Every hop has buffers of its own; none of them grows without end.
            assert!(server.sent() < 48 * 1024 * 1024, "{options:?}: {}", server.sent());
        }
    }
}

// ---- By a command.

/// Answers every question about a command with yes, for this time.
fn allow(desk: &Desk) {
    desk.answer(|prompt| {
        Some(match prompt.question {
            Question::RunCommand { .. } => Answer::Allow { always: false },
            _ => trusting(prompt, ""),
        })
    });
}

/// A script that joins its input and output to a port, as `nc` does, and notes its process number.
fn netcat(folder: &Path) -> Option<PathBuf> {
    let bash = Path::new("/bin/bash");
    if !bash.exists() {
        return available(Err(bowline_tests::Unavailable("/bin/bash is not installed".into())));
    }
    let script = folder.join("netcat.sh");
    let text = format!(
        "#!/bin/bash\necho $$ >> {}\nexec 3<>/dev/tcp/$1/$2 || exit 9\ncat <&3 &\ncat >&3\n",
        folder.join("pids").display()
    );
    std::fs::write(&script, text).expect("the script is written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it is executable");
    Some(script)
}

fn started(folder: &Path) -> Vec<u32> {
    let pids = std::fs::read_to_string(folder.join("pids")).unwrap_or_default();
    pids.lines().filter_map(|pid| pid.parse().ok()).collect()
}

#[tokio::test]
async fn a_command_that_was_agreed_to_leads_to_a_shell_and_ends_with_the_connection() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(script) = netcat(sshd.folder()) else { return };
    let desk = desk_for(&[&sshd]).await;
    allow(&desk);
    let host = save(&desk, &sshd, "", by_command(&format!("{} %h %p", script.display()))).await;
    work(&desk, &host).await;
    let [question] = &desk.questions()[..] else { panic!("one question: {:?}", desk.questions()) };
    let whole = format!("{} 127.0.0.1 {}", script.display(), sshd.address().port());
    assert!(
        matches!(&question.question, Question::RunCommand { command, .. } if *command == whole),
        "{question:?}"
    );
    let ran = started(sshd.folder());
    assert_eq!(ran.len(), 1);
    let with_children: Vec<u32> = ran.iter().copied().chain(processes::descendants(ran[0])).collect();
    desk.engine.host_disconnect(host).await.expect("it disconnects");
    eventually("the command and its children are gone", || {
        !with_children.iter().any(|process| processes::is_alive(*process))
    })
    .await;
}

#[tokio::test]
async fn nothing_runs_without_consent() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(script) = netcat(sshd.folder()) else { return };
    let desk = desk_for(&[&sshd]).await;
    let host = save(&desk, &sshd, "", by_command(&format!("{} %h %p", script.display()))).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::Cancelled, "{}", problem.message);
    assert_eq!(started(sshd.folder()), [0; 0]);
}

#[tokio::test]
async fn a_consent_for_good_holds_for_this_command_and_this_host_only() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(script) = netcat(sshd.folder()) else { return };
    let desk = desk_for(&[&sshd]).await;
    desk.answer(|prompt| {
        let command = matches!(prompt.question, Question::RunCommand { .. });
        Some(if command { Answer::Allow { always: true } } else { Answer::Cancel })
    });
    let command = format!("{} %h %p", script.display());
    let host = save(&desk, &sshd, "", by_command(&command)).await;
    work(&desk, &host).await;
    desk.engine.host_disconnect(host.clone()).await.expect("it disconnects");
    work(&desk, &host).await;
    assert_eq!(desk.questions().len(), 1, "the second time nothing is asked");
    let other = save(&desk, &sshd, "", by_command(&command)).await;
    work(&desk, &other).await;
    assert_eq!(desk.questions().len(), 2, "another host is asked about");
}

#[tokio::test]
async fn the_last_words_of_a_command_that_fails_are_told() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = desk_for(&[&sshd]).await;
    allow(&desk);
    let command = "sh -c 'printf \"no way\\033[31m\\n\" >&2; exit 3'";
    let host = save(&desk, &sshd, "", by_command(command)).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::ProxyCommandFailed, "{}", problem.message);
    assert!(problem.message.contains("no way␛[31m"), "{}", problem.message);
    assert!(problem.message.contains('3'), "{}", problem.message);
}

// ---- Through jump hosts.

/// How often somebody has logged in to a server.
fn logins(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey").count()
}

#[tokio::test]
async fn one_two_and_three_jump_hosts_lead_to_a_shell() {
    let mut servers = Vec::new();
    for _ in 0..4 {
        let Some(sshd) = available(Sshd::start().await) else { return };
        servers.push(sshd);
    }
    let desk = desk_for(&servers.iter().collect::<Vec<_>>()).await;
    for (number, sshd) in servers.iter().enumerate() {
        let before = if number == 0 { String::new() } else { format!("s{}", number - 1) };
        let host = save(&desk, sshd, &format!("s{number}"), by_jump(&before)).await;
        work(&desk, &host).await;
    }
    // Each chain went over the connections that were there already.
    for sshd in &servers {
        assert_eq!(logins(sshd), 1, "{}", sshd.log());
    }
    let far = save(&desk, &servers[3], "by list", by_jump("s0, s1, s2")).await;
    work(&desk, &far).await;
    assert_eq!(logins(&servers[0]), 1, "the first of the list is shared");
    assert_eq!(logins(&servers[1]), 2, "the second is reached in another way than its own");
}

#[tokio::test]
async fn two_hosts_behind_one_jump_host_share_its_connection_and_live_apart() {
    let (Some(jump), Some(one), Some(two)) =
        (available(Sshd::start().await), available(Sshd::start().await), available(Sshd::start().await))
    else {
        return;
    };
    let desk = desk_for(&[&jump, &one, &two]).await;
    let jump_host = save(&desk, &jump, "bastion", HostOptions::default()).await;
    let first = save(&desk, &one, "one", by_jump("bastion")).await;
    let second = save(&desk, &two, "two", by_jump(&format!("{}@{}", jump.user(), jump.address()))).await;
    let (a, b) = tokio::join!(desk.open(&first), desk.open(&second));
    a.running().await;
    b.running().await;
    assert_eq!(logins(&jump), 1, "{}", jump.log());
    one.kill_sessions();
    a.lost(1).await;
    // It comes back over the same jump host.
    a.running().await;
    b.type_in("echo still $((40 + 2))\n").await;
    b.shows("still 42").await;
    // Its own terminal is one more session on the same connection.
    let own = desk.open(&jump_host).await;
    own.running().await;
    assert_eq!(logins(&jump), 1, "{}", jump.log());
}

#[tokio::test]
async fn a_jump_host_that_dies_ends_what_it_carries_at_once_and_is_named() {
    let (Some(mut jump), Some(sshd)) = (available(Sshd::start().await), available(Sshd::start().await))
    else {
        return;
    };
    let desk = desk_for(&[&jump, &sshd]).await;
    save(&desk, &jump, "the bastion", HostOptions::default()).await;
    let host = save(&desk, &sshd, "", by_jump("the bastion")).await;
    let screen = desk.open(&host).await;
    screen.running().await;
    let died = tokio::time::Instant::now();
    jump.stop();
    screen.lost(1).await;
    let named = "the connection to the jump host the bastion ended";
    let states = desk.states(&host);
    let told = |state: &ConnectionState| match state {
        ConnectionState::Down { problem, .. } => problem.message.contains(named),
        _ => false,
    };
    assert!(states.iter().any(told), "{states:?}");
    // Far below the time in which silence would be noticed.
    assert!(died.elapsed().as_secs() < 5, "{:?}", died.elapsed());
}

#[tokio::test]
async fn a_jump_host_that_forbids_or_cannot_is_told_apart() {
    let forbids = Sshd::builder().config_line("AllowTcpForwarding no").start().await;
    let (Some(forbids), Some(jump), Some(sshd)) =
        (available(forbids), available(Sshd::start().await), available(Sshd::start().await))
    else {
        return;
    };
    let desk = desk_for(&[&forbids, &jump, &sshd]).await;
    save(&desk, &forbids, "strict", HostOptions::default()).await;
    save(&desk, &jump, "jump", HostOptions::default()).await;
    let host = save(&desk, &sshd, "", by_jump("strict")).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::JumpRefused, "{}", problem.message);
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("its number");
    let nobody = desk.save_draft(HostDraft { options: by_jump("jump"), ..at(free) }).await;
    let problem = desk.open_in_vain(&nobody).await;
    assert_eq!(problem.code, ErrorCode::JumpFailed, "{}", problem.message);
    assert!(problem.message.contains("jump"), "{}", problem.message);
}

#[tokio::test]
async fn jump_hosts_that_lead_in_a_circle_are_refused_before_anything_is_dialled() {
    let server = HostileServer::start(hostile_server::silent()).await;
    let desk = Desk::new().await;
    let named = |label: &str, jump: &str, port: u16| HostDraft {
        label: label.into(),
        options: by_jump(jump),
        port,
        ..at(server.address())
    };
    desk.save_draft(named("b", "a", 1)).await;
    let host = desk.save_draft(named("a", "b", server.address().port())).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::JumpLoop, "{}", problem.message);
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_busy_terminal_behind_a_jump_host_does_not_hold_up_another() {
    let (Some(jump), Some(one), Some(two)) =
        (available(Sshd::start().await), available(Sshd::start().await), available(Sshd::start().await))
    else {
        return;
    };
    let desk = desk_for(&[&jump, &one, &two]).await;
    save(&desk, &jump, "bastion", HostOptions::default()).await;
    let first = save(&desk, &one, "one", by_jump("bastion")).await;
    let second = save(&desk, &two, "two", by_jump("bastion")).await;
    let (a, b) = tokio::join!(desk.open(&first), desk.open(&second));
    a.running().await;
    b.running().await;
    a.type_in("seq 1 400000; echo done-$((1 + 1))\n").await;
    b.type_in("echo still $((40 + 2))\n").await;
    b.shows("still 42").await;
    a.shows("done-2").await;
    assert!(a.text().contains("\r\n399999\r\n400000\r\n"), "every line came");
}
