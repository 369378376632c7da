//! Every fault of `fault_matrix.rs` at every point of a file and at every phase of a tree, and a random schedule of them. In
//! the end what arrived is what was sent, nothing unfinished is left on either side, and at no moment did anybody who opened
//! a target find anything but the old file or the new one.
//!
//! `BOWLINE_MATRIX_SEED=7` repeats a random schedule; `BOWLINE_MATRIX=full` tries each phase both ways.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bowline_core::transfer::job::{JobOrder, JobRequest, JobState, JobView};
use bowline_tests::fault_proxy::Direction;
use bowline_tests::jobs::{self, noise};
use futures::future::join_all;
use tempfile::TempDir;
use tokio::time::Instant;

mod line;
mod watch;

use line::Fault::{
    BlackHole, Corrupt, Finish, Frozen, FrozenToClient, FrozenToServer, HalfClosed, HalfOpen, Hung, Killed,
    Pause, Reset,
};
use line::{FAULTS, Line, PATIENCE, SILENT, Way, direction};

/// Until the login and the start of SFTP some kilobytes pass each way.
const LOGIN_BYTES: u64 = 6_000;

/// Gives each line its share of the cases, one after the other.
async fn share<C: Copy, F: Future<Output = ()>>(lines: &[Line], cases: &[C], run: impl Fn(usize, C) -> F) {
    let run = &run;
    join_all((0..lines.len()).map(|number| async move {
        for case in cases.iter().skip(number).step_by(lines.len()) {
            run(number, *case).await;
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_point_of_a_file_each_way() {
    let Some(lines) = Line::all().await else { return };
    let from = TempDir::with_prefix("transfer-").expect("a folder");
    let new = noise(2, 1_500_000);
    let source = from.path().join("f");
    jobs::write(&source, &new, 0o644, 1_000_000_000);
    let mut cases = Vec::new();
    for fault in FAULTS {
        for percent in [0, 1, 50, 99, 100] {
            cases.extend([Way::Up, Way::Down].map(|way| (fault, percent, way)));
        }
    }
    let missed = Mutex::new(Vec::new());
    let (new, source, lines, late) = (&new, &source, &lines, &missed);
    share(lines, &cases, |number, (fault, percent, way)| async move {
        let line = &lines[number];
        let to = TempDir::with_prefix("transfer-").expect("a folder");
        let target = to.path().join("f");
        line.watch.over(&[(target.clone(), new)]);
        let direction = direction(way);
        // Half a second for the file and a few round trips for its end, so that a moment can be hit.
        line.proxy.limit(direction, Some(3_000_000));
        for direction in [Direction::ToServer, Direction::ToClient] {
            line.proxy.delay(direction, Duration::from_millis(5));
        }
        let at = LOGIN_BYTES + new.len() as u64 * percent / 100;
        let label = format!("{fault:?} at {percent} % {way:?}");
        // A busy machine may look too late: then it is done again, but for the last percent.
        let mut struck = false;
        for _ in 0..3 {
            let before = line.proxy.passed(direction);
            // Before that it is its first login, which is not repeated by itself.
            let moment = |view: &JobView| match percent {
                // All of it is there, and its name is still to come.
                100 => view.bytes > 0.0 && view.bytes_done >= view.bytes,
                _ => view.files > 0.0 && line.proxy.passed(direction) - before >= at,
            };
            struck = line.suffer(line.request(way, source, to.path()), fault, way, moment, &label).await;
            if struck || percent >= 99 {
                break;
            }
        }
        assert!(struck || percent >= 99, "{label}: it was over before");
        if !struck {
            late.lock().unwrap_or_else(PoisonError::into_inner).push(label.clone());
        }
        assert!(std::fs::read(&target).expect("a file") == *new, "{label}");
        assert_eq!(jobs::tree(to.path()).len(), 1, "{label}: {:?}", jobs::tree(to.path()));
        line.watch.clear();
    })
    .await;
    assert_eq!(jobs::tree(from.path()).len(), 1);
    few_were_missed(missed, cases.len());
}

fn few_were_missed(missed: Mutex<Vec<String>>, cases: usize) {
    let missed = missed.into_inner().unwrap_or_else(PoisonError::into_inner);
    eprintln!("over before their moment came: {missed:?}");
    assert!(missed.len() * 5 < cases, "most moments were missed: {missed:?}");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Listing,
    MakingFolders,
    InSmall,
    InLarge,
    BeforeRename,
    AfterRename,
    /// Of a move.
    RemovingSources,
}

const PHASES: [Phase; 7] = [
    Phase::Listing,
    Phase::MakingFolders,
    Phase::InSmall,
    Phase::InLarge,
    Phase::BeforeRename,
    Phase::AfterRename,
    Phase::RemovingSources,
];

const LARGE_BYTES: usize = 700_000;

fn plant(top: &Path, seed: u64) {
    std::fs::create_dir_all(top.join("many")).expect("folders");
    std::fs::create_dir_all(top.join("deep/d0/d1/d2")).expect("folders");
    jobs::write(&top.join("large"), &noise(seed, LARGE_BYTES), 0o644, 1_000_000_000);
    jobs::write(&top.join("small"), &noise(seed + 1, 3000), 0o600, 1_000_000_001);
    jobs::write(&top.join("empty"), b"", 0o644, 1_000_000_002);
    jobs::write(&top.join("deep/d0/d1/d2/bottom"), b"here", 0o644, 1_000_000_003);
    std::os::unix::fs::symlink("../small", top.join("deep/link")).expect("a link");
    for number in 0..30 {
        let data = noise(seed + number, usize::try_from(number * 97).expect("small"));
        jobs::write(&top.join(format!("many/{number}")), &data, 0o644, 1_000_000_000 + number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_phase_of_a_tree() {
    let Some(lines) = Line::all().await else { return };
    let both_ways = std::env::var("BOWLINE_MATRIX").is_ok_and(|wanted| wanted == "full");
    let mut cases = Vec::new();
    for (number, fault) in FAULTS.into_iter().enumerate() {
        for (other, phase) in PHASES.into_iter().enumerate() {
            let first = (number + other) % 2 == 0;
            let ways = [Way::Up, Way::Down];
            cases.extend(
                ways.into_iter()
                    .filter(|way| both_ways || first == (*way == Way::Up))
                    .map(|way| (fault, phase, way)),
            );
        }
    }
    let lines = &lines;
    let missed = Mutex::new(Vec::new());
    let late = &missed;
    share(lines, &cases, |number, (fault, phase, way)| async move {
        let line = &lines[number];
        let label = format!("{fault:?} at {phase:?} {way:?}");
        let (from, to) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let (source, target) = (from.path().join("tree"), to.path().join("tree"));
        plant(&source, 40);
        let wanted = jobs::tree(&source);
        let (large, small) = (noise(40, LARGE_BYTES), noise(41, 3000));
        line.watch.over(&[(target.join("large"), &large), (target.join("small"), &small)]);
        for direction in [Direction::ToServer, Direction::ToClient] {
            line.proxy.limit(direction, Some(4_000_000));
            line.proxy.delay(direction, Duration::from_millis(4));
        }
        let part_bytes = || {
            let found = std::fs::read_dir(&target).into_iter().flatten().flatten();
            let parts = found.filter(|entry| entry.file_name().to_string_lossy().starts_with("large~"));
            parts.filter_map(|entry| entry.metadata().ok()).map(|there| there.len()).max().unwrap_or(0)
        };
        let moment = |view: &JobView| match phase {
            Phase::Listing => view.files > 0.0,
            Phase::MakingFolders => target.join("deep").exists(),
            Phase::InSmall => view.files_done >= 1.0,
            Phase::InLarge => part_bytes() >= LARGE_BYTES as u64 / 2,
            Phase::BeforeRename => part_bytes() == LARGE_BYTES as u64,
            Phase::AfterRename => {
                std::fs::metadata(target.join("large")).is_ok_and(|there| there.len() == LARGE_BYTES as u64)
            }
            Phase::RemovingSources => {
                !source.join("small").exists()
                    || !source.join("empty").exists()
                    || !source.join("large").exists()
            }
        };
        let moves = phase == Phase::RemovingSources;
        let request = JobRequest { remove_sources: moves, ..line.request(way, &source, to.path()) };
        if !line.suffer(request, fault, way, moment, &label).await {
            late.lock().unwrap_or_else(PoisonError::into_inner).push(label.clone());
        }
        assert_arrived(&target, &wanted, &label);
        if moves {
            assert!(!source.exists(), "{label}: {:?}", jobs::tree(from.path()));
        } else {
            assert_eq!(jobs::tree(&source), wanted, "{label}: the source is as it was");
        }
        line.watch.clear();
    })
    .await;
    few_were_missed(missed, cases.len());
}

fn assert_arrived(target: &Path, wanted: &std::collections::BTreeMap<PathBuf, jobs::Found>, label: &str) {
    let found = jobs::tree(target);
    for (path, what) in wanted {
        assert_eq!(found.get(path), Some(what), "{label}: {path:?}");
    }
    let strange: Vec<_> = found.keys().filter(|path| !wanted.contains_key(*path)).collect();
    assert!(strange.is_empty(), "{label}: {strange:?} were left");
}

/// Numbers that follow from a seed (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_faults_by_chance_over_a_mixed_tree() {
    const FAULTS_IN_ALL: usize = 200;
    const BESIDE_EACH_OTHER: usize = 4;
    let seed = std::env::var("BOWLINE_MATRIX_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) << 16 | 7);
    eprintln!("BOWLINE_MATRIX_SEED={seed}");
    let from = TempDir::with_prefix("transfer-").expect("a folder");
    let source = from.path().join("tree");
    jobs::plant(&source);
    std::fs::write(source.join("huge"), noise(77, 6_000_000)).expect("written");
    jobs::set_time(&source.join("huge"), 1_000_000_002);
    let wanted = jobs::tree(&source);
    let watched = ["large", "small", "huge", "holes"];
    let data = watched.map(|name| std::fs::read(source.join(name)).expect("a file"));
    let lines = join_all((0..BESIDE_EACH_OTHER as u64).map(Line::new)).await;
    let Some(lines) = lines.into_iter().collect::<Option<Vec<_>>>() else { return };
    let (source, wanted, data) = (&source, &wanted, &data);
    join_all(lines.iter().enumerate().map(|(number, line)| async move {
        let mut dice = Dice(seed.wrapping_add(number as u64));
        let mut faults = 0;
        let mut round = 0;
        while faults < FAULTS_IN_ALL / BESIDE_EACH_OTHER {
            let way = if (number + round) % 2 == 0 { Way::Up } else { Way::Down };
            round += 1;
            let label = format!("line {number}, round {round} {way:?}, seed {seed}");
            let to = TempDir::with_prefix("transfer-").expect("a folder");
            let target = to.path().join("tree");
            let targets = watched.iter().zip(data).map(|(name, new)| (target.join(name), &new[..]));
            line.watch.over(&targets.collect::<Vec<_>>());
            for direction in [Direction::ToServer, Direction::ToClient] {
                line.proxy.limit(direction, Some(3_000_000));
            }
            let engine = &line.desk.engine;
            let id = engine.job_add(line.request(way, source, to.path())).await.expect("taken on");
            let deadline = Instant::now() + PATIENCE * 3;
            let mut seen = (0.0, 0.0);
            let view = loop {
                let view = jobs::job(engine, id).await;
                if let JobState::Failed { problem } = &view.state {
                    // Six losses in a row, and nothing between them: a person says that it goes on.
                    assert!(problem.code.is_lost_connection(), "{label}: {view:?}");
                    engine.job_order(id, JobOrder::Retry).await.expect("it is there");
                } else if jobs::has_ended(&view) {
                    break view;
                }
                assert!(Instant::now() < deadline, "{label}: {faults} faults, {view:?}");
                let progress = (view.bytes_done, view.files_done);
                if faults < FAULTS_IN_ALL / BESIDE_EACH_OTHER
                    && view.state == JobState::Running
                    && progress != seen
                {
                    seen = progress;
                    tokio::time::sleep(Duration::from_millis(10 + dice.throw(150))).await;
                    // Silence takes seconds to be known as a loss: it has its turn less often.
                    let fault = match dice.throw(20) {
                        0 => FAULTS[usize::try_from(dice.throw(12)).expect("small")],
                        1..3 => Pause,
                        3..5 => Corrupt,
                        5..7 => Killed,
                        7..13 => Finish,
                        _ => Reset,
                    };
                    // Of what passes on whichever connection comes as far.
                    line.strike(fault, way, LOGIN_BYTES + dice.throw(500_000));
                    faults += 1;
                    match fault {
                        Pause => tokio::time::sleep(Duration::from_millis(100 + dice.throw(300))).await,
                        HalfOpen | Frozen | FrozenToServer | FrozenToClient | BlackHole | Hung => {
                            tokio::time::sleep(SILENT + Duration::from_millis(500)).await;
                        }
                        Reset | Finish | HalfClosed | Corrupt | Killed => {}
                    }
                    line.heal();
                } else {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                if matches!(view.state, JobState::Waiting { .. }) {
                    engine.host_retry(line.host.clone()).await.expect("asked");
                }
            };
            assert_eq!((&view.state, &view.errors[..]), (&JobState::Done, &[][..]), "{label}: {view:?}");
            assert_arrived(&target, wanted, &label);
            if let Some(broken) = line.watch.broken() {
                panic!("{label}: {broken}");
            }
            line.disarm();
            line.watch.clear();
            line.forget(id).await;
        }
        eprintln!("line {number}: {faults} faults in {round} rounds");
    }))
    .await;
    assert_eq!(jobs::tree(source), *wanted, "the source is as it was");
}
