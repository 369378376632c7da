//! `bowline exec` with its own options: time limits, input, files, groups, and commands that are left running.

use std::process::Stdio;

use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;

use crate::kit::{BOWLINE, Home};

/// A home with one server under several names.
fn named(sshd: &Sshd, names: &[&str]) -> Home {
    let home = Home::new();
    let lines = Home::lines(sshd, sshd.address().port());
    let config: String = names.iter().map(|name| format!("Host {name}\n{lines}")).collect();
    home.config(&config);
    home.know(sshd);
    home
}

fn marked(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("the processes");
    processes
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        // Not the command that was asked to run it.
        .filter(|line| !line.starts_with(BOWLINE.as_bytes()) && !line.starts_with(b"setsid"))
        .filter(|line| line.windows(mark.len()).any(|window| window == mark.as_bytes()))
        .count()
}

#[tokio::test]
async fn what_hosts_say_alike_is_said_once() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = named(&sshd, &["a", "b", "c"]);
    let ran = home
        .bowline(&["exec", "--group", "--limit", "1", "a", "b", "c", "--", "echo same; echo err >&2; exit 4"])
        .await;
    assert_eq!(ran.text(), "=== 3 (exit 4): a b c\nsame\n");
    assert_eq!((ran.stderr.as_str(), ran.status), ("err\n", Some(4)));
    let ran = home.bowline(&["exec", "--group", "--json", "a", "b", "--", "echo $PPID"]).await;
    let lines: Vec<serde_json::Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // Each has a parent of its own.
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0]["hosts"].as_array().is_some_and(|hosts| hosts.len() == 1) && lines[0]["status"] == 0);
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended_on_its_host() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = named(&sshd, &["a", "b"]);
    let mark = format!("86402.{}", std::process::id());
    let ran =
        home.bowline(&["exec", "--timeout", "1s", "a", "b", "--", &format!("echo up; sleep {mark}")]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.text().contains("a: up\n") && ran.text().contains("b: up\n"), "{}", ran.text());
    assert_eq!(ran.stderr.matches("timed out").count(), 2, "{}", ran.stderr);
    assert_eq!(marked(&mark), 0);
}

#[tokio::test]
async fn a_reader_that_has_gone_ends_what_runs_on_the_hosts() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = named(&sshd, &["a", "b"]);
    let mark = format!("86405.{}", std::process::id());
    for options in ["a b", "--json a b", "--timeout 10m a"] {
        // None of them writes all the time, so that a closed channel alone does not end them.
        let line = format!("while echo {mark}; do sleep 0.2; done 2> /dev/null; sleep {mark}");
        let ran = home
            .shell(&format!("set -o pipefail; $BOWLINE exec {options} -- '{line}' | head -n 1 | wc -l"))
            .await;
        assert_eq!(
            (ran.status, ran.text().as_str(), ran.stderr.as_str()),
            (Some(141), "1\n", ""),
            "{options}"
        );
        eventually("nothing is left on the hosts", || marked(&mark) == 0).await;
    }
}

#[tokio::test]
async fn an_interrupt_ends_what_runs_on_the_hosts() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = named(&sshd, &["a", "b"]);
    let mark = format!("86403.{}", std::process::id());
    let mut child = home
        .program(BOWLINE)
        .args(["exec", "a", "b", "--", &format!("sleep {mark}")])
        .stdin(Stdio::null())
        .spawn()
        .expect("it runs");
    eventually("it sleeps on both", || marked(&mark) >= 2).await;
    tell(&child, rustix::process::Signal::INT);
    let status =
        tokio::time::timeout(crate::kit::PATIENCE, child.wait()).await.expect("in time").expect("it ends");
    assert_eq!(status.code(), Some(255));
    assert_eq!(marked(&mark), 0);
}

/// A signal to the command itself.
fn tell(child: &tokio::process::Child, signal: rustix::process::Signal) {
    // setsid(1) has become the command, or the command is its only child.
    let setsid = child.id().expect("it runs");
    let children =
        std::fs::read_to_string(format!("/proc/{setsid}/task/{setsid}/children")).expect("its children");
    let bowline = children.split_whitespace().next().map_or(setsid, |pid| pid.parse().expect("a pid"));
    let pid = rustix::process::Pid::from_raw(bowline.cast_signed()).expect("a process");
    rustix::process::kill_process(pid, signal).expect("it is told");
}

#[tokio::test]
async fn what_ends_the_command_for_one_host_ends_what_runs_there() {
    use rustix::process::Signal;
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mark = format!("864{status}.{}", std::process::id());
        let child = home
            .program(BOWLINE)
            // One in the background of its shell as well.
            .args(["exec", "server", "--", &format!("echo up; sleep {mark} & sleep {mark}; echo over")])
            .stdin(Stdio::null())
            .spawn()
            .expect("it runs");
        eventually("it sleeps", || marked(&mark) >= 2).await;
        tell(&child, signal);
        let ended = tokio::time::timeout(crate::kit::PATIENCE, child.wait_with_output()).await;
        let output = ended.expect("in time").expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(status), &b"up\n"[..]), "{said}");
        assert_eq!(said, "bowline: server: interrupted, the command was ended\n");
        assert_eq!(marked(&mark), 0, "{status}");
    }
}

