//! `bowline cp`: files between here and hosts, or between hosts, as scp(1) copies them, by the engine's transfer jobs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bowline_core::error::Error;
use bowline_core::files::path_text;
use bowline_core::files::session::Files;
use bowline_core::host::HostId;
use bowline_core::prompt::visible_line;
use bowline_core::transfer::copy;
use bowline_core::transfer::job::{
    JobEnd, JobError, JobLimits, JobOrder, JobRequest, JobState, JobView, JobsView, OnConflict, Verify,
};
use bowline_core::transfer::queue::Queue;
use bowline_sftp::{FileKind, SftpPath};
use bytes::Bytes;
use futures::FutureExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::ask::{self, Policy};
use crate::command::{FAILED, say};
use crate::open;
use crate::options::Options;
use crate::signals::Signals;
use crate::stdio::Sink;
use crate::sync::rounds::Rounds;

pub mod bar;
pub mod found;
pub mod hosts;
mod kept;
mod pattern;
pub mod place;
pub mod why;
pub mod words;

use bar::{Bar, Progress};
use hosts::Named;
use place::Place;
use why::why;
use words::Cp;

/// The status when some of it was not copied, as scp(1) has it.
pub const SOME_FAILED: u8 = 1;
/// Sources of one job.
const SOURCES_AT_ONCE: usize = 1000;
/// Names of a line; what lies on disk is told in errors.
const SHOWN_ERRORS: usize = 100;

/// Copies, and says the status.
pub async fn run(cp: Cp) -> u8 {
    let Ok(mut signals) = Signals::listen() else { return failed("signals cannot be listened to") };
    let ended = CancellationToken::new();
    let copying = copy_all(cp, ended.clone());
    tokio::pin!(copying);
    tokio::select! {
        status = &mut copying => status,
        () = signals.end() => {
            // What is half there stays, for --resume; the jobs close their files first.
            ended.cancel();
            let _ = tokio::time::timeout(std::time::Duration::from_secs(3), copying).await;
            failed("interrupted; a file that is half there is kept beside its place as NAME~N.bowline-part, and the same cp with --resume goes on with it")
        }
    }
}

pub fn failed(text: &str) -> u8 {
    say(text);
    FAILED
}

async fn copy_all(cp: Cp, ended: CancellationToken) -> u8 {
    let places: Vec<&Place> = cp.sources.iter().chain(&cp.target).collect();
    let hosts = match reach(&cp.options, &places).await {
        Ok(hosts) => hosts,
        Err(error) => return failed(&error),
    };
    let status = copy_between(&cp, &hosts, ended).await;
    hosts.close().await;
    status
}

/// The hosts that places are on, by their names.
///
/// # Errors
/// A name that leads nowhere, for the person.
pub async fn reach(options: &Options, places: &[&Place]) -> Result<Named, String> {
    let (engine, news) = open::headless()?;
    let policy = Policy::of(options);
    ask::start(news, engine.prompts().clone(), policy.clone());
    let names: std::collections::BTreeSet<&String> = places
        .iter()
        .filter_map(|place| match place {
            Place::There { host, .. } => Some(host),
            Place::Here(_) => None,
        })
        .collect();
    let mut resolved = Vec::new();
    for name in names {
        let one = open::resolved(&engine, name, b"", options).await?;
        policy.add(&one);
        resolved.push((name.clone(), one));
    }
    Ok(Named::new(engine, policy, options, resolved))
}

