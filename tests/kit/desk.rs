//! A person at a desk of their own: an engine on private folders, with answers to its questions and eyes on its terminals.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bowline_core::connection::state::{ConnectionState, ConnectionView};
use bowline_core::engine::config_notes::ConfigNotes;
use bowline_core::engine::view::EngineEvent;
use bowline_core::engine::{Builtin, Engine, EngineConfig, PasswordChange, StartBuiltin};
use bowline_core::error::{ErrorCode, Problem};
use bowline_core::host::{AuthMethod, HostDraft, HostId, HostList};
use bowline_core::pool::IdleExpiry;
use bowline_core::prompt::{Answer, Prompt, Question, Secret};
use bowline_core::terminal::capture::CaptureView;
use bowline_core::terminal::commands::ShellView;
use bowline_core::terminal::state::{TerminalEnd, TerminalId, TerminalSize, TerminalState};
use bowline_core::terminal::view::{Output, WindowGone};
use bowline_core::timeline::{TimelineEntry, TimelineEvent};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tempfile::TempDir;

use crate::eventually::eventually;
use crate::sshd::Sshd;

/// The size of every terminal here.
pub const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

/// How a person answers a question; nothing leaves it open.
type Answering = Box<dyn FnMut(&Prompt) -> Option<Answer> + Send>;

/// An engine with somebody in front of it.
pub struct Desk {
    pub engine: Engine,
    folder: TempDir,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    answering: Option<Answering>,
    questions: Vec<Prompt>,
    terminals: Vec<(TerminalId, TerminalState)>,
    connections: Vec<ConnectionView>,
    timeline: Vec<TimelineEntry>,
    config_notes: Vec<ConfigNotes>,
    hosts: Vec<HostList>,
    captures: Vec<CaptureView>,
    shells: Vec<ShellView>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Desk {
    /// A new desk, with nobody's known hosts, keys or agent. Every question is dismissed.
    pub async fn new() -> Self {
        Self::with_agent(None).await
    }

    /// A new desk with an agent at a socket.
    pub async fn with_agent(agent_socket: Option<PathBuf>) -> Self {
        let folder = TempDir::with_prefix("desk-").expect("a folder for the desk");
        std::fs::create_dir(folder.path().join(".ssh")).expect("a folder for keys");
        Self::again(folder, agent_socket).await
    }

    /// Leaves the desk; the files on it stay. Its engine lives until its runtime ends.
    pub fn leave(self) -> TempDir {
        self.folder
    }

    /// A desk on the files of another one that was left.
    pub async fn again(folder: TempDir, agent_socket: Option<PathBuf>) -> Self {
        let config = EngineConfig {
            data_dir: folder.path().join("data"),
            ssh_dir: folder.path().join(".ssh"),
            // Nobody's: a test that wants one has it in the folder of the desk.
            system_config: None,
            agent_socket: Some(agent_socket.unwrap_or_else(|| folder.path().join("no-agent"))),
            builtin: Arc::new(NoBuiltin),
            idle_expiry: IdleExpiry { last: Duration::from_secs(3), further: Duration::from_secs(1) },
        };
        let engine = Engine::start(config).await.expect("the engine starts");
        let seen = Arc::<Mutex<Seen>>::default();
        tokio::spawn(watch(engine.clone(), engine.events(), Arc::clone(&seen)));
        Self { engine, folder, seen }
    }

    /// Where the engine keeps its files.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The person's `~/.ssh`.
    pub fn ssh_dir(&self) -> PathBuf {
        self.folder.path().join(".ssh")
    }

    /// From now on questions are answered so.
    pub fn answer(&self, answering: impl FnMut(&Prompt) -> Option<Answer> + Send + 'static) {
        self.seen().answering = Some(Box::new(answering));
    }

    /// Trusts host keys for ever and types this secret whenever one is wanted.
    pub fn answer_with(&self, secret: &str) {
        let secret = secret.to_owned();
        self.answer(move |prompt| Some(trusting(prompt, &secret)));
    }

    /// Trusts the server's host keys without being asked.
    pub fn know(&self, sshd: &Sshd) {
        std::fs::write(self.ssh_dir().join("known_hosts"), sshd.known_hosts())
            .expect("known_hosts is written");
    }

    /// Saves a host for a server, with a way to log in.
    pub async fn save(&self, sshd: &Sshd, auth: AuthMethod) -> HostId {
        let key_path = match auth {
            AuthMethod::Key => sshd.client_key_file().to_string_lossy().into_owned(),
            _ => String::new(),
        };
        self.save_draft(HostDraft { user: sshd.user().to_owned(), auth, key_path, ..at(sshd.address()) })
            .await
    }

    pub async fn save_draft(&self, draft: HostDraft) -> HostId {
        self.engine.host_create(draft, PasswordChange::Keep).await.expect("the host is saved").id
    }

    /// Opens a terminal and returns at once.
    pub async fn open(&self, host: &HostId) -> Screen<'_> {
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let window = Window { shown: Arc::clone(&shown), credit: Credit::default() };
        let credit = window.credit.clone();
        let id = self.engine.terminal_open(host.clone(), SIZE, Box::new(window)).await.expect("a terminal");
        credit.start(self.engine.clone(), id);
        Screen { desk: self, id, shown }
    }

