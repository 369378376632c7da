//! What a terminal gets back after a lost connection: its directory, its start-up command, or the very same shell.

use std::process::Command;

use bowline_core::engine::PasswordChange;
use bowline_core::error::ErrorCode;
use bowline_core::host::options::Multiplexer;
use bowline_core::host::{AuthMethod, HostDraft, HostId, HostOptions};
use bowline_core::terminal::seam::SeamWords;
use bowline_core::terminal::state::{TerminalEnd, TerminalSize, TerminalState};
use bowline_tests::available;
use bowline_tests::desk::{Desk, Screen, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::Sshd;

/// As Debian's sshd has it.
const ACCEPTS: &str = "AcceptEnv LANG LC_*";

struct Bed {
    desk: Desk,
    proxy: FaultProxy,
    host: HostId,
}

impl Bed {
    async fn new(sshd: &Sshd, options: HostOptions) -> Self {
        let proxy = FaultProxy::start(sshd.address(), 1).await;
        let desk = Desk::new().await;
        desk.answer_with("");
        let key_path = sshd.client_key_file().to_string_lossy().into_owned();
        let draft = HostDraft {
            user: sshd.user().to_owned(),
            auth: AuthMethod::Key,
            key_path,
            options,
            ..at(proxy.address())
        };
        let host = desk.save_draft(draft).await;
        Self { desk, proxy, host }
    }

    /// Resets every connection, and waits until the terminal has a shell again.
    async fn lose_and_come_back(&self, screen: &Screen<'_>) {
        let before = screen.losses().len();
        self.proxy.cut_now(Cut::Reset);
        screen.lost(before + 1).await;
        eventually("it is back", || screen.is_running()).await;
    }
}

/// What a shell answers to a question, found between two marks.
async fn answer(screen: &Screen<'_>, question: &str) -> String {
    let number = screen.bytes().len();
    let (begin, end) = (format!("<{number}:"), format!(":{number}>"));
    screen.type_in(&format!("printf '%s%s%s\\n' '<''{number}:' \"{question}\" ':{number}''>'\n")).await;
    screen.shows(&end).await;
    let text = screen.text();
    let (_, rest) = text.rsplit_once(&begin).expect("it has begun");
    rest.split(&end).next().expect("it has ended").to_owned()
}

fn with_tmux(multiplexer: Multiplexer) -> HostOptions {
    HostOptions { multiplexer, ..HostOptions::default() }
}

fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    let has = found.is_ok_and(|found| found.status.success());
    if !has {
        eprintln!("skipped: {program} is not installed");
    }
    has
}

fn tmux_sessions() -> String {
    let listed =
        Command::new("tmux").args(["-L", "bowline", "list-sessions", "-F", "#{session_name}"]).output();
    listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_shell_that_tells_its_directory_is_followed_there() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, HostOptions::default()).await;
    let odd = sshd.folder().join("a 'b' $(touch pwned) 你好");
    std::fs::create_dir(&odd).expect("made");
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    let encoded: String = odd.to_string_lossy().bytes().map(|byte| format!("%{byte:02x}")).collect();
    let encoded = encoded.replace("%2f", "/");
    let tell = format!("printf '\\033]7;file://%s%s\\033\\\\' \"$(uname -n)\" '{encoded}'; echo to''ld\n");
    screen.type_in(&tell).await;
    screen.shows("told").await;
    bed.lose_and_come_back(&screen).await;
    assert_eq!(answer(&screen, "$(pwd)").await, odd.to_string_lossy());
    assert_eq!(answer(&screen, "$(shopt -q login_shell && echo login)").await, "login");
    assert_eq!(answer(&screen, "$(tty | cut -c1-8)").await, "/dev/pts");
    assert!(!odd.join("pwned").exists());
}

