//! Patterns of ssh_config(5) and known_hosts: `*` and `?`, and lists of them with `!`.

/// Whether `text` matches a pattern of `*` (any run) and `?` (one character). Neither is folded to lower case here.
pub fn matches(pattern: &str, text: &str) -> bool {
    // Most are plain names, and a large config has many.
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and up to where it has eaten: going back there is enough, so this is O(n·m) at worst.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, eaten)) => {
                    star = Some((at, eaten + 1));
                    p = at + 1;
                    t = eaten + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether a list of patterns matches: at least one does, and none that begins with `!` does.
pub fn list_matches<'a>(patterns: impl IntoIterator<Item = &'a str>, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated, text) => return false,
            Some(_) => {}
            None => found = found || matches(pattern, text),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_in_openssh() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("?", "", false),
            ("192.168.0.?", "192.168.0.7", true),
            ("192.168.0.?", "192.168.0.77", false),
            ("*.example.*", "a.example.com", true),
            ("[x]:22*", "[x]:2222", true),
            ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_negated_pattern_wins_wherever_it_stands() {
        assert!(list_matches(["*.co.uk"], "a.co.uk"));
        assert!(!list_matches(["*", "!b"], "b"));
        assert!(!list_matches(["!b", "*"], "b"));
        assert!(!list_matches(["!b"], "a"));
    }
}
