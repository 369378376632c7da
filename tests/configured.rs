//! Hosts of ssh_config, and what it says about saved ones, on real servers.

use std::time::Duration;

use bowline_core::connection::state::ConnectionState;
use bowline_core::engine::PasswordChange;
use bowline_core::engine::config_notes::ConfigNoteKind;
use bowline_core::engine::view::KeyringState;
use bowline_core::error::ErrorCode;
use bowline_core::exec::{ExecEnd, ExecEvent, ExecRequest, Stream};
use bowline_core::host::{HostDraft, HostId, HostOptions};
use bowline_core::prompt::{Answer, Question};
use bowline_core::terminal::state::TerminalEnd;
use bowline_tests::available;
use bowline_tests::desk::{Desk, at, trusting};
use bowline_tests::eventually::{PATIENCE, eventually};
use bowline_tests::sshd::{HostKeyType, Sshd};

/// A desk with this config.
async fn desk_with(config: &str) -> Desk {
    let desk = Desk::new().await;
    write_config(&desk, config);
    desk
}

fn write_config(desk: &Desk, config: &str) {
    std::fs::write(desk.ssh_dir().join("config"), config).expect("the config is written");
}

fn linked(alias: &str) -> HostId {
    HostId(format!("config:{alias}"))
}

/// The lines of a block that lead to a server and log in.
fn lines(sshd: &Sshd) -> String {
    format!(
        "  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n",
        sshd.address().port(),
        sshd.user(),
        sshd.client_key_file().display()
    )
}

/// Runs a command on a host and says what it wrote.
async fn run(desk: &Desk, host: &HostId, line: &str) -> String {
    let mut exec = desk
        .engine
        .exec(host, ExecRequest::command(line))
        .await
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    let mut said = Vec::new();
    loop {
        let event = tokio::time::timeout(PATIENCE, exec.output.next()).await.expect("an event in time");
        match event.expect("an end before the end of events") {
            ExecEvent::Output { stream: Stream::Stdout, bytes } => said.extend_from_slice(&bytes),
            ExecEvent::Output { stream: Stream::Stderr, .. } => {}
            ExecEvent::Ended(ExecEnd::Exited { .. }) => return String::from_utf8_lossy(&said).into_owned(),
            ExecEvent::Ended(other) => panic!("{line}: {other:?}"),
        }
    }
}

// ---- Linked hosts.

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_is_dialled_through_the_interface_that_its_lines_name_or_not_at_all() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let server = lines(&sshd);
    let config = format!("Host good\n{server}  BindInterface lo\nHost bad\n{server}  BindInterface none0\n");
    let desk = desk_with(&config).await;
    desk.know(&sshd);
    assert_eq!(run(&desk, &linked("good"), "echo through").await, "through\n");
    assert_eq!(desk.config_notes(), [], "it was acted on");
    let refused =
        desk.engine.exec(&linked("bad"), ExecRequest::command("true")).await.expect_err("there is none");
    assert_eq!(refused.code, ErrorCode::Unreachable);
    assert!(refused.message.contains("none0"), "{}", refused.message);
}

#[tokio::test]
async fn a_host_of_the_config_is_reached_as_its_lines_say() {
    let Some(bastion) = available(Sshd::start().await) else { return };
    let server = Sshd::builder().config_line("AcceptEnv FROM_*").start().await;
    let Some(server) = available(server) else { return };
    let desk = desk_with(&format!(
        "Host bastion\n{}Host web\n  ProxyJump bastion\n  UserKnownHostsFile ~/.ssh/known_web\n  HostKeyAlias the-web\n  \
         SetEnv FROM_CONFIG=\"a b\"\n  Ciphers aes256-ctr\n{}",
        lines(&bastion),
        lines(&server)
    ))
    .await;
    desk.know(&bastion);
    let key = server.host_key(HostKeyType::Ed25519);
    std::fs::write(desk.ssh_dir().join("known_web"), format!("the-web {key}")).expect("written");
    let web = linked("web");
    assert_eq!(run(&desk, &web, "echo \"$FROM_CONFIG\"").await, "a b\n");
    assert_eq!(desk.questions(), [], "the alias and the file of the config are looked at");
    let health = desk.engine.host_health(web.clone()).await.expect("its health");
    assert_eq!(health[0].health.cipher.as_deref(), Some("aes256-ctr"));
    // As a person knows it, the jump host is a linked host too, and both have one connection.
    bastion.logged("Accepted publickey").await;
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 1);
    assert_eq!(run(&desk, &linked("bastion"), "echo in").await, "in\n");
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 1);
    let screen = desk.open(&web).await;
    screen.running().await;
    screen.type_in("echo \"shell $FROM_CONFIG\"; exit 3\n").await;
    screen.shows("shell a b").await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 3 });
    desk.engine.host_disconnect(web.clone()).await.expect("it is disconnected");
    eventually("it is idle", || {
        desk.connection(&web).is_some_and(|view| view.state == ConnectionState::Idle)
    })
    .await;
}

