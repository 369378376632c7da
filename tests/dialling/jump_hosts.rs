//! Jump hosts, alone and in chains.

use super::*;

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