    /// Opens a terminal that has to end without ever running, and says why it did.
    pub async fn open_in_vain(&self, host: &HostId) -> Problem {
        match self.open(host).await.end().await {
            TerminalEnd::Failed { problem } => problem,
            other => panic!("it was to fail, but {other:?}"),
        }
    }

    /// Every question that was asked so far.
    pub fn questions(&self) -> Vec<Prompt> {
        self.seen().questions.clone()
    }

    /// Everything that was said about configs so far.
    pub fn config_notes(&self) -> Vec<ConfigNotes> {
        self.seen().config_notes.clone()
    }

    /// What was told of the shells in the terminals.
    pub fn shells(&self) -> Vec<ShellView> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).shells.clone()
    }

    /// Every list of hosts that was told so far.
    pub fn host_lists(&self) -> Vec<HostList> {
        self.seen().hosts.clone()
    }

    /// The files that a terminal is written to, as last told.
    pub fn capture(&self, id: TerminalId) -> Option<CaptureView> {
        self.seen().captures.iter().rev().find(|view| view.id == id).cloned()
    }

    /// The newest state of a host's connection.
    pub fn connection(&self, host: &HostId) -> Option<ConnectionView> {
        self.seen().connections.iter().rev().find(|view| view.host_id == *host).cloned()
    }

    /// Every state that a host's connection went through, each once in a row.
    pub fn states(&self, host: &HostId) -> Vec<ConnectionState> {
        let mut states: Vec<_> = self
            .seen()
            .connections
            .iter()
            .filter(|view| view.host_id == *host)
            .map(|view| view.state.clone())
            .collect();
        states.dedup();
        states
    }

    /// What the timeline says of a host, in order.
    pub fn timeline(&self, host: &HostId) -> Vec<TimelineEvent> {
        let seen = self.seen();
        let of_host = seen.timeline.iter().filter(|entry| entry.host_id.as_ref() == Some(host));
        of_host.map(|entry| entry.what.clone()).collect()
    }

    /// Whether the newest state of a host's connection is doubt.
    pub fn is_suspect(&self, host: &HostId) -> bool {
        self.connection(host).is_some_and(|view| matches!(view.state, ConnectionState::Suspect { .. }))
    }

    pub fn state(&self, id: TerminalId) -> Option<TerminalState> {
        self.seen().terminals.iter().rev().find(|(one, _)| *one == id).map(|(_, state)| state.clone())
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A draft for an address.
pub fn at(address: std::net::SocketAddr) -> HostDraft {
    HostDraft {
        address: address.ip().to_string(),
        port: address.port(),
        user: "nobody".into(),
        ..HostDraft::default()
    }
}

/// Trusts an unknown host key for ever, refuses a changed one, and gives the secret to every other question.
pub fn trusting(prompt: &Prompt, secret: &str) -> Answer {
    match &prompt.question {
        Question::HostKeyUnknown { .. } => Answer::Trust { always: true },
        Question::HostKeyChanged { .. } | Question::RunCommand { .. } => Answer::Cancel,
        Question::Password { .. } | Question::Sudo { .. } | Question::Passphrase { .. } => {
            Answer::Secret { secret: Secret::new(secret), remember: false }
        }
        Question::Interactive { fields, .. } => {
            Answer::Fields { values: fields.iter().map(|_| Secret::new(secret)).collect() }
        }
        Question::Touch { .. } | Question::AddToAgent { .. } => Answer::Trust { always: false },
    }
}

/// A terminal as a person sees it.
pub struct Screen<'a> {
    desk: &'a Desk,
    pub id: TerminalId,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl std::fmt::Debug for Screen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Screen({:?})", self.id)
    }
}

