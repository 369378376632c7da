//! `bowline pipe` against real sshds.

use std::process::Stdio;
use std::time::Duration;

use crate::kit::{BOWLINE, Home, PATIENCE, Ran};
use bowline_tests::available;
use bowline_tests::pipes::{none_left, some_run};
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::noise;

/// A home with two hosts, `a` and `b`.
async fn two() -> Option<(Home, [Sshd; 2])> {
    let servers = [available(Sshd::start().await)?, available(Sshd::start().await)?];
    let home = Home::new();
    let block =
        |name: &str, sshd: &Sshd| format!("Host {name}\n{}", Home::lines(sshd, sshd.address().port()));
    home.config(&(block("a", &servers[0]) + &block("b", &servers[1])));
    let known = servers[0].known_hosts() + &servers[1].known_hosts();
    std::fs::write(home.known_hosts(), known).expect("known_hosts is written");
    Some((home, servers))
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_goes_through_two_hosts_to_standard_output() {
    let Some((home, _servers)) = two().await else { return };
    let bytes = noise(1, 5_000_001);
    let ran = home.bowline_with(&["pipe", "-", "a:cat", "b:cat"], &bytes).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout == bytes, "{} bytes, or others", ran.stdout.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_at_the_end_appears_when_all_went_well_and_is_not_overwritten_unasked() {
    let Some((home, _servers)) = two().await else { return };
    let to = home.path().join("to");
    std::fs::write(home.path().join("from"), "one\ntwo\n").expect("it is written");
    let ran = home.bowline(&["pipe", "./from", "a:sort -r", "--tee", "tee", "b:head -n 1", "file:to"]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&to).expect("it is there"), "two\n");
    assert_eq!(std::fs::read_to_string(home.path().join("tee")).expect("it is there"), "two\none\n");
    let again = ["pipe", "a:echo new", "--tee", "tee"];
    assert_eq!(home.bowline(&again).await.status, Some(255), "the file of --tee is there");
    let ran = home.bowline(&[&again[..], &["--overwrite"]].concat()).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), "new\n"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(home.path().join("tee")).expect("it is there"), "new\n");
    let ran = home.bowline(&["pipe", "a:echo new", "file:to"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.stderr.contains("already"), "{ran:?}");
    let ran = home.bowline(&["pipe", "a:echo new; echo why >&2; exit 9", "file:to", "--overwrite"]).await;
    assert_eq!(ran.status, Some(9));
    let said = lines(&ran.stderr);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("a:echo: ended with status 9") && said[1].contains("why"), "{said:?}");
    assert!(said[2].contains("to.bowline-part"), "{said:?}");
    assert_eq!(std::fs::read_to_string(&to).expect("it is there"), "two\n");
    assert!(home.bowline(&["pipe", "--overwrite", "a:echo new", "file:to"]).await.status == Some(0));
    assert_eq!(std::fs::read_to_string(&to).expect("it is there"), "new\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_that_of_pipefail() {
    let Some((home, _servers)) = two().await else { return };
    for (stages, status) in [
        (&["a:exit 3", "b:cat"][..], 3),
        (&["a:exit 3", "b:cat; exit 7", "a:cat"], 7),
        (&["a:yes", "b:head -n 1"], 141),
        (&["a:kill -KILL $$", "b:cat"], 137),
        (&["a:true", "nowhere.invalid:cat"], 255),
    ] {
        let arguments: Vec<&str> = ["pipe"].iter().chain(stages).copied().collect();
        let ran = home.bowline(&arguments).await;
        assert_eq!(ran.status, Some(status), "{stages:?}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_say_the_same_and_keep_apart_from_the_output() {
    let Some((home, _servers)) = two().await else { return };
    let ran: Ran =
        home.bowline(&["pipe", "--json", "a:sleep 1.5; echo x; echo y >&2", "b:cat; exit 2"]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(2), "x\n"));
    let said: Vec<serde_json::Value> =
        lines(&ran.stderr).into_iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    let of = |kind: &str| said.iter().filter(|object| object["type"] == kind).collect::<Vec<_>>();
    assert!(!of("progress").is_empty());
    let stages = of("stage");
    assert_eq!(stages.len(), 2);
    assert_eq!(stages[0]["stderr"][0], "y");
    assert_eq!((&stages[1]["end"]["kind"], &stages[1]["status"]), (&"exited".into(), &2.into()));
    let end = of("end");
    assert_eq!((&end[0]["status"], &end[0]["bytes"][0]), (&2.into(), &2.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_every_program() {
    let Some((home, _servers)) = two().await else { return };
    let mut command = tokio::process::Command::new(BOWLINE);
    command.env("HOME", home.path()).env_remove("SSH_AUTH_SOCK").env_remove("XDG_DATA_HOME");
    command.args(["pipe", "a:export PIPE_MARK=clistop; sleep 600", "b:export PIPE_MARK=clistop; sleep 601"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("it runs");
    // Its own words are a mark, too.
    some_run("clistop", 3).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let process = child.id().expect("it runs").to_string();
    let interrupt = tokio::process::Command::new("kill").args(["-INT", &process]).status().await;
    assert!(interrupt.expect("kill runs").success());
    let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("in time").expect("it ends");
    assert_eq!(status.code(), Some(255));
    none_left("clistop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_could_not_be_written_is_told_and_ends_with_a_failure() {
    let Some((home, _servers)) = two().await else { return };
    // The one is noticed at the end, the other on the way.
    for (line, quiet_one) in [("a:echo conf", "b:cat"), ("a:yes", "b:cat")] {
        let ran = home.shell(&format!("$BOWLINE pipe '{line}' '{quiet_one}' > /dev/full")).await;
        assert_eq!(ran.status, Some(255), "{line}: {ran:?}");
        assert!(ran.stderr.contains("standard output"), "{line}: {ran:?}");
    }
    // A reader that has gone is no failure, and needs no words.
    let ran = home.shell("set -o pipefail; $BOWLINE pipe 'a:sleep 1; echo x' 'b:cat' | true").await;
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(141), ""), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_standard_output_may_go() {
    let Some((home, _servers)) = two().await else { return };
    let ran = home.shell("set -o pipefail; $BOWLINE pipe 'a:yes' 'b:cat' | head -n 2").await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(141), "y\ny\n"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_pipe_is_told_before_anything_runs() {
    let home = Home::new();
    let ran = home.bowline(&["pipe", "a"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.stderr.starts_with("bowline: pipe: \"a\" is no stage"), "{}", ran.stderr);
}
