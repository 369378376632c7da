//! The command of a person's own editor as words. No shell sees it: what a file is called can do nothing.

use std::path::Path;

/// Stands for the file; without it the file comes last.
const FILE: &str = "{file}";
/// Longer than any command that is meant.
const COMMAND_MAX_BYTES: usize = 4096;

/// Endings of files that a desktop runs when it is asked to open them. What comes from a server is never run here.
const RUN: &[&str] = &[
    "app",
    "appimage",
    "appref-ms",
    "bat",
    "cmd",
    "com",
    "command",
    "cpl",
    "desktop",
    "exe",
    "gadget",
    "hta",
    "inf",
    "jar",
    "jnlp",
    "js",
    "jse",
    "lnk",
    "msc",
    "msi",
    "msp",
    "pif",
    "ps1",
    "py",
    "pyw",
    "reg",
    "run",
    "scf",
    "scpt",
    "scr",
    "sh",
    "terminal",
    "tool",
    "url",
    "vb",
    "vbe",
    "vbs",
    "webloc",
    "workflow",
    "ws",
    "wsf",
    "wsh",
];
/// Those that a desktop of Linux shows in an editor.
const SHOWN_ON_LINUX: &[&str] = &["inf", "js", "ps1", "py", "reg", "sh", "vb", "vbs"];

/// Whether the desktop may run a file in place of showing it.
pub fn is_run(file: &Path) -> bool {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| {
        RUN.contains(&ending.as_str())
            && !(cfg!(target_os = "linux") && SHOWN_ON_LINUX.contains(&ending.as_str()))
    })
}

/// The words of a command with the file in its place. None for one that is empty, too long or has an open quote.
pub fn words(command: &str, file: &Path) -> Option<Vec<std::ffi::OsString>> {
    let mut words: Vec<std::ffi::OsString> = Vec::new();
    let mut has_file = false;
    for word in split(command)? {
        if word == FILE {
            has_file = true;
            words.push(file.into());
        } else {
            words.push(word.into());
        }
    }
    if words.is_empty() || (has_file && words.len() == 1) {
        return None;
    }
    if !has_file {
        words.push(file.into());
    }
    Some(words)
}

/// Words as a shell would split them, with single and double quotes. A backslash means the next character, but not on Windows,
/// where it separates folders.
fn split(command: &str) -> Option<Vec<String>> {
    if command.len() > COMMAND_MAX_BYTES || command.contains('\0') {
        return None;
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some('\''), _) => word.get_or_insert_default().push(character),
            (_, '\\') if !cfg!(windows) => word.get_or_insert_default().push(characters.next()?),
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_desktop_would_run_is_known_by_its_ending() {
        for name in ["a.exe", "b.DESKTOP", "c.txt.lnk"] {
            assert!(is_run(Path::new(name)), "{name}");
        }
        for name in ["a.txt", "exe", "b.conf", ".desktop"] {
            assert!(!is_run(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_command_becomes_words_and_the_file_is_one_of_them_whatever_it_is_called() {
        let file = Path::new("/tmp/a b; $(rm -rf ~)'\"");
        let said = |command: &str| {
            let words = words(command, file)?;
            Some(words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>())
        };
        let name = file.to_string_lossy().into_owned();
        assert_eq!(said("code --wait"), Some(vec!["code".into(), "--wait".into(), name.clone()]));
        assert_eq!(said("'my editor' {file} -x"), Some(vec!["my editor".into(), name.clone(), "-x".into()]));
        assert_eq!(said("e \"a b\"c ''"), Some(vec!["e".into(), "a bc".into(), String::new(), name.clone()]));
        assert_eq!(said("e $(x) `y` | z"), {
            let words = ["e", "$(x)", "`y`", "|", "z", &name];
            Some(words.map(String::from).to_vec())
        });
        for bad in ["", "   ", "e 'open", "{file}", "a\0b"] {
            assert_eq!(said(bad), None, "{bad:?}");
        }
        if !cfg!(windows) {
            assert_eq!(said("my\\ editor"), Some(vec!["my editor".into(), name]));
        }
    }
}
