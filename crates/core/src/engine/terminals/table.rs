//! The terminals that run and what all of them have in common: numbers, settings, who follows them and how they end.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::super::shells::Shells;
use super::super::view::EngineEvent;
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostId;
use crate::terminal::commands::ShellView;
use crate::terminal::screen::{SCROLLBACK_LINES, SCROLLBACK_LINES_MAX};
use crate::terminal::seam::SeamWords;
use crate::terminal::state::{TerminalEnd, TerminalId, TerminalState, TerminalView};
use crate::terminal::target::TerminalTarget;
use crate::terminal::triggers::{FOUND_MAX, Triggers};
use crate::terminal::typing::Typing;
use crate::terminal::view::View;
use crate::terminal::{Terminal, gone};

/// Terminals at once, those whose shell has ended too as long as they are shown. Each may take 4 MiB for its scrollback.
const TERMINALS_MAX: usize = 256;
/// Directories that change faster than a person can read are told as they are then.
const SHELL_NEWS_PAUSE: Duration = Duration::from_millis(100);
/// Time for terminals to end at the end of the app.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// A program may set its title a thousand times a second; so often it is told.
const FACTS_PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(in crate::engine) struct Terminals {
    running: Arc<Mutex<BTreeMap<TerminalId, Running>>>,
    last_id: Arc<AtomicU32>,
    /// Lines that each keeps above its screen.
    scrollback: Arc<AtomicUsize>,
    pictures: Arc<AtomicBool>,
    /// What is looked for in new lines.
    triggers: Arc<Mutex<Triggers>>,
    pub(super) typing: Typing,
    events: broadcast::Sender<EngineEvent>,
    pub(super) words: Arc<Mutex<SeamWords>>,
    /// Lines that end sessions whose terminals were closed while their host was away. When it is full the oldest is forgotten,
    /// and its session stays.
    sessions_to_end: Arc<Mutex<VecDeque<(HostId, String)>>>,
}

struct Running {
    terminal: Terminal,
    host: HostId,
    shells: Arc<Shells>,
}

impl Terminals {
    pub(in crate::engine) fn new(events: broadcast::Sender<EngineEvent>) -> Self {
        Self {
            running: Arc::default(),
            last_id: Arc::default(),
            scrollback: Arc::new(AtomicUsize::new(SCROLLBACK_LINES)),
            pictures: Arc::default(),
            triggers: Arc::default(),
            typing: Typing::default(),
            events,
            words: Arc::default(),
            sessions_to_end: Arc::default(),
        }
    }

    /// Remembers the session of a terminal that is not on its host now: nobody can end it before the next one is.
    pub(super) fn end_session_later(&self, id: TerminalId) {
        let running = self.lock();
        let Some(one) = running.get(&id) else { return };
        let away = !matches!(
            *one.terminal.state().borrow(),
            TerminalState::Running
                | TerminalState::Ended { end: TerminalEnd::Exited { .. } | TerminalEnd::Signalled { .. } }
        );
        let Some(line) = one.shells.end_line().filter(|_| away) else { return };
        let mut lines = self.sessions_to_end.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TERMINALS_MAX {
            lines.pop_front();
        }
        lines.push_back((one.host.clone(), line));
    }

    pub(super) fn take_sessions_to_end(&self, host: &HostId) -> Vec<String> {
        let mut lines = self.sessions_to_end.lock().unwrap_or_else(PoisonError::into_inner);
        let (of_host, others) = lines.drain(..).partition(|(of, _)| of == host);
        *lines = others;
        let of_host: VecDeque<(HostId, String)> = of_host;
        of_host.into_iter().map(|(_, line)| line).collect()
    }

