//! Work on many files that takes its time: how far it is, what went wrong, and that a person may stop it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

use crate::error::{Error, Problem, Result};

/// Failures that are told one by one; the others are counted.
const PROBLEMS_MAX: usize = 100;
/// Works at once, of all windows.
const WORKS_MAX: usize = 64;

/// One file that it did not work for; the others went on.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct WorkProblem {
    /// To be shown.
    pub path: String,
    pub problem: Problem,
}

/// How far it is, and at the end what became of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkView {
    /// Files and folders that are done.
    pub done: u32,
    /// The path that it is at, to be shown.
    pub current: String,
    /// The first 100 of them.
    pub problems: Vec<WorkProblem>,
    pub problem_count: u32,
    /// A person stopped it; what was done by then stays done.
    pub cancelled: bool,
}

/// One piece of work. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Work {
    view: Arc<Mutex<WorkView>>,
    cancelled: CancellationToken,
}

impl Work {
    pub fn done(&self) {
        self.lock().done += 1;
    }

    pub fn at(&self, path: impl ToString) {
        self.lock().current = path.to_string();
    }

    pub fn failed(&self, path: impl ToString, error: &Error) {
        let mut view = self.lock();
        view.problem_count = view.problem_count.saturating_add(1);
        if view.problems.len() < PROBLEMS_MAX {
            let problem = WorkProblem { path: path.to_string(), problem: error.problem() };
            view.problems.push(problem);
        }
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    pub fn cancel(&self) {
        self.cancelled.cancel();
        self.lock().cancelled = true;
    }

    pub fn view(&self) -> WorkView {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, WorkView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The works that run, by the names that the windows gave them. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Works {
    running: Arc<Mutex<HashMap<String, Work>>>,
}

impl Works {
    /// Begins one, which is found by its name for as long as what is returned lives.
    ///
    /// # Errors
    /// The name is in use, or too many run: nobody works on so much by hand.
    pub fn begin(&self, name: &str) -> Result<Running> {
        let mut running = self.lock();
        if running.len() >= WORKS_MAX || running.contains_key(name) {
            return Err(Error::internal("too much work on files at once, or a name given twice"));
        }
        let work = Work::default();
        running.insert(name.to_owned(), work.clone());
        Ok(Running { works: self.clone(), name: name.to_owned(), work })
    }

    pub fn find(&self, name: &str) -> Option<Work> {
        self.lock().get(name).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Work>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub struct Running {
    works: Works,
    name: String,
    pub work: Work,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.works.lock().remove(&self.name);
    }
}
