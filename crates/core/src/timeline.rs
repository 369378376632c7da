//! What happened to the connections, in order: every change of state with its cause and how long the one before lasted.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use ts_rs::TS;

use crate::clock;
use crate::connection::cause::Cause;
use crate::error::{Error, ErrorCode, Problem, Result};
use crate::host::HostId;

/// Entries that are kept; the oldest goes first. A host that flaps every second fills it in half an hour.
const ENTRIES_MAX: usize = 2000;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum TimelineEvent {
    Dialing {
        attempt: u32,
    },
    /// The connection is up; `attempt` says at which try.
    Up {
        attempt: u32,
    },
    /// Nothing was heard though data was due.
    Suspect,
    /// It was heard again, after doubt.
    Heard,
    Down {
        cause: Cause,
        problem: Problem,
        /// Milliseconds until the next try; none if nobody waits for it.
        retry_in_ms: Option<f64>,
    },
    Tripped {
        cause: Cause,
        problem: Problem,
        retry_in_ms: f64,
    },
    Halted {
        cause: Cause,
        problem: Problem,
    },
    /// Nobody used it any more, or the person ended it.
    Closed,
    /// A further connection for more sessions.
    LaneOpened {
        lanes: u32,
    },
    LaneClosed {
        lanes: u32,
    },
    /// The person asked for a try at once.
    RetryAsked,
    /// The person stopped waiting.
    GivenUp,
    /// The machine slept; every connection is asked for a sign of life at once.
    Woke {
        slept_ms: f64,
    },
    /// Addresses of this machine came or went; whoever waits tries at once.
    NetworkChanged,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// Counts from 1 while the app runs.
    pub number: u32,
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    /// None for what concerns the whole machine.
    pub host_id: Option<HostId>,
    /// How long the state before lasted, in milliseconds.
    pub lasted_ms: Option<f64>,
    #[serde(flatten)]
    pub what: TimelineEvent,
}

/// What every connection went through since the start. Clones share it.
#[derive(Clone)]
pub struct Timeline {
    kept: Arc<Mutex<Kept>>,
    tell: Arc<dyn Fn(TimelineEntry) + Send + Sync>,
}

#[derive(Default)]
struct Kept {
    last: u32,
    entries: VecDeque<TimelineEntry>,
}

impl std::fmt::Debug for Timeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timeline").finish_non_exhaustive()
    }
}

impl Timeline {
    /// `tell` hears of every new entry.
    pub fn new(tell: Arc<dyn Fn(TimelineEntry) + Send + Sync>) -> Self {
        Self { kept: Arc::default(), tell }
    }

    /// Notes what happened just now.
    pub fn note(&self, host_id: Option<&HostId>, lasted: Option<Duration>, what: TimelineEvent) {
        let entry = {
            let mut kept = self.lock();
            kept.last += 1;
            let entry = TimelineEntry {
                number: kept.last,
                at_ms: clock::now_ms(),
                host_id: host_id.cloned(),
                lasted_ms: lasted.map(clock::ms),
                what,
            };
            if kept.entries.len() == ENTRIES_MAX {
                kept.entries.pop_front();
            }
            kept.entries.push_back(entry.clone());
            entry
        };
        (self.tell)(entry);
    }

    /// Everything that is kept, oldest first.
    pub fn entries(&self) -> Vec<TimelineEntry> {
        self.lock().entries.iter().cloned().collect()
    }

    /// Writes what is kept as JSON Lines, oldest first.
    ///
    /// # Errors
    /// [`ErrorCode::ExportFailed`].
    pub async fn save(&self, path: &Path) -> Result<()> {
        let mut lines = String::new();
        for entry in self.entries() {
            lines.push_str(&serde_json::to_string(&entry).map_err(Error::internal)?);
            lines.push('\n');
        }
        tokio::fs::write(path, lines).await.map_err(|cause| {
            let path = path.to_string_lossy().into_owned();
            Error::new(
                ErrorCode::ExportFailed,
                format!("The timeline could not be written to {path}: {cause}. Choose another place."),
            )
            .with("path", path)
            .with("cause", cause.to_string())
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        Timeline::new(Arc::new(|_| {}))
    }

    #[test]
    fn the_oldest_entry_goes_when_it_is_full() {
        let timeline = timeline();
        for _ in 0..=ENTRIES_MAX {
            timeline.note(None, None, TimelineEvent::NetworkChanged);
        }
        let entries = timeline.entries();
        assert_eq!((entries.len(), entries[0].number), (ENTRIES_MAX, 2));
    }

    #[tokio::test]
    async fn it_is_saved_as_one_json_object_in_each_line() {
        let timeline = timeline();
        timeline.note(None, None, TimelineEvent::Dialing { attempt: 1 });
        timeline.note(None, Some(Duration::from_millis(20)), TimelineEvent::Up { attempt: 1 });
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("timeline.jsonl");
        timeline.save(&path).await.expect("saved");
        let text = std::fs::read_to_string(&path).expect("written");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[1]["event"], &lines[1]["lastedMs"]), (&"up".into(), &20.0.into()));
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = timeline().save(&folder.path().join("no/such/folder")).await.expect_err("refused");
        assert_eq!(error.code, ErrorCode::ExportFailed);
        assert!(error.to_string().contains("no/such/folder"), "{error}");
    }
}
