//! The engine over a real long link: TCP between two network namespaces, with delay and loss below it.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bowline_core::error::ErrorCode;
use bowline_core::host::AuthMethod;
use bowline_core::network::NetworkEvent;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::eventually::eventually;
use bowline_tests::long_link::{FAR, Link, LongLink};
use bowline_tests::sshd::Sshd;

/// 200 ms there and back, and every hundredth packet lost.
const LONG_AND_LOSSY: Link =
    Link { delay_ms: 100, loss_percent: 1.0, bytes_per_second: 0, black_hole: false };

/// A runtime whose sockets and children belong to the namespace of the calling thread.
fn block_on<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(what)
}

/// A link, or the reason why there is none. Unlike other needs it is never insisted on: a container may not give it even to root.
fn long_link(link: Link) -> Option<LongLink> {
    LongLink::start(link).inspect_err(|reason| eprintln!("SKIPPED: {reason}")).ok()
}

fn far_sshd(link: &LongLink) -> Option<Sshd> {
    available(link.far(|| block_on(Sshd::builder().listen_on(FAR).start())))
}

#[test]
fn a_round_trip_takes_its_time_and_a_black_hole_swallows_everything() {
    let Some(link) = long_link(Link { delay_ms: 50, ..Link::default() }) else { return };
    let listener = link.far(|| TcpListener::bind((FAR, 0))).expect("a port at the far end");
    let address = listener.local_addr().expect("its address");
    let accepting = std::thread::spawn(move || listener.accept().expect("the near end").0);
    let started = Instant::now();
    let mut near = link.near(|| TcpStream::connect(address)).expect("the far end");
    let mut far = accepting.join().expect("no panic");
    let round_trip = started.elapsed();
    assert!(round_trip >= Duration::from_millis(100), "{round_trip:?}");

    link.set(Link { black_hole: true, ..link.now() });
    near.write_all(b"later").expect("TCP takes it");
    far.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    let mut bytes = [0; 5];
    assert!(far.read_exact(&mut bytes).is_err(), "it came through the hole");
    link.set(Link { black_hole: false, ..link.now() });
    far.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    far.read_exact(&mut bytes).expect("TCP sends it again");
    assert_eq!(&bytes, b"later");
}

#[test]
fn a_link_takes_everything_down_behind_it() {
    let Some(link) = long_link(Link::default()) else { return };
    let namespaces = || {
        let own = format!("bwl{}x", std::process::id());
        let list = std::fs::read_dir("/run/netns").expect("namespaces are listed");
        list.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(&own))
            .count()
    };
    assert_eq!(namespaces(), 2);
    drop(link);
    assert_eq!(namespaces(), 0);
    let devices = std::fs::read_to_string("/proc/net/dev").expect("devices are listed");
    assert!(!devices.contains(&format!("bwl{}x", std::process::id())), "{devices}");
}

#[test]
fn a_shell_works_at_200_ms_with_loss_and_a_black_hole_is_known_within_thirty_seconds() {
    let Some(link) = long_link(LONG_AND_LOSSY) else { return };
    let Some(sshd) = far_sshd(&link) else { return };
    let through = &link;
    link.near(|| {
        block_on(async {
            let desk = Desk::new().await;
            desk.know(&sshd);
            let host = desk.save(&sshd, AuthMethod::Key).await;
            let screen = desk.open(&host).await;
            screen.running().await;
            screen.type_in("seq 1 20000; echo 'over ''there'\n").await;
            screen.shows("over there").await;
            eventually("the round trip is measured", || {
                desk.connection(&host).and_then(|view| view.round_trip_ms).is_some_and(|time| time >= 200.0)
            })
            .await;

            through.set(Link { black_hole: true, ..through.now() });
            let started = Instant::now();
            screen.type_in("x").await;
            eventually("the doubt is shown", || desk.is_suspect(&host)).await;
            assert!(started.elapsed().as_secs_f64() < 7.5, "{:?}", started.elapsed());
            assert_eq!(screen.lost(1).await, [ErrorCode::ConnectionSilent]);
            assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());

            through.set(Link { black_hole: false, ..through.now() });
            desk.engine.network_event(NetworkEvent::Changed);
            eventually("the shell is back", || screen.is_running()).await;
            screen.type_in("echo 'and ''back'\n").await;
            screen.shows("and back").await;
        });
    });
}
