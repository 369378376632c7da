//! The folder over SFTP.

use std::path::Path;

use crate::support::{Bed, PATIENCE};
use russh_sftp::client::SftpSession;
use russh_sftp::protocol::OpenFlags;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn sftp(bed: &Bed) -> SftpSession {
    let channel = bed.client().await.channel_open_session().await.expect("a channel");
    channel.request_subsystem(true, "sftp").await.expect("sent");
    SftpSession::new(channel.into_stream()).await.expect("a session")
}

fn path(folder: &TempDir, name: &str) -> std::path::PathBuf {
    folder.path().join(name)
}

#[tokio::test]
async fn a_file_goes_there_and_back_unchanged() {
    let bed = Bed::start().await;
    let sftp = sftp(&bed).await;
    let bytes: Vec<u8> = (0..3_000_001_u32).map(|number| (number % 251) as u8).collect();
    let mut file = sftp.create("up.bin").await.expect("created");
    file.write_all(&bytes).await.expect("written");
    file.shutdown().await.expect("closed");
    assert!(std::fs::read(path(&bed.files, "up.bin")).expect("there") == bytes);
    assert!(sftp.read("/up.bin").await.expect("read") == bytes);
    assert_eq!(sftp.metadata("up.bin").await.expect("known").size, Some(3_000_001));
}

#[tokio::test]
async fn reading_and_writing_at_an_offset_leaves_the_rest_alone() {
    let bed = Bed::start().await;
    std::fs::write(path(&bed.files, "f"), "0123456789").expect("written");
    let sftp = sftp(&bed).await;
    let mut file = sftp.open_with_flags("f", OpenFlags::READ | OpenFlags::WRITE).await.expect("opened");
    tokio::io::AsyncSeekExt::seek(&mut file, std::io::SeekFrom::Start(4)).await.expect("sought");
    file.write_all(b"xy").await.expect("written");
    file.flush().await.expect("flushed");
    let mut rest = String::new();
    file.read_to_string(&mut rest).await.expect("read");
    assert_eq!(rest, "6789");
    drop(file);
    assert_eq!(std::fs::read_to_string(path(&bed.files, "f")).expect("there"), "0123xy6789");
}

#[tokio::test]
async fn folders_are_made_listed_and_removed() {
    let bed = Bed::start().await;
    let sftp = sftp(&bed).await;
    sftp.create_dir("d").await.expect("made");
    for number in 0..250 {
        std::fs::write(path(&bed.files, &format!("d/{number}")), "").expect("written");
    }
    let mut names: Vec<String> =
        sftp.read_dir("/d").await.expect("listed").map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 250);
    assert!(names.contains(&"249".to_owned()));
    assert!(sftp.remove_dir("d").await.is_err(), "it is not empty");
    for name in names {
        sftp.remove_file(format!("d/{name}")).await.expect("removed");
    }
    sftp.remove_dir("d").await.expect("removed");
    assert!(!path(&bed.files, "d").exists());
}

#[tokio::test]
async fn a_rename_replaces_nothing() {
    let bed = Bed::start().await;
    let sftp = sftp(&bed).await;
    std::fs::write(path(&bed.files, "a"), "a").expect("written");
    std::fs::write(path(&bed.files, "b"), "b").expect("written");
    assert!(sftp.rename("a", "b").await.is_err());
    sftp.rename("a", "c").await.expect("renamed");
    assert_eq!(std::fs::read_to_string(path(&bed.files, "b")).expect("there"), "b");
    assert_eq!(std::fs::read_to_string(path(&bed.files, "c")).expect("there"), "a");
}

#[tokio::test]
async fn the_folder_is_the_root_whatever_the_path_says() {
    let bed = Bed::start().await;
    let sftp = sftp(&bed).await;
    assert_eq!(sftp.canonicalize(".").await.expect("a path"), "/");
    assert_eq!(sftp.canonicalize("../../etc/../x").await.expect("a path"), "/x");
    assert!(sftp.read("../../etc/passwd").await.is_err());
    assert!(sftp.read("/etc/passwd").await.is_err());
    sftp.write("../../../../../../escaped", b"x").await.ok();
    assert!(!Path::new("/escaped").exists());
    assert!(!bed.files.path().parent().expect("a parent").join("escaped").exists());
}

#[tokio::test]
async fn no_link_leads_out() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(path(&outside, "secret"), "s").expect("written");
    let bed = Bed::start().await;
    let sftp = sftp(&bed).await;
    let link = |target: &Path, name: &str| {
        std::os::unix::fs::symlink(target, path(&bed.files, name)).expect("a link");
    };
    // Links that somebody else has put there.
    link(outside.path(), "folder");
    link(&path(&outside, "secret"), "file");
    link(Path::new("../../../../../../etc/passwd"), "passwd");
    for name in ["folder/secret", "file", "passwd"] {
        assert!(sftp.read(name).await.is_err(), "{name}");
        assert!(sftp.metadata(name).await.is_err(), "{name}");
        assert!(sftp.open_with_flags(name, OpenFlags::WRITE | OpenFlags::TRUNCATE).await.is_err(), "{name}");
    }
    assert!(sftp.read_dir("folder").await.is_err());
    assert!(sftp.create("folder/new").await.is_err());
    assert!(sftp.create_dir("folder/new").await.is_err());
    assert!(sftp.remove_file("folder/secret").await.is_err());
    assert!(sftp.rename("folder/secret", "mine").await.is_err());
    // The links themselves can be seen and removed.
    assert!(sftp.symlink_metadata("file").await.expect("known").is_symlink());
    sftp.remove_file("file").await.expect("removed");
    assert_eq!(std::fs::read_to_string(path(&outside, "secret")).expect("there"), "s");
}

#[tokio::test]
async fn a_pipe_in_the_folder_is_refused_at_once() {
    let bed = Bed::start().await;
    let fifo = path(&bed.files, "fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    let sftp = sftp(&bed).await;
    let refused = tokio::time::timeout(PATIENCE, sftp.open("fifo")).await.expect("an answer in time");
    assert!(refused.is_err());
    assert!(sftp.metadata("fifo").await.is_ok(), "the session goes on");
}

#[tokio::test]
async fn many_open_files_are_refused_in_time() {
    let bed = Bed::start().await;
    std::fs::write(path(&bed.files, "f"), "x").expect("written");
    let sftp = sftp(&bed).await;
    let mut open = Vec::new();
    while let Ok(file) = sftp.open("f").await {
        open.push(file);
        assert!(open.len() <= 256, "no limit");
    }
    assert_eq!(open.len(), 256);
}
