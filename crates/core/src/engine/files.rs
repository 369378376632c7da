//! Files on a host: sessions for those who bring their own, and what the files panel of the window asks for.

use std::path::Path;

use bowline_sftp::{Doing, Error as SftpError, ErrorKind, FileName, NameError, SftpPath};
use futures::FutureExt;

use super::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::exec::Program;
use crate::files::bookmarks::Bookmarks;
use crate::files::change::{self, Delete, ModeChange, SetMode};
use crate::files::kept::{KeptFiles, UsedFiles};
use crate::files::listing::{FolderPage, Listings, OpenListing};
use crate::files::look::{self, FilePreview, FileProperties, ShownPath};
use crate::files::path_text;
use crate::files::place::FilesPlace;
use crate::files::problem::problem;
use crate::files::session::Files;
use crate::files::trash::{self, Trash};
use crate::files::tree::Walk;
use crate::files::work::{Work, WorkView, Works};
use crate::host::HostId;

/// What the panels of all windows share.
#[derive(Debug)]
pub(super) struct Panels {
    sessions: KeptFiles,
    listings: Listings,
    works: Works,
    bookmarks: Bookmarks,
}

impl Panels {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            sessions: KeptFiles::default(),
            listings: Listings::default(),
            works: Works::default(),
            bookmarks: Bookmarks::at(data_dir.join("bookmarks.json")),
        }
    }
}

/// Does what changes nothing, and once more on another session if the one that was kept turns out to be lost.
macro_rules! looking {
    ($engine:ident, $host:ident, |$files:ident| $look:expr) => {{
        let mut again = true;
        loop {
            let used = $engine.used(&$host).await?;
            let $files: &UsedFiles = &used;
            match async { $look }.await {
                Err(error) if again && is_lost(&error) => again = false,
                outcome => break outcome,
            }
        }
    }};
}

impl Engine {
    /// An SFTP session on a host, on a connection that it shares with the host's terminals.
    ///
    /// # Errors
    /// What kept the connection from being made, and those of [`Files::open`].
    pub async fn files(&self, host: &HostId) -> Result<Files> {
        let place = self.inner.pool.place(host, self.make_target(host)).await?;
        self.record_remembered(place.connection(), host).await;
        Files::open(place, &Program::Subsystem("sftp".to_owned())).await
    }

    /// The folder in which the host's SFTP server starts.
    ///
    /// # Errors
    /// What kept the connection from being made, and what the server says, as for all that follow.
    pub async fn files_home(&self, host: HostId) -> Result<ShownPath> {
        looking!(self, host, |files| Ok(ShownPath::new(&look::home(files).await?)))
    }

    /// Begins to list a folder. `~` and an empty path are where the server starts.
    ///
    /// # Errors
    /// See [`Engine::files_home`].
    pub async fn files_list(&self, host: HostId, path: String) -> Result<FolderPage> {
        let (listing, page) = looking!(self, host, |files| {
            let path = typed(files, &path).await?;
            let mut listing = OpenListing::open(files.clone(), &path).await?;
            let page = listing.page().await?;
            Ok::<_, Error>((listing, page))
        })?;
        Ok(self.page_of(listing, page))
    }

    /// The next page of a folder; a listing that is not there any more has none.
    ///
    /// # Errors
    /// See [`Engine::files_home`].
    pub async fn files_page(&self, listing: u32) -> Result<Option<FolderPage>> {
        let Some(mut listing) = self.inner.panels.listings.take(listing) else { return Ok(None) };
        let page = listing.page().await?;
        Ok(Some(self.page_of(listing, page)))
    }

    /// Nobody wants the rest of a folder.
    pub async fn files_leave(&self, listing: u32) -> Result<()> {
        self.inner.panels.listings.take(listing);
        Ok(())
    }

    fn page_of(&self, listing: OpenListing, (page, more): (FolderPage, bool)) -> FolderPage {
        FolderPage { listing: more.then(|| self.inner.panels.listings.put(listing)), ..page }
    }

    /// Folders that a path could go on with.
    ///
    /// # Errors
    /// See [`Engine::files_home`].
    pub async fn files_complete(&self, host: HostId, path: String) -> Result<Vec<ShownPath>> {
        looking!(self, host, |files| Ok(look::completions(files, &typed(files, &path).await?).await))
    }

    /// # Errors
    /// See [`Engine::files_home`].
    pub async fn files_properties(&self, host: HostId, path: String) -> Result<FileProperties> {
        looking!(self, host, |files| look::properties(files, &at(files, &path)?).await)
    }

