//! Files on a real sshd through the engine.

use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostId};
use bowline_sftp::{Access, Attributes, SftpPath};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;

async fn desk_at(sshd: &Sshd) -> (Desk, HostId) {
    let desk = Desk::new().await;
    desk.know(sshd);
    let host = desk.save(sshd, AuthMethod::Key).await;
    (desk, host)
}

fn path(folder: &std::path::Path, name: &str) -> SftpPath {
    SftpPath::new(folder.join(name).as_os_str().as_encoded_bytes()).expect("a path")
}

#[tokio::test]
async fn a_file_is_written_and_read_on_the_connection_of_the_hosts_terminals() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let folder = tempfile::tempdir().expect("a folder");
    let files = desk.engine.files(&host).await.expect("opened");
    let target = path(folder.path(), "note");
    let new = Access::WRITE | Access::CREATE;
    files.sftp.store(&target, new, &Attributes::default(), b"knot").await.expect("stored");
    assert_eq!(files.sftp.fetch(&target, 4, 1024).await.expect("fetched"), b"knot"[..]);
    let error = files.sftp.stat(&path(folder.path(), "gone")).await.expect_err("there is none");
    let problem = files.problem(&error).await;
    assert_eq!(problem.code, ErrorCode::FileNotFound);
    assert!(problem.message.contains("gone"), "{}", problem.message);
}

#[tokio::test]
async fn a_session_whose_server_is_killed_says_why_it_ended() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let (desk, host) = desk_at(&sshd).await;
    let files = desk.engine.files(&host).await.expect("opened");
    sshd.kill_sessions();
    let error = files.sftp.stat(&SftpPath::here()).await.expect_err("it is gone");
    let problem = files.problem(&error).await;
    assert!(problem.code.is_lost_connection(), "{problem:?}");
}