#[tokio::test]
async fn a_remote_command_runs_in_place_of_the_shell() {
    let Some(server) = available(Sshd::start().await) else { return };
    let desk =
        desk_with(&format!("Host job\n  RemoteCommand echo \"job for %n\"; tty; exit 9\n{}", lines(&server)))
            .await;
    desk.know(&server);
    let screen = desk.open(&linked("job")).await;
    assert_eq!(screen.end().await, TerminalEnd::Exited { status: 9 });
    assert!(screen.text().contains("job for job\r\n"), "{:?}", screen.text());
    assert!(screen.text().contains("/dev/pts/"), "{:?}", screen.text());
}

#[tokio::test]
async fn the_list_has_the_hosts_of_the_config_and_follows_its_changes() {
    let desk = desk_with("Host one two\n  Port 2200\n  User ann\nHost *.example\n").await;
    let hosts = async || {
        let list = desk.engine.hosts().await.expect("the hosts");
        list.hosts.into_iter().filter(|host| host.linked.is_some()).collect::<Vec<_>>()
    };
    eventually("the config is read", || !desk.host_lists().is_empty()).await;
    let [one, two] = &hosts().await[..] else { panic!("two were expected") };
    assert_eq!((one.id.clone(), one.name(), two.name()), (linked("one"), "one", "two"));
    assert_eq!((one.draft.group.as_str(), one.draft.user.as_str()), ("~/.ssh/config", "ann"));
    assert_eq!((one.draft.address.as_str(), one.draft.port), ("one", 2200));
    let from = one.linked.clone().expect("it says where it stands");
    assert_eq!((from.path, from.line), (desk.ssh_dir().join("config").to_string_lossy().into_owned(), 1));
    // A saved host of the same name hides nothing.
    desk.save_draft(HostDraft { label: "one".into(), ..at(([127, 0, 0, 1], 22).into()) }).await;
    assert_eq!(hosts().await.len(), 2);
    write_config(&desk, "Host one\n  Port 2201\nHost three\n");
    eventually("the change is told", || {
        let lists = desk.host_lists();
        let newest = lists.last().map(|list| list.hosts.clone()).unwrap_or_default();
        newest.iter().any(|host| host.id == linked("three"))
            && newest.iter().any(|host| host.id == linked("one") && host.draft.port == 2201)
            && !newest.iter().any(|host| host.id == linked("two"))
    })
    .await;
}

#[tokio::test]
async fn a_linked_host_is_changed_in_its_file_only() {
    let desk = desk_with("Host web\n").await;
    let (web, engine) = (linked("web"), &desk.engine);
    let draft = HostDraft { address: "elsewhere".into(), port: 22, ..HostDraft::default() };
    let codes = [
        engine.host_update(web.clone(), draft, PasswordChange::Keep).await.err(),
        engine.host_delete(web.clone()).await.err(),
        engine.host_duplicate(web.clone()).await.err(),
        engine.host_restore(web.clone()).await.err(),
        engine.host_move(web, "group".into()).await.err(),
    ];
    for error in codes {
        assert_eq!(error.expect("it is refused").code, ErrorCode::HostLinked);
    }
}

#[tokio::test]
async fn the_password_of_a_linked_host_is_asked_for_and_kept_if_that_is_wanted() {
    let Some(server) = available(Sshd::builder().password().start().await) else { return };
    let password = server.password().expect("it has one").to_owned();
    let port = server.address().port();
    let desk = desk_with(&format!(
        "Host web\n  HostName 127.0.0.1\n  Port {port}\n  User {}\n  PreferredAuthentications password\n",
        server.user()
    ))
    .await;
    desk.know(&server);
    if desk.engine.overview().await.expect("an overview").keyring == KeyringState::Ready {
        eprintln!("SKIPPED: the keyring of this machine is somebody's");
        return;
    }
    desk.answer(move |prompt| {
        Some(match trusting(prompt, &password) {
            Answer::Secret { secret, .. } => Answer::Secret { secret, remember: true },
            other => other,
        })
    });
    assert_eq!(run(&desk, &linked("web"), "echo in").await, "in\n");
    assert_eq!(desk.questions().len(), 1);
    desk.engine.host_disconnect(linked("web")).await.expect("it is disconnected");
    assert_eq!(run(&desk, &linked("web"), "echo in").await, "in\n");
    assert_eq!(desk.questions().len(), 1, "it was kept under the host's id");
}

