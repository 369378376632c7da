//! The files of a host as root, on a real sshd. Its sudo is a script that is as strict as the real one about its arguments
//! and its input, and writes down both.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bowline_core::error::ErrorCode;
use bowline_core::host::{AuthMethod, HostId};
use bowline_core::prompt::{Answer, Question, Secret};
use bowline_core::transfer::job::{JobLimits, JobOrder, JobRequest, JobState};
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::eventually::eventually;
use bowline_tests::jobs::{copy, has_ended, here, noise, parts, there, until};
use bowline_tests::sshd::Sshd;

const PASSWORD: &str = "bör d'or $(x)";

struct Bed {
    sshd: Sshd,
    desk: Desk,
    host: HostId,
    elevated: HostId,
    folder: tempfile::TempDir,
}

impl Bed {
    /// A host whose sudo runs this shell script; `$server` is what it is to start.
    async fn new(script: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let sudo = folder.path().join("sudo");
        let log = folder.path().join("log");
        let text = format!(
            "#!/bin/sh\nprintf '%s|' \"$LC_ALL\" \"$@\" >> {log}\necho >> {log}\nfor server; do :; done\n{script}\n",
            log = log.display()
        );
        std::fs::write(&sudo, text).expect("written");
        std::fs::set_permissions(&sudo, std::fs::Permissions::from_mode(0o755)).expect("set");
        let path = format!("SetEnv PATH={0}:/usr/bin:/bin HOME={0}", folder.path().display());
        let sshd = available(Sshd::builder().config_line(&path).start().await)?;
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        let elevated = HostId(format!("sudo:{}", host.0));
        Some(Self { sshd, desk, host, elevated, folder })
    }

    fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn refused(&self) -> ErrorCode {
        let listed = self.desk.engine.files_list(self.elevated.clone(), "/".into()).await;
        listed.expect_err("it is refused").code
    }

    /// Types these passwords, one after the other; the questions that were asked.
    fn type_in(&self, passwords: &[&str]) -> Arc<Mutex<Vec<Question>>> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, passwords) = (Arc::clone(&asked), passwords.iter().map(|&one| one.to_owned()));
        let mut passwords = passwords.collect::<Vec<_>>().into_iter();
        self.desk.answer(move |prompt| {
            noted.lock().expect("no panic").push(prompt.question.clone());
            let secret = Secret::new(passwords.next()?);
            Some(Answer::Secret { secret, remember: false })
        });
        asked
    }
}

/// As sudo reads a password: a line, byte by byte, and what follows is the program's.
const ASKS: &str = r#"case "$1" in
-n) echo 'sudo: a password is required' >&2; exit 1 ;;
-k|-S)
  for attempt in 1 2 3; do
    IFS= read -r typed || { echo 'sudo: no password was provided' >&2; exit 1; }
    if [ "$typed" = "$(cat "$(dirname "$0")/password")" ]; then
      [ "$1" = -k ] && exit
      exec "$server"
    fi
    echo wrong >> "$(dirname "$0")/wrong"
    echo 'Sorry, try again.' >&2
  done
  echo 'sudo: 3 incorrect password attempts' >&2; exit 1 ;;
esac"#;

