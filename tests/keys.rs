//! New keys, and installing them on a host, against a real sshd.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bowline_core::engine::keys::InstallOutcome;
use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_core::prompt::Secret;
use bowline_core::terminal::state::TerminalEnd;
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::sshd::Sshd;

/// A server whose user has a home folder of the test's own and logs in with a password so far.
async fn server(home: &Path, more: &str) -> Option<Sshd> {
    // The test user writes there.
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o777)).expect("a mode");
    let builder = Sshd::builder()
        .password()
        .config_line(&format!("AuthorizedKeysFile {}/.ssh/authorized_keys", home.display()))
        .config_line(&format!("SetEnv HOME={}", home.display()));
    let builder = if more.is_empty() { builder } else { builder.config_line(more) };
    available(builder.start().await)
}

async fn with_password(desk: &Desk, sshd: &Sshd) -> HostId {
    desk.know(sshd);
    desk.answer_with(sshd.password().expect("a password"));
    desk.save(sshd, AuthMethod::Password).await
}

fn home() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("home-").tempdir().expect("a home")
}

#[tokio::test]
async fn a_new_key_is_installed_once_and_logs_in() {
    let home = home();
    let Some(sshd) = server(home.path(), "").await else { return };
    let desk = Desk::new().await;
    let host = with_password(&desk, &sshd).await;
    let authorized = home.path().join(".ssh/authorized_keys");
    for (name, passphrase) in [("plain", None), ("locked", sshd.password().map(Secret::new))] {
        let path = desk.ssh_dir().join(name).to_string_lossy().into_owned();
        let comment = "it's \"mine\"; $(touch x) `y`".to_owned();
        let made = desk.engine.key_generate(path.clone(), comment, passphrase).await.expect("a key");
        assert!(desk.engine.keys_list().await.expect("a list").contains(&made));
        let install = || desk.engine.key_install(host.clone(), path.clone());
        assert_eq!(install().await.expect("it is installed"), InstallOutcome::Installed, "{name}");
        assert_eq!(install().await.expect("it is there"), InstallOutcome::AlreadyThere, "{name}");
        let public = std::fs::read_to_string(format!("{path}.pub")).expect("a public key");
        let lines = std::fs::read_to_string(&authorized).expect("authorized_keys");
        assert_eq!(lines.matches(public.trim_end()).count(), 1, "{lines}");

        let (user, auth) = (sshd.user().to_owned(), AuthMethod::Key);
        let draft = HostDraft { user, auth, key_path: path, ..at(sshd.address()) };
        let screen = desk.open(&desk.save_draft(draft).await).await;
        screen.running().await;
        screen.type_in("exit 7\n").await;
        assert_eq!(screen.end().await, TerminalEnd::Exited { status: 7 });
    }
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&authorized), mode(&home.path().join(".ssh"))), (0o600, 0o700));
    assert!(!home.path().join("x").exists());
}

#[tokio::test]
async fn a_key_is_added_to_a_last_line_that_was_left_open_and_not_taken_for_a_comment() {
    let home = home();
    let Some(sshd) = server(home.path(), "").await else { return };
    let desk = Desk::new().await;
    let host = with_password(&desk, &sshd).await;
    let path = desk.ssh_dir().join("key").to_string_lossy().into_owned();
    desk.engine.key_generate(path.clone(), "c".into(), None).await.expect("a key");
    let public = std::fs::read_to_string(format!("{path}.pub")).expect("a public key");
    let ssh = home.path().join(".ssh");
    std::fs::create_dir(&ssh).expect("a folder");
    std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o777)).expect("a mode");
    let authorized = ssh.join("authorized_keys");
    let before = format!("# {}ssh-ed25519 AAAA other", public);
    std::fs::write(&authorized, &before).expect("written");
    std::fs::set_permissions(&authorized, std::fs::Permissions::from_mode(0o666)).expect("a mode");
    let outcome = desk.engine.key_install(host, path).await.expect("it is installed");
    assert_eq!(outcome, InstallOutcome::Installed);
    assert_eq!(std::fs::read_to_string(&authorized).expect("read"), format!("{before}\n{public}"));
}

#[tokio::test]
async fn a_host_that_cannot_take_the_key_says_why() {
    let home = home();
    let Some(sshd) = server(home.path(), "PubkeyAuthentication no").await else { return };
    let desk = Desk::new().await;
    let host = with_password(&desk, &sshd).await;
    let path = desk.ssh_dir().join("key").to_string_lossy().into_owned();
    desk.engine.key_generate(path.clone(), "c".into(), None).await.expect("a key");
    let error = desk.engine.key_install(host.clone(), path.clone()).await.expect_err("no keys there");
    assert!(matches!(error.code, ErrorCode::KeyNotAccepted), "{:?}: {}", error.code, error.message);
    // A folder stands where the file should be.
    let authorized = home.path().join(".ssh/authorized_keys");
    std::fs::remove_file(&authorized).expect("removed");
    std::fs::create_dir(&authorized).expect("a folder");
    let error = desk.engine.key_install(host, path).await.expect_err("it cannot be written");
    assert_eq!(error.code, ErrorCode::KeyInstallFailed, "{}", error.message);
}
