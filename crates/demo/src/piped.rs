//! A program on three pipes, its output and errors kept apart: a command without a terminal.

use std::process::Stdio;

use bowline_pty::ProcessSession;
use tokio::process::{Child, Command};

use crate::channel::{FromClient, Gone, Plan, Stream, ToClient, feed};
use crate::exit::Exit;

/// Starts the program. The error is a reason for the person.
pub(crate) fn start(plan: &Plan<'_>) -> Result<(Child, ProcessSession), String> {
    let login = plan.login;
    login.check_shell().map_err(|cause| cause.to_string())?;
    let mut command = Command::new(&login.shell);
    match &plan.command {
        Some(text) => {
            command.args(login.arguments(text));
        }
        None => as_login_shell(&mut command, &login.shell),
    }
    command
        .env_clear()
        .envs(login.environment())
        .envs(plan.connection.iter().map(|(name, value)| (name, value)))
        .envs(plan.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Elsewhere the session is asked to end before it is killed.
        .kill_on_drop(cfg!(windows));
    if login.home.is_dir() {
        command.current_dir(&login.home);
    }
    in_own_session(&mut command);
    let child = command.spawn().map_err(|cause| cause.to_string())?;
    let process = child.id().ok_or("it ended at once")?;
    Ok((child, ProcessSession::new(process)))
}

/// Moves input in and output out until the program has ended and both of its outputs are closed.
pub(crate) async fn serve(mut program: Child, client: &ToClient, from: FromClient) -> Result<Exit, Gone> {
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (program.stdin.take(), program.stdout.take(), program.stderr.take())
    else {
        return Err(Gone);
    };
    let finishing = async {
        let (output, errors, status) = tokio::join!(
            client.copy(Stream::Output, stdout),
            client.copy(Stream::Error, stderr),
            program.wait(),
        );
        output.and(errors)?;
        status.map(Exit::from).map_err(|_| Gone)
    };
    tokio::select! {
        exit = finishing => exit,
        never = feed(stdin, from.input) => match never {},
    }
}

#[cfg(unix)]
fn as_login_shell(command: &mut Command, shell: &std::path::Path) {
    let mut name = std::ffi::OsString::from("-");
    name.push(shell.file_name().unwrap_or(shell.as_os_str()));
    command.arg0(name);
}

#[cfg(windows)]
fn as_login_shell(_command: &mut Command, _shell: &std::path::Path) {}

/// Gives the program a session without a terminal: it must not find the one that this application was started from.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the only way to call setsid between fork and exec")]
fn in_own_session(command: &mut Command) {
    // SAFETY: setsid is async-signal-safe, and nothing else happens in the child before exec.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}

#[cfg(windows)]
fn in_own_session(_command: &mut Command) {}
