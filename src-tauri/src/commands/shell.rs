//! What only the desktop can do: file pickers, the browser, the menu.

use bowline_core::engine::Engine;
use bowline_core::error::{Error, ErrorCode, Problem};
use tauri::{AppHandle, Manager, State};

use crate::ipc::{Declaration, declare};
use crate::{fonts, menu, notification, screen_reader};

/// A native file picker for a private key; null when dismissed.
#[tauri::command]
pub async fn pick_key_file(app: AppHandle) -> Result<Option<String>, Problem> {
    let folder = app.path().home_dir().map(|home| home.join(".ssh")).unwrap_or_default();
    let picked = rfd::AsyncFileDialog::new().set_directory(folder).pick_file().await;
    Ok(picked.map(|file| file.path().to_string_lossy().into_owned()))
}

/// Asks where, and writes what happened to the connections there, one JSON object in each line; null when dismissed.
#[tauri::command]
pub async fn timeline_save(engine: State<'_, Engine>) -> Result<Option<String>, Problem> {
    let picked = rfd::AsyncFileDialog::new()
        .set_file_name("bowline-timeline.jsonl")
        .add_filter("JSON Lines", &["jsonl"])
        .save_file()
        .await;
    let Some(file) = picked else { return Ok(None) };
    engine.timeline_save(file.path().to_owned()).await?;
    Ok(Some(file.path().to_string_lossy().into_owned()))
}

/// Shows a notification of the desktop. One that cannot be shown (no service, not allowed) is refused.
#[tauri::command]
pub async fn notify(app: AppHandle, title: String, body: String) -> Result<(), Problem> {
    Ok(notification::show(&app, &title, &body).await?)
}

/// Opens an http(s) link in the person's browser; anything else is refused.
#[tauri::command]
pub async fn open_link(url: String) -> Result<(), Problem> {
    let link = web_link(&url).ok_or_else(|| link_refused(&url))?;
    Ok(tauri_plugin_opener::open_url(link, None::<&str>).map_err(Error::internal)?)
}

/// The monospaced font families that are installed; empty where the system has no list of them.
#[tauri::command]
pub async fn font_families() -> Result<Vec<String>, Problem> {
    Ok(fonts::monospaced().await)
}

/// Whether a screen reader runs, where the desktop tells; false elsewhere.
#[tauri::command]
pub async fn screen_reader_running() -> Result<bool, Problem> {
    Ok(screen_reader::is_running().await)
}

/// Opens the folder that holds Bowline's files (after a store notice).
#[tauri::command]
pub async fn reveal_data_folder(app: AppHandle) -> Result<(), Problem> {
    let folder = app.path().app_data_dir().map_err(Error::internal)?;
    Ok(tauri_plugin_opener::open_path(folder, None::<&str>).map_err(Error::internal)?)
}

/// Sets the language of the native menu ("en" or "zh-CN").
#[tauri::command]
pub fn menu_language(app: AppHandle, language: String) -> Result<(), Problem> {
    Ok(menu::set_language(&app, &language).map_err(Error::internal)?)
}

/// Shows or hides the menu bar, where the window has one.
#[tauri::command]
pub fn menu_visible(app: AppHandle, visible: bool) -> Result<(), Problem> {
    Ok(menu::set_visible(&app, visible).map_err(Error::internal)?)
}

/// The commands of this file, for the generated TypeScript.
pub fn declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["A native file picker for a private key; null when dismissed."] pick_key_file() -> Option<String>),
        declare!(config, ["Asks where, and writes what happened to the connections there, one JSON object in each line; null when dismissed."] timeline_save() -> Option<String>),
        declare!(config, ["Shows a notification of the desktop. One that cannot be shown (no service, not allowed) is refused."] notify(title: String, body: String) -> ()),
        declare!(config, ["Opens an http(s) link in the person's browser; anything else is refused."] open_link(url: String) -> ()),
        declare!(config, ["The monospaced font families that are installed; empty where the system has no list of them."] font_families() -> Vec<String>),
        declare!(config, ["Whether a screen reader runs, where the desktop tells; false elsewhere."] screen_reader_running() -> bool),
        declare!(config, ["Opens the folder that holds Bowline's files (after a store notice)."] reveal_data_folder() -> ()),
        declare!(config, ["Sets the language of the native menu (\"en\" or \"zh-CN\")."] menu_language(language: String) -> ()),
        declare!(config, ["Shows or hides the menu bar, where the window has one."] menu_visible(visible: bool) -> ()),
    ]
}

/// Terminal output is hostile: only a well-formed web address without a user name is a link. It is given on as parsed.
fn web_link(url: &str) -> Option<String> {
    /// Longer than any browser takes.
    const LINK_MAX_BYTES: usize = 8 * 1024;
    if url.len() > LINK_MAX_BYTES || url.chars().any(char::is_control) {
        return None;
    }
    let link = tauri::Url::parse(url).ok()?;
    let web =
        matches!(link.scheme(), "http" | "https") && link.host_str().is_some_and(|host| !host.is_empty());
    (web && link.username().is_empty() && link.password().is_none()).then(|| link.into())
}

fn link_refused(url: &str) -> Error {
    let url: String = bowline_core::prompt::visible_line(url).chars().take(200).collect();
    Error::new(
        ErrorCode::LinkRefused,
        format!("The link was not opened: \"{url}\" is no plain web address (http or https)."),
    )
    .with("url", url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_links() {
        for good in ["http://example.com", "https://例え.jp/a?b#c", "http://[::1]:8080/"] {
            assert!(web_link(good).is_some(), "{good}");
        }
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://user:pass@example.com",
            "https://good.example@evil.example",
            "data:text/html,x",
            "http:",
            "https://a\nb",
            "-oProxyCommand=x",
            "ssh://host",
        ] {
            assert!(web_link(bad).is_none(), "{bad}");
        }
    }
}
