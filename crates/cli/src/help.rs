//! What each command is for: one entry for each in `help/table.rs`, from which the help texts, the man page and the shell
//! completions are made.

mod man;
mod table;

pub use man::man;
pub use table::ENTRIES;

use crate::style::Style;

/// One command.
#[derive(Debug)]
pub struct Entry {
    /// `cp`, or `hosts add` for an order of a command.
    pub name: &'static str,
    /// What follows the name, a way of writing it in each line.
    pub usage: &'static [&'static str],
    /// A part of a sentence, without a full stop.
    pub about: &'static str,
    /// Paragraphs.
    pub text: &'static [&'static str],
    pub options: &'static [Opt],
    /// Whose letters it takes besides.
    pub letters: Letters,
    /// What its words are.
    pub takes: Takes,
}

/// One option, or one that is written in two ways: `--dry-run, -n`.
#[derive(Debug)]
pub struct Opt {
    pub names: &'static str,
    /// What its value is; empty if it has none.
    pub value: &'static str,
    pub about: &'static str,
}

/// Letters of OpenSSH's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    None,
    Ssh,
    /// All of ssh(1)'s, for what stands in its place.
    AllOfSsh,
    Scp,
}

/// For completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    Host,
    /// A host that is saved.
    Saved,
    /// A file here, or `host:path`.
    Places,
    File,
    /// One of these.
    Words(&'static [&'static str]),
    /// The name of a command.
    Command,
}

impl Letters {
    /// As they are written behind a command, for whoever reads.
    fn usage(self) -> &'static str {
        match self {
            Letters::None => "",
            Letters::Ssh => {
                "Options are those of ssh(1): -46AGNTVaknqstvx -b bind_address -e escape_char -F configfile\n\
                 -i identity_file -J destination -l user -o option=value -p port"
            }
            Letters::AllOfSsh => {
                "Options are those of ssh(1): -46ACGNTVafgknqstvx -b bind_address -c ciphers -D [address:]port\n\
                 -E log_file -e escape_char -F configfile -i identity_file -J destination -L forwarding -l user -m macs\n\
                 -o option=value -p port -Q query -R forwarding -W host:port"
            }
            Letters::Scp => {
                "Options are those of scp(1): -346ABpqTv -F configfile -i identity_file -J destination\n\
                 -o option=value -P port"
            }
        }
    }

    /// The options, for completion: each with whether a value follows.
    pub fn all(self) -> Vec<(String, bool)> {
        let (alone, valued) = match self {
            Letters::None => ("", ""),
            Letters::Ssh => ("46AGNTVaknqstvx", "beFiJlop"),
            Letters::AllOfSsh => ("46ACGNTVafgknqstvx", "bcDEeFiJLlmopQRW"),
            Letters::Scp => ("346ABpqTv", "FiJoP"),
        };
        let option = |letter: char, valued: bool| (format!("-{letter}"), valued);
        alone.chars().map(|c| option(c, false)).chain(valued.chars().map(|c| option(c, true))).collect()
    }
}

impl Opt {
    /// Each way of writing it.
    pub fn each(&self) -> impl Iterator<Item = &'static str> {
        self.names.split(", ")
    }

    fn written(&self) -> String {
        if self.value.is_empty() { self.names.to_owned() } else { format!("{} {}", self.names, self.value) }
    }
}

/// The commands that can stand first: the word, and what it is for.
pub fn commands() -> impl Iterator<Item = &'static Entry> {
    ENTRIES.iter().filter(|entry| !entry.name.contains(' '))
}

/// The orders of a command, such as `add` of `hosts`.
pub fn orders(command: &str) -> impl Iterator<Item = (&'static str, &'static Entry)> {
    ENTRIES.iter().filter_map(move |entry| {
        let (first, order) = entry.name.split_once(' ')?;
        (first == command).then_some((order, entry))
    })
}

