//! What the queue takes in memory for one very large file and for very many small ones, each way (`bench -- transfer-memory`, and
//! only when it is asked for: it writes tens of GB). `BENCH_GIB` and `BENCH_MANY` make it smaller, `BENCH_FOLDER` says where.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bowline_core::host::AuthMethod;
use bowline_core::transfer::job::JobState;
use bowline_tests::available;
use bowline_tests::desk::Desk;
use bowline_tests::jobs::{copy, has_ended, here, job, noise, there};
use bowline_tests::memory::{Watch, status_kib};
use bowline_tests::sshd::Sshd;
use tempfile::TempDir;

use super::{line, setting};

/// Files of a folder: as many as a folder of photos has.
const IN_A_FOLDER: u64 = 1000;
/// One MiB of each so many has something in it; the rest are holes, which cost nothing to make.
const EVERY_MIB: u64 = 16;

pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let Some(sshd) = available(Sshd::start().await) else { return };
    let base = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = TempDir::with_prefix_in("bench-", base).expect("a folder");
    let (gib, many) = (setting("BENCH_GIB", 10), setting("BENCH_MANY", 1_000_000));
    let desk = Desk::new().await;
    desk.know(&sshd);
    let host = desk.save(&sshd, AuthMethod::Key).await;
    desk.engine.files(&host).await.expect("a session");

    for (source, what, budget) in [
        (large(folder.path(), gib), format!("{gib} GiB"), "<= 64 MiB"),
        (small(folder.path(), many), format!("{many} files"), "<= 128 MiB"),
    ] {
        for (way, down) in [("up", false), ("down", true)] {
            let target = TempDir::new_in(folder.path()).expect("a folder");
            let request = if down {
                copy(vec![there(&host, &source)], here(target.path()))
            } else {
                copy(vec![here(&source)], there(&host, target.path()))
            };
            let (watch, started) = (Watch::start(), Instant::now());
            let id = desk.engine.job_add(request).await.expect("taken on");
            let view = loop {
                let view = job(&desk.engine, id).await;
                if has_ended(&view) {
                    break view;
                }
                // Not more often: looking takes memory too.
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            };
            assert_eq!((&view.state, view.error_count), (&JobState::Done, 0), "{view:?}");
            let peak = status_kib("VmHWM").unwrap_or_default() as f64 / 1024.0;
            let measured = format!(
                "{peak:.0} MiB at most, {:.0} more than before, in {:.0} s",
                watch.grown_mib(),
                started.elapsed().as_secs_f64()
            );
            line(&format!("memory for {what} {way}"), &measured, budget);
        }
    }
}

fn large(folder: &Path, gib: u64) -> PathBuf {
    let path = folder.join("large");
    let file = File::create(&path).expect("a file");
    file.set_len(gib << 30).expect("its size");
    for mib in (0..gib << 10).step_by(usize::try_from(EVERY_MIB).expect("small")) {
        file.write_all_at(&noise(mib, 1 << 20), mib << 20).expect("written");
    }
    path
}

fn small(folder: &Path, many: u64) -> PathBuf {
    let top = folder.join("small");
    for number in 0..many {
        let inner = top.join((number / IN_A_FOLDER).to_string());
        if number % IN_A_FOLDER == 0 {
            std::fs::create_dir_all(&inner).expect("a folder");
        }
        std::fs::write(inner.join(number.to_string()), number.to_le_bytes()).expect("written");
    }
    top
}
