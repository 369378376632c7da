//! `bowline open`: what the app is told. A script stands in for the app.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use bowline_core::host::store::HostStore;

use crate::kit::{BOWLINE, Home, Ran, finish};

/// A folder with the command and an app that writes down its arguments, and then does this.
fn beside(home: &Home, then: &str) -> PathBuf {
    let folder = home.path().join("bin");
    std::fs::create_dir_all(&folder).expect("a folder");
    let command = folder.join("bowline");
    if !command.exists() && std::fs::hard_link(BOWLINE, &command).is_err() {
        std::fs::copy(BOWLINE, &command).expect("a copy");
    }
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$HOME/told\"\n{then}\n");
    let app = folder.join("bowline-desktop");
    std::fs::write(&app, script).expect("written");
    std::fs::set_permissions(&app, std::fs::Permissions::from_mode(0o755)).expect("executable");
    command
}

async fn open(home: &Home, wanted: &str, then: &str) -> (Ran, Option<String>) {
    let told = home.path().join("told");
    let _ = std::fs::remove_file(&told);
    let command = beside(home, then);
    let ran = finish(home.program(command).args(["open", wanted]).env("DISPLAY", ":0"), b"").await;
    (ran, std::fs::read_to_string(told).ok())
}

#[tokio::test]
async fn a_saved_host_is_opened_by_its_name_and_an_address_as_a_link() {
    let home = Home::new();
    home.config("Host inner\n  HostName 192.0.2.8\n");
    assert_eq!(home.bowline(&["hosts", "add", "192.0.2.1", "--name", "web 01"]).await.status, Some(0));
    for (wanted, told) in [
        ("web 01", "--open\nweb 01\n"),
        ("inner", "--open\ninner\n"),
        ("ada@192.0.2.9:2222", "ssh://ada@192.0.2.9:2222\n"),
        ("::1", "ssh://[::1]\n"),
        ("ssh://ada@web/", "ssh://ada@web\n"),
        ("SSH://WEB", "ssh://WEB\n"),
    ] {
        let (ran, found) = open(&home, wanted, "").await;
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{wanted}");
        assert_eq!(found.as_deref(), Some(told), "{wanted}");
    }
}

#[tokio::test]
async fn what_is_hostile_never_reaches_the_app() {
    let home = Home::new();
    for (wanted, part) in [
        ("ssh://ada:secret@web", "password"),
        ("ssh://-oProxyCommand=touch", "address"),
        ("ssh://web/../x", "behind the address"),
        ("ssh://web%0a", "character"),
        ("$(touch pwned)", "no saved host"),
        ("a b", "no saved host"),
    ] {
        let (ran, told) = open(&home, wanted, "").await;
        assert_eq!((ran.status, told), (Some(255), None), "{wanted}");
        assert!(ran.stderr.contains(part) && !ran.stderr.contains("secret"), "{}", ran.stderr);
    }
    let (ran, told) = open(&home, "--open", "").await;
    assert_eq!((ran.status, told), (Some(255), None), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_wait_for_an_app_that_it_started() {
    let home = Home::new();
    let dir = home.data_dir();
    let app = tokio::task::spawn_blocking(move || {
        std::thread::sleep(std::time::Duration::from_millis(500));
        HostStore::open(&dir)
    });
    // As the app does: it has the hosts open, and stays.
    let (ran, _) = open(&home, "web", "exec sleep 20").await;
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let (_store, _) = app.await.expect("it ends").expect("it opens");
}

#[tokio::test]
async fn an_app_that_fails_or_is_not_there_is_told() {
    let home = Home::new();
    let (ran, _) = open(&home, "web", "exit 3").await;
    assert!(ran.status == Some(255) && ran.stderr.contains("did not start"), "{}", ran.stderr);
    let command = beside(&home, "");
    let mut without_desktop = home.program(&command);
    without_desktop.args(["open", "web"]).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let ran = finish(&mut without_desktop, b"").await;
    assert!(ran.status == Some(255) && ran.stderr.contains("no desktop"), "{}", ran.stderr);
    std::fs::remove_file(command.with_file_name("bowline-desktop")).expect("removed");
    let mut alone = home.program(&command);
    alone.args(["open", "web"]).env("DISPLAY", ":0").env("PATH", "/usr/bin:/bin");
    let ran = finish(&mut alone, b"").await;
    assert!(ran.status == Some(255) && ran.stderr.contains("bowline-desktop"), "{}", ran.stderr);
}
