//! A pseudo-terminal with a program on it, read and written without blocking a thread of the runtime, and the session of
//! processes that the program leads. The demo host's terminals and the person's own local ones are made of these.

mod exit;
pub mod processes;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

pub use exit::Exit;
pub use portable_pty::{CommandBuilder, PtySize};
pub use processes::ProcessSession;
pub use system::Pty;

use portable_pty::{Child, native_pty_system};
use tokio::sync::oneshot;

/// A program that was started on a terminal.
#[derive(Debug)]
pub struct Started {
    pub pty: Pty,
    /// The process, which leads a session of its own.
    pub process: u32,
    /// How the program ended. Closed without a value if that could not be learned.
    pub exit: oneshot::Receiver<Exit>,
}

/// Starts a program on a new terminal, which `prepare` may set up before the program sees it.
///
/// # Errors
/// A sentence for the person.
pub fn start(
    mut command: CommandBuilder,
    size: PtySize,
    prepare: impl FnOnce(&Pty, &mut CommandBuilder),
) -> Result<Started, String> {
    let explain = |cause: &dyn std::fmt::Display| format!("{cause:#}");
    let pair = native_pty_system().openpty(size).map_err(|cause| explain(&cause))?;
    let pty = Pty::new(pair.master).map_err(|cause| explain(&cause))?;
    prepare(&pty, &mut command);
    let child = pair.slave.spawn_command(command).map_err(|cause| explain(&cause))?;
    let process = child.process_id().ok_or("it ended at once")?;
    let exit = wait_for(child).map_err(|cause| explain(&cause))?;
    Ok(Started { pty, process, exit })
}

/// Waits on a thread of its own, which ends with the program; whoever started it always ends that (see `processes.rs`).
fn wait_for(child: Box<dyn Child + Send + Sync>) -> std::io::Result<oneshot::Receiver<Exit>> {
    let (report, exit) = oneshot::channel();
    let mut killer = child.clone_killer();
    std::thread::Builder::new()
        .name("pty-wait".into())
        .spawn(move || {
            if let Ok(status) = system::wait(child) {
                // Nobody listens any more when the terminal was closed first.
                let _ = report.send(status);
            }
        })
        .inspect_err(|_| {
            let _ = killer.kill();
        })?;
    Ok(exit)
}
