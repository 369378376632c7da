//! Files by ZMODEM with the programs that people have on their hosts (lrzsz).

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bowline_core::terminal::Terminal;
use bowline_core::terminal::local::{LocalShell, LocalShells};
use bowline_core::terminal::state::TerminalSize;
use bowline_core::terminal::view::{Output, View, WindowGone};
use bowline_core::terminal::zmodem::{FaultKind, TransferAnswer, TransferState};
use bowline_tests::eventually::eventually;
use bowline_tests::{Unavailable, available};
use bytes::Bytes;

#[derive(Clone, Default)]
struct Window(Arc<Mutex<Vec<u8>>>);

impl Output for Window {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.lock().expect("nobody panics").extend_from_slice(&chunk);
        Ok(())
    }
}

struct Bed {
    terminal: Terminal,
    window: Window,
    shells: LocalShells,
    host: tempfile::TempDir,
    here: tempfile::TempDir,
}

async fn bed() -> Option<Bed> {
    let installed = ["rz", "sz"].iter().all(|program| Path::new("/usr/bin").join(program).exists());
    available(installed.then_some(()).ok_or_else(|| Unavailable("lrzsz is not installed".into())))?;
    let (host, here) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let shell = LocalShell {
        program: Some("/bin/sh".into()),
        args: Vec::new(),
        folder: Some(host.path().to_owned()),
        environment: [
            ("PS1".into(), "$ ".into()),
            ("ENV".into(), "".into()),
            ("PATH".into(), "/usr/bin:/bin".into()),
        ]
        .into(),
    };
    let (shells, window) = (LocalShells::default(), Window::default());
    let opener = shells.clone();
    let terminal = Terminal::start(
        View::new(Box::new(window.clone())),
        TerminalSize { cols: 80, rows: 24 },
        Box::new(move |_, size| {
            let (shells, shell, size) = (opener.clone(), shell.clone(), *size.borrow());
            Box::pin(async move { shells.open(shell, size).await })
        }),
    );
    Some(Bed { terminal, window, shells, host, here })
}

impl Bed {
    async fn type_in(&self, text: &str) {
        self.terminal.write(Bytes::from(text.replace('\n', "\r"))).await.expect("it takes it");
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.window.0.lock().expect("nobody panics")).into_owned()
    }

    async fn until(&self, holds: impl Fn(&TransferState) -> bool) -> TransferState {
        let mut state = self.terminal.transfers().state();
        let waiting = state.wait_for(|state| holds(state));
        match tokio::time::timeout(Duration::from_secs(30), waiting).await {
            Ok(state) => state.expect("it is there").clone(),
            Err(_) => {
                let state = self.terminal.transfers().state().borrow().clone();
                panic!("not in time: {state:?}; it shows {:?}", self.text())
            }
        }
    }

    /// The program has ended, and the shell asks for the next command. What is typed before that may be thrown away.
    async fn prompts(&self) {
        eventually("the shell asks", || self.text().ends_with("$ ")).await;
    }

    /// The shell listens again, and nothing of the transfer is on the screen.
    async fn is_clean(&self) {
        self.prompts().await;
        self.type_in("echo al''ive\n").await;
        eventually("the shell answers", || self.text().contains("alive")).await;
        let text = self.text();
        assert!(!text.contains('\u{18}') && !text.contains("B0") && !text.contains('\u{fffd}'), "{text:?}");
        self.shells.end_all().await;
    }
}

fn is_offered(state: &TransferState) -> bool {
    matches!(state, TransferState::Offered { .. })
}

fn is_over(state: &TransferState) -> bool {
    matches!(state, TransferState::Done { .. } | TransferState::Failed { .. })
}

