//! Why something was not copied, in words: the engine has a word for the window's catalogue.

use bowline_core::error::{ErrorCode, Problem};

/// One sentence for the person.
pub fn why(problem: &Problem) -> String {
    let param = |name: &str| problem.params.get(name).map(String::as_str);
    let said = match (problem.code, param("path"), param("reason")) {
        (ErrorCode::NotCopied, Some(path), Some(reason)) => sentence(path, reason),
        _ => None,
    };
    said.unwrap_or_else(|| problem.message.clone())
}

fn sentence(path: &str, reason: &str) -> Option<String> {
    Some(match reason {
        "folders-stay" => format!(
            "empty folders stay in {path}: what was in them was moved, but there are more than can be kept in mind."
        ),
        "no-source" => format!(
            "{path} was not synced: the folder to copy from is not there. Nothing was changed. Look at the path, and whether its \
             disk or share is mounted."
        ),
        "no-source-folder" => {
            format!(
                "{path} was not synced: it is no folder, and only folders are synced. Nothing was changed."
            )
        }
        _ => format!("{path} was not copied: {}.", words(reason)?),
    })
}

fn words(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "changed" => "it changed while it was copied",
        "size" => "what arrived has another size",
        "hash" => "what arrived is not the same",
        "name" => "its name cannot be used there",
        "no-name" => "it has no name of its own",
        "long-name" => "its path is too long",
        "crowded" => "too many others have this name",
        "link" => "links cannot be made there",
        "link-outside" => "the link leads out of what is copied",
        "broken-link" => "it is a link, and what it leads to is not there; mend it, or move it as it is",
        "special" => "it is neither file nor folder",
        "too-deep" => "it lies too deep",
        "too-many" => "so many folders wait already that no more can be kept in mind; copy it by itself",
        "too-many-names" => {
            "so many names have come that nobody can say whether it is one of them; copy the folder in parts"
        }
        "gone" => "it is not there any more",
        "other-kind" => "something of another kind stands there",
        "longer" => "what stands there is longer",
        "other-beginning" => "what stands there begins differently",
        "no-folder" => "the target is no folder",
        "no-target" => "the target folder is not there",
        "same-file" => "source and target are one and the same file",
        "target-changed" => "it changed at the target meanwhile",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_in_words_and_an_unknown_one_as_the_engine_says_it() {
        let not_copied = |reason: &str| {
            let message = format!("pipe was not copied ({reason}).");
            let error = bowline_core::error::Error::new(ErrorCode::NotCopied, message);
            why(&error.with("path", "pipe").with("reason", reason).problem())
        };
        assert_eq!(not_copied("special"), "pipe was not copied: it is neither file nor folder.");
        assert_eq!(not_copied("new-one"), "pipe was not copied (new-one).");
    }
}
