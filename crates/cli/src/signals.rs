//! Signals to the command, as ssh(1) takes them: it ends with status 255, having put the terminal back and said goodbye.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the command. One that is ignored (nohup) stays ignored.
#[derive(Debug)]
pub struct Signals {
    ending: Vec<Signal>,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        let ignored = ignored();
        let kinds =
            [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
        let heard = kinds.into_iter().filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) == 0);
        Ok(Self { ending: heard.map(signal).collect::<std::io::Result<_>>()? })
    }

    /// Resolves when the command is to end.
    pub async fn end(&mut self) {
        if self.ending.is_empty() {
            std::future::pending::<()>().await;
        }
        futures::future::select_all(self.ending.iter_mut().map(|one| Box::pin(one.recv()))).await;
    }
}

/// The signals that are ignored, bit 0 for signal 1 (proc_pid_status(5), `SigIgn`). Only Linux tells without unsafe code;
/// elsewhere none count as ignored.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Changes of the terminal's size.
pub fn resized() -> std::io::Result<Signal> {
    signal(SignalKind::window_change())
}
