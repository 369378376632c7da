//! What is typed, how the answer is known, and what of it all is shown: pure, so that it can be tried without a shell.

use crate::terminal::screen::Screen;

/// What stands before the answer; echoed it reads `\033` and is no sequence.
const ANSWER: &[u8] = b"\x1b]1337;Bowline=";
const PROMPT: &[u8] = b"\x1b]133;A";
const INPUT: &[u8] = b"\x1b]133;B";
const BRACKETED_PASTE: &[u8] = b"\x1b[?2004h";
/// Clears from the beginning of the cursor's line on.
const CLEAR_LINE: &[u8] = b"\r\x1b[J";
/// Lines of one prompt at most.
const PROMPT_LINES: usize = 10;

/// The oldest bash with PS0.
const BASH: (u32, u32) = (4, 4);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// None for a shell that there are no hooks for.
    pub shell: Option<Shell>,
    /// Where it ends in what was held back.
    pub end: usize,
}

/// The question: a line that bash, zsh, fish and the shells of POSIX take. It begins with a space, so that a history that wants
/// to can leave it out.
pub(super) fn question() -> String {
    " printf '\\033]1337;Bowline=%s/%s/%s\\007' \"$BASH_VERSION\" \"$ZSH_VERSION\" \"$FISH_VERSION\"\r"
        .to_owned()
}

/// The hooks of a shell in one line.
pub(super) fn hooks(shell: Shell) -> String {
    let script = match shell {
        Shell::Bash => include_str!("bash.sh"),
        Shell::Zsh => include_str!("zsh.sh"),
        Shell::Fish => include_str!("fish.fish"),
    };
    let mut line = String::new();
    for part in script.lines().map(str::trim).filter(|part| !part.is_empty() && !part.starts_with('#')) {
        line.push(' ');
        line.push_str(part);
    }
    line.push('\r');
    line
}

/// The answer, once all of it is there.
pub(super) fn answer(held: &[u8]) -> Option<Answer> {
    let start = find(held, ANSWER)? + ANSWER.len();
    let length = held.get(start..)?.iter().position(|&byte| byte == 0x07)?;
    let text = String::from_utf8_lossy(held.get(start..start + length)?).into_owned();
    let mut versions = text.split('/');
    let mut version = || versions.next().unwrap_or_default();
    let (bash, zsh, fish) = (version(), version(), version());
    let shell = match (bash.is_empty(), zsh.is_empty(), fish.is_empty()) {
        (false, true, true) => has_hooks(bash).then_some(Shell::Bash),
        (true, false, true) => Some(Shell::Zsh),
        (true, true, false) => Some(Shell::Fish),
        _ => None,
    };
    Some(Answer { shell, end: start + length + 1 })
}

fn has_hooks(bash: &str) -> bool {
    let mut numbers = bash.split('.').map_while(|number| number.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= BASH
}

/// Whether a line editor waits again.
pub(super) fn is_ready(after_answer: &[u8]) -> bool {
    find(after_answer, BRACKETED_PASTE).is_some()
}

/// Whether the cursor stands behind something that asks for a command, and not for a password or a yes.
pub(super) fn is_prompt(screen: &Screen) -> bool {
    let Some(line) = screen.line_before_cursor() else { return false };
    let line = line.trim_end();
    match line.chars().next_back() {
        None | Some(':' | '?') => false,
        Some('$' | '%' | '#' | '>' | '❯' | '➜' | 'λ' | '»' | '›' | '▶') => true,
        Some(_) => screen.has_line_editor(),
    }
}

/// Whether it is what a terminal says by itself: an answer to a question, or that it has the focus.
pub(super) fn is_report(bytes: &[u8]) -> bool {
    match bytes {
        [0x1b, b']' | b'P', ..] | [0x1b, b'[', b'I' | b'O' | b'?' | b'>'] => true,
        [0x1b, b'[', rest @ ..] => {
            rest.first().is_some_and(|byte| matches!(byte, b'?' | b'>' | b'0'..=b'9'))
                && rest.last().is_some_and(|byte| matches!(byte, b'c' | b'n' | b'R' | b'y' | b't' | b'u'))
        }
        _ => false,
    }
}

/// What is shown in place of a question to a shell without hooks: what came after the answer.
pub(super) fn without_question(after: &[u8]) -> Vec<u8> {
    [CLEAR_LINE, after].concat()
}

/// What is shown once the first prompt with marks is there: that prompt in place of the one before.
pub(super) fn without_typing(held: &[u8]) -> Option<Vec<u8>> {
    let start = find(held, PROMPT)?;
    let (before, after) = held.split_at(start);
    let prompt = &after[..find(after, INPUT)?];
    let lines = prompt.iter().filter(|&&byte| byte == b'\n').count().min(PROMPT_LINES);
    // Modes that were set and taken back on the way end as they do.
    let mut shown = modes(before);
    shown.extend(directory(before));
    shown.push(b'\r');
    (0..lines).for_each(|_| shown.extend(b"\x1b[A"));
    shown.extend(CLEAR_LINE);
    shown.extend(after);
    Some(shown)
}

/// The private modes that some output sets.
fn modes(output: &[u8]) -> Vec<u8> {
    let mut modes = Vec::new();
    let mut rest = output;
    while let Some(start) = find(rest, b"\x1b[?") {
        rest = &rest[start..];
        let body = rest[3..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        if let Some(b'h' | b'l') = rest.get(3 + body) {
            modes.extend(&rest[..4 + body]);
        }
        rest = &rest[3 + body..];
    }
    modes
}

/// What some output says last about the shell's directory: the first prompt says it before it begins.
fn directory(output: &[u8]) -> &[u8] {
    let said = [&b"\x1b]1337;CurrentDir="[..], b"\x1b]7;"];
    let last =
        said.iter().filter_map(|start| output.windows(start.len()).rposition(|window| window == *start));
    let Some(start) = last.max() else { return &[] };
    let rest = &output[start..];
    // Ended by BEL or by ST.
    match rest.iter().skip(1).position(|byte| matches!(byte, 0x07 | 0x1b)) {
        Some(end) if rest[end + 1] == 0x07 => &rest[..end + 2],
        Some(end) if rest.get(end + 2) == Some(&b'\\') => &rest[..end + 3],
        _ => &[],
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