fn noise(bytes: u32) -> Vec<u8> {
    (0..bytes).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sz_sends_files_to_us() {
    let Some(bed) = bed().await else { return };
    std::fs::write(bed.host.path().join("noise.bin"), noise(3_000_000)).expect("room");
    std::fs::write(bed.host.path().join("报告.txt"), "你好\n").expect("room");
    bed.type_in("sz noise.bin 报告.txt\n").await;
    bed.until(is_offered).await;
    bed.terminal.transfers().answer(TransferAnswer::ReceiveInto(bed.here.path().to_owned()));
    let over = bed.until(is_over).await;
    assert!(matches!(over, TransferState::Done { files: 2, .. }), "{over:?}");
    assert_eq!(std::fs::read(bed.here.path().join("noise.bin")).expect("a file"), noise(3_000_000));
    assert_eq!(std::fs::read(bed.here.path().join("报告.txt")).expect("a file"), "你好\n".as_bytes());
    bed.is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rz_gets_files_of_ours() {
    let Some(bed) = bed().await else { return };
    let files = [bed.here.path().join("noise.bin"), bed.here.path().join("empty")];
    std::fs::write(&files[0], noise(2_000_000)).expect("room");
    std::fs::write(&files[1], "").expect("room");
    bed.type_in("rz\n").await;
    bed.until(is_offered).await;
    bed.terminal.transfers().answer(TransferAnswer::Send(files.to_vec()));
    let over = bed.until(is_over).await;
    assert!(matches!(over, TransferState::Done { files: 2, .. }), "{over:?}");
    assert_eq!(std::fs::read(bed.host.path().join("noise.bin")).expect("a file"), noise(2_000_000));
    assert_eq!(std::fs::read(bed.host.path().join("empty")).expect("a file"), b"");
    bed.is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_is_refused_or_cancelled_ends_the_program_too() {
    let Some(bed) = bed().await else { return };
    std::fs::write(bed.host.path().join("large.bin"), noise(50_000_000)).expect("room");
    for program in ["sz large.bin\n", "rz\n"] {
        bed.type_in(program).await;
        bed.until(is_offered).await;
        bed.terminal.transfers().cancel();
        bed.until(is_over).await;
        bed.prompts().await;
    }
    bed.type_in("sz large.bin\n").await;
    bed.until(is_offered).await;
    bed.terminal.transfers().answer(TransferAnswer::ReceiveInto(bed.here.path().to_owned()));
    bed.until(|state| matches!(state, TransferState::Running { bytes, .. } if *bytes > 100_000.0)).await;
    // As a person would.
    bed.type_in("\u{3}").await;
    let over = bed.until(is_over).await;
    assert!(matches!(over, TransferState::Failed { cause: None, files: 0, .. }), "{over:?}");
    assert_eq!(std::fs::read_dir(bed.here.path()).expect("a folder").count(), 0);
    bed.is_clean().await;
}

/// All bytes there are, in an order that holds each of them many times.
fn every_byte() -> Vec<u8> {
    (0..=255_u8).flat_map(|first| (0..=255_u8).flat_map(move |second| [first, second])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_no_control_character_reaches_gets_them_escaped() {
    let Some(bed) = bed().await else { return };
    let file = bed.here.path().join("bytes.bin");
    std::fs::write(&file, every_byte()).expect("room");
    bed.type_in("rz -e\n").await;
    bed.until(is_offered).await;
    bed.terminal.transfers().answer(TransferAnswer::Send(vec![file]));
    let over = bed.until(is_over).await;
    assert!(matches!(over, TransferState::Done { files: 1, .. }), "{over:?}");
    assert_eq!(std::fs::read(bed.host.path().join("bytes.bin")).expect("a file"), every_byte());
    bed.is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_escapes_all_control_characters_is_understood() {
    let Some(bed) = bed().await else { return };
    std::fs::write(bed.host.path().join("bytes.bin"), every_byte()).expect("room");
    bed.type_in("sz -e bytes.bin\n").await;
    bed.until(is_offered).await;
    bed.terminal.transfers().answer(TransferAnswer::ReceiveInto(bed.here.path().to_owned()));
    let over = bed.until(is_over).await;
    assert!(matches!(over, TransferState::Done { files: 1, .. }), "{over:?}");
    assert_eq!(std::fs::read(bed.here.path().join("bytes.bin")).expect("a file"), every_byte());
    bed.is_clean().await;
}

/// A file with nothing in it that takes no room.
fn sparse(path: &Path, size: u64) {
    std::fs::File::create(path).and_then(|file| file.set_len(size)).expect("room");
}

const FIVE_GIB: u64 = 5 << 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_beyond_4_gib_is_refused_before_the_first_one_goes() {
    let Some(bed) = bed().await else { return };
    let files = [bed.here.path().join("small"), bed.here.path().join("large")];
    std::fs::write(&files[0], "small").expect("room");
    sparse(&files[1], FIVE_GIB);
    bed.type_in("rz\n").await;
    bed.until(is_offered).await;
    bed.terminal.transfers().answer(TransferAnswer::Send(files.to_vec()));
    let TransferState::Failed { cause: Some(cause), files: 0, .. } = bed.until(is_over).await else {
        panic!("it did not fail")
    };
    assert!(cause.kind == FaultKind::TooLarge && cause.detail.ends_with("large"), "{cause:?}");
    assert_eq!(std::fs::read_dir(bed.host.path()).expect("a folder").count(), 0);
    bed.is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_offers_a_file_beyond_4_gib_is_refused() {
    let Some(bed) = bed().await else { return };
    sparse(&bed.host.path().join("large"), FIVE_GIB);
    bed.type_in("sz large\n").await;
    bed.until(is_offered).await;
    bed.terminal.transfers().answer(TransferAnswer::ReceiveInto(bed.here.path().to_owned()));
    let TransferState::Failed { cause: Some(cause), files: 0, .. } = bed.until(is_over).await else {
        panic!("it did not fail")
    };
    assert_eq!(cause.kind, FaultKind::TooLarge);
    assert_eq!(std::fs::read_dir(bed.here.path()).expect("a folder").count(), 0);
    bed.is_clean().await;
}
