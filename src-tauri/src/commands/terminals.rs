//! Terminals, apart from their bytes (`terminal_stream.rs`).

use bowline_core::terminal::seam::SeamWords;
use bowline_core::terminal::state::{TerminalId, TerminalSize};
use bowline_core::terminal::triggers::TriggerRule;

super::engine_commands! {
    /// Gives back credit: bytes that xterm.js has parsed (from its write callback).
    terminal_ack(id: TerminalId, bytes: u32) -> ();
    terminal_resize(id: TerminalId, size: TerminalSize) -> ();
    /// Nobody looks at the terminal any more; it goes on. An attachment that was replaced meanwhile is gone already.
    terminal_detach(id: TerminalId, attachment: u32) -> ();
    /// Opens another shell below what the one that ended showed.
    terminal_reopen(id: TerminalId) -> ();
    /// Forgets what is above the line with the cursor, as xterm.js does by itself.
    terminal_clear(id: TerminalId) -> ();
    /// Takes back modes, colours and the like that a program has left behind; what is on the screen stays.
    terminal_reset(id: TerminalId) -> ();
    /// How many lines every terminal keeps above its screen, now and from now on.
    terminal_scrollback(lines: u32) -> ();
    /// Whether the window draws pictures, and programs that ask are told so.
    terminal_pictures(shown: bool) -> ();
    /// What is looked for in the new lines of every terminal, now and from now on.
    trigger_rules(rules: Vec<TriggerRule>) -> ();
    /// Whether a pattern can be looked for; `exact`: by the case of its letters too.
    trigger_check(pattern: String, exact: bool) -> ();
    /// What the line between a lost shell and the next one says, in the person's language.
    terminal_words(words: SeamWords) -> ();
    /// Ends the terminal, its channel and the session of tmux or screen that it lives in, and forgets what it showed.
    terminal_close(id: TerminalId) -> ();
}
