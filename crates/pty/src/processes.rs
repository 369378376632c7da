//! The processes of one terminal, and their end.
//!
//! A terminal's program leads a session of its own (setsid). Whatever it starts stays in that session, in however many
//! process groups a shell makes of it, unless it leaves on purpose with a session of its own, as tmux or a daemon does: that
//! is the person's, as it would be on any host.

use std::time::Duration;

/// How long processes have to end after they were told that their terminal is gone. A shell writes its history then.
const HANG_UP_GRACE: Duration = Duration::from_millis(500);
/// How long to look for processes that were killed but are not gone yet. One that hangs in the kernel longer than this
/// cannot be ended by anybody.
const KILL_GRACE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(10);

/// The session led by one program. Dropping it kills what is left of it at once.
#[derive(Debug)]
pub struct ProcessSession {
    leader: u32,
    /// Processes that ignore the end of their terminal on purpose (`nohup`) are left alone.
    spares: bool,
    /// No member was left when last looked: the number may belong to somebody else by now.
    ended: bool,
}

impl ProcessSession {
    /// Takes charge of the session that the process `leader` was started in.
    pub fn new(leader: u32) -> ProcessSession {
        ProcessSession { leader, spares: false, ended: false }
    }

    /// The same for a person's own terminal: what was started with `nohup` goes on, as it would in any. Only Linux tells.
    pub fn sparing(leader: u32) -> ProcessSession {
        ProcessSession { leader, spares: true, ended: false }
    }

    /// Ends every process of the session: asks first, then kills. Returns when none is left.
    pub async fn end(&mut self) {
        if !self.ended {
            system::strike(self.leader, self.spares, Blow::HangUp);
        }
        if !self.gone_within(HANG_UP_GRACE, None).await
            && !self.gone_within(KILL_GRACE, Some(Blow::Kill)).await
        {
            tracing::warn!(leader = self.leader, "processes cannot be ended");
        }
        self.ended = true;
    }

    /// Whether the session empties in this time. The blow falls at every look, since a process may be started between two.
    async fn gone_within(&self, grace: Duration, blow: Option<Blow>) -> bool {
        let deadline = tokio::time::Instant::now() + grace;
        while !self.ended && system::is_inhabited(self.leader, self.spares) {
            if tokio::time::Instant::now() > deadline {
                return false;
            }
            if let Some(blow) = blow {
                system::strike(self.leader, self.spares, blow);
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    /// Sends a signal to the program's process group.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        if !self.ended {
            system::signal_group(self.leader, signal);
        }
    }

    /// The program has ended by itself: what it left in the background goes on, as from any terminal.
    pub fn release(mut self) {
        self.ended = true;
    }
}

impl Drop for ProcessSession {
    fn drop(&mut self) {
        // Without waiting: a process that was being started just now is caught at the second or third look.
        for _ in 0..3 {
            if self.ended || !system::is_inhabited(self.leader, self.spares) {
                return;
            }
            system::strike(self.leader, self.spares, Blow::Kill);
        }
    }
}

#[derive(Clone, Copy)]
enum Blow {
    HangUp,
    Kill,
}

#[cfg(unix)]
mod system {
    use rustix::process::{Pid, Signal};

    use super::Blow;

    fn pid(number: u32) -> Option<Pid> {
        i32::try_from(number).ok().and_then(Pid::from_raw)
    }

    pub(super) fn signal_group(leader: u32, signal: Signal) {
        if let Some(group) = pid(leader) {
            // It may have ended a moment ago; then there is nobody to tell.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }

    /// Failures are not errors here: a process that ended in between is what was wanted.
    pub(super) fn strike(leader: u32, spares: bool, blow: Blow) {
        let signals: &[Signal] = match blow {
            // A stopped process hears nothing until it is continued.
            Blow::HangUp => &[Signal::HUP, Signal::CONT],
            Blow::Kill => &[Signal::KILL],
        };
        for &signal in signals {
            send(leader, spares, signal);
        }
    }

    #[cfg(target_os = "linux")]
    fn send(leader: u32, spares: bool, signal: Signal) {
        for member in members(leader, spares).into_iter().filter_map(pid) {
            let _ = rustix::process::kill_process(member, signal);
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn is_inhabited(leader: u32, spares: bool) -> bool {
        !members(leader, spares).is_empty()
    }

    /// The living processes of a session. `/proc/PID/stat` is `PID (NAME) STATE PPID PGRP SESSION ...`, where the name may
    /// hold anything (proc_pid_stat(5)).
    #[cfg(target_os = "linux")]
    fn members(leader: u32, spares: bool) -> Vec<u32> {
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        processes
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
            .filter(|process| {
                std::fs::read_to_string(format!("/proc/{process}/stat"))
                    .is_ok_and(|stat| is_living_member(&stat, leader))
            })
            .filter(|process| !spares || *process == leader || !ignores_hang_up(*process))
            .collect()
    }

    #[cfg(target_os = "linux")]
    fn ignores_hang_up(process: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{process}/status"))
            .is_ok_and(|status| ignores_first_signal(&status))
    }

    /// `SigIgn:` is a mask in hexadecimal digits, its lowest bit the signal 1, which is SIGHUP (proc_pid_status(5)).
    #[cfg(target_os = "linux")]
    fn ignores_first_signal(status: &str) -> bool {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
    }

    #[cfg(target_os = "linux")]
    fn is_living_member(stat: &str, leader: u32) -> bool {
        let Some((_, fields)) = stat.rsplit_once(')') else {
            return false;
        };
        let fields: Vec<&str> = fields.split_whitespace().take(4).collect();
        match fields[..] {
            [state, _parent, _group, session] => !matches!(state, "Z" | "X") && session.parse() == Ok(leader),
            _ => false,
        }
    }

    /// Without /proc only the leader's own group is seen; the rest of the session ends with its terminal.
    #[cfg(not(target_os = "linux"))]
    fn send(leader: u32, _spares: bool, signal: Signal) {
        if let Some(group) = pid(leader) {
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn is_inhabited(leader: u32, _spares: bool) -> bool {
        pid(leader).is_some_and(|group| rustix::process::test_kill_process_group(group).is_ok())
    }

    #[cfg(all(test, target_os = "linux"))]
    mod tests {
        use super::{ignores_first_signal, is_living_member};

        #[test]
        fn a_member_is_told_by_its_session_whatever_its_name() {
            assert!(is_living_member("12 (a) b) S 1 12 10 0 -1", 10));
            assert!(!is_living_member("12 (sh) S 1 12 11 0 -1", 10));
        }

        #[test]
        fn a_program_under_nohup_is_known_by_its_mask() {
            assert!(ignores_first_signal("Name:\tsleep\nSigIgn:\t0000000000000001\n"));
            assert!(!ignores_first_signal("Name:\tsleep\nSigIgn:\t0000000000001000\n"));
        }

        #[test]
        fn a_dead_process_that_nobody_has_waited_for_is_no_member() {
            assert!(!is_living_member("12 (sh) Z 1 10 10 0 -1", 10));
        }
    }
}

/// On Windows a terminal's processes end with their console, and a piped program by its own handle.
#[cfg(windows)]
mod system {
    use super::Blow;

    pub(super) fn strike(_leader: u32, _spares: bool, _blow: Blow) {}

    pub(super) fn is_inhabited(_leader: u32, _spares: bool) -> bool {
        false
    }
}
