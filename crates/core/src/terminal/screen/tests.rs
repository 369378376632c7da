use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::cell::Row;
use super::scrollback::{SCROLLBACK_BYTES, unpack};
use super::*;

const SIZE: TerminalSize = TerminalSize { cols: 20, rows: 6 };

/// The same numbers in each run (xorshift64).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.roll(from.len())]
    }
}

/// What a terminal may be sent: text of all widths, every sequence that it knows with good and with wild values, and noise.
fn soup(dice: &mut Dice, pieces: usize) -> Vec<u8> {
    const TEXT: &[&str] = &[
        "a",
        "Hello, world",
        " ",
        "x\r\n",
        "\n",
        "\r",
        "\t",
        "\u{8}",
        "中文字符",
        "。",
        "é",
        "e\u{301}",
        "👍🏽",
        "한글",
        "ｱ",
        "────",
        "\u{e}",
        "\u{f}",
        "a long line that has to wrap at the right edge of the screen",
        "日本語の長い行は右端で折り返す",
        "\u{85}",
        "\u{84}",
        "\u{88}",
        "\u{9b}31m",
        "\u{7f}",
        "\u{7}",
        "\u{18}",
    ];
    const FINALS: &[&str] = &[
        "@", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "P", "S", "T", "X", "Z", "`",
        "a", "b", "d", "e", "f", "g", "h", "l", "m", "m", "m", "r", "s", "u", " @", " A", "'}", "'~", " q",
        "\"q", "!p", "n", "c", "$p", "~", "t",
    ];
    const SGR: &[&str] = &[
        "0",
        "1",
        "2",
        "3",
        "4",
        "4:3",
        "4:0",
        "21",
        "5",
        "7",
        "8",
        "9",
        "22",
        "24",
        "27",
        "31",
        "42",
        "97",
        "105",
        "39",
        "49",
        "53",
        "38;5;200",
        "48;5;17",
        "38;2;1;2;3",
        "48:2::9:8:7",
        "58:5:3",
        "58;2;7;8;9",
        "59",
        "38:2:4:5:6",
        "38;5",
        "48",
    ];
    const MODES: &[&str] = &[
        "1", "6", "7", "25", "45", "66", "1000", "1002", "1003", "9", "1004", "1006", "1016", "1049", "47",
        "1047", "1048", "2004", "2026", "12", "2",
    ];
    const OTHER: &[&str] = &[
        "\x1b7",
        "\x1b8",
        "\x1bD",
        "\x1bE",
        "\x1bH",
        "\x1bM",
        "\x1b=",
        "\x1b>",
        "\x1bn",
        "\x1bo",
        "\x1b~",
        "\x1b(0",
        "\x1b)0",
        "\x1b(B",
        "\x1b*A",
        "\x1b+0",
        "\x1b#8",
        "\x1b%G",
        "\x1b]0;title\x07",
        "\x1b]2;标题\x1b\\",
        "\x1b]8;;http://example.org/\x1b\\",
        "\x1b]8;id=a;http://example.org/b\x07",
        "\x1b]8;;\x1b\\",
        "\x1b]4;3;#aabbcc\x07",
        "\x1b]11;rgb:00/11/22\x07",
        "\x1b]111\x07",
        "\x1b]10;?\x07",
        "\x1bP$qr\x1b\\",
        "\x1b]7;file://host/tmp\x07",
        "\x1b_apc\x1b\\",
        "\x1bPunknown\x1b\\",
        "\x1b]104;3\x07",
        "\x1b[4h",
        "\x1b[4l",
        "\x1b[20h",
        "\x1b[20l",
    ];
    let mut out = Vec::new();
    for _ in 0..pieces {
        match dice.roll(20) {
            0..8 => out.extend(dice.pick(TEXT).bytes()),
            8..11 => {
                let last = dice.pick(FINALS);
                let values = [dice.roll(30).to_string(), dice.roll(30).to_string()];
                let values = &values[..dice.roll(3)];
                out.extend(format!("\x1b[{}{last}", values.join(";")).bytes());
            }
            11..14 => out.extend(format!("\x1b[{}m", dice.pick(SGR)).bytes()),
            14 => {
                let on = dice.pick(&["h", "l"]);
                out.extend(format!("\x1b[?{}{on}", dice.pick(MODES)).bytes());
            }
            15..17 => out.extend(dice.pick(OTHER).bytes()),
            17 => out.extend(format!("\x1b[{};{}H", dice.roll(9), dice.roll(25)).bytes()),
            18 if dice.roll(8) == 0 => out.extend((0..dice.roll(9)).map(|_| dice.roll(256) as u8)),
            _ => out.extend(b"\r\n"),
        }
    }
    out
}

