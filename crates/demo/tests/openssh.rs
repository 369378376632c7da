//! The system's OpenSSH against the demo host.

use std::process::{Output, Stdio};

use crate::support::{Bed, PATIENCE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

/// Whether a program of OpenSSH is here. Its absence is said, not hidden.
fn is_here(program: &str) -> bool {
    let here = std::process::Command::new(program).arg("-V").stderr(Stdio::null()).status().is_ok();
    if !here {
        eprintln!("SKIPPED: {program} is not installed");
    }
    here
}

async fn output(command: &mut Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("an end in time").expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn ssh_runs_a_command_and_passes_its_status_on() {
    if !is_here("ssh") {
        return;
    }
    let bed = Bed::start().await;
    let answer = output(bed.openssh("ssh").args(["demo", "echo out; echo err >&2; exit 42"])).await;
    assert_eq!((text(&answer.stdout), text(&answer.stderr)), ("out\n".into(), "err\n".into()));
    assert_eq!(answer.status.code(), Some(42));
    let answer = output(bed.openssh("ssh").args(["demo", "kill -9 $$"])).await;
    assert_eq!(answer.status.code(), Some(255));
}

#[tokio::test]
async fn ssh_gets_a_terminal_of_a_sane_state() {
    if !is_here("ssh") {
        return;
    }
    let bed = Bed::start().await;
    let mut command = bed.openssh("ssh");
    command.env("TERM", "vt220").args(["-tt", "demo", "echo $TERM; tty; stty -a"]);
    let answer = output(command.stdin(Stdio::null())).await;
    let printed = text(&answer.stdout);
    assert!(printed.starts_with("vt220\r\n/dev/pts/"), "{printed}");
    for mode in ["isig", "icanon", "echo", "opost"] {
        assert!(printed.split_whitespace().any(|word| word == mode), "{mode} in {printed}");
    }
    assert_eq!(answer.status.code(), Some(0));
}

#[tokio::test]
async fn ssh_talks_to_a_shell_until_its_input_ends() {
    if !is_here("ssh") {
        return;
    }
    let bed = Bed::start().await;
    let mut command = bed.openssh("ssh");
    command.args(["-tt", "demo"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = command.spawn().expect("ssh runs");
    let mut stdin = client.stdin.take().expect("a pipe");
    stdin.write_all(b"echo an''swer; stty size\n").await.expect("typed");
    drop(stdin);
    let answer = timeout(PATIENCE, client.wait_with_output()).await.expect("in time").expect("an end");
    assert!(text(&answer.stdout).contains("answer\r\n0 0\r\n"), "{:?}", text(&answer.stdout));
    assert_eq!(answer.status.code(), Some(0));
}

#[tokio::test]
async fn ssh_sends_language_variables() {
    if !is_here("ssh") {
        return;
    }
    let bed = Bed::start().await;
    let mut command = bed.openssh("ssh");
    command.env("LC_TIME", "of-the-client").env("SECRET", "x");
    command.args(["-o", "SendEnv=LC_TIME SECRET", "demo", "echo $LC_TIME,$SECRET"]);
    assert_eq!(text(&output(&mut command).await.stdout), "of-the-client,\n");
}

#[tokio::test]
async fn a_slow_reader_gets_every_byte_and_the_host_waits() {
    if !is_here("ssh") {
        return;
    }
    const BYTES: usize = 40_000_000;
    let bed = Bed::start().await;
    let mut command = bed.openssh("ssh");
    command.args(["demo", &format!("head -c {BYTES} /dev/zero; echo the-end >&2")]);
    let mut client = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssh runs");
    let (mut stdout, mut stderr) =
        (client.stdout.take().expect("a pipe"), client.stderr.take().expect("a pipe"));
    let mut first = vec![0; 1_000_000];
    timeout(PATIENCE, stdout.read_exact(&mut first)).await.expect("in time").expect("the start");
    // While nobody reads, the program cannot come to its end.
    let early = timeout(std::time::Duration::from_millis(500), stderr.read_u8()).await;
    assert!(early.is_err(), "40 MB went somewhere: {early:?}");
    let mut rest = Vec::new();
    timeout(PATIENCE, stdout.read_to_end(&mut rest)).await.expect("in time").expect("the rest");
    assert_eq!(first.len() + rest.len(), BYTES);
    assert_eq!(client.wait().await.expect("an end").code(), Some(0));
}

#[tokio::test]
async fn ssh_is_refused_with_another_key() {
    if !is_here("ssh") {
        return;
    }
    let (bed, other) = (Bed::start().await, Bed::start().await);
    let mut command = bed.openssh("ssh");
    other.openssh("ssh");
    std::fs::copy(other.key_file(), bed.key_file()).expect("replaced");
    let answer = output(command.args(["demo", "id"])).await;
    assert!(text(&answer.stderr).contains("Permission denied (publickey)"), "{}", text(&answer.stderr));
    assert!(answer.stdout.is_empty());
}

#[tokio::test]
async fn ssh_forwards_nothing_and_says_so() {
    if !is_here("ssh") {
        return;
    }
    let bed = Bed::start().await;
    let mut command = bed.openssh("ssh");
    command.args(["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", "demo", "echo in"]);
    let answer = output(&mut command).await;
    assert!(text(&answer.stderr).contains("forwarding failed"), "{}", text(&answer.stderr));
    assert!(answer.stdout.is_empty());
}

#[tokio::test]
async fn sftp_puts_gets_lists_renames_and_stays_inside() {
    if !is_here("sftp") {
        return;
    }
    let bed = Bed::start().await;
    let here = tempfile::tempdir().expect("a folder");
    let bytes: Vec<u8> = (0..2_000_000_u32).map(|number| (number % 249) as u8).collect();
    std::fs::write(here.path().join("up"), &bytes).expect("written");
    std::os::unix::fs::symlink("/etc/passwd", bed.files.path().join("out")).expect("a link");
    let batch = format!(
        "lcd {}\npwd\nput -p up\nmkdir d\nrename up d/renamed\nls -l d\nget d/renamed down\nln -s d/renamed inside\n\
         get inside again\n-get ../../etc/passwd stolen\n-get out stolen\n-ln -s /etc/passwd hole\n-ln -s ../up hole\n\
         chmod 600 d/renamed\nrm inside\ndf\n",
        here.path().display()
    );
    // df needs an extension that the host has not; the minus keeps the batch going.
    let batch = batch.replace("\ndf\n", "\n-df\n");
    let mut command = bed.openssh("sftp");
    command.args(["-b", "-", "demo"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = command.spawn().expect("sftp runs");
    client.stdin.take().expect("a pipe").write_all(batch.as_bytes()).await.expect("typed");
    let answer = timeout(PATIENCE, client.wait_with_output()).await.expect("in time").expect("an end");
    let said = text(&answer.stdout) + &text(&answer.stderr);
    assert_eq!(answer.status.code(), Some(0), "{said}");
    assert!(said.contains("Remote working directory: /\n"), "{said}");
    assert!(said.contains("renamed"), "{said}");
    for name in ["down", "again"] {
        assert!(std::fs::read(here.path().join(name)).expect(name) == bytes, "{name}");
    }
    assert!(!here.path().join("stolen").exists(), "{said}");
    assert!(!bed.files.path().join("hole").is_symlink(), "{said}");
    let renamed = std::fs::metadata(bed.files.path().join("d/renamed")).expect("there");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&renamed.permissions()) & 0o777, 0o600);
    let kept = std::fs::metadata(here.path().join("up")).expect("there").modified().expect("a time");
    let age =
        kept.duration_since(renamed.modified().expect("a time")).unwrap_or_else(|later| later.duration());
    assert!(age.as_secs() < 1, "put -p keeps the time");
}
