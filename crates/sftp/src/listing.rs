//! The entries of a folder, page by page as the server gives them: a folder of a million is never held whole.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::attributes::Attributes;
use crate::driver::Keeps;
use crate::error::{Doing, ErrorKind, Result, Violation};
use crate::handle::OpenHandle;
use crate::name::{FileName, NAME_MAX_BYTES, NameError, SftpPath};
use crate::reply::{Expects, RawEntry, Reply};
use crate::request::{Request, kind};
use crate::sftp::{Asked, Sftp, Task};

/// Pages that are asked for ahead. The second one is there from the start, since the end has a page of its own; OpenSSH
/// puts 100 names on a page, so that a million of them take 10,000 pages, and with 16 ahead 625 round trips.
const AHEAD_AT_FIRST: usize = 2;
const AHEAD_MAX: usize = 16;
/// Pages in a row that may hold nothing to show. A folder has one `.` and one `..`, so an honest server sends none.
const EMPTY_PAGES_MAX: usize = 64;

/// What a server lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    Entry(Entry),
    /// A name that is none, such as `../x` or one with a NUL byte: it cannot be opened, and no path can be made of it.
    /// The bytes are there to be shown.
    Refused {
        name: Box<[u8]>,
        why: NameError,
    },
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: FileName,
    /// As [`Sftp::lstat`] would say.
    pub attributes: Attributes,
    /// The line that `ls -l` would show. Servers write it as they like; it is only there to be shown.
    pub line: Box<[u8]>,
}

/// A folder being listed. Dropped, it is closed on the server.
#[derive(Debug)]
pub struct Listing {
    sftp: Sftp,
    handle: Arc<OpenHandle>,
    path: SftpPath,
    /// Pages that are under way, in the order in which they were asked for.
    pages: VecDeque<Asked>,
    /// What is left of the page before them.
    page: std::vec::IntoIter<RawEntry>,
    ahead: usize,
    empty_pages: usize,
    over: bool,
}

impl Sftp {
    /// Opens a folder to list it, without `.` and `..`, in the server's order.
    ///
    /// Waits while as many files and folders are open as the server takes.
    ///
    /// # Errors
    /// OpenSSH says [`ErrorKind::Failure`] for what is no folder.
    pub async fn list(&self, path: &SftpPath) -> Result<Listing> {
        match self.open_handle(Request::path(kind::OPENDIR, path)).await {
            Ok(handle) => Ok(Listing {
                sftp: self.clone(),
                handle,
                path: path.clone(),
                pages: VecDeque::new(),
                page: Vec::new().into_iter(),
                ahead: AHEAD_AT_FIRST,
                empty_pages: 0,
                over: false,
            }),
            Err(kind) => Err(Task::of(Doing::List, path).failed(kind)),
        }
    }
}

impl Listing {
    /// The next entry; None at the end. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// What came before may not be all.
    pub async fn next(&mut self) -> Result<Option<Listed>> {
        loop {
            for entry in self.page.by_ref() {
                if let Some(listed) = listed(entry) {
                    self.empty_pages = 0;
                    return Ok(Some(listed));
                }
            }
            match self.next_page().await {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(kind) => {
                    self.over = true;
                    self.pages.clear();
                    return Err(Task::of(Doing::List, &self.path).failed(kind));
                }
            }
        }
    }

    /// Gets another page; false at the end.
    async fn next_page(&mut self) -> Result<bool, ErrorKind> {
        if self.over {
            return Ok(false);
        }
        self.ask_ahead().await?;
        let Some(asked) = self.pages.front_mut() else { return Ok(false) };
        let reply = asked.ready().await;
        self.pages.pop_front();
        match reply {
            Ok(Reply::Names(page)) if page.is_empty() => self.end(),
            Ok(Reply::Names(page)) => {
                self.page = page.into_iter();
                self.ahead = (self.ahead * 2).min(AHEAD_MAX);
                self.empty_pages += 1;
                if self.empty_pages > EMPTY_PAGES_MAX {
                    return Err(ErrorKind::Protocol(Violation::EmptyPages));
                }
                return Ok(true);
            }
            Ok(_) => unreachable!("an answer without names ends the session"),
            Err(ErrorKind::EndOfFile) => self.end(),
            Err(kind) => return Err(kind),
        }
        Ok(false)
    }

    /// What was asked for ahead ends too; the folder is closed behind it.
    fn end(&mut self) {
        self.over = true;
        self.pages.clear();
    }

    async fn ask_ahead(&mut self) -> Result<(), ErrorKind> {
        while self.pages.len() < self.ahead {
            let request = || Request::handle(kind::READDIR, self.handle.as_bytes());
            let keeps = || Keeps::Handle(Arc::clone(&self.handle));
            let asked = match self.sftp.try_ask(request, Expects::Names, keeps())? {
                Some(asked) => asked,
                None if !self.pages.is_empty() => return Ok(()),
                None => self.sftp.ask(request(), Expects::Names, keeps()).await?,
            };
            self.pages.push_back(asked);
        }
        Ok(())
    }
}

fn listed(entry: RawEntry) -> Option<Listed> {
    match FileName::new(&entry.name) {
        Ok(name) => Some(Listed::Entry(Entry { name, attributes: entry.attributes, line: entry.line })),
        Err(NameError::Dots) => None,
        Err(why) => {
            // Of one that is too long the beginning shows which it is.
            let shown = &entry.name[..entry.name.len().min(NAME_MAX_BYTES)];
            Some(Listed::Refused { name: shown.into(), why })
        }
    }
}
