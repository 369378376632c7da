//! Terminal bytes between engine and window: raw bodies both ways, never JSON.

use bowline_core::engine::Engine;
use bowline_core::error::{Error, Problem};
use bowline_core::host::HostId;
use bowline_core::terminal::gone;
use bowline_core::terminal::state::{TerminalId, TerminalSize};
use bowline_core::terminal::view::{Attachment, Output, WindowGone};
use bowline_core::workspace::windows::WindowId;
use bytes::Bytes;
use tauri::ipc::{Channel, InvokeBody, InvokeResponseBody, Request};
use tauri::{State, Webview};

use crate::pages::{Alive, Pages};

/// The header that says which terminal the typed bytes are for.
const TERMINAL_HEADER: &str = "terminal";

/// A channel to the page. It has no backpressure of its own: the engine's credit bounds what is under way.
struct Page(Channel<InvokeResponseBody>, Alive);

impl Output for Page {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        // What a channel is sent for a page that is gone would lie there for ever.
        if !self.1.is_alive() {
            return Err(WindowGone);
        }
        self.0.send(InvokeResponseBody::Raw(chunk.into())).map_err(|_| WindowGone)
    }
}

fn page(webview: &Webview, pages: &Pages, output: Channel<InvokeResponseBody>) -> Box<dyn Output> {
    Box::new(Page(output, pages.of(webview.label())))
}

/// The window that a page is in.
fn own(webview: &Webview) -> WindowId {
    WindowId(webview.label().to_owned())
}

#[tauri::command]
pub async fn terminal_open(
    engine: State<'_, Engine>,
    pages: State<'_, Pages>,
    webview: Webview,
    host: HostId,
    size: TerminalSize,
    output: Channel<InvokeResponseBody>,
) -> Result<TerminalId, Problem> {
    Ok(engine.terminal_open_in(&own(&webview), host, size, page(&webview, &pages, output)).await?)
}

#[tauri::command]
pub async fn terminal_attach(
    engine: State<'_, Engine>,
    pages: State<'_, Pages>,
    webview: Webview,
    id: TerminalId,
    size: Option<TerminalSize>,
    output: Channel<InvokeResponseBody>,
) -> Result<Attachment, Problem> {
    Ok(engine.terminal_attach_in(&own(&webview), id, size, page(&webview, &pages, output)).await?)
}

#[tauri::command]
pub async fn terminal_write(engine: State<'_, Engine>, request: Request<'_>) -> Result<(), Problem> {
    let (id, bytes) = typed(&request)?;
    Ok(engine.terminal_write(id, bytes).await?)
}

fn typed(request: &Request<'_>) -> Result<(TerminalId, Bytes), Error> {
    let id = request.headers().get(TERMINAL_HEADER).and_then(|id| id.to_str().ok()?.parse().ok());
    match request.body() {
        InvokeBody::Raw(bytes) => Ok((TerminalId(id.ok_or_else(gone)?), Bytes::from(bytes.clone()))),
        InvokeBody::Json(_) => Err(Error::internal("typed bytes came as JSON")),
    }
}
