//! What ssh_config says, and the options of ssh(1), through the `bowline` command on real servers.

use bowline_tests::available;
use bowline_tests::sshd::{HostKeyType, Sshd};

use crate::kit::Home;
use crate::kit::terminal::Terminal;

/// A home that trusts both servers.
fn knowing(bastion: &Sshd, server: &Sshd) -> Home {
    let home = Home::new();
    let known = format!("{}{}", bastion.known_hosts(), server.known_hosts());
    std::fs::write(home.known_hosts(), known).expect("known_hosts is written");
    home
}

fn port(sshd: &Sshd) -> u16 {
    sshd.address().port()
}

#[tokio::test]
async fn a_host_of_the_config_is_reached_through_its_jump_host() {
    let Some(bastion) = available(Sshd::start().await) else { return };
    let Some(server) = available(Sshd::start().await) else { return };
    let home = knowing(&bastion, &server);
    home.config(&format!(
        "Host bastion\n{}Host server\n  ProxyJump bastion\n{}",
        Home::lines(&bastion, port(&bastion)),
        Home::lines(&server, port(&server))
    ));
    let ran = home.bowline(&["connect", "server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str(), ran.status), ("in\n", "", Some(0)));
    assert!(bastion.log().contains("Accepted publickey"));
    let ran = home.bowline(&["exec", "server", "bastion", "--", "echo in"]).await;
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
}

#[tokio::test]
async fn a_jump_host_of_the_command_line_counts_before_that_of_the_config() {
    let Some(bastion) = available(Sshd::start().await) else { return };
    let Some(server) = available(Sshd::start().await) else { return };
    let home = knowing(&bastion, &server);
    home.config(&format!(
        "Host server\n  ProxyJump nowhere.invalid\n{}Host 127.0.0.1\n  IdentityFile {}\n",
        Home::lines(&server, port(&server)),
        bastion.client_key_file().display()
    ));
    let jump = format!("{}@127.0.0.1:{}", bastion.user(), port(&bastion));
    for options in [&["-J", &jump][..], &["-o", &format!("ProxyJump={jump}")]] {
        let arguments = [&["connect"], options, &["server", "echo in"]].concat();
        let ran = home.bowline(&arguments).await;
        assert_eq!(
            (ran.text().as_str(), ran.stderr.as_str(), ran.status),
            ("in\n", "", Some(0)),
            "{options:?}"
        );
    }
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 2);
    let ran = home.bowline(&["connect", "-oProxyJump=none", "server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 2);
}

#[tokio::test]
async fn a_proxy_command_is_asked_about_and_the_answer_kept_for_this_host() {
    let Some(server) = available(Sshd::start().await) else { return };
    let home = Home::at(&server);
    std::fs::create_dir_all(home.data_dir()).expect("a folder for what is kept");
    let mark = home.path().join("ran");
    let command = format!(
        "ProxyCommand=bash -c 'echo x >> {}; exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3'",
        mark.display()
    );
    let ran = home.bowline(&["connect", "-o", &command, "server", "true"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(
        ran.stderr.contains("/dev/tcp/127.0.0.1/") && ran.stderr.contains("no terminal"),
        "{}",
        ran.stderr
    );
    let ran = home.bowline(&["connect", "-oBatchMode=yes", "-o", &command, "server", "true"]).await;
    assert!(ran.stderr.contains("BatchMode"), "{}", ran.stderr);
    let quoted = command.replace('\'', "'\\''");
    let line = format!("\"$BOWLINE\" connect -o '{quoted}' server 'echo i''n'; echo status=$?");
    let mut terminal = Terminal::run(&home, &line);
    terminal.shows("/dev/tcp/127.0.0.1/").await;
    terminal.shows("Run it?").await;
    terminal.type_in("no\r");
    terminal.shows("status=255").await;
    assert!(!mark.exists());
    let mut terminal = Terminal::run(&home, &line);
    terminal.shows("Run it?").await;
    terminal.type_in("yes\r");
    terminal.shows("in\r\nstatus=0").await;
    assert!(mark.exists());
    let ran = home.bowline(&["connect", "-o", &command, "server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
}

#[tokio::test]
async fn includes_matches_and_tokens_lead_to_the_host() {
    let Some(server) = available(Sshd::builder().config_line("AcceptEnv LC_FROM_*").start().await) else {
        return;
    };
    let home = Home::new();
    let known = format!("the-web {}", server.host_key(HostKeyType::Ed25519));
    std::fs::write(home.path().join("known_web"), known).expect("written");
    std::fs::copy(server.client_key_file(), home.path().join(".ssh/key_web")).expect("copied");
    std::fs::write(
        home.path().join(".ssh/more"),
        format!(
            "Match originalhost web command \"echo *\"\n  SetEnv LC_FROM_CONFIG=%n\nHost web\n  HostName 127.0.0.1\n  \
             Port {}\n  User {}\n  HostKeyAlias the-%n\nHost *\n  IdentityFile %d/.ssh/key_%n\n  UserKnownHostsFile \
             ~/known_%n\n",
            port(&server),
            server.user()
        )
        .replace("HostKeyAlias the-%n", "HostKeyAlias the-web"),
    )
    .expect("written");
    home.config("Include more\n");
    let ran = home.bowline(&["connect", "-oBatchMode=yes", "web", "echo \"$LC_FROM_CONFIG\""]).await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str(), ran.status), ("web\n", "", Some(0)));
    let ran = home.bowline(&["connect", "-oBatchMode=yes", "web", "printenv LC_FROM_CONFIG"]).await;
    assert_eq!(ran.status, Some(1), "another command does not match: {}", ran.text());
}

#[tokio::test]
async fn a_command_of_a_match_is_run_only_when_it_is_agreed_to() {
    let Some(server) = available(Sshd::start().await) else { return };
    let home = Home::at(&server);
    std::fs::create_dir_all(home.data_dir()).expect("a folder for what is kept");
    let mark = home.path().join("ran");
    let lines = Home::lines(&server, port(&server));
    home.config(&format!("Match exec \"touch {}\"\n  RequestTTY no\nHost server\n{lines}", mark.display()));
    let ran = home.bowline(&["connect", "server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
    assert!(ran.stderr.contains("config:1") && ran.stderr.contains("was not run"), "{}", ran.stderr);
    assert!(!mark.exists());
    let mut terminal = Terminal::run(&home, "\"$BOWLINE\" connect server 'echo i''n'; echo status=$?");
    terminal.shows("Run it?").await;
    terminal.type_in("once\r");
    terminal.shows("in\r\nstatus=0").await;
    assert!(mark.exists());
}

#[tokio::test]
async fn what_a_file_has_and_bowline_has_not_is_named_and_a_line_that_leads_elsewhere_stops_it() {
    let Some(server) = available(Sshd::start().await) else { return };
    let home = Home::at(&server);
    let lines = Home::lines(&server, port(&server));
    home.config(&format!("Host server\n  Compression yes\n{lines}Host bad\n  HostName %q\n{lines}"));
    let ran = home.bowline(&["connect", "server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)));
    assert!(ran.stderr.contains("compression") && ran.stderr.contains("config:2"), "{}", ran.stderr);
    let ran = home.bowline(&["connect", "bad", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("", Some(255)));
    assert!(ran.stderr.contains("line 8") && ran.stderr.contains("HostName"), "{}", ran.stderr);
}

#[tokio::test]
async fn only_what_is_asked_for_is_spoken() {
    let Some(server) = available(Sshd::builder().config_line("Ciphers aes256-ctr").start().await) else {
        return;
    };
    let home = Home::at(&server);
    for (option, expected) in [("Ciphers=aes256-ctr", Some(0)), ("Ciphers=aes128-ctr", Some(255))] {
        let ran = home.bowline(&["connect", "-o", option, "server", "true"]).await;
        assert_eq!(ran.status, expected, "{option}: {}", ran.stderr);
    }
}
