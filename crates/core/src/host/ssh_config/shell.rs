//! Runs a command of `Match exec`, as `execute_in_shell` of OpenSSH does, once somebody has agreed to it.

use std::process::{Child, Command, Stdio};
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
    let mut process = shell(command);
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = process.spawn() else { return ExecAnswer::Ran { success: false } };
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return ExecAnswer::Ran { success: status.success() },
            Ok(None) if Instant::now() < deadline => std::thread::sleep(LOOK_AGAIN),
            Ok(None) | Err(_) => {
                // It may have ended by itself just now.
                end(&mut child);
                let _ = child.wait();
                return ExecAnswer::Ran { success: false };
            }
        }
    }
}

/// In a group of its own, so that what it has started can be ended with it.
#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or("/bin/sh".into());
    let mut process = Command::new(shell);
    process.arg("-c").arg(command).process_group(0);
    process
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;
    /// Without it a console window would open (Win32, "Process Creation Flags").
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let mut process = Command::new("cmd.exe");
    // cmd.exe has quoting rules of its own: it gets the text as it stands.
    process.creation_flags(CREATE_NO_WINDOW).args(["/D", "/S", "/C"]).raw_arg(format!("\"{command}\""));
    process
}

#[cfg(unix)]
fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(windows)]
fn end(child: &mut Child) {
    let _ = child.kill();
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

    #[test]
    fn what_a_command_has_started_ends_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let numbers = folder.path().join("number");
        let line = format!("sleep 600 & echo $! > {}; wait", numbers.display());
        assert_eq!(run_within(&line, Duration::from_millis(500)), ExecAnswer::Ran { success: false });
        let number = std::fs::read_to_string(&numbers).expect("it ran");
        let number = number.trim().parse().ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        let deadline = Instant::now() + Duration::from_secs(20);
        // Gone, or dead and not yet fetched by whoever inherited it.
        while rustix::process::test_kill_process(number).is_ok() && !is_dead(number) {
            assert!(Instant::now() < deadline, "it runs on");
            std::thread::yield_now();
        }
    }

    fn is_dead(process: rustix::process::Pid) -> bool {
        std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|line| line.contains(") Z "))
    }
}
