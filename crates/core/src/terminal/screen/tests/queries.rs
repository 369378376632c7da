//! Queries of programs: what the engine answers, and what is left to the window.

use super::*;

#[test]
fn queries_are_answered_with_the_state_of_their_moment() {
    let mut screen = Screen::new(SIZE);
    screen
        .feed(b"ab\x1b[6n\r\n\x1b[c\x1b[>c\x1b[5n\x1b[?2004h\x1b[?2004$p\x1b[?6n\x1b]10;?\x07\x1bP$qr\x1b\\");
    let answers: Vec<Query> = screen.take_queries();
    let answered = |text: &str| Query::Answered(text.to_owned());
    assert_eq!(
        answers,
        [
            answered("\x1b[1;3R"),
            answered("\x1b[?1;2c"),
            answered("\x1b[>0;276;0c"),
            answered("\x1b[0n"),
            answered("\x1b[?2004;1$y"),
            answered("\x1b[?2;1R"),
            Query::Window("\x1b]10;?\x1b\\".to_owned()),
            answered("\x1bP1$r1;6r\x1b\\"),
        ]
    );
}

#[test]
fn queries_that_the_window_has_got_are_left_to_it() {
    let mut screen = Screen::new(SIZE);
    screen.feed(b"\x1b[5n");
    let got = screen.offset();
    screen.feed(b"\x1b[c");
    screen.forget_queries(got);
    assert_eq!(screen.take_queries(), [Query::Answered("\x1b[?1;2c".to_owned())]);
}

#[test]
fn a_snapshot_asks_nothing() {
    let mut screen = Screen::new(SIZE);
    screen.feed(b"\x1b]0;\x1b[6n\x07\x1b[6n\x1b[c\x1b]10;?\x07\x1bP$qm\x1b\\text");
    let mut copy = Screen::new(SIZE);
    copy.feed(&screen.snapshot());
    assert_eq!(copy.take_queries(), []);
}