async fn copy_between(cp: &Cp, hosts: &Named, ended: CancellationToken) -> u8 {
    let Ok(stdout) = Sink::stdout() else { return failed("no thread for the standard output") };
    let mut voice = Voice::new(stdout, cp.json, cp.options.quiet);
    let mut plan = match Plan::make(cp, hosts, &mut voice).await {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    let refused = plan.refused;
    if plan.requests.is_empty() {
        return if refused { SOME_FAILED } else { 0 };
    }
    plan.requests.sort_by_key(|request| request.exact);
    let copied = copy_jobs(cp.resume, hosts.clone(), plan.requests, ended, &mut voice).await;
    if voice.stdout.flush().await.is_err() {
        return FAILED;
    }
    match copied {
        Ok(true) if !refused => 0,
        Ok(_) => SOME_FAILED,
        Err(message) => failed(&message),
    }
}

/// What the words of the command line come to.
struct Plan {
    requests: Vec<JobRequest>,
    /// Something was named that is not copied; it was told.
    refused: bool,
}

/// Something that is to be copied.
struct Source {
    end: JobEnd,
    name: Vec<u8>,
    /// Another name than its own is meant: what it leads to is copied under the name of the link.
    renamed: bool,
    folder: bool,
}

impl Plan {
    /// Err is the status to end with.
    async fn make(cp: &Cp, hosts: &Named, voice: &mut Voice) -> Result<Self, u8> {
        let Some(target) = &cp.target else { return Err(FAILED) };
        let mut sessions = BTreeMap::new();
        let mut refused = false;
        let mut sources = Vec::new();
        for place in &cp.sources {
            match sources_of(place, hosts, &mut sessions).await {
                Ok(found) => sources.extend(found),
                Err(Refusal::Failed(message)) => return Err(failed(&message)),
                Err(Refusal::This(message)) => {
                    voice.refuse(&message).await;
                    refused = true;
                }
            }
        }
        let mut kept = Vec::new();
        for source in sources {
            match source {
                Ok(source) if source.folder && !cp.recursive => {
                    voice
                        .refuse(&format!("{}: is a folder (-r copies it)", found::shown(&source.name)))
                        .await;
                    refused = true;
                }
                Ok(source) => kept.push(source),
                Err(message) => {
                    voice.refuse(&message).await;
                    refused = true;
                }
            }
        }
        let (target, is_folder) =
            target_of(target, hosts, &mut sessions).await.map_err(|message| failed(&message))?;
        let several = cp.sources.len() > 1 || kept.len() > 1;
        if several && is_folder != Some(true) {
            return Err(failed(&format!("{}: is no folder", end_shown(&target))));
        }
        if is_folder == Some(false) && kept.iter().any(|source| source.folder) {
            return Err(failed(&format!("{}: is a file, and a folder is to be copied", end_shown(&target))));
        }
        Ok(Self { requests: requests(cp, kept, &target, is_folder == Some(true)), refused })
    }
}

fn requests(cp: &Cp, sources: Vec<Source>, target: &JobEnd, into: bool) -> Vec<JobRequest> {
    let request = |sources, target, exact| JobRequest {
        sources,
        target,
        exact,
        on_conflict: if cp.resume { OnConflict::Resume } else { OnConflict::Overwrite },
        verify: if cp.verify { Verify::Sha256 } else { Verify::Size },
        remove_sources: false,
        sync: None,
    };
    let mut requests = Vec::new();
    let mut of_host: BTreeMap<Option<String>, Vec<JobEnd>> = BTreeMap::new();
    for source in sources {
        if !into {
            requests.push(request(vec![source.end], target.clone(), true));
        } else if source.renamed {
            requests.push(request(vec![source.end], within(target, &source.name), true));
        } else {
            let host = match &source.end {
                JobEnd::Here { .. } => None,
                JobEnd::Host { host_id, .. } => Some(host_id.0.clone()),
            };
            of_host.entry(host).or_default().push(source.end);
        }
    }
    for ends in of_host.into_values() {
        requests
            .extend(ends.chunks(SOURCES_AT_ONCE).map(|ends| request(ends.to_vec(), target.clone(), false)));
    }
    requests
}

fn within(folder: &JobEnd, name: &[u8]) -> JobEnd {
    let joined = |path: &str| {
        let slash = if path.ends_with('/') { "" } else { "/" };
        format!("{path}{slash}{}", path_text::to_text(name))
    };
    match folder {
        JobEnd::Here { path } => JobEnd::Here { path: joined(path) },
        JobEnd::Host { host_id, path } => JobEnd::Host { host_id: host_id.clone(), path: joined(path) },
    }
}

enum Refusal {
    /// Nothing can be copied.
    Failed(String),
    /// This word cannot.
    This(String),
}

pub type Sessions = BTreeMap<HostId, Files>;

pub async fn session<'a>(
    sessions: &'a mut Sessions,
    hosts: &Named,
    host: &HostId,
) -> Result<&'a Files, String> {
    if !sessions.contains_key(host) {
        let files = hosts.open(host, false).await.map_err(|error| error.message)?;
        sessions.insert(host.clone(), files);
    }
    sessions.get(host).ok_or_else(|| "a session is gone".to_owned())
}

