//! Windows that look, look away and come back, and what they are told.

use super::*;

#[tokio::test]
async fn a_size_below_ten_by_three_is_never_sent() {
    let bed = bed(64);
    bed.terminal.resize(TerminalSize { cols: 1, rows: 1 }).await.expect("it is there");
    bed.terminal.close().await;
    bed.ended().await;
    assert!(bed.sizes.0.lock().expect("one thread").iter().all(|size| size.cols >= 10 && size.rows >= 3));
}

#[tokio::test]
async fn a_terminal_outlives_its_window_and_shows_everything_to_the_next() {
    let mut bed = bed(1024);
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"first "))).await.expect("room");
    bed.shows("first").await;
    bed.shown.close();
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"second \x1b[6n"))).await.expect("room");
    let mut answer = [0; 7];
    bed.typed.read_exact(&mut answer).await.expect("the engine answers");
    assert_eq!(&answer, b"\x1b[1;14R");
    let (window, shown) = mpsc::unbounded_channel();
    bed.shown = shown;
    bed.terminal.attach(Box::new(Window(window)), Some(SIZE)).await.expect("it is there");
    bed.shows("first second").await;
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"third"))).await.expect("room");
    bed.shows("third").await;
    assert_eq!(*bed.terminal.state().borrow(), TerminalState::Running);
}

#[tokio::test]
async fn a_page_without_a_size_takes_none_from_the_terminal() {
    let mut bed = bed(64);
    let large = TerminalSize { cols: 132, rows: 50 };
    bed.terminal.resize(large).await.expect("it is there");
    let (window, shown) = mpsc::unbounded_channel();
    bed.shown = shown;
    bed.terminal.attach(Box::new(Window(window)), None).await.expect("it is there");
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"here"))).await.expect("room");
    bed.shows("here").await;
    assert_eq!(bed.sizes.0.lock().expect("one thread").last(), Some(&large));
}

#[tokio::test]
async fn titles_and_bells_are_told_though_nobody_looks() {
    let bed = bed(64);
    bed.terminal.detach(crate::terminal::view::FIRST_ATTACHMENT).await.expect("it is there");
    let said = b"\x1b]0;a build\x07\x07\x07".as_slice();
    bed.events.send(SourceEvent::Output(Bytes::from_static(said))).await.expect("room");
    let mut facts = bed.terminal.facts();
    is_told(&mut facts, |facts| facts.bells == 2 && facts.title == "a build").await;
}

#[tokio::test]
async fn a_window_that_shows_nothing_never_stops_the_reading_and_gets_the_screen_when_it_looks_again() {
    let mut bed = bed(64);
    let piece = Bytes::from(format!("{:78}\r\n", "a line").repeat(400));
    for _ in 0..200 {
        // Without reading on this would wait for ever at the script's 1024 events or at the window's credit.
        bed.events.send(SourceEvent::Output(piece.clone())).await.expect("room");
    }
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"\x1b[6nthe newest line"))).await.expect("room");
    // The question was never shown, so the engine answers it.
    let mut answer = [0; 7];
    tokio::time::timeout(Duration::from_secs(20), bed.typed.read_exact(&mut answer))
        .await
        .expect("in time")
        .expect("it comes");
    assert_eq!(&answer, b"\x1b[24;1R");
    let mut seen = Vec::new();
    while !seen.windows(15).any(|bytes| bytes == b"the newest line") {
        let chunk = tokio::time::timeout(Duration::from_secs(20), bed.shown.recv())
            .await
            .expect("in time")
            .expect("it is there");
        bed.terminal.give_credit(chunk.len()).await.expect("it is there");
        seen.extend_from_slice(&chunk);
    }
    assert!(seen.windows(3).any(|bytes| bytes == b"\x18\x1bc"), "a snapshot");
    assert!(seen.len() < 4 * 1024 * 1024, "{}", seen.len());
}

#[tokio::test]
async fn a_terminal_can_be_reset_while_its_shell_runs_and_while_it_waits_for_the_next_one() {
    let mut bed = bed(64);
    bed.becomes(|state| *state == TerminalState::Running).await;
    bed.terminal.reset().await.expect("it is there");
    bed.shows("\x1b[!p").await;
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    bed.terminal.reset().await.expect("it is there");
    bed.shows("\x1b[!p").await;
}

#[tokio::test]
async fn what_was_cleared_is_something_new_to_keep() {
    let mut bed = bed(64);
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"secret\r\n"))).await.expect("room");
    bed.shows("secret").await;
    let before = bed.terminal.shown();
    bed.terminal.clear().await.expect("it is there");
    let told = async {
        while bed.terminal.shown() == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("it is told");
}
