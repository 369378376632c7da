//! Lists of folders that a server makes up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bowline_sftp::{ErrorKind, Listed, NameError, Violation};

use crate::scripted::*;

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_shown_and_is_no_name() {
    let mut pages = vec![
        vec![&b"."[..], b"..", b"good", b"../evil", b"/etc/passwd", b"a\0b", b"", b"\xff\xfe"],
        vec![&b"last"[..]],
    ];
    pages.reverse();
    let sftp = session(&[], move |asked| match asked.kind {
        READDIR => match pages.pop() {
            Some(page) => names(asked.id, &page),
            None => status(asked.id, 1, ""),
        },
        _ => honest(&asked, b""),
    })
    .await;
    let mut listing = sftp.list(&path("/a")).await.expect("listed");
    let mut seen = Vec::new();
    while let Some(listed) = in_time(listing.next()).await.expect("no error") {
        seen.push(match listed {
            Listed::Entry(entry) => (entry.name.as_bytes().to_vec(), None),
            Listed::Refused { name, why } => (name.to_vec(), Some(why)),
        });
    }
    let expected: [(&[u8], Option<NameError>); 7] = [
        (b"good", None),
        (b"../evil", Some(NameError::Slash)),
        (b"/etc/passwd", Some(NameError::Slash)),
        (b"a\0b", Some(NameError::Nul)),
        (b"", Some(NameError::Empty)),
        (b"\xff\xfe", None),
        (b"last", None),
    ];
    assert_eq!(seen, expected.map(|(name, why)| (name.to_vec(), why)));
}

#[tokio::test]
async fn a_folder_without_an_end_is_read_as_far_as_is_wanted_and_closed() {
    let (pages, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (page_count, close_count) = (Arc::clone(&pages), Arc::clone(&closed));
    let sftp = session(&[], move |asked| match asked.kind {
        READDIR => {
            page_count.fetch_add(1, Ordering::Relaxed);
            names(asked.id, &[&b"x"[..]; 100])
        }
        CLOSE => {
            close_count.fetch_add(1, Ordering::Relaxed);
            status(asked.id, 0, "")
        }
        _ => honest(&asked, b""),
    })
    .await;
    let mut listing = sftp.list(&path("/a")).await.expect("listed");
    for _ in 0..50_000 {
        assert!(matches!(in_time(listing.next()).await, Ok(Some(Listed::Entry(_)))));
    }
    let asked = pages.load(Ordering::Relaxed);
    assert!((500..=520).contains(&asked), "{asked} pages for 500");
    drop(listing);
    in_time(async {
        while closed.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn pages_without_anything_to_show_end_some_time() {
    let sftp = session(&[], |asked| match asked.kind {
        READDIR => names(asked.id, &[b".", b".."]),
        _ => honest(&asked, b""),
    })
    .await;
    let mut listing = sftp.list(&path("/a")).await.expect("listed");
    let error = in_time(listing.next()).await.expect_err("it never ends");
    assert!(matches!(error.kind, ErrorKind::Protocol(Violation::EmptyPages)), "{error}");
    assert_eq!(in_time(listing.next()).await.expect("nothing more"), None);
}

#[tokio::test]
async fn a_page_without_names_is_the_end() {
    let sftp = session(&[], |asked| match asked.kind {
        READDIR => names(asked.id, &[]),
        _ => honest(&asked, b""),
    })
    .await;
    let mut listing = sftp.list(&path("/a")).await.expect("listed");
    assert_eq!(in_time(listing.next()).await.expect("no error"), None);
}

#[tokio::test]
async fn a_failure_in_the_middle_is_no_end() {
    let mut pages = 0;
    let sftp = session(&[], move |asked| match asked.kind {
        READDIR => {
            pages += 1;
            if pages < 4 { names(asked.id, &[b"x"]) } else { status(asked.id, 4, "Failure") }
        }
        _ => honest(&asked, b""),
    })
    .await;
    let mut listing = sftp.list(&path("/a")).await.expect("listed");
    for _ in 0..3 {
        assert!(in_time(listing.next()).await.expect("no error").is_some());
    }
    let error = in_time(listing.next()).await.expect_err("it failed");
    assert_eq!(error.to_string(), "could not list /a: the server says: Failure");
}
