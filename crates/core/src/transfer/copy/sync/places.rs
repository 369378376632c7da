//! The two folders of a sync: the source has to be there, the target may be one that is still to be made.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::fault::{Fault, Result, local, not_copied};
use super::super::here::{self, DiskTurns, HereTree};
use super::super::host::HostTree;
use super::super::tree::{Facts, Tree};
use super::super::{Hosts, last_name, parent, sftp_path};
use crate::error::Error;
use crate::files::path_text;
use crate::files::session::Files;
use crate::host::HostId;
use crate::transfer::conflict::Kind;
use crate::transfer::job::{JobEnd, JobRequest};
use crate::transfer::sync::{FAT_TOLERANCE_SECONDS, TOLERANCE_SECONDS, refused};

/// Folders that are made above a target and with it: a path that is longer is a mistake.
const LEVELS_MADE: usize = 2;

/// Both sides, opened.
#[derive(Debug, Clone)]
pub struct Places {
    pub from: Tree,
    /// None if it is to be made.
    pub to: Option<Tree>,
    /// As they are at the source.
    pub top: Facts,
    /// Seconds by which times may differ.
    pub tolerance: u64,
    /// The source as a path of this computer, with no link in it.
    pub watched: Option<PathBuf>,
    target: Target,
}

/// Where the target is to be.
#[derive(Debug, Clone)]
struct Target {
    above: Option<Tree>,
    /// Of the folders that are made, from the outermost.
    names: Vec<Vec<u8>>,
    end: JobEnd,
    session: Option<(Files, HostId)>,
}

impl Places {
    pub async fn open(hosts: &Arc<dyn Hosts>, request: &JobRequest, again: bool) -> Result<Self> {
        let [source] = &request.sources[..] else {
            return Err(Fault::All(Error::internal("a sync has one source")));
        };
        let mut sessions: Vec<(HostId, Files)> = Vec::new();
        for end in [source, &request.target] {
            if let JobEnd::Host { host_id, .. } = end
                && !sessions.iter().any(|(host, _)| host == host_id)
            {
                let files = hosts.files(host_id, again).await.map_err(|error| match Fault::from(error) {
                    // The first try of a job is not repeated by itself.
                    Fault::Lost(error) if !again => Fault::All(error),
                    fault => fault,
                })?;
                sessions.push((host_id.clone(), files));
            }
        }
        let session = |end: &JobEnd| match end {
            JobEnd::Here { .. } => None,
            JobEnd::Host { host_id, .. } => sessions
                .iter()
                .find(|(host, _)| host == host_id)
                .map(|(host, files)| (files.clone(), host.clone())),
        };
        let (from, from_path) = match folder(hosts, source, session(source), "no-source-folder").await? {
            Some(found) => found,
            None => return Err(not_copied(&super::super::shown_end(source), "no-source")),
        };
        let top = from.look(&[]).await?.ok_or_else(|| not_copied(&from.shown(&[]), "no-source"))?;
        if top.kind != Kind::Directory {
            return Err(not_copied(&from.shown(&[]), "no-source-folder"));
        }
        let to_session = session(&request.target);
        let (to, target) = match folder(hosts, &request.target, to_session.clone(), "no-folder").await? {
            Some((to, path)) => {
                match to.look(&[]).await? {
                    Some(facts) if facts.kind == Kind::Directory => {}
                    Some(_) | None => return Err(not_copied(&to.shown(&[]), "no-folder")),
                }
                if to.is_same_end(&from) {
                    check_apart(&from_path, &path)?;
                }
                let target = Target {
                    above: None,
                    names: Vec::new(),
                    end: request.target.clone(),
                    session: to_session,
                };
                (Some(to), target)
            }
            None => {
                let mut end = request.target.clone();
                let mut names = Vec::new();
                let above = loop {
                    let (outer, name) = above(&end)?;
                    names.insert(0, name);
                    match folder(hosts, &outer, to_session.clone(), "no-folder").await? {
                        Some(found) => break found,
                        None if names.len() < LEVELS_MADE => end = outer,
                        None => return Err(not_copied(&super::super::shown_end(&outer), "no-target")),
                    }
                };
                let (above, path) = above;
                if above.is_same_end(&from) && path.starts_with(&from_path) {
                    return Err(inside());
                }
                let end = request.target.clone();
                (None, Target { above: Some(above), names, end, session: to_session })
            }
        };
        let tolerance = match &to {
            Some(Tree::Here(to)) if to.has_coarse_times().await => FAT_TOLERANCE_SECONDS,
            Some(_) | None => match &from {
                Tree::Here(from) if from.has_coarse_times().await => FAT_TOLERANCE_SECONDS,
                _ => TOLERANCE_SECONDS,
            },
        };
        let watched = match &from {
            Tree::Here(_) => Some(
                from_path
                    .iter()
                    .map(|name| here::os_string(name))
                    .fold(PathBuf::from("/"), |path, name| path.join(name)),
            ),
            Tree::Host(_) => None,
        };
        #[cfg(windows)]
        let watched = watched.and(std::fs::canonicalize(path_of(source)).ok());
        Ok(Self { from, to, top, tolerance, watched, target })
    }

