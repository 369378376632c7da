use std::sync::{Arc, Mutex};

use super::*;
use crate::terminal::state::TerminalId;
use crate::terminal::typing::Typing;

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
async fn a_question_is_answered_by_the_window_that_sees_it_and_otherwise_by_the_engine() {
    let (mut view, shown) = view();
    view.push(b"\x1b[c");
    view.flush();
    // From here on nothing gets through.
    view.credit = 0;
    view.push(b"\x1b[5n\x1b]11;?\x07");
    view.flush();
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
    view.flush();
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

/// Every query that a program may send, what the engine answers to it, and what it leaves to the window.
const QUERIES: &[(&str, &str, &str)] = &[
    // DA1, DA2; DA3 is none that xterm.js answers.
    ("\x1b[c", "\x1b[?1;2c", ""),
    ("\x1b[>c", "\x1b[>0;276;0c", ""),
    ("\x1b[=c", "", ""),
    ("\x1b[5n", "\x1b[0n", ""),
    ("\x1b[6n", "\x1b[1;1R", ""),
    ("\x1b[?6n", "\x1b[?1;1R", ""),
    ("\x1b[?2004$p", "\x1b[?2004;2$y", ""),
    ("\x1b[?9999$p", "\x1b[?9999;0$y", ""),
    ("\x1b[4$p", "\x1b[4;2$y", ""),
    ("\x1bP$qm\x1b\\", "\x1bP1$r0m\x1b\\", ""),
    ("\x1bP$qr\x1b\\", "\x1bP1$r1;24r\x1b\\", ""),
    ("\x1bP$q q\x1b\\", "", "\x1bP$q q\x1b\\"),
    ("\x1b]4;1;?\x1b\\", "", "\x1b]4;1;?\x1b\\"),
    ("\x1b]10;?\x1b\\", "", "\x1b]10;?\x1b\\"),
    ("\x1b]11;?\x1b\\", "", "\x1b]11;?\x1b\\"),
    ("\x1b]12;?\x1b\\", "", "\x1b]12;?\x1b\\"),
    // Nobody answers these: XTVERSION, XTGETTCAP, and sizes, which `windowOptions` of the window leaves off.
    ("\x1b[>q", "", ""),
    ("\x1bP+q544e\x1b\\", "", ""),
    ("\x1b[14t", "", ""),
    ("\x1b[16t", "", ""),
    ("\x1b[18t", "", ""),
];

#[tokio::test(start_paused = true)]
async fn each_query_is_for_one_party_whether_the_window_looks_is_gone_is_behind_or_comes_back() {
    for &(query, answer, asked) in QUERIES {
        let count =
            |shown: &Shown, text: &str| if text.is_empty() { 0 } else { shown.text().matches(text).count() };
        // A window that keeps up sees it, once, and nobody else answers.
        let (mut view, shown) = view();
        view.push(query.as_bytes());
        catch_up(&mut view).await;
        assert_eq!((view.take_answers().as_ref(), shown.text().as_str()), (b"".as_slice(), query));
        // The next one is not asked again, nor is the engine.
        view.detach(FIRST_ATTACHMENT);
        let next = Shown::default();
        view.attach(Box::new(next.clone()));
        catch_up(&mut view).await;
        assert_eq!((count(&next, query), view.has_answers()), (0, false), "{query:?} on a replay");
        // A window that is gone.
        view.detach(view.attachment);
        view.push(query.as_bytes());
        assert_eq!(view.take_answers(), answer, "{query:?} without a window");
        let next = Shown::default();
        view.attach(Box::new(next.clone()));
        catch_up(&mut view).await;
        assert_eq!((count(&next, query), view.has_answers()), (0, false), "{query:?} after it came back");
        // A window that is behind.
        view.credit = 0;
        view.push(query.as_bytes());
        view.push(&vec![b'\r'; BEHIND_MAX_BYTES + 1]);
        assert_eq!(view.take_answers(), answer, "{query:?} behind");
        catch_up(&mut view).await;
        assert_eq!(count(&next, asked), usize::from(!asked.is_empty()), "{query:?} to the window");
        assert!(asked == query || count(&next, query) == 0, "{query:?} is answered already");
        assert!(!view.has_answers());
    }
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

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|number| format!("line {number}\r\n")).collect()
}

/// What a window shows that has read all of this.
fn screen_of(shown: &Shown) -> String {
    let mut screen = Screen::new(SIZE);
    screen.feed(&shown.all());
    screen.text()
}