#[tokio::test]
async fn one_host_gets_the_input_and_gives_every_byte_as_it_is() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let input: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    for as_is in [&["exec", "server", "--"][..], &["exec", "--as-is", "server", "--"]] {
        let line = [as_is, &["cat; printf 'err\\377' >&2; exit 3"]].concat();
        let mut command = home.program(BOWLINE);
        let mut child = command.args(&line).stdin(Stdio::piped()).spawn().expect("it runs");
        let mut stdin = child.stdin.take().expect("its input");
        let writing = async {
            tokio::io::AsyncWriteExt::write_all(&mut stdin, &input).await.expect("it takes it");
            drop(stdin);
        };
        let ((), output) = tokio::join!(writing, child.wait_with_output());
        let output = output.expect("it ends");
        assert!(output.stdout == input, "{} bytes, or others", output.stdout.len());
        assert_eq!((output.stderr.as_slice(), output.status.code()), (&b"err\xff"[..], Some(3)));
    }
}

#[tokio::test]
async fn input_and_files_are_exact_on_every_host() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = named(&sshd, &["a", "b"]);
    let input = b"eins\n\xff\0zwei";
    let line = ["exec", "--stdin", "-", "--output", ".", "a", "b", "--", "cat; echo done >&2; exit 3"];
    let ran = home.bowline_with(&line, input).await;
    assert_eq!(ran.status, Some(3));
    let folder = std::fs::read_dir(home.path())
        .expect("the home")
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with("run-"))
        .expect("a folder for the run")
        .path();
    for name in ["a", "b"] {
        assert_eq!(std::fs::read(folder.join(format!("{name}.out"))).expect("stdout"), input);
        assert_eq!(std::fs::read(folder.join(format!("{name}.err"))).expect("stderr"), b"done\n");
    }
    // From a file, and on one host byte by byte without its name.
    std::fs::write(home.path().join("input"), input).expect("it is written");
    let ran = home.bowline(&["exec", "--stdin", "input", "a", "--", "cat"]).await;
    assert_eq!((ran.stdout.as_slice(), ran.status), (&input[..], Some(0)));
    let ran = home.bowline(&["exec", "--stdin", "missing", "a", "--", "cat"]).await;
    assert_eq!(ran.status, Some(255));
}

#[tokio::test]
async fn after_a_failure_it_begins_on_no_further_host() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = named(&sshd, &["a", "b", "c"]);
    let line = ["exec", "--json", "--limit", "1", "--stop-on-failure", "a", "b", "c", "--", "exit 2"];
    let ran = home.bowline(&line).await;
    let types: Vec<String> = ran
        .text()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["type"].to_string())
        .collect();
    assert_eq!(types, ["\"exit\"", "\"not-started\"", "\"not-started\""]);
    assert_eq!(ran.status, Some(255));
}

#[tokio::test]
async fn a_command_is_left_running_listed_read_stopped_and_forgotten() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = named(&sshd, &["a", "b"]);
    let mark = format!("86404.{}", std::process::id());
    let started = home.bowline(&["exec", "--detach", "a", "--", &format!("echo up; sleep {mark}")]).await;
    assert_eq!(started.status, Some(0), "{}", started.stderr);
    let id = started.text().split_whitespace().next().expect("an id").to_owned();
    let listed = home.bowline(&["exec", "--list", "--json", "b"]).await;
    let one: serde_json::Value = serde_json::from_str(listed.text().trim()).expect("JSON");
    assert_eq!((one["id"].as_str(), one["state"]["state"].as_str()), (Some(id.as_str()), Some("running")));
    assert!(one["beganAt"].is_u64() && one["stdoutBytes"].is_u64() && !listed.text().contains(".0"), "{one}");
    assert_eq!(home.bowline(&["exec", "--read", &id, "b"]).await.text(), "up\n");
    assert_eq!(home.bowline(&["exec", "--forget", &id, "a"]).await.status, Some(255), "it runs");
    assert_eq!(home.bowline(&["exec", "--stop", &id, "a"]).await.status, Some(0));
    assert_eq!(marked(&mark), 0);
    assert!(home.bowline(&["exec", "--list", "a"]).await.text().contains("stopped"));
    assert_eq!(home.bowline(&["exec", "--forget", &id, "a"]).await.status, Some(0));
    assert_eq!(home.bowline(&["exec", "--list", "a"]).await.text(), "");
    let gone = home.bowline(&["exec", "--read", &id, "a"]).await;
    let told =
        format!("bowline: a: nothing was left running there by the id {id}; exec --list a shows what was\n");
    assert_eq!((gone.stderr.as_str(), gone.status), (told.as_str(), Some(255)));
    let gone = home.bowline(&["exec", "--stop", "77", "a"]).await;
    assert!(gone.status == Some(255) && gone.stderr.contains("the id 77; exec --list a"), "{}", gone.stderr);
}
