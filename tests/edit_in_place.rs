//! Files that are changed in place, on a real sshd: what comes back byte for byte, what stands in the way, and what breaks.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bowline_core::engine::Engine;
use bowline_core::error::ErrorCode;
use bowline_core::files::edit::external::{ExternalAnswer, ExternalEdit, ExternalState};
use bowline_core::files::edit::text::{LineEnds, TextEncoding};
use bowline_core::files::edit::view::{EditOpened, EditSave, EditSaved, EditText, EditThere, SaveHow};
use bowline_core::files::path_text;
use bowline_core::host::{AuthMethod, HostDraft, HostId};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::eventually::eventually;
use bowline_tests::fault_proxy::{Cut, Direction, FaultProxy};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

struct Bed {
    _sshd: Sshd,
    desk: Desk,
    host: HostId,
    folder: TempDir,
}

impl Bed {
    async fn new() -> Option<Self> {
        let sshd = available(Sshd::start().await)?;
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        Some(Self { _sshd: sshd, desk, host, folder: TempDir::with_prefix("edit-").expect("a folder") })
    }

    fn engine(&self) -> &Engine {
        &self.desk.engine
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn open(&self, name: &str) -> EditText {
        open(self.engine(), &self.host, &self.at(name)).await
    }

    async fn save(&self, edit: &EditText, text: &str, how: SaveHow) -> EditSaved {
        self.engine().file_edit_save(edit.id, saving(edit, text, how)).await.expect("saved or told why not")
    }
}

async fn opened(engine: &Engine, host: &HostId, path: &Path) -> EditOpened {
    let path = path_text::to_text(path.as_os_str().as_encoded_bytes());
    engine.file_edit_open(host.clone(), path, None).await.expect("opened")
}

async fn open(engine: &Engine, host: &HostId, path: &Path) -> EditText {
    match opened(engine, host, path).await {
        EditOpened::Text { edit } => edit,
        other => panic!("it is text, but {other:?}"),
    }
}

fn saving(edit: &EditText, text: &str, how: SaveHow) -> EditSave {
    let (encoding, line_ends) = (edit.text.encoding, edit.text.line_ends);
    EditSave { text: text.to_owned(), encoding, line_ends, how, in_place: false }
}

fn is_saved(saved: &EditSaved) -> bool {
    matches!(saved, EditSaved::Saved { owner_changed: false, .. })
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("written");
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("read")
}

/// All names in a folder: nothing of ours may be left there.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("listed");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_was_not_changed_is_written_back_byte_for_byte() {
    let Some(bed) = Bed::new().await else { return };
    let cases: [(&str, &[u8], TextEncoding, LineEnds); 8] = [
        ("lf", b"a\nb\n", TextEncoding::Utf8, LineEnds::Lf),
        ("no-end", b"a\nb", TextEncoding::Utf8, LineEnds::Lf),
        ("crlf", b"a\r\nb\r\n", TextEncoding::Utf8, LineEnds::CrLf),
        ("mixed", b"a\r\nb\nc\r", TextEncoding::Utf8, LineEnds::Mixed),
        ("bom", b"\xef\xbb\xbfa\r\n", TextEncoding::Utf8Bom, LineEnds::CrLf),
        ("wide", b"\xff\xfea\0\n\0", TextEncoding::Utf16Le, LineEnds::Lf),
        ("gb", b"\xc4\xe3\xba\xc3\xca\xc0\xbd\xe7\r\n", TextEncoding::Gb18030, LineEnds::CrLf),
        ("latin", b"caf\xe9\n", TextEncoding::Western, LineEnds::Lf),
    ];
    for (name, bytes, encoding, line_ends) in cases {
        write(&bed.at(name), bytes);
        let edit = bed.open(name).await;
        assert_eq!((edit.text.encoding, edit.text.line_ends), (encoding, line_ends), "{name}");
        assert!(is_saved(&bed.save(&edit, &edit.text.text, SaveHow::IfUnchanged).await), "{name}");
        assert_eq!(read(&bed.at(name)), bytes, "{name}");
    }
    assert_eq!(names(bed.folder.path()).len(), cases.len(), "no part is left");
    let gb = bed.open("gb").await;
    let text = format!("{}再见\n", gb.text.text);
    assert!(is_saved(&bed.save(&gb, &text, SaveHow::IfUnchanged).await));
    assert_eq!(read(&bed.at("gb")), b"\xc4\xe3\xba\xc3\xca\xc0\xbd\xe7\r\n\xd4\xd9\xbc\xfb\r\n");
    let latin = bed.open("latin").await;
    let refused = bed.save(&latin, "café\n你", SaveHow::IfUnchanged).await;
    assert_eq!(refused, EditSaved::Unencodable { character: "你".into(), line: 2 });
    assert_eq!(read(&bed.at("latin")), b"caf\xe9\n");
}

