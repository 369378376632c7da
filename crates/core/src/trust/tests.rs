use std::fs;
use std::path::PathBuf;
use std::process::Command;

use russh::keys::PrivateKey;
use tempfile::TempDir;

use super::*;
use crate::error::ErrorCode;

mod certificates;
mod page;
mod rotation;
mod writing;

struct Bed {
    folder: TempDir,
    store: TrustStore,
}

impl Bed {
    fn new(known_hosts: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("known_hosts"), known_hosts).expect("a file");
        let store = TrustStore::new(
            vec![folder.path().join("known_hosts"), folder.path().join("known_hosts2")],
            vec![folder.path().join("system")],
        );
        Self { folder, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }

    fn file(&self) -> String {
        fs::read_to_string(self.path()).expect("a file")
    }

    fn host(&self, address: &str, port: u16) -> HostTrust {
        self.store.host(&TrustPolicy::default(), address, port)
    }

    fn judge(&self, address: &str, port: u16, key: &PublicKey) -> Verdict {
        self.host(address, port).judge(key).expect("readable")
    }
}

fn private_key(kind: &str) -> PrivateKey {
    let folder = made_key(kind);
    russh::keys::load_secret_key(folder.path().join("key"), None).expect("a key")
}

fn key(kind: &str) -> PublicKey {
    let folder = made_key(kind);
    russh::keys::load_public_key(folder.path().join("key.pub")).expect("a key")
}

fn made_key(kind: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-C", "", "-t", kind, "-f"])
        .arg(folder.path().join("key"))
        .status()
        .expect("ssh-keygen is installed");
    assert!(made.success());
    folder
}

fn line(names: &str, key: &PublicKey) -> String {
    format!("{names} {}\n", key.to_openssh().expect("a line").trim_end())
}

#[test]
fn a_key_that_stands_in_the_file_is_known_under_its_names_only() {
    let key = key("ed25519");
    let bed = Bed::new(line("Web.Example,[other]:2222", &key));
    assert_eq!(bed.judge("web.example", 22, &key), Verdict::Known);
    assert_eq!(bed.judge("OTHER", 2222, &key), Verdict::Known);
    let unknown = Verdict::Unknown { known_as: vec!["Web.Example".into(), "[other]:2222".into()] };
    assert_eq!(bed.judge("other", 22, &key), unknown);
}

#[test]
fn a_key_of_a_host_without_port_is_good_for_its_other_ports_but_another_key_there_is_only_new() {
    let (plain, other) = (key("ed25519"), key("ed25519"));
    let bed = Bed::new(line("web", &plain));
    assert_eq!(bed.judge("web", 2222, &plain), Verdict::Known);
    assert!(matches!(bed.judge("web", 2222, &other), Verdict::Unknown { .. }));
    let bed = Bed::new(line("web", &plain) + &line("[web]:2222", &other));
    assert!(matches!(bed.judge("web", 2222, &plain), Verdict::Changed { .. }));
}

#[test]
fn an_alias_takes_the_place_of_name_and_port() {
    let key = key("ed25519");
    let bed = Bed::new(line("the-alias", &key) + &line("[web]:2222", &self::key("ed25519")));
    let policy = TrustPolicy { host_key_alias: Some("The-Alias".into()), ..TrustPolicy::default() };
    let host = bed.store.host(&policy, "web", 2222);
    assert_eq!(host.judge(&key).expect("readable"), Verdict::Known);
    let new = self::key("ed25519");
    host.trust(&new).expect("writable");
    assert!(bed.file().lines().last().is_some_and(|line| line.starts_with("the-alias ssh-ed25519")));
}

#[test]
fn another_key_of_a_known_host_is_changed_even_if_its_type_differs() {
    let (old, new) = (key("ed25519"), key("ecdsa"));
    let bed = Bed::new(format!("# comment\n{}", line("web", &old)));
    let Verdict::Changed { known } = bed.judge("web", 22, &new) else { panic!("it has changed") };
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].line, known[0].algorithm.as_str()), (2, "ssh-ed25519"));
    let types = bed.host("web", 22).known_types().expect("readable");
    assert_eq!(types, KnownTypes { plain: vec![Algorithm::Ed25519], has_authority: false });
}

#[test]
fn a_file_of_revoked_keys_counts_under_every_name_and_lets_nobody_in_that_cannot_be_read() {
    let (good, bad) = (key("ed25519"), key("ed25519"));
    let bed = Bed::new(line("web", &good) + &line("db", &bad));
    let list = bed.folder.path().join("revoked");
    let policy = TrustPolicy { revoked_keys: Some(list.clone()), ..TrustPolicy::default() };
    let judge = |name: &str, key: &PublicKey| bed.store.host(&policy, name, 22).judge(key);
    let refused = |result: Result<Verdict>| result.expect_err("refused").code;
    assert_eq!(refused(judge("web", &good)), ErrorCode::KnownHostsUnreadable, "there is no such file");
    let openssh = bad.to_openssh().expect("a key");
    fs::write(&list, format!("# stolen\n\n  {openssh}\nnot a key\n")).expect("written");
    assert_eq!(judge("web", &good).expect("readable"), Verdict::Known);
    let revoked = Verdict::Revoked { path: list.display().to_string(), line: 3 };
    assert_eq!(judge("db", &bad).expect("readable"), revoked);
    fs::write(&list, b"SSHKRL\n\0\0\0\0\x01").expect("written");
    assert_eq!(refused(judge("web", &good)), ErrorCode::KnownHostsUnreadable, "it is in binary form");
}