impl Screen<'_> {
    /// Waits until the shell runs. Panics with the reason if it never does.
    pub async fn running(&self) {
        let mut state = None;
        eventually("the shell runs", || {
            state = self.desk.state(self.id);
            matches!(state, Some(TerminalState::Running | TerminalState::Ended { .. }))
        })
        .await;
        assert_eq!(state, Some(TerminalState::Running));
    }

    /// Whether the shell runs now.
    pub fn is_running(&self) -> bool {
        self.desk.state(self.id) == Some(TerminalState::Running)
    }

    /// Types a text; `\n` is Enter.
    pub async fn type_in(&self, text: &str) {
        let typed = Bytes::from(text.replace('\n', "\r"));
        self.desk.engine.terminal_write(self.id, typed).await.expect("the terminal takes it");
    }

    /// Waits until the terminal has shown a text since it was opened.
    pub async fn shows(&self, text: &str) {
        eventually(&format!("the terminal shows {text:?}"), || self.text().contains(text)).await;
    }

    /// Waits until the terminal has shown its first byte.
    pub async fn shows_anything(&self) {
        eventually("the terminal shows something", || {
            !self.shown.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
        })
        .await;
    }

    /// Everything that was shown so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until its connection was lost so many times since it was opened, and says with which codes.
    pub async fn lost(&self, times: usize) -> Vec<ErrorCode> {
        let mut codes = Vec::new();
        eventually("the terminal's connection is lost", || {
            codes = self.losses();
            codes.len() >= times
        })
        .await;
        codes
    }

    /// Waits until it has ended or its connection was lost, and says how.
    pub async fn gone(&self) -> TerminalEnd {
        let mut gone = None;
        eventually("the terminal ends or its connection is lost", || {
            let seen = self.desk.seen();
            gone =
                seen.terminals.iter().filter(|(id, _)| *id == self.id).find_map(|(_, state)| match state {
                    TerminalState::Waiting { problem, .. } => {
                        Some(TerminalEnd::Failed { problem: problem.clone() })
                    }
                    TerminalState::Ended { end } => Some(end.clone()),
                    TerminalState::Opening | TerminalState::Running => None,
                });
            gone.is_some()
        })
        .await;
        gone.expect("waited for it")
    }

    /// With which codes its connection was lost so far.
    pub fn losses(&self) -> Vec<ErrorCode> {
        let seen = self.desk.seen();
        let of_this = seen.terminals.iter().filter(|(id, _)| *id == self.id);
        of_this
            .filter_map(|(_, state)| match state {
                TerminalState::Waiting { problem, .. } => Some(problem.code),
                TerminalState::Opening | TerminalState::Running | TerminalState::Ended { .. } => None,
            })
            .collect()
    }

    /// Waits for the end, and says how it was.
    pub async fn end(&self) -> TerminalEnd {
        let mut end = None;
        eventually("the terminal ends", || {
            if let Some(TerminalState::Ended { end: how }) = self.desk.state(self.id) {
                end = Some(how);
            }
            end.is_some()
        })
        .await;
        end.expect("waited for it")
    }

    /// Waits for the end and says with which code it failed.
    pub async fn failed(&self) -> ErrorCode {
        match self.end().await {
            TerminalEnd::Failed { problem } => problem.code,
            other => panic!("it was to fail, but {other:?}"),
        }
    }
}

