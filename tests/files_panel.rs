//! What the files panel asks for, on a real sshd.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bowline_core::engine::Engine;
use bowline_core::error::ErrorCode;
use bowline_core::files::change::{ModeChange, ModeOnly};
use bowline_core::files::listing::FolderPage;
use bowline_core::files::look::FilePreview;
use bowline_core::files::path_text;
use bowline_core::files::row::RowKind;
use bowline_core::host::{AuthMethod, HostId};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;

struct Bed {
    sshd: Sshd,
    desk: Desk,
    host: HostId,
    folder: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        Some(Self { sshd, desk, host, folder: tempfile::tempdir().expect("a folder") })
    }

    fn engine(&self) -> &Engine {
        &self.desk.engine
    }

    fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path as the window writes it.
    fn text(&self, name: impl AsRef<Path>) -> String {
        path_text::to_text(self.at(name).as_os_str().as_bytes())
    }

    fn here(&self) -> String {
        path_text::to_text(self.folder.path().as_os_str().as_bytes())
    }

    /// All pages of a folder.
    async fn pages(&self, path: &str) -> Vec<FolderPage> {
        let first = self.engine().files_list(self.host.clone(), path.to_owned()).await.expect("listed");
        let mut pages = vec![first];
        while let Some(next) = pages.last().and_then(|page| page.listing) {
            pages.push(self.engine().files_page(next).await.expect("listed").expect("a page"));
        }
        pages
    }

    async fn delete(&self, names: &[&str], trash: bool) -> bowline_core::files::work::WorkView {
        let paths = names.iter().map(|name| self.text(name)).collect();
        self.engine().files_delete(self.host.clone(), paths, trash, "w".into()).await.expect("deleted")
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("written");
}

#[tokio::test]
async fn a_folder_is_listed_with_what_its_links_lead_to_and_who_owns_it() {
    let Some(bed) = Bed::new().await else { return };
    std::fs::create_dir(bed.at("folder")).expect("made");
    write(&bed.at("file"), b"12345");
    symlink("folder", bed.at("to-folder")).expect("made");
    symlink("file", bed.at("to-file")).expect("made");
    symlink("nowhere", bed.at("to-nothing")).expect("made");
    nix_fifo(&bed.at("pipe"));
    let pages = bed.pages(&bed.here()).await;
    assert_eq!(pages.len(), 1);
    let mut found: Vec<_> = pages[0].rows.iter().map(|row| (row.0.as_str(), row.2)).collect();
    found.sort_by_key(|(name, _)| *name);
    assert_eq!(
        found,
        [
            ("file", RowKind::File),
            ("folder", RowKind::Folder),
            ("pipe", RowKind::Special),
            ("to-file", RowKind::LinkFile),
            ("to-folder", RowKind::LinkFolder),
            ("to-nothing", RowKind::LinkBroken),
        ]
    );
    let file = pages[0].rows.iter().find(|row| row.0 == "file").expect("there");
    assert_eq!(file.3, Some(5.0));
    let uid = file.6.expect("an owner");
    assert_eq!(pages[0].names.users.get(&uid).map(String::as_str), Some(bed.sshd.user()));
    let link = bed.engine().files_link_target(bed.host.clone(), bed.text("to-nothing")).await.expect("read");
    assert_eq!(link.shown, "nowhere");
}

fn nix_fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success());
}

#[tokio::test]
async fn hostile_names_are_shown_escaped_and_can_be_renamed_and_deleted() {
    let Some(bed) = Bed::new().await else { return };
    let names: [&[u8]; 5] =
        [b"a\x1b[2Jb", b"line\nbreak", b"caf\xe9", "txt.\u{202e}exe".as_bytes(), b"-rf \\"];
    for name in names {
        write(&bed.at(OsStr::from_bytes(name)), b"");
    }
    let pages = bed.pages(&bed.here()).await;
    let mut shown: Vec<String> =
        pages[0].rows.iter().map(|row| row.1.clone().unwrap_or_else(|| row.0.clone())).collect();
    shown.sort();
    assert_eq!(
        shown,
        [r"-rf \\", r"a\u{1b}[2Jb", r"caf\xe9", r"line\u{a}break", r"txt.\u{202e}exe"],
        "nothing that a server names reaches the screen as it is"
    );
    for row in &pages[0].rows {
        let path = format!("{}/{}", bed.here(), row.0);
        let name = format!("{}.old", row.0);
        bed.engine().files_rename(bed.host.clone(), path, name).await.expect("renamed");
    }
    assert!(bed.at(OsStr::from_bytes(b"caf\xe9.old")).exists(), "its bytes are what they were");
    let all: Vec<String> =
        bed.pages(&bed.here()).await[0].rows.iter().map(|row| format!("{}/{}", bed.here(), row.0)).collect();
    let done = bed.engine().files_delete(bed.host.clone(), all, false, "w".into()).await.expect("deleted");
    assert_eq!((done.done, done.problem_count), (5, 0));
    assert_eq!(std::fs::read_dir(bed.folder.path()).expect("read").count(), 0);
}

