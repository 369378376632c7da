//! `bowline ssh` against a real sshd: as git, rsync, scp, sftp and scripts call ssh(1). The ideas are those of OpenSSH's own
//! regression tests.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::kit::{BOWLINE, Home, PATIENCE, finish};
use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, FaultProxy};
use bowline_tests::sshd::Sshd;
use bowline_tests::tunnels::{echo, echoed, noise};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn missing(program: &str) -> bool {
    let missing = std::process::Command::new(program).arg("--version").output().is_err();
    if missing {
        eprintln!("SKIPPED: {program} is not installed");
    }
    missing
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("its address").port()
}

/// A connection to a port that somebody is about to listen on.
async fn connected(port: u16) -> TcpStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "nobody listens on {port}: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn statuses_words_streams_and_signals_are_those_of_ssh() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    for status in [0, 1, 5, 44, 255] {
        let ran = home.bowline(&["ssh", "server", &format!("exit {status}")]).await;
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(status), ""));
    }
    let ran = home
        .bowline(&["ssh", "-T", "server", "-n", "--", "echo", "a", "'b  c'", ";", "echo", "e", ">&2"])
        .await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str(), ran.status), ("a b  c\n", "e\n", Some(0)));
    assert_eq!(home.bowline(&["ssh", "server", "kill -KILL $$"]).await.status, Some(255));
    // What is written to standard error after the end of standard output arrives.
    let ran = home.bowline(&["ssh", "server", "exec >&-; sleep 0.3; echo late >&2; exit 3"]).await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str(), ran.status), ("", "late\n", Some(3)));
    let address = format!("ssh://{}@127.0.0.1:{}", sshd.user(), sshd.address().port());
    let key = sshd.client_key_file();
    let ran = home.bowline(&["ssh", "-i", &key.to_string_lossy(), &address, "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
}

#[tokio::test]
async fn input_is_whole_or_empty() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let sent = noise(3, 20_000_000);
    let ran = home.bowline_with(&["ssh", "server", "cat"], &sent).await;
    assert!(
        ran.status == Some(0) && ran.stdout == sent,
        "{} bytes, or others; {}",
        ran.stdout.len(),
        ran.stderr
    );
    let ran = home.bowline_with(&["ssh", "-n", "server", "wc -c"], b"not for the host").await;
    assert_eq!(ran.text().trim(), "0");
    let ran = home.bowline_with(&["ssh", "-oStdinNull=yes", "server", "wc -c"], b"not for the host").await;
    assert_eq!(ran.text().trim(), "0");
    // Without any standard stream at all, as a daemon may start it.
    let ran = home.shell("\"$BOWLINE\" ssh server 'cat; exit 7' <&- >&- 2>&-; echo $?").await;
    assert_eq!(ran.text(), "7\n");
    // A loop that reads its lines from standard input keeps them with -n.
    let ran =
        home.shell("printf 'a\\nb\\n' | while read -r x; do \"$BOWLINE\" ssh -n server echo $x; done").await;
    assert_eq!(ran.text(), "a\nb\n");
}

#[tokio::test]
async fn a_reader_that_leaves_ends_it() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran =
        home.shell("\"$BOWLINE\" ssh server 'while true; do echo yes; done' | head -n 2000 | wc -l").await;
    assert_eq!(ran.text().trim(), "2000", "{}", ran.stderr);
    for _ in 0..3 {
        let ran = home.shell("\"$BOWLINE\" ssh server echo one | true; echo ${PIPESTATUS[1]}").await;
        assert_eq!(ran.text(), "0\n");
    }
    let ran = home.shell("\"$BOWLINE\" ssh server 'yes | head -n 2000' | (sleep 1; wc -l)").await;
    assert_eq!(ran.text().trim(), "2000");
}

