//! Changes to the saved hosts that somebody else makes, the command most of all: the window shows them as they come.

use std::sync::Weak;
use std::time::Duration;

use super::{Engine, Inner};
use crate::error::Result;

/// How often the file is asked. One answer takes some microseconds: SQLite looks at memory that both have mapped.
const INTERVAL: Duration = Duration::from_millis(400);

/// Publishes the hosts when others have changed them, for as long as the engine lives.
pub(super) async fn follow(engine: Weak<Inner>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(inner) = engine.upgrade() else { return };
        if let Err(error) = look(&Engine { inner }).await {
            tracing::warn!(%error, "the saved hosts were changed by others, and the list could not be told");
        }
    }
}

async fn look(engine: &Engine) -> Result<()> {
    if engine.inner.store.changed_elsewhere().await? {
        engine.publish_hosts().await?;
    }
    Ok(())
}
