//! More windows than one.

use bowline_core::engine::Engine;
use bowline_core::error::Problem;
use bowline_core::workspace::document::{WorkspaceTab, WorkspaceWindow};
use bowline_core::workspace::windows::WindowId;
use tauri::{AppHandle, LogicalPosition, State, Window};

use crate::ipc::{Declaration, declare};
use crate::unsent::Unsent;
use crate::windows;

/// Opens a window with these tabs, laid out as they were; without a place as large as this one.
#[tauri::command]
pub async fn window_open(
    app: AppHandle,
    engine: State<'_, Engine>,
    window: Window,
    opened: WorkspaceWindow,
) -> Result<(), Problem> {
    Ok(windows::open(&app, &engine, &window, opened)?)
}

/// Another window at a point of the screen, in logical pixels; null where there is none, or where the desktop does not say.
#[tauri::command]
pub async fn window_at(app: AppHandle, window: Window, x: f64, y: f64) -> Result<Option<WindowId>, Problem> {
    Ok(windows::at(&app, &window, LogicalPosition { x, y }))
}

/// Moves tabs to another window, which comes to the front.
#[tauri::command]
pub async fn window_give(
    app: AppHandle,
    engine: State<'_, Engine>,
    to: WindowId,
    tabs: Vec<WorkspaceTab>,
) -> Result<(), Problem> {
    Ok(windows::give(&app, &engine, &to, tabs)?)
}

/// Brings a window to the front.
#[tauri::command]
pub async fn window_show(app: AppHandle, id: WindowId) -> Result<(), Problem> {
    windows::show(&app, &id);
    Ok(())
}

/// Closes this window: its last tab is gone.
#[tauri::command]
pub async fn window_close(window: Window) -> Result<(), Problem> {
    Ok(window.close().map_err(bowline_core::error::Error::internal)?)
}

/// Says whether this page keeps keys that were typed and not sent: then its window is not closed at the first try.
#[tauri::command]
pub async fn window_unsent(unsent: State<'_, Unsent>, window: Window, keeps: bool) -> Result<(), Problem> {
    unsent.set(window.label(), keeps);
    Ok(())
}

/// Ends Bowline with all of its windows; the next start offers what was open in each. Unsent keys hold the first try up.
#[tauri::command]
pub async fn quit(app: AppHandle) -> Result<(), Problem> {
    windows::quit(&app);
    Ok(())
}

/// The commands of this file, for the generated TypeScript.
pub fn declarations(config: &ts_rs::Config) -> Vec<Declaration> {
    vec![
        declare!(config, ["Opens a window with these tabs, laid out as they were; without a place as large as this one."] window_open(opened: WorkspaceWindow) -> ()),
        declare!(config, ["Another window at a point of the screen, in logical pixels; null where there is none, or where the desktop does not say."] window_at(x: f64, y: f64) -> Option<WindowId>),
        declare!(config, ["Moves tabs to another window, which comes to the front."] window_give(to: WindowId, tabs: Vec<WorkspaceTab>) -> ()),
        declare!(config, ["Brings a window to the front."] window_show(id: WindowId) -> ()),
        declare!(config, ["Closes this window: its last tab is gone."] window_close() -> ()),
        declare!(config, ["Says whether this page keeps keys that were typed and not sent: then its window is not closed at the first try."] window_unsent(keeps: bool) -> ()),
        declare!(config, ["Ends Bowline with all of its windows; the next start offers what was open in each. Unsent keys hold the first try up."] quit() -> ()),
    ]
}
