use std::collections::BTreeSet;

use super::feed::ascii_run;
use super::scrollback::{SCROLLBACK_BYTES, unpack};
use super::*;

mod queries;
mod soup;
mod state;

use soup::{Dice, soup};
use state::{can_be_said, picture, same, state};

const SIZE: TerminalSize = TerminalSize { cols: 20, rows: 6 };

fn fed(size: TerminalSize, bytes: &[u8]) -> Screen {
    let mut screen = Screen::with_scrollback(size, 50);
    screen.feed(bytes);
    screen
}

#[test]
fn a_snapshot_puts_a_terminal_into_the_same_state_wherever_the_output_is_cut() {
    let mut said = 0;
    for seed in 1..=3000 {
        let mut dice = Dice::new(seed);
        let before = soup(&mut dice, 60);
        let screen = fed(SIZE, &before);
        if !can_be_said(&screen) {
            continue;
        }
        said += 1;
        let mut copy =
            fed(SIZE, b"\x1b]0;something else\x07\x1b[?1049h\x1b[31mwhat was there\x1b[?25l\x1b]8;;http://x");
        copy.title = None;
        copy.feed(&screen.snapshot());
        same(&copy, &screen, &format!("seed {seed}"), &before);
        // What comes next does the same to both: the parser stands where it stood.
        let mut screen = screen;
        let after = b"\x84\x80m\xa4\xb8ab\x1b\\\x1b[m";
        screen.feed(after);
        copy.feed(after);
        same(&copy, &screen, &format!("seed {seed}, afterwards"), &before);
    }
    assert!(said > 1500, "only {said} states were compared");
}

#[test]
fn a_glimpse_shows_the_same_picture_over_whatever_stood_there_and_leaves_the_scrollback() {
    for seed in 1..=2000 {
        let mut dice = Dice::new(seed);
        let bytes = soup(&mut dice, 60);
        let screen = fed(SIZE, &bytes);
        let mut window = fed(SIZE, &soup(&mut dice, 60));
        let above: Vec<Vec<u8>> = window.scrollback.iter().map(<[u8]>::to_vec).collect();
        window.feed(&screen.glimpse());
        let (found, wanted) = (picture(&window), picture(&screen));
        assert!(found == wanted, "seed {seed}\n{found}\n{wanted}\nafter {}", bytes.escape_ascii());
        let after: Vec<Vec<u8>> = window.scrollback.iter().map(<[u8]>::to_vec).collect();
        assert_eq!(after, above, "seed {seed}");
        // And a snapshot puts everything in order again.
        if can_be_said(&screen) {
            // These are the person's or nobody's, unless a program says something.
            (window.title, window.directory, window.cursor_blink) = (None, String::new(), None);
            window.feed(&screen.snapshot());
            same(&window, &screen, &format!("seed {seed}"), &bytes);
        }
    }
}

#[test]
fn a_snapshot_says_marks_among_everything_else() {
    const MARKS: &[&str] =
        &["\x1b]133;A\x07", "\x1b]133;B\x1b\\", "\x1b]133;C\x07", "\x1b]133;D;3\x07", "\x1b]633;D\x07"];
    let mut marked = 0;
    for seed in 1..=1000 {
        let mut dice = Dice::new(seed + 40_000);
        let mut before = Vec::new();
        for _ in 0..20 {
            before.extend(soup(&mut dice, 3));
            // Behind a sequence that was left open it is no mark.
            before.extend(b"\x18");
            before.extend(dice.pick(MARKS).bytes());
        }
        let screen = fed(SIZE, &before);
        if !can_be_said(&screen) {
            continue;
        }
        marked += usize::from(screen.main.rows.iter().any(|row| !row.marks.is_empty()));
        let mut copy = fed(SIZE, b"\x1b]133;A\x07what was there");
        copy.title = None;
        copy.feed(&screen.snapshot());
        same(&copy, &screen, &format!("seed {seed}"), &before);
    }
    assert!(marked > 300, "only {marked} screens had marks");
}

