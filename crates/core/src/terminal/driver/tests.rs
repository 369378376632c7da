use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::AsyncReadExt;

use super::sending::{ANSWER_WITHIN, PROMPT_QUIET, PROMPT_WITHIN};
use super::*;
use crate::error::Error;
use crate::terminal::Terminal;
use crate::terminal::directory::Directory;
use crate::terminal::source::Beginning;
use crate::terminal::view::{CREDIT_BYTES, FIRST_ATTACHMENT, Output, WindowGone};

/// A source whose every event the test sends itself.
struct Script {
    events: mpsc::Receiver<SourceEvent>,
}

impl SourceReader for Script {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        async {
            match self.events.recv().await {
                Some(event) => event,
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

#[derive(Clone, Default)]
struct Sizes(Arc<Mutex<Vec<TerminalSize>>>, Arc<Mutex<Vec<&'static str>>>);

impl SourceControl for Sizes {
    fn resize(&self, size: TerminalSize) -> BoxFuture<'_, Result<()>> {
        self.0.lock().expect("one thread").push(size);
        async { Ok(()) }.boxed()
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        self.1.lock().expect("one thread").push("closed");
        async {}.boxed()
    }
    fn end(&self) -> BoxFuture<'_, ()> {
        self.1.lock().expect("one thread").push("ended");
        async {}.boxed()
    }
}

struct Window(mpsc::UnboundedSender<Bytes>);

impl Output for Window {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.send(chunk).map_err(|_| WindowGone)
    }
}

struct Bed {
    terminal: Terminal,
    events: mpsc::Sender<SourceEvent>,
    shown: mpsc::UnboundedReceiver<Bytes>,
    typed: tokio::io::DuplexStream,
    sizes: Sizes,
    /// What the next attempt to open a source anew comes to.
    again: mpsc::Sender<Result<Source>>,
    openings: Arc<Mutex<Vec<Opening>>>,
}

const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

fn bed(typed_room: usize) -> Bed {
    let (events, script) = mpsc::channel(1024);
    let (window, shown) = mpsc::unbounded_channel();
    let (writer, typed) = tokio::io::duplex(typed_room);
    let sizes = Sizes::default();
    let control = sizes.clone();
    let source = Source {
        greeting: None,
        reader: Box::new(Script { events: script }),
        writer: Box::new(writer),
        control: Box::new(control),
        beginning: Beginning::default(),
    };
    let (again, reopened) = mpsc::channel(1);
    let first = Mutex::new(Some(source));
    let reopened = Arc::new(tokio::sync::Mutex::new(reopened));
    let openings = Arc::<Mutex<Vec<Opening>>>::default();
    let opened = Arc::clone(&openings);
    let open: OpenSource = Box::new(move |opening, _| {
        opened.lock().expect("one thread").push(opening.clone());
        let source = match opening {
            Opening::First => first.lock().expect("one thread").take(),
            Opening::Again { .. } => None,
        };
        let reopened = Arc::clone(&reopened);
        async move {
            match source {
                Some(source) => Ok(source),
                None => reopened.lock().await.recv().await.expect("the test is there"),
            }
        }
        .boxed()
    });
    let terminal = Terminal::start(View::new(Box::new(Window(window))), SIZE, open);
    Bed { terminal, events, shown, typed, sizes, again, openings }
}

/// A source that says only what it is given, and a look at what is typed into it.
fn another() -> (Source, mpsc::Sender<SourceEvent>, tokio::io::DuplexStream) {
    let (events, script) = mpsc::channel(1024);
    let (writer, typed) = tokio::io::duplex(1024);
    let source = Source {
        greeting: None,
        reader: Box::new(Script { events: script }),
        writer: Box::new(writer),
        control: Box::new(Sizes::default()),
        beginning: Beginning::default(),
    };
    (source, events, typed)
}

fn failure(code: ErrorCode) -> Error {
    Error::new(code, "no")
}

fn lost() -> SourceEvent {
    SourceEvent::Ended(TerminalEnd::Failed { problem: failure(ErrorCode::ConnectionReset).problem() })
}

impl Bed {
    async fn ended(&self) -> TerminalEnd {
        let mut state = self.terminal.state();
        let ended = state.wait_for(|state| matches!(state, TerminalState::Ended { .. }));
        match tokio::time::timeout(Duration::from_secs(30), ended)
            .await
            .expect("it ends")
            .expect("it is told")
            .clone()
        {
            TerminalState::Ended { end } => end,
            TerminalState::Opening | TerminalState::Running | TerminalState::Waiting { .. } => {
                unreachable!("waited for the end")
            }
        }
    }

