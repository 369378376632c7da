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

mod commands;
mod jump_hosts;
mod proxies;

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