async fn sources_of(
    place: &Place,
    hosts: &Named,
    sessions: &mut Sessions,
) -> Result<Vec<Result<Source, String>>, Refusal> {
    match place {
        Place::Here(path) => Ok(vec![here(path).await]),
        Place::There { host, path } => {
            let host = HostId(host.clone());
            let files = session(sessions, hosts, &host).await.map_err(Refusal::Failed)?;
            let mut sources = Vec::new();
            for found in found::find(files, path).await.map_err(Refusal::This)? {
                sources.push(there(files, &host, found).await);
            }
            Ok(sources)
        }
    }
}

async fn here(path: &Path) -> Result<Source, String> {
    let typed = path.to_owned();
    let looking = tokio::task::spawn_blocking(move || {
        let absolute = std::path::absolute(&typed)?;
        let folder = std::fs::metadata(&absolute)?.is_dir();
        let link = std::fs::symlink_metadata(&absolute)?.is_symlink();
        // What a link leads to is copied, and `.` and `..` have a name then.
        let real = if link || absolute.file_name().is_none() || typed.ends_with("..") || typed.ends_with(".")
        {
            std::fs::canonicalize(&absolute)?
        } else {
            absolute.clone()
        };
        std::io::Result::Ok((absolute, real, folder, link))
    });
    let shown = found::shown(path.as_os_str().as_encoded_bytes());
    let (absolute, real, folder, link) =
        looking.await.map_err(|error| error.to_string())?.map_err(|error| format!("{shown}: {error}"))?;
    let named = if link { &absolute } else { &real };
    let name = named.file_name().ok_or_else(|| format!("{shown}: it has no name"))?;
    let name = name.as_encoded_bytes().to_vec();
    Ok(Source { name, renamed: link, folder, end: here_end(&real) })
}

pub fn here_end(path: &Path) -> JobEnd {
    JobEnd::Here { path: path_text::to_text(path.as_os_str().as_encoded_bytes()) }
}

async fn there(files: &Files, host: &HostId, path: SftpPath) -> Result<Source, String> {
    let problem = async |error| {
        let Error { message, .. } = files.problem(&error).await;
        message
    };
    let attributes = match files.sftp.stat(&path).await {
        Ok(attributes) => attributes,
        Err(error) => return Err(problem(error).await),
    };
    let folder = attributes.kind() == FileKind::Directory;
    let link = files.sftp.lstat(&path).await.is_ok_and(|own| own.kind() == FileKind::Link);
    let real = if link || path.file_name().is_none() {
        match files.sftp.resolve(&path).await {
            Ok(real) => real,
            Err(error) => return Err(problem(error).await),
        }
    } else {
        path.clone()
    };
    let name = if link { path.file_name() } else { real.file_name() };
    let name = name.ok_or_else(|| format!("{path}: it has no name"))?.as_bytes().to_vec();
    let end = JobEnd::Host { host_id: host.clone(), path: path_text::to_text(real.as_bytes()) };
    Ok(Source { name, renamed: link, folder, end })
}

/// Where it goes, and whether a folder stands there; None if nothing does.
async fn target_of(
    place: &Place,
    hosts: &Named,
    sessions: &mut Sessions,
) -> Result<(JobEnd, Option<bool>), String> {
    match place {
        Place::Here(path) => {
            let path = path.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let absolute = std::path::absolute(&path)?;
                let folder = std::fs::metadata(&absolute).ok().map(|metadata| metadata.is_dir());
                std::io::Result::Ok((settled(absolute, folder), folder))
            });
            let (path, folder) =
                looked.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
            Ok((here_end(&path), folder))
        }
        Place::There { host, path } => {
            let host = HostId(host.clone());
            let files = session(sessions, hosts, &host).await?;
            let path = found::absolute(files, path).await?;
            let folder = match files.sftp.stat(&path).await {
                Ok(attributes) => Some(attributes.kind() == FileKind::Directory),
                Err(_) => None,
            };
            let real =
                if folder == Some(true) { files.sftp.resolve(&path).await.unwrap_or(path) } else { path };
            let text = path_text::to_text(real.as_bytes());
            let text = if text.len() > 1 { text.trim_end_matches('/').to_owned() } else { text };
            Ok((JobEnd::Host { host_id: host, path: text }, folder))
        }
    }
}

/// A folder without `..` and links, which a job must not follow.
fn settled(path: PathBuf, folder: Option<bool>) -> PathBuf {
    if folder == Some(true) { std::fs::canonicalize(&path).unwrap_or(path) } else { path }
}