#[tokio::test]
async fn what_is_no_text_or_too_large_is_offered_to_others() {
    let Some(bed) = Bed::new().await else { return };
    write(&bed.at("program"), b"\x7fELF\0\x01");
    write(&bed.at("large"), &vec![b'x'; 8 * 1024 * 1024 + 1]);
    let opened = |name: &str| {
        let path = bed.at(name);
        let bed = &bed;
        async move { opened(bed.engine(), &bed.host, &path).await }
    };
    assert_eq!(opened("program").await, EditOpened::Binary { size: 6.0 });
    assert_eq!(opened("large").await, EditOpened::TooLarge { size: 8_388_609.0 });
    assert_eq!(opened("").await, EditOpened::NoFile);
}

#[tokio::test]
async fn mode_owner_and_the_link_that_leads_to_a_file_stay() {
    let Some(bed) = Bed::new().await else { return };
    std::fs::create_dir(bed.at("below")).expect("made");
    write(&bed.at("below/real"), b"old\n");
    std::fs::set_permissions(bed.at("below/real"), PermissionsExt::from_mode(0o4751)).expect("set");
    symlink("below/real", bed.at("link")).expect("made");
    let is_root = std::fs::metadata(bed.folder.path()).expect("there").uid() == 0;
    if is_root {
        std::os::unix::fs::chown(bed.at("below/real"), Some(12), Some(34)).expect("given away");
        std::fs::set_permissions(bed.at("below/real"), PermissionsExt::from_mode(0o4751)).expect("set");
    }
    let edit = bed.open("link").await;
    assert!(edit.target.as_ref().is_some_and(|target| target.shown.ends_with("/below/real")), "{edit:?}");
    assert!(is_saved(&bed.save(&edit, "new\n", SaveHow::IfUnchanged).await));
    let there = std::fs::metadata(bed.at("below/real")).expect("there");
    assert_eq!(read(&bed.at("below/real")), b"new\n");
    assert_eq!(there.mode() & 0o7777, 0o4751);
    if is_root {
        assert_eq!((there.uid(), there.gid()), (12, 34));
    }
    assert_eq!(std::fs::read_link(bed.at("link")).expect("still a link"), Path::new("below/real"));
    assert_eq!(names(&bed.at("below")), ["real"]);
    // And again: what was written is what is known now.
    assert!(is_saved(&bed.save(&edit, "newer\n", SaveHow::IfUnchanged).await));
}

#[tokio::test]
async fn a_change_on_the_server_is_shown_and_never_overwritten_unseen() {
    let Some(bed) = Bed::new().await else { return };
    write(&bed.at("f"), b"one\n");
    let edit = bed.open("f").await;
    // The same size, and likely the same second.
    write(&bed.at("f"), b"two\n");
    let EditSaved::Conflict { there: EditThere::Text { words } } =
        bed.save(&edit, "mine\n", SaveHow::IfUnchanged).await
    else {
        panic!("a conflict")
    };
    assert_eq!(words.text, "two\n");
    assert_eq!(read(&bed.at("f")), b"two\n");
    // Changed once more after it was shown: this one was never seen.
    write(&bed.at("f"), b"three\n");
    let again = bed.save(&edit, "mine\n", SaveHow::Overwrite).await;
    let EditSaved::Conflict { there: EditThere::Text { words } } = again else { panic!("{again:?}") };
    assert_eq!(words.text, "three\n");
    assert!(is_saved(&bed.save(&edit, "mine\n", SaveHow::Overwrite).await));
    assert_eq!(read(&bed.at("f")), b"mine\n");
    // Touched, with the same words: no conflict.
    write(&bed.at("f"), b"mine\n");
    assert_eq!(bed.engine().file_edit_look(edit.id).await.expect("looked"), None);
    assert!(is_saved(&bed.save(&edit, "mine 2\n", SaveHow::IfUnchanged).await));
    write(&bed.at("f"), b"theirs\n");
    let looked = bed.engine().file_edit_look(edit.id).await.expect("looked");
    assert!(matches!(looked, Some(EditThere::Text { words }) if words.text == "theirs\n"));
    let copy = bed.save(&edit, "mine 3\n", SaveHow::AsCopy { name: "f.mine".into() }).await;
    let EditSaved::Saved { path, .. } = copy else { panic!("{copy:?}") };
    assert!(path.shown.ends_with("/f.mine"));
    assert_eq!((read(&bed.at("f")), read(&bed.at("f.mine"))), (b"theirs\n".into(), b"mine 3\n".into()));
    assert!(is_saved(&bed.save(&edit, "mine 4\n", SaveHow::IfUnchanged).await));
    assert_eq!(read(&bed.at("f.mine")), b"mine 4\n", "the edit goes on in the copy");
    let taken =
        bed.engine().file_edit_save(edit.id, saving(&edit, "x", SaveHow::AsCopy { name: "f".into() }));
    assert_eq!(taken.await.expect_err("it is taken").code, ErrorCode::FileExists);
    assert_eq!(read(&bed.at("f")), b"theirs\n");
}