#[tokio::test]
async fn a_large_folder_comes_in_pages_the_first_of_which_is_small() {
    let Some(bed) = Bed::new().await else { return };
    for n in 0..9000 {
        write(&bed.at(format!("f{n:05}")), b"");
    }
    let pages = bed.pages(&bed.here()).await;
    assert_eq!(pages[0].rows.len(), 200);
    let mut names: Vec<&str> =
        pages.iter().flat_map(|page| page.rows.iter().map(|row| row.0.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 9000);
    assert!(pages.iter().all(|page| !page.cut));
    let left = bed.engine().files_list(bed.host.clone(), bed.here()).await.expect("listed");
    let number = left.listing.expect("there is more");
    bed.engine().files_leave(number).await.expect("left");
    assert_eq!(bed.engine().files_page(number).await.expect("answered"), None);
}

#[tokio::test]
async fn making_and_renaming_never_replace_what_is_there() {
    let Some(bed) = Bed::new().await else { return };
    let (engine, host) = (bed.engine(), bed.host.clone());
    engine.files_make_folder(host.clone(), bed.here(), "sub".into()).await.expect("made");
    engine.files_make_file(host.clone(), bed.here(), "note".into()).await.expect("made");
    write(&bed.at("note"), b"mine");
    write(&bed.at("other"), b"other");
    let taken = [
        engine.files_make_folder(host.clone(), bed.here(), "note".into()).await.expect_err("taken").code,
        engine.files_make_file(host.clone(), bed.here(), "note".into()).await.expect_err("taken").code,
        engine.files_rename(host.clone(), bed.text("other"), "note".into()).await.expect_err("taken").code,
    ];
    assert_eq!(taken, [ErrorCode::FileExists; 3]);
    assert_eq!(std::fs::read(bed.at("note")).expect("there"), b"mine");
    for name in ["", ".", "..", "a/b", "a\0b"] {
        let refused = engine.files_rename(host.clone(), bed.text("other"), name.into()).await;
        assert_eq!(refused.expect_err("no name").code, ErrorCode::FileFailed, "{name:?}");
    }
    let gone = engine.files_rename(host, bed.text("gone"), "x".into()).await.expect_err("not there");
    assert_eq!(gone.code, ErrorCode::FileNotFound);
}

#[tokio::test]
async fn deleting_a_tree_follows_no_link_and_leaves_what_it_leads_to() {
    let Some(bed) = Bed::new().await else { return };
    std::fs::create_dir_all(bed.at("tree/a/b/c")).expect("made");
    std::fs::create_dir(bed.at("kept")).expect("made");
    write(&bed.at("kept/precious"), b"x");
    symlink(bed.at("kept"), bed.at("tree/a/link")).expect("made");
    symlink(bed.at("kept"), bed.at("link")).expect("made");
    for n in 0..2500 {
        write(&bed.at(format!("tree/a/f{n}")), b"");
    }
    let done = bed.delete(&["tree", "link"], false).await;
    assert_eq!((done.problem_count, done.cancelled), (0, false), "{done:?}");
    assert_eq!(done.done, 2500 + 1 + 4 + 1);
    assert!(bed.at("kept/precious").exists());
    assert!(!bed.at("tree").exists() && bed.at("link").symlink_metadata().is_err());
    let refused = bed.engine().files_delete(bed.host.clone(), vec!["/".into()], false, "w".into()).await;
    assert_eq!(refused.expect_err("no entry of a folder").code, ErrorCode::FileFailed);
}

#[tokio::test]
async fn one_file_that_cannot_be_deleted_stops_nothing_else_and_is_named_once() {
    let Some(bed) = Bed::new().await else { return };
    std::fs::create_dir_all(bed.at("tree/busy")).expect("made");
    write(&bed.at("tree/one"), b"");
    let immutable = bed.at("tree/busy/held");
    write(&immutable, b"");
    let set = |flag: &str| std::process::Command::new("chattr").arg(flag).arg(&immutable).status();
    if !set("+i").is_ok_and(|status| status.success()) {
        eprintln!("skipped: the file system has no attributes");
        return;
    }
    let done = bed.delete(&["tree", "gone"], false).await;
    set("-i").expect("taken back");
    let paths: Vec<&str> = done.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, [bed.text("tree/busy/held"), bed.text("gone")]);
    assert!(!bed.at("tree/one").exists());
}

