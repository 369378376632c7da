use std::path::PathBuf;

use super::*;
use crate::error::ErrorCode;

mod crash;
mod disk;
mod files;
mod snippets;

/// A folder of its own for each test; the store is opened in a folder below it that does not exist yet.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn hosts(&self) -> PathBuf {
        self.dir.path().join("bowline")
    }

    fn database(&self) -> PathBuf {
        self.hosts().join("hosts.db")
    }

    /// A store that has nothing to tell.
    fn open(&self) -> HostStore {
        let (store, notices) = self.open_with_notices();
        assert_eq!(notices, []);
        store
    }

    fn open_with_notices(&self) -> (HostStore, Vec<StoreNotice>) {
        HostStore::open(&self.hosts()).unwrap()
    }

    /// Names of the files beside the database that begin like this.
    fn files(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.hosts())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with(prefix))
            .collect();
        names.sort();
        names
    }
}

fn draft(label: &str) -> HostDraft {
    HostDraft { label: label.to_owned(), address: "example.com".to_owned(), port: 22, ..HostDraft::default() }
}

fn grouped(label: &str, group: &str) -> HostDraft {
    HostDraft { group: group.to_owned(), ..draft(label) }
}

async fn names(store: &HostStore) -> Vec<String> {
    store.list().await.unwrap().hosts.iter().map(|host| host.name().to_owned()).collect()
}

#[tokio::test]
async fn a_saved_host_is_there_after_a_restart_with_every_field() {
    let home = Home::new();
    let full = HostDraft {
        label: "生产 “web”".to_owned(),
        group: "Work".to_owned(),
        address: "fe80::1%eth0".to_owned(),
        port: 65535,
        user: "CORP\\ada".to_owned(),
        auth: crate::host::AuthMethod::KeyboardInteractive,
        key_path: "~/.ssh/id_ed25519".to_owned(),
        options: crate::host::HostOptions {
            jump: "ada@bastion:2200, 生产".to_owned(),
            proxy: String::new(),
            proxy_command: String::new(),
            address_family: crate::host::options::AddressFamily::V6,
            bind_address: "::1".to_owned(),
            connect_timeout_seconds: Some(3),
            forward_agent: true,
            startup_command: "cd /srv && ls".into(),
            multiplexer: crate::host::options::Multiplexer::Tmux,
            shell_integration: true,
            transcript: true,
            tunnels: vec![crate::host::tunnels::SavedTunnel {
                id: "1".into(),
                draft: crate::host::tunnels::TunnelDraft {
                    name: "数据库".into(),
                    kind: crate::host::tunnels::TunnelKind::Local,
                    listen: "*:5432".into(),
                    target: "/run/postgresql/.s.PGSQL.5432".into(),
                    starts: crate::host::tunnels::TunnelStart::WithApp,
                },
            }],
        },
    };
    let store = home.open();
    let created = store.create(full.clone()).await.unwrap();
    assert_eq!(created.draft, full);
    assert!(!created.builtin && !created.has_password);
    store.set_has_password(&created.id, true).await.unwrap();
    drop(store);

    let store = home.open();
    let list = store.list().await.unwrap();
    assert_eq!(list.hosts, [Host { has_password: true, ..created.clone() }]);
    assert_eq!(list.groups, ["Work"]);
    assert_eq!(store.get(&created.id).await.unwrap().draft, full);
}

#[tokio::test]
async fn the_list_is_in_the_order_of_the_sidebar() {
    let home = Home::new();
    let store = home.open();
    for (label, group) in [
        ("web10", "work 10"),
        ("Web2", "work 10"),
        ("nas", ""),
        ("b", "Work 9"),
        ("a", "Work 9"),
        ("z", "home"),
    ] {
        store.create(grouped(label, group)).await.unwrap();
    }
    assert_eq!(names(&store).await, ["nas", "z", "a", "b", "Web2", "web10"]);
    assert_eq!(store.list().await.unwrap().groups, ["home", "Work 9", "work 10"]);
}

#[tokio::test]
async fn a_host_that_fails_the_check_is_neither_created_nor_changed() {
    let home = Home::new();
    let store = home.open();
    let bad = HostDraft { address: "-oProxyCommand=x".to_owned(), ..draft("web") };
    let error = store.create(bad.clone()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::HostInvalid);
    assert_eq!(
        (error.params["field"].as_str(), error.params["reason"].as_str()),
        ("address", "leading-dash")
    );
    let host = store.create(draft("web")).await.unwrap();
    assert_eq!(store.update(&host.id, bad).await.unwrap_err().code, ErrorCode::HostInvalid);
    assert_eq!(store.move_to_group(&host.id, "a\nb").await.unwrap_err().code, ErrorCode::HostInvalid);
    assert_eq!(store.rename_group("", "a\u{202e}b").await.unwrap_err().code, ErrorCode::HostInvalid);
    assert_eq!(store.list().await.unwrap().hosts, [host]);
}

