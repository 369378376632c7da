//! `bowline cp` against a real sshd, as scp is used.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::kit::terminal::Terminal;
use crate::kit::{BOWLINE, Home, PATIENCE, Ran};
use bowline_core::host::HostDraft;
use bowline_core::host::store::HostStore;
use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::sshd::Sshd;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A home with a few files, and a folder on the host.
struct Bed {
    home: Home,
    sshd: Sshd,
}

impl Bed {
    async fn new() -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let home = Home::at(&sshd);
        for (name, text) in [("a.txt", "knot"), ("b.txt", "bend"), ("c d.txt", "hitch"), ("文件", "loop")] {
            std::fs::write(home.path().join(name), text).expect("written");
        }
        std::fs::create_dir_all(home.path().join("tree/deep")).expect("made");
        std::fs::write(home.path().join("tree/deep/x"), "deep").expect("written");
        let bed = Self { home, sshd };
        std::fs::create_dir(bed.there("")).expect("made");
        Some(bed)
    }

    /// From now on the host is reached through a line that can be slowed and cut.
    async fn behind_a_proxy(&self) -> FaultProxy {
        let proxy = FaultProxy::start(self.sshd.address(), 1).await;
        let (port, other) = (self.sshd.address().port(), proxy.address().port());
        self.home.config(&format!("Host server\n{}", Home::lines(&self.sshd, other)));
        let known = self.sshd.known_hosts().replace(&port.to_string(), &other.to_string());
        std::fs::write(self.home.known_hosts(), known).expect("written");
        proxy
    }

    /// A path in the folder on the host.
    fn there(&self, name: &str) -> PathBuf {
        self.sshd.folder().join("there").join(name)
    }

    fn here(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn remote(&self, name: &str) -> String {
        format!("server:{}", self.there(name).display())
    }

    async fn cp(&self, words: &[&str]) -> Ran {
        self.home.bowline(&[&["cp"], words].concat()).await
    }

    async fn copies(&self, words: &[&str]) {
        let ran = self.cp(words).await;
        assert_eq!((ran.status, ran.stderr.as_str(), ran.text().as_str()), (Some(0), "", ""), "{words:?}");
    }
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn files_go_there_and_back_under_the_names_that_scp_gives_them() {
    let Some(bed) = Bed::new().await else { return };
    bed.copies(&["a.txt", &bed.remote("")]).await;
    bed.copies(&["a.txt", &bed.remote("renamed")]).await;
    bed.copies(&["c d.txt", "文件", &bed.remote("")]).await;
    assert_eq!(names(bed.there("")), ["a.txt", "c d.txt", "renamed", "文件"]);
    assert_eq!(read(bed.there("renamed")), "knot");
    bed.copies(&[&bed.remote("renamed"), "back"]).await;
    bed.copies(&[&bed.remote("文件"), &bed.remote("a.txt"), "tree"]).await;
    assert_eq!((read(bed.here("back")), read(bed.here("tree/文件"))), ("knot".into(), "loop".into()));
    // What stands there is overwritten, and nobody asks.
    bed.copies(&["b.txt", &bed.remote("renamed")]).await;
    assert_eq!(read(bed.there("renamed")), "bend");
    // From a host to itself, and nothing is left of the way.
    bed.copies(&[&bed.remote("renamed"), &bed.remote("twin")]).await;
    assert_eq!(read(bed.there("twin")), "bend");
    assert_eq!(names(bed.there("")), ["a.txt", "c d.txt", "renamed", "twin", "文件"]);
    let kept = bed.here(".local/state/dev.bowline.desktop/cp").read_dir();
    assert!(!kept.is_ok_and(|mut kept| kept.any(|_| true)));
}

#[tokio::test]
async fn folders_go_with_r_and_are_refused_without() {
    let Some(bed) = Bed::new().await else { return };
    let ran = bed.cp(&["tree", "a.txt", &bed.remote("")]).await;
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("tree") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    assert_eq!(names(bed.there("")), ["a.txt"]);
    bed.copies(&["-r", "tree", &bed.remote("")]).await;
    bed.copies(&["-r", "tree", &bed.remote("other")]).await;
    assert_eq!(
        (read(bed.there("tree/deep/x")), read(bed.there("other/deep/x"))),
        ("deep".into(), "deep".into())
    );
    bed.copies(&["-rp", &bed.remote("other"), "."]).await;
    assert_eq!(read(bed.here("other/deep/x")), "deep");
}

#[tokio::test]
async fn patterns_and_braces_are_seen_to_on_the_host_and_home_is_where_paths_begin() {
    let Some(bed) = Bed::new().await else { return };
    for name in ["one.log", "two.log", ".hidden.log", "a*b", "logs1", "logs2"] {
        if name.starts_with("logs") {
            std::fs::create_dir(bed.there(name)).expect("made");
            std::fs::write(bed.there(name).join("in.txt"), name).expect("written");
        } else {
            std::fs::write(bed.there(name), name).expect("written");
        }
    }
    let into = |name: &str| {
        std::fs::create_dir(bed.here(name)).expect("made");
        name.to_owned()
    };
    bed.copies(&[&bed.remote("*.log"), &into("1")]).await;
    assert_eq!(names(bed.here("1")), ["one.log", "two.log"]);
    bed.copies(&[&bed.remote("{one,two}.log"), &into("2")]).await;
    assert_eq!(names(bed.here("2")), ["one.log", "two.log"]);
    bed.copies(&[&bed.remote(r"a\*b"), &into("3")]).await;
    assert_eq!(names(bed.here("3")), ["a*b"]);
    bed.copies(&[&bed.remote("logs[2-9]/*.txt"), &into("4")]).await;
    assert_eq!(read(bed.here("4/in.txt")), "logs2");
    let ran = bed.cp(&[&bed.remote("*.none"), "."]).await;
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("*.none"), "{}", ran.stderr);
    bed.copies(&["b.txt", "server:"]).await;
    bed.copies(&["server:b.txt", "5"]).await;
    bed.copies(&["server:~/b.txt", "6"]).await;
    assert_eq!((read(bed.here("5")), read(bed.here("6"))), ("bend".into(), "bend".into()));
}

