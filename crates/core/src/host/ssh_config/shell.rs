//! Runs a command of `Match exec`, as `execute_in_shell` of OpenSSH does, once somebody has agreed to it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::reading::ExecAnswer;

/// OpenSSH waits for ever. A condition that takes longer than this is broken.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Runs it in the person's shell, without input and output. A command that cannot be started, is ended by a signal or
/// takes too long counts as failed. Blocks.
pub fn run(command: &str) -> ExecAnswer {
    run_within(command, TIME_LIMIT)
}

fn run_within(command: &str, limit: Duration) -> ExecAnswer {
    let (shell, option) = if cfg!(windows) {
        ("cmd.exe".into(), "/c")
    } else {
        (std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or("/bin/sh".into()), "-c")
    };
    let mut process = Command::new(shell);
    process.arg(option).arg(command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = process.spawn() else { return ExecAnswer::Ran { success: false } };
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return ExecAnswer::Ran { success: status.success() },
            Ok(None) if Instant::now() < deadline => std::thread::sleep(LOOK_AGAIN),
            Ok(None) | Err(_) => {
                // It may have ended by itself just now.
                let _ = child.kill();
                let _ = child.wait();
                return ExecAnswer::Ran { success: false };
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_command_decides_and_one_without_an_end_has_failed() {
        assert_eq!(run("test 1 = 1"), ExecAnswer::Ran { success: true });
        assert_eq!(run("exit 7"), ExecAnswer::Ran { success: false });
        assert_eq!(run("kill -9 $$"), ExecAnswer::Ran { success: false });
        assert_eq!(
            run_within("exec sleep 600", Duration::from_millis(50)),
            ExecAnswer::Ran { success: false }
        );
    }
}
