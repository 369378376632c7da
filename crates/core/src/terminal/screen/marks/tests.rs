use super::*;
use crate::terminal::state::TerminalSize;

const SIZE: TerminalSize = TerminalSize { cols: 30, rows: 6 };

fn fed(bytes: &str) -> Screen {
    let mut screen = Screen::with_scrollback(SIZE, 200);
    screen.feed(bytes.as_bytes());
    screen
}

/// A prompt, a command, its output and its end, as a shell says them.
fn run(command: &str, output: &str, status: &str) -> String {
    format!("\x1b]133;A\x07$ \x1b]133;B\x07{command}\r\n\x1b]133;C\x07{output}\x1b]133;D{status}\x07")
}

/// Every mark with its line, counted from the oldest.
fn all(screen: &Screen) -> Vec<(usize, MarkKind, u16)> {
    let above = screen.scrollback.iter().map(super::super::scrollback::marks_of);
    let shown = screen.main.rows.iter().map(|row| row.marks.clone());
    let lines = above.chain(shown).enumerate();
    lines.flat_map(|(y, marks)| marks.into_iter().map(move |mark| (y, mark.kind, mark.column))).collect()
}

#[test]
fn marks_stand_on_their_lines_with_the_status() {
    let screen = fed(&run("false", "", ";1"));
    assert_eq!(
        all(&screen),
        [
            (0, MarkKind::Prompt, 0),
            (0, MarkKind::Input, 2),
            (1, MarkKind::Output, 0),
            (1, MarkKind::End(Some(1)), 0)
        ]
    );
}

#[test]
fn marks_go_to_the_scrollback_with_their_lines_and_come_back() {
    let mut text = String::new();
    for n in 0..20 {
        text.push_str(&run(&format!("echo {n}"), &format!("\x1b[31m{n}\x1b[0m\r\n"), &format!(";{n}")));
    }
    let mut screen = fed(&text);
    let before = all(&screen);
    assert_eq!(before.len(), 80);
    let copy = fed(&String::from_utf8(screen.snapshot()).expect("text"));
    assert_eq!(all(&copy), before, "a snapshot says them all");
    // A higher screen takes lines back.
    screen.resize(TerminalSize { rows: 40, ..SIZE });
    assert_eq!(all(&screen), before);
}

#[test]
fn a_line_that_is_wrapped_anew_keeps_its_marks_at_their_characters() {
    let mut screen = fed(&format!("{}$ ", run("0123456789 123456789 123456789", "x\r\n", ";0")));
    screen.resize(TerminalSize { cols: 12, rows: 20 });
    let marks = all(&screen);
    assert_eq!(marks[..2], [(0, MarkKind::Prompt, 0), (0, MarkKind::Input, 2)]);
    screen.resize(TerminalSize { cols: 60, rows: 20 });
    assert_eq!(all(&screen)[..2], [(0, MarkKind::Prompt, 0), (0, MarkKind::Input, 2)]);
    // One behind the edge goes on to the next line.
    let mut screen = fed("aaaaaaaaaabbbbbbbbbb\x1b]133;B\x07input\r\nnext\r\n");
    screen.resize(TerminalSize { cols: 15, rows: 6 });
    assert_eq!(all(&screen), [(1, MarkKind::Input, 5)]);
}

#[test]
fn a_flood_of_marks_leaves_four_on_a_line() {
    let mut screen = fed(&"\x1b]133;A\x07\x1b]133;B\x07\x1b]133;C\x07\x1b]133;D;7\x07".repeat(10_000));
    assert_eq!(all(&screen).len(), 4);
    assert_eq!(screen.main.rows[0].marks.capacity(), 4);
    screen.feed("\x1b]133;A\x07\r\n".repeat(50_000).as_bytes());
    assert!(screen.scrollback.len() <= 200);
}

#[test]
fn a_status_is_a_byte_or_unknown() {
    for (said, status) in [
        (";0", Some(0)),
        (";255", Some(255)),
        (";256", Some(255)),
        (";-1", Some(255)),
        (";99999999999999999999", Some(255)),
        ("", None),
        (";", None),
        (";aid=3", None),
        (";12;aid=3", Some(12)),
    ] {
        let screen = fed(&format!("\x1b]133;D{said}\x07"));
        assert_eq!(all(&screen), [(0, MarkKind::End(status), 0)], "{said}");
    }
    assert_eq!(all(&fed("\x1b]133;Z\x07\x1b]133;\x07\x1b]133\x07\x1b]1330;A\x07")), []);
}

