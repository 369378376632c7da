//! Commands on a real sshd through the engine: every byte and how it ended, in OpenSSH's own regress ideas.

use std::time::{Duration, Instant};

use bowline_core::error::ErrorCode;
use bowline_core::exec::{
    Exec, ExecEnd, ExecEvent, ExecOutput, ExecRequest, PtyRequest, Signal, Stream, WhenBehind,
};
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::terminal::state::TerminalSize;
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::{PATIENCE, eventually};
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::sshd::Sshd;

const MIB: usize = 1024 * 1024;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

async fn started(desk: &Desk, host: &HostId, line: &str) -> Exec {
    desk.engine.exec(host, ExecRequest::command(line)).await.unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[derive(Debug)]
struct Outcome {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    end: ExecEnd,
}

/// Takes all that a command writes.
async fn finish(output: &mut ExecOutput) -> Outcome {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        let next = tokio::time::timeout(PATIENCE, output.next()).await.expect("an event in time");
        match next.expect("an end before the end of events") {
            ExecEvent::Output { stream: Stream::Stdout, bytes } => stdout.extend_from_slice(&bytes),
            ExecEvent::Output { stream: Stream::Stderr, bytes } => stderr.extend_from_slice(&bytes),
            ExecEvent::Ended(end) => {
                assert_eq!(output.next().await, None, "the end is the last event");
                return Outcome { stdout, stderr, end };
            }
        }
    }
}

async fn run(desk: &Desk, host: &HostId, line: &str) -> Outcome {
    let mut exec = started(desk, host, line).await;
    finish(&mut exec.output).await
}

/// Bytes that a lost, doubled or swapped piece would change; the same on both sides without being sent.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn unknown(end: &ExecEnd) -> ErrorCode {
    match end {
        ExecEnd::Unknown { problem } => problem.code,
        other => panic!("nobody can know how it ended, but {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_exit_status_from_0_to_255_arrives_over_one_connection() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let host = desk.save_draft(through(&sshd, &proxy)).await;
    for status in 0..=255 {
        let outcome = run(&desk, &host, &format!("exit {status}")).await;
        assert_eq!(outcome.end, ExecEnd::Exited { status });
    }
    assert_eq!(proxy.accepted(), 1, "one connection served all");
}

#[tokio::test]
async fn a_command_that_dies_of_a_signal_says_which() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    for name in ["KILL", "TERM", "HUP", "USR1", "SEGV"] {
        let outcome = run(&desk, &host, &format!("echo before; kill -{name} $$")).await;
        assert!(
            matches!(&outcome.end, ExecEnd::Signalled { signal, .. } if signal == name),
            "{name}: {:?}",
            outcome.end
        );
        assert_eq!(outcome.stdout, b"before\n");
    }
}

