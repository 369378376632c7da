//! Keeps the workspace while the app runs: the window says where its tabs lie, the terminals what they show. One task writes
//! all of it, so that whatever kills the app costs a few seconds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Zoned;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use super::Engine;
use super::seal::Seal;
use super::terminals::Terminals;
use crate::clock;
use crate::error::{Error, Result};
use crate::host::HostId;
use crate::terminal::Terminal;
use crate::terminal::kept::KeptScreen;
use crate::terminal::state::{TerminalId, TerminalSize};
use crate::terminal::view::View;
use crate::workspace::document::{BroughtBack, KeptScrollback, Workspace, WorkspaceState, WorkspaceWindow};
use crate::workspace::files::{SCROLLBACK_FILES_BYTES, WorkspaceFiles};
use crate::workspace::windows::{WindowId, Windows, WindowsView};

/// How often it is looked whether there is something to write.
const LOOK: Duration = Duration::from_secs(1);
/// What a terminal shows is written so often at most, and only if it has shown more.
const WRITE_PAUSE: Duration = Duration::from_secs(4);
/// What is kept of one terminal: 10,000 lines of 200 characters. With many terminals it is less for each.
const KEPT_MAX_BYTES: u64 = 2 * 1024 * 1024;
/// Time for the last writing at the end of the app.
const LAST_WRITING: Duration = Duration::from_secs(2);
/// Orders that wait for the task. When it is full a save waits; an order is one flag and a write.
const ORDERS: usize = 16;

enum Order {
    /// Write what is new; with an answer all of it, now.
    Write(Option<oneshot::Sender<()>>),
    Remove(Vec<Uuid>),
    ForgetLast,
    ForgetAll,
}

/// The engine's handle on it. Clones share it.
#[derive(Clone)]
pub(super) struct Workspaces {
    state: Arc<Mutex<State>>,
    orders: mpsc::Sender<Order>,
    files: WorkspaceFiles,
}

pub(super) struct State {
    pub windows: Windows,
    /// What lies in them was not written yet.
    pub is_new: bool,
    last: Option<Workspace>,
    /// The file that each terminal is kept in.
    names: BTreeMap<TerminalId, Uuid>,
    /// The person wants it kept.
    keep: bool,
    /// The app ends: what closes now was open.
    pub over: bool,
    /// What the windows were told of each other last.
    pub told: Option<WindowsView>,
}

impl Workspaces {
    /// Reads what the run before left.
    pub async fn open(folder: PathBuf) -> Result<(Self, OrderQueue)> {
        let files = WorkspaceFiles::at(folder);
        let reading = files.clone();
        let last = tokio::task::spawn_blocking(move || reading.begin()).await.map_err(Error::internal)?;
        let (orders, queue) = mpsc::channel(ORDERS);
        let state = State {
            windows: Windows::new(),
            is_new: false,
            last,
            names: BTreeMap::new(),
            keep: true,
            over: false,
            told: None,
        };
        Ok((Self { state: Arc::new(Mutex::new(state)), orders, files }, OrderQueue(queue)))
    }

    /// A terminal was closed by the person: what it showed is kept no longer.
    pub fn forget(&self, id: TerminalId) {
        let name = {
            let mut state = self.state();
            state.windows.forget(id);
            state.names.remove(&id)
        };
        if let Some(name) = name {
            // With a full queue it goes at the next start, when nothing refers to it any more.
            let _ = self.orders.try_send(Order::Remove(vec![name]));
        }
    }

    async fn order(&self, order: Order) {
        let _ = self.orders.send(order).await;
    }

