//! Against a real gnome-keyring on a bus of its own. Each test starts itself once more as a child that sees only that bus.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::error::ErrorCode::{KeyringLocked, KeyringUnavailable};

const INSIDE: &str = "BOWLINE_TEST_KEYRING";
const DAEMON_PID: &str = "BOWLINE_TEST_KEYRING_PID";
/// How long something that should happen is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session bus without service activation, so that nothing but what a test starts can answer, and no dialog opens.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=SOCKET</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs a test of this module again in a session that has nothing of ours but what `home` holds.
fn run_inside(test: &str, home: &Path, daemon: Option<&Running>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("auth::secrets::tests::{test}"), "--exact", "--nocapture"]);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("DBUS_SESSION_BUS_ADDRESS");
    command.env(INSIDE, "1").env("HOME", home).env("XDG_RUNTIME_DIR", home);
    if let Some(daemon) = daemon {
        command.env("DBUS_SESSION_BUS_ADDRESS", address(home)).env(DAEMON_PID, daemon.0.id().to_string());
    }
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

fn address(home: &Path) -> String {
    format!("unix:path={}", home.join("bus").display())
}

fn start_bus(home: &Path) -> Running {
    let (config, socket) = (home.join("bus.conf"), home.join("bus"));
    std::fs::write(&config, BUS.replace("SOCKET", socket.to_str().unwrap())).unwrap();
    let bus = Command::new("dbus-daemon")
        .args(["--nofork", "--nopidfile", "--config-file"])
        .arg(&config)
        .stderr(Stdio::inherit())
        .spawn()
        .expect("dbus-daemon of the package dbus");
    let bus = Running(bus);
    wait_for("the bus", || socket.exists());
    bus
}

