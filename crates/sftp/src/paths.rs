//! What is done to a path without opening it.

use crate::attributes::{Attributes, FileKind};
use crate::driver::Keeps;
use crate::error::{Doing, ErrorKind, Result, Violation};
use crate::name::SftpPath;
use crate::reply::{Expects, RawEntry, Reply};
use crate::request::{Request, kind};
use crate::sftp::{Sftp, Task};

impl Sftp {
    /// What is known about a path; a link is followed.
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchFile`], also for a link that leads nowhere.
    pub async fn stat(&self, path: &SftpPath) -> Result<Attributes> {
        let task = Task::of(Doing::Stat, path);
        self.attributes(Request::path(kind::STAT, path)).await.map_err(|kind| task.failed(kind))
    }

    /// What is known about a path itself, be it a link.
    ///
    /// # Errors
    /// See [`Sftp::stat`].
    pub async fn lstat(&self, path: &SftpPath) -> Result<Attributes> {
        let task = Task::of(Doing::Stat, path);
        self.attributes(Request::path(kind::LSTAT, path)).await.map_err(|kind| task.failed(kind))
    }

    /// Changes the attributes that are given; a link is followed. A size cuts or extends the file.
    ///
    /// # Errors
    /// Some of them may have been changed all the same.
    pub async fn set_attributes(&self, path: &SftpPath, attributes: &Attributes) -> Result<()> {
        let request = Request::attributes(kind::SETSTAT, path.as_bytes(), attributes);
        self.do_to(Task::of(Doing::SetAttributes, path), request).await
    }

    /// The target of a link, as it is written there: it may be relative, and lead nowhere.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] for what is no link.
    pub async fn read_link(&self, path: &SftpPath) -> Result<SftpPath> {
        let request = Request::path(kind::READLINK, path);
        self.one_path(Task::of(Doing::ReadLink, path), request).await
    }

    /// Makes a symbolic link at `link` that leads to `target`, which is written there as it is. The order on the wire
    /// is OpenSSH's, not the draft's.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] if something is there already.
    pub async fn symlink(&self, target: &SftpPath, link: &SftpPath) -> Result<()> {
        let request = Request::paths(kind::SYMLINK, target, link);
        self.do_to(Task::between(Doing::Link, link, target), request).await
    }

    /// The absolute path without links and dots. OpenSSH takes one whose last component is not there.
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchFile`] if there is no such folder.
    pub async fn resolve(&self, path: &SftpPath) -> Result<SftpPath> {
        let request = Request::path(kind::REALPATH, path);
        self.one_path(Task::of(Doing::Resolve, path), request).await
    }

    /// Makes a folder. Permissions are subject to the server's umask.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] if something is there already.
    pub async fn make_directory(&self, path: &SftpPath, attributes: &Attributes) -> Result<()> {
        let request = Request::attributes(kind::MKDIR, path.as_bytes(), attributes);
        self.do_to(Task::of(Doing::MakeDirectory, path), request).await
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] if it is not empty.
    pub async fn remove_directory(&self, path: &SftpPath) -> Result<()> {
        let request = Request::path(kind::RMDIR, path);
        self.do_to(Task::of(Doing::RemoveDirectory, path), request).await
    }

    /// Removes a file, or a link itself.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] for a folder.
    pub async fn remove(&self, path: &SftpPath) -> Result<()> {
        let request = Request::path(kind::REMOVE, path);
        self.do_to(Task::of(Doing::Remove, path), request).await
    }

    /// Renames where nothing is at `to`. The draft says that it fails if something is, and OpenSSH makes sure of it; a
    /// server may still replace it in silence.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] if something is at `to`.
    pub async fn rename(&self, from: &SftpPath, to: &SftpPath) -> Result<()> {
        let request = Request::paths(kind::RENAME, from, to);
        self.do_to(Task::between(Doing::Rename, from, to), request).await
    }

    /// Renames over what is at `to`, at one instant: whoever opens `to` gets the old file or the new one. A link at `to`
    /// is replaced itself. Needs `posix-rename@openssh.com`.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`], and nothing was sent, if the server does not offer it; see
    /// [`Sftp::replace_in_steps`].
    pub async fn replace(&self, from: &SftpPath, to: &SftpPath) -> Result<()> {
        let task = Task::between(Doing::Rename, from, to);
        if !self.extensions().posix_rename {
            return Err(task.failed(ErrorKind::Unsupported));
        }
        let request = Request::extended("posix-rename@openssh.com", &[from.as_bytes(), to.as_bytes()]);
        self.do_to(task, request).await
    }

    /// Renames over what is at `to` where the server cannot do it at once: the old file goes to `aside`, the new one to
    /// `to`, and then the old one is removed. There is a moment without a file at `to`. Whenever it is cut short, both
    /// files are whole on the server; if only the second step fails, the first one is taken back.
    ///
    /// # Errors
    /// Of the step that failed. [`ErrorKind::IsDirectory`] if there is a folder at `to`, which is left alone.
    pub async fn replace_in_steps(&self, from: &SftpPath, to: &SftpPath, aside: &SftpPath) -> Result<()> {
        match self.lstat(to).await {
            Ok(there) if there.kind() == FileKind::Directory => {
                return Err(Task::between(Doing::Rename, from, to).failed(ErrorKind::IsDirectory));
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind, ErrorKind::NoSuchFile) => {
                return self.rename(from, to).await;
            }
            Err(error) => return Err(error),
        }
        self.rename(to, aside).await?;
        if let Err(error) = self.rename(from, to).await {
            // Its own failure says less than the one that led here.
            let _ = self.rename(aside, to).await;
            return Err(error);
        }
        self.remove(aside).await
    }

    pub(crate) async fn do_to(&self, task: Task, request: Request) -> Result<()> {
        let done = async { self.ask(request, Expects::Status, Keeps::Nothing).await?.done().await };
        done.await.map_err(|kind| task.failed(kind))
    }

    /// The answer to a request for exactly one path.
    pub(crate) async fn one_path(&self, task: Task, request: Request) -> Result<SftpPath> {
        let path = async {
            let asked = self.ask(request, Expects::Names, Keeps::Nothing).await?;
            match asked.reply().await? {
                Reply::Names(names) => the_path(&names).map_err(ErrorKind::Protocol),
                _ => unreachable!("an answer without names ends the session"),
            }
        };
        path.await.map_err(|kind| task.failed(kind))
    }

    async fn attributes(&self, request: Request) -> Result<Attributes, ErrorKind> {
        match self.ask(request, Expects::Attributes, Keeps::Nothing).await?.reply().await? {
            Reply::Attributes(attributes) => Ok(attributes),
            _ => unreachable!("an answer without attributes ends the session"),
        }
    }
}

fn the_path(names: &[RawEntry]) -> Result<SftpPath, Violation> {
    match names {
        [entry] => SftpPath::new(&entry.name).map_err(Violation::Path),
        names => Err(Violation::NameCount(u32::try_from(names.len()).unwrap_or(u32::MAX))),
    }
}