// ---- Saved hosts.

#[tokio::test]
async fn a_saved_host_takes_its_key_from_a_line_for_all_hosts() {
    let Some(server) = available(Sshd::start().await) else { return };
    let key = server.client_key_file();
    let desk = desk_with(&format!("Host *\n  IdentityFile {}\n  User nobody-else\n", key.display())).await;
    desk.know(&server);
    let draft = HostDraft { user: server.user().into(), ..at(server.address()) };
    let host = desk.save_draft(draft.clone()).await;
    assert_eq!(run(&desk, &host, "echo in").await, "in\n");
    // What is typed in the form counts first.
    let elsewhere = HostOptions { proxy_command: "false".into(), ..HostOptions::default() };
    write_config(&desk, &format!("Host *\n  IdentityFile {}\n  ProxyCommand none\n", key.display()));
    desk.answer(|_| Some(Answer::Allow { always: false }));
    let host = desk.save_draft(HostDraft { options: elsewhere, ..draft }).await;
    let problem = desk.open_in_vain(&host).await;
    assert_eq!(problem.code, ErrorCode::ProxyCommandFailed, "{}", problem.message);
}

#[tokio::test]
async fn a_saved_host_is_reached_through_the_jump_host_of_its_config() {
    let Some(bastion) = available(Sshd::start().await) else { return };
    let Some(server) = available(Sshd::start().await) else { return };
    let desk = desk_with(&format!(
        "Host bastion\n{}Host 127.0.0.*\n  ProxyJump bastion\n  IdentityFile {}\n",
        lines(&bastion),
        server.client_key_file().display()
    ))
    .await;
    let known = format!("{}{}", bastion.known_hosts(), server.known_hosts());
    std::fs::write(desk.ssh_dir().join("known_hosts"), known).expect("known_hosts is written");
    let host = desk.save_draft(HostDraft { user: server.user().into(), ..at(server.address()) }).await;
    assert_eq!(run(&desk, &host, "echo in").await, "in\n");
    bastion.logged("Accepted publickey").await;
}

// ---- What is not as it says.

#[tokio::test]
async fn a_line_that_may_lead_elsewhere_ends_the_connection_before_it_is_dialled() {
    let Some(server) = available(Sshd::start().await) else { return };
    let desk = desk_with(&format!("Host web\n  HostName %q\n{}", lines(&server))).await;
    let problem = desk.open_in_vain(&linked("web")).await;
    assert_eq!(problem.code, ErrorCode::ConfigUnusable, "{}", problem.message);
    assert_eq!(problem.params["line"], "2");
    assert_eq!(problem.params["path"], desk.ssh_dir().join("config").to_string_lossy());
    assert!(problem.params["cause"].contains("HostName"), "{:?}", problem.params);
    assert!(!server.log().contains("Connection from"));
}

#[tokio::test]
async fn jump_hosts_in_a_circle_are_told() {
    let desk = desk_with("Host a\n  ProxyJump b\nHost b\n  ProxyJump c\nHost c\n  ProxyJump a\n").await;
    let problem = desk.open_in_vain(&linked("a")).await;
    assert_eq!(problem.code, ErrorCode::JumpLoop, "{}", problem.message);
}

#[tokio::test]
async fn what_is_not_used_is_told_once() {
    let Some(server) = available(Sshd::start().await) else { return };
    let config =
        format!("Host web\n  Compression yes\n  GSSAPIAuthentication yes\n  MACs bogus\n{}", lines(&server));
    let desk = desk_with(&config).await;
    desk.know(&server);
    for _ in 0..2 {
        assert_eq!(run(&desk, &linked("web"), "echo in").await, "in\n");
        desk.engine.host_disconnect(linked("web")).await.expect("it is disconnected");
    }
    eventually("the notes are told", || !desk.config_notes().is_empty()).await;
    let told = desk.config_notes();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].host_id, linked("web"));
    let compression = told[0].notes.iter().find(|note| note.keyword.as_deref() == Some("compression"));
    let compression = compression.expect("it is named");
    assert_eq!((compression.kind, compression.value.as_str()), (ConfigNoteKind::Unsupported, "yes"));
    assert_eq!(compression.place, "~/.ssh/config:2");
    assert!(
        told[0]
            .notes
            .iter()
            .any(|note| note.kind == ConfigNoteKind::Problem && note.place.ends_with("config:4"))
    );
    // Something else is news again.
    write_config(&desk, &config.replace("Compression yes", "ForwardX11 yes"));
    assert_eq!(run(&desk, &linked("web"), "echo in").await, "in\n");
    eventually("the new notes are told", || desk.config_notes().len() == 2).await;
}

