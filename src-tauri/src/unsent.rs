//! Windows whose page keeps keys that were typed while a connection was away: nothing else has seen them. Such a window is not
//! closed at the first try; at the second it is, also when its page says nothing any more. The same holds for all of them when
//! Bowline is to end, and for the first window while pipes or commands run, which end with Bowline.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Long enough to read why the window is still there. Whoever closes it again in that time means it.
const MEANT_WITHIN: Duration = Duration::from_secs(15);

/// By the label of the window: when it was tried last to close it.
#[derive(Debug, Default)]
pub struct Unsent(Mutex<HashMap<String, Option<Instant>>>);

impl Unsent {
    /// What the page of a window says, or that it is gone.
    pub fn set(&self, label: &str, keeps: bool) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keeps {
            windows.entry(label.to_owned()).or_default();
        } else {
            windows.remove(label);
        }
    }

    /// Whether a window that a person closes may go now.
    pub fn may_close(&self, label: &str, now: Instant) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.get_mut(label).is_none_or(|tried| try_again(tried, now))
    }

    /// The windows that may not go now when a person quits. Each of them was tried then.
    pub fn in_the_way(&self, now: Instant) -> Vec<String> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stays =
            |(label, tried): (&String, &mut Option<Instant>)| (!try_again(tried, now)).then(|| label.clone());
        let mut in_the_way: Vec<String> = windows.iter_mut().filter_map(stays).collect();
        in_the_way.sort();
        in_the_way
    }
}

/// Whether a try to close a window is one that is meant.
fn try_again(tried: &mut Option<Instant>, now: Instant) -> bool {
    let before = tried.replace(now);
    before.is_some_and(|before| now.saturating_duration_since(before) <= MEANT_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_with_unsent_keys_closes_at_the_second_try_if_that_comes_soon() {
        let (unsent, start) = (Unsent::default(), Instant::now());
        assert!(unsent.may_close("main", start));
        unsent.set("main", true);
        assert!(unsent.may_close("other", start));
        assert!(!unsent.may_close("main", start));
        let late = start + MEANT_WITHIN + Duration::from_secs(1);
        assert!(!unsent.may_close("main", late), "the first try is forgotten");
        // What the page says again changes nothing.
        unsent.set("main", true);
        assert!(unsent.may_close("main", late + Duration::from_secs(1)));
        unsent.set("main", false);
        assert!(unsent.may_close("main", late));
    }

    #[test]
    fn bowline_ends_at_the_second_try_if_any_window_has_unsent_keys() {
        let (unsent, start) = (Unsent::default(), Instant::now());
        assert!(unsent.in_the_way(start).is_empty());
        unsent.set("window-2", true);
        unsent.set("main", true);
        assert_eq!(unsent.in_the_way(start), ["main", "window-2"]);
        unsent.set("window-3", true);
        assert_eq!(unsent.in_the_way(start), ["window-3"], "that one was not tried yet");
        assert!(unsent.in_the_way(start).is_empty());
        let late = start + MEANT_WITHIN + Duration::from_secs(1);
        assert_eq!(unsent.in_the_way(late).len(), 3);
    }
}
