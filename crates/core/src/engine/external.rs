//! Files on hosts that another program changes: each has a task that watches its copy here and sends back what is saved there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::files::{at, is_lost, join};
use super::view::EngineEvent;
use super::{Engine, Inner};
use crate::error::{Error, ErrorCode, Result};
use crate::files::edit::command;
use crate::files::edit::external::{ExternalAnswer, ExternalEdit, ExternalOpened, ExternalState};
use crate::files::edit::left;
use crate::files::edit::local::LocalCopy;
use crate::files::edit::look::{self, Hash, Read, hash};
use crate::files::edit::open::{OpenEdit, refused};
use crate::files::edit::save::{Save, Saved};
use crate::files::edit::text::Text;
use crate::files::edit::view::EditWords;
use crate::files::look::ShownPath;
use crate::host::{HostId, StoreNotice};

/// Nobody has more in hand; each has a watch and a copy.
const EXTERNAL_MAX: usize = 32;
/// A copy goes through memory. Larger files are downloaded and uploaded.
const COPY_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Answers that wait for a file that is being sent: a person gives one at a time.
const ORDERS: usize = 8;
/// The copies are removed within this when the app ends, or stay.
const END_WITHIN: std::time::Duration = std::time::Duration::from_millis(500);

/// Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Externals {
    slots: Arc<Mutex<Slots>>,
    events: broadcast::Sender<EngineEvent>,
    folder: PathBuf,
}

#[derive(Debug, Default)]
struct Slots {
    last: u32,
    edits: BTreeMap<u32, Slot>,
}

#[derive(Debug)]
struct Slot {
    view: ExternalEdit,
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Answer(ExternalAnswer),
    /// What the copy holds, as text.
    Text(oneshot::Sender<Option<EditWords>>),
}

impl Externals {
    /// In a folder that nobody else uses. What an earlier run left there and the hosts have is removed; of the rest the person
    /// is told.
    pub async fn open(
        events: broadcast::Sender<EngineEvent>,
        folder: PathBuf,
    ) -> (Self, Option<StoreNotice>) {
        let below = folder.clone();
        let looking = tokio::task::spawn_blocking(move || left::see_to(&below, COPY_MAX_BYTES));
        let notice = looking.await.unwrap_or_default();
        (Self { slots: Arc::default(), events, folder }, notice)
    }

    pub fn views(&self) -> Vec<ExternalEdit> {
        self.lock().edits.values().map(|slot| slot.view.clone()).collect()
    }

    fn order(&self, id: u32, order: Order) -> Result<()> {
        let slots = self.lock();
        let slot = slots.edits.get(&id).ok_or_else(|| refused("gone", "it is not open any more"))?;
        slot.orders.try_send(order).map_err(|_| refused("busy", "it is being saved"))
    }

    fn change(&self, id: u32, change: impl FnOnce(&mut ExternalEdit)) {
        if let Some(slot) = self.lock().edits.get_mut(&id) {
            change(&mut slot.view);
        }
        self.publish();
    }

    fn remove(&self, id: u32) {
        self.lock().edits.remove(&id);
        self.publish();
    }

