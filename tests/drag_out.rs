//! Files of a host that are dragged out of the window, on a real sshd.

use bowline_core::engine::drag_out::{DragOutEnd, DraggedFiles};
use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::transfer::job::{JobLimits, JobState};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;

async fn begun(desk: &Desk, id: &str, host: &HostId, path: &str) {
    desk.engine.drag_out_begin(id.to_owned(), host.clone(), vec![path.to_owned()]).await.expect("begun");
}

fn here(desk: &Desk, id: &str) -> Option<Vec<u8>> {
    match desk.engine.dragged_files(id) {
        DraggedFiles::Here(files) => Some(std::fs::read(&files[0]).expect("there")),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dragged_files_are_fetched_once_and_serve_a_second_drag_only_if_the_first_came_too_late() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let there = tempfile::tempdir().expect("a folder");
    let path = there.path().join("letter.txt");
    std::fs::write(&path, "first").expect("written");
    let path = path.to_str().expect("text");

    begun(&desk, "one", &host, path).await;
    assert_eq!(desk.engine.dragged_files("one"), DraggedFiles::NotFetched);
    desk.engine.drag_out_fetch("one".to_owned()).await.expect("fetched");
    desk.engine.drag_out_fetch("one".to_owned()).await.expect("it is here");
    assert_eq!(here(&desk, "one").as_deref(), Some(&b"first"[..]));
    assert_eq!(desk.engine.dragged_files("other"), DraggedFiles::NotFetched);
    assert_eq!(desk.engine.jobs().await.expect("a list").jobs.len(), 1);

    // It was let go, and nobody could be told in time where it is.
    desk.engine.drag_out_let_go();
    assert_eq!(desk.engine.drag_out_end("one".to_owned()).await.expect("over"), DragOutEnd::Ready);
    begun(&desk, "two", &host, path).await;
    assert_eq!(here(&desk, "two").as_deref(), Some(&b"first"[..]));
    desk.engine.drag_out_let_go();
    desk.engine.drag_out_given("two");
    assert_eq!(desk.engine.drag_out_end("two".to_owned()).await.expect("over"), DragOutEnd::Over);

    // Who has it has it; the next drag looks at the host again.
    std::fs::write(path, "second").expect("written");
    begun(&desk, "three", &host, path).await;
    assert_eq!(desk.engine.dragged_files("three"), DraggedFiles::NotFetched);
    desk.engine.drag_out_fetch("three".to_owned()).await.expect("fetched");
    assert_eq!(here(&desk, "three").as_deref(), Some(&b"second"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drag_that_nobody_took_stops_its_fetch_and_one_of_too_much_says_so() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let there = tempfile::tempdir().expect("a folder");
    let file = |name: &str, length: u64| {
        let path = there.path().join(name);
        std::fs::File::create(&path).and_then(|file| file.set_len(length)).expect("made");
        path.to_str().expect("text").to_owned()
    };
    let (slow, large) = (file("slow", 40 * 1024 * 1024), file("large", 64 * 1024 * 1024 + 1));
    let limits = desk.engine.job_limits().await.expect("limits");
    let limits = JobLimits { rate_kib: 256, ..limits };
    desk.engine.job_limits_set(limits).await.expect("set");

    begun(&desk, "one", &host, &slow).await;
    let engine = desk.engine.clone();
    let fetch = tokio::spawn(async move { engine.drag_out_fetch("one".to_owned()).await });
    let job = async || desk.engine.jobs().await.expect("a list").jobs.into_iter().next();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !job().await.is_some_and(|job| job.state == JobState::Running) {
        assert!(std::time::Instant::now() < deadline, "it never runs");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(desk.engine.dragged_files("one"), DraggedFiles::Fetching);
    assert_eq!(desk.engine.drag_out_end("one".to_owned()).await.expect("over"), DragOutEnd::Over);
    fetch.await.expect("no panic").expect("nobody wants it, which is no fault");
    while !job().await.is_some_and(|job| job.state == JobState::Cancelled) {
        assert!(std::time::Instant::now() < deadline, "its job goes on");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    begun(&desk, "two", &host, &large).await;
    let error = desk.engine.drag_out_fetch("two".to_owned()).await.expect_err("it is too much");
    assert_eq!(error.code, ErrorCode::JobRefused);
    assert_eq!(desk.engine.dragged_files("two"), DraggedFiles::Failed);
    desk.engine.drag_out_let_go();
    assert_eq!(desk.engine.drag_out_end("two".to_owned()).await.expect("over"), DragOutEnd::Over);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dropped_comes_although_other_files_are_dragged_meanwhile() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let there = tempfile::tempdir().expect("a folder");
    let file = |name: &str, length: usize| {
        let path = there.path().join(name);
        std::fs::write(&path, vec![b'x'; length]).expect("written");
        path.to_str().expect("text").to_owned()
    };
    let (slow, small, other) = (file("slow", 1024 * 1024), file("small", 3), file("other", 3));
    let limits = desk.engine.job_limits().await.expect("limits");
    desk.engine.job_limits_set(JobLimits { rate_kib: 512, ..limits }).await.expect("set");

    begun(&desk, "one", &host, &slow).await;
    let engine = desk.engine.clone();
    let fetch = tokio::spawn(async move { engine.drag_out_fetch("one".to_owned()).await });
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while desk.engine.dragged_files("one") != DraggedFiles::Fetching {
        assert!(std::time::Instant::now() < deadline, "it is never fetched");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    desk.engine.drag_out_let_go();
    let engine = desk.engine.clone();
    let end = tokio::spawn(async move { engine.drag_out_end("one".to_owned()).await });

    begun(&desk, "two", &host, &small).await;
    desk.engine.drag_out_fetch("two".to_owned()).await.expect("fetched");
    assert_eq!(here(&desk, "two").as_deref(), Some(&b"xxx"[..]));
    desk.engine.drag_out_let_go();
    desk.engine.drag_out_given("two");
    assert_eq!(desk.engine.drag_out_end("two".to_owned()).await.expect("over"), DragOutEnd::Over);
    // One that stays in the window changes nothing either.
    begun(&desk, "three", &host, &other).await;
    assert_eq!(desk.engine.drag_out_end("three".to_owned()).await.expect("over"), DragOutEnd::Over);

    fetch.await.expect("no panic").expect("fetched");
    assert_eq!(end.await.expect("no panic").expect("over"), DragOutEnd::Ready);
    begun(&desk, "four", &host, &slow).await;
    assert_eq!(here(&desk, "four").map(|bytes| bytes.len()), Some(1024 * 1024));
}
