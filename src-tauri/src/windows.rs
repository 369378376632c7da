//! The windows of the desktop. What lies in which is the engine's (`bowline_core::workspace::windows`); here they are opened,
//! brought to the front and noticed when they close.

use std::time::Instant;

use bowline_core::engine::Engine;
use bowline_core::error::{Error, Result};
use bowline_core::workspace::document::{Place, WorkspaceTab, WorkspaceWindow};
use bowline_core::workspace::windows::WindowId;
use tauri::utils::config::WindowConfig;
use tauri::{
    AppHandle, Emitter, LogicalPosition, LogicalSize, Manager, Runtime, WebviewWindow, WebviewWindowBuilder,
    Window, WindowEvent,
};

use crate::pages::Pages;
use crate::unsent::Unsent;
use crate::{MAIN_WINDOW, menu};

/// So much of a window has to lie on a screen, or nobody could take hold of it.
const GRIP_PX: i32 = 80;
/// Tells a page that a person wanted to close its window, and that it keeps what was not sent.
const KEPT_OPEN_EVENT: &str = "kept-open";

/// Builds the window that there is at the start.
pub fn open_main(app: &AppHandle) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let window = build(app, main_config(app)?)?;
    menu::attach(app, &window)?;
    Ok(())
}

/// Opens another window and puts tabs into it; without a place as large as the one they come from.
///
/// # Errors
/// [`bowline_core::error::ErrorCode::WindowLimit`] when there are too many, and `Internal` when the system opens none: the tabs stay
/// where they are, and those that are nowhere yet come to the window that asked.
pub fn open(app: &AppHandle, engine: &Engine, from: &Window, opened: WorkspaceWindow) -> Result<()> {
    let tabs = opened.tabs.clone();
    let result = try_open(app, engine, from, opened);
    if result.is_err() {
        let _ = engine.window_give(&WindowId(from.label().to_owned()), tabs);
    }
    result
}

fn try_open(app: &AppHandle, engine: &Engine, from: &Window, opened: WorkspaceWindow) -> Result<()> {
    let place = opened.place;
    let id = engine.window_opened(opened)?;
    let built = configured(app, from, &id, place).and_then(|config| build(app, config));
    let window = built.map_err(|error| {
        engine.window_closed(&id);
        Error::internal(error)
    })?;
    // From here on it is open, whatever else fails.
    if let Err(error) = menu::suit(app, &window).and_then(|()| window.set_focus()) {
        tracing::warn!(%error, "a window was opened and is not as it should be");
    }
    Ok(())
}

/// Puts tabs into a window that is open, and shows it.
///
/// # Errors
/// [`bowline_core::error::ErrorCode::Internal`] when it is not open any more.
pub fn give(app: &AppHandle, engine: &Engine, to: &WindowId, tabs: Vec<WorkspaceTab>) -> Result<()> {
    engine.window_give(to, tabs)?;
    show(app, to);
    Ok(())
}

/// Another window of ours at a point of the screen. Of several that lie there nobody says which is above: any will do. Nothing
/// where the desktop keeps to itself where windows are.
pub fn at(app: &AppHandle, from: &Window, at: LogicalPosition<f64>) -> Option<WindowId> {
    let lies_there = |window: &WebviewWindow| -> tauri::Result<bool> {
        let scale = window.scale_factor()?;
        let corner: LogicalPosition<f64> = window.outer_position()?.to_logical(scale);
        let size: LogicalSize<f64> = window.outer_size()?.to_logical(scale);
        let is_seen = window.is_visible()? && !window.is_minimized()?;
        let (x, y) = (at.x - corner.x, at.y - corner.y);
        Ok(is_seen && (0.0..size.width).contains(&x) && (0.0..size.height).contains(&y))
    };
    let others = app.webview_windows().into_values().filter(|window| window.label() != from.label());
    let mut others = others.filter(|_| tells_places());
    let found = others.find(|window| lies_there(window).unwrap_or(false))?;
    Some(WindowId(found.label().to_owned()))
}

/// Wayland tells no program where its windows are; GDK then says that all of them are in the corner.
fn tells_places() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let asks_for_x11 = std::env::var("GDK_BACKEND").is_ok_and(|backends| backends.starts_with("x11"));
    cfg!(not(target_os = "linux")) || asks_for_x11 || !is_set("WAYLAND_DISPLAY")
}

