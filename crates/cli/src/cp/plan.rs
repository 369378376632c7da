//! What the words of the command line come to: sources that are there, a target, and jobs from one to the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bowline_core::error::Error;
use bowline_core::files::path_text;
use bowline_core::files::session::Files;
use bowline_core::host::HostId;
use bowline_core::transfer::job::{JobEnd, JobRequest, OnConflict, Verify};
use bowline_sftp::{FileKind, SftpPath};

use super::hosts::Named;
use super::place::Place;
use super::voice::Voice;
use super::words::Cp;
use super::{failed, found};
use crate::command::FAILED;

/// Sources of one job.
const SOURCES_AT_ONCE: usize = 1000;

/// What the words of the command line come to.
pub(super) struct Plan {
    pub(super) requests: Vec<JobRequest>,
    /// Something was named that is not copied; it was told.
    pub(super) refused: bool,
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
    pub(super) async fn make(cp: &Cp, hosts: &Named, voice: &mut Voice) -> Result<Self, u8> {
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
