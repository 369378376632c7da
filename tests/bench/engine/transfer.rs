//! Files through the transfer queue beside sftp, scp, rsync, rclone and lftp with the same cipher: one large file each way and
//! many small ones, over loopback (`transfer`) and over an emulated long link (`transfer-long`). Everybody's time is what a
//! person waits: that of the app begins with a connection that is up, that of a command with its start; how long a login of
//! ssh takes is said, for whoever wants to take it off. `BENCH_MIB` and `BENCH_FILES` make it smaller.

use std::path::Path;
use std::time::Instant;

use bowline_core::host::{AuthMethod, HostId};
use bowline_core::transfer::job::JobState;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::jobs::{self, copy, here, noise, there};
use bowline_tests::long_link::{FAR, Link, LongLink};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

use super::copiers::{self, COPIERS, Copier};
use super::{line, median, setting};

/// Runs of each over loopback, of which the median counts.
const RUNS: usize = 3;

pub fn run() {
    on_a_runtime(async {
        let Some(sshd) = available(Sshd::start().await) else { return };
        let (mib, files) = (setting("BENCH_MIB", 1024), setting("BENCH_FILES", 5000));
        let bench = Bench::new(sshd, RUNS).await;
        println!("\n  loopback; a login of ssh takes {:.2} s", copiers::login(&bench.sshd));
        bench.large(mib, "down >= 1.1 x, up >= 1.0 x the best").await;
        bench.small(files, files, ">= 1.3 x rsync").await;
    });
}

/// 100 ms and 1 Gbit/s for a large file, 50 ms for small ones.
pub fn run_long() {
    let link = match LongLink::start(Link { delay_ms: 50, bytes_per_second: 125_000_000, ..Link::default() })
    {
        Ok(link) => link,
        Err(reason) => return println!("  SKIPPED, transfers over a long link: {reason}"),
    };
    let started = link.far(|| on_a_runtime(Sshd::builder().listen_on(FAR).start()));
    let Some(sshd) = available(started) else { return };
    link.near(|| {
        on_a_runtime(async {
            let (mib, files) = (setting("BENCH_MIB", 128), setting("BENCH_FILES", 5000));
            let bench = Bench { others: 1, ..Bench::new(sshd, RUNS).await };
            println!(
                "\n  100 ms round trip, 1 Gbit/s; a login of ssh takes {:.2} s",
                copiers::login(&bench.sshd)
            );
            bench.large(mib, "down >= 2.5 x, up >= 2.0 x the best").await;
            link.set(Link { delay_ms: 25, ..link.now() });
            println!("\n  50 ms round trip; a login of ssh takes {:.2} s", copiers::login(&bench.sshd));
            // Whoever does one after the other would be at it for hours.
            bench.small(files, files.min(100), ">= 1.0 x rsync, 10 x rclone, 100 x sftp").await;
        });
    });
}

/// None with `BENCH_ALONE=1`.
fn others() -> impl Iterator<Item = Copier> {
    COPIERS.into_iter().filter(|_| setting("BENCH_ALONE", 0) == 0)
}

fn on_a_runtime<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(what)
}

struct Bench {
    sshd: Sshd,
    desk: Desk,
    host: HostId,
    folder: TempDir,
    runs: usize,
    /// The same for the others.
    others: usize,
}

impl Bench {
    async fn new(sshd: Sshd, runs: usize) -> Self {
        // In memory where that can be had: a disk would be what is measured.
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = TempDir::with_prefix_in("bench-", base).expect("a folder");
        let desk = Desk::new().await;
        desk.know(&sshd);
        let host = desk.save(&sshd, AuthMethod::Key).await;
        desk.engine.files(&host).await.expect("a session");
        Self { sshd, desk, host, folder, runs, others: runs }
    }

    async fn large(&self, mib: u64, budget: &str) {
        let large = self.folder.path().join("large");
        std::fs::write(&large, noise(1, usize::try_from(mib << 20).expect("it fits"))).expect("written");
        // Whoever is first to touch the memory of a virtual machine waits for its host: nobody here is that.
        let touched = self.folder.path().join("touched");
        std::fs::copy(&large, &touched).and_then(|_| std::fs::remove_file(touched)).expect("copied");
        let megabytes = mib as f64 * 1.048_576;
        for (way, down) in [("up", false), ("down", true)] {
            let ours = self.ours(&large, down).await;
            let what = format!("{mib} MiB {way}");
            line(&what, &format!("{:.0} MB/s", megabytes / ours), budget);
            for copier in others() {
                self.beside(copier, &large, down, ours, |seconds| format!("{:.0} MB/s", megabytes / seconds));
            }
        }
    }

    /// `few` of them for those that are slow.
    async fn small(&self, many: u64, few: u64, budget: &str) {
        let folder_of = |files: u64| {
            let folder = self.folder.path().join(format!("small-{files}"));
            if !folder.exists() {
                std::fs::create_dir(&folder).expect("a folder");
                for number in 0..files {
                    std::fs::write(folder.join(number.to_string()), noise(number, 4096)).expect("written");
                }
            }
            folder
        };
        for (way, down) in [("up", false), ("down", true)] {
            let ours = self.ours(&folder_of(many), down).await;
            line(&format!("{many} files {way}"), &format!("{:.0} files/s", many as f64 / ours), budget);
            for copier in others() {
                let files = if copier.is_rsync() { many } else { few };
                let folder = folder_of(files);
                let share = ours * files as f64 / many as f64;
                self.beside(copier, &folder, down, share, |seconds| {
                    format!("{:.0} files/s ({files} files)", files as f64 / seconds)
                });
            }
        }
    }

    /// Seconds from the order to the end.
    async fn ours(&self, source: &Path, down: bool) -> f64 {
        let mut seconds = Vec::new();
        for _ in 0..self.runs {
            let target = TempDir::new_in(self.folder.path()).expect("a folder");
            let request = if down {
                copy(vec![there(&self.host, source)], here(target.path()))
            } else {
                copy(vec![here(source)], there(&self.host, target.path()))
            };
            let started = Instant::now();
            let id = self.desk.engine.job_add(request).await.expect("taken on");
            let view = jobs::ended(&self.desk.engine, id).await;
            assert_eq!(view.state, JobState::Done, "{view:?}");
            seconds.push(started.elapsed().as_secs_f64());
        }
        if let [first, ..] = seconds[..] {
            // Those after it find its connections still there.
            println!("    the first in {first:.2} s");
        }
        median(&seconds)
    }

    fn beside(&self, copier: Copier, source: &Path, down: bool, ours: f64, rate: impl Fn(f64) -> String) {
        let seconds: Vec<f64> = (0..self.others)
            .map_while(|_| {
                let target = TempDir::new_in(self.folder.path()).expect("a folder");
                copier.run(&self.sshd, source, target.path(), down)
            })
            .collect();
        let name = copier.name();
        match seconds[..] {
            [] => println!("    {name:<10} SKIPPED: it does not run here"),
            _ => {
                let seconds = median(&seconds);
                println!("    {name:<10} {:<28} ours is {:.2} x", rate(seconds), seconds / ours);
            }
        }
    }
}
