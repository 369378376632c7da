//! The screen as a picture, for a window that is behind: what can be seen and what decides about keys, drawn over whatever
//! stands there. The scrollback of the window stays as it is, and so does the place where a person reads in it; drawing
//! needs no memory there, as the new lines of a snapshot do. Only a snapshot puts the window's state in order again.

use std::fmt::Write as _;

use super::snapshot::{SNAPSHOT_BYTES, Writer};
use super::{Modes, Screen};

/// Whatever the window is in the middle of: ends it, and what would disturb drawing. Synchronized output would hide it.
const DRAW_PLAINLY: &str =
    "\x18\x1b[?2026l\x1b[r\x1b[?6l\x1b[?7l\x1b[4l\x1b[20l\x1b(B\x0f\x1b[0m\x1b[0\"q\x1b]8;;\x1b\\";
const NO_MOUSE: &str = "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1016l";

impl Screen {
    /// The bytes; see above. Output must not follow them, only another glimpse or a snapshot.
    pub fn glimpse(&self) -> Vec<u8> {
        let mut writer = Writer::new(&self.extras, self.cols, SNAPSHOT_BYTES);
        writer.out.push_str(DRAW_PLAINLY);
        writer.out.push_str(if self.on_alternate { "\x1b[?1047h" } else { "\x1b[?1047l" });
        // Of the page that is shown now, too.
        writer.out.push_str("\x1b[r");
        let shown = self.shown();
        for (y, row) in shown.rows.iter().enumerate() {
            writer.pen_off();
            let _ = write!(writer.out, "\x1b[{}H\x1b[2K", y + 1);
            writer.begin_lines();
            writer.line(row.used(), false, &[]);
        }
        writer.pen_off();
        let out = &mut writer.out;
        let Modes {
            application_cursor, application_keypad, bracketed_paste, focus_events, cursor_style, ..
        } = self.modes;
        for (mode, on) in [
            (1, application_cursor),
            (66, application_keypad),
            (2004, bracketed_paste),
            (1004, focus_events),
            (25, !self.cursor_hidden),
        ] {
            let _ = write!(out, "\x1b[?{mode}{}", if on { 'h' } else { 'l' });
        }
        out.push_str(NO_MOUSE);
        self.write_mouse(out);
        // The blinking alone leaves the shape that was there.
        let _ = write!(out, "\x1b[0 q\x1b[{cursor_style} q");
        if let Some(title) = &self.title {
            let _ = write!(out, "\x1b]2;{title}\x1b\\");
        }
        let _ = write!(out, "\x1b[{};{}H", shown.y + 1, shown.x.min(self.cols - 1) + 1);
        writer.out.into_bytes()
    }
}
