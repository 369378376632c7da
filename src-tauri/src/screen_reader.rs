//! Whether someone listens to the window instead of looking at it, where the desktop tells.

/// Desktops of freedesktop.org say so on the session bus (at-spi2, `org.a11y.Status`). Elsewhere nobody is asked.
#[cfg(target_os = "linux")]
pub async fn is_running() -> bool {
    use std::time::Duration;

    /// A bus that does not answer must not hold the window up.
    const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

    let asking = async {
        let bus = zbus::Connection::session().await?;
        let reply = bus
            .call_method(
                Some("org.a11y.Bus"),
                "/org/a11y/bus",
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &("org.a11y.Status", "ScreenReaderEnabled"),
            )
            .await?;
        let value: zbus::zvariant::OwnedValue = reply.body().deserialize()?;
        Ok::<bool, zbus::Error>(bool::try_from(value).unwrap_or(false))
    };
    // A desktop without the service has no screen reader that could use it.
    tokio::time::timeout(ANSWERS_WITHIN, asking).await.is_ok_and(|answer| answer.unwrap_or(false))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unused_async, reason = "as on Linux")]
pub async fn is_running() -> bool {
    false
}
