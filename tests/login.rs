//! Ways to log in to a real sshd.

use std::path::{Path, PathBuf};

use bowline_core::connection::state::ConnectionState;
use bowline_core::engine::PasswordChange;
use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostDraft};
use bowline_core::prompt::{Answer, Question, Secret};
use bowline_core::terminal::state::TerminalEnd;
use bowline_tests::agent::Agent;
use bowline_tests::available;
use bowline_tests::desk::{Desk, at, trusting};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::FaultProxy;
use bowline_tests::sshd::{HostKeyType, Sshd, make_key};

/// Works in a shell and leaves it.
async fn work(desk: &Desk, host: &bowline_core::host::HostId) {
    let screen = desk.open(host).await;
    screen.running().await;
    screen.type_in("echo \"it is $((6 * 7))\"; exit 7\n").await;
    screen.shows("it is 42").await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 7 });
}

#[tokio::test]
async fn a_key_file_gives_a_shell_whose_exit_status_is_told() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    work(&desk, &host).await;
    assert_eq!(desk.questions(), []);
    let view = desk.connection(&host).expect("it was connected");
    assert_eq!(view.state, ConnectionState::Up);
    assert!(view.server.is_some_and(|server| server.starts_with("OpenSSH")));
}

#[tokio::test]
async fn a_password_is_asked_for_once_when_it_is_right() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer_with(sshd.password().expect("a password"));
    let host = desk.save(&sshd, AuthMethod::Password).await;
    work(&desk, &host).await;
    assert_eq!(desk.questions().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_asked_for_three_times_at_most_and_then_told() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer_with("wrong");
    let host = desk.save(&sshd, AuthMethod::Password).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::AuthRefused, "{}", problem.message);
    let attempts: Vec<u32> = desk
        .questions()
        .iter()
        .map(|prompt| match prompt.question {
            Question::Password { attempt, .. } => attempt,
            _ => panic!("only passwords were to be asked: {prompt:?}"),
        })
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert!(matches!(desk.states(&host).last(), Some(ConnectionState::Halted { .. })));
}

#[tokio::test]
async fn a_right_password_after_a_wrong_one_gets_in() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let right = sshd.password().expect("a password").to_owned();
    desk.answer(move |prompt| {
        let first = matches!(prompt.question, Question::Password { attempt: 1, .. });
        Some(trusting(prompt, if first { "wrong" } else { &right }))
    });
    let host = desk.save(&sshd, AuthMethod::Automatic).await;
    work(&desk, &host).await;
}

#[tokio::test]
async fn a_password_given_in_the_form_is_used_without_a_question() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let secret = Secret::new(sshd.password().expect("a password"));
    let draft = HostDraft { user: sshd.user().to_owned(), auth: AuthMethod::Password, ..at(sshd.address()) };
    let host = desk.engine.host_create(draft, PasswordChange::Set { secret }).await.expect("it is saved");
    work(&desk, &host.id).await;
    assert_eq!(desk.questions(), []);
}

#[tokio::test]
async fn questions_of_keyboard_interactive_reach_the_person() {
    let Some(sshd) = available(Sshd::builder().keyboard_interactive().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer_with(sshd.password().expect("a password"));
    let host = desk.save(&sshd, AuthMethod::KeyboardInteractive).await;
    work(&desk, &host).await;
    assert!(
        matches!(&desk.questions()[0].question, Question::Interactive { fields, .. } if fields.len() == 1)
    );
}

#[tokio::test]
async fn a_key_and_then_a_password_are_two_factors_of_one_login() {
    let builder = Sshd::builder().password().config_line("AuthenticationMethods publickey,password");
    let Some(sshd) = available(builder.start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer_with(sshd.password().expect("a password"));
    let host = desk.save(&sshd, AuthMethod::Key).await;
    work(&desk, &host).await;
    assert_eq!(desk.questions().len(), 1);
}

/// A desk and a server that lets one more key in.
async fn with_key(kind: HostKeyType, passphrase: &str) -> Option<(Sshd, Desk, PathBuf)> {
    let desk = Desk::new().await;
    let key = desk.ssh_dir().join("work_key");
    make_key(kind, &key, passphrase);
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a public key");
    let sshd = available(Sshd::builder().authorize(&public).start().await)?;
    desk.know(&sshd);
    Some((sshd, desk, key))
}

async fn save_with_key(desk: &Desk, sshd: &Sshd, key: &Path) -> bowline_core::host::HostId {
    let key_path = key.to_string_lossy().into_owned();
    let user = sshd.user().to_owned();
    desk.save_draft(HostDraft { user, auth: AuthMethod::Key, key_path, ..at(sshd.address()) }).await
}

#[tokio::test]
async fn every_usual_type_of_key_gets_in() {
    for kind in HostKeyType::ALL {
        let Some((sshd, desk, key)) = with_key(kind, "").await else { return };
        let host = save_with_key(&desk, &sshd, &key).await;
        work(&desk, &host).await;
    }
}

#[tokio::test]
async fn the_passphrase_of_a_key_is_asked_for_until_it_fits() {
    let Some((sshd, desk, key)) = with_key(HostKeyType::Ed25519, "open sesame").await else { return };
    desk.answer(|prompt| {
        let first = matches!(prompt.question, Question::Passphrase { attempt: 1, .. });
        Some(trusting(prompt, if first { "shut" } else { "open sesame" }))
    });
    let host = save_with_key(&desk, &sshd, &key).await;
    work(&desk, &host).await;
    assert_eq!(desk.questions().len(), 2);
}

#[tokio::test]
async fn a_passphrase_that_is_never_right_ends_the_try_after_three() {
    let Some((sshd, desk, key)) = with_key(HostKeyType::Ed25519, "open sesame").await else { return };
    desk.answer_with("shut");
    let host = save_with_key(&desk, &sshd, &key).await;
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::PassphraseWrong);
    assert_eq!(desk.questions().len(), 3);
}

#[tokio::test]
async fn a_passphrase_is_not_asked_for_when_the_server_would_not_take_the_key() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let key = desk.ssh_dir().join("stranger");
    make_key(HostKeyType::Ed25519, &key, "open sesame");
    let host = save_with_key(&desk, &sshd, &key).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::AuthRefused, "{}", problem.message);
    assert!(problem.message.contains("stranger"), "{}", problem.message);
    assert_eq!(desk.questions(), []);
}

