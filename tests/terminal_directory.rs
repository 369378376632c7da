//! Where the shell of a terminal is, asked from a real host.

use bowline_core::engine::directory::TerminalDirectory;
use bowline_core::files::path_text;
use bowline_core::host::{AuthMethod, HostId};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::eventually::PATIENCE;
use bowline_tests::sshd::Sshd;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

#[tokio::test]
async fn a_shell_is_found_by_what_it_says_then_by_its_process_and_never_on_another_host() {
    let sshd = Sshd::builder().config_line("AcceptEnv LANG LC_*").start().await;
    let Some(sshd) = available(sshd) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("it is there");
    let [told, silent] = ["to ld", "si\u{301}lent"].map(|name| root.join(name));
    for one in [&told, &silent] {
        std::fs::create_dir(one).expect("made");
    }
    let screen = desk.open(&host).await;
    screen.running().await;
    let asked = async || desk.engine.terminal_directory(screen.id).await.expect("asked").expect("on a host");
    let is_at = async |path: &std::path::Path| {
        let text = path_text::to_text(path.as_os_str().as_encoded_bytes());
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while asked().await.path != text {
            assert!(tokio::time::Instant::now() < deadline, "it is not at {text}: {:?}", asked().await);
        }
    };
    // Nothing is said: the process is looked up.
    screen.type_in(&format!("cd '{}'\n", silent.display())).await;
    is_at(&silent).await;
    // Said, although the process is elsewhere.
    let said = told.display().to_string().replace(' ', "%%20");
    screen.type_in(&format!("printf '\\033]7;file://%s{said}\\007' \"$(uname -n)\"\n")).await;
    is_at(&told).await;
    let TerminalDirectory { host_id, shown, .. } = asked().await;
    assert_eq!((host_id, shown), (host.clone(), told.display().to_string()));
    // Said by a shell on another host, where this path means something else.
    screen.type_in(&format!("printf '\\033]7;file://elsewhere.example{said}\\007'\n")).await;
    is_at(&silent).await;
}

#[tokio::test]
async fn a_host_that_runs_no_commands_has_its_home_folder() {
    let sshd = Sshd::builder().config_line("ForceCommand internal-sftp").start().await;
    let Some(sshd) = available(sshd) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let home = desk.engine.files(&host).await.expect("opened");
    let home = home.sftp.resolve(&bowline_sftp::SftpPath::here()).await.expect("resolved");
    let screen = desk.open(&host).await;
    let found = desk.engine.terminal_directory(screen.id).await.expect("asked").expect("on a host");
    assert_eq!(found.path.as_bytes(), home.as_bytes());
}
