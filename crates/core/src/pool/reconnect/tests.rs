use super::*;
use crate::error::Error;

fn problem(code: ErrorCode) -> Problem {
    Error::new(code, "no").problem()
}

fn refused() -> Problem {
    problem(ErrorCode::Refused)
}

/// A host that failed so often in a row, each time as soon as it was tried.
fn after(failures: u32, start: Instant) -> (Reconnect, Instant) {
    let (mut host, mut now) = (Reconnect::new(start), start);
    for _ in 0..failures {
        if let Turn::Wait(until) = host.turn(true, now) {
            now = until;
        }
        host.dial(now);
        host.failed(refused(), true, now, 1.0);
    }
    (host, now)
}

#[test]
fn a_lost_connection_is_dialled_again_within_a_second_and_then_ever_later() {
    let start = Instant::now();
    let mut host = Reconnect::new(start);
    host.dial(start);
    host.up(start);
    let lost = start + Duration::from_secs(60);
    host.failed(problem(ErrorCode::ConnectionReset), true, lost, 1.0);
    let mut waits = Vec::new();
    let mut now = lost;
    while let Turn::Wait(until) = host.turn(true, now) {
        waits.push((until - now).as_secs());
        now = until;
        if waits.len() == 6 {
            break;
        }
        host.dial(now);
        host.failed(refused(), true, now, 1.0);
    }
    assert_eq!(waits, [1, 2, 4, 8, 30, 30], "the fifth failure trips the breaker");
}

#[test]
fn the_fifth_failure_in_a_row_makes_everybody_wait_for_one_probe() {
    let start = Instant::now();
    let (host, now) = after(5, start);
    assert!(matches!(host.state(true), ConnectionState::Tripped { attempt: 5, .. }));
    assert!(matches!(host.state(false), ConnectionState::Down { attempt: 5, retry_at_ms: None, .. }));
    assert_eq!(host.turn(false, now), Turn::Wait(now + TRIPPED_FOR), "also one who comes new");
    assert_eq!(host.turn(true, now + TRIPPED_FOR), Turn::Dial);
}

#[test]
fn a_probe_that_succeeds_closes_the_breaker() {
    let start = Instant::now();
    let (mut host, mut now) = after(5, start);
    now += TRIPPED_FOR;
    host.dial(now);
    host.up(now);
    host.failed(problem(ErrorCode::ConnectionReset), true, now + LASTING, 1.0);
    assert!(matches!(host.state(true), ConnectionState::Down { attempt: 1, .. }));
}

#[test]
fn a_server_that_drops_every_login_trips_the_breaker_too() {
    let start = Instant::now();
    let (mut host, mut now) = (Reconnect::new(start), start);
    for _ in 0..5 {
        host.dial(now);
        host.up(now);
        host.failed(problem(ErrorCode::ConnectionClosed), true, now, 1.0);
        now += Duration::from_secs(1);
    }
    assert!(matches!(host.state(true), ConnectionState::Tripped { .. }), "{host:?}");
}

#[test]
fn a_network_that_comes_back_with_a_stumble_trips_nothing() {
    let (mut host, mut now) = after(4, Instant::now());
    now += Duration::from_secs(8);
    host.dial(now);
    host.up(now);
    now += Duration::from_secs(3);
    host.failed(problem(ErrorCode::ConnectionReset), true, now, 1.0);
    assert!(matches!(host.state(true), ConnectionState::Down { attempt: 5, .. }), "{host:?}");
    assert_eq!(host.turn(true, now), Turn::Wait(now + Duration::from_secs(16)), "the pauses grow on");
    for _ in 0..5 {
        assert!(!matches!(host.state(true), ConnectionState::Tripped { .. }), "{host:?}");
        host.dial(now);
        host.failed(refused(), true, now, 1.0);
    }
    assert!(
        matches!(host.state(true), ConnectionState::Tripped { .. }),
        "five tries that failed do: {host:?}"
    );
}

#[test]
fn what_a_person_has_to_decide_is_halted_and_waits_for_nobody() {
    for code in [
        ErrorCode::HostKeyChanged,
        ErrorCode::AuthRefused,
        ErrorCode::PromptTimedOut,
        ErrorCode::HostKeyRevoked,
    ] {
        let start = Instant::now();
        let mut host = Reconnect::new(start);
        host.dial(start);
        host.failed(problem(code), true, start, 0.5);
        assert!(matches!(host.state(true), ConnectionState::Halted { .. }), "{code:?}");
        assert!(!host.retry_now(start), "{code:?} is not tried again by itself");
    }
}

#[test]
fn a_click_on_a_host_that_nobody_waits_for_dials_at_once() {
    let start = Instant::now();
    let (host, now) = after(3, start);
    assert_eq!(host.turn(false, now), Turn::Dial);
    assert!(matches!(host.turn(true, now), Turn::Wait(_)), "while others wait, it joins them");
}

#[test]
fn a_network_that_came_back_means_now() {
    let start = Instant::now();
    for failures in [1, 5] {
        let (mut host, now) = after(failures, start);
        assert!(host.retry_now(now));
        assert_eq!(host.turn(true, now), Turn::Dial);
    }
}

#[test]
fn the_window_is_told_of_the_next_try_only_if_somebody_waits_for_it() {
    let (host, _) = after(1, Instant::now());
    let retry = |state| match state {
        ConnectionState::Down { retry_at_ms, .. } => retry_at_ms,
        other => panic!("{other:?}"),
    };
    assert!(retry(host.state(true)).is_some());
    assert!(retry(host.state(false)).is_none());
}

#[test]
fn what_worked_before_is_waited_for_where_the_network_or_a_folder_may_be_what_is_wrong() {
    for code in [ErrorCode::NotSsh, ErrorCode::ProxyProtocol, ErrorCode::KnownHostsUnreadable] {
        for waited_for in [true, false] {
            let start = Instant::now();
            let mut host = Reconnect::new(start);
            host.dial(start);
            host.failed(problem(code), waited_for, start, 1.0);
            assert_eq!(host.is_halted(), !waited_for, "{code:?}");
        }
    }
}

#[test]
fn a_session_that_was_up_never_repeats_what_a_person_has_to_decide() {
    for code in ErrorCode::ALL {
        let decides = code.action() == Action::Ask || Cause::of(*code) == Cause::HostKey;
        assert!(!(decides && heals(&problem(*code), true)), "{code:?}");
        let login = Cause::of(*code) == Cause::Auth;
        assert!(!(login && heals(&problem(*code), true)), "{code:?}");
    }
}