#[tokio::test]
async fn a_deletion_is_stopped_by_a_person() {
    let Some(bed) = Bed::new().await else { return };
    for folder in 0..40 {
        std::fs::create_dir_all(bed.at(format!("tree/{folder}"))).expect("made");
        for n in 0..150 {
            write(&bed.at(format!("tree/{folder}/{n}")), b"");
        }
    }
    let (engine, host, path) = (bed.engine().clone(), bed.host.clone(), bed.text("tree"));
    let deleting =
        tokio::spawn(async move { engine.files_delete(host, vec![path], false, "stop me".into()).await });
    while bed
        .engine()
        .files_progress("stop me".into())
        .await
        .expect("answered")
        .is_none_or(|view| view.done == 0)
    {
        assert!(!deleting.is_finished(), "it was faster than this test");
        tokio::task::yield_now().await;
    }
    bed.engine().files_cancel("stop me".into()).await.expect("told");
    let done = deleting.await.expect("ended").expect("answered");
    assert!(done.cancelled && done.done < 6041, "{done:?}");
    assert!(bed.at("tree").exists());
    assert_eq!(bed.engine().files_progress("stop me".into()).await.expect("answered"), None);
}

#[tokio::test]
async fn what_is_thrown_away_lies_in_the_trash_with_a_note_where_it_was() {
    let Some(bed) = Bed::new().await else { return };
    let home = bed.engine().files_home(bed.host.clone()).await.expect("a home").path;
    let own = PathBuf::from(&home).join("bowline trash test");
    for round in 0..2 {
        std::fs::create_dir_all(&own).expect("made");
        write(&own.join("in it"), format!("{round}").as_bytes());
        let path = own.to_str().expect("text").to_owned();
        let done = bed.engine().files_delete(bed.host.clone(), vec![path], true, "w".into()).await;
        assert_eq!(done.expect("answered").problem_count, 0);
        assert!(!own.exists());
    }
    let trash = PathBuf::from(&home).join(".local/share/Trash");
    let second = trash.join("files/bowline trash test.2/in it");
    let note = trash.join("info/bowline trash test.2.trashinfo");
    let (held, said) = (std::fs::read(&second), std::fs::read_to_string(&note));
    for name in ["bowline trash test", "bowline trash test.2"] {
        let _ = std::fs::remove_dir_all(trash.join("files").join(name));
        let _ = std::fs::remove_file(trash.join("info").join(format!("{name}.trashinfo")));
    }
    assert_eq!(held.expect("there"), b"1");
    let said = said.expect("there");
    assert!(said.starts_with("[Trash Info]\nPath=/"), "{said}");
    assert!(said.contains("/bowline%20trash%20test\nDeletionDate=20"), "{said}");
}

