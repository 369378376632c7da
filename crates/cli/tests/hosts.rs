//! `bowline hosts` with and without an app that has the hosts open.

use bowline_core::host::HostDraft;
use bowline_core::host::store::HostStore;
use serde_json::Value;

use crate::kit::terminal::Terminal;
use crate::kit::{Home, Ran};

fn names(ran: &Ran) -> Vec<String> {
    ran.text().lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

async fn listed(home: &Home) -> Vec<String> {
    names(&home.bowline(&["hosts", "list"]).await)
}

#[tokio::test]
async fn hosts_are_added_and_removed_without_the_app() {
    let home = Home::new();
    let ran = home.bowline(&["hosts", "add", "ada@192.0.2.1:2222", "--name", "web-01", "--group=prod"]).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.text(), "web-01 was saved (ada@192.0.2.1:2222)\n");
    let ran = home.bowline(&["hosts", "list"]).await;
    assert_eq!(ran.text(), "web-01\tada@192.0.2.1:2222\tprod\n");
    // Once more is no failure for a script; another host by this name is.
    let again = ["hosts", "add", "ada@192.0.2.1:2222", "--name", "web-01", "--group=prod"];
    assert_eq!(home.bowline(&again).await.status, Some(0));
    let ran = home.bowline(&["hosts", "add", "192.0.2.9", "--name", "web-01"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("already"), "{}", ran.stderr);
    // Without a terminal nobody can be asked.
    let ran = home.bowline(&["hosts", "rm", "web-01"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert_eq!(listed(&home).await, ["web-01"]);
    let ran = home.bowline(&["hosts", "rm", "nobody", "--yes"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("nobody"), "{}", ran.stderr);
    let ran = home.bowline(&["hosts", "rm", "web-01", "--yes", "--json"]).await;
    let value: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!((ran.status, value["name"].as_str()), (Some(0), Some("web-01")));
    assert!(listed(&home).await.is_empty());
}

#[tokio::test]
async fn a_link_beside_an_export_is_not_followed() {
    let home = Home::new();
    assert_eq!(home.bowline(&["hosts", "add", "192.0.2.1", "--name", "web"]).await.status, Some(0));
    let (dear, file) = (home.path().join("dear"), home.path().join("hosts.json"));
    std::fs::write(&dear, "dear").expect("it is written");
    std::os::unix::fs::symlink(&dear, home.path().join("hosts.json.bowline-part")).expect("a link");
    let ran = home.bowline(&["hosts", "export", "-o", "hosts.json"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("something else"), "{}", ran.stderr);
    assert_eq!(std::fs::read(&dear).expect("it is there"), b"dear");
    assert!(!file.exists());
}

#[tokio::test]
async fn what_makes_no_host_is_refused_with_a_reason() {
    let home = Home::new();
    for (address, part) in [("-oProxyCommand=x", "-o"), ("a;b", "shell"), ("host:0", "port")] {
        let ran = home.bowline(&["hosts", "add", "--", address]).await;
        assert!(
            ran.status == Some(255) && ran.stderr.contains(part) || address.starts_with('-'),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.status, Some(255), "{address}");
    }
    let ran = home.bowline(&["hosts", "add", "host", "-i", "/nowhere/key"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("key file"), "{}", ran.stderr);
    let ran = home.bowline(&["hosts", "add", "host", "--proxy", "http://ann:secret@p:1"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    assert!(listed(&home).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_that_runs_keeps_its_hosts_and_sees_the_changes() {
    let home = Home::new();
    let (app, _) = HostStore::open(&home.data_dir()).expect("the app starts");
    let draft = |label: &str| HostDraft {
        label: label.into(),
        address: "192.0.2.1".into(),
        port: 22,
        ..HostDraft::default()
    };
    app.create(draft("own")).await.expect("saved");
    let commands = (0..8).map(|number| {
        let home = &home;
        async move { home.bowline(&["hosts", "add", "192.0.2.2", "--name", &format!("cli-{number}")]).await }
    });
    let (ran, ()) = tokio::join!(futures::future::join_all(commands), async {
        for number in 0..8 {
            app.create(draft(&format!("own-{number}"))).await.expect("saved");
        }
    });
    assert!(ran.iter().all(|ran| ran.status == Some(0)), "{ran:?}");
    assert!(app.changed_elsewhere().await.expect("an answer"));
    assert_eq!(app.list().await.expect("a list").hosts.len(), 17);
    assert_eq!(home.bowline(&["hosts", "rm", "own", "cli-0", "-y"]).await.status, Some(0));
    assert!(app.changed_elsewhere().await.expect("an answer"));
    assert_eq!(app.list().await.expect("a list").hosts.len(), 15);
}

#[tokio::test]
async fn what_is_exported_is_imported_again_exactly() {
    let (home, other) = (Home::new(), Home::new());
    for arguments in [
        &["hosts", "add", "ada@[2001:db8::1]:2222", "--name", "数据 \"01\"", "--group", "prod", "-J", "a,b"]
            [..],
        &["hosts", "add", "b", "--startup", "cd /srv", "-A", "--auth", "agent"],
    ] {
        assert_eq!(home.bowline(arguments).await.status, Some(0));
    }
    let file = home.path().join("hosts.json");
    let path = file.to_str().expect("a path");
    assert_eq!(home.bowline(&["hosts", "export", "-o", path]).await.status, Some(0));
    let exported = std::fs::read(&file).expect("it is written");
    assert_eq!(home.bowline(&["hosts", "export"]).await.stdout, exported);
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().expect("it").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let ran = home.bowline(&["hosts", "export", "-o", path]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("there already. Say --force"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("entity"), "{}", ran.stderr);
    let ran = other.bowline_with(&["hosts", "import", "-"], &exported).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), "2 hosts were saved\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("start-up command") && ran.stderr.contains("agent"), "{}", ran.stderr);
    assert_eq!(other.bowline(&["hosts", "export"]).await.stdout, exported);
    // Once more changes nothing; one that differs is left alone, and told.
    let ran = other.bowline(&["hosts", "import", path]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), "0 hosts were saved, 2 were saved already\n"));
    let changed = String::from_utf8(exported.clone()).expect("text").replace("2222", "2223");
    let ran = other.bowline_with(&["hosts", "import", "-"], changed.as_bytes()).await;
    assert!(ran.status == Some(1) && ran.stderr.contains("left as it is"), "{}", ran.stderr);
    assert_eq!(other.bowline(&["hosts", "export"]).await.stdout, exported);
}

#[tokio::test]
async fn hosts_of_ssh_config_are_copied_as_the_window_copies_them() {
    let home = Home::new();
    home.config(
        "Host web\n  HostName 192.0.2.7\n  User bob\n  Port 2200\n  Compression yes\nHost *.example\n",
    );
    let ran = home.bowline(&["hosts", "import", "--dry-run"]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), "web\n"));
    assert!(ran.stderr.contains("ompression"), "{}", ran.stderr);
    assert!(listed(&home).await.is_empty());
    let ran = home.bowline(&["hosts", "list", "--all", "--json"]).await;
    let value: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!((value["name"].as_str(), value["configLine"].as_u64()), (Some("web"), Some(1)));
    let ran = home.bowline(&["hosts", "import", "--group", "copied"]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), "1 host was saved\n"), "{}", ran.stderr);
    assert_eq!(home.bowline(&["hosts", "list"]).await.text(), "web\tbob@192.0.2.7:2200\tcopied\n");
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_refused_as_a_whole() {
    let home = Home::new();
    let head = "{\"format\": \"bowline-hosts\", \"version\": 1, \"hosts\": [";
    let good = "{\"label\":\"a\",\"group\":\"\",\"address\":\"a\",\"port\":22,\"user\":\"\",\"auth\":\"automatic\",\"keyPath\":\"\"}";
    for (file, part) in [
        (format!("{head}{good},{}]}}", good.replace("\"address\":\"a\"", "\"address\":\"-x\"")), "dash"),
        (format!("{head}{good},{}]}}", good.replace("\"label\"", "\"frob\":1,\"label\"")), "frob"),
        (format!("{head}{good}"), "JSON"),
        ("{}".to_owned(), "no file of saved hosts"),
        ("Host web\n".to_owned(), "no file of saved hosts"),
    ] {
        let ran = home.bowline_with(&["hosts", "import", "-"], file.as_bytes()).await;
        assert!(ran.status == Some(255) && ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(listed(&home).await.is_empty());
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_in_one_line() {
    let home = Home::new();
    let file = home.path().join("passwd");
    std::fs::write(&file, "root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/bin/false\n").expect("written");
    let ran = home.bowline(&["hosts", "import", "passwd"]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("passwd was not imported") && ran.stderr.lines().count() == 1,
        "{}",
        ran.stderr
    );
    std::fs::write(&file, "# one\n  host = web\n    HostName 192.0.2.7\n").expect("written");
    let ran = home.bowline(&["hosts", "import", "passwd"]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), "1 host was saved\n"), "{}", ran.stderr);
}

#[tokio::test]
async fn output_that_cannot_be_written_is_told_and_a_reader_that_has_gone_is_not() {
    let home = Home::new();
    assert_eq!(home.bowline(&["hosts", "add", "192.0.2.1", "--name", "web"]).await.status, Some(0));
    for command in ["hosts list", "help", "ssh -Q cipher", "ssh -G web"] {
        let ran = home.shell(&format!("\"$BOWLINE\" {command} > /dev/full")).await;
        assert_eq!(ran.status, Some(255), "{command}");
        let expected = "bowline: standard output (/dev/full) could not be written: No space left on device\n";
        assert_eq!(ran.stderr, expected, "{command}");
        let line = format!("(sleep 0.3; \"$BOWLINE\" {command}; echo $? >&2) | true");
        assert_eq!(home.shell(&line).await.stderr, "141\n", "{command}");
    }
}

#[tokio::test]
async fn a_person_is_asked_before_a_host_goes() {
    let home = Home::new();
    assert_eq!(home.bowline(&["hosts", "add", "192.0.2.1", "--name", "web"]).await.status, Some(0));
    let mut terminal = Terminal::run(&home, "$BOWLINE hosts rm web; echo \"it was $?\"");
    terminal.shows("Remove web (192.0.2.1)? (yes, no) ").await;
    terminal.type_in("y\r");
    terminal.shows("Type yes or no.").await;
    terminal.type_in("no\r");
    terminal.shows("nothing was removed").await;
    terminal.shows("it was 255").await;
    let mut terminal = Terminal::run(&home, "$BOWLINE hosts rm web");
    terminal.shows("(yes, no) ").await;
    terminal.type_in("\x04");
    terminal.shows("\nbowline: nothing was removed").await;
    assert_eq!(listed(&home).await, ["web"]);
    let mut terminal = Terminal::run(&home, "$BOWLINE hosts rm web");
    terminal.shows("(yes, no) ").await;
    terminal.type_in("yes\r");
    terminal.shows("web was removed").await;
    assert_eq!(terminal.end().await, 0);
    assert!(listed(&home).await.is_empty());
}

#[tokio::test]
async fn a_terminal_gets_columns_and_colours_unless_it_forbids_them() {
    let home = Home::new();
    assert_eq!(
        home.bowline(&["hosts", "add", "192.0.2.1", "--name", "web", "--group", "g"]).await.status,
        Some(0)
    );
    let mut terminal = Terminal::run(&home, "$BOWLINE hosts list");
    terminal.shows("\x1b[1mweb\x1b[0m  192.0.2.1  \x1b[2mg\x1b[0m").await;
    let mut terminal = Terminal::run(&home, "NO_COLOR=1 $BOWLINE hosts list");
    terminal.shows("web  192.0.2.1  g").await;
    assert!(!terminal.text().contains('\x1b'), "{}", terminal.text());
    // Elsewhere only for those who ask.
    let ran = home.shell("CLICOLOR_FORCE=1 \"$BOWLINE\" hosts list").await;
    assert_eq!(ran.text(), "\x1b[1mweb\x1b[0m\t192.0.2.1\t\x1b[2mg\x1b[0m\n");
    assert_eq!(home.bowline(&["hosts", "list"]).await.text(), "web\t192.0.2.1\tg\n");
}
