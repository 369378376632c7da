//! Files of a host for other programs of this desktop: these take files by their paths here, at the moment of the paste, so the
//! files are fetched first. That is for what comes quickly; everything else is downloaded to a place that the person names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Engine;
use super::files::at;
use crate::error::{Error, ErrorCode, Result};
use crate::files::measure::{Limit, stays_within};
use crate::files::path_text;
use crate::host::HostId;
use crate::transfer::job::{JobEnd, JobId, JobOrder, JobRequest, JobState, OnConflict, Verify};
use crate::transfer::queue::Queue;

/// A second or two on a usual line.
const LIMIT: Limit = Limit { bytes: 64 * 1024 * 1024, entries: 2000 };
/// How often the job is looked at; the tray shows how far it is.
const LOOK: Duration = Duration::from_millis(100);

/// Where what was fetched lies until the next start of the app: whoever pastes it has copied it by then.
#[derive(Debug, Clone)]
pub(super) struct Outbox(PathBuf);

impl Outbox {
    /// In a data folder that is ours. What an earlier run has left there goes.
    pub fn open(data_dir: &Path) -> Self {
        let folder = data_dir.join("outbox");
        if let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "what was fetched for other programs is still there");
        }
        Self(folder)
    }

    /// A new folder, closed to others.
    fn folder(&self) -> Result<PathBuf> {
        let folder = self.0.join(uuid::Uuid::new_v4().to_string());
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|error| local_failed(&folder, error))?;
        Ok(folder)
    }
}

impl Engine {
    /// Fetches files and folders of a host into a private folder here, by a job that the tray shows. Their paths here; none if
    /// the person has cancelled it.
    ///
    /// # Errors
    /// [`ErrorCode::JobRefused`] for what is too much, and what kept the job from its end.
    pub async fn files_fetch_out(&self, host: HostId, paths: Vec<String>) -> Result<Vec<PathBuf>> {
        let files = self.used(&host).await?;
        let wanted = paths.iter().map(|path| at(&files, path)).collect::<Result<Vec<_>>>()?;
        if !stays_within(&files, &wanted, LIMIT).await {
            return Err(too_much());
        }
        let folder = self.inner.outbox.folder()?;
        let source = |path: String| JobEnd::Host { host_id: host.clone(), path };
        let here = path_text::to_text(folder.as_os_str().as_encoded_bytes());
        let request = JobRequest {
            sources: paths.into_iter().map(source).collect(),
            target: JobEnd::Here { path: here },
            exact: false,
            on_conflict: OnConflict::Rename,
            verify: Verify::Size,
            remove_sources: false,
            sync: None,
        };
        let job = self.inner.jobs.add(request).await?;
        if !self.fetched(job).await? {
            return Ok(Vec::new());
        }
        tokio::task::spawn_blocking(move || entries(&folder)).await.map_err(Error::internal)?
    }

    /// Waits for the job's end. False: the person does not want it any more. Dropped before, it takes the job along.
    async fn fetched(&self, id: JobId) -> Result<bool> {
        let mut unwanted = Unwanted { jobs: &self.inner.jobs, job: Some(id) };
        let fetched = self.job_ended(id).await;
        unwanted.job = None;
        fetched
    }

    async fn job_ended(&self, id: JobId) -> Result<bool> {
        loop {
            tokio::time::sleep(LOOK).await;
            let jobs = self.inner.jobs.view().jobs;
            let Some(job) = jobs.into_iter().find(|job| job.id == id) else { return Ok(false) };
            match job.state {
                JobState::Done => {
                    return match job.errors.into_iter().next() {
                        // Some of it is not there: to paste the rest in silence would be to lose that.
                        Some(error) => Err(error.problem.into()),
                        None => Ok(true),
                    };
                }
                JobState::Failed { problem } => return Err(problem.into()),
                JobState::Cancelled => return Ok(false),
                // It said that it was less.
                _ if job.bytes_done > LIMIT.bytes as f64 => {
                    self.inner.jobs.order(id, JobOrder::Cancel)?;
                    return Err(too_much());
                }
                JobState::Queued
                | JobState::Running
                | JobState::Watching
                | JobState::Paused
                | JobState::Waiting { .. }
                | JobState::Asking { .. } => {}
            }
        }
    }
}

/// Cancels a job that nobody waits for any more.
struct Unwanted<'a> {
    jobs: &'a Queue,
    job: Option<JobId>,
}

impl Drop for Unwanted<'_> {
    fn drop(&mut self) {
        if let Some(job) = self.job {
            // It is refused where the person was faster.
            let _ = self.jobs.order(job, JobOrder::Cancel);
        }
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>()
    });
    read.map_err(|error| local_failed(folder, error))
}

fn too_much() -> Error {
    let mebibytes = LIMIT.bytes / 1024 / 1024;
    let text = format!(
        "This is more than {mebibytes} MiB or {} files, which would take long. Use \"Download to...\" instead.",
        LIMIT.entries
    );
    Error::new(ErrorCode::JobRefused, text).with("reason", "too-much-to-copy")
}

fn local_failed(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorCode::LocalFileFailed, format!("{} could not be used: {error}.", path.display()))
        .with("path", path.display())
        .with("cause", &error)
        .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_goes_at_the_next_start() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = Outbox::open(data.path()).folder().expect("a folder");
        std::fs::write(folder.join("a"), "text").expect("written");
        let next = Outbox::open(data.path());
        assert!(!folder.exists());
        assert_ne!(next.folder().expect("a folder"), folder);
    }
}