#[tokio::test]
async fn where_sudo_wants_no_password_nobody_is_asked_for_one() {
    let Some(bed) = Bed::new(r#"[ "$1" = -n ] && exec "$server"; exit 1"#).await else { return };
    let page = bed.desk.engine.files_list(bed.elevated.clone(), "/".into()).await.expect("listed");
    assert!(page.rows.iter().any(|row| row.0 == "etc"));
    assert_eq!(bed.log(), ["C|-n|--|/usr/lib/openssh/sftp-server|"]);
    // The account's own session is another one.
    bed.desk.engine.files_list(bed.host.clone(), "/".into()).await.expect("listed");
    assert_eq!(bed.log().len(), 1);
}

#[tokio::test]
async fn a_password_is_asked_for_and_goes_to_standard_input_alone() {
    let Some(bed) = Bed::new(ASKS).await else { return };
    std::fs::write(bed.at("password"), PASSWORD).expect("written");
    let asked = bed.type_in(&["wrong", PASSWORD]);
    let page = bed.desk.engine.files_list(bed.elevated.clone(), "/".into()).await.expect("listed");
    assert!(!page.rows.is_empty());
    let asked = asked.lock().expect("no panic").clone();
    let attempts: Vec<_> = asked
        .iter()
        .map(|question| match question {
            Question::Sudo { attempt, kept_refused: false, .. } => *attempt,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(attempts, [1, 2]);
    let server = "--|/usr/lib/openssh/sftp-server|";
    let (plain, check) = (format!("C|-n|{server}"), "C|-k|-S|-p||-v|".to_owned());
    assert_eq!(bed.log(), [plain, check.clone(), check, format!("C|-S|-p||{server}")]);
    // A wrong one is one wrong one, whatever follows it.
    assert_eq!(std::fs::read_to_string(bed.at("wrong")).expect("read"), "wrong\n");
    assert!(!bed.sshd.log().contains(PASSWORD));
    // The session is kept: whoever looks on is not asked again.
    bed.desk.engine.files_list(bed.elevated.clone(), "/etc".into()).await.expect("listed");
    assert_eq!(bed.log().len(), 4);
}

#[tokio::test]
async fn three_wrong_passwords_are_enough_and_a_dismissed_question_ends_it() {
    let Some(bed) = Bed::new(ASKS).await else { return };
    std::fs::write(bed.at("password"), PASSWORD).expect("written");
    bed.type_in(&["a", "b", "c", PASSWORD]);
    assert_eq!(bed.refused().await, ErrorCode::SudoPasswordRefused);
    bed.desk.answer(|_| Some(Answer::Cancel));
    assert_eq!(bed.refused().await, ErrorCode::SudoCancelled);
}

#[tokio::test]
async fn what_sudo_refuses_is_said_by_its_reason() {
    for (says, code) in [
        ("ann is not in the sudoers file.", ErrorCode::SudoDenied),
        (
            "Sorry, user ann is not allowed to execute '/usr/lib/openssh/sftp-server' as root on a.",
            ErrorCode::SudoDenied,
        ),
        ("sudo: sorry, you must have a tty to run sudo", ErrorCode::SudoWantsTerminal),
        ("sudo: unable to open audit system: broken", ErrorCode::SudoFailed),
    ] {
        let Some(bed) = Bed::new(&format!("echo \"{says}\" >&2; exit 1")).await else { return };
        assert_eq!(bed.refused().await, code, "{says}");
    }
}

#[tokio::test]
async fn a_host_without_sudo_says_so() {
    let Some(bed) = Bed::new("exec env sudo-that-is-not-there").await else { return };
    std::fs::remove_file(bed.at("sudo")).expect("removed");
    std::fs::write(
        bed.at("env"),
        "#!/bin/sh\necho \"env: 'sudo': No such file or directory\" >&2; exit 127\n",
    )
    .expect("written");
    std::fs::set_permissions(bed.at("env"), std::fs::Permissions::from_mode(0o755)).expect("set");
    assert_eq!(bed.refused().await, ErrorCode::SudoMissing);
}

#[tokio::test]
async fn a_job_as_root_uses_the_session_of_the_panel_and_copies_nothing_onto_itself() {
    let Some(bed) = Bed::new(r#"[ "$1" = -n ] && exec "$server"; exit 1"#).await else { return };
    std::fs::write(bed.at("source"), b"knots").expect("written");
    std::fs::create_dir(bed.at("to")).expect("made");
    let engine = &bed.desk.engine;
    let source = there(&bed.host, &bed.at("source"));
    let onto = JobRequest {
        remove_sources: true,
        ..copy(vec![source.clone()], there(&bed.elevated, bed.folder.path()))
    };
    assert_eq!(engine.job_add(onto).await.expect_err("onto itself").code, ErrorCode::JobRefused);
    let id = engine.job_add(copy(vec![source], there(&bed.elevated, &bed.at("to")))).await.expect("added");
    let job = until(engine, id, "the end of the job", has_ended).await;
    assert_eq!(job.state, JobState::Done);
    assert_eq!(std::fs::read(bed.at("to/source")).expect("read"), b"knots");
    assert_eq!(std::fs::read(bed.at("source")).expect("read"), b"knots");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_cancelled_job_left_as_root_goes_without_a_question() {
    let Some(bed) = Bed::new(ASKS).await else { return };
    std::fs::write(bed.at("password"), PASSWORD).expect("written");
    let asked = bed.type_in(&[PASSWORD]);
    let engine = &bed.desk.engine;
    let (source, target) = (bed.at("large"), bed.at("target"));
    std::fs::write(&source, noise(1, 6_000_000)).expect("written");
    std::fs::create_dir(&target).expect("a folder");
    engine.job_limits_set(JobLimits { jobs: 0, jobs_per_host: 0, rate_kib: 4096 }).await.expect("set");
    let id =
        engine.job_add(copy(vec![here(&source)], there(&bed.elevated, &target))).await.expect("taken on");
    until(engine, id, "some of it is there", |job| job.bytes_done > 1_000_000.0).await;
    engine.job_order(id, JobOrder::Pause).await.expect("it is there");
    until(engine, id, "it is paused", |job| job.state == JobState::Paused && job.current.is_none()).await;
    eventually("its part is there", || parts(&target).len() == 1).await;
    engine.job_order(id, JobOrder::Cancel).await.expect("it is there");
    eventually("its part is gone", || parts(&target).is_empty()).await;
    assert_eq!(asked.lock().expect("no panic").len(), 1);
}
