//! Logs, to standard error. No secret reaches them: ours have no Debug, and russh's debug lines are never let through.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Names the level of Bowline's own lines: `error`, `warn`, `info`, `debug` or `trace`.
const LEVEL_VARIABLE: &str = "BOWLINE_LOG";

pub fn start() {
    let ours =
        std::env::var(LEVEL_VARIABLE).ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A subscriber that is set already, in a test, stays.
    let _ = tracing_subscriber::registry().with(lines).with(filter(ours)).try_init();
}

/// What is let through when our own lines have this level.
fn filter(ours: LevelFilter) -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("bowline_core", ours)
        .with_target("bowline_demo", ours)
        .with_target("bowline_desktop", ours)
        // It prints packets before encryption, passwords among them.
        .with_target("russh", LevelFilter::WARN)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn lines_of_russh_that_could_show_a_password_are_never_let_through() {
        let filter = filter(LevelFilter::TRACE);
        assert!(filter.would_enable("bowline_core::pool", &Level::TRACE));
        assert!(!filter.would_enable("russh::client", &Level::INFO));
        assert!(!filter.would_enable("russh::keys::agent::client", &Level::DEBUG));
    }
}
