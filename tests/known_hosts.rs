//! known_hosts as OpenSSH reads it: the oracles are `ssh-keygen -F` for names and `ssh` itself for verdicts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bowline_core::auth::Authenticator;
use bowline_core::auth::secrets::Secrets;
use bowline_core::connection::dial::consent::Consents;
use bowline_core::connection::dial::{DialSettings, Route};
use bowline_core::connection::{Connection, Dialer, Login, Target};
use bowline_core::error::{Error, ErrorCode};
use bowline_core::prompt::{Asker, Prompts};
use bowline_core::trust::{
    StrictHostKeyChecking, TrustPolicy, TrustStore, UpdateHostKeys, Verdict, known_name,
};
use bowline_tests::available;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::{HostKeyType, Sshd, make_key};
use russh::keys::PublicKey;
use russh::keys::ssh_key::public::{Ed25519PublicKey, KeyData};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Everything that is random here comes from one number, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

const NAMES: &[&str] = &[
    "a",
    "b",
    "ab",
    "web",
    "web-01",
    "web-02",
    "web.example",
    "a.web.example",
    "bad.example",
    "10.0.0.1",
    "10.0.0.10",
    "::1",
    "fe80::1%eth0",
    "[a]:2222",
    "[web]:2222",
    "[web.example]:22",
    "[10.0.0.1]:2200",
    "[::1]:2222",
    "x_y",
    "host-with-a-rather-long-name.in.a.zone.example",
];

fn key(seed: u64) -> PublicKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    KeyData::Ed25519(Ed25519PublicKey(bytes)).into()
}

fn key_text(key: &PublicKey) -> String {
    key.to_openssh().expect("a line").trim_end().to_owned()
}

fn pattern(random: &mut Random) -> String {
    let name = random.pick(NAMES);
    let mut pattern: String = match random.below(6) {
        0 => name
            .chars()
            .map(|c| match random.below(5) {
                0 => '?',
                1 => '*',
                _ => c,
            })
            .collect(),
        1 => format!("*{}", &name[name.len() / 2..]),
        2 => name.to_ascii_uppercase(),
        _ => name.to_owned(),
    };
    if random.once_in(6) {
        pattern.insert(0, '!');
    }
    pattern
}

/// Keys that are cut off are left out: `ssh-keygen -F` does not read keys and finds such lines, while `ssh` passes over them.
fn line(random: &mut Random, seed: u64) -> String {
    let key = key_text(&key(seed));
    match random.below(14) {
        0 => return "# web a comment".into(),
        1 => return random.pick(&["", " ", "\t", "\r"]).into(),
        2 => {
            return random
                .pick(&["web", "web ssh-ed25519", "web ssh-ed25519 ####", "|1|x|y ssh-rsa AAAA"])
                .into();
        }
        _ => {}
    }
    let patterns = (0..=random.below(4)).map(|_| pattern(random)).collect::<Vec<_>>().join(",");
    let (lead, gap) = (random.pick(&["", "", " ", "\t "]), random.pick(&[" ", " ", "\t", "  \t"]));
    let tail = random.pick(&["", "", " comment", " two words", "\r", " # odd"]);
    format!("{lead}{patterns}{gap}{key}{tail}")
}

/// The lines of a file that OpenSSH finds for a name.
fn lines_of_openssh(name: &str, path: &Path) -> Vec<u32> {
    let found =
        Command::new("ssh-keygen").args(["-F", name, "-f"]).arg(path).output().expect("ssh-keygen runs");
    String::from_utf8_lossy(&found.stdout)
        .lines()
        .filter_map(|line| {
            line.strip_prefix(&format!("# Host {name} found: line "))?.split(' ').next()?.parse().ok()
        })
        .collect()
}

