//! Bytes as a terminal may be sent them, the same in each run.

/// The same numbers in each run (xorshift64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.roll(from.len())]
    }
}

/// What a terminal may be sent: text of all widths, every sequence that it knows with good and with wild values, and noise.
pub(super) fn soup(dice: &mut Dice, pieces: usize) -> Vec<u8> {
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
