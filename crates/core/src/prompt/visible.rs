/// Server text is cut after this many characters; a banner of a few hundred lines still fits.
const SHOWN_CHARS: usize = 16 * 1024;

/// Text from a server as it may be shown: line ends and tabs stay, other control characters become their pictures
/// (`ESC` is `␛`), and characters that cannot be seen or change the direction of text become `�`.
pub fn visible(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).map(picture).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Like [`visible`] for all of a text that its reader has bounded.
pub fn visible_text(text: &str) -> String {
    text.chars().map(picture).collect()
}

/// Like [`visible`] for text that belongs on one line.
pub fn visible_line(text: &str) -> String {
    visible(text).chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect()
}

fn picture(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        // Unicode's "Control Pictures" block mirrors the C0 controls.
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('�'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' => '�',
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => '�',
        '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => '�',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_lose_their_power() {
        assert_eq!(visible("\x1b[31mred\u{202e}\u{9b}1m\0"), "␛[31mred��1m␀");
        assert_eq!(visible("a\r\nb\tc"), "a␍\nb\tc");
        assert_eq!(visible_line("a\nb"), "a b");
    }

    #[test]
    fn endless_text_is_cut() {
        assert_eq!(visible(&"x".repeat(SHOWN_CHARS * 2)).chars().count(), SHOWN_CHARS + 1);
    }
}
