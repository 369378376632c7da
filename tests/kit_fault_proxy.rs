//! The kit's proxy, between plain sockets and between the system's ssh and sshd.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bowline_tests::available;
use bowline_tests::eventually::{PATIENCE, eventually, holds_within};
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::sshd::Sshd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A client and a server with a proxy between them.
struct Pair {
    proxy: FaultProxy,
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
}

impl Pair {
    async fn new() -> Pair {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = FaultProxy::start(listener.local_addr().expect("an address"), 7).await;
        let client = TcpStream::connect(proxy.address()).await.expect("the proxy");
        let (server, _) = listener.accept().await.expect("the client");
        Pair { proxy, listener, client, server }
    }

    /// Replaces the connection by a new one.
    async fn reconnect(&mut self) {
        self.client = TcpStream::connect(self.proxy.address()).await.expect("the proxy");
        (self.server, _) = self.listener.accept().await.expect("the client");
    }
}

async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("in time").expect("these bytes");
    bytes
}

/// Everything until the stream ends, and how it ended.
async fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, Option<io::ErrorKind>) {
    let mut bytes = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end in time");
    (bytes, ended.err().map(|cause| cause.kind()))
}

#[tokio::test]
async fn without_faults_it_passes_everything_and_both_ends_of_it() {
    let mut pair = Pair::new().await;
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let (mut read_half, mut write_half) = pair.client.into_split();
    let expected = sent.clone();
    tokio::spawn(async move {
        write_half.write_all(&sent).await.expect("sent");
    });
    let (received, error) = read_to_end(&mut pair.server).await;
    assert!(received == expected && error.is_none());
    // The other direction is open still.
    pair.server.write_all(b"answer").await.expect("sent");
    drop(pair.server);
    let mut answer = Vec::new();
    read_half.read_to_end(&mut answer).await.expect("the end");
    assert_eq!(answer, b"answer");
    assert_eq!(pair.proxy.passed(Direction::ToServer), 3_000_000);
    assert_eq!(pair.proxy.passed(Direction::ToClient), 6);
    assert_eq!(pair.proxy.captured(), expected[..1024 * 1024]);
    eventually("the connection is forgotten", || pair.proxy.open() == 0).await;
}

#[tokio::test]
async fn a_delay_holds_bytes_back_without_limiting_their_rate() {
    let mut pair = Pair::new().await;
    pair.proxy.delay(Direction::ToServer, Duration::from_millis(200));
    let start = Instant::now();
    for _ in 0..20 {
        pair.client.write_all(&[0; 1000]).await.expect("sent");
        tokio::task::yield_now().await;
    }
    read(&mut pair.server, 20_000).await;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(200), "{took:?}");
    assert!(took < Duration::from_millis(1500), "each piece waited for the one before: {took:?}");
}

#[tokio::test]
async fn jitter_and_fragments_keep_the_order() {
    let mut pair = Pair::new().await;
    pair.proxy.jitter(Direction::ToServer, Duration::from_millis(3));
    pair.proxy.fragment(Direction::ToServer, Some(7));
    let sent: Vec<u8> = (0..2000_u32).map(|number| number as u8).collect();
    pair.client.write_all(&sent).await.expect("sent");
    assert_eq!(read(&mut pair.server, sent.len()).await, sent);
}

#[tokio::test]
async fn a_limit_sets_the_rate() {
    let mut pair = Pair::new().await;
    pair.proxy.limit(Direction::ToServer, Some(100_000));
    let start = Instant::now();
    pair.client.write_all(&[0; 50_000]).await.expect("sent");
    read(&mut pair.server, 50_000).await;
    let took = start.elapsed().as_secs_f64();
    assert!((0.4..2.0).contains(&took), "{took} s");
}

#[tokio::test]
async fn a_reset_falls_after_the_byte_it_was_set_for_and_once() {
    let mut pair = Pair::new().await;
    pair.proxy.cut_at(Direction::ToServer, 5, Cut::Reset);
    pair.client.write_all(b"0123456789").await.expect("sent");
    let (_, error) = read_to_end(&mut pair.client).await;
    assert_eq!(error, Some(io::ErrorKind::ConnectionReset));
    assert_eq!(pair.proxy.passed(Direction::ToServer), 5);
    assert_eq!(pair.proxy.captured(), b"01234");
    pair.reconnect().await;
    pair.client.write_all(b"0123456789").await.expect("sent");
    assert_eq!(read(&mut pair.server, 10).await, b"0123456789");
    assert_eq!(pair.proxy.accepted(), 2);
}

