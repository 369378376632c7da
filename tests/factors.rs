//! Logins of several factors, certificates, and agents of every temper, against a real sshd.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bowline_core::auth::Authenticator;
use bowline_core::auth::options::{AddKeysToAgent, AuthOptions, ForwardAgent, IdentityAgent};
use bowline_core::auth::secrets::Secrets;
use bowline_core::connection::dial::consent::Consents;
use bowline_core::connection::dial::{DialSettings, Route};
use bowline_core::connection::{Connection, Dialer, Login, Target};
use bowline_core::error::{Error, ErrorCode};
use bowline_core::host::AuthMethod;
use bowline_core::prompt::{Asker, Prompt, PromptNews, Prompts, Question, Secret};
use bowline_core::trust::{TrustPolicy, TrustStore};
use bowline_tests::agent::Agent;
use bowline_tests::available;
use bowline_tests::desk::trusting;
use bowline_tests::eventually::eventually;
use bowline_tests::sshd::{HostKeyType, Sshd, make_key};
use russh::keys::signature::Signer;
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PublicKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

mod agent_forwarding;
mod certificates;
mod security_key;

/// A dialer with a person who gives one secret to every question, and a target with settings.
struct Try {
    target: Target,
    dialer: Dialer,
    _folder: tempfile::TempDir,
    asked: Arc<std::sync::Mutex<Vec<Prompt>>>,
}

impl Try {
    fn new(sshd: &Sshd, method: AuthMethod, change: impl FnOnce(&mut AuthOptions)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("known_hosts"), sshd.known_hosts()).expect("known_hosts");
        let (news, mut told) = mpsc::channel(16);
        let prompts = Prompts::new(news);
        let asked = Arc::<std::sync::Mutex<Vec<Prompt>>>::default();
        let secret = sshd.password().unwrap_or("no password").to_owned();
        tokio::spawn({
            let (prompts, asked) = (prompts.clone(), Arc::clone(&asked));
            async move {
                while let Some(news) = told.recv().await {
                    let PromptNews::Asked(prompt) = news else { continue };
                    prompts.answer(prompt.id, trusting(&prompt, &secret));
                    asked.lock().expect("no panic").push(*prompt);
                }
            }
        });
        let dialer = Dialer {
            trust: Arc::new(TrustStore::openssh_defaults(folder.path())),
            prompts,
            authenticator: Authenticator {
                secrets: Secrets::open(),
                ssh_dir: folder.path().to_owned(),
                agent_socket: Some(folder.path().join("no-agent")),
            },
            consents: Consents::at(folder.path().join("commands.json")),
        };
        let mut options = AuthOptions::default();
        change(&mut options);
        let target = Target {
            address: sshd.address().ip().to_string(),
            port: sshd.address().port(),
            user: sshd.user().to_owned(),
            login: Login::Person {
                method,
                key_path: String::new(),
                password: None,
                kept_for: None,
                options: Box::new(options),
            },
            route: Route::Direct,
            dial: DialSettings::default(),
            pinned_key: None,
            trust: TrustPolicy::default(),
            algorithms: None,
            session: bowline_core::connection::settings::SessionSettings::default(),
            upkeep: bowline_core::connection::settings::Upkeep::default(),
            asker: Asker { address: "the server".into(), ..Asker::default() },
        };
        Self { target, dialer, _folder: folder, asked }
    }

    fn key(mut self, path: &Path) -> Self {
        if let Login::Person { key_path, .. } = &mut self.target.login {
            *key_path = path.to_string_lossy().into_owned();
        }
        self
    }

    fn user(mut self, user: &str) -> Self {
        self.target.user = user.to_owned();
        self
    }

    async fn log_in(&self) -> Result<Arc<Connection>, Error> {
        Connection::open(&self.dialer, self.target.clone(), &|_| ()).await
    }

    /// Logs in and says what the person was asked.
    async fn works(&self) -> Vec<Question> {
        let connection = self.log_in().await.unwrap_or_else(|error| panic!("{}", error.message));
        connection.close().await;
        self.questions()
    }

    async fn fails(&self) -> Error {
        match self.log_in().await {
            Ok(_) => panic!("it was to fail"),
            Err(error) => error,
        }
    }

    fn questions(&self) -> Vec<Question> {
        self.asked.lock().expect("no panic").iter().map(|prompt| prompt.question.clone()).collect()
    }
}

fn by_agent(agent: &Agent) -> impl FnOnce(&mut AuthOptions) + use<> {
    let socket = agent.socket().to_string_lossy().into_owned();
    move |options| options.identity_agent = IdentityAgent::Socket(socket)
}

