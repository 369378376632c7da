//! The shell: it gives the engine a window, and the window the engine. Nothing is decided here.

use std::process::ExitCode;

use bowline_core::engine::{Engine, EngineConfig};
use bowline_core::pool::IdleExpiry;
use tauri::{AppHandle, Manager, RunEvent, WebviewWindowBuilder};

mod builtin;
mod commands;
mod events;
mod fonts;
pub mod ipc;
mod logging;
mod menu;
mod notification;
mod pages;
mod rendering;
mod screen_reader;
mod terminal_stream;

/// The label of the one window, in tauri.conf.json and in the capabilities.
const MAIN_WINDOW: &str = "main";

/// Runs the app until its window is closed.
pub fn run() -> ExitCode {
    logging::start();
    let app = tauri::Builder::default()
        // First of all: a second start must not touch any file of the first.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| show(app)))
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_window_state::Builder::new().build())
        .manage(pages::Pages::default())
        .invoke_handler(commands::handler())
        .on_page_load(events::on_page_load)
        .on_menu_event(menu::on_event)
        .setup(|app| start(app.handle()))
        .build(tauri::generate_context!());
    let app = match app {
        Ok(app) => app,
        Err(error) => return fail(&error.to_string()),
    };
    app.run(|app, event| {
        if let RunEvent::Exit = event
            && let Some(engine) = app.try_state::<Engine>()
        {
            tauri::async_runtime::block_on(engine.shut_down());
        }
    });
    ExitCode::SUCCESS
}

/// Starts the engine, then the window: its first question finds an answer.
fn start(app: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    let data_dir = app.path().app_data_dir()?;
    let config = EngineConfig {
        builtin: std::sync::Arc::new(builtin::DemoBuiltin::new(data_dir.join("built-in host"))),
        agent_socket: None,
        ssh_dir: app.path().home_dir()?.join(".ssh"),
        system_config: Some(bowline_core::host::ssh_config::local::Local::here().system_config()),
        data_dir,
        idle_expiry: IdleExpiry::default(),
    };
    let engine = tauri::async_runtime::block_on(Engine::start(config))?;
    events::pass_on(app.clone(), &engine);
    app.manage(engine);
    let window = app.config().app.windows.iter().find(|window| window.label == MAIN_WINDOW);
    let window = window.ok_or("tauri.conf.json has no main window")?;
    let window = WebviewWindowBuilder::from_config(app, window)?
        // A link, a dropped file or a script never replaces Bowline's own page.
        .on_navigation(|url| {
            matches!(url.scheme(), "tauri")
                || url.host_str() == Some("tauri.localhost")
                || cfg!(debug_assertions) && url.port() == Some(1420)
        })
        .build()?;
    rendering::suit(&window)?;
    menu::attach(app, &window)?;
    Ok(())
}

/// Brings the window to the front, for a second start.
fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN_WINDOW) {
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

/// Tells a person who has no window yet why there will be none.
fn fail(cause: &str) -> ExitCode {
    tracing::error!(%cause, "Bowline did not start");
    rfd::MessageDialog::new()
        .set_level(rfd::MessageLevel::Error)
        .set_title("Bowline did not start")
        .set_description(cause)
        .show();
    ExitCode::FAILURE
}
