//! The native menu. Its items name actions of `ui/src/workspace/actions.ts`; its texts come from the window's own
//! message catalogue. On Linux and Windows it is hidden until asked for: every action has a key and the palette.

use std::sync::Mutex;

use bowline_core::engine::Engine;
use serde_json::Value;
use tauri::menu::{Menu, MenuBuilder, MenuEvent, MenuItemBuilder, SubmenuBuilder};
use tauri::{AppHandle, Emitter, Manager, WebviewWindow, Wry};

const ENGLISH: &str = include_str!("../../ui/src/i18n/en.json");
const CHINESE: &str = include_str!("../../ui/src/i18n/zh-CN.json");

/// The Tauri event that carries the id of a chosen action.
const MENU_EVENT: &str = "menu";

/// Menus by their key in the catalogue, and the actions in them; an empty one is a line.
const MENUS: &[(&str, &[&str])] = &[
    ("file", &["host.add", "host.import", "recording.open", "", "trust.open", "settings.open"]),
    (
        "view",
        &[
            "palette.open",
            "sidebar.toggle",
            "health.show",
            "tunnels.show",
            "run.open",
            "timeline.show",
            "",
            "theme.toggle",
            "text.bigger",
            "text.smaller",
            "text.reset",
        ],
    ),
    (
        "terminal",
        &["terminal.find", "", "tab.new", "local.open", "pane.splitRight", "pane.splitDown", "", "tab.close"],
    ),
];

/// Whether the menu bar is to be seen.
#[derive(Default)]
struct Shown(Mutex<bool>);

/// The language of the menu.
#[derive(Default)]
struct Spoken(Mutex<Option<&'static str>>);

/// Gives the window its menu, in English until the window says its language.
pub fn attach(app: &AppHandle, window: &WebviewWindow) -> tauri::Result<()> {
    app.manage(Shown::default());
    app.manage(Spoken::default());
    app.set_menu(build(app, ENGLISH)?)?;
    if !cfg!(target_os = "macos") {
        window.hide_menu()?;
    }
    Ok(())
}

pub fn set_language(app: &AppHandle, language: &str) -> tauri::Result<()> {
    let catalogue = if language == "zh-CN" { CHINESE } else { ENGLISH };
    let before =
        app.state::<Spoken>().0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(catalogue);
    // Every page says its language; a menu bar that is set anew can be seen for a moment, in all windows.
    if before == Some(catalogue) {
        return Ok(());
    }
    app.set_menu(build(app, catalogue)?)?;
    let shown = app.state::<Shown>();
    let visible = *shown.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    set_visible(app, visible)
}

/// Shows or hides the menu bar of every window.
pub fn set_visible(app: &AppHandle, visible: bool) -> tauri::Result<()> {
    *app.state::<Shown>().0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = visible;
    app.webview_windows().values().try_for_each(|window| suit(app, window))
}

/// Has a window's menu bar be seen or not, as those of the others.
pub fn suit(app: &AppHandle, window: &WebviewWindow) -> tauri::Result<()> {
    let visible = *app.state::<Shown>().0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match visible {
        _ if cfg!(target_os = "macos") => Ok(()),
        true => window.show_menu(),
        false => window.hide_menu(),
    }
}

/// An item runs in the window that a person uses.
pub fn on_event(app: &AppHandle, event: MenuEvent) {
    let Some(engine) = app.try_state::<Engine>() else { return };
    if let Err(error) = app.emit_to(engine.front_window().0, MENU_EVENT, event.id().as_ref()) {
        tracing::warn!(%error, "the window could not be told of a menu item");
    }
}

fn build(app: &AppHandle, catalogue: &str) -> tauri::Result<Menu<Wry>> {
    let catalogue: Value = serde_json::from_str(catalogue)?;
    let mut bar = MenuBuilder::new(app);
    if cfg!(target_os = "macos") {
        // There, copy, paste and quit reach a web view only through the menu.
        bar = bar.item(
            &SubmenuBuilder::new(app, "Bowline").about(None).separator().services().hide().quit().build()?,
        );
    }
    for (menu, actions) in MENUS {
        let mut submenu = SubmenuBuilder::new(app, text(&catalogue, &format!("menu.{menu}")));
        for action in *actions {
            submenu = match *action {
                "" => submenu.separator(),
                id => {
                    let title = text(&catalogue, &format!("actions.{id}"));
                    submenu.item(&MenuItemBuilder::with_id(id, title).build(app)?)
                }
            };
        }
        if cfg!(target_os = "macos") && *menu == "file" {
            submenu = submenu.separator().copy().paste().select_all();
        }
        bar = bar.item(&submenu.build()?);
    }
    bar.build()
}

/// A message by its path in the catalogue. A missing one shows as its path; a test sees to it that none is.
fn text(catalogue: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(catalogue, |at, key| at.get(key));
    found.and_then(Value::as_str).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_menu_and_item_has_a_text_in_both_languages() {
        for catalogue in [ENGLISH, CHINESE] {
            let catalogue: Value = serde_json::from_str(catalogue).expect("a catalogue");
            for (menu, actions) in MENUS {
                let actions = actions.iter().filter(|id| !id.is_empty()).map(|id| format!("actions.{id}"));
                for path in actions.chain([format!("menu.{menu}")]) {
                    assert_ne!(text(&catalogue, &path), path);
                }
            }
        }
    }
}
