//! Snippets: texts that a person keeps to type them again. What stands in `{{...}}` is filled in by the window.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Error, ErrorCode, Result};
use crate::host::unreadable;

/// A long script still fits; more is a file.
pub const TEXT_MAX_BYTES: usize = 1024 * 1024;
pub const NAME_MAX_CHARS: usize = 80;
/// More than anyone finds again; the list and its search stay quick.
pub const SNIPPETS_MAX: u32 = 1000;
/// What the list shows of a text.
const BEGINNING_CHARS: usize = 160;

/// A random name (UUID v4) that stays with a snippet for its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct SnippetId(pub String);

impl std::fmt::Display for SnippetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the form of a snippet holds. Never meant for a secret: it lies in plain text beside the hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SnippetDraft {
    pub name: String,
    /// Lines end with LF.
    pub text: String,
    /// Whether Enter is pressed behind it.
    pub press_enter: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snippet {
    pub id: SnippetId,
    #[serde(flatten)]
    pub draft: SnippetDraft,
}

/// A snippet in a list, without its whole text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SnippetEntry {
    pub id: SnippetId,
    pub name: String,
    pub press_enter: bool,
    /// The beginning of its text, in one line.
    pub beginning: String,
    pub lines: u32,
}

impl SnippetEntry {
    pub(crate) fn of(Snippet { id, draft }: &Snippet) -> Self {
        let beginning: String = draft.text.chars().take(BEGINNING_CHARS).collect();
        Self {
            id: id.clone(),
            name: draft.name.clone(),
            press_enter: draft.press_enter,
            beginning: beginning.split_whitespace().collect::<Vec<_>>().join(" "),
            lines: u32::try_from(draft.text.lines().count()).unwrap_or(u32::MAX),
        }
    }
}

/// Whether a search finds it: every word of it, in any case, in the name or in the text.
pub(crate) fn is_found(draft: &SnippetDraft, search: &str) -> bool {
    let (name, text) = (draft.name.to_lowercase(), draft.text.to_lowercase());
    search.to_lowercase().split_whitespace().all(|word| name.contains(word) || text.contains(word))
}

/// Brings a draft into the form that is kept.
///
/// # Errors
/// [`ErrorCode::SnippetInvalid`], whose `reason` says what has to be changed.
pub(crate) fn accept(draft: SnippetDraft) -> Result<SnippetDraft> {
    let name = draft.name.trim().to_owned();
    let text = draft.text.replace("\r\n", "\n").replace('\r', "\n");
    if name.is_empty() {
        return Err(invalid("no-name"));
    }
    if name.chars().count() > NAME_MAX_CHARS {
        return Err(invalid("name-too-long"));
    }
    if name.chars().any(unreadable) {
        return Err(invalid("name-characters"));
    }
    if text.trim().is_empty() {
        return Err(invalid("no-text"));
    }
    if text.len() > TEXT_MAX_BYTES {
        return Err(invalid("text-too-long"));
    }
    // They would be taken out when it is typed, and it would not be what was saved.
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(invalid("text-characters"));
    }
    Ok(SnippetDraft { name, text, press_enter: draft.press_enter })
}

pub(crate) fn invalid(reason: &str) -> Error {
    let said = match reason {
        "no-name" => "it has no name",
        "name-too-long" => "its name has more than 80 characters",
        "name-characters" => "its name has characters that cannot be seen",
        "name-taken" => "another snippet has that name",
        "no-text" => "it has no text",
        "text-too-long" => "its text is larger than 1 MiB",
        "text-characters" => "its text has control characters other than tabs and line breaks",
        _ => "there are 1000 snippets already",
    };
    Error::new(
        ErrorCode::SnippetInvalid,
        format!("The snippet could not be saved: {said}. Change that and try again."),
    )
    .with("reason", reason)
}

pub(crate) fn not_found(id: &SnippetId) -> Error {
    Error::new(
        ErrorCode::SnippetNotFound,
        format!("There is no snippet {id} any more. It was deleted; look at the list again."),
    )
    .with("snippet", id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, text: &str) -> SnippetDraft {
        SnippetDraft { name: name.into(), text: text.into(), press_enter: false }
    }

    #[test]
    fn what_is_kept_has_a_name_in_one_line_and_line_ends_of_one_kind() {
        let kept = accept(draft("  disk space ", "df -h\r\ndu -sh *\r")).expect("it is acceptable");
        assert_eq!(kept, draft("disk space", "df -h\ndu -sh *\n"));
    }

    #[test]
    fn what_cannot_be_kept_says_why() {
        let big = "x".repeat(TEXT_MAX_BYTES + 1);
        for (name, text, reason) in [
            ("  ", "ls", "no-name"),
            (&"n".repeat(81), "ls", "name-too-long"),
            ("a\nb", "ls", "name-characters"),
            ("a\u{202e}b", "ls", "name-characters"),
            ("a", " \n", "no-text"),
            ("a", big.as_str(), "text-too-long"),
            ("a", "ls\u{1b}[201~rm", "text-characters"),
            ("a", "ls\u{9b}201~rm", "text-characters"),
        ] {
            let error = accept(draft(name, text)).expect_err(reason);
            assert_eq!(error.params.get("reason").map(String::as_str), Some(reason));
        }
        accept(draft("a", &big[..TEXT_MAX_BYTES])).expect("exactly 1 MiB fits");
    }

    #[test]
    fn a_search_looks_for_each_word_in_name_and_text() {
        let snippet = draft("Festplatte", "df -h\n磁盘");
        for search in ["", "fest", "FEST df", "磁盘", " -h  platte "] {
            assert!(is_found(&snippet, search), "{search}");
        }
        for search in ["du", "fest du"] {
            assert!(!is_found(&snippet, search), "{search}");
        }
    }

    #[test]
    fn a_list_shows_the_beginning_in_one_line() {
        let text = format!("for f in *\ndo\n\techo {}\ndone\n", "y".repeat(500));
        let entry = SnippetEntry::of(&Snippet { id: SnippetId("1".into()), draft: draft("loop", &text) });
        assert!(entry.beginning.starts_with("for f in * do echo yyy"));
        assert!(entry.beginning.chars().count() <= BEGINNING_CHARS);
        assert_eq!(entry.lines, 4);
    }
}