#[tokio::test]
async fn two_factors_of_every_order_are_one_login() {
    for (methods, chosen, asked) in [
        ("publickey,password", AuthMethod::Key, 1),
        ("password,publickey", AuthMethod::Password, 1),
        ("password,publickey", AuthMethod::Automatic, 1),
    ] {
        let builder = Sshd::builder().password().config_line(&format!("AuthenticationMethods {methods}"));
        let Some(sshd) = available(builder.start().await) else { return };
        let try_it = Try::new(&sshd, chosen, |_| ()).key(&sshd.client_key_file());
        assert_eq!(try_it.works().await.len(), asked, "{methods}");
    }
}

#[tokio::test]
async fn a_key_and_then_questions_are_one_login() {
    let builder = Sshd::builder()
        .keyboard_interactive()
        .config_line("AuthenticationMethods publickey,keyboard-interactive");
    let Some(sshd) = available(builder.start().await) else { return };
    let try_it = Try::new(&sshd, AuthMethod::Key, |_| ()).key(&sshd.client_key_file());
    assert!(matches!(try_it.works().await.as_slice(), [Question::Interactive { .. }]));
}

#[tokio::test]
async fn two_keys_can_be_two_factors() {
    let folder = tempfile::tempdir().expect("a folder");
    let second = folder.path().join("second");
    make_key(HostKeyType::Ed25519, &second, "");
    let public = std::fs::read_to_string(second.with_extension("pub")).expect("a public key");
    let builder = Sshd::builder().authorize(&public).config_line("AuthenticationMethods publickey,publickey");
    let Some(sshd) = available(builder.start().await) else { return };
    let files = [&sshd.client_key_file(), &second].map(|path| path.to_string_lossy().into_owned());
    let try_it = Try::new(&sshd, AuthMethod::Automatic, |options| options.identity_files = files.to_vec());
    assert_eq!(try_it.works().await, []);
}

#[tokio::test]
async fn the_password_is_reached_however_few_tries_the_server_allows() {
    for tries in [2, 3, 6] {
        let builder = Sshd::builder().password().config_line(&format!("MaxAuthTries {tries}"));
        let Some(sshd) = available(builder.start().await) else { return };
        let agent = Agent::start().await;
        agent.add_strangers(8);
        let try_it = Try::new(&sshd, AuthMethod::Automatic, by_agent(&agent));
        assert_eq!(try_it.works().await.len(), 1, "MaxAuthTries {tries}");
    }
}

#[tokio::test]
async fn too_many_refused_keys_are_told_as_such_when_there_is_nothing_else() {
    let Some(sshd) = available(Sshd::builder().config_line("MaxAuthTries 2").start().await) else { return };
    let agent = Agent::start().await;
    agent.add_strangers(4);
    let error = Try::new(&sshd, AuthMethod::Agent, by_agent(&agent)).fails().await;
    assert_eq!(error.code, ErrorCode::AuthTriesExceeded, "{}", error.message);
    assert_eq!(error.params["tries"], "2");
}

#[tokio::test]
async fn identities_only_shows_of_the_agent_what_files_name() {
    let Some(sshd) = available(Sshd::builder().config_line("MaxAuthTries 2").start().await) else { return };
    let agent = Agent::start().await;
    agent.add_strangers(6);
    agent.add(&sshd.client_key_file());
    // The public half alone stands for the agent's key.
    let public = sshd.client_key_file().with_extension("pub").to_string_lossy().into_owned();
    let by_agent = by_agent(&agent);
    let try_it = Try::new(&sshd, AuthMethod::Automatic, |options| {
        by_agent(options);
        options.identities_only = true;
        options.identity_files = vec![public];
    });
    assert_eq!(try_it.works().await, []);
    assert_eq!(sshd.log().matches("Failed publickey").count(), 0, "{}", sshd.log());
}

#[tokio::test]
async fn an_agent_that_hangs_holds_a_login_up_for_seconds_only() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("agent");
    let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let hanging = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let socket = IdentityAgent::Socket(socket.to_string_lossy().into_owned());
    let files = vec![sshd.client_key_file().to_string_lossy().into_owned()];
    let try_it = Try::new(&sshd, AuthMethod::Automatic, |options| {
        (options.identity_agent, options.identity_files) = (socket.clone(), files);
    });
    let logging_in = tokio::time::timeout(std::time::Duration::from_secs(20), try_it.works());
    assert_eq!(logging_in.await.expect("in time"), []);
    let asked_for = Try::new(&sshd, AuthMethod::Agent, |options| options.identity_agent = socket);
    assert_eq!(asked_for.fails().await.code, ErrorCode::AgentUnavailable);
    hanging.abort();
}

