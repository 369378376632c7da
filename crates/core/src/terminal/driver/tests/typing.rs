//! What is typed, by a person, at the start and as an answer to a program.

use super::*;

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
