//! The words of a line, one by one, as a list, or as all that is left.

/// SSH_MAX_HOSTS_FILES and MAX_CANON_DOMAINS.
const LIST_MAX: usize = 32;

/// The words of a line, one by one.
pub(super) struct Words<'a>(pub(super) std::slice::Iter<'a, String>);

impl<'a> Words<'a> {
    pub(super) fn next(&mut self) -> Option<&'a str> {
        self.0.next().map(String::as_str)
    }

    pub(super) fn needed(&mut self) -> Result<&'a str, String> {
        self.next().filter(|word| !word.is_empty()).ok_or_else(|| "missing argument".to_owned())
    }

    pub(super) fn all(&mut self) -> Vec<&'a str> {
        self.0.by_ref().map(String::as_str).collect()
    }

    pub(super) fn consume(&mut self) {
        self.0.by_ref().for_each(drop);
    }

    pub(super) fn end(&mut self) -> Result<(), String> {
        if self.next().is_some() { Err("extra arguments at end of line".to_owned()) } else { Ok(()) }
    }
}

/// A value that is the rest of the line.
pub(super) fn command(rest: &str) -> &str {
    rest.trim_start_matches([' ', '\t', '\r', '\n', '='])
}

/// A list of which `none` may be the only word.
pub(super) fn list(words: Vec<&str>, needed: bool) -> Result<Vec<String>, String> {
    if needed && words.is_empty() {
        return Err("missing argument".to_owned());
    }
    if words.len() > LIST_MAX {
        return Err(format!("there are more than {LIST_MAX} of them"));
    }
    if words.iter().any(|word| word.is_empty()) {
        return Err("empty argument".to_owned());
    }
    if words.len() > 1 && words.iter().any(|word| word.eq_ignore_ascii_case("none")) {
        return Err("none must stand alone".to_owned());
    }
    Ok(words.into_iter().map(str::to_owned).collect())
}