#[tokio::test]
async fn a_terminal_is_there_when_it_is_forced() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    for (options, there) in [(&["-tt"][..], true), (&["-t"], false), (&["-tt", "-T"], false), (&[], false)] {
        let mut arguments = vec!["ssh", "-q"];
        arguments.extend(options);
        arguments.extend(["server", "test -t 0 && echo terminal; true"]);
        let ran = home.bowline(&arguments).await;
        assert_eq!(
            (ran.text().contains("terminal"), ran.status),
            (there, Some(0)),
            "{options:?}: {}",
            ran.stderr
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_before_anything_is_dialled() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    for (arguments, told) in [
        (&["-o", "Frobnicate=yes", "server", "true"][..], "Frobnicate"),
        (&["-o", "Port=x", "server", "true"], "port"),
        (&["-O", "check", "server"], "-O"),
        (&["-w", "any", "server"], "-w"),
        (&["-f", "server"], "background"),
        (&["-s", "server"], "subsystem"),
        (&["-F", "/nowhere/config", "server", "true"], "/nowhere/config"),
        (&["-oTunnel=yes", "server", "true"], "tunnel"),
    ] {
        let ran = home.bowline(&[&["ssh"], arguments].concat()).await;
        assert_eq!(ran.status, Some(255), "{arguments:?}");
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
    assert!(!sshd.log().contains("Connection from"));
    let taken =
        ["-oControlMaster=auto", "-oControlPersist=60s", "-S", "none", "-C", "-M", "-oCompression=yes", "-k"];
    let ran = home.bowline(&[&["ssh", "-q"], &taken[..], &["server", "echo in"]].concat()).await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str()), ("in\n", ""));
}

#[tokio::test]
async fn a_local_command_runs_first_with_its_tokens_where_it_is_permitted() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let lines = Home::lines(&sshd, sshd.address().port());
    let config = |permit: &str| {
        let command = "printf '%%s|' %n %h %p %r %T '%%'; cat";
        home.config(&format!(
            "Host server\n{lines}  PermitLocalCommand {permit}\n  LocalCommand {command}\n"
        ));
    };
    let here = format!("server|127.0.0.1|{}|{}|NONE|%|", sshd.address().port(), sshd.user());
    config("yes");
    // It has our own standard streams, until it ends.
    let ran = home.bowline_with(&["ssh", "server", "echo there; cat"], b"typed\n").await;
    assert_eq!((ran.text(), ran.status), (format!("{here}typed\nthere\n"), Some(0)), "{}", ran.stderr);
    // It need not go well, and runs without a session too.
    let ran = home.bowline(&["ssh", "-oLocalCommand=exit 3", "server", "echo there"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("there\n", Some(0)));
    let ran = home.bowline(&["ssh", "-oPermitLocalCommand=no", "server", "echo there"]).await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str()), ("there\n", ""));
    config("no");
    let ran = home.bowline(&["ssh", "server", "echo there"]).await;
    assert_eq!((ran.text().as_str(), ran.stderr.as_str()), ("there\n", ""));
    // Nothing was reached, so nothing runs.
    config("yes");
    let ran = home.bowline(&["ssh", "-p", "1", "server", "true"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("", Some(255)));
    // The other commands name it and leave it alone.
    let ran = home.bowline(&["connect", "server", "echo there"]).await;
    assert_eq!(ran.text(), "there\n");
    assert!(ran.stderr.contains("localcommand"), "{}", ran.stderr);
}

