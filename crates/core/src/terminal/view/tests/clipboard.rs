//! Requests for the clipboard that a window missed, and when it gets them.

use super::*;

/// How often each of these was asked to be put on the clipboard, in the order of what a window got.
fn clipboard_requests(shown: &Shown) -> Vec<String> {
    let text = shown.text();
    let requests = text.split("\x1b]52;c;").skip(1);
    requests.map(|rest| rest.split(['\x07', '\x1b']).next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_newest_request_for_the_clipboard_that_a_window_missed_comes_once_with_the_snapshot() {
    let (mut view, shown) = view();
    view.push(b"\x1b]52;c;c2Vlbg==\x07");
    view.flush();
    view.credit = 0;
    let large = "QUJD".repeat(1024 * 1024 / 3);
    view.push(b"\x1b]52;c;b2xk\x07\x1b]52;c;?\x07");
    view.push(format!("\x1b]52;c;{large}\x1b\\\x1b]52;c;\x07").as_bytes());
    view.push(&vec![b'x'; BEHIND_MAX_BYTES]);
    catch_up(&mut view).await;
    assert!(clipboard_requests(&shown) == ["c2Vlbg==", &large], "{}", clipboard_requests(&shown).len());
    // Neither with the next snapshot nor for the next window.
    view.credit = 0;
    view.push(&vec![b'x'; BEHIND_MAX_BYTES + CHUNK_BYTES]);
    catch_up(&mut view).await;
    assert_eq!(clipboard_requests(&shown).len(), 2);
    let next = Shown::default();
    view.attach(Box::new(next.clone()));
    catch_up(&mut view).await;
    assert!(clipboard_requests(&next).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_for_the_clipboard_waits_for_a_window_and_is_handed_on_whole_to_one() {
    let (mut view, _) = view();
    view.detach(FIRST_ATTACHMENT);
    view.push(&[b'x'; 200_000]);
    view.push(b"\x1b]52;c;bG9zdA==\x07");
    let gone = Shown::default();
    let attachment = view.attach(Box::new(gone.clone()));
    tokio::time::advance(QUIET).await;
    view.credit = 1000;
    view.flush();
    view.detach(attachment);
    assert!(clipboard_requests(&gone).is_empty(), "it got the beginning of a snapshot only");
    let next = Shown::default();
    view.attach(Box::new(next.clone()));
    catch_up(&mut view).await;
    assert_eq!(clipboard_requests(&next), ["bG9zdA=="]);
    // What comes while a window looks is its own.
    view.push(b"\x1b]52;c;bmV3\x07");
    catch_up(&mut view).await;
    assert_eq!(clipboard_requests(&next), ["bG9zdA==", "bmV3"]);
    // Whoever asked for it is gone with its shell.
    view.detach(view.attachment);
    view.push(b"\x1b]52;c;Z29uZQ==\x07");
    view.start_afresh();
    let last = Shown::default();
    view.attach(Box::new(last.clone()));
    catch_up(&mut view).await;
    assert!(clipboard_requests(&last).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_for_the_clipboard_that_a_snapshot_cuts_in_two_is_whole_for_the_window() {
    let (mut view, shown) = view();
    view.credit = 0;
    view.push(&vec![b'x'; BEHIND_MAX_BYTES + 1]);
    let text = "QUJD".repeat(10_000);
    let (first, second) = text.split_at(30_001);
    view.push(format!("\x1b]52;c;{first}").as_bytes());
    catch_up(&mut view).await;
    view.push(format!("{second}\x07").as_bytes());
    catch_up(&mut view).await;
    assert!(clipboard_requests(&shown) == [text]);
    assert!(view.screen.clipboard().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_request_for_the_clipboard_comes_once_however_much_follows_while_it_is_handed_on() {
    let (mut view, _) = view();
    view.detach(FIRST_ATTACHMENT);
    view.push(lines(0, 50_000).as_bytes());
    view.push(b"\x1b]52;c;b25jZQ==\x07");
    let next = Shown::default();
    view.attach(Box::new(next.clone()));
    tokio::time::advance(QUIET).await;
    view.credit = 1000;
    view.flush();
    tokio::time::advance(DRAW_TIME).await;
    view.give_credit(CHUNK_BYTES);
    view.flush();
    assert!(!view.snapshot.is_empty(), "the whole snapshot is under way");
    view.push(&vec![b'x'; BEHIND_MAX_BYTES + 1]);
    assert!(view.is_behind());
    catch_up(&mut view).await;
    assert_eq!(clipboard_requests(&next), ["b25jZQ=="]);
}

#[tokio::test(start_paused = true)]
async fn more_than_the_window_would_put_on_the_clipboard_is_not_kept() {
    let (mut view, shown) = view();
    view.detach(FIRST_ATTACHMENT);
    view.push(format!("\x1b]52;c;{}\x07and on", "QUJD".repeat(1024 * 1024 / 3 + 8)).as_bytes());
    assert!(view.screen.clipboard().is_none());
    view.attach(Box::new(shown.clone()));
    catch_up(&mut view).await;
    assert!(view.screen.text().starts_with("and on"));
}
