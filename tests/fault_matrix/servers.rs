//! What a server can do to its connections: hang, crash, move, change its key, or have no room.

use std::time::Duration;

use bowline_core::connection::cause::Cause;
use bowline_core::connection::state::ConnectionState;
use bowline_core::engine::PasswordChange;
use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostDraft};
use bowline_core::network::NetworkEvent;
use bowline_core::timeline::TimelineEvent;
use bowline_tests::available;
use bowline_tests::desk::at;
use bowline_tests::eventually::holds_within;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::{HostKeyType, Sshd};
use futures::future::join_all;
use tokio::time::Instant;

use super::{BACK_WITHIN, Bed, KNOWN_WITHIN, LOADS, Load, through, within};

#[tokio::test]
async fn a_server_whose_sessions_hang_or_crash_is_left_for_one_that_answers() {
    let Some(mut sshd) = available(Sshd::start().await) else { return };
    let beds = join_all(LOADS.map(|load| Bed::new(&sshd, load))).await;
    let screens = join_all(beds.iter().map(Bed::open)).await;
    // Hung: SIGSTOP. Their sockets stay open, and nobody answers.
    sshd.freeze_sessions();
    let began = Instant::now();
    for (bed, screens) in beds.iter().zip(&screens) {
        bed.type_if_typing(&screens[0]).await;
    }
    for (bed, screens) in beds.iter().zip(&screens) {
        within(KNOWN_WITHIN.saturating_sub(began.elapsed()), "the hang is known", || {
            screens.iter().all(|screen| !screen.losses().is_empty())
        })
        .await;
        println!("SIGSTOP under {:?}: known after {:?}", bed.load, began.elapsed());
        bed.is_back(screens).await;
    }
    // Crashed: SIGKILL.
    let losses: Vec<usize> = screens.iter().map(|screens| screens[0].losses().len()).collect();
    sshd.kill_sessions();
    for ((bed, screens), before) in beds.iter().zip(&screens).zip(losses) {
        within(Duration::from_secs(5), "the crash is known", || screens[0].losses().len() > before).await;
        bed.is_back(screens).await;
    }
    drop(screens);
    sshd.stop();
}

#[tokio::test]
async fn a_server_that_is_restarted_or_moves_gets_its_terminals_back() {
    let Some(mut sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    sshd.stop();
    screens[0].lost(1).await;
    // While it is away each try fails; the person sees when the next one is.
    within(BACK_WITHIN, "the next try is told", || {
        matches!(bed.state(), Some(ConnectionState::Down { retry_at_ms: Some(_), attempt: 1.., .. }))
    })
    .await;
    sshd.restart().await;
    bed.desk.engine.host_retry(bed.host.clone()).await.expect("it is tried");
    bed.is_back(&screens).await;
    assert!(bed.desk.timeline(&bed.host).contains(&TimelineEvent::RetryAsked));

    // The same server at another address.
    let Some(other) = available(Sshd::start().await) else { return };
    let known = format!("{}{}", sshd.known_hosts(), other.known_hosts());
    std::fs::write(bed.desk.ssh_dir().join("known_hosts"), known).expect("both are known");
    let key_path = other.client_key_file().to_string_lossy().into_owned();
    let moved =
        HostDraft { user: other.user().to_owned(), auth: AuthMethod::Key, key_path, ..at(other.address()) };
    let keep = PasswordChange::Keep;
    bed.desk.engine.host_update(bed.host.clone(), moved, keep).await.expect("it is saved");
    sshd.stop();
    screens[0].lost(2).await;
    bed.is_back(&screens).await;
    assert_eq!(bed.proxy.open(), 0, "it is where it was moved to");
}

#[tokio::test]
async fn a_name_that_stops_resolving_is_tried_until_it_resolves_again() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    // For the engine the name server's answer changes: each dial asks it anew.
    let answers = async |address: &str| {
        let draft = HostDraft { address: address.to_owned(), ..through(&sshd, &bed.proxy) };
        let keep = PasswordChange::Keep;
        bed.desk.engine.host_update(bed.host.clone(), draft, keep).await.expect("it is saved");
    };
    answers("gone.invalid").await;
    bed.proxy.cut_now(Cut::Reset);
    within(BACK_WITHIN, "the name does not resolve", || {
        matches!(
            bed.state(),
            Some(ConnectionState::Down { cause: Cause::Unresolvable, retry_at_ms: Some(_), .. })
        )
    })
    .await;
    answers("127.0.0.1").await;
    bed.desk.engine.network_event(NetworkEvent::Changed);
    bed.is_back(&screens).await;
}

