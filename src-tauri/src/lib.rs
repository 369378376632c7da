//! The shell: it gives the engine a window, and the window the engine. Nothing is decided here.

use std::process::ExitCode;

use bowline_core::engine::{Engine, EngineConfig};
use bowline_core::pool::IdleExpiry;
use tauri::{AppHandle, Manager, RunEvent};

mod builtin;
mod clipboard_files;
mod commands;
#[cfg(target_os = "linux")]
mod drag_out;
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
mod unsent;
mod windows;

/// The label of the window that there is at the start, in tauri.conf.json and in the capabilities.
const MAIN_WINDOW: &str = "main";

/// Runs the app until its last window is closed.
pub fn run() -> ExitCode {
    logging::start();
    rendering::suit();
    let app = tauri::Builder::default()
        // First of all: a second start must not touch any file of the first.
        .plugin(tauri_plugin_single_instance::init(|app, words, _| asked_again(app, words)))
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_clipboard_manager::init())
        // The place of others is kept with their tabs.
        .plugin(tauri_plugin_window_state::Builder::new().with_filter(|label| label == MAIN_WINDOW).build())
        .manage(pages::Pages::default())
        .manage(unsent::Unsent::default())
        .manage(clipboard_files::ClipboardFiles::default())
        .invoke_handler(commands::handler())
        .on_page_load(events::on_page_load)
        .on_window_event(windows::on_event)
        .on_menu_event(menu::on_event)
        .setup(|app| start(app.handle()))
        .build(tauri::generate_context!());
    let app = match app {
        Ok(app) => app,
        Err(error) => return fail(&error.to_string()),
    };
    app.run(|app, event| {
        let Some(engine) = app.try_state::<Engine>() else { return };
        // There a link comes as an event, and never as an argument.
        #[cfg(target_os = "macos")]
        if let RunEvent::Opened { urls } = &event {
            for url in urls {
                tauri::async_runtime::block_on(engine.open_asked(vec![url.to_string()]));
            }
        }
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(engine.shut_down());
        }
    });
    ExitCode::SUCCESS
}

/// Starts the engine, then the window: its first question finds an answer.
fn start(app: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    let data_dir = app.path().app_data_dir()?;
    let lent_from = data_dir.clone();
    let config = EngineConfig {
        builtin: std::sync::Arc::new(builtin::DemoBuiltin::new(app.path().home_dir()?)),
        agent_socket: None,
        ssh_dir: app.path().home_dir()?.join(".ssh"),
        system_config: Some(bowline_core::host::ssh_config::local::Local::here().system_config()),
        data_dir,
        idle_expiry: IdleExpiry::default(),
    };
    let engine = tauri::async_runtime::block_on(Engine::start(config))?;
    #[cfg(unix)]
    tauri::async_runtime::block_on(engine.lend(&lent_from));
    events::pass_on(app.clone(), &engine);
    // What cannot be text is neither a link nor the name of a host.
    let words = std::env::args_os().skip(1).filter_map(|word| word.into_string().ok()).collect();
    tauri::async_runtime::block_on(engine.open_asked(words));
    app.manage(engine);
    windows::open_main(app)
}

/// A second start: it hands over what it was asked for, and the window that was used last comes to the front.
fn asked_again(app: &AppHandle, words: Vec<String>) {
    let Some(engine) = app.try_state::<Engine>() else { return };
    windows::show(app, &engine.front_window());
    let engine = engine.inner().clone();
    tauri::async_runtime::spawn(async move { engine.open_asked(words.into_iter().skip(1).collect()).await });
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