#[tokio::test]
async fn a_shell_that_tells_nothing_and_still_runs_is_asked_for_its_directory() {
    let Some(sshd) = available(Sshd::builder().config_line(ACCEPTS).start().await) else { return };
    let bed = Bed::new(&sshd, HostOptions::default()).await;
    let first = bed.desk.open(&bed.host).await;
    let second = bed.desk.open(&bed.host).await;
    for (screen, folder) in [(&first, "/usr/share"), (&second, "/var/lib")] {
        screen.running().await;
        screen.type_in(&format!("cd {folder}; echo th''ere\n")).await;
        screen.shows("there").await;
    }
    // The server does not notice: it sends nothing to a client that has gone away.
    sshd.freeze_sessions();
    bed.proxy.cut_now(Cut::Reset);
    for screen in [&first, &second] {
        screen.lost(1).await;
        eventually("it is back", || screen.is_running()).await;
    }
    assert_eq!(answer(&first, "$PWD").await, "/usr/share");
    assert_eq!(answer(&second, "$PWD").await, "/var/lib");
    sshd.thaw_sessions();
}

#[tokio::test]
async fn the_seam_says_in_the_windows_words_when_and_why() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, HostOptions::default()).await;
    let mut words = SeamWords {
        new_shell: "{lost} 断开（{cause}），{back} 新的 shell".into(),
        ..SeamWords::default()
    };
    words.causes.reset = "被重置".into();
    bed.desk.engine.terminal_words(words).await.expect("taken");
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    bed.lose_and_come_back(&screen).await;
    screen.shows("新的 shell").await;
    let text = screen.text();
    let line = text.lines().find(|line| line.contains('↻')).expect("a seam");
    assert!(line.contains(" 断开（被重置），"), "{line}");
    assert_eq!(line.matches(':').count(), 4, "two times: {line}");
}

#[tokio::test]
async fn the_start_up_command_is_typed_once_into_each_shell() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let startup_command = "echo \"started $((40 + 2)) in $PWD\"".to_owned();
    let bed = Bed::new(&sshd, HostOptions { startup_command, ..HostOptions::default() }).await;
    let screen = bed.desk.open(&bed.host).await;
    // What a person types at once comes behind it.
    screen.running().await;
    screen.type_in("echo \"typed $((41 + 1))\"\n").await;
    screen.shows("typed 42").await;
    let text = screen.text();
    assert!(text.find("started 42") < text.find("typed 42"), "{text}");
    bed.lose_and_come_back(&screen).await;
    eventually("it was typed again", || screen.text().matches("started 42").count() == 2).await;
    screen.type_in("exit\n").await;
    screen.end().await;
    assert_eq!(screen.text().matches("started 42").count(), 2);
}

#[tokio::test]
async fn a_host_that_lives_in_tmux_has_the_same_shell_again_and_a_closed_tab_ends_it() {
    if !has("tmux") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let startup_command = "echo \"started $((40 + 2))\"".to_owned();
    let options = HostOptions { startup_command, ..with_tmux(Multiplexer::Tmux) };
    let bed = Bed::new(&sshd, options).await;
    let screen = bed.desk.open(&bed.host).await;
    let other = bed.desk.open(&bed.host).await;
    screen.shows("started 42").await;
    other.shows("started 42").await;
    let (shell, sibling) = (answer(&screen, "$$").await, answer(&other, "$$").await);
    assert_ne!(shell, sibling);
    let session = answer(&screen, "$(tmux display -p '#S')").await;
    assert!(tmux_sessions().contains(&session), "{session} is on our own server");
    let times_started = |screen: &Screen<'_>| {
        let text = screen.text();
        text.matches("started 42").count()
    };
    bed.lose_and_come_back(&screen).await;
    eventually("the other one is back", || other.is_running()).await;
    screen.shows("the same shell, back").await;
    assert_eq!(answer(&screen, "$$").await, shell);
    assert_eq!(answer(&other, "$$").await, sibling);
    // Painted again, and not typed again.
    screen.type_in("clear; tmux clear-history; echo \"history $(history | grep -c 'starte[d]')\"\n").await;
    screen.shows("history 1").await;
    assert!(times_started(&screen) >= 1);

    bed.desk.engine.terminal_close(screen.id).await.expect("it closes");
    eventually("its session is gone", || !tmux_sessions().contains(&session)).await;
    let other_session = answer(&other, "$(tmux display -p '#S')").await;
    // The app's end leaves the session: the next start can find it.
    bed.desk.engine.shut_down().await;
    other.end().await;
    assert!(tmux_sessions().contains(&other_session));
    let killed = Command::new("tmux").args(["-L", "bowline", "kill-session", "-t", &other_session]).status();
    assert!(killed.expect("tmux runs").success());
}

