//! Saved hosts in one SQLite file.
//!
//! One thread owns the file; a [`HostStore`] is a cheap handle that sends it typed messages, so hosts are read and
//! written in the order of the calls and no caller ever waits on a lock. What a call has acknowledged is on the disk
//! (WAL with `synchronous=FULL`): a crash or `kill -9` right after it loses nothing. No secret is ever in this file.
//!
//! Files, all in one folder and readable by their owner only:
//!
//! | name | what |
//! |---|---|
//! | `hosts.db` (`-wal`, `-shm`) | the hosts and the snippets |
//! | `hosts.db.1` .. `.5` | copies, newest first ([`copies`]) |
//! | `hosts.db.damaged-*`, `hosts.db.newer-*` | what was set aside at a start ([`aside`]); never deleted by us |
//! | `hosts.lock` | locked by the Bowline that has the hosts open; the command writes [`beside`] it |

pub(crate) mod aside;
pub mod beside;
mod copies;
mod fault;
pub(crate) mod opening;
mod owner;
mod reading;
mod rows;
pub(crate) mod schema;
mod snippets;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use opening::is_open;
pub use reading::read;

use super::{Host, HostDraft, HostId, HostList, StoreNotice};
use crate::error::{Error, Result};

/// Messages that may wait for the thread; the next caller waits for a place. A person makes one at a time, and an
/// import of a thousand hosts is sent one after the other, so this is never a lot of memory (a draft is under 6 KiB).
const WAITING_REQUESTS: usize = 64;
/// The command has the lock for some tenths of a second, if it changes hosts while no app runs.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// A handle on the saved hosts. When the last one is dropped, what was asked before is finished and the file closed.
#[derive(Debug, Clone)]
pub struct HostStore {
    owner: Arc<Owner>,
}

/// The way to the thread, and the thread itself, so that the last handle can wait for its end.
#[derive(Debug)]
struct Owner {
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A panic of the thread was printed by its hook already.
            let _ = thread.join();
        }
    }
}

type Reply<T> = oneshot::Sender<Result<T>>;

/// What the thread can be asked.
#[derive(Debug)]
enum Request {
    List(Reply<HostList>),
    Get(HostId, Reply<Host>),
    Create(HostDraft, Reply<Host>),
    Update(HostId, HostDraft, Reply<Host>),
    Duplicate(HostId, Reply<Host>),
    Delete(HostId, Reply<()>),
    Restore(HostId, Reply<Host>),
    RenameGroup { from: String, to: String, reply: Reply<()> },
    MoveToGroup(HostId, String, Reply<Host>),
    SetHasPassword(HostId, bool, Reply<()>),
    Forgettable(Reply<Vec<HostId>>),
    Forget(Vec<HostId>, Reply<()>),
    ChangedElsewhere(Reply<bool>),
    Snippet(snippets::SnippetRequest),
}

impl HostStore {
    /// Opens the hosts in `dir`, which is made if it is not there. This blocks for some milliseconds: call it at start.
    ///
    /// A damaged or newer file is set aside, and a folder that cannot be written is opened for reading only (with an
    /// empty list, if there is nothing readable); the notices say so. [`ErrorCode::StoreBusy`] when another Bowline
    /// has the hosts open, [`ErrorCode::Internal`] when no thread could be started.
    ///
    /// [`ErrorCode::StoreBusy`]: crate::error::ErrorCode::StoreBusy
    /// [`ErrorCode::Internal`]: crate::error::ErrorCode::Internal
    pub fn open(dir: &Path) -> Result<(Self, Vec<StoreNotice>)> {
        let opening::Opened { owner, notices } = opening::open(dir, LOCK_PATIENCE)?;
        let (sender, receiver) = mpsc::channel(WAITING_REQUESTS);
        let thread = std::thread::Builder::new()
            .name("hosts".to_owned())
            .spawn(move || owner.serve(receiver))
            .map_err(|error| Error::internal(format!("no thread for the saved hosts: {error}")))?;
        let owner = Owner { requests: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) };
        Ok((Self { owner: Arc::new(owner) }, notices))
    }

    /// All hosts, by group and then by name; hosts without a group come first.
    pub async fn list(&self) -> Result<HostList> {
        self.ask(Request::List).await
    }

    /// One host; [`HostNotFound`](crate::error::ErrorCode::HostNotFound) also for a deleted one.
    pub async fn get(&self, id: &HostId) -> Result<Host> {
        let id = id.clone();
        self.ask(|reply| Request::Get(id, reply)).await
    }

    /// Saves a new host, if [`check`](super::check) finds nothing wrong with it
    /// ([`HostInvalid`](crate::error::ErrorCode::HostInvalid) otherwise).
    pub async fn create(&self, draft: HostDraft) -> Result<Host> {
        self.ask(|reply| Request::Create(draft, reply)).await
    }

    /// Changes a host, with the same check.
    pub async fn update(&self, id: &HostId, draft: HostDraft) -> Result<Host> {
        let id = id.clone();
        self.ask(|reply| Request::Update(id, draft, reply)).await
    }

    /// Saves the host once more as `name (2)`, without its password.
    pub async fn duplicate(&self, id: &HostId) -> Result<Host> {
        let id = id.clone();
        self.ask(|reply| Request::Duplicate(id, reply)).await
    }

    /// Takes the host off the list. It can be brought back with [`restore`](Self::restore) until it is
    /// [forgotten](Self::forgettable).
    pub async fn delete(&self, id: &HostId) -> Result<()> {
        let id = id.clone();
        self.ask(|reply| Request::Delete(id, reply)).await
    }

    /// Undoes a [`delete`](Self::delete).
    pub async fn restore(&self, id: &HostId) -> Result<Host> {
        let id = id.clone();
        self.ask(|reply| Request::Restore(id, reply)).await
    }

    /// Gives a group another name. If a group has that name already, both become one. An empty `to` dissolves it.
    pub async fn rename_group(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.ask(|reply| Request::RenameGroup { from, to, reply }).await
    }

    /// Puts a host into a group, which need not exist yet; an empty name takes it out of any.
    pub async fn move_to_group(&self, id: &HostId, group: &str) -> Result<Host> {
        let (id, group) = (id.clone(), group.to_owned());
        self.ask(|reply| Request::MoveToGroup(id, group, reply)).await
    }

    /// Notes that the OS keyring has a password for this host, or has it no more.
    pub async fn set_has_password(&self, id: &HostId, has_password: bool) -> Result<()> {
        let id = id.clone();
        self.ask(|reply| Request::SetHasPassword(id, has_password, reply)).await
    }

    /// Hosts that were deleted in an earlier run, or more than 30 days ago: nobody can undo that any more. Whoever calls
    /// this deletes what the keyring has for them and then calls [`forget`](Self::forget); in this order, as a password
    /// whose host is forgotten could never be found again. While the keyring is locked they simply stay.
    pub async fn forgettable(&self) -> Result<Vec<HostId>> {
        self.ask(Request::Forgettable).await
    }

    /// Removes deleted hosts for good. Hosts that are not deleted are left alone.
    pub async fn forget(&self, ids: Vec<HostId>) -> Result<()> {
        self.ask(|reply| Request::Forget(ids, reply)).await
    }

    /// Whether somebody else has changed the file since the last time that this was asked: see [`beside`].
    pub async fn changed_elsewhere(&self) -> Result<bool> {
        self.ask(Request::ChangedElsewhere).await
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let requests = self.owner.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let gone = || Error::internal("the thread of the saved hosts has ended");
        requests.ok_or_else(gone)?.send(request(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

#[cfg(test)]
mod tests;
