//! How terminals end, are closed and are opened again.

use super::*;

#[tokio::test]
async fn a_terminal_that_waits_can_be_closed() {
    let bed = bed(64);
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    bed.terminal.close().await;
    assert_eq!(bed.ended().await, TerminalEnd::Closed);
}

#[tokio::test]
async fn the_last_output_is_shown_before_the_end_is_told_however_late_the_credit_comes() {
    let mut bed = bed(64);
    let piece = Bytes::from(vec![b'x'; 32 * 1024]);
    let pieces = CREDIT_BYTES / piece.len() + 4;
    for _ in 0..pieces {
        bed.events.send(SourceEvent::Output(piece.clone())).await.expect("room");
    }
    bed.events.send(SourceEvent::Ended(TerminalEnd::Exited { status: 3 })).await.expect("room");
    let mut state = bed.terminal.state();
    let mut seen = 0;
    while !matches!(*state.borrow_and_update(), TerminalState::Ended { .. }) {
        tokio::select! {
            // Its end closes the window's queue a moment before it is told.
            Some(chunk) = bed.shown.recv() => {
                let chunk = chunk.len();
                seen += chunk;
                // The credit for the very last chunk may come after the end.
                let _ = bed.terminal.give_credit(chunk).await;
            }
            changed = state.changed() => changed.expect("the end is told"),
        }
    }
    // All that was shown before the end is here, or waits in the window's queue.
    while let Ok(chunk) = bed.shown.try_recv() {
        seen += chunk.len();
    }
    assert_eq!(seen, pieces * piece.len());
    assert_eq!(bed.ended().await, TerminalEnd::Exited { status: 3 });
}

#[tokio::test]
async fn a_terminal_whose_window_is_behind_can_be_closed() {
    let bed = bed(64);
    bed.events.send(SourceEvent::Output(Bytes::from(vec![b'x'; 2 * CREDIT_BYTES]))).await.expect("room");
    bed.becomes(|state| *state == TerminalState::Running).await;
    bed.terminal.close().await;
    assert_eq!(bed.ended().await, TerminalEnd::Closed);
}

#[tokio::test]
async fn closing_while_it_is_still_opening_ends_it_and_drops_the_dial() {
    struct Dropped(Option<tokio::sync::oneshot::Sender<()>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.take().expect("once").send(());
        }
    }
    let (window, _shown) = mpsc::unbounded_channel();
    let (tell, dropped) = tokio::sync::oneshot::channel();
    let guard = Dropped(Some(tell));
    let guard = Mutex::new(Some(guard));
    let open: OpenSource = Box::new(move |_, _| {
        let guard = guard.lock().expect("one thread").take();
        async move {
            let _guard = guard;
            std::future::pending::<Result<Source>>().await
        }
        .boxed()
    });
    let terminal = Terminal::start(View::new(Box::new(Window(window))), SIZE, open);
    terminal.close().await;
    tokio::time::timeout(Duration::from_secs(30), dropped).await.expect("in time").expect("it was dropped");
}

#[tokio::test]
async fn what_an_ended_shell_showed_can_be_looked_at_until_the_terminal_is_closed() {
    let mut bed = bed(64);
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"the last words"))).await.expect("room");
    bed.events.send(SourceEvent::Ended(TerminalEnd::Exited { status: 0 })).await.expect("room");
    bed.ended().await;
    assert!(bed.terminal.write(Bytes::from_static(b"x")).await.is_err(), "nobody is there to type to");
    let (window, shown) = mpsc::unbounded_channel();
    bed.shown = shown;
    bed.terminal.attach(Box::new(Window(window)), Some(SIZE)).await.expect("it is there");
    bed.shows("the last words").await;
    let mut state = bed.terminal.state();
    bed.terminal.close().await;
    while state.changed().await.is_ok() {}
    assert!(bed.terminal.attach(Box::new(Window(mpsc::unbounded_channel().0)), Some(SIZE)).await.is_err());
}

#[tokio::test]
async fn another_shell_opens_below_what_the_one_that_ended_showed() {
    let mut bed = bed(64);
    let said = b"\x1b]2;vim\x07$ exit\x1b[?1000h".as_slice();
    bed.events.send(SourceEvent::Output(Bytes::from_static(said))).await.expect("room");
    let mut facts = bed.terminal.facts();
    is_told(&mut facts, |facts| facts.title == "vim").await;
    bed.events.send(SourceEvent::Ended(TerminalEnd::Exited { status: 0 })).await.expect("room");
    bed.ended().await;
    bed.terminal.reopen().await.expect("it is there");
    bed.becomes(|state| *state == TerminalState::Opening).await;
    let (source, events, mut typed) = another();
    bed.again.send(Ok(source)).await.expect("it waits");
    bed.becomes(|state| *state == TerminalState::Running).await;
    is_told(&mut facts, |facts| facts.title.is_empty()).await;
    events.send(SourceEvent::Output(Bytes::from_static(b"new$ "))).await.expect("room");
    bed.terminal.write(Bytes::from_static(b"hello")).await.expect("it is there");
    let mut text = [0; 5];
    typed.read_exact(&mut text).await.expect("it arrives");
    let mut screen = crate::terminal::screen::Screen::new(SIZE);
    while !screen.text().contains("new$") {
        screen.feed(&bed.shown.recv().await.expect("it is there"));
    }
    assert!(screen.text().starts_with("$ exit\nnew$\n"), "{}", screen.text());
}

#[tokio::test]
async fn ending_a_shell_leaves_what_it_showed() {
    let mut bed = bed(64);
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"something"))).await.expect("room");
    bed.shows("something").await;
    bed.terminal.end().await;
    assert_eq!(bed.ended().await, TerminalEnd::Closed);
    let kept = bed.terminal.keep(1000).await.expect("it is there");
    assert!(String::from_utf8_lossy(&kept.bytes).contains("something"));
}

#[tokio::test]
async fn a_closed_terminal_ends_its_shell_and_one_that_is_left_does_not() {
    for (closes, told) in [(true, "ended"), (false, "closed")] {
        let bed = bed(64);
        bed.becomes(|state| *state == TerminalState::Running).await;
        if closes {
            bed.terminal.close().await
        } else {
            bed.terminal.leave().await
        }
        assert_eq!(bed.ended().await, TerminalEnd::Closed);
        tokio::task::yield_now().await;
        assert_eq!(*bed.sizes.1.lock().expect("one thread"), [told]);
    }
}