/// Shows everything at once, and gives credit as a window does.
struct Window {
    shown: Arc<Mutex<Vec<u8>>>,
    credit: Credit,
}

#[derive(Clone, Default)]
struct Credit(Arc<Mutex<usize>>, Arc<tokio::sync::Notify>);

impl Credit {
    fn start(self, engine: Engine, id: TerminalId) {
        tokio::spawn(async move {
            loop {
                let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
                if bytes == 0 {
                    self.1.notified().await;
                } else if engine.terminal_ack(id, u32::try_from(bytes).unwrap_or(u32::MAX)).await.is_err() {
                    return;
                }
            }
        });
    }
}

impl Output for Window {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        *self.credit.0.lock().unwrap_or_else(PoisonError::into_inner) += chunk.len();
        self.credit.1.notify_one();
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk);
        Ok(())
    }
}

async fn watch(
    engine: Engine,
    mut events: tokio::sync::broadcast::Receiver<EngineEvent>,
    seen: Arc<Mutex<Seen>>,
) {
    while let Ok(event) = events.recv().await {
        let answer = {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                EngineEvent::Terminal(view) => {
                    // A title or a bell is told with the state of the moment.
                    let before = seen.terminals.iter().rev().find(|(id, _)| *id == view.id);
                    if before.is_none_or(|(_, state)| *state != view.state) {
                        seen.terminals.push((view.id, view.state));
                    }
                    None
                }
                EngineEvent::Connection(view) => {
                    seen.connections.push(view);
                    None
                }
                EngineEvent::Prompt(prompt) => {
                    seen.questions.push(prompt.clone());
                    let answer = match &mut seen.answering {
                        Some(answering) => answering(&prompt),
                        None => Some(Answer::Cancel),
                    };
                    answer.map(|answer| (prompt.id, answer))
                }
                EngineEvent::Timeline(entry) => {
                    seen.timeline.push(entry);
                    None
                }
                EngineEvent::ConfigNotes(notes) => {
                    seen.config_notes.push(notes);
                    None
                }
                EngineEvent::Hosts(list) => {
                    seen.hosts.push(list);
                    None
                }
                EngineEvent::Capture(view) => {
                    seen.captures.push(view);
                    None
                }
                EngineEvent::Shell(view) => {
                    seen.shells.push(view);
                    None
                }
                EngineEvent::Playback(_)
                | EngineEvent::Transfer(_)
                | EngineEvent::Jobs(_)
                | EngineEvent::ExternalEdits(_)
                | EngineEvent::Tunnels(_)
                | EngineEvent::Links(_)
                | EngineEvent::Pipes(_)
                | EngineEvent::Runs(_)
                | EngineEvent::Run(_)
                | EngineEvent::Windows(_)
                | EngineEvent::PromptGone(_)
                | EngineEvent::Found(_) => None,
            }
        };
        if let Some((id, answer)) = answer {
            let _ = engine.prompt_answer(id, answer).await;
        }
    }
}

/// The tests here have servers of their own.
struct NoBuiltin;

impl StartBuiltin for NoBuiltin {
    fn start(&self) -> BoxFuture<'_, Result<Builtin, String>> {
        async { Err("there is none at this desk".to_owned()) }.boxed()
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}
