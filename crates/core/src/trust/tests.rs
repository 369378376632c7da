use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::*;

struct Bed {
    folder: TempDir,
    store: TrustStore,
}

impl Bed {
    fn new(known_hosts: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("known_hosts"), known_hosts).expect("a file");
        let store =
            TrustStore { user_files: vec![folder.path().join("known_hosts")], system_files: Vec::new() };
        Self { folder, store }
    }

    fn file(&self) -> String {
        fs::read_to_string(self.folder.path().join("known_hosts")).expect("a file")
    }
}

fn key(kind: &str) -> PublicKey {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-t", kind, "-f"])
        .arg(&path)
        .status()
        .expect("ssh-keygen is installed");
    assert!(made.success());
    russh::keys::load_public_key(path.with_extension("pub")).expect("a public key")
}

fn line(names: &str, key: &PublicKey) -> String {
    format!("{names} {}\n", key.to_openssh().expect("a line"))
}

#[test]
fn a_key_that_stands_in_the_file_is_known_under_its_name_only() {
    let key = key("ed25519");
    let bed = Bed::new(&line("Web.Example,[other]:2222", &key));
    assert_eq!(bed.store.judge("web.example", 22, &key).expect("readable"), Verdict::Known);
    assert_eq!(bed.store.judge("other", 2222, &key).expect("readable"), Verdict::Known);
    let unknown = Verdict::Unknown { known_as: vec!["Web.Example".into(), "[other]:2222".into()] };
    assert_eq!(bed.store.judge("web.example", 2222, &key).expect("readable"), unknown);
}

#[test]
fn another_key_of_a_known_host_is_changed_even_if_its_type_differs() {
    let (old, new) = (key("ed25519"), key("ecdsa"));
    let bed = Bed::new(&format!("# comment\n{}", line("web", &old)));
    let Verdict::Changed { known } = bed.store.judge("web", 22, &new).expect("readable") else {
        panic!("it has changed")
    };
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].line, known[0].algorithm.as_str()), (2, "ssh-ed25519"));
    assert_eq!(bed.store.known_algorithms("web", 22).expect("readable"), vec![Algorithm::Ed25519]);
}

#[test]
fn a_revoked_key_is_refused_whatever_else_the_file_says() {
    let key = key("ed25519");
    let bed = Bed::new(&format!("{}@revoked * {}", line("web", &key), key.to_openssh().expect("a line")));
    assert!(matches!(bed.store.judge("web", 22, &key), Ok(Verdict::Revoked { line: 2, .. })));
}

#[test]
fn patterns_negations_tabs_and_a_missing_final_newline_are_understood() {
    let key = key("ed25519");
    let bed = Bed::new(format!("*.example,!bad.example\t{}", key.to_openssh().expect("a line")).trim_end());
    assert_eq!(bed.store.judge("a.example", 22, &key).expect("readable"), Verdict::Known);
    assert!(matches!(bed.store.judge("bad.example", 22, &key), Ok(Verdict::Unknown { .. })));
    bed.store.trust("bad.example", 22, &key).expect("writable");
    assert_eq!(bed.store.judge("bad.example", 22, &key).expect("readable"), Verdict::Known);
    assert_eq!(bed.file().lines().count(), 2);
}

#[test]
fn what_is_written_is_found_by_ssh_keygen_and_hashed_where_the_file_is() {
    let (first, second) = (key("ed25519"), key("ed25519"));
    let bed = Bed::new(&line("plain", &first));
    let path = bed.folder.path().join("known_hosts");
    let hash = Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&path).output().expect("it runs");
    assert!(hash.status.success());
    bed.store.trust("Late.Host", 2200, &second).expect("writable");
    assert!(bed.file().lines().all(|line| line.starts_with("|1|")), "{}", bed.file());
    for (name, key) in [("plain", &first), ("[late.host]:2200", &second)] {
        let found = Command::new("ssh-keygen").args(["-F", name, "-f"]).arg(&path).output().expect("it runs");
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let base64 = key.to_openssh().expect("a line").split(' ').nth(1).expect("a key").to_owned();
        assert!(found.contains(&base64), "{name}: {found}");
    }
    assert_eq!(bed.store.judge("late.host", 2200, &second).expect("readable"), Verdict::Known);
}

#[test]
fn forgetting_a_host_leaves_every_other_line_as_it_was() {
    let key = key("ed25519");
    let rest = format!("  # kept\n\n@revoked web {}other ssh-unknown AAAA\n", line("", &key).trim_start());
    let bed = Bed::new(&format!("{}{rest}", line("web", &key)));
    bed.store.forget("web", 22).expect("writable");
    assert_eq!(bed.file(), rest);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_an_empty_file() {
    let bed = Bed::new("");
    fs::remove_file(bed.folder.path().join("known_hosts")).expect("it is there");
    assert!(matches!(bed.store.judge("web", 22, &key("ed25519")), Ok(Verdict::Unknown { .. })));
    fs::create_dir(bed.folder.path().join("known_hosts")).expect("room");
    let error = bed.store.judge("web", 22, &key("ed25519")).expect_err("a folder is no file");
    assert_eq!(error.code, ErrorCode::KnownHostsUnreadable);
}

#[test]
fn the_picture_of_a_key_is_the_one_that_ssh_keygen_draws() {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = key(kind);
        let path = folder.path().join(kind);
        fs::write(&path, key.to_openssh().expect("a line")).expect("a file");
        let drawn = Command::new("ssh-keygen").args(["-lv", "-f"]).arg(&path).output().expect("it runs");
        let drawn = String::from_utf8_lossy(&drawn.stdout).into_owned();
        let picture = picture(&key);
        assert!(drawn.contains(&picture.fingerprint), "{drawn}\n{picture:?}");
        assert!(drawn.trim_end().ends_with(picture.randomart.trim_end()), "{drawn}\n{}", picture.randomart);
    }
}
