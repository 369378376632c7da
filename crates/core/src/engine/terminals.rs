//! The terminals that run, by their numbers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::Engine;
use super::shells::{self, Shells};
use super::view::EngineEvent;
use crate::error::{Error, ErrorCode, Result};
use crate::exec::ExecRequest;
use crate::host::options::Multiplexer;
use crate::host::{HostId, HostOptions};
use crate::pool::MakeTarget;
use crate::terminal::commands::ShellView;
use crate::terminal::screen::{SCROLLBACK_LINES, SCROLLBACK_LINES_MAX};
use crate::terminal::seam::SeamWords;
use crate::terminal::state::{TerminalEnd, TerminalId, TerminalSize, TerminalState, TerminalView};
use crate::terminal::target::TerminalTarget;
use crate::terminal::triggers::{self, FOUND_MAX, TriggerRule, Triggers};
use crate::terminal::typing::Typing;
use crate::terminal::view::{Attachment, Output, View};
use crate::terminal::{OpenSource, Opening, Terminal, gone, integration, shell};

/// Terminals at once, those whose shell has ended too as long as they are shown. Each may take 4 MiB for its scrollback.
const TERMINALS_MAX: usize = 256;
/// Directories that change faster than a person can read are told as they are then.
const SHELL_NEWS_PAUSE: Duration = Duration::from_millis(100);
/// Time for a server to end a session whose terminal was closed.
const END_SESSION_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for terminals to end at the end of the app.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// A program may set its title a thousand times a second; so often it is told.
const FACTS_PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(super) struct Terminals {
    running: Arc<Mutex<BTreeMap<TerminalId, Running>>>,
    last_id: Arc<AtomicU32>,
    /// Lines that each keeps above its screen.
    scrollback: Arc<AtomicUsize>,
    pictures: Arc<AtomicBool>,
    /// What is looked for in new lines.
    triggers: Arc<Mutex<Triggers>>,
    typing: Typing,
    events: broadcast::Sender<EngineEvent>,
    words: Arc<Mutex<SeamWords>>,
    /// Lines that end sessions whose terminals were closed while their host was away. When it is full the oldest is forgotten,
    /// and its session stays.
    sessions_to_end: Arc<Mutex<VecDeque<(HostId, String)>>>,
}

