//! Addresses and servers that are wrong, silent or hostile: each gets a message that says what was tried, on what and why.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use bowline_core::connection::state::ConnectionState;
use bowline_core::error::{ErrorCode, Problem};
use bowline_core::host::HostDraft;
use bowline_tests::desk::{Desk, at};
use bowline_tests::hostile_server::{self, HostileServer, Step};

async fn problem_of(script: Vec<Step>) -> (Problem, HostileServer) {
    let server = HostileServer::start(script).await;
    let desk = Desk::new().await;
    let host = desk.save_draft(at(server.address())).await;
    let problem = desk.open_in_vain(&host).await;
    assert!(problem.message.contains("127.0.0.1"), "it names the host: {}", problem.message);
    assert!(matches!(
        desk.states(&host).last(),
        Some(ConnectionState::Down { .. } | ConnectionState::Halted { .. })
    ));
    (problem, server)
}

async fn problem_at(draft: HostDraft) -> Problem {
    let desk = Desk::new().await;
    let host = desk.save_draft(draft).await;
    desk.open_in_vain(&host).await
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_refused() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("its number");
    let problem = problem_at(at(free)).await;
    assert_eq!(problem.code, ErrorCode::Refused);
    assert_eq!(problem.params["port"], free.port().to_string());
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_as_such() {
    let draft =
        HostDraft { address: "no-such-host.invalid".into(), ..at(SocketAddr::from(([127, 0, 0, 1], 22))) };
    let problem = problem_at(draft).await;
    assert_eq!(problem.code, ErrorCode::Unresolvable);
    assert!(problem.message.contains("no-such-host.invalid"));
}

#[tokio::test]
async fn a_web_server_is_told_with_what_it_said() {
    let (problem, _server) = problem_of(hostile_server::not_ssh()).await;
    assert_eq!(problem.code, ErrorCode::NotSsh, "{}", problem.message);
    assert!(problem.params["received"].starts_with("HTTP/"), "{problem:?}");
}

#[tokio::test]
async fn an_endless_greeting_is_left_after_a_bounded_number_of_bytes() {
    for script in [hostile_server::endless_banner(), hostile_server::endless_line()] {
        let (problem, server) = problem_of(script).await;
        assert_eq!(problem.code, ErrorCode::NotSsh, "{}", problem.message);
        // What we read is bounded by 64 KiB and one read; the system's buffers hold the rest.
        assert!(server.sent() < 16 * 1024 * 1024, "{}", server.sent());
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_told_as_such() {
    for script in [hostile_server::closes_at_once(), hostile_server::resets_at_once()] {
        let (problem, _server) = problem_of(script).await;
        assert_eq!(problem.code, ErrorCode::ClosedInHandshake, "{}", problem.message);
    }
}

#[tokio::test]
async fn a_packet_of_two_gigabytes_is_refused() {
    let (problem, _server) = problem_of(hostile_server::huge_packet_length()).await;
    assert!(
        matches!(problem.code, ErrorCode::Protocol | ErrorCode::ClosedInHandshake),
        "{:?}: {}",
        problem.code,
        problem.message
    );
}