#[tokio::test]
async fn a_command_that_decides_is_run_only_if_the_person_agrees() {
    let Some(server) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&server);
    let mark = desk.ssh_dir().join("ran");
    let command = format!("echo x >> {}", mark.display());
    write_config(
        &desk,
        &format!(
            "Match host web exec \"{command}\"\n  HostName 127.0.0.1\nHost web\n  HostName 192.0.2.1\n  \
                  ConnectTimeout 1\n{}",
            lines(&server).replace("  HostName 127.0.0.1\n", "")
        ),
    );
    let ran = || std::fs::read_to_string(&mark).unwrap_or_default().lines().count();
    // The list is there, and nothing was run for it.
    eventually("the config is read", || !desk.host_lists().is_empty()).await;
    assert_eq!((ran(), desk.questions().len()), (0, 0));
    // Dismissed: its block does not apply.
    let problem = desk.open_in_vain(&linked("web")).await;
    assert_eq!(problem.params["address"], "192.0.2.1", "{}", problem.message);
    assert_eq!(ran(), 0);
    match &desk.questions()[0].question {
        Question::RunCommand { command: shown, source } => {
            assert_eq!(shown, &command);
            assert!(source.ends_with("config:1"), "{source}");
        }
        other => panic!("{other:?}"),
    }
    eventually("it is told", || {
        let notes = desk.config_notes();
        notes.iter().flat_map(|notes| &notes.notes).any(|note| note.kind == ConfigNoteKind::Declined)
    })
    .await;
    // Agreed to for good: it is asked once and run each time.
    let asked = desk.questions().len();
    desk.answer(|_| Some(Answer::Allow { always: true }));
    for times in 1..=2 {
        assert_eq!(run(&desk, &linked("web"), "echo in").await, "in\n");
        assert_eq!((ran(), desk.questions().len()), (times, asked + 1));
        desk.engine.host_disconnect(linked("web")).await.expect("it is disconnected");
    }
}

#[tokio::test]
async fn a_question_about_a_command_goes_away_with_who_asked() {
    let desk = desk_with("Match host web exec \"true\"\n  HostName 127.0.0.1\nHost web\n").await;
    desk.answer(|_| None);
    let screen = desk.open(&linked("web")).await;
    eventually("the question is there", || !desk.questions().is_empty()).await;
    desk.engine.terminal_close(screen.id).await.expect("it is closed");
    desk.engine.host_disconnect(linked("web")).await.expect("it is disconnected");
    let gone = async {
        while !desk.engine.overview().await.expect("an overview").prompts.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the question is gone");
}

#[tokio::test]
async fn a_host_that_must_not_ask_is_refused_in_place_of_a_question() {
    let Some(server) = available(Sshd::start().await) else { return };
    let desk = desk_with(&format!("Host web\n  BatchMode yes\n{}", lines(&server))).await;
    assert_eq!(desk.open_in_vain(&linked("web")).await.code, ErrorCode::HostKeyUnknown);
    assert_eq!(desk.questions(), []);
}

#[tokio::test]
async fn an_rsa_host_key_that_is_too_short_is_refused() {
    let sshd = Sshd::builder().host_keys(&[HostKeyType::Rsa]).start().await;
    let Some(server) = available(sshd) else { return };
    let desk = desk_with(&format!("Host web\n  RequiredRSASize 8192\n{}", lines(&server))).await;
    desk.know(&server);
    assert_eq!(desk.open_in_vain(&linked("web")).await.code, ErrorCode::NoCommonAlgorithm);
}

#[tokio::test]
async fn rsa_with_sha1_is_spoken_only_where_the_config_asks_for_it() {
    let old = Sshd::builder().host_keys(&[HostKeyType::Rsa]).config_line("HostKeyAlgorithms ssh-rsa");
    let Some(server) = available(old.start().await) else { return };
    let desk = desk_with(&format!(
        "Host old\n  HostKeyAlgorithms +ssh-rsa\n{}Host new\n{}",
        lines(&server),
        lines(&server)
    ))
    .await;
    desk.know(&server);
    assert_eq!(desk.open_in_vain(&linked("new")).await.code, ErrorCode::NoCommonAlgorithm);
    assert_eq!(run(&desk, &linked("old"), "echo in").await, "in\n");
}