/// A cell as a window would draw it.
fn seen(cell: Cell, extras: &Extras) -> String {
    let text = match extras.text(cell) {
        Some(text) => text.to_owned(),
        None if cell.code() > 0 => char::from_u32(cell.code()).map(String::from).unwrap_or_default(),
        None => String::new(),
    };
    let invisible = text.is_empty() || text == " ";
    let mut fg = cell.fg;
    if invisible && cell.bg & cell::RARE == 0 && fg & (cell::INVERSE | cell::UNDERLINE | cell::STRIKE) == 0 {
        fg = 0;
    }
    let none = cell::Rare::default();
    let rare = extras.rare(cell.rare).unwrap_or(&none);
    let shown = fg & (cell::INVERSE | cell::UNDERLINE | cell::STRIKE) != 0
        || cell.bg & (cell::OVERLINE | cell::RARE) != 0;
    if text.is_empty() && !shown {
        return format!("_{:x}", cell.bg & cell::COLOUR_MASK);
    }
    if text.is_empty() && cell.width() == 0 {
        return "<".to_owned();
    }
    let underline = if rare.underline == 0 { u8::from(fg & cell::UNDERLINE != 0) } else { rare.underline };
    let text = if text.is_empty() { " " } else { &text };
    let link = rare.link.as_ref().map_or("", |link| &link.uri);
    // A combining character alone may have any width; it is drawn the same.
    let alone = text.chars().next().is_some_and(|first| width::width(u32::from(first)) == 0);
    let columns = if alone { 0 } else { cell.width() };
    // An empty cell has no attributes of its own in a snapshot.
    format!(
        "{text:?}{columns}/{fg:x}/{:x}/{}:{:x}/{link}",
        cell.bg & !cell::RARE,
        underline,
        if rare.underline == 0 { 0 } else { rare.underline_colour },
    )
}

fn line(row: &Row, extras: &Extras, out: &mut String) {
    let mut cells: Vec<String> = (0..row.len())
        .map(|at| {
            let cell = row.get(at);
            // Half of a wide character that lost its other half is drawn as nothing.
            let lone = cell.width() == 0 && !cell.has_content() && (at == 0 || row.get(at - 1).width() != 2);
            seen(if lone { Cell::erased(cell.bg) } else { cell }, extras)
        })
        .collect();
    while cells.last().is_some_and(|cell| cell == "_0") {
        cells.pop();
    }
    let _ = write!(out, "{}{}", if row.wrapped { "~" } else { "|" }, cells.join(" "));
    for mark in &row.marks {
        let _ = write!(out, " {:?}@{}", mark.kind, usize::from(mark.column).min(row.len() - 1));
    }
    out.push('\n');
}