    /// Has it written soon. With a full queue another order does that.
    pub fn write_soon(&self) {
        let _ = self.orders.try_send(Order::Write(None));
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// What is open in a window and what was. A page that starts anew shows the first, a new run offers the second.
    pub async fn workspace(&self, window: WindowId) -> Result<WorkspaceState> {
        let terminals = self.inner.terminals.views();
        let state = self.inner.workspace.state();
        let terminals = state.windows.terminals_of(&window, terminals);
        let last = state.last.clone().filter(|_| window == WindowId::main());
        Ok(WorkspaceState { current: state.windows.state(&window), terminals, last })
    }

    /// Keeps what is open in a window now.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::Internal`] for one that is too large.
    pub async fn workspace_save(&self, window: WindowId, tabs: WorkspaceWindow) -> Result<()> {
        tabs.check()?;
        {
            let mut state = self.inner.workspace.state();
            if state.over || !state.windows.save(&window, tabs) {
                return Ok(());
            }
            state.is_new = true;
        }
        // With its first words a page may have become the one in front.
        self.front_changed();
        self.inner.workspace.order(Order::Write(None)).await;
        Ok(())
    }

    /// Whether anything is kept beyond this run. Otherwise what was kept is removed.
    pub async fn workspace_keep(&self, keep: bool) -> Result<()> {
        {
            let mut state = self.inner.workspace.state();
            state.keep = keep;
            state.is_new = keep;
            if !keep {
                state.last = None;
                state.names.clear();
            }
        }
        self.inner.workspace.order(if keep { Order::Write(None) } else { Order::ForgetAll }).await;
        Ok(())
    }

    /// Opens a terminal of the last workspace anew, below what it showed. No window shows it yet: see
    /// [`Engine::terminal_attach`].
    ///
    /// # Errors
    /// As [`Engine::terminal_open`], and those of the keyring when it does not say whether it has the key. Then nothing is opened,
    /// and what was kept stays.
    pub async fn terminal_bring_back(
        &self,
        host: HostId,
        kept: Option<String>,
        size: TerminalSize,
    ) -> Result<BroughtBack> {
        let name = kept.and_then(|name| Uuid::parse_str(&name).ok());
        let (scrollback, view) = match name {
            Some(name) => self.open_kept(name).await?,
            None => (KeptScrollback::None, View::detached()),
        };
        let terminal =
            self.start_terminal(&host, size, view.returning(), name.unwrap_or_else(Uuid::new_v4))?;
        if let Some(name) = name {
            let mut state = self.inner.workspace.state();
            if scrollback != KeptScrollback::None {
                // The file stays what it is until the terminal has shown more.
                state.names.insert(terminal, name);
            }
            // A page that is loaded anew is offered only what is not back.
            if let Some(last) = &mut state.last {
                last.remove(&name.to_string());
            }
        }
        self.transcribe_if_wanted(terminal, &host).await;
        Ok(BroughtBack { terminal, scrollback })
    }

    async fn open_kept(&self, name: Uuid) -> Result<(KeptScrollback, View)> {
        let files = self.inner.workspace.files.clone();
        let read = tokio::task::spawn_blocking(move || files.read_scrollback(name)).await;
        let sealed = match read.map_err(std::io::Error::other) {
            Ok(Ok(Some(sealed))) => sealed,
            Ok(Ok(None)) => return Ok((KeptScrollback::None, View::detached())),
            Ok(Err(error)) | Err(error) => {
                tracing::warn!(%error, "what a terminal showed could not be read");
                return Ok((KeptScrollback::Lost, View::detached()));
            }
        };
        // The person asks for it: a locked keyring may ask them in turn.
        Ok(match self.inner.seal.for_reading().await?.and_then(|key| key.open(name, &sealed)) {
            Some((kept, at)) => (KeptScrollback::Back, View::brought_back(&kept, &at)),
            None => (KeptScrollback::Lost, View::detached()),
        })
    }

    /// The last workspace was brought back, or the person does not want it.
    pub async fn workspace_forget_last(&self) -> Result<()> {
        let stray = {
            let mut state = self.inner.workspace.state();
            let last = state.last.take();
            let names: Vec<Uuid> =
                last.iter().flat_map(Workspace::kept).filter_map(|name| Uuid::parse_str(name).ok()).collect();
            names.into_iter().filter(|name| !state.names.values().any(|used| used == name)).collect()
        };
        self.inner.workspace.order(Order::ForgetLast).await;
        self.inner.workspace.order(Order::Remove(stray)).await;
        Ok(())
    }

    /// Writes everything a last time, before the terminals end.
    pub(super) async fn keep_workspace(&self) {
        {
            // A writing that takes longer than there is time finds the names also when the terminals are gone.
            let mut state = self.inner.workspace.state();
            for id in self.inner.terminals.all().into_keys() {
                let Some(name) = self.inner.terminals.name_of(id) else { continue };
                state.names.entry(id).or_insert(name);
            }
        }
        let (tell, written) = oneshot::channel();
        let writing = async {
            self.inner.workspace.order(Order::Write(Some(tell))).await;
            written.await
        };
        let _ = timeout(LAST_WRITING, writing).await;
        // Before any terminal ends: what is still being written is that of one that was open.
        self.inner.workspace.state().over = true;
    }
}

pub(super) struct OrderQueue(mpsc::Receiver<Order>);

/// The task that writes.
pub(super) struct Keeper {
    pub workspaces: Workspaces,
    pub terminals: Terminals,
    pub seal: Seal,
}

/// What was written of a terminal.
struct Written {
    shown: u64,
    at: Instant,
}

impl Keeper {
    /// Until the engine ends.
    pub async fn run(self, OrderQueue(mut orders): OrderQueue) {
        let mut writing = Writing { keeper: self, written: BTreeMap::new() };
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Write(None)) => writing.write_workspace().await,
                    Some(Order::Write(Some(done))) => {
                        writing.write_terminals(true).await;
                        writing.write_workspace().await;
                        let _ = done.send(());
                    }
                    Some(Order::Remove(names)) => {
                        writing.files(move |files| names.into_iter().try_for_each(|name| files.remove_scrollback(name))).await;
                    }
                    Some(Order::ForgetLast) => writing.files(|files| files.forget_last()).await,
                    Some(Order::ForgetAll) => {
                        writing.written.clear();
                        writing.files(|files| files.forget_all()).await;
                    }
                    None => return,
                },
                _ = look.tick() => writing.write_terminals(false).await,
            }
        }
    }
}

