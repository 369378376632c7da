//! `bowline doctor` against a real sshd, and against what is none.

use std::net::TcpListener;

use bowline_tests::available;
use bowline_tests::sshd::Sshd;
use serde_json::Value;

use crate::kit::{Home, Ran};

fn findings(ran: &Ran) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ran.text()
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("JSON");
            (text(&value["check"]), text(&value["result"]), text(&value["text"]))
        })
        .collect()
}

fn of<'a>(findings: &'a [(String, String, String)], check: &str) -> (&'a str, &'a str) {
    let found = findings.iter().find(|(one, _, _)| one == check);
    let (_, result, text) = found.unwrap_or_else(|| panic!("{check} is not in {findings:?}"));
    (result, text)
}

#[tokio::test]
async fn a_host_that_is_well_passes_every_check() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home.bowline(&["doctor", "--json", "server"]).await;
    let found = findings(&ran);
    assert_eq!(ran.status, Some(0), "{found:?} {}", ran.stderr);
    let checks: Vec<_> = found.iter().map(|(check, _, _)| check.as_str()).collect();
    let expected = [
        "config",
        "name",
        "reach",
        "host-key",
        "login",
        "server",
        "algorithms",
        "commands",
        "clock",
        "terminal",
        "files",
    ];
    assert_eq!(checks, expected);
    assert!(found.iter().all(|(_, result, _)| result == "ok"), "{found:?}");
    assert!(of(&found, "host-key").1.ends_with("is known"), "{found:?}");
    let (_, login) = of(&found, "login");
    assert!(login.starts_with("publickey") && login.contains("offers publickey"), "{login}");
    assert!(of(&found, "server").1.contains("OpenSSH"), "{found:?}");
    let ran = home.bowline(&["doctor", "server"]).await;
    let text = ran.text();
    assert!(text.lines().all(|line| line.starts_with("ok ")), "{text}");
    assert_eq!(ran.status, Some(0));
}

#[tokio::test]
async fn what_fails_is_named_and_what_follows_is_skipped() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    // Nobody listens there any more.
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port().to_string();
    let ran = home.bowline(&["doctor", "--json", "server", "-p", &port]).await;
    let found = findings(&ran);
    assert_eq!(
        (ran.status, of(&found, "name").0, of(&found, "reach").0),
        (Some(1), "ok", "fail"),
        "{found:?}"
    );
    assert!(found.iter().skip(3).all(|(_, result, _)| result == "skipped"), "{found:?}");
    assert!(ran.text().contains("\"code\":\"refused\""), "{}", ran.text());
    // No way to log in is left.
    let login = ["doctor", "--json", "server", "-o", "PubkeyAuthentication=no", "-o", "BatchMode=yes"];
    let ran = home.bowline(&login).await;
    let found = findings(&ran);
    assert_eq!(
        (ran.status, of(&found, "host-key").0, of(&found, "login").0),
        (Some(1), "ok", "fail"),
        "{found:?}"
    );
    // A key that is not known, and no terminal to ask on.
    std::fs::write(home.known_hosts(), "").expect("forgotten");
    let found = findings(&home.bowline(&login).await);
    assert_eq!((of(&found, "host-key").0, of(&found, "login").0), ("fail", "skipped"), "{found:?}");
}

#[tokio::test]
async fn each_jump_host_of_a_chain_is_examined_up_to_the_one_that_fails() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(second) = available(Sshd::start().await) else { return };
    let Some(inner) = available(Sshd::start().await) else { return };
    let home = Home::new();
    let known = [&sshd, &second, &inner].map(Sshd::known_hosts).concat();
    std::fs::write(home.known_hosts(), known).expect("it is written");
    let config = |bad: &str| {
        home.config(&format!(
            "Host one\n{}Host two\n  ProxyJump one\n{bad}{}Host server\n  ProxyJump two\n{}",
            Home::lines(&sshd, sshd.address().port()),
            Home::lines(&second, second.address().port()),
            Home::lines(&inner, inner.address().port()),
        ));
    };
    let jumps = |ran: &Ran| -> Vec<String> {
        let all = ran.text();
        let all = all.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        all.filter(|one| matches!(one["check"].as_str(), Some("host-key" | "login")))
            .map(|one| {
                let text = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
                format!("{} {} {}", text("jump"), text("check"), text("result"))
            })
            .collect()
    };
    config("");
    let ran = home.bowline(&["doctor", "--json", "server"]).await;
    let all =
        ["one host-key ok", "one login ok", "two host-key ok", "two login ok", "- host-key ok", "- login ok"];
    assert_eq!((jumps(&ran), ran.status), (all.map(str::to_owned).to_vec(), Some(0)), "{}", ran.stderr);
    // Each of them was logged in to once.
    for one in [&sshd, &second, &inner] {
        assert_eq!(one.log().matches("Accepted publickey").count(), 1, "{}", one.log());
    }
    config("  PubkeyAuthentication no\n  PasswordAuthentication no\n  KbdInteractiveAuthentication no\n");
    let ran = home.bowline(&["doctor", "--json", "server"]).await;
    let until = [
        "one host-key ok",
        "one login ok",
        "two host-key ok",
        "two login fail",
        "- host-key skipped",
        "- login skipped",
    ];
    assert_eq!((jumps(&ran), ran.status), (until.map(str::to_owned).to_vec(), Some(1)), "{}", ran.text());
    let ran = home.bowline(&["doctor", "server"]).await;
    assert!(ran.text().contains("fail    login      [two] "), "{}", ran.text());
}

#[tokio::test]
async fn what_is_no_ssh_server_is_told_and_escape_sequences_lose_their_power() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it").port().to_string();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 \x1b[31mBad\r\n\r\n");
        std::thread::sleep(std::time::Duration::from_secs(2));
    });
    let ran = home.bowline(&["doctor", "127.0.0.1", "-p", &port]).await;
    assert_eq!(ran.status, Some(1));
    assert!(ran.text().contains("no SSH server") && !ran.text().contains('\x1b'), "{}", ran.text());
    serving.join().expect("it ends");
}

#[tokio::test]
async fn what_the_config_says_in_vain_is_a_warning_and_said_once() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let lines = Home::lines(&sshd, sshd.address().port());
    home.config(&format!("Host server\n{lines}  Compression yes\n"));
    let ran = home.bowline(&["doctor", "--json", "server"]).await;
    let found = findings(&ran);
    assert_eq!((ran.status, of(&found, "config").0), (Some(0), "warn"), "{found:?}");
    assert!(ran.text().contains("ompression"), "{}", ran.text());
    assert_eq!(ran.stderr, "", "it is said once");
}