    pub(super) fn words(&self) -> SeamWords {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn start(
        &self,
        host: HostId,
        shells: Arc<Shells>,
        mut view: View,
        start: impl FnOnce(TerminalId, View) -> Terminal,
    ) -> Result<TerminalId> {
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
        view.set_scrollback(self.scrollback.load(Ordering::Relaxed));
        view.set_pictures(self.pictures.load(Ordering::Relaxed));
        view.give_way_to(self.typing.elsewhere(id));
        let terminal = start(id, view);
        tokio::spawn(self.clone().follow(id, host.clone(), terminal.clone()));
        tokio::spawn(self.clone().follow_shell(id, host.clone(), terminal.clone()));
        running.insert(id, Running { terminal, host, shells });
        Ok(id)
    }

    /// Tells what a shell says about itself, as it is then: at most so often, whatever the server sends.
    async fn follow_shell(self, id: TerminalId, host_id: HostId, terminal: Terminal) {
        let mut facts = terminal.shell();
        drop(terminal);
        // It ends with the terminal, whose task has the other end.
        while facts.changed().await.is_ok() {
            let facts = facts.borrow_and_update().clone();
            let _ = self.events.send(EngineEvent::Shell(ShellView { id, host_id: host_id.clone(), facts }));
            tokio::time::sleep(SHELL_NEWS_PAUSE).await;
        }
    }

    pub(in crate::engine) fn shells(&self) -> Vec<ShellView> {
        let running = self.lock();
        let shells = running.iter().map(|(id, running)| ShellView {
            id: *id,
            host_id: running.host.clone(),
            facts: running.terminal.shell().borrow().clone(),
        });
        shells.collect()
    }

    /// Tells of every state and of what it says of itself, and forgets the terminal when it is closed.
    async fn follow(self, id: TerminalId, host: HostId, terminal: Terminal) {
        let (mut states, mut facts) = (terminal.state(), terminal.facts());
        drop(terminal);
        self.watch(id).await;
        let mut next_facts = Instant::now();
        loop {
            let state = states.borrow_and_update().clone();
            let said = facts.borrow_and_update().clone();
            let view = TerminalView { id, host_id: host.clone(), state: state.clone(), facts: said };
            let _ = self.events.send(EngineEvent::Terminal(view));
            let news = tokio::select! {
                changed = states.changed() => changed,
                changed = async {
                    sleep_until(next_facts).await;
                    facts.changed().await
                } => {
                    next_facts = Instant::now() + FACTS_PAUSE;
                    changed
                }
            };
            if news.is_err() {
                // The facts may be gone a moment before anyone has looked at how it ended.
                let (end, facts) = (states.borrow().clone(), facts.borrow().clone());
                if end != state {
                    let view = TerminalView { id, host_id: host, state: end, facts };
                    let _ = self.events.send(EngineEvent::Terminal(view));
                }
                self.lock().remove(&id);
                return;
            }
        }
    }

    pub(super) async fn set_scrollback(&self, lines: usize) {
        let lines = lines.min(SCROLLBACK_LINES_MAX);
        self.scrollback.store(lines, Ordering::Relaxed);
        for terminal in self.all().into_values() {
            let _ = terminal.set_scrollback(lines).await;
        }
    }

    pub(super) async fn set_pictures(&self, shown: bool) {
        self.pictures.store(shown, Ordering::Relaxed);
        for terminal in self.all().into_values() {
            let _ = terminal.set_pictures(shown).await;
        }
    }

    pub(super) async fn set_triggers(&self, triggers: Triggers) {
        *self.triggers.lock().unwrap_or_else(PoisonError::into_inner) = triggers;
        for id in self.all().into_keys() {
            self.watch(id).await;
        }
    }

    /// Looks for what is to be looked for in a terminal. What a recording shows happened long ago.
    async fn watch(&self, id: TerminalId) {
        let Ok((terminal, host)) = self.named(id) else { return };
        if matches!(TerminalTarget::of(&host), TerminalTarget::Recording(_)) {
            return;
        }
        let (tell, mut finds) = mpsc::channel(FOUND_MAX);
        let triggers = self.triggers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let watcher = triggers.of(id, &host, tell);
        let is_idle = watcher.is_idle();
        if terminal.watch(watcher).await.is_err() || is_idle {
            return;
        }
        drop(terminal);
        let events = self.events.clone();
        tokio::spawn(async move {
            // Until the terminal is closed, or looks for something else.
            while let Some(found) = finds.recv().await {
                let _ = events.send(EngineEvent::Found(found));
            }
        });
    }

    /// Whose shells are on a connection.
    pub(in crate::engine) fn on_lane(&self, lane: u32) -> Vec<TerminalId> {
        self.lock().iter().filter(|(_, one)| one.shells.is_on(lane)).map(|(id, _)| *id).collect()
    }

    /// What a terminal's sessions on its host are called by, and the file that it is kept in.
    pub(in crate::engine) fn name_of(&self, id: TerminalId) -> Option<Uuid> {
        self.lock().get(&id).map(|running| running.shells.name())
    }

    pub(in crate::engine) fn all(&self) -> BTreeMap<TerminalId, Terminal> {
        self.lock().iter().map(|(id, running)| (*id, running.terminal.clone())).collect()
    }

    pub(in crate::engine) fn views(&self) -> Vec<TerminalView> {
        self.lock()
            .iter()
            .map(|(id, running)| TerminalView {
                id: *id,
                host_id: running.host.clone(),
                state: running.terminal.state().borrow().clone(),
                facts: running.terminal.facts().borrow().clone(),
            })
            .collect()
    }

    /// A terminal and what it is open on.
    pub(in crate::engine) fn named(&self, id: TerminalId) -> Result<(Terminal, HostId)> {
        let running = self.lock();
        running.get(&id).map(|one| (one.terminal.clone(), one.host.clone())).ok_or_else(gone)
    }

    /// The mark of a terminal's shell.
    pub(in crate::engine) fn mark_of(&self, id: TerminalId) -> Option<String> {
        self.lock().get(&id).and_then(|running| running.shells.mark())
    }

    pub(super) fn get(&self, id: TerminalId) -> Result<Terminal> {
        self.lock().get(&id).map(|running| running.terminal.clone()).ok_or_else(gone)
    }

    /// Ends the shells of a host; what they showed stays.
    pub(in crate::engine) async fn end_of(&self, host: &HostId) {
        let of_host = |one: &&Running| one.host == *host;
        let ending: Vec<Terminal> =
            self.lock().values().filter(of_host).map(|one| one.terminal.clone()).collect();
        self.end(ending, async |terminal| terminal.end().await).await;
    }

    pub(in crate::engine) async fn close_all(&self) {
        let closing = self.all().into_values().collect();
        self.end(closing, async |terminal| terminal.leave().await).await;
    }

    /// Ends those of a host that wait for its connection.
    pub(in crate::engine) async fn give_up_of(&self, host: &HostId) {
        let of_host = |one: &&Running| one.host == *host;
        let waiting: Vec<Terminal> =
            self.lock().values().filter(of_host).map(|one| one.terminal.clone()).collect();
        futures::future::join_all(waiting.iter().map(Terminal::give_up)).await;
    }

    async fn end(&self, ending: Vec<Terminal>, how: impl AsyncFn(&Terminal)) {
        let all = futures::future::join_all(ending.iter().map(|terminal| async {
            how(terminal).await;
            let _ = terminal.state().wait_for(|state| matches!(state, TerminalState::Ended { .. })).await;
        }));
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, all).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TerminalId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