/// The lines of a file that Bowline finds for a name: a key that is nowhere makes it list them all.
fn lines_of_bowline(name: &str, path: &Path) -> Vec<u32> {
    let policy = TrustPolicy { host_key_alias: Some(name.to_owned()), ..TrustPolicy::default() };
    let store = TrustStore::new(vec![path.to_owned()], Vec::new());
    match store.host(&policy, "unused", 22).judge(&key(u64::MAX)).expect("readable") {
        Verdict::Changed { known } => known.into_iter().map(|known| known.line).collect(),
        Verdict::Unknown { .. } => Vec::new(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_lines_are_found_for_a_name_as_by_ssh_keygen() {
    const LINES: u64 = 60;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut compared, mut found) = (0, 0);
    for seed in 0..12 {
        let mut random = Random(seed);
        let mut text = (0..LINES).map(|n| line(&mut random, seed * LINES + n)).collect::<Vec<_>>().join("\n");
        if random.once_in(2) {
            text.push('\n');
        }
        let path = folder.path().join(format!("known_hosts-{seed}"));
        fs::write(&path, &text).expect("a file");
        if seed % 3 == 2 {
            // It refuses to hash a file with lines that it does not understand.
            let understood = text.lines().filter(|line| line.contains("ssh-ed25519 AAAA"));
            fs::write(&path, understood.collect::<Vec<_>>().join("\n")).expect("a file");
            Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&path).output().expect("ssh-keygen runs");
        }
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        for name in NAMES {
            let (theirs, ours) = (lines_of_openssh(name, &path), lines_of_bowline(name, &path));
            assert_eq!(ours, theirs, "{name} in\n{}", fs::read_to_string(&path).expect("text"));
            compared += lines;
            found += theirs.len();
        }
    }
    assert!(compared > 10_000 && found > 1000, "{compared} compared, {found} found");
}

/// One certificate authority, and a server whose certificates it signs.
struct Bed {
    sshd: Sshd,
    folder: TempDir,
}

impl Bed {
    async fn new() -> Option<Self> {
        let builder = Sshd::builder().host_keys(&[HostKeyType::Ed25519, HostKeyType::Ecdsa]);
        let sshd = available(builder.start().await)?;
        let folder = tempfile::tempdir().expect("a folder");
        make_key(HostKeyType::Ed25519, &folder.path().join("ca"), "");
        make_key(HostKeyType::Rsa, &folder.path().join("ca-rsa"), "");
        let mut bed = Self { sshd, folder };
        let certificate = format!("HostCertificate {}\n", bed.certificate().display());
        let config = bed.sshd.folder().join("config");
        let text = fs::read_to_string(&config).expect("its configuration");
        bed.certify(GOOD).await;
        fs::write(&config, certificate + &text).expect("its configuration");
        bed.sshd.restart().await;
        Some(bed)
    }

    fn certificate(&self) -> PathBuf {
        self.sshd.folder().join("host_ed25519-cert.pub")
    }

    /// Gives the server another certificate.
    async fn certify(&mut self, options: &[&str]) {
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-I", "bed"])
            .args(options)
            .arg(self.sshd.folder().join("host_ed25519.pub"))
            .current_dir(self.folder.path())
            .output()
            .expect("ssh-keygen runs");
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
        self.sshd.restart().await;
    }

    fn public(&self, name: &str) -> String {
        let text = fs::read_to_string(self.folder.path().join(format!("{name}.pub"))).expect("a key");
        text.trim_end().to_owned()
    }

    fn write(&self, known_hosts: &str) -> PathBuf {
        let path = self.folder.path().join("known_hosts");
        fs::write(&path, known_hosts).expect("a file");
        path
    }

    /// Whether `ssh` gets in without a question.
    fn openssh_trusts(&self, known_hosts: &Path) -> bool {
        let address = self.sshd.address();
        let output = Command::new("ssh")
            .args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"])
            .args([
                "-o",
                "GlobalKnownHostsFile=/dev/null",
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "UpdateHostKeys=no",
            ])
            .args(["-o", &format!("UserKnownHostsFile={}", known_hosts.display())])
            .arg("-i")
            .arg(self.sshd.client_key_file())
            .args(["-p", &address.port().to_string()])
            .arg(format!("{}@{}", self.sshd.user(), address.ip()))
            .arg("true")
            .env_remove("SSH_AUTH_SOCK")
            .output()
            .expect("ssh runs");
        match output.status.code() {
            Some(0) => true,
            Some(255) => false,
            other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    async fn bowline_trusts(&self, known_hosts: &Path) -> bool {
        match connect(&self.sshd, policy(known_hosts, StrictHostKeyChecking::Yes)).await {
            Ok(connection) => {
                connection.close().await;
                true
            }
            Err(error) => {
                let codes = [ErrorCode::HostKeyUnknown, ErrorCode::HostKeyChanged, ErrorCode::HostKeyRevoked];
                assert!(codes.contains(&error.code), "{error}");
                false
            }
        }
    }
}

fn policy(known_hosts: &Path, strict: StrictHostKeyChecking) -> TrustPolicy {
    TrustPolicy {
        user_files: Some(vec![known_hosts.to_owned()]),
        global_files: Some(Vec::new()),
        strict,
        update_host_keys: UpdateHostKeys::No,
        ..TrustPolicy::default()
    }
}

/// Logs in with the server's client key. Nobody answers questions.
async fn connect(sshd: &Sshd, trust: TrustPolicy) -> Result<Arc<Connection>, Error> {
    let key = russh::keys::load_secret_key(sshd.client_key_file(), None).expect("the client's key");
    let (news, told) = mpsc::channel(8);
    drop(told);
    let prompts = Prompts::new(news);
    let nobody = {
        let prompts = prompts.clone();
        tokio::spawn(async move {
            loop {
                for prompt in prompts.list() {
                    prompts.answer(prompt.id, bowline_core::prompt::Answer::Cancel);
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
    };
    let folder = sshd.folder().to_owned();
    let dialer = Dialer {
        trust: Arc::new(TrustStore::new(Vec::new(), Vec::new())),
        prompts,
        consents: Consents::at(folder.join("commands.json")),
        authenticator: Authenticator { secrets: Secrets::open(), ssh_dir: folder, agent_socket: None },
    };
    let address = sshd.address();
    let target = Target {
        address: address.ip().to_string(),
        port: address.port(),
        user: sshd.user().to_owned(),
        login: Login::Key(Arc::new(key)),
        route: Route::Direct,
        dial: DialSettings::default(),
        pinned_key: None,
        trust,
        algorithms: None,
        session: bowline_core::connection::settings::SessionSettings::default(),
        upkeep: bowline_core::connection::settings::Upkeep::default(),
        asker: Asker { address: known_name("127.0.0.1", address.port()), ..Asker::default() },
    };
    let connection = Connection::open(&dialer, target, &|_| {}).await;
    nobody.abort();
    connection
}

/// A certificate for the server, and others that are not good.
const GOOD: &[&str] = &["-s", "ca", "-h", "-n", "127.0.0.1", "-V", "-1h:+1h"];
const EXPIRED: &[&str] = &["-s", "ca", "-h", "-n", "127.0.0.1", "-V", "-2h:-1h"];
const EARLY: &[&str] = &["-s", "ca", "-h", "-n", "127.0.0.1", "-V", "+1h:+2h"];
const OTHER_NAME: &[&str] = &["-s", "ca", "-h", "-n", "web", "-V", "-1h:+1h"];
const ANY_NAME: &[&str] = &["-s", "ca", "-h", "-V", "-1h:+1h"];
const FOR_USERS: &[&str] = &["-s", "ca", "-n", "127.0.0.1", "-V", "-1h:+1h"];
const SHA1: &[&str] = &["-s", "ca-rsa", "-t", "ssh-rsa", "-h", "-n", "127.0.0.1", "-V", "-1h:+1h"];
const SHA2: &[&str] = &["-s", "ca-rsa", "-t", "rsa-sha2-512", "-h", "-n", "127.0.0.1", "-V", "-1h:+1h"];

#[tokio::test]
async fn the_verdict_is_that_of_ssh() {
    let Some(mut bed) = Bed::new().await else { return };
    let port = bed.sshd.address().port();
    let own = format!("[127.0.0.1]:{port}");
    let host = bed.sshd.host_key(HostKeyType::Ed25519).trim_end().to_owned();
    let ecdsa = bed.sshd.host_key(HostKeyType::Ecdsa).trim_end().to_owned();
    let other = key_text(&key(1));
    let (ca, ca_rsa) = (bed.public("ca"), bed.public("ca-rsa"));
    let hashed = {
        let path = bed.write(&format!("{own} {host}\n"));
        Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&path).output().expect("ssh-keygen runs");
        fs::read_to_string(path).expect("text")
    };
    let authority = format!("@cert-authority 127.0.0.* {ca}\n");
    let table: Vec<(&[&str], String, bool)> = vec![
        (GOOD, String::new(), false),
        (GOOD, format!("{own} {host}\n"), true),
        (GOOD, format!("{own} {ecdsa}"), true),
        (GOOD, format!("{own} {host}\r\n"), true),
        (GOOD, hashed, true),
        (GOOD, format!("127.0.0.1 {host}\n"), true),
        (GOOD, format!("127.0.0.1 {other}\n"), false),
        (GOOD, format!("[127.0.0.?]:* {host}\n"), true),
        (GOOD, format!("*,!{own} {host}\n"), true),
        (GOOD, format!("*,!{own},!127.0.0.1 {host}\n"), false),
        (GOOD, format!("[127.0.0.1]:1 {host}\n"), false),
        (GOOD, format!("{own} {other}\n"), false),
        (GOOD, format!("{own} {other}\n{own} {host}\n"), true),
        (GOOD, format!("@revoked * {host}\n@revoked * {ecdsa}\n{own} {host}\n{own} {ecdsa}\n"), false),
        (GOOD, format!("@strange {own} {host}\n"), false),
        (GOOD, authority.clone(), true),
        (GOOD, format!("@cert-authority {own} {ca}\n"), true),
        (GOOD, format!("@cert-authority *,!127.0.0.1,!{own} {ca}\n"), false),
        (GOOD, format!("@cert-authority 127.0.0.1 {ca_rsa}\n"), false),
        (GOOD, format!("127.0.0.1 {ca}\n"), false),
        (GOOD, format!("{authority}@revoked * {ca}\n"), false),
        (GOOD, format!("{authority}@revoked * {host}\n"), false),
        (GOOD, format!("{authority}@revoked * {ca}\n{own} {host}\n"), false),
        (GOOD, format!("{authority}{own} {other}\n"), true),
        (EXPIRED, authority.clone(), false),
        (EXPIRED, format!("{authority}{own} {host}\n"), true),
        (EXPIRED, format!("{authority}{own} {other}\n"), false),
        (EARLY, authority.clone(), false),
        (OTHER_NAME, authority.clone(), false),
        (OTHER_NAME, format!("{authority}127.0.0.1 {host}\n"), true),
        (ANY_NAME, authority.clone(), true),
        (FOR_USERS, authority.clone(), false),
        (SHA2, format!("@cert-authority 127.0.0.1 {ca_rsa}\n"), true),
        (SHA1, format!("@cert-authority 127.0.0.1 {ca_rsa}\n"), false),
        (SHA1, format!("@cert-authority 127.0.0.1 {ca_rsa}\n{own} {host}\n"), true),
    ];
    let mut certificate = GOOD;
    for (wanted, known_hosts, trusted) in table {
        if wanted != certificate {
            bed.certify(wanted).await;
            certificate = wanted;
        }
        let path = bed.write(&known_hosts);
        let told = format!("{wanted:?} with\n{known_hosts}");
        assert_eq!(bed.openssh_trusts(&path), trusted, "ssh: {told}");
        assert_eq!(bed.bowline_trusts(&path).await, trusted, "Bowline: {told}");
    }
}

#[tokio::test]
async fn two_things_are_refused_although_ssh_takes_them() {
    let Some(bed) = Bed::new().await else { return };
    let host = bed.sshd.host_key(HostKeyType::Ed25519).trim_end().to_owned();
    let other = key_text(&key(1));
    let own = format!("[127.0.0.1]:{}", bed.sshd.address().port());
    for known_hosts in [
        // Revoked, but under a name that is not this one to the letter.
        format!("{own} {host}\n@revoked 127.0.0.1 {host}\n"),
        // Changed under this name. ssh forgets that when the server shows a certificate that does not count.
        format!("{own} {other}\n127.0.0.1 {host}\n"),
    ] {
        let path = bed.write(&known_hosts);
        assert!(bed.openssh_trusts(&path), "{known_hosts}");
        assert!(!bed.bowline_trusts(&path).await, "{known_hosts}");
    }
}

#[tokio::test]
async fn new_keys_are_accepted_without_a_question_where_that_is_set_and_changed_ones_never() {
    use StrictHostKeyChecking::{AcceptNew, Ask, No, Yes};
    let Some(sshd) = available(Sshd::start().await) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("known_hosts");
    let stale = format!("[127.0.0.1]:{} {}\n", sshd.address().port(), key_text(&key(1)));
    for (strict, unknown) in [
        (Yes, Some(ErrorCode::HostKeyUnknown)),
        (Ask, Some(ErrorCode::Cancelled)),
        (AcceptNew, None),
        (No, None),
    ] {
        let _ = fs::remove_file(&path);
        let connected = connect(&sshd, policy(&path, strict)).await;
        assert_eq!(connected.err().map(|error| error.code), unknown, "{strict:?}");
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written.lines().count(), usize::from(unknown.is_none()), "{strict:?}");
        fs::write(&path, &stale).expect("a file");
        let error = connect(&sshd, policy(&path, strict)).await.expect_err("it has changed");
        assert_eq!(error.code, ErrorCode::HostKeyChanged, "{strict:?}");
        assert_eq!(fs::read_to_string(&path).expect("text"), stale);
    }
    let nowhere = TrustPolicy { user_files: Some(vec!["/dev/null".into()]), ..policy(&path, No) };
    connect(&sshd, nowhere).await.expect("nothing has to be written");
}

#[tokio::test]
async fn keys_that_a_trusted_server_proves_are_written_down_and_those_it_no_longer_has_go() {
    let Some(sshd) = available(Sshd::builder().host_keys(&HostKeyType::ALL).start().await) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("known_hosts");
    let own = format!("[127.0.0.1]:{}", sshd.address().port());
    let stale = format!("{own} {}", key_text(&key(1)));
    let known = format!("{own} {}", sshd.host_key(HostKeyType::Ed25519));
    fs::write(&path, format!("# mine\n{stale}\n{known}")).expect("a file");
    let on =
        TrustPolicy { update_host_keys: UpdateHostKeys::Yes, ..policy(&path, StrictHostKeyChecking::Yes) };
    let text = || fs::read_to_string(&path).expect("text");
    let connection = connect(&sshd, policy(&path, StrictHostKeyChecking::Yes)).await.expect("it is known");
    connection.close().await;
    assert_eq!(text(), format!("# mine\n{stale}\n{known}"), "nothing changes while it is off");
    let _connection = connect(&sshd, on).await.expect("it is known");
    eventually("the keys are rotated", || !text().contains(&stale) && text().lines().count() == 4).await;
    for kind in HostKeyType::ALL {
        let blob = sshd.host_key(kind).split(' ').nth(1).expect("a key").to_owned();
        assert!(text().contains(&blob), "{kind:?}\n{}", text());
    }
    assert!(text().starts_with("# mine\n"));
}

#[tokio::test]
async fn a_server_that_nobody_has_vouched_for_teaches_no_other_keys() {
    let Some(sshd) = available(Sshd::builder().host_keys(&HostKeyType::ALL).start().await) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("known_hosts");
    let on = |strict| TrustPolicy { update_host_keys: UpdateHostKeys::Yes, ..policy(&path, strict) };
    let lines = || fs::read_to_string(&path).unwrap_or_default().lines().count();
    for strict in [StrictHostKeyChecking::AcceptNew, StrictHostKeyChecking::No] {
        let _ = fs::remove_file(&path);
        let connection = connect(&sshd, on(strict)).await.expect("it is accepted");
        // The announcement comes before the first session does, and this one is long enough for what would follow it.
        let place = connection.reserve().expect("a place");
        let mut channel = place.open_channel().await.expect("a channel");
        channel.exec(true, "sleep 0.3").await.expect("it is asked");
        while channel.wait().await.is_some() {}
        assert_eq!(lines(), 1, "{strict:?}");
        connection.close().await;
    }
    let _connection = connect(&sshd, on(StrictHostKeyChecking::Yes)).await.expect("it is known");
    eventually("a known server teaches the others", || lines() == HostKeyType::ALL.len()).await;
}

/// A process that ends with its test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        // It was killed just now, so this does not wait for long.
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_key_that_a_server_announces_but_does_not_have_is_not_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, stolen) = (folder.path().join("agent"), folder.path().join("stolen"));
    make_key(HostKeyType::Ecdsa, &stolen, "");
    fs::remove_file(&stolen).expect("only the public half is left");
    // sshd takes the agent's word for having the key, and this agent has none.
    let mut agent = Command::new("ssh-agent");
    agent.arg("-D").arg("-a").arg(&socket).stdout(std::process::Stdio::null());
    let _agent = Ended(agent.spawn().expect("ssh-agent runs"));
    eventually("the agent listens", || socket.exists()).await;
    let builder = Sshd::builder()
        .config_line(&format!("HostKeyAgent {}", socket.display()))
        .config_line(&format!("HostKey {}.pub", stolen.display()));
    let Some(sshd) = available(builder.start().await) else { return };
    let path = folder.path().join("known_hosts");
    fs::write(&path, sshd.known_hosts()).expect("a file");
    let on =
        TrustPolicy { update_host_keys: UpdateHostKeys::Yes, ..policy(&path, StrictHostKeyChecking::Yes) };
    let _connection = connect(&sshd, on).await.expect("it is known");
    sshd.logged("agent sign").await;
    assert_eq!(fs::read_to_string(&path).expect("text"), sshd.known_hosts());
}
