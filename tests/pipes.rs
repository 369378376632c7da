//! Pipes between two real sshds: every byte, every status, and nothing left running.

use std::time::{Duration, Instant};

use bowline_core::error::ErrorCode;
use bowline_core::pipe::live::StageEnd;
use bowline_core::pipe::saved::{PipeCommand, PipeDraft};
use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::memory::Watch;
use bowline_tests::pipes::{Two, command, draft, marked, none_left, some_run};
use bowline_tests::processes;
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::noise;
use rustix::process::Signal;
use sha2::{Digest, Sha256};

const MIB: usize = 1024 * 1024;

fn exited(status: u32) -> Option<StageEnd> {
    Some(StageEnd::Exited { status })
}

fn ends(view: &bowline_core::engine::pipes::PipeView) -> Vec<Option<StageEnd>> {
    view.stages.iter().map(|stage| stage.end.clone()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_mebibytes_of_noise_arrive_unchanged_and_are_counted() {
    let Some(two) = Two::start().await else { return };
    let bytes = noise(1, 64 * MIB);
    let (from, to) = (two.servers[0].folder().join("from"), two.servers[1].folder().join("to"));
    std::fs::write(&from, &bytes).expect("the noise is written");
    let view = two
        .desk
        .piped(draft(vec![
            command(&two.a, "noise", &format!("cat {}", from.display())),
            command(&two.b, "noise", &format!("tee {} | sha256sum", to.display())),
        ]))
        .await;
    assert_eq!(ends(&view), [exited(0), exited(0)]);
    assert_eq!((view.status, view.well), (Some(0), true));
    assert_eq!(view.joints[0].bytes, bytes.len() as f64);
    let sum = two.desk.pipe_output(&view).await;
    assert_eq!(sum.split(' ').next(), Some(sha256(&bytes).as_str()));
    assert!(std::fs::read(to).expect("it was written") == bytes, "other bytes");
    none_left("noise").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_this_computer_stand_at_both_ends_and_on_the_way() {
    let Some(two) = Two::start().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let bytes: Vec<u8> =
        (0..3 * MIB + 5).map(|number| (number % 251) as u8 * u8::from(number % 3 == 0)).collect();
    std::fs::write(path("from"), &bytes).expect("it is written");
    let whole = PipeDraft {
        source: Some(path("from")),
        commands: vec![
            PipeCommand { tee: Some(path("tee")), ..command(&two.a, "files", "cat") },
            command(&two.b, "files", "cat"),
        ],
        target: Some(path("to")),
        overwrite: false,
    };
    let view = two.desk.piped(whole.clone()).await;
    assert_eq!(ends(&view), [Some(StageEnd::Done), exited(0), exited(0), Some(StageEnd::Done)], "{view:?}");
    assert!(std::fs::read(path("to")).expect("named") == bytes && view.well);
    assert!(std::fs::read(path("tee")).expect("named") == bytes);
    // The file beside a command as well is gone over only when that may be.
    let beside = PipeDraft { target: Some(path("other")), ..whole.clone() };
    let view = two.desk.piped(beside).await;
    assert!(matches!(&ends(&view)[1], Some(StageEnd::Failed { .. })), "{view:?}");
    let view = two.desk.piped(PipeDraft { overwrite: true, ..whole.clone() }).await;
    assert!(view.well, "the same pipe runs again: {view:?}");
    assert!(std::fs::read(path("tee")).expect("named") == bytes);
    // It is there now, and nobody asked for it to be overwritten: nothing runs.
    let again = PipeDraft { commands: vec![command(&two.a, "files", "cat")], ..whole.clone() };
    let view = two.desk.piped(again.clone()).await;
    assert!(matches!(
        &ends(&view)[..],
        [Some(StageEnd::NotRun), Some(StageEnd::NotRun), Some(StageEnd::Failed { .. })]
    ));
    let view = two.desk.piped(PipeDraft { overwrite: true, ..again.clone() }).await;
    assert!(view.well, "{view:?}");
    // What did not go well stays beside the file, which stays as it was.
    let failing = PipeDraft {
        commands: vec![command(&two.a, "files", "head -c 1000; exit 3")],
        overwrite: true,
        ..again
    };
    let view = two.desk.piped(failing).await;
    assert_eq!((view.status, view.well), (Some(3), false));
    assert_eq!(view.left, [format!("{}.bowline-part", path("to"))]);
    assert_eq!(std::fs::read(&view.left[0]).expect("it lies there").len(), 1000);
    assert!(std::fs::read(path("to")).expect("it is there") == bytes, "the old one is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn stderr_comes_apart_and_bounded_with_its_count() {
    let Some(two) = Two::start().await else { return };
    let view = two
        .desk
        .piped(draft(vec![
            command(&two.a, "stderr", "echo first >&2; echo out; exit 4"),
            command(&two.b, "stderr", "seq 1 40000 >&2; cat; exit 0"),
        ]))
        .await;
    assert_eq!(ends(&view), [exited(4), exited(0)]);
    assert_eq!(view.status, Some(4), "as with pipefail");
    assert_eq!(two.desk.pipe_stderr(&view, 0).await, "first\n");
    let second = two.desk.pipe_stderr(&view, 1).await;
    assert!(second.ends_with("39999\n40000\n") && second.len() == 64 * 1024, "{}", second.len());
    assert_eq!(view.stages[1].stderr_bytes, 228_894.0);
    assert_eq!(two.desk.pipe_output(&view).await, "out\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_enough_ends_an_endless_writer_at_once() {
    let Some(two) = Two::start().await else { return };
    let begun = Instant::now();
    let view = two
        .desk
        .piped(draft(vec![
            command(&two.a, "enough", "yes"),
            command(&two.b, "enough", "cat"),
            command(&two.a, "enough", "head -n 1"),
        ]))
        .await;
    assert_eq!(ends(&view), [Some(StageEnd::Unread), Some(StageEnd::Unread), exited(0)]);
    assert_eq!((view.status, view.well), (Some(141), true));
    assert_eq!(two.desk.pipe_output(&view).await, "y\n");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    none_left("enough").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_gets_a_broken_pipe_as_from_a_shell() {
    let Some(two) = Two::start().await else { return };
    let told = two.servers[0].folder().join("told");
    // The one that writes dies of SIGPIPE, and its shell writes down of what.
    let writer = format!("yes; echo $? > {}", told.display());
    let view = two
        .desk
        .piped(draft(vec![command(&two.a, "sigpipe", &writer), command(&two.b, "sigpipe", "head -c 5")]))
        .await;
    assert_eq!(ends(&view)[1], exited(0));
    eventually("its shell has told", || std::fs::read_to_string(&told).is_ok_and(|told| !told.is_empty()))
        .await;
    // 141 is SIGPIPE; 1 is what yes says where SIGPIPE is ignored.
    let status = std::fs::read_to_string(&told).expect("told");
    assert!(["141\n", "1\n"].contains(&status.as_str()), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_writer_keeps_its_status_though_its_reader_has_gone() {
    let Some(two) = Two::start().await else { return };
    let view = two
        .desk
        .piped(draft(vec![
            command(&two.a, "short", "seq 1 10; exit 6"),
            command(&two.b, "short", "head -n 1"),
        ]))
        .await;
    assert_eq!(ends(&view), [exited(6), exited(0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_output_is_the_end_of_input_before_the_program_ends() {
    let Some(two) = Two::start().await else { return };
    let id = two
        .desk
        .pipe(draft(vec![
            command(&two.a, "eof", "echo all; exec >&- 2>&-; sleep 600"),
            command(&two.b, "eof", "wc -c"),
        ]))
        .await;
    let view = two.desk.pipe_is(id, |view| view.stages[1].end.is_some()).await;
    assert_eq!(ends(&view)[1], exited(0));
    assert_eq!(two.desk.pipe_output(&view).await, "4\n");
    // As in a shell, the pipe lasts as long as its programs.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let view = two.desk.pipe_view(id).await;
    assert!(view.running && view.stages[0].end.is_none(), "{view:?}");
    two.desk.engine.pipe_stop(id).await.expect("it is there");
    let view = two.desk.pipe_is(id, |view| !view.running).await;
    assert_eq!(ends(&view)[0], Some(StageEnd::Stopped { confirmed: true }));
    none_left("eof").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_holds_the_writer_back_and_the_memory_stays_flat() {
    let Some(two) = Two::start().await else { return };
    let watch = Watch::start();
    let id = two
        .desk
        .pipe(draft(vec![
            command(&two.a, "slow", "cat /dev/zero"),
            command(&two.b, "slow", "while sleep 0.1; do head -c 1000; done > /dev/null"),
        ]))
        .await;
    let mut before = -1.0;
    // Until all windows and sockets are full.
    two.desk.pipe_is(id, |view| view.joints[0].bytes > 0.0).await;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = two.desk.pipe_view(id).await.joints[0].bytes;
        if now - before < 100_000.0 {
            break;
        }
        before = now;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let grown = watch.grown_mib();
    assert!(grown < 32.0, "memory grew by {grown:.1} MiB");
    eprintln!("a slow reader: {grown:.1} MiB, {before} bytes went on");
    two.desk.engine.pipe_stop(id).await.expect("it is there");
    let view = two.desk.pipe_is(id, |view| !view.running).await;
    let stopped = Some(StageEnd::Stopped { confirmed: true });
    assert_eq!(ends(&view), [stopped.clone(), stopped]);
    none_left("slow").await;
}

/// Stopping ends what neither reads nor writes.
async fn stopped(servers: [Sshd; 2], mark: &str) {
    let two = Two::at(servers).await;
    let id = two
        .desk
        .pipe(draft(vec![
            command(&two.a, mark, "sleep 600"),
            command(&two.b, mark, "trap '' TERM; sleep 601 & wait; sleep 602"),
            command(&two.a, mark, "cat"),
        ]))
        .await;
    two.desk.pipe_is(id, |view| view.stages.iter().all(|stage| stage.end.is_none())).await;
    some_run(mark, 3).await;
    two.desk.engine.pipe_stop(id).await.expect("it is there");
    let view = two.desk.pipe_is(id, |view| !view.running).await;
    assert_eq!(ends(&view), vec![Some(StageEnd::Stopped { confirmed: true }); 3], "{view:?}");
    assert!(view.stopped && view.status == Some(255));
    none_left(mark).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_every_program_also_of_root() {
    let (Some(a), Some(b)) = (available(Sshd::start().await), available(Sshd::start().await)) else { return };
    stopped([a, b], "stoproot").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_every_program_of_a_user() {
    let a = available(Sshd::builder().password().start().await);
    let b = available(Sshd::builder().password().start().await);
    let (Some(a), Some(b)) = (a, b) else { return };
    stopped([a, b], "stopuser").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_ends_as_in_a_shell_whichever_it_is() {
    let Some(two) = Two::start().await else { return };
    let killed = Some(StageEnd::Signalled { signal: "KILL".to_owned() });
    for which in 0..3 {
        let mark = format!("kill{which}");
        let line = |stage: usize| match stage {
            0 => format!("exec env STAGE_{mark}=0 yes"),
            stage => format!("exec env STAGE_{mark}={stage} cat"),
        };
        let mut commands = vec![
            command(&two.a, &mark, &line(0)),
            command(&two.b, &mark, &line(1)),
            command(&two.a, &mark, &line(2)),
        ];
        // The last one writes into nothing.
        commands[2].line.push_str(" > /dev/null");
        let id = two.desk.pipe(draft(commands)).await;
        two.desk.pipe_is(id, |view| view.joints[1].bytes > 1e6).await;
        let wanted = format!("STAGE_{mark}={which}");
        let victims: Vec<u32> = marked(&mark)
            .into_iter()
            .filter(|process| {
                let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
                environment.windows(wanted.len()).any(|part| part == wanted.as_bytes())
            })
            .collect();
        assert_eq!(victims.len(), 1, "{wanted}");
        processes::send(victims[0], Signal::KILL);
        let view = two.desk.pipe_is(id, |view| !view.running).await;
        let unread = Some(StageEnd::Unread);
        let expected = match which {
            0 => vec![killed.clone(), exited(0), exited(0)],
            1 => vec![unread, killed.clone(), exited(0)],
            _ => vec![unread.clone(), unread, killed.clone()],
        };
        assert_eq!(ends(&view), expected, "the one that was killed is {which}");
        assert_eq!(view.status, Some(137));
        none_left(&mark).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_cut_off_is_unknown_and_those_behind_it_see_no_end_of_input() {
    let Some(two) = Two::start().await else { return };
    for (which, how) in [(0, "cut"), (1, "cut"), (2, "cut"), (0, "server"), (1, "server"), (2, "server")] {
        let mark = format!("lost{which}{how}");
        // The stage that is lost is alone on a server of its own.
        let Some(server) = available(Sshd::start().await) else { return };
        let proxy = FaultProxy::start(server.address(), 1).await;
        let lost = two.through(&server, &proxy).await;
        let host = |stage: usize, other: &bowline_core::host::HostId| {
            if stage == which { lost.clone() } else { other.clone() }
        };
        let whole = two.servers[1].folder().join(format!("whole-{mark}"));
        let sink = format!("cat > /dev/null; echo complete > {}", whole.display());
        let id = two
            .desk
            .pipe(draft(vec![
                command(&host(0, &two.a), &mark, "yes"),
                command(&host(1, &two.a), &mark, "cat"),
                command(&host(2, &two.b), &mark, &sink),
            ]))
            .await;
        two.desk.pipe_is(id, |view| view.joints[1].bytes > 1e6).await;
        match how {
            "cut" => proxy.cut_now(Cut::Reset),
            _ => server.kill_sessions(),
        }
        let view = two.desk.pipe_is(id, |view| !view.running).await;
        let ends = ends(&view);
        let unknown = |end: &Option<StageEnd>| matches!(end, Some(StageEnd::Unknown { problem }) if problem.code == ErrorCode::ExecOutcomeUnknown);
        assert!(unknown(&ends[which]), "{which} {how}: {ends:?}");
        for (stage, end) in ends.iter().enumerate() {
            let expected = match stage {
                stage if stage < which => Some(StageEnd::Unread),
                stage if stage > which => Some(StageEnd::Stopped { confirmed: true }),
                _ => continue,
            };
            assert_eq!(*end, expected, "{which} {how}: stage {stage}");
        }
        assert_eq!((view.status, view.well), (Some(255), false));
        // sshd ends as its client goes; what it ran gets a broken pipe or the end of its input, whichever it uses.
        none_left(&mark).await;
        if which < 2 {
            assert!(!whole.exists(), "{which} {how}: the sink took it for all");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_reached_lets_nothing_run_anywhere() {
    let Some(two) = Two::start().await else { return };
    let ran = two.servers[0].folder().join("ran");
    let nowhere = two.desk.save_draft(bowline_tests::desk::at(([127, 0, 0, 1], 1).into())).await;
    let view = two
        .desk
        .piped(draft(vec![
            command(&two.a, "nowhere", &format!("touch {}", ran.display())),
            command(&nowhere, "nowhere", "cat"),
        ]))
        .await;
    assert!(matches!(&ends(&view)[..], [Some(StageEnd::NotRun), Some(StageEnd::Failed { .. })]), "{view:?}");
    assert!(!ran.exists() && view.status == Some(255));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_at_the_end_is_told_and_the_programs_end() {
    let Some(two) = Two::start().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
        .arg(folder.path())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return eprintln!("SKIPPED: no small file system can be mounted");
    }
    let to = folder.path().join("to");
    let full = PipeDraft {
        target: Some(to.to_string_lossy().into_owned()),
        ..draft(vec![command(&two.a, "full", "yes"), command(&two.b, "full", "cat")])
    };
    let view = two.desk.piped(full).await;
    let left = std::fs::metadata(folder.path().join("to.bowline-part")).is_ok();
    let there = to.exists();
    let _ = std::process::Command::new("umount").arg(folder.path()).status();
    let ends = ends(&view);
    assert!(
        matches!(&ends[2], Some(StageEnd::Failed { problem }) if problem.code == ErrorCode::LocalDiskFull),
        "{ends:?}"
    );
    assert_eq!(ends[..2], [Some(StageEnd::Unread), Some(StageEnd::Unread)]);
    assert!(left && !there && !view.well && view.status == Some(255), "{view:?}");
    none_left("full").await;
}

fn fifo(path: &std::path::Path) -> String {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo(1) runs").success());
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_pipe_without_another_end_is_waited_for_until_the_person_stops() {
    let Some(two) = Two::start().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let named = fifo(&folder.path().join("fifo"));
    let beside = folder.path().join("to").to_string_lossy().into_owned();
    let commands = vec![command(&two.a, "fifo", "cat"), command(&two.b, "fifo", "cat")];
    let mut teeing = commands.clone();
    teeing[1].tee = Some(named.clone());
    for draft in [
        PipeDraft { source: Some(named.clone()), target: Some(beside.clone()), ..draft(commands.clone()) },
        PipeDraft { target: Some(named.clone()), ..draft(commands.clone()) },
        PipeDraft { target: Some(beside.clone()), ..draft(teeing) },
    ] {
        let id = two.desk.pipe(draft.clone()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(two.desk.pipe_view(id).await.running, "{draft:?}");
        two.desk.engine.pipe_stop(id).await.expect("it is there");
        let view = two.desk.pipe_is(id, |view| !view.running).await;
        assert!(ends(&view).iter().all(|end| *end == Some(StageEnd::NotRun)), "{view:?}");
        two.desk.engine.pipe_forget(id).await.expect("it is forgotten");
        assert!(two.desk.engine.pipes().await.expect("the pipes").pipes.is_empty());
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("listed").count(),
        1,
        "nothing but the named pipe is left"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_whose_tee_takes_nothing_can_be_stopped() {
    let Some(two) = Two::start().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let named = fifo(&folder.path().join("fifo"));
    // Somebody has it open, and reads nothing.
    let idle = std::fs::File::options().read(true).write(true).open(&named).expect("it is opened");
    for line in ["yes", "head -c 1000000 /dev/zero"] {
        let teeing = PipeCommand { tee: Some(named.clone()), ..command(&two.a, "idletee", line) };
        let id = two.desk.pipe(draft(vec![teeing, command(&two.b, "idletee", "cat > /dev/null")])).await;
        two.desk.pipe_is(id, |view| view.joints[0].bytes > 0.0).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(two.desk.pipe_view(id).await.running, "{line}");
        two.desk.engine.pipe_stop(id).await.expect("it is there");
        two.desk.pipe_is(id, |view| !view.running).await;
        none_left("idletee").await;
    }
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_whose_host_asks_shares_its_connection_and_works_all_the_same() {
    let Some(server) = available(Sshd::builder().password().start().await) else { return };
    let desk = bowline_tests::desk::Desk::new().await;
    desk.answer_with(server.password().expect("a password"));
    let host = desk.save(&server, bowline_core::host::AuthMethod::Password).await;
    let view = desk
        .piped(draft(vec![command(&host, "asked", "seq 1 1000"), command(&host, "asked", "wc -l")]))
        .await;
    assert_eq!(ends(&view), [exited(0), exited(0)]);
    assert_eq!(desk.pipe_output(&view).await, "1000\n");
    // Through a slow line nothing is lost either.
    let passwords = desk.questions().len();
    assert!(passwords <= 2, "{passwords} questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_key_that_was_trusted_just_now_is_no_reason_to_share_a_connection() {
    let Some(server) = available(Sshd::start().await) else { return };
    let desk = bowline_tests::desk::Desk::new().await;
    desk.answer_with("");
    let host = desk.save(&server, bowline_core::host::AuthMethod::Key).await;
    let id = desk.pipe(draft(vec![command(&host, "trusted", "sleep 600")])).await;
    some_run("trusted", 1).await;
    desk.engine.pipe_stop(id).await.expect("it is there");
    let view = desk.pipe_is(id, |view| !view.running).await;
    // As root it takes another session of the same connection, which must be no one else's.
    assert_eq!(ends(&view), [Some(StageEnd::Stopped { confirmed: true })]);
    assert_eq!(desk.questions().len(), 1, "the key was asked about once");
    none_left("trusted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_everything_up_changes_no_byte() {
    let Some(two) = Two::start().await else { return };
    let proxy = FaultProxy::start(two.servers[0].address(), 3).await;
    let slow = two.through(&two.servers[0], &proxy).await;
    proxy.fragment(Direction::ToClient, Some(777));
    proxy.fragment(Direction::ToServer, Some(77));
    let bytes = noise(9, 2 * MIB);
    let from = two.servers[0].folder().join("from");
    std::fs::write(&from, &bytes).expect("the noise is written");
    let view = two
        .desk
        .piped(draft(vec![
            command(&slow, "pieces", &format!("cat {}", from.display())),
            command(&two.b, "pieces", "cat"),
            command(&slow, "pieces", "sha256sum"),
        ]))
        .await;
    assert!(view.well, "{view:?}");
    assert!(two.desk.pipe_output(&view).await.starts_with(&sha256(&bytes)));
}
