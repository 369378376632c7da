//! Shells on a real sshd that are taught to set marks: bash, zsh and fish, and one that cannot be taught.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bowline_core::files::path_text;
use bowline_core::host::{AuthMethod, HostDraft, HostOptions};
use bowline_core::terminal::screen::Screen as Emulator;
use bowline_core::terminal::state::TerminalSize;
use bowline_tests::desk::{Desk, Screen, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::Sshd;
use bowline_tests::{Unavailable, available};

/// A server whose login shell is this, with a home of its own.
struct Server {
    sshd: Sshd,
    home: tempfile::TempDir,
    desk: Desk,
}

async fn server(shell: &str, files: &[(&str, &str)]) -> Option<Server> {
    let program = shell.split(' ').next().unwrap_or(shell);
    let installed = ["/bin", "/usr/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
    available(installed.then_some(()).ok_or_else(|| Unavailable(format!("{program} is not installed"))))?;
    let home = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(home.path().join(name), text).expect("it is written");
    }
    let path = home.path().display();
    let line =
        format!("ForceCommand cd {path}; exec env -i HOME={path} TERM=$TERM LANG=C.UTF-8 PATH=$PATH {shell}");
    let sshd = available(Sshd::builder().config_line(&line).start().await)?;
    let desk = Desk::new().await;
    desk.know(&sshd);
    Some(Server { sshd, home, desk })
}

impl Server {
    async fn open(&self) -> Screen<'_> {
        self.open_at(self.sshd.address()).await
    }

    async fn open_at(&self, address: SocketAddr) -> Screen<'_> {
        let draft = HostDraft {
            user: self.sshd.user().to_owned(),
            auth: AuthMethod::Key,
            key_path: self.sshd.client_key_file().to_string_lossy().into_owned(),
            options: HostOptions { shell_integration: true, ..HostOptions::default() },
            ..at(address)
        };
        let host = self.desk.save_draft(draft).await;
        let screen = self.desk.open(&host).await;
        screen.running().await;
        screen
    }
}

/// What a person sees, with room for all of it.
fn seen(screen: &Screen<'_>) -> String {
    let mut emulator = Emulator::new(TerminalSize { cols: 80, rows: 200 });
    emulator.feed(&screen.bytes());
    emulator.text()
}

/// The marks in some output, in short: `A B C D;0`.
fn marks(screen: &Screen<'_>) -> String {
    let bytes = String::from_utf8_lossy(&screen.bytes()).into_owned();
    let marks = bytes.split("\x1b]133;").skip(1);
    let marks: Vec<&str> = marks.filter_map(|rest| rest.split(['\x07', '\x1b']).next()).collect();
    // A prompt that is drawn again says the same again.
    let mut once: Vec<&str> = Vec::new();
    for mark in marks {
        if once.last() != Some(&mark) {
            once.push(mark);
        }
    }
    once.join(" ")
}

/// Types a line and waits for the prompt behind it.
async fn command(screen: &Screen<'_>, line: &str, wanted: &str) {
    let wanted = format!("{} {wanted}", marks(screen));
    screen.type_in(&format!("{line}\n")).await;
    marks_are(screen, &wanted).await;
}

async fn marks_are(screen: &Screen<'_>, wanted: &str) {
    let right = bowline_tests::eventually::holds_within(bowline_tests::eventually::PATIENCE, || {
        marks(screen) == wanted
    });
    assert!(right.await, "wanted {wanted}\n found {}\n{}", marks(screen), seen(screen));
}

/// What every shell has to get right; `status` is how it says the last status, `lines` a command of several lines.
async fn all_is_right(server: &Server, status: &str, lines: &str, history: &str) {
    let screen = server.open().await;
    marks_are(&screen, "A B").await;
    let first = seen(&screen);
    let said = String::from_utf8_lossy(&screen.bytes()).into_owned();
    let directory = format!("\x1b]1337;CurrentDir={}\x07", server.home.path().display());
    assert!(said.contains(&directory), "the directory is known from the first prompt on: {said:?}");
    for typed in ["Bowline", "bowline", "133", "printf", "BASH_VERSION"] {
        assert!(!first.contains(typed), "{typed} is seen: {first}");
    }
    command(&screen, "true", "C D;0 A B").await;
    command(&screen, "false", "C D;1 A B").await;
    command(&screen, &format!("echo status={status}"), "C D;0 A B").await;
    assert!(seen(&screen).contains("status=1"), "{}", seen(&screen));
    command(&screen, "sh -c 'exit 42'", "C D;42 A B").await;
    command(&screen, lines, "C D;0 A B").await;
    assert!(seen(&screen).contains("line-1") && seen(&screen).contains("line-2"), "{}", seen(&screen));
    command(&screen, "mkdir 'a b'; cd 'a b'", "C D;0 A B").await;
    let said = String::from_utf8_lossy(&screen.bytes()).into_owned();
    let directory = format!("\x1b]1337;CurrentDir={}/a b\x07", server.home.path().display());
    assert!(said.contains(&directory), "{said:?}");
    let directory = format!("{}/a b", server.home.path().display());
    eventually("the window knows the directory", || {
        let shells = server.desk.shells();
        shells.last().is_some_and(|shell| shell.facts.directory.as_ref() == Some(&directory))
    })
    .await;
    // The history has what was typed and nothing else.
    command(&screen, &format!("{history}; echo end-of-history"), "C D;0 A B").await;
    let text = seen(&screen);
    assert!(text.contains("exit 42"), "{text}");
    for ours in ["__bowline", "Bowline="] {
        assert!(!text.contains(ours), "the history has {ours}: {text}");
    }
}

