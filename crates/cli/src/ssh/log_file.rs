//! `-E`: where our own lines go. Those of the program on the host go to standard error all the same.

use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;

use super::words::Order;
use crate::style::Style;

static FILE: OnceLock<File> = OnceLock::new();

/// Opens it, if one was named.
///
/// # Errors
/// One sentence for the person.
pub fn open(order: &Order) -> Result<(), String> {
    let Some(path) = &order.log_file else { return Ok(()) };
    let opened = File::options().append(true).create(true).open(path);
    let file = opened.map_err(|error| format!("-E {}: {error}", path.display()))?;
    let _ = FILE.set(file);
    Ok(())
}

/// Where a line for the person is written to.
pub fn writer() -> Box<dyn Write> {
    match FILE.get() {
        Some(file) => Box::new(file),
        None => Box::new(std::io::stderr()),
    }
}

/// How they may look there.
pub fn style() -> Style {
    if FILE.get().is_some() { Style::plain() } else { Style::of_stderr() }
}
