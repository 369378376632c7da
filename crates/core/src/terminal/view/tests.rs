use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<Bytes>>>);

impl Output for Shown {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.lock().expect("one thread").push(chunk);
        Ok(())
    }
}

impl Shown {
    fn all(&self) -> Vec<u8> {
        self.0.lock().expect("one thread").concat()
    }

    fn text(&self) -> String {
        String::from_utf8(self.all()).expect("whole characters")
    }
}

fn view() -> (View, Shown) {
    let shown = Shown::default();
    (View::new(Box::new(shown.clone())), shown)
}

/// A window that shows everything until nothing is left; nothing more comes meanwhile.
async fn catch_up(view: &mut View) {
    for _ in 0..10_000 {
        tokio::time::advance(QUIET).await;
        view.give_credit(CREDIT_BYTES);
        view.flush().expect("the window is there");
        if view.is_empty() {
            return;
        }
    }
    panic!("it never ends: {view:?}");
}

#[test]
fn output_goes_in_order_in_chunks_and_stops_when_credit_is_used_up() {
    let (mut view, shown) = view();
    let sent: Vec<u8> = (0..CREDIT_BYTES + 100_000).map(|i| b'!' + (i % 83) as u8).collect();
    view.push(&sent);
    view.flush().expect("the window is there");
    assert_eq!(shown.all().len(), CREDIT_BYTES);
    assert!(shown.0.lock().expect("one thread").iter().all(|chunk| chunk.len() <= CHUNK_BYTES));
    view.give_credit(1000);
    view.flush().expect("the window is there");
    assert_eq!(shown.all().len(), CREDIT_BYTES + 1000);
    view.give_credit(usize::MAX);
    view.flush().expect("the window is there");
    assert_eq!(shown.all(), sent);
}

#[test]
fn a_window_cannot_give_back_more_credit_than_it_got() {
    let (mut view, _) = view();
    view.give_credit(usize::MAX);
    assert_eq!(view.credit, CREDIT_BYTES);
}

#[tokio::test(start_paused = true)]
async fn a_view_that_is_far_behind_gets_the_screen_instead_of_what_it_missed() {
    let (mut view, shown) = view();
    let mut numbers = 0..;
    let mut line = || format!("line {}\r\n", numbers.next().expect("endless"));
    for _ in 0..1_000_000 {
        view.push(line().as_bytes());
        view.flush().expect("the window is there");
    }
    assert_eq!(shown.all().len(), CREDIT_BYTES);
    assert!(view.waiting.len() <= BEHIND_MAX_BYTES);
    catch_up(&mut view).await;
    view.push(b"and on");
    view.flush().expect("the window is there");
    let text = shown.text();
    let (_, since) = text.split_once("\x18\x1bc").expect("a snapshot");
    assert!(since.contains("line 990100\r\nline 990101\r\n"), "the scrollback is there");
    assert!(!since.contains("line 900000\r\n"), "and no more than that");
    assert!(since.contains("line 999999\r\n") && since.ends_with("and on"));
}