#[tokio::test]
async fn an_update_keeps_the_id_and_the_note_about_the_password() {
    let home = Home::new();
    let store = home.open();
    let host = store.create(draft("web")).await.unwrap();
    store.set_has_password(&host.id, true).await.unwrap();
    let changed = store.update(&host.id, draft("  web, renamed ")).await.unwrap();
    assert_eq!((changed.id, changed.has_password), (host.id, true));
    assert_eq!(names(&store).await, ["web, renamed"]);
}

#[tokio::test]
async fn duplicates_are_numbered_and_have_no_password() {
    let home = Home::new();
    let store = home.open();
    let host = store.create(grouped("web", "Work")).await.unwrap();
    store.set_has_password(&host.id, true).await.unwrap();
    let second = store.duplicate(&host.id).await.unwrap();
    assert_eq!((second.name(), second.draft.group.as_str(), second.has_password), ("web (2)", "Work", false));
    assert_eq!(store.duplicate(&second.id).await.unwrap().name(), "web (3)");

    let nameless = store.create(HostDraft { label: String::new(), ..draft("") }).await.unwrap();
    assert_eq!(store.duplicate(&nameless.id).await.unwrap().name(), "example.com (2)");

    let long = store.create(draft(&"字".repeat(120))).await.unwrap();
    let copy = store.duplicate(&long.id).await.unwrap();
    assert_eq!(crate::host::check(&copy.draft), []);
}

#[tokio::test]
async fn a_deleted_host_comes_back_whole_with_undo() {
    let home = Home::new();
    let store = home.open();
    let host = store.create(grouped("web", "Work")).await.unwrap();
    store.set_has_password(&host.id, true).await.unwrap();
    store.delete(&host.id).await.unwrap();
    assert_eq!(store.list().await.unwrap(), HostList::default());
    for error in [
        store.get(&host.id).await.unwrap_err(),
        store.update(&host.id, draft("x")).await.unwrap_err(),
        store.delete(&host.id).await.unwrap_err(),
        store.duplicate(&host.id).await.unwrap_err(),
        store.move_to_group(&host.id, "x").await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::HostNotFound);
    }
    assert_eq!(store.restore(&host.id).await.unwrap(), Host { has_password: true, ..host });
}

#[tokio::test]
async fn a_deleted_host_is_forgotten_only_after_the_next_start_and_only_when_asked() {
    let home = Home::new();
    let store = home.open();
    let host = store.create(draft("web")).await.unwrap();
    let kept = store.create(draft("kept")).await.unwrap();
    store.delete(&host.id).await.unwrap();
    assert_eq!(store.forgettable().await.unwrap(), []);
    drop(store);

    let store = home.open();
    assert_eq!(store.forgettable().await.unwrap(), std::slice::from_ref(&host.id));
    store.forget(vec![host.id.clone(), kept.id.clone()]).await.unwrap();
    assert_eq!(store.forgettable().await.unwrap(), []);
    assert_eq!(store.restore(&host.id).await.unwrap_err().code, ErrorCode::HostNotFound);
    assert_eq!(names(&store).await, ["kept"]);
}

#[tokio::test]
async fn renaming_a_group_to_an_existing_one_makes_them_one() {
    let home = Home::new();
    let store = home.open();
    let gone = store.create(grouped("deleted", "work")).await.unwrap();
    store.delete(&gone.id).await.unwrap();
    store.create(grouped("a", "work")).await.unwrap();
    let b = store.create(grouped("b", "Work")).await.unwrap();
    store.rename_group("work", " Work ").await.unwrap();
    assert_eq!(store.list().await.unwrap().groups, ["Work"]);
    assert_eq!(store.restore(&gone.id).await.unwrap().draft.group, "Work");
    assert_eq!(store.move_to_group(&b.id, "Home").await.unwrap().draft.group, "Home");
    store.rename_group("Home", "").await.unwrap();
    assert_eq!(store.list().await.unwrap().groups, ["Work"]);
    assert_eq!(store.list().await.unwrap().hosts[0].name(), "b");
}

#[tokio::test]
async fn many_callers_at_once_are_all_served() {
    let home = Home::new();
    let store = home.open();
    let calls = (0..300).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.create(draft(&format!("h{number}"))).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(names(&store).await.len(), 300);
    assert_eq!(names(&store).await[299], "h299");
}
