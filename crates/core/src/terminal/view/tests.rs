use std::sync::{Arc, Mutex};

use super::*;
use crate::terminal::state::TerminalId;
use crate::terminal::typing::Typing;

mod attached;
mod clipboard;
mod queries;

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

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|number| format!("line {number}\r\n")).collect()
}

/// A window that shows everything until nothing is left; nothing more comes meanwhile.
async fn catch_up(view: &mut View) {
    for _ in 0..10_000 {
        tokio::time::advance(QUIET).await;
        view.give_credit(CREDIT_BYTES);
        view.flush();
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
    view.flush();
    assert_eq!(shown.all().len(), CREDIT_BYTES);
    assert!(shown.0.lock().expect("one thread").iter().all(|chunk| chunk.len() <= CHUNK_BYTES));
    view.give_credit(1000);
    view.flush();
    assert_eq!(shown.all().len(), CREDIT_BYTES + 1000);
    view.give_credit(usize::MAX);
    view.flush();
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
        view.flush();
    }
    assert_eq!(shown.all().len(), CREDIT_BYTES);
    assert!(view.waiting.len() <= BEHIND_MAX_BYTES);
    catch_up(&mut view).await;
    view.push(b"and on");
    view.flush();
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
        view.flush();
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
        view.flush();
        tokio::time::advance(tick).await;
    }
    let glimpses = lines_of_snapshots(&shown);
    let most =
        1 + usize::try_from(Duration::from_secs(1).as_millis() / GLIMPSE_PAUSE.as_millis()).expect("few");
    assert!((most - 1..=most).contains(&glimpses.len()), "{}", glimpses.len());
    assert!(glimpses.iter().all(|&lines| lines == usize::from(SIZE.rows) - 1), "{glimpses:?}");
    // Nothing comes any more: what stands there is due at once, and all that is above it right behind.
    let due = view.due().expect("there is something to show");
    assert!(due <= Instant::now() + QUIET);
    catch_up(&mut view).await;
    let all = lines_of_snapshots(&shown);
    assert_eq!(all.len(), glimpses.len() + 2);
    assert_eq!(all[glimpses.len()], usize::from(SIZE.rows) - 1);
    assert!(all.last().is_some_and(|&lines| lines >= 10_000), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_shown_less_often_while_the_person_types_in_another_terminal() {
    let (mut view, shown) = view();
    let typing = Typing::default();
    view.give_way_to(typing.elsewhere(TerminalId(1)));
    view.push("a line of a flood\r\n".repeat(BEHIND_MAX_BYTES / 16).as_bytes());
    let flood = "a line of a flood\r\n".repeat(GLIMPSE_BYTES / 16 / 10);
    let mut glimpses_in_a_second = async |typed_in: Option<TerminalId>| {
        let before = lines_of_snapshots(&shown).len();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) {
            if let Some(id) = typed_in {
                typing.note(id);
            }
            view.push(flood.as_bytes());
            view.give_credit(CREDIT_BYTES);
            view.flush();
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        (lines_of_snapshots(&shown).len() - before) / 2
    };
    assert_eq!(glimpses_in_a_second(Some(TerminalId(2))).await, 1);
    assert!(
        glimpses_in_a_second(Some(TerminalId(1))).await >= 4,
        "its own keys are what it is looked at for"
    );
    assert!(glimpses_in_a_second(None).await >= 4);
}

#[tokio::test(start_paused = true)]
async fn output_that_never_pauses_but_is_no_flood_any_more_is_shown_as_it_comes() {
    let (mut view, shown) = view();
    view.push("a line of a flood\r\n".repeat(BEHIND_MAX_BYTES / 16).as_bytes());
    for number in 0..40 {
        view.push(format!("calm {number}\r\n").as_bytes());
        view.give_credit(CREDIT_BYTES);
        view.flush();
        tokio::time::advance(QUIET / 3).await;
    }
    let lines = lines_of_snapshots(&shown);
    assert!(lines.len() == 3 && lines[2] >= 9_900, "{lines:?}");
    assert!(shown.text().ends_with("calm 38\r\ncalm 39\r\n"));
}

#[tokio::test(start_paused = true)]
async fn bells_and_titles_that_a_window_missed_are_known_and_ring_once() {
    let (mut view, shown) = view();
    view.credit = 0;
    view.push(b"\x07\x1b]2;first\x07\x07\x1b]0;second\x1b\\");
    view.push(&vec![b'x'; BEHIND_MAX_BYTES]);
    assert_eq!((view.screen.bells(), view.screen.title()), (2, "second"));
    catch_up(&mut view).await;
    assert!(!shown.text().contains('\x07'), "the engine has told of them: a snapshot rings no bell");
    assert!(shown.text().contains("\x1b]2;second\x1b\\") && !shown.text().contains("first"));
    assert_eq!(view.screen.bells(), 2);
}

#[tokio::test(start_paused = true)]
async fn characters_are_never_sent_in_two_parts() {
    let (mut view, shown) = view();
    let text = "，。㊀中".repeat(40_000);
    for piece in text.as_bytes().chunks(1000) {
        view.push(piece);
        view.flush();
    }
    catch_up(&mut view).await;
    assert_eq!(shown.text(), text);
    for chunk in shown.0.lock().expect("one thread").iter() {
        assert!(str::from_utf8(chunk).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn neither_are_those_of_a_snapshot() {
    let (mut view, shown) = view();
    view.credit = 0;
    view.push("，。㊀中文、\r\n".repeat(BEHIND_MAX_BYTES / 16).as_bytes());
    for credit in [7, 1000, CHUNK_BYTES + 1].into_iter().cycle().take(400) {
        view.give_credit(credit);
        tokio::time::advance(DRAW_TIME).await;
        view.flush();
    }
    let chunks = shown.0.lock().expect("one thread");
    assert!(chunks.iter().map(Bytes::len).sum::<usize>() > 2 * CHUNK_BYTES);
    for chunk in chunks.iter() {
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

#[test]
fn what_was_kept_comes_back_above_a_seam_that_says_when_that_was() {
    let mut screen = Screen::new(SIZE);
    screen.feed(b"\x1b]2;a title\x07$ make\r\nall done\r\n$ vim\x1b[?1049h~");
    let kept = KeptScreen::of(&screen, 1 << 20);
    let at = "2026-11-21T15:04:00+00:00[UTC]".parse().expect("a moment");
    let view = View::brought_back(&kept, &at);
    let text: Vec<&str> = view.screen.text().leak().lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(text, ["$ make", "all done", "$ vim", "──── ↻ 2026-11-21 15:04 ────"]);
    assert_eq!(view.screen.title(), "", "whoever was called so is gone");
}

#[test]
fn fewer_lines_of_scrollback_forget_the_oldest_at_once() {
    let (mut view, _) = view();
    view.push(lines(0, 1000).as_bytes());
    view.set_scrollback(10);
    let text = String::from_utf8(view.screen.snapshot()).expect("text");
    assert!(text.contains("line 970") && !text.contains("line 960\r\n"), "{text}");
    view.set_scrollback(0);
    view.push(lines(1000, 1100).as_bytes());
    let text = String::from_utf8(view.screen.snapshot()).expect("text");
    assert!(!text.contains("line 1050") && text.contains("line 1099"));
}

#[test]
fn clearing_leaves_the_line_with_the_cursor() {
    let (mut view, _) = view();
    view.push(lines(0, 100).as_bytes());
    view.push(b"$ half a com");
    view.clear();
    view.push(b"mand");
    assert_eq!(view.screen.text().trim_end(), "$ half a command");
    assert!(!String::from_utf8_lossy(&view.screen.snapshot()).contains("line"));
}
