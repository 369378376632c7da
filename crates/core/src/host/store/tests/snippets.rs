//! Snippets beside the hosts.

use super::*;
use crate::snippet::{SnippetDraft, SnippetId};

fn draft(name: &str, text: &str) -> SnippetDraft {
    SnippetDraft { name: name.into(), text: text.into(), press_enter: true }
}

async fn names(store: &HostStore, search: &str) -> Vec<String> {
    store.snippets(search.to_owned()).await.unwrap().into_iter().map(|entry| entry.name).collect()
}

#[tokio::test]
async fn are_kept_changed_found_and_deleted_with_undo() {
    let home = Home::new();
    let store = home.open();
    let saved = store.create_snippet(draft("restart", "systemctl restart {{unit:nginx}}")).await.unwrap();
    store.create_snippet(draft("Disk", "df -h\ndu -sh *")).await.unwrap();
    assert_eq!(names(&store, "").await, ["Disk", "restart"]);
    assert_eq!(names(&store, "NGINX").await, ["restart"]);

    let changed = store.update_snippet(saved.id.clone(), draft("reload", "nginx -s reload")).await.unwrap();
    assert_eq!(changed.draft, draft("reload", "nginx -s reload"));
    store.delete_snippet(saved.id.clone()).await.unwrap();
    assert_eq!(names(&store, "").await, ["Disk"]);
    assert_eq!(store.snippet(saved.id.clone()).await.unwrap_err().code, ErrorCode::SnippetNotFound);
    assert_eq!(store.restore_snippet(saved.id.clone()).await.unwrap(), changed);

    drop(store);
    assert_eq!(names(&home.open(), "").await, ["Disk", "reload"]);
}

#[tokio::test]
async fn no_two_have_the_same_name_also_after_an_undo() {
    let home = Home::new();
    let store = home.open();
    let first = store.create_snippet(draft("one", "1")).await.unwrap();
    let reason = |error: crate::error::Error| error.params.get("reason").cloned();
    assert_eq!(
        reason(store.create_snippet(draft(" one ", "2")).await.unwrap_err()).as_deref(),
        Some("name-taken")
    );
    store.delete_snippet(first.id.clone()).await.unwrap();
    store.create_snippet(draft("one", "2")).await.unwrap();
    assert_eq!(reason(store.restore_snippet(first.id).await.unwrap_err()).as_deref(), Some("name-taken"));
}

#[tokio::test]
async fn a_deleted_one_is_gone_for_good_at_the_next_start() {
    let home = Home::new();
    let store = home.open();
    let saved = store.create_snippet(draft("one", "1")).await.unwrap();
    store.delete_snippet(saved.id.clone()).await.unwrap();
    drop(store);
    let error = home.open().restore_snippet(saved.id).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SnippetNotFound);
}

#[tokio::test]
async fn a_change_to_one_is_in_the_next_copy() {
    let home = Home::new();
    drop(home.open());
    let store = home.open();
    store.create_snippet(draft("kept", "1")).await.unwrap();
    drop(store);
    drop(home.open());
    let copy = rusqlite::Connection::open(home.hosts().join("hosts.db.1")).unwrap();
    let kept: String = copy.query_row("SELECT name FROM snippet", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "kept");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_changed() {
    let home = Home::new();
    let store = home.open();
    let id = SnippetId("nowhere".into());
    for error in [
        store.update_snippet(id.clone(), draft("a", "b")).await.unwrap_err(),
        store.delete_snippet(id.clone()).await.unwrap_err(),
        store.restore_snippet(id).await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::SnippetNotFound);
    }
}
