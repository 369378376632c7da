//! Terminal bytes between engine and window: raw bodies both ways, never JSON.

use bowline_core::engine::Engine;
use bowline_core::error::{Error, Problem};
use bowline_core::host::HostId;
use bowline_core::terminal::gone;
use bowline_core::terminal::state::{TerminalId, TerminalSize};
use bowline_core::terminal::view::{Output, WindowGone};
use bytes::Bytes;
use tauri::State;
use tauri::ipc::{Channel, InvokeBody, InvokeResponseBody, Request};

/// The header that says which terminal the typed bytes are for.
const TERMINAL_HEADER: &str = "terminal";

/// A channel to the page. It has no backpressure of its own: the engine's credit bounds what is under way.
struct Page(Channel<InvokeResponseBody>);

impl Output for Page {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.send(InvokeResponseBody::Raw(chunk.into())).map_err(|_| WindowGone)
    }
}

#[tauri::command]
pub async fn terminal_open(
    engine: State<'_, Engine>,
    host: HostId,
    size: TerminalSize,
    output: Channel<InvokeResponseBody>,
) -> Result<TerminalId, Problem> {
    Ok(engine.terminal_open(host, size, Box::new(Page(output))).await?)
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
