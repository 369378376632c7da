//! Notifications of the desktop, for what happens while nobody looks at the window.

use std::time::Duration;

use bowline_core::error::{Error, Result};
use bowline_core::prompt::visible_line;
use notify_rust::Notification;
use tauri::AppHandle;

/// A title or a sentence. Desktops cut off far earlier; this keeps a mistake from becoming a novel.
const TEXT_MAX_CHARACTERS: usize = 300;
/// A notification service that does not answer must not hold a command up for ever.
const SHOW_WITHIN: Duration = Duration::from_secs(5);

/// # Errors
/// [`ErrorCode::Internal`](bowline_core::error::ErrorCode::Internal) when the desktop shows none.
pub async fn show(app: &AppHandle, title: &str, body: &str) -> Result<()> {
    let mut notification = Notification::new();
    notification.appname("Bowline").summary(&plain(title)).body(&escaped(&plain(body)));
    attribute(app, &mut notification);
    // Some systems show it by a call that blocks.
    let shown = tokio::task::spawn_blocking(move || notification.show().map(drop));
    match tokio::time::timeout(SHOW_WITHIN, shown).await {
        Ok(shown) => shown.map_err(Error::internal)?.map_err(Error::internal),
        Err(elapsed) => Err(Error::internal(elapsed)),
    }
}

/// Names of hosts are part of it, and they are what somebody typed or imported.
fn plain(text: &str) -> String {
    visible_line(text).chars().take(TEXT_MAX_CHARACTERS).collect()
}

/// The body is markup on the desktops of freedesktop.org (Desktop Notifications, section "Markup"), text elsewhere.
fn escaped(text: &str) -> String {
    if cfg!(all(unix, not(target_os = "macos"))) {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn attribute(_app: &AppHandle, notification: &mut Notification) {
    notification.icon("bowline-desktop").hint(notify_rust::Hint::DesktopEntry("Bowline".to_owned()));
}

/// Windows shows none of an application that it does not know; one that runs from its build folder is not installed.
#[cfg(windows)]
fn attribute(app: &AppHandle, notification: &mut Notification) {
    if !cfg!(debug_assertions) {
        notification.app_id(&app.config().identifier);
    }
}

/// macOS shows them under the name of the bundle; without one (a development build) under its own.
#[cfg(target_os = "macos")]
fn attribute(app: &AppHandle, _notification: &mut Notification) {
    if !cfg!(debug_assertions) {
        let _ = notify_rust::set_application(&app.config().identifier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_is_called_cannot_become_markup_or_a_second_line() {
        let body = escaped(&plain("<b>web</b>\n& more"));
        assert!(!body.contains('\n'), "{body}");
        if cfg!(all(unix, not(target_os = "macos"))) {
            assert!(body.starts_with("&lt;b&gt;web&lt;/b&gt;"), "{body}");
        }
        assert!(plain(&"x".repeat(5000)).chars().count() <= TEXT_MAX_CHARACTERS);
    }
}
