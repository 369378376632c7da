//! Sources that are lost, and those that take their place.

use super::*;

#[tokio::test]
async fn a_lost_source_is_waited_for_and_the_next_one_goes_on_behind_a_seam() {
    let mut bed = bed(64);
    bed.becomes(|state| *state == TerminalState::Running).await;
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { problem, .. } if problem.code == ErrorCode::ConnectionReset))
        .await;
    let (source, events, _typed) = another();
    bed.again.send(Ok(source)).await.expect("it waits");
    bed.becomes(|state| *state == TerminalState::Running).await;
    bed.shows("↻").await;
    events.send(SourceEvent::Output(Bytes::from_static(b"new prompt"))).await.expect("room");
    bed.shows("new prompt").await;
}

#[tokio::test]
async fn a_terminal_of_another_run_waits_for_a_network_that_is_not_there_yet_and_not_for_a_person() {
    for (code, waits) in [(ErrorCode::Unresolvable, true), (ErrorCode::AuthRefused, false)] {
        let (again, reopened) = mpsc::channel(1);
        let reopened = Arc::new(tokio::sync::Mutex::new(reopened));
        let open: OpenSource = Box::new(move |opening, _| {
            let reopened = Arc::clone(&reopened);
            async move {
                match opening {
                    Opening::First => Err(failure(code)),
                    Opening::Again { .. } => reopened.lock().await.recv().await.expect("the test is there"),
                }
            }
            .boxed()
        });
        let terminal = Terminal::start(View::detached().returning(), SIZE, open);
        let mut state = terminal.state();
        if !waits {
            state.wait_for(|state| matches!(state, TerminalState::Ended { .. })).await.expect("it ends");
            continue;
        }
        state.wait_for(|state| matches!(state, TerminalState::Waiting { .. })).await.expect("it waits");
        let (source, _events, _typed) = another();
        again.send(Ok(source)).await.expect("it waits");
        state.wait_for(|state| *state == TerminalState::Running).await.expect("it runs");
    }
}

#[tokio::test]
async fn a_source_that_is_lost_again_before_it_runs_is_waited_for_on() {
    let bed = bed(64);
    bed.events.send(lost()).await.expect("room");
    bed.again.send(Err(failure(ErrorCode::ConnectionClosed))).await.expect("it waits");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { problem, .. } if problem.code == ErrorCode::ConnectionClosed))
        .await;
    let (source, _events, _typed) = another();
    bed.again.send(Ok(source)).await.expect("it waits");
    bed.becomes(|state| *state == TerminalState::Running).await;
}

#[tokio::test]
async fn a_changed_host_key_on_the_way_back_ends_the_terminal_and_says_so() {
    let bed = bed(64);
    bed.events.send(lost()).await.expect("room");
    bed.again.send(Err(failure(ErrorCode::HostKeyChanged))).await.expect("it waits");
    assert_eq!(
        bed.ended().await,
        TerminalEnd::Failed { problem: failure(ErrorCode::HostKeyChanged).problem() }
    );
}

#[tokio::test]
async fn a_terminal_that_was_given_up_ends_with_the_loss() {
    let bed = bed(64);
    bed.events.send(lost()).await.expect("room");
    bed.again.send(Err(failure(ErrorCode::Cancelled))).await.expect("it waits");
    assert_eq!(
        bed.ended().await,
        TerminalEnd::Failed { problem: failure(ErrorCode::ConnectionReset).problem() }
    );
}

#[tokio::test]
async fn giving_up_ends_a_terminal_that_waits_and_no_other() {
    let bed = bed(64);
    bed.becomes(|state| *state == TerminalState::Running).await;
    bed.terminal.give_up().await;
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    bed.terminal.give_up().await;
    assert_eq!(
        bed.ended().await,
        TerminalEnd::Failed { problem: failure(ErrorCode::ConnectionReset).problem() }
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_refused_on_the_way_back_is_asked_for_again() {
    let mut bed = bed(64);
    bed.events.send(lost()).await.expect("room");
    for _ in 0..3 {
        bed.again.send(Err(failure(ErrorCode::ChannelRefused))).await.expect("it asks");
        bed.becomes(|state| {
            matches!(state, TerminalState::Waiting { problem, .. } if problem.code == ErrorCode::ChannelRefused)
        })
        .await;
    }
    let (source, events, _typed) = another();
    bed.again.send(Ok(source)).await.expect("it asks");
    bed.becomes(|state| *state == TerminalState::Running).await;
    events.send(SourceEvent::Output(Bytes::from_static(b"back"))).await.expect("room");
    bed.shows("back").await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_always_refused_ends_the_terminal_after_a_while() {
    let bed = bed(64);
    let mut state = bed.terminal.state();
    let begun = Instant::now();
    bed.events.send(lost()).await.expect("room");
    for _ in 0..=REFUSALS_BEFORE_GIVING_UP {
        bed.again.send(Err(failure(ErrorCode::ChannelRefused))).await.expect("it asks");
    }
    let ended =
        state.wait_for(|state| matches!(state, TerminalState::Ended { .. })).await.expect("it ends").clone();
    let end = TerminalEnd::Failed { problem: failure(ErrorCode::ChannelRefused).problem() };
    assert_eq!(ended, TerminalState::Ended { end });
    assert!(begun.elapsed() < Duration::from_secs(180), "{:?}", begun.elapsed());
    assert!(begun.elapsed() > Duration::from_millis(700), "never without a pause");
}

#[tokio::test]
async fn what_a_lost_source_said_last_is_shown_also_if_nothing_comes_after_it() {
    let mut bed = bed(64);
    let output = [vec![b'x'; CREDIT_BYTES], b"the last words".to_vec()].concat();
    bed.events.send(SourceEvent::Output(output.into())).await.expect("room");
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    bed.again.send(Err(failure(ErrorCode::HostKeyChanged))).await.expect("it waits");
    let mut seen = 0;
    while seen < CREDIT_BYTES {
        seen += bed.shown.recv().await.expect("it is there").len();
    }
    // The wait is over now, and the window only then shows what it got.
    while bed.again.capacity() == 0 {
        tokio::task::yield_now().await;
    }
    bed.terminal.give_credit(seen).await.expect("it is there");
    bed.shows("the last words").await;
    assert!(matches!(bed.ended().await, TerminalEnd::Failed { .. }));
}

#[tokio::test]
async fn the_next_source_is_asked_for_where_the_lost_one_last_was() {
    let bed = bed(64);
    let said = Bytes::from_static(b"\x1b]7;file://box/srv\x07\x1b]7;file://box/srv/www\x07");
    bed.events.send(SourceEvent::Output(said)).await.expect("room");
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    bed.again.send(Err(failure(ErrorCode::ConnectionReset))).await.expect("it waits");
    bed.again.send(Ok(another().0)).await.expect("it waits");
    bed.becomes(|state| *state == TerminalState::Running).await;
    let directory = Some(Directory { host: b"box".to_vec(), path: b"/srv/www".to_vec() });
    let again = Opening::Again { directory };
    assert_eq!(*bed.openings.lock().expect("one thread"), [Opening::First, again.clone(), again]);
}
