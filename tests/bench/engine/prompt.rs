//! Round trips from a click to a prompt, and from a new tab to a prompt, at 100 ms.

use std::time::Instant;

use bowline_core::host::AuthMethod;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::long_link::{FAR, Link, LongLink};
use bowline_tests::sshd::Sshd;

use crate::{line, median, peers};

const DELAY_MS: u64 = 50;
const ROUND_TRIP_MS: f64 = 2.0 * DELAY_MS as f64;
/// Of each client, with the delay and without; medians count.
const RUNS: usize = 5;

pub fn run() {
    let link = match LongLink::start(Link::default()) {
        Ok(link) => link,
        Err(reason) => return println!("  SKIPPED, prompts at {ROUND_TRIP_MS} ms: {reason}"),
    };
    let started = link.far(|| block_on(Sshd::builder().listen_on(FAR).start()));
    let Some(sshd) = available(started) else { return };
    let ours = round_trips(&link, || cold(&link, &sshd));
    let ssh = round_trips(&link, || peers::first_output(peers::ssh_terminal(&link, &sshd)));
    line("cold to prompt at 100 ms: ours", &ours.text(), "<= plink's");
    line("cold to prompt at 100 ms: ssh", &ssh.text(), "a peer");
    match peers::plink_terminal(&link, &sshd) {
        Err(reason) => println!("  SKIPPED, plink: {reason}"),
        Ok(_) => {
            let plink = round_trips(&link, || {
                peers::first_output(peers::plink_terminal(&link, &sshd).expect("it was there just now"))
            });
            line("cold to prompt at 100 ms: plink", &plink.text(), "a peer");
            println!("    ours / plink: {:.2}", ours.long_ms / plink.long_ms);
        }
    }
    println!("    ours / ssh: {:.2}", ours.long_ms / ssh.long_ms);

    let tab = round_trips(&link, || new_tab(&link, &sshd));
    let socket = sshd.folder().join("master");
    link.set(Link::default());
    let _master = peers::master(&link, &sshd, &socket);
    let shared = round_trips(&link, || peers::first_output(peers::over_master(&link, &sshd, &socket)));
    line("new tab at 100 ms: ours", &tab.text(), "1 round trip, <= 0.5 x ControlMaster");
    line("new tab at 100 ms: ssh over ControlMaster", &shared.text(), "a peer");
    println!("    ours / ControlMaster: {:.2}", tab.long_ms / shared.long_ms);
}

struct Prompt {
    /// Median over the long link.
    long_ms: f64,
    /// Median without delay: what is no round trip.
    short_ms: f64,
}

impl Prompt {
    fn text(&self) -> String {
        let trips = (self.long_ms - self.short_ms) / ROUND_TRIP_MS;
        format!("{:.0} ms, {trips:.1} round trips ({:.0} ms without delay)", self.long_ms, self.short_ms)
    }
}

fn round_trips(link: &LongLink, mut measure: impl FnMut() -> f64) -> Prompt {
    let mut over = |delay_ms| {
        link.set(Link { delay_ms, ..Link::default() });
        let times: Vec<f64> = (0..RUNS).map(|_| measure()).collect();
        median(&times)
    };
    let short_ms = over(0);
    Prompt { short_ms, long_ms: over(DELAY_MS) }
}

fn block_on<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(what)
}

/// Milliseconds from opening a terminal on a host without a connection to the first byte that it shows.
fn cold(link: &LongLink, sshd: &Sshd) -> f64 {
    link.near(|| {
        block_on(async {
            let desk = Desk::new().await;
            desk.know(sshd);
            let host = desk.save(sshd, AuthMethod::Key).await;
            let started = Instant::now();
            let screen = desk.open(&host).await;
            screen.shows_anything().await;
            let time = started.elapsed().as_secs_f64() * 1000.0;
            desk.engine.host_disconnect(host).await.expect("the host is there");
            time
        })
    })
}

/// The same for one more terminal on a connection that is up and has been for a moment.
fn new_tab(link: &LongLink, sshd: &Sshd) -> f64 {
    link.near(|| {
        block_on(async {
            let desk = Desk::new().await;
            desk.know(sshd);
            let host = desk.save(sshd, AuthMethod::Key).await;
            let first = desk.open(&host).await;
            first.shows_anything().await;
            // Whatever the engine prepares in advance has come about by then.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let started = Instant::now();
            let second = desk.open(&host).await;
            second.shows_anything().await;
            let time = started.elapsed().as_secs_f64() * 1000.0;
            desk.engine.host_disconnect(host).await.expect("the host is there");
            time
        })
    })
}