#[tokio::test]
async fn a_key_that_the_agent_will_not_sign_with_leaves_the_others_their_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let declined = folder.path().join("declined");
    make_key(HostKeyType::Ed25519, &declined, "");
    let public = std::fs::read_to_string(declined.with_extension("pub")).expect("a public key");
    let Some(sshd) = available(Sshd::builder().authorize(&public).start().await) else { return };
    let agent = Agent::start().await;
    // It wants to be confirmed, and there is nobody who could.
    agent.add_with(&["-c"], &declined);
    agent.add(&sshd.client_key_file());
    assert_eq!(Try::new(&sshd, AuthMethod::Agent, by_agent(&agent)).works().await, []);
}

#[tokio::test]
async fn no_agent_is_asked_when_the_settings_say_none() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let agent = Agent::start().await;
    agent.add(&sshd.client_key_file());
    let mut try_it =
        Try::new(&sshd, AuthMethod::Automatic, |options| options.identity_agent = IdentityAgent::None);
    try_it.dialer.authenticator.agent_socket = Some(agent.socket());
    assert_eq!(try_it.fails().await.code, ErrorCode::AuthNothingToTry);
}

#[tokio::test]
async fn an_unlocked_key_is_added_to_the_agent_when_that_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    make_key(HostKeyType::Ed25519, &key, "no password");
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a public key");
    let Some(sshd) = available(Sshd::builder().authorize(&public).start().await) else { return };
    for (wanted, questions) in [
        (AddKeysToAgent::No, 1),
        (AddKeysToAgent::Ask, 2),
        (AddKeysToAgent::Yes { seconds: Some(60) }, 1),
        (AddKeysToAgent::Confirm { seconds: None }, 1),
    ] {
        let agent = Agent::start().await;
        let by_agent = by_agent(&agent);
        let add = move |options: &mut AuthOptions| {
            by_agent(options);
            options.add_keys_to_agent = wanted;
        };
        let asked = Try::new(&sshd, AuthMethod::Key, add).key(&key).works().await;
        assert_eq!(asked.len(), questions, "{wanted:?}");
        assert_eq!(
            agent.list().contains("ED25519"),
            wanted != AddKeysToAgent::No,
            "{wanted:?}: {}",
            agent.list()
        );
        if wanted == (AddKeysToAgent::Yes { seconds: Some(60) }) {
            // From now on the agent signs, and nobody is asked for the passphrase.
            assert_eq!(Try::new(&sshd, AuthMethod::Key, self::by_agent(&agent)).key(&key).works().await, []);
        }
    }
}

#[tokio::test]
async fn rsa_signs_as_the_settings_allow_and_never_with_sha1_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("rsa");
    make_key(HostKeyType::Rsa, &key, "");
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a public key");
    let builder = Sshd::builder().authorize(&public).config_line("LogLevel DEBUG1");
    let Some(sshd) = available(builder.start().await) else { return };
    let accepting = |name: &str| {
        let patterns = Some(vec![name.to_owned()]);
        move |options: &mut AuthOptions| options.accepted_algorithms = patterns
    };
    let usual = Try::new(&sshd, AuthMethod::Key, |_| ()).key(&key);
    assert_eq!(usual.works().await, []);
    let sha256 = Try::new(&sshd, AuthMethod::Key, accepting("rsa-sha2-256")).key(&key);
    assert_eq!(sha256.works().await, []);
    let log = sshd.log();
    for algorithm in ["rsa-sha2-512", "rsa-sha2-256"] {
        assert!(log.contains(&format!("pkalg {algorithm}")), "{algorithm}: {log}");
    }
    let none = Try::new(&sshd, AuthMethod::Key, accepting("ssh-ed25519")).key(&key).fails().await;
    assert_eq!(none.code, ErrorCode::AuthRefused, "{}", none.message);
    assert!(!sshd.log().contains("pkalg ssh-rsa"));
}

#[tokio::test]
async fn a_wrong_kept_password_is_told_as_such_and_not_repeated() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let mut try_it = Try::new(&sshd, AuthMethod::Password, |_| ());
    if let Login::Person { password, .. } = &mut try_it.target.login {
        *password = Some(Secret::new("an old one"));
    }
    let asked = try_it.works().await;
    assert!(
        matches!(asked.as_slice(), [Question::Password { attempt: 2, kept_refused: true, .. }]),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_switch_that_is_off_leaves_its_method_out() {
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let off = Try::new(&sshd, AuthMethod::Automatic, |options| options.password = false);
    assert_eq!(off.fails().await.code, ErrorCode::AuthNothingToTry);
    assert_eq!(off.questions(), []);
    let once = Try::new(&sshd, AuthMethod::Automatic, |options| options.password_prompts = 1);
    let wrong = once.user("nobody-here");
    assert_eq!(wrong.fails().await.code, ErrorCode::AuthRefused);
    assert_eq!(wrong.questions().len(), 1);
}
