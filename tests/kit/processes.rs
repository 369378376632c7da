//! Stopping and ending processes and whatever they started, by number.

use rustix::process::{Pid, Signal, kill_process};

/// Sends a signal to one process. One that has ended already is fine.
pub fn send(process: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // The only failures are "no such process" and, for other users' processes, "not permitted".
        let _ = kill_process(pid, signal);
    }
}

/// The processes that this one has started and not outlived, with everything that they started in turn.
pub fn descendants(process: u32) -> Vec<u32> {
    let mut found = children(process);
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(children(parent));
        next += 1;
    }
    found
}

/// Kills a process with everything that it started. Each is stopped before its children are looked for: a stopped process
/// starts no more of them.
pub fn kill_tree(process: u32) {
    send(process, Signal::STOP);
    let mut stopped = vec![process];
    let mut next = 0;
    while let Some(&parent) = stopped.get(next) {
        for child in children(parent) {
            send(child, Signal::STOP);
            stopped.push(child);
        }
        next += 1;
    }
    for process in stopped {
        send(process, Signal::KILL);
    }
}

/// Whether a process exists and is not just waiting to be collected by its parent.
pub fn is_alive(process: u32) -> bool {
    stat(process).is_some_and(|stat| stat.state != "Z" && stat.state != "X")
}

/// The process's name, as the kernel keeps it (at most 15 bytes).
pub fn name(process: u32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|&process| stat(process).is_some_and(|stat| stat.parent == parent))
        .collect()
}

struct Stat {
    state: String,
    parent: u32,
}

/// Reads `PID (NAME) STATE PPID ...`, where the name may hold anything (proc_pid_stat(5)).
fn stat(process: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    Some(Stat { state: fields.next()?.to_owned(), parent: fields.next()?.parse().ok()? })
}