    /// What is written in a link.
    ///
    /// # Errors
    /// See [`Engine::files_home`]; the path is no link.
    pub async fn files_link_target(&self, host: HostId, path: String) -> Result<ShownPath> {
        looking!(self, host, |files| {
            let path = at(files, &path)?;
            match files.sftp.read_link(&path).await {
                Ok(target) => Ok(ShownPath::new(&target)),
                Err(error) => Err(files.problem(&error).await),
            }
        })
    }

    /// What can be shown of a file.
    ///
    /// # Errors
    /// See [`Engine::files_home`].
    pub async fn files_preview(&self, host: HostId, path: String) -> Result<FilePreview> {
        looking!(self, host, |files| look::preview(files, &at(files, &path)?).await)
    }

    /// The bytes of a picture of at most 8 MiB; empty for anything else.
    ///
    /// # Errors
    /// See [`Engine::files_home`].
    pub async fn files_picture(&self, host: HostId, path: String) -> Result<Vec<u8>> {
        looking!(self, host, |files| look::picture(files, &at(files, &path)?).await)
    }

    /// # Errors
    /// See [`Engine::files_home`]; there is something of that name already, as for the next two.
    pub async fn files_make_folder(&self, host: HostId, folder: String, name: String) -> Result<ShownPath> {
        let files = self.used(&host).await?;
        let path = in_folder(&files, &folder, &name)?;
        change::make_folder(&files, &path).await?;
        Ok(ShownPath::new(&path))
    }

    /// # Errors
    /// See [`Engine::files_make_folder`].
    pub async fn files_make_file(&self, host: HostId, folder: String, name: String) -> Result<ShownPath> {
        let files = self.used(&host).await?;
        let path = in_folder(&files, &folder, &name)?;
        change::make_file(&files, &path).await?;
        Ok(ShownPath::new(&path))
    }

    /// Gives what lies at a path another name in its folder. Never replaces anything.
    ///
    /// # Errors
    /// See [`Engine::files_make_folder`].
    pub async fn files_rename(&self, host: HostId, path: String, name: String) -> Result<ShownPath> {
        let files = self.used(&host).await?;
        let from = at(&files, &path)?;
        let Some(parent) = from.parent() else { return Err(named(&files, NameError::Dots)) };
        let to = join(&files, &parent, &name)?;
        change::rename(&files, &from, &to).await?;
        Ok(ShownPath::new(&to))
    }

    /// Deletes files, and folders with all that is in them, or moves them into the trash folder of the account.
    /// `work` is any name that is not in use, for the progress. Links are deleted, and never followed.
    ///
    /// # Errors
    /// See [`Engine::files_home`]. What went wrong with single files is in what is returned.
    pub async fn files_delete(
        &self,
        host: HostId,
        paths: Vec<String>,
        trash: bool,
        work: String,
    ) -> Result<WorkView> {
        let running = self.inner.panels.works.begin(&work)?;
        let (files, work) = (self.used(&host).await?, &running.work);
        let paths = all(&files, &paths)?;
        if trash && files.is_here() {
            throw_away_here(&paths, work).await?;
        } else if trash {
            throw_away(&files, &paths, work).await?;
        } else {
            let visit = Delete(&files);
            let walk = Walk { files: &files, work, visit: &visit };
            for path in &paths {
                if work.is_cancelled() || !walk.run(path).await {
                    break;
                }
            }
        }
        Ok(work.view())
    }

    /// Changes permissions.
    ///
    /// # Errors
    /// See [`Engine::files_delete`].
    pub async fn files_permissions(
        &self,
        host: HostId,
        paths: Vec<String>,
        change: ModeChange,
        work: String,
    ) -> Result<WorkView> {
        let running = self.inner.panels.works.begin(&work)?;
        let (files, work) = (self.used(&host).await?, &running.work);
        let visit = SetMode { files: &files, change };
        let walk = Walk { files: &files, work, visit: &visit };
        for path in &all(&files, &paths)? {
            let goes_on = if change.recursive { walk.run(path).await } else { walk.only(path).await };
            if work.is_cancelled() || !goes_on {
                break;
            }
        }
        Ok(work.view())
    }

    /// How far a deletion or a change of permissions is; null when there is none of that name.
    pub async fn files_progress(&self, work: String) -> Result<Option<WorkView>> {
        Ok(self.inner.panels.works.find(&work).map(|work| work.view()))
    }

    /// Stops one. What was done by then stays done.
    pub async fn files_cancel(&self, work: String) -> Result<()> {
        if let Some(work) = self.inner.panels.works.find(&work) {
            work.cancel();
        }
        Ok(())
    }

