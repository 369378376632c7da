use std::process::Command;

use super::*;

fn in_folder(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

/// What `ssh-keygen -y` says of a key; it reads the whole private key for that.
fn told_by_ssh_keygen(path: &str, passphrase: &str) -> String {
    let output = Command::new("ssh-keygen").args(["-y", "-P", passphrase, "-f", path]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn ssh_keygen_reads_what_we_write_and_we_read_it_again() {
    let folder = tempfile::tempdir().unwrap();
    for (name, passphrase) in [("plain", ""), ("locked", "open sésame")] {
        let path = in_folder(&folder, name);
        let secret = Secret::new(passphrase);
        let made = generate(&path, "ann@desk 1", Some(&secret)).unwrap();
        assert_eq!(made.encrypted, !passphrase.is_empty());
        assert_eq!((made.algorithm.as_str(), made.comment.as_str()), ("ssh-ed25519", "ann@desk 1"));
        let public = std::fs::read_to_string(format!("{path}.pub")).unwrap();
        assert_eq!(told_by_ssh_keygen(&path, passphrase), public);
        let key = keys::load(Path::new(&path), Some(&secret)).unwrap();
        assert_eq!(key.public_key().to_openssh().unwrap(), public.trim_end());
        assert_eq!(public_line(&path).unwrap(), public.trim_end());
    }
    let listed: Vec<String> = list(folder.path()).into_iter().map(|key| key.path).collect();
    assert_eq!(listed, [in_folder(&folder, "locked"), in_folder(&folder, "plain")]);
}

#[test]
fn an_encrypted_key_is_stretched_with_bcrypt_as_ssh_keygen_does() {
    let key = encrypted(&new_key("c").unwrap(), &Secret::new("x")).unwrap();
    assert!(matches!(key.kdf(), Kdf::Bcrypt { rounds: 24, salt } if salt.len() == 16));
    assert_eq!(key.cipher(), Cipher::Aes256Ctr);
}

#[cfg(unix)]
#[test]
fn the_private_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = in_folder(&folder, "new/ssh/key");
    generate(&path, "c", None).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(Path::new(&path)), 0o600);
    assert_eq!(mode(&folder.path().join("new/ssh")), 0o700);
}

#[test]
fn nothing_is_overwritten_and_no_half_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    for there in ["key", "key.pub"] {
        let file = folder.path().join(there);
        std::fs::write(&file, "mine").unwrap();
        let error = generate(&in_folder(&folder, "key"), "c", None).unwrap_err();
        assert_eq!(error.code, ErrorCode::KeyExists, "{there}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{there}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("elsewhere", folder.path().join("key")).unwrap();
    let error = generate(&in_folder(&folder, "key"), "c", None).unwrap_err();
    assert_eq!(error.code, ErrorCode::KeyExists);
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn a_comment_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for comment in ["a\nssh-ed25519 AAAA", "a\u{7}", &"x".repeat(2000)] {
        let error = generate(&in_folder(&folder, "key"), comment, None).unwrap_err();
        assert_eq!(error.code, ErrorCode::KeyUnwritable);
    }
}

#[test]
fn a_key_of_ssh_keygen_is_listed_also_when_it_is_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let path = in_folder(&folder, "id_ecdsa");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ecdsa", "-N", "secret", "-C", "old one", "-f", &path])
        .status();
    assert!(made.unwrap().success());
    std::fs::write(folder.path().join("config"), "Host x\n").unwrap();
    let listed = list(folder.path());
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].comment.as_str(), listed[0].encrypted), ("old one", true));
    assert!(public_line(&path).unwrap().ends_with(" old one"));
}