    pub fn target_is_here(&self) -> bool {
        matches!(self.target.end, JobEnd::Here { .. })
    }

    /// The target, which is made if it is not there yet. Whether it is new.
    pub async fn make_target(&self, hosts: &Arc<dyn Hosts>) -> Result<(Tree, bool)> {
        if let Some(to) = &self.to {
            return Ok((to.clone(), false));
        }
        let Target { above, names, end, session } = &self.target;
        if let Some(above) = above {
            for length in 1..=names.len() {
                above.make_folder(&names[..length]).await?;
            }
        }
        match folder(hosts, end, session.clone(), "no-folder").await? {
            Some((to, _)) => Ok((to, true)),
            None => Err(not_copied(&super::super::shown_end(end), "no-target")),
        }
    }
}

/// A folder and the names on its path with no link among them; None if nothing is there. Of a file here it says so with `no_folder`,
/// a word of the window's catalogue; a host's is looked at by whoever calls.
async fn folder(
    hosts: &Arc<dyn Hosts>,
    end: &JobEnd,
    session: Option<(Files, HostId)>,
    no_folder: &'static str,
) -> Result<Option<(Tree, Vec<Vec<u8>>)>> {
    let names = |path: &[u8]| -> Vec<Vec<u8>> {
        path.split(|&byte| super::super::is_separator(byte))
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect()
    };
    match (end, session) {
        (JobEnd::Here { .. }, _) => {
            let path = path_of(end);
            let asked = path.clone();
            let looked = move || std::fs::canonicalize(asked).map(|real| (real.is_dir(), real));
            let real = tokio::task::spawn_blocking(looked).await;
            match real.map_err(|error| Fault::All(Error::internal(error)))? {
                Ok((false, _)) => Err(not_copied(&super::super::shown_end(end), no_folder)),
                Ok((true, real)) => {
                    let tree = HereTree::open(path, &DiskTurns::default()).await?;
                    Ok(Some((Tree::Here(tree), names(real.as_os_str().as_encoded_bytes()))))
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(local(&path, error)),
            }
        }
        (JobEnd::Host { host_id, path }, Some((files, _))) => {
            let at = sftp_path(&path_text::to_bytes(path), path)?;
            let asked = HostTree::new(files.clone(), host_id.clone(), at.clone(), Arc::clone(hosts));
            if asked.look(&[]).await?.is_none() {
                return Ok(None);
            }
            // A link that a person chose is followed, once.
            let real = asked.checked(files.sftp.resolve(&at).await).await?;
            let names = names(real.as_bytes());
            Ok(Some((Tree::Host(HostTree::new(files, host_id.clone(), real, Arc::clone(hosts))), names)))
        }
        (JobEnd::Host { .. }, None) => Err(Fault::All(Error::internal("a host without a session"))),
    }
}

fn path_of(end: &JobEnd) -> PathBuf {
    let (JobEnd::Here { path } | JobEnd::Host { path, .. }) = end;
    PathBuf::from(here::os_string(&path_text::to_bytes(path)))
}

/// The folder in which a target is to be made, and its name there.
fn above(end: &JobEnd) -> Result<(JobEnd, Vec<u8>)> {
    let (JobEnd::Here { path } | JobEnd::Host { path, .. }) = end;
    let bytes = path_text::to_bytes(path);
    let name = last_name(&bytes);
    if name.is_empty() || name == b"." || name == b".." {
        return Err(not_copied(path, "no-name"));
    }
    let above = path_text::to_text(parent(&bytes));
    let end = match end {
        JobEnd::Here { .. } => JobEnd::Here { path: above },
        JobEnd::Host { host_id, .. } => JobEnd::Host { host_id: host_id.clone(), path: above },
    };
    Ok((end, name))
}

/// Neither folder may lie in the other: one would be copied into itself, or deleted as what the other does not have.
fn check_apart(from: &[Vec<u8>], to: &[Vec<u8>]) -> Result<()> {
    if from.starts_with(to) || to.starts_with(from) { Err(inside()) } else { Ok(()) }
}

fn inside() -> Fault {
    Fault::All(refused(
        "inside",
        "One of the two folders lies in the other, or they are the same.".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_folder_lies_in_the_other() {
        let names =
            |path: &str| -> Vec<Vec<u8>> { path.split('/').map(|name| name.as_bytes().to_vec()).collect() };
        for (from, to, apart) in [
            ("a/b", "a/c", true),
            ("a/b", "a/bc", true),
            ("a", "a", false),
            ("a/b", "a", false),
            ("a", "a/b", false),
        ] {
            assert_eq!(check_apart(&names(from), &names(to)).is_ok(), apart, "{from} {to}");
        }
    }

    #[test]
    fn a_target_that_is_not_there_has_a_folder_above_it() {
        let here = |path: &str| JobEnd::Here { path: path.to_owned() };
        let found = above(&here("/a/b/")).expect("a name");
        assert_eq!(found, (here("/a"), b"b".to_vec()));
        assert_eq!(above(&here("/b")).expect("a name").0, here("/"));
        above(&here("/a/..")).expect_err("no name");
    }
}
