//! Transcripts and recordings of terminals on a real server, and recordings played.

use std::path::{Path, PathBuf};

use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::terminal::asciicast::{Cast, CastEvent};
use bowline_core::terminal::playback::PlaybackCommand;
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId, PathBuf) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    let folder = desk.data_dir().join("captures of ada");
    desk.engine.set_capture_folder(folder.clone()).await.expect("it is kept");
    (desk, host, folder)
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_has_every_byte_from_when_it_was_asked_for() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host, folder) = desk_at(&sshd).await;
    let screen = desk.open(&host).await;
    screen.type_in("PS1=; stty -echo; echo befo''re\n").await;
    screen.shows("before").await;
    desk.engine.terminal_transcript(screen.id, true).await.expect("it begins");
    let told = desk.capture(screen.id);
    let path = only_file(&folder);
    eventually("its path is told", || {
        desk.capture(screen.id).is_some_and(|view| view.transcript.as_deref() == path.to_str())
    })
    .await;
    assert!(told.is_none_or(|view| view.recording.is_none()));
    screen.type_in("seq 20000; printf '\\033[1m\\377\\0end\\n'\n").await;
    screen.shows("end").await;
    desk.engine.terminal_transcript(screen.id, false).await.expect("it ends");
    eventually("everything is written", || {
        std::fs::read(&path)
            .is_ok_and(|kept| kept.windows(18).any(|part| part == b"20000\r\n\x1b[1m\xff\0end\r\n"))
    })
    .await;
    let kept = std::fs::read(&path).expect("a file");
    assert!(!kept.windows(6).any(|part| part == b"before"));
    assert!(kept.windows(15).any(|part| part == b"9999\r\n10000\r\n10"));
    eventually("its end is told", || desk.capture(screen.id).is_some_and(|view| view.transcript.is_none()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_always_wants_a_transcript_gets_one() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, _, folder) = desk_at(&sshd).await;
    let mut draft = at(sshd.address());
    draft.label = "always/../me".to_owned();
    draft.user = sshd.user().to_owned();
    draft.auth = AuthMethod::Key;
    draft.key_path = sshd.client_key_file().to_string_lossy().into_owned();
    draft.options.transcript = true;
    let host = desk.save_draft(draft).await;
    let screen = desk.open(&host).await;
    screen.type_in("echo he''llo; exit\n").await;
    screen.end().await;
    let path = only_file(&folder);
    assert!(path.file_name().expect("a name").to_string_lossy().starts_with("always_.._me-"), "{path:?}");
    eventually("everything is written", || {
        std::fs::read_to_string(&path).is_ok_and(|kept| kept.contains("hello\r\n"))
    })
    .await;
    desk.engine.terminal_close(screen.id).await.expect("it is closed");
    eventually("its end is told", || desk.capture(screen.id).is_some_and(|view| view.transcript.is_none()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_is_told_and_costs_no_terminal() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host, folder) = desk_at(&sshd).await;
    std::fs::write(&folder, "a file").expect("it is written");
    let screen = desk.open(&host).await;
    screen.running().await;
    let error = desk.engine.terminal_transcript(screen.id, true).await.expect_err("a file is no folder");
    assert_eq!(error.code, ErrorCode::CaptureFailed);
    screen.type_in("echo still he''re\n").await;
    screen.shows("still here").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_has_the_screen_at_its_beginning_and_nothing_that_was_typed() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host, folder) = desk_at(&sshd).await;
    let screen = desk.open(&host).await;
    screen.type_in("PS1=; stty -echo; echo on''screen\n").await;
    screen.shows("onscreen").await;
    desk.engine.terminal_record(screen.id, true).await.expect("it begins");
    screen.type_in("echo as''ks; read -r password; echo 'thank you, 你好'\n").await;
    screen.shows("asks").await;
    screen.type_in("secret word\n").await;
    screen.shows("thank you").await;
    desk.engine
        .terminal_resize(screen.id, bowline_core::terminal::state::TerminalSize { cols: 99, rows: 30 })
        .await
        .expect("it is there");
    screen.type_in("until [ \"$(stty size)\" = '30 99' ]; do sleep 0.01; done; echo wi''der\n").await;
    screen.shows("wider").await;
    desk.engine.terminal_record(screen.id, false).await.expect("it ends");
    let path = only_file(&folder);
    eventually("everything is written", || {
        std::fs::read_to_string(&path).is_ok_and(|kept| kept.contains("wider"))
    })
    .await;
    let kept = std::fs::read_to_string(&path).expect("a file");
    assert!(!kept.contains("secret"), "{kept}");
    let cast = Cast::read(kept.as_bytes()).expect("a recording");
    assert_eq!((cast.size.cols, cast.size.rows), (80, 24));
    let events: Vec<CastEvent<'_>> = cast.events().map(|(_, event)| event).collect();
    assert!(
        matches!(events[0], CastEvent::Output(screen) if String::from_utf8_lossy(screen).contains("onscreen"))
    );
    assert!(events.iter().any(|event| matches!(event, CastEvent::Resized(size) if size.cols == 99)));

    // And played, in the same engine.
    let played = desk.open(&HostId(format!("recording:{}", path.display()))).await;
    played.running().await;
    desk.engine.playback(played.id, PlaybackCommand::Seek { position_ms: 1e9 }).await.expect("it plays");
    played.shows("thank you, 你好").await;
    played.shows("wider").await;
    desk.engine.terminal_close(played.id).await.expect("it closes");
    let nothing = desk.open_in_vain(&HostId("recording:/nowhere.cast".into())).await;
    assert_eq!(nothing.code, ErrorCode::RecordingUnusable);
}
