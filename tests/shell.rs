//! A shell on a real sshd, on a good line and on one that breaks.

use bowline_core::connection::state::ConnectionState;
use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::terminal::state::{TerminalEnd, TerminalSize};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::sshd::Sshd;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

#[tokio::test]
async fn the_shell_knows_the_size_and_its_changes() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let screen = desk.open(&host).await;
    screen.running().await;
    screen.type_in("stty size\n").await;
    screen.shows("24 80").await;
    desk.engine.terminal_resize(screen.id, TerminalSize { cols: 132, rows: 50 }).await.expect("it is there");
    eventually_says(&screen, "stty size\n", "50 132").await;
}

async fn eventually_says(screen: &bowline_tests::desk::Screen<'_>, ask: &str, wanted: &str) {
    for _ in 0..100 {
        screen.type_in(ask).await;
        if bowline_tests::eventually::holds_within(std::time::Duration::from_millis(200), || {
            screen.text().contains(wanted)
        })
        .await
        {
            return;
        }
    }
    panic!("never {wanted}: {}", screen.text());
}

#[tokio::test]
async fn term_and_colour_depth_are_what_xterm_js_can_do() {
    let Some(sshd) = available(Sshd::builder().config_line("AcceptEnv COLORTERM").start().await) else {
        return;
    };
    let (desk, host) = desk_at(&sshd).await;
    let screen = desk.open(&host).await;
    screen.running().await;
    screen.type_in("echo \"$TERM/$COLORTERM.\"\n").await;
    screen.shows("xterm-256color/truecolor.").await;
}

#[tokio::test]
async fn a_shell_that_dies_of_a_signal_says_so() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let screen = desk.open(&host).await;
    screen.running().await;
    screen.type_in("kill -KILL $$\n").await;
    assert!(
        matches!(screen.end().await, TerminalEnd::Signalled { signal, .. } if signal == "KILL"),
        "the signal is told"
    );
}

#[tokio::test]
async fn every_byte_of_much_output_arrives_in_order() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let screen = desk.open(&host).await;
    screen.running().await;
    screen.type_in("stty -echo -onlcr; PS1=; echo begin; seq 1 300000; echo 'en''d'; exit 0\n").await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 0 });
    let text = screen.text();
    let numbers =
        text.split("begin\n").last().and_then(|rest| rest.split("end\n").next()).expect("both marks");
    let expected: String = (1..=300_000).map(|number| format!("{number}\n")).collect();
    assert!(numbers == expected, "{} bytes instead of {}", numbers.len(), expected.len());
}

#[tokio::test]
async fn ctrl_c_stops_endless_output_at_once() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let screen = desk.open(&host).await;
    screen.running().await;
    screen.type_in("yes\n").await;
    eventually("much output", || screen.bytes().len() > 4_000_000).await;
    screen.type_in("\u{3}").await;
    screen.type_in("echo 'still ''there'\n").await;
    screen.shows("still there").await;
}

#[tokio::test]
async fn terminals_of_one_host_share_a_connection_and_the_ninth_opens_another() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let host = desk.save_draft(through(&sshd, &proxy)).await;
    let mut screens = Vec::new();
    for _ in 0..9 {
        let screen = desk.open(&host).await;
        screen.running().await;
        screens.push(screen);
        let dials = if screens.len() <= 8 { 1 } else { 2 };
        assert_eq!(proxy.accepted(), dials, "after {} terminals", screens.len());
    }
    for screen in &screens {
        screen.type_in("exit\n").await;
        screen.end().await;
    }
    eventually("unused connections are closed", || proxy.open() == 0).await;
    eventually("the host is idle", || desk.states(&host).last() == Some(&ConnectionState::Idle)).await;
}

#[tokio::test]
async fn terminals_opened_together_wait_for_one_dial() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer_with("");
    let host = desk.save_draft(through(&sshd, &proxy)).await;
    let screens = [desk.open(&host).await, desk.open(&host).await, desk.open(&host).await];
    for screen in &screens {
        screen.running().await;
    }
    assert_eq!(proxy.accepted(), 1);
    assert_eq!(desk.questions().len(), 1, "one question serves all");
}

fn through(sshd: &Sshd, proxy: &FaultProxy) -> HostDraft {
    let key_path = sshd.client_key_file().to_string_lossy().into_owned();
    HostDraft { user: sshd.user().to_owned(), auth: AuthMethod::Key, key_path, ..at(proxy.address()) }
}

/// A running shell behind a proxy.
async fn behind_proxy<'a>(
    desk: &'a Desk,
    sshd: &Sshd,
    proxy: &FaultProxy,
) -> (HostId, bowline_tests::desk::Screen<'a>) {
    desk.answer_with("");
    let host = desk.save_draft(through(sshd, proxy)).await;
    let screen = desk.open(&host).await;
    screen.running().await;
    (host, screen)
}

#[tokio::test]
async fn a_cut_line_is_noticed_at_once_and_the_terminal_goes_on_in_a_new_shell() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for (cut, code) in [(Cut::Reset, ErrorCode::ConnectionReset), (Cut::Finish, ErrorCode::ConnectionClosed)]
    {
        let proxy = FaultProxy::start(sshd.address(), 1).await;
        let desk = Desk::new().await;
        let (host, screen) = behind_proxy(&desk, &sshd, &proxy).await;
        let started = tokio::time::Instant::now();
        proxy.cut_now(cut);
        assert_eq!(screen.lost(1).await, [code]);
        assert!(started.elapsed().as_millis() < 2000, "{:?}", started.elapsed());
        screen.running().await;
        screen.type_in("echo and on it ''goes\n").await;
        screen.shows("and on it goes").await;
        assert_eq!(desk.connection(&host).map(|view| view.state), Some(ConnectionState::Up));
        assert_eq!(proxy.accepted(), 2, "one dial brought it back");
    }
}

#[tokio::test]
async fn silence_after_a_key_press_is_doubted_within_seconds_and_ends_within_thirty() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    let (host, screen) = behind_proxy(&desk, &sshd, &proxy).await;
    proxy.freeze_all();
    let started = tokio::time::Instant::now();
    screen.type_in("x").await;
    eventually("the doubt is shown", || desk.is_suspect(&host)).await;
    assert!(started.elapsed().as_secs_f64() < 7.5, "{:?}", started.elapsed());
    assert_eq!(screen.lost(1).await, [ErrorCode::ConnectionSilent]);
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_short_freeze_heals_and_loses_nothing() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    let (host, screen) = behind_proxy(&desk, &sshd, &proxy).await;
    proxy.freeze(Direction::ToClient);
    screen.type_in("echo 'after the ''freeze'\n").await;
    eventually("the doubt is shown", || desk.is_suspect(&host)).await;
    proxy.thaw_all();
    screen.shows("after the freeze").await;
    eventually("it is up again", || desk.states(&host).last() == Some(&ConnectionState::Up)).await;
}

#[tokio::test]
async fn a_corrupted_byte_ends_the_connection_and_is_never_shown() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 7).await;
    let desk = Desk::new().await;
    let (_, screen) = behind_proxy(&desk, &sshd, &proxy).await;
    proxy.corrupt_at(Direction::ToClient, proxy.passed(Direction::ToClient) + 200);
    screen.type_in("seq 1 1000\n").await;
    assert_eq!(screen.lost(1).await, [ErrorCode::ConnectionLost]);
}
