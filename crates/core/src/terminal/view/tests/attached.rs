//! Windows that take a terminal over: what they get first, and their credit.

use super::*;

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
fn whoever_lets_go_late_does_not_take_the_terminal_from_the_next_window() {
    let (mut view, _) = view();
    let second = view.attach(Box::new(Shown::default()));
    view.detach(FIRST_ATTACHMENT);
    assert!(view.output.is_some());
    view.detach(second);
    assert!(view.output.is_none());
}