/// How many lines of a flood stand in each of the snapshots and glimpses.
fn lines_of_snapshots(shown: &Shown) -> Vec<usize> {
    shown.text().split('\x18').skip(1).map(|snapshot| snapshot.matches("a line").count()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_sent_to_its_end_however_fast_output_goes_on() {
    let (mut view, shown) = view();
    let flood = "a line that fills the scrollback with quite some text\r\n".repeat(600);
    view.credit = 0;
    for _ in 0..100 {
        view.push(flood.as_bytes());
    }
    tokio::time::advance(QUIET).await;
    for _ in 0..200 {
        view.give_credit(8 * 1024);
        view.flush().expect("the window is there");
        view.push(flood.as_bytes());
    }
    let lines = lines_of_snapshots(&shown);
    assert!(lines.len() > 1 && lines[0] >= 10_000, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn in_a_flood_the_window_gets_glimpses_and_all_of_it_when_that_is_over() {
    let (mut view, shown) = view();
    let flood = "a line of a flood\r\n".repeat(BEHIND_MAX_BYTES / 16);
    let began = Instant::now();
    let tick = Duration::from_millis(10);
    while began.elapsed() < Duration::from_secs(1) {
        view.push(flood.as_bytes());
        view.give_credit(CREDIT_BYTES);
        view.flush().expect("the window is there");
        tokio::time::advance(tick).await;
    }
    let glimpses = lines_of_snapshots(&shown);
    let most =
        1 + usize::try_from(Duration::from_secs(1).as_millis() / GLIMPSE_PAUSE.as_millis()).expect("few");
    assert!((most - 1..=most).contains(&glimpses.len()), "{}", glimpses.len());
    assert!(glimpses.iter().all(|&lines| lines == usize::from(SIZE.rows) - 1), "{glimpses:?}");
    // Nothing comes any more: what stands there is due at once, with the scrollback.
    let due = view.due().expect("there is something to show");
    assert!(due <= Instant::now() + QUIET);
    catch_up(&mut view).await;
    let all = lines_of_snapshots(&shown);
    assert_eq!(all.len(), glimpses.len() + 1);
    assert!(all.last().is_some_and(|&lines| lines >= 10_000), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn output_that_never_pauses_but_is_no_flood_any_more_is_shown_as_it_comes() {
    let (mut view, shown) = view();
    view.push("a line of a flood\r\n".repeat(BEHIND_MAX_BYTES / 16).as_bytes());
    for number in 0..20 {
        view.push(format!("calm {number}\r\n").as_bytes());
        view.give_credit(CREDIT_BYTES);
        view.flush().expect("the window is there");
        tokio::time::advance(QUIET / 3).await;
    }
    let lines = lines_of_snapshots(&shown);
    assert!(lines.len() == 2 && lines[1] >= 10_000, "{lines:?}");
    assert!(shown.text().ends_with("calm 18\r\ncalm 19\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_by_the_window_that_sees_it_and_otherwise_by_the_engine() {
    let (mut view, shown) = view();
    view.push(b"\x1b[c");
    view.flush().expect("the window is there");
    // From here on nothing gets through.
    view.credit = 0;
    view.push(b"\x1b[5n\x1b]11;?\x07");
    view.flush().expect("the window is there");
    assert!(!view.has_answers(), "the window may still see it");
    view.push(&vec![b'x'; BEHIND_MAX_BYTES]);
    view.push(b"\x1b[?6n");
    assert_eq!(view.take_answers(), "\x1b[0n\x1b[?24;33R");
    catch_up(&mut view).await;
    assert!(!view.has_answers());
    let text = shown.text();
    assert!(!text.contains("\x1b[5n") && !text.contains("\x1b[?6n"), "the window is not asked again");
    assert_eq!(text.matches("\x1b]11;?\x1b\\").count(), 1, "but for what only it knows");
}

#[tokio::test(start_paused = true)]
async fn a_question_in_two_parts_is_answered_by_whoever_gets_its_end() {
    let (mut view, shown) = view();
    view.push(b"\x1b[");
    view.flush().expect("the window is there");
    view.credit = 0;
    view.push(b"6n");
    view.push(&vec![b'x'; BEHIND_MAX_BYTES]);
    assert_eq!(view.take_answers(), "\x1b[1;1R");
    view.push(b"\x1b[6");
    catch_up(&mut view).await;
    view.push(b"n");
    catch_up(&mut view).await;
    assert!(!view.has_answers());
    assert!(shown.text().ends_with("\x1b[6n"), "the window gets the second question whole");
}

#[tokio::test(start_paused = true)]
async fn characters_are_never_sent_in_two_parts() {
    let (mut view, shown) = view();
    let text = "，。㊀中".repeat(40_000);
    for piece in text.as_bytes().chunks(1000) {
        view.push(piece);
        view.flush().expect("the window is there");
    }
    catch_up(&mut view).await;
    assert_eq!(shown.text(), text);
    for chunk in shown.0.lock().expect("one thread").iter() {
        assert!(str::from_utf8(chunk).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_utf_8_do_not_hold_anything_back() {
    let (mut view, shown) = view();
    view.push(b"caf\xe9");
    catch_up(&mut view).await;
    view.push(b" noir \xff\x80\x80");
    catch_up(&mut view).await;
    assert_eq!(shown.all(), b"caf\xe9 noir \xff\x80\x80");
}
