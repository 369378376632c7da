//! The `bowline` command against a real sshd, without a terminal: as scripts, rsync and git use it.

use std::process::Stdio;

use crate::kit::{BOWLINE, Home, PATIENCE, finish};
use bowline_core::host::HostDraft;
use bowline_core::host::store::HostStore;
use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::Sshd;

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[tokio::test]
async fn the_exit_status_is_that_of_the_remote_command() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    for status in [0, 1, 44, 127, 128, 254, 255] {
        let line = format!("exit {status}");
        let ran = home.bowline(&["connect", "server", &line]).await;
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(status), ""), "connect {line}");
        let ran = home.bowline(&["exec", "server", "--", "exit", &status.to_string()]).await;
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(status), ""), "exec {line}");
    }
}

#[tokio::test]
async fn stdout_and_stderr_stay_apart_and_words_are_joined_by_spaces() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home.bowline(&["connect", "server", "echo", "a", "'b  c'", ";", "echo", "err", ">&2"]).await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str(), ran.status), ("a b  c\n", "err\n", Some(0)));
}

#[tokio::test]
async fn a_command_that_dies_of_a_signal_is_255_and_a_line() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home.bowline(&["connect", "server", "kill -TERM $$"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.stderr.contains("TERM") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
}

#[tokio::test]
async fn fifty_megabytes_through_cat_come_back_unchanged() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let sent = noise(50_000_000);
    let ran = home.bowline_with(&["connect", "server", "cat"], &sent).await;
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(ran.stdout == sent, "{} bytes, or others", ran.stdout.len());
}

#[tokio::test]
async fn much_output_and_the_status_after_it_arrive_every_time() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let expected = noise(10 * 1024 * 1024);
    let file = sshd.folder().join("noise");
    std::fs::write(&file, &expected).expect("it is written");
    let line = format!("head -c 10M {}; exit 44", file.display());
    for time in 1..=5 {
        let ran = home.bowline(&["connect", "server", &line]).await;
        assert_eq!(ran.status, Some(44), "time {time}: {}", ran.stderr);
        assert!(ran.stdout == expected, "time {time}: {} bytes, or others", ran.stdout.len());
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_here_and_there() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let mark = sshd.folder().join("home/ended");
    let line = format!(
        "\"$BOWLINE\" connect server 'yes; touch {}' | head -n 3; echo ${{PIPESTATUS[0]}}",
        mark.display()
    );
    let ran = home.shell(&line).await;
    assert_eq!(ran.text(), "y\ny\ny\n141\n");
    assert_eq!(ran.stderr, "");
    eventually("yes on the host was ended", || mark.exists()).await;
}

#[tokio::test]
async fn a_disk_that_is_full_is_told() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    for command in ["exec server -- echo in", "connect server echo in", "ssh server echo in"] {
        let ran = home.shell(&format!("\"$BOWLINE\" {command} > /dev/full")).await;
        assert_eq!(ran.status, Some(255), "{command}");
        let expected = "bowline: standard output (/dev/full) could not be written: No space left on device\n";
        assert_eq!(ran.stderr, expected, "{command}");
    }
}

#[tokio::test]
async fn a_reader_that_waits_for_long_gets_everything() {
    if std::env::var_os("BOWLINE_SOAK").is_none() {
        eprintln!("SKIPPED: it takes 40 s; BOWLINE_SOAK=1 runs it");
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    // Longer than a peer that says nothing is believed: we are the ones who do not listen.
    let ran = home
        .shell(
            "\"$BOWLINE\" connect server 'seq 1 9000000; exit 6' | (sleep 40; cksum); echo ${PIPESTATUS[0]}",
        )
        .await;
    let expected = home.shell("seq 1 9000000 | cksum; echo 6").await;
    assert_eq!(ran.text(), expected.text(), "{}", ran.stderr);
}

#[tokio::test]
async fn a_program_that_reads_no_input_is_not_waited_for() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    // Standard input stays open and says nothing.
    let mut child = home.program(BOWLINE);
    let mut child =
        child.args(["connect", "server", "echo done"]).stdin(Stdio::piped()).spawn().expect("it runs");
    let stdin = child.stdin.take();
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends in time");
    assert_eq!(output.expect("it ran").stdout, b"done\n");
    drop(stdin);
}