#[tokio::test]
async fn a_finish_looks_like_the_other_side_has_closed() {
    let mut pair = Pair::new().await;
    pair.proxy.cut_at(Direction::ToClient, 3, Cut::Finish);
    pair.server.write_all(b"0123456789").await.expect("sent");
    assert_eq!(read_to_end(&mut pair.client).await, (b"012".to_vec(), None));
    assert_eq!(read_to_end(&mut pair.server).await, (Vec::new(), None));
}

#[tokio::test]
async fn a_half_open_connection_is_dead_for_the_server_and_silent_for_the_client() {
    let mut pair = Pair::new().await;
    pair.client.write_all(b"x").await.expect("sent");
    read(&mut pair.server, 1).await;
    pair.proxy.cut_now(Cut::HalfOpen);
    let (_, error) = read_to_end(&mut pair.server).await;
    assert_eq!(error, Some(io::ErrorKind::ConnectionReset));
    pair.client.write_all(&[0; 100_000]).await.expect("taken");
    let silence = timeout(Duration::from_millis(300), pair.client.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
    assert_eq!(pair.proxy.passed(Direction::ToServer), 1);
}

#[tokio::test]
async fn a_frozen_direction_stands_still_and_loses_nothing() {
    let mut pair = Pair::new().await;
    pair.proxy.freeze(Direction::ToServer);
    pair.client.write_all(b"later").await.expect("taken");
    pair.server.write_all(b"now").await.expect("sent");
    assert_eq!(read(&mut pair.client, 3).await, b"now");
    let silence = timeout(Duration::from_millis(300), pair.server.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
    pair.proxy.thaw(Direction::ToServer);
    assert_eq!(read(&mut pair.server, 5).await, b"later");
}

#[tokio::test]
async fn a_frozen_proxy_takes_no_more_than_its_buffers() {
    let pair = Pair::new().await;
    pair.proxy.freeze_all();
    let mut client = pair.client;
    let chunk = vec![0; 1024 * 1024];
    let flood = async {
        for _ in 0..64 {
            client.write_all(&chunk).await.expect("taken");
        }
    };
    assert!(timeout(Duration::from_millis(500), flood).await.is_err(), "64 MiB were taken");
}

#[tokio::test]
async fn one_byte_is_corrupted_and_no_other() {
    let mut pair = Pair::new().await;
    pair.proxy.corrupt_at(Direction::ToServer, 4);
    pair.client.write_all(&[0; 10]).await.expect("sent");
    assert_eq!(read(&mut pair.server, 10).await, [0, 0, 0, 0, 255, 0, 0, 0, 0, 0]);
    pair.reconnect().await;
    pair.client.write_all(&[0; 10]).await.expect("sent");
    assert_eq!(read(&mut pair.server, 10).await, [0; 10]);
}

#[tokio::test]
async fn new_connections_can_be_refused_while_open_ones_live() {
    let mut pair = Pair::new().await;
    pair.proxy.refuse_new(true);
    let mut refused = TcpStream::connect(pair.proxy.address()).await.expect("accepted at first");
    let (_, error) = read_to_end(&mut refused).await;
    assert_eq!(error, Some(io::ErrorKind::ConnectionReset));
    pair.client.write_all(b"x").await.expect("sent");
    read(&mut pair.server, 1).await;
    pair.proxy.refuse_new(false);
    pair.reconnect().await;
}

#[tokio::test]
async fn a_black_hole_takes_new_connections_too_and_loses_nothing_when_it_heals() {
    let mut pair = Pair::new().await;
    pair.proxy.black_hole(true);
    pair.client.write_all(b"old").await.expect("taken");
    let mut new = TcpStream::connect(pair.proxy.address()).await.expect("accepted");
    new.write_all(b"new").await.expect("taken");
    let silence = timeout(Duration::from_millis(200), pair.server.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
    let unseen = timeout(Duration::from_millis(100), pair.listener.accept()).await;
    assert!(unseen.is_err(), "the server saw a connection through the hole");
    pair.proxy.black_hole(false);
    assert_eq!(read(&mut pair.server, 3).await, b"old");
    let (mut second, _) =
        timeout(PATIENCE, pair.listener.accept()).await.expect("in time").expect("it comes");
    assert_eq!(read(&mut second, 3).await, b"new");
}

#[tokio::test]
async fn one_direction_can_be_closed_while_the_other_lives() {
    let mut pair = Pair::new().await;
    pair.proxy.close_direction(Direction::ToServer);
    assert_eq!(read_to_end(&mut pair.server).await, (Vec::new(), None));
    pair.client.write_all(b"into nowhere").await.expect("the client notices nothing");
    pair.server.write_all(b"still here").await.expect("sent");
    assert_eq!(read(&mut pair.client, 10).await, b"still here");
}

#[tokio::test]
async fn new_connections_go_to_another_server_once_it_is_told() {
    let mut pair = Pair::new().await;
    let moved = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    pair.proxy.retarget(moved.local_addr().expect("an address"));
    let mut client = TcpStream::connect(pair.proxy.address()).await.expect("the proxy");
    let (mut server, _) = timeout(PATIENCE, moved.accept()).await.expect("in time").expect("it comes");
    client.write_all(b"moved").await.expect("sent");
    assert_eq!(read(&mut server, 5).await, b"moved");
    pair.client.write_all(b"old").await.expect("the open one stays where it was");
    assert_eq!(read(&mut pair.server, 3).await, b"old");
}

#[tokio::test]
async fn connecting_is_refused_while_it_does_not_listen() {
    let mut pair = Pair::new().await;
    pair.proxy.stop_listening().await;
    let refused = TcpStream::connect(pair.proxy.address()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    pair.client.write_all(b"x").await.expect("the open one lives");
    read(&mut pair.server, 1).await;
    pair.proxy.listen_again().await;
    pair.reconnect().await;
}

#[tokio::test]
async fn a_cut_to_half_open_shows_only_the_server_an_end() {
    let mut pair = Pair::new().await;
    pair.proxy.cut_at(Direction::ToServer, 3, Cut::HalfOpen);
    pair.client.write_all(b"onetwo").await.expect("sent");
    let (_, error) = read_to_end(&mut pair.server).await;
    assert_eq!(error, Some(io::ErrorKind::ConnectionReset));
    pair.client.write_all(b"three").await.expect("taken");
    assert!(timeout(Duration::from_millis(200), pair.client.read_u8()).await.is_err(), "the client noticed");
}

#[tokio::test]
async fn it_ends_with_its_connections_when_dropped() {
    let mut pair = Pair::new().await;
    let address = pair.proxy.address();
    drop(pair.proxy);
    let (received, _) = read_to_end(&mut pair.client).await;
    assert!(received.is_empty());
    let mut refused = false;
    while !refused {
        refused = TcpStream::connect(address).await.is_err();
    }
}

#[tokio::test]
async fn a_session_survives_a_freeze_and_dies_of_a_corrupted_byte() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 7).await;
    let mut command = sshd.openssh_through("ssh", proxy.address().port());
    command.args(["host", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = command.spawn().expect("ssh runs");
    let mut stdin = client.stdin.take().expect("a pipe");
    let mut stdout = client.stdout.take().expect("a pipe");
    let mut echo = [0; 6];
    stdin.write_all(b"before").await.expect("sent");
    timeout(PATIENCE, stdout.read_exact(&mut echo)).await.expect("in time").expect("echoed");

    proxy.freeze_all();
    stdin.write_all(b"during").await.expect("sent");
    let early = timeout(Duration::from_millis(300), stdout.read_exact(&mut echo)).await;
    assert!(early.is_err(), "a frozen connection answered");
    proxy.thaw_all();
    timeout(PATIENCE, stdout.read_exact(&mut echo)).await.expect("in time").expect("echoed");
    assert_eq!(&echo, b"during");

    proxy.corrupt_at(Direction::ToServer, proxy.passed(Direction::ToServer) + 20);
    stdin.write_all(b"broken").await.expect("sent");
    sshd.logged("message authentication code incorrect").await;
    let ended = holds_within(PATIENCE, || !matches!(client.try_wait(), Ok(None))).await;
    assert!(ended, "ssh goes on");
}
