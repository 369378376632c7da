//! What is done to paths, on a real server.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use bowline_sftp::{Access, Attributes, Doing, ErrorKind, Extensions, FileKind, FileName, SftpPath, Times};

use crate::server::{path, server};

#[tokio::test]
async fn openssh_announces_everything_that_is_known_here() {
    let Some(server) = server().await else { return };
    let Extensions { posix_rename, fsync, hard_link, statvfs, limits, lsetstat, expand_path, .. } =
        server.sftp.extensions();
    assert!(posix_rename && fsync && hard_link && statvfs && limits && lsetstat && expand_path);
    // The answer to any request comes behind that about the limits.
    server.sftp.stat(&SftpPath::here()).await.expect("a folder");
    assert_eq!(server.sftp.limits().read_bytes, 255 * 1024);
    assert_eq!(server.sftp.limits().write_bytes, 255 * 1024);
}

#[tokio::test]
async fn attributes_are_read_and_set_on_files_and_links() {
    let Some(server) = server().await else { return };
    fs::write(server.folder.path().join("file"), "12345").expect("written");
    symlink("file", server.folder.path().join("link")).expect("linked");
    let (file, link) = (server.path("file"), server.path("link"));
    let change = Attributes {
        mode: Some(0o640),
        times: Some(Times { accessed: 1_000_000, modified: 2_000_000 }),
        ..Attributes::default()
    };
    server.sftp.set_attributes(&link, &change).await.expect("set");
    let known = server.sftp.stat(&link).await.expect("there");
    assert_eq!((known.kind(), known.size, known.permissions()), (FileKind::File, Some(5), Some(0o640)));
    assert_eq!(known.times, change.times);
    assert_eq!(server.sftp.lstat(&link).await.expect("there").kind(), FileKind::Link);

    let times = Attributes { times: Some(Times { accessed: 3, modified: 4 }), ..Attributes::default() };
    server.sftp.set_link_attributes(&link, &times).await.expect("set");
    assert_eq!(server.sftp.lstat(&link).await.expect("there").times, times.times);
    assert_eq!(server.sftp.stat(&file).await.expect("there").times, change.times);

    let shorter = Attributes { size: Some(2), ..Attributes::default() };
    server.sftp.set_attributes(&file, &shorter).await.expect("cut");
    assert_eq!(fs::read(server.folder.path().join("file")).expect("there"), b"12");
}

#[tokio::test]
async fn names_of_any_bytes_go_there_and_back() {
    let Some(server) = server().await else { return };
    let names: [&[u8]; 6] = [b"caf\xe9", b"a\nb", b"\x01\xff\xfe", "文件".as_bytes(), b"-rf *", b"\\x"];
    let folder = path(server.folder.path());
    for bytes in names {
        let name = FileName::new(bytes).expect("a name");
        let path = folder.join(&name).expect("short");
        let (new, attributes) = (Access::CREATE | Access::NEW, Attributes::default());
        server.sftp.store(&path, new, &attributes, bytes).await.expect("stored");
        assert_eq!(fs::read(server.folder.path().join(OsStr::from_bytes(bytes))).expect("there"), bytes);
        let link = folder.join(&FileName::new([bytes, b"-link"].concat()).expect("a name")).expect("short");
        server.sftp.symlink(&SftpPath::new(bytes).expect("a path"), &link).await.expect("linked");
        assert_eq!(server.sftp.read_link(&link).await.expect("a link").as_bytes(), bytes);
        assert_eq!(server.sftp.resolve(&link).await.expect("there").file_name(), Some(name));
    }
}