#[tokio::test]
async fn it_says_what_it_is_and_what_it_can() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home.bowline(&["ssh", "-V"]).await;
    assert!(ran.status == Some(0) && ran.stderr.starts_with("Bowline ") && ran.stdout.is_empty(), "{ran:?}");
    let ran = home.bowline(&["ssh", "-Q", "cipher"]).await;
    assert!(ran.text().lines().any(|line| line == "aes128-gcm@openssh.com"), "{}", ran.text());
    assert_eq!(home.bowline(&["ssh", "-Q", "nothing"]).await.status, Some(255));
    let ran = home.bowline(&["ssh", "-G", "-p", "77", "server"]).await;
    assert!(ran.text().lines().any(|line| line == "port 77"), "{}", ran.text());
    let key = sshd.client_key_file();
    let ran = home.bowline(&["ssh", "-G", "-J", "ada@jump:7", "-A", "-L", "1:a:2", "server"]).await;
    for line in [
        "hostname 127.0.0.1".to_owned(),
        format!("user {}", sshd.user()),
        format!("identityfile {}", key.display()),
        "proxyjump ada@jump:7".to_owned(),
        "forwardagent yes".to_owned(),
        "localforward 1 [a]:2".to_owned(),
        "stricthostkeychecking ask".to_owned(),
    ] {
        assert!(ran.text().lines().any(|one| one == line), "{line}: {}", ran.text());
    }
    let ran = home.bowline(&["ssh", "-E", "log", "-p", "1", "server", "true"]).await;
    let log = std::fs::read_to_string(home.path().join("log")).expect("a log");
    assert!(
        ran.status == Some(255) && ran.stderr.is_empty() && log.contains("refused"),
        "{log} {}",
        ran.stderr
    );
    let ran = home.bowline(&["ssh", "-q", "-p", "1", "server", "true"]).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(255), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn forwardings_run_without_a_session_and_beside_one() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let target = echo().await.to_string();
    let (port, socks) = (free_port().await, free_port().await);
    let (local, dynamic) = (format!("{port}:{target}"), format!("{socks}"));
    let mut child = home.program(BOWLINE);
    let mut child =
        child.args(["ssh", "-N", "-L", &local, "-D", &dynamic, "server"]).spawn().expect("it runs");
    let sent = noise(5, 300_000);
    assert!(echoed(&mut connected(port).await, &sent).await == sent);
    let mut proxied = connected(socks).await;
    let echo_port: u16 = target.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    // SOCKS5 (RFC 1928): no login, then CONNECT to 127.0.0.1.
    proxied.write_all(&[5, 1, 0]).await.expect("it takes it");
    let mut answer = [0; 2];
    proxied.read_exact(&mut answer).await.expect("it answers");
    let [high, low] = echo_port.to_be_bytes();
    proxied.write_all(&[5, 1, 0, 1, 127, 0, 0, 1, high, low]).await.expect("it takes it");
    let mut answer = [0; 10];
    proxied.read_exact(&mut answer).await.expect("it answers");
    assert_eq!(answer[1], 0);
    assert!(echoed(&mut proxied, &sent).await == sent);
    sshd.kill_sessions();
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends with its connection");
    assert_eq!(ended.expect("it ends").code(), Some(255));
    // Beside a session; its end waits for the connection that is open.
    let port = free_port().await;
    let local = format!("{port}:{target}");
    let mut child = home.program(BOWLINE);
    let child = child.args(["ssh", "-L", &local, "server", "cat; exit 4"]);
    let mut child = child.stdin(Stdio::piped()).spawn().expect("it runs");
    let mut open = connected(port).await;
    open.write_all(b"a").await.expect("it takes it");
    open.read_exact(&mut [0]).await.expect("it answers");
    drop(child.stdin.take());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(child.try_wait().expect("it can be asked").is_none());
    assert!(echoed(&mut open, &sent).await == sent);
    drop(open);
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends").expect("it ends");
    assert_eq!(ended.code(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_forwarding_names_its_port_and_one_that_fails_may_end_it_all() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let target = echo().await;
    let ran = home.bowline(&["ssh", "-R", &format!("0:{target}"), "server", "sleep 0.2; echo done"]).await;
    assert!(ran.stderr.contains("Allocated port ") && ran.text() == "done\n", "{}", ran.stderr);
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let _both = TcpListener::bind(("::1", taken.local_addr().expect("it").port())).await;
    let local = format!("{}:{target}", taken.local_addr().expect("its address").port());
    let ran = home.bowline(&["ssh", "-L", &local, "server", "echo done"]).await;
    assert!(
        ran.status == Some(0) && ran.text() == "done\n" && ran.stderr.contains("in use"),
        "{}",
        ran.stderr
    );
    let ran = home.bowline(&["ssh", "-oExitOnForwardFailure=yes", "-L", &local, "server", "echo done"]).await;
    assert!(
        ran.status == Some(255) && ran.stdout.is_empty() && ran.stderr.contains("in use"),
        "{}",
        ran.stderr
    );
    let ran = home.bowline(&["ssh", "-oClearAllForwardings=yes", "-L", &local, "server", "echo done"]).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_key_that_only_a_command_knows_is_unknown_and_the_command_is_named() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    std::fs::write(home.known_hosts(), "").expect("known_hosts is written");
    let lines = Home::lines(&sshd, sshd.address().port());
    home.config(&format!(
        "Host server\n  StrictHostKeyChecking yes\n  KnownHostsCommand /bin/cat k\n{lines}"
    ));
    let ran = home.bowline(&["ssh", "server", "true"]).await;
    assert_eq!(ran.status, Some(255));
    for said in ["is not known", ":3: knownhostscommand /bin/cat k is not used"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}

/// The second byte of the answer of a SOCKS5 proxy (RFC 1928) that is asked for a port of 127.0.0.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_list_revokes_lets_nobody_log_in() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let lines = Home::lines(&sshd, sshd.address().port());
    let list = home.path().join("revoked keys");
    let keys = sshd
        .known_hosts()
        .lines()
        .filter_map(|line| Some(line.split_once(' ')?.1.to_owned() + "\n"))
        .collect::<String>();
    for (text, status) in [("# none yet\n", 0), (&keys, 255)] {
        std::fs::write(&list, text).expect("written");
        home.config(&format!("Host server\n{lines}  RevokedHostKeys \"{}\"\n", list.display()));
        let ran = home.bowline(&["ssh", "server", "true"]).await;
        assert_eq!(ran.status, Some(status), "{}", ran.stderr);
    }
    std::fs::remove_file(&list).expect("removed");
    let ran = home.bowline(&["ssh", "server", "true"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("revoked keys"), "{}", ran.stderr);
}

async fn socks_answer(proxy: u16, port: u16) -> u8 {
    let mut proxied = connected(proxy).await;
    let [high, low] = port.to_be_bytes();
    proxied.write_all(&[5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, low]).await.expect("it takes it");
    let mut answer = [0; 12];
    proxied.read_exact(&mut answer).await.expect("it answers");
    answer[3]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_on_the_host_leads_where_the_config_permits_it() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let lines = Home::lines(&sshd, sshd.address().port());
    let port = echo().await.port();
    let (granted, forbidden) = (0, 2);
    for (limit, expected) in [
        ("any", granted),
        ("none", forbidden),
        (&*format!("127.0.0.1:1 127.0.0.1:{port}"), granted),
        ("127.0.0.1:1 localhost:*", forbidden),
        // What cannot be read permits nothing.
        ("127.0.0.1", forbidden),
    ] {
        home.config(&format!("Host server\n{lines}  PermitRemoteOpen {limit}\n"));
        let proxy = free_port().await;
        let mut child = home.program(BOWLINE);
        let mut child =
            child.args(["ssh", "-N", "-R", &proxy.to_string(), "server"]).spawn().expect("it runs");
        assert_eq!(socks_answer(proxy, port).await, expected, "{limit}");
        child.start_kill().expect("it runs");
        child.wait().await.expect("it ends");
        // It says nothing of other forwardings.
        let ran = home.bowline(&["ssh", "-R", &format!("0:localhost:{port}"), "server", "true"]).await;
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w_is_a_connection_and_carries_another_ssh() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let target = echo().await.to_string();
    let sent = noise(9, 5_000_000);
    let ran = home.bowline_with(&["ssh", "-W", &target, "server"], &sent).await;
    assert!(ran.status == Some(0) && ran.stdout == sent, "{} bytes; {}", ran.stdout.len(), ran.stderr);
    let ran = home.bowline(&["ssh", "-W", "127.0.0.1:1", "server"]).await;
    assert!(
        ran.status == Some(255) && ran.stderr.contains("127.0.0.1]:1") || ran.stderr.contains("127.0.0.1:1"),
        "{}",
        ran.stderr
    );
    let command = format!("ProxyCommand={BOWLINE} ssh -W 127.0.0.1:%p server");
    let ran = home
        .shell(&format!(
            "ssh -F .ssh/config -oUserKnownHostsFile=.ssh/known_hosts -o '{command}' server 'echo in; exit 9'"
        ))
        .await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(9)), "{}", ran.stderr);
    // The commands of a config run without a question, as with ssh(1).
    let ran = home.bowline(&["ssh", "-o", &command, "server", "echo in"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
    let Some(jump) = available(Sshd::start().await) else { return };
    let lines = |sshd: &Sshd| Home::lines(sshd, sshd.address().port());
    home.config(&format!("Host jump\n{}Host server\n{}", lines(&jump), lines(&sshd)));
    std::fs::write(home.known_hosts(), jump.known_hosts() + &sshd.known_hosts()).expect("it is written");
    let ran = home.bowline(&["ssh", "-J", "jump", "server", "echo far"]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("far\n", Some(0)), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_goes_to_the_background_after_the_login_and_fails_before_it() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home.bowline(&["ssh", "-f", "-p", "1", "server", "true"]).await;
    assert!(ran.status == Some(255) && ran.stderr.contains("refused"), "{}", ran.stderr);
    let mark = sshd.folder().join("home/late");
    let line = format!("sleep 1; touch {}", mark.display());
    let start = Instant::now();
    // What it leaves open would hold a pipe open: it has none of ours.
    let ran = home
        .shell(&format!(
            "\"$BOWLINE\" ssh -f server '{line}' > out 2> err; echo $?; test -e {} || echo not yet",
            mark.display()
        ))
        .await;
    assert_eq!(ran.text(), "0\nnot yet\n", "{}", ran.stderr);
    eventually("the command goes on", || mark.exists()).await;
    assert!(start.elapsed() >= Duration::from_secs(1));
    // With -N nothing of ours stays open: this shell ends though the tunnel runs on.
    let port = free_port().await;
    let target = echo().await;
    let ran = home.shell(&format!("\"$BOWLINE\" ssh -f -N -L {port}:{target} server; echo $?")).await;
    assert_eq!(ran.text(), "0\n", "{}", ran.stderr);
    let sent = noise(1, 1000);
    assert!(echoed(&mut connected(port).await, &sent).await == sent);
    sshd.kill_sessions();
    let gone = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("it ends with its connection");
}

#[tokio::test]
async fn a_lost_connection_is_255_with_its_cause() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let home = Home::at(&sshd);
    home.config(&format!("Host server\n{}", Home::lines(&sshd, proxy.address().port())));
    let mark = sshd.folder().join("home/up");
    let line = format!("echo up > {}; sleep 600", mark.display());
    let mut child = home.program(BOWLINE);
    child.args(["ssh", "-oStrictHostKeyChecking=accept-new", "server", &line]);
    let cutting = async {
        eventually("the command runs", || mark.exists()).await;
        proxy.cut_now(Cut::Reset);
    };
    let (ran, ()) = tokio::join!(finish(&mut child, b""), cutting);
    assert!(ran.status == Some(255) && ran.stderr.contains("not known"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("screen"), "{}", ran.stderr);
}

#[tokio::test]
async fn an_agent_is_forwarded_only_if_there_is_one() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let line = "echo \"agent:$SSH_AUTH_SOCK\"";
    let ran = home.bowline(&["ssh", "-A", "server", line]).await;
    assert_eq!((ran.text().as_str(), ran.status), ("agent:\n", Some(0)), "{}", ran.stderr);
}

#[tokio::test]
async fn lines_on_standard_error_are_plain_and_said_once() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home.bowline(&["ssh", "-v", "server", "true"]).await;
    assert!(!ran.stderr.is_empty() && !ran.stderr.contains('\x1b'), "{}", ran.stderr);
    let ran = home.shell("CLICOLOR_FORCE=1 \"$BOWLINE\" ssh -v server true").await;
    assert!(ran.stderr.contains('\x1b'), "{}", ran.stderr);
    for command in ["ssh", "connect"] {
        let ran = home.bowline_with(&[command, "server"], b"echo in\n").await;
        assert_eq!((ran.text().as_str(), ran.status), ("in\n", Some(0)), "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("no terminal on the host").count(), 1, "{command}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn git_rsync_scp_and_sftp_work_through_it() {
    if missing("git") || missing("rsync") || missing("scp") {
        return;
    }
    let Some(sshd) = available(Sshd::start().await) else { return };
    let home = Home::at(&sshd);
    let ran = home
        .shell(
            "set -e; export GIT_SSH_COMMAND=\"$BOWLINE ssh\" GIT_CONFIG_NOSYSTEM=1
             git config --global user.email a@b; git config --global user.name a
             git init -q --bare repo.git; git init -q work; cd work
             head -c 3000000 /dev/urandom > file; git add file; git commit -qm one
             git push -q \"server:$HOME/repo.git\" HEAD:refs/heads/main
             cd ..; git clone -q -b main \"ssh://server$HOME/repo.git\" copy; cmp work/file copy/file; echo git",
        )
        .await;
    assert_eq!((ran.text().as_str(), ran.status), ("git\n", Some(0)), "{}", ran.stderr);
    let ran = home
        .shell(
            "set -e; mkdir from to; head -c 5000000 /dev/urandom > from/a; seq 100000 > from/b; touch to/gone
             rsync -a --delete -e \"$BOWLINE ssh\" from/ \"server:$HOME/to/\"; diff -r from to
             rsync -a --delete -e \"$BOWLINE ssh\" \"server:$HOME/to/\" back/; diff -r from back; echo rsync",
        )
        .await;
    assert_eq!((ran.text().as_str(), ran.status), ("rsync\n", Some(0)), "{}", ran.stderr);
    // scp and sftp take the path of one program: a link by the name of ssh.
    let ran = home
        .shell(
            "set -e; mkdir link; ln -s \"$BOWLINE\" link/ssh
             for how in -s -O; do
               scp -q $how -S $PWD/link/ssh from/a \"server:$HOME/up$how\"; cmp from/a up$how
               scp -q $how -r -S $PWD/link/ssh \"server:$HOME/from\" \"down$how\"; diff -r from \"down$how\"
             done; echo scp
             printf 'put from/b there\\nget there again\\n' > batch
             sftp -q -b batch -S $PWD/link/ssh \"server:$HOME\" > said; cmp from/b again; echo sftp",
        )
        .await;
    assert_eq!((ran.text().as_str(), ran.status), ("scp\nsftp\n", Some(0)), "{}", ran.stderr);
}
