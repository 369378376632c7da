//! A canary for secrets: they must be in no file, no log line and no Debug output.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bowline_core::connection::dial::{DialSettings, Route};
use bowline_core::connection::{Login, Target};
use bowline_core::engine::PasswordChange;
use bowline_core::host::{AuthMethod, HostDraft};
use bowline_core::prompt::{Answer, Asker, Secret};
use bowline_tests::available;
use bowline_tests::desk::{Desk, at};
use bowline_tests::sshd::{HostKeyType, Sshd, make_key};

const CANARY: &str = "canary-7f3a9c";

/// Everything that Bowline's own code logs, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn files_with(folder: &Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if std::fs::read(&path)
            .is_ok_and(|content| content.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn a_password_and_a_passphrase_are_in_no_file_and_no_log() {
    let log = Log::default();
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("bowline_core=trace")
        .with_writer(move || lines.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let Some(sshd) = available(Sshd::builder().password().start().await) else { return };
    let desk = Desk::new().await;
    desk.know(&sshd);
    desk.answer_with(CANARY);
    let draft = HostDraft { user: sshd.user().to_owned(), auth: AuthMethod::Password, ..at(sshd.address()) };
    let change = PasswordChange::Set { secret: Secret::new(CANARY) };
    let host = desk.engine.host_create(draft, change).await.expect("it is saved");
    let problem = desk.open_in_vain(&host.id).await;
    assert!(!format!("{problem:?}").contains(CANARY));

    let key = desk.ssh_dir().join("key");
    make_key(HostKeyType::Ed25519, &key, CANARY);
    let key_path = key.to_string_lossy().into_owned();
    let draft =
        HostDraft { auth: AuthMethod::Key, key_path, user: sshd.user().to_owned(), ..at(sshd.address()) };
    let host = desk.save_draft(draft).await;
    desk.open_in_vain(&host).await;

    assert_eq!(files_with(&desk.data_dir(), CANARY), Vec::<std::path::PathBuf>::new());
    let log = String::from_utf8_lossy(&log.0.lock().expect("no writer panics")).into_owned();
    assert!(!log.contains(CANARY), "{log}");
    assert!(!format!("{:?}", desk.questions()).contains(CANARY));
}

#[test]
fn debug_output_shows_no_secret() {
    let secret = || Secret::new(CANARY);
    let login = Login::Person {
        method: AuthMethod::Password,
        key_path: String::new(),
        password: Some(secret()),
        kept_for: None,
        options: Box::default(),
    };
    let target = Target {
        address: "host".into(),
        port: 22,
        user: "ann".into(),
        login,
        route: Route::Direct,
        dial: DialSettings::default(),
        pinned_key: None,
        trust: Default::default(),
        algorithms: None,
        session: bowline_core::connection::settings::SessionSettings::default(),
        upkeep: bowline_core::connection::settings::Upkeep::default(),
        asker: Asker::default(),
    };
    let shown = format!(
        "{target:?} {:?} {:?} {:?} {:?}",
        target.login,
        Answer::Secret { secret: secret(), remember: true },
        Answer::Fields { values: vec![secret()] },
        PasswordChange::Set { secret: secret() },
    );
    assert!(!shown.contains(CANARY), "{shown}");
}
