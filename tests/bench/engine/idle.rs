//! What five hundred idle shells cost the engine.

use std::time::Duration;

use bowline_core::host::AuthMethod;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::memory::status_kib;
use bowline_tests::sshd::Sshd;

use crate::line;

const SHELLS: usize = 500;
/// One engine lets a person open 256 terminals.
const ENGINES: usize = 2;
/// Opened at once, so that the servers' processes come up in time.
const AT_ONCE: usize = 25;
/// Until memory has settled.
const SETTLE: Duration = Duration::from_secs(5);

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        // A small shell: the server is not what is measured.
        let builder = Sshd::builder().config_line("ForceCommand exec /bin/sh");
        let Some(sshd) = available(builder.start().await) else { return };
        let resident = || status_kib("VmRSS").unwrap_or_default() as f64 / 1024.0;
        // The first connection of each brings what is paid for once.
        let mut desks = Vec::new();
        for _ in 0..ENGINES {
            let desk = Desk::new().await;
            desk.know(&sshd);
            let host = desk.save(&sshd, AuthMethod::Key).await;
            desk.open(&host).await.shows_anything().await;
            desks.push((desk, host));
        }
        tokio::time::sleep(SETTLE).await;
        let before = resident();
        for (desk, host) in &desks {
            for _ in 0..SHELLS / ENGINES / AT_ONCE {
                let mut opened = Vec::new();
                for _ in 0..AT_ONCE {
                    opened.push(desk.open(host).await);
                }
                for screen in opened {
                    screen.shows_anything().await;
                }
            }
        }
        tokio::time::sleep(SETTLE).await;
        let grown = resident() - before;
        let connections = sshd.log().matches("Accepted publickey").count();
        line(
            &format!("{SHELLS} idle shells over {connections} connections"),
            &format!("{grown:.1} MiB beyond {before:.1}, {:.0} KiB a shell", grown * 1024.0 / SHELLS as f64),
            "<= 64 MiB",
        );
        for (desk, host) in desks {
            desk.engine.host_disconnect(host).await.expect("the host is there");
        }
    });
}
