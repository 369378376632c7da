//! Doing something to everything below a path. Links are never followed, what is held is the names of folders that are
//! still to come, and one entry that fails does not stop the others.

use bowline_sftp::{Attributes, Error as SftpError, FileKind, FileName, Listed, SftpPath};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use super::session::Files;
use super::work::Work;
use crate::error::{Error, ErrorCode};

/// Entries that are worked on at once; the session has room for more.
const AT_ONCE: usize = 128;
/// Folders that wait for their turn, of all levels together: some 100 MiB of names.
const FOLDERS_MAX: usize = 1_000_000;

type Done<'a> = BoxFuture<'a, Result<(), SftpError>>;

/// What is done to entries.
pub trait Visit: Sync {
    /// A folder that could not be left is looked through again if something was done in it: entries come while others go.
    const LOOKS_AGAIN: bool;

    /// Anything that is no folder.
    fn leaf(&self, path: SftpPath, attributes: Attributes) -> Done<'_>;
    /// A folder, before what is in it.
    fn enter(&self, path: SftpPath, attributes: Attributes) -> Done<'_>;
    /// A folder, after what is in it.
    fn leave(&self, path: SftpPath, attributes: Attributes) -> Done<'_>;
}

struct Frame {
    path: SftpPath,
    attributes: Attributes,
    folders: Vec<(FileName, Attributes)>,
    /// How many problems there were before it.
    problems: u32,
    progressed: bool,
}

/// A walk below one path.
#[derive(Debug)]
pub struct Walk<'a, V> {
    pub files: &'a Files,
    pub work: &'a Work,
    pub visit: &'a V,
}

impl<V: Visit> Walk<'_, V> {
    /// Visits a path and, of a folder, everything in it. What went wrong is noted in the work; false when the session is
    /// over, so that nothing else can be done either.
    pub async fn run(&self, path: &SftpPath) -> bool {
        match self.walk(path).await {
            Ok(()) => true,
            Err(error) => {
                self.failed(path, &error).await;
                !error.is_fatal()
            }
        }
    }

    /// Visits a path and nothing in it.
    pub async fn only(&self, path: &SftpPath) -> bool {
        let visited = async {
            let attributes = self.files.sftp.lstat(path).await?;
            self.work.at(path);
            if attributes.kind() == FileKind::Directory {
                self.visit.leave(path.clone(), attributes).await
            } else {
                self.visit.leaf(path.clone(), attributes).await
            }
        };
        match visited.await {
            Ok(()) => {
                self.work.done();
                true
            }
            Err(error) => {
                self.failed(path, &error).await;
                !error.is_fatal()
            }
        }
    }

    async fn walk(&self, path: &SftpPath) -> Result<(), SftpError> {
        let attributes = self.files.sftp.lstat(path).await?;
        self.work.at(path);
        if attributes.kind() != FileKind::Directory {
            self.visit.leaf(path.clone(), attributes).await?;
            self.work.done();
            return Ok(());
        }
        let mut waiting = 0;
        let mut stack = vec![self.look(path.clone(), attributes, &mut waiting).await?];
        while let Some(mut frame) = stack.pop() {
            if self.work.is_cancelled() {
                return Ok(());
            }
            if let Some((name, attributes)) = frame.folders.pop() {
                waiting -= 1;
                let child = frame.path.join(&name);
                stack.push(frame);
                let Ok(child) = child else { continue };
                if let Some(frame) = self.descend(child, attributes, &mut waiting).await? {
                    stack.push(frame);
                }
                continue;
            }
            match self.visit.leave(frame.path.clone(), frame.attributes).await {
                Ok(()) => {
                    self.work.done();
                    if let Some(parent) = stack.last_mut() {
                        parent.progressed = true;
                    }
                }
                Err(error) if error.is_fatal() => return Err(error),
                // What is in it has said already why it stays.
                Err(_) if V::LOOKS_AGAIN && self.work.view().problem_count > frame.problems => {}
                Err(_) if V::LOOKS_AGAIN && frame.progressed => {
                    stack.push(self.look(frame.path, frame.attributes, &mut waiting).await?);
                }
                Err(error) => self.failed(&frame.path, &error).await,
            }
        }
        Ok(())
    }

    /// Begins a folder in a folder, unless it is something else by now: a link in its place is not followed.
    async fn descend(
        &self,
        path: SftpPath,
        listed: Attributes,
        waiting: &mut usize,
    ) -> Result<Option<Frame>, SftpError> {
        let begun = async {
            let now = self.files.sftp.lstat(&path).await?;
            if now.kind() != FileKind::Directory {
                self.visit.leaf(path.clone(), now).await?;
                self.work.done();
                return Ok(None);
            }
            self.look(path.clone(), listed, waiting).await.map(Some)
        };
        match begun.await {
            Err(error) if !error.is_fatal() => {
                self.failed(&path, &error).await;
                Ok(None)
            }
            other => other,
        }
    }

    /// Enters a folder, visits what is no folder in it, and takes the names of those that are.
    async fn look(
        &self,
        path: SftpPath,
        attributes: Attributes,
        waiting: &mut usize,
    ) -> Result<Frame, SftpError> {
        let problems = self.work.view().problem_count;
        self.work.at(&path);
        self.visit.enter(path.clone(), attributes).await?;
        let mut listing = self.files.sftp.list(&path).await?;
        let mut frame = Frame { path, attributes, folders: Vec::new(), problems, progressed: false };
        let mut under_way = FuturesUnordered::new();
        while !self.work.is_cancelled() {
            let entry = match listing.next().await? {
                Some(Listed::Entry(entry)) => entry,
                Some(Listed::Refused { name, .. }) => {
                    let shown = format!("{}/{}", frame.path, bowline_sftp::Visible(&name));
                    self.work.failed(&shown, &no_name(&shown));
                    continue;
                }
                None => break,
            };
            if entry.attributes.kind() == FileKind::Directory {
                if *waiting >= FOLDERS_MAX {
                    self.work.failed(&frame.path, &too_many(&frame.path));
                    break;
                }
                *waiting += 1;
                frame.folders.push((entry.name, entry.attributes));
                continue;
            }
            let Ok(path) = frame.path.join(&entry.name) else { continue };
            let visited = self.visit.leaf(path.clone(), entry.attributes);
            under_way.push(async move { (visited.await, path) });
            if under_way.len() >= AT_ONCE
                && let Some(done) = under_way.next().await
            {
                frame.progressed |= self.note(done).await?;
            }
        }
        while let Some(done) = under_way.next().await {
            frame.progressed |= self.note(done).await?;
        }
        Ok(frame)
    }

    async fn note(&self, (outcome, path): (Result<(), SftpError>, SftpPath)) -> Result<bool, SftpError> {
        match outcome {
            Ok(()) => {
                self.work.done();
                Ok(true)
            }
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                self.failed(&path, &error).await;
                Ok(false)
            }
        }
    }

    async fn failed(&self, path: &SftpPath, error: &SftpError) {
        self.work.failed(path, &self.files.problem(error).await);
    }
}

fn no_name(path: &str) -> Error {
    failed(path, "the server lists a name that cannot be used")
}

fn too_many(path: &SftpPath) -> Error {
    failed(&path.to_string(), "there are more folders in it than can be kept in mind")
}

fn failed(path: &str, cause: &str) -> Error {
    Error::new(ErrorCode::FileFailed, format!("{path} could not be used: {cause}."))
        .with("address", "the host")
        .with("path", path)
        .with("cause", cause)
}
