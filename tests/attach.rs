//! Terminals that outlive the window that shows them and the app that they ran in, on a real sshd.

use std::sync::{Arc, Mutex, PoisonError};

use bowline_core::auth::secrets::{SecretKind, Secrets};
use bowline_core::engine::view::EngineEvent;
use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::terminal::screen::Screen;
use bowline_core::terminal::state::{TerminalId, TerminalSize};
use bowline_core::terminal::triggers::{Found, TriggerRule};
use bowline_core::terminal::view::{FIRST_ATTACHMENT, Output, WindowGone};
use bowline_core::workspace::document::{KeptScrollback, Place, WorkspaceTab, WorkspaceWindow};
use bowline_core::workspace::windows::WindowId;
use bowline_tests::available;
use bowline_tests::desk::{Desk, SIZE};
use bowline_tests::eventually::{PATIENCE, eventually};
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
    // The line that is typed may be echoed: "999" is in the output alone.
    first.shows("999").await;
    desk.engine.terminal_detach(id, FIRST_ATTACHMENT).await.expect("it is there");
    let seen = first.bytes().len();
    type_in(&desk, id, "printf '\\033]0;busy\\007'; echo shell $$.; echo while ''nobody looked\n").await;
    eventually("the title is told", || {
        let state = futures::executor::block_on(desk.engine.workspace(WindowId::main())).expect("it says");
        state.terminals.iter().any(|view| view.id == id && view.facts.title == "busy")
    })
    .await;
    assert_eq!(first.bytes().len(), seen, "nothing more is sent to a page that is gone");
    let second = Page::default();
    desk.engine.terminal_attach(id, Some(SIZE), Box::new(second.clone())).await.expect("it is there");
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
    desk.engine.terminal_attach(id, Some(SIZE), Box::new(next.clone())).await.expect("it is there");
    next.shows("done").await;
    assert_eq!(std::fs::read(&answer).expect("the answer"), b"\x1b[?1;2c");
    assert!(!next.bytes().windows(3).any(|bytes| bytes == b"\x1b[c"), "the window is not asked again");
}