#[tokio::test]
async fn folders_and_files_are_made_and_removed() {
    let Some(server) = server().await else { return };
    let folder = server.path("a");
    server.sftp.make_directory(&folder, &Attributes::with_permissions(0o700)).await.expect("made");
    let mode = fs::metadata(server.folder.path().join("a")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let file = server.path("a/b");
    server.sftp.store(&file, Access::CREATE, &Attributes::default(), b"x").await.expect("stored");
    let full = server.sftp.remove_directory(&folder).await.expect_err("it is not empty");
    assert!(matches!(full.kind, ErrorKind::Failure { code: 4, .. }), "{full}");
    server.sftp.remove(&file).await.expect("removed");
    server.sftp.remove_directory(&folder).await.expect("removed");
    let gone = server.sftp.stat(&folder).await.expect_err("it is gone");
    assert!(matches!(gone.kind, ErrorKind::NoSuchFile));
    assert_eq!((gone.doing, gone.path), (Doing::Stat, Some(folder)));
}

#[tokio::test]
async fn a_rename_leaves_alone_what_is_there_and_a_replacement_takes_its_place() {
    let Some(server) = server().await else { return };
    let read = |name: &str| fs::read_to_string(server.folder.path().join(name)).ok();
    let write = |name: &str, text: &str| fs::write(server.folder.path().join(name), text).expect("written");
    let (old, new, aside) = (server.path("old"), server.path("new"), server.path("aside"));
    write("old", "old");
    write("new", "new");
    let refused = server.sftp.rename(&new, &old).await.expect_err("something is there");
    assert!(matches!(refused.kind, ErrorKind::Failure { .. }), "{refused}");
    assert_eq!(read("old").as_deref(), Some("old"));
    server.sftp.replace(&new, &old).await.expect("replaced");
    assert_eq!((read("old").as_deref(), read("new")), (Some("new"), None));

    write("new", "newer");
    server.sftp.replace_in_steps(&new, &old, &aside).await.expect("replaced");
    assert_eq!((read("old").as_deref(), read("new"), read("aside")), (Some("newer"), None, None));
    // The second step fails: what was there comes back.
    let gone = server.sftp.replace_in_steps(&new, &old, &aside).await.expect_err("nothing is at new");
    assert!(matches!(gone.kind, ErrorKind::NoSuchFile), "{gone}");
    assert_eq!((read("old").as_deref(), read("aside")), (Some("newer"), None));
}

#[tokio::test]
async fn what_the_extensions_offer_works() {
    let Some(server) = server().await else { return };
    fs::write(server.folder.path().join("file"), "12345").expect("written");
    let file = server.path("file");
    server.sftp.hard_link(&file, &server.path("other")).await.expect("linked");
    assert_eq!(fs::metadata(server.folder.path().join("other")).expect("there").nlink(), 2);
    let space = server.sftp.space(&file).await.expect("known");
    assert!(space.total_bytes >= space.free_bytes && space.free_bytes >= space.available_bytes);
    assert!(space.name_max_bytes >= 100);
    let home = server.sftp.expand(&SftpPath::try_from("~").expect("a path")).await.expect("known");
    assert!(home.is_absolute(), "{home}");
    let synced = server.open("file", Access::WRITE).await;
    synced.write(5, b"6").await.expect("written");
    synced.sync().await.expect("synced");
    synced.close().await.expect("closed");
    if server.sftp.extensions().owner_names {
        let users: Vec<u32> = [0, 4_000_000_000].into_iter().cycle().take(600).collect();
        let names = server.sftp.owner_names(&users, &[0]).await.expect("known");
        assert_eq!(names.users.len(), 600);
        assert_eq!(names.users[..2], [Some(b"root".to_vec()), None]);
        assert!(names.groups[0].is_some());
    }
    if server.sftp.extensions().copy_data {
        let from = server.reading("file").await;
        let to = server.making("copy").await;
        from.copy_to(1, Some(3), &to, 2).await.expect("copied");
        from.copy_to(0, Some(0), &to, 0).await.expect("nothing to do");
        assert_eq!(fs::read(server.folder.path().join("copy")).expect("there"), b"\0\x00234");
        from.copy_to(0, None, &to, 0).await.expect("copied");
        assert_eq!(fs::read(server.folder.path().join("copy")).expect("there"), b"123456");
    }
}

#[tokio::test]
async fn a_failure_says_what_was_done_to_which_path() {
    let Some(server) = server().await else { return };
    let missing = server.path("no\u{1}such");
    let error = server.sftp.open(&missing, Access::READ, &Attributes::default()).await.expect_err("missing");
    let shown = missing.to_string();
    assert!(shown.ends_with(r"no\u{1}such"));
    assert_eq!(error.to_string(), format!("could not open {shown}: there is no such file or folder"));
    assert!(!error.is_fatal());
}

#[tokio::test]
async fn a_server_that_is_killed_fails_everything_with_the_same_reason() {
    let Some(mut server) = server().await else { return };
    let ended = server.sftp.ended();
    let file = server.making("file").await;
    server.child.kill().await.expect("killed");
    let reason = ended.await;
    let error = file.write(0, b"x").await.expect_err("it is gone");
    assert!(error.is_fatal(), "{error}");
    assert!(error.to_string().ends_with(&reason.to_string()), "{error} / {reason}");
    let error = server.sftp.open(&server.path("a"), Access::READ, &Attributes::default()).await;
    assert!(matches!(error.expect_err("it is gone").kind, ErrorKind::ConnectionLost(_)));
}

#[tokio::test]
async fn the_server_ends_when_nobody_uses_the_session_any_more() {
    let Some(mut server) = server().await else { return };
    let file = server.making("file").await;
    file.write(0, b"kept").await.expect("written");
    drop(server.sftp);
    // A file that is open keeps its session.
    file.write(4, b" on").await.expect("written");
    drop(file);
    assert!(server.child.wait().await.expect("it ended").success());
    assert_eq!(fs::read(server.folder.path().join("file")).expect("there"), b"kept on");
}