struct Running {
    terminal: Terminal,
    host: HostId,
    shells: Arc<Shells>,
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
        let id = self.start_terminal(&host, size, View::new(output), Uuid::new_v4())?;
        self.transcribe_if_wanted(id, &host).await;
        Ok(id)
    }

    /// Opens a terminal whose view may have something to show already. A session of tmux or screen of this name is found again.
    pub(super) fn start_terminal(
        &self,
        host: &HostId,
        size: TerminalSize,
        view: View,
        name: Uuid,
    ) -> Result<TerminalId> {
        let shells = Arc::new(Shells::named(name));
        let open = self.open_without_host(host).unwrap_or_else(|| {
            let open = self.open_on_host(host, Arc::clone(&shells));
            Box::new(move |_| open)
        });
        let is_recording = matches!(TerminalTarget::of(host), TerminalTarget::Recording(_));
        let start = |id, view| {
            let begin = if is_recording { Terminal::play } else { Terminal::start };
            begin(view, size, open(id))
        };
        let id = self.inner.terminals.start(host.clone(), shells, view, start)?;
        if !is_recording {
            self.follow_transfers(id);
        }
        Ok(id)
    }

    fn open_on_host(&self, host: &HostId, shells: Arc<Shells>) -> OpenSource {
        // An engine that is given up must not be held by its terminals.
        let weak = Arc::downgrade(&self.inner);
        let host = host.clone();
        Box::new(move |opening, size| {
            let (inner, host, shells) = (weak.upgrade(), host.clone(), Arc::clone(&shells));
            Box::pin(async move {
                let engine = Engine { inner: inner.ok_or_else(gone)? };
                let make_target = engine.make_target(&host);
                let place = match opening {
                    Opening::First => engine.inner.pool.place(&host, make_target).await?,
                    Opening::Again { .. } => engine.inner.pool.place_again(&host, make_target).await?,
                };
                shells.moved_to(place.connection().id());
                engine.record_remembered(place.connection(), &host).await;
                let size = *size.borrow();
                // A command that the config has instead of a shell is nobody to type to, and no more is tmux or screen.
                let is_shell = place.connection().target().session.remote_command.is_none();
                let options = engine.options(&host).await;
                let asks = shells::may_be_asked(place.connection().server().as_deref());
                let launch = shells.launch(opening, options.multiplexer, asks);
                let mut source = shell::open_with(place, size, &launch, &options.startup_command).await?;
                shells.opened(launch, source.beginning.arrival);
                source.beginning.words = engine.inner.terminals.words();
                tokio::spawn(engine.clone().end_closed_sessions(host));
                let teaches =
                    is_shell && options.shell_integration && options.multiplexer == Multiplexer::None;
                Ok(if teaches { integration::attach(source, size) } else { source })
            })
        })
    }

    /// What seams say from now on: the window tells it at its start and whenever its language changes.
    pub async fn terminal_words(&self, words: SeamWords) -> Result<()> {
        *self.inner.terminals.words.lock().unwrap_or_else(PoisonError::into_inner) = words;
        Ok(())
    }

    /// What is saved for a host now; nothing for those that are not saved here.
    async fn options(&self, host: &HostId) -> HostOptions {
        let saved = self.inner.store.get(host).await;
        saved.map(|host| host.draft.options).unwrap_or_default()
    }

    /// Makes the target of a host whenever a dial begins, so that a changed host is dialled as it is then.
    pub(super) fn make_target(&self, host: &HostId) -> MakeTarget {
        let (engine, host) = (self.clone(), host.clone());
        Arc::new(move || {
            let (engine, host) = (engine.clone(), host.clone());
            Box::pin(async move { engine.target(&host).await })
        })
    }

    /// Shows a terminal, running or ended, in another output from now on, beginning with all that is there. Without a size it
    /// keeps the one that it has. Returns which attachment that is, for [`Engine::terminal_detach`].
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_attach(
        &self,
        id: TerminalId,
        size: Option<TerminalSize>,
        output: Box<dyn Output>,
    ) -> Result<Attachment> {
        self.inner.terminals.get(id)?.attach(output, size).await
    }

    /// Nobody looks at a terminal any more; it goes on. An attachment that was replaced meanwhile is gone already.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_detach(&self, id: TerminalId, attachment: Attachment) -> Result<()> {
        self.inner.terminals.get(id)?.detach(attachment).await
    }

    /// Opens another shell below what the one that ended showed.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_reopen(&self, id: TerminalId) -> Result<()> {
        self.inner.terminals.get(id)?.reopen().await
    }

    /// Forgets what is above the line with the cursor.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_clear(&self, id: TerminalId) -> Result<()> {
        self.inner.terminals.get(id)?.clear().await
    }

    /// How many lines every terminal keeps above its screen, now and from now on; at most 100,000, and at most 4 MiB each.
    pub async fn terminal_scrollback(&self, lines: u32) -> Result<()> {
        self.inner.terminals.set_scrollback(lines as usize).await;
        Ok(())
    }

    /// Whether windows draw pictures, and programs that ask are told so: in every terminal, now and from now on.
    pub async fn terminal_pictures(&self, shown: bool) -> Result<()> {
        self.inner.terminals.set_pictures(shown).await;
        Ok(())
    }

    /// What is looked for in the new lines of every terminal, now and from now on; finds are told as events.
    pub async fn trigger_rules(&self, rules: Vec<TriggerRule>) -> Result<()> {
        self.inner.terminals.set_triggers(Triggers::new(rules)).await;
        Ok(())
    }

    /// Whether a pattern can be looked for.
    ///
    /// # Errors
    /// [`ErrorCode::PatternUnusable`].
    pub async fn trigger_check(&self, pattern: String, case_sensitive: bool) -> Result<()> {
        triggers::compile(&pattern, case_sensitive).map(|_| ())
    }

    /// # Errors
    /// [`ErrorCode::TerminalNotFound`], as for the others.
    pub async fn terminal_write(&self, id: TerminalId, bytes: Bytes) -> Result<()> {
        let terminal = self.inner.terminals.get(id)?;
        self.inner.terminals.typing.note(id);
        terminal.write(bytes).await
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

    /// Takes back what a program has set in the terminal; what is on the screen stays.
    ///
    /// # Errors
    /// See [`Engine::terminal_write`].
    pub async fn terminal_reset(&self, id: TerminalId) -> Result<()> {
        self.inner.terminals.get(id)?.reset().await
    }

    /// Ends a terminal and forgets what it showed; one that is not there is fine.
    pub async fn terminal_close(&self, id: TerminalId) -> Result<()> {
        self.inner.workspace.forget(id);
        if let Ok(terminal) = self.inner.terminals.get(id) {
            self.inner.terminals.end_session_later(id);
            terminal.close().await;
        }
        Ok(())
    }

    /// Ends the sessions of tmux or screen whose terminals were closed while the host was away.
    async fn end_closed_sessions(self, host: HostId) {
        for line in self.inner.terminals.take_sessions_to_end(&host) {
            let ending = async {
                match self.exec(&host, ExecRequest::command(line)).await {
                    Ok(mut exec) => while exec.output.next().await.is_some() {},
                    Err(error) => tracing::debug!(%error, "a session of tmux or screen was not ended"),
                }
            };
            let _ = tokio::time::timeout(END_SESSION_TIMEOUT, ending).await;
        }
    }
}

