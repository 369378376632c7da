use std::io::Write;
use std::sync::mpsc;

use super::*;

#[test]
fn what_is_written_is_found_by_ssh_keygen_and_hashed_where_the_file_is() {
    let (first, second) = (key("ed25519"), key("ed25519"));
    let bed = Bed::new(line("plain", &first));
    let path = bed.path();
    let hash = Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&path).output().expect("it runs");
    assert!(hash.status.success());
    bed.host("Late.Host", 2200).trust(&second).expect("writable");
    assert!(bed.file().lines().all(|line| line.starts_with("|1|")), "{}", bed.file());
    for (name, key) in [("plain", &first), ("[late.host]:2200", &second)] {
        let found = Command::new("ssh-keygen").args(["-F", name, "-f"]).arg(&path).output().expect("it runs");
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let base64 = key.to_openssh().expect("a line").split(' ').nth(1).expect("a key").to_owned();
        assert!(found.contains(base64.trim_end()), "{name}: {found}");
    }
    assert_eq!(bed.judge("late.host", 2200, &second), Verdict::Known);
}

#[test]
fn the_setting_decides_over_the_file_whether_names_are_hashed() {
    let key = key("ed25519");
    for (hash, file, hashed) in [
        (None, "", false),
        (Some(true), "", true),
        (Some(true), "plain", true),
        (Some(false), "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", false),
        (None, "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", true),
    ] {
        let bed = Bed::new(if file.is_empty() { String::new() } else { line(file, &key) });
        let policy = TrustPolicy { hash_known_hosts: hash, ..TrustPolicy::default() };
        bed.store.host(&policy, "web", 22).trust(&key).expect("writable");
        let last = bed.file().lines().last().expect("a line").to_owned();
        assert_eq!(last.starts_with("|1|"), hashed, "{hash:?} {file}");
        assert_eq!(bed.judge("web", 22, &key), Verdict::Known);
    }
}

#[test]
fn a_line_without_its_end_does_not_swallow_the_new_one() {
    let (old, new) = (key("ed25519"), key("ed25519"));
    let before = line("old", &old).trim_end().to_owned();
    let bed = Bed::new(&before);
    bed.host("new", 22).trust(&new).expect("writable");
    assert_eq!(bed.file(), format!("{before}\n{}", line("new", &new)));
}

#[test]
fn forgetting_a_host_leaves_every_other_line_as_it_was() {
    let key = key("ed25519");
    let rest = format!("  # kept\r\n\n@revoked web {}other ssh-unknown AAAA\n", line("", &key).trim_start());
    let bed = Bed::new(format!("{}{rest}", line("web", &key)));
    bed.host("web", 22).forget().expect("writable");
    assert_eq!(bed.file(), rest);
}

#[test]
fn forgetting_a_host_leaves_its_neighbours_on_the_same_line_their_key() {
    let key = key("ed25519");
    let text = line("a,WEB,b", &key) + &line(" *.example,!x.example", &key) + &line("web", &key);
    let bed = Bed::new(text);
    bed.host("web", 22).forget().expect("writable");
    assert_eq!(bed.file(), line("a,b", &key) + &line(" *.example,!x.example", &key));
    bed.host("y.example", 22).forget().expect("writable");
    assert!(matches!(bed.judge("y.example", 22, &key), Verdict::Unknown { .. }));
    for name in ["a", "b", "z.example"] {
        assert_eq!(bed.judge(name, 22, &key), Verdict::Known, "{name}");
    }
}