struct Writing {
    keeper: Keeper,
    written: BTreeMap<TerminalId, Written>,
}

impl Writing {
    async fn write_workspace(&mut self) {
        let workspace = {
            let mut state = self.keeper.workspaces.state();
            let State { windows, is_new, names, keep, .. } = &mut *state;
            if !*keep || !std::mem::take(is_new) {
                return;
            }
            let Some(mut workspace) = windows.document() else { return };
            workspace.saved_at_ms = clock::now_ms().round();
            for tab in workspace.all_tabs_mut() {
                // The number of a terminal means nothing to the next run.
                let name = tab.terminal.take().and_then(|id| {
                    // Without a keyring nothing is kept under it, and the session on the host is still found by it.
                    names.get(&id).copied().or_else(|| self.keeper.terminals.name_of(id))
                });
                tab.kept = name.map(|name| name.to_string());
            }
            workspace
        };
        // Each window is small enough; all of them may be too large to be read again, and what is there is better than that.
        if let Err(error) = workspace.check() {
            tracing::warn!(%error, "the workspace is not written");
            return;
        }
        self.files(move |files| files.write(&workspace)).await;
    }

    /// Writes what terminals have shown since it was written last.
    async fn write_terminals(&mut self, at_once: bool) {
        let terminals = self.keeper.terminals.all();
        self.written.retain(|id, _| terminals.contains_key(id));
        if !self.keeper.workspaces.state().keep {
            return;
        }
        let now = Instant::now();
        let due = |(id, terminal): &(&TerminalId, &Terminal)| match self.written.get(id) {
            Some(written) => {
                terminal.shown() != written.shown && (at_once || now >= written.at + WRITE_PAUSE)
            }
            None => terminal.shown() > 0,
        };
        let due: Vec<_> = terminals.iter().filter(due).map(|(id, it)| (*id, it.clone())).collect();
        if due.is_empty() || self.keeper.seal.for_keeping().await.is_none() {
            return;
        }
        let kept_before = self.keeper.workspaces.state().last.as_ref().map_or(0, |last| last.kept().count());
        let most = SCROLLBACK_FILES_BYTES / (terminals.len() + kept_before).max(1) as u64;
        for (id, terminal) in due {
            self.write_terminal(id, &terminal, most.min(KEPT_MAX_BYTES)).await;
        }
        // New files have to be referred to.
        self.write_workspace().await;
    }

    async fn write_terminal(&mut self, id: TerminalId, terminal: &Terminal, most: u64) {
        let shown = terminal.shown();
        let Ok(kept) = terminal.keep(usize::try_from(most).unwrap_or(usize::MAX)).await else { return };
        let Some(own_name) = self.keeper.terminals.name_of(id) else { return };
        let name = {
            let mut state = self.keeper.workspaces.state();
            let mut fresh = false;
            let name = *state.names.entry(id).or_insert_with(|| {
                fresh = true;
                own_name
            });
            state.is_new |= fresh;
            name
        };
        self.write_kept(id, name, shown, kept).await;
    }

    async fn write_kept(&mut self, id: TerminalId, name: Uuid, shown: u64, kept: KeptScreen) {
        let Some(key) = self.keeper.seal.for_keeping().await else { return };
        let files = self.keeper.workspaces.files.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let sealed = key.seal(name, &Zoned::now(), &kept);
            sealed.map(|sealed| files.write_scrollback(name, &sealed))
        });
        let mut is_written = false;
        if let Ok(written) = writing.await {
            match written {
                Some(Ok(())) => is_written = true,
                Some(Err(error)) => tracing::warn!(%error, "what a terminal showed could not be kept"),
                None => tracing::warn!("what a terminal showed could not be sealed"),
            }
        }
        let is_running = self.keeper.terminals.all().contains_key(&id);
        // Closed by the person meanwhile: what was just written is wanted no more. At the end of the app it is.
        if !is_running && !self.keeper.workspaces.state().over {
            self.written.remove(&id);
            self.files(move |files| files.remove_scrollback(name)).await;
            return;
        }
        // What could not be written is tried again after the pause.
        let before = self.written.get(&id).map_or(0, |written| written.shown);
        let shown = if is_written { shown } else { before };
        self.written.insert(id, Written { shown, at: Instant::now() });
    }

    async fn files(&self, work: impl FnOnce(&WorkspaceFiles) -> std::io::Result<()> + Send + 'static) {
        let files = self.keeper.workspaces.files.clone();
        match tokio::task::spawn_blocking(move || work(&files)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the workspace could not be kept"),
            Err(error) => tracing::warn!(%error, "the workspace could not be kept"),
        }
    }
}

#[cfg(test)]
mod tests;