fn workspace_of(host: HostId, terminal: Option<TerminalId>) -> WorkspaceWindow {
    let tab = WorkspaceTab {
        id: "tab-1".to_owned(),
        host,
        name: Some("mine".to_owned()),
        terminal,
        kept: None,
        facts: Default::default(),
        more: Default::default(),
    };
    WorkspaceWindow { tabs: vec![tab], ..WorkspaceWindow::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_wants_nothing_kept_finds_nothing_kept() {
    let desk = Desk::new().await;
    let file = desk.data_dir().join("workspace.json");
    desk.engine
        .workspace_save(WindowId::main(), workspace_of(HostId("h".into()), None))
        .await
        .expect("it is kept");
    eventually("it is written", || file.exists()).await;
    desk.engine.workspace_keep(false).await.expect("it is told");
    eventually("it is removed", || !file.exists()).await;
    desk.engine
        .workspace_save(WindowId::main(), workspace_of(HostId("h".into()), None))
        .await
        .expect("it is taken");
    let state = desk.engine.workspace(WindowId::main()).await.expect("it says");
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
    desk.engine.workspace_save(WindowId::main(), document).await.expect("it is kept");
    desk.engine.shut_down().await;
    let text = std::fs::read_to_string(desk.data_dir().join("workspace.json")).expect("it is kept");
    let name = text.split_once("\"kept\":\"").map(|(_, rest)| rest.split('"').next().unwrap_or_default());
    assert_eq!(name.map(str::len), Some(36), "its session can be found again: {text}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_kept_outlives_a_keyring_that_does_not_answer() {
    let desk = Desk::new().await;
    let name = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
    let file = desk.data_dir().join("scrollback").join(name);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
    std::fs::write(&file, "BWLSEAL").expect("it is written");
    let back = desk.engine.terminal_bring_back(HostId("h".into()), Some(name.to_owned()), SIZE).await;
    if Secrets::open().state().await.is_ok() {
        assert_eq!(back.expect("it is opened").scrollback, KeptScrollback::Lost, "it is damaged");
        return;
    }
    let code = back.expect_err("nobody says whether it can be read").code;
    assert!(matches!(code, ErrorCode::KeyringLocked | ErrorCode::KeyringUnavailable), "{code:?}");
    let state = desk.engine.workspace(WindowId::main()).await.expect("it says");
    assert!(state.terminals.is_empty(), "nothing is opened that would write over it");
    desk.engine.shut_down().await;
    assert!(file.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_off_terminal_goes_on_in_its_window_and_comes_back_when_that_closes() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (main, engine) = (WindowId::main(), &desk.engine);
    let first = Page::default();
    let id = engine
        .terminal_open_in(&main, host.clone(), SIZE, Box::new(first.clone()))
        .await
        .expect("a terminal");
    type_in(&desk, id, "PS1=; stty -echo; echo shell $$.; seq 1000\n").await;
    first.shows("1000").await;
    let mut news = engine.events();
    let other = engine.window_opened(workspace_of(host.clone(), Some(id))).expect("a window");
    // The page that has not heard of it neither shows it again nor takes it back.
    let late = engine.terminal_attach_in(&main, id, Some(SIZE), Box::new(first.clone())).await;
    assert!(late.is_err(), "a terminal is shown by one window at a time");
    engine.workspace_save(main.clone(), workspace_of(host.clone(), Some(id))).await.expect("it is taken");
    assert!(engine.workspace(main.clone()).await.expect("it says").terminals.is_empty());
    let there = engine.workspace(other.clone()).await.expect("it says");
    assert_eq!(there.current.map(|window| window.tabs.len()), Some(1));
    assert_eq!(there.terminals.iter().map(|view| view.id).collect::<Vec<_>>(), [id]);
    let second = Page::default();
    engine.terminal_attach_in(&other, id, Some(SIZE), Box::new(second.clone())).await.expect("it is there");
    engine.window_focused(&other);
    engine.workspace_save(other.clone(), workspace_of(host.clone(), Some(id))).await.expect("it is taken");
    let seen = first.bytes().len();
    type_in(&desk, id, "echo in the ''other\n").await;
    second.shows("in the other").await;
    let all = || String::from_utf8_lossy(&second.bytes()).into_owned();
    eventually("the scrollback is there", || all().contains("\r\n500\r\n")).await;
    assert_eq!(first.bytes().len(), seen, "the window that it left gets nothing more");
    engine.window_closed(&other);
    let back = engine.workspace(main.clone()).await.expect("it says");
    assert_eq!(back.current.map(|window| window.tabs.len()), Some(1));
    engine.terminal_attach_in(&main, id, Some(SIZE), Box::new(first.clone())).await.expect("it is there");
    type_in(&desk, id, "echo back ''again\n").await;
    first.shows("back again").await;
    let views = std::iter::from_fn(|| news.try_recv().ok()).filter_map(|event| match event {
        EngineEvent::Windows(view) => Some((view.windows.len(), view.front == main)),
        _ => None,
    });
    let views: Vec<_> = views.collect();
    // The main one is in front until the page of the other has spoken.
    assert_eq!((views.first(), views.last()), (Some(&(2, true)), Some(&(1, true))), "{views:?}");
    assert!(views.contains(&(2, false)), "{views:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_is_opened_for_a_window_that_closes_meanwhile_is_shown_by_the_main_one() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let (main, engine) = (WindowId::main(), &desk.engine);
    let closed = engine.window_opened(WorkspaceWindow::default()).expect("a window");
    engine.window_closed(&closed);
    let page = Page::default();
    let id = engine
        .terminal_open_in(&closed, host.clone(), SIZE, Box::new(page.clone()))
        .await
        .expect("a terminal");
    let home = engine.workspace(main.clone()).await.expect("it says");
    let tabs = home.current.map(|window| window.tabs).unwrap_or_default();
    assert_eq!(tabs.iter().map(|tab| tab.terminal).collect::<Vec<_>>(), [Some(id)]);
    assert!(engine.terminal_attach_in(&closed, id, None, Box::new(page.clone())).await.is_err());
    engine.terminal_attach_in(&main, id, Some(SIZE), Box::new(page)).await.expect("the main one may");
    // What no window of ours sends is given to none.
    let huge = WorkspaceTab { name: Some("x".repeat(8 << 20)), ..tabs[0].clone() };
    assert!(engine.window_give(&main, vec![huge]).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_window_is_kept_for_the_next_start() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let engine = &desk.engine;
    let page = Page::default();
    let id = engine.terminal_open(host.clone(), SIZE, Box::new(page.clone())).await.expect("a terminal");
    let place = Some(Place { x: 40, y: -8, width: 900, height: 600 });
    let opened = WorkspaceWindow { place, ..workspace_of(host, Some(id)) };
    engine.window_opened(opened).expect("a window");
    desk.engine.shut_down().await;
    let text = std::fs::read_to_string(desk.data_dir().join("workspace.json")).expect("it is kept");
    let (_, windows) = text.split_once("\"windows\":[").expect("other windows are in it");
    assert!(windows.contains("tab-1") && windows.contains("{\"x\":40,\"y\":-8,"), "{text}");
}

/// The next find that is told.
async fn find(events: &mut tokio::sync::broadcast::Receiver<EngineEvent>) -> Found {
    let told = async {
        loop {
            if let EngineEvent::Found(found) = events.recv().await.expect("the engine is there") {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("a find in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_calls_for_a_line_of_a_terminal_that_nobody_looks_at() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let rule = |id: &str, pattern: &str, elsewhere: bool| TriggerRule {
        id: id.to_owned(),
        pattern: pattern.to_owned(),
        case_sensitive: false,
        on: true,
        hosts: elsewhere.then(|| (host.0.clone(), false)).into_iter().collect(),
    };
    let rules = vec![rule("elsewhere", "build", true), rule("here", r"build (done|failed)$", false)];
    desk.engine.trigger_rules(rules).await.expect("taken");
    let mut events = desk.engine.events();
    let page = Page::default();
    let id = desk.engine.terminal_open(host.clone(), SIZE, Box::new(page.clone())).await.expect("a terminal");
    type_in(&desk, id, "PS1=; stty -echo; echo rea''dy\n").await;
    page.shows("ready").await;
    desk.engine.terminal_detach(id, FIRST_ATTACHMENT).await.expect("it is there");
    type_in(&desk, id, "echo build on its way; printf 'the \\033[31mBuild\\033[0m failed\\n'\n").await;
    let found = find(&mut events).await;
    assert_eq!((found.id, found.rule_id.as_str(), found.line.as_str()), (id, "here", "the Build failed"));
    // Other rules hold for terminals that run already.
    desk.engine.trigger_rules(vec![rule("second", "needle", false)]).await.expect("taken");
    type_in(&desk, id, "echo build done; echo a needle\n").await;
    assert_eq!(find(&mut events).await.rule_id, "second");
}
