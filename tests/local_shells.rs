//! Shells on this computer: they do what a terminal does, and nothing of them is left when they end.

use std::sync::{Arc, Mutex};

use bowline_core::terminal::Terminal;
use bowline_core::terminal::local::{LocalShell, LocalShells};
use bowline_core::terminal::state::{TerminalEnd, TerminalSize, TerminalState};
use bowline_core::terminal::view::{Output, View, WindowGone};
use bowline_tests::eventually::eventually;
use bowline_tests::processes::{descendants, is_alive};
use bytes::Bytes;

const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

#[derive(Clone, Default)]
struct Window(Arc<Mutex<Vec<u8>>>);

impl Output for Window {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.lock().expect("nobody panics").extend_from_slice(&chunk);
        Ok(())
    }
}

impl Window {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("nobody panics")).into_owned()
    }

    async fn shows(&self, text: &str) {
        eventually(&format!("the terminal shows {text:?}"), || self.text().contains(text)).await;
    }
}

struct Bed {
    shells: LocalShells,
    terminal: Terminal,
    window: Window,
}

fn sh(args: &[&str]) -> LocalShell {
    LocalShell {
        program: Some("/bin/sh".into()),
        args: args.iter().map(Into::into).collect(),
        folder: Some("/".into()),
        environment: [("PS1".into(), "$ ".into()), ("ENV".into(), "".into())].into(),
    }
}

fn open(shell: LocalShell) -> Bed {
    let (shells, window) = (LocalShells::default(), Window::default());
    let opener = shells.clone();
    let terminal = Terminal::start(
        View::new(Box::new(window.clone())),
        SIZE,
        Box::new(move |_, size| {
            let (shells, shell, size) = (opener.clone(), shell.clone(), *size.borrow());
            Box::pin(async move { shells.open(shell, size).await })
        }),
    );
    Bed { shells, terminal, window }
}

impl Bed {
    async fn type_in(&self, text: &str) {
        self.terminal.write(Bytes::from(text.replace('\n', "\r"))).await.expect("it takes it");
    }

    async fn end(&self) -> TerminalEnd {
        let mut state = self.terminal.state();
        let ended = state.wait_for(|state| matches!(state, TerminalState::Ended { .. }));
        match tokio::time::timeout(std::time::Duration::from_secs(20), ended).await {
            Ok(Ok(state)) => match &*state {
                TerminalState::Ended { end } => end.clone(),
                other => panic!("not an end: {other:?}"),
            },
            other => panic!("it does not end: {other:?}"),
        }
    }
}

async fn all_gone(processes: &[u32]) {
    eventually("every process is gone", || processes.iter().all(|process| !is_alive(*process))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_a_terminal_of_the_window_s_size_that_follows_it() {
    let bed = open(sh(&[]));
    bed.type_in("stty size; echo $TERM $COLORTERM; pwd\n").await;
    bed.window.shows("24 80\r\nxterm-256color truecolor\r\n/\r\n").await;
    bed.terminal.resize(TerminalSize { cols: 101, rows: 33 }).await.expect("it is there");
    bed.type_in("until [ \"$(stty size)\" = '33 101' ]; do sleep 0.01; done; echo fol''lows\n").await;
    bed.window.shows("follows").await;
    bed.shells.end_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_end_is_told_with_its_last_words() {
    let bed = open(sh(&["-c", "echo last words; exit 7"]));
    assert_eq!(bed.end().await, TerminalEnd::Exited { status: 7 });
    assert!(bed.window.text().contains("last words"));
    let killed = open(sh(&["-c", "kill -9 $$"]));
    let signal = "KILL".to_owned();
    assert_eq!(
        killed.end().await,
        TerminalEnd::Signalled { signal, core_dumped: false, message: String::new() }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_cannot_be_started_is_said_to_be_so() {
    let bed = open(LocalShell { program: Some("/nowhere/at/all".into()), ..sh(&[]) });
    match bed.end().await {
        TerminalEnd::Failed { problem } => {
            assert!(problem.message.contains("/nowhere/at/all"), "{problem:?}")
        }
        other => panic!("it was to fail: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_the_terminal_ends_what_runs_in_it_also_what_does_not_listen() {
    let bed = open(sh(&[]));
    bed.type_in("sleep 1001 & (trap '' TERM; sleep 1002) & exec sh -c 'trap : HUP TERM; echo rea''dy; while :; do sleep 1003; done'\n")
        .await;
    bed.window.shows("ready").await;
    let mut running = Vec::new();
    eventually("all of them run", || {
        running = descendants(std::process::id());
        running.len() >= 4
    })
    .await;
    bed.terminal.close().await;
    assert_eq!(bed.end().await, TerminalEnd::Closed);
    all_gone(&running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_app_ends_every_shell_before_it_goes_on() {
    let bed = open(sh(&[]));
    bed.type_in("sleep 1004 & echo rea''dy\n").await;
    bed.window.shows("ready").await;
    let running = descendants(std::process::id());
    assert!(running.len() >= 2, "{running:?}");
    bed.shells.end_all().await;
    let left: Vec<u32> = running.into_iter().filter(|process| is_alive(*process)).collect();
    assert_eq!(left, [0; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_under_nohup_goes_on() {
    let bed = open(sh(&[]));
    bed.type_in("nohup sleep 1005 > /dev/null 2>&1 &\n").await;
    bed.type_in("until grep -q '^SigIgn:.*[13579bdf]$' /proc/$!/status; do sleep 0.01; done; echo pid=$!=\n")
        .await;
    let mut process = None;
    eventually("its number is shown", || {
        let text = bed.window.text();
        process = text.split("pid=").find_map(|rest| rest.split_once('=')?.0.parse::<u32>().ok());
        process.is_some()
    })
    .await;
    let process = process.expect("waited for it");
    bed.shells.end_all().await;
    assert!(is_alive(process));
    bowline_tests::processes::send(process, rustix::process::Signal::KILL);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_into_a_program_that_reads_nothing_holds_nobody_up() {
    let bed = open(sh(&["-c", "stty raw -echo; echo rea''dy; exec sleep 1006"]));
    bed.window.shows("ready").await;
    let terminal = bed.terminal.clone();
    let typing = tokio::spawn(async move {
        for _ in 0..100 {
            if terminal.write(Bytes::from(vec![b'x'; 64 * 1024])).await.is_err() {
                return;
            }
        }
    });
    bed.terminal.resize(TerminalSize { cols: 90, rows: 30 }).await.expect("it is there");
    let running = descendants(std::process::id());
    bed.terminal.close().await;
    assert_eq!(bed.end().await, TerminalEnd::Closed);
    typing.await.expect("it ends with the terminal");
    all_gone(&running).await;
}
