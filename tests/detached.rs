//! Commands that keep running when the person has left: they outlive the connection, and what they wrote is there later.

use std::time::Duration;

use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::run::detached::{Detached, DetachedId, DetachedState};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;

const LONG: Duration = Duration::from_secs(60);

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

/// Everything is below the home folder of the account, which is that of whoever runs the tests: the folder is removed with
/// the value.
struct Left<'a>(&'a Desk, &'a HostId, Vec<DetachedId>);

impl Left<'_> {
    async fn clear(self) {
        for id in self.2 {
            let _ = self.0.engine.detached_stop(self.1.clone(), id.clone()).await;
            self.0.engine.detached_remove(self.1.clone(), id).await.expect("it is removed");
        }
    }
}

async fn of(desk: &Desk, host: &HostId, id: &DetachedId) -> Detached {
    let all = desk.engine.detached_list(host.clone()).await.expect("a list");
    all.into_iter().find(|one| one.id == *id).expect("it is in the list")
}

async fn until(desk: &Desk, host: &HostId, id: &DetachedId, state: DetachedState) -> Detached {
    let deadline = tokio::time::Instant::now() + LONG;
    loop {
        let one = of(desk, host, id).await;
        if one.state == state {
            return one;
        }
        assert!(tokio::time::Instant::now() < deadline, "{state:?}: {one:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn text(desk: &Desk, host: &HostId, id: &DetachedId, stderr: bool) -> String {
    let (mut text, mut offset) = (String::new(), 0.0);
    loop {
        let piece = desk
            .engine
            .detached_read(host.clone(), id.clone(), stderr, offset)
            .await
            .expect("it can be read");
        if piece.next == offset {
            return text;
        }
        text.push_str(&piece.text);
        offset = piece.next;
    }
}

fn marked(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("the processes");
    processes
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .filter(|line| line.windows(mark.len()).any(|window| window == mark.as_bytes()))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_outlives_its_connection_and_another_bowline_reads_it() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let go = sshd.folder().join("go");
    let command = format!(
        "echo 'it'\\''s \"on\"'; echo oh >&2\nwhile [ ! -e {} ]; do sleep 0.1; done\nprintf '磁盘\\n'; exit 7",
        go.display()
    );
    let id = desk.engine.detached_start(host.clone(), command.clone()).await.expect("it starts");
    let running = until(&desk, &host, &id, DetachedState::Running).await;
    assert!(
        running.command.starts_with("echo 'it'") && running.began_at.is_some() && running.ended_at.is_none()
    );
    // Every session that it could hang on is killed.
    sshd.kill_sessions();
    desk.engine.host_disconnect(host.clone()).await.expect("it is disconnected");
    let (other, other_host) = desk_at(&sshd).await;
    assert_eq!(of(&other, &other_host, &id).await.state, DetachedState::Running);
    assert_eq!(text(&other, &other_host, &id, false).await, "it's \"on\"\n");
    // It can be told how it went on from where it was read to.
    std::fs::write(&go, "").expect("it is written");
    let ended = until(&other, &other_host, &id, DetachedState::Exited { status: 7 }).await;
    assert!(ended.ended_at >= ended.began_at && ended.stderr_bytes == 3.0);
    assert_eq!(text(&other, &other_host, &id, false).await, "it's \"on\"\n磁盘\n");
    assert_eq!(text(&other, &other_host, &id, true).await, "oh\n");
    Left(&other, &other_host, vec![id.clone()]).clear().await;
    let error = other.engine.detached_read(other_host.clone(), id, false, 0.0).await.expect_err("it is gone");
    assert_eq!(error.code, ErrorCode::RunRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stopped_has_no_process_left_and_only_then_can_be_removed() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let mark = format!("86401.{}", std::process::id());
    let command = format!("trap '' TERM; echo up; sleep {mark} & sleep {mark} | cat; sleep {mark}");
    let id = desk.engine.detached_start(host.clone(), command).await.expect("it starts");
    eventually("it sleeps", || marked(&mark) >= 2).await;
    let error = desk.engine.detached_remove(host.clone(), id.clone()).await.expect_err("it runs");
    assert_eq!(error.params.get("reason").map(String::as_str), Some("still-running"));
    assert!(desk.engine.detached_stop(host.clone(), id.clone()).await.expect("it can be stopped"));
    assert_eq!(marked(&mark), 0);
    assert_eq!(of(&desk, &host, &id).await.state, DetachedState::Stopped);
    assert_eq!(text(&desk, &host, &id, false).await, "up\n");
    Left(&desk, &host, vec![id]).clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_beyond_the_bound_is_dropped_and_the_program_never_notices() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let command = "head -c 70M /dev/zero; echo $? >&2; exit 3".to_owned();
    let id = desk.engine.detached_start(host.clone(), command).await.expect("it starts");
    let ended = until(&desk, &host, &id, DetachedState::Exited { status: 3 }).await;
    assert_eq!(ended.stdout_bytes, 64.0 * 1024.0 * 1024.0);
    assert_eq!(text(&desk, &host, &id, true).await, "0\n");
    Left(&desk, &host, vec![id]).clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_none_never_reaches_the_host() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    for name in ["", "../../..", "x; touch pwned", &"0".repeat(33)] {
        let id = DetachedId(name.to_owned());
        let error = desk.engine.detached_remove(host.clone(), id).await.expect_err(name);
        assert_eq!(error.code, ErrorCode::RunRefused, "{name}");
    }
}
