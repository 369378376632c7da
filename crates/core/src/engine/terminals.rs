//! The terminals that run, by their numbers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;

use super::Engine;
use super::view::EngineEvent;
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;
use crate::pool::MakeTarget;
use crate::terminal::state::{TerminalId, TerminalSize, TerminalState, TerminalView};
use crate::terminal::view::{Output, View};
use crate::terminal::{OpenSource, Opening, Terminal, gone, shell};

/// Terminals at once; each has an xterm.js in the window, which is the first to suffer.
const TERMINALS_MAX: usize = 256;
/// Time for terminals to end at the end of the app.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) struct Terminals {
    running: Arc<Mutex<BTreeMap<TerminalId, Running>>>,
    last_id: Arc<AtomicU32>,
    events: broadcast::Sender<EngineEvent>,
}

struct Running {
    terminal: Terminal,
    host: HostId,
}

impl Engine {
    /// Opens a terminal on a host. It returns at once; what becomes of it is told as events.
    ///
    /// # Errors
    /// [`ErrorCode::ChannelRefused`] when there are too many. Everything else ends the terminal and is told there.
    pub async fn terminal_open(
        &self,
        host: HostId,
        size: TerminalSize,
        output: Box<dyn Output>,
    ) -> Result<TerminalId> {
        let engine = self.clone();
        let target_host = host.clone();
        let open: OpenSource = Box::new(move |opening, size| {
            let (engine, host) = (engine.clone(), target_host.clone());
            Box::pin(async move {
                let make_target = engine.make_target(&host);
                let place = match opening {
                    Opening::First => engine.inner.pool.place(&host, make_target).await?,
                    Opening::Again => engine.inner.pool.place_again(&host, make_target).await?,
                };
                engine.record_remembered(place.connection(), &host).await;
                let size = *size.borrow();
                shell::open(place, size).await
            })
        });
        self.inner.terminals.start(host, |_| Terminal::start(View::new(output), size, open))
    }

    /// Makes the target of a host whenever a dial begins, so that a changed host is dialled as it is then.
    pub(super) fn make_target(&self, host: &HostId) -> MakeTarget {
        let (engine, host) = (self.clone(), host.clone());
        Arc::new(move || {
            let (engine, host) = (engine.clone(), host.clone());
            Box::pin(async move { engine.target(&host).await })
        })
    }

    /// # Errors
    /// [`ErrorCode::TerminalNotFound`], as for the others.
    pub async fn terminal_write(&self, id: TerminalId, bytes: Bytes) -> Result<()> {
        self.inner.terminals.get(id)?.write(bytes).await
    }

    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_ack(&self, id: TerminalId, bytes: u32) -> Result<()> {
        self.inner.terminals.get(id)?.give_credit(bytes as usize).await
    }

    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_resize(&self, id: TerminalId, size: TerminalSize) -> Result<()> {
        self.inner.terminals.get(id)?.resize(size).await
    }

    /// Ends a terminal; one that has ended already is fine.
    pub async fn terminal_close(&self, id: TerminalId) -> Result<()> {
        if let Ok(terminal) = self.inner.terminals.get(id) {
            terminal.close().await;
        }
        Ok(())
    }

    /// Ends all terminals: the window that showed them is gone.
    pub async fn terminals_close_all(&self) {
        self.inner.terminals.close_all().await;
    }
}

impl Terminals {
    pub(super) fn new(events: broadcast::Sender<EngineEvent>) -> Self {
        Self { running: Arc::default(), last_id: Arc::default(), events }
    }

    fn start(&self, host: HostId, start: impl FnOnce(TerminalId) -> Terminal) -> Result<TerminalId> {
        let mut running = self.lock();
        if running.len() >= TERMINALS_MAX {
            let cause = format!("{TERMINALS_MAX} terminals are open");
            return Err(Error::new(
                ErrorCode::ChannelRefused,
                format!("No terminal was opened: {cause}. Close some."),
            )
            .with("address", &host)
            .with("cause", cause));
        }
        let id = TerminalId(self.last_id.fetch_add(1, Ordering::Relaxed) + 1);
        let terminal = start(id);
        tokio::spawn(self.clone().follow(id, host.clone(), terminal.clone()));
        running.insert(id, Running { terminal, host });
        Ok(id)
    }

    /// Tells of every state, and forgets the terminal at its end.
    async fn follow(self, id: TerminalId, host: HostId, terminal: Terminal) {
        let mut states = terminal.state();
        drop(terminal);
        loop {
            let state = states.borrow_and_update().clone();
            let ended = matches!(state, TerminalState::Ended { .. });
            if ended {
                self.lock().remove(&id);
            }
            let _ =
                self.events.send(EngineEvent::Terminal(TerminalView { id, host_id: host.clone(), state }));
            if ended || states.changed().await.is_err() {
                return;
            }
        }
    }

    pub(super) fn views(&self) -> Vec<TerminalView> {
        self.lock()
            .iter()
            .map(|(id, running)| TerminalView {
                id: *id,
                host_id: running.host.clone(),
                state: running.terminal.state().borrow().clone(),
            })
            .collect()
    }

    fn get(&self, id: TerminalId) -> Result<Terminal> {
        self.lock().get(&id).map(|running| running.terminal.clone()).ok_or_else(gone)
    }

    pub(super) async fn close_of(&self, host: &HostId) {
        self.close(|running| running.host == *host).await;
    }

    pub(super) async fn close_all(&self) {
        self.close(|_| true).await;
    }

    /// Ends those of a host that wait for its connection.
    pub(super) async fn give_up_of(&self, host: &HostId) {
        let of_host = |one: &&Running| one.host == *host;
        let waiting: Vec<Terminal> =
            self.lock().values().filter(of_host).map(|one| one.terminal.clone()).collect();
        futures::future::join_all(waiting.iter().map(Terminal::give_up)).await;
    }

    async fn close(&self, wanted: impl Fn(&Running) -> bool) {
        let closing: Vec<Terminal> =
            self.lock().values().filter(|one| wanted(one)).map(|one| one.terminal.clone()).collect();
        let all = futures::future::join_all(closing.iter().map(|terminal| async {
            terminal.close().await;
            let _ = terminal.state().wait_for(|state| matches!(state, TerminalState::Ended { .. })).await;
        }));
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, all).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TerminalId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
