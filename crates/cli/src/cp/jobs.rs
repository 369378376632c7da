//! Jobs of the engine's queue, run to their end.

use std::sync::Arc;

use bowline_core::transfer::copy;
use bowline_core::transfer::job::{JobLimits, JobOrder, JobRequest, JobState, JobsView};
use bowline_core::transfer::queue::Queue;
use futures::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::hosts::Named;
use super::kept;
use super::voice::Voice;

/// Runs the jobs to their end; says whether everything was copied. Err when nothing more can be.
pub async fn copy_jobs(
    resume: bool,
    hosts: Named,
    requests: Vec<JobRequest>,
    ended: CancellationToken,
    voice: &mut Voice,
) -> Result<bool, String> {
    let kept = kept::Kept::of(&requests, resume)?;
    let hosts: Arc<dyn copy::Hosts> = Arc::new(hosts);
    let run = {
        let hosts = Arc::clone(&hosts);
        Arc::new(move |live| copy::run(Arc::clone(&hosts), live).boxed())
    };
    let clean = Arc::new(move |live| copy::clean(Arc::clone(&hosts), live).boxed());
    let (tell, mut views) = watch::channel(JobsView::default());
    let on_change = Arc::new(move |view| drop(tell.send(view)));
    let (queue, _) = Queue::open(kept.folder(), ended.clone(), run, clean, on_change);
    queue.set_limits(JobLimits { jobs: 1, jobs_per_host: 0, rate_kib: 0 });
    // Jobs of a run before that was cut off go on; for --resume that is what is asked for.
    for job in queue.view().jobs {
        let order = match job.state {
            JobState::Paused => JobOrder::Resume,
            // What was the same then may not be now.
            JobState::Done
                if job.error_count == 0 && requests.iter().any(|request| request.sync.is_some()) =>
            {
                JobOrder::Remove
            }
            JobState::Done if job.error_count == 0 => continue,
            JobState::Done | JobState::Failed { .. } | JobState::Cancelled => JobOrder::Retry,
            JobState::Queued
            | JobState::Running
            | JobState::Watching
            | JobState::Waiting { .. }
            | JobState::Asking { .. } => continue,
        };
        queue.order(job.id, order).map_err(|error| error.message)?;
    }
    if queue.view().jobs.is_empty() {
        for request in requests {
            queue.add(request).await.map_err(|error| error.message)?;
        }
    }
    queue.start();
    loop {
        let view = queue.view();
        voice.progress(&view).await;
        if view.jobs.iter().all(|job| is_over(&job.state)) {
            let all = voice.end(&view).await;
            queue.settle().await;
            kept.done(all);
            return Ok(all);
        }
        tokio::select! {
            biased;
            () = ended.cancelled() => {
                queue.settle().await;
                voice.bar.clear();
                return Ok(false);
            }
            changed = views.changed() => changed.map_err(|_| "the queue has ended".to_owned())?,
        }
    }
}

pub(super) fn is_over(state: &JobState) -> bool {
    match state {
        JobState::Done | JobState::Failed { .. } | JobState::Cancelled => true,
        JobState::Queued
        | JobState::Running
        | JobState::Watching
        | JobState::Paused
        | JobState::Waiting { .. }
        | JobState::Asking { .. } => false,
    }
}