#[tokio::test]
async fn a_host_that_is_mended_while_it_waits_is_tried_at_once() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    bed.proxy.stop_listening().await;
    bed.proxy.cut_now(Cut::Reset);
    while !matches!(bed.state(), Some(ConnectionState::Tripped { .. })) {
        bed.desk.engine.host_retry(bed.host.clone()).await.expect("it is tried");
        let _ = holds_within(Duration::from_millis(50), || false).await;
    }
    // The port was wrong, say: the right one is tried long before the half minute is over.
    let other = FaultProxy::start(sshd.address(), 2).await;
    let keep = PasswordChange::Keep;
    bed.desk.engine.host_update(bed.host.clone(), through(&sshd, &other), keep).await.expect("it is saved");
    within(BACK_WITHIN, "it is back", || screens[0].is_running()).await;
    assert_eq!(other.accepted(), 1);
}

#[tokio::test]
async fn a_host_key_that_changed_meanwhile_halts_the_way_back_and_gets_no_credential() {
    let Some(mut sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    let logins = sshd.log().matches("Accepted publickey").count();
    sshd.restart_with_other_host_keys().await;
    assert_eq!(screens[0].failed().await, ErrorCode::HostKeyChanged);
    assert!(matches!(bed.state(), Some(ConnectionState::Halted { .. })), "{:?}", bed.state());
    let dials = bed.proxy.accepted();
    assert!(
        !holds_within(Duration::from_secs(3), || bed.proxy.accepted() > dials).await,
        "it is not tried again"
    );
    assert_eq!(sshd.log().matches("Accepted publickey").count(), logins, "nobody logged in");
    assert!(!sshd.log().contains("Failed "), "nothing was tried");
}

#[tokio::test]
async fn a_host_key_that_was_revoked_meanwhile_halts_the_way_back() {
    let Some(mut sshd) = available(Sshd::builder().host_keys(&[HostKeyType::Ed25519]).start().await) else {
        return;
    };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    let revoked = format!("@revoked * {}\n", sshd.host_key(HostKeyType::Ed25519));
    let file = bed.desk.ssh_dir().join("known_hosts");
    let known = std::fs::read_to_string(&file).expect("it was written when the key was trusted");
    std::fs::write(&file, revoked + &known).expect("it is written");
    sshd.restart().await;
    assert_eq!(screens[0].failed().await, ErrorCode::HostKeyRevoked);
    assert!(matches!(bed.state(), Some(ConnectionState::Halted { .. })), "{:?}", bed.state());
}

#[tokio::test]
async fn a_server_that_allows_one_or_two_sessions_a_connection_gets_more_connections() {
    for most in [1, 2] {
        let Some(sshd) = available(Sshd::builder().max_sessions(most).start().await) else { return };
        let bed = Bed::new(&sshd, Load::Idle).await;
        let mut screens = Vec::new();
        for number in 1..=4 {
            let screen = bed.desk.open(&bed.host).await;
            screen.running().await;
            screens.push(screen);
            let wanted = usize::div_ceil(number, most as usize);
            assert_eq!(bed.proxy.accepted(), wanted, "for {number} sessions of {most} each");
        }
        for (number, screen) in screens.iter().enumerate() {
            bed.echoes(screen, &format!("session-{number}")).await;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_too_busy_to_log_in_is_tried_again_for_those_who_were_there() {
    let Some(sshd) = available(Sshd::builder().max_startups(1).start().await) else { return };
    let bed = Bed::new(&sshd, Load::Idle).await;
    let screens = bed.open().await;
    let held = sshd.hold_startup_place().await;
    bed.proxy.cut_now(Cut::Reset);
    screens[0].lost(1).await;
    within(BACK_WITHIN, "a try was turned away", || {
        bed.desk.timeline(&bed.host).iter().filter(|what| matches!(what, TimelineEvent::Down { .. })).count()
            >= 2
    })
    .await;
    drop(held);
    bed.desk.engine.host_retry(bed.host.clone()).await.expect("it is tried");
    bed.is_back(&screens).await;
}