#[test]
fn a_command_is_known_by_what_was_typed() {
    let mut screen = fed("\x1b]133;A\x07$ \x1b]133;B\x07for x in 1 2; do\r\n> sleep 你好\r\n> done\r\n");
    screen.feed(b"\x1b]133;C\x07");
    let running = screen.running().expect("a command").clone();
    assert_eq!(running.text, "for x in 1 2; do > sleep 你好 > done");
    screen.feed(b"\x1b[?1049h\x1b[2Jvi\x1b[?1049l\x1b]133;D;130\x07");
    assert_eq!(screen.running(), None);
    assert_eq!(screen.take_ended(), Some(Ended { command: running, status: Some(130) }));
    assert_eq!(screen.take_ended(), None);
}

#[test]
fn of_commands_that_end_together_the_first_is_told() {
    let mut screen = fed("");
    screen.feed(b"\x1b]133;B\x07long\r\n\x1b]133;C\x07");
    screen.feed(
        b"\x1b]133;D;0\x07\x1b]133;A\x07\x1b]133;B\x07ls\r\n\x1b]133;C\x07\x1b]133;D;2\x07\x1b]133;D;9\x07",
    );
    let ended = screen.take_ended().expect("it ended");
    assert_eq!((ended.command.text.as_str(), ended.status), ("long", Some(0)));
}

#[test]
fn a_prompt_without_an_end_gives_its_command_up() {
    let mut screen = fed("\x1b]133;C\x07\x1b]133;A\x07\x1b]133;D;0\x07");
    assert_eq!(screen.running(), None);
    assert_eq!(screen.take_ended(), None);
}

#[test]
fn marks_on_the_alternate_page_are_no_lines_of_the_terminal() {
    assert_eq!(all(&fed("\x1b[?1049h\x1b]133;A\x07\x1b]133;B\x07\x1b[?1049l")), []);
}

#[test]
fn what_is_cleared_has_no_marks() {
    let screen = fed(&format!("{}\x1b[H\x1b[J", run("ls", "a\r\nb\r\n", ";0")));
    // The line of the cursor is erased and not cleared, as in the window.
    assert_eq!(all(&screen).iter().filter(|(y, ..)| *y > 0).count(), 0);
    assert_eq!(all(&fed(&format!("{}\x1bc", run("ls", "", ";0")))), []);
}

#[test]
fn a_directory_said_in_other_words_is_an_address_too() {
    for (said, address) in [
        ("1337;CurrentDir=/srv/a b", "file:///srv/a%20b"),
        ("633;P;Cwd=/tmp/%41;x", "file:///tmp/%2541%3Bx"),
        ("7;file://web/srv", "file://web/srv"),
        ("1337;CurrentDir=relative", ""),
        ("1337;File=inline=1:AAAA", ""),
    ] {
        assert_eq!(fed(&format!("\x1b]{said}\x07")).directory(), address, "{said}");
    }
    // Bytes that are no text, as a shell has them in its directory.
    for (said, address) in [
        (&b"1337;CurrentDir=/caf\xe9"[..], "file:///caf%E9"),
        (b"633;P;Cwd=/\xff\xfe/\xe4\xbd\xa0\xe4\xbd", "file:///%FF%FE/%E4%BD%A0%E4%BD"),
        (b"7;file://web/caf\xe9/%41", "file://web/caf%E9/%41"),
        (b"1337;CurrentDir=caf\xe9", ""),
    ] {
        let mut screen = fed("");
        screen.feed(&[b"\x1b]", said, b"\x1b\\"].concat());
        assert_eq!(screen.directory(), address, "{}", String::from_utf8_lossy(said));
        screen.feed(b"\x1b]2;caf\xe9 au lait\x07");
        assert_eq!(screen.title(), "caf au lait", "elsewhere they show nothing");
    }
    let long = format!("\x1b]1337;CurrentDir=/{}\x07", "中".repeat(1000));
    assert_eq!(fed(&long).directory(), "");
}