#[tokio::test]
async fn a_deleted_file_is_made_again_only_when_a_person_says_so() {
    let Some(bed) = Bed::new().await else { return };
    write(&bed.at("f"), b"one\n");
    std::fs::set_permissions(bed.at("f"), PermissionsExt::from_mode(0o600)).expect("set");
    let edit = bed.open("f").await;
    std::fs::remove_file(bed.at("f")).expect("removed");
    let saved = bed.save(&edit, "mine\n", SaveHow::IfUnchanged).await;
    assert_eq!(saved, EditSaved::Conflict { there: EditThere::Deleted });
    assert_eq!(names(bed.folder.path()), Vec::<String>::new());
    assert!(is_saved(&bed.save(&edit, "mine\n", SaveHow::Overwrite).await));
    assert_eq!(read(&bed.at("f")), b"mine\n");
    let mode = std::fs::metadata(bed.at("f")).expect("there").mode() & 0o7777;
    assert_eq!(mode, 0o600, "it is no more open than it was");
    bed.engine().file_edit_close(edit.id).await.expect("closed");
    let gone = bed.engine().file_edit_save(edit.id, saving(&edit, "x", SaveHow::IfUnchanged)).await;
    assert_eq!(gone.expect_err("it is closed").code, ErrorCode::EditRefused);
}

/// A disk of two mebibytes.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = TempDir::with_prefix("disk-").expect("a folder");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(folder.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_file_whole() {
    let Some(bed) = Bed::new().await else { return };
    let Some(disk) = SmallDisk::new() else {
        eprintln!("skipped: no small disk can be made here");
        return;
    };
    let file = disk.0.path().join("f");
    write(&file, b"the old one\n");
    let edit = open(bed.engine(), &bed.host, &file).await;
    write(&disk.0.path().join("ballast"), &vec![1; 1_500_000]);
    let large = "x".repeat(1_000_000);
    let saved = bed.engine().file_edit_save(edit.id, saving(&edit, &large, SaveHow::IfUnchanged)).await;
    assert_eq!(saved.expect_err("there is no room").code, ErrorCode::HostDiskFull);
    assert_eq!(read(&file), b"the old one\n");
    assert_eq!(names(disk.0.path()), ["ballast", "f"], "nothing of ours takes the room that is left");
    // In place there is no room either, and what was there is put back.
    let in_place = EditSave { in_place: true, ..saving(&edit, &large, SaveHow::IfUnchanged) };
    let saved = bed.engine().file_edit_save(edit.id, in_place).await;
    assert_eq!(saved.expect_err("there is no room").code, ErrorCode::HostDiskFull);
    assert_eq!(read(&file), b"the old one\n");
    std::fs::remove_file(disk.0.path().join("ballast")).expect("removed");
    assert!(is_saved(&bed.save(&edit, &large, SaveHow::IfUnchanged).await));
    assert_eq!(read(&file), large.as_bytes());
}

