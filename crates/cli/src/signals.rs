//! Signals to the command, as ssh(1) takes them: it ends with status 255, having put the terminal back and said goodbye.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the command. One that is ignored (nohup) stays ignored.
#[derive(Debug)]
pub struct Signals {
    ending: Vec<(u8, Signal)>,
    caught: Option<u8>,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        let ignored = ignored();
        let kinds =
            [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
        let heard = kinds.into_iter().filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) == 0);
        let number = |kind: SignalKind| u8::try_from(kind.as_raw_value()).unwrap_or_default();
        let ending = heard.map(|kind| Ok((number(kind), signal(kind)?))).collect::<std::io::Result<_>>()?;
        Ok(Self { ending, caught: None })
    }

    /// Resolves when the command is to end.
    pub async fn end(&mut self) {
        if self.ending.is_empty() {
            std::future::pending::<()>().await;
        }
        let each = self.ending.iter_mut().map(|(number, one)| {
            Box::pin(async move {
                one.recv().await;
                *number
            })
        });
        let (number, ..) = futures::future::select_all(each).await;
        self.caught.get_or_insert(number);
    }

    /// The status of a command of the shell that was ended by a signal: 128 and its number. None: there was none.
    pub fn status(&self) -> Option<u8> {
        self.caught.map(|number| 128 + number)
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
