//! Commands on many hosts at once: how each ends, what each wrote, and that nothing of them is left.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::run::view::{RunFormat, RunHost, RunId, RunInput, RunRequest, RunState, RunView};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::{HostKeyType, Sshd, make_key};

/// Longer than any run here takes on a machine that others load.
const LONG: Duration = Duration::from_secs(90);

fn request(hosts: Vec<HostId>, command: impl Into<String>) -> RunRequest {
    RunRequest {
        hosts,
        command: command.into(),
        at_once: 16,
        timeout_seconds: 0,
        stop_on_failure: false,
        as_is: false,
        input: RunInput::None,
        folder: None,
    }
}

/// An sshd at all addresses of this computer, which has so many names: 127.0.0.2 and those that follow.
async fn many(count: u8) -> Option<(Sshd, Desk, Vec<HostId>)> {
    let sshd = available(Sshd::builder().listen_on(Ipv4Addr::UNSPECIFIED).start().await)?;
    let desk = Desk::new().await;
    desk.answer_with("");
    let mut hosts = Vec::new();
    for number in 2..2 + count {
        hosts.push(desk.save_draft(named(&sshd, number)).await);
    }
    Some((sshd, desk, hosts))
}

fn named(sshd: &Sshd, number: u8) -> HostDraft {
    HostDraft {
        label: format!("h{number:02}"),
        user: sshd.user().to_owned(),
        auth: AuthMethod::Key,
        key_path: sshd.client_key_file().to_string_lossy().into_owned(),
        ..at((Ipv4Addr::new(127, 0, 0, number), sshd.address().port()).into())
    }
}

async fn view(desk: &Desk, id: &RunId) -> RunView {
    let runs = desk.engine.runs().await.expect("the runs");
    runs.into_iter().find(|run| run.id == *id).expect("the run is there")
}

