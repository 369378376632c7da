//! Names with `*`, `?`, `[...]` and `{a,b}`, as scp(1) reads the paths of a host: the shell here does not know what lies there.
//! Bytes throughout, as names are. A backslash takes the meaning from what follows.

/// Words that braces may become: `{a,b}` thirty times over is more than any host has files.
const BRACES_MAX: usize = 10_000;
/// Braces within braces.
const DEPTH_MAX: usize = 32;

/// The words that braces stand for, in order; the word itself if there are none. `{}`, `{a}` and what is not closed stand for
/// themselves.
///
/// # Errors
/// There are more than [`BRACES_MAX`].
pub fn braces(word: &[u8]) -> Result<Vec<Vec<u8>>, TooMany> {
    let mut words = Vec::new();
    expand(word, 0, &mut words)?;
    Ok(words)
}

/// More words than anybody means.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany;

fn expand(word: &[u8], from: usize, words: &mut Vec<Vec<u8>>) -> Result<(), TooMany> {
    let Some((open, parts, close)) = first_braces(word, from) else {
        if words.len() == BRACES_MAX {
            return Err(TooMany);
        }
        words.push(word.to_vec());
        return Ok(());
    };
    for part in parts {
        let next = [&word[..open], &word[part], &word[close + 1..]].concat();
        expand(&next, open, words)?;
    }
    Ok(())
}

/// The first pair of braces with a comma between: where it opens, what lies between the commas, where it closes.
fn first_braces(word: &[u8], from: usize) -> Option<(usize, Vec<std::ops::Range<usize>>, usize)> {
    let mut at = from;
    while at < word.len() {
        match word[at] {
            b'\\' => at += 1,
            b'[' => at = class_end(word, at).unwrap_or(at),
            b'{' => {
                if let Some((parts, close)) = parts_of(word, at)
                    && parts.len() > 1
                {
                    return Some((at, parts, close));
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn parts_of(word: &[u8], open: usize) -> Option<(Vec<std::ops::Range<usize>>, usize)> {
    let (mut depth, mut start, mut parts) = (0, open + 1, Vec::new());
    let mut at = open + 1;
    while at < word.len() {
        match word[at] {
            b'\\' => at += 1,
            b'{' => depth += 1,
            b'}' if depth == 0 => {
                parts.push(start..at);
                return Some((parts, at));
            }
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return None;
        }
        at += 1;
    }
    None
}

/// Whether a name has to be looked for.
pub fn is_pattern(component: &[u8]) -> bool {
    let mut at = 0;
    while at < component.len() {
        match component[at] {
            b'\\' => at += 1,
            b'*' | b'?' => return true,
            b'[' if class_end(component, at).is_some() => return true,
            _ => {}
        }
        at += 1;
    }
    false
}

/// The name that is meant, without backslashes.
pub fn literal(component: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(component.len());
    let mut bytes = component.iter();
    while let Some(&byte) = bytes.next() {
        name.push(if byte == b'\\' { bytes.next().copied().unwrap_or(byte) } else { byte });
    }
    name
}

/// Whether a pattern of one component stands for a name. A name that begins with a dot is meant only where the dot is written.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && !matches!(pattern, [b'.', ..] | [b'\\', b'.', ..]) {
        return false;
    }
    // The last star, and where its match ends: all that has to be tried again (so it takes no exponential time).
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, n));
            p += 1;
            continue;
        }
        if let Some(next) = one(&pattern[p..], name, n) {
            (p, n) = (p + next.0, n + next.1);
            continue;
        }
        let Some((after, end)) = star else { return false };
        star = Some((after, end + 1));
        (p, n) = (after, end + 1);
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// How much of a pattern stands for the character at `n`, and how long that is.
fn one(pattern: &[u8], name: &[u8], n: usize) -> Option<(usize, usize)> {
    let byte = name[n];
    match pattern.first()? {
        b'?' => Some((1, character(&name[n..]))),
        b'[' => match class_end(pattern, 0) {
            Some(end) => in_class(&pattern[1..end], byte).then_some((end + 1, 1)),
            None => (byte == b'[').then_some((1, 1)),
        },
        b'\\' if pattern.len() > 1 => (pattern[1] == byte).then_some((2, 1)),
        literal => (*literal == byte).then_some((1, 1)),
    }
}

/// Bytes of the first character; what is no UTF-8 counts byte by byte.
fn character(bytes: &[u8]) -> usize {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    bytes.get(..length).filter(|text| std::str::from_utf8(text).is_ok()).map_or(1, <[u8]>::len)
}

/// The bracket that closes the class which opens at `open`; a bracket right behind the opening belongs to it.
fn class_end(pattern: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    if matches!(pattern.get(at), Some(b'!' | b'^')) {
        at += 1;
    }
    at += 1;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b']' => return Some(at),
            b'/' => return None,
            _ => at += 1,
        }
    }
    None
}