#[test]
fn a_key_in_a_file_of_the_system_is_not_forgotten_in_silence() {
    let key = key("ed25519");
    let bed = Bed::new("");
    fs::write(bed.folder.path().join("system"), line("web", &key)).expect("a file");
    assert_eq!(bed.host("web", 22).forget().expect_err("not ours").code, ErrorCode::KnownHostsUnwritable);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_one_and_the_mode_of_the_file_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let key = key("ed25519");
    let bed = Bed::new(line("web", &key) + &line("other", &key));
    let real = bed.folder.path().join("real");
    fs::rename(bed.path(), &real).expect("moved");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
    std::os::unix::fs::symlink("real", bed.path()).expect("a link");
    bed.host("new", 22).trust(&key).expect("writable");
    bed.host("web", 22).forget().expect("writable");
    assert!(fs::symlink_metadata(bed.path()).expect("there").file_type().is_symlink());
    assert_eq!(fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_to_string(&real).expect("text"), line("other", &key) + &line("new", &key));
}

#[cfg(unix)]
#[test]
fn a_new_file_and_its_folder_are_for_the_person_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ssh").join("known_hosts");
    let store = TrustStore::new(vec![path.clone()], Vec::new());
    store.host(&TrustPolicy::default(), "web", 22).trust(&key("ed25519")).expect("writable");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&folder.path().join("ssh"))), (0o600, 0o700));
}

#[cfg(unix)]
#[test]
fn dev_null_and_no_file_at_all_take_everything_and_know_nothing() {
    let key = key("ed25519");
    for files in [vec!["/dev/null".into()], Vec::new()] {
        let policy = TrustPolicy {
            user_files: Some(files),
            global_files: Some(vec!["/dev/null".into()]),
            ..TrustPolicy::default()
        };
        let host = Bed::new("").store.host(&policy, "web", 22);
        host.trust(&key).expect("dropped");
        host.forget().expect("nothing to do");
        assert!(matches!(host.judge(&key).expect("readable"), Verdict::Unknown { .. }));
    }
    use std::os::unix::fs::FileTypeExt;
    assert!(fs::metadata("/dev/null").expect("there").file_type().is_char_device());
}

/// What OpenSSH does for a new host (`add_host_to_hostfile`): it opens for appending and writes a line, without any lock.
fn append_like_ssh(path: &std::path::Path, line: &str) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).expect("it opens");
    file.write_all(line.as_bytes()).expect("it writes");
}

#[test]
fn bowlines_and_an_ssh_that_write_at_the_same_time_lose_nothing() {
    const EACH: usize = 25;
    const BURST: usize = 6;
    let key = key("ed25519");
    let stay: String = (0..20).map(|n| line(&format!("stays-{n}"), &key)).collect();
    let go: String = (0..EACH).map(|n| line(&format!("goes-{n}"), &key)).collect();
    let bed = Bed::new(stay + &go);
    let (burst, bursts) = mpsc::channel();
    let counted = std::thread::scope(|scope| {
        for writer in 0..2 {
            let (bed, key) = (&bed, &key);
            scope.spawn(move || {
                for n in 0..EACH {
                    bed.host(&format!("bowline-{writer}-{n}"), 22).trust(key).expect("writable");
                }
            });
        }
        let (path, key) = (bed.path(), &key);
        let ssh = scope.spawn(move || {
            let mut count = 0;
            for () in bursts {
                for _ in 0..BURST {
                    append_like_ssh(&path, &line(&format!("ssh-{count}"), key));
                    count += 1;
                    std::thread::yield_now();
                }
            }
            count
        });
        for n in 0..EACH {
            burst.send(()).expect("it listens");
            bed.host(&format!("goes-{n}"), 22).forget().expect("writable");
        }
        drop(burst);
        ssh.join().expect("it ends")
    });
    let names: std::collections::HashSet<String> =
        bed.file().lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    let expected = (0..20).map(|n| format!("stays-{n}"));
    let expected = expected.chain((0..2).flat_map(|w| (0..EACH).map(move |n| format!("bowline-{w}-{n}"))));
    let expected = expected.chain((0..counted).map(|n| format!("ssh-{n}")));
    let missing: Vec<String> = expected.filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "{} of {counted} and more are lost: {missing:?}", missing.len());
    assert!(!names.iter().any(|name| name.starts_with("goes-")), "what was taken out is back");
}