#[tokio::test]
async fn without_a_terminal_an_unknown_host_key_is_a_clear_failure() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    std::fs::remove_file(home.known_hosts()).expect("it was there");
    for option in ["-v", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes"] {
        let ran = home.bowline(&["connect", "-q", option, "server", "true"]).await;
        assert_eq!(ran.status, Some(255), "{option}");
        let line = ran.stderr.lines().last().unwrap_or_default();
        assert!(line.contains("host key") && line.contains("SHA256:"), "{option}: {}", ran.stderr);
    }
    assert!(!home.known_hosts().exists());
    let ran = home.bowline(&["connect", "-o", "StrictHostKeyChecking=accept-new", "server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
    assert!(home.known_hosts().exists());
}

#[tokio::test]
async fn a_changed_host_key_stops_everything_and_shows_both() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let Some(other) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let wrong =
        other.known_hosts().replace(&other.address().port().to_string(), &sshd.address().port().to_string());
    std::fs::write(home.known_hosts(), &wrong).expect("it is written");
    for option in ["BatchMode=no", "StrictHostKeyChecking=no"] {
        let ran = home.bowline(&["connect", "-o", option, "server", "echo in"]).await;
        assert_eq!((ran.status, ran.text().as_str()), (Some(255), ""));
        assert_eq!(ran.stderr.matches("SHA256:").count(), 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("ssh-keygen -R"), "{}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(home.known_hosts()).expect("it is there"), wrong);
}

#[tokio::test]
async fn a_password_without_a_terminal_is_a_clear_failure() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let home = Home::at(&sshd);
    home.config(&format!(
        "Host server\n HostName 127.0.0.1\n Port {}\n User {}\n",
        sshd.address().port(),
        sshd.user()
    ));
    let ran = home.bowline(&["connect", "server", "true"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.stderr.contains("password") && ran.stderr.contains("no terminal"), "{}", ran.stderr);
    let ran = home.bowline(&["connect", "-oBatchMode=yes", "server", "true"]).await;
    assert!(ran.stderr.contains("BatchMode"), "{}", ran.stderr);
}

#[tokio::test]
async fn what_is_not_supported_is_named_and_nothing_is_dialled() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    for (arguments, named) in [
        (&["connect", "-o", "Frobnicate=yes", "server", "true"][..], "Frobnicate"),
        (&["connect", "-w", "server", "true"], "-w"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let ran = home.bowline(arguments).await;
        assert_eq!(ran.status, Some(255));
        assert!(ran.stderr.contains(named) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    }
    assert!(!sshd.log().contains("Connection from"));
}

#[tokio::test]
async fn a_dead_port_is_255_and_one_line() {
    let home = Home::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let ran = home.bowline(&["connect", &format!("ada@{address}"), "true"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.stderr.contains("refused") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
}

#[tokio::test]
async fn a_lost_connection_is_255_with_its_cause_and_no_success() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    for cut in [Cut::Reset, Cut::Finish] {
        let proxy = FaultProxy::start(sshd.address(), 1).await;
        let home = Home::at(&sshd);
        home.config(&format!("Host server\n{}", Home::lines(&sshd, proxy.address().port())));
        let mut child = home.program(BOWLINE);
        let mark = sshd.folder().join("home/up");
        let line = format!("echo up > {}; sleep 600", mark.display());
        child.args(["connect", "-oStrictHostKeyChecking=accept-new", "server", &line]);
        let running = finish(&mut child, b"");
        let cutting = async {
            eventually("the command runs", || mark.exists()).await;
            proxy.cut_now(cut);
        };
        let (ran, ()) = tokio::join!(running, cutting);
        std::fs::remove_file(&mark).expect("it was there");
        assert_eq!(ran.status, Some(255));
        assert!(ran.stderr.contains("not known") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("screen") && !ran.stderr.contains(": without"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_signal_to_the_command_is_255_and_ends_the_session() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let line = "\"$BOWLINE\" connect server \"echo up > $UP; sleep 600\" & \
                until test -e \"$UP\"; do sleep 0.02; done; kill -TERM $!; wait $!; echo $?";
    let mark = sshd.folder().join("home/up");
    let ran =
        finish(home.program("bash").args(["-c", line]).env("BOWLINE", BOWLINE).env("UP", &mark), b"").await;
    assert_eq!(ran.text(), "255\n", "{}", ran.stderr);
    eventually("the session is closed", || sshd.sessions().is_empty()).await;
}

#[tokio::test]
async fn many_hosts_answer_with_their_names_and_the_highest_status() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let lines = Home::lines(&sshd, sshd.address().port());
    home.config(&format!("Host one two three\n{lines}"));
    let ran = home
        .bowline(&["exec", "one", "two", "three", "--limit", "2", "--", "echo a; printf b; exit 3"])
        .await;
    assert_eq!(ran.status, Some(3), "{}", ran.stderr);
    let mut shown: Vec<String> = ran.text().lines().map(str::to_owned).collect();
    shown.sort();
    assert_eq!(shown, ["one: a", "one: b", "three: a", "three: b", "two: a", "two: b"]);
    let ran = home.bowline(&["exec", "one", "127.0.0.1:1", "--", "true"]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.stderr.contains("127.0.0.1:1: "), "{}", ran.stderr);
}

#[tokio::test]
async fn a_host_that_accepts_new_keys_accepts_none_for_others() {
    let Some(lax) = available(Sshd::start().await) else { return };
    let Some(strict) = available(Sshd::start().await) else { return };
    let home = Home::new();
    home.config(&format!(
        "Host lax\n  StrictHostKeyChecking accept-new\n{}Host strict\n{}",
        Home::lines(&lax, lax.address().port()),
        Home::lines(&strict, strict.address().port())
    ));
    let ran = home.bowline(&["exec", "lax", "strict", "--", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("lax: in\n", Some(255)));
    assert!(ran.stderr.contains("strict: ") && ran.stderr.contains("not known"), "{}", ran.stderr);
    let known = std::fs::read_to_string(home.known_hosts()).expect("one was accepted");
    assert!(!known.contains(&strict.address().port().to_string()), "{known}");
}

#[tokio::test]
async fn json_has_an_object_for_each_line_and_end_and_base64_for_what_is_no_text() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let line = "echo é; printf '\\377\\n' >&2; exit 9";
    let ran = home.bowline(&["exec", "--json", "server", "--", line]).await;
    assert_eq!(ran.status, Some(9), "{}", ran.stderr);
    let objects: Vec<serde_json::Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let has = |wanted: serde_json::Value| assert!(objects.contains(&wanted), "{wanted} in {objects:?}");
    has(serde_json::json!({"host": "server", "type": "stdout", "text": "é\n"}));
    has(serde_json::json!({"host": "server", "type": "stderr", "base64": "/wo="}));
    assert_eq!(objects.last(), Some(&serde_json::json!({"host": "server", "type": "exit", "status": 9})));
    let ran = home.bowline(&["exec", "--json", "127.0.0.1:1", "--", "true"]).await;
    let object: serde_json::Value = serde_json::from_str(&ran.text()).expect("an object");
    assert_eq!((object["type"].as_str(), object["code"].as_str()), (Some("error"), Some("refused")));
}

#[tokio::test]
async fn saved_hosts_are_found_and_listed_while_the_app_has_them_open() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::new();
    home.know(&sshd);
    let (store, _) = HostStore::open(&home.data_dir()).expect("the store opens");
    let draft = HostDraft {
        label: "my server".into(),
        group: "lab".into(),
        address: "127.0.0.1".into(),
        port: sshd.address().port(),
        user: sshd.user().into(),
        auth: bowline_core::host::AuthMethod::Key,
        key_path: sshd.client_key_file().to_string_lossy().into_owned(),
        ..HostDraft::default()
    };
    let saved = store.create(draft).await.expect("it is saved");
    let ran = home.bowline(&["connect", "my server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
    let ran = home.bowline(&["hosts", "list"]).await;
    assert_eq!(ran.text(), format!("my server\t{}@127.0.0.1:{}\tlab\n", sshd.user(), sshd.address().port()));
    let ran = home.bowline(&["hosts", "list", "--json"]).await;
    let object: serde_json::Value = serde_json::from_str(&ran.text()).expect("an object");
    assert_eq!(object["id"], serde_json::json!(saved.id));
    assert_eq!(object["name"], "my server");
}

#[tokio::test]
async fn git_clones_and_pushes_over_it() {
    if std::process::Command::new("git").arg("--version").output().is_err() {
        eprintln!("SKIPPED: git is not installed");
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home
        .shell(
            "set -e; export GIT_SSH_COMMAND=\"$BOWLINE connect\" GIT_CONFIG_NOSYSTEM=1
             git config --global user.email a@b; git config --global user.name a
             git init -q --bare repo.git; git init -q work; cd work
             head -c 3000000 /dev/urandom > file; git add file; git commit -qm one
             git push -q \"server:$HOME/repo.git\" HEAD:refs/heads/main
             cd ..; git clone -q -b main \"ssh://server$HOME/repo.git\" copy; cmp work/file copy/file; echo same",
        )
        .await;
    assert_eq!((ran.text().as_str(), ran.status), ("same\n", Some(0)), "{}", ran.stderr);
}

#[tokio::test]
async fn rsync_copies_over_it() {
    if std::process::Command::new("rsync").arg("--version").output().is_err() {
        eprintln!("SKIPPED: rsync is not installed");
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home
        .shell(
            "set -e; mkdir from; head -c 5000000 /dev/urandom > from/a; seq 100000 > from/b
             rsync -a -e \"$BOWLINE connect\" from/ \"server:$HOME/to/\"; diff -r from to; echo same",
        )
        .await;
    assert_eq!((ran.text().as_str(), ran.status), ("same\n", Some(0)), "{}", ran.stderr);
}
