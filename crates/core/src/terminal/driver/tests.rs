use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::AsyncReadExt;

use super::sending::{ANSWER_WITHIN, PROMPT_QUIET, PROMPT_WITHIN};
use super::*;
use crate::error::Error;
use crate::terminal::Terminal;
use crate::terminal::directory::Directory;
use crate::terminal::source::{Beginning, SourceEvent, SourceReader};
use crate::terminal::view::{CREDIT_BYTES, FIRST_ATTACHMENT, Output, WindowGone};

mod coming_back;
mod ending;
mod typing;
mod windows;

/// A source whose every event the test sends itself.
struct Script {
    events: mpsc::Receiver<SourceEvent>,
}

impl SourceReader for Script {
    fn next(&mut self) -> BoxFuture<'_, SourceEvent> {
        async {
            match self.events.recv().await {
                Some(event) => event,
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

#[derive(Clone, Default)]
struct Sizes(Arc<Mutex<Vec<TerminalSize>>>, Arc<Mutex<Vec<&'static str>>>);

impl SourceControl for Sizes {
    fn resize(&self, size: TerminalSize) -> BoxFuture<'_, Result<()>> {
        self.0.lock().expect("one thread").push(size);
        async { Ok(()) }.boxed()
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        self.1.lock().expect("one thread").push("closed");
        async {}.boxed()
    }
    fn end(&self) -> BoxFuture<'_, ()> {
        self.1.lock().expect("one thread").push("ended");
        async {}.boxed()
    }
}

struct Window(mpsc::UnboundedSender<Bytes>);

impl Output for Window {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.send(chunk).map_err(|_| WindowGone)
    }
}

struct Bed {
    terminal: Terminal,
    events: mpsc::Sender<SourceEvent>,
    shown: mpsc::UnboundedReceiver<Bytes>,
    typed: tokio::io::DuplexStream,
    sizes: Sizes,
    /// What the next attempt to open a source anew comes to.
    again: mpsc::Sender<Result<Source>>,
    openings: Arc<Mutex<Vec<Opening>>>,
}

const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

fn bed(typed_room: usize) -> Bed {
    let (events, script) = mpsc::channel(1024);
    let (window, shown) = mpsc::unbounded_channel();
    let (writer, typed) = tokio::io::duplex(typed_room);
    let sizes = Sizes::default();
    let control = sizes.clone();
    let source = Source {
        greeting: None,
        reader: Box::new(Script { events: script }),
        writer: Box::new(writer),
        control: Box::new(control),
        beginning: Beginning::default(),
    };
    let (again, reopened) = mpsc::channel(1);
    let first = Mutex::new(Some(source));
    let reopened = Arc::new(tokio::sync::Mutex::new(reopened));
    let openings = Arc::<Mutex<Vec<Opening>>>::default();
    let opened = Arc::clone(&openings);
    let open: OpenSource = Box::new(move |opening, _| {
        opened.lock().expect("one thread").push(opening.clone());
        let source = match opening {
            Opening::First => first.lock().expect("one thread").take(),
            Opening::Again { .. } => None,
        };
        let reopened = Arc::clone(&reopened);
        async move {
            match source {
                Some(source) => Ok(source),
                None => reopened.lock().await.recv().await.expect("the test is there"),
            }
        }
        .boxed()
    });
    let terminal = Terminal::start(View::new(Box::new(Window(window))), SIZE, open);
    Bed { terminal, events, shown, typed, sizes, again, openings }
}

/// A source that says only what it is given, and a look at what is typed into it.
fn another() -> (Source, mpsc::Sender<SourceEvent>, tokio::io::DuplexStream) {
    let (events, script) = mpsc::channel(1024);
    let (writer, typed) = tokio::io::duplex(1024);
    let source = Source {
        greeting: None,
        reader: Box::new(Script { events: script }),
        writer: Box::new(writer),
        control: Box::new(Sizes::default()),
        beginning: Beginning::default(),
    };
    (source, events, typed)
}

fn failure(code: ErrorCode) -> Error {
    Error::new(code, "no")
}

fn lost() -> SourceEvent {
    SourceEvent::Ended(TerminalEnd::Failed { problem: failure(ErrorCode::ConnectionReset).problem() })
}

impl Bed {
    async fn ended(&self) -> TerminalEnd {
        let mut state = self.terminal.state();
        let ended = state.wait_for(|state| matches!(state, TerminalState::Ended { .. }));
        match tokio::time::timeout(Duration::from_secs(30), ended)
            .await
            .expect("it ends")
            .expect("it is told")
            .clone()
        {
            TerminalState::Ended { end } => end,
            TerminalState::Opening | TerminalState::Running | TerminalState::Waiting { .. } => {
                unreachable!("waited for the end")
            }
        }
    }

    async fn becomes(&self, wanted: impl Fn(&TerminalState) -> bool) {
        let mut state = self.terminal.state();
        let reached =
            tokio::time::timeout(Duration::from_secs(30), state.wait_for(|state| wanted(state))).await;
        reached.expect("in time").expect("it is told");
    }

    async fn shows(&mut self, text: &str) {
        let mut shown = String::new();
        while !shown.contains(text) {
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.shown.recv()).await;
            shown.push_str(&String::from_utf8_lossy(&chunk.expect("in time").expect("it is there")));
        }
    }
}

async fn is_told(facts: &mut watch::Receiver<TerminalFacts>, wanted: impl Fn(&TerminalFacts) -> bool) {
    let told = tokio::time::timeout(Duration::from_secs(30), facts.wait_for(|facts| wanted(facts))).await;
    told.expect("in time").expect("it is told");
}