#[tokio::test]
async fn one_bad_file_stops_no_other_and_is_named_with_status_1() {
    let Some(bed) = Bed::new().await else { return };
    let ran = bed.cp(&["missing", "a.txt", &bed.remote("")]).await;
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("missing") && ran.stderr.contains("No such file"), "{}", ran.stderr);
    assert_eq!(names(bed.there("")), ["a.txt"]);
    let ran = bed.cp(&["--json", &bed.remote("gone"), &bed.remote("a.txt"), "tree"]).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""));
    let text = ran.text();
    let objects: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let error = objects.iter().find(|object| object["type"] == "error").expect("an error");
    assert!(error["message"].as_str().expect("text").contains("gone"), "{error}");
    let end = objects.last().expect("an end");
    assert_eq!((&end["type"], &end["files"], &end["bytes"]), (&"end".into(), &1.into(), &4.into()));
    assert_eq!(read(bed.here("tree/a.txt")), "knot");
}

#[tokio::test]
async fn what_is_ours_fails_with_255() {
    let Some(bed) = Bed::new().await else { return };
    for words in [
        &["a.txt"][..],
        &["a.txt", "b.txt"],
        &["a.txt", "b.txt", "server:/no/such/folder"],
        &["--frob", "a", "b:"],
    ] {
        let ran = bed.cp(words).await;
        assert_eq!(ran.status, Some(255), "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("bowline: "), "{}", ran.stderr);
    }
    let ran = bed.cp(&["-o", "Port=1", "a.txt", "server:"]).await;
    assert_eq!(ran.status, Some(255), "{}", ran.stderr);
}

#[tokio::test]
async fn a_saved_host_is_named_as_it_is_saved_and_a_copy_is_verified() {
    let Some(bed) = Bed::new().await else { return };
    let (store, _) = HostStore::open(&bed.home.data_dir()).expect("the store opens");
    let draft = HostDraft {
        label: "my server".into(),
        address: "127.0.0.1".into(),
        port: bed.sshd.address().port(),
        user: bed.sshd.user().into(),
        auth: bowline_core::host::AuthMethod::Key,
        key_path: bed.sshd.client_key_file().to_string_lossy().into_owned(),
        ..HostDraft::default()
    };
    store.create(draft).await.expect("it is saved");
    bed.copies(&["--verify", "a.txt", &format!("my server:{}", bed.there("").display())]).await;
    assert_eq!(read(bed.there("a.txt")), "knot");
}

#[tokio::test]
async fn a_person_sees_how_far_it_is() {
    let Some(bed) = Bed::new().await else { return };
    let mut terminal =
        Terminal::run(&bed.home, &format!("\"$BOWLINE\" cp a.txt {}; echo status=$?", bed.remote("")));
    terminal.shows("a.txt").await;
    terminal.shows("100%").await;
    terminal.shows("status=0").await;
    let mut terminal =
        Terminal::run(&bed.home, &format!("\"$BOWLINE\" cp -q b.txt {}; echo status=$?", bed.remote("")));
    terminal.shows("status=0").await;
    assert!(!terminal.text().contains('%'), "{}", terminal.text());
}

/// Bytes that no compression makes less.
fn noise(length: u32) -> Vec<u8> {
    (0..length / 4).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

#[tokio::test]
async fn ctrl_c_leaves_the_part_and_resume_goes_on_with_it() {
    let Some(bed) = Bed::new().await else { return };
    let proxy = bed.behind_a_proxy().await;
    let length = 24 << 20;
    let noise = noise(length);
    std::fs::write(bed.here("big"), &noise).expect("written");
    proxy.limit(Direction::ToServer, Some(4 << 20));
    let mut running = bed.home.program(BOWLINE);
    running.args(["cp", "big", &bed.remote("big")]).stdout(Stdio::null());
    let child = running.spawn().expect("it runs");
    let part = || {
        let names = names(bed.there(""));
        names.iter().find(|name| name.ends_with(".bowline-part")).map(|name| bed.there(name))
    };
    eventually("half of it is there", || {
        part().and_then(|part| part.metadata().ok()).is_some_and(|part| part.len() > u64::from(length / 3))
    })
    .await;
    // A second one would write the same files.
    let ran = bed.cp(&["big", &bed.remote("big")]).await;
    assert_eq!(ran.status, Some(255));
    assert!(ran.stderr.contains("runs already"), "{}", ran.stderr);
    // The child is setsid's; the command is its only child.
    let setsid = child.id().expect("it runs");
    let children = read(format!("/proc/{setsid}/task/{setsid}/children"));
    let bowline = children.split_whitespace().next().map_or(setsid, |pid| pid.parse().expect("a pid"));
    kill_process(Pid::from_raw(bowline.cast_signed()).expect("a pid"), Signal::INT).expect("it is told");
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("in time");
    let ended = ended.expect("it ends");
    assert_eq!(ended.status.code(), Some(255));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        said.contains("--resume") && said.contains("bowline-part") && said.lines().count() == 1,
        "{said}"
    );
    assert!(part().is_some() && !bed.there("big").exists());
    let before = proxy.passed(Direction::ToServer);
    proxy.limit(Direction::ToServer, None);
    bed.copies(&["--resume", "big", &bed.remote("big")]).await;
    assert!(std::fs::read(bed.there("big")).expect("there") == noise);
    assert!(part().is_none());
    let sent = proxy.passed(Direction::ToServer) - before;
    assert!(sent < u64::from(length) * 3 / 4, "{sent} bytes of {length} were sent again");
}

#[tokio::test]
async fn a_connection_that_is_lost_is_dialled_again_and_the_copy_goes_on() {
    let Some(bed) = Bed::new().await else { return };
    let proxy = bed.behind_a_proxy().await;
    let noise = noise(8 << 20);
    std::fs::write(bed.here("big"), &noise).expect("written");
    proxy.cut_at(Direction::ToServer, 5 << 20, Cut::Reset);
    bed.copies(&["big", &bed.remote("big")]).await;
    assert!(std::fs::read(bed.there("big")).expect("there") == noise);
    assert!(proxy.accepted() > 1);
}