    /// The app ends: what was sent needs no copy, and what was not stays where it is.
    pub async fn end(&self) {
        let ids: Vec<(u32, bool)> =
            self.lock().edits.iter().map(|(&id, slot)| (id, slot.view.unsent)).collect();
        for (id, keep) in ids {
            // A task that is busy has something unsent.
            let _ = self.order(id, Order::Answer(ExternalAnswer::Stop { keep }));
        }
        let deadline = tokio::time::Instant::now() + END_WITHIN;
        while !self.lock().edits.is_empty() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    fn publish(&self) {
        let _ = self.events.send(EngineEvent::ExternalEdits(self.views()));
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Copies a file here and opens it with a command of the person's own. With an empty one nothing is started, and whoever asked
    /// opens the copy with what the desktop has for it.
    ///
    /// # Errors
    /// See [`Engine::files_home`]; [`ErrorCode::EditRefused`], [`ErrorCode::EditorFailed`].
    pub async fn file_edit_external(
        &self,
        host: HostId,
        path: String,
        command: String,
    ) -> Result<ExternalOpened> {
        let externals = &self.inner.externals;
        if externals.lock().edits.len() >= EXTERNAL_MAX {
            return Err(refused("too-many", "too many files are open to be changed"));
        }
        let (path, real, bytes, stamp) = match self.external_read(&host, &path).await {
            Err(error) if is_lost(&error) => self.external_read(&host, &path).await?,
            read => read?,
        };
        let name = real.file_name().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
        let sent = stamp.hash;
        let folder = externals.folder.clone();
        let making = tokio::task::spawn_blocking(move || LocalCopy::make(&folder, &name, &bytes));
        let copy = making.await.map_err(Error::internal)?.map_err(local)?;
        let started = match command.trim() {
            "" if command::is_run(copy.file()) => {
                copy.remove();
                return Err(refused("runs", "the desktop would run it"));
            }
            "" => false,
            command => match start(command, &copy) {
                Ok(()) => true,
                Err(error) => {
                    copy.remove();
                    return Err(error);
                }
            },
        };
        let file = copy.file().to_string_lossy().into_owned();
        let (give, orders) = mpsc::channel(ORDERS);
        let mut slots = externals.lock();
        slots.last = slots.last.wrapping_add(1);
        let id = slots.last;
        let view = ExternalEdit {
            id,
            host_id: host.clone(),
            path: ShownPath::new(&path),
            folder: copy.folder().to_string_lossy().into_owned(),
            state: ExternalState::Watching,
            saves: 0,
            unsent: false,
        };
        slots.edits.insert(id, Slot { view, orders: give });
        drop(slots);
        let edit = OpenEdit::new(host, path, Some(stamp));
        let task =
            Task { id, engine: Arc::downgrade(&self.inner), externals: externals.clone(), copy, edit, sent };
        tokio::spawn(task.run(orders));
        externals.publish();
        Ok(ExternalOpened { id, file, started })
    }

    async fn external_read(
        &self,
        host: &HostId,
        path: &str,
    ) -> Result<(bowline_sftp::SftpPath, bowline_sftp::SftpPath, bytes::Bytes, look::Stamp)> {
        let files = self.used(host).await?;
        let path = at(&files, path)?;
        match look::read(&files, &path, COPY_MAX_BYTES).await {
            Ok(Read::File { real, bytes, stamp }) => Ok((path, real, bytes, stamp)),
            Ok(Read::Gone) => Err(refused("deleted", "it is not there any more")),
            Ok(Read::TooLarge(_)) => Err(refused("large", "it is larger than 64 MiB")),
            Ok(Read::NoFile) => Err(refused("name", "it is no file")),
            Err(error) => Err(files.problem(&error).await),
        }
    }

    /// Files that other programs change.
    pub async fn file_edit_externals(&self) -> Result<Vec<ExternalEdit>> {
        Ok(self.inner.externals.views())
    }

    /// What becomes of one that waits for a person, or that nobody changes any more.
    ///
    /// # Errors
    /// [`ErrorCode::EditRefused`]
    pub async fn file_edit_answer(&self, id: u32, answer: ExternalAnswer) -> Result<()> {
        self.inner.externals.order(id, Order::Answer(answer))
    }

    /// What the copy of one holds, to merge it in the window; null if it is no text.
    ///
    /// # Errors
    /// [`ErrorCode::EditRefused`]
    pub async fn file_edit_copy(&self, id: u32) -> Result<Option<EditWords>> {
        let (give, told) = oneshot::channel();
        self.inner.externals.order(id, Order::Text(give))?;
        told.await.map_err(|_| refused("gone", "it is not open any more"))
    }
}

fn start(command: &str, copy: &LocalCopy) -> Result<()> {
    let failed = |cause: String| {
        let message = format!("The program for changing files did not start ({command}): {cause}.");
        Error::new(ErrorCode::EditorFailed, message).with("command", command).with("cause", cause)
    };
    let words = command::words(command, copy.file()).ok_or_else(|| failed("it is no command".to_owned()))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("it is no command".to_owned()));
    };
    let mut process = tokio::process::Command::new(program);
    process.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = process.spawn().map_err(|error| failed(error.to_string()))?;
    // It outlives us, and its end says nothing: many programs give the file to one that runs already.
    tokio::spawn(async move { drop(child.wait().await) });
    Ok(())
}

fn local(cause: std::io::Error) -> Error {
    refused("local", "its copy on this computer cannot be used").because(cause)
}

struct Task {
    id: u32,
    engine: Weak<Inner>,
    externals: Externals,
    copy: LocalCopy,
    edit: OpenEdit,
    /// What the server is known to have of what was saved here.
    sent: Hash,
}

