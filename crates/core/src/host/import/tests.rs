use std::path::PathBuf;
use std::process::Command;

use super::*;

/// A home folder with a config.
struct Home(tempfile::TempDir);

impl Home {
    fn with(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("config", config);
        home
    }

    /// A file in `.ssh`, which OpenSSH wants closed to others.
    fn write(&self, name: &str, content: &str) {
        let path = self.ssh().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn ssh(&self) -> PathBuf {
        self.0.path().join(".ssh")
    }

    fn config(&self) -> PathBuf {
        self.ssh().join("config")
    }

    fn preview(&self) -> ImportPreview {
        preview_at_home(&self.config(), &[], Some(self.0.path())).unwrap()
    }

    #[track_caller]
    fn only(&self) -> ImportCandidate {
        let preview = self.preview();
        assert_eq!(preview.problems, Vec::<String>::new());
        let [candidate] = &preview.candidates[..] else { panic!("{preview:?}") };
        candidate.clone()
    }

    /// `hostname`, `user`, `port` and the key files as OpenSSH sees them.
    fn ask_openssh(&self, name: &str) -> Expected {
        let output = Command::new("ssh")
            .arg("-G")
            .arg("-F")
            .arg(self.config())
            .arg(name)
            .env("HOME", self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let all = |keyword: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.filter(|(key, _)| *key == keyword).map(|(_, value)| value.to_owned()).collect()
        };
        Expected {
            host_name: all("hostname").remove(0),
            user: all("user").remove(0),
            port: all("port").remove(0).parse().unwrap(),
            keys: all("identityfile"),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Expected {
    host_name: String,
    user: String,
    port: u16,
    keys: Vec<String>,
}

/// Compares everything that we say about a name with what `ssh -G` says.
#[track_caller]
fn assert_as_openssh(home: &Home, name: &str) {
    let loaded = tree::load(&home.config(), Some(home.0.path())).unwrap();
    let applied = Applied::to(name, &loaded.tree);
    let mut reading = Reading {
        alias: name,
        applied: &applied,
        home: Some(home.0.path()),
        ignored: Vec::new(),
        faults: Vec::new(),
    };
    let draft = reading.draft();
    let mut keys: Vec<String> = Vec::new();
    for (_, key) in reading.values("IdentityFile") {
        // OpenSSH tries a file once, however often it is named.
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    let theirs = home.ask_openssh(name);
    static LOCAL_USER: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let local_user = LOCAL_USER.get_or_init(|| Home::with("").ask_openssh(name).user).clone();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(home.ssh()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    let config: String = files
        .iter()
        .map(|path| format!("--- {path:?}\n{}", std::fs::read_to_string(path).unwrap()))
        .collect();
    let ours = Expected {
        host_name: draft.address,
        user: if draft.user.is_empty() { local_user } else { draft.user },
        port: draft.port,
        // Without a line of its own, OpenSSH lists the usual files.
        keys: if keys.is_empty() { theirs.keys.clone() } else { keys },
    };
    assert_eq!(ours, theirs, "{name} in\n{config}\nproblems: {:?}", loaded.problems);
}

const TYPICAL: &str = r#"# Work
Host web web-alias
    HostName web.example.com
    User=deploy
    Port = 2222
    IdentityFile "~/my keys/id web"
    IdentityFile ~/.ssh/second

Host *.internal !secret.internal
    User insider
    Port 2200

Host db.internal secret.internal
    HostName %h.example.com
Host "quoted"
	hostname	192.0.2.1

Host v6
    HostName 2001:db8::1
Host percent
    HostName 100%%.example
Match all
    User everyone
    ForwardAgent yes
Host *
    Port 4022
    IdentityFile ~/.ssh/id_rsa
"#;

#[test]
fn a_typical_config_reads_as_in_openssh() {
    let home = Home::with(TYPICAL);
    for name in [
        "web",
        "web-alias",
        "db.internal",
        "secret.internal",
        "quoted",
        "v6",
        "percent",
        "other",
        "x.internal",
    ] {
        assert_as_openssh(&home, name);
    }
}

#[test]
fn the_preview_lists_concrete_names_and_says_what_is_left_out() {
    let home = Home::with(TYPICAL);
    let preview = home.preview();
    assert_eq!(preview.path, home.config().display().to_string());
    assert_eq!(preview.problems, ["Host percent: The host was not saved because"; 0]);
    let names: Vec<&str> = preview.candidates.iter().map(|one| one.alias.as_str()).collect();
    assert_eq!(names, ["web", "web-alias", "db.internal", "secret.internal", "quoted", "v6", "percent"]);
    let web = &preview.candidates[0];
    assert_eq!(
        web.draft,
        HostDraft {
            label: "web".to_owned(),
            address: "web.example.com".to_owned(),
            port: 2222,
            user: "deploy".to_owned(),
            key_path: "~/my keys/id web".to_owned(),
            ..HostDraft::default()
        }
    );
    assert_eq!(web.ignored, ["IdentityFile", "ForwardAgent"]);
    assert_eq!(preview.candidates[2].draft.address, "db.internal.example.com");
    assert_eq!(
        (preview.candidates[2].draft.user.as_str(), preview.candidates[2].draft.port),
        ("insider", 2200)
    );
    assert_eq!(
        (preview.candidates[3].draft.user.as_str(), preview.candidates[3].draft.port),
        ("everyone", 4022)
    );
}

#[test]
fn includes_are_followed_where_they_stand() {
    let home = Home::with(
        "Include conf.d/*.conf ~/.ssh/none\nHost a\n  User late\n  Include only-for-a\nPort 7\nHost b\n  Include only-for-a\n",
    );
    home.write("conf.d/1.conf", "Host a\n  User early\n");
    home.write(
        "conf.d/2.conf",
        "Host a\n  User later\nHost fromfile\n  HostName f.example\n  Include ~/.ssh/deeper\n",
    );
    home.write("conf.d/.hidden.conf", "Host *\n  User hidden\n");
    home.write("deeper", "Port 1234\n");
    home.write("only-for-a", "User included\nHost b c\n  Port 99\n");
    for name in ["a", "b", "c", "fromfile", "other"] {
        assert_as_openssh(&home, name);
    }
    let preview = home.preview();
    assert_eq!(preview.problems, Vec::<String>::new());
    let names: Vec<&str> = preview.candidates.iter().map(|one| one.alias.as_str()).collect();
    assert_eq!(names, ["a", "fromfile", "b"], "c stands only where it cannot apply");
}

#[test]
fn includes_in_a_circle_and_too_deep_are_reported() {
    let home = Home::with("Include loop\nHost a\n");
    home.write("loop", "Include config\nInclude ../.ssh/loop\n");
    let preview = home.preview();
    assert_eq!(preview.candidates.len(), 1);
    assert_eq!(preview.problems.len(), 2, "{:?}", preview.problems);
    assert!(
        preview.problems[0].contains("loop, line 1: ")
            && preview.problems[0].ends_with("config includes itself")
    );

    let home = Home::with("Include deep-1\nHost a\n");
    for depth in 1..40 {
        home.write(&format!("deep-{depth}"), &format!("Include deep-{}\nHost h{depth}\n", depth + 1));
    }
    let preview = home.preview();
    assert_eq!(preview.candidates.len(), 17);
    assert!(preview.problems[0].contains("deep-17 is included too deeply"), "{:?}", preview.problems);
}

#[test]
fn a_tree_of_includes_that_doubles_at_each_level_ends() {
    let home = Home::with("Include l1 l1\nHost a\n");
    for level in 1..15 {
        home.write(&format!("l{level}"), &format!("Include l{0} l{0}\n", level + 1));
    }
    let preview = home.preview();
    assert_eq!(preview.candidates.len(), 1);
    assert!(
        preview.problems.iter().all(|problem| problem.contains("one file too many")),
        "{:?}",
        preview.problems[0]
    );
}

#[test]
fn lines_that_cannot_be_understood_are_named_and_the_rest_is_used() {
    let home = Home::with(
        "Host a\n  User\n  Port ssh\n  Port 70000\n  HostName a.example extra\n  User \"x\n  Port 23\n  HostName a2.example\nMatch exec true\n  User m\nHost b\n  HostName -oProxyCommand=x\n",
    );
    let preview = home.preview();
    let [a] = &preview.candidates[..] else { panic!("{preview:?}") };
    assert_eq!((a.draft.address.as_str(), a.draft.port, a.draft.user.as_str()), ("a2.example", 23, ""));
    for expected in [
        "line 2: missing argument",
        "line 6: a quote is not closed",
        "line 3: Port: ssh is no port",
        "line 4: Port: 70000 is no port",
        "line 5: HostName: extra arguments at end of line",
        "line 9: Match is not looked at, so what stands under it was left out",
    ] {
        assert!(
            preview.problems.iter().any(|problem| problem == expected),
            "{expected}: {:?}",
            preview.problems
        );
    }
    assert!(
        preview.problems.iter().any(|problem| problem.starts_with("Host b: ") && problem.contains("dash"))
    );
}

#[test]
fn tokens_that_are_not_known_are_ignored_by_name() {
    let home = Home::with(
        "Host a\n  HostName %C.example\n  IdentityFile ${KEYS}/id\n  IdentityFile %d/.ssh/%n-%h-%r\n  User ada\n  ProxyJump gate\n  proxyjump other\n",
    );
    let a = home.only();
    assert_eq!(a.draft.address, "a");
    assert_eq!(a.draft.key_path, format!("{}/.ssh/a-a-ada", home.0.path().display()));
    assert_eq!(a.ignored, ["HostName", "IdentityFile", "ProxyJump"]);
    let none = Home::with("Host a\n  IdentityFile none\n").only();
    assert_eq!((none.draft.key_path.as_str(), none.ignored.len()), ("", 0));
}

#[test]
fn hosts_that_are_saved_already_are_told_and_not_counted() {
    let home = Home::with("Host a b\nHost c\n");
    let saved = |label: &str, address: &str| Host {
        id: crate::host::HostId(label.to_owned()),
        draft: HostDraft { label: label.to_owned(), address: address.to_owned(), ..HostDraft::default() },
        builtin: false,
        has_password: false,
        linked: None,
    };
    let existing = [saved("a", "elsewhere"), saved("", "b"), saved("x", "c")];
    let preview = preview_at_home(&home.config(), &existing, Some(home.0.path())).unwrap();
    let told: Vec<bool> = preview.candidates.iter().map(|one| one.saved).collect();
    assert_eq!(told, [true, true, false]);
    assert_eq!(count(&home.config(), &existing), 1);
    assert_eq!(count(&home.ssh().join("none"), &existing), 0);
}

#[test]
fn a_config_that_cannot_be_read_is_said_with_its_path() {
    let home = Home::with("");
    let missing = preview(&home.ssh().join("none"), &[]).unwrap_err();
    assert_eq!(missing.code, ErrorCode::ImportFailed);
    assert!(missing.message.contains("there is no such file"), "{missing}");
    assert_eq!(preview(&home.ssh(), &[]).unwrap_err().code, ErrorCode::ImportFailed);
    home.write("huge", &"# x\n".repeat(300_000));
    assert!(preview(&home.ssh().join("huge"), &[]).unwrap_err().message.contains("1 MiB"));
    std::fs::write(home.config(), b"# caf\xe9\nHost a\n").unwrap();
    let preview = home.preview();
    assert!(preview.candidates.len() == 1 && preview.problems[0].contains("no UTF-8"), "{preview:?}");
}

#[test]
fn a_very_large_config_is_read_in_time() {
    let home = Home::with(
        &(0..5_000).map(|number| format!("Host h{number}\n  Port {}\n", number + 1)).collect::<String>(),
    );
    let started = std::time::Instant::now();
    let preview = home.preview();
    assert_eq!(preview.candidates.len(), CANDIDATES_MAX);
    assert_eq!(preview.problems, ["only the first 2000 hosts are shown"]);
    assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
}

/// A small generator with a seed, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const NAMES: [&str; 6] = ["web", "db", "web.internal", "db.internal", "a-b", "x1"];
const PATTERNS: [&str; 14] = [
    "*",
    "web",
    "db",
    "*.internal",
    "!db*",
    "w?b",
    "x?",
    "\"a-b\"",
    "!*.internal",
    "*-*",
    "web.internal",
    "db.internal",
    "a-b",
    "!web",
];

fn random_config(dice: &mut Dice, includes: bool) -> String {
    let mut config = String::new();
    for _ in 0..dice.roll(14) + 3 {
        let indent = dice.pick(&["", "  ", "\t", " \t "]);
        let between = dice.pick(&[" ", "=", " = ", "\t", "= ", "  "]);
        let end = dice.pick(&["\n", "\r\n", " \n", " # comment\n", "\t\n", "\n\n# Host web\n"]);
        let (keyword, value) = match dice.roll(if includes { 7 } else { 6 }) {
            0 | 1 => {
                let patterns: Vec<&str> = (0..dice.roll(3) + 1).map(|_| dice.pick(&PATTERNS)).collect();
                (dice.pick(&["Host", "host", "HOST"]), patterns.join(dice.pick(&[" ", "  ", "\t"])))
            }
            2 => {
                let name = [
                    "%h.example.com",
                    "h1.example",
                    "\"h2.example\"",
                    "10.0.0.7",
                    "%%.example",
                    "'2001:db8::1'",
                ];
                (dice.pick(&["HostName", "hostname"]), dice.pick(&name).to_owned())
            }
            3 => ("User", dice.pick(&["ada", "\"bob\"", "'carol'", "d\\ e", "\"f g\"", "h#i"]).to_owned()),
            4 => ("Port", dice.pick(&["22", "2222", "\"65535\"", "1"]).to_owned()),
            5 => {
                ("IdentityFile", dice.pick(&["~/.ssh/k1", "/k2", "\"~/k 3\"", "k\\ 4", "'~/k5'"]).to_owned())
            }
            _ => (
                "Include",
                dice.pick(&["inc-*", "inc-1", "~/.ssh/inc-2", "nothing", "inc-1 inc-2"]).to_owned(),
            ),
        };
        config += &format!("{indent}{keyword}{between}{value}{end}");
    }
    config
}

#[test]
fn random_configs_read_as_in_openssh() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let home = Home::with(&random_config(&mut dice, true));
        for included in ["inc-1", "inc-2"] {
            home.write(included, &random_config(&mut dice, false));
        }
        println!("seed {seed}");
        for name in NAMES {
            assert_as_openssh(&home, name);
        }
    }
}