async fn until(desk: &Desk, id: &RunId, what: &str, is: impl Fn(&RunView) -> bool) -> RunView {
    let deadline = tokio::time::Instant::now() + LONG;
    loop {
        let view = view(desk, id).await;
        if is(&view) {
            return view;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: {view:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn finished(desk: &Desk, request: RunRequest) -> RunView {
    let id = desk.engine.run_start(request).await.expect("it begins");
    until(desk, &id, "the end of the run", |view| !view.running).await
}

fn of<'a>(view: &'a RunView, name: &str) -> &'a RunHost {
    view.hosts.iter().find(|host| host.name == name).unwrap_or_else(|| panic!("no host {name}"))
}

/// Processes of this computer with a mark in their arguments: the "hosts" are this computer.
fn marked(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("the processes");
    processes
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .filter(|line| line.windows(mark.len()).any(|window| window == mark.as_bytes()))
        .count()
}

/// A number that `sleep` takes and that nothing else has.
fn mark() -> String {
    format!("86400.{}", &uuid_digits())
}

fn uuid_digits() -> String {
    let bytes = std::fs::read("/proc/sys/kernel/random/uuid").expect("a random number");
    bytes.iter().filter(|byte| byte.is_ascii_digit()).map(|&byte| char::from(byte)).take(14).collect()
}

fn read(folder: &str, name: &str) -> Vec<u8> {
    let path = Path::new(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_hosts_end_each_in_its_own_way_and_every_byte_is_there() {
    let Some((sshd, desk, mut hosts)) = many(50).await else { return };
    // Nothing listens there, and a key that nobody knows.
    let refused = HostDraft { label: "refused".into(), port: 9, ..named(&sshd, 90) };
    hosts.push(desk.save_draft(refused).await);
    let other_key = sshd.folder().join("other_key");
    make_key(HostKeyType::Ed25519, &other_key, "");
    let key_path = other_key.to_string_lossy().into_owned();
    let stranger = HostDraft { label: "stranger".into(), key_path, ..named(&sshd, 91) };
    hosts.push(desk.save_draft(stranger).await);
    let (mark, folder) = (mark(), tempfile::tempdir().expect("a folder"));
    let command = format!(
        r#"set -- $SSH_CONNECTION; n=${{3##*.}}
case $((n % 7)) in
0) echo same;;
1) echo out; echo err >&2; exit 1;;
2) printf 'a\000\377\200b'; printf '\377\000\n' >&2; exit 3;;
3) echo before; kill -KILL $$;;
4) sleep {mark};;
5) head -c 3000000 /dev/zero; echo $n >&2;;
6) cat; exit 255;;
esac"#
    );
    let began = std::time::Instant::now();
    let run = finished(
        &desk,
        RunRequest {
            timeout_seconds: 6,
            folder: Some(folder.path().display().to_string()),
            ..request(hosts.clone(), command)
        },
    )
    .await;
    eprintln!("52 hosts in {:.1?}", began.elapsed());
    let files = run.folder.clone().expect("a folder of its own");
    for number in 2..52u32 {
        let host = of(&run, &format!("h{number:02}"));
        let (state, stdout, stderr): (RunState, Vec<u8>, Vec<u8>) = match number % 7 {
            0 => (RunState::Exited { status: 0 }, b"same\n".to_vec(), Vec::new()),
            1 => (RunState::Exited { status: 1 }, b"out\n".to_vec(), b"err\n".to_vec()),
            2 => (RunState::Exited { status: 3 }, b"a\0\xff\x80b".to_vec(), b"\xff\0\n".to_vec()),
            3 => (
                RunState::Signalled { signal: "KILL".into(), core_dumped: false, message: String::new() },
                b"before\n".to_vec(),
                Vec::new(),
            ),
            4 => (RunState::TimedOut { certain: true }, Vec::new(), Vec::new()),
            5 => (RunState::Exited { status: 0 }, vec![0; 3_000_000], format!("{number}\n").into_bytes()),
            _ => (RunState::Exited { status: 255 }, Vec::new(), Vec::new()),
        };
        assert_eq!(host.state, state, "{number}");
        assert!(read(&files, &format!("h{number:02}.out")) == stdout, "stdout of {number}");
        assert_eq!(read(&files, &format!("h{number:02}.err")), stderr, "stderr of {number}");
        assert_eq!((host.stdout_bytes, host.stderr_bytes), (stdout.len() as f64, stderr.len() as f64));
        assert!(host.took_ms.is_some() && host.files_problem.is_none());
    }
    let failed = |name: &str| match &of(&run, name).state {
        RunState::Failed { problem } => problem.code,
        other => panic!("{name} was to fail, but {other:?}"),
    };
    assert_eq!((failed("refused"), failed("stranger")), (ErrorCode::Refused, ErrorCode::AuthRefused));
    eventually("nothing of those that took too long is left", || marked(&mark) == 0).await;

    // The same ends and the same bytes are one group; those that differ in one number on stderr are not.
    let group = |number: u32| of(&run, &format!("h{number:02}")).group.expect("it has ended");
    assert_eq!(group(2), group(9));
    assert_eq!(group(6), group(13));
    assert_ne!(group(5), group(12));
    assert_ne!(group(2), group(3));
    let sizes: Vec<usize> = (0..)
        .map(|number| run.hosts.iter().filter(|host| host.group == Some(number)).count())
        .take_while(|&size| size > 0)
        .collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.iter().sum::<usize>() == 52, "{sizes:?}");

    // What the window shows of the largest is its beginning and its end.
    let largest = of(&run, "h05");
    let output = desk.engine.run_output(run.id.clone(), largest.host_id.clone()).await.expect("its output");
    assert!(output.stdout.left_out > 2_000_000.0 && output.stdout.head.starts_with('␀'));
    assert_eq!(output.stderr.head, "5\n");

    // Once more where it failed with 1, as a run of its own.
    let again: Vec<HostId> = run
        .hosts
        .iter()
        .filter(|host| host.state == RunState::Exited { status: 1 })
        .map(|host| host.host_id.clone())
        .collect();
    let count = again.len();
    let id = desk.engine.run_again(run.id.clone(), again).await.expect("it begins");
    let second = until(&desk, &id, "the end", |view| !view.running).await;
    assert!(second.hosts.len() == count && second.hosts.iter().all(|host| host.group == Some(0)));
    assert_ne!(second.folder, run.folder);

    let saved = folder.path().join("run.json");
    desk.engine.run_save(run.id.clone(), RunFormat::Json, saved.clone()).await.expect("it is written");
    let saved: serde_json::Value =
        serde_json::from_slice(&std::fs::read(saved).expect("it is there")).expect("JSON");
    assert_eq!(saved["hosts"].as_array().map(Vec::len), Some(52));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_hosts_than_wanted_are_at_it_at_once() {
    let Some((sshd, desk, hosts)) = many(12).await else { return };
    let (here, log) = (sshd.folder().join("home/here"), sshd.folder().join("home/log"));
    std::fs::create_dir_all(&here).expect("a folder");
    let (here, log_path) = (here.display(), log.display());
    let command = format!("mkdir {here}/$$; ls {here} | wc -l >> {log_path}; sleep 0.4; rmdir {here}/$$");
    let run = finished(&desk, RunRequest { at_once: 3, ..request(hosts, command) }).await;
    assert!(run.hosts.iter().all(|host| host.state.is_success()), "{run:#?}");
    let counts: Vec<u32> = std::fs::read_to_string(&log)
        .expect("the log")
        .lines()
        .map(|line| line.trim().parse().expect("a number"))
        .collect();
    assert_eq!(counts.len(), 12);
    assert!(counts.iter().all(|&count| count <= 3) && counts.contains(&2), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_no_further_host_begins_if_that_was_wanted() {
    let Some((_sshd, desk, hosts)) = many(6).await else { return };
    let command = "set -- $SSH_CONNECTION; test ${3##*.} -ne 4";
    let run =
        finished(&desk, RunRequest { at_once: 1, stop_on_failure: true, ..request(hosts.clone(), command) })
            .await;
    let states: Vec<String> = run.hosts.iter().map(|host| host.state.outcome()).collect();
    assert_eq!(states, ["exit 0", "exit 0", "exit 1", "not started", "not started", "not started"]);
    let run = finished(&desk, RunRequest { at_once: 1, ..request(hosts, command) }).await;
    assert_eq!(run.hosts.iter().filter(|host| host.state.is_success()).count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_those_that_are_connected_just_then_do_not_begin() {
    let Some((sshd, desk, mut hosts)) = many(5).await else { return };
    // It fails at once, while the others dial and log in.
    let refused = HostDraft { label: "refused".into(), port: 9, ..named(&sshd, 90) };
    hosts.insert(0, desk.save_draft(refused).await);
    let ran = sshd.folder().join("ran");
    let request = RunRequest {
        at_once: 6,
        stop_on_failure: true,
        ..request(hosts, format!("echo one >> {}", ran.display()))
    };
    let run = finished(&desk, request).await;
    let states: Vec<String> = run.hosts.iter().skip(1).map(|host| host.state.outcome()).collect();
    assert_eq!(states, ["not started"; 5]);
    assert!(!ran.exists(), "it began somewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_has_no_process_left_even_if_it_does_not_want_to_end() {
    let Some((_sshd, desk, hosts)) = many(4).await else { return };
    for command in [
        "sleep MARK",
        "sleep MARK & sleep MARK & wait",
        "trap '' TERM; sleep MARK; sleep MARK; sleep MARK",
        "(trap '' TERM; sleep MARK; sleep MARK) </dev/null >/dev/null 2>&1 & sleep MARK",
        "cat; sleep MARK | cat",
    ] {
        let mark = mark();
        let command = command.replace("MARK", &mark);
        let id = desk.engine.run_start(request(hosts.clone(), command.clone())).await.expect("it begins");
        until(&desk, &id, &command, |view| view.hosts.iter().all(|host| host.state == RunState::Running))
            .await;
        eventually("it sleeps on each", || marked(&mark) >= 4).await;
        desk.engine.run_stop(id.clone()).await.expect("it is there");
        let run = until(&desk, &id, &command, |view| !view.running).await;
        assert!(run.stopped);
        for host in &run.hosts {
            assert_eq!(host.state, RunState::Cancelled { certain: true }, "{command}");
            assert_eq!(host.stderr_bytes, 0.0, "nothing of ours is in its output");
        }
        assert_eq!(marked(&mark), 0, "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_early_begins_on_no_further_host() {
    let Some((_sshd, desk, hosts)) = many(4).await else { return };
    let mark = mark();
    let command = format!("sleep {mark}");
    let id =
        desk.engine.run_start(RunRequest { at_once: 1, ..request(hosts, command) }).await.expect("it begins");
    until(&desk, &id, "the first runs", |view| view.hosts[0].state == RunState::Running).await;
    desk.engine.run_stop(id.clone()).await.expect("it is there");
    let run = until(&desk, &id, "the end", |view| !view.running).await;
    let states: Vec<String> = run.hosts.iter().map(|host| host.state.outcome()).collect();
    assert_eq!(states, ["stopped", "not started", "not started", "not started"]);
    assert_eq!(marked(&mark), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_sent_as_it_is_cannot_be_followed_and_says_so() {
    // The command alone: a forced command, say, that looks at it.
    let Some(sshd) =
        available(Sshd::builder().config_line("ForceCommand echo \"$SSH_ORIGINAL_COMMAND\"").start().await)
    else {
        return;
    };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let run =
        finished(&desk, RunRequest { as_is: true, ..request(vec![host.clone()], "status --all") }).await;
    let output = desk.engine.run_output(run.id, host.clone()).await.expect("its output");
    assert_eq!((output.stdout.head.as_str(), output.stderr.head.as_str()), ("status --all\n", ""));
    let run = finished(&desk, request(vec![host.clone()], "status --all")).await;
    let output = desk.engine.run_output(run.id, host).await.expect("its output");
    assert!(output.stdout.head.starts_with("sh -c 'echo bowline-"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn input_arrives_whole_from_a_text_and_from_a_file_on_every_host() {
    let Some((sshd, desk, hosts)) = many(3).await else { return };
    let file = sshd.folder().join("input");
    let bytes: Vec<u8> =
        (0..5_000_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&file, &bytes).expect("it is written");
    let folder = tempfile::tempdir().expect("a folder");
    let to = Some(folder.path().display().to_string());
    let path = file.display().to_string();
    let run = finished(
        &desk,
        RunRequest {
            input: RunInput::File { path: path.clone() },
            folder: to.clone(),
            ..request(hosts.clone(), "cat")
        },
    )
    .await;
    let files = run.folder.expect("a folder");
    for name in ["h02", "h03", "h04"] {
        assert!(read(&files, &format!("{name}.out")) == bytes, "{name}");
    }
    let input = RunInput::Text { text: "zwei\n行\n".into() };
    let run = finished(&desk, RunRequest { input, ..request(hosts.clone(), "cat; exit 5") }).await;
    assert!(
        run.hosts.iter().all(|host| host.state == RunState::Exited { status: 5 } && host.stdout_bytes == 9.0)
    );
    // What cannot be read begins nowhere.
    let input = RunInput::File { path: format!("{path}.missing") };
    let run = finished(&desk, RunRequest { input, ..request(hosts, "cat") }).await;
    let code = |host: &RunHost| match &host.state {
        RunState::Failed { problem } => Some(problem.code),
        _ => None,
    };
    assert!(run.hosts.iter().all(|host| code(host) == Some(ErrorCode::RunInputUnreadable)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_leaves_the_outcome_unknown_and_nothing_is_run_twice() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let key_path = sshd.client_key_file().to_string_lossy().into_owned();
    let user = sshd.user().to_owned();
    let host =
        desk.save_draft(HostDraft { user, auth: AuthMethod::Key, key_path, ..at(proxy.address()) }).await;
    let log = sshd.folder().join("home/runs");
    let command = format!("echo run >> {}; echo up; sleep 600", log.display());
    let id = desk.engine.run_start(request(vec![host.clone()], command)).await.expect("it begins");
    until(&desk, &id, "it runs", |view| view.hosts[0].stdout_bytes > 0.0).await;
    proxy.cut_now(Cut::Reset);
    let run = until(&desk, &id, "the end", |view| !view.running).await;
    assert!(
        matches!(&run.hosts[0].state, RunState::Unknown { problem } if problem.code == ErrorCode::ExecOutcomeUnknown),
        "{run:#?}"
    );
    let after = finished(&desk, request(vec![host], "echo again")).await;
    assert!(after.hosts[0].state.is_success());
    assert_eq!(std::fs::read_to_string(&log).expect("it ran"), "run\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_runs_are_kept_and_the_oldest_that_has_ended_makes_room() {
    let Some((_sshd, desk, hosts)) = many(1).await else { return };
    let mark = mark();
    let long =
        desk.engine.run_start(request(hosts.clone(), format!("sleep {mark}"))).await.expect("it begins");
    let mut ids = Vec::new();
    for number in 0..17 {
        ids.push(finished(&desk, request(hosts.clone(), format!("exit {number}"))).await.id);
    }
    let kept: Vec<RunId> =
        desk.engine.runs().await.expect("the runs").into_iter().map(|run| run.id).collect();
    assert_eq!(kept.len(), 16);
    assert!(kept.contains(&long) && !kept.contains(&ids[0]) && kept.contains(&ids[16]));
    desk.engine.run_remove(long.clone()).await.expect("it is there");
    assert_eq!(desk.engine.runs().await.expect("the runs").len(), 15);
    eventually("it is ended with that", || marked(&mark) == 0).await;
}
