//! Where the person types. What floods in another terminal is drawn less often meanwhile: a window that draws one screen of
//! it is late with the key.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::state::TerminalId;

/// A pause between two words is still typing.
const STILL_TYPING: Duration = Duration::from_secs(1);

/// The last key of all terminals.
#[derive(Debug, Clone, Default)]
pub struct Typing(Arc<Mutex<Option<(TerminalId, Instant)>>>);

/// The same, as one of the terminals looks at it.
#[derive(Debug, Clone)]
pub struct TypingElsewhere {
    typing: Typing,
    own: TerminalId,
}

impl Typing {
    /// A key was pressed in a terminal.
    pub fn note(&self, id: TerminalId) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, Instant::now()));
    }

    pub fn elsewhere(&self, own: TerminalId) -> TypingElsewhere {
        TypingElsewhere { typing: self.clone(), own }
    }
}

impl TypingElsewhere {
    /// Whether the person types in another terminal than this one.
    pub fn is_going_on(&self) -> bool {
        let last = *self.typing.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|(id, at)| id != self.own && at.elapsed() < STILL_TYPING)
    }
}
