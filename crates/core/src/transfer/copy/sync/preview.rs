//! What a sync would do, without doing it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use super::super::Hosts;
use super::super::fault::Fault;
use super::compare::Compare;
use super::places::Places;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::transfer::job::JobRequest;
use crate::transfer::sync::{SyncAction, SyncRow, SyncRules, SyncSummary, may_delete, refused};

/// Rows that are given at once, at most.
const ROWS_MAX: u32 = 1000;

/// A comparison that a person looks at.
#[derive(Debug)]
pub struct Preview {
    compare: Compare,
    wants: SyncRules,
    complete: AtomicBool,
}

impl Preview {
    /// Opens both folders; `stop` ends the comparison.
    ///
    /// # Errors
    /// A source that is not there, two folders of which one lies in the other, and what keeps a host from being reached.
    pub async fn open(hosts: &Arc<dyn Hosts>, request: &JobRequest, stop: CancellationToken) -> Result<Self> {
        let wants = request.sync.clone().unwrap_or_default();
        let opened = async {
            let places = Places::open(hosts, request, false).await?;
            let plan = Plan::new().await?;
            Compare::new(places, plan, wants.clone(), stop, false)
        };
        let compare = opened.await.map_err(error)?;
        Ok(Self { compare, wants, complete: AtomicBool::new(false) })
    }

    /// Compares everything.
    ///
    /// # Errors
    /// The connection is lost, or it was stopped. What fails for one path is a row.
    pub async fn compare(&self) -> Result<()> {
        self.compare.whole().await.map_err(error)?;
        self.complete.store(true, Ordering::Release);
        Ok(())
    }

    /// How far it is, with the counts once it is complete.
    ///
    /// # Errors
    /// The temporary folder, as for the other.
    pub async fn summary(&self) -> Result<SyncSummary> {
        let complete = self.complete.load(Ordering::Acquire);
        let seen = self.compare.seen() as f64;
        if !complete {
            return Ok(SyncSummary { complete, seen, counts: Vec::new(), refused: None });
        }
        let plan = self.compare.plan();
        let counts = plan.counts().await.map_err(error)?;
        let deletes = plan.count(SyncAction::Delete).await.map_err(error)?;
        let refused = match may_delete(&self.wants, deletes, self.compare.targets()) {
            Err(error) => Some(error.problem()),
            Ok(()) if deletes > 0 && counts.iter().any(|count| count.action == SyncAction::Failed) => {
                let message = "Nothing will be deleted, since not everything could be compared.".to_owned();
                Some(refused("errors", message).with("count", deletes).problem())
            }
            Ok(()) => None,
        };
        Ok(SyncSummary { complete, seen, counts, refused })
    }

    /// Some rows of these actions, by path.
    ///
    /// # Errors
    /// As for [`Self::summary`].
    pub async fn rows(&self, actions: Vec<SyncAction>, from: u64, count: u32) -> Result<Vec<SyncRow>> {
        self.compare.plan().shown(actions, from, count.min(ROWS_MAX)).await.map_err(error)
    }
}

fn error(fault: Fault) -> Error {
    match fault {
        Fault::File(error) | Fault::Lost(error) | Fault::All(error) => error,
        Fault::Stopped => refused("stopped", "The comparison was stopped.".to_owned()),
    }
}