#[tokio::test]
async fn where_the_folder_takes_no_file_it_is_written_to_in_place_only_when_a_person_says_so() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer_with(sshd.password().expect("a password"));
    let host = desk.save(&sshd, AuthMethod::Password).await;
    let folder = TempDir::with_prefix("edit-").expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("set");
    let [open_to_all, closed] = ["open", "closed"].map(|name| folder.path().join(name));
    for (file, mode) in [(&open_to_all, 0o666), (&closed, 0o644)] {
        write(file, b"old\n");
        std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).expect("set");
    }
    let edit = open(&desk.engine, &host, &open_to_all).await;
    assert!(!edit.read_only);
    let inode = std::fs::metadata(&open_to_all).expect("there").ino();
    let save = |in_place| EditSave { in_place, ..saving(&edit, "n\n", SaveHow::IfUnchanged) };
    assert_eq!(desk.engine.file_edit_save(edit.id, save(false)).await.expect("told"), EditSaved::InPlace);
    assert_eq!(read(&open_to_all), b"old\n");
    assert!(is_saved(&desk.engine.file_edit_save(edit.id, save(true)).await.expect("saved")));
    assert_eq!(read(&open_to_all), b"n\n", "it is cut to its new length");
    assert_eq!(std::fs::metadata(&open_to_all).expect("there").ino(), inode);
    assert!(open(&desk.engine, &host, &closed).await.read_only);
}

/// A file that is not the old one is the new one, at every moment and after every cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_in_the_middle_leaves_one_whole_file_and_the_text_can_be_saved_again() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let proxy = FaultProxy::start(sshd.address(), 1).await;
    let desk = Desk::new().await;
    let own = format!("[{}]:{}", sshd.address().ip(), sshd.address().port());
    let through = format!("[{}]:{}", proxy.address().ip(), proxy.address().port());
    write(&desk.ssh_dir().join("known_hosts"), sshd.known_hosts().replace(&own, &through).as_bytes());
    let draft = HostDraft {
        user: sshd.user().to_owned(),
        auth: AuthMethod::Key,
        key_path: sshd.client_key_file().to_string_lossy().into_owned(),
        ..at(proxy.address())
    };
    let host = desk.save_draft(draft).await;
    let folder = TempDir::with_prefix("edit-").expect("a folder");
    let file = folder.path().join("f");
    let old = "the old one\n".repeat(100);
    let new = "the new one, which is longer\n".repeat(20_000);
    let mut lost = 0;
    for (direction, bytes) in [
        (Direction::ToServer, 1_000),
        (Direction::ToServer, 300_000),
        (Direction::ToServer, new.len() as u64 + 1_500),
        (Direction::ToServer, new.len() as u64 + 2_500),
        (Direction::ToClient, 500),
        (Direction::ToClient, 1_500),
        (Direction::ToClient, 2_500),
    ] {
        write(&file, old.as_bytes());
        desk.engine.host_disconnect(host.clone()).await.expect("disconnected");
        let before = proxy.passed(direction);
        let edit = open(&desk.engine, &host, &file).await;
        // What passes is counted for each connection from its beginning.
        proxy.cut_at(direction, proxy.passed(direction) - before + bytes, Cut::Reset);
        let cut = desk.engine.file_edit_save(edit.id, saving(&edit, &new, SaveHow::IfUnchanged)).await;
        let there = read(&file);
        assert!(there == old.as_bytes() || there == new.as_bytes(), "{direction:?} {bytes}");
        if let Err(error) = &cut {
            lost += 1;
            assert!(error.code.is_lost_connection() || error.code == ErrorCode::SftpFailed, "{error}");
        }
        // One that was not reached would cut the next save.
        proxy.cut_at(direction, u64::MAX, Cut::Reset);
        // Again on a new connection, wherever the first one came to: never a conflict with ourselves.
        let newer = format!("{new}and more\n");
        let saved = desk.engine.file_edit_save(edit.id, saving(&edit, &newer, SaveHow::IfUnchanged)).await;
        let saved = saved.unwrap_or_else(|error| panic!("{direction:?} {bytes}: {cut:?}, then {error}"));
        assert!(is_saved(&saved), "{direction:?} {bytes}: {cut:?} {saved:?}");
        assert_eq!(read(&file), newer.as_bytes());
        assert_eq!(names(folder.path()), ["f"], "{direction:?} {bytes}: the part of the cut save is gone");
    }
    assert!(lost >= 4, "most of them were cut: {lost}");
}

/// A program of the person's own: a script that writes what is in a file beside it.
fn editor(folder: &Path, script: &str) -> String {
    let file = folder.join("my editor");
    write(&file, format!("#!/bin/sh\n{script}\n").as_bytes());
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("set");
    format!("'{}' -n {{file}}", file.display())
}

