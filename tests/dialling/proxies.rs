//! SOCKS and HTTP proxies, and what passes for one.

use super::*;

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
