use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::auth::Authenticator;
use crate::auth::secrets::Secrets;
use crate::connection::dial::consent::Consents;
use crate::connection::state::ConnectionState;
use crate::prompt::Prompts;
use crate::trust::TrustStore;

fn pool() -> Pool {
    let nowhere = std::path::Path::new("/nowhere");
    let dialer = Dialer {
        trust: Arc::new(TrustStore::openssh_defaults(nowhere)),
        prompts: Prompts::new(mpsc::channel(1).0),
        authenticator: Authenticator {
            secrets: Secrets::open(),
            ssh_dir: nowhere.into(),
            agent_socket: None,
        },
        consents: Consents::at(nowhere.join("commands.json")),
    };
    Pool::new(dialer, IdleExpiry::default(), Timeline::new(Arc::new(|_| ())), Arc::new(|_| ()))
}

fn host() -> HostId {
    HostId("web".to_owned())
}

/// Targets that are never ready: a dial that takes as long as it likes.
fn endless() -> MakeTarget {
    Arc::new(|| futures::future::pending().boxed())
}

/// A dial that fails like this at once; counts the dials.
fn failing(code: ErrorCode) -> (MakeTarget, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let make: MakeTarget = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { Err(Error::new(code, "no")) }.boxed()
    });
    (make, count)
}

fn state(pool: &Pool) -> ConnectionState {
    pool.views().into_iter().next().expect("the host is known").state
}

#[tokio::test(start_paused = true)]
async fn giving_up_or_disconnecting_ends_those_who_wait_for_a_dial_under_way() {
    for disconnect in [false, true] {
        let pool = pool();
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.place_again(&host(), endless()).await.map(|_| ()) }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(matches!(state(&pool), ConnectionState::Dialing { .. }));
        if disconnect {
            pool.disconnect(&host()).await;
        } else {
            pool.give_up(&host());
        }
        let ended = timeout(Duration::from_secs(30), waiting).await.expect("it does not wait any more");
        assert_eq!(ended.expect("no panic").expect_err("there is no place").code, ErrorCode::Cancelled);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(state(&pool), ConnectionState::Idle, "the dial was given up too");
        assert!(!pool.is_in_use());
    }
}

#[tokio::test(start_paused = true)]
async fn a_dial_that_nobody_waits_for_any_more_leaves_no_failure() {
    for again in [false, true] {
        let pool = pool();
        let gone = async {
            let host = host();
            if again {
                pool.place_again(&host, endless()).await.map(|_| ())
            } else {
                pool.place(&host, endless()).await.map(|_| ())
            }
        };
        timeout(Duration::from_secs(1), gone).await.expect_err("it waits");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(state(&pool), ConnectionState::Idle);
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_late_to_what_a_person_has_to_decide_does_not_try_it_again() {
    let pool = pool();
    let (changed, dials) = failing(ErrorCode::HostKeyChanged);
    for _ in 0..3 {
        let error = pool.place_again(&host(), Arc::clone(&changed)).await.expect_err("it fails");
        assert_eq!(error.code, ErrorCode::HostKeyChanged);
    }
    assert_eq!(dials.load(Ordering::SeqCst), 1);
    pool.place(&host(), changed).await.expect_err("it fails");
    assert_eq!(dials.load(Ordering::SeqCst), 2, "a person who asks is served");
}

#[tokio::test(start_paused = true)]
async fn a_session_waits_through_what_heals_and_ends_when_its_host_is_deleted() {
    let (pool, host) = (pool(), host());
    let (captive, dials) = failing(ErrorCode::NotSsh);
    let waiting = pool.place_again(&host, captive);
    timeout(Duration::from_secs(120), waiting).await.expect_err("it waits on");
    let tries = dials.load(Ordering::SeqCst);
    assert!((4..=12).contains(&tries), "{tries} tries in two minutes");
    let (deleted, dials) = failing(ErrorCode::HostNotFound);
    let waiting = pool.place_again(&host, deleted);
    let ended = timeout(Duration::from_secs(60), waiting).await.expect("it ends");
    assert_eq!(ended.expect_err("there is no host").code, ErrorCode::HostNotFound);
    assert_eq!(dials.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn giving_up_tells_everybody_the_last_failure() {
    let pool = pool();
    let (refused, _) = failing(ErrorCode::Refused);
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (pool, refused) = (pool.clone(), Arc::clone(&refused));
            tokio::spawn(async move { pool.place_again(&host(), refused).await.map(|_| ()) })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(90)).await;
    pool.give_up(&host());
    for one in waiting {
        let ended = timeout(Duration::from_secs(30), one).await.expect("it ends").expect("no panic");
        assert_eq!(ended.expect_err("there is no place").code, ErrorCode::Refused);
    }
    assert!(!pool.is_in_use());
}

#[tokio::test(start_paused = true)]
async fn the_timeline_says_that_a_changed_host_is_no_failed_one_any_more() {
    let pool = pool();
    let (refused, _) = failing(ErrorCode::AuthRefused);
    pool.place(&host(), refused).await.expect_err("it fails");
    pool.forget_failures(&host());
    pool.forget_failures(&host());
    assert_eq!(state(&pool), ConnectionState::Idle);
    let told: Vec<_> = pool.timeline.entries().into_iter().map(|entry| entry.what).collect();
    assert!(
        matches!(
            told[..],
            [TimelineEvent::Dialing { .. }, TimelineEvent::Halted { .. }, TimelineEvent::Closed]
        ),
        "{told:?}"
    );
}

#[test]
fn connections_that_fall_silent_together_are_one_event() {
    let mut slot = Slot::new(Instant::now());
    let told: Vec<bool> =
        [true, true, true, false, false, false, true].map(|begins| slot.doubted(begins)).into();
    assert_eq!(told, [true, false, false, false, false, true, true]);
}