#[tokio::test]
async fn a_signal_reaches_the_command() {
    // sshd signals the programs of everybody but root.
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let mut exec =
        started(&desk, &host, "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
            .await;
    assert!(
        matches!(exec.output.next().await, Some(ExecEvent::Output { bytes, .. }) if &bytes[..] == b"ready\n")
    );
    exec.control.signal(Signal::TERM).await;
    let outcome = finish(&mut exec.output).await;
    assert_eq!((outcome.stdout, outcome.end), (b"caught\n".to_vec(), ExecEnd::Exited { status: 7 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_mebibytes_and_the_status_after_them_arrive_every_time() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let times = if std::env::var_os("BOWLINE_SOAK").is_some() { 1000 } else { 40 };
    let (desk, host) = desk_at(&sshd).await;
    let expected = noise(10 * MIB);
    let file = sshd.folder().join("noise");
    std::fs::write(&file, &expected).expect("the noise is written");
    let line = format!("head -c 10M {}; exit 44", file.display());
    let begun = std::time::Instant::now();
    for time in 1..=times {
        let outcome = run(&desk, &host, &line).await;
        assert_eq!(outcome.end, ExecEnd::Exited { status: 44 }, "time {time}");
        assert!(outcome.stdout == expected, "time {time}: {} bytes, or others", outcome.stdout.len());
    }
    eprintln!("{times} times 10 MiB and status 44 in {:.1?}", begun.elapsed());
}

#[tokio::test]
async fn stderr_comes_apart_from_stdout() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let line = "i=0; while [ $i -lt 200 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done; exit 3";
    let outcome = run(&desk, &host, line).await;
    let expected =
        |name: &str| (0..200).map(|number| format!("{name}{number}\n")).collect::<String>().into_bytes();
    assert_eq!(outcome.stdout, expected("out"));
    assert_eq!(outcome.stderr, expected("err"));
    assert_eq!(outcome.end, ExecEnd::Exited { status: 3 });
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_megabytes_of_input_come_back_through_cat_unchanged() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let sent = noise(50_000_000);
    let Exec { mut input, mut output, .. } = started(&desk, &host, "cat").await;
    let writing = tokio::spawn({
        let sent = sent.clone();
        async move {
            input.write(&sent).await.expect("cat takes it");
            input.close().await;
        }
    });
    let outcome = finish(&mut output).await;
    writing.await.expect("all was written");
    assert_eq!(outcome.end, ExecEnd::Exited { status: 0 });
    assert!(outcome.stdout == sent, "{} bytes, or others", outcome.stdout.len());
}

#[tokio::test]
async fn input_for_a_command_that_has_ended_is_refused_and_does_not_hang() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let Exec { mut input, mut output, .. } = started(&desk, &host, "exec 0<&-; exit 5").await;
    let writing = tokio::spawn(async move { while input.write(&[0; 64 * 1024]).await.is_ok() {} });
    assert_eq!(finish(&mut output).await.end, ExecEnd::Exited { status: 5 });
    tokio::time::timeout(PATIENCE, writing).await.expect("it ends").expect("without a panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_nobody_takes_holds_nobody_else_up_and_none_of_it_is_lost() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let mut slow = started(&desk, &host, "head -c 40M /dev/zero; echo done >&2; exit 9").await;
    // The file of 40 MiB waits in the engine; a neighbour on the same connection is answered meanwhile.
    for number in 0..20 {
        let outcome = run(&desk, &host, &format!("echo {number}")).await;
        assert_eq!(outcome.stdout, format!("{number}\n").into_bytes());
    }
    let outcome = finish(&mut slow.output).await;
    assert_eq!((outcome.stdout.len(), outcome.stderr), (40 * MIB, b"done\n".to_vec()));
    assert_eq!(outcome.end, ExecEnd::Exited { status: 9 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_output_outgrows_the_spool_is_given_up_alone() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let mut endless = started(&desk, &host, "cat /dev/zero").await;
    let neighbour = run(&desk, &host, "echo here").await;
    assert_eq!(neighbour.stdout, b"here\n");
    // It is given up without anybody taking anything: 4 MiB in memory and 256 MiB in the file.
    eventually("the endless command is given up", || endless.control.has_ended()).await;
    let mut taken = 0;
    let end = loop {
        match endless.output.next().await.expect("an end") {
            ExecEvent::Output { bytes, .. } => taken += bytes.len(),
            ExecEvent::Ended(end) => break end,
        }
    };
    assert_eq!(unknown(&end), ErrorCode::ExecOutputTooLarge);
    assert!((256 * MIB..264 * MIB).contains(&taken), "{taken} bytes were kept");
    assert_eq!(run(&desk, &host, "echo still here").await.stdout, b"still here\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_shares_its_connection_may_be_held_back_in_place_of_being_given_up() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let told = sshd.folder().join("told");
    let line = format!(
        "i=0; while [ $i -lt 320 ]; do head -c 1048576 /dev/zero; i=$((i+1)); echo $i > {}; done; exit 3",
        told.display()
    );
    let request =
        ExecRequest { when_behind: WhenBehind::SpoolThenPushBack, ..ExecRequest::command(line.as_str()) };
    let mut exec = desk.engine.exec(&host, request).await.expect("it starts");
    let written = || std::fs::read_to_string(&told).ok().and_then(|told| told.trim().parse::<u32>().ok());
    let (mut last, mut since) = (None, Instant::now());
    // Until it is not let write any more: 4 MiB in memory, 256 MiB in the file, and what is on its way.
    while last < Some(256) || since.elapsed() < Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = written();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        assert!(since.elapsed() < PATIENCE, "it stands still at {last:?}");
    }
    assert!(last < Some(300), "{last:?} MiB were taken");
    let outcome = finish(&mut exec.output).await;
    assert_eq!((outcome.stdout.len(), outcome.end), (320 * MIB, ExecEnd::Exited { status: 3 }));
    assert_eq!(run(&desk, &host, "echo still here").await.stdout, b"still here\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_pushes_back_loses_nothing_however_slow_the_reader_is() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let request = ExecRequest {
        when_behind: WhenBehind::PushBack,
        ..ExecRequest::command("seq 1 6000000; echo $? >&2; exit 1")
    };
    let mut exec = desk.engine.exec(&host, request).await.expect("it starts");
    // Slower than any line, until everything is full: 4 MiB here, the window, the sockets.
    let mut first = Vec::new();
    for _ in 0..100 {
        match exec.output.next().await {
            Some(ExecEvent::Output { stream: Stream::Stdout, bytes }) => first.extend_from_slice(&bytes),
            other => panic!("output was expected, not {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let outcome = finish(&mut exec.output).await;
    let expected: String = (1..=6_000_000).map(|number| format!("{number}\n")).collect();
    first.extend_from_slice(&outcome.stdout);
    assert!(first == expected.as_bytes(), "{} bytes, or others", first.len());
    assert_eq!((outcome.stderr, outcome.end), (b"0\n".to_vec(), ExecEnd::Exited { status: 1 }));
}

#[tokio::test]
async fn a_command_that_nobody_wants_any_more_ends_on_the_host() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let mark = sshd.folder().join("home/ended");
    let line = format!("yes; touch {}", mark.display());
    let mut exec = started(&desk, &host, &line).await;
    assert!(matches!(exec.output.next().await, Some(ExecEvent::Output { .. })));
    drop(exec);
    eventually("yes was ended by its closed output", || mark.exists()).await;
}

#[tokio::test]
async fn a_lost_connection_leaves_the_outcome_unknown_and_the_command_is_not_run_again() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let host = desk.save_draft(through(&sshd, &proxy)).await;
    let runs = sshd.folder().join("home/runs");
    let mut exec =
        started(&desk, &host, &format!("echo run >> {}; echo up; sleep 600", runs.display())).await;
    assert!(
        matches!(exec.output.next().await, Some(ExecEvent::Output { bytes, .. }) if &bytes[..] == b"up\n")
    );
    proxy.cut_now(Cut::Reset);
    let outcome = finish(&mut exec.output).await;
    assert_eq!(unknown(&outcome.end), ErrorCode::ExecOutcomeUnknown);
    assert_eq!(run(&desk, &host, "echo again").await.stdout, b"again\n");
    assert_eq!(std::fs::read_to_string(&runs).expect("it ran"), "run\n");
}

#[tokio::test]
async fn commands_one_after_the_other_share_a_connection_that_may_have_one_session() {
    let Some(sshd) = available(Sshd::builder().max_sessions(1).start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let host = desk.save_draft(through(&sshd, &proxy)).await;
    for status in 0..30 {
        assert_eq!(run(&desk, &host, &format!("exit {status}")).await.end, ExecEnd::Exited { status });
    }
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_command_that_was_given_up_before_it_began_leaves_no_session_behind() {
    let Some(sshd) = available(Sshd::builder().max_sessions(1).start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let host = desk.save_draft(through(&sshd, &proxy)).await;
    run(&desk, &host, "true").await;
    proxy.delay(Direction::ToClient, Duration::from_millis(300));
    // What was under way when that was set is not delayed yet.
    run(&desk, &host, "true").await;
    eventually("these sessions are over", || sshd.log().matches("Close session").count() == 2).await;
    let starting = desk.engine.exec(&host, ExecRequest::command("true"));
    tokio::time::timeout(Duration::from_millis(50), starting).await.expect_err("the server has not answered");
    proxy.delay(Direction::ToClient, Duration::ZERO);
    // The server allows one session: until that one is closed it refuses every other.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while let Err(error) = desk.engine.exec(&host, ExecRequest::command("true")).await {
        assert_eq!(error.code, ErrorCode::ChannelRefused);
        assert!(tokio::time::Instant::now() < deadline, "the session is still open");
        tokio::task::yield_now().await;
    }
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_server_that_kills_the_session_never_makes_it_a_success() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let mut exec = started(&desk, &host, "echo up; sleep 600").await;
    assert!(matches!(exec.output.next().await, Some(ExecEvent::Output { .. })));
    sshd.kill_sessions();
    assert_eq!(unknown(&finish(&mut exec.output).await.end), ErrorCode::ExecOutcomeUnknown);
}

#[tokio::test]
async fn the_environment_and_a_terminal_arrive() {
    let Some(sshd) = available(Sshd::builder().config_line("AcceptEnv BOWLINE_*").start().await) else {
        return;
    };
    let (desk, host) = desk_at(&sshd).await;
    let size = TerminalSize { cols: 101, rows: 33 };
    let request = ExecRequest {
        environment: vec![("BOWLINE_TEST".into(), "a b".into())],
        pty: Some(PtyRequest { term: "vt100".into(), size, modes: Vec::new() }),
        ..ExecRequest::command("echo $BOWLINE_TEST,$TERM; stty size; read line; stty size")
    };
    let mut exec = desk.engine.exec(&host, request).await.expect("it starts");
    exec.control.resize(TerminalSize { cols: 120, rows: 40 }).await;
    exec.input.write(b"\n").await.expect("it takes a line");
    let shown = String::from_utf8(finish(&mut exec.output).await.stdout).expect("text");
    assert!(shown.contains("a b,vt100\r\n"), "{shown:?}");
    assert!(shown.trim_end().ends_with("40 120"), "{shown:?}");
}

#[tokio::test]
async fn a_server_that_gives_no_terminal_runs_the_command_all_the_same() {
    let Some(sshd) = available(Sshd::builder().config_line("PermitTTY no").start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let size = TerminalSize { cols: 80, rows: 24 };
    let pty = Some(PtyRequest { term: "vt100".into(), size, modes: Vec::new() });
    let request = ExecRequest { pty, ..ExecRequest::command("tty; exit 4") };
    let mut exec = desk.engine.exec(&host, request).await.expect("it starts");
    assert!(exec.pty_refused);
    assert_eq!(finish(&mut exec.output).await.stdout, b"not a tty\n");
}

#[tokio::test]
async fn a_banner_of_100_kilobytes_is_bounded_and_the_command_runs() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let banner = folder.path().join("banner");
    std::fs::write(&banner, "All use of this system is watched.\n".repeat(2900)).expect("it is written");
    let line = format!("Banner {}", banner.display());
    let Some(sshd) = available(Sshd::builder().config_line(&line).start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    assert_eq!(run(&desk, &host, "echo fine").await.stdout, b"fine\n");
}

#[tokio::test]
async fn nine_commands_at_once_all_run() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let running = (0..9).map(|number| {
        let (desk, host) = (&desk, &host);
        async move { run(desk, host, &format!("sleep 0.2; echo {number}")).await.stdout }
    });
    let outputs = futures::future::join_all(running).await;
    let expected: Vec<Vec<u8>> = (0..9).map(|number| format!("{number}\n").into_bytes()).collect();
    assert_eq!(outputs, expected);
}

fn through(sshd: &Sshd, proxy: &FaultProxy) -> HostDraft {
    HostDraft {
        user: sshd.user().to_owned(),
        auth: AuthMethod::Key,
        key_path: sshd.client_key_file().to_string_lossy().into_owned(),
        ..at(proxy.address())
    }
}
