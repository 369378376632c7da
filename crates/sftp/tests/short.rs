//! Servers that give less than was asked for, more than they said, or all in another order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bowline_sftp::{Access, Attributes, ErrorKind, Sftp};

use crate::scripted::*;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

async fn whole(sftp: &Sftp, until: Option<u64>) -> Vec<u8> {
    let file = sftp.open(&path("/a"), Access::READ, &Attributes::default()).await.expect("opened");
    let mut got = Vec::new();
    in_time(file.download(0, until).copy_to(&mut got)).await.expect("read");
    got
}

#[tokio::test]
async fn short_reads_are_filled_up_and_the_next_ones_ask_for_less() {
    const SIZE: usize = 300_000;
    let file = pattern(SIZE);
    for most in [1000, 1024, 5000, 32_767] {
        let reads = Arc::new(AtomicUsize::new(0));
        let (count, bytes) = (Arc::clone(&reads), file.clone());
        let sftp = session(&[], move |asked| {
            if asked.kind != READ {
                return honest(&asked, &bytes);
            }
            count.fetch_add(1, Ordering::Relaxed);
            let start = (asked.offset() as usize).min(SIZE);
            let end = (start + most.min(asked.length() as usize)).min(SIZE);
            if start == end { status(asked.id, 1, "") } else { data(asked.id, &bytes[start..end]) }
        })
        .await;
        for until in [None, Some(SIZE as u64)] {
            assert!(whole(&sftp, until).await == file, "at most {most} bytes at once, until {until:?}");
        }
        // Each byte once, and what it costs to learn it: the first reads of each, and those that find the end.
        let least = 2 * SIZE.div_ceil(most.max(1024)) * most.max(1024).div_ceil(most);
        let reads = reads.load(Ordering::Relaxed);
        assert!(reads <= least + 2 * 12 + 256, "{reads} reads where {least} would do");
    }
}

#[tokio::test]
async fn a_server_of_single_bytes_is_slow_and_right() {
    let file = pattern(3000);
    let bytes = file.clone();
    let sftp = session(&[], move |asked| match asked.kind {
        READ if asked.offset() < 3000 => data(asked.id, &bytes[asked.offset() as usize..][..1]),
        _ => honest(&asked, &bytes),
    })
    .await;
    assert!(whole(&sftp, None).await == file);
    assert!(in_time(sftp.fetch(&path("/a"), 3000, 5000)).await.expect("fetched") == file);
}

#[tokio::test]
async fn answers_in_another_order_are_put_right() {
    let file = pattern(500_000);
    let bytes = file.clone();
    let (ours, mut server) = Scripted::pair();
    tokio::spawn(async move {
        server.greet(&[]).await;
        let mut held = Vec::new();
        loop {
            // Whatever comes without waiting, answered from the last to the first.
            match tokio::time::timeout(std::time::Duration::from_millis(5), server.next()).await {
                Ok(Some(asked)) => held.push(honest(&asked, &bytes)),
                Ok(None) => return,
                Err(_) => {
                    while let Some(answer) = held.pop() {
                        server.send(&answer).await;
                    }
                }
            }
        }
    });
    let sftp = Sftp::start(ours).await.expect("it greets");
    assert!(whole(&sftp, None).await == file);
}

#[tokio::test]
async fn a_size_that_lies_is_believed_by_nobody() {
    let file = pattern(100_000);
    for said in [0, 5, 99_999, 100_001, 1 << 40, u64::MAX] {
        let bytes = file.clone();
        let sftp = session(&[], move |asked| match asked.kind {
            STAT => sized(asked.id, said),
            _ => honest(&asked, &bytes),
        })
        .await;
        let size = sftp.stat(&path("/a")).await.expect("answered").size.expect("a size");
        let got = whole(&sftp, Some(size)).await;
        assert!(got == file[..usize::try_from(size).unwrap_or(usize::MAX).min(100_000)], "{said}");
        assert!(in_time(sftp.fetch(&path("/a"), size, 1 << 20)).await.expect("fetched") == file, "{said}");
    }
}

#[tokio::test]
async fn a_file_without_an_end_is_read_as_far_as_is_wanted() {
    let sftp = session(&[], |asked| match asked.kind {
        READ => data(asked.id, &vec![7; asked.length() as usize]),
        _ => honest(&asked, b""),
    })
    .await;
    let error = in_time(sftp.fetch(&path("/a"), 10, 1 << 20)).await.expect_err("it has no end");
    assert!(matches!(error.kind, ErrorKind::TooLarge(1_048_576)), "{error}");
    let file = sftp.open(&path("/a"), Access::READ, &Attributes::default()).await.expect("opened");
    let mut download = file.download(u64::MAX - 100_000, None);
    let mut total = 0;
    // It ends with the last offset there is, or goes on; it does not overflow.
    for _ in 0..100 {
        match in_time(download.next()).await.expect("no error") {
            Some(piece) => total += piece.len(),
            None => break,
        }
    }
    assert!(total >= 100_000, "{total}");
}

#[tokio::test]
async fn a_failure_in_the_middle_gives_what_came_before_and_then_the_failure() {
    let file = pattern(200_000);
    let bytes = file.clone();
    let sftp = session(&[], move |asked| match asked.kind {
        READ if asked.offset() >= 131_072 => status(asked.id, 4, "read: Input/output error"),
        _ => honest(&asked, &bytes),
    })
    .await;
    let opened = sftp.open(&path("/a"), Access::READ, &Attributes::default()).await.expect("opened");
    let mut download = opened.download(0, Some(200_000));
    let mut got = Vec::new();
    let error = in_time(download.copy_to(&mut got)).await.expect_err("it fails");
    assert_eq!(error.to_string(), "could not read /a: the server says: read: Input/output error");
    assert!(got == file[..131_072]);
    assert_eq!(download.position(), 131_072);
    assert_eq!(in_time(download.next()).await.expect("nothing more"), None);
}

#[tokio::test]
async fn a_write_that_fails_in_the_middle_says_how_far_it_is_certain() {
    let sftp = session(&[], |asked| match asked.kind {
        WRITE if asked.offset() >= 5 * 32_768 => status(asked.id, 4, "write: No space left on device"),
        _ => honest(&asked, b""),
    })
    .await;
    let file = sftp.open(&path("/a"), Access::WRITE, &Attributes::default()).await.expect("opened");
    let mut upload = file.upload(32_768);
    let bytes = vec![1; 20 << 20];
    let error = in_time(upload.send(&mut bytes.as_slice())).await.expect_err("it is full");
    assert!(matches!(error.kind, ErrorKind::NoSpace), "{error}");
    assert_eq!(upload.acknowledged(), 5 * 32_768);
}