#[test]
fn where_the_output_is_cut_into_pieces_does_not_matter() {
    for seed in 1..=300 {
        let mut dice = Dice::new(seed);
        let bytes = soup(&mut dice, 200);
        let mut pieces = Screen::with_scrollback(SIZE, 50);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(1 + dice.roll(rest.len().min(7)));
            pieces.feed(piece);
            rest = later;
        }
        same(&pieces, &fed(SIZE, &bytes), &format!("seed {seed}"), &bytes);
    }
}

#[test]
fn whole_pieces_come_to_the_same_as_single_bytes() {
    for seed in 1..=300 {
        let mut dice = Dice::new(seed + 1000);
        let bytes = soup(&mut dice, 200);
        let mut single = Screen::with_scrollback(SIZE, 50);
        for byte in &bytes {
            single.feed(std::slice::from_ref(byte));
        }
        same(&single, &fed(SIZE, &bytes), &format!("seed {seed}"), &bytes);
    }
}

#[test]
fn a_run_of_ascii_ends_before_the_first_byte_that_is_none() {
    for byte in 0..=u8::MAX {
        for at in 0..20 {
            let mut bytes = [b'a', b' ', b'~', b'!', b'0'].repeat(4);
            bytes[at] = byte;
            let wanted = if (0x20..0x7f).contains(&byte) { 20 } else { at };
            assert_eq!(ascii_run(&bytes), wanted, "{byte:#x} at {at}");
        }
    }
}

#[test]
fn hostile_bytes_and_sizes_never_panic_and_memory_stays_bounded() {
    let mut dice = Dice(42);
    let mut screen = Screen::new(TerminalSize { cols: 80, rows: 24 });
    for _ in 0..400 {
        let bytes = match dice.roll(3) {
            0 => (0..2000).map(|_| dice.roll(256) as u8).collect(),
            1 => (0..600)
                .flat_map(|_| {
                    [0x1b, b'[', b"0123456789;:?>!$ '\"@ABCDHJKLMPSTXbcdghlmnpqrstu"[dice.roll(46)]]
                })
                .collect(),
            _ => soup(&mut dice, 300),
        };
        screen.feed(&bytes);
        if dice.roll(5) == 0 {
            let (cols, rows) = (dice.roll(200) as u16, dice.roll(60) as u16);
            screen.resize(TerminalSize { cols, rows });
        }
        assert!(!screen.snapshot().is_empty());
        assert!(screen.scrollback.bytes() <= SCROLLBACK_BYTES + 256 * 1024);
    }
    screen.resize(TerminalSize { cols: u16::MAX, rows: u16::MAX });
    screen.resize(TerminalSize { cols: 0, rows: 0 });
    screen.feed("中\x1b[999999999999b\x1b[99999999S\x1b[2147483647;2147483647H".as_bytes());
}

#[test]
fn packed_lines_stay_below_their_cap() {
    let mut screen = Screen::with_scrollback(TerminalSize { cols: 120, rows: 40 }, usize::MAX);
    let mut dice = Dice(7);
    for _ in 0..20_000 {
        let line: String = (0..40).map(|_| format!("\x1b[38;2;{};1;2mxy中", dice.roll(256))).collect();
        screen.feed(format!("{line}\r\n").as_bytes());
    }
    assert!(screen.scrollback.bytes() <= SCROLLBACK_BYTES + 256 * 1024, "{}", screen.scrollback.bytes());
    assert!(screen.scrollback.len() > 1000, "{}", screen.scrollback.len());
    let snapshot = screen.snapshot();
    assert!(snapshot.len() <= snapshot::SNAPSHOT_BYTES + 256 * 1024, "{}", snapshot.len());
}

#[test]
fn the_scrollback_keeps_as_many_lines_as_it_is_set_to() {
    let mut screen = Screen::with_scrollback(SIZE, 100);
    screen.feed((0..1000).map(|number| format!("line {number}\r\n")).collect::<String>().as_bytes());
    assert_eq!(screen.scrollback.len(), 100);
    let snapshot = String::from_utf8(screen.snapshot()).expect("text");
    assert!(snapshot.contains("line 895\r\n") && !snapshot.contains("line 894\r\n"), "{snapshot}");
}