    async fn becomes(&self, wanted: impl Fn(&TerminalState) -> bool) {
        let mut state = self.terminal.state();
        let reached =
            tokio::time::timeout(Duration::from_secs(30), state.wait_for(|state| wanted(state))).await;
        reached.expect("in time").expect("it is told");
    }

    async fn shows(&mut self, text: &str) {
        let mut shown = String::new();
        while !shown.contains(text) {
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.shown.recv()).await;
            shown.push_str(&String::from_utf8_lossy(&chunk.expect("in time").expect("it is there")));
        }
    }
}

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
async fn what_is_typed_while_the_source_is_lost_reaches_nobody() {
    let bed = bed(64);
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    for _ in 0..100 {
        bed.terminal.write(Bytes::from_static(b"rm -rf /\n")).await.expect("it is there");
    }
    let (source, _events, mut typed) = another();
    bed.again.send(Ok(source)).await.expect("it waits");
    bed.becomes(|state| *state == TerminalState::Running).await;
    bed.terminal.write(Bytes::from_static(b"hello")).await.expect("it is there");
    let mut text = [0; 5];
    typed.read_exact(&mut text).await.expect("it arrives");
    assert_eq!(&text, b"hello");
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
async fn answers_to_a_program_that_was_lost_are_not_typed_into_the_next_shell() {
    // The writer takes nothing, so the answer waits in the view when the source is lost.
    let bed = bed(1);
    let terminal = bed.terminal.clone();
    let typing =
        tokio::spawn(async move { while terminal.write(Bytes::from_static(b"xx")).await.is_ok() {} });
    // One piece is stuck in the writer and the queue behind it is full.
    while bed.terminal.handle.typed.capacity() > 0 {
        tokio::task::yield_now().await;
    }
    let piece = Bytes::from(format!("{:78}\r\n", "a line").repeat(400));
    for _ in 0..200 {
        bed.events.send(SourceEvent::Output(piece.clone())).await.expect("room");
    }
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"\x1b[6n"))).await.expect("room");
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    typing.abort();
    let _ = typing.await;
    let (source, _events, mut typed) = another();
    bed.again.send(Ok(source)).await.expect("it waits");
    bed.becomes(|state| *state == TerminalState::Running).await;
    bed.terminal.write(Bytes::from_static(b"hello")).await.expect("it is there");
    let mut text = [0; 5];
    typed.read_exact(&mut text).await.expect("it arrives");
    assert_eq!(&text, b"hello");
}

