//! Terminals that outlive the window that shows them and the app that they ran in, on a real sshd.

use std::sync::{Arc, Mutex, PoisonError};

use bowline_core::auth::secrets::{SecretKind, Secrets};
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::terminal::screen::Screen;
use bowline_core::terminal::state::{TerminalId, TerminalSize};
use bowline_core::terminal::view::{FIRST_ATTACHMENT, Output, WindowGone};
use bowline_core::workspace::document::{VERSION, Workspace, WorkspaceTab};
use bowline_tests::available;
use bowline_tests::desk::{Desk, SIZE};
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;
use bytes::Bytes;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

/// A window that shows everything; it gives no credit back, which half a megabyte does not need.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Output for Page {
    fn show(&mut self, chunk: Bytes) -> Result<(), WindowGone> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk);
        Ok(())
    }
}

impl Page {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn screen(&self, size: TerminalSize) -> String {
        let mut screen = Screen::new(size);
        screen.feed(&self.bytes());
        screen.text()
    }

    async fn shows(&self, text: &str) {
        eventually(&format!("the page shows {text:?}"), || self.screen(SIZE).contains(text)).await;
    }
}

async fn type_in(desk: &Desk, id: TerminalId, text: &str) {
    desk.engine.terminal_write(id, Bytes::from(text.replace('\n', "\r"))).await.expect("it is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reloaded_page_finds_its_shell_and_all_that_it_showed() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let first = Page::default();
    let id = desk.engine.terminal_open(host, SIZE, Box::new(first.clone())).await.expect("a terminal");
    type_in(&desk, id, "PS1=; stty -echo; echo shell $$.; seq 1000\n").await;
    first.shows("1000").await;
    desk.engine.terminal_detach(id, FIRST_ATTACHMENT).await.expect("it is there");
    let seen = first.bytes().len();
    type_in(&desk, id, "printf '\\033]0;busy\\007'; echo shell $$.; echo while ''nobody looked\n").await;
    eventually("the title is told", || {
        let state = futures::executor::block_on(desk.engine.workspace()).expect("it says");
        state.terminals.iter().any(|view| view.id == id && view.facts.title == "busy")
    })
    .await;
    assert_eq!(first.bytes().len(), seen, "nothing more is sent to a page that is gone");
    let second = Page::default();
    desk.engine.terminal_attach(id, SIZE, Box::new(second.clone())).await.expect("it is there");
    second.shows("while nobody looked").await;
    // While output comes there may be a glimpse first; then all of it.
    let all = || String::from_utf8_lossy(&second.bytes()).into_owned();
    eventually("the scrollback is there", || all().contains("\r\n500\r\n")).await;
    let all = all();
    let (_, all) = all.rsplit_once("\x1bc").expect("a snapshot");
    let shells: Vec<&str> = all.lines().filter(|line| line.starts_with("shell ")).collect();
    assert!(matches!(shells[..], [first, second] if first == second), "{shells:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_program_asks_while_nobody_looks_is_answered_once() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let page = Page::default();
    let id = desk.engine.terminal_open(host, SIZE, Box::new(page.clone())).await.expect("a terminal");
    type_in(&desk, id, "PS1=; stty -echo -icanon min 1; echo re''ady\n").await;
    page.shows("ready").await;
    desk.engine.terminal_detach(id, FIRST_ATTACHMENT).await.expect("it is there");
    let answer = sshd.folder().join("answer");
    let ask = format!(
        "printf '\\033[c'; timeout 3 head -c 7 > {0}; timeout 1 cat >> {0}; echo d''one\n",
        answer.display()
    );
    type_in(&desk, id, &ask).await;
    eventually("the answer is complete", || std::fs::read(&answer).is_ok_and(|bytes| bytes.len() >= 7)).await;
    let next = Page::default();
    desk.engine.terminal_attach(id, SIZE, Box::new(next.clone())).await.expect("it is there");
    next.shows("done").await;
    assert_eq!(std::fs::read(&answer).expect("the answer"), b"\x1b[?1;2c");
    assert!(!next.bytes().windows(3).any(|bytes| bytes == b"\x1b[c"), "the window is not asked again");
}

fn workspace_of(host: HostId, terminal: Option<TerminalId>) -> Workspace {
    let tab = WorkspaceTab {
        id: "tab-1".to_owned(),
        host,
        name: Some("mine".to_owned()),
        terminal,
        kept: None,
        facts: Default::default(),
        more: Default::default(),
    };
    Workspace {
        version: VERSION,
        layout: Default::default(),
        tabs: vec![tab],
        saved_at_ms: 0.0,
        more: Default::default(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_wants_nothing_kept_finds_nothing_kept() {
    let desk = Desk::new().await;
    let file = desk.data_dir().join("workspace.json");
    desk.engine.workspace_save(workspace_of(HostId("h".into()), None)).await.expect("it is kept");
    eventually("it is written", || file.exists()).await;
    desk.engine.workspace_keep(false).await.expect("it is told");
    eventually("it is removed", || !file.exists()).await;
    desk.engine.workspace_save(workspace_of(HostId("h".into()), None)).await.expect("it is taken");
    let state = desk.engine.workspace().await.expect("it says");
    assert!(state.current.is_some(), "a page that is loaded anew still finds its tabs");
    desk.engine.shut_down().await;
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keyring_the_layout_is_kept_and_no_output() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let secrets = Secrets::open();
    let keyring = secrets.state().await.is_ok();
    let page = Page::default();
    let id = desk.engine.terminal_open(host.clone(), SIZE, Box::new(page.clone())).await.expect("a terminal");
    type_in(&desk, id, "echo a''secret\n").await;
    page.shows("asecret").await;
    let document = workspace_of(host, Some(id));
    desk.engine.workspace_save(document).await.expect("it is kept");
    desk.engine.shut_down().await;
    let text = std::fs::read_to_string(desk.data_dir().join("workspace.json")).expect("it is kept");
    assert!(text.contains("\"mine\"") && text.contains("tab-1"), "{text}");
    let files = || std::fs::read_dir(desk.data_dir().join("scrollback")).into_iter().flatten().flatten();
    assert_eq!(files().count(), usize::from(keyring), "only what can be sealed is kept");
    for file in files() {
        let bytes = std::fs::read(file.path()).expect("it is read");
        assert!(!bytes.windows(7).any(|bytes| bytes == b"asecret"), "nothing can be read in it");
    }
    if keyring {
        assert!(secrets.get(SecretKind::Scrollback, "key").await.expect("it answers").is_some());
    }
}
