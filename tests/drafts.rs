//! What a person changed in a file of a host and never saved, on a real sshd.

use bowline_core::engine::Engine;
use bowline_core::files::edit::view::{
    EditDraft, EditOpened, EditSave, EditSaved, EditText, EditWords, SaveHow,
};
use bowline_core::host::{AuthMethod, HostId};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::sshd::Sshd;

async fn open(engine: &Engine, host: &HostId, path: &str) -> EditText {
    match engine.file_edit_open(host.clone(), path.to_owned(), None).await.expect("opened") {
        EditOpened::Text { edit } => edit,
        other => panic!("it is text, but {other:?}"),
    }
}

fn changed(edit: &EditText, text: &str) -> EditWords {
    EditWords { text: text.to_owned(), ..edit.text.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_a_file_that_was_deleted_can_be_had_and_saved() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let there = tempfile::tempdir().expect("a folder");
    let file = there.path().join("app.conf");
    std::fs::write(&file, "a=1\n").expect("written");
    let path = file.to_str().expect("text");

    let edit = open(&desk.engine, &host, path).await;
    assert!(desk.engine.file_drafts().await.expect("a list").is_empty());
    desk.engine.file_draft_keep(edit.id, changed(&edit, "a=2\n")).await.expect("kept");
    desk.engine.file_edit_close(edit.id).await.expect("closed");
    std::fs::remove_file(&file).expect("deleted");
    let listed = desk.engine.file_drafts().await.expect("a list");
    assert_eq!(
        listed.iter().map(|kept| (&kept.host, kept.path.path.as_str())).collect::<Vec<_>>(),
        [(&host, path)]
    );

    let edit = open(&desk.engine, &host, path).await;
    assert!(edit.gone && edit.text.text.is_empty());
    assert_eq!(edit.draft.as_ref().map(|draft| draft.words.text.as_str()), Some("a=2\n"));
    let save = EditSave {
        text: "a=2\n".to_owned(),
        encoding: edit.text.encoding,
        line_ends: edit.text.line_ends,
        how: SaveHow::IfUnchanged,
        in_place: false,
    };
    let saved = desk.engine.file_edit_save(edit.id, save).await.expect("saved");
    assert!(matches!(saved, EditSaved::Saved { .. }), "{saved:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "a=2\n");
    desk.engine.file_draft_drop(host.clone(), path.to_owned()).await.expect("dropped");
    std::fs::remove_file(&file).expect("deleted");
    assert!(desk.engine.file_edit_open(host, path.to_owned(), None).await.is_err(), "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_offered_until_it_is_dropped_or_says_what_the_file_says() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    let there = tempfile::tempdir().expect("a folder");
    let file = there.path().join("app.conf");
    std::fs::write(&file, "a=1\n").expect("written");
    let path = file.to_str().expect("text");

    let edit = open(&desk.engine, &host, path).await;
    assert_eq!(edit.draft, None);
    desk.engine.file_draft_keep(edit.id, changed(&edit, "a=2\n")).await.expect("kept");
    desk.engine.file_edit_close(edit.id).await.expect("closed");
    assert!(desk.engine.file_draft_keep(edit.id, changed(&edit, "a=3\n")).await.is_err(), "it is not open");

    let edit = open(&desk.engine, &host, path).await;
    let draft = edit.draft.clone().expect("a draft");
    assert_eq!((draft.words.text.as_str(), draft.is_outdated), ("a=2\n", false));
    assert!(draft.kept_ms > 0.0);

    std::fs::write(&file, "a=1\nb=1\n").expect("written");
    let draft = open(&desk.engine, &host, path).await.draft;
    assert!(matches!(draft, Some(EditDraft { is_outdated: true, .. })), "{draft:?}");

    // As if the window had ended between saving it and saying so.
    std::fs::write(&file, "a=2\n").expect("written");
    assert_eq!(open(&desk.engine, &host, path).await.draft, None);
    std::fs::write(&file, "a=1\n").expect("written");
    let edit = open(&desk.engine, &host, path).await;
    assert_eq!(edit.draft, None, "it is over");

    desk.engine.file_draft_keep(edit.id, changed(&edit, "a=4\n")).await.expect("kept");
    desk.engine.file_draft_drop(host.clone(), path.to_owned()).await.expect("dropped");
    assert_eq!(open(&desk.engine, &host, path).await.draft, None);
}
