use std::collections::HashMap;

use super::*;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.0.path().join(".ssh")).unwrap();
        home
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn local(&self) -> Local {
        Local {
            home: self.0.path().to_owned(),
            account_home: self.0.path().to_owned(),
            user: "me".to_owned(),
            uid: 1000,
            host_name: "desk".to_owned(),
            environment: HashMap::new(),
            addresses: Vec::new(),
            system_folder: self.0.path().join("etc"),
        }
    }

    fn list(&self) -> LinkedList {
        list(&LinkedPaths::usual(&self.local()), &self.local())
    }

    fn shown(&self) -> Vec<String> {
        shown(&self.list())
    }
}

fn shown(list: &LinkedList) -> Vec<String> {
    let one = |host: &LinkedHost| {
        let file = host.group_path.file_name().unwrap().to_string_lossy();
        format!("{} {}@{}:{} {file}:{}", host.alias, host.user, host.address, host.port, host.line)
    };
    list.hosts.iter().map(one).collect()
}

#[test]
fn every_name_is_listed_once_with_what_applies_to_it() {
    let home = Home::new();
    home.write(
        ".ssh/config",
        "Include work/*\nHost web db !x ?y *.z\n HostName %h.example.com\nHost web\n Port 23\nHost *\n User ada\n",
    );
    home.write(".ssh/work/a", "Host git\n HostName 10.0.0.7\n User git\n");
    home.write("etc/ssh_config", "Include more\nPort 2222\nHost web sys\n");
    home.write("etc/more", "Host far\n");
    assert_eq!(
        home.shown(),
        [
            "git git@10.0.0.7:2222 a:1",
            "web ada@web.example.com:23 config:2",
            "db ada@db.example.com:2222 config:2",
            "far ada@far:2222 more:1",
            "sys ada@sys:2222 ssh_config:3",
        ]
    );
    assert_eq!(home.list().problems, Vec::<String>::new());
}

#[test]
fn without_a_config_there_are_no_hosts_and_no_problems() {
    assert_eq!(Home::new().list(), LinkedList::default());
}

#[test]
fn nothing_is_run_for_the_list() {
    let home = Home::new();
    let proof = home.0.path().join("run");
    home.write(".ssh/config", &format!("Match exec \"touch {}\"\nUser eve\nHost web\n", proof.display()));
    assert_eq!(home.shown(), ["web me@web:22 config:3"]);
    assert!(!proof.exists());
}

#[test]
fn a_line_that_nobody_understands_is_a_problem_and_the_host_is_there_all_the_same() {
    let home = Home::new();
    home.write(".ssh/config", "Bogus 1\nHost web\n Port x\n Ciphers aes256-ctr\nInclude config\n");
    let list = home.list();
    assert_eq!(shown(&list), ["web me@web:22 config:2"]);
    let said = |what: &str| list.problems.iter().any(|problem| problem.contains(what));
    assert!(said("config, line 1: Bogus") && said("line 3: Port") && said("includes itself"), "{list:?}");
    assert_eq!(list.problems.len(), 3, "{list:?}");
}

#[cfg(unix)]
#[test]
fn a_config_that_others_may_write_is_not_used() {
    let home = Home::new();
    home.write(".ssh/config", "Host web\n");
    let path = home.0.path().join(".ssh/config");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o622)).unwrap();
    assert_eq!(home.list().hosts, []);
}

#[tokio::test]
async fn a_change_of_any_file_is_told() {
    let home = Home::new();
    home.write(".ssh/config", "Include d/*.conf\nHost web\n");
    let started = LinkedHosts::start(LinkedPaths::usual(&home.local()), home.local());
    let (watching, mut lists) = started.unwrap();
    let expect = async |lists: &mut watch::Receiver<Arc<LinkedList>>, expected: &[&str]| {
        let found = lists.wait_for(|list| {
            let names: Vec<&str> = list.hosts.iter().map(|host| host.alias.as_str()).collect();
            names == expected
        });
        let waited = tokio::time::timeout(Duration::from_secs(60), found).await;
        assert!(waited.is_ok_and(|found| found.is_ok()), "never {expected:?}");
    };
    expect(&mut lists, &["web"]).await;
    // A folder that was not there, with a file in it.
    home.write(".ssh/d/a.conf", "Host one\n");
    expect(&mut lists, &["one", "web"]).await;
    home.write(".ssh/d/a.conf", "Host one two\n");
    expect(&mut lists, &["one", "two", "web"]).await;
    std::fs::remove_file(home.0.path().join(".ssh/config")).unwrap();
    expect(&mut lists, &[]).await;
    drop(watching);
    // The thread is gone, and with it the other end.
    let ended = tokio::time::timeout(Duration::from_secs(60), lists.changed()).await;
    assert!(ended.is_ok_and(|ended| ended.is_err()));
}
