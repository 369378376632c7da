//! Thousands of small files on a real server.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use bowline_sftp::{Access, Attributes, ErrorKind, Times};
use futures::{StreamExt, TryStreamExt, stream};

use crate::server::{pattern, server};

#[tokio::test]
async fn two_thousand_files_are_stored_and_fetched_at_once() {
    const FILES: usize = 2000;
    let Some(server) = server().await else { return };
    let bytes = pattern(5000 + FILES);
    let contents = |number: usize| &bytes[number..number + 10 + number % 5000];
    let times = Times { accessed: 5, modified: 6 };
    let attributes = Attributes { mode: Some(0o600), times: Some(times), ..Attributes::default() };
    stream::iter(0..FILES)
        .map(|number| {
            let (path, sftp) = (server.path(&format!("f{number}")), &server.sftp);
            async move { sftp.store(&path, Access::CREATE | Access::NEW, &attributes, contents(number)).await }
        })
        .buffer_unordered(300)
        .try_collect::<Vec<_>>()
        .await
        .expect("stored");
    let fetched = AtomicUsize::new(0);
    stream::iter(0..FILES)
        .for_each_concurrent(300, |number| {
            let (path, sftp, fetched) = (server.path(&format!("f{number}")), &server.sftp, &fetched);
            async move {
                let expected = contents(number);
                let got = sftp.fetch(&path, expected.len() as u64, 1 << 20).await.expect("fetched");
                assert_eq!(got, expected, "file {number}");
                fetched.fetch_add(1, Ordering::Relaxed);
            }
        })
        .await;
    assert_eq!(fetched.into_inner(), FILES);
    let known = server.sftp.stat(&server.path("f7")).await.expect("there");
    // Reading it has changed the other time since.
    assert_eq!((known.times.map(|times| times.modified), known.permissions()), (Some(6), Some(0o600)));
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_listed_is_read_to_its_end() {
    let Some(server) = server().await else { return };
    let bytes = pattern(700_000);
    for (size, expected) in
        [(0, 0), (0, 10), (10, 0), (10, 9), (9, 10), (700_000, 9), (9, 700_000), (700_000, 700_000)]
    {
        fs::write(server.folder.path().join("file"), &bytes[..size]).expect("written");
        let got = server.sftp.fetch(&server.path("file"), expected, 1 << 20).await.expect("fetched");
        assert!(got == bytes[..size], "{size} bytes where {expected} were expected: {}", got.len());
    }
    let error = server.sftp.fetch(&server.path("file"), 10, 699_999).await.expect_err("too much");
    assert!(matches!(error.kind, ErrorKind::TooLarge(699_999)), "{error}");
}

#[tokio::test]
async fn every_handle_is_closed_however_its_user_goes_away() {
    let Some(server) = server().await else { return };
    let open =
        || fs::read_dir(format!("/proc/{}/fd", server.child.id().expect("it runs"))).map(Iterator::count);
    let Ok(before) = open() else { return };
    fs::write(server.folder.path().join("file"), pattern(100_000)).expect("written");
    let (path, attributes) = (server.path("file"), Attributes::default());
    for round in 0..2000 {
        // Opened and dropped; given up while it opens; a listing given up; a fetch given up.
        let opening = server.sftp.open(&path, Access::READ, &attributes);
        let folder = server.path("");
        match round % 4 {
            0 => drop(opening.await.expect("opened")),
            1 => tokio::select! {
                biased;
                _ = opening => {}
                () = tokio::task::yield_now() => {}
            },
            2 => drop(server.sftp.list(&folder).await.expect("listed")),
            _ => tokio::select! {
                biased;
                _ = server.sftp.fetch(&path, 100_000, 1 << 20) => {}
                () = async { for _ in 0..round % 7 { tokio::task::yield_now().await } } => {}
            },
        }
    }
    // The answers to what was given up come before that to a request which is sent later; the closes behind them do so
    // before that to the next but one.
    for _ in 0..3 {
        server.sftp.stat(&path).await.expect("there");
    }
    assert_eq!(open().expect("it runs"), before);
}
