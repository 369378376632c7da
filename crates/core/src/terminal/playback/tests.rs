use super::*;

const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

fn cast(lines: &str) -> Cast {
    Cast::read(format!("{{\"version\":2,\"width\":80,\"height\":24}}\n{lines}").as_bytes())
        .expect("a recording")
}

/// Three things said, with a long pause before the last one.
fn abc() -> Cast {
    cast("[1,\"o\",\"a\"]\n[2,\"o\",\"b\"]\n[62,\"o\",\"c\"]\n")
}

async fn said(source: &mut Source) -> String {
    match tokio::time::timeout(Duration::from_secs(3600), source.reader.next()).await {
        Ok(SourceEvent::Output(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(SourceEvent::Ended(end)) => panic!("it ended: {end:?}"),
        Err(_) => String::new(),
    }
}

/// What is on the screen after a snapshot.
fn shown(snapshot: &str) -> String {
    let mut screen = Screen::new(SIZE);
    screen.feed(snapshot.as_bytes());
    screen.text().trim_end().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_recording_says_what_was_said_when_it_was_said() {
    let (mut source, player) = play(abc(), SIZE);
    let begun = Instant::now();
    for (text, second) in [("a", 1), ("b", 2), ("c", 62)] {
        assert_eq!(said(&mut source).await, text);
        assert_eq!(begun.elapsed().as_secs(), second);
    }
    let state = player.state.borrow().clone();
    assert_eq!((state.playing, state.position_ms, state.length_ms), (false, 62_000.0, 62_000.0));
    assert_eq!(said(&mut source).await, "", "it ended, and its terminal stays");
}

#[tokio::test(start_paused = true)]
async fn at_twice_the_speed_and_without_pauses_it_takes_less_time() {
    let (mut source, player) = play(abc(), SIZE);
    player.command(PlaybackCommand::SkipPauses { on: true }).await.expect("it plays");
    player.command(PlaybackCommand::Speed { factor: 2.0 }).await.expect("it plays");
    let begun = Instant::now();
    for text in ["a", "b", "c"] {
        assert_eq!(said(&mut source).await, text);
    }
    assert_eq!(begun.elapsed().as_millis(), 1500);
    assert_eq!(player.state.borrow().length_ms, 3000.0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_lasts_as_long_as_the_person_wants() {
    let (mut source, player) = play(abc(), SIZE);
    assert_eq!(said(&mut source).await, "a");
    player.command(PlaybackCommand::Pause).await.expect("it plays");
    assert_eq!(said(&mut source).await, "");
    assert_eq!(player.state.borrow().position_ms, 1000.0);
    player.command(PlaybackCommand::Play).await.expect("it plays");
    let resumed = Instant::now();
    assert_eq!(said(&mut source).await, "b");
    assert_eq!(resumed.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_jump_shows_the_screen_of_that_moment_and_goes_on_from_there() {
    let (mut source, player) = play(abc(), SIZE);
    player.command(PlaybackCommand::Seek { position_ms: 61_000.0 }).await.expect("it plays");
    assert_eq!(shown(&said(&mut source).await), "ab");
    let jumped = Instant::now();
    assert_eq!(said(&mut source).await, "c");
    assert_eq!(jumped.elapsed().as_secs(), 1);
    player.command(PlaybackCommand::Seek { position_ms: 1500.0 }).await.expect("it is there");
    assert_eq!(shown(&said(&mut source).await), "a");
    player.command(PlaybackCommand::Play).await.expect("it is there");
    assert_eq!(said(&mut source).await, "b");
}

#[tokio::test(start_paused = true)]
async fn the_end_that_is_told_is_the_end_also_between_two_milliseconds() {
    let (mut source, player) = play(cast("[1.0001,\"o\",\"a\"]\n[2.0001,\"o\",\"b\"]"), SIZE);
    let end = player.state.borrow().length_ms;
    player.command(PlaybackCommand::Pause).await.expect("it plays");
    player.command(PlaybackCommand::Seek { position_ms: end }).await.expect("it plays");
    assert_eq!(shown(&said(&mut source).await), "ab");
}

#[tokio::test(start_paused = true)]
async fn played_at_its_end_it_begins_anew() {
    let (mut source, player) = play(cast("[1,\"o\",\"a\"]"), SIZE);
    assert_eq!(said(&mut source).await, "a");
    assert_eq!(said(&mut source).await, "");
    player.command(PlaybackCommand::Play).await.expect("it is there");
    assert_eq!(shown(&said(&mut source).await), "");
    assert_eq!(said(&mut source).await, "a");
}

#[tokio::test(start_paused = true)]
async fn the_window_takes_each_size_before_what_was_said_at_it() {
    let (mut source, player) = play(cast("[1,\"r\",\"100x30\"]\n[1,\"o\",\"wide\"]"), SIZE);
    let mut state = player.state.clone();
    let wide = TerminalSize { cols: 100, rows: 30 };
    let window = async {
        state.wait_for(|state| state.size == wide).await.expect("it plays");
        tokio::time::sleep(Duration::from_millis(100)).await;
        Instant::now()
    };
    let begun = Instant::now();
    tokio::select! {
        text = said(&mut source) => panic!("said before the window had its size: {text}"),
        _ = window => {}
    }
    source.control.resize(wide).await.expect("it is there");
    assert_eq!(said(&mut source).await, "wide");
    assert_eq!(begun.elapsed().as_millis(), 1100);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_does_not_take_the_size_is_shown_what_there_is() {
    let (mut source, _player) = play(cast("[0,\"o\",\"a\"]"), TerminalSize { cols: 40, rows: 10 });
    let begun = Instant::now();
    assert_eq!(said(&mut source).await, "a");
    assert_eq!(begun.elapsed(), RESIZE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn commands_that_make_no_sense_are_harmless() {
    let (mut source, player) = play(abc(), SIZE);
    for command in [
        PlaybackCommand::Speed { factor: f64::NAN },
        PlaybackCommand::Speed { factor: -3.0 },
        PlaybackCommand::Seek { position_ms: f64::NAN },
        PlaybackCommand::Seek { position_ms: -1e300 },
        PlaybackCommand::Seek { position_ms: 1e300 },
    ] {
        player.command(command).await.expect("it plays");
    }
    assert_eq!(shown(&said(&mut source).await), "abc");
    assert_eq!(player.state.borrow().speed, *SPEEDS.start());
}

#[test]
fn a_folder_and_a_device_are_no_recordings() {
    for path in ["/", "/dev/zero", "/nowhere/at/all.cast"] {
        let error = read(Path::new(path)).expect_err("no recording");
        assert_eq!(error.code, ErrorCode::RecordingUnusable, "{path}");
    }
}
