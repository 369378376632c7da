//! Transcripts and recordings of terminals, and recordings that are played.

use bowline_core::terminal::playback::PlaybackCommand;
use bowline_core::terminal::state::TerminalId;

super::engine_commands! {
    /// Begins or ends a transcript: every byte of the terminal's output, in a file of the capture folder.
    terminal_transcript(id: TerminalId, on: bool) -> ();
    /// Begins or ends a recording in the capture folder.
    terminal_record(id: TerminalId, on: bool) -> ();
    /// Plays, pauses or moves a recording that is open as a terminal.
    playback(id: TerminalId, command: PlaybackCommand) -> ();
    /// Where transcripts and recordings lie.
    capture_folder() -> String;
}
