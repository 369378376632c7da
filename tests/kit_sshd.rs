//! The kit's sshd, driven by the system's own client.

use std::process::Output;
use std::time::Duration;

use bowline_tests::eventually::{PATIENCE, eventually, holds_within};
use bowline_tests::processes::{descendants, is_alive};
use bowline_tests::sshd::{HostKeyType, Sshd};
use bowline_tests::{Unavailable, available};
use tokio::process::Command;
use tokio::time::timeout;

async fn output(command: &mut Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("an end in time").expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_user_enters_with_the_key_of_the_server() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let answer = output(sshd.openssh("ssh").args(["host", "id -un"])).await;
    assert_eq!(text(&answer.stdout).trim(), sshd.user(), "{}", text(&answer.stderr));
    assert!(sshd.log().contains("Accepted publickey"), "{}", sshd.log());
}

#[tokio::test]
async fn an_authorized_key_enters_with_its_options_and_another_key_does_not() {
    let other = tempfile::tempdir().expect("a folder");
    let (key, stranger) = (other.path().join("key"), other.path().join("stranger"));
    bowline_tests::sshd::make_key(HostKeyType::Ed25519, &key, "");
    bowline_tests::sshd::make_key(HostKeyType::Ed25519, &stranger, "");
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a public key");
    let builder = Sshd::builder().authorize(&format!("command=\"echo forced\" {public}"));
    let Some(sshd) = available(builder.start().await) else { return };
    std::fs::remove_file(sshd.client_key_file()).expect("removed");

    let answer = output(sshd.openssh("ssh").arg("-i").arg(&key).args(["host", "id"])).await;
    assert_eq!(text(&answer.stdout), "forced\n", "{}", text(&answer.stderr));
    let answer = output(sshd.openssh("ssh").arg("-i").arg(&stranger).args(["host", "id"])).await;
    assert!(text(&answer.stderr).contains("Permission denied"), "{}", text(&answer.stderr));
}

#[tokio::test]
async fn configuration_lines_win_over_those_of_the_kit() {
    let builder = Sshd::builder().config_line("ForceCommand echo forced");
    let Some(sshd) = available(builder.start().await) else { return };
    let answer = output(sshd.openssh("ssh").args(["host", "id"])).await;
    assert_eq!(text(&answer.stdout), "forced\n");
}

#[tokio::test]
async fn a_match_block_applies_to_what_it_matches() {
    let builder = Sshd::builder().match_block("Match LocalAddress 127.0.0.1\n  ForceCommand echo matched");
    let Some(sshd) = available(builder.start().await) else { return };
    let answer = output(sshd.openssh("ssh").args(["host", "id"])).await;
    assert_eq!(text(&answer.stdout), "matched\n");
}

#[tokio::test]
async fn every_type_of_host_key_is_offered() {
    let builder = Sshd::builder().host_keys(&HostKeyType::ALL);
    let Some(sshd) = available(builder.start().await) else { return };
    for algorithm in ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"] {
        let option = format!("HostKeyAlgorithms={algorithm}");
        let answer = output(sshd.openssh("ssh").arg("-o").arg(option).args(["host", "echo in"])).await;
        assert_eq!(text(&answer.stdout), "in\n", "{algorithm}: {}", text(&answer.stderr));
    }
}

#[tokio::test]
async fn a_password_enters_and_a_wrong_one_does_not() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let method = "PreferredAuthentications=password";
    let answer = output(sshd.openssh("ssh").args(["-o", method, "host", "id -un"])).await;
    assert_eq!(text(&answer.stdout).trim(), sshd.user(), "{}", text(&answer.stderr));

    let mut wrong = sshd.openssh("ssh");
    std::fs::write(sshd.folder().join("password"), "wrong").expect("written");
    let answer = output(wrong.args(["-o", method, "host", "id -un"])).await;
    assert!(text(&answer.stderr).contains("Permission denied"), "{}", text(&answer.stderr));
}

#[tokio::test]
async fn a_password_enters_as_an_answer_to_a_question() {
    let Some(sshd) = available(Sshd::builder().keyboard_interactive().start().await) else { return };
    let method = "PreferredAuthentications=keyboard-interactive";
    let answer = output(sshd.openssh("ssh").args(["-o", method, "host", "id -un"])).await;
    assert_eq!(text(&answer.stdout).trim(), sshd.user(), "{}", text(&answer.stderr));
    assert!(sshd.log().contains("Accepted keyboard-interactive"), "{}", sshd.log());
}