/// What `bowline help` says: all commands, or those whose names begin with these words. None: there is no such command.
pub fn text(about: &[String], style: Style) -> Option<String> {
    if about.is_empty() {
        return Some(overview(style));
    }
    let name = about.join(" ");
    let entry = ENTRIES.iter().find(|entry| entry.name == name)?;
    Some(page(entry, style))
}

fn overview(style: Style) -> String {
    let mut text = format!("{}\n", style.bold("usage: bowline command [option ...] [word ...]"));
    let widest = commands().map(|entry| entry.name.len()).max().unwrap_or(0);
    text.push('\n');
    for entry in commands() {
        let pad = " ".repeat(widest + 2 - entry.name.len());
        text.push_str(&format!("  {}{pad}{}\n", style.bold(entry.name), entry.about));
    }
    text.push_str(table::CLOSING);
    text
}

fn page(entry: &Entry, style: Style) -> String {
    let mut text = String::new();
    for (index, usage) in entry.usage.iter().enumerate() {
        let head = if index == 0 { "usage:" } else { "      " };
        let line = format!("{head} bowline {} {usage}", entry.name);
        text.push_str(&style.bold(line.trim_end()));
        text.push('\n');
    }
    text.push_str(&format!("\n{}.\n", capitalised(entry.about)));
    for paragraph in entry.text {
        text.push_str(&format!("\n{paragraph}\n"));
    }
    let written: Vec<String> = entry.options.iter().map(Opt::written).collect();
    let widest = written.iter().map(String::len).max().unwrap_or(0);
    if !written.is_empty() {
        text.push('\n');
    }
    for (option, written) in entry.options.iter().zip(&written) {
        let pad = " ".repeat(widest + 2 - written.len());
        text.push_str(&format!("  {}{pad}{}\n", style.bold(written), option.about));
    }
    let orders: Vec<_> = orders(entry.name).collect();
    if !orders.is_empty() {
        let widest = orders.iter().map(|(order, _)| order.len()).max().unwrap_or(0);
        text.push('\n');
        for (order, entry) in orders {
            let pad = " ".repeat(widest + 2 - order.len());
            text.push_str(&format!("  {}{pad}{}\n", style.bold(order), entry.about));
        }
    }
    if entry.letters != Letters::None {
        text.push_str(&format!("\n{}\n", entry.letters.usage()));
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The command that somebody may have meant.
pub fn meant(typed: &str) -> Option<&'static str> {
    let near = |entry: &&Entry| distance(typed, entry.name);
    let best = commands().min_by_key(near)?;
    let far = distance(typed, best.name);
    (far <= 2 && far < best.name.len()).then_some(best.name)
}

/// How many letters have to be added, removed or changed, or neighbours swapped. Both are short words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(40).collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_nearly_a_command_is_one_that_is_meant() {
        for (typed, command) in [
            ("conect", "connect"),
            ("exce", "exec"),
            ("host", "hosts"),
            ("sycn", "sync"),
            ("doctro", "doctor"),
        ] {
            assert_eq!(meant(typed), Some(command), "{typed}");
        }
        for typed in ["", "x", "frobnicate", "server", "ç"] {
            assert_eq!(meant(typed), None, "{typed}");
        }
    }

    #[test]
    fn every_entry_can_be_shown_and_no_line_is_too_long_for_a_terminal() {
        let style = Style::plain();
        let mut names: Vec<_> = ENTRIES.iter().map(|entry| entry.name).collect();
        for name in &names {
            let words: Vec<String> = name.split(' ').map(str::to_owned).collect();
            let text = text(&words, style).expect("it is there");
            assert!(text.starts_with(&format!("usage: bowline {name}")), "{text}");
            let long = text.lines().find(|line| line.chars().count() > 120);
            assert_eq!(long, None, "{name}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ENTRIES.len(), "a name stands there twice");
        assert_eq!(text(&["frob".to_owned()], style), None);
    }
}