fn end_shown(end: &JobEnd) -> String {
    match end {
        JobEnd::Here { path } => found::shown(&path_text::to_bytes(path)),
        JobEnd::Host { host_id, path } => {
            format!("{}:{}", host_id.0, found::shown(&path_text::to_bytes(path)))
        }
    }
}

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

fn is_over(state: &JobState) -> bool {
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

/// How it is told: a bar and lines for a person, or objects.
pub struct Voice {
    json: bool,
    pub stdout: Sink,
    bar: Bar,
    rounds: Rounds,
}

impl Voice {
    pub fn new(stdout: Sink, json: bool, quiet: bool) -> Self {
        Self { json, stdout, bar: Bar::new(!quiet && !json), rounds: Rounds::default() }
    }

    /// A word that is not copied.
    async fn refuse(&mut self, message: &str) {
        self.error(json!({"type": "error", "message": message}), message).await;
    }

    async fn error(&mut self, object: Value, message: &str) {
        if self.json {
            self.object(object).await;
        } else {
            self.bar.clear();
            say(message);
        }
    }

    async fn progress(&mut self, view: &JobsView) {
        for job in &view.jobs {
            for said in self.rounds.news(job) {
                if self.json {
                    self.object(said.object).await;
                } else {
                    self.bar.clear();
                    say(&said.line);
                }
            }
            if job.state == JobState::Watching {
                return;
            }
        }
        if self.json {
            let (done, all) = totals(view);
            return self.object(json!({"type": "progress", "bytesDone": whole(done), "bytes": whole(all), "filesDone": whole(sum(view, |job| job.files_done)), "files": whole(sum(view, |job| job.files))})).await;
        }
        self.bar.show(&shown(view));
    }

    /// What became of all; says whether everything was copied.
    async fn end(&mut self, view: &JobsView) -> bool {
        if !self.json {
            self.bar.finish(&shown(view));
        }
        let mut all = true;
        for job in &view.jobs {
            all &= job.state == JobState::Done && job.error_count == 0;
            if let JobState::Failed { problem } = &job.state {
                let message = why(problem);
                let object = json!({"type": "error", "code": problem.code, "message": message});
                self.error(object, &message).await;
            }
            for JobError { path, problem } in job.errors.iter().take(SHOWN_ERRORS) {
                let message = why(problem);
                let object = json!({"type": "error", "path": path, "code": problem.code, "message": message});
                // Most reasons name it already.
                let line = if message.contains(path) { message } else { format!("{path}: {message}") };
                self.error(object, &line).await;
            }
            let untold = (job.error_count as usize).saturating_sub(job.errors.len());
            if untold > 0 && !self.json {
                say(&format!("and {untold} more"));
            }
        }
        if self.json {
            let (done, _) = totals(view);
            self.object(json!({
                "type": "end", "bytes": whole(done), "files": whole(sum(view, |job| job.files_done)),
                "skipped": whole(sum(view, |job| job.files_skipped)),
                "errors": whole(sum(view, |job| f64::from(job.error_count))),
                "deleted": whole(sum(view, |job| job.sync.map_or(0.0, |sync| sync.deleted))),
            }))
            .await;
        }
        all
    }

    pub async fn object(&self, value: Value) {
        // Who cannot be told any more is noticed at the end.
        let _ = self.stdout.write(Bytes::from(format!("{value}\n"))).await;
    }
}

/// A count as programs read one: without a fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
pub fn whole(count: f64) -> u64 {
    count.round() as u64
}

fn sum(view: &JobsView, of: impl Fn(&JobView) -> f64) -> f64 {
    view.jobs.iter().map(of).sum()
}

fn totals(view: &JobsView) -> (f64, f64) {
    (sum(view, |job| job.bytes_done), sum(view, |job| job.bytes))
}

fn shown(view: &JobsView) -> Progress {
    let (bytes_done, bytes) = totals(view);
    let running = view.jobs.iter().find(|job| !is_over(&job.state)).or(view.jobs.last());
    let name = match running {
        Some(JobView { state: JobState::Waiting { .. }, .. }) => "waiting for the connection".to_owned(),
        Some(job) => job.current.clone().unwrap_or_else(|| job.name.clone()),
        None => String::new(),
    };
    let rate = sum(view, |job| job.rate);
    let counted = view.jobs.iter().all(|job| job.counted || is_over(&job.state));
    Progress {
        name: visible_line(&name),
        bytes_done,
        bytes,
        counted,
        rate,
        seconds_left: (counted && rate > 0.0).then(|| (bytes - bytes_done).max(0.0) / rate),
    }
}
