//! What goes wrong with tunnels: each says what it is, and nothing else is disturbed.

use std::net::Ipv4Addr;
use std::time::Duration;

use bowline_core::engine::tunnels::TunnelView;
use bowline_core::error::ErrorCode;
use bowline_core::host::tunnels::TunnelKind;
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::tunnel::live::TunnelState;
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::PATIENCE;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::{ask, draft, echo, echoed, serve, source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MIB: usize = 1024 * 1024;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

/// A desk whose host is behind a proxy that may break the line.
async fn desk_through(sshd: &Sshd, proxy: &FaultProxy) -> (Desk, HostId) {
    let desk = Desk::new().await;
    let (before, after) = (sshd.address().port(), proxy.address().port());
    let known = sshd.known_hosts().replace(&format!("]:{before}"), &format!("]:{after}"));
    std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("known_hosts is written");
    let host = desk
        .save_draft(HostDraft {
            user: sshd.user().to_owned(),
            auth: AuthMethod::Key,
            key_path: sshd.client_key_file().to_string_lossy().into_owned(),
            ..at(proxy.address())
        })
        .await;
    (desk, host)
}

fn code(view: &TunnelView) -> Option<ErrorCode> {
    view.trouble.as_ref().map(|trouble| trouble.problem.code)
}

/// Whatever it is, it ends, and not as if all had been said.
async fn is_reset(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it ends");
    assert!(end.is_err(), "a clean end after {} bytes", rest.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_keeps_the_listener_and_those_who_connect_meanwhile_wait() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let (desk, host) = desk_through(&sshd, &proxy).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, echo().await)).await;
    let mut cut = TcpStream::connect(bound).await.expect("it listens");
    cut.write_all(b"x").await.expect("it is sent");
    assert_eq!(cut.read_u8().await.expect("it comes back"), b'x');
    for round in 0..2 {
        proxy.stop_listening().await;
        proxy.cut_now(Cut::Reset);
        let lost = desk.tunnel_is(&id, |view| view.state == TunnelState::Waiting).await;
        assert!(code(&lost).is_some_and(ErrorCode::is_lost_connection), "{lost:?}");
        if round == 0 {
            is_reset(&mut cut).await;
        }
        let mut early = TcpStream::connect(bound).await.expect("it still listens");
        desk.tunnel_is(&id, |view| view.waiting == 1).await;
        proxy.listen_again().await;
        desk.engine.host_retry(host.clone()).await.expect("it is tried");
        assert_eq!(echoed(&mut early, b"early").await, b"early", "it waited for the host");
        let view = desk.tunnel_is(&id, |view| view.state == TunnelState::Up && view.live == 0).await;
        assert_eq!((code(&view), view.waiting), (None, 0), "it is over");
        let mut late = TcpStream::connect(bound).await.expect("it listens");
        assert_eq!(echoed(&mut late, b"late").await, b"late");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_a_host_is_closed_with_a_reason() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let (desk, host) = desk_through(&sshd, &proxy).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, echo().await)).await;
    proxy.stop_listening().await;
    proxy.cut_now(Cut::Reset);
    desk.tunnel_is(&id, |view| view.state == TunnelState::Waiting).await;
    let started = std::time::Instant::now();
    let mut stream = TcpStream::connect(bound).await.expect("it still listens");
    is_reset(&mut stream).await;
    let waited = started.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(20)).contains(&waited), "{waited:?}");
    let view = desk.tunnel_is(&id, |view| code(view) == Some(ErrorCode::TunnelWaited)).await;
    assert_eq!((view.state, view.failed), (TunnelState::Waiting, 1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_tunnel_is_asked_for_again_on_the_same_port() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let (desk, host) = desk_through(&sshd, &proxy).await;
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Remote, 0, echo().await)).await;
    proxy.cut_now(Cut::Reset);
    desk.tunnel_is(&id, |view| view.state == TunnelState::Waiting).await;
    desk.tunnel_is(&id, |view| view.state == TunnelState::Up).await;
    let mut stream = TcpStream::connect(bound).await.expect("sshd listens there again");
    assert_eq!(echoed(&mut stream, b"again").await, b"again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_in_use_is_named_and_the_tunnel_can_be_started_later() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let target = echo().await;
    let id = desk.tunnel(&host, draft(TunnelKind::Local, port, target)).await;
    let view = desk.tunnel_is(&id, |view| view.state == TunnelState::Failed).await;
    assert_eq!(code(&view), Some(ErrorCode::TunnelPortInUse));
    assert_eq!(view.trouble.expect("why").problem.params["listen"], port.to_string());
    assert!(desk.connection(&host).is_none(), "nothing was dialled for it");
    drop(taken);
    desk.engine.tunnel_start(id.clone()).await.expect("it is tried again");
    desk.tunnel_is(&id, |view| view.state == TunnelState::Up).await;
    // The host says no more than that it does not.
    let theirs = desk.tunnel(&host, draft(TunnelKind::Remote, port, target)).await;
    let view = desk.tunnel_is(&theirs, |view| view.state == TunnelState::Failed).await;
    assert_eq!(code(&view), Some(ErrorCode::TunnelListenRefused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_refuses_or_resets_ends_that_connection_alone() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let mut beside = {
        let (_, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, echo().await)).await;
        TcpStream::connect(bound).await.expect("it listens")
    };
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port").local_addr().expect("it");
    let resetting = serve(|stream| async move {
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("it is set");
    })
    .await;
    let (there, here) = (ErrorCode::TunnelTargetFailed, ErrorCode::TunnelTargetFailedHere);
    for (kind, target, failed) in [
        (TunnelKind::Local, nobody, there),
        (TunnelKind::Remote, nobody, here),
        (TunnelKind::Local, resetting, there),
        (TunnelKind::Remote, resetting, here),
    ] {
        let (id, bound) = desk.tunnel_up(&host, draft(kind, 0, target)).await;
        let mut stream = TcpStream::connect(bound).await.expect("it listens");
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it ends");
        assert_eq!(rest, b"");
        drop(stream);
        let view = desk.tunnel_is(&id, |view| view.live == 0 && view.total == 1.0).await;
        assert_eq!(view.state, TunnelState::Up, "{kind:?}");
        // A reset that comes before whoever connects has looked is no connection at all.
        let may_be_none = target == resetting;
        assert!(code(&view) == Some(failed) || may_be_none && code(&view).is_none(), "{kind:?}: {view:?}");
    }
    assert_eq!(echoed(&mut beside, b"undisturbed").await, b"undisturbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_allows_no_forwarding_says_so_at_the_tunnel() {
    let Some(sshd) = available(Sshd::builder().config_line("AllowTcpForwarding no").start().await) else {
        return;
    };
    let (desk, host) = desk_at(&sshd).await;
    let target = echo().await;
    let remote = desk.tunnel(&host, draft(TunnelKind::Remote, 0, target)).await;
    let view = desk.tunnel_is(&remote, |view| view.state == TunnelState::Failed).await;
    assert_eq!(code(&view), Some(ErrorCode::TunnelListenRefused));
    let (local, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, target)).await;
    let mut stream = TcpStream::connect(bound).await.expect("it listens");
    is_reset(&mut stream).await;
    desk.tunnel_is(&local, |view| code(view) == Some(ErrorCode::TunnelForbidden)).await;
    let (_, bound) = desk.tunnel_up(&host, draft(TunnelKind::Dynamic, 0, "")).await;
    let mut stream = TcpStream::connect(bound).await.expect("it listens");
    stream.write_all(&[5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80]).await.expect("it is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer and an end");
    assert_eq!(answer[..4], [5, 0, 5, 2], "forbidden, in the words of SOCKS");
    let terminal = desk.open(&host).await;
    terminal.running().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_reached_fails_the_tunnel_with_its_cause() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let (desk, host) = desk_through(&sshd, &proxy).await;
    proxy.stop_listening().await;
    let id = desk.tunnel(&host, draft(TunnelKind::Local, 0, "localhost:1")).await;
    let view = desk.tunnel_is(&id, |view| view.state == TunnelState::Failed).await;
    assert_eq!((code(&view), view.bound.len()), (Some(ErrorCode::Refused), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_takes_nothing_is_reset_in_the_end_and_its_neighbour_is_not() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (beside_id, beside) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, echo().await)).await;
    let mut beside = TcpStream::connect(beside).await.expect("it listens");
    beside.write_all(b"x").await.expect("it is sent");
    let (id, bound) = desk.tunnel_up(&host, draft(TunnelKind::Local, 0, source().await)).await;
    let mut stalled = TcpStream::connect(bound).await.expect("it listens");
    ask(&mut stalled, 1, 300 * MIB).await;
    let view = desk.tunnel_is(&id, |view| view.live == 0 && view.total == 1.0).await;
    assert_eq!((code(&view), view.failed, view.held_bytes), (Some(ErrorCode::TunnelBehind), 1.0, 0.0));
    is_reset(&mut stalled).await;
    assert_eq!(echoed(&mut beside, b"y").await, b"xy");
    assert_eq!(desk.tunnel_view(&beside_id).await.expect("it is there").trouble, None);
}
