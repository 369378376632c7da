//! The task that writes, without an engine around it.

use tokio::sync::broadcast;

use super::*;

const ID: TerminalId = TerminalId(1);
const NAME: Uuid = Uuid::from_u128(7);

/// A task with a key of its own, and no terminal that runs.
async fn writing(folder: &std::path::Path) -> Writing {
    let (workspaces, _orders) = Workspaces::open(folder.to_owned()).await.expect("it opens");
    let (events, _) = broadcast::channel(1);
    let seal = Seal::with_new_key();
    let keeper = Keeper { workspaces, terminals: Terminals::new(events), seal };
    Writing { keeper, written: BTreeMap::new() }
}

fn kept() -> KeptScreen {
    KeptScreen { size: TerminalSize { cols: 80, rows: 24 }, bytes: b"$ ls\r\n".to_vec() }
}

fn is_kept(writing: &Writing) -> bool {
    writing.keeper.workspaces.files.read_scrollback(NAME).expect("it is read").is_some()
}

#[tokio::test]
async fn a_writing_that_ends_after_its_terminal_is_kept_at_the_end_of_the_app_and_not_when_it_was_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writing = writing(folder.path()).await;
    writing.write_kept(ID, NAME, 6, kept()).await;
    assert!(!is_kept(&writing), "the person closed it");
    writing.keeper.workspaces.state().over = true;
    writing.write_kept(ID, NAME, 6, kept()).await;
    assert!(is_kept(&writing), "it was open");
}

#[tokio::test]
async fn what_could_not_be_written_is_written_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writing = writing(folder.path()).await;
    writing.keeper.workspaces.state().over = true;
    let scrollback = folder.path().join("scrollback");
    std::fs::write(&scrollback, "in the way").expect("it is written");
    writing.write_kept(ID, NAME, 6, kept()).await;
    assert_eq!(writing.written.get(&ID).map(|written| written.shown), Some(0), "it is due again");
    std::fs::remove_file(&scrollback).expect("it is removed");
    writing.write_kept(ID, NAME, 6, kept()).await;
    assert_eq!(writing.written.get(&ID).map(|written| written.shown), Some(6));
    assert!(is_kept(&writing));
}