/// Brings a window to the front.
pub fn show(app: &AppHandle, id: &WindowId) {
    if let Some(window) = app.get_webview_window(&id.0) {
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

/// Ends Bowline. Windows whose pages keep what was not sent hold the first try up, and one of them is shown.
pub fn quit(app: &AppHandle) {
    let kept_open = app.state::<Unsent>().in_the_way(Instant::now());
    for label in &kept_open {
        let _ = app.emit_to(label.as_str(), KEPT_OPEN_EVENT, ());
    }
    match kept_open.into_iter().next() {
        Some(label) => show(app, &WindowId(label)),
        None => app.exit(0),
    }
}

/// Tells the engine which window a person uses, and which one is gone.
pub fn on_event<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    let Some(engine) = window.try_state::<Engine>() else { return };
    let id = WindowId(window.label().to_owned());
    match event {
        WindowEvent::Focused(true) => engine.window_focused(&id),
        WindowEvent::CloseRequested { api, .. } => {
            if window.state::<Unsent>().may_close(window.label(), Instant::now()) {
                return;
            }
            api.prevent_close();
            // A page that is dead says nothing, and the next try closes it.
            let _ = window.emit_to(window.label(), KEPT_OPEN_EVENT, ());
        }
        WindowEvent::Destroyed => {
            window.state::<Pages>().leave(window.label());
            window.state::<Unsent>().set(window.label(), false);
            engine.window_closed(&id);
        }
        _ => {}
    }
}

fn main_config(app: &AppHandle) -> std::result::Result<WindowConfig, &'static str> {
    let windows = &app.config().app.windows;
    let main = windows.iter().find(|window| window.label == MAIN_WINDOW);
    main.cloned().ok_or("tauri.conf.json has no main window")
}

fn configured(
    app: &AppHandle,
    from: &Window,
    id: &WindowId,
    place: Option<Place>,
) -> std::result::Result<WindowConfig, Box<dyn std::error::Error>> {
    let mut config = main_config(app)?;
    config.label.clone_from(&id.0);
    let size = size_of(from)?;
    (config.width, config.height) = (f64::from(size.width), f64::from(size.height));
    let Some(place) = place else { return Ok(config) };
    let least = |value: Option<f64>| value.unwrap_or_default();
    config.width = f64::from(place.width).max(least(config.min_width));
    config.height = f64::from(place.height).max(least(config.min_height));
    if is_on_a_screen(app, place) {
        (config.x, config.y) = (Some(f64::from(place.x)), Some(f64::from(place.y)));
    }
    Ok(config)
}

fn build(
    app: &AppHandle,
    config: WindowConfig,
) -> std::result::Result<WebviewWindow, Box<dyn std::error::Error>> {
    let window = WebviewWindowBuilder::from_config(app, &config)?
        // A link, a dropped file or a script never replaces Bowline's own page.
        .on_navigation(|url| {
            matches!(url.scheme(), "tauri")
                || url.host_str() == Some("tauri.localhost")
                || cfg!(debug_assertions) && url.port() == Some(1420)
        })
        .build()?;
    #[cfg(target_os = "linux")]
    crate::drag_out::follow(&window)?;
    Ok(window)
}

fn size_of(window: &Window) -> tauri::Result<LogicalSize<u32>> {
    Ok(window.inner_size()?.to_logical(window.scale_factor()?))
}

/// Whether enough of it is on a screen that is there: it may have been kept when another one was.
fn is_on_a_screen(app: &AppHandle, place: Place) -> bool {
    let screens = app.available_monitors().unwrap_or_default();
    screens.iter().any(|screen| {
        let scale = screen.scale_factor();
        let corner: LogicalPosition<f64> = screen.position().to_logical(scale);
        let size: LogicalSize<f64> = screen.size().to_logical(scale);
        let (left, top) = (whole(corner.x), whole(corner.y));
        let (right, bottom) = (left + whole(size.width), top + whole(size.height));
        let width = i32::try_from(place.width).unwrap_or(i32::MAX);
        let overlap = right.min(place.x.saturating_add(width)) - left.max(place.x);
        overlap >= GRIP_PX && place.y >= top && place.y <= bottom - GRIP_PX
    })
}

/// A saturating cast: no screen is that large.
#[expect(clippy::cast_possible_truncation, reason = "it saturates, and no screen is that large")]
fn whole(pixels: f64) -> i32 {
    pixels.round() as i32
}
