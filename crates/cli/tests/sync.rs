//! `bowline sync` against a real sshd, and beside rsync(1), which says what there is to do.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::Sshd;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::kit::{BOWLINE, Home, Ran};

/// A home with a folder, and one on the host.
struct Bed {
    home: Home,
    sshd: Sshd,
}

impl Bed {
    async fn new() -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let bed = Self { home: Home::at(&sshd), sshd };
        for folder in [bed.here("src/sub"), bed.there("dst")] {
            std::fs::create_dir_all(folder).expect("made");
        }
        for (name, text) in [("a", "knot"), ("sub/b", "bend"), ("文件", "loop"), ("skip.log", "log")] {
            write(&bed.here("src").join(name), text.as_bytes(), 1_000_000_000);
        }
        Some(bed)
    }

    fn there(&self, name: &str) -> PathBuf {
        self.sshd.folder().join("there").join(name)
    }

    fn here(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn remote(&self, name: &str) -> String {
        format!("server:{}", self.there(name).display())
    }

    async fn sync(&self, words: &[&str]) -> Ran {
        self.home.bowline(&[&["sync"], words].concat()).await
    }

    async fn syncs(&self, words: &[&str]) {
        let ran = self.sync(words).await;
        assert_eq!((ran.status, ran.stderr.as_str(), ran.text().as_str()), (Some(0), "", ""), "{words:?}");
    }
}

fn write(path: &Path, data: &[u8], modified: u64) {
    std::fs::write(path, data).expect("written");
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(modified);
    std::fs::File::open(path).and_then(|file| file.set_modified(at)).expect("its time");
}

fn names(top: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![top.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            found.push(path.strip_prefix(top).expect("below").to_string_lossy().into_owned());
            if std::fs::symlink_metadata(&path).expect("it is there").is_dir() {
                waiting.push(path);
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_folder_goes_there_and_back_and_a_slash_means_what_is_in_it() {
    let Some(bed) = Bed::new().await else { return };
    bed.syncs(&["src", &bed.remote("dst")]).await;
    assert_eq!(
        names(&bed.there("dst")),
        ["src", "src/a", "src/skip.log", "src/sub", "src/sub/b", "src/文件"]
    );
    bed.syncs(&["src/", &bed.remote("new")]).await;
    assert_eq!(names(&bed.there("new")), names(&bed.here("src")));
    bed.syncs(&[&format!("{}/", bed.remote("new")), "back"]).await;
    assert_eq!(names(&bed.here("back")), names(&bed.here("src")));
    // From one folder of the host to another, and here.
    bed.syncs(&[&format!("{}/", bed.remote("new")), &bed.remote("twin")]).await;
    assert_eq!(names(&bed.there("twin")), names(&bed.here("src")));
    bed.syncs(&["src/", "copy"]).await;
    assert_eq!(names(&bed.here("copy")), names(&bed.here("src")));
    // What is the same is left alone.
    let ran = bed.sync(&["-n", "src/", &bed.remote("new")]).await;
    assert_eq!((ran.status, ran.text().as_str()), (Some(0), ""), "{}", ran.stderr);
}

#[tokio::test]
async fn deleting_patterns_and_the_half_are_as_they_were_asked_for() {
    let Some(bed) = Bed::new().await else { return };
    for name in ["x", "y.log", "z"] {
        write(&bed.there("dst").join(name), b"old", 1_000_000_000);
    }
    let remote = bed.remote("dst");
    let ran = bed.sync(&["-n", "--delete", "--exclude", "*.log", "src/", &remote]).await;
    let wanted = "<f+++++++++ a\ncd+++++++++ sub/\n<f+++++++++ sub/b\n*deleting   x\n*deleting   z\n<f+++++++++ 文件\n";
    assert_eq!(ran.text(), wanted);
    assert!(ran.status == Some(1) && ran.stderr.contains("more than half"), "{}", ran.stderr);
    let ran = bed.sync(&["--delete", "--exclude", "*.log", "src/", &remote]).await;
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("more than half"), "{}", ran.stderr);
    assert_eq!(names(&bed.there("dst")), ["x", "y.log", "z"]);
    bed.syncs(&["--delete-many", "--exclude", "*.log", "src/", &remote]).await;
    assert_eq!(names(&bed.there("dst")), ["a", "sub", "sub/b", "y.log", "文件"]);
    let ran = bed.sync(&["--json", "-n", "--delete", "src/", &remote]).await;
    let objects: Vec<Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!((objects[0]["action"].as_str(), objects[0]["path"].as_str()), (Some("new"), Some("skip.log")));
    assert_eq!(
        (objects[1]["action"].as_str(), objects.last().map(|end| &end["type"])),
        (Some("delete"), Some(&"end".into()))
    );
    // A source that is not there is no empty one.
    let ran = bed.sync(&["--delete-many", "gone/", &remote]).await;
    assert_ne!(ran.status, Some(0));
    assert!(
        ran.stderr.contains("gone/ was not synced: the folder to copy from is not there"),
        "{}",
        ran.stderr
    );
    assert_eq!(names(&bed.there("dst")).len(), 5);
}

#[tokio::test]
async fn a_watch_copies_what_changes_says_so_and_ends_with_control_c() {
    let Some(bed) = Bed::new().await else { return };
    let mut command = bed.home.program(BOWLINE);
    command.args(["sync", "--watch", "--delete", "src/", &bed.remote("dst")]);
    let mut child = command.stderr(Stdio::piped()).stdin(Stdio::null()).spawn().expect("started");
    let mut said = BufReader::new(child.stderr.take().expect("its errors")).lines();
    let mut line = async || said.next_line().await.expect("read").expect("a line");
    assert_eq!(line().await, "bowline: 4 copied, 0 deleted, 0 failed, watching for changes");
    write(&bed.here("src/a"), b"rope", 1_000_000_000);
    assert_eq!(line().await, "bowline: 1 copied, 0 deleted, 0 failed");
    assert_eq!(std::fs::read(bed.there("dst/a")).expect("it is there"), b"rope");
    std::fs::remove_file(bed.here("src/文件")).expect("removed");
    assert_eq!(line().await, "bowline: 0 copied, 1 deleted, 0 failed");
    assert_eq!(names(&bed.there("dst")), ["a", "skip.log", "sub", "sub/b"]);
    // setsid --wait stands between; the command is its child.
    let pid = i32::try_from(child.id().expect("it runs")).expect("a pid");
    let children = format!("/proc/{pid}/task/{pid}/children");
    let own = std::fs::read_to_string(children).unwrap_or_default();
    let own = own.split_whitespace().next().and_then(|own| own.parse().ok()).unwrap_or(pid);
    kill_process(Pid::from_raw(own).expect("a pid"), Signal::INT).expect("told");
    eventually("it ends", || child.try_wait().expect("asked").is_some()).await;
    assert_eq!(child.wait().await.expect("ended").code(), Some(0));
}

/// Numbers that look random, the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % limit
    }
}