#[test]
fn unused_links_and_joined_characters_are_forgotten() {
    let mut screen = Screen::new(SIZE);
    for number in 0..50_000 {
        screen.feed(format!("\x1b]8;;http://example.org/{number}\x07e\u{301}\x1b]8;;\x07").as_bytes());
    }
    screen.feed("\r\n\x1b]8;;http://example.org/last\x07last e\u{301}\x1b]8;;\x07".as_bytes());
    let last = state(&screen).lines().filter(|line| line.contains("http://example.org/last")).count();
    assert_eq!(last, 1);
    let cell = screen.main.rows[5].get(5);
    assert_eq!(screen.extras.text(cell), Some("e\u{301}"));
}

#[test]
fn another_size_wraps_long_lines_anew_and_keeps_the_text() {
    let text = "one two three four five six seven eight nine ten";
    let mut screen = fed(SIZE, format!("{text}\r\n$ ").as_bytes());
    let words = |screen: &Screen| {
        let rows = screen.main.rows.iter();
        let letters: String =
            rows.flat_map(|row| row.used().iter().filter_map(|cell| char::from_u32(cell.code()))).collect();
        letters.replace(['\0', ' '], "")
    };
    let before = words(&screen);
    for cols in [11, 60, 35, 20] {
        screen.resize(TerminalSize { cols, rows: 6 });
        assert!(words(&screen).len() <= before.len());
    }
    assert_eq!(words(&screen), before);
    let wraps: BTreeSet<bool> = screen.main.rows.iter().map(|row| row.wrapped).collect();
    assert_eq!(wraps.len(), 2, "long lines are still wrapped");
}

/// Where the recordings of real programs lie. `tests/screen` holds this screen against xterm.js with them.
fn recordings() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings")
}

/// The places at which a recording is cut.
fn cuts(length: usize) -> [usize; 4] {
    [13, 37, 61, 97].map(|percent| length * percent / 100)
}

/// The recording of a shell with marks has its snapshots beside it, for a test of the window that needs no engine
/// (`marks-snapshot.test.ts`); BOWLINE_RECORD writes them anew.
#[test]
fn the_snapshots_beside_the_recording_with_marks_are_those_that_this_screen_makes() {
    let write = std::env::var_os("BOWLINE_RECORD").is_some();
    let path = recordings().join("marks.rec");
    let bytes = std::fs::read(&path).expect("a recording");
    for cut in cuts(bytes.len()) {
        let mut screen = Screen::new(TerminalSize { cols: 80, rows: 24 });
        screen.feed(&bytes[..cut]);
        let snapshot = screen.snapshot();
        let file = path.with_extension(format!("{cut}.snapshot"));
        if write {
            std::fs::write(&file, &snapshot).expect("it is written");
        }
        let kept = std::fs::read(&file).unwrap_or_default();
        assert!(kept == snapshot, "{} is stale: write it anew with BOWLINE_RECORD=1", file.display());
    }
}

#[test]
fn lines_that_a_narrower_screen_had_no_room_for_are_whole_in_a_snapshot() {
    let words: String = (0..12).map(|number| format!("word{number:02} ")).collect();
    let mut screen = Screen::new(TerminalSize { cols: 100, rows: 6 });
    for number in 0..20 {
        screen.feed(format!("{number:02} \x1b[3{}m{words}\x1b[m\r\n", number % 8).as_bytes());
    }
    let text = |screen: &Screen| {
        let mut copy = Screen::new(screen.size());
        copy.feed(&screen.snapshot());
        same(&copy, &fed_again(&copy), "a snapshot of a snapshot", b"words");
        let above = copy.scrollback.iter().map(|line| {
            let line = unpack(line, copy.cols, &mut Extras::default());
            line.cells.iter().filter_map(|cell| char::from_u32(cell.code())).collect::<String>()
        });
        let all: String = above.chain([copy.text()]).collect();
        all.chars().filter(|character| character.is_alphanumeric()).collect::<String>()
    };
    let before = text(&screen);
    assert!(before.contains("00word00word01") && before.ends_with("word11"));
    for (cols, rows) in [(30, 6), (55, 4), (30, 9), (100, 6)] {
        screen.resize(TerminalSize { cols, rows });
        assert_eq!(text(&screen), before, "{cols}x{rows}");
    }
}

fn fed_again(screen: &Screen) -> Screen {
    let mut copy = Screen::new(screen.size());
    copy.feed(&screen.snapshot());
    copy
}