/// Ctrl-C at the prompt gives a line up and is no command.
async fn giving_up_is_no_command(screen: &Screen<'_>) {
    marks_are(screen, "A B").await;
    let before = marks(screen);
    screen.type_in("given up\x03").await;
    marks_are(screen, &format!("{before} A B")).await;
    command(screen, "true", "C D;0 A B").await;
}

#[tokio::test]
async fn bash_is_taught() {
    let Some(server) = server("bash --norc -i", &[]).await else { return };
    all_is_right(&server, "$?", "for n in 1 2; do\necho line-$n\ndone", "history").await;
    giving_up_is_no_command(&server.open().await).await;
}

#[tokio::test]
async fn a_directory_that_is_no_text_is_known_with_every_byte_of_it() {
    let Some(server) = server("bash --norc -i", &[]).await else { return };
    let screen = server.open().await;
    marks_are(&screen, "A B").await;
    command(&screen, "mkdir $'caf\\351' && cd $'caf\\351'", "C D;0 A B").await;
    let wanted = [server.home.path().as_os_str().as_encoded_bytes(), b"/caf\xe9"].concat();
    eventually("the window knows the directory", || {
        let shells = server.desk.shells();
        let directory = shells.last().and_then(|shell| shell.facts.directory.clone());
        directory.is_some_and(|directory| path_text::to_bytes(&directory) == wanted)
    })
    .await;
}

#[tokio::test]
async fn bash_with_a_prompt_of_its_own_keeps_it() {
    let rc = "PS1='one\\n[$?] two> '\nPROMPT_COMMAND='seen=$?; '\nHISTCONTROL=ignoreboth\n";
    let Some(server) = server("bash -i", &[(".bashrc", rc)]).await else { return };
    let screen = server.open().await;
    marks_are(&screen, "A B").await;
    assert_eq!(seen(&screen).matches("two>").count(), 1, "the prompt is there once: {}", seen(&screen));
    assert_eq!(seen(&screen).matches("one").count(), 1, "with all its lines: {}", seen(&screen));
    command(&screen, "sh -c 'exit 3'", "C D;3 A B").await;
    screen.shows("[3] two>").await;
    command(&screen, "echo seen=$seen", "C D;0 A B").await;
    screen.shows("seen=3").await;
    command(&screen, "history; echo end", "C D;0 A B").await;
    assert!(seen(&screen).contains("1  sh -c"), "{}", seen(&screen));
}

#[tokio::test]
async fn zsh_is_taught() {
    let Some(server) =
        server("zsh -i", &[(".zshrc", "HISTFILE=~/.zhistory\nSAVEHIST=50\nHISTSIZE=60\n")]).await
    else {
        return;
    };
    std::fs::write(server.home.path().join(".zhistory"), "before\n").expect("it is written");
    all_is_right(&server, "$?", "for n in 1 2; do\necho line-$n\ndone", "fc -l -20").await;
    let screen = server.open().await;
    giving_up_is_no_command(&screen).await;
    screen.type_in("echo $HISTSIZE/$SAVEHIST; exit\n").await;
    screen.end().await;
    assert!(seen(&screen).contains("60/50"), "{}", seen(&screen));
    let kept = std::fs::read_to_string(server.home.path().join(".zhistory")).expect("the history");
    assert!(kept.starts_with("before\n") && kept.contains("echo $HISTSIZE"), "{kept}");
    assert!(!kept.contains("owline"), "{kept}");
}

#[tokio::test]
async fn fish_is_taught() {
    let Some(server) = server("fish -i", &[]).await else { return };
    all_is_right(&server, "$status", "for n in 1 2\necho line-$n\nend", "history").await;
}

#[tokio::test]
async fn a_shell_that_cannot_be_taught_shows_its_prompt_once() {
    let Some(server) = server("dash -i", &[]).await else { return };
    let screen = server.open().await;
    screen.shows("#").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(seen(&screen).trim(), "#");
    screen.type_in("echo works-$((1 + 1))\n").await;
    screen.shows("works-2").await;
    assert_eq!(marks(&screen), "");
}

#[tokio::test]
async fn the_shell_after_a_lost_connection_is_taught_again() {
    let Some(server) = server("bash --norc -i", &[]).await else { return };
    let proxy = FaultProxy::start(server.sshd.address(), 1).await;
    server.desk.answer_with("");
    let screen = server.open_at(proxy.address()).await;
    marks_are(&screen, "A B").await;
    command(&screen, "true", "C D;0 A B").await;
    proxy.cut_now(Cut::Reset);
    // The new shell's prompt comes behind the one that was lost.
    marks_are(&screen, "A B C D;0 A B A B").await;
    command(&screen, "false", "C D;1 A B").await;
    assert!(!seen(&screen).contains("owline"), "{}", seen(&screen));
}

#[tokio::test]
async fn a_command_of_the_config_is_not_typed_to() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let config = "Host 127.0.0.1\n  RemoteCommand printf '%%s ' '$'; cat\n  RequestTTY yes\n";
    std::fs::write(desk.ssh_dir().join("config"), config).expect("it is written");
    let server = Server { sshd, home: tempfile::tempdir().expect("a folder"), desk };
    let screen = server.open().await;
    screen.shows("$ ").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(seen(&screen).trim(), "$");
}