/// gnome-keyring with a collection that opens with `password`; it is made if it is not there.
fn start_keyring(home: &Path, password: &str) -> Running {
    let mut daemon = Command::new("gnome-keyring-daemon")
        .args(["--foreground", "--unlock", "--components=secrets", "--control-directory"])
        .arg(home.join("control"))
        .env("DBUS_SESSION_BUS_ADDRESS", address(home))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", home)
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("gnome-keyring-daemon of the package gnome-keyring");
    daemon.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    Running(daemon)
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A handle on the keyring once it is there and open.
async fn ready() -> Secrets {
    let secrets = Secrets::open();
    let started = Instant::now();
    while let Err(error) = secrets.state().await {
        assert!(started.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    secrets
}

async fn password(secrets: &Secrets, id: &str) -> Option<String> {
    let secret = secrets.get(SecretKind::Password, id).await.unwrap();
    secret.map(|secret| secret.expose().to_owned())
}

/// Locks the default collection, as a person does with the system's own program.
#[cfg(target_os = "linux")]
async fn lock_keyring() {
    tokio::task::spawn_blocking(|| {
        let plain = secret_service::EncryptionType::Plain;
        let service = secret_service::blocking::SecretService::connect(plain).unwrap();
        service.get_default_collection().unwrap().lock().unwrap();
    })
    .await
    .unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn secrets_outlive_the_run_and_a_restart_of_the_keyring() {
    if is_inside() {
        let secrets = ready().await;
        assert_eq!(password(&secrets, "kept").await.as_deref(), Some("kept 🔑 before"));
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let _bus = start_bus(home.path());
    {
        let daemon = start_keyring(home.path(), "the login password");
        run_inside("keep_a_secret", home.path(), Some(&daemon));
    }
    let daemon = start_keyring(home.path(), "the login password");
    run_inside("secrets_outlive_the_run_and_a_restart_of_the_keyring", home.path(), Some(&daemon));
}

/// The first run of the test above.
#[tokio::test]
async fn keep_a_secret() {
    if is_inside() {
        let secrets = ready().await;
        secrets.set(SecretKind::Password, "kept", Secret::new("kept 🔑 before")).await.unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn secrets_are_kept_replaced_and_deleted_in_the_keyring() {
    if !is_inside() {
        let home = tempfile::tempdir().unwrap();
        let _bus = start_bus(home.path());
        let daemon = start_keyring(home.path(), "login");
        return run_inside(
            "secrets_are_kept_replaced_and_deleted_in_the_keyring",
            home.path(),
            Some(&daemon),
        );
    }
    let secrets = ready().await;
    assert_eq!(password(&secrets, "a").await, None);
    secrets.set(SecretKind::Password, "a", Secret::new("one")).await.unwrap();
    secrets.set(SecretKind::Password, "a", Secret::new("two")).await.unwrap();
    secrets.set(SecretKind::Passphrase, "a", Secret::new("other")).await.unwrap();
    let long = "字".repeat(20_000);
    secrets.set(SecretKind::Password, "long", Secret::new(long.clone())).await.unwrap();

    // Nothing of it was only in memory.
    let again = ready().await;
    assert_eq!(password(&again, "a").await.as_deref(), Some("two"));
    assert_eq!(again.get(SecretKind::Passphrase, "a").await.unwrap().unwrap().expose(), "other");
    assert_eq!(password(&again, "long").await, Some(long));

    again.delete(SecretKind::Password, "a").await.unwrap();
    again.delete(SecretKind::Password, "a").await.unwrap();
    assert_eq!(password(&secrets, "a").await, None);
    assert!(secrets.get(SecretKind::Passphrase, "a").await.unwrap().is_some());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_locked_keyring_is_said_and_secrets_are_kept_for_this_run_only() {
    if !is_inside() {
        let home = tempfile::tempdir().unwrap();
        let _bus = start_bus(home.path());
        let daemon = start_keyring(home.path(), "login");
        return run_inside(
            "a_locked_keyring_is_said_and_secrets_are_kept_for_this_run_only",
            home.path(),
            Some(&daemon),
        );
    }
    let secrets = ready().await;
    secrets.set(SecretKind::Password, "before", Secret::new("kept")).await.unwrap();
    lock_keyring().await;
    assert_eq!(secrets.state().await.unwrap_err().code, KeyringLocked);
    assert_eq!(secrets.get(SecretKind::Password, "before").await.unwrap_err().code, KeyringLocked);
    // Now without asking anyone: it was declined.
    assert_eq!(secrets.get(SecretKind::Password, "before").await.unwrap_err().code, KeyringLocked);
    secrets.set(SecretKind::Password, "new", Secret::new("in memory")).await.unwrap();
    assert_eq!(password(&secrets, "new").await.as_deref(), Some("in memory"));
    assert_eq!(secrets.delete(SecretKind::Password, "before").await.unwrap_err().code, KeyringLocked);
    // Another run finds nothing, and needs no dialog to know that.
    assert_eq!(password(&Secrets::open(), "new").await, None);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_keyring_that_does_not_answer_costs_one_caller_its_time_and_the_others_none() {
    if !is_inside() {
        let home = tempfile::tempdir().unwrap();
        let _bus = start_bus(home.path());
        let daemon = start_keyring(home.path(), "login");
        let test = "a_keyring_that_does_not_answer_costs_one_caller_its_time_and_the_others_none";
        return run_inside(test, home.path(), Some(&daemon));
    }
    drop(ready().await);
    let pid = std::env::var(DAEMON_PID).unwrap();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    let secrets = Secrets::open_with(Duration::from_millis(700));
    signal("-STOP");
    let first = secrets.state().await.unwrap_err();
    assert_eq!(first.code, KeyringLocked, "{first}");
    let waited = Instant::now();
    for _ in 0..50 {
        secrets.set(SecretKind::Password, "a", Secret::new("in memory")).await.unwrap();
        assert_eq!(secrets.state().await.unwrap_err().code, KeyringLocked);
    }
    assert!(waited.elapsed() < Duration::from_secs(2), "{:?}", waited.elapsed());
    assert_eq!(password(&secrets, "a").await.as_deref(), Some("in memory"));
    signal("-CONT");
    let started = Instant::now();
    while secrets.state().await.is_err() {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_keyring_secrets_are_kept_for_this_run_only() {
    if !is_inside() {
        let home = tempfile::tempdir().unwrap();
        return run_inside("without_a_keyring_secrets_are_kept_for_this_run_only", home.path(), None);
    }
    let secrets = Secrets::open();
    let error = secrets.state().await.unwrap_err();
    assert_eq!(error.code, KeyringUnavailable, "{error}");
    assert!(!error.params["cause"].is_empty());
    secrets.set(SecretKind::Password, "a", Secret::new("canary-4711")).await.unwrap();
    assert_eq!(password(&secrets.clone(), "a").await.as_deref(), Some("canary-4711"));
    assert!(!format!("{secrets:?} {error:?}").contains("canary"), "{secrets:?}");
    assert_eq!(secrets.get(SecretKind::Password, "b").await.unwrap_err().code, KeyringUnavailable);
    assert_eq!(Secrets::open().get(SecretKind::Password, "a").await.unwrap_err().code, KeyringUnavailable);
    secrets.delete(SecretKind::Password, "a").await.unwrap_err();
    assert_eq!(secrets.get(SecretKind::Password, "a").await.unwrap_err().code, KeyringUnavailable);
}

#[test]
fn a_key_file_is_known_by_its_real_path() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("id");
    std::fs::write(&file, "").unwrap();
    let roundabout = dir.path().join("..").join(dir.path().file_name().unwrap()).join("id");
    let plain = account(SecretKind::Passphrase, file.to_str().unwrap());
    assert_eq!(account(SecretKind::Passphrase, roundabout.to_str().unwrap()), plain);
    assert_eq!(account(SecretKind::Password, "42"), "password:42");
}