async fn external(engine: &Engine, wanted: impl Fn(&ExternalEdit) -> bool) -> ExternalEdit {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let all = engine.file_edit_externals().await.expect("told");
        if let [one] = all.as_slice()
            && wanted(one)
        {
            return one.clone();
        }
        assert!(tokio::time::Instant::now() < deadline, "not in time: {all:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_program_saves_goes_back_and_what_stands_in_its_way_is_asked() {
    let Some(bed) = Bed::new().await else { return };
    let tools = TempDir::with_prefix("editor-").expect("a folder");
    write(&bed.at("a.conf"), b"one\r\n");
    std::fs::set_permissions(bed.at("a.conf"), PermissionsExt::from_mode(0o640)).expect("set");
    // As vim does it: a new file takes the place of the old one.
    let command =
        editor(tools.path(), r#"cp "$2" "$2.new" && printf 'two\r\n' >> "$2.new" && mv "$2.new" "$2""#);
    let path = path_text::to_text(bed.at("a.conf").as_os_str().as_encoded_bytes());
    let opened =
        bed.engine().file_edit_external(bed.host.clone(), path.clone(), command).await.expect("opened");
    assert!(opened.started && opened.file.ends_with("/a.conf"), "{opened:?}");
    let saved = external(bed.engine(), |edit| edit.saves == 1).await;
    assert_eq!(read(&bed.at("a.conf")), b"one\r\ntwo\r\n");
    assert_eq!(std::fs::metadata(bed.at("a.conf")).expect("there").mode() & 0o777, 0o640);
    let copies = Path::new(&saved.folder);
    assert_eq!(
        std::fs::metadata(copies).expect("there").mode() & 0o777,
        0o700,
        "nobody else may look into it"
    );
    assert!(copies.starts_with(bed.desk.data_dir()));
    // Somebody else was faster.
    write(&bed.at("a.conf"), b"theirs\n");
    write(Path::new(&opened.file), b"mine\n");
    let answer = |answer| bed.engine().file_edit_answer(opened.id, answer);
    let waits = external(bed.engine(), |edit| edit.state == ExternalState::Conflict { deleted: false }).await;
    assert!(waits.unsent);
    assert_eq!(read(&bed.at("a.conf")), b"theirs\n");
    let copy = bed.engine().file_edit_copy(opened.id).await.expect("told").expect("text");
    assert_eq!(copy.text, "mine\n");
    answer(ExternalAnswer::Overwrite).await.expect("taken");
    external(bed.engine(), |edit| edit.saves == 2 && !edit.unsent).await;
    assert_eq!(read(&bed.at("a.conf")), b"mine\n");
    std::fs::remove_file(bed.at("a.conf")).expect("removed");
    write(Path::new(&opened.file), b"mine 2\n");
    external(bed.engine(), |edit| edit.state == ExternalState::Conflict { deleted: true }).await;
    answer(ExternalAnswer::Copy { name: "b.conf".into() }).await.expect("taken");
    external(bed.engine(), |edit| edit.saves == 3).await;
    assert_eq!(names(bed.folder.path()), ["b.conf"]);
    assert_eq!(read(&bed.at("b.conf")), b"mine 2\n");
    answer(ExternalAnswer::Stop { keep: false }).await.expect("taken");
    eventually("the copy is gone", || !copies.exists()).await;
    let bad = bed.engine().file_edit_external(
        bed.host.clone(),
        path.replace("a.conf", "b.conf"),
        "/no/such/editor".into(),
    );
    assert_eq!(bad.await.expect_err("there is none").code, ErrorCode::EditorFailed);
    let left = std::fs::read_dir(bed.desk.data_dir().join("edits")).expect("listed").count();
    assert_eq!(left, 0, "no copy is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_not_sent_when_the_app_ends_stays() {
    let Some(bed) = Bed::new().await else { return };
    for name in ["sent", "unsent"] {
        write(&bed.at(name), b"one\n");
    }
    let open = |name: &str| {
        let path = path_text::to_text(bed.at(name).as_os_str().as_encoded_bytes());
        bed.engine().file_edit_external(bed.host.clone(), path, String::new())
    };
    let unsent = open("unsent").await.expect("opened");
    assert!(!unsent.started, "the desktop opens it");
    write(&bed.at("unsent"), b"theirs\n");
    write(Path::new(&unsent.file), b"mine\n");
    external(bed.engine(), |edit| edit.unsent && edit.state != ExternalState::Saving).await;
    let sent = open("sent").await.expect("opened");
    bed.engine().shut_down().await;
    assert!(!Path::new(&sent.file).exists());
    assert_eq!(read(Path::new(&unsent.file)), b"mine\n");
}
