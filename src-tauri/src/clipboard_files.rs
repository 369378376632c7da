//! Files on the clipboard of the desktop, for other programs to paste.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arboard::Clipboard;
use bowline_core::error::{Error, Result};

/// Whoever puts something on the clipboard of X11 or Wayland has to stay to hand it out.
#[derive(Default)]
pub struct ClipboardFiles(Mutex<Option<Clipboard>>);

impl std::fmt::Debug for ClipboardFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClipboardFiles")
    }
}

impl ClipboardFiles {
    /// Puts files there, in place of what was there before.
    ///
    /// # Errors
    /// [`bowline_core::error::ErrorCode::Internal`] when the desktop takes none.
    pub fn put(&self, paths: &[PathBuf]) -> Result<()> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut clipboard = match kept.take() {
            Some(clipboard) => clipboard,
            None => Clipboard::new().map_err(Error::internal)?,
        };
        clipboard.set().file_list(paths).map_err(Error::internal)?;
        *kept = Some(clipboard);
        Ok(())
    }
}
