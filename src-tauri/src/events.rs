//! News from the engine to the window.

use bowline_core::engine::Engine;
use bowline_core::engine::view::EngineEvent;
use tauri::webview::{PageLoadEvent, PageLoadPayload};
use tauri::{AppHandle, Emitter, Manager, Webview};
use tokio::sync::broadcast::error::RecvError;

use crate::pages::Pages;
use crate::unsent::Unsent;

/// The Tauri event that carries an [`EngineEvent`].
const ENGINE_EVENT: &str = "engine";

/// Passes news on until the engine ends.
pub fn pass_on(app: AppHandle, engine: &Engine) {
    let (engine, mut news) = (engine.clone(), engine.events());
    tauri::async_runtime::spawn(async move {
        loop {
            match news.recv().await {
                Ok(event) => tell(&app, &event),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the window fell behind and is told everything anew");
                    if let Ok(overview) = engine.overview().await {
                        overview.into_events().iter().for_each(|event| tell(&app, event));
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn tell(app: &AppHandle, event: &EngineEvent) {
    if let Err(error) = app.emit(ENGINE_EVENT, event) {
        tracing::warn!(%error, "the window could not be told");
    }
}

/// A page that starts anew attaches to the terminals of the one before it; they go on meanwhile.
pub fn on_page_load(webview: &Webview, payload: &PageLoadPayload<'_>) {
    if payload.event() == PageLoadEvent::Started {
        webview.state::<Pages>().leave(webview.label());
        webview.state::<Unsent>().set(webview.label(), false);
    }
}
