//! Files of a host that are fetched for other programs of this desktop, on a real sshd.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use bowline_core::error::ErrorCode;
use bowline_core::host::AuthMethod;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;

fn text(path: &Path) -> String {
    path.to_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_and_folders_are_fetched_whole_into_a_private_folder() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let there = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(there.path().join("site/img")).expect("made");
    std::fs::write(there.path().join("site/index.html"), "<p>hello").expect("written");
    std::fs::write(there.path().join("site/img/a.png"), vec![7; 100_000]).expect("written");
    std::fs::write(there.path().join("a name.txt"), "text").expect("written");
    let paths = vec![text(&there.path().join("site")), text(&there.path().join("a name.txt"))];
    let mut fetched = desk.engine.files_fetch_out(host.clone(), paths).await.expect("fetched");
    fetched.sort();
    let names: Vec<_> = fetched.iter().map(|path| path.file_name().expect("a name").to_owned()).collect();
    assert_eq!(names, ["a name.txt", "site"]);
    assert_eq!(std::fs::read(fetched[1].join("img/a.png")).expect("there"), vec![7; 100_000]);
    assert_eq!(std::fs::read_to_string(&fetched[0]).expect("there"), "text");
    let folder = fetched[0].parent().expect("a folder").to_owned();
    assert_eq!(folder.metadata().expect("there").permissions().mode() & 0o777, 0o700);
    // Twice is two folders: the first may still be on the way into another program.
    let again = desk.engine.files_fetch_out(host, vec![text(&there.path().join("a name.txt"))]).await;
    assert_ne!(again.expect("fetched")[0].parent(), Some(folder.as_path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_before_anything_is_fetched() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let there = tempfile::tempdir().expect("a folder");
    let file = |name: &str, length: u64| {
        let path = there.path().join(name);
        std::fs::File::create(&path).and_then(|file| file.set_len(length)).expect("made");
        text(&path)
    };
    let large = file("large", 64 * 1024 * 1024 + 1);
    let (half, other) = (file("half", 40 * 1024 * 1024), file("other", 40 * 1024 * 1024));
    std::fs::create_dir(there.path().join("many")).expect("made");
    for number in 0..2001 {
        std::fs::write(there.path().join(format!("many/{number}")), "").expect("written");
    }
    // A link is as small as its text, wherever it leads.
    symlink("large", there.path().join("link")).expect("made");
    for paths in [vec![large], vec![half, other], vec![text(&there.path().join("many"))]] {
        let error =
            desk.engine.files_fetch_out(host.clone(), paths.clone()).await.expect_err("it is too much");
        assert_eq!(error.code, ErrorCode::JobRefused, "{paths:?}");
        assert!(error.message.contains("Download to"), "{error}");
    }
    assert!(desk.engine.jobs().await.expect("a list").jobs.is_empty());
    let error = desk.engine.files_fetch_out(host, vec!["/nowhere/at/all".to_owned()]).await;
    assert!(error.is_err());
}
