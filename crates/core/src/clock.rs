//! Times as they cross to the window: milliseconds since the Unix epoch.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Now.
pub fn now_ms() -> f64 {
    ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A moment of the engine's clock, past or to come.
pub fn at_ms(at: Instant) -> f64 {
    let now = Instant::now();
    if at >= now { now_ms() + ms(at - now) } else { now_ms() - ms(now - at) }
}

/// A span in milliseconds.
pub fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
