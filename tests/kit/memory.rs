//! What a test's own process costs in memory, and whether anything in it panicked. Linux only: elsewhere nothing is measured.
//!
//! Each test runs in a process of its own (`cargo nextest`), so what is measured is that test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Watches memory and panics from its making to [`Watch::check`].
#[derive(Debug)]
pub struct Watch {
    start_kib: Option<u64>,
    /// Pages of the program: they come in as they are used for the first time, and are nothing that it keeps.
    program_kib: u64,
}

impl Watch {
    /// Starts the watch. The highest use of memory so far is forgotten.
    pub fn start() -> Watch {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                PANICS.fetch_add(1, Ordering::Relaxed);
                before(panic);
            }));
        });
        // Sets VmHWM back to VmRSS (proc_pid_clear_refs(5)).
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Watch { start_kib: status_kib("VmRSS"), program_kib: program_kib() }
    }

    /// By how much the highest use of memory since the start was above that of the start, in MiB.
    pub fn grown_mib(&self) -> f64 {
        let (Some(start), Some(high)) = (self.start_kib, status_kib("VmHWM")) else {
            static SAID: OnceLock<()> = OnceLock::new();
            SAID.get_or_init(|| eprintln!("memory is not measured here"));
            return 0.0;
        };
        let program = program_kib().saturating_sub(self.program_kib);
        high.saturating_sub(start).saturating_sub(program) as f64 / 1024.0
    }

    /// Nothing panicked since the process began, and memory grew by less than this.
    pub fn check(&self, most_mib: f64) {
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "something panicked");
        let grown = self.grown_mib();
        assert!(grown <= most_mib, "memory grew by {grown:.1} MiB");
    }
}

fn program_kib() -> u64 {
    status_kib("RssFile").unwrap_or_default()
}

/// Memory of this process by one of the names in proc_pid_status(5), in KiB.
pub fn status_kib(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
