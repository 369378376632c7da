//! Host keys of a real sshd: nothing is sent to a server that is not trusted.

use bowline_core::connection::state::ConnectionState;
use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostDraft};
use bowline_core::prompt::{Answer, Question};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at, trusting};
use bowline_tests::fault_proxy::FaultProxy;
use bowline_tests::sshd::{HostKeyType, Sshd};

fn known_hosts(desk: &Desk) -> String {
    std::fs::read_to_string(desk.ssh_dir().join("known_hosts")).unwrap_or_default()
}

#[tokio::test]
async fn an_unknown_key_is_shown_as_ssh_keygen_shows_it_and_written_down_when_trusted_always() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.answer(|prompt| Some(trusting(prompt, "")));
    let host = desk.save(&sshd, AuthMethod::Key).await;
    desk.open(&host).await.running().await;
    let asked = desk.questions();
    let Question::HostKeyUnknown { key, .. } = &asked[0].question else { panic!("{asked:?}") };
    let file = desk.ssh_dir().join("host_key.pub");
    std::fs::write(&file, sshd.host_key(HostKeyType::Ed25519)).expect("a file");
    let shown = std::process::Command::new("ssh-keygen").arg("-lf").arg(&file).output().expect("it runs");
    assert!(String::from_utf8_lossy(&shown.stdout).contains(&key.fingerprint), "{key:?}");
    assert!(known_hosts(&desk).contains(&format!("[127.0.0.1]:{}", sshd.address().port())));
    desk.engine.host_disconnect(host.clone()).await.expect("it ends");
    desk.open(&host).await.running().await;
    assert_eq!(desk.questions().len(), 1, "a key that is trusted always is not asked about again");
}

#[tokio::test]
async fn a_key_that_is_trusted_once_is_not_written_down() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.answer(|_| Some(Answer::Trust { always: false }));
    let host = desk.save(&sshd, AuthMethod::Key).await;
    desk.open(&host).await.running().await;
    assert_eq!(known_hosts(&desk), "");
}

/// A server behind a proxy that records what it is sent, and a host with a password for it.
async fn recorded(
    known: impl FnOnce(&Desk, u16),
) -> Option<(Sshd, FaultProxy, Desk, bowline_core::host::HostId)> {
    let sshd = available(Sshd::builder().password().start().await)?;
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    known(&desk, proxy.address().port());
    let draft = HostDraft { user: "canary-user".into(), auth: AuthMethod::Password, ..at(proxy.address()) };
    let host = desk.save_draft(draft).await;
    Some((sshd, proxy, desk, host))
}

fn assert_no_login_reached(sshd: &Sshd) {
    assert!(!sshd.log().contains("canary-user"), "the server was told a user name:\n{}", sshd.log());
}

#[tokio::test]
async fn a_changed_key_is_a_hard_stop_that_sends_nothing_of_a_login() {
    let Some(other) = available(Sshd::start().await) else { return };
    let key = other.host_key(HostKeyType::Ed25519);
    let known = |desk: &Desk, port: u16| {
        let line = format!("[127.0.0.1]:{port} {key}\n");
        std::fs::write(desk.ssh_dir().join("known_hosts"), line).expect("known_hosts");
    };
    let Some((sshd, _proxy, desk, host)) = recorded(known).await else { return };
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::HostKeyChanged, "{}", problem.message);
    let asked = desk.questions();
    let Question::HostKeyChanged { key, known } = &asked[0].question else { panic!("{asked:?}") };
    assert_eq!((asked.len(), known.len(), known[0].line), (1, 1, 1));
    assert_ne!(key.fingerprint, known[0].fingerprint);
    assert!(matches!(desk.states(&host).last(), Some(ConnectionState::Halted { .. })));
    assert_no_login_reached(&sshd);
}

#[tokio::test]
async fn a_changed_key_is_replaced_only_when_the_address_is_typed() {
    let Some(other) = available(Sshd::start().await) else { return };
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    let name = format!("[127.0.0.1]:{}", sshd.address().port());
    let stale = format!("# mine\n{name} {}\n", other.host_key(HostKeyType::Ed25519).trim_end());
    std::fs::write(desk.ssh_dir().join("known_hosts"), &stale).expect("known_hosts");
    let host = desk.save(&sshd, AuthMethod::Key).await;
    desk.answer(|_| Some(Answer::ReplaceKey { typed: "127.0.0.1".into() }));
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::HostKeyChanged);
    assert_eq!(known_hosts(&desk), stale);
    // The prompt shows the address to type: with its port, unless that is 22.
    desk.answer(|prompt| Some(Answer::ReplaceKey { typed: prompt.address.clone() }));
    desk.open(&host).await.running().await;
    let now = known_hosts(&desk);
    let new = sshd.host_key(HostKeyType::Ed25519);
    let base64 = new.split(' ').nth(1).expect("a key");
    assert!(now.starts_with("# mine\n") && now.contains(base64) && now.lines().count() == 2, "{now}");
}

#[tokio::test]
async fn a_revoked_key_is_refused_without_a_question() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    let line = format!("@revoked * {}\n", sshd.host_key(HostKeyType::Ed25519));
    std::fs::write(desk.ssh_dir().join("known_hosts"), sshd.known_hosts() + &line).expect("known_hosts");
    let host = desk.save(&sshd, AuthMethod::Key).await;
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::HostKeyRevoked);
    assert_eq!(desk.questions(), []);
}

#[tokio::test]
async fn a_known_hosts_that_cannot_be_read_stops_the_dial() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    std::fs::create_dir(desk.ssh_dir().join("known_hosts")).expect("a folder in its place");
    let host = desk.save(&sshd, AuthMethod::Key).await;
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::KnownHostsUnreadable);
}

#[tokio::test]
async fn the_type_of_key_that_is_known_is_asked_for_first() {
    let builder = Sshd::builder().host_keys(&HostKeyType::ALL);
    let Some(sshd) = available(builder.start().await) else { return };
    for kind in HostKeyType::ALL {
        let desk = Desk::new().await;
        let line = format!("[127.0.0.1]:{} {}\n", sshd.address().port(), sshd.host_key(kind));
        std::fs::write(desk.ssh_dir().join("known_hosts"), line).expect("known_hosts");
        let host = desk.save(&sshd, AuthMethod::Key).await;
        desk.open(&host).await.running().await;
        assert_eq!(desk.questions(), []);
    }
}

#[tokio::test]
async fn closing_the_tab_takes_its_question_away_and_ends_the_dial() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    desk.answer(|_| None);
    let host = desk.save_draft(HostDraft { auth: AuthMethod::Agent, ..at(proxy.address()) }).await;
    let screen = desk.open(&host).await;
    bowline_tests::eventually::eventually("the key is asked about", || !desk.questions().is_empty()).await;
    desk.engine.terminal_close(screen.id).await.expect("it closes");
    bowline_tests::eventually::eventually("the dial is gone", || proxy.open() == 0).await;
    assert_eq!(desk.engine.overview().await.expect("an overview").prompts, []);
}