#[tokio::test]
async fn a_session_that_ended_while_nobody_looked_is_a_new_shell_and_says_so() {
    if !has("tmux") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Tmux)).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    let session = answer(&screen, "$(tmux display -p '#S')").await;
    bed.proxy.stop_listening().await;
    bed.proxy.cut_now(Cut::Reset);
    screen.lost(1).await;
    let killed = Command::new("tmux").args(["-L", "bowline", "kill-session", "-t", &session]).status();
    assert!(killed.expect("tmux runs").success());
    bed.proxy.listen_again().await;
    bed.desk.engine.host_retry(bed.host.clone()).await.expect("it tries");
    eventually("it is back", || screen.is_running()).await;
    screen.shows("new shell").await;
    assert!(!screen.text().contains("the same shell"));
    bed.desk.engine.terminal_close(screen.id).await.expect("it closes");
    eventually("its session is gone", || !tmux_sessions().contains(&session)).await;
}

#[tokio::test]
async fn a_terminal_that_was_given_up_and_opened_again_finds_its_shell_in_tmux() {
    if !has("tmux") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Tmux)).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    let shell = answer(&screen, "$$").await;
    bed.proxy.stop_listening().await;
    bed.proxy.cut_now(Cut::Reset);
    screen.lost(1).await;
    bed.desk.engine.host_give_up(bed.host.clone()).await.expect("it is given up");
    screen.end().await;
    bed.proxy.listen_again().await;
    bed.desk.engine.host_retry(bed.host.clone()).await.expect("it tries");
    bed.desk.engine.terminal_reopen(screen.id).await.expect("it opens again");
    eventually("it is back", || screen.is_running()).await;
    assert_eq!(answer(&screen, "$$").await, shell);
    let beside = bed.desk.open(&bed.host).await;
    beside.running().await;
    assert_ne!(answer(&beside, "$$").await, shell, "a further one has a shell of its own");
    for screen in [&screen, &beside] {
        let session = answer(screen, "$(tmux display -p '#S')").await;
        bed.desk.engine.terminal_close(screen.id).await.expect("it closes");
        eventually("its session is gone", || !tmux_sessions().contains(&session)).await;
    }
}

#[tokio::test]
async fn a_tab_that_is_closed_while_its_host_is_away_takes_its_session_along_later() {
    if !has("tmux") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Tmux)).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    let session = answer(&screen, "$(tmux display -p '#S')").await;
    bed.proxy.stop_listening().await;
    bed.proxy.cut_now(Cut::Reset);
    screen.lost(1).await;
    bed.desk.engine.terminal_close(screen.id).await.expect("it closes");
    screen.end().await;
    assert!(tmux_sessions().contains(&session));
    bed.proxy.listen_again().await;
    let other = bed.desk.open(&bed.host).await;
    bed.desk.engine.host_retry(bed.host.clone()).await.expect("it tries");
    other.running().await;
    eventually("its session is gone", || !tmux_sessions().contains(&session)).await;
    let own = answer(&other, "$(tmux display -p '#S')").await;
    bed.desk.engine.terminal_close(other.id).await.expect("it closes");
    eventually("its session is gone", || !tmux_sessions().contains(&own)).await;
}

#[tokio::test]
async fn a_host_that_lives_in_screen_has_the_same_shell_again() {
    if !has("screen") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Screen)).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    let shell = answer(&screen, "$$").await;
    let session = answer(&screen, "$STY").await;
    bed.lose_and_come_back(&screen).await;
    screen.shows("the same shell, back").await;
    assert_eq!(answer(&screen, "$$").await, shell);
    bed.desk.engine.terminal_close(screen.id).await.expect("it closes");
    let process: u32 = session.split('.').next().and_then(|it| it.parse().ok()).expect("a number");
    eventually("screen has ended", || !std::path::Path::new(&format!("/proc/{process}")).exists()).await;
}