#[tokio::test]
async fn the_key_file_of_a_host_is_tried_first_when_the_way_in_is_automatic() {
    let Some((sshd, desk, key)) = with_key(HostKeyType::Ed25519, "").await else { return };
    let (user, key_path) = (sshd.user().to_owned(), key.to_string_lossy().into_owned());
    let host = desk.save_draft(HostDraft { user, key_path, ..at(sshd.address()) }).await;
    work(&desk, &host).await;
    assert_eq!(desk.questions(), []);
}

#[tokio::test]
async fn a_server_that_falls_silent_during_the_login_is_left_within_its_time() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let proxy = std::sync::Arc::new(FaultProxy::start(sshd.address(), 1).await);
    let desk = Desk::new().await;
    let frozen = std::sync::Arc::clone(&proxy);
    desk.answer(move |prompt| {
        if matches!(prompt.question, Question::Password { .. }) {
            frozen.freeze_all();
        }
        Some(trusting(prompt, "whatever"))
    });
    let (user, auth) = (sshd.user().to_owned(), AuthMethod::Password);
    let host = desk.save_draft(HostDraft { user, auth, ..at(proxy.address()) }).await;
    let screen = desk.open(&host).await;
    eventually("the password is asked for", || desk.questions().len() == 2).await;
    let ended = bowline_tests::eventually::holds_within(std::time::Duration::from_secs(40), || {
        matches!(desk.states(&host).last(), Some(ConnectionState::Down { .. }))
    });
    assert!(ended.await, "{:?}", desk.states(&host));
    assert_eq!(screen.failed().await, ErrorCode::SilentServer);
}

#[tokio::test]
async fn a_dismissed_question_ends_the_try_and_leaves_no_error_at_the_host() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer(|_| Some(Answer::Cancel));
    let host = desk.save(&sshd, AuthMethod::Password).await;
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::Cancelled);
    eventually("the host is idle", || desk.states(&host).last() == Some(&ConnectionState::Idle)).await;
}

#[tokio::test]
async fn the_banner_of_a_server_is_shown_with_its_control_characters_visible() {
    let folder = tempfile::tempdir().expect("a folder");
    let banner = folder.path().join("banner");
    std::fs::write(&banner, "Welcome \u{1b}[31mback\u{7}\n").expect("a banner");
    let builder = Sshd::builder().password().config_line(&format!("Banner {}", banner.display()));
    let Some(sshd) = available(builder.start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer_with(sshd.password().expect("a password"));
    let host = desk.save(&sshd, AuthMethod::Password).await;
    work(&desk, &host).await;
    let shown = desk.questions()[0].banner.clone().expect("the banner comes with the question");
    // sshd itself writes control characters of a banner in octal or lets them through, by version.
    assert!(shown.starts_with("Welcome ") && !shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
}

#[tokio::test]
async fn the_banner_of_a_server_stands_in_its_first_terminal_when_nothing_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let banner = folder.path().join("banner");
    std::fs::write(&banner, "Authorised people only\nsecond line\n").expect("a banner");
    let builder = Sshd::builder().config_line(&format!("Banner {}", banner.display()));
    let Some(sshd) = available(builder.start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let first = desk.open(&host).await;
    first.shows("Authorised people only\r\nsecond line\r\n").await;
    let second = desk.open(&host).await;
    second.running().await;
    second.type_in("echo 'no banner ''here'\n").await;
    second.shows("no banner here").await;
    assert!(!second.text().contains("Authorised"), "{}", second.text());
}

#[tokio::test]
async fn the_agent_signs_with_the_key_that_the_server_takes() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let agent = Agent::start().await;
    let stranger = agent.folder().join("stranger");
    make_key(HostKeyType::Ed25519, &stranger, "");
    agent.add(&stranger);
    agent.add(&sshd.client_key_file());
    let desk = Desk::with_agent(Some(agent.socket())).await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Agent).await;
    work(&desk, &host).await;
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_told_when_it_was_asked_for() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Agent).await;
    assert_eq!(desk.open_in_vain(&host).await.code, ErrorCode::AgentUnavailable);
}

#[tokio::test]
async fn an_agent_full_of_other_keys_leaves_room_for_the_password() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let agent = Agent::start().await;
    agent.add_strangers(8);
    let desk = Desk::with_agent(Some(agent.socket())).await;
    desk.know(&sshd);
    desk.answer_with(sshd.password().expect("a password"));
    let host = desk.save(&sshd, AuthMethod::Automatic).await;
    work(&desk, &host).await;
}