#[test]
fn a_revoked_key_is_refused_whatever_else_the_files_say() {
    let key = key("ed25519");
    for names in ["*", "web", "another-name", "|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    {
        let bed = Bed::new(line("web", &key) + &line(&format!("@revoked {names}"), &key));
        assert!(matches!(bed.judge("web", 22, &key), Verdict::Revoked { line: 2, .. }), "{names}");
    }
    // Also where a tab follows the marker, which OpenSSH passes over.
    let bed = Bed::new(line("web", &key) + &line("@revoked\tweb", &key));
    assert!(matches!(bed.judge("web", 22, &key), Verdict::Revoked { .. }));
}

#[test]
fn patterns_negations_tabs_line_ends_of_windows_and_a_missing_final_newline_are_understood() {
    let key = key("ed25519");
    let text = line("*.example,!bad.example", &key).replacen(' ', " \t ", 1);
    for text in [text.clone(), format!("\r\n\t{}\r\n", text.trim_end()), text.trim_end().to_owned()] {
        let bed = Bed::new(text);
        assert_eq!(bed.judge("a.example", 22, &key), Verdict::Known);
        assert!(matches!(bed.judge("bad.example", 22, &key), Verdict::Unknown { .. }));
        assert!(matches!(bed.judge("example", 22, &key), Verdict::Unknown { .. }));
    }
}

#[test]
fn lines_that_make_no_sense_and_endless_ones_hide_no_others() {
    let key = key("ed25519");
    let names = (0..20_000).map(|n| format!("host-{n}")).collect::<Vec<_>>().join(",");
    let nested = "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t".repeat(1000);
    let mut text = format!("#{}\n@unknown web {}", "x".repeat(1 << 20), line("", &key).trim_start());
    text += &format!(
        "web\nweb ssh-ed25519\nweb ssh-ed25519 %%%\nweb ssh-ed25519-cert-v01@openssh.com {nested}\n"
    );
    text += &format!("|1|broken {}|1|", line("", &key).trim_start());
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(b"\n\xff\xfe\0 ssh-rsa AAAA\n@revoked @cert-authority x ssh-rsa AAAA\n");
    bytes.extend_from_slice(line(&names, &key).as_bytes());
    let bed = Bed::new(bytes);
    assert_eq!(bed.judge("host-19999", 22, &key), Verdict::Known);
    let Verdict::Unknown { known_as } = bed.judge("web", 22, &key) else { panic!("no line is about it") };
    assert_eq!(known_as.len(), 20_000);
}

#[test]
fn every_file_counts_the_persons_own_and_the_systems() {
    let (own, second, system) = (key("ed25519"), key("ed25519"), key("ed25519"));
    let bed = Bed::new(line("web", &own));
    fs::write(bed.folder.path().join("known_hosts2"), line("web", &second)).expect("a file");
    fs::write(bed.folder.path().join("system"), line("web", &system)).expect("a file");
    for key in [&own, &second, &system] {
        assert_eq!(bed.judge("web", 22, key), Verdict::Known);
    }
    let policy = TrustPolicy { user_files: Some(Vec::new()), ..TrustPolicy::default() };
    let host = bed.store.host(&policy, "web", 22);
    assert!(matches!(host.judge(&own).expect("readable"), Verdict::Changed { .. }));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_an_empty_file() {
    let bed = Bed::new("");
    fs::remove_file(bed.path()).expect("it is there");
    let key = key("ed25519");
    assert!(matches!(bed.judge("web", 22, &key), Verdict::Unknown { .. }));
    fs::create_dir(bed.path()).expect("room");
    let error = bed.host("web", 22).judge(&key).expect_err("a folder is no file");
    assert_eq!(error.code, ErrorCode::KnownHostsUnreadable);
    assert_eq!(
        bed.host("web", 22).known_types().expect_err("the same").code,
        ErrorCode::KnownHostsUnreadable
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_the_file_is_an_error_and_is_not_waited_for() {
    let bed = Bed::new("");
    fs::remove_file(bed.path()).expect("it is there");
    let made = Command::new("mkfifo").arg(bed.path()).status().expect("mkfifo runs");
    assert!(made.success());
    let error = bed.host("web", 22).judge(&key("ed25519")).expect_err("a pipe is no file");
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