#[tokio::test]
async fn a_server_that_takes_nothing_typed_does_not_stop_output_or_resizes() {
    let mut bed = bed(4);
    let terminal = bed.terminal.clone();
    tokio::spawn(async move { while terminal.write(Bytes::from_static(&[b'x'; 1000])).await.is_ok() {} });
    tokio::task::yield_now().await;
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"still here"))).await.expect("room");
    assert_eq!(bed.shown.recv().await.as_deref(), Some(b"still here".as_slice()));
    bed.terminal.resize(TerminalSize { cols: 100, rows: 30 }).await.expect("it is there");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while bed.sizes.0.lock().expect("one thread").last() != Some(&TerminalSize { cols: 100, rows: 30 }) {
        assert!(tokio::time::Instant::now() < deadline, "the size never arrived");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_typed_arrives_in_order() {
    let mut bed = bed(1024);
    for piece in ["one ", "two ", "three"] {
        bed.terminal.write(Bytes::from(piece)).await.expect("it is there");
    }
    let mut text = [0; 13];
    bed.typed.read_exact(&mut text).await.expect("it arrives");
    assert_eq!(&text, b"one two three");
}

#[tokio::test]
async fn a_size_below_ten_by_three_is_never_sent() {
    let bed = bed(64);
    bed.terminal.resize(TerminalSize { cols: 1, rows: 1 }).await.expect("it is there");
    bed.terminal.close().await;
    bed.ended().await;
    assert!(bed.sizes.0.lock().expect("one thread").iter().all(|size| size.cols >= 10 && size.rows >= 3));
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

async fn is_told(facts: &mut watch::Receiver<TerminalFacts>, wanted: impl Fn(&TerminalFacts) -> bool) {
    let told = tokio::time::timeout(Duration::from_secs(30), facts.wait_for(|facts| wanted(facts))).await;
    told.expect("in time").expect("it is told");
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
async fn titles_and_bells_are_told_though_nobody_looks() {
    let bed = bed(64);
    bed.terminal.detach(crate::terminal::view::FIRST_ATTACHMENT).await.expect("it is there");
    let said = b"\x1b]0;a build\x07\x07\x07".as_slice();
    bed.events.send(SourceEvent::Output(Bytes::from_static(said))).await.expect("room");
    let mut facts = bed.terminal.facts();
    is_told(&mut facts, |facts| facts.bells == 2 && facts.title == "a build").await;
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

/// A source with a start-up command takes the place of a lost one.
async fn with_startup(bed: &Bed) -> (mpsc::Sender<SourceEvent>, tokio::io::DuplexStream) {
    bed.events.send(lost()).await.expect("room");
    bed.becomes(|state| matches!(state, TerminalState::Waiting { .. })).await;
    let (mut source, events, typed) = another();
    source.beginning.startup = Some(Bytes::from_static(b"ls\r"));
    bed.again.send(Ok(source)).await.expect("it waits");
    bed.becomes(|state| *state == TerminalState::Running).await;
    (events, typed)
}

#[tokio::test(start_paused = true)]
async fn a_start_up_command_is_typed_when_the_shell_is_quiet_and_before_what_a_person_types() {
    let bed = bed(64);
    let (events, mut typed) = with_startup(&bed).await;
    bed.terminal.write(Bytes::from_static(b"me")).await.expect("it is there");
    for _ in 0..4 {
        events.send(SourceEvent::Output(Bytes::from_static(b"motd"))).await.expect("room");
        tokio::time::sleep(PROMPT_QUIET / 2).await;
    }
    let mut got = [0; 5];
    assert!(typed.read_exact(&mut got).now_or_never().is_none(), "the shell was not quiet yet");
    let begun = Instant::now();
    typed.read_exact(&mut got).await.expect("both");
    assert_eq!(&got, b"ls\rme");
    assert!(begun.elapsed() <= PROMPT_QUIET);
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_says_nothing_gets_its_start_up_command_all_the_same() {
    let bed = bed(64);
    let (_events, mut typed) = with_startup(&bed).await;
    let begun = Instant::now();
    let mut got = [0; 3];
    typed.read_exact(&mut got).await.expect("it is typed");
    assert_eq!(&got, b"ls\r");
    assert!(begun.elapsed() >= PROMPT_WITHIN - PROMPT_QUIET, "{:?}", begun.elapsed());
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

#[tokio::test(start_paused = true)]
async fn a_program_is_answered_before_the_start_up_command_is_typed() {
    let bed = bed(64);
    bed.terminal.detach(FIRST_ATTACHMENT).await.expect("it is there");
    let (events, mut typed) = with_startup(&bed).await;
    events.send(SourceEvent::Output(Bytes::from_static(b"\x1b[5n"))).await.expect("room");
    let begun = Instant::now();
    let mut got = [0; 4];
    typed.read_exact(&mut got).await.expect("an answer");
    assert_eq!(&got, b"\x1b[0n");
    assert!(begun.elapsed() < PROMPT_QUIET);
    let mut got = [0; 3];
    typed.read_exact(&mut got).await.expect("the command");
    assert_eq!(&got, b"ls\r");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_is_dropped() {
    // The server takes four bytes and then nothing for a while.
    let mut bed = bed(4);
    bed.terminal.detach(FIRST_ATTACHMENT).await.expect("it is there");
    bed.terminal.write(Bytes::from_static(b"typed")).await.expect("it is there");
    bed.events.send(SourceEvent::Output(Bytes::from_static(b"\x1b[5n"))).await.expect("room");
    tokio::time::sleep(ANSWER_WITHIN + Duration::from_millis(10)).await;
    bed.terminal.write(Bytes::from_static(b"!")).await.expect("it is there");
    let mut got = [0; 6];
    bed.typed.read_exact(&mut got).await.expect("what was typed");
    assert_eq!(&got, b"typed!");
}
