//! Transcripts and recordings of terminals, recordings that are played, and files that come through a terminal.

use bowline_core::terminal::playback::PlaybackCommand;
use bowline_core::terminal::state::TerminalId;

super::engine_commands! {
    /// Begins or ends a transcript: every byte of the terminal's output, in a file of the capture folder.
    terminal_transcript(id: TerminalId, on: bool) -> ();
    /// Begins or ends a recording in the capture folder.
    terminal_record(id: TerminalId, on: bool) -> ();
    /// Plays, pauses or moves a recording that is open as a terminal.
    playback(id: TerminalId, command: PlaybackCommand) -> ();
    /// Refuses the transfer that the host offers, or ends the one under way.
    transfer_cancel(id: TerminalId) -> ();
    /// Where transcripts and recordings lie.
    capture_folder() -> String;
}