/// Everything that a snapshot has to carry over, readable.
fn state(screen: &Screen) -> String {
    let mut out = String::new();
    let pages = [(&screen.main, screen.scrollback.len() > 0), (&screen.alternate, false)];
    for packed in screen.scrollback.iter() {
        let mut extras = Extras::default();
        let row = unpack(packed, screen.cols, &mut extras).into_row();
        line(&row, &extras, &mut out);
    }
    for (page, above) in pages {
        out.push_str("--- page\n");
        for (at, row) in page.rows.iter().enumerate() {
            // The very first line has none to go on from.
            let mut row = row.clone();
            row.wrapped &= at > 0 || above;
            line(&row, &screen.extras, &mut out);
        }
        if !page.rows.is_empty() {
            let tabs: Vec<usize> = (0..screen.cols).filter(|&x| page.tabs.get(x) == Some(&true)).collect();
            let saved = page.saved;
            let y = saved.y.clamp(0, screen.lines as i64 - 1);
            let x = saved.x.min(screen.cols - 1);
            let _ = writeln!(
                out,
                "region {}-{} tabs {tabs:?} saved {x},{y} {:x} {:x} {:?}",
                page.top,
                page.bottom,
                saved.fg,
                saved.bg & !cell::RARE,
                saved.charset
            );
        }
    }
    // The oldest line has none to go on from.
    if out.starts_with('~') {
        out.replace_range(..1, "|");
    }
    let shown = screen.shown();
    let y = if screen.modes.origin { shown.y.clamp(shown.top, shown.bottom) } else { shown.y };
    let pen = &screen.pen;
    let _ = writeln!(out, "cursor {},{y} alternate {}", shown.x, screen.on_alternate);
    let _ = writeln!(
        out,
        "pen {:x} {:x} {} {:x} {:?}",
        pen.fg,
        pen.bg & !cell::RARE,
        pen.underline,
        pen.underline_colour,
        pen.link
    );
    let _ = writeln!(out, "{:?} {:?} {:?}", screen.modes, screen.mouse, screen.mouse_format);
    let _ = writeln!(out, "{} {:?} {}", screen.cursor_hidden, screen.cursor_blink, screen.newline_returns);
    let _ = writeln!(out, "{:?} {} {:?}", screen.charsets, screen.charset_level, screen.charset);
    let _ = writeln!(out, "{:?} {:?} {:?}", screen.title, screen.directory, screen.colours);
    out
}

/// Compares two states and shows where they differ.
fn same(found: &Screen, wanted: &Screen, context: &str, bytes: &[u8]) {
    let (found, wanted) = (state(found), state(wanted));
    if found != wanted {
        let mut lines = found.lines().zip(wanted.lines());
        let (found, wanted) = lines.find(|(found, wanted)| found != wanted).unwrap_or((&found, &wanted));
        panic!("{context}\n found: {found}\nwanted: {wanted}\nafter {}", bytes.escape_ascii());
    }
}

fn fed(size: TerminalSize, bytes: &[u8]) -> Screen {
    let mut screen = Screen::with_scrollback(size, 50);
    screen.feed(bytes);
    screen
}

/// States that no bytes can say; see `snapshot.rs`.
fn can_be_said(screen: &Screen) -> bool {
    let pen_underline = (screen.pen.underline > 0) == (screen.pen.fg & cell::UNDERLINE != 0);
    let waits = screen.shown().x >= screen.cols
        && !screen.shown().rows[screen.shown().y].get(screen.cols - 1).has_content()
        && screen.shown().rows[screen.shown().y].get(screen.cols - 1).width() > 0;
    let pages = [&screen.main, &screen.alternate];
    let saved = pages.iter().all(|page| page.saved.y < screen.lines as i64);
    screen.charset == screen.charsets[screen.charset_level] && pen_underline && !waits && saved
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

/// What a person sees of a screen, and what decides about keys and mouse.
fn picture(screen: &Screen) -> String {
    let mut out = String::new();
    let shown = screen.shown();
    for row in &shown.rows {
        let mut row = row.clone();
        row.wrapped = false;
        line(&row, &screen.extras, &mut out);
    }
    let Modes { application_cursor, application_keypad, bracketed_paste, focus_events, .. } = screen.modes;
    let modes = [application_cursor, application_keypad, bracketed_paste, focus_events, screen.cursor_hidden];
    let cursor = (shown.x.min(screen.cols - 1), shown.y, screen.on_alternate, screen.modes.cursor_style);
    let _ = writeln!(out, "{cursor:?} {modes:?} {:?} {:?}", screen.mouse, screen.mouse_format);
    out
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