#[tokio::test]
async fn a_key_and_a_password_can_be_asked_for_together() {
    let builder = Sshd::builder().password().config_line("AuthenticationMethods publickey,password");
    let Some(sshd) = available(builder.start().await) else { return };
    let answer = output(sshd.openssh("ssh").args(["host", "echo both"])).await;
    assert_eq!(text(&answer.stdout), "both\n", "{}", text(&answer.stderr));
}

#[tokio::test]
async fn it_ends_with_everything_that_its_sessions_run() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let mut client = sshd.openssh("ssh").args(["host", "sleep 4321 & sleep 4321"]).spawn().expect("ssh runs");
    let listener = sshd.process().expect("it runs");
    eventually("both programs run", || descendants(listener).len() >= 4).await;
    let mut everything = descendants(listener);
    everything.push(listener);
    drop(sshd);
    eventually("all are gone", || !everything.iter().any(|&process| is_alive(process))).await;
    let status = timeout(PATIENCE, client.wait()).await.expect("the client notices").expect("an end");
    assert_eq!(status.code(), Some(255));
}

#[tokio::test]
async fn it_comes_back_on_the_same_port_with_the_same_key() {
    let Some(mut sshd) = available(Sshd::start().await) else { return };
    let address = sshd.address();
    sshd.stop();
    let answer = output(sshd.openssh("ssh").args(["host", "echo back"])).await;
    assert!(text(&answer.stderr).contains("Connection refused"), "{}", text(&answer.stderr));
    sshd.restart().await;
    assert_eq!(sshd.address(), address);
    let answer = output(sshd.openssh("ssh").args(["host", "echo back"])).await;
    assert_eq!(text(&answer.stdout), "back\n", "{}", text(&answer.stderr));
}

#[tokio::test]
async fn frozen_sessions_are_silent_and_go_on_when_thawed() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let mut command = sshd.openssh("ssh");
    command.args(["host", "read line; echo got $line"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut client = command.spawn().expect("ssh runs");
    sshd.logged("Starting session").await;
    sshd.freeze_sessions();
    let mut stdin = client.stdin.take().expect("a pipe");
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"x\n").await.expect("written");
    let ended = holds_within(Duration::from_millis(500), || !matches!(client.try_wait(), Ok(None))).await;
    assert!(!ended, "a frozen session answered");
    sshd.thaw_sessions();
    let answer = timeout(PATIENCE, client.wait_with_output()).await.expect("in time").expect("an end");
    assert_eq!(text(&answer.stdout), "got x\n");
}

#[tokio::test]
async fn it_can_come_back_with_another_host_key() {
    let Some(mut sshd) = available(Sshd::start().await) else { return };
    let (address, before) = (sshd.address(), sshd.known_hosts());
    sshd.restart_with_other_host_keys().await;
    assert_eq!(sshd.address(), address);
    assert_ne!(sshd.known_hosts(), before);
    let answer = output(sshd.openssh("ssh").args(["host", "echo back"])).await;
    assert_eq!(text(&answer.stdout), "back\n", "{}", text(&answer.stderr));
}

#[tokio::test]
async fn connections_beyond_max_startups_are_refused_until_a_place_is_free() {
    let Some(sshd) = available(Sshd::builder().max_startups(1).start().await) else { return };
    let place = sshd.hold_startup_place().await;
    let answer = output(sshd.openssh("ssh").args(["host", "echo in"])).await;
    assert_eq!(answer.status.code(), Some(255), "{}", text(&answer.stdout));
    drop(place);
    let mut entered = false;
    while !entered {
        entered = output(sshd.openssh("ssh").args(["host", "echo in"])).await.status.success();
    }
}

#[tokio::test]
async fn one_killed_session_leaves_the_others_alone() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let mut first = sshd.openssh("ssh").args(["host", "sleep 4322"]).spawn().expect("ssh runs");
    sshd.logged("Starting session").await;
    let of_first = sshd.sessions();
    let mut second = sshd.openssh("ssh").args(["host", "sleep 4322"]).spawn().expect("ssh runs");
    eventually("the second session", || sshd.sessions().len() > of_first.len()).await;
    for process in of_first {
        sshd.kill_session(process);
    }
    let status = timeout(PATIENCE, first.wait()).await.expect("in time").expect("an end");
    assert_eq!(status.code(), Some(255));
    assert!(matches!(second.try_wait(), Ok(None)), "the second session ended too");
}

#[test]
fn a_test_that_cannot_run_says_why() {
    let reason = Unavailable("no moon tonight".into());
    assert_eq!(reason.to_string(), "no moon tonight");
    assert_eq!(available(Ok(1)), Some(1));
}
