//! The kit's hostile server, met by the system's ssh and by plain sockets.

use std::time::Duration;

use bowline_tests::eventually::{PATIENCE, eventually};
use bowline_tests::hostile_server::{self, HostileServer, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

/// What ssh says about this server.
async fn ssh_says(server: &HostileServer) -> String {
    let mut command = Command::new("ssh");
    command.args([
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "ConnectTimeout=1",
        "-o",
        "StrictHostKeyChecking=yes",
    ]);
    command.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityFile=/nonexistent"]);
    command.arg("-p").arg(server.address().port().to_string()).arg("127.0.0.1").kill_on_drop(true);
    let answer = timeout(PATIENCE, command.output()).await.expect("an end in time").expect("ssh runs");
    assert_eq!(answer.status.code(), Some(255));
    String::from_utf8_lossy(&answer.stderr).into_owned()
}

#[tokio::test]
async fn ssh_gives_up_on_each_of_the_scripts_that_it_can_tell() {
    for (script, complaint) in [
        (hostile_server::not_ssh(), "closed by remote host"),
        (hostile_server::silent(), "timed out"),
        (hostile_server::endless_banner(), "banner"),
        (hostile_server::endless_line(), "banner"),
        (hostile_server::closes_at_once(), "closed by remote host"),
        (hostile_server::resets_at_once(), "reset"),
        (hostile_server::huge_packet_length(), "ad packet length"),
    ] {
        let server = HostileServer::start(script.clone()).await;
        let said = ssh_says(&server).await;
        assert!(said.contains(complaint), "{complaint:?} in {said:?} for {script:?}");
        assert_eq!(server.accepted(), 1);
    }
}

#[tokio::test]
async fn a_script_runs_in_order_and_keeps_what_it_expected() {
    let script = vec![Step::Expect(3), Step::Send(b"hi".to_vec()), Step::Expect(2), Step::Close];
    let server = HostileServer::start(script).await;
    let mut client = TcpStream::connect(server.address()).await.expect("the server");
    let early = timeout(Duration::from_millis(100), client.read_u8()).await;
    assert!(early.is_err(), "it spoke before its turn");
    client.write_all(b"onetwo").await.expect("sent");
    let mut said = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut said)).await.expect("in time").expect("a clean end");
    assert_eq!(said, b"hi");
    assert_eq!((server.received(), server.sent()), (b"onetw".to_vec(), 2));
}

#[tokio::test]
async fn an_endless_answer_goes_on_until_the_client_leaves() {
    let server = HostileServer::start(hostile_server::endless_banner()).await;
    let mut client = TcpStream::connect(server.address()).await.expect("the server");
    let mut bytes = vec![0; 1_000_000];
    timeout(PATIENCE, client.read_exact(&mut bytes)).await.expect("in time").expect("enough");
    drop(client);
    let mut last = 0;
    eventually("it stops", || {
        let sent = server.sent();
        std::mem::replace(&mut last, sent) == sent
    })
    .await;
}

#[tokio::test]
async fn silence_keeps_the_connection_open() {
    let server = HostileServer::start(hostile_server::silent_after_banner()).await;
    let mut client = TcpStream::connect(server.address()).await.expect("the server");
    let mut banner = vec![0; 21];
    timeout(PATIENCE, client.read_exact(&mut banner)).await.expect("in time").expect("a banner");
    assert_eq!(banner, b"SSH-2.0-Hostile_1.0\r\n");
    assert!(timeout(Duration::from_millis(200), client.read_u8()).await.is_err(), "it spoke or closed");
    drop(server);
    let end = timeout(PATIENCE, client.read_u8()).await.expect("an end in time");
    assert!(end.is_err());
}
