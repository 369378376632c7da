//! Queries of programs: each is answered by one party, the window or the engine.

use super::*;

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
