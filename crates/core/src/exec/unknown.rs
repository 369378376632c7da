//! Why nobody knows how a command ended. Each reason has a word of its own, by which the window says it in the person's language.

use crate::error::{Error, ErrorCode};

#[derive(Debug)]
pub(crate) enum Why {
    /// The connection ended.
    Lost(Error),
    /// The session was closed, and the connection was not.
    Session,
    /// The server closed the session without an exit status.
    NoStatus,
    /// The server closed the session before it answered.
    Unanswered,
    /// The server did not say in time that it started.
    Late { seconds: u64 },
    /// The app whose connection was borrowed has ended.
    AppEnded,
    /// What russh says of it.
    Other(String),
}

impl Why {
    /// The word for it, if it has one.
    fn reason(&self) -> Option<&'static str> {
        match self {
            Why::Lost(error) => match error.code {
                ErrorCode::ConnectionReset => Some("reset"),
                ErrorCode::ConnectionBroken => Some("broken"),
                ErrorCode::ConnectionClosed if error.params.contains_key("reason") => Some("closed"),
                ErrorCode::ConnectionClosed => Some("said"),
                ErrorCode::ConnectionSilent => Some("silent"),
                ErrorCode::ConnectionLost if error.params.contains_key("jump") => Some("jump"),
                ErrorCode::ConnectionLost => Some("lost"),
                _ => None,
            },
            Why::Session => Some("session"),
            Why::NoStatus => Some("no-status"),
            Why::Unanswered => Some("unanswered"),
            Why::Late { .. } => Some("late"),
            Why::AppEnded => Some("app"),
            Why::Other(_) => None,
        }
    }

    /// In English, as the end of a sentence.
    fn words(&self) -> String {
        let detail = self.detail().unwrap_or_default();
        match self {
            Why::Lost(error) => match self.reason() {
                Some("reset") => "the connection was reset".to_owned(),
                Some("broken") => "the connection was gone when something was to be sent".to_owned(),
                Some("closed") => "the server closed the connection without saying why".to_owned(),
                Some("said") => format!("the server closed the connection and said {detail}"),
                Some("silent") => {
                    format!(
                        "nothing was heard from the host for {} seconds",
                        self.seconds().unwrap_or_default()
                    )
                }
                Some("jump") => format!("the connection to the jump host {detail} ended"),
                Some("lost") => format!("the connection was lost ({detail})"),
                _ => error.message.trim_end_matches('.').to_owned(),
            },
            Why::Session => "its session was closed".to_owned(),
            Why::NoStatus => "the server closed its session without an exit status".to_owned(),
            Why::Unanswered => "the server closed its session before it answered".to_owned(),
            Why::Late { seconds } => {
                format!("the server did not say within {seconds} seconds that it started")
            }
            Why::AppEnded => "the app whose connection was used has ended".to_owned(),
            Why::Other(words) => words.trim_end_matches('.').to_owned(),
        }
    }

    /// The words of the server or of the system, which nobody translates.
    fn detail(&self) -> Option<String> {
        match self {
            Why::Lost(error) => error.params.get("jump").or_else(|| error.params.get("cause")).cloned(),
            Why::Session
            | Why::NoStatus
            | Why::Unanswered
            | Why::Late { .. }
            | Why::AppEnded
            | Why::Other(_) => None,
        }
    }

    fn seconds(&self) -> Option<String> {
        match self {
            Why::Lost(error) => error.params.get("seconds").cloned(),
            Why::Late { seconds } => Some(seconds.to_string()),
            Why::Session | Why::NoStatus | Why::Unanswered | Why::AppEnded | Why::Other(_) => None,
        }
    }
}

/// [`ErrorCode::ExecOutcomeUnknown`] of a command on a host.
pub(crate) fn unknown(address: &str, why: &Why) -> Error {
    let cause = why.words();
    let text = format!(
        "How the command on {address} ended is not known: {cause}. It may have run in part or to its end; it was not run \
         again."
    );
    let mut error =
        Error::new(ErrorCode::ExecOutcomeUnknown, text).with("address", address).with("cause", cause);
    for (name, value) in
        [("reason", why.reason().map(str::to_owned)), ("detail", why.detail()), ("seconds", why.seconds())]
    {
        if let Some(value) = value {
            error = error.with(name, value);
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_told_by_a_word_and_without_advice_for_a_terminal() {
        let lost = |code| Error::new(code, "The connection to db was lost.").with("address", "db");
        for (why, reason, words) in [
            (lost(ErrorCode::ConnectionReset), "reset", "the connection was reset"),
            (
                lost(ErrorCode::ConnectionClosed).with("cause", "-").with("reason", "silently"),
                "closed",
                "the server closed the connection without saying why",
            ),
            (
                lost(ErrorCode::ConnectionClosed).with("cause", "\"bye\""),
                "said",
                "the server closed the connection and said \"bye\"",
            ),
            (
                lost(ErrorCode::ConnectionSilent).with("seconds", 45),
                "silent",
                "nothing was heard from the host for 45 seconds",
            ),
            (
                lost(ErrorCode::ConnectionLost).with("cause", "in English").with("jump", "bastion"),
                "jump",
                "the connection to the jump host bastion ended",
            ),
            (lost(ErrorCode::ConnectionLost).with("cause", "EIO"), "lost", "the connection was lost (EIO)"),
        ] {
            let error = unknown("db", &Why::Lost(why));
            assert_eq!(error.params["reason"], reason);
            assert_eq!(error.params["cause"], words);
            assert!(error.message.contains(words) && !error.message.contains("screen"), "{}", error.message);
        }
        let late = unknown("db", &Why::Late { seconds: 60 });
        assert_eq!((late.params["reason"].as_str(), late.params["seconds"].as_str()), ("late", "60"));
        assert!(!unknown("db", &Why::Other("odd.".to_owned())).params.contains_key("reason"));
    }
}