impl Terminals {
    pub(super) fn new(events: broadcast::Sender<EngineEvent>) -> Self {
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
    fn end_session_later(&self, id: TerminalId) {
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

    fn take_sessions_to_end(&self, host: &HostId) -> Vec<String> {
        let mut lines = self.sessions_to_end.lock().unwrap_or_else(PoisonError::into_inner);
        let (of_host, others) = lines.drain(..).partition(|(of, _)| of == host);
        *lines = others;
        let of_host: VecDeque<(HostId, String)> = of_host;
        of_host.into_iter().map(|(_, line)| line).collect()
    }

    fn words(&self) -> SeamWords {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn start(
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

    pub(super) fn shells(&self) -> Vec<ShellView> {
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

    async fn set_scrollback(&self, lines: usize) {
        let lines = lines.min(SCROLLBACK_LINES_MAX);
        self.scrollback.store(lines, Ordering::Relaxed);
        for terminal in self.all().into_values() {
            let _ = terminal.set_scrollback(lines).await;
        }
    }

    async fn set_pictures(&self, shown: bool) {
        self.pictures.store(shown, Ordering::Relaxed);
        for terminal in self.all().into_values() {
            let _ = terminal.set_pictures(shown).await;
        }
    }

    async fn set_triggers(&self, triggers: Triggers) {
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
    pub(super) fn on_lane(&self, lane: u32) -> Vec<TerminalId> {
        self.lock().iter().filter(|(_, one)| one.shells.is_on(lane)).map(|(id, _)| *id).collect()
    }

    /// What a terminal's sessions on its host are called by, and the file that it is kept in.
    pub(super) fn name_of(&self, id: TerminalId) -> Option<Uuid> {
        self.lock().get(&id).map(|running| running.shells.name())
    }

    pub(super) fn all(&self) -> BTreeMap<TerminalId, Terminal> {
        self.lock().iter().map(|(id, running)| (*id, running.terminal.clone())).collect()
    }

    pub(super) fn views(&self) -> Vec<TerminalView> {
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
    pub(super) fn named(&self, id: TerminalId) -> Result<(Terminal, HostId)> {
        let running = self.lock();
        running.get(&id).map(|one| (one.terminal.clone(), one.host.clone())).ok_or_else(gone)
    }

    /// The mark of a terminal's shell.
    pub(super) fn mark_of(&self, id: TerminalId) -> Option<String> {
        self.lock().get(&id).and_then(|running| running.shells.mark())
    }

    fn get(&self, id: TerminalId) -> Result<Terminal> {
        self.lock().get(&id).map(|running| running.terminal.clone()).ok_or_else(gone)
    }

    /// Ends the shells of a host; what they showed stays.
    pub(super) async fn end_of(&self, host: &HostId) {
        let of_host = |one: &&Running| one.host == *host;
        let ending: Vec<Terminal> =
            self.lock().values().filter(of_host).map(|one| one.terminal.clone()).collect();
        self.end(ending, async |terminal| terminal.end().await).await;
    }

    pub(super) async fn close_all(&self) {
        let closing = self.all().into_values().collect();
        self.end(closing, async |terminal| terminal.leave().await).await;
    }

    /// Ends those of a host that wait for its connection.
    pub(super) async fn give_up_of(&self, host: &HostId) {
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