#[tokio::test]
async fn permissions_are_changed_bit_by_bit_in_a_tree_and_links_stay_as_they_are() {
    let Some(bed) = Bed::new().await else { return };
    std::fs::create_dir_all(bed.at("tree/sub")).expect("made");
    for name in ["tree/a", "tree/sub/b", "outside"] {
        write(&bed.at(name), b"");
        std::fs::set_permissions(bed.at(name), PermissionsExt::from_mode(0o640)).expect("set");
    }
    symlink(bed.at("outside"), bed.at("tree/link")).expect("made");
    let mode = |name: &str| bed.at(name).metadata().expect("there").permissions().mode() & 0o7777;
    let folder = mode("tree");
    let change = ModeChange { set: 0o004, clear: 0o040, recursive: true, only: ModeOnly::Files };
    let paths = vec![bed.text("tree")];
    let done = bed.engine().files_permissions(bed.host.clone(), paths.clone(), change, "w".into()).await;
    assert_eq!(done.expect("answered").problem_count, 0);
    assert_eq!((mode("tree/a"), mode("tree/sub/b"), mode("outside")), (0o604, 0o604, 0o640));
    assert_eq!(mode("tree"), folder);
    let change = ModeChange { set: 0o700, clear: 0o7777, recursive: false, only: ModeOnly::All };
    bed.engine().files_permissions(bed.host.clone(), paths, change, "w".into()).await.expect("answered");
    assert_eq!((mode("tree"), mode("tree/a")), (0o700, 0o604));
}

#[tokio::test]
async fn a_preview_is_bounded_and_opens_no_pipe() {
    let Some(bed) = Bed::new().await else { return };
    write(&bed.at("text"), "héllo\n\x1b[31m".as_bytes());
    write(&bed.at("long"), &vec![b'x'; 1024 * 1024]);
    write(&bed.at("binary"), b"\x7fELF\0\0\0");
    write(&bed.at("picture"), b"\x89PNG\r\n\x1a\n rest");
    let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
    large.resize(9 * 1024 * 1024, 0);
    write(&bed.at("large"), &large);
    nix_fifo(&bed.at("pipe"));
    let preview = async |name: &str| {
        bed.engine().files_preview(bed.host.clone(), bed.text(name)).await.expect("a preview")
    };
    assert_eq!(preview("text").await, FilePreview::Text { text: "héllo\n␛[31m".into(), cut: false });
    let FilePreview::Text { text, cut } = preview("long").await else { panic!("it is text") };
    assert_eq!((text.len(), cut), (256 * 1024, true));
    assert_eq!(preview("binary").await, FilePreview::Binary);
    assert_eq!(preview("picture").await, FilePreview::Picture);
    assert_eq!(preview("large").await, FilePreview::TooLarge);
    assert_eq!(preview("pipe").await, FilePreview::None);
    let picture = async |name: &str| {
        bed.engine().files_picture(bed.host.clone(), bed.text(name)).await.expect("answered").len()
    };
    assert_eq!((picture("picture").await, picture("large").await, picture("text").await), (13, 0, 0));
}

#[tokio::test]
async fn a_path_goes_on_with_folders_and_says_what_it_is() {
    let Some(bed) = Bed::new().await else { return };
    for name in ["logs", "lib", ".local", "other"] {
        std::fs::create_dir(bed.at(name)).expect("made");
    }
    write(&bed.at("list.txt"), b"");
    symlink("logs", bed.at("link")).expect("made");
    let complete = async |text: String| {
        let found = bed.engine().files_complete(bed.host.clone(), text).await.expect("answered");
        found
            .iter()
            .map(|path| path.path.rsplit('/').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(complete(bed.text("l")).await, ["lib", "link", "logs"]);
    assert_eq!(complete(bed.text(".")).await, [".local"]);
    assert!(complete(bed.text("nowhere/x")).await.is_empty());
    let properties = bed.engine().files_properties(bed.host.clone(), bed.text("link")).await.expect("known");
    assert_eq!(properties.kind, RowKind::LinkFolder);
    assert_eq!(properties.target.expect("a target").shown, "logs");
    assert!(properties.space.is_some_and(|space| space.total > space.available));
}

#[tokio::test]
async fn a_panel_that_lost_its_connection_gets_another_when_it_looks_again() {
    let Some(bed) = Bed::new().await else { return };
    bed.pages(&bed.here()).await;
    bed.sshd.kill_sessions();
    assert_eq!(bed.pages(&bed.here()).await.len(), 1, "what only looks is done again");
    let used = bed.sshd.sessions().len();
    bed.pages(&bed.here()).await;
    bed.engine().files_home(bed.host.clone()).await.expect("a home");
    assert_eq!(bed.sshd.sessions().len(), used, "and all of it on one session");
}