    /// Folders that a person comes back to.
    ///
    /// # Errors
    /// Their file cannot be read or written.
    pub async fn files_bookmarks(&self, host: HostId) -> Result<Vec<String>> {
        self.inner.panels.bookmarks.of(&host).await
    }

    /// Sets a bookmark or takes it away; what there is then.
    ///
    /// # Errors
    /// See [`Engine::files_bookmarks`].
    pub async fn files_bookmark(&self, host: HostId, path: String, on: bool) -> Result<Vec<String>> {
        self.inner.panels.bookmarks.set(&host, path, on).await
    }

    /// Whether the session of a place is there already, so that nobody would be asked for anything.
    pub(super) fn has_files_of(&self, place: &HostId) -> bool {
        self.inner.panels.sessions.is_open(place)
    }

    /// The session of a place that its panels share, and the jobs of one that a person was asked a password for.
    pub(super) async fn used(&self, place: &HostId) -> Result<UsedFiles> {
        let engine = self.clone();
        let opened = match FilesPlace::of(place) {
            FilesPlace::Here => Files::here().boxed(),
            FilesPlace::Host(host) => async move { engine.files(&host).await }.boxed(),
            FilesPlace::Elevated(host) => async move { engine.elevated_files(&host).await }.boxed(),
        };
        let used = self.inner.panels.sessions.session(place, || opened).await?;
        if matches!(FilesPlace::of(place), FilesPlace::Elevated(_)) {
            // Of a host the connection says so.
            self.inner.jobs.connected(place);
        }
        Ok(used)
    }
}

/// Moves paths into the trash folder.
async fn throw_away(files: &Files, paths: &[SftpPath], work: &Work) -> Result<()> {
    let trash = match Trash::of(files).await {
        Ok(trash) => trash,
        Err(error) => return Err(files.problem(&error).await),
    };
    let when = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
    for path in paths {
        if work.is_cancelled() {
            break;
        }
        work.at(path);
        match trash.throw(files, path, &when).await {
            Ok(()) => work.done(),
            Err(error) => {
                work.failed(path, &trash::problem(files, path, &error).await);
                if error.is_fatal() {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Moves paths of this computer where its desktop keeps what was deleted, from which it can be taken back.
async fn throw_away_here(paths: &[SftpPath], work: &Work) -> Result<()> {
    for path in paths {
        if work.is_cancelled() {
            break;
        }
        work.at(path);
        match trash::throw_here(path).await {
            Ok(()) => work.done(),
            Err(error) => work.failed(path, &error),
        }
    }
    Ok(())
}

/// A path that a person typed: `~` is where the server starts.
async fn typed(files: &Files, text: &str) -> Result<SftpPath> {
    if text.is_empty() || text == "~" {
        return look::home(files).await;
    }
    let Some(below) = text.strip_prefix("~/") else { return at(files, text) };
    let mut path = look::home(files).await?.as_bytes().to_vec();
    path.push(b'/');
    path.extend(path_text::to_bytes(below));
    SftpPath::new(path).map_err(|error| named(files, error))
}

pub(super) fn at(files: &Files, text: &str) -> Result<SftpPath> {
    SftpPath::new(path_text::to_bytes(text)).map_err(|error| named(files, error))
}

/// Paths that something is done to: each is an entry of a folder, and so neither `/` nor `..`.
fn all(files: &Files, paths: &[String]) -> Result<Vec<SftpPath>> {
    let entry = |text: &String| {
        let path = at(files, text)?;
        if path.file_name().is_none() {
            return Err(named(files, NameError::Dots));
        }
        Ok(path)
    };
    paths.iter().map(entry).collect()
}

fn in_folder(files: &Files, folder: &str, name: &str) -> Result<SftpPath> {
    join(files, &at(files, folder)?, name)
}

pub(super) fn join(files: &Files, folder: &SftpPath, name: &str) -> Result<SftpPath> {
    let name = FileName::new(path_text::to_bytes(name)).map_err(|error| named(files, error))?;
    folder.join(&name).map_err(|error| named(files, error))
}

/// A name that cannot be used.
fn named(files: &Files, error: NameError) -> Error {
    let error = SftpError { doing: Doing::Resolve, path: None, to: None, kind: ErrorKind::Name(error) };
    problem(files.address(), &error)
}

pub(super) fn is_lost(error: &Error) -> bool {
    error.code.is_lost_connection() || error.code == ErrorCode::SftpFailed
}
