//! A program on a terminal: the person's login shell, or one command.

use std::convert::Infallible;
use std::time::Duration;

use bowline_pty::{CommandBuilder, ProcessSession, Pty, PtySize, Started};
use bytes::BytesMut;
use tokio::sync::watch;

use crate::channel::{FromClient, Gone, Plan, Stream, ToClient};
use crate::exit::Exit;
use crate::input::{Input, InputReceiver};
use crate::request::TerminalRequest;

/// How long the terminal must be silent after the program has ended before its output counts as complete, if some other
/// process still has the terminal open. Usually none has, and the terminal ends by itself.
const QUIET: Duration = Duration::from_millis(100);
/// What ends the input on a terminal: Ctrl-D. sshd sends nothing, and a shell that was given its commands through a pipe
/// waits for ever.
const END_OF_INPUT: &[u8] = b"\x04";

/// Starts the program. The error is a reason for the person.
pub(crate) fn start(plan: &Plan<'_>, request: &TerminalRequest) -> Result<(Started, ProcessSession), String> {
    let login = plan.login;
    login.check_shell().map_err(|cause| cause.to_string())?;
    let mut command = match &plan.command {
        // The library's "default program" is $SHELL as a login shell.
        None if cfg!(unix) => CommandBuilder::new_default_prog(),
        None => CommandBuilder::new(&login.shell),
        Some(text) => {
            let mut command = CommandBuilder::new(&login.shell);
            command.args(login.arguments(text));
            command
        }
    };
    command.env_clear();
    for (name, value) in login.environment() {
        command.env(name, value);
    }
    command.env("TERM", if request.term.is_empty() { "dumb" } else { &request.term });
    for (name, value) in &plan.connection {
        command.env(name, value);
    }
    for (name, value) in &plan.environment {
        command.env(name, value);
    }
    command.cwd(&login.home);
    let started = bowline_pty::start(command, request.size, |pty, command| {
        if let Some(name) = pty.name() {
            command.env("SSH_TTY", name);
        }
        #[cfg(unix)]
        crate::modes::apply(pty, &request.modes);
    })?;
    let processes = ProcessSession::new(started.process);
    Ok((started, processes))
}

/// Moves keys in and output out until the program has ended and its output is with the client.
pub(crate) async fn serve(program: Started, client: &ToClient, from: FromClient) -> Result<Exit, Gone> {
    let Started { pty, exit, .. } = program;
    let printing = print(&pty, exit, client);
    let typing = type_keys(&pty, from.input);
    let resizing = resize(&pty, from.size);
    tokio::select! {
        exit = printing => exit,
        never = typing => match never {},
        never = resizing => match never {},
    }
}

async fn print(
    pty: &Pty,
    mut exit: tokio::sync::oneshot::Receiver<Exit>,
    client: &ToClient,
) -> Result<Exit, Gone> {
    let mut ended = None;
    let mut buffer = BytesMut::new();
    loop {
        tokio::select! {
            read = pty.read(&mut buffer) => match read {
                Ok(1..) => client.send(Stream::Output, buffer.split().freeze()).await?,
                Ok(0) | Err(_) => break,
            },
            exit = &mut exit, if ended.is_none() => ended = Some(exit),
            () = tokio::time::sleep(QUIET), if ended.is_some() => break,
        }
    }
    let exit = match ended {
        Some(exit) => exit,
        None => exit.await,
    };
    exit.map_err(|_| Gone)
}

async fn type_keys(pty: &Pty, mut input: InputReceiver) -> Infallible {
    loop {
        let typed = match input.next().await {
            Input::Data(keys) => pty.write_all(&keys).await,
            Input::End => pty.write_all(END_OF_INPUT).await,
        };
        if typed.is_err() {
            // Nobody reads keys any more; what still comes leads nowhere.
            drop(input);
            return std::future::pending().await;
        }
    }
}

async fn resize(pty: &Pty, mut size: watch::Receiver<PtySize>) -> Infallible {
    while size.changed().await.is_ok() {
        let size = *size.borrow_and_update();
        if let Err(cause) = pty.resize(size) {
            tracing::debug!(%cause, "demo host: size refused");
        }
    }
    std::future::pending().await
}
