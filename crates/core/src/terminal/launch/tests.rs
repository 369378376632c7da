use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rand::{RngExt, SeedableRng};

use super::*;

fn launch(place: Place, multiplexer: Multiplexer) -> Launch {
    Launch { mark: "00ff".to_owned(), place, multiplexer, session: "bowline-test".to_owned() }
}

fn at(path: &[u8]) -> Launch {
    let directory = Directory { host: Vec::new(), path: path.to_vec() };
    launch(Place::At(directory), Multiplexer::None)
}

/// Runs the line as sshd would, with a login shell that says where it is.
fn run(login_shell: &str, launch: &Launch, home: &Path) -> Output {
    let says = home.join("says-where");
    if !says.exists() {
        std::fs::write(&says, "#!/bin/sh\nexec /bin/pwd -P\n").expect("written");
        let may_run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&says, may_run).expect("may run");
    }
    Command::new(login_shell)
        .arg("-c")
        .arg(launch.line().expect("there is one"))
        .env_clear()
        .env("PATH", if launch.multiplexer == Multiplexer::None { "/usr/bin:/bin" } else { "/nowhere" })
        .env("HOME", home)
        .env("SHELL", says)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .expect("the shell runs")
}

fn shells() -> Vec<&'static str> {
    let all = ["/bin/sh", "/bin/bash", "/usr/bin/zsh", "/usr/bin/fish", "/usr/bin/tcsh", "/bin/dash"];
    all.into_iter().filter(|shell| Path::new(shell).exists()).collect()
}

/// What a shell printed behind the word about its arrival.
fn where_it_is(launch: &Launch, output: &Output) -> Vec<u8> {
    let found = launch.find_arrival(&output.stdout).unwrap_or_else(|| panic!("{output:?}"));
    assert_eq!(found.arrival, Arrival::Shell);
    output.stdout[found.end..].strip_suffix(b"\n").expect("a line").to_vec()
}

#[test]
fn nothing_special_needs_no_line() {
    assert_eq!(launch(Place::Home, Multiplexer::None).line(), None);
}

#[test]
fn a_shell_begins_in_any_directory_whatever_it_is_called_and_whatever_the_login_shell_is() {
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().canonicalize().expect("it is there");
    let seed: u64 = rand::random();
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let mut names: Vec<Vec<u8>> = [
        "a b",
        "-",
        "-e",
        "--",
        "'",
        "\"",
        "\\",
        "\\\\",
        "\\'",
        "$HOME",
        "`touch pwned`",
        "$(touch pwned)",
        "; touch pwned",
        "!",
        "!!",
        "!$",
        "%s%n",
        "%",
        "*",
        "?",
        "~",
        "~root",
        "#",
        "&& touch pwned",
        "| cat",
        "> pwned",
        "{a,b}",
        "你好，世界",
        "a'; touch pwned; echo '",
        " ",
        "  leading",
        "trailing  ",
        "\\0101",
        "$'\\n'",
        "(touch pwned)",
        "<(touch pwned)",
    ]
    .map(|name| name.as_bytes().to_vec())
    .to_vec();
    for _ in 0..60 {
        let length = random.random_range(1..40);
        let name = std::iter::repeat_with(|| random.random_range(0x20..=0xff_u8));
        let name: Vec<u8> = name.filter(|byte| *byte != b'/' && *byte != 0x7f).take(length).collect();
        // `.` and `..` are other folders.
        names.extend(Some(name).filter(|name| name.iter().any(|byte| *byte != b'.')));
    }
    for (number, name) in names.iter().enumerate() {
        let mut path = root.clone();
        path.push(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir_all(&path).expect("it can be made");
        let launch = at(path.as_os_str().as_bytes());
        // The odd names go through all shells, the random ones through one each.
        let shells = shells();
        let chosen = if number < 36 { shells.clone() } else { vec![shells[number % shells.len()]] };
        for shell in chosen {
            let output = run(shell, &launch, &root);
            let shown = String::from_utf8_lossy(name);
            assert_eq!(
                where_it_is(&launch, &output),
                path.as_os_str().as_bytes(),
                "{shell} {shown:?}, seed {seed}"
            );
            assert!(output.stderr.is_empty(), "{shell} {shown:?}: {output:?}");
        }
        assert!(!root.join("pwned").exists(), "{name:?} was run");
        assert!(!path.join("pwned").exists(), "{name:?} was run");
    }
}

#[test]
fn a_directory_that_is_gone_or_another_hosts_leaves_the_shell_at_home() {
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().canonicalize().expect("it is there");
    let gone = at(b"/no/such/directory");
    assert_eq!(where_it_is(&gone, &run("/bin/sh", &gone, &root)), root.as_os_str().as_bytes());
    let directory = Directory { host: b"elsewhere.example".to_vec(), path: b"/".to_vec() };
    let elsewhere = launch(Place::At(directory), Multiplexer::None);
    assert_eq!(where_it_is(&elsewhere, &run("/bin/sh", &elsewhere, &root)), root.as_os_str().as_bytes());
    let name = Command::new("uname").arg("-n").output().expect("it runs").stdout;
    let directory = Directory { host: name.trim_ascii_end().to_vec(), path: b"/".to_vec() };
    let here = launch(Place::At(directory), Multiplexer::None);
    assert_eq!(where_it_is(&here, &run("/bin/sh", &here, &root)), b"/");
}

#[cfg(target_os = "linux")]
#[test]
fn the_directory_of_a_marked_shell_is_looked_up_and_not_that_of_its_programs() {
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().canonicalize().expect("it is there");
    let (inside, deeper) = (root.join("in side"), root.join("in side/deeper"));
    std::fs::create_dir_all(&deeper).expect("made");
    let mark = uuid::Uuid::new_v4().simple().to_string();
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "(cd deeper && exec sleep 600) & echo on; exec cat"])
        .env(MARK_VARIABLE, &mark)
        .current_dir(&inside)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut said = [0; 3];
    std::io::Read::read_exact(shell.stdout.as_mut().expect("piped"), &mut said).expect("it says so");
    let of_shell = launch(Place::OfShell(mark.clone()), Multiplexer::None);
    for login_shell in shells() {
        let found = where_it_is(&of_shell, &run(login_shell, &of_shell, &root));
        assert_eq!(found, inside.as_os_str().as_bytes(), "{login_shell}");
    }
    let _ = Command::new("/bin/sh")
        .args(["-c", &format!("for e in $(grep -ls {mark} /proc/[0-9]*/environ); do p=${{e#/proc/}}; kill ${{p%/environ}}; done")])
        .output();
    shell.wait().expect("it ends");
    let unknown = launch(Place::OfShell(mark), Multiplexer::None);
    assert_eq!(where_it_is(&unknown, &run("/bin/sh", &unknown, &root)), root.as_os_str().as_bytes());
}