#[tokio::test]
async fn without_tmux_on_the_host_there_is_a_plain_shell_that_says_so() {
    let Some(sshd) = available(Sshd::builder().config_line("SetEnv PATH=/nowhere").start().await) else {
        return;
    };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Tmux)).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    screen.shows("is not on this host").await;
    screen.type_in("echo \"plain $((40 + 2))\"\n").await;
    screen.shows("plain 42").await;
}

#[tokio::test]
async fn a_server_that_runs_only_its_own_command_gives_that() {
    let Some(sshd) = available(Sshd::builder().config_line("ForceCommand echo forced; exit 3").start().await)
    else {
        return;
    };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Tmux)).await;
    let screen = bed.desk.open(&bed.host).await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 3 });
    assert!(screen.text().contains("forced"));
}

#[tokio::test]
async fn a_changed_host_counts_from_the_next_shell_on() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, HostOptions::default()).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    let mut draft = bed.desk.engine.hosts().await.expect("listed").hosts.pop().expect("one").draft;
    draft.options.startup_command = "echo \"late $((40 + 2))\"".into();
    bed.desk.engine.host_update(bed.host.clone(), draft, PasswordChange::Keep).await.expect("saved");
    bed.lose_and_come_back(&screen).await;
    screen.shows("late 42").await;
}

#[tokio::test]
async fn the_session_of_a_tab_that_was_closed_while_disconnected_ends_with_the_next_connection() {
    if !has("tmux") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Tmux)).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    let session = answer(&screen, "$(tmux display -p '#S')").await;
    bed.desk.engine.host_disconnect(bed.host.clone()).await.expect("it is disconnected");
    screen.end().await;
    assert!(tmux_sessions().contains(&session), "it goes on without a connection");
    bed.desk.engine.terminal_close(screen.id).await.expect("it closes");
    let next = bed.desk.open(&bed.host).await;
    next.running().await;
    eventually("its session is gone", || !tmux_sessions().contains(&session)).await;
    let own = answer(&next, "$(tmux display -p '#S')").await;
    bed.desk.engine.terminal_close(next.id).await.expect("it closes");
    eventually("its session is gone", || !tmux_sessions().contains(&own)).await;
}

#[tokio::test]
async fn a_server_that_refuses_sessions_for_a_while_is_asked_until_it_has_one() {
    let Some(mut sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, HostOptions::default()).await;
    let screen = bed.desk.open(&bed.host).await;
    screen.running().await;
    sshd.restart_with_config_line("MaxSessions 0").await;
    let refused = || {
        matches!(bed.desk.state(screen.id), Some(TerminalState::Waiting { problem, .. })
            if problem.code == ErrorCode::ChannelRefused)
    };
    eventually("it waits for a session", refused).await;
    sshd.restart_with_config_line("MaxSessions 10").await;
    eventually("it is back", || screen.is_running()).await;
}

#[tokio::test]
async fn a_terminal_that_is_brought_back_finds_its_session_by_the_name_that_it_was_kept_under() {
    if !has("tmux") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let bed = Bed::new(&sshd, with_tmux(Multiplexer::Tmux)).await;
    let name = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
    let session = format!("bowline-{}", name.replace('-', ""));
    let size = TerminalSize { cols: 80, rows: 24 };
    for _ in 0..2 {
        let back = bed.desk.engine.terminal_bring_back(bed.host.clone(), Some(name.to_owned()), size).await;
        let back = back.expect("it is opened");
        eventually("its session is there", || tmux_sessions().contains(&session)).await;
        eventually("it runs", || bed.desk.state(back.terminal) == Some(TerminalState::Running)).await;
        bed.desk.engine.host_disconnect(bed.host.clone()).await.expect("it is disconnected");
    }
    assert_eq!(tmux_sessions().matches(&session).count(), 1);
    let killed = Command::new("tmux").args(["-L", "bowline", "kill-session", "-t", &session]).status();
    assert!(killed.expect("tmux runs").success());
}
