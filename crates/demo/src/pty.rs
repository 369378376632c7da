//! A pseudo-terminal with a program on it, read and written without blocking a thread of the runtime.

#[cfg(unix)]
#[path = "pty/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "pty/windows.rs"]
mod system;

#[cfg(unix)]
mod modes;

pub(crate) use system::Pty;

use portable_pty::{Child, CommandBuilder, native_pty_system};
use tokio::sync::oneshot;

use crate::exit::Exit;
use crate::request::TerminalRequest;

/// A program that was started on a terminal.
pub(crate) struct Started {
    pub(crate) pty: Pty,
    /// The process, which leads a session of its own.
    pub(crate) process: u32,
    /// How the program ended. Closed without a value if that could not be learned.
    pub(crate) exit: oneshot::Receiver<Exit>,
}

/// Starts a program on a new terminal. The error is a sentence for the person.
pub(crate) fn start(mut command: CommandBuilder, request: &TerminalRequest) -> Result<Started, String> {
    let explain = |cause: &dyn std::fmt::Display| format!("{cause:#}");
    let pair = native_pty_system().openpty(request.size).map_err(|cause| explain(&cause))?;
    let pty = Pty::new(pair.master, &mut command).map_err(|cause| explain(&cause))?;
    #[cfg(unix)]
    modes::apply(&pty, &request.modes);
    let child = pair.slave.spawn_command(command).map_err(|cause| explain(&cause))?;
    let process = child.process_id().ok_or("it ended at once")?;
    let exit = wait_for(child).map_err(|cause| explain(&cause))?;
    Ok(Started { pty, process, exit })
}

/// Waits on a thread of its own, which ends with the program; the channel always ends that (see `processes.rs`).
fn wait_for(child: Box<dyn Child + Send + Sync>) -> std::io::Result<oneshot::Receiver<Exit>> {
    let (report, exit) = oneshot::channel();
    let mut killer = child.clone_killer();
    std::thread::Builder::new()
        .name("demo-host-wait".into())
        .spawn(move || {
            if let Ok(status) = system::wait(child) {
                // Nobody listens any more when the channel was closed first.
                let _ = report.send(status);
            }
        })
        .inspect_err(|_| {
            let _ = killer.kill();
        })?;
    Ok(exit)
}