impl Task {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        self.note().await;
        loop {
            tokio::select! {
                () = self.copy.changed() => self.send(false).await,
                order = orders.recv() => match order {
                    Some(Order::Answer(ExternalAnswer::Stop { keep })) => {
                        let (externals, id) = (self.externals.clone(), self.id);
                        // What was saved a moment ago may not have been seen yet.
                        if !keep && self.is_sent().await {
                            let _ = tokio::task::spawn_blocking(move || self.copy.remove()).await;
                        }
                        return externals.remove(id);
                    }
                    Some(Order::Answer(answer)) => self.answer(answer).await,
                    Some(Order::Text(give)) => drop(give.send(self.text().await)),
                    None => return,
                },
            }
        }
    }

    /// Whether the copy holds nothing that the server has not.
    async fn is_sent(&self) -> bool {
        match self.copy.read(COPY_MAX_BYTES).await {
            Ok(Some(bytes)) => hash(&bytes) == self.sent,
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Keeps beside the copy what the host has of it, for an end of the app that nobody sees to.
    async fn note(&self) {
        let (file, host) = (self.copy.file().to_owned(), self.edit.host.clone());
        let (path, sent) = (ShownPath::new(&self.edit.path), self.sent);
        let noting = tokio::task::spawn_blocking(move || left::note(&file, &host, &path, sent));
        if let Ok(Err(error)) = noting.await {
            tracing::warn!(%error, "what a host has of a file that is edited is not noted");
        }
    }

    async fn text(&self) -> Option<EditWords> {
        let bytes = self.copy.read(COPY_MAX_BYTES).await.ok()??;
        let Text { text, encoding, line_ends } = Text::read(&bytes)?;
        Some(EditWords { text, encoding, line_ends })
    }

    async fn answer(&mut self, answer: ExternalAnswer) {
        match answer {
            ExternalAnswer::Overwrite => {
                if let Some(shown) = self.edit.shown.take() {
                    self.edit.known = shown;
                }
                self.send(false).await;
            }
            ExternalAnswer::InPlace => self.send(true).await,
            ExternalAnswer::Copy { name } => {
                let before = self.edit.clone();
                match self.copy_to(&name).await {
                    Ok(()) => self.send(false).await,
                    Err(error) => self.failed(&error),
                }
                if !matches!(self.state(), Some(ExternalState::Watching)) {
                    self.edit = before;
                    let path = ShownPath::new(&self.edit.path);
                    self.externals.change(self.id, |view| view.path = path);
                }
            }
            ExternalAnswer::Retry | ExternalAnswer::Stop { .. } => self.send(false).await,
        }
    }

    /// From now on it goes to another name in the same folder.
    async fn copy_to(&mut self, name: &str) -> Result<()> {
        let engine = self.engine()?;
        let files = engine.used(&self.edit.host).await?;
        let folder = self.edit.path.parent().ok_or_else(|| refused("name", "it has no folder"))?;
        let path = join(&files, &folder, name)?;
        if files.sftp.lstat(&path).await.is_ok() {
            return Err(crate::files::change::taken(&files, &path));
        }
        let shown = ShownPath::new(&path);
        self.edit = OpenEdit { path, known: None, shown: None, sent: None, ..self.edit.clone() };
        // What was sent went elsewhere.
        self.sent = Hash::default();
        self.externals.change(self.id, |view| view.path = shown);
        Ok(())
    }

    fn state(&self) -> Option<ExternalState> {
        self.externals.lock().edits.get(&self.id).map(|slot| slot.view.state.clone())
    }

    fn engine(&self) -> Result<Engine> {
        let inner = self.engine.upgrade();
        inner.map(|inner| Engine { inner }).ok_or_else(|| Error::internal("the engine has ended"))
    }

    /// Sends the copy if it is not what the server has.
    async fn send(&mut self, in_place: bool) {
        let bytes = match self.copy.read(COPY_MAX_BYTES).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(error) => {
                // What was saved there is more than what was sent.
                self.externals.change(self.id, |view| view.unsent = true);
                return self.failed(&local(error));
            }
        };
        let now = hash(&bytes);
        if now == self.sent {
            // Back to what is there: nothing waits any more.
            return self.externals.change(self.id, |view| {
                view.state = ExternalState::Watching;
                view.unsent = false;
            });
        }
        self.externals.change(self.id, |view| {
            view.state = ExternalState::Saving;
            view.unsent = true;
        });
        match self.save(&bytes, in_place).await {
            Ok(Saved::Done { stamp, .. }) => {
                self.edit.like = stamp.attributes;
                self.edit.known = Some(stamp);
                self.edit.shown = None;
                self.edit.sent = None;
                self.sent = now;
                self.note().await;
                self.externals.change(self.id, |view| {
                    view.state = ExternalState::Watching;
                    view.saves = view.saves.saturating_add(1);
                    view.unsent = false;
                });
            }
            Ok(Saved::Conflict(there)) => {
                let deleted = matches!(there, Read::Gone);
                self.edit.shown = match there {
                    Read::File { stamp, .. } => Some(Some(stamp)),
                    Read::Gone => Some(None),
                    Read::TooLarge(_) | Read::NoFile => None,
                };
                self.externals.change(self.id, |view| view.state = ExternalState::Conflict { deleted });
            }
            Ok(Saved::NeedsInPlace) => {
                self.externals.change(self.id, |view| view.state = ExternalState::InPlace);
            }
            Err(error) => {
                self.edit.sent = Some(now);
                self.failed(&error);
            }
        }
    }

    async fn save(&self, bytes: &[u8], in_place: bool) -> Result<Saved> {
        let files = self.engine()?.used(&self.edit.host).await?;
        let OpenEdit { path, known, sent, like, token, .. } = &self.edit;
        let (over, sent) = (known.as_ref(), sent.as_ref());
        let most = COPY_MAX_BYTES;
        Save { files: &files, path, bytes, over, sent, like, in_place, token, most }.run().await
    }

    fn failed(&self, error: &Error) {
        let problem = error.problem();
        self.externals.change(self.id, |view| view.state = ExternalState::Failed { problem });
    }
}
