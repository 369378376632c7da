//! Output as text that can be shown: colours and other sequences of terminals are taken out, and nothing else of it has power.

use crate::prompt::visible_text;

/// Output as text. Bytes that are no UTF-8 become `�`, other control characters their pictures; a line that a program
/// wrote over (a bar of progress) shows each of its states.
pub fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' => skip_sequence(&mut rest),
            '\u{9b}' => skip_control(&mut rest),
            '\r' => {
                if rest.peek() != Some(&'\n') && !plain.is_empty() && !plain.ends_with('\n') {
                    plain.push('\n');
                }
            }
            // `man` and others write bold letters and lines below them so.
            '\x08' => {
                if !plain.ends_with('\n') {
                    plain.pop();
                }
            }
            '\x07' => {}
            other => plain.push(other),
        }
    }
    visible_text(&plain)
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows an ESC (ECMA-48). A sequence that something else breaks off ends there.
fn skip_sequence(rest: &mut Rest<'_>) {
    match rest.next_if(|c| ('\x20'..='\x7e').contains(c)) {
        Some('[') => skip_control(rest),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(rest),
        Some('\x20'..='\x2f') => {
            while rest.next_if(|c| ('\x20'..='\x2f').contains(c)).is_some() {}
            let _ = rest.next_if(|c| ('\x30'..='\x7e').contains(c));
        }
        Some(_) | None => {}
    }
}

fn skip_control(rest: &mut Rest<'_>) {
    while rest.next_if(|c| ('\x20'..='\x3f').contains(c)).is_some() {}
    let _ = rest.next_if(|c| ('\x40'..='\x7e').contains(c));
}

/// Up to BEL or ST, and no further than the line.
fn skip_string(rest: &mut Rest<'_>) {
    while let Some(c) = rest.next_if(|&c| c != '\n') {
        match c {
            '\x07' | '\u{9c}' => return,
            '\x1b' => {
                let _ = rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_and_text_stays() {
        for (bytes, expected) in [
            (&b"\x1b[1;31mred\x1b[0m\n"[..], "red\n"),
            (b"\x1b]0;title\x07x\x1b]8;;http://a\x1b\\y", "xy"),
            (b"\x1b(Bz\x1b=", "z"),
            (b"10%\r20%\r\nend\r\n", "10%\n20%\nend\n"),
            (b"b\x08bo\x08o", "bo"),
            (b"\x1b]never ended\nnext", "\nnext"),
            (b"\x1b[12", ""),
            (b"\x1b", ""),
            (b"a\0b\xff", "a␀b�"),
            ("\u{202e}磁盘 ä".as_bytes(), "�磁盘 ä"),
        ] {
            assert_eq!(plain(bytes), expected, "{bytes:?}");
        }
    }
}
