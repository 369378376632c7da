//! What the files panel asks for, of this computer.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bowline_core::engine::Engine;
use bowline_core::error::ErrorCode;
use bowline_core::files::change::{ModeChange, ModeOnly};
use bowline_core::files::look::FilePreview;
use bowline_core::files::path_text;
use bowline_core::files::row::RowKind;
use bowline_core::host::HostId;
use bowline_tests::desk::Desk;

struct Bed {
    desk: Desk,
    folder: tempfile::TempDir,
}

fn here() -> HostId {
    HostId("local".into())
}

impl Bed {
    async fn new() -> Self {
        Self { desk: Desk::new().await, folder: tempfile::tempdir().expect("a folder") }
    }

    fn engine(&self) -> &Engine {
        &self.desk.engine
    }

    fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) {
        std::fs::write(self.at(name), bytes).expect("written");
    }

    /// A path as the window writes it.
    fn text(&self, name: impl AsRef<Path>) -> String {
        path_text::to_text(self.at(name).as_os_str().as_bytes())
    }

    async fn names(&self) -> Vec<(String, RowKind)> {
        let page = self.engine().files_list(here(), self.text("")).await.expect("listed");
        let mut names: Vec<_> = page.rows.iter().map(|row| (row.0.clone(), row.2)).collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        names
    }
}

#[tokio::test]
async fn a_folder_of_this_computer_is_listed_as_one_of_a_host() {
    let bed = Bed::new().await;
    std::fs::create_dir(bed.at("folder")).expect("made");
    bed.write("file", b"12345");
    bed.write(OsStr::from_bytes(b"caf\xe9"), b"");
    symlink("folder", bed.at("to-folder")).expect("made");
    symlink("nowhere", bed.at("to-nothing")).expect("made");
    assert_eq!(
        bed.names().await,
        [
            (path_text::to_text(b"caf\xe9"), RowKind::File),
            ("file".to_owned(), RowKind::File),
            ("folder".to_owned(), RowKind::Folder),
            ("to-folder".to_owned(), RowKind::LinkFolder),
            ("to-nothing".to_owned(), RowKind::LinkBroken),
        ]
    );
    let page = bed.engine().files_list(here(), bed.text("")).await.expect("listed");
    let file = page.rows.iter().find(|row| row.0 == "file").expect("it is there");
    assert_eq!(file.3, Some(5.0));
    assert!(!page.names.users.is_empty(), "the owner has a name");
}

#[tokio::test]
async fn many_entries_come_in_pages_and_completion_finds_folders() {
    let bed = Bed::new().await;
    for number in 0..1000 {
        bed.write(format!("file-{number}"), b"");
    }
    std::fs::create_dir(bed.at("files")).expect("made");
    let mut page = bed.engine().files_list(here(), bed.text("")).await.expect("listed");
    let mut rows = page.rows.len();
    while let Some(next) = page.listing {
        page = bed.engine().files_page(next).await.expect("listed").expect("a page");
        rows += page.rows.len();
    }
    assert_eq!(rows, 1001);
    let found = bed.engine().files_complete(here(), bed.text("fi")).await.expect("completed");
    assert_eq!(found.iter().map(|one| one.path.clone()).collect::<Vec<_>>(), [bed.text("files")]);
}

#[tokio::test]
async fn things_are_made_renamed_and_deleted_and_nothing_is_replaced() {
    let bed = Bed::new().await;
    let engine = bed.engine();
    engine.files_make_folder(here(), bed.text(""), "new".into()).await.expect("made");
    engine.files_make_file(here(), bed.text("new"), "note".into()).await.expect("made");
    bed.write("other", b"mine");
    let taken = engine.files_rename(here(), bed.text("new"), "other".into()).await.expect_err("taken");
    assert_eq!(taken.code, ErrorCode::FileExists);
    let taken = engine.files_make_file(here(), bed.text(""), "other".into()).await.expect_err("taken");
    assert_eq!(taken.code, ErrorCode::FileExists);
    assert_eq!(std::fs::read(bed.at("other")).expect("read"), b"mine");
    let odd = path_text::to_text(b"n\xff");
    engine.files_rename(here(), bed.text("new"), odd.clone()).await.expect("renamed");
    assert!(bed.at(OsStr::from_bytes(b"n\xff")).join("note").exists());
    let path = format!("{}/{odd}", bed.text("").trim_end_matches('/'));
    let view = engine.files_delete(here(), vec![path], false, "w".into()).await.expect("deleted");
    assert_eq!((view.done, view.problem_count), (2, 0));
    assert_eq!(bed.names().await, [("other".to_owned(), RowKind::File)]);
}

#[tokio::test]
async fn a_link_is_deleted_and_what_it_leads_to_stays() {
    let bed = Bed::new().await;
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("kept"), b"1").expect("written");
    std::fs::create_dir(bed.at("tree")).expect("made");
    symlink(outside.path(), bed.at("tree/out")).expect("made");
    bed.engine().files_delete(here(), vec![bed.text("tree")], false, "w".into()).await.expect("deleted");
    assert!(!bed.at("tree").exists());
    assert!(outside.path().join("kept").exists());
}

#[tokio::test]
async fn permissions_properties_and_previews_are_those_of_the_disk() {
    let bed = Bed::new().await;
    bed.write("text", "grüß\n".as_bytes());
    let change = ModeChange { set: 0o700, clear: 0o077, recursive: false, only: ModeOnly::All };
    let paths = vec![bed.text("text")];
    bed.engine().files_permissions(here(), paths, change, "w".into()).await.expect("changed");
    let mode = std::fs::metadata(bed.at("text")).expect("known").permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
    let known = bed.engine().files_properties(here(), bed.text("text")).await.expect("known");
    assert_eq!((known.size, known.mode), (Some(7.0), Some(0o700)));
    assert!(known.space.expect("there is a disk").total > 0.0);
    let shown = bed.engine().files_preview(here(), bed.text("text")).await.expect("shown");
    assert_eq!(shown, FilePreview::Text { text: "grüß\n".into(), cut: false });
    let home = bed.engine().files_home(here()).await.expect("known");
    assert_eq!(
        Some(PathBuf::from(home.path)),
        std::env::home_dir().and_then(|home| home.canonicalize().ok())
    );
}

#[tokio::test]
async fn a_pipe_keeps_nothing_waiting() {
    let bed = Bed::new().await;
    let made = std::process::Command::new("mkfifo").arg(bed.at("pipe")).status().expect("it runs");
    assert!(made.success());
    let shown = bed.engine().files_preview(here(), bed.text("pipe")).await.expect("looked at");
    assert_eq!(shown, FilePreview::None);
    let missing = bed.engine().files_list(here(), bed.text("gone")).await.expect_err("there is none");
    assert_eq!(missing.code, ErrorCode::FileNotFound);
}
