//! Terminals, apart from their bytes (`terminal_stream.rs`).

use bowline_core::terminal::state::{TerminalId, TerminalSize};

super::engine_commands! {
    /// Gives back credit: bytes that xterm.js has parsed (from its write callback).
    terminal_ack(id: TerminalId, bytes: u32) -> ();
    terminal_resize(id: TerminalId, size: TerminalSize) -> ();
    /// Ends the terminal and its channel.
    terminal_close(id: TerminalId) -> ();
}
