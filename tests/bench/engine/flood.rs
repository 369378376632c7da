//! What a terminal that floods, or a program that takes no input, costs everybody else on its connection.

use std::time::{Duration, Instant};

use bowline_core::exec::{ExecEvent, ExecRequest};
use bowline_core::host::{AuthMethod, HostId};
use bowline_tests::available;
use bowline_tests::desk::{Desk, Screen};
use bowline_tests::memory::status_kib;
use bowline_tests::screen::SlowWindow;
use bowline_tests::sshd::Sshd;

use crate::line;

const FLOOD: Duration = Duration::from_secs(60);
/// Until the queue is full, the first snapshot due and the scrollback full.
const SETTLE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let Some(sshd) = available(Sshd::start().await) else { return };
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        let resident = || status_kib("VmRSS").unwrap_or_default() as f64 / 1024.0;

        let frozen = SlowWindow::open(&desk, &host).await;
        let other = desk.open(&host).await;
        other.running().await;
        frozen.type_in("yes\n").await;
        tokio::time::sleep(SETTLE).await;
        let before = resident();
        let (mut commands, mut keys) = (Vec::new(), Vec::new());
        let started = Instant::now();
        while started.elapsed() < FLOOD {
            commands.push(command(&desk, &host).await);
            keys.push(key(&other, keys.len()).await);
            tokio::time::sleep(PAUSE).await;
        }
        line("`yes` into a frozen window: a command beside it", &spread(commands), "<= 100 ms");
        line("`yes` into a frozen window: a key beside it", &spread(keys), "<= 200 ms");
        line(
            &format!("`yes` into a frozen window: memory in {} s", FLOOD.as_secs()),
            &format!("{:+.1} MiB", resident() - before),
            "flat",
        );
        frozen.type_in("\u{3}").await;

        let sleeping = desk.engine.exec(&host, ExecRequest::command("sleep 60")).await.expect("it starts");
        let mut input = sleeping.input;
        let feeding = tokio::spawn(async move { while input.write(&[b'x'; 64 * 1024]).await.is_ok() {} });
        tokio::time::sleep(SETTLE).await;
        let mut keys = Vec::new();
        for number in 0..100 {
            keys.push(key(&other, number).await);
            tokio::time::sleep(PAUSE / 2).await;
        }
        line("input for a remote `sleep 60`: a key beside it", &spread(keys), "<= 200 ms");
        feeding.abort();

        // As a transfer does it: on a connection of its own, taken as fast as it comes.
        let bulk = desk.save(&sshd, AuthMethod::Key).await;
        let mut copying =
            desk.engine.exec(&bulk, ExecRequest::command("cat /dev/zero")).await.expect("it starts");
        let taking = tokio::spawn(async move { while copying.output.next().await.is_some() {} });
        tokio::time::sleep(SETTLE).await;
        let mut keys = Vec::new();
        for number in 0..200 {
            keys.push(key(&other, number).await);
            tokio::time::sleep(PAUSE / 2).await;
        }
        line("a full-speed transfer: a key beside it", &spread(keys), "p95 < 5 ms");
        taking.abort();
        desk.engine.host_disconnect(bulk).await.expect("the host is there");
        desk.engine.host_disconnect(host).await.expect("the host is there");
    });
}

async fn command(desk: &Desk, host: &HostId) -> f64 {
    let asked = Instant::now();
    let mut exec = desk.engine.exec(host, ExecRequest::command("echo")).await.expect("it starts");
    while !matches!(exec.output.next().await, None | Some(ExecEvent::Ended(_))) {}
    asked.elapsed().as_secs_f64() * 1000.0
}

/// A key and its echo.
async fn key(screen: &Screen<'_>, number: usize) -> f64 {
    let before = screen.bytes().len();
    let asked = Instant::now();
    screen.type_in(["a", "b"][number % 2]).await;
    while screen.bytes().len() == before {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    asked.elapsed().as_secs_f64() * 1000.0
}

fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let at = |part: usize| values.get(values.len() * part / 100).copied().unwrap_or(f64::NAN);
    format!("p50 {:.1} ms, p95 {:.1} ms of {}", at(50), at(95), values.len())
}