#[test]
fn every_line_keeps_to_what_all_login_shells_take_alike() {
    let hostile = Directory { host: b"a'b".to_vec(), path: (1..=255).collect() };
    for multiplexer in [Multiplexer::None, Multiplexer::Tmux, Multiplexer::Screen] {
        for place in [Place::At(hostile.clone()), Place::OfShell("0f".to_owned())] {
            let line = launch(place, multiplexer).line().expect("there is one");
            let script = line.strip_prefix("exec /bin/sh -c '").and_then(|rest| rest.strip_suffix('\''));
            let script = script.expect("in quotes");
            assert!(!script.contains(['\'', '!', '\n']), "{script}");
            assert!(!script.contains(r"\\") && !script.ends_with('\\'), "{script}");
            assert!(script.is_ascii());
        }
    }
}

#[test]
fn the_word_about_the_arrival_is_found_behind_other_output_and_only_whole() {
    let launch = launch(Place::Home, Multiplexer::Tmux);
    let output = b"hello\r\n\x1b]5379;bowline;00ff;same\x07$ ";
    assert_eq!(launch.find_arrival(output), Some(Found { arrival: Arrival::SameSession, start: 7, end: 32 }));
    assert_eq!(launch.find_arrival(&output[..31]), None);
    assert_eq!(launch.find_arrival(b"\x1b]5379;bowline;1234;same\x07"), None);
}

#[test]
fn every_login_shell_takes_the_lines_for_tmux_and_screen_and_has_a_plain_shell_without_them() {
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().canonicalize().expect("it is there");
    for multiplexer in [Multiplexer::Tmux, Multiplexer::Screen] {
        let launch = launch(Place::Home, multiplexer);
        for shell in shells() {
            let output = run(shell, &launch, &root);
            let found = launch.find_arrival(&output.stdout).unwrap_or_else(|| panic!("{shell}: {output:?}"));
            assert_eq!(found.arrival, Arrival::NoMultiplexer, "{shell}");
            let there = output.stdout[found.end..].strip_suffix(b"\n").expect("a line");
            assert_eq!(there, root.as_os_str().as_bytes(), "{shell}");
            assert!(output.stderr.is_empty(), "{shell}: {output:?}");
        }
    }
}

/// What the asking line prints, run as sshd would.
fn asked(login_shell: &str, places: &[Place], home: &Path) -> Option<Vec<u8>> {
    let output = Command::new(login_shell)
        .args(["-c", &asking_line(places, "00ff")])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .expect("the shell runs");
    let mut noisy = b"welcome 00f\n".to_vec();
    noisy.extend_from_slice(&output.stdout);
    answered_directory(&noisy, "00ff")
}

#[test]
fn a_directory_is_asked_for_whatever_it_is_called_and_the_first_place_that_there_is_counts() {
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().canonicalize().expect("it is there");
    let at = |path: &[u8]| Place::At(Directory { host: Vec::new(), path: path.to_vec() });
    let elsewhere = Place::At(Directory {
        host: b"elsewhere.example".to_vec(),
        path: root.as_os_str().as_bytes().to_vec(),
    });
    for name in
        [&b"a b"[..], b"-e", b"it's", b"$HOME", b"%s\\", b"caf\xe9", b"line\nbreak", "文件".as_bytes()]
    {
        let folder = root.join(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir_all(&folder).expect("made");
        let folder = folder.as_os_str().as_bytes();
        for login_shell in shells() {
            let places = [at(b"/nowhere"), elsewhere.clone(), at(folder), at(b"/")];
            assert_eq!(asked(login_shell, &places, &root).as_deref(), Some(folder), "{login_shell}");
        }
    }
    let nowhere = asked("/bin/sh", &[at(b"/nowhere"), Place::OfShell("no-such-mark".to_owned())], &root);
    assert_eq!(nowhere.as_deref(), Some(root.as_os_str().as_bytes()));
    assert_eq!(asked("/bin/sh", &[], &root).as_deref(), Some(root.as_os_str().as_bytes()));
}

#[test]
fn what_is_no_answer_is_no_directory() {
    for output in [&b""[..], b"00ff", b"00ff/srv", b"00ff/srv\0", b"00ffsrv\n.\0", b"00ff\n.\0", b"/srv\n.\0"]
    {
        assert_eq!(answered_directory(output, "00ff"), None, "{output:?}");
    }
    assert_eq!(answered_directory(b"x00ff/srv\n.\0y", "00ff").as_deref(), Some(&b"/srv"[..]));
}
