//! Lost connections in the command's own words: the engine's are for a window, where a screen is kept and can be opened again.

const OF_A_SCREEN: &str = " What was on the screen is kept";

/// A message without what is said of a screen.
pub fn plain(message: &str) -> String {
    let mut text = message.to_owned();
    while let Some(at) = text.find(OF_A_SCREEN) {
        let end = text[at..].find('.').map_or(text.len(), |end| at + end + 1);
        text.replace_range(at..end, "");
        // A message that stood in another one keeps only one full stop.
        if text[at..].starts_with('.') && text[..at].ends_with('.') {
            text.remove(at);
        }
    }
    text.replace(" (without a word)", " without saying why")
        .replace(": without a word.", ": the connection was closed without a word.")
}

/// One line about the end of a connection, of whose cause the engine says this.
pub fn line(address: &str, cause: &str) -> String {
    let cause = plain(cause);
    let cause = cause.trim_end_matches('.');
    // A whole sentence names the host by itself.
    let is_sentence = cause.starts_with(char::is_uppercase) && cause.contains(address);
    match cause {
        "without a word" => format!("the connection to {address} was lost: it was closed without a word"),
        sentence if is_sentence => format!("the connection was lost. {sentence}"),
        cause => format!("the connection to {address} was lost: {cause}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_a_screen() {
        let kept = "What was on the screen is kept; open it again";
        for (said, expected) in [
            (format!("The connection to h was reset. {kept}."), "The connection to h was reset."),
            (
                format!("h closed the connection (without a word). {kept}."),
                "h closed the connection without saying why.",
            ),
            (format!("Nothing was heard. {kept} when the network is back."), "Nothing was heard."),
            (
                format!("How it ended is not known: It was reset. {kept}. It may have run."),
                "How it ended is not known: It was reset. It may have run.",
            ),
            (
                "How it ended is not known: without a word. It may".to_owned(),
                "How it ended is not known: the connection was closed without a word. It may",
            ),
            ("The screen is kept.".to_owned(), "The screen is kept."),
        ] {
            assert_eq!(plain(&said), expected);
        }
        assert_eq!(line("h", "without a word"), "the connection to h was lost: it was closed without a word");
        assert_eq!(
            line("h", &format!("The connection to h was reset. {kept}.")),
            "the connection was lost. The connection to h was reset"
        );
        assert_eq!(line("h", "no route"), "the connection to h was lost: no route");
    }
}
