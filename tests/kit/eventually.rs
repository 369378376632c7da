//! Waiting for a condition with a deadline, instead of sleeping.

use std::time::Duration;

use tokio::time::Instant;

/// Longest wait for anything in a test; a busy machine needs some of it, a right answer does not.
pub const PATIENCE: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(5);

/// Waits until the condition holds. Panics, with `what` was waited for, when it does not within [`PATIENCE`].
pub async fn eventually(what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_within(PATIENCE, condition).await, "not within {PATIENCE:?}: {what}");
}

/// Whether the condition holds at some moment of this time.
pub async fn holds_within(time: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
}