fn in_class(class: &[u8], byte: u8) -> bool {
    let (negated, class) = match class.first() {
        Some(b'!' | b'^') => (true, &class[1..]),
        _ => (false, class),
    };
    let (mut at, mut found) = (0, false);
    while at < class.len() {
        if class.get(at + 1) == Some(&b'-') && at + 2 < class.len() {
            found |= (class[at]..=class[at + 2]).contains(&byte);
            at += 3;
        } else {
            found |= class[at] == byte;
            at += 1;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(word: &str) -> Vec<String> {
        let words = braces(word.as_bytes()).expect("not too many");
        words.into_iter().map(|word| String::from_utf8(word).expect("text")).collect()
    }

    #[test]
    fn braces_become_every_word_in_order() {
        assert_eq!(expanded("a{b,c}d{e,f}"), ["abde", "abdf", "acde", "acdf"]);
        assert_eq!(expanded("{a,b{c,d},}x"), ["ax", "bcx", "bdx", "x"]);
        for same in ["", "a", "{}", "{a}", "{a,b", "a}b", r"\{a,b}", "[{a,b}]"] {
            assert_eq!(expanded(same), [same], "{same}");
        }
        assert_eq!(expanded("{a}{b,c}"), ["{a}b", "{a}c"]);
    }

    #[test]
    fn braces_never_become_more_words_than_there_is_memory() {
        assert_eq!(braces("{a,b}".repeat(30).as_bytes()), Err(TooMany));
        assert_eq!(braces("{".repeat(5000).as_bytes()).map(|words| words.len()), Ok(1));
    }

    #[test]
    fn patterns_stand_for_names_as_in_a_shell() {
        for (pattern, yes, no) in [
            ("*", vec!["a", "a.b", "文件"], vec![".a", ".", ".."]),
            (".*", vec![".a"], vec!["a"]),
            ("a?c", vec!["abc", "a文c"], vec!["ac", "abbc"]),
            ("*.log", vec![".log"; 0], vec![".log", "log", "a.logs"]),
            ("*.log*", vec!["a.log", "b.log.1"], vec!["a.lo"]),
            ("[a-c]x", vec!["ax", "cx"], vec!["dx", "x"]),
            ("[!a-c]x", vec!["dx"], vec!["ax"]),
            ("[]]", vec!["]"], vec!["["]),
            ("[", vec!["["], vec!["a"]),
            (r"\*", vec!["*"], vec!["a"]),
            (r"a\[b]", vec!["a[b]"], vec!["ab"]),
            ("a*b*c", vec!["abc", "aXbYc", "abcbc"], vec!["acb"]),
        ] {
            for name in yes {
                assert!(matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
            }
            for name in no {
                assert!(!matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
            }
        }
        assert!(matches(b"caf?", b"caf\xe9"));
    }

    #[test]
    fn a_hostile_name_takes_no_exponential_time() {
        let (pattern, name) = ("*a".repeat(40) + "b", "a".repeat(4000));
        let began = std::time::Instant::now();
        assert!(!matches(pattern.as_bytes(), name.as_bytes()));
        assert!(began.elapsed() < std::time::Duration::from_secs(2));
    }

    #[test]
    fn what_is_no_pattern_is_the_name_itself() {
        assert!(is_pattern(b"a*") && is_pattern(b"[ab]") && is_pattern(b"?"));
        assert!(!is_pattern(br"\*") && !is_pattern(b"a[b") && !is_pattern(b"a"));
        assert_eq!(literal(br"a\*b\\"), br"a*b\");
    }
}
