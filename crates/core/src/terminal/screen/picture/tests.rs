use serde::Deserialize;

use super::*;
use crate::terminal::state::TerminalSize;

/// Held against the measuring of the window, too.
#[derive(Deserialize)]
struct Case {
    name: String,
    bytes: String,
    /// Columns, lines and what stands there; nothing if it takes no room.
    takes: Option<(usize, usize, String)>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../../../../../tests/recordings/pictures.json")).expect("cases")
}

/// A screen of 80 x 24 that has read this. It is cut in its middle and goes on behind a snapshot if `cut` says where.
fn read(bytes: &str, cut: Option<usize>) -> Screen {
    let mut screen = Screen::new(TerminalSize { cols: 80, rows: 24 });
    match cut {
        None => screen.feed(bytes.as_bytes()),
        Some(cut) => {
            let mut first = Screen::new(TerminalSize { cols: 80, rows: 24 });
            first.feed(&bytes.as_bytes()[..cut]);
            screen.feed(&first.snapshot());
            screen.feed(&bytes.as_bytes()[cut..]);
        }
    }
    screen
}

#[test]
fn a_picture_takes_the_room_that_it_says() {
    for Case { name, bytes, takes } in cases() {
        let screen = read(&format!("ab\r\n  {bytes}"), None);
        let Some((cols, lines, label)) = takes else {
            assert_eq!((screen.shown().x, screen.shown().y), (2, 1), "{name}");
            assert_eq!(screen.text().trim_end(), "ab", "{name}");
            continue;
        };
        let scrolled = (1 + lines).saturating_sub(24);
        assert_eq!((screen.shown().x, screen.shown().y), (2, lines - scrolled), "{name}");
        if scrolled == 0 {
            let shown = &label[..label.len().min(cols).min(78)];
            assert_eq!(screen.text().trim_end(), format!("ab\n  {shown}").trim_end(), "{name}");
        }
    }
}

#[test]
fn a_snapshot_in_the_middle_of_a_picture_takes_the_same_room() {
    for Case { name, bytes, .. } in cases() {
        let whole = read(&bytes, None);
        let step = (bytes.len() / 97).max(1);
        for cut in (0..=bytes.len()).step_by(step).filter(|cut| bytes.is_char_boundary(*cut)) {
            let cut_there = read(&bytes, Some(cut));
            assert_eq!(cut_there.text(), whole.text(), "{name}, cut at {cut}");
            assert_eq!(cut_there.shown().y, whole.shown().y, "{name}, cut at {cut}");
        }
    }
}

#[test]
fn a_picture_that_goes_on_for_ever_takes_no_memory() {
    const SIXELS: &str = "#1;2;100;0;0!9999~-AAAA";
    let endless = [
        ("\x1bPq", SIXELS),
        ("\x1bPq\"", ";"),
        ("\x1bPq\"", "9"),
        ("\x1bPq\"", "1;"),
        ("\x1bPq!", "9"),
        ("\x1bPq#", "1;"),
        ("\x1bPq", "-"),
        ("\x1bPq\"1;1;10;10~", "\"1;1;10;10"),
        ("\x1bP", "1;"),
        ("\x1b]1337;File=inline=1:/9j/4AAQ", SIXELS),
        ("\x1b]1337;File=inline=1:/9j/", "/"),
        ("\x1b]1337;File=inline=1:iVBORw0KGgo", SIXELS),
        ("\x1b]1337;File=inline=1:iVBORw0KGgo", ":"),
        ("\x1b]1337;File=inline=1:R0lGODlhXwApAAAAAC", "H+"),
        ("\x1b]1337;File=name=", "A:"),
        ("\x1b]", "0"),
    ];
    for (beginning, more) in endless {
        let mut screen = Screen::new(TerminalSize { cols: 80, rows: 24 });
        screen.feed(beginning.as_bytes());
        let piece = more.repeat(SIXELS.len() * 1000 / more.len());
        for _ in 0..50 {
            screen.feed(piece.as_bytes());
            let partial = screen.parser.partial();
            assert!(partial.len() < 192 * 1024, "{beginning:?} {more:?}: {}", partial.len());
        }
        screen.feed(b"\x1b\\");
        assert!(screen.parser.partial().is_empty());
    }
}

#[test]
fn a_picture_given_up_takes_no_room_and_covers_what_was_there_otherwise() {
    let given_up = read("\x1bPq\"1;1;100;100~~\x18x", None);
    assert_eq!(given_up.text().trim_end(), "x");
    let covered = read("0123456789\r\n0123456789\x1b[H\x1b[3C\x1bPq\"1;1;40;40~~\x1b\\", None);
    assert_eq!(covered.text().trim_end(), "012[ima789\n012    789");
}

#[test]
fn programs_hear_of_pictures_only_where_they_are_shown() {
    let asked = "\x1b[c\x1b[?1;1S\x1b[?2;1;0S\x1b[?2;3S\x1b[?3;1S\x1b[14t\x1b[16t\x1b[18t\x1b[11t";
    let answers = |pictures| {
        let mut screen = Screen::new(TerminalSize { cols: 80, rows: 24 });
        screen.set_pictures(pictures);
        screen.feed(asked.as_bytes());
        let text =
            |query| if let super::super::Query::Answered(text) = query { text } else { panic!("{query:?}") };
        screen.take_queries().into_iter().map(text).collect::<String>().replace('\x1b', "E")
    };
    assert_eq!(answers(false), "E[?1;2c");
    assert_eq!(
        answers(true),
        "E[?62;4;9;22cE[?1;0;256SE[?2;0;800;480SE[?2;2SE[?3;1SE[4;480;800tE[6;20;10tE[8;24;80t"
    );
}