#[tokio::test(start_paused = true)]
async fn another_window_gets_a_whole_snapshot_and_then_what_comes() {
    let (mut view, first) = view();
    view.push(lines(0, 500).as_bytes());
    catch_up(&mut view).await;
    let second = Shown::default();
    let attachment = view.attach(Box::new(second.clone()));
    assert!(attachment > FIRST_ATTACHMENT);
    catch_up(&mut view).await;
    view.push(b"and on");
    catch_up(&mut view).await;
    assert!(second.text().starts_with("\x18\x1bc"), "a snapshot comes first");
    assert!(second.text().contains("line 0\r\n") && second.text().ends_with("and on"));
    assert_eq!(screen_of(&second), view.screen.text());
    assert!(!first.text().contains("and on"), "the first one is let go");
}

#[tokio::test(start_paused = true)]
async fn an_attached_window_sees_the_screen_at_once_and_gets_a_long_scrollback_when_it_has_drawn_that() {
    let (mut view, _first) = view();
    view.push(lines(0, 5000).as_bytes());
    tokio::time::advance(QUIET).await;
    let second = Shown::default();
    view.attach(Box::new(second.clone()));
    view.flush();
    assert_eq!(screen_of(&second), view.screen.text());
    assert!(!second.text().contains("line 0\r\n"), "the screen alone");
    // Output meanwhile is in what comes then.
    view.push(b"news\r\n");
    view.flush();
    assert!(!second.text().contains("news"));
    tokio::time::advance(DRAW_TIME).await;
    view.flush();
    assert!(second.text().contains("line 0\r\n") && second.text().contains("news"));
    view.push(b"and on");
    view.flush();
    assert!(second.text().ends_with("and on"));
    assert_eq!(screen_of(&second), view.screen.text());
}

#[tokio::test(start_paused = true)]
async fn a_window_draws_a_snapshot_once_when_all_of_it_is_there() {
    for (program, ends) in [("", true), ("\x1b[?2026h", false)] {
        let (mut view, _first) = view();
        view.push(format!("{}{program}", lines(0, 100)).as_bytes());
        let second = Shown::default();
        view.attach(Box::new(second.clone()));
        catch_up(&mut view).await;
        let text = second.text();
        assert!(text.find("\x1b[?2026h") < text.find("line 0\r\n"), "{text:?}");
        assert_eq!(text.find("\x1b[?2026l").is_some(), ends, "a program that is drawing goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attached_window_has_its_own_credit() {
    let (mut view, _first) = view();
    view.credit = 0;
    let second = Shown::default();
    view.push(&vec![b'x'; CREDIT_BYTES]);
    view.attach(Box::new(second.clone()));
    tokio::time::advance(QUIET).await;
    view.flush();
    assert!(!second.all().is_empty());
}

#[test]
fn while_nobody_looks_nothing_waits_and_the_engine_answers() {
    let (mut view, shown) = view();
    // Asked of the window, which goes away before it gets to see it.
    view.push(b"\x1b[5n");
    view.detach(FIRST_ATTACHMENT);
    assert_eq!(view.take_answers(), "\x1b[0n");
    for _ in 0..1000 {
        view.push(&[b'x'; 1000]);
        view.flush();
    }
    view.push(b"\r\n\x1b[6n\x1b]11;?\x07\x1b[c");
    view.flush();
    assert!(shown.all().is_empty() && view.waiting.is_empty() && view.due().is_none() && view.is_empty());
    assert_eq!(view.take_answers(), "\x1b[24;1R\x1b[?1;2c");
    assert!(view.questions.is_empty(), "a program does not wait for a window that may never come");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_the_engine_answered_is_asked_of_the_next_window() {
    let (mut view, _) = view();
    view.detach(FIRST_ATTACHMENT);
    view.push(b"\x1b[6n\x1b[c\x1b]11;?\x07");
    view.take_answers();
    let next = Shown::default();
    view.attach(Box::new(next.clone()));
    catch_up(&mut view).await;
    assert!(
        !next.text().contains("\x1b[6n") && !next.text().contains("\x1b[c") && !next.text().contains("11;?")
    );
    assert!(!view.has_answers());
    view.push(b"\x1b[6n");
    catch_up(&mut view).await;
    assert!(next.text().ends_with("\x1b[6n") && !view.has_answers(), "from here on the window answers");
}

#[test]
fn whoever_lets_go_late_does_not_take_the_terminal_from_the_next_window() {
    let (mut view, _) = view();
    let second = view.attach(Box::new(Shown::default()));
    view.detach(FIRST_ATTACHMENT);
    assert!(view.output.is_some());
    view.detach(second);
    assert!(view.output.is_none());
}

struct Gone;

impl Output for Gone {
    fn show(&mut self, _: Bytes) -> Result<(), WindowGone> {
        Err(WindowGone)
    }
}

#[test]
fn a_window_that_is_gone_is_let_go_of_and_its_question_answered() {
    let mut view = View::new(Box::new(Gone));
    view.push(b"\x1b[5n");
    view.flush();
    assert!(view.output.is_none());
    assert_eq!(view.take_answers(), "\x1b[0n");
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
