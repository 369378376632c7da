//! The steps from a host to a shell, told one by one as they are taken.

use std::time::Instant;

use serde::Serialize;
use ts_rs::TS;

use crate::error::{Error, Problem, Result};

/// The steps from a host to a shell, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum TestStep {
    Resolve,
    Connect,
    HostKey,
    Authenticate,
    Shell,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum TestOutcome {
    Started,
    /// `detail` is data, not prose: the addresses found, the fingerprint, the method that worked.
    Passed {
        detail: String,
        ms: f64,
    },
    Failed {
        problem: Problem,
        ms: f64,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct TestProgress {
    pub step: TestStep,
    #[serde(flatten)]
    pub outcome: TestOutcome,
}

impl TestProgress {
    /// A step that failed before it began.
    pub fn failed(step: TestStep, error: &Error) -> Self {
        Self { step, outcome: TestOutcome::Failed { problem: Problem::from(error), ms: 0.0 } }
    }
}

/// Told of every step, in order.
pub type Progress<'a> = &'a (dyn Fn(TestProgress) + Send + Sync);

/// Runs one step and tells of its start and its end; `detail` says in data what came out.
///
/// # Errors
/// Those of the step.
pub async fn step<T>(
    progress: Progress<'_>,
    step: TestStep,
    work: impl Future<Output = Result<T>>,
    detail: impl FnOnce(&T) -> String,
) -> Result<T> {
    progress(TestProgress { step, outcome: TestOutcome::Started });
    let started = Instant::now();
    let result = work.await;
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    let outcome = match &result {
        Ok(value) => TestOutcome::Passed { detail: detail(value), ms },
        Err(error) => TestOutcome::Failed { problem: Problem::from(error), ms },
    };
    progress(TestProgress { step, outcome });
    result
}
