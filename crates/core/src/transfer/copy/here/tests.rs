use super::*;

#[test]
fn what_took_the_name_of_a_small_part_does_not_pass_for_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("opened");
    let (part, name) = (Path::new("a.part"), Path::new("a"));
    dir.write(name, b"the old one").expect("written");
    let named = || name_part(&dir, part, name, 3, Over::File).expect("looked at");
    dir.write(part, b"another's").expect("written");
    assert!(!named());
    dir.remove_file(part).and_then(|()| dir.symlink("a", part)).expect("a link");
    assert!(!named());
    assert_eq!(dir.read(name).expect("it stays"), b"the old one");
    dir.remove_file(part).and_then(|()| dir.write(part, b"new")).expect("written");
    assert!(named());
    assert_eq!(dir.read(name).expect("a file"), b"new");
}

#[tokio::test]
async fn a_disk_that_did_not_take_everything_is_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = HereTree::open(folder.path().to_owned(), &DiskTurns::default()).await.expect("opened");
    tree.sync().await.expect("it is on the disk");
    synced(open_to_sync(&tree.dir).expect("opened")).expect("it is on the disk");
    let failed = synced(&*tree.dir).expect_err("a mere place");
    assert_eq!(failed.raw_os_error(), Some(9), "{failed}");
}