fn plant(top: &Path, random: &mut Random, depth: usize) {
    std::fs::create_dir_all(top).expect("a folder");
    for name in ["a", "b.o", "c c", "d-e", "d", "文件", "keep", "-x"] {
        let path = top.join(name);
        match random.below(10) {
            0..=3 => {
                let byte = u8::try_from(random.below(3)).expect("small");
                let length = usize::try_from(random.below(3)).expect("small");
                write(&path, &vec![b'0' + byte; length], 1_000_000_000 + 100 * random.below(3));
            }
            4 | 5 if depth > 0 => plant(&path, random, depth - 1),
            6 => symlink(["a", "b.o"][usize::from(random.below(2) == 0)], &path).expect("a link"),
            _ => {}
        }
    }
}

/// What `rsync -i` and ours say alike: what is done to which path. Attributes alone are rsync's.
fn actions(text: &str) -> BTreeSet<String> {
    let told = text.lines().filter_map(|line| {
        if line.starts_with("cannot delete non-empty directory") {
            return None;
        }
        let (code, path) = line.split_at_checked(11)?;
        let path = path.trim_start_matches(' ').split(" -> ").next()?;
        let what = match (code.as_bytes().first()?, code.as_bytes().get(1)?) {
            (b'*', b'd') => "delete",
            (b'>' | b'<', b'f') if code.contains('+') => "new",
            (b'>' | b'<', b'f') => "changed",
            (b'c', b'd') => "folder",
            (b'c', b'L') => "link",
            (b'.', _) => return None,
            _ => return Some(line.to_owned()),
        };
        Some(format!("{what} {path}"))
    });
    let mut told: BTreeSet<String> = told.collect();
    // rsync's dry run lists folders of which it says itself that they stay.
    for line in text.lines() {
        if let Some(kept) = line.strip_prefix("cannot delete non-empty directory: ") {
            told.remove(&format!("delete {kept}/"));
        }
    }
    // What another thing takes the place of is no deletion of its own there.
    let replaced: Vec<String> = told
        .iter()
        .filter_map(|one| one.strip_prefix("delete "))
        .filter(|path| {
            let path = path.trim_end_matches('/');
            let takes = [format!("new {path}"), format!("link {path}"), format!("folder {path}/")];
            takes.iter().any(|one| told.contains(one))
        })
        .map(|path| format!("delete {path}"))
        .collect();
    told.retain(|one| !replaced.contains(one));
    told
}

#[tokio::test]
async fn two_hundred_random_trees_need_what_rsync_says() {
    let Some(bed) = Bed::new().await else { return };
    let mut compared = 0;
    for seed in 1..=200_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (from, to) = (bed.here(&format!("{seed}/from")), bed.here(&format!("{seed}/to")));
        plant(&from, &mut random, 3);
        plant(&to, &mut random, 3);
        let mut options = vec!["-n", "--delete"];
        if seed % 3 == 0 {
            options.push("--checksum");
        }
        if seed % 4 == 0 {
            options.extend(["--exclude", "*.o", "--exclude", "/d"]);
        }
        let (source, target) = (format!("{}/", from.display()), format!("{}/", to.display()));
        let rsync = std::process::Command::new("rsync")
            .args(["-a", "-i", "-8"])
            .args(&options)
            .args([&source, &target])
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("rsync is installed (scripts/setup)");
        // Against the host now and then, which takes longer.
        let far = if seed % 10 == 0 { format!("server:{target}") } else { target };
        let mut words = vec!["--delete-many"];
        words.extend(&options);
        words.extend([source.as_str(), far.as_str()]);
        let ran = bed.sync(&words).await;
        // A folder with something in it that is left alone cannot make way for a file, and both say so.
        if rsync.status.code() == Some(23) {
            assert_eq!(ran.status, Some(1), "{seed}: {}", String::from_utf8_lossy(&rsync.stderr));
            continue;
        }
        assert!(rsync.status.success(), "{}", String::from_utf8_lossy(&rsync.stderr));
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{seed}");
        compared += 1;
        let theirs = actions(&String::from_utf8_lossy(&rsync.stdout));
        assert_eq!(actions(&ran.text()), theirs, "{seed} {options:?}");
    }
    assert!(compared > 150, "{compared}");
}
