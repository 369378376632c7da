//! Large files to and from a real server.

use std::fs;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bowline_sftp::{Access, Attributes, ErrorKind, WINDOW_BYTES};
use tokio::io::{AsyncRead, ReadBuf};

use crate::server::{pattern, server};

/// Sizes at which something begins or ends: a read of 32 KiB and of 255 KiB, and the window.
const EDGES: [usize; 12] =
    [0, 1, 32_767, 32_768, 32_769, 261_119, 261_120, 261_121, 522_240, 8_388_607, 8_388_609, 20_000_003];

#[tokio::test]
async fn what_goes_up_comes_down_the_same_whatever_its_size() {
    let Some(server) = server().await else { return };
    for size in EDGES {
        let bytes = pattern(size);
        let mut upload = server.making("file").await.upload(0);
        let sent = upload.send(&mut bytes.as_slice()).await.expect("sent");
        assert_eq!(sent, size as u64);
        upload.finish().await.expect("written").close().await.expect("closed");
        assert!(fs::read(server.folder.path().join("file")).expect("there") == bytes, "{size} bytes up");
        for until in [None, Some(size as u64), Some(size as u64 + 10)] {
            let mut download = server.reading("file").await.download(0, until);
            let mut got = Vec::new();
            assert_eq!(download.copy_to(&mut got).await.expect("read"), size as u64);
            assert!(got == bytes, "{size} bytes down, until {until:?}");
            assert_eq!(download.position(), size as u64);
            download.into_file().close().await.expect("closed");
        }
    }
}

#[tokio::test]
async fn a_part_is_read_and_written_where_it_belongs() {
    let Some(server) = server().await else { return };
    let bytes = pattern(3_000_000);
    fs::write(server.folder.path().join("file"), &bytes).expect("written");
    for (from, until) in [(1, 2), (100_000, 2_000_000), (2_999_999, 3_000_000), (5, 5), (9, 3)] {
        let mut download = server.reading("file").await.download(from, Some(until));
        let mut got = Vec::new();
        download.copy_to(&mut got).await.expect("read");
        assert!(got == bytes[from as usize..(until.max(from)) as usize], "{from} to {until}");
    }
    let mut past = server.reading("file").await.download(4_000_000, None);
    assert_eq!(past.next().await.expect("no error"), None);

    let mut upload = server.open("file", Access::WRITE).await.upload(1_000_000);
    upload.send(&mut &bytes[..1_500_000]).await.expect("sent");
    upload.finish().await.expect("written").close().await.expect("closed");
    let found = fs::read(server.folder.path().join("file")).expect("there");
    assert!(found[..1_000_000] == bytes[..1_000_000] && found[1_000_000..2_500_000] == bytes[..1_500_000]);
    assert!(found[2_500_000..] == bytes[2_500_000..]);
}

#[tokio::test]
async fn a_read_that_is_given_up_again_and_again_loses_nothing() {
    let Some(server) = server().await else { return };
    let bytes = pattern(12_000_000);
    fs::write(server.folder.path().join("file"), &bytes).expect("written");
    let mut download = server.reading("file").await.download(0, None);
    let mut got = Vec::new();
    let mut given_up = 0;
    loop {
        let next = tokio::select! {
            biased;
            next = download.next() => next,
            () = tokio::task::yield_now() => { given_up += 1; continue }
        };
        match next.expect("no error") {
            Some(piece) => got.extend_from_slice(&piece),
            None => break,
        }
    }
    assert!(got == bytes);
    assert!(given_up > 0, "it was never given up");
}

#[tokio::test]
async fn a_file_without_a_size_is_read_to_its_end() {
    let Some(server) = server().await else { return };
    if !std::path::Path::new("/proc/self/maps").exists() {
        return;
    }
    let maps = bowline_sftp::SftpPath::try_from("/proc/self/maps").expect("a path");
    let file = server.sftp.open(&maps, Access::READ, &Attributes::default()).await.expect("opened");
    assert_eq!(file.stat().await.expect("known").size, Some(0));
    let mut got = Vec::new();
    file.download(0, None).copy_to(&mut got).await.expect("read");
    assert!(got.ends_with(b"\n") && got.len() > 1000, "{} bytes", got.len());
}

/// Gives one byte at a time, and fails in the end.
struct Failing(u32);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(left) = self.0.checked_sub(1) else {
            return Poll::Ready(Err(io::Error::other("the disk was taken out")));
        };
        self.0 = left;
        buffer.put_slice(b"x");
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_source_that_fails_is_told_from_the_server() {
    let Some(server) = server().await else { return };
    let mut upload = server.making("file").await.upload(0);
    let error = upload.send(&mut Failing(300_000)).await.expect_err("it fails");
    assert!(matches!(error.kind, ErrorKind::Local(_)), "{error}");
    assert!(error.to_string().contains("the disk was taken out"));
    // What was sent by then counts all the same.
    upload.finish().await.expect("written").close().await.expect("closed");
    assert_eq!(fs::read(server.folder.path().join("file")).expect("there").len(), 255 * 1024);
}

#[tokio::test]
async fn a_full_disk_stops_an_upload_and_says_how_far_it_is_certain() {
    let Some(server) = server().await else { return };
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let full = bowline_sftp::SftpPath::try_from("/dev/full").expect("a path");
    let file = server.sftp.open(&full, Access::WRITE, &Attributes::default()).await.expect("opened");
    let mut upload = file.upload(0);
    let bytes = pattern(3 * WINDOW_BYTES);
    let error = upload.send(&mut bytes.as_slice()).await.expect_err("it is full");
    assert!(matches!(error.kind, ErrorKind::Failure { .. }), "OpenSSH says no more: {error}");
    assert_eq!(upload.acknowledged(), 0);
}

#[tokio::test]
async fn a_reader_that_stops_holds_up_nobody_else() {
    let Some(server) = server().await else { return };
    fs::write(server.folder.path().join("file"), pattern(30_000_000)).expect("written");
    let mut download = server.reading("file").await.download(0, None);
    download.next().await.expect("read").expect("more");
    // Its window is full now, and nobody reads on; another file comes through the same session.
    for _ in 0..3 {
        let mut other = server.reading("file").await.download(0, None);
        let mut got = Vec::new();
        assert_eq!(other.copy_to(&mut got).await.expect("read"), 30_000_000);
    }
    download.next().await.expect("read").expect("more");
}
