//! Which pages there are. A page that is loaded anew cannot show the terminals of the one before it: their output ends, and
//! they go on without it until another page attaches to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Whether a page is still there. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Alive(Arc<AtomicBool>);

impl Alive {
    pub fn is_alive(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// By the label of their window.
#[derive(Debug, Default)]
pub struct Pages(Mutex<HashMap<String, Alive>>);

impl Pages {
    /// The page that a window shows now.
    pub fn of(&self, label: &str) -> Alive {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.entry(label.to_owned()).or_insert_with(|| Alive(Arc::new(AtomicBool::new(true)))).clone()
    }

    /// A window loads another page.
    pub fn leave(&self, label: &str) {
        if let Some(page) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(label) {
            page.0.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_there_until_its_window_loads_another() {
        let pages = Pages::default();
        let (first, other) = (pages.of("main"), pages.of("second"));
        pages.leave("main");
        assert!(!first.is_alive() && other.is_alive() && pages.of("main").is_alive());
    }
}
